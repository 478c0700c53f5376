// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inputs for finding locks: /proc/self/mountinfo, /proc/locks, command lines,
 * lists of processors, names of GPUs. Each text is in memory of just its size.
 */
#include "harness.h"

#include "lock/internal.h"

struct text {
	char *at;
	size_t length;
};

/* Up to 64 KiB, and never more than there is */
static struct text take_text(struct input *input)
{
	size_t length = input_u32(input) & 0xffff;
	struct text text;

	if (length > input->left)
		length = input->left;
	text.length = length;
	text.at = malloc(length ? length : 1);
	REQUIRE(text.at);
	input_take(input, text.at, length);
	return text;
}

static void check_mountinfo(struct input *input)
{
	struct zinc_mount mount = { .major = 0xa5a5, .minor = 0xa5a5 };
	long mount_id = (int8_t)input_u8(input);
	char path[128] = "/";
	struct text text;
	int err;

	input_text(input, path + 1, sizeof(path) - 1);
	text = take_text(input);
	err = zinc_mountinfo_find(text.at, text.length, path, mount_id, &mount);
	REQUIRE(!err || err == -ENOTSUP);
	if (err)
		REQUIRE(mount.major == 0xa5a5 && mount.minor == 0xa5a5);
	REQUIRE(strnlen(mount.type, sizeof(mount.type)) < sizeof(mount.type));
	free(text.at);
}

static void check_pids(const struct zinc_pids *pids, size_t most)
{
	size_t i, j;

	REQUIRE(pids->count <= most && pids->count <= pids->room);
	for (i = 0; i < pids->count; i++) {
		REQUIRE(pids->list[i].pid >= 0);
		for (j = 0; j < i; j++)
			REQUIRE(pids->list[i].pid != pids->list[j].pid);
	}
}

static void check_locks(struct input *input)
{
	struct zinc_needle needles[3] = { { .text = "00:00:0" } };
	struct zinc_pids pids[3] = {};
	size_t lines = 1, i;
	struct text text;

	input_text(input, needles[1].text, sizeof(needles[1].text));
	text = take_text(input);
	for (i = 0; i < text.length; i++)
		lines += text.at[i] == '\n';
	REQUIRE(!zinc_locks_find(text.at, text.length, needles, 3, pids));
	for (i = 0; i < 3; i++) {
		check_pids(&pids[i], lines);
		free(pids[i].list);
	}
	/* a lock without a file has no holder */
	REQUIRE(!pids[2].count);
	free(text.at);
}

static void check_cmdline(struct input *input)
{
	struct text text = take_text(input);
	struct zinc_lock_holder holder;
	size_t length, i, characters = 0;

	memset(&holder, 0xa5, sizeof(holder));
	zinc_cmdline_cut(text.at, text.length, holder.cmdline,
			 sizeof(holder.cmdline));
	length = strnlen(holder.cmdline, sizeof(holder.cmdline));
	REQUIRE(length && length < sizeof(holder.cmdline));
	/* not more than is shown, where each byte is a character */
	for (i = 0; i < length; i++) {
		REQUIRE((unsigned char)holder.cmdline[i] >= ' ');
		characters += (unsigned char)holder.cmdline[i] < 0x80;
	}
	REQUIRE(characters <= ZINC_CMDLINE_CHARACTERS);
	free(text.at);
}

static void check_cpulist(struct input *input)
{
	struct text text = take_text(input);
	uint32_t *numbers;
	size_t n, i;
	int err;

	err = zinc_cpulist_parse(text.at, text.length, &numbers, &n);
	REQUIRE(!err || err == -EINVAL);
	for (i = 0; !err && i < n; i++)
		REQUIRE(numbers[i] < 65536 && (!i || numbers[i - 1] < numbers[i]));
	if (!err) {
		REQUIRE(n);
		free(numbers);
	}
	free(text.at);
}

/* The result is a name that gives the same result again */
static void check_gpu(struct input *input)
{
	char gpu[128], device[ZINC_DEVICE_NAME_MAX + 1], again[sizeof(device)];
	int32_t err;

	input_text(input, gpu, sizeof(gpu));
	err = zinc_gpu_device(device, sizeof(device), gpu);
	if (err) {
		REQUIRE(!device[0]);
		return;
	}
	REQUIRE(strspn(device, "abcdefghijklmnopqrstuvwxyz0123456789._:-") ==
		strlen(device));
	REQUIRE(!zinc_gpu_device(again, sizeof(again), device));
	REQUIRE(!strcmp(device, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const checks[])(struct input *input) = {
		check_mountinfo, check_locks, check_cmdline, check_cpulist,
		check_gpu,
	};
	struct input input = { data, size };

	checks[input_u8(&input) % (sizeof(checks) / sizeof(checks[0]))](&input);
	return 0;
}
