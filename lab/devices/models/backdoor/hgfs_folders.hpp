// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Shared Folders over GuestMsg: the server, and the backdoor's rules of the hostile mode.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../folders/server.hpp"
#include "folders.hpp"
#include "settings.hpp"

namespace vmguest::lab::backdoor {

class HgfsFolders final : public SharedFolders {
public:
    /// As folders::Server has it.
    static Result<std::unique_ptr<SharedFolders>> make(Host& host, const Settings& settings);

    std::optional<std::string> process(std::string_view packet, Faults& faults) override;
    bool are_enabled() const override { return server_->are_enabled(); }
    void restart() override { server_->restart(); }
    Reply command(std::span<const std::string_view> words) override;
    std::span<const std::string_view> kinds() const override;

private:
    HgfsFolders(std::unique_ptr<folders::Server> server, std::size_t longest)
        : server_(std::move(server)), longest_(longest) {}

    std::unique_ptr<folders::Server> server_;
    std::size_t longest_; ///< packet, in bytes
};

} // namespace vmguest::lab::backdoor
