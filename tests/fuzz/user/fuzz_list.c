// SPDX-License-Identifier: GPL-2.0-only
/*
 * A directory with entries of any name and any kind: the list has only names of
 * regions, each once, in order, with fields that can be printed.
 */
#include "harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/internal.h"
#include "cli.h"

#define ENTRIES_MAX	8

static void make_file(const char *path, struct input *input, mode_t mode)
{
	uint8_t bytes[sizeof(struct zinc_header)];
	struct zinc_header good = {
		.magic = ZINC_MAGIC,
		.version = ZINC_FORMAT,
		.capacity = 64,
	};
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	size_t i;

	if (fd < 0)
		return;
	input_take(input, bytes, sizeof(bytes));
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] ^= ((uint8_t *)&good)[i];
	REQUIRE(write(fd, bytes, sizeof(bytes)) == sizeof(bytes));
	REQUIRE(!ftruncate(fd, input_u8(input)));
	fchmod(fd, mode & 0777);
	close(fd);
}

/* Whether there is one more entry; a name that no file can have is none */
static void make_entry(struct input *input)
{
	char path[16 + 256] = "/dev/shm/";
	uint8_t kind = input_u8(input);
	char name[256];
	char *slash;

	/* half of them look like regions at first sight */
	if (kind & 0x80)
		strcat(path, "zinc_");
	input_text(input, name, sizeof(name) - (kind & 0x80 ? 5 : 0));
	while ((slash = strchr(name, '/')))
		*slash = '_';
	strcat(path, name);
	switch (kind % 8) {
	case 0:
		mkdir(path, 0700);
		break;
	case 1:
		mkfifo(path, 0600);
		break;
	case 2:
		(void)!symlink(name, path);
		break;
	case 3:
		(void)!symlink("/dev/zero", path);
		break;
	default:
		make_file(path, input, kind % 8 == 4 ? input_u8(input) : 0600);
	}
}

static void check(const struct zinc_region_info *info)
{
	struct zinc_region_info again = { .size = sizeof(again) };
	char text[USER_TEXT];

	REQUIRE(info->size == sizeof(*info));
	REQUIRE(memchr(info->name, 0, sizeof(info->name)));
	REQUIRE(zinc_name_is_valid(info->name));
	REQUIRE(info->backend == ZINC_BACKEND_SHM);
	REQUIRE(!zinc_stat(info->name, &again) && again.id == info->id);
	REQUIRE(strlen(region_state(info)) && strlen(lifetime_name(info->lifetime)));
	REQUIRE(strlen(format_age(info->created_at, text)) < AGE_TEXT);
	REQUIRE(strlen(format_time(info->created_at, text)) < TIME_TEXT);
}

static void check_all(void)
{
	struct zinc_region_info *list;
	size_t count, i;

	REQUIRE(!zinc_list(&list, &count, sizeof(*list)));
	REQUIRE(!count == !list && count <= ENTRIES_MAX);
	for (i = 0; i < count; i++) {
		check(&list[i]);
		REQUIRE(!i || strcmp(list[i - 1].name, list[i].name) < 0);
	}
	zinc_list_free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	int i;

	for (i = 0; i < ENTRIES_MAX && input.left; i++)
		make_entry(&input);
	check_all();
	empty_shm();
	return 0;
}
