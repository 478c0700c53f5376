// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments of every ioctl: each field wrong alone, struct sizes, command
 * numbers, bad pointers, names, capacities, and what QUERY tells.
 */
#include "ioctl_test.h"

#include <linux/types.h>
#include <sys/stat.h>

union arg {
	struct zinc_query query;
	struct zinc_create create;
	struct zinc_open open;
	struct zinc_unlink unlink;
	struct zinc_list list;
	struct zinc_wait_any wait_any;
	struct zinc_info info;
	struct zinc_notify notify;
	struct zinc_wait wait;
	struct zinc_cursor cursor;
	struct zinc_reopen reopen;
	struct zinc_import import;
	struct zinc_export export;
	struct zinc_notify_fence notify_fence;
	struct zinc_reserve reserve;
	struct zinc_holders holders;
	struct zinc_reservation_info reservation_info;
	__u8 bytes[512];
};

#define NO_FIELD	(~0U)

enum target { DEVICE_FD, REGION_FD, RESERVATION_FD, TARGETS };

/* Where the fields are that every command has in some form */
struct command {
	const char *name;
	unsigned long cmd;
	enum target on;
	bool gives_fd;
	unsigned int flags;	/* offset of the flags */
	__u32 known;		/* flags that exist */
	unsigned int pad;	/* offset of the pad */
};

static const struct command commands[] = {
	{ "QUERY", ZINC_IOC_QUERY, DEVICE_FD, false,
	  offsetof(struct zinc_query, flags), 0,
	  offsetof(struct zinc_query, pad) },
	{ "CREATE", ZINC_IOC_CREATE, DEVICE_FD, true,
	  offsetof(struct zinc_create, flags),
	  ZINC_LAZY | ZINC_REPLACE | ZINC_CONTIGUOUS,
	  offsetof(struct zinc_create, pad) },
	{ "OPEN", ZINC_IOC_OPEN, DEVICE_FD, true,
	  offsetof(struct zinc_open, flags), ZINC_RDONLY,
	  offsetof(struct zinc_open, pad) },
	{ "UNLINK", ZINC_IOC_UNLINK, DEVICE_FD, false,
	  offsetof(struct zinc_unlink, flags), 0,
	  offsetof(struct zinc_unlink, pad) },
	{ "LIST", ZINC_IOC_LIST, DEVICE_FD, false,
	  offsetof(struct zinc_list, flags), 0,
	  offsetof(struct zinc_list, pad) },
	{ "WAIT_ANY", ZINC_IOC_WAIT_ANY, DEVICE_FD, false,
	  offsetof(struct zinc_wait_any, flags), ZINC_WAIT_GONE,
	  offsetof(struct zinc_wait_any, pad) },
	{ "IMPORT", ZINC_IOC_IMPORT, DEVICE_FD, true,
	  offsetof(struct zinc_import, flags), ZINC_REPLACE, NO_FIELD },
	{ "RESERVE", ZINC_IOC_RESERVE, DEVICE_FD, true,
	  offsetof(struct zinc_reserve, flags), ZINC_RESERVE_QUEUE,
	  offsetof(struct zinc_reserve, pad) },
	{ "HOLDERS", ZINC_IOC_HOLDERS, DEVICE_FD, false,
	  offsetof(struct zinc_holders, flags), 0,
	  offsetof(struct zinc_holders, pad) },
	{ "INFO", ZINC_IOC_REGION_INFO, REGION_FD, false, NO_FIELD, 0, NO_FIELD },
	{ "NOTIFY", ZINC_IOC_REGION_NOTIFY, REGION_FD, false,
	  offsetof(struct zinc_notify, flags), ZINC_NOTIFY_WAKE, NO_FIELD },
	{ "WAIT", ZINC_IOC_REGION_WAIT, REGION_FD, false,
	  offsetof(struct zinc_wait, flags),
	  ZINC_WAIT_CURSOR | ZINC_WAIT_NOTIFY | ZINC_WAIT_WAKE | ZINC_WAIT_GONE,
	  offsetof(struct zinc_wait, pad) },
	{ "SET_CURSOR", ZINC_IOC_REGION_SET_CURSOR, REGION_FD, false, NO_FIELD, 0,
	  offsetof(struct zinc_cursor, pad) },
	{ "REOPEN", ZINC_IOC_REGION_REOPEN, REGION_FD, true,
	  offsetof(struct zinc_reopen, flags), ZINC_RDONLY,
	  offsetof(struct zinc_reopen, pad) },
	{ "EXPORT", ZINC_IOC_REGION_EXPORT, REGION_FD, true,
	  offsetof(struct zinc_export, flags), ZINC_RDONLY,
	  offsetof(struct zinc_export, pad) },
	{ "NOTIFY_FENCE", ZINC_IOC_REGION_NOTIFY_FENCE, REGION_FD, false,
	  offsetof(struct zinc_notify_fence, flags), 0, NO_FIELD },
	{ "RESERVATION_INFO", ZINC_IOC_RESERVATION_INFO, RESERVATION_FD, false,
	  NO_FIELD, 0, NO_FIELD },
};

