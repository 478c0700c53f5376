// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two layouts of POSIX objects, and names that other libraries take: both
 * directions, with a peer that knows the bytes and asks no library.
 */
#include "lib_test.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/mman.h>

#define AT_CAPACITY	16
#define AT_REF_COUNT	24

/* ---- the peer: header at 0, data at @head ---- */

struct peer {
	uint8_t *object;
	uint8_t *data;
	size_t size;
};

static void peer_map(struct peer *peer, int fd, size_t head)
{
	peer->object = mmap(NULL, peer->size, PROT_READ | PROT_WRITE,
			    MAP_SHARED, fd, 0);
	CHECK(peer->object != MAP_FAILED);
	peer->data = peer->object + head;
	close(fd);
}

static void peer_create(struct peer *peer, const char *name, size_t head,
			uint64_t capacity)
{
	int fd = open(object(name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	uint64_t magic = MAGIC, hash = fnv1a(name);
	uint16_t version = 2;
	int32_t pid = getpid();
	uint32_t count = 1;

	CHECK(fd >= 0);
	peer->size = head + capacity;
	CHECK(!ftruncate(fd, peer->size));
	peer_map(peer, fd, head);
	memcpy(peer->object + 8, &version, 2);
	memcpy(peer->object + 16, &capacity, 8);
	memcpy(peer->object + 24, &count, 4);
	memcpy(peer->object + 28, &pid, 4);
	memcpy(peer->object + 40, &hash, 8);
	__atomic_store_n((uint64_t *)peer->object, magic, __ATOMIC_RELEASE);
}

static void peer_open(struct peer *peer, const char *name, size_t head)
{
	int fd = open(object(name), O_RDWR | O_CLOEXEC);
	struct stat st;

	CHECK(fd >= 0);
	CHECK(!fstat(fd, &st));
	peer->size = st.st_size;
	peer_map(peer, fd, head);
	CHECK(*(uint64_t *)peer->object == MAGIC);
	CHECK(*(uint64_t *)(peer->object + AT_CAPACITY) == peer->size - head);
	__atomic_fetch_add((uint32_t *)(peer->object + AT_REF_COUNT), 1,
			   __ATOMIC_ACQ_REL);
}

static void peer_notify(struct peer *peer)
{
	uint32_t *sequence = (uint32_t *)(peer->object + 12);

	__atomic_fetch_add(sequence, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, sequence, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void peer_close(struct peer *peer)
{
	__atomic_fetch_sub((uint32_t *)(peer->object + AT_REF_COUNT), 1,
			   __ATOMIC_ACQ_REL);
	munmap(peer->object, peer->size);
}

static struct zinc_region_info stat_of(const char *name)
{
	struct zinc_region_info info = { .size = sizeof(info) };

	CHECK(!zinc_stat(name, &info));
	return info;
}

static uint32_t layout_of(const char *name)
{
	return stat_of(name).flags & (ZINC_INFO_PAGE_LAYOUT | ZINC_INFO_INVALID);
}

FIXTURE(layout)
{
	const char *name;
};

FIXTURE_VARIANT(layout)
{
	bool page;
};

FIXTURE_VARIANT_ADD(layout, header) { .page = false };
FIXTURE_VARIANT_ADD(layout, page) { .page = true };

FIXTURE_SETUP(layout)
{
	self->name = named("layout");
	NEED_SHM();
}

FIXTURE_TEARDOWN(layout)
{
	unlink(object(self->name));
}

#define HEAD	(variant->page ? PAGE : HEADER)
#define FLAG	(variant->page ? ZINC_INFO_PAGE_LAYOUT : 0)

TEST_F(layout, made_by_a_peer)
{
	zinc_handle region, reader;
	struct peer peer;
	size_t length;
	void *data;
	int maps;

	if (_metadata->skip)
		return;
	peer_create(&peer, self->name, HEAD, 2 * PAGE);
	memcpy(peer.data, "first", 6);
	memcpy(peer.data + 2 * PAGE - 5, "last", 5);
	EXPECT_EQ(layout_of(self->name), FLAG);
	EXPECT_EQ(stat_of(self->name).capacity, 2 * PAGE);
	/* what the library keeps for good, it has after the first region */
	EXPECT_EQ(probe(self->name), 0);
	maps = count_maps();
	ASSERT_EQ(zinc_open(self->name, &region), 0);
	ASSERT_EQ(open_readonly(self->name, &reader), 0);
	EXPECT_EQ(zinc_capacity(region), 2 * PAGE);
	EXPECT_EQ((uintptr_t)zinc_ptr(region) % PAGE, HEAD % PAGE);
	EXPECT_STREQ((char *)zinc_ptr(region), "first");
	EXPECT_STREQ((char *)zinc_ptr(reader) + 2 * PAGE - 5, "last");
	EXPECT_EQ(info_of(region).flags & ZINC_INFO_PAGE_LAYOUT, FLAG);
	peer_notify(&peer);
	EXPECT_EQ(zinc_wait(region, PATIENCE_MS), 0);
	EXPECT_EQ(zinc_wait(reader, 0), 0);
	zinc_notify(region);
	EXPECT_EQ(*(uint32_t *)(peer.object + 12), 2);
	zinc_close(reader);
	/* the data outlive the handle, in either layout */
	ASSERT_EQ(zinc_close_keep_data(region, &data, &length), 0);
	memcpy(data, "other", 6);
	EXPECT_STREQ((char *)peer.data, "other");
	EXPECT_STREQ((char *)data + 2 * PAGE - 5, "last");
	zinc_unmap_data(data, length);
	EXPECT_EQ(count_maps(), maps);
	EXPECT_EQ(*(uint32_t *)(peer.object + AT_REF_COUNT), 1);
	peer_close(&peer);
}

TEST_F(layout, made_by_us)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = variant->page ? ZINC_PAGE_LAYOUT : 0,
	};
	zinc_handle region;
	struct peer peer;
	size_t i;

	if (_metadata->skip)
		return;
	ASSERT_EQ(zinc_create_with(self->name, 3 * PAGE, &options, &region), 0);
	EXPECT_EQ(layout_of(self->name), FLAG);
	EXPECT_EQ(info_of(region).resident, 3 * PAGE);
	memcpy(zinc_ptr(region), "ours", 5);
	peer_open(&peer, self->name, HEAD);
	EXPECT_EQ(peer.size, HEAD + 3 * PAGE);
	EXPECT_STREQ((char *)peer.data, "ours");
	for (i = HEADER; i < HEAD; i++)
		ASSERT_EQ(peer.object[i], 0);
	memcpy(peer.data + 3 * PAGE - 5, "them", 5);
	EXPECT_STREQ((char *)zinc_ptr(region) + 3 * PAGE - 5, "them");
	peer_notify(&peer);
	EXPECT_EQ(zinc_wait(region, PATIENCE_MS), 0);
	zinc_notify(region);
	EXPECT_EQ(*(uint32_t *)(peer.object + 12), 2);
	/* where the header is, by the first byte of the data */
	EXPECT_EQ(*(uint64_t *)(zinc_ptr(region) - HEAD), MAGIC);
	peer_close(&peer);
	zinc_close(region);
	EXPECT_EQ(probe(self->name), -ENOENT);
}

/* Neither of the two */
TEST(other_sizes)
{
	const char *name = named("sizes");
	const size_t heads[] = {
		0, 1, 63, 65, 128, PAGE / 2, PAGE - 1, PAGE + 1, PAGE + HEADER,
		2 * PAGE, 3 * PAGE,
	};
	const uint64_t capacities[] = { 100, PAGE / 2, PAGE + 1, PAGE + 100 };
	zinc_handle region = POISON;
	struct peer peer;
	size_t i, j;

	NEED_SHM();
	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		peer_create(&peer, name, heads[i], 4 * PAGE);
		EXPECT_EQ(zinc_open(name, &region), -EBADMSG) {
			TH_LOG("%zu bytes before the data", heads[i]);
		}
		EXPECT_EQ(region, NULL);
		EXPECT_EQ(layout_of(name), ZINC_INFO_INVALID);
		munmap(peer.object, peer.size);
		unlink(object(name));
	}
	for (i = 0; i < sizeof(capacities) / sizeof(capacities[0]); i++) {
		for (j = 0; j < 2; j++) {
			peer_create(&peer, name, j ? PAGE : HEADER,
				    capacities[i]);
			EXPECT_EQ(zinc_open(name, &region), -EBADMSG) {
				TH_LOG("capacity %llu", (long long)capacities[i]);
			}
			munmap(peer.object, peer.size);
			unlink(object(name));
		}
	}
	/* more handles than there can be: a library that miscounts */
	peer_create(&peer, name, HEADER, PAGE);
	*(uint32_t *)(peer.object + AT_REF_COUNT) = UINT32_MAX - 1;
	EXPECT_EQ(probe(name), 0);
	*(uint32_t *)(peer.object + AT_REF_COUNT) = UINT32_MAX;
	EXPECT_EQ(zinc_open(name, &region), -EBADMSG);
	munmap(peer.object, peer.size);
	unlink(object(name));
}

/* Another library takes names of 250 bytes, one more than is made here */
TEST(long_name)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	struct zinc_region_info *list;
	char name[ZINC_NAME_MAX + 3];
	zinc_handle region = POISON;
	bool found = false;
	struct peer peer;
	size_t count, i;

	NEED_SHM();
	memset(name, 'n', sizeof(name));
	memcpy(name, named("long"), strlen(named("long")));
	name[ZINC_NAME_MAX + 2] = 0;
	EXPECT_EQ(zinc_open(name, &region), -EINVAL);
	EXPECT_EQ(zinc_unlink(name), -EINVAL);
	EXPECT_EQ(zinc_stat(name, &info), -EINVAL);
	name[ZINC_NAME_MAX + 1] = 0;
	EXPECT_EQ(zinc_create(name, PAGE, &region), -EINVAL);
	EXPECT_EQ(zinc_create_or_replace(name, PAGE, &region), -EINVAL);
	EXPECT_EQ(zinc_open(name, &region), -ENOENT);
	EXPECT_EQ(zinc_unlink(name), -ENOENT);
	EXPECT_EQ(zinc_stat(name, &info), -ENOENT);
	peer_create(&peer, name, HEADER, PAGE);
	ASSERT_EQ(zinc_open(name, &region), 0);
	EXPECT_STREQ(info_of(region).name, name);
	zinc_close(region);
	ASSERT_EQ(zinc_stat(name, &info), 0);
	EXPECT_STREQ(info.name, name);
	ASSERT_EQ(zinc_list(&list, &count, sizeof(*list)), 0);
	for (i = 0; i < count; i++)
		found |= !strcmp(list[i].name, name);
	zinc_list_free(list);
	EXPECT_TRUE(found);
	EXPECT_EQ(zinc_unlink(name), 0);
	EXPECT_EQ(zinc_stat(name, &info), -ENOENT);
	peer_close(&peer);
}

