// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The layouts of versions 2 (a packed little-endian record) and 3 (a list in XDR).
#include "guestlib.hpp"

#include <algorithm>
#include <charconv>

namespace vmguest::lab::backdoor {
namespace {

constexpr std::size_t v2_count = 17; ///< numbers of version 2; the pool's path follows them
constexpr std::size_t v2_path = 512;
constexpr std::size_t longest_pool = v2_path - 1;

enum class Kind { word, wide, text, opaque };

struct Field {
    std::string_view name;
    Kind kind;
    std::uint64_t value; ///< that the lab's machine has from the start
};

/// By id, from 1 on.
constexpr Field fields[Guestlib::numbers] = {
    {"cpu-reservation", Kind::word, 100},  {"cpu-limit", Kind::word, 2000},
    {"cpu-shares", Kind::word, 1000},      {"cpu-used", Kind::wide, 5000},
    {"host-speed", Kind::word, 2000},      {"mem-reservation", Kind::word, 64},
    {"mem-limit", Kind::word, 512},        {"mem-shares", Kind::word, 5120},
    {"mem-mapped", Kind::word, 300},       {"mem-active", Kind::word, 200},
    {"mem-overhead", Kind::word, 20},      {"mem-ballooned", Kind::word, 0},
    {"mem-swapped", Kind::word, 0},        {"mem-shared", Kind::word, 10},
    {"mem-shared-saved", Kind::word, 5},   {"mem-used", Kind::word, 295},
    {"elapsed", Kind::wide, 60000},        {"pool", Kind::text, 0},
    {"cpu-stolen", Kind::wide, 7},         {"mem-target", Kind::wide, 512},
    {"host-cores", Kind::word, 2},         {"host-cpu-used", Kind::wide, 9000},
    {"host-mem-swapped", Kind::wide, 0},   {"host-mem-shared", Kind::wide, 100},
    {"host-mem-used", Kind::wide, 2048},   {"host-mem-physical", Kind::wide, 4096},
    {"host-mem-free", Kind::wide, 2048},   {"host-mem-kernel", Kind::wide, 256},
    {"host-mem-mapped", Kind::wide, 1800}, {"host-mem-unmapped", Kind::wide, 2296},
    {"mem-zipped", Kind::word, 0},         {"mem-zip-saved", Kind::word, 0},
    {"mem-ll-swapped", Kind::word, 0},     {"mem-swap-target", Kind::word, 0},
    {"mem-balloon-target", Kind::word, 0}, {"mem-balloon-max", Kind::word, 333},
    {"pool-long", Kind::opaque, 0},        {"mem-shares-64", Kind::wide, 5120},
};

template <class Word>
void put_little(std::string& to, Word value) {
    for (std::size_t i = 0; i < sizeof value; ++i)
        to += static_cast<char>(value >> (8 * i));
}

template <class Word>
void put_big(std::string& to, Word value) {
    for (std::size_t i = sizeof value; i-- > 0;)
        to += static_cast<char>(value >> (8 * i));
}

void put_text(std::string& to, std::string_view text) {
    put_big(to, static_cast<std::uint32_t>(text.size()));
    to += text;
    to.append((4 - text.size() % 4) % 4, '\0');
}

std::optional<std::uint64_t> parse(std::string_view text) {
    std::uint64_t value = 0;
    const auto* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    if (text.empty() || result.ec != std::errc() || result.ptr != end)
        return std::nullopt;
    return value;
}

} // namespace

Guestlib::Guestlib() : pool_("/vmguest/lab") {
    for (std::size_t i = 0; i < numbers; ++i)
        values_.at(i) = fields[i].value;
}

bool Guestlib::set(std::string_view name, std::optional<std::string_view> value) {
    if (name == "pool") {
        if (value && value->size() > longest_pool)
            return false;
        pool_ = value;
        return true;
    }
    const auto number = value ? parse(*value) : std::nullopt;
    if (value && !number)
        return false;
    if (name == "session") {
        session_ = number.value_or(0);
        return true;
    }
    for (std::size_t i = 0; i < numbers; ++i) {
        const bool fits = fields[i].kind == Kind::wide ||
                          (fields[i].kind == Kind::word && number.value_or(0) <= 0xffff'ffff);
        if (fields[i].name != name || !fits)
            continue;
        values_.at(i) = number;
        return true;
    }
    return false;
}

std::string Guestlib::data(unsigned version) const {
    std::string header;
    put_little<std::uint32_t>(header, version);
    put_little(header, session_);
    return header + (version == 2 ? version2() : version3());
}

std::string Guestlib::version2() const {
    std::string body;
    for (std::size_t i = 0; i < v2_count; ++i) {
        put_little<std::uint32_t>(body, values_.at(i) ? 1 : 0);
        const auto value = values_.at(i).value_or(0);
        if (fields[i].kind == Kind::wide)
            put_little(body, value);
        else
            put_little(body, static_cast<std::uint32_t>(value));
    }
    body += pool_ ? '\1' : '\0';
    auto path = pool_.value_or("");
    path.resize(v2_path);
    return body + path;
}

std::string Guestlib::version3() const {
    std::string list;
    put_big<std::uint32_t>(list, numbers);
    for (std::size_t i = 0; i < numbers; ++i) {
        const auto kind = fields[i].kind;
        const bool is_text = kind == Kind::text || kind == Kind::opaque;
        put_big(list, static_cast<std::uint32_t>(i + 1));
        put_big<std::uint32_t>(list, (is_text ? pool_.has_value() : values_.at(i).has_value()));
        if (is_text)
            put_text(list, pool_.value_or(""));
        else if (kind == Kind::wide)
            put_big(list, values_.at(i).value_or(0));
        else
            put_big(list, static_cast<std::uint32_t>(values_.at(i).value_or(0)));
    }
    std::string size;
    put_little(size, static_cast<std::uint32_t>(list.size()));
    return size + list;
}

} // namespace vmguest::lab::backdoor
