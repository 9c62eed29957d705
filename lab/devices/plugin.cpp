// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Entry point of the plugin:
//   -plugin libvmguest-lab.so[,control=PATH][,count=on|all|off][,port=NAME[:OPTIONS]]...
#include <algorithm>
#include <csignal>
#include <string>
#include <string_view>

#include <dlfcn.h>

#include "abi.hpp"
#include "control.hpp"
#include "counters.hpp"
#include "guarded.hpp"
#include "pci_shim.hpp"
#include "port_shim.hpp"
#include "qemu_host.hpp"
#include "self_check.hpp"
#include "verbs.hpp"

namespace vmguest::lab {
namespace {

struct Options {
    std::string control;
    CountMode count = CountMode::off;
};

QemuHost& plugin_host() {
    static QemuHost host("plugin");
    return host;
}

CountMode parse_mode(std::string_view value) {
    if (value == "on")
        return CountMode::modules;
    if (value == "all")
        return CountMode::all;
    if (value != "off")
        refuse("'count=" + std::string(value) + "' is unknown: use on, all or off");
    return CountMode::off;
}

void choose(std::string_view port_model) {
    if (const auto model = choose_port_model(port_model); !model)
        refuse(model.sentence());
}

Options parse_options(int count, char** words) {
    Options options;
    for (int i = 0; i < count; ++i) {
        const std::string_view word = words[i];
        const auto equals = std::min(word.find('='), word.size());
        const auto key = word.substr(0, equals);
        const auto value = word.substr(std::min(equals + 1, word.size()));
        if (key == "control")
            options.control = value;
        else if (key == "count")
            options.count = parse_mode(value);
        else if (key == "abi")
            falsify_expectation(value);
        else if (key == "port")
            choose(value);
        else
            refuse("'" + std::string(word) +
                   "' is no option of the plugin: it knows control, "
                   "count and port");
    }
    return options;
}

void machine_is_complete(Notifier*, void*) {
    check_machine();
    guarded("machine", [] {
        map_port_models();
        if (counters().mode() != CountMode::off)
            counters().exits().attach();
    });
}

void install(qemu_plugin_id_t id, const qemu_info_t& info, const Options& options) {
    register_pci_types();
    // A guest may make a shared file longer than this process is allowed to; it shall get an error.
    std::signal(SIGXFSZ, SIG_IGN);
    static struct {
        Notifier notifier;
        std::byte spare[64]; // should QEMU's struct grow one day
    } done = {{machine_is_complete, {}}, {}};
    qemu_add_machine_init_done_notifier(&done.notifier);
    counters().start_instructions(id, options.count,
                                  static_cast<unsigned>(std::max(info.max_vcpus, 1)));
    if (options.control.empty())
        return;
    // Destroyed with the process: removes the socket file.
    static std::unique_ptr<ControlServer> server;
    auto result = ControlServer::listen(options.control, plugin_host(), answer);
    if (!result)
        refuse(result.sentence());
    server = std::move(result.value());
}

} // namespace
} // namespace vmguest::lab

extern "C" {

#define VMGUEST_EXPORT [[gnu::visibility("default")]]

/// Which edition of the plugin interface we speak: QEMU 7.2 wants 1, QEMU 10.0 wants 2 or later.
VMGUEST_EXPORT int qemu_plugin_version = 1;

[[gnu::constructor]] static void choose_plugin_version() {
    if (dlsym(RTLD_DEFAULT, "qemu_plugin_scoreboard_new") != nullptr)
        qemu_plugin_version = 4;
}

VMGUEST_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int count,
                                       char** words) {
    using namespace vmguest::lab;
    bool is_done = false;
    guarded("plugin", [&] {
        const auto options = parse_options(count, words);
        check_at_load();
        install(id, *info, options);
        is_done = true;
    });
    return is_done ? 0 : -1;
}
}
