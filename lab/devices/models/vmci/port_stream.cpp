// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Datagrams as bytes of a port; see the header.
#include "models/vmci/port_stream.hpp"

namespace vmguest::lab::vmci {

PortWriter::Step PortWriter::push(std::byte next) {
    if (is_over_)
        reset();
    if (bytes_.size() < sizeof(Header)) {
        bytes_.push_back(next);
        return bytes_.size() == sizeof(Header) ? begin_payload() : Step::unfinished;
    }
    if (!is_skipped_)
        bytes_.push_back(next);
    is_over_ = --missing_ == 0;
    if (!is_over_)
        return Step::unfinished;
    return is_skipped_ ? Step::too_long : Step::whole;
}

PortWriter::Step PortWriter::begin_payload() {
    const auto header = load<Header>(bytes_);
    missing_ = header.payload;
    is_skipped_ = missing_ > longest_to(header.to) - sizeof(Header);
    is_over_ = missing_ == 0;
    return is_over_ ? Step::whole : Step::unfinished;
}

void PortWriter::reset() {
    *this = PortWriter{};
}

std::byte PortReader::next() {
    if (is_at_page())
        fill_pages();
    return pages_[at_++];
}

void PortReader::fill_pages() {
    pages_.clear();
    at_ = 0;
    while (!inbox_.empty()) {
        const auto& datagram = inbox_.front();
        const auto used = pages_.size() % port_page;
        if (used != 0 && datagram.size() > port_page - used)
            break;
        pages_.insert(pages_.end(), datagram.begin(), datagram.end());
        pages_.resize(padded(pages_.size()), std::byte{0});
        inbox_.pop();
        if (pages_.size() % port_page == 0)
            break;
    }
    const auto size = pages_.empty() ? 1 : pages_.size();
    pages_.resize((size + port_page - 1) / port_page * port_page, filler_);
}

void PortReader::reset() {
    pages_.clear();
    at_ = 0;
}

} // namespace vmguest::lab::vmci
