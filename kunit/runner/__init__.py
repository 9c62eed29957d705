# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Builds and runs the KUnit suites on the host, user-mode Linux, stock and debug kernels."""
