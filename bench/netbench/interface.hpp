// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The network interface under test: its driver, statistics, interrupts and settings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vmguest::netbench {

struct Traffic {
    std::uint64_t tx_packets;
    std::uint64_t rx_packets;
};

class Interface {
public:
    explicit Interface(std::string name);

    const std::string& name() const { return name_; }
    /// Name and version, as ethtool -i shows them.
    std::string driver() const { return driver_; }
    std::string version() const { return version_; }

    /// Asks the driver, which may cost it register accesses: not inside a counting window.
    Traffic traffic() const;
    std::uint64_t interrupts() const;

    void set_tso(bool on) const;
    bool has_lro() const;
    void set_lro(bool on) const;
    /// A feature by the name that ethtool -k shows, say "rx-gro-hw"; false where it is unknown.
    bool has_feature(std::string_view name) const;
    /// Throws where it cannot be switched.
    void set_feature(std::string_view name, bool on) const;
    std::uint32_t rx_ring() const;
    std::uint32_t longest_rx_ring() const;
    /// Takes the interface down and up again; returns when there is a carrier.
    void set_rx_ring(std::uint32_t entries) const;

private:
    bool request(void* data) const;
    std::uint32_t value(std::uint32_t command) const;
    void set_value(std::uint32_t command, std::uint32_t value, const char* what) const;
    std::uint64_t statistic(const char* which) const;
    std::optional<std::uint32_t> feature_index(std::string_view name) const;

    std::string name_;
    std::string driver_;
    std::string version_;
    std::string pci_address_;
};

} // namespace vmguest::netbench
