// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// An open file that is closed by whoever forgets it.
#pragma once

#include <utility>

#include <unistd.h>

namespace vmguest::handover {

class Descriptor {
public:
    explicit Descriptor(int number = -1) : number_(number) {}
    ~Descriptor() { close_now(); }
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }

    bool is_open() const { return number_ >= 0; }
    int number() const { return number_; }
    void close_now() {
        if (is_open())
            close(std::exchange(number_, -1));
    }

private:
    int number_;
};

} // namespace vmguest::handover
