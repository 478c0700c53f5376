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
ADAPTERS := python rust cpp go java csharp node

.PHONY: all help module lib cli man tests arm64 test test-native demo demo-pipeline bench kselftest lint abi \
	check-kernel check-build check-packages check-deep check-mutants \
	install uninstall $(ADAPTERS:%=install-%) $(ADAPTERS:%=uninstall-%) \
	modules_install dist deb wheel setup clean check-kdir

all: module lib cli man tests

help:
	@echo 'Building'
	@echo '  all              module, library, command, manual pages and tests (default)'
	@echo '  module           zinc.ko for KDIR= (default: the running kernel) or KERNEL=6.1|6.12|newest'
	@echo '  lib              libzinc-kmod.so and .a'
	@echo '  cli              the zinc command'
	@echo '  man              the manual pages'
	@echo '  tests            the test programs'
	@echo '  arm64            lib, cli, tests and demo for the guests of that architecture: build/arm64'
	@echo '  clean            remove build/'
	@echo 'Trying'
	@echo '  bench            Zinc and its peers on the same work, as ratios: natively and in a guest'
	@echo '  demo             a frame stream between processes, in a guest'
	@echo '  demo-pipeline    a camera, inference, an encoder and a window, each killed in turn, in a guest'
	@echo '  test             everything: natively and in guests: 6.1, 6.12, the newest, PREEMPT_RT, arm64'
	@echo '  test-native      the tests that need no kernel module'
	@echo '  check-kernel     on a kernel with sanitizers: its detectors, KUnit, every test of the module,'
	@echo '                   every failure of memory, memory pressure, a minute of fuzzing;'
	@echo '                   and its tests on more kernels'
	@echo '  check-build      the module for every kernel of which Debian has headers: a table'
	@echo '  check-packages   Debian packages, the wheel and README'"'"'s commands on fresh Debian 12, 13 and testing'
	@echo '  check-deep       tests of hours: races, uninitialized memory, coverage, user space'
	@echo '                   under sanitizers, valgrind and fuzzers'
	@echo '  check-mutants    small faults, planted one at a time: a test notices each; a run that was'
	@echo '                   stopped goes on'
	@echo '  fuzz             fuzz the module: TIME=60 seconds, SEED=number'
	@echo '  kselftest        tests/ under the kernel tree'"'"'s own runner, in a guest'
	@echo '  lint             checkpatch, sparse, W=1, cppcheck, clang-tidy, shellcheck'
	@echo '  abi              write lib/*.abi anew, after a change to what the libraries export'
	@echo '  setup            install the packages that all of this needs (as root)'
	@echo 'Installing'
	@echo '  install          library, headers, command, pages, examples: DESTDIR= PREFIX=$(PREFIX)'
	@echo '  uninstall        remove them'
	@echo '  install-python   the package zinc for Python: DESTDIR= PREFIX= PYTHON=python3'
	@echo '  install-rust     the crate zinc-core for Rust: DESTDIR= PREFIX='
	@echo '  install-cpp      zinc.hpp and zinc_stream.hpp: DESTDIR= PREFIX='
	@echo '  install-go       the package zinc for Go: DESTDIR= PREFIX='
	@echo '  install-java     the jar of Java, and its JNI library: DESTDIR= PREFIX='
	@echo '  install-csharp   the assembly of C#: DESTDIR= PREFIX='
	@echo '  install-node     the package zinc-shm for Node.js: DESTDIR= PREFIX='
	@echo '  modules_install  zinc.ko for KDIR='
	@echo '  dist             build/dist/zinc-$(VERSION).tar.xz: the same bytes from the same commit'
	@echo '  deb              Debian packages, in build/deb'
	@echo '  wheel            a wheel for Python with the library inside, in build/dist'
	@echo '  udev-install     the udev rule of /dev/zinc, and loading the module at boot'
	@echo '  dkms-install     the sources of zinc.ko, for DKMS'

setup:
	@tests/repo/setup

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

man: lib
	+$(MAKE) -C lib/man O=$(B)/man LIB=$(B)/lib

tests: lib
	+$(MAKE) -C tests O=$(B)/tests LIB_DIR=$(B)/lib KSFT=$$(tests/vm/kernel source 6.1)/tools/testing/selftests
	+$(MAKE) -C tests/window O=$(B)/window LIB=$(B)/lib
	+$(MAKE) -C tests/gstreamer O=$(B)/tests/gstreamer LIB=$(B)/lib \
		KSFT=$$(tests/vm/kernel source 6.1)/tools/testing/selftests

ARM64 := CC=aarch64-linux-gnu-gcc AR=aarch64-linux-gnu-ar GST=

arm64:
	+tests/vm/libraries $(MAKE) lib cli tests B=$(B)/arm64 $(ARM64)
	+tests/vm/libraries $(MAKE) -C tests/demo stream album O=$(B)/arm64/demo \
		LIB=$(B)/arm64/lib $(ARM64)

install: lib cli man
	+$(MAKE) -C lib O=$(B)/lib install
	+$(MAKE) -C lib/cli O=$(B)/bin LIB=$(B)/lib install
	+$(MAKE) -C lib/man O=$(B)/man LIB=$(B)/lib install
	+$(MAKE) -C lib/examples install

uninstall:
	+$(MAKE) -C lib O=$(B)/lib uninstall
	+$(MAKE) -C lib/cli O=$(B)/bin LIB=$(B)/lib uninstall
	+$(MAKE) -C lib/man O=$(B)/man LIB=$(B)/lib uninstall
	+$(MAKE) -C lib/examples uninstall

$(ADAPTERS:%=install-%): install-%:
	+$(MAKE) -C lib/$* O=$(B)/$* install

$(ADAPTERS:%=uninstall-%): uninstall-%:
	+$(MAKE) -C lib/$* O=$(B)/$* uninstall

dist:
	@lib/packaging/dist $(VERSION) $(B)/dist

deb:
	lib/packaging/deb $(VERSION) $(B)/deb

# what needs no library that is installed already
wheel: lib
	+$(MAKE) -C lib/python O=$(B)/python
	mkdir -p $(B)/dist
	@lib/packaging/wheel $(B)/python/zinc_shm-$(VERSION)-py3-none-any.whl \
		$(B)/lib/libzinc-kmod.so.1 $(B)/dist

# Each of these works as the first command on a fresh machine.
test: setup
	+$(MAKE) all arm64 KERNEL=6.1
	tests/steps/all

test-native: setup
	+$(MAKE) lib cli tests
	tests/steps/all native

demo: setup
	tests/demo/run

demo-pipeline: setup
	tests/demo/pipeline/run

bench: setup
	tests/bench/run

check-kernel: setup
	+$(MAKE) lib cli tests arm64
	tests/steps/all selftest debug preempt gpu-debug importer-debug fault kunit fuzz window pipeline \
		newest-rt 6.12-arm64 importer-arm64 gstreamer-newest

check-build: setup
	tests/steps/all build

check-packages: setup
	tests/steps/all packages packages-trixie packages-testing packages-guest containers containers-6.1

check-deep: setup
	+$(MAKE) lib cli tests
	tests/steps/all deep stress-6.1 stress-6.12 stress-newest stress-debug sanitize fuzz-user coverage-user \
		mutants

# resumes: what has been found is in build/mutants
check-mutants: setup
	tests/deep/mutants

kselftest: setup
	+$(MAKE) lib
	tests/steps/all kselftest

lint: setup
	tests/repo/lint

abi:
	tests/repo/abi_dump update

clean:
	rm -rf $(B)

include $(TOP)/kmod/install.mk
include $(TOP)/tests/fuzz/fuzz.mk
