// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What the benches read out of texts and samples.
#include <vector>

#include <gtest/gtest.h>

#include "quantile.hpp"
#include "text.hpp"

namespace vmguest::netbench {
namespace {

using bench::quantile;

TEST(AllocatedPages, AreTheSumOverZones) {
    EXPECT_EQ(parse_allocated_pages("nr_free_pages 9\npgalloc_dma 1\npgalloc_dma32 20\n"
                                    "pgalloc_normal 300\npgalloc_movable 0\npgfree 7000\n"),
              321U);
}

TEST(AllocatedPages, NeedNeitherALastLineEndNorOrder) {
    EXPECT_EQ(parse_allocated_pages("pgfree 5\npgalloc_normal 4"), 4U);
    EXPECT_EQ(parse_allocated_pages(""), 0U);
    EXPECT_EQ(parse_allocated_pages("pgalloc_normal\npgalloc_dma x\n\n"), 0U);
}

TEST(Quantile, IsTheNearestRank) {
    std::vector<double> samples;
    for (int i = 100; i > 0; --i)
        samples.push_back(i);
    EXPECT_EQ(quantile(samples, 0.5), 50);
    EXPECT_EQ(quantile(samples, 0.99), 99);
    EXPECT_EQ(quantile(samples, 1), 100);
    EXPECT_EQ(quantile(samples, 0.001), 1);
}

TEST(Quantile, OfFewOrNoSamples) {
    std::vector<double> one = {7};
    EXPECT_EQ(quantile(one, 0.99), 7);
    EXPECT_EQ(quantile({}, 0.5), 0);
}

} // namespace
} // namespace vmguest::netbench
