// SPDX-License-Identifier: GPL-2.0-only
/* The library's arguments: order of checks, names, capacities, options, NULL */

#include "lib_test.h"

#include <sys/resource.h>

#include "zinc-lock.h"

TEST(version)
{
	EXPECT_EQ(zinc_version(), (2u << 16) | 1);
}

/* The declarations of a program for the library that this one replaces */
TEST(other_spelling)
{
	const char *name = named("spelling");
	ZincHandle region = NULL;
	zinc_handle same;

	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	same = region;
	EXPECT_EQ(zinc_capacity(same), PAGE);
	zinc_close(region);
}

TEST(null_handles)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	void *data = POISON;
	size_t length = 77;

	EXPECT_EQ(zinc_ptr(NULL), NULL);
	EXPECT_EQ(zinc_capacity(NULL), 0);
	EXPECT_EQ(zinc_sequence(NULL), 0);
	zinc_close(NULL);
	zinc_notify(NULL);
	EXPECT_EQ(zinc_notify_checked(NULL), -EINVAL);
	EXPECT_EQ(zinc_wait(NULL, 0), -EINVAL);
	EXPECT_EQ(zinc_wait(NULL, 1000), -EINVAL);
	EXPECT_EQ(zinc_wait(NULL, ZINC_WAIT_FOREVER), -EINVAL);
	EXPECT_EQ(zinc_wait_until(NULL, 0), -EINVAL);
	EXPECT_EQ(zinc_wait_until(NULL, ZINC_DEADLINE_NEVER), -EINVAL);
	EXPECT_EQ(zinc_try_wait(NULL), -EINVAL);
	EXPECT_EQ(zinc_notify_and_wait(NULL, NULL, 0), -EINVAL);
	EXPECT_EQ(zinc_fd(NULL), -EINVAL);
	EXPECT_EQ(zinc_info(NULL, &info), -EINVAL);
	EXPECT_EQ(zinc_close_keep_data(NULL, &data, &length), -EINVAL);
	zinc_list_free(NULL);
}

TEST(null_of_a_pair)
{
	const char *name = named("pair");
	zinc_handle region;

	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	EXPECT_EQ(zinc_notify_and_wait(region, NULL, 0), -EINVAL);
	EXPECT_EQ(zinc_sequence(region), 0) {
		TH_LOG("it notified although it could not wait");
	}
	EXPECT_EQ(zinc_notify_and_wait(NULL, region, 0), -EINVAL);
	EXPECT_EQ(zinc_info(region, NULL), -EINVAL);
	zinc_close(region);
}

TEST(null_outputs)
{
	const char *name = named("nullout");
	struct zinc_region_info *list;
	size_t count;

	/* NULL out is checked first, before any other error */
	EXPECT_EQ(zinc_create(name, PAGE, NULL), -EINVAL);
	EXPECT_EQ(zinc_create(NULL, 0, NULL), -EINVAL);
	EXPECT_EQ(zinc_create("bad/name", 1, NULL), -EINVAL);
	EXPECT_EQ(zinc_open(name, NULL), -EINVAL);
	EXPECT_EQ(zinc_open(NULL, NULL), -EINVAL);
	EXPECT_EQ(zinc_create_with(name, PAGE, NULL, NULL), -EINVAL);
	EXPECT_EQ(zinc_open_with(name, NULL, NULL), -EINVAL);
	EXPECT_EQ(zinc_create_or_replace(name, PAGE, NULL), -EINVAL);
	EXPECT_EQ(zinc_from_fd(0, NULL, NULL), -EINVAL);
	EXPECT_EQ(zinc_stat(name, NULL), -EINVAL);
	EXPECT_EQ(zinc_stat(NULL, NULL), -EINVAL);
	EXPECT_EQ(zinc_unlink(NULL), -EINVAL);
	EXPECT_EQ(zinc_list(NULL, &count, sizeof(*list)), -EINVAL);
	EXPECT_EQ(zinc_list(&list, NULL, sizeof(*list)), -EINVAL);
	EXPECT_EQ(probe(name), -ENOENT);
}

/* Every failure sets NULL, also errors that are checked last */
TEST(out_is_null_after_failure)
{
	const char *name = named("outnull");
	const char *none = named("outnone");
	zinc_handle region;
	zinc_handle out;

	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);

