// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The network interface under test; see the header.
#include "interface.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "interrupts.hpp"
#include "sockets.hpp"

namespace vmguest::netbench {
namespace {

constexpr std::chrono::seconds carrier_patience{10};

std::string read_word(const std::filesystem::path& path) {
    std::string word;
    std::ifstream(path) >> word;
    return word;
}

/// The innermost PCI function among the directories above a device: that of a virtio device is
/// its parent.
std::string find_pci_address(const std::string& name) {
    const auto known = labctl::find_interrupts("/");
    auto path = std::filesystem::canonical("/sys/class/net/" + name + "/device");
    for (; path.has_relative_path(); path = path.parent_path())
        if (known.contains(path.filename().string()))
            return path.filename().string();
    throw std::runtime_error(name + " belongs to no PCI device");
}

} // namespace

Interface::Interface(std::string name) : name_(std::move(name)) {
    ethtool_drvinfo info = {};
    info.cmd = ETHTOOL_GDRVINFO;
    if (!request(&info))
        fail_errno("cannot ask for the driver of " + name_);
    driver_ = info.driver;
    version_ = info.version;
    pci_address_ = find_pci_address(name_);
}

bool Interface::request(void* data) const {
    static const auto socket = Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request = {};
    name_.copy(request.ifr_name, sizeof request.ifr_name - 1);
    request.ifr_data = static_cast<char*>(data);
    return ioctl(socket.get(), SIOCETHTOOL, &request) == 0;
}

std::uint32_t Interface::value(std::uint32_t command) const {
    ethtool_value it = {.cmd = command, .data = 0};
    return request(&it) ? it.data : 0;
}

void Interface::set_value(std::uint32_t command, std::uint32_t value, const char* what) const {
    ethtool_value it = {.cmd = command, .data = value};
    if (!request(&it))
        fail_errno("cannot set " + std::string(what) + " of " + name_);
}

void Interface::set_tso(bool on) const {
    set_value(ETHTOOL_STSO, on, "TSO");
}

bool Interface::has_lro() const {
    return (value(ETHTOOL_GFLAGS) & ETH_FLAG_LRO) != 0;
}

void Interface::set_lro(bool on) const {
    const auto flags = value(ETHTOOL_GFLAGS) & ~static_cast<std::uint32_t>(ETH_FLAG_LRO);
    set_value(ETHTOOL_SFLAGS, flags | (on ? static_cast<std::uint32_t>(ETH_FLAG_LRO) : 0U), "LRO");
    if (has_lro() != on)
        throw std::runtime_error("LRO of " + name_ + " cannot be switched");
}

std::optional<std::uint32_t> Interface::feature_index(std::string_view name) const {
    std::vector<std::byte> info(sizeof(ethtool_sset_info) + sizeof(std::uint32_t));
    auto* set = reinterpret_cast<ethtool_sset_info*>(info.data());
    set->cmd = ETHTOOL_GSSET_INFO;
    set->sset_mask = 1ULL << ETH_SS_FEATURES;
    if (!request(set) || set->sset_mask == 0)
        return std::nullopt;
    std::uint32_t count = 0;
    std::memcpy(&count, info.data() + sizeof(ethtool_sset_info), sizeof count);
    std::vector<std::byte> names(sizeof(ethtool_gstrings) + std::size_t{count} * ETH_GSTRING_LEN);
    auto* strings = reinterpret_cast<ethtool_gstrings*>(names.data());
    strings->cmd = ETHTOOL_GSTRINGS;
    strings->string_set = ETH_SS_FEATURES;
    strings->len = count;
    if (!request(strings))
        return std::nullopt;
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto* text = reinterpret_cast<const char*>(names.data() + sizeof(ethtool_gstrings) +
                                                         std::size_t{i} * ETH_GSTRING_LEN);
        if (name == std::string_view(text, strnlen(text, ETH_GSTRING_LEN)))
            return i;
    }
    return std::nullopt;
}

