// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Counts executed guest instructions per address, exactly and per virtual CPU, so that any set of
// address ranges can be summed up afterwards. Knows nothing of QEMU.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace vmguest::lab {

struct AddressRange {
    std::uint64_t start;
    std::uint64_t size;
};

/// One counter for each (address, length) of a translated block and each virtual CPU. A counter is
/// only ever written by its CPU's thread and only ever grows; reset() moves the zero point.
class InstructionCounter {
public:
    using Cell = std::atomic<std::uint64_t>;

    /// Where x86-64 Linux loads modules: from 0xffffffffc0000000, or from 0xffffffffa0000000 if
    /// the kernel was built without address randomisation.
    static constexpr std::uint64_t area_start = 0xffffffff'a0000000;
    static constexpr std::uint64_t area_end = 0xffffffff'ff000000;
    static constexpr bool is_counted(std::uint64_t address) {
        return address >= area_start && address < area_end;
    }

    explicit InstructionCounter(unsigned cpus);

    /// The counter of CPU 0 for a block; bump() finds the others. Any thread.
    Cell* block(std::uint64_t address, std::size_t instructions);

    /// CPU `cpu` begins to execute the block. That CPU's thread only.
    static void bump(Cell* block, unsigned cpu) {
        auto& cell = block[std::size_t{cpu} * lane];
        cell.store(cell.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    /// Instructions since the last reset in blocks that begin inside one of the ranges.
    std::uint64_t sum(std::span<const AddressRange> ranges) const;
    std::uint64_t total() const;
    void reset();

    unsigned cpus() const { return cpus_; }

private:
    /// Counters of one CPU lie side by side: CPUs do not fight for cache lines.
    static constexpr std::size_t lane = 1024;

    struct Block {
        std::size_t instructions;
        Cell* cells;
        std::uint64_t before = 0; ///< executions up to the last reset
    };

    std::uint64_t executions(const Block& block) const;

    const unsigned cpus_;
    mutable std::mutex mutex_; ///< guards everything below; blocks' cells need no lock
    std::multimap<std::uint64_t, Block> blocks_;
    std::vector<std::unique_ptr<Cell[]>> chunks_;
    std::size_t used_ = lane; ///< counters taken in the last chunk
};

} // namespace vmguest::lab
