// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header. Nothing here recurses: how deep a stack is, is not ours to say.
#include "graph.hpp"

#include <algorithm>
#include <unordered_set>

namespace vmguest {
namespace {

/// From the ground up: a node's turn comes when all it lies on had theirs.
class Climb {
public:
    Climb(const std::vector<std::vector<std::size_t>>& below,
          const std::vector<std::uint32_t>& weights)
        : below_(below), weights_(weights), above_(below.size()), pending_(below.size()),
          is_done_(below.size()) {
        heights_.of.resize(below.size());
        for (std::size_t i = 0; i < below.size(); ++i) {
            pending_[i] = below[i].size();
            for (const auto lower : below[i])
                above_[lower].push_back(i);
        }
    }

    Heights climb() {
        for (std::size_t i = 0; i < below_.size(); ++i)
            if (pending_[i] == 0)
                ready_.push_back(i);
        finish_ready();
        for (std::size_t i = 0; i < below_.size(); ++i) {
            if (is_done_[i])
                continue;
            heights_.has_cycle = true;
            ready_.push_back(i);
            finish_ready();
        }
        return std::move(heights_);
    }

private:
    void finish_ready() {
        while (!ready_.empty()) {
            const auto node = ready_.back();
            ready_.pop_back();
            finish(node);
        }
    }

    void finish(std::size_t node) {
        is_done_[node] = true;
        std::uint32_t ground = 0;
        for (const auto lower : below_[node])
            if (is_done_[lower] && lower != node)
                ground = std::max(ground, heights_.of[lower]);
        heights_.of[node] = ground + weights_[node];
        for (const auto upper : above_[node])
            if (!is_done_[upper] && --pending_[upper] == 0)
                ready_.push_back(upper);
    }

    const std::vector<std::vector<std::size_t>>& below_;
    const std::vector<std::uint32_t>& weights_;
    std::vector<std::vector<std::size_t>> above_;
    std::vector<std::size_t> pending_;
    std::vector<bool> is_done_;
    std::vector<std::size_t> ready_;
    Heights heights_;
};

} // namespace

Heights Graph::heights(const std::vector<std::uint32_t>& weights) const {
    return Climb(below_, weights).climb();
}

std::vector<std::size_t> Graph::first_below(std::size_t node, std::size_t end) const {
    std::vector<std::size_t> found;
    std::vector<std::size_t> way = below_[node];
    std::unordered_set<std::size_t> is_seen(way.begin(), way.end());
    while (!way.empty()) {
        const auto next = way.back();
        way.pop_back();
        if (next < end) {
            found.push_back(next);
            continue;
        }
        for (const auto lower : below_[next])
            if (is_seen.insert(lower).second)
                way.push_back(lower);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

} // namespace vmguest
