// SPDX-License-Identifier: GPL-2.0-only
/*
 * A POSIX object of any bytes and any length, and everything that may be done
 * with its name. An input is what differs from a good object: no bytes at all
 * are a good one.
 */
#include "harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/internal.h"

#define NAME	"fuzz"
#define PATH	"/dev/shm/zinc_" NAME
#define DATA	8192

/* How the length differs from header and data */
static off_t length(struct input *input)
{
	uint8_t kind = input_u8(input);
	off_t size = sizeof(struct zinc_header) + DATA;

	switch (kind % 4) {
	case 0:
		return size;
	case 1:
		return input_u8(input);
	case 2:
		return input_u32(input) % (2 * (uint32_t)size);
	}
	/* sparse, and up to what a file can be */
	return (off_t)(((uint64_t)input_u32(input) << 32) & INT64_MAX);
}

static void make_object(struct input *input)
{
	struct zinc_header header = {
		.magic = ZINC_MAGIC,
		.version = ZINC_FORMAT,
		.capacity = DATA,
		.ref_count = 1,
		.owner_pid = getpid(),
		.created_at = 1,
		.name_hash = zinc_name_hash(NAME),
	};
	uint8_t *bytes = (uint8_t *)&header;
	uint8_t change[sizeof(header)];
	off_t size = length(input);
	int fd = open(PATH, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t i;

	REQUIRE(fd >= 0);
	input_take(input, change, sizeof(change));
	for (i = 0; i < sizeof(header); i++)
		bytes[i] ^= change[i];
	REQUIRE(write(fd, &header, sizeof(header)) == sizeof(header));
	/* a length that no file has leaves the header alone there */
	(void)!ftruncate(fd, size);
	close(fd);
}

static off_t size_now(void)
{
	struct stat st;

	REQUIRE(!stat(PATH, &st));
	return st.st_size;
}

/* An open handle promises that its bytes are there */
static void use(zinc_handle handle, bool readonly)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	volatile uint8_t *data = zinc_ptr(handle);
	uintptr_t capacity = zinc_capacity(handle);
	int32_t err;

	REQUIRE(capacity);
	REQUIRE(capacity <= (uint64_t)size_now() - ZINC_HEADER_SIZE);
	(void)data[0];
	(void)data[capacity - 1];
	REQUIRE(!zinc_info(handle, &info));
	REQUIRE(info.capacity == capacity && !(info.flags & ZINC_INFO_INVALID));
	REQUIRE(!info.name[sizeof(info.name) - 1] && !strcmp(info.name, NAME));
	err = zinc_notify_checked(handle);
	REQUIRE(err == (readonly ? -EBADF : 0));
	err = zinc_try_wait(handle);
	REQUIRE(!err || err == -EAGAIN);
	REQUIRE(zinc_try_wait(handle) == -EAGAIN);
}

static int32_t try_open(bool readonly)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = readonly ? ZINC_RDONLY : 0,
	};
	zinc_handle handle = (zinc_handle)&options;
	int32_t err = zinc_open_with(NAME, &options, &handle);

	if (err) {
		REQUIRE(!handle);
		return err;
	}
	use(handle, readonly);
	zinc_close(handle);
	return 0;
}

/* Name and list say the same, and that it is bad where it cannot be opened */
static bool is_valid(void)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	struct zinc_region_info *list;
	size_t count;
	bool valid;

	REQUIRE(!zinc_stat(NAME, &info));
	valid = !(info.flags & ZINC_INFO_INVALID);
	REQUIRE(!strcmp(info.name, NAME) && info.id && info.uid == geteuid());
	REQUIRE(!valid || info.capacity + ZINC_HEADER_SIZE <= (uint64_t)size_now());
	REQUIRE(!zinc_list(&list, &count, sizeof(*list)));
	REQUIRE(count == 1 && list->id == info.id);
	REQUIRE(valid == !(list->flags & ZINC_INFO_INVALID));
	zinc_list_free(list);
	return valid;
}

static void create(uint8_t how)
{
	zinc_handle handle;
	int32_t err;

	if (how & 1)
		err = zinc_create(NAME, 4096, &handle);
	else
		err = zinc_create_or_replace(NAME, 4096, &handle);
	REQUIRE(!err || (how & 1 && err == -EEXIST));
	if (err) {
		REQUIRE(!zinc_unlink(NAME));
		return;
	}
	REQUIRE(zinc_capacity(handle) == 4096 && is_valid());
	zinc_close(handle);
	REQUIRE(access(PATH, F_OK));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	uint8_t how = input_u8(&input);
	bool valid;
	int32_t err;

	make_object(&input);
	valid = is_valid();
	err = try_open(how & 2);
	if (valid)
		REQUIRE(!err || err == -ENOENT || err == -ENOMEM);
	else
		REQUIRE(err == -EBADMSG);
	if (!access(PATH, F_OK))
		create(how);
	empty_shm();
	return 0;
}
