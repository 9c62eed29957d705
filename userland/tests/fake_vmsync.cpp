// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "fake_vmsync.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vmguest::test {

std::atomic<std::size_t> allocations;
FakeVmsync* fake = nullptr;

namespace {

vmsync_record* records_at(std::uint64_t address) {
    return reinterpret_cast<vmsync_record*>(static_cast<std::uintptr_t>(address));
}

int answer(int error) {
    errno = error;
    return error == 0 ? 0 : -1;
}

int freeze(vmsync_freeze& wish) {
    std::unique_lock lock(fake->mutex);
    ++fake->freezes;
    fake->freeze = wish;
    for (unsigned i = 0; i < wish.count; ++i) {
        auto& record = records_at(wish.records)[i];
        fake->records[i] = record;
        if (record.path && i < 8)
            std::snprintf(fake->paths[i], sizeof(fake->paths[i]), "%s",
                          reinterpret_cast<const char*>(static_cast<std::uintptr_t>(record.path)));
        record.state = fake->freeze_error ? VMSYNC_STATE_FAILED : VMSYNC_STATE_FROZEN;
        record.error = static_cast<unsigned>(fake->freeze_error);
        record.device = 0x700 + i;
        std::memcpy(record.type, "ext4", 5);
    }
    const auto has_come = [] { return fake->thaws > 0; };
    if (fake->waits_for_thaw) {
        fake->thawed.wait_for(lock, std::chrono::seconds(60), has_come);
        return answer(has_come() ? ECANCELED : EIO);
    }
    wish.frozen = fake->freeze_error ? 0 : wish.count;
    fake->allocations_at_freeze = allocations;
    return answer(fake->freeze_error);
}

int thaw(vmsync_thaw& wish) {
    const std::lock_guard lock(fake->mutex);
    if (fake->thaws++ == 0)
        fake->allocations_at_thaw = allocations;
    fake->thawed.notify_all();
    fake->wait_ms = wish.wait_ms;
    wish.cause = fake->thaw_cause;
    wish.left = fake->left;
    return answer(fake->thaw_error);
}

int query(vmsync_query& wish) {
    const std::lock_guard lock(fake->mutex);
    ++fake->queries;
    wish.phase = VMSYNC_PHASE_OVER;
    wish.cause = fake->thaw_cause;
    wish.frozen_all = 7;
    wish.left_ms = 1234;
    for (unsigned i = 0; wish.records && i < wish.count; ++i)
        if (records_at(wish.records)[i].state == VMSYNC_STATE_FROZEN) {
            records_at(wish.records)[i].state = VMSYNC_STATE_THAWED;
            records_at(wish.records)[i].stall_us = 5000;
        }
    return answer(0);
}

} // namespace

Driver::Driver() {
    char name[] = "/tmp/vmguest-vmsync-XXXXXX";
    folder_ = mkdtemp(name);
    path_ = folder_ + "/vmsync";
    if (mkfifo(path_.c_str(), 0600) == 0)
        keep_ = open(path_.c_str(), O_RDWR | O_CLOEXEC);
    fake = this;
}

Driver::~Driver() {
    fake = nullptr;
    close(keep_);
    unlink(path_.c_str());
    rmdir(folder_.c_str());
}

void Driver::wake() {
    if (write(keep_, "x", 1) != 1)
        std::abort();
}

} // namespace vmguest::test

/// Only libvmguest calls it in this program.
extern "C" int ioctl(int, unsigned long request, ...) noexcept {
    using namespace vmguest::test;
    va_list rest;
    va_start(rest, request);
    void* argument = va_arg(rest, void*);
    va_end(rest);
    switch (fake ? request : 0) {
    case VMSYNC_FREEZE:
        return freeze(*static_cast<vmsync_freeze*>(argument));
    case VMSYNC_THAW:
        return thaw(*static_cast<vmsync_thaw*>(argument));
    case VMSYNC_QUERY:
        return query(*static_cast<vmsync_query*>(argument));
    default:
        errno = ENOTTY;
        return -1;
    }
}

void* operator new(std::size_t size) {
    ++vmguest::test::allocations;
    if (void* memory = std::malloc(size))
        return memory;
    throw std::bad_alloc();
}
void* operator new[](std::size_t size) {
    return operator new(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    ++vmguest::test::allocations;
    return std::malloc(size);
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept {
    return operator new(size, tag);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    std::free(memory);
}