static int target(const struct command *c, FIXTURE_PTR(ioctl) self)
{
	const int fds[TARGETS] = {
		self->dev, self->region, self->reservation
	};

	return fds[c->on];
}

/* Arguments with which the command succeeds; output fields are poisoned */
static void fill(FIXTURE_PTR(ioctl) self, unsigned long cmd, union arg *a)
{
	memset(a, 0, sizeof(*a));
	switch (cmd) {
	case ZINC_IOC_QUERY:
		memset(a, POISON, sizeof(a->query));
		a->query.flags = 0;
		a->query.pad = 0;
		break;
	case ZINC_IOC_CREATE:
		a->create = create_args(a_name("new"), PAGE);
		break;
	case ZINC_IOC_OPEN:
		a->open = open_args(self->name);
		break;
	case ZINC_IOC_UNLINK:
		set_name(a->unlink.name, self->name);
		break;
	case ZINC_IOC_LIST:
		a->list.entries = (uintptr_t)&self->entry;
		a->list.entry_size = sizeof(self->entry);
		a->list.count = 1;
		break;
	case ZINC_IOC_WAIT_ANY:
		self->item.fd = self->region;
		self->item.cursor = 0;
		a->wait_any.items = (uintptr_t)&self->item;
		a->wait_any.count = 1;
		memset(&a->wait_any.index, POISON, sizeof(a->wait_any.index));
		break;
	case ZINC_IOC_RESERVE:
		a->reserve.items = (uintptr_t)&self->reserved;
		a->reserve.count = 1;
		memset(&a->reserve.id, POISON, sizeof(a->reserve.id));
		memset(&a->reserve.state, POISON, sizeof(a->reserve.state));
		break;
	case ZINC_IOC_HOLDERS:
		a->holders.entries = (uintptr_t)&self->holder;
		a->holders.entry_size = sizeof(self->holder);
		a->holders.count = 1;
		break;
	case ZINC_IOC_RESERVATION_INFO:
		memset(a, POISON, sizeof(a->reservation_info));
		break;
	case ZINC_IOC_REGION_INFO:
		memset(a, POISON, sizeof(a->info));
		break;
	case ZINC_IOC_REGION_NOTIFY:
		memset(&a->notify.sequence, POISON, sizeof(a->notify.sequence));
		break;
	case ZINC_IOC_REGION_SET_CURSOR:
		break;
	case ZINC_IOC_REGION_WAIT:
		memset(&a->wait.cursor, POISON, sizeof(a->wait.cursor));
		break;
	case ZINC_IOC_REGION_REOPEN:
		memset(&a->reopen.id, POISON, sizeof(a->reopen.id));
		memset(&a->reopen.capacity, POISON, sizeof(a->reopen.capacity));
		break;
	case ZINC_IOC_IMPORT:
		a->import.dmabuf_fd = self->dmabuf;
		set_name(a->import.name, a_name("imported"));
		memset(&a->import.id, POISON, sizeof(a->import.id));
		memset(&a->import.capacity, POISON, sizeof(a->import.capacity));
		break;
	case ZINC_IOC_REGION_EXPORT:
		memset(&a->export.size, POISON, sizeof(a->export.size));
		break;
	case ZINC_IOC_REGION_NOTIFY_FENCE:
		a->notify_fence.fence_fd = self->fence;
		break;
	}
}

