// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Filesystems and block devices are the nodes of a graph, with an edge from what lies on something
// to that. A filesystem's level is the length of its longest way down.
#include "vmguest/stacking.hpp"

#include <algorithm>

#include "graph.hpp"
#include "overlay.hpp"

namespace vmguest {
namespace {

FilesystemKind kind_of(const Facts& facts, const Mount& mount) {
    if (is_network_type(mount.type))
        return FilesystemKind::network;
    if (is_program_type(mount.type))
        return FilesystemKind::program;
    return facts.diskless_types.contains(mount.type) ? FilesystemKind::diskless
                                                     : FilesystemKind::disk;
}

void gather_filesystems(const Facts& facts, Stack& stack) {
    for (std::size_t i = 0; i < facts.mounts.size(); ++i) {
        const auto& mount = facts.mounts[i];
        const auto [found, is_new] =
            stack.by_device.emplace(mount.device, stack.filesystems.size());
        if (is_new)
            stack.filesystems.push_back(
                {.device = mount.device, .kind = kind_of(facts, mount), .mounts = {}, .below = {}});
        stack.filesystems[found->second].mounts.push_back(i);
    }
}

/// Builds the graph: first come the filesystems, then the devices.
class Builder {
public:
    Builder(const Facts& facts, const Stack& stack)
        : facts_(facts), stack_(stack), graph_(stack.filesystems.size() + facts.devices.size()) {
        for (std::size_t i = 0; i < facts.devices.size(); ++i) {
            by_number_.emplace(facts.devices[i].number, i);
            by_name_.emplace(facts.devices[i].name, i);
        }
        for (std::size_t i = 0; i < facts.pools.size(); ++i)
            for (const auto device : facts.pools[i])
                pool_of_.emplace(device, i);
    }

    Graph build() {
        for (std::size_t i = 0; i < stack_.filesystems.size(); ++i)
            add_filesystem(i);
        for (std::size_t i = 0; i < facts_.devices.size(); ++i)
            add_device(i);
        return std::move(graph_);
    }

private:
    std::size_t node(std::size_t device) const { return stack_.filesystems.size() + device; }

    void add_to_device(std::size_t from, DeviceNumber number) {
        if (const auto found = by_number_.find(number); found != by_number_.end())
            graph_.add(from, node(found->second));
    }

    /// A file of a filesystem that is not mounted here is on nothing of ours.
    void add_to_file(std::size_t from, std::string_view path) {
        if (const auto mount = facts_.mounts.holder(path))
            graph_.add(from, stack_.by_device.at(facts_.mounts[*mount].device));
    }

    /// By the name in the table of mounts: as it was looked up, else by what follows "/dev/".
    std::optional<DeviceNumber> source(const std::string& text) const {
        if (const auto found = facts_.sources.find(text); found != facts_.sources.end())
            return found->second;
        const auto found = by_name_.find(text.substr(text.rfind('/') + 1));
        if (!text.starts_with("/dev/") || found == by_name_.end())
            return std::nullopt;
        return facts_.devices[found->second].number;
    }

    void add_source(std::size_t i, const std::string& text) {
        const auto device = source(text);
        if (!device)
            return;
        add_to_device(i, *device);
        if (const auto pool = pool_of_.find(*device); pool != pool_of_.end())
            for (const auto member : facts_.pools[pool->second])
                add_to_device(i, member);
    }

    void add_filesystem(std::size_t i) {
        const auto& filesystem = stack_.filesystems[i];
        const auto& mount = facts_.mounts[filesystem.mounts.front()];
        if (mount.type == "overlay")
            for (const auto& layer : overlay_layers(mount.super_options))
                add_to_file(i, layer);
        else if (filesystem.device.major != 0)
            add_to_device(i, filesystem.device);
        else if (filesystem.kind == FilesystemKind::disk)
            add_source(i, mount.source);
    }

    void add_device(std::size_t i) {
        const auto& device = facts_.devices[i];
        for (const auto number : device.below)
            add_to_device(node(i), number);
        // What the kernel adds to the name of a file that was unlinked does not change its folder.
        add_to_file(node(i), device.backing_file);
    }

    const Facts& facts_;
    const Stack& stack_;
    Graph graph_;
    std::map<DeviceNumber, std::size_t> by_number_;
    std::map<std::string, std::size_t, std::less<>> by_name_;
    std::map<DeviceNumber, std::size_t> pool_of_;
};

/// Where to reach a filesystem; if nowhere, why.
struct Reach {
    std::optional<std::size_t> mount;
    SkipReason reason = SkipReason::hidden;
};

Reach reach(const Facts& facts, const Filesystem& filesystem) {
    auto reason = SkipReason::hidden;
    for (const auto mount : filesystem.mounts) {
        if (!facts.mounts.is_visible(mount))
            continue;
        if (!facts.mounts.is_behind_others(mount))
            return {.mount = mount};
        reason = SkipReason::behind_others;
    }
    return {.mount = std::nullopt, .reason = reason};
}

SkipReason reason_of(FilesystemKind kind) {
    switch (kind) {
    case FilesystemKind::network:
        return SkipReason::network;
    case FilesystemKind::program:
        return SkipReason::program;
    default:
        return SkipReason::diskless;
    }
}

/// The filesystem to freeze in the place of an overlay, if the mount is one and there is one.
std::optional<std::size_t> written_by_overlay(const Facts& facts, const Stack& stack,
                                              std::size_t mount) {
    if (facts.mounts[mount].type != "overlay")
        return std::nullopt;
    const auto holder = facts.mounts.holder(overlay_upper(facts.mounts[mount].super_options));
    if (!holder)
        return std::nullopt;
    const auto filesystem = stack.by_device.at(facts.mounts[*holder].device);
    const auto is_disk = stack.filesystems[filesystem].kind == FilesystemKind::disk;
    return is_disk ? std::optional(filesystem) : std::nullopt;
}

/// Puts a plan together; each filesystem comes once.
class Planner {
public:
    Planner(const Facts& facts, const Stack& stack)
        : facts_(facts), stack_(stack), is_planned_(stack.filesystems.size()) {
        plan_.has_cycle = stack.has_cycle;
    }

