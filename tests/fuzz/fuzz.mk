# SPDX-License-Identifier: GPL-2.0-only
#
# The fuzzer of the module; included by the top Makefile, or by tests/fuzz/run
# alone. TOP and B come from there.
#   TIME	seconds (default 60)
#   SEED	of the random numbers (default: the time of day)

FUZZ := $(TOP)/tests/fuzz
FUZZ_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -I$(TOP)/uapi -I$(FUZZ)
FUZZ_COMMON := $(addprefix $(FUZZ)/,grammar.c text.c files.c arena.c calls.c devices.c execute.c report.c cover.c)
FUZZ_HEADERS := $(wildcard $(FUZZ)/*.h) $(TOP)/tests/sw_sync.h $(TOP)/tests/vgem.h $(TOP)/uapi/linux/zinc.h $(FUZZ)/fuzz.mk
FUZZ_FOUND := $(patsubst $(FUZZ)/%.c,$(B)/fuzz/%,$(wildcard $(FUZZ)/found_*.c))

.PHONY: fuzz fuzz-programs fuzz-module

fuzz:
	@$(FUZZ)/run --time $(or $(TIME),60) $(addprefix --seed ,$(SEED))

fuzz-programs: $(B)/fuzz/fuzz $(FUZZ_FOUND)

$(B)/fuzz/fuzz: $(FUZZ)/fuzz.c $(FUZZ)/search.c $(FUZZ)/reduce.c $(FUZZ)/random.c $(FUZZ_COMMON) $(FUZZ_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(FUZZ_CFLAGS) -o $@ $(filter %.c,$^) -pthread

# what was found once, as fuzz --to-c printed it
$(FUZZ_FOUND): $(B)/fuzz/%: $(FUZZ)/%.c $(FUZZ)/found.c $(FUZZ_COMMON) $(FUZZ_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(FUZZ_CFLAGS) -o $@ $(filter %.c,$^) -pthread

fuzz-module:
	+$(MAKE) -C $(TOP) module KERNEL=debug B=$(B)/kcov KBUILD_FLAGS=ZINC_KCOV=1
