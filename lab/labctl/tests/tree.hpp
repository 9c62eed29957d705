// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A root directory made for one test.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

namespace vmguest::labctl {

class Tree : public testing::Test {
protected:
    Tree() { std::filesystem::create_directories(root_); }
    ~Tree() override { std::filesystem::remove_all(root_); }
    void put(const std::string& path, const std::string& text) {
        std::filesystem::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path, std::ios::binary) << text;
    }

    const std::filesystem::path root_ =
        std::filesystem::path(testing::TempDir()) / ("labctl-test-" + std::to_string(getpid()));
};

} // namespace vmguest::labctl
