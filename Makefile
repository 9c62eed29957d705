# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
#
# For people.  Each target is one script; CMakeLists.txt and Kbuild do the building.

KERNEL ?=
KDIR ?=
KERNEL_RELEASE ?=
DKMS_ROOT ?=
DKMS_TREE ?=
PREFIX ?= /usr/local
MODULE_ARGS := $(if $(KDIR),KDIR=$(KDIR),$(if $(KERNEL),KERNEL=$(KERNEL)))
DKMS_ARGS := $(KERNEL_RELEASE) $(if $(DKMS_ROOT),ROOT=$(DKMS_ROOT)) $(if $(DKMS_TREE),DKMS_TREE=$(DKMS_TREE))

.PHONY: help demo check check-long setup build modules modules_install programs programs_install dkms-install dkms-uninstall kunit scenarios bench style clean

help: ## this list
	@echo 'vmguest: make TARGET [KERNEL=6.1|6.12|7.3] [KDIR=/path/to/kernel/build]'
	@sed -n 's/^\([a-z_-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: ## build our vmxnet3, boot a stock kernel, move real traffic, show it
	@scripts/demo

check: ## everything that proves this tree: builds, unit tests, scenarios, style
	@scripts/setup check
	@scripts/check

check-long: ## check, then the debug kernel with every scenario, and the soaks
	@scripts/setup check
	@scripts/check --long

setup: ## install the Debian packages that demo and check use (as root)
	@scripts/setup check

build: ## the host's programs: lab devices, labctl, host tests
	@scripts/build-host all

modules: ## our modules for KERNEL= or KDIR=, warning-free or not at all
	@scripts/kmod build $(MODULE_ARGS)

modules_install: ## install them for KDIR= (INSTALL_MOD_PATH= for a staging root)
	@scripts/kmod install $(MODULE_ARGS) $(if $(INSTALL_MOD_PATH),INSTALL_MOD_PATH=$(INSTALL_MOD_PATH))

programs: ## what runs in a guest beside the modules: vmguestctl, libvmguest, vmware-user-suid-wrapper
	@scripts/programs build

programs_install: ## install them and their manual pages (PREFIX=/usr/local, DESTDIR= for a staging root)
	@scripts/programs install "$(PREFIX)"

dkms-install: ## let DKMS build and install them, for KERNEL_RELEASE="RELEASE…", else for all kernels here
	@scripts/dkms install $(DKMS_ARGS)

dkms-uninstall: ## take them back from DKMS; the kernels' own drivers are used again
	@scripts/dkms uninstall $(DKMS_ARGS)

kunit: ## unit tests of the kernel code: host, UML, stock kernels; coverage
	@kunit/run all

scenarios: ## what the drivers do with real traffic: lab/scenario --help has more
	@lab/scenario

bench: ## counts and speeds of NIC, balloon, vmblock and vmsync, ours beside what else there is (an hour)
	@scripts/setup bench
	@bench/net $(if $(KERNEL),--kernel $(KERNEL))
	@bench/balloon $(if $(KERNEL),--kernel $(KERNEL))
	@bench/block $(if $(KERNEL),--kernel $(KERNEL))
	@bench/freeze $(if $(KERNEL),--kernel $(KERNEL))

style: ## checkpatch, clang-format, clang-tidy, shellcheck, codespell, documented counters
	@scripts/style

clean: ## remove build/ (the cache outside the repo stays)
	rm -rf build
