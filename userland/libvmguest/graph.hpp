// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What lies on what, as numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vmguest {

struct Heights {
    std::vector<std::uint32_t> of; ///< of each node
    bool has_cycle = false;
};

/// Nodes 0 … size - 1, each with those on which it lies.
class Graph {
public:
    explicit Graph(std::size_t size) : below_(size) {}

    std::size_t size() const { return below_.size(); }

    /// `from` lies on `to`.
    void add(std::size_t from, std::size_t to) { below_[from].push_back(to); }

    /// The largest sum of weights, a node's own included, of a way down from it. Where ways go
    /// round, the first node in order that is part of such a ring, or lies on one, stands still:
    /// what it lies on of that does not count.
    Heights heights(const std::vector<std::uint32_t>& weights) const;

    /// The first nodes below `end` that ways down from `node` meet, each once, in order.
    std::vector<std::size_t> first_below(std::size_t node, std::size_t end) const;

private:
    std::vector<std::vector<std::size_t>> below_;
};

} // namespace vmguest
