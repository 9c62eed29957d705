// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header. What is said to the module lies on the stack or in locked memory.
#include "vmguest/freeze.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <vmguest/vmsync.h>

namespace vmguest {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// The longest that the destructor waits; what the kernel itself does when a file is closed.
constexpr milliseconds farewell{2000};

template <class Enum, std::size_t size>
std::string_view look_up(const std::array<std::string_view, size>& names, Enum value) {
    const auto i = static_cast<std::size_t>(value);
    return i < size ? names[i] : "unknown";
}

static_assert(int(FreezePhase::over) == VMSYNC_PHASE_OVER &&
              int(FreezePhase::frozen) == VMSYNC_PHASE_FROZEN);
static_assert(int(FreezeCause::lost) == VMSYNC_CAUSE_LOST &&
              int(FreezeCause::expired) == VMSYNC_CAUSE_EXPIRED);
static_assert(int(VolumeState::failed) == VMSYNC_STATE_FAILED &&
              int(VolumeState::frozen) == VMSYNC_STATE_FROZEN);

std::error_code last_error() {
    return {errno, std::system_category()};
}

template <class Argument>
std::error_code call(int device, unsigned long request, Argument& argument) {
    return ioctl(device, request, &argument) == 0 ? std::error_code() : last_error();
}

template <class Argument>
Argument make_argument() {
    Argument argument = {};
    argument.header = {.size = sizeof(Argument), .version = VMSYNC_VERSION};
    return argument;
}

std::uint64_t address(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

vmsync_query make_query(vmsync_record* records, std::uint32_t count) {
    auto query = make_argument<vmsync_query>();
    query.records = address(records);
    query.count = count;
    query.record_size = sizeof(vmsync_record);
    return query;
}

Result<Descriptor> open_device(const std::string& path) {
    Descriptor device(open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (device)
        return device;
    if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
        return Failure{errno, path + " is not there: load it with 'modprobe vmsync'"};
    if (errno == EACCES || errno == EPERM)
        return Failure{errno, path + " is not yours to open: be root"};
    return Failure{errno, path + ": " + std::strerror(errno)};
}

std::uint32_t flags_of(const FreezeOptions& options) {
    return (options.refuse_unfreezable ? VMSYNC_REFUSE_UNFREEZABLE : 0U) |
           (options.refuse_network ? VMSYNC_REFUSE_NETWORK : 0U) |
           (options.skip_busy ? VMSYNC_SKIP_BUSY : 0U) |
           (options.skip_missing ? VMSYNC_SKIP_MISSING : 0U);
}

bool is_in_range(milliseconds time) {
    return time >= milliseconds(0) && time <= milliseconds(VMSYNC_DEADLINE_MAX_MS);
}

/// What is wrong with the wish, if anything is.
Result<bool> check(const std::vector<Volume>& volumes, const FreezeOptions& options) {
    if (volumes.empty())
        return Failure{EINVAL, "there is nothing to freeze"};
    if (volumes.size() > VMSYNC_RECORDS_MAX)
        return Failure{E2BIG, std::to_string(volumes.size()) + " filesystems are too many: " +
                                  std::to_string(VMSYNC_RECORDS_MAX) + " can be frozen at a time"};
    if (!is_in_range(options.deadline) || !is_in_range(options.sync_limit))
        return Failure{EINVAL, "a time is out of range: 0 to 15 minutes"};
    for (const auto& volume : volumes)
        if (volume.path.find('\0') != std::string::npos)
            return Failure{EINVAL, "no path has a NUL in it"};
    return true;
}

std::size_t bytes_for(const std::vector<Volume>& volumes) {
    auto bytes = volumes.size() * sizeof(vmsync_record);
    for (const auto& volume : volumes)
        bytes += volume.path.size() + 1;
    return bytes;
}

} // namespace

std::string_view name(FreezePhase phase) noexcept {
    static constexpr std::array<std::string_view, 6> names{"none",   "syncing", "freezing",
                                                           "frozen", "thawing", "over"};
    return look_up(names, phase);
}

std::string_view name(FreezeCause cause) noexcept {
    static constexpr std::array<std::string_view, 6> names{"none",    "asked",  "failed",
                                                           "expired", "closed", "lost"};
    return look_up(names, cause);
}

std::string_view name(VolumeState state) noexcept {
    static constexpr std::array<std::string_view, 9> names{"untouched", "syncing", "ready",
                                                           "freezing",  "frozen",  "thawing",
                                                           "thawed",    "skipped", "failed"};
    return look_up(names, state);
}

Freeze::Freeze(Descriptor device, LockedMemory memory, std::uint32_t count,
               const FreezeOptions& options) noexcept
    : device_(std::move(device)), memory_(std::move(memory)), count_(count),
      flags_(flags_of(options)), deadline_ms_(static_cast<std::uint32_t>(options.deadline.count())),
      sync_ms_(static_cast<std::uint32_t>(options.sync_limit.count())) {}

Result<Freeze> Freeze::prepare(const std::vector<Volume>& volumes,
                               const FreezeOptions& options) noexcept {
    if (const auto fine = check(volumes, options); !fine)
        return fine.failure();
    auto device = open_device(options.device);
    if (!device)
        return device.failure();
    auto memory = LockedMemory::make(bytes_for(volumes));
    if (!memory)
        return memory.failure();
    Freeze freeze(std::move(device.value()), std::move(memory.value()),
                  static_cast<std::uint32_t>(volumes.size()), options);
    freeze.fill(volumes);
    return freeze;
}

/// The paths follow the records, also those of volumes that the driver knows by a descriptor.
void Freeze::fill(const std::vector<Volume>& volumes) noexcept {
    auto* text = reinterpret_cast<char*>(records() + count_);
    for (std::uint32_t i = 0; i < count_; ++i) {
        const auto& volume = volumes[i];
        auto& record = records()[i];
        std::memcpy(text, volume.path.c_str(), volume.path.size() + 1);
        record.path = volume.file < 0 ? address(text) : 0;
        record.fd = volume.file;
        record.level = volume.level;
        text += volume.path.size() + 1;
    }
}

vmsync_record* Freeze::records() const noexcept {
    return static_cast<vmsync_record*>(memory_.start());
}

Freeze& Freeze::operator=(Freeze&& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(memory_, other.memory_);
    std::swap(count_, other.count_);
    std::swap(flags_, other.flags_);
    std::swap(deadline_ms_, other.deadline_ms_);
    std::swap(sync_ms_, other.sync_ms_);
    std::swap(frozen_, other.frozen_);
    return *this;
}

/// By THAW, not by closing alone: a child may have the descriptor, too.
Freeze::~Freeze() {
    if (device_)
        thaw(farewell);
}

std::error_code Freeze::freeze() noexcept {
    auto wish = make_argument<vmsync_freeze>();
    wish.records = address(memory_.start());
    wish.count = count_;
    wish.record_size = sizeof(vmsync_record);
    wish.flags = flags_;
    wish.deadline_ms = deadline_ms_;
    wish.sync_ms = sync_ms_;
    const auto error = call(device_.get(), VMSYNC_FREEZE, wish);
    frozen_ = error ? 0 : wish.frozen;
    return error;
}

Thawed Freeze::thaw(milliseconds wait) noexcept {
    auto wish = make_argument<vmsync_thaw>();
    const auto longest = milliseconds(VMSYNC_THAW_WAIT_MAX_MS);
    wish.wait_ms = static_cast<std::uint32_t>(std::clamp(wait, milliseconds(0), longest).count());
    Thawed thawed;
    thawed.error = call(device_.get(), VMSYNC_THAW, wish);
    thawed.cause = static_cast<FreezeCause>(wish.cause);
    thawed.left = wish.left;
    refresh();
    return thawed;
}

std::error_code Freeze::abort() noexcept {
    auto wish = make_argument<vmsync_thaw>();
    return call(device_.get(), VMSYNC_THAW, wish);
}

FreezeStatus Freeze::status() const noexcept {
    auto query = make_query(nullptr, 0);
    FreezeStatus status;
    status.error = call(device_.get(), VMSYNC_QUERY, query);
    status.phase = static_cast<FreezePhase>(query.phase);
    status.cause = static_cast<FreezeCause>(query.cause);
    status.failure = static_cast<int>(query.error);
    status.frozen = query.frozen;
    status.frozen_all = query.frozen_all;
    status.left = milliseconds(query.left_ms);
    return status;
}

std::error_code Freeze::refresh() noexcept {
    auto query = make_query(records(), count_);
    return call(device_.get(), VMSYNC_QUERY, query);
}

VolumeRecord Freeze::record(std::size_t i) const noexcept {
    const auto& record = records()[i];
    // All paths follow the records, in their order.
    const auto* path = reinterpret_cast<const char*>(records() + count_);
    for (std::size_t skipped = 0; skipped < i; ++skipped)
        path += std::strlen(path) + 1;
    return {.path = path,
            .type = {record.type, strnlen(record.type, sizeof(record.type))},
            .device = {major(record.device), minor(record.device)},
            .level = record.level,
            .state = static_cast<VolumeState>(record.state),
            .error = static_cast<int>(record.error),
            .sync = microseconds(record.sync_us),
            .freeze = microseconds(record.freeze_us),
            .frozen = microseconds(record.frozen_us),
            .stall = microseconds(record.stall_us)};
}

} // namespace vmguest
