# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The host side of lab/vm.

cli       options, and the order of the steps
prepare   kernel, modules and initial RAM disk for a run
plan      what one run needs, as a file between the two processes
machine   QEMU's command line and its monitor
snapshots machines saved so that they need not boot again
network   taps and the peer, inside the run's own network namespace
session   the run itself: streams, deadline, end
labctl    what the guest may ask of the host side
console   finds kernel reports in the console log
"""
