// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The vmguest-test port model; see the header.
#include "vmguest_test_port.hpp"

#include <charconv>

#include <nlohmann/json.hpp>

namespace vmguest::lab {

const PortModelInfo VmguestTestPort::info = {
    .name = "vmguest-test-port",
    .port = echo,
    .length = 8,
    .min_access = 1,
    .max_access = 4,
    .create = [](Host& host, std::string_view options) -> Result<std::unique_ptr<PortModel>> {
        if (!options.empty())
            return Failure{"vmguest-test-port has no options: leave out the colon"};
        return std::unique_ptr<PortModel>(std::make_unique<VmguestTestPort>(host));
    },
};

std::uint32_t VmguestTestPort::in(std::uint16_t port, unsigned, Vcpu& cpu) {
    if (port == echo)
        return value_;
    if (port != registers)
        return 0xffff'ffff;
    auto all = cpu.registers();
    all[Vcpu::rbx] = ~all[Vcpu::rbx];
    all[Vcpu::rcx] = cpu.index();
    return 0x7e57;
}

void VmguestTestPort::out(std::uint16_t port, std::uint32_t value, unsigned, Vcpu&) {
    if (port != echo)
        return;
    value_ = value;
    host_.count("vmguest-test-port.write");
}

Reply VmguestTestPort::command(std::span<const std::string_view> words) {
    if (words.size() == 1 && words[0] == "get")
        return nlohmann::json{{"value", value_}};
    if (words.size() == 2 && words[0] == "set") {
        std::uint32_t value = 0;
        const auto end = words[1].data() + words[1].size();
        if (auto [rest, error] = std::from_chars(words[1].data(), end, value);
            error == std::errc{} && rest == end) {
            value_ = value;
            return nlohmann::json{{"value", value_}};
        }
    }
    return Failure{"vmguest-test-port knows 'get' and 'set NUMBER'"};
}

} // namespace vmguest::lab