#define EXPECT_REFUSED(call, error) do {				\
	out = POISON;							\
	EXPECT_EQ((call), (error));					\
	EXPECT_EQ(out, NULL);						\
} while (0)
	EXPECT_REFUSED(zinc_create(NULL, PAGE, &out), -EINVAL);
	EXPECT_REFUSED(zinc_create("", PAGE, &out), -EINVAL);
	EXPECT_REFUSED(zinc_create("a.b", PAGE, &out), -EINVAL);
	EXPECT_REFUSED(zinc_create(none, 0, &out), -EINVAL);
	EXPECT_REFUSED(zinc_create(name, PAGE, &out), -EEXIST);
	/* a bad capacity is seen before a name that is taken */
	EXPECT_REFUSED(zinc_create(name, PAGE + 1, &out), -EINVAL);
	EXPECT_REFUSED(zinc_open(NULL, &out), -EINVAL);
	EXPECT_REFUSED(zinc_open("", &out), -EINVAL);
	EXPECT_REFUSED(zinc_open("a b", &out), -EINVAL);
	EXPECT_REFUSED(zinc_open(none, &out), -ENOENT);
	EXPECT_REFUSED(zinc_create_with("x y", PAGE, NULL, &out), -EINVAL);
	EXPECT_REFUSED(zinc_create_with(name, PAGE, NULL, &out), -EEXIST);
	EXPECT_REFUSED(zinc_open_with(NULL, NULL, &out), -EINVAL);
	EXPECT_REFUSED(zinc_open_with(none, NULL, &out), -ENOENT);
	EXPECT_REFUSED(zinc_create_or_replace(NULL, PAGE, &out), -EINVAL);
	EXPECT_REFUSED(zinc_create_or_replace(name, 0, &out), -EINVAL);
#undef EXPECT_REFUSED

	/* and none of it touched the region */
	EXPECT_EQ(probe(name), 0);
	EXPECT_EQ(probe(none), -ENOENT);
	zinc_close(region);
	EXPECT_EQ(probe(name), -ENOENT);
}

static bool is_allowed(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
}

/* The result of every function that takes a name; they must agree */
static int32_t verdict(const char *name)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	int32_t ret = zinc_unlink(name);
	zinc_handle out;

	if (zinc_stat(name, &info) != ret || zinc_open(name, &out) != ret ||
	    zinc_open_with(name, NULL, &out) != ret)
		return -ENOTRECOVERABLE;
	if (ret == -ENOENT)
		return ret;
	if (zinc_create(name, PAGE, &out) != ret ||
	    zinc_create_with(name, PAGE, NULL, &out) != ret ||
	    zinc_create_or_replace(name, PAGE, &out) != ret)
		return -ENOTRECOVERABLE;
	return ret;
}

/* Each byte at the beginning, in the middle and at the end of a name */
TEST(names_every_byte)
{
	char name[64];
	size_t place[3];
	int byte;
	int i;

	snprintf(name, sizeof(name), "%s", named("bytes"));
	place[0] = 0;
	place[1] = strlen(name) / 2;
	place[2] = strlen(name) - 1;
	for (byte = 1; byte < 256; byte++) {
		for (i = 0; i < 3; i++) {
			char kept = name[place[i]];
			int32_t want = is_allowed(byte) ? -ENOENT : -EINVAL;

			name[place[i]] = byte;
			EXPECT_EQ(verdict(name), want) {
				TH_LOG("byte 0x%02x, place %zu", byte,
				       place[i]);
			}
			name[place[i]] = kept;
		}
	}
}

TEST(names_that_are_bad)
{
	static const char * const bad[] = {
		"", " ", ".", "..", "/", "a/b", "/a", "a/", "../a", "a.b",
		"a b", "a\n", "\ta", "a\x7f", "\xc3\xa9", "a*", "%s", "~",
	};
	static char longer[70000];
	size_t length;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT_EQ(verdict(bad[i]), -EINVAL) {
			TH_LOG("bad name %zu", i);
		}
	/* one byte past what another library takes; see lib_layout */
	for (length = 251; length < sizeof(longer); length *= 2) {
		memset(longer, 'a', length);
		longer[length] = 0;
		EXPECT_EQ(verdict(longer), -EINVAL) {
			TH_LOG("%zu bytes", length);
		}
	}
}

/* A run that died here has left a name that no pid tells apart */
static void forget_stale(const char *name)
{
	struct zinc_region_info info = { .size = sizeof(info) };

	if (!zinc_stat(name, &info) && info.flags & ZINC_INFO_STALE)
		zinc_unlink(name);
}

/* 1 to 249 bytes make a region that is found under its whole name */
TEST(names_every_length)
{
	const char *prefix = named("");
	char name[ZINC_NAME_MAX + 1];
	zinc_handle region;
	zinc_handle other;
	int length;

	for (length = 1; length <= ZINC_NAME_MAX; length++) {
		memset(name, 'n', length);
		name[length] = 0;
		/* the short ones have no room for it */
		if (length > (int)strlen(prefix))
			memcpy(name, prefix, strlen(prefix));
		else
			forget_stale(name);
		ASSERT_EQ(zinc_create(name, PAGE, &region), 0) {
			TH_LOG("%d bytes", length);
		}
		ASSERT_EQ(zinc_open(name, &other), 0);
		ASSERT_STREQ(info_of(other).name, name);
		zinc_close(other);
		name[length - 1] = 'm';
		ASSERT_EQ(probe(name), -ENOENT) {
			TH_LOG("%d bytes: the last one is ignored", length);
		}
		zinc_close(region);
	}
}

