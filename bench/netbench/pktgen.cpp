// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The kernel's packet generator; see the header.
#include "pktgen.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sockets.hpp"

namespace vmguest::netbench {
namespace {

const std::string folder = "/proc/net/pktgen/";
const std::string thread_file = folder + "kpktgend_0";

/// pktgen takes one command per write(), and cuts off its last character.
void command(const std::string& file, const std::string& word) {
    const auto text = word + '\n';
    const Descriptor out(open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (out.get() < 0 || write(out.get(), text.data(), text.size()) < 0)
        fail_errno("pktgen refused '" + word + "'");
}

/// The peer's address on the wire, which the kernel knows once it has talked to it.
std::string find_mac(const std::string& peer) {
    std::ifstream table("/proc/net/arp");
    for (std::string line; std::getline(table, line);) {
        std::istringstream words(line);
        std::string ip;
        std::string type;
        std::string flags;
        std::string mac;
        if (words >> ip >> type >> flags >> mac && ip == peer)
            return mac;
    }
    throw std::runtime_error("the kernel does not know the peer's address on the wire");
}

} // namespace

bool Pktgen::is_available() {
    char program[] = "modprobe";
    char quiet[] = "-q";
    char module[] = "pktgen";
    char* argv[] = {program, quiet, module, nullptr};
    pid_t child = 0;
    int status = 0;
    if (posix_spawnp(&child, program, nullptr, nullptr, argv, environ) == 0)
        waitpid(child, &status, 0);
    return std::filesystem::exists(thread_file);
}

Pktgen::Pktgen(const std::string& interface, const std::string& peer)
    : interface_(interface), peer_(peer), peer_mac_(find_mac(peer)) {
    command(thread_file, "rem_device_all");
    command(thread_file, "add_device " + interface);
}

Pktgen::~Pktgen() {
    try {
        command(thread_file, "rem_device_all");
    } catch (const std::exception&) {
        // The guest ends soon; there is nobody to tell.
        return;
    }
}

void Pktgen::configure(std::uint64_t frames, unsigned packets_in_one) const {
    const auto file = folder + interface_;
    command(file, "count " + std::to_string(frames));
    command(file, "pkt_size 60");
    command(file, "delay 0");
    command(file, "clone_skb 1000");
    command(file, "burst " + std::to_string(packets_in_one));
    command(file, "dst " + peer_);
    command(file, "dst_mac " + peer_mac_);
}

void Pktgen::run() const {
    command(folder + "pgctrl", "start");
}

std::uint64_t Pktgen::number_after(std::string_view key) const {
    std::ifstream file(folder + interface_);
    for (std::string line; std::getline(file, line);)
        if (const auto at = line.find(key); at != line.npos)
            return std::stoull(line.substr(at + key.size()));
    throw std::runtime_error("pktgen shows no '" + std::string(key) + "'");
}

std::uint64_t Pktgen::sent() const {
    return number_after("pkts-sofar: ");
}

double Pktgen::seconds() const {
    return static_cast<double>(number_after("Result: OK: ")) / 1e6;
}

} // namespace vmguest::netbench
