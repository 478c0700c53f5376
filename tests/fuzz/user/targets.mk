# SPDX-License-Identifier: GPL-2.0-only
#
# make -f targets.mk TOP=DIR B=DIR B/fuzz_TARGET...
#
# Each target is linked with all of the library and of the command.

HERE := $(TOP)/tests/fuzz/user
CC := clang
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS := -std=gnu11 -g -O1 -fno-omit-frame-pointer -Wall -Wextra $(SANITIZE)
CPPFLAGS := -D_GNU_SOURCE -DZINC_CLI_VERSION='"fuzz"' -I$(TOP)/lib/include \
	-I$(TOP)/lib -I$(TOP)/lib/cli -I$(TOP)/uapi
WRAP := execvp flock fork open nanosleep sigwait sigtimedwait sigprocmask zinc_wait_until \
	zinc_wait_with zinc_open_wait

# without a display: cmd_show.c wants libdrm
LIB := $(patsubst $(TOP)/lib/%.c,$(B)/obj/%.o,$(filter-out %/cmd_show.c $(TOP)/lib/cli/window%.c, \
	$(wildcard $(addprefix $(TOP)/lib/,core/*.c backend/*.c lock/*.c cli/*.c))))
OBJS := $(LIB) $(B)/obj/harness.o

.SECONDARY:
.DELETE_ON_ERROR:

$(B)/fuzz_%: $(B)/obj/fuzz_%.o $(OBJS)
	$(CC) $(CFLAGS) -fsanitize=fuzzer $(WRAP:%=-Wl,--wrap=%) -o $@ $^

# what is fuzzed, and with it the edges that are counted
$(LIB): CFLAGS += -fsanitize=fuzzer-no-link
# whose functions are inline
$(B)/obj/fuzz_stream.o: CFLAGS += -fsanitize=fuzzer-no-link
$(B)/obj/cli/cli.o: CPPFLAGS += -Dmain=cli_main

$(B)/obj/%.o: $(TOP)/lib/%.c $(HERE)/targets.mk
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/obj/%.o: $(HERE)/%.c $(HERE)/targets.mk
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(wildcard $(B)/obj/*.d $(B)/obj/*/*.d)
