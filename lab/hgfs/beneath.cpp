// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
#include "beneath.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vmguest::hgfs {
namespace {

/// A rename elsewhere can make the kernel unsure whether ".." stayed inside; then it says EAGAIN.
constexpr int attempts = 32;

/// openat2(2) of `path`, which does not leave `folder`; -1 and errno on failure.
int open_at(int folder, const std::string& path, int flags) {
    open_how how{};
    how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    for (int i = 0; i < attempts; ++i) {
        const long number = syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
        if (number >= 0 || errno != EAGAIN)
            return static_cast<int>(number);
    }
    return -1;
}

Outcome<Descriptor> open_beneath(int folder, const std::string& path, int flags) {
    Descriptor found(open_at(folder, path, flags));
    if (found)
        return found;
    // This is how the kernel says that the path would have left the folder.
    return errno == EXDEV ? Status::access_denied : last_error();
}

/// Owns what opendir() returns.
struct CloseDir {
    void operator()(DIR* directory) const { closedir(directory); }
};

} // namespace

Descriptor::~Descriptor() {
    if (number_ >= 0)
        close(number_);
}

Outcome<Descriptor> find_beneath(int folder, const Components& path) {
    return open_beneath(folder, host_path(path), O_PATH | O_NOFOLLOW);
}

Outcome<Place> find_place(int folder, const Components& path) {
    Place place;
    Components above = path;
    if (!above.empty()) {
        place.leaf = std::move(above.back());
        above.pop_back();
    }
    auto parent = open_beneath(folder, host_path(above), O_PATH | O_DIRECTORY);
    if (!parent)
        return parent.status();
    place.parent = std::move(*parent);
    return place;
}

std::string descriptor_path(int number) {
    return "/proc/self/fd/" + std::to_string(number);
}

Outcome<Descriptor> reopen(int found, int flags) {
    const std::string path = descriptor_path(found);
    Descriptor opened(open(path.c_str(), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!opened)
        return last_error();
    return opened;
}

Outcome<Components> list_directory(int found, std::size_t max_bytes) {
    auto opened = reopen(found, O_RDONLY | O_DIRECTORY);
    if (!opened)
        return opened.status();
    const std::unique_ptr<DIR, CloseDir> directory(fdopendir(opened->get()));
    if (!directory)
        return last_error();
    opened->release(); // it is the directory's now
    Components names;
    std::size_t bytes = 0;
    errno = 0;
    while (const dirent* entry = readdir(directory.get())) {
        std::string name = entry->d_name;
        bytes += name.size() + sizeof(std::string);
        if (bytes > max_bytes)
            return Status::generic_error;
        if (is_utf8(name))
            names.push_back(std::move(name));
        errno = 0;
    }
    if (errno)
        return last_error();
    return names;
}

Outcome<Components> find_caseless(int folder, const Components& path, std::size_t max_bytes) {
    Components spelled;
    for (const std::string& component : path) {
        const auto above = open_beneath(folder, host_path(spelled), O_PATH | O_DIRECTORY);
        if (!above)
            return above.status();
        spelled.push_back(component);
        if (find_beneath(folder, spelled))
            continue;
        const auto names = list_directory(above->get(), max_bytes);
        if (!names)
            return names.status();
        max_bytes -= std::min(max_bytes, names_bytes(*names));
        const auto other = std::find_if(names->begin(), names->end(), [&](const std::string& name) {
            return equal_caseless(name, component);
        });
        if (other == names->end())
            return Status::no_such_file;
        spelled.back() = *other;
    }
    return spelled;
}

} // namespace vmguest::hgfs
