// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "memory.hpp"

#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "driver.hpp"
#include "system.hpp"

namespace vmguest::balloonbench {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t pinned_every = 8 * page;
constexpr std::size_t chunk_size = 1 << 20;
constexpr std::size_t step_size = 64 << 10;
constexpr std::size_t read_size = 128 << 10; ///< a readahead of the kernel's
constexpr std::uint64_t look_every = 8 * mebibyte;
/// Not mapped: who asks for memory next is not to be the one too many.
constexpr std::uint64_t spared = 64 * mebibyte;
constexpr const char* disk = "/dev/nullb0";

Mapping pin_pages() {
    std::ofstream("/proc/sys/vm/compaction_proactiveness") << 0;
    Mapping pinned((meminfo("MemFree") - spared) / pinned_every * pinned_every);
    if (madvise(pinned.data(), pinned.size(), MADV_POPULATE_WRITE) != 0)
        throw bench::failure("populating memory");
    for (std::size_t at = 0; at < pinned.size(); at += pinned_every)
        madvise(pinned.data() + at + page, pinned_every - page, MADV_DONTNEED);
    return pinned;
}

/// Until the kernel drops as much of it as comes. Readahead copies nothing to anybody; it begins
/// where the last one ended, so all is new.
void fill_page_cache() {
    static std::uint64_t position = 0;
    if (access(disk, F_OK) != 0)
        bench::modprobe("null_blk");
    const auto file = bench::open_file(disk, O_RDONLY);
    for (std::uint64_t before = 0, cached = meminfo("Buffers"); cached >= before + look_every / 2;
         cached = meminfo("Buffers")) {
        before = cached;
        for (const auto end = position + look_every; position < end; position += read_size)
            readahead(file.get(), static_cast<off64_t>(position), read_size);
    }
}

} // namespace

std::uint64_t parse_meminfo(std::string_view text, std::string_view name) {
    for (std::size_t at = 0; (at = text.find(name, at)) != text.npos; at += name.size()) {
        const auto after = at + name.size();
        if ((at != 0 && text[at - 1] != '\n') || after >= text.size() || text[after] != ':')
            continue;
        const auto digit = text.find_first_not_of(' ', after + 1);
        std::uint64_t kibibytes = 0;
        if (digit != text.npos)
            std::from_chars(text.data() + digit, text.data() + text.size(), kibibytes);
        return kibibytes << 10;
    }
    return 0;
}

std::uint64_t meminfo(std::string_view name) {
    std::ifstream file("/proc/meminfo");
    return parse_meminfo(std::string{std::istreambuf_iterator<char>(file), {}}, name);
}

Mapping::Mapping(std::size_t size) : size_(size) {
    auto* start = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED)
        throw bench::failure("mmap");
    start_ = static_cast<std::byte*>(start);
    madvise(start_, size_, MADV_NOHUGEPAGE);
}

Mapping::~Mapping() {
    if (start_ != nullptr)
        munmap(start_, size_);
}

void age_memory() {
    static const auto pinned = pin_pages();
    fill_page_cache();
}

Hog::Hog(std::size_t size) {
    for (std::size_t held = 0; held < size; held += chunk_size) {
        chunks_.emplace_back(chunk_size);
        madvise(chunks_.back().data(), chunk_size, MADV_POPULATE_WRITE);
    }
    touched_ = chunk_size;
}

void Hog::step() {
    if (touched_ == chunk_size) {
        chunks_.pop_front();
        chunks_.emplace_back(chunk_size);
        touched_ = 0;
    }
    for (const auto end = touched_ + step_size; touched_ < end; touched_ += page)
        chunks_.back().data()[touched_] = std::byte{1};
}

} // namespace vmguest::balloonbench
