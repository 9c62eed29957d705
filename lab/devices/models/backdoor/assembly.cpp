// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// How the model is put together from its options.
#include <utility>

#include "backdoor.hpp"
#include "hgfs_folders.hpp"

namespace vmguest::lab::backdoor {
namespace {

Result<std::unique_ptr<PortModel>> create(Host& host, std::string_view options) {
    auto settings = parse_settings(options);
    if (!settings)
        return Failure{settings.sentence()};
    auto folders = HgfsFolders::make(host, settings.value());
    if (!folders)
        return Failure{folders.sentence()};
    Faults tried(folders.value()->kinds());
    if (const auto rules = tried.load(settings.value().hostile); !rules)
        return Failure{rules.sentence()};
    return std::unique_ptr<PortModel>(
        std::make_unique<Backdoor>(host, std::move(settings.value()), std::move(folders.value())));
}

} // namespace

// Four ports, for that is what an access of the first takes.
const PortModelInfo Backdoor::info = {
    .name = "backdoor",
    .port = low_port,
    .length = 4,
    .min_access = 1,
    .max_access = 4,
    .create = create,
};

} // namespace vmguest::lab::backdoor