    void skip(std::string path, std::size_t filesystem, SkipReason reason) {
        const auto& mount = first_mount(filesystem);
        plan_.skipped.push_back({.path = std::move(path),
                                 .device = mount.device,
                                 .type = mount.type,
                                 .reason = reason});
    }

    void add(std::string path, std::size_t filesystem, std::size_t mount, Descriptor file) {
        if (is_planned_[filesystem])
            return skip(std::move(path), filesystem, SkipReason::same_filesystem);
        is_planned_[filesystem] = true;
        const auto& found = facts_.mounts[mount];
        plan_.volumes.push_back({.path = std::move(path),
                                 .device = found.device,
                                 .type = found.type,
                                 .source = found.source,
                                 .level = stack_.filesystems[filesystem].level,
                                 .mount_id = found.id,
                                 .below = points_below(filesystem),
                                 .file = std::move(file)});
    }

    /// By its own mount.
    void add(std::size_t filesystem) {
        const auto& one = stack_.filesystems[filesystem];
        const auto& point = first_mount(filesystem).point;
        if (one.kind != FilesystemKind::disk)
            return skip(point, filesystem, reason_of(one.kind));
        const auto [mount, reason] = reach(facts_, one);
        if (!mount)
            return skip(point, filesystem, reason);
        add(facts_.mounts[*mount].point, filesystem, *mount, {});
    }

    Plan finish() {
        std::stable_sort(plan_.volumes.begin(), plan_.volumes.end(),
                         [](const auto& a, const auto& b) { return a.level > b.level; });
        return std::move(plan_);
    }

private:
    const Mount& first_mount(std::size_t filesystem) const {
        return facts_.mounts[stack_.filesystems[filesystem].mounts.front()];
    }

    std::vector<std::string> points_below(std::size_t filesystem) const {
        std::vector<std::string> points;
        for (const auto below : stack_.filesystems[filesystem].below)
            points.push_back(first_mount(below).point);
        return points;
    }

    const Facts& facts_;
    const Stack& stack_;
    std::vector<bool> is_planned_;
    Plan plan_;
};

} // namespace

Stack work_out_levels(const Facts& facts) noexcept {
    Stack stack;
    gather_filesystems(facts, stack);
    const auto graph = Builder(facts, stack).build();
    std::vector<std::uint32_t> weights(graph.size());
    for (std::size_t i = 0; i < stack.filesystems.size(); ++i)
        weights[i] = stack.filesystems[i].kind == FilesystemKind::disk;
    const auto heights = graph.heights(weights);
    stack.has_cycle = heights.has_cycle;
    for (std::size_t i = 0; i < stack.filesystems.size(); ++i) {
        stack.filesystems[i].level = heights.of[i] - weights[i];
        stack.filesystems[i].below = graph.first_below(i, stack.filesystems.size());
    }
    return stack;
}

std::string_view name(SkipReason reason) noexcept {
    switch (reason) {
    case SkipReason::network:
        return "network";
    case SkipReason::diskless:
        return "diskless";
    case SkipReason::program:
        return "program";
    case SkipReason::hidden:
        return "hidden";
    case SkipReason::behind_others:
        return "behind_others";
    case SkipReason::same_filesystem:
        return "same_filesystem";
    case SkipReason::overlay:
        return "overlay";
    case SkipReason::changed:
        return "changed";
    }
    return "";
}

std::string_view explanation(SkipReason reason) noexcept {
    switch (reason) {
    case SkipReason::network:
        return "is on a network";
    case SkipReason::diskless:
        return "has no disk of its own";
    case SkipReason::program:
        return "is served by a program";
    case SkipReason::hidden:
        return "is covered by another mount";
    case SkipReason::behind_others:
        return "is reached only through a filesystem that may not answer";
    case SkipReason::same_filesystem:
        return "is on a filesystem that was named before";
    case SkipReason::overlay:
        return "is an overlay: the filesystem that it writes to is taken";
    case SkipReason::changed:
        return "has gone or was covered meanwhile";
    }
    return "";
}

Plan plan_all(const Facts& facts, const Stack& stack) noexcept {
    Planner planner(facts, stack);
    for (std::size_t i = 0; i < stack.filesystems.size(); ++i)
        planner.add(i);
    return planner.finish();
}

Plan plan_mounts(const Facts& facts, const Stack& stack, std::vector<ChosenMount> chosen) noexcept {
    Planner planner(facts, stack);
    for (auto& one : chosen) {
        const auto filesystem = stack.by_device.at(facts.mounts[one.mount].device);
        const auto kind = stack.filesystems[filesystem].kind;
        if (facts.mounts.is_behind_others(one.mount)) {
            planner.skip(std::move(one.path), filesystem, SkipReason::behind_others);
            continue;
        }
        const auto upper = written_by_overlay(facts, stack, one.mount);
        if (upper)
            planner.add(*upper);
        if (kind == FilesystemKind::disk)
            planner.add(std::move(one.path), filesystem, one.mount, std::move(one.file));
        else
            planner.skip(std::move(one.path), filesystem,
                         upper ? SkipReason::overlay : reason_of(kind));
    }
    return planner.finish();
}

} // namespace vmguest
