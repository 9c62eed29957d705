// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A machine for models under test: memory is a vector, interrupts are noted, time is set by hand.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "host.hpp"

namespace vmguest::lab {

class FakeHost : public PciHost {
public:
    std::vector<std::byte> memory = std::vector<std::byte>(1U << 16);
    bool has_msix = true;
    bool has_msi = false;
    bool intx = false;
    std::vector<unsigned> vectors; ///< in order of their notification
    unsigned messages = 0;         ///< of MSI
    std::map<std::string, std::uint64_t, std::less<>> requests;
    std::string said;
    std::vector<std::string> reports;                          ///< faults of the guest's
    std::vector<std::pair<std::uint32_t, std::uint32_t>> rung; ///< doorbells
    /// Called with the address of every access to memory, if it is there.
    std::function<void(std::uint64_t)> on_dma;

    bool dma_read(std::uint64_t address, std::span<std::byte> to) override {
        if (on_dma)
            on_dma(address);
        if (!is_memory(address, to.size()))
            return false;
        std::copy_n(memory.begin() + static_cast<std::ptrdiff_t>(address), to.size(), to.begin());
        return true;
    }
    bool dma_write(std::uint64_t address, std::span<const std::byte> from) override {
        if (on_dma)
            on_dma(address);
        if (!is_memory(address, from.size()))
            return false;
        std::copy(from.begin(), from.end(), memory.begin() + static_cast<std::ptrdiff_t>(address));
        return true;
    }
    std::chrono::nanoseconds now() const override { return now_; }
    std::unique_ptr<Timer> make_timer(std::function<void()> expired) override {
        return std::make_unique<FakeTimer>(*this, std::move(expired));
    }
    /// Descriptors are never ready here.
    std::unique_ptr<Watch> watch(int, std::function<void()>, std::function<void()>) override {
        return std::make_unique<FakeWatch>();
    }
    bool ring_doorbell(std::uint32_t context, std::uint32_t resource) override {
        rung.emplace_back(context, resource);
        return true;
    }
    void count(std::string_view kind, std::uint64_t number) override {
        requests[std::string(kind)] += number;
    }
    void log(std::string_view sentence) override { said += std::string(sentence) + '\n'; }
    void report(std::string_view fault) override { reports.emplace_back(fault); }
    bool msix_enabled() const override { return has_msix; }
    void msix_notify(unsigned vector) override { vectors.push_back(vector); }
    bool msi_enabled() const override { return has_msi; }
    void msi_notify() override { ++messages; }
    void set_intx(bool level) override { intx = level; }

    /// Let time pass; timers fire at their moments, in order.
    void advance(std::chrono::nanoseconds by) {
        const auto end = now_ + by;
        for (;;) {
            FakeTimer* next = nullptr;
            for (auto* timer : timers_)
                if (timer->is_armed && timer->deadline <= end &&
                    (next == nullptr || timer->deadline < next->deadline))
                    next = timer;
            if (next == nullptr)
                break;
            now_ = std::max(now_, next->deadline);
            next->is_armed = false;
            next->expired();
        }
        now_ = end;
    }

private:
    struct FakeTimer final : Timer {
        FakeTimer(FakeHost& owner, std::function<void()> callback)
            : host(owner), expired(std::move(callback)) {
            host.timers_.push_back(this);
        }
        ~FakeTimer() override { std::erase(host.timers_, this); }
        FakeTimer(const FakeTimer&) = delete;
        FakeTimer& operator=(const FakeTimer&) = delete;
        void arm(std::chrono::nanoseconds at) override {
            deadline = at;
            is_armed = true;
        }
        void cancel() override { is_armed = false; }

        FakeHost& host;
        std::function<void()> expired;
        std::chrono::nanoseconds deadline{};
        bool is_armed = false;
    };
    struct FakeWatch final : Watch {
        void want_read(bool) override {}
        void want_write(bool) override {}
    };

    bool is_memory(std::uint64_t address, std::size_t size) const {
        return address <= memory.size() && size <= memory.size() - address;
    }

    std::chrono::nanoseconds now_{1000};
    std::vector<FakeTimer*> timers_;
};

class FakeVcpu final : public Vcpu {
public:
    std::array<std::uint64_t, 16> values{};
    unsigned number = 0;

    std::span<std::uint64_t, 16> registers() override { return values; }
    unsigned index() const override { return number; }
    bool read_virtual(std::uint64_t, std::span<std::byte>) override { return false; }
};

} // namespace vmguest::lab
