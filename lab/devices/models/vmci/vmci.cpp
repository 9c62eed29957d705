// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The registers of VMCI; see the header. What can be said to it is in commands.cpp.
#include "models/vmci/vmci.hpp"

#include <memory>
#include <string>
#include <utility>

#include "protocol.hpp"

namespace vmguest::lab::vmci {

const PciModelInfo Vmci::info = {
    .name = "vmci",
    .vendor = 0x15ad,
    .device = 0x0740,
    .subsystem_vendor = 0x15ad,
    .subsystem_device = 0x0740,
    .class_id = 0x0880, // "system peripheral, other"
    .revision = 0x10,
    .create = [](PciHost& host, std::string_view options) -> Result<std::unique_ptr<PciModel>> {
        const auto settings = parse_settings(options);
        if (!settings)
            return Failure{settings.sentence()};
        auto folders =
            folders::Server::make(host, settings.value().shares, FoldersService::channel);
        if (!folders)
            return Failure{folders.sentence()};
        auto model = std::make_unique<Vmci>(host, settings.value(), std::move(folders.value()));
        for (const auto& rule : settings.value().hostile)
            if (!model->add_rule(rule))
                return Failure{"'" + rule + "' is no rule of vmci's hostile mode"};
        return std::unique_ptr<PciModel>(std::move(model));
    },
};

Vmci::Vmci(PciHost& host, const Settings& settings, std::unique_ptr<folders::Server> folders)
    : settings_(settings), bus_(host), guest_{.context = settings.context},
      interrupts_(bus_, settings.vectors() == settings.all_vectors()),
      router_(bus_, interrupts_, guest_, faults_), reader_(router_.inbox()),
      dma_(bus_, interrupts_, guest_, faults_), test_service_(router_), vsock_(host, router_),
      folders_(bus_, router_, faults_, std::move(folders)) {}

bool Vmci::add_rule(std::string_view rule) {
    const auto words = split_words(rule);
    if (!words)
        return false;
    const std::vector<std::string_view> views(words.value().begin(), words.value().end());
    return faults_.command(views);
}

PciShape Vmci::shape() const {
    const std::uint64_t size = settings_.is_mmio ? 0x40000 : 0x2000;
    return {.bars = {Bar{.size = 64, .is_port_io = true}, Bar{.size = size, .is_64bit = true}},
            .msix = {.vectors = settings_.vectors(),
                     .bar = 1,
                     .table = 0,
                     .pending = settings_.is_mmio ? 0x10000U : 0x1000U,
                     .capability = 0x58},
            .msi = settings_.has_msi ? std::uint8_t{0x40} : std::uint8_t{0}};
}

/// The guest's context is not forgotten, for the guest does not forget it either.
void Vmci::reset() {
    guest_ = {.context = guest_.context};
    interrupts_.reset();
    writer_.reset();
    reader_.reset();
    dma_.reset();
    out_high_ = in_high_ = 0;
    result_ = 0;
    router_.reset();
}

std::optional<Register> Vmci::find(unsigned bar, std::uint64_t offset, unsigned size) const {
    if (bus_.is_busy())
        return std::nullopt; // the device's own access has come back to it
    if (bar == 1) {
        if (!settings_.is_mmio || offset < window || offset - window >= window_size)
            return std::nullopt;
        offset -= window;
    }
    const Register found{offset};
    const bool is_data = found == Register::data_out || found == Register::data_in;
    if (size != (is_data ? 1 : 4))
        return std::nullopt;
    return found;
}

std::uint64_t Vmci::read(unsigned bar, std::uint64_t offset, unsigned size) {
    constexpr std::uint64_t absent = ~std::uint64_t{0};
    const auto found = find(bar, offset, size);
    if (!found)
        return absent;
    switch (*found) {
    case Register::status:
        return interrupts_.is_enabled() ? 1 : 0;
    case Register::cause:
        return take_cause();
    case Register::data_in:
        return std::to_integer<std::uint64_t>(take_byte());
    case Register::capabilities:
        return settings_.offered();
    case Register::result_low:
        return static_cast<std::uint32_t>(result_);
    case Register::result_high:
        return static_cast<std::uint64_t>(result_) >> 32;
    default:
        return absent;
    }
}

void Vmci::write(unsigned bar, std::uint64_t offset, std::uint64_t value, unsigned size) {
    const auto found = find(bar, offset, size);
    if (!found)
        return;
    const auto word = static_cast<std::uint32_t>(value);
    switch (*found) {
    case Register::control:
        return control(word);
    case Register::mask:
        return interrupts_.set_mask(word);
    case Register::data_out:
        return put_byte(static_cast<std::byte>(value));
    case Register::capabilities:
        return use(word);
    case Register::data_out_high:
        out_high_ = std::uint64_t{word} << 32;
        return;
    case Register::data_in_high:
        in_high_ = std::uint64_t{word} << 32;
        return;
    case Register::data_out_low:
        return send_from(out_high_ | word);
    case Register::data_in_low:
        if (guest_.uses(can_dma))
            dma_.receive(in_high_ | word, router_.inbox());
        return;
    case Register::page_shift:
        return set_page_shift(word);
    default:
        return;
    }
}

void Vmci::control(std::uint32_t bits) {
    if ((bits & control_reset) != 0)
        reset();
    if ((bits & control_enable) != 0)
        interrupts_.set_enabled(true);
    if ((bits & control_disable) != 0)
        interrupts_.set_enabled(false);
}

void Vmci::use(std::uint32_t capabilities) {
    if ((capabilities & ~settings_.offered()) != 0)
        bus_.host().report("a capability is used that was not offered");
    guest_.used = capabilities & settings_.offered();
}

void Vmci::set_page_shift(std::uint32_t shift) {
    if (shift >= least_page_shift && shift <= most_page_shift)
        guest_.page_shift = shift;
    else
        bus_.host().report(
            "the guest says that its pages are smaller than 4 or larger than 64 KiB");
}

std::uint32_t Vmci::take_cause() {
    const auto causes = interrupts_.take();
    return static_cast<std::uint32_t>(faults_.cause().value_or(causes));
}

/// The guest ends at a page's filler, so it has to be told if there is more by now.
std::byte Vmci::take_byte() {
    if (reader_.is_at_page())
        reader_.set_filler(faults_.must_not_end() ? std::byte{0} : std::byte{0xff});
    const auto next = reader_.next();
    if (reader_.is_at_page() && !router_.inbox().empty())
        interrupts_.raise(cause_datagram);
    return next;
}

void Vmci::put_byte(std::byte byte) {
    switch (writer_.push(byte)) {
    case PortWriter::Step::unfinished:
        return;
    case PortWriter::Step::whole:
        return set_result(router_.take(writer_.datagram()));
    case PortWriter::Step::too_long:
        return set_result(payload_too_large);
    }
}

void Vmci::send_from(std::uint64_t address) {
    if (!guest_.uses(can_dma))
        return;
    const auto sent = dma_.fetch(address);
    if (!sent)
        return set_result(invalid_args);
    set_result(sent->refusal == success ? router_.take(sent->datagram) : sent->refusal);
    dma_.finish(address, result_);
}

void Vmci::set_result(std::int32_t result) {
    const auto wrong = faults_.result();
    result_ = wrong ? static_cast<std::int64_t>(*wrong) : result;
}

} // namespace vmguest::lab::vmci
