// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "vmguest/system.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace vmguest {
namespace {

namespace fs = std::filesystem;

/// The whole file; nothing if it cannot be read.
std::optional<std::string> read_text(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(file), {});
}

/// Entries of a folder; none if it cannot be read.
std::vector<fs::path> entries(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        found.push_back(it->path());
    std::sort(found.begin(), found.end());
    return found;
}

Failure unreadable(const std::string& path) {
    return {errno, path + " cannot be read: " + std::strerror(errno)};
}

std::set<std::string, std::less<>> parse_diskless_types(const std::string& text) {
    std::set<std::string, std::less<>> types;
    std::istringstream lines(text);
    constexpr std::string_view mark = "nodev\t";
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(mark))
            types.insert(line.substr(mark.size()));
    return types;
}

std::optional<DeviceNumber> read_number(const fs::path& path) {
    const auto text = read_text(path);
    return text ? parse_device_number(*text) : std::nullopt;
}

void add_number(std::vector<DeviceNumber>& numbers, const fs::path& path) {
    if (const auto number = read_number(path))
        numbers.push_back(*number);
}

/// `folder` is a link to the device's own.
std::optional<BlockDevice> read_device(const fs::path& folder) {
    BlockDevice device;
    const auto number = parse_device_number(folder.filename().string());
    if (!number)
        return std::nullopt;
    device.number = *number;
    std::error_code error;
    device.name = fs::read_symlink(folder, error).filename().string();
    if (fs::exists(folder / "partition", error))
        add_number(device.below, folder / ".." / "dev");
    for (const auto& slave : entries(folder / "slaves"))
        add_number(device.below, slave / "dev");
    device.backing_file = read_text(folder / "loop" / "backing_file").value_or("");
    if (device.backing_file.ends_with('\n'))
        device.backing_file.pop_back();
    return device;
}

void read_pools(const std::string& root, Facts& facts) {
    for (const auto& filesystem : entries(root + "/sys/fs/btrfs")) {
        std::vector<DeviceNumber> pool;
        for (const auto& device : entries(filesystem / "devices"))
            add_number(pool, device / "dev");
        if (!pool.empty())
            facts.pools.push_back(std::move(pool));
    }
}

/// The nodes behind the sources of mounts whose own number is no device's.
void read_sources(const std::string& root, Facts& facts) {
    for (std::size_t i = 0; i < facts.mounts.size(); ++i) {
        const auto& mount = facts.mounts[i];
        struct stat status = {};
        if (mount.device.major == 0 && mount.source.starts_with("/dev/") &&
            !facts.diskless_types.contains(mount.type) &&
            stat((root + mount.source).c_str(), &status) == 0 && S_ISBLK(status.st_mode))
            facts.sources.emplace(mount.source,
                                  DeviceNumber{major(status.st_rdev), minor(status.st_rdev)});
    }
}

/// A file that was found, and the mount that it is on.
struct Found {
    Descriptor file;
    int mount_id = 0;
};

Result<Found> find(const std::string& path) {
    Found found;
    found.file = Descriptor(open(path.c_str(), O_PATH | O_CLOEXEC));
    struct statx status = {};
    if (!found.file ||
        statx(found.file.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &status) != 0)
        return Failure{errno, path + ": " + std::strerror(errno)};
    found.mount_id = static_cast<int>(status.stx_mnt_id);
    return found;
}

bool may_not_answer(const Facts& facts, const std::string& path) {
    std::error_code error;
    const auto holder = facts.mounts.holder(fs::absolute(path, error).lexically_normal().string());
    return holder &&
           (is_network_type(facts.mounts[*holder].type) ||
            is_program_type(facts.mounts[*holder].type) || facts.mounts.is_behind_others(*holder));
}

Result<ChosenMount> choose(const std::string& path, const Facts& facts) {
    if (may_not_answer(facts, path)) {
        std::error_code error;
        const auto plain = fs::absolute(path, error).lexically_normal().string();
        return ChosenMount{.path = path, .mount = *facts.mounts.holder(plain), .file = {}};
    }
    auto found = find(path);
    if (!found)
        return found.failure();
    const auto mount = facts.mounts.by_id(found.value().mount_id);
    if (!mount)
        return Failure{ESTALE, path + " is on a filesystem that is not mounted here"};
    return ChosenMount{.path = path, .mount = *mount, .file = std::move(found.value().file)};
}

/// Whether it is where it was planned, and then its file.
bool open_volume(PlannedVolume& volume) {
    if (volume.file)
        return true;
    auto found = find(volume.path);
    if (!found || found.value().mount_id != volume.mount_id)
        return false;
    volume.file = std::move(found.value().file);
    return true;
}

} // namespace

Result<Facts> read_facts(const std::string& root) noexcept {
    Facts facts;
    const auto mountinfo = root + "/proc/self/mountinfo", types = root + "/proc/filesystems";
    const auto devices = root + "/sys/dev/block";
    const auto mounts = read_text(mountinfo);
    if (!mounts)
        return unreadable(mountinfo);
    facts.mounts = MountTable(parse_mountinfo(*mounts));
    const auto known = read_text(types);
    if (!known)
        return unreadable(types);
    facts.diskless_types = parse_diskless_types(*known);
    // Without it nobody could say what lies upon what, and a wrong order is worse than none.
    if (std::error_code error; !fs::is_directory(devices, error))
        return Failure{ENOENT, devices + " is not there: mount sysfs"};
    for (const auto& folder : entries(devices))
        if (auto device = read_device(folder))
            facts.devices.push_back(std::move(*device));
    read_pools(root, facts);
    read_sources(root, facts);
    return facts;
}

Result<Plan> plan_paths(const std::vector<std::string>& paths, const Facts& facts,
                        const Stack& stack) noexcept {
    std::vector<ChosenMount> chosen;
    for (const auto& path : paths) {
        auto one = choose(path, facts);
        if (!one)
            return one.failure();
        chosen.push_back(std::move(one.value()));
    }
    return plan_mounts(facts, stack, std::move(chosen));
}

void open_volumes(Plan& plan) noexcept {
    std::vector<PlannedVolume> found;
    for (auto& volume : plan.volumes) {
        if (open_volume(volume))
            found.push_back(std::move(volume));
        else
            plan.skipped.push_back({.path = volume.path,
                                    .device = volume.device,
                                    .type = volume.type,
                                    .reason = SkipReason::changed});
    }
    plan.volumes = std::move(found);
}

} // namespace vmguest