static __u32 *field(union arg *a, unsigned int offset)
{
	return (__u32 *)(a->bytes + offset);
}

/* Else the tests below would prove nothing */
TEST_F(ioctl, the_arguments_used_here_are_right)
{
	union arg a;
	unsigned int i;
	long ret;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];

		fill(self, c->cmd, &a);
		ret = call(target(c, self), c->cmd, &a);
		EXPECT_LE(0, ret) TH_LOG("%s", c->name);
		if (c->gives_fd)
			close(ret);
		else
			EXPECT_EQ(0, ret) TH_LOG("%s", c->name);
		if (c->cmd == ZINC_IOC_REGION_WAIT)
			ASSERT_EQ(0, set_cursor(self->region, 0));
	}
}

TEST_F(ioctl, every_unknown_flag_is_refused)
{
	union arg a;
	unsigned int i, bit;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];
		int fd = target(c, self);

		if (c->flags == NO_FIELD)
			continue;
		for (bit = 0; bit < 32; bit++) {
			if (c->known & 1U << bit)
				continue;
			fill(self, c->cmd, &a);
			*field(&a, c->flags) |= 1U << bit;
			EXPECT_EQ(-EINVAL, refused(fd, c->cmd, &a))
				TH_LOG("%s, flag bit %u", c->name, bit);
		}
	}
}

TEST_F(ioctl, every_pad_bit_is_refused)
{
	union arg a;
	unsigned int i, bit;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];
		int fd = target(c, self);

		if (c->pad == NO_FIELD)
			continue;
		for (bit = 0; bit < 32; bit++) {
			fill(self, c->cmd, &a);
			*field(&a, c->pad) = 1U << bit;
			EXPECT_EQ(-EINVAL, refused(fd, c->cmd, &a))
				TH_LOG("%s, pad bit %u", c->name, bit);
		}
	}
}

static unsigned long resized(unsigned long cmd, unsigned int size)
{
	return _IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd), size);
}

TEST_F(ioctl, a_longer_struct_needs_a_zero_tail)
{
	__u8 big[8192];
	static const unsigned int more[] = { 1, 8, 64, 7000 };
	union arg a;
	unsigned int i, j, size, last;
	long ret;
	int fd;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];

		if (_IOC_DIR(c->cmd) == _IOC_READ)
			continue;
		fd = target(c, self);
		for (j = 0; j < ARRAY_SIZE(more); j++) {
			size = _IOC_SIZE(c->cmd);
			last = size + more[j] - 1;
			memset(big, 0, sizeof(big));
			fill(self, c->cmd, &a);
			memcpy(big, &a, size);
			big[last] = 1;
			EXPECT_EQ(-E2BIG, refused(fd, resized(c->cmd, last + 1), big))
				TH_LOG("%s, %u bytes more", c->name, more[j]);
			big[last] = 0;
			big[size] = 0x80;
			EXPECT_EQ(-E2BIG, refused(fd, resized(c->cmd, last + 1), big))
				TH_LOG("%s, %u bytes more", c->name, more[j]);
			big[size] = 0;
			if (c->cmd == ZINC_IOC_UNLINK)
				continue;
			ret = call(fd, resized(c->cmd, last + 1), big);
			EXPECT_LE(0, ret) TH_LOG("%s, %u bytes more", c->name, more[j]);
			EXPECT_TRUE(all_are(big + size, 0, more[j]));
			if (c->gives_fd)
				close(ret);
			if (c->cmd == ZINC_IOC_REGION_WAIT)
				ASSERT_EQ(0, set_cursor(self->region, 0));
		}
	}
}

