// SPDX-License-Identifier: GPL-2.0-only
/*
 * Positions at which the library maps a region of the kernel module: header
 * before data, besides any other mappings; and the result if there is no room.
 */
#include "lib_test.h"

#include <sys/mman.h>

/* mmap64() of the library: this program comes before the C library. */
static struct {
	bool apart;	/* the module does not map a region as a whole */
	bool no_room;	/* for mappings without a requested address */
	bool narrow;	/* an offset has 32 bits, as where off_t is a long */
	int made;	/* mappings of regions */
} fake;

/* ThreadSanitizer maps memory before it can look at anything */
__attribute__((no_sanitize_thread))
void *mmap64(void *address, size_t length, int prot, int flags, int fd,
	     off64_t offset)
{
	bool whole = offset && fd >= 0 && length > PAGE;

	if (fake.no_room && !address) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	if (fake.apart && whole) {
		errno = EINVAL;
		return MAP_FAILED;
	}
	fake.made += fd >= 0;
	if (fake.narrow)
		offset = (uint32_t)offset;
	return raw_mmap(address, length, prot, flags, fd, offset);
}

FIXTURE(map)
{
	int maps;
};

FIXTURE_SETUP(map)
{
	forget(named("map"));
	self->maps = count_maps();
}

FIXTURE_TEARDOWN(map)
{
	memset(&fake, 0, sizeof(fake));
	forget(named("map"));
}

/* The header is in its place, and the data are those of the other process */
static bool is_whole(zinc_handle region, zinc_handle other)
{
	uint8_t *data = zinc_ptr(region);
	uint64_t magic, capacity;

	memcpy(&magic, data - HEADER, sizeof(magic));
	memcpy(&capacity, data - HEADER + 16, sizeof(capacity));
	data[0] = 7;
	data[zinc_capacity(region) - 1] = 9;
	return magic == MAGIC && capacity == zinc_capacity(region) &&
	       zinc_ptr(other)[0] == 7 &&
	       zinc_ptr(other)[zinc_capacity(other) - 1] == 9;
}

/* In how many mappings a handle has it all */
static void wherever(struct __test_metadata *_metadata, int maps,
		     size_t capacity, int mappings)
{
	zinc_handle region, other;

	fake.made = 0;
	ASSERT_EQ(zinc_create(named("map"), capacity, &region), 0);
	EXPECT_EQ(fake.made, mappings);
	ASSERT_EQ(zinc_open(named("map"), &other), 0);
	EXPECT_EQ(fake.made, 2 * mappings);
	EXPECT_TRUE(is_whole(region, other));
	EXPECT_TRUE(is_whole(other, region));
	zinc_close(other);
	zinc_close(region);
	EXPECT_EQ(count_maps(), maps);
}

TEST_F(map, small_ones_in_one_mapping)
{
	NEED_KMOD();
	wherever(_metadata, self->maps, PAGE, 1);
	wherever(_metadata, self->maps, 3 * PAGE, 1);
	wherever(_metadata, self->maps, huge_page() - 2 * PAGE, 1);
	wherever(_metadata, self->maps, huge_page() - PAGE, 2);
}

/* Imported regions are so, too */
TEST_F(map, control_page_and_data_are_apart)
{
	NEED_KMOD();
	fake.apart = true;
	wherever(_metadata, self->maps, PAGE, 2);
	wherever(_metadata, self->maps, 3 * PAGE, 2);
}

TEST_F(map, large_ones_are_aligned)
{
	zinc_handle region;

	NEED_KMOD();
	wherever(_metadata, self->maps, huge_page(), 2);
	ASSERT_EQ(zinc_create(named("map"), 2 * huge_page(), &region), 0);
	EXPECT_EQ((uintptr_t)zinc_ptr(region) % huge_page(), 0);
	zinc_close(region);
}

TEST_F(map, no_room)
{
	zinc_handle region, other;
	int fds = count_fds();

	NEED_KMOD();
	fake.no_room = true;
	region = POISON;
	EXPECT_EQ(zinc_create(named("map"), PAGE, &region), -ENOMEM);
	EXPECT_EQ(region, NULL);
	EXPECT_EQ(zinc_create(named("map"), huge_page(), &region), -ENOMEM);
	fake.no_room = false;
	EXPECT_EQ(zinc_open(named("map"), &other), -ENOENT);
	ASSERT_EQ(zinc_create(named("map"), PAGE, &region), 0);
	fake.no_room = true;
	EXPECT_EQ(zinc_open(named("map"), &other), -ENOMEM);
	EXPECT_EQ(other, NULL);
	fake.no_room = false;
	zinc_close(region);
	EXPECT_EQ(count_fds(), fds);
	EXPECT_EQ(count_maps(), self->maps);
}

/* Nothing is written to a page that has been mapped in the place of another */
TEST_F(map, no_control_page)
{
	zinc_handle region, other;
	int fds = count_fds();

	NEED_KMOD();
	ASSERT_EQ(zinc_create(named("map"), PAGE, &region), 0);
	memset(zinc_ptr(region), 7, PAGE);
	fake.narrow = true;
	EXPECT_EQ(zinc_open(named("map"), &other), -EBADMSG);
	EXPECT_EQ(other, NULL);
	EXPECT_EQ(zinc_create(named("map-2"), PAGE, &other), -EBADMSG);
	EXPECT_EQ(other, NULL);
	fake.narrow = false;
	EXPECT_EQ(zinc_ptr(region)[PAGE - HEADER], 7);
	EXPECT_EQ(zinc_open(named("map-2"), &other), -ENOENT);

	/* a peer that overwrites the header prevents no open */
	zinc_ptr(region)[-HEADER] ^= 1;
	EXPECT_EQ(zinc_open(named("map"), &other), 0);
	zinc_close(other);
	zinc_close(region);
	EXPECT_EQ(count_fds(), fds);
	EXPECT_EQ(count_maps(), self->maps);
}

/* A replacement that fails for want of room leaves the old region */
TEST_F(map, no_room_replaces_nothing)
{
	zinc_handle region, other;

	NEED_KMOD();
	ASSERT_EQ(zinc_create(named("map"), PAGE, &region), 0);
	zinc_ptr(region)[0] = 42;
	fake.no_room = true;
	EXPECT_EQ(zinc_create_or_replace(named("map"), PAGE, &other), -ENOMEM);
	fake.no_room = false;
	ASSERT_EQ(zinc_open(named("map"), &other), 0);
	EXPECT_EQ(zinc_ptr(other)[0], 42);
	zinc_close(other);
	zinc_close(region);
	EXPECT_EQ(count_maps(), self->maps);
}

TEST_HARNESS_MAIN
