// SPDX-License-Identifier: GPL-2.0-only
/* Arguments of every call: names, error numbers, timeouts, options. */
#include "harness.h"

#include "core/internal.h"

static const char allowed[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void check_name(const char *name)
{
	size_t length = strlen(name);
	bool good = length && length <= ZINC_NAME_MAX &&
		    strspn(name, allowed) == length;
	struct zinc_region_info info = { .size = sizeof(info) };
	zinc_handle handle = (zinc_handle)&info;

	REQUIRE(zinc_name_is_valid(name) == good);
	REQUIRE(zinc_open(name, &handle) == (good ? -ENOENT : -EINVAL));
	REQUIRE(!handle);
	REQUIRE(zinc_stat(name, &info) == (good ? -ENOENT : -EINVAL));
	REQUIRE(zinc_unlink(name) == (good ? -ENOENT : -EINVAL));
	(void)zinc_name_hash(name);
}

static void check_error(int32_t error)
{
	const char *text = zinc_strerror(error);

	REQUIRE(text && *text);
	if (error > 0)
		REQUIRE(!strcmp(text, zinc_strerror(-error)));
}

static void check_deadline(uint32_t timeout)
{
	uint64_t before = zinc_now();
	uint64_t deadline = zinc_deadline(timeout);
	uint64_t after = zinc_now();
	uint64_t ns = timeout * (uint64_t)1000000;

	REQUIRE(after >= before);
	if (!timeout)
		REQUIRE(!deadline);
	else if (timeout == ZINC_WAIT_FOREVER)
		REQUIRE(deadline == ZINC_DEADLINE_NEVER);
	else
		REQUIRE(deadline >= before + ns && deadline <= after + ns);
}

/* As a caller of a later version has them: longer, and the rest may be set */
static void check_options(struct input *input)
{
	union {
		struct zinc_options options;
		uint8_t bytes[ZINC_STRUCT_SIZE_MAX];
	} caller;
	struct zinc_options known;
	uint32_t size;
	bool rest = false;
	size_t i;
	int err;

	input_take(input, &caller, sizeof(caller));
	size = caller.options.size;
	err = zinc_options_for_create(&known, &caller.options);
	REQUIRE(!err || err == -EINVAL);
	if (err) {
		err = zinc_options_for_open(&known, &caller.options);
		REQUIRE(!err || err == -EINVAL);
		return;
	}
	REQUIRE(size >= ZINC_OPTIONS_SIZE_V1 && size <= ZINC_STRUCT_SIZE_MAX);
	for (i = sizeof(known); i < size; i++)
		rest |= caller.bytes[i];
	REQUIRE(!rest && !known.reserved);
	REQUIRE(known.mode && !(known.mode & ~0666U));
	REQUIRE(!(known.flags & ~(ZINC_LAZY | ZINC_REPLACE)));
	REQUIRE(known.lifetime <= ZINC_LIFETIME_PERSIST);
	REQUIRE(known.backend <= ZINC_BACKEND_SHM);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	char name[512];

	check_error((int32_t)input_u32(&input));
	check_error((int8_t)input_u8(&input));
	check_deadline(input_u32(&input));
	check_deadline(input_u8(&input));
	input_text(&input, name, sizeof(name));
	check_name(name);
	check_options(&input);
	return 0;
}