TEST_F(ioctl, a_longer_unlink_works)
{
	struct {
		struct zinc_unlink unlink;
		__u64 more;
	} arg = { .more = 0 };

	set_name(arg.unlink.name, self->name);
	EXPECT_EQ(0, call(self->dev, resized(ZINC_IOC_UNLINK, sizeof(arg)), &arg));
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
}

TEST_F(ioctl, a_shorter_struct_lacks_zeroes)
{
	struct zinc_create c;
	unsigned int size;
	int fd;

	for (size = 8; size <= offsetof(struct zinc_create, name); size += 8) {
		memset(&c, POISON, sizeof(c));
		memset(&c, 0, size);
		c.capacity = 3 * PAGE;
		fd = call(self->dev, resized(ZINC_IOC_CREATE, size), &c);
		ASSERT_LE(0, fd) TH_LOG("%u bytes", size);
		EXPECT_EQ(3 * PAGE, info(fd).capacity);
		EXPECT_EQ(0600, info(fd).mode);
		EXPECT_EQ(ZINC_LIFETIME_REFS, info(fd).lifetime);
		EXPECT_TRUE(info(fd).flags & ZINC_INFO_ANONYMOUS);
		EXPECT_TRUE(all_are((char *)&c + size, POISON, sizeof(c) - size))
			TH_LOG("%u bytes: written past the end", size);
		close(fd);
	}
	/* without a capacity */
	EXPECT_EQ(-EINVAL, refused(self->dev, resized(ZINC_IOC_CREATE, 0), &c));
}

TEST_F(ioctl, a_shorter_name_is_a_name)
{
	struct zinc_open o = open_args("");
	int size = offsetof(struct zinc_open, name) + 16;
	int fd, region;

	region = create(self->dev, "short-name-field", PAGE);
	ASSERT_LE(0, region);
	memset(o.name, POISON, sizeof(o.name));
	memcpy(o.name, "short-name-field", 16);
	fd = call(self->dev, resized(ZINC_IOC_OPEN, size), &o);
	EXPECT_LE(0, fd);
	EXPECT_EQ(info(region).id, o.id);
	close(fd);
	close(region);
}

TEST_F(ioctl, short_output_is_cut)
{
	struct zinc_info whole = info(self->region), cut;
	struct zinc_query q, part;
	unsigned int size;

	for (size = 8; size < sizeof(cut); size += 8) {
		memset(&cut, POISON, sizeof(cut));
		EXPECT_EQ(0, call(self->region, resized(ZINC_IOC_REGION_INFO, size), &cut));
		EXPECT_EQ(0, memcmp(&whole, &cut, size));
		EXPECT_TRUE(all_are((char *)&cut + size, POISON, sizeof(cut) - size))
			TH_LOG("%u bytes: written past the end", size);
	}
	q = query(self->dev);
	memset(&part, POISON, sizeof(part));
	part.flags = 0;
	EXPECT_EQ(0, call(self->dev, resized(ZINC_IOC_QUERY, 16), &part));
	EXPECT_EQ(0, memcmp(&q, &part, 16));
	EXPECT_TRUE(all_are((char *)&part + 16, POISON, sizeof(part) - 16));
}

/* All of it is out: what the kernel does not know of comes back as zero */
TEST_F(ioctl, longer_info_is_zero_at_its_end)
{
	struct {
		struct zinc_info info;
		__u8 more[128];
	} arg;
	struct zinc_info whole = info(self->region);

	memset(&arg, 0, sizeof(arg));
	EXPECT_EQ(0, call(self->region, resized(ZINC_IOC_REGION_INFO, sizeof(arg)), &arg));
	EXPECT_EQ(0, memcmp(&whole, &arg.info, sizeof(whole)));
	EXPECT_TRUE(all_are(arg.more, 0, sizeof(arg.more)));
}