/* Of all addresses */
#define HALF	(SIZE_MAX / 2 + 1)

TEST(capacities_that_are_bad)
{
	const uintptr_t bad[] = {
		0, 1, 63, 64, PAGE - 64, PAGE - 1, PAGE + 1, PAGE + 64,
		2 * PAGE - 1, 3 * PAGE / 2, 2 * MIB + 1,
		HALF, HALF - PAGE,
		SIZE_MAX, SIZE_MAX - 63, SIZE_MAX - 64, SIZE_MAX - PAGE + 1,
		(SIZE_MAX - PAGE + 1) - PAGE,
	};
	const char *name = named("badcap");
	zinc_handle out;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		out = POISON;
		EXPECT_EQ(zinc_create(name, bad[i], &out), -EINVAL) {
			TH_LOG("capacity %#zx", (size_t)bad[i]);
		}
		EXPECT_EQ(out, NULL);
		out = POISON;
		EXPECT_EQ(zinc_create_or_replace(name, bad[i], &out), -EINVAL);
		EXPECT_EQ(out, NULL);
	}
	EXPECT_EQ(probe(name), -ENOENT);
}

/*
 * More than there is: told so at create, not by SIGBUS later, and with nothing
 * left. A library or a module that does not see it eats up all the memory, so
 * that this is for a small /dev/shm, or a guest.
 */
TEST(capacities_beyond_memory)
{
	const uint64_t large[] = {
		(OWN_SHM_MIB + 16) * MIB,
		2ULL * PAGE * sysconf(_SC_PHYS_PAGES),
		1ULL << 44, 1ULL << 46, 1ULL << 47, 1ULL << 62,
	};
	const char *name = named("huge");
	zinc_handle out;
	int32_t ret;
	size_t i;

	if (on_kmod() ? !getenv("ZINC_VM") : !own_shm)
		SKIP(return, "could take all of this machine's memory");
	for (i = on_kmod() ? 1 : 0; i < sizeof(large) / sizeof(large[0]); i++) {
		/* a 32-bit program cannot even ask for it */
		if (large[i] > SIZE_MAX)
			continue;
		out = POISON;
		ret = zinc_create(name, large[i], &out);
		EXPECT_TRUE(ret == -ENOMEM || ret == -ENOSPC ||
			    (ret == -EINVAL && large[i] >> 43)) {
			TH_LOG("capacity %#zx: %d", (size_t)large[i], ret);
		}
		EXPECT_EQ(out, NULL);
		EXPECT_EQ(probe(name), -ENOENT);
	}
	/* its resources have been released */
	ASSERT_EQ(zinc_create(name, OWN_SHM_MIB / 2 * MIB, &out), 0);
	memset(zinc_ptr(out), 1, OWN_SHM_MIB / 2 * MIB);
	zinc_close(out);
}

TEST(capacities_that_are_good)
{
	const uintptr_t good[] = {
		PAGE, 2 * PAGE, 3 * PAGE, 2 * MIB - PAGE, 2 * MIB,
		2 * MIB + PAGE, 9 * MIB,
	};
	const char *name = named("goodcap");
	zinc_handle region;
	zinc_handle other;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ASSERT_EQ(zinc_create(name, good[i], &region), 0);
		EXPECT_EQ(zinc_capacity(region), good[i]);
		ASSERT_EQ(zinc_open(name, &other), 0);
		EXPECT_EQ(zinc_capacity(other), good[i]);
		/* to the last byte */
		zinc_ptr(region)[good[i] - 1] = 0x5a;
		EXPECT_EQ(zinc_ptr(other)[good[i] - 1], 0x5a);
		zinc_close(other);
		zinc_close(region);
	}
}

/* ---- options ---- */

