// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The list of all models. A new model adds its line here and nothing else outside its own files.
#include "backdoor/backdoor.hpp"
#include "balloon/balloon.hpp"
#include "vmci/vmci.hpp"
#include "vmguest_test.hpp"
#include "vmguest_test_port.hpp"

#include <nlohmann/json.hpp>

namespace vmguest::lab {

std::span<const PciModelInfo* const> pci_models() {
    static const std::array<const PciModelInfo*, 2> all = {&VmguestTest::info, &vmci::Vmci::info};
    return all;
}

std::span<const PortModelInfo* const> port_models() {
    static const std::array<const PortModelInfo*, 3> all = {
        &VmguestTestPort::info, &backdoor::Backdoor::info, &balloon::Balloon::info};
    return all;
}

Reply PciModel::command(std::span<const std::string_view>) {
    return Failure{"this model has no commands"};
}

Reply PortModel::command(std::span<const std::string_view>) {
    return Failure{"this model has no commands"};
}

} // namespace vmguest::lab