TEST_F(ioctl, unknown_commands)
{
	const int fds[TARGETS] = {
		self->dev, self->region, self->reservation
	};
	__u8 known[TARGETS][256] = { { 0 } };
	unsigned int i, nr;
	union arg a;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		known[commands[i].on][_IOC_NR(commands[i].cmd)] = 1;
	known[REGION_FD][_IOC_NR(ZINC_IOC_REGION_UNLINK)] = 1;
	for (nr = 0; nr < 256; nr++) {
		unsigned long cmd = _IOC(_IOC_READ | _IOC_WRITE, ZINC_IOCTL_TYPE, nr, 16);

		memset(&a, 0, sizeof(a));
		for (i = 0; i < TARGETS; i++) {
			if (known[i][nr])
				continue;
			EXPECT_EQ(-ENOTTY, refused(fds[i], cmd, &a))
				TH_LOG("descriptor %u, number %#x", i, nr);
		}
	}
}

TEST_F(ioctl, commands_of_another_type_or_direction)
{
	union arg a;
	unsigned int i, dir, type;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];
		int fd = target(c, self);
		int size = _IOC_SIZE(c->cmd);
		int nr = _IOC_NR(c->cmd);

		for (dir = 0; dir < 4; dir++) {
			if (dir == _IOC_DIR(c->cmd))
				continue;
			fill(self, c->cmd, &a);
			EXPECT_EQ(-ENOTTY,
				  refused(fd, _IOC(dir, ZINC_IOCTL_TYPE, nr, size), &a))
				TH_LOG("%s, direction %u", c->name, dir);
		}
		for (type = ZINC_IOCTL_TYPE - 1; type <= ZINC_IOCTL_TYPE + 1; type += 2) {
			fill(self, c->cmd, &a);
			EXPECT_EQ(-ENOTTY,
				  refused(fd, _IOC(_IOC_DIR(c->cmd), type, nr, size), &a))
				TH_LOG("%s, type %#x", c->name, type);
		}
	}
	EXPECT_EQ(-ENOTTY, call(self->region, _IOW(ZINC_IOCTL_TYPE, 0x44, __u64), &a));
	EXPECT_EQ(-ENOTTY, call(self->region, _IOC(0, ZINC_IOCTL_TYPE, 0x44, 8), &a));
	EXPECT_EQ(-EINVAL, call(self->region, ZINC_IOC_REGION_UNLINK, &a));
	EXPECT_EQ(1, times_listed(self->dev, info(self->region).id));
}

TEST_F(ioctl, bad_pointers)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i, size;
	void *split;
	union arg a;

	ASSERT_NE(MAP_FAILED, pages);
	ASSERT_EQ(0, munmap(pages + PAGE, PAGE));
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];
		int fd = target(c, self);

		size = _IOC_SIZE(c->cmd);
		EXPECT_EQ(-EFAULT, call(fd, c->cmd, NULL)) TH_LOG("%s", c->name);
		EXPECT_EQ(-EFAULT, call(fd, c->cmd, (void *)-PAGE))
			TH_LOG("%s, kernel address", c->name);
		EXPECT_EQ(-EFAULT, call(fd, c->cmd, pages + PAGE))
			TH_LOG("%s", c->name);
		/* the last 4 bytes are not there */
		fill(self, c->cmd, &a);
		split = pages + PAGE - size + 4;
		memcpy(split, &a, size - 4);
		EXPECT_EQ(-EFAULT, call(fd, c->cmd, split)) TH_LOG("%s", c->name);
	}
	munmap(pages, PAGE);
}

