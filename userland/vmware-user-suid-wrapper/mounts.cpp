// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "mounts.hpp"

namespace vmguest::handover {
namespace {

/// Up to the separator, which is taken off TEXT as well.
std::string_view next_part(std::string_view& text, char separator) {
    const auto end = text.find(separator);
    const auto part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

bool has_option(std::string_view options, std::string_view wanted) {
    while (!options.empty())
        if (next_part(options, ',') == wanted)
            return true;
    return false;
}

} // namespace

/// Source, place, type, options; later mounts at a place hide earlier ones.
void MountScan::judge(std::string_view line) {
    next_part(line, ' ');
    const auto place = next_part(line, ' ');
    const auto type = next_part(line, ' ');
    const auto options = next_part(line, ' ');
    if (place == fuse_mount)
        has_fuse_ = type == "fuse.vmware-vmblock" && has_option(options, "user_id=0");
    else if (place == module_mount)
        has_module_ = type == "vmblock";
}

void MountScan::feed(std::string_view piece) {
    for (const char c : piece) {
        if (c != '\n') {
            if (length_ < line_.size())
                line_[length_] = c;
            length_ += length_ <= line_.size();
            continue;
        }
        if (length_ <= line_.size())
            judge({line_.data(), length_});
        length_ = 0;
    }
}

} // namespace vmguest::handover
