// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The counters of a run; see the header.
#include "counters.hpp"

#include <nlohmann/json.hpp>

#include "guarded.hpp"
#include "module_ranges.hpp"

namespace vmguest::lab {
namespace {

constexpr int no_registers = 0; // our callbacks look at none of the CPU's registers

} // namespace

Counters& counters() {
    static Counters all;
    return all;
}

void Counters::start_instructions(qemu_plugin_id_t id, CountMode mode, unsigned cpus) {
    mode_ = mode;
    if (mode == CountMode::off)
        return;
    instructions_ = std::make_unique<InstructionCounter>(cpus);
    others_ = std::vector<OtherCode>(cpus);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
}

void Counters::on_translation(qemu_plugin_id_t, qemu_plugin_tb* block) {
    guarded("instruction counter", [&] { counters().watch_block(block); });
}

/// Runs on any CPU's thread.
void Counters::watch_block(qemu_plugin_tb* block) {
    const auto address = qemu_plugin_tb_vaddr(block);
    const auto length = qemu_plugin_tb_n_insns(block);
    if (InstructionCounter::is_counted(address)) {
        qemu_plugin_register_vcpu_tb_exec_cb(
            block,
            [](unsigned cpu, void* cell) {
                InstructionCounter::bump(static_cast<InstructionCounter::Cell*>(cell), cpu);
            },
            no_registers, instructions_->block(address, length));
    } else if (mode_ == CountMode::all) {
        qemu_plugin_register_vcpu_tb_exec_cb(
            block,
            [](unsigned cpu, void* instructions) {
                auto& cell = counters().others_[cpu].instructions;
                cell.store(cell.load(std::memory_order_relaxed) +
                               reinterpret_cast<std::uintptr_t>(instructions),
                           std::memory_order_relaxed);
            },
            no_registers, reinterpret_cast<void*>(length));
    }
}

std::uint64_t Counters::other_instructions() const {
    std::uint64_t sum = 0;
    for (const auto& cpu : others_)
        sum += cpu.instructions.load(std::memory_order_relaxed);
    return sum;
}

void Counters::count_request(std::string_view kind, std::uint64_t number) {
    if (auto it = requests_.find(kind); it != requests_.end())
        it->second += number;
    else
        requests_.emplace(kind, number);
}

Reply Counters::report(const nlohmann::json& request) {
    const auto modules = parse_modules(request);
    if (!modules)
        return Failure{modules.sentence()};
    nlohmann::json result;
    result["host_requests"] = requests_;
    if (mode_ == CountMode::off) {
        result["instructions"] = nullptr;
        result["note"] = "instructions and exits of QEMU's devices are not counted: start the "
                         "plugin with count=on";
    } else if (!tcg_allowed) {
        result["instructions"] = nullptr;
        result["note"] = "instructions cannot be counted with this accelerator: use '-accel tcg'";
    } else {
        result["instructions"] = nlohmann::json::object();
        for (const auto& module : modules.value())
            result["instructions"][module.name] = instructions_->sum(module.ranges);
        if (mode_ == CountMode::all)
            result["all_instructions"] =
                instructions_->total() + other_instructions() - others_before_;
    }
    if (mode_ != CountMode::off)
        exits_.attach();
    result["exits"] = exits_.report();
    if (request.value("reset", false))
        reset();
    return result;
}

void Counters::reset() {
    if (instructions_)
        instructions_->reset();
    others_before_ = other_instructions();
    if (mode_ != CountMode::off)
        exits_.attach();
    exits_.reset();
    requests_.clear();
}

} // namespace vmguest::lab