/* Arguments that can be read but not written: the result cannot come back */
TEST_F(ioctl, no_result_without_a_place_for_it)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct zinc_create *c_args = page;
	unsigned int i;

	ASSERT_NE(MAP_FAILED, page);
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];
		int fd = target(c, self);

		if (!(_IOC_DIR(c->cmd) & _IOC_READ))
			continue;
		fill(self, c->cmd, page);
		ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
		EXPECT_EQ(-EFAULT, call(fd, c->cmd, page)) TH_LOG("%s", c->name);
		if (c->cmd == ZINC_IOC_CREATE)
			EXPECT_EQ(-ENOENT, open_name(self->dev, (char *)c_args->name));
		ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ | PROT_WRITE));
	}
	munmap(page, PAGE);
}

/* ---- names ---- */

static bool may_be_in_name(int byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
}

/* OPEN and UNLINK of a name that is nowhere: -ENOENT if the name is right */
static long probe_name(int dev, const __u8 *name)
{
	struct zinc_open o = open_args("");
	struct zinc_unlink u = { .flags = 0 };
	long opened, unlinked;

	memcpy(o.name, name, sizeof(o.name));
	memcpy(u.name, name, sizeof(u.name));
	opened = refused(dev, ZINC_IOC_OPEN, &o);
	unlinked = refused(dev, ZINC_IOC_UNLINK, &u);
	return opened == unlinked ? opened : CHANGED;
}

/* The same by CREATE: 0 or -errno */
static long try_create(int dev, const __u8 *name)
{
	struct zinc_create c = create_args("", PAGE);
	long fd;

	memcpy(c.name, name, sizeof(c.name));
	fd = refused(dev, ZINC_IOC_CREATE, &c);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

TEST_F(ioctl, every_byte_of_a_name)
{
	__u8 name[ZINC_NAME_SIZE];
	static const int places[] = { 0, 2, 4 };
	unsigned int i;
	int byte;

	for (byte = 1; byte < 256; byte++) {
		bool good = may_be_in_name(byte);

		for (i = 0; i < ARRAY_SIZE(places); i++) {
			set_name(name, "q_Z-9");
			name[places[i]] = byte;
			EXPECT_EQ(good ? -ENOENT : -EINVAL, probe_name(self->dev, name))
				TH_LOG("byte %#x at %d", byte, places[i]);
			EXPECT_EQ(good ? 0 : -EINVAL, try_create(self->dev, name))
				TH_LOG("byte %#x at %d", byte, places[i]);
		}
	}
}

TEST_F(ioctl, length_of_a_name)
{
	__u8 name[ZINC_NAME_SIZE];
	int length;

	for (length = 1; length <= ZINC_NAME_SIZE; length++) {
		bool good = length <= ZINC_NAME_MAX;

		memset(name, 0, sizeof(name));
		memset(name, 'n', length);
		EXPECT_EQ(good ? -ENOENT : -EINVAL, probe_name(self->dev, name))
			TH_LOG("%d bytes", length);
		if (length > 2 && length < 247)
			continue;
		EXPECT_EQ(good ? 0 : -EINVAL, try_create(self->dev, name))
			TH_LOG("%d bytes", length);
	}
}

TEST_F(ioctl, nothing_may_follow_a_name)
{
	static const int places[] = { 5, 6, 128, 249, 250, 254, 255 };
	__u8 name[ZINC_NAME_SIZE];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		set_name(name, "name");
		name[places[i]] = 'x';
		EXPECT_EQ(-EINVAL, probe_name(self->dev, name))
			TH_LOG("byte %d", places[i]);
		EXPECT_EQ(-EINVAL, try_create(self->dev, name))
			TH_LOG("byte %d", places[i]);
		/* the same behind an empty name */
		memset(name, 0, sizeof(name));
		name[places[i]] = 'x';
		EXPECT_EQ(-EINVAL, probe_name(self->dev, name))
			TH_LOG("empty, byte %d", places[i]);
		EXPECT_EQ(-EINVAL, try_create(self->dev, name))
			TH_LOG("empty, byte %d", places[i]);
	}
}