#define OPTIONS(...) \
	(&(struct zinc_options){ .size = sizeof(struct zinc_options), \
				 ##__VA_ARGS__ })

static int32_t try_create(const struct zinc_options *options)
{
	zinc_handle out = POISON;
	int32_t ret = zinc_create_with(named("options"), PAGE, options, &out);

	if (ret && out)
		return -ENOTRECOVERABLE;
	zinc_close(out);
	zinc_unlink(named("options"));
	return ret;
}

static int32_t try_open(const struct zinc_options *options)
{
	zinc_handle out = POISON;
	int32_t ret = zinc_open_with(named("to-open"), options, &out);

	if (ret && out)
		return -ENOTRECOVERABLE;
	zinc_close(out);
	return ret;
}

TEST(options_create)
{
	const uint32_t flags = ZINC_LAZY | ZINC_REPLACE | ZINC_PAGE_LAYOUT;
	int bit;

	EXPECT_EQ(try_create(NULL), 0);
	EXPECT_EQ(try_create(OPTIONS()), 0);
	EXPECT_EQ(try_create(OPTIONS(.flags = ZINC_LAZY)), 0);
	EXPECT_EQ(try_create(OPTIONS(.flags = ZINC_REPLACE)), 0);
	EXPECT_EQ(try_create(OPTIONS(.flags = ZINC_PAGE_LAYOUT)), 0);
	EXPECT_EQ(try_create(OPTIONS(.flags = flags)), 0);
	for (bit = 0; bit < 32; bit++) {
		/* which not every machine has: see lib_dmabuf.c */
		if (!((flags | ZINC_CONTIGUOUS) & 1u << bit))
			EXPECT_EQ(try_create(OPTIONS(.flags = 1u << bit)),
				  -EINVAL);
	}
	EXPECT_EQ(try_create(OPTIONS(.flags = ZINC_LAZY | ZINC_CONTIGUOUS)), -EINVAL);
	for (bit = 0; bit < 32; bit++)
		EXPECT_EQ(try_create(OPTIONS(.mode = 1u << bit)),
			  (0666 & 1u << bit) ? 0 : -EINVAL) {
			TH_LOG("mode %#o", 1u << bit);
		}
	EXPECT_EQ(try_create(OPTIONS(.mode = 0666)), 0);
	EXPECT_EQ(try_create(OPTIONS(.mode = 0777)), -EINVAL);
	EXPECT_EQ(try_create(OPTIONS(.lifetime = ZINC_LIFETIME_CREATOR)), 0);
	EXPECT_EQ(try_create(OPTIONS(.lifetime = ZINC_LIFETIME_PERSIST)), 0);
	EXPECT_EQ(try_create(OPTIONS(.lifetime = 3)), -EINVAL);
	EXPECT_EQ(try_create(OPTIONS(.lifetime = ~0u)), -EINVAL);
	EXPECT_EQ(try_create(OPTIONS(.backend = 3)), -EINVAL);
	EXPECT_EQ(try_create(OPTIONS(.backend = ~0u)), -EINVAL);
	EXPECT_EQ(try_create(OPTIONS(.reserved = 1)), -EINVAL);
	EXPECT_EQ(try_create(OPTIONS(.backend = ZINC_BACKEND_SHM)), 0);
}

TEST(options_open)
{
	zinc_handle region;
	int bit;

	ASSERT_EQ(zinc_create(named("to-open"), PAGE, &region), 0);
	EXPECT_EQ(try_open(NULL), 0);
	EXPECT_EQ(try_open(OPTIONS()), 0);
	EXPECT_EQ(try_open(OPTIONS(.flags = ZINC_RDONLY)), 0);
	EXPECT_EQ(try_open(OPTIONS(.flags = ZINC_NO_DATA)), 0);
	for (bit = 0; bit < 32; bit++) {
		if (!(1u << bit & (ZINC_RDONLY | ZINC_NO_DATA)))
			EXPECT_EQ(try_open(OPTIONS(.flags = 1u << bit)),
				  -EINVAL);
	}
	EXPECT_EQ(try_open(OPTIONS(.mode = 0600)), -EINVAL);
	EXPECT_EQ(try_open(OPTIONS(.lifetime = ZINC_LIFETIME_PERSIST)), -EINVAL);
	EXPECT_EQ(try_open(OPTIONS(.backend = 3)), -EINVAL);
	EXPECT_EQ(try_open(OPTIONS(.reserved = 1)), -EINVAL);
	EXPECT_EQ(info_of(region).handles, 1);
	zinc_close(region);
}

/* Programs built with an older or a newer zinc.h */
TEST(options_size)
{
	struct {
		struct zinc_options known;
		uint64_t more[2];
	} newer = { .known.size = sizeof(newer) };
	uint32_t size;

	EXPECT_EQ(try_create(&newer.known), 0);
	newer.more[1] = 1ULL << 63;
	EXPECT_EQ(try_create(&newer.known), -EINVAL);
	/* there is none older than the first */
	for (size = 0; size < sizeof(newer.known); size++) {
		newer.known.size = size;
		EXPECT_EQ(try_create(&newer.known), -EINVAL);
		EXPECT_EQ(try_open(&newer.known), -EINVAL);
	}
	newer.known.size = UINT32_MAX;
	EXPECT_EQ(try_create(&newer.known), -EINVAL);
}

TEST(anonymous)
{
	zinc_handle region = POISON;
	int32_t ret = zinc_create_with(NULL, PAGE, NULL, &region);
	struct zinc_region_info info;

	if (!on_kmod()) {
		EXPECT_EQ(ret, -EOPNOTSUPP);
		EXPECT_EQ(region, NULL);
		return;
	}
	ASSERT_EQ(ret, 0);
	info = info_of(region);
	EXPECT_STREQ(info.name, "");
	EXPECT_EQ(info.flags & ZINC_INFO_ANONYMOUS, ZINC_INFO_ANONYMOUS);
	EXPECT_EQ(header_u64(region, 40), fnv1a(""));
	zinc_notify(region);
	EXPECT_EQ(zinc_wait(region, 0), 0);
	zinc_close(region);

	/* the nine functions know no such thing */
	region = POISON;
	EXPECT_EQ(zinc_create(NULL, PAGE, &region), -EINVAL);
	EXPECT_EQ(region, NULL);
}

/* ---- messages ---- */

TEST(error_messages)
{
	static const int32_t documented[] = {
		0, -EINVAL, -EEXIST, -ENOENT, -EPERM, -EBADMSG, -ETIMEDOUT,
		-EAGAIN, -EACCES, -EOPNOTSUPP, -EDQUOT, -ENOSPC, -ENOMEM,
		-EBADF, -ENOTTY,
	};
	const size_t count = sizeof(documented) / sizeof(documented[0]);
	const char *text;
	int32_t error;
	size_t i, j;

	for (error = -4200; error < 200; error++) {
		text = zinc_strerror(error);
		ASSERT_NE(text, NULL);
		ASSERT_GT(strlen(text), 0);
		ASSERT_EQ(text, zinc_strerror(error));
	}
	EXPECT_GT(strlen(zinc_strerror(INT32_MIN)), 0);
	EXPECT_GT(strlen(zinc_strerror(INT32_MAX)), 0);
	for (i = 0; i < count; i++) {
		for (j = 0; j < i; j++)
			EXPECT_STRNE(zinc_strerror(documented[i]),
				     zinc_strerror(documented[j]));
	}
}

/* ---- choice of the backend ---- */

TEST(backend_of_handle)
{
	const int32_t want = on_kmod() ? ZINC_BACKEND_KMOD : ZINC_BACKEND_SHM;
	char text[512] = "";
	zinc_handle region;

	EXPECT_EQ(zinc_backend(NULL), want);
	EXPECT_EQ(zinc_backend_reason(text, sizeof(text)), want);
	EXPECT_GT(strlen(text), 10);
	ASSERT_EQ(zinc_create(named("backend"), PAGE, &region), 0);
	EXPECT_EQ(zinc_backend(region), want);
	EXPECT_EQ(info_of(region).backend, want);
	zinc_close(region);
}

TEST(backend_reason_is_cut)
{
	char whole[512];
	char text[16];

	zinc_backend_reason(whole, sizeof(whole));
	memset(text, 'x', sizeof(text));
	EXPECT_GT(zinc_backend_reason(text, 8), 0);
	EXPECT_EQ(strlen(text), 7);
	EXPECT_EQ(strncmp(text, whole, 7), 0);
	EXPECT_EQ(text[8], 'x');
	EXPECT_GT(zinc_backend_reason(text, 1), 0);
	EXPECT_EQ(text[0], 0);
	EXPECT_GT(zinc_backend_reason(NULL, 0), 0);
}

TEST(backend_variable_is_bad)
{
	zinc_handle region = POISON;
	char text[512] = "";

	setenv("ZINC_BACKEND", "punched-cards", 1);
	EXPECT_EQ(zinc_backend(NULL), -EINVAL);
	EXPECT_EQ(zinc_backend_reason(text, sizeof(text)), -EINVAL);
	EXPECT_NE(strstr(text, "punched-cards"), NULL);
	EXPECT_EQ(zinc_create(named("badenv"), PAGE, &region), -EINVAL);
	EXPECT_EQ(region, NULL);
	region = POISON;
	EXPECT_EQ(zinc_open(named("badenv"), &region), -EINVAL);
	EXPECT_EQ(region, NULL);
}

TEST(backend_by_option)
{
	const char *name = named("option");
	zinc_handle shm;
	zinc_handle out;

	ASSERT_EQ(zinc_create_with(name, PAGE,
				   OPTIONS(.backend = ZINC_BACKEND_SHM), &shm),
		  0);
	EXPECT_EQ(zinc_backend(shm), ZINC_BACKEND_SHM);
	EXPECT_EQ(access(object(name), F_OK), 0);
	if (on_kmod()) {
		/* two worlds of names */
		EXPECT_EQ(zinc_open_with(name,
					 OPTIONS(.backend = ZINC_BACKEND_KMOD),
					 &out), -ENOENT);
		ASSERT_EQ(zinc_create_with(name, PAGE,
					   OPTIONS(.backend =
						   ZINC_BACKEND_KMOD),
					   &out), 0);
		EXPECT_EQ(zinc_backend(out), ZINC_BACKEND_KMOD);
		zinc_close(out);
		EXPECT_EQ(access(object(name), F_OK), 0);
	}
	ASSERT_EQ(zinc_open_with(name, OPTIONS(.backend = ZINC_BACKEND_SHM),
				 &out), 0);
	zinc_close(out);
	zinc_close(shm);
	EXPECT_NE(access(object(name), F_OK), 0);
}

TEST(backend_kmod_is_missing)
{
	zinc_handle out = POISON;

	if (!access("/dev/zinc", F_OK))
		SKIP(return, "/dev/zinc is there");
	EXPECT_LT(zinc_create_with(named("nokmod"), PAGE,
				   OPTIONS(.backend = ZINC_BACKEND_KMOD),
				   &out), 0);
	EXPECT_EQ(out, NULL);
	unsetenv("ZINC_BACKEND");
	EXPECT_EQ(zinc_backend(NULL), ZINC_BACKEND_SHM);
}

/* ---- sizes of the caller's structs ---- */

/* Sizes that no struct of at least @v1 bytes can have as an entry of an array */
static const size_t *bad_strides(size_t v1)
{
	static size_t sizes[5];

	sizes[0] = v1 - 8;
	sizes[1] = v1 + 4;
	sizes[2] = 4096 + 8;
	sizes[3] = SIZE_MAX - 7;
	sizes[4] = 0;
	return sizes;
}

/* Until the 0, which is one, too */
#define FOR_EACH_BAD(i, sizes)						\
	for (i = 0; !i || (sizes)[i - 1]; i++)

TEST(entry_size_of_list)
{
	const size_t *bad = bad_strides(336);
	struct zinc_region_info *list;
	size_t count, i;

	FOR_EACH_BAD(i, bad) {
		list = (void *)POISON;
		count = 77;
		EXPECT_EQ(zinc_list(&list, &count, bad[i]), -EINVAL);
		EXPECT_EQ(list, NULL);
		EXPECT_EQ(count, 0);
	}
}

TEST(entry_size_of_flock_holders)
{
	const size_t *bad = bad_strides(424);
	struct zinc_lock_holder *holders;
	size_t count, i;

	FOR_EACH_BAD(i, bad) {
		holders = (void *)POISON;
		count = 77;
		EXPECT_EQ(zinc_flock_holders("/", &holders, &count, bad[i]),
			  -EINVAL);
		EXPECT_EQ(holders, NULL);
		EXPECT_EQ(count, 0);
	}
	zinc_holders_free(NULL);
}

TEST(entry_size_of_flock_holders_of)
{
	const char *const paths[] = { "/", "/tmp" };
	const size_t *bad = bad_strides(424);
	struct zinc_lock_holder *holders[2];
	size_t counts[2], i;

	FOR_EACH_BAD(i, bad) {
		holders[1] = (void *)POISON;
		counts[1] = 77;
		EXPECT_EQ(zinc_flock_holders_of(paths, 2, holders, counts,
						bad[i]), -EINVAL);
		EXPECT_EQ(holders[1], NULL);
		EXPECT_EQ(counts[1], 0);
	}
}

TEST(entry_size_of_gpu_holders)
{
	const size_t *bad = bad_strides(424);
	struct zinc_lock_holder *holders;
	size_t count, i;

	FOR_EACH_BAD(i, bad) {
		holders = (void *)POISON;
		count = 77;
		EXPECT_EQ(zinc_gpu_holders("cuda:0", &holders, &count, bad[i]),
			  -EINVAL);
		EXPECT_EQ(holders, NULL);
		EXPECT_EQ(count, 0);
	}
}

TEST(entry_size_of_reservations)
{
	const size_t *bad = bad_strides(112);
	struct zinc_reservation_holder *holders;
	size_t count, i;

	FOR_EACH_BAD(i, bad) {
		holders = (void *)POISON;
		count = 77;
		EXPECT_EQ(zinc_reservations(NULL, &holders, &count, bad[i]),
			  -EINVAL);
		EXPECT_EQ(holders, NULL);
		EXPECT_EQ(count, 0);
	}
	zinc_reservations_free(NULL);
}

TEST(entry_size_of_gpus)
{
	const size_t *bad = bad_strides(64);
	struct zinc_gpu *gpus;
	size_t count, i;

	FOR_EACH_BAD(i, bad) {
		gpus = (void *)POISON;
		count = 77;
		EXPECT_EQ(zinc_gpus(&gpus, &count, bad[i]), -EINVAL);
		EXPECT_EQ(gpus, NULL);
		EXPECT_EQ(count, 0);
	}
	zinc_gpus_free(NULL);
}

TEST(entry_size_of_cpu_places)
{
	const size_t *bad = bad_strides(16);
	struct zinc_cpu_place *places;
	size_t count, i;

	FOR_EACH_BAD(i, bad) {
		places = (void *)POISON;
		count = 77;
		EXPECT_EQ(zinc_cpu_places(&places, &count, bad[i]), -EINVAL);
		EXPECT_EQ(places, NULL);
		EXPECT_EQ(count, 0);
	}
	zinc_cpu_places_free(NULL);
}

TEST(entry_size_of_reserve)
{
	const struct zinc_device_claim claim = { .device = "args:0" };
	const size_t *bad = bad_strides(16);
	char *why;
	size_t i;

	FOR_EACH_BAD(i, bad) {
		EXPECT_EQ(zinc_reserve(&claim, 1, bad[i], 0, &why), -EINVAL);
		EXPECT_NE(why, NULL);
		free(why);
	}
}

TEST(entry_size_of_reserve_queue)
{
	const struct zinc_device_claim claim = { .device = "args:0" };
	const size_t *bad = bad_strides(16);
	size_t i;

	FOR_EACH_BAD(i, bad)
		EXPECT_EQ(zinc_reserve_queue(&claim, 1, bad[i]), -EINVAL);
}

TEST(reserved_of_a_claim)
{
	const struct zinc_device_claim claim = { .device = "args:0",
						 .reserved = 1 };

	EXPECT_EQ(zinc_reserve(&claim, 1, sizeof(claim), 0, NULL), -EINVAL);
	EXPECT_EQ(zinc_reserve_queue(&claim, 1, sizeof(claim)), -EINVAL);
}

TEST(entry_size_of_holders_format)
{
	struct zinc_lock_holder holder = { .pid = 1, .cmdline = "one" };
	const size_t *bad = bad_strides(424);
	char *text;
	size_t i;

	FOR_EACH_BAD(i, bad)
		EXPECT_EQ(zinc_holders_format(&holder, 1, bad[i]), NULL);
	EXPECT_EQ(zinc_holders_format(NULL, 1, sizeof(holder)), NULL);
	text = zinc_holders_format(&holder, 1, sizeof(holder));
	EXPECT_STREQ(text, "  pid=1 cmd=one");
	free(text);
}

TEST(size_of_holder_describe)
{
	struct zinc_lock_holder holder;

	EXPECT_EQ(zinc_holder_describe(1, NULL, sizeof(holder)), -EINVAL);
	EXPECT_EQ(zinc_holder_describe(1, &holder, 0), -EINVAL);
	EXPECT_EQ(zinc_holder_describe(1, &holder, 423), -EINVAL);
	EXPECT_EQ(zinc_holder_describe(1, &holder, 4097), -EINVAL);
}

TEST(sizes_of_gpu_lock_any)
{
	struct zinc_gpu_request request = { .size = sizeof(request), .want = 1 };
	struct zinc_gpu_lock lock;
	const size_t *bad;
	struct zinc_gpu gpu;
	char *why;
	size_t i;

	bad = bad_strides(32);
	FOR_EACH_BAD(i, bad) {
		EXPECT_EQ(zinc_gpu_lock_any(&request, &lock, bad[i], &gpu,
					    sizeof(gpu), &why), -EINVAL);
		EXPECT_NE(why, NULL);
		free(why);
	}
	bad = bad_strides(64);
	FOR_EACH_BAD(i, bad)
		EXPECT_EQ(zinc_gpu_lock_any(&request, &lock, sizeof(lock), &gpu,
					    bad[i], NULL), -EINVAL);
	request.size = 19;
	EXPECT_EQ(zinc_gpu_lock_any(&request, &lock, sizeof(lock), &gpu,
				    sizeof(gpu), NULL), -EINVAL);
	request.size = 4097;
	EXPECT_EQ(zinc_gpu_lock_any(&request, &lock, sizeof(lock), &gpu,
				    sizeof(gpu), NULL), -EINVAL);
}

TEST(size_of_a_gpu_lock)
{
	static const uint32_t bad[] = { 0, 31, 4097, ~0U };
	struct zinc_gpu_lock lock;
	char *why;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		lock = (struct zinc_gpu_lock){ .size = bad[i], .held = 1,
					       .file = -1, .reservation = -1 };
		EXPECT_EQ(zinc_gpu_lock_acquire("cuda", 0, 0, 0, &lock),
			  -EINVAL);
		EXPECT_EQ(zinc_gpu_lock_acquire_device("cuda:0", 0, 0, &lock,
						       &why), -EINVAL);
		EXPECT_NE(NULL, strstr(why, "size"));
		free(why);
		/* a struct without a size has no members */
		EXPECT_EQ(zinc_gpu_lock_is_held(&lock), 0);
		zinc_gpu_lock_release(&lock);
		EXPECT_EQ(lock.held, 1);
	}
	EXPECT_EQ(zinc_gpu_lock_acquire("cuda", 0, 0, 0, NULL), -EINVAL);
	EXPECT_EQ(zinc_gpu_lock_is_held(NULL), 0);
	zinc_gpu_lock_release(NULL);
}

TEST(sizes_of_cpu_acquire)
{
	static const uint32_t bad[] = {
		0, sizeof(struct zinc_cpu_locks) - 1, 4097, ~0U,
	};
	struct zinc_cpu_request request = { .size = sizeof(request), .want = 1 };
	struct zinc_cpu_locks locks = { .size = sizeof(locks) };
	size_t i;

	request.size = sizeof(request) - 1;
	EXPECT_EQ(zinc_cpu_lock_acquire(&request, &locks, NULL), -EINVAL);
	request.size = 4097;
	EXPECT_EQ(zinc_cpu_lock_acquire(&request, &locks, NULL), -EINVAL);
	EXPECT_EQ(zinc_cpu_lock_acquire(NULL, &locks, NULL), -EINVAL);
	request.size = sizeof(request);
	EXPECT_EQ(zinc_cpu_lock_acquire(&request, NULL, NULL), -EINVAL);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		locks = (struct zinc_cpu_locks){ .size = bad[i], .count = 7 };
		EXPECT_EQ(zinc_cpu_lock_acquire(&request, &locks, NULL), -EINVAL);
		EXPECT_EQ(locks.count, 7);
		zinc_cpu_lock_release(&locks);
		EXPECT_EQ(locks.count, 7);
	}
	zinc_cpu_lock_release(NULL);
}

