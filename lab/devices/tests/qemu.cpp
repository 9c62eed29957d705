// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// One QEMU for a test; see the header.
#include "qemu.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vmguest::lab {
namespace {

using namespace std::chrono_literals;

/// Much longer than anything here takes, even where the machine is busy.
constexpr auto patience = 60s;

template <class Condition>
bool happens(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline)
            return false;
        std::this_thread::sleep_for(2ms);
    }
    return true;
}

int connect_to(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return descriptor;
    close(descriptor);
    return -1;
}

std::string hex(std::uint64_t value) {
    char text[32];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
    return text;
}

std::uint32_t number(const std::string& text) {
    return static_cast<std::uint32_t>(std::stoull(text, nullptr, 16));
}

} // namespace

Link::Link(const std::string& path) : descriptor_(-1) {
    if (!happens([&] { return (descriptor_ = connect_to(path)) >= 0; }))
        throw std::runtime_error("nobody listens at " + path);
}

Link::~Link() {
    close(descriptor_);
}

void Link::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto size = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (size < 0)
            throw std::runtime_error(std::string("send: ") + std::strerror(errno));
        bytes.remove_prefix(static_cast<std::size_t>(size));
    }
}

std::string Link::receive_line() {
    for (;;) {
        if (const auto end = input_.find('\n'); end != std::string::npos) {
            auto line = input_.substr(0, end);
            input_.erase(0, end + 1);
            return line;
        }
        pollfd entry = {descriptor_, POLLIN, 0};
        char bytes[65536];
        if (poll(&entry, 1, static_cast<int>(std::chrono::milliseconds(patience).count())) != 1)
            throw std::runtime_error("no answer in time");
        const auto size = recv(descriptor_, bytes, sizeof bytes, 0);
        if (size <= 0)
            throw std::runtime_error("hung up");
        input_.append(bytes, static_cast<std::size_t>(size));
    }
}

std::string Link::ask(const std::string& line) {
    send(line + '\n');
    return receive_line();
}

bool Link::is_closed() {
    return happens([&] {
        char byte;
        return recv(descriptor_, &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
    });
}

Qemu::Qemu(const std::string& plugin_options, const std::vector<std::string>& arguments) {
    std::string pattern = std::filesystem::temp_directory_path() / "lab-devices-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr)
        throw std::runtime_error("mkdtemp failed");
    directory_ = pattern;
    const char* program = std::getenv("LAB_TEST_QEMU");
    std::vector<std::string> words = {program ? program : "qemu-system-x86_64",
                                      "-accel",
                                      "tcg,thread=multi",
                                      "-M",
                                      "pc,vmport=off",
                                      "-m",
                                      "64",
                                      "-nodefaults",
                                      "-display",
                                      "none",
                                      "-plugin",
                                      std::string(LAB_PLUGIN) + ",control=%/control" +
                                          plugin_options,
                                      "-qmp",
                                      "unix:%/monitor,server=on,wait=off",
                                      "-qtest",
                                      "unix:%/test,server=on,wait=off",
                                      "-qtest-log",
                                      "/dev/null"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& word : words) {
        if (const auto at = word.find('%'); at != std::string::npos)
            word.replace(at, 1, directory_);
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    const auto errors = (directory_ / "errors").string();
    process_ = fork();
    if (process_ != 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (*LAB_PRELOAD != '\0')
        setenv("LD_PRELOAD", LAB_PRELOAD, 1);
    // QEMU never frees what lives as long as it does.
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    dup2(open("/dev/null", O_RDONLY), 0);
    dup2(open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
    execvp(argv[0], argv.data());
    _exit(125);
}

Qemu::~Qemu() {
    if (process_ > 0) {
        kill(process_, SIGTERM);
        wait();
    }
    std::filesystem::remove_all(directory_);
}

int Qemu::wait() {
    int status = 0;
    const bool ended = happens([&] { return waitpid(process_, &status, WNOHANG) == process_; });
    if (!ended) {
        kill(process_, SIGKILL);
        waitpid(process_, &status, 0);
    }
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string Qemu::errors() const {
    std::ifstream file(directory_ / "errors");
    return {std::istreambuf_iterator<char>(file), {}};
}

std::unique_ptr<Link> Qemu::connect() const {
    return std::make_unique<Link>(directory_ / "control");
}

nlohmann::json Qemu::control(const std::string& line) {
    if (!control_)
        control_ = connect();
    return nlohmann::json::parse(control_->ask(line));
}

nlohmann::json Qemu::monitor(const std::string& command, const nlohmann::json& arguments) {
    const auto ask = [&](const nlohmann::json& request) {
        auto reply = nlohmann::json::parse(monitor_->ask(request.dump()));
        while (reply.contains("event"))
            reply = nlohmann::json::parse(monitor_->receive_line());
        return reply;
    };
    if (!monitor_) {
        monitor_ = std::make_unique<Link>(directory_ / "monitor");
        monitor_->receive_line();
        ask({{"execute", "qmp_capabilities"}});
    }
    nlohmann::json request = {{"execute", command}};
    if (!arguments.is_null())
        request["arguments"] = arguments;
    return ask(request);
}

void Qemu::save(const std::string& file) {
    monitor("migrate", {{"uri", "exec:cat > " + file}});
    wait_for_state();
}

void Qemu::wait_for_state() {
    nlohmann::json about;
    const bool is_over = happens([&] {
        about = monitor("query-migrate")["return"];
        return about.value("status", "") == "completed" || about.value("status", "") == "failed";
    });
    if (!is_over || about["status"] != "completed")
        throw std::runtime_error("the machine's state is not through: " + about.dump());
}

std::string Qemu::test(const std::string& command) {
    if (!test_)
        test_ = std::make_unique<Link>(directory_ / "test");
    const auto reply = test_->ask(command);
    if (!reply.starts_with("OK"))
        throw std::runtime_error(command + ": " + reply);
    return reply.substr(std::min<std::size_t>(3, reply.size()));
}

void Qemu::out(unsigned port, std::uint32_t value) {
    test("outl " + hex(port) + " " + hex(value));
}

std::uint32_t Qemu::in(unsigned port) {
    return number(test("inl " + hex(port)));
}

void Qemu::write(std::uint64_t address, std::uint32_t value) {
    test("writel " + hex(address) + " " + hex(value));
}

std::uint32_t Qemu::read(std::uint64_t address) {
    return number(test("readl " + hex(address)));
}

std::uint32_t Qemu::read_config(unsigned slot, unsigned offset) {
    out(0xcf8, 0x8000'0000 | slot << 11 | offset);
    return in(0xcfc);
}

void Qemu::write_config(unsigned slot, unsigned offset, std::uint32_t value) {
    out(0xcf8, 0x8000'0000 | slot << 11 | offset);
    out(0xcfc, value);
}

} // namespace vmguest::lab
