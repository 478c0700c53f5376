# SPDX-License-Identifier: GPL-2.0-only
# Zinc: `make help` lists the targets.

MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash
.DEFAULT_GOAL := all

VERSION := 1.0.0
TOP := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
B ?= $(TOP)/build
PREFIX ?= /usr/local
DESTDIR ?=
export VERSION TOP PREFIX DESTDIR

# The kernel to build for: KDIR, a folder to build modules against; or KERNEL,
# one of those that tests/vm/kernel provides; else the running kernel, else
# the newest whose headers are installed.
ifdef KERNEL
KNAME := $(KERNEL)
KMAKE := $(TOP)/tests/vm/kernel make $(KERNEL) --
else
KDIR ?= $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) \
	$(shell ls -d /lib/modules/*/build 2>/dev/null | sort -rV))
KNAME := $(or $(notdir $(patsubst %/build,%,$(KDIR))),none)
KMAKE := $(MAKE) -C $(KDIR)
endif
KBUILD_COPY := $(B)/kmod/$(KNAME)

# other languages; each has a Makefile of its own
ADAPTERS := python rust cpp go java csharp

.PHONY: all help module lib cli tests test test-native demo bench kselftest lint \
	check-kernel check-deep \
	install uninstall $(ADAPTERS:%=install-%) $(ADAPTERS:%=uninstall-%) \
	modules_install setup clean check-kdir

all: module lib cli tests

help:
	@echo 'Building'
	@echo '  all              module, library, command and tests (default)'
	@echo '  module           zinc.ko for KDIR= (default: the running kernel) or KERNEL=6.1|6.12|7.2'
	@echo '  lib              libzinc-kmod.so and .a'
	@echo '  cli              the zinc command'
	@echo '  tests            the test programs'
	@echo '  clean            remove build/'
	@echo 'Trying'
	@echo '  bench            Zinc and its peers on the same work, as ratios: natively and in a guest'
	@echo '  demo             a frame stream between processes, in a guest'
	@echo '  test             everything: natively and in guests on 6.1, 6.12 and 7.2'
	@echo '  test-native      what needs no kernel module'
	@echo '  check-kernel     on a kernel with sanitizers: its detectors, KUnit, every test of the module,'
	@echo '                   every failure of memory, memory pressure, a minute of fuzzing'
	@echo '  check-deep       what takes hours: races, uninitialized memory, coverage, user space'
	@echo '                   under sanitizers, valgrind and fuzzers'
	@echo '  fuzz             fuzz the module: TIME=60 seconds, SEED=number'
	@echo '  kselftest        tests/ under the kernel tree'"'"'s own runner, in a guest'
	@echo '  lint             checkpatch, sparse, W=1, cppcheck, clang-tidy, shellcheck'
	@echo '  setup            install the packages that all of this needs (as root)'
	@echo 'Installing'
	@echo '  install          library, headers and command: DESTDIR= PREFIX=$(PREFIX)'
	@echo '  uninstall        remove them'
	@echo '  install-python   the package zinc for Python: DESTDIR= PREFIX= PYTHON=python3'
	@echo '  install-rust     the crate zinc-core for Rust: DESTDIR= PREFIX='
	@echo '  install-cpp      zinc.hpp, and the package zinc for CMake: DESTDIR= PREFIX='
	@echo '  install-go       the package zinc for Go: DESTDIR= PREFIX='
	@echo '  install-java     the jar of Java, and its JNI library: DESTDIR= PREFIX='
	@echo '  install-csharp   the assembly of C#: DESTDIR= PREFIX='
	@echo '  modules_install  zinc.ko for KDIR='
	@echo '  udev-install     who may open /dev/zinc, and loading it at boot'
	@echo '  dkms-install     the sources of zinc.ko, for DKMS'

setup:
	@tests/setup

check-kdir:
	@[ -n "$(KERNEL)$(KDIR)" ] || { \
		echo 'zinc: no kernel headers found: install linux-headers-amd64, or say KDIR=/path/to/headers' >&2; \
		exit 1; }

# Kbuild puts objects beside the sources, so it gets a tree of links to them.
module: check-kdir
	@mkdir -p $(KBUILD_COPY)/kmod $(KBUILD_COPY)/uapi/linux \
		$(KBUILD_COPY)/tests/kunit
	@ln -sf $(TOP)/Kbuild $(KBUILD_COPY)/
	@ln -sf $(TOP)/kmod/*.[ch] $(KBUILD_COPY)/kmod/
	@ln -sf $(TOP)/uapi/linux/*.h $(KBUILD_COPY)/uapi/linux/
	@ln -sf $(TOP)/tests/kunit/*.[ch] $(KBUILD_COPY)/tests/kunit/
	@find $(KBUILD_COPY) -xtype l -delete
	+$(KMAKE) M=$(KBUILD_COPY) $(KBUILD_FLAGS) modules

modules_install: check-kdir
	+$(KMAKE) M=$(KBUILD_COPY) modules_install

lib:
	+$(MAKE) -C lib O=$(B)/lib

cli: lib
	+$(MAKE) -C lib/cli O=$(B)/bin LIB=$(B)/lib

tests: lib
	+$(MAKE) -C tests O=$(B)/tests KSFT=$$(tests/vm/kernel source 6.1)/tools/testing/selftests

install: lib cli
	+$(MAKE) -C lib O=$(B)/lib install
	+$(MAKE) -C lib/cli O=$(B)/bin LIB=$(B)/lib install

uninstall:
	+$(MAKE) -C lib O=$(B)/lib uninstall
	+$(MAKE) -C lib/cli O=$(B)/bin LIB=$(B)/lib uninstall

$(ADAPTERS:%=install-%): install-%:
	+$(MAKE) -C lib/$* O=$(B)/$* install

$(ADAPTERS:%=uninstall-%): uninstall-%:
	+$(MAKE) -C lib/$* O=$(B)/$* uninstall

# Each of these works as the first command on a fresh machine.
test: setup
	+$(MAKE) all KERNEL=6.1
	tests/all

test-native: setup
	+$(MAKE) lib cli tests
	tests/all native

demo: setup
	tests/demo/run

bench: setup
	tests/bench/run

check-kernel: setup
	+$(MAKE) lib tests
	tests/all selftest debug gpu-debug importer-debug fault kunit fuzz

check-deep: setup
	+$(MAKE) lib cli tests
	tests/all deep stress-6.1 stress-6.12 stress-7.2 stress-debug sanitize fuzz-user coverage-user

kselftest: setup
	+$(MAKE) lib
	tests/all kselftest

lint: setup
	tests/lint

clean:
	rm -rf $(B)

include $(TOP)/kmod/install.mk
include $(TOP)/tests/fuzz/fuzz.mk
