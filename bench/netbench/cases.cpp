// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The cases; see the header. One iteration is one packet, one MiB or one round trip, so Google
// Benchmark's time per iteration is the time per unit; counters are totals of the whole case.
#include "cases.hpp"

#include <functional>
#include <stdexcept>
#include <vector>

#include <benchmark/benchmark.h>

#include "interface.hpp"
#include "peer.hpp"
#include "pktgen.hpp"
#include "program.hpp"
#include "quantile.hpp"
#include "sockets.hpp"
#include "window.hpp"

namespace vmguest::netbench {
namespace {

using benchmark::State;
using std::chrono::steady_clock;

constexpr std::size_t payload = 18; ///< the smallest Ethernet frame: 60 bytes without checksum
constexpr std::size_t mebibyte = 1 << 20;
constexpr std::uint16_t flood_port = 9010;
constexpr unsigned paced_rate = 5'000; ///< a second; far below what any NIC here loses packets at
constexpr unsigned burst = 32;
constexpr std::chrono::seconds silence{5};
constexpr std::chrono::milliseconds straggling_time{100};

/// What a case works with.
struct Bench {
    const Settings& settings;
    Interface interface;
    Window window;

    explicit Bench(const Settings& given)
        : settings(given), interface(given.interface), window(interface, given.has_plugin) {}
};

void set(State& state, const char* name, std::uint64_t value) {
    state.counters[name] = static_cast<double>(value);
}

void report(State& state, const Counts& counts) {
    set(state, "tx_packets", counts.tx_packets);
    set(state, "rx_packets", counts.rx_packets);
    set(state, "interrupts", counts.interrupts);
    set(state, "pages", counts.pages);
    if (!counts.plugin)
        return;
    set(state, "driver_instructions", counts.plugin->driver_instructions);
    set(state, "all_instructions", counts.plugin->all_instructions);
    set(state, "device_writes", counts.plugin->device_writes);
    set(state, "device_reads", counts.plugin->device_reads);
}

std::uint64_t read_number(const Descriptor& connection) {
    return std::stoull(receive_line(connection));
}

std::uint64_t sunk_by_peer(const Bench& bench) {
    return read_number(request(bench.settings.peer, "sunk"));
}

/// Nothing happens: what the counting itself puts into every window.
void empty(State& state, Bench& bench) {
    bench.window.begin();
    while (state.KeepRunning())
        benchmark::ClobberMemory();
    report(state, bench.window.end());
}

void udp_tx(State& state, Bench& bench) {
    const auto socket = connected_udp(address(bench.settings.peer, sink_port));
    Batch batch(payload);
    sunk_by_peer(bench);
    bench.window.begin();
    while (state.KeepRunningBatch(Batch::size))
        batch.send(socket);
    report(state, bench.window.end());
    const auto sent = static_cast<std::uint64_t>(state.iterations());
    set(state, "lost", sent - std::min(sent, sunk_by_peer(bench)));
}

void take_datagrams(const Descriptor& socket, Batch& batch, unsigned number) {
    while (number > 0) {
        const auto got = batch.receive(socket, number);
        if (got == 0)
            throw std::runtime_error("no datagram came for 5 s");
        number -= got;
    }
}

Descriptor flood_socket() {
    auto socket = bound_udp(flood_port);
    set_receive_timeout(socket, silence);
    return socket;
}

std::string flood_request(unsigned rate) {
    return "flood " + std::to_string(flood_port) + ' ' + std::to_string(payload) + ' ' +
           std::to_string(rate);
}

/// More than the guest can take, from before the first to after the last packet that is timed.
/// The driver sees more packets than the program does: divide its counts by rx_packets.
void udp_rx_flood(State& state, Bench& bench) {
    const auto socket = flood_socket();
    Batch batch(payload);
    bench.window.begin();
    const auto peer = request(bench.settings.peer, flood_request(0));
    take_datagrams(socket, batch, 1);
    while (state.KeepRunningBatch(Batch::size))
        take_datagrams(socket, batch, Batch::size);
    send_all(peer, "stop\n");
    set(state, "offered", read_number(peer));
    report(state, bench.window.end());
}

void udp_rx_paced(State& state, Bench& bench) {
    const auto socket = flood_socket();
    enlarge_receive_buffer(socket);
    Batch batch(payload);
    bench.window.begin();
    const auto peer = request(bench.settings.peer, flood_request(paced_rate));
    while (state.KeepRunning())
        take_datagrams(socket, batch, 1);
    send_all(peer, "stop\n");
    const auto sent = read_number(peer);
    auto arrived = static_cast<std::uint64_t>(state.iterations());
    set_receive_timeout(socket, straggling_time);
    while (const auto late = batch.receive(socket))
        arrived += late;
    report(state, bench.window.end());
    set(state, "lost", sent - arrived);
}

/// The last iteration lasts until the peer has all of it.
void tcp_tx(State& state, Bench& bench) {
    const std::vector<char> data(mebibyte);
    const auto connection = request(bench.settings.peer, "receive");
    std::uint64_t arrived = 0;
    std::int64_t left = state.max_iterations;
    bench.window.begin();
    while (state.KeepRunning()) {
        send_all(connection, {data.data(), data.size()});
        if (--left == 0) {
            shutdown(connection.get(), SHUT_WR);
            arrived = read_number(connection);
        }
    }
    report(state, bench.window.end());
    set(state, "retransmits", retransmits(connection));
    state.SetBytesProcessed(static_cast<std::int64_t>(arrived));
    if (arrived != static_cast<std::uint64_t>(state.iterations()) * mebibyte)
        throw std::runtime_error("not all bytes arrived");
}

void tcp_tx_no_tso(State& state, Bench& bench) {
    bench.interface.set_tso(false);
    tcp_tx(state, bench);
    bench.interface.set_tso(true);
}

void tcp_rx(State& state, Bench& bench) {
    std::vector<char> room(mebibyte);
    bench.window.begin();
    const auto connection = request(
        bench.settings.peer,
        "send " + std::to_string(static_cast<std::size_t>(state.max_iterations) * mebibyte));
    while (state.KeepRunning())
        for (std::size_t filled = 0; filled < mebibyte;) {
            const auto size = receive_some(connection, {room.data(), mebibyte - filled});
            if (size == 0)
                throw std::runtime_error("the stream ended early");
            filled += size;
        }
    const auto repeated = read_number(connection);
    report(state, bench.window.end());
    set(state, "retransmits", repeated);
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(mebibyte));
}

void tcp_rx_no_lro(State& state, Bench& bench) {
    // Merging by the device has two names; ours comes with the second.
    const bool had_lro = bench.interface.has_lro();
    const bool had_gro_hw = bench.interface.has_feature("rx-gro-hw");
    bench.interface.set_lro(false);
    if (had_gro_hw)
        bench.interface.set_feature("rx-gro-hw", false);
    tcp_rx(state, bench);
    if (had_gro_hw)
        bench.interface.set_feature("rx-gro-hw", true);
    bench.interface.set_lro(had_lro);
}

/// Merged by the device, as the drivers come.
void tcp_rx_longest_ring(State& state, Bench& bench) {
    const auto usual = bench.interface.rx_ring();
    bench.interface.set_rx_ring(bench.interface.longest_rx_ring());
    tcp_rx(state, bench);
    bench.interface.set_rx_ring(usual);
}

/// A ring as long as the device allows, frames of the MTU.
void tcp_rx_no_lro_longest_ring(State& state, Bench& bench) {
    const auto usual = bench.interface.rx_ring();
    bench.interface.set_rx_ring(bench.interface.longest_rx_ring());
    tcp_rx_no_lro(state, bench);
    bench.interface.set_rx_ring(usual);
}

/// Wait for the echo as most programs do, or ask until it is there: the processor never halts.
enum class Waiting { asleep, awake };

bool receive_echo(const Descriptor& socket, Batch& batch, Waiting waiting) {
    if (waiting == Waiting::asleep)
        return batch.receive(socket, 1) > 0;
    for (const auto deadline = steady_clock::now() + silence; steady_clock::now() < deadline;)
        if (batch.poll(socket, 1) > 0)
            return true;
    return false;
}

void round_trips(State& state, Bench& bench, std::uint16_t port, Waiting waiting) {
    const auto socket = connected_udp(address(bench.settings.peer, port));
    set_receive_timeout(socket, silence);
    std::vector<double> samples;
    samples.reserve(static_cast<std::size_t>(state.max_iterations));
    Batch batch(payload);
    bench.window.begin();
    while (state.KeepRunning()) {
        const auto start = steady_clock::now();
        batch.send(socket, 1);
        if (!receive_echo(socket, batch, waiting))
            throw std::runtime_error("a datagram's echo did not come within 5 s");
        const std::chrono::duration<double, std::micro> time = steady_clock::now() - start;
        samples.push_back(time.count());
    }
    report(state, bench.window.end());
    state.counters["p50_us"] = bench::quantile(samples, 0.5);
    state.counters["p99_us"] = bench::quantile(samples, 0.99);
}

void udp_rtt(State& state, Bench& bench) {
    round_trips(state, bench, echo_port, Waiting::asleep);
}

void udp_rtt_late(State& state, Bench& bench) {
    round_trips(state, bench, late_echo_port, Waiting::asleep);
}

void udp_rtt_awake(State& state, Bench& bench) {
    round_trips(state, bench, echo_port, Waiting::awake);
}

void pktgen_burst(State& state, Bench& bench) {
    sunk_by_peer(bench); // so that the kernel knows the peer's address on the wire
    const Pktgen generator(bench.settings.interface, bench.settings.peer);
    generator.configure(static_cast<std::uint64_t>(state.max_iterations), burst);
    bench.window.begin();
    // pktgen sleeps before and after; how long it was at work it tells itself.
    while (state.KeepRunningBatch(state.max_iterations)) {
        generator.run();
        state.SetIterationTime(generator.seconds());
    }
    report(state, bench.window.end());
    if (generator.sent() < static_cast<std::uint64_t>(state.max_iterations))
        throw std::runtime_error("pktgen sent less than it was told to");
}

using Case = void (*)(State&, Bench&);

enum class Clock { real, own }; ///< own: the case says how long it took

void add(const Settings& settings, const char* name, std::int64_t iterations, Case run,
         Clock clock = Clock::real) {
    auto* added = bench::add_case(name, [&settings, run](State& state) {
        Bench bench(settings);
        run(state, bench);
    });
    added->Iterations(iterations);
    if (clock == Clock::real)
        added->UseRealTime();
    else
        added->UseManualTime();
}

} // namespace