TEST_F(ioctl, only_create_takes_an_empty_name)
{
	__u8 name[ZINC_NAME_SIZE] = { 0 };

	EXPECT_EQ(-EINVAL, probe_name(self->dev, name));
	EXPECT_EQ(0, try_create(self->dev, name));
}

TEST_F(ioctl, names_differ_by_case_and_last_byte)
{
	int a, b, c;

	a = create(self->dev, "Case", PAGE);
	b = create(self->dev, "case", PAGE);
	c = create(self->dev, "cas", PAGE);
	EXPECT_LE(0, a);
	EXPECT_LE(0, b);
	EXPECT_LE(0, c);
	EXPECT_NE(info(a).id, info(b).id);
	close(a);
	close(b);
	close(c);
}

/* ---- CREATE ---- */

TEST_F(ioctl, capacity_must_be_whole_pages)
{
	const __u64 bad[] = {
		0, 1, 4095, PAGE - 1, PAGE + 1, 2 * PAGE - 1,
		1ULL << 63, (1ULL << 63) - PAGE, (1ULL << 63) + PAGE,
		~0ULL, ~0ULL - PAGE + 1, ~0ULL - 2 * PAGE + 1,
		1ULL << 44, ZINC_CAPACITY_MAX + 1, ZINC_CAPACITY_MAX + PAGE,
	};
	struct zinc_create c;
	const char *name = a_name("capacity");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		c = create_args(name, bad[i]);
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_CREATE, &c))
			TH_LOG("capacity %#llx", bad[i]);
		c = create_args(name, bad[i]);
		c.flags = ZINC_LAZY;
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_CREATE, &c))
			TH_LOG("capacity %#llx, lazy", bad[i]);
		EXPECT_EQ(-ENOENT, open_name(self->dev, name));
	}
}

/*
 * No user may have that much memory: the limit refuses it before the
 * allocation, but after the check of the range.
 */
TEST_F(ioctl, the_largest_capacity_is_in_range)
{
	pid_t pid;

	if (geteuid() || !query(self->dev).max_bytes)
		SKIP(return, "needs root and a limit on bytes");
	pid = spawn();
	if (!pid) {
		struct zinc_create c = create_args("", ZINC_CAPACITY_MAX);

		CHECK(!setresuid(12345, 12345, 12345));
		CHECK(refused(self->dev, ZINC_IOC_CREATE, &c) == -ENOSPC);
		c = create_args("", ZINC_CAPACITY_MAX + PAGE);
		CHECK(refused(self->dev, ZINC_IOC_CREATE, &c) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(ioctl, lifetimes)
{
	struct zinc_create c;
	static const __u32 bad[] = { 3, 4, 0x100, 0x80000000, ~0U };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		c = create_args(a_name("lifetime"), PAGE);
		c.lifetime = bad[i];
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_CREATE, &c))
			TH_LOG("lifetime %#x", bad[i]);
	}
	for (i = ZINC_LIFETIME_CREATOR; i <= ZINC_LIFETIME_PERSIST; i++) {
		c = create_args("", PAGE);
		c.lifetime = i;
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_CREATE, &c))
			TH_LOG("anonymous, lifetime %u", i);
	}
}

TEST_F(ioctl, modes)
{
	struct zinc_create c;
	unsigned int bit, mode;
	int fd;

	for (bit = 0; bit < 32; bit++) {
		c = create_args(a_name("mode"), PAGE);
		c.mode = 0600 | 1U << bit;
		if (0666 & 1U << bit)
			continue;
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_CREATE, &c))
			TH_LOG("mode %#o", c.mode);
	}
	umask(0777);
	for (mode = 0; mode <= 0666; mode++) {
		if (mode & ~0666)
			continue;
		fd = create_as(self->dev, a_name("mode"), PAGE, 0, 0, mode);
		EXPECT_LE(0, fd);
		EXPECT_EQ(mode ? mode : 0600, info(fd).mode);
		close(fd);
	}
}

