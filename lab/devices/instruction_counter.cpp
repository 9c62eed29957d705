// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The block counters; see the header.
#include "instruction_counter.hpp"

namespace vmguest::lab {

InstructionCounter::InstructionCounter(unsigned cpus) : cpus_(cpus) {}

InstructionCounter::Cell* InstructionCounter::block(std::uint64_t address,
                                                    std::size_t instructions) {
    const std::lock_guard lock(mutex_);
    // A block is translated again after a flush, and with another length when it is cut short.
    const auto [first, last] = blocks_.equal_range(address);
    for (auto it = first; it != last; ++it)
        if (it->second.instructions == instructions)
            return it->second.cells;
    if (used_ == lane) {
        chunks_.push_back(std::make_unique<Cell[]>(lane * cpus_));
        used_ = 0;
    }
    Cell* cells = chunks_.back().get() + used_++;
    blocks_.emplace(address, Block{instructions, cells});
    return cells;
}

std::uint64_t InstructionCounter::executions(const Block& block) const {
    std::uint64_t number = 0;
    for (unsigned cpu = 0; cpu < cpus_; ++cpu)
        number += block.cells[std::size_t{cpu} * lane].load(std::memory_order_relaxed);
    return number;
}

std::uint64_t InstructionCounter::sum(std::span<const AddressRange> ranges) const {
    const std::lock_guard lock(mutex_);
    std::uint64_t instructions = 0;
    for (const auto& range : ranges) {
        // Compared as a distance: a range that reaches the end of the address space is no trap.
        for (auto it = blocks_.lower_bound(range.start);
             it != blocks_.end() && it->first - range.start < range.size; ++it)
            instructions += (executions(it->second) - it->second.before) * it->second.instructions;
    }
    return instructions;
}

std::uint64_t InstructionCounter::total() const {
    const AddressRange everything{0, ~std::uint64_t{0}};
    return sum({&everything, 1});
}

void InstructionCounter::reset() {
    const std::lock_guard lock(mutex_);
    for (auto& [address, block] : blocks_)
        block.before = executions(block);
}

} // namespace vmguest::lab