/* A program that cannot be changed, and wants the other library's lifetime */
TEST(lifetime_by_environment)
{
	struct zinc_options options = { .size = sizeof(options) };
	const char *name = named("lifetime");
	zinc_handle region, other;

	setenv("ZINC_LIFETIME", "creator", 1);
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	EXPECT_EQ(info_of(region).lifetime, ZINC_LIFETIME_CREATOR);
	ASSERT_EQ(zinc_open(name, &other), 0);
	zinc_close(region);
	EXPECT_EQ(probe(name), -ENOENT);
	zinc_close(other);
	/* what a program says counts, and what it does not say is the variable's */
	options.lifetime = ZINC_LIFETIME_PERSIST;
	ASSERT_EQ(zinc_create_with(name, PAGE, &options, &region), 0);
	EXPECT_EQ(info_of(region).lifetime, ZINC_LIFETIME_PERSIST);
	zinc_close(region);
	EXPECT_EQ(zinc_unlink(name), 0);
	options.lifetime = 0;
	ASSERT_EQ(zinc_create_with(name, PAGE, &options, &region), 0);
	EXPECT_EQ(info_of(region).lifetime, ZINC_LIFETIME_CREATOR);
	zinc_close(region);

	setenv("ZINC_LIFETIME", "refs", 1);
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	EXPECT_EQ(info_of(region).lifetime, ZINC_LIFETIME_REFS);
	zinc_close(region);
	setenv("ZINC_LIFETIME", "", 1);
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	EXPECT_EQ(info_of(region).lifetime, ZINC_LIFETIME_REFS);
	zinc_close(region);
	setenv("ZINC_LIFETIME", "forever", 1);
	EXPECT_EQ(zinc_create(name, PAGE, &region), -EINVAL);
	unsetenv("ZINC_LIFETIME");
}

TEST_HARNESS_MAIN
