# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What the benches' reports share: medians, verdicts, tables, plots, guests, options."""
