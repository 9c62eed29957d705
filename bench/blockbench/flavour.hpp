// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What is compared: a directory of plain links, our module, open-vm-tools' FUSE daemon.
#pragma once

#include <memory>
#include <string>

namespace vmguest::blockbench {

/// Made outside of the world, used inside.
class Flavour {
public:
    virtual ~Flavour() = default;
    /// The kernel module whose instructions are counted; empty if there is none.
    virtual std::string driver() const = 0;
    /// Where the links are in the world.
    virtual std::string directory() const = 0;
    /// A file in the staging directory that has a link.
    virtual void add(const std::string& name) = 0;
    /// A name that is blocked, or just another link where nothing can be.
    virtual void block(const std::string& name) = 0;
};

/// `name` is plain, module or fuse.
std::unique_ptr<Flavour> make_flavour(const std::string& name);

} // namespace vmguest::blockbench
