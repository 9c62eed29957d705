// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Freezing filesystems by /dev/vmsync (Documentation/vmsync.md).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "vmguest/descriptor.hpp"
#include "vmguest/memory.hpp"
#include "vmguest/mounts.hpp"
#include "vmguest/result.hpp"

struct vmsync_record;

namespace vmguest {

/// A filesystem to freeze, named by any file in it.
struct Volume {
    std::string path;        ///< at most 4095 bytes
    std::uint32_t level = 0; ///< what lies on another one has a higher level: see stacking.hpp
    int file = -1;           ///< of that path, O_PATH will do; -1: the path is resolved by freeze()
};

struct FreezeOptions {
    /// From the first filesystem's freezing to the kernel's own thaw; at most 15 minutes. 0: the
    /// module's default, 10 s as it is loaded.
    std::chrono::milliseconds deadline{0};
    /// The longest that writing back before the freeze may take; at most 15 minutes. 0: a minute.
    std::chrono::milliseconds sync_limit{0};
    bool refuse_unfreezable = false; ///< fail on what has no disk of its own; else it is skipped
    bool refuse_network = false;     ///< fail on network filesystems; else they are skipped
    bool skip_busy = false;          ///< go on without what others have frozen; else fail
    bool skip_missing = false;       ///< go on without paths that are not there; else fail
    std::string device = "/dev/vmsync";
};

enum class FreezePhase { none, syncing, freezing, frozen, thawing, over };

/// Why a freeze ended; `expired` and `lost` mean that a snapshot taken meanwhile is worth nothing.
enum class FreezeCause { none, asked, failed, expired, closed, lost };

enum class VolumeState {
    untouched,
    syncing,
    ready,
    freezing,
    frozen,
    thawing,
    thawed,
    skipped,
    failed,
};

/// In one word, as in reports.
std::string_view name(FreezePhase phase) noexcept;
std::string_view name(FreezeCause cause) noexcept;
std::string_view name(VolumeState state) noexcept;

/// What became of a volume. The texts are the Freeze's and end with it.
struct VolumeRecord {
    std::string_view path;
    std::string_view type;
    DeviceNumber device;
    std::uint32_t level = 0;
    VolumeState state = VolumeState::untouched;
    int error = 0;                       ///< errno value: why it was skipped, or failed
    std::chrono::microseconds sync{0};   ///< writing back before the freeze
    std::chrono::microseconds freeze{0}; ///< the kernel's freezing
    std::chrono::microseconds frozen{0}; ///< from the freeze's end to the thaw's beginning
    std::chrono::microseconds stall{0};  ///< the longest that a writer can have waited
};

struct FreezeStatus {
    std::error_code error; ///< why there is no status; then the rest says nothing
    FreezePhase phase = FreezePhase::none;
    FreezeCause cause = FreezeCause::none;
    int failure = 0;              ///< errno value with which the freeze ended
    std::uint32_t frozen = 0;     ///< volumes
    std::uint32_t frozen_all = 0; ///< volumes frozen by anybody through the module
    std::chrono::milliseconds left{0};
};

struct Thawed {
    /// ETIMEDOUT: the kernel had thawed before, at the deadline; ESTALE: somebody else had.
    std::error_code error;
    FreezeCause cause = FreezeCause::none;
    std::uint32_t left = 0; ///< volumes that are not thawed yet; the kernel goes on with them
};

/// A freeze that ends with its object, with its process, or at its deadline, whichever is first.
///
/// Everything is allocated, opened and locked into memory by prepare(). From freeze() on nothing is
/// allocated and no filesystem is used, so it does not matter which ones are frozen. What the
/// caller does meanwhile is the caller's to see to: lock_program() helps.
///
/// abort(), status() and descriptor() may be used by any thread, and abort() by a signal's handler,
/// while another is in freeze(); the rest is one thread's at a time.
class Freeze {
public:
    /// Failure: ENOENT, the module is not loaded; EACCES or EPERM, the caller may not; EINVAL, no
    /// volumes, or a time out of range; E2BIG, more than 256 volumes; ENOMEM, memory cannot be
    /// locked.
    static Result<Freeze> prepare(const std::vector<Volume>& volumes,
                                  const FreezeOptions& options) noexcept;

    /// A Freeze that was moved from has nothing to do with any freeze.
    Freeze(Freeze&&) noexcept = default;
    Freeze& operator=(Freeze&& other) noexcept;
    /// Thaws; waits 2 seconds for that at most.
    ~Freeze();

    /// Returns when all volumes are frozen (but those that are skipped), or none is. Once only.
    /// Errors: ECANCELED, by abort(); ETIMEDOUT, the limit or the deadline came first; EBUSY,
    /// another has frozen one; EPERM; else what is wrong with a volume, whose record tells.
    std::error_code freeze() noexcept;

    /// How many are frozen by freeze().
    std::uint32_t frozen() const noexcept { return frozen_; }

    /// Waits for the thaw's end at most so long (and a minute); it goes on without the caller.
    Thawed thaw(std::chrono::milliseconds wait) noexcept;

    /// Ends the freeze at any moment, without waiting. Errors: as of Thawed.
    std::error_code abort() noexcept;

    /// Never waits.
    FreezeStatus status() const noexcept;

    /// poll() says POLLIN and POLLPRI when the kernel has ended the freeze; -1 if moved from.
    int descriptor() const noexcept { return device_.get(); }

    /// The volumes in the order of prepare(), as of the last freeze(), thaw() or refresh().
    std::size_t size() const noexcept { return count_; }
    VolumeRecord record(std::size_t i) const noexcept;
    std::error_code refresh() noexcept;

private:
    Freeze(Descriptor device, LockedMemory memory, std::uint32_t count,
           const FreezeOptions& options) noexcept;
    void fill(const std::vector<Volume>& volumes) noexcept;
    vmsync_record* records() const noexcept;

    Descriptor device_;
    LockedMemory memory_; ///< the records, then the paths
    std::uint32_t count_ = 0;
    std::uint32_t flags_ = 0;
    std::uint32_t deadline_ms_ = 0;
    std::uint32_t sync_ms_ = 0;
    std::uint32_t frozen_ = 0;
};

} // namespace vmguest
