// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The other end of the wire, and how the guest asks it for what a case needs.
//
// One TCP connection per request. The guest sends a line, the peer answers as told:
//
//   sunk                    datagrams that the sink has received since this was last asked
//   flood PORT BYTES RATE   sends datagrams to PORT, RATE a second or with 0 as fast as it can,
//                           until a line comes; then how many it has sent
//   receive                 takes everything up to the end of the stream, then its length
//   send BYTES              sends so many bytes, then, when all have arrived, a line with the
//                           number of retransmitted segments
//
// Beside this there is a sink and an echo for datagrams.
#pragma once

#include <cstdint>
#include <string>

#include "sockets.hpp"

namespace vmguest::netbench {

constexpr std::uint16_t control_port = 9000;
constexpr std::uint16_t sink_port = 9001;
constexpr std::uint16_t echo_port = 9002;
constexpr std::uint16_t late_echo_port = 9003; ///< answers after a while, as if it were far away

/// Serves until the process ends.
[[noreturn]] void serve();

/// Connect to the peer and send a request line.
Descriptor request(const std::string& peer, const std::string& line);

} // namespace vmguest::netbench