TEST_F(ioctl, what_is_out_need_not_be_zero)
{
	struct zinc_create c = create_args(a_name("out"), 2 * PAGE);
	struct zinc_open o = open_args((char *)c.name);
	struct zinc_reopen r = { .flags = 0 };
	int fd, fd2, fd3;

	fd = call(self->dev, ZINC_IOC_CREATE, &c);
	ASSERT_LE(0, fd);
	EXPECT_EQ(info(fd).id, c.id);
	fd2 = call(self->dev, ZINC_IOC_OPEN, &o);
	ASSERT_LE(0, fd2);
	EXPECT_EQ(c.id, o.id);
	EXPECT_EQ(2 * PAGE, o.capacity);
	memset(&r.id, POISON, sizeof(r.id));
	memset(&r.capacity, POISON, sizeof(r.capacity));
	fd3 = call(fd2, ZINC_IOC_REGION_REOPEN, &r);
	ASSERT_LE(0, fd3);
	EXPECT_EQ(c.id, r.id);
	EXPECT_EQ(2 * PAGE, r.capacity);
	close(fd);
	close(fd2);
	close(fd3);
}

/* ---- QUERY ---- */

/* As the kernel says in its own words; 0 without transparent huge pages */
static __u64 pmd_size(void)
{
	static const char path[] = "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size";

	return access(path, R_OK) ? 0 : strtoull(file_text(path), NULL, 0);
}

TEST_F(ioctl, query)
{
	struct zinc_query q, more;
	int fd;

	memset(&q, POISON, sizeof(q));
	q.flags = 0;
	q.pad = 0;
	ASSERT_EQ(0, call(self->dev, ZINC_IOC_QUERY, &q));
	EXPECT_EQ(0, q.flags);
	EXPECT_EQ(0, q.pad);
	EXPECT_EQ(ZINC_ABI_VERSION, q.abi_version);
	EXPECT_EQ(PAGE, q.page_size);
	EXPECT_TRUE(q.features & ZINC_FEATURE_REGION);
	EXPECT_TRUE(q.features & ZINC_FEATURE_WAIT_ANY);
	EXPECT_TRUE(q.features & ZINC_FEATURE_RELEASE);
	EXPECT_TRUE(q.features & ZINC_FEATURE_EXPORT_PART);
	EXPECT_EQ(!!q.huge_size, !!(q.features & ZINC_FEATURE_CONTIGUOUS));
	EXPECT_EQ(0, q.features & ~(ZINC_FEATURE_EXPORT_PART * 2 - 1));
	EXPECT_EQ(pmd_size(), q.huge_size);
	EXPECT_EQ(!!q.huge_size, !!(q.features & ZINC_FEATURE_HUGE));
	EXPECT_EQ(strtoull(file_text(MODULE "/parameters/max_regions"), NULL, 0),
		  q.max_regions);
	EXPECT_EQ(strtoull(file_text(MODULE "/parameters/max_bytes"), NULL, 0),
		  q.max_bytes);
	EXPECT_EQ(strtoull(file_text(MODULE "/parameters/max_pinned_bytes"),
			   NULL, 0), q.max_pinned_bytes);
	EXPECT_EQ(0, q.user_pinned_bytes);
	EXPECT_EQ(strtoul(file_text(MODULE "/parameters/max_waiters"), NULL, 0),
		  q.max_waiters);
	EXPECT_EQ(0, q.user_waiters);

	fd = create(self->dev, "", 5 * PAGE);
	ASSERT_LE(0, fd);
	more = query(self->dev);
	EXPECT_EQ(q.user_regions + 1, more.user_regions);
	EXPECT_EQ(q.user_bytes + 5 * PAGE, more.user_bytes);
	close(fd);
	more = query(self->dev);
	EXPECT_EQ(q.user_regions, more.user_regions);
	EXPECT_EQ(q.user_bytes, more.user_bytes);
}

TEST_HARNESS_MAIN