TEST(size_of_a_flock_request)
{
	struct zinc_flock_request request = { .path = "/tmp/zinc-args.lock" };

	request.size = sizeof(request) - 1;
	EXPECT_EQ(zinc_flock_acquire(&request, NULL), -EINVAL);
	request.size = 4097;
	EXPECT_EQ(zinc_flock_acquire(&request, NULL), -EINVAL);
	EXPECT_EQ(zinc_flock_acquire(NULL, NULL), -EINVAL);
	EXPECT_NE(access(request.path, F_OK), 0);
}

/* ---- the nine functions leave nothing half made ---- */

TEST(no_descriptors_left)
{
	const char *name = named("nofds");
	struct rlimit limit;
	struct rlimit none;
	zinc_handle out = POISON;

	ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 3;
	ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	EXPECT_EQ(zinc_create(name, PAGE, &out), -EMFILE);
	EXPECT_EQ(out, NULL);
	out = POISON;
	EXPECT_EQ(zinc_open(name, &out), -EMFILE);
	EXPECT_EQ(out, NULL);
	ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	EXPECT_EQ(probe(name), -ENOENT);
}

TEST(no_address_space_left)
{
	const char *name = named("noas");
	struct rlimit limit;
	struct rlimit tight;
	zinc_handle out = POISON;
	int fds;

	if (getenv("ZINC_EMULATOR"))
		SKIP(return, "the emulator does not limit the address space");
	/* what the library keeps for good, it has after the first look */
	ASSERT_EQ(probe(name), -ENOENT);
	fds = count_fds();
	ASSERT_EQ(getrlimit(RLIMIT_AS, &limit), 0);
	tight = limit;
	tight.rlim_cur = 32 * MIB;
	ASSERT_EQ(setrlimit(RLIMIT_AS, &tight), 0);
	EXPECT_EQ(zinc_create(name, 40 * MIB, &out), -ENOMEM);
	EXPECT_EQ(out, NULL);
	ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
	EXPECT_EQ(probe(name), -ENOENT);
	EXPECT_EQ(count_fds(), fds);
}

TEST(file_size_limit)
{
	struct rlimit small = { .rlim_cur = PAGE, .rlim_max = RLIM_INFINITY };
	const char *name = named("fsize");
	zinc_handle out = POISON;

	NEED_SHM();
	signal(SIGXFSZ, SIG_IGN);
	ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
	EXPECT_EQ(zinc_create(name, 64 * PAGE, &out), -EFBIG);
	EXPECT_EQ(out, NULL);
	EXPECT_EQ(probe(name), -ENOENT);
}

TEST_HARNESS_MAIN