void register_cases(const Settings& settings) {
    const auto whole_batches = settings.packets / Batch::size * Batch::size;
    const Interface interface(settings.interface);
    const bool can_switch_lro = interface.driver() == "vmxnet3";
    add(settings, "empty", 1, empty);
    add(settings, "udp_tx", whole_batches, udp_tx);
    add(settings, "udp_rx_flood", whole_batches, udp_rx_flood);
    add(settings, "udp_rx_paced", settings.paced_packets, udp_rx_paced);
    add(settings, "udp_rtt", settings.round_trips, udp_rtt);
    add(settings, "udp_rtt_late", settings.round_trips, udp_rtt_late);
    add(settings, "udp_rtt_awake", settings.round_trips, udp_rtt_awake);
    add(settings, "tcp_tx", settings.mebibytes, tcp_tx);
    add(settings, "tcp_tx_no_tso", settings.small_mebibytes, tcp_tx_no_tso);
    add(settings, "tcp_rx", settings.mebibytes, tcp_rx);
    if (can_switch_lro)
        add(settings, "tcp_rx_no_lro", settings.small_mebibytes, tcp_rx_no_lro);
    if (Pktgen::is_available())
        add(settings, "pktgen_burst", whole_batches, pktgen_burst, Clock::own);
    if (can_switch_lro) {
        add(settings, "tcp_rx_longest_ring", settings.mebibytes, tcp_rx_longest_ring);
        add(settings, "tcp_rx_no_lro_longest_ring", settings.small_mebibytes,
            tcp_rx_no_lro_longest_ring);
    }
}

} // namespace vmguest::netbench
