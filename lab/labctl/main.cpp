// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// labctl: asks the host side of the lab from inside the guest. The host decides what a request
// means; only counters need something that the guest alone knows.
#include "channel.hpp"
#include "collect.hpp"

#include <nlohmann/json.hpp>
#include <sys/utsname.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

using nlohmann::json;
using namespace vmguest::labctl;

constexpr int exit_unreachable = 126;
constexpr const char* usage =
    R"(labctl REQUEST…: ask the host side of the lab

  counters [--reset]            counts since the last reset, as JSON (needs lab/vm --count)
  link ethN up|down             plug or pull the cable
  net run CMD [ARG]…            run CMD beside the NIC's peer and wait; status and output are its
  net start NAME CMD [ARG]…     start it there
  net stop NAME                 end it and print what it printed

Exit status: the request's own; 2 wrong usage; 126 the host side cannot be reached.
)";

void add_counts(json& request) {
    utsname system{};
    ::uname(&system);
    const auto tree = std::string("/lib/modules/") + system.release;
    request["modules"] = json::object();
    for (const auto& [name, ranges] : loaded_code("/sys", tree))
        for (const auto& range : ranges)
            request["modules"][name].push_back({range.start, range.size});
    request["interrupts"] = device_interrupts("/sys", read_file("/proc/interrupts"));
}

int ask(const std::vector<std::string>& words) {
    const char* port = std::getenv("LABCTL_PORT");
    json request{{"argv", words}};
    if (words.front() == "counters")
        add_counts(request);
    const auto line = exchange(port ? port : "/dev/virtio-ports/vmguest.labctl", request.dump());
    const auto reply = json::parse(line);
    std::cout << reply.at("stdout").get<std::string>() << std::flush;
    std::cerr << reply.at("stderr").get<std::string>() << std::flush;
    return reply.at("status").get<int>();
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.empty() || words.front() == "--help" || words.front() == "-h") {
        (words.empty() ? std::cerr : std::cout) << usage;
        return words.empty() ? 2 : 0;
    }
    try {
        return ask(words);
    } catch (const Unreachable& error) {
        std::cerr << "labctl: " << error.what() << "\n";
    } catch (const json::exception& error) {
        std::cerr << "labctl: the host side's answer cannot be read: " << error.what() << "\n";
    }
    return exit_unreachable;
}