bool Interface::has_feature(std::string_view name) const {
    const auto index = feature_index(name);
    if (!index)
        return false;
    const auto blocks = *index / 32 + 1;
    std::vector<std::byte> all(sizeof(ethtool_gfeatures) +
                               blocks * sizeof(ethtool_get_features_block));
    auto* features = reinterpret_cast<ethtool_gfeatures*>(all.data());
    features->cmd = ETHTOOL_GFEATURES;
    features->size = blocks;
    if (!request(features))
        return false;
    ethtool_get_features_block block = {};
    std::memcpy(&block, all.data() + sizeof(ethtool_gfeatures) + (blocks - 1) * sizeof block,
                sizeof block);
    return (block.active >> (*index % 32) & 1U) != 0;
}

void Interface::set_feature(std::string_view name, bool on) const {
    const auto index = feature_index(name);
    if (!index)
        throw std::runtime_error(name_ + " has no feature '" + std::string(name) + "'");
    const auto blocks = *index / 32 + 1;
    std::vector<std::byte> all(sizeof(ethtool_sfeatures) +
                               blocks * sizeof(ethtool_set_features_block));
    auto* features = reinterpret_cast<ethtool_sfeatures*>(all.data());
    features->cmd = ETHTOOL_SFEATURES;
    features->size = blocks;
    const std::uint32_t bit = 1U << (*index % 32);
    const ethtool_set_features_block block = {.valid = bit, .requested = on ? bit : 0};
    std::memcpy(all.data() + sizeof(ethtool_sfeatures) + (blocks - 1) * sizeof block, &block,
                sizeof block);
    request(features); // what it returns tells only whether more was changed
    if (has_feature(name) != on)
        throw std::runtime_error(std::string(name) + " of " + name_ + " cannot be switched");
}

std::uint32_t Interface::rx_ring() const {
    ethtool_ringparam ring = {};
    ring.cmd = ETHTOOL_GRINGPARAM;
    return request(&ring) ? ring.rx_pending : 0;
}

std::uint32_t Interface::longest_rx_ring() const {
    ethtool_ringparam ring = {};
    ring.cmd = ETHTOOL_GRINGPARAM;
    return request(&ring) ? ring.rx_max_pending : 0;
}

void Interface::set_rx_ring(std::uint32_t entries) const {
    ethtool_ringparam ring = {};
    ring.cmd = ETHTOOL_GRINGPARAM;
    if (!request(&ring))
        fail_errno("cannot read the ring sizes of " + name_);
    ring.cmd = ETHTOOL_SRINGPARAM;
    ring.rx_pending = entries;
    if (!request(&ring))
        fail_errno("cannot set the receive ring of " + name_);
    const auto deadline = std::chrono::steady_clock::now() + carrier_patience;
    while (read_word("/sys/class/net/" + name_ + "/carrier") != "1") {
        if (std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error(name_ + " has no carrier after its ring was resized");
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

std::uint64_t Interface::statistic(const char* which) const {
    const auto word = read_word("/sys/class/net/" + name_ + "/statistics/" + which);
    if (word.empty())
        throw std::runtime_error("cannot read " + std::string(which) + " of " + name_);
    return std::stoull(word);
}

Traffic Interface::traffic() const {
    // e1000 reads its device's counters every other second only, and when ethtool asks.
    ethtool_drvinfo info = {};
    info.cmd = ETHTOOL_GDRVINFO;
    if (request(&info) && info.n_stats > 0) {
        std::vector<std::uint64_t> room(1 + info.n_stats); // ethtool_stats: two words, then these
        auto* stats = reinterpret_cast<ethtool_stats*>(room.data());
        stats->cmd = ETHTOOL_GSTATS;
        stats->n_stats = info.n_stats;
        request(stats);
    }
    return {statistic("tx_packets"), statistic("rx_packets")};
}

std::uint64_t Interface::interrupts() const {
    return labctl::find_interrupts("/").at(pci_address_);
}

} // namespace vmguest::netbench
