// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments of every ioctl: each field wrong alone, struct sizes, command
 * numbers, bad pointers, names, capacities, and what QUERY and LIST tell.
 */
#include "abi.h"

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
	{ "QUERY", ZINC_QUERY, DEVICE_FD, false,
	  offsetof(struct zinc_query, flags), 0,
	  offsetof(struct zinc_query, pad) },
	{ "CREATE", ZINC_CREATE, DEVICE_FD, true,
	  offsetof(struct zinc_create, flags),
	  ZINC_CREATE_LAZY | ZINC_CREATE_REPLACE,
	  offsetof(struct zinc_create, pad) },
	{ "OPEN", ZINC_OPEN, DEVICE_FD, true,
	  offsetof(struct zinc_open, flags), ZINC_OPEN_RDONLY,
	  offsetof(struct zinc_open, pad) },
	{ "UNLINK", ZINC_UNLINK, DEVICE_FD, false,
	  offsetof(struct zinc_unlink, flags), 0,
	  offsetof(struct zinc_unlink, pad) },
	{ "LIST", ZINC_LIST, DEVICE_FD, false,
	  offsetof(struct zinc_list, flags), 0,
	  offsetof(struct zinc_list, pad) },
	{ "WAIT_ANY", ZINC_WAIT_ANY, DEVICE_FD, false,
	  offsetof(struct zinc_wait_any, flags), 0,
	  offsetof(struct zinc_wait_any, pad) },
	{ "IMPORT", ZINC_IMPORT, DEVICE_FD, true,
	  offsetof(struct zinc_import, flags), ZINC_CREATE_REPLACE, NO_FIELD },
	{ "RESERVE", ZINC_RESERVE, DEVICE_FD, true,
	  offsetof(struct zinc_reserve, flags), ZINC_RESERVE_QUEUE,
	  offsetof(struct zinc_reserve, pad) },
	{ "HOLDERS", ZINC_HOLDERS, DEVICE_FD, false,
	  offsetof(struct zinc_holders, flags), 0,
	  offsetof(struct zinc_holders, pad) },
	{ "INFO", ZINC_REGION_INFO, REGION_FD, false, NO_FIELD, 0, NO_FIELD },
	{ "NOTIFY", ZINC_REGION_NOTIFY, REGION_FD, false,
	  offsetof(struct zinc_notify, flags), ZINC_NOTIFY_WAKE, NO_FIELD },
	{ "WAIT", ZINC_REGION_WAIT, REGION_FD, false,
	  offsetof(struct zinc_wait, flags),
	  ZINC_WAIT_CURSOR | ZINC_WAIT_NOTIFY | ZINC_WAIT_WAKE,
	  offsetof(struct zinc_wait, pad) },
	{ "SET_CURSOR", ZINC_REGION_SET_CURSOR, REGION_FD, false, NO_FIELD, 0,
	  offsetof(struct zinc_cursor, pad) },
	{ "REOPEN", ZINC_REGION_REOPEN, REGION_FD, true,
	  offsetof(struct zinc_reopen, flags), ZINC_OPEN_RDONLY,
	  offsetof(struct zinc_reopen, pad) },
	{ "EXPORT", ZINC_REGION_EXPORT, REGION_FD, true,
	  offsetof(struct zinc_export, flags), ZINC_EXPORT_RDONLY,
	  offsetof(struct zinc_export, pad) },
	{ "NOTIFY_FENCE", ZINC_REGION_NOTIFY_FENCE, REGION_FD, false,
	  offsetof(struct zinc_notify_fence, flags), 0, NO_FIELD },
	{ "RESERVATION_INFO", ZINC_RESERVATION_INFO, RESERVATION_FD, false,
	  NO_FIELD, 0, NO_FIELD },
};

FIXTURE(ioctl)
{
	int dev;
	int region;	/* one notify is pending on it */
	int dmabuf;	/* of the region */
	int fence;	/* that has signalled */
	int reservation;
	const char *name;
	__u64 regions;
	int fds;
	struct zinc_info entry;
	struct zinc_wait_item item;
	struct zinc_reserve_item reserved;
	struct zinc_holder holder;
};

FIXTURE_SETUP(ioctl)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	self->name = a_name("ioctl");
	self->region = create(self->dev, self->name, PAGE);
	ASSERT_GE(self->region, 0);
	ASSERT_EQ(0, notify(self->region));
	self->dmabuf = export_region(self->region, 0);
	ASSERT_LE(0, self->dmabuf);
	self->fence = idle_fence(self->dmabuf);
	ASSERT_LE(0, self->fence);
	strcpy((char *)self->reserved.device, "test:ioctl");
	self->reserved.flags = ZINC_RESERVE_SHARED;
	self->reservation = call(self->dev, ZINC_RESERVE, &(struct zinc_reserve){
		.items = (uintptr_t)&self->reserved,
		.count = 1,
	});
	ASSERT_LE(0, self->reservation);
	self->regions = query(self->dev).user_regions;
	self->fds = count_fds();
}

/* Whatever a test does: no fd and no region may be left of it */
FIXTURE_TEARDOWN(ioctl)
{
	EXPECT_EQ(self->fds, count_fds());
	EXPECT_EQ(self->regions, query(self->dev).user_regions);
	EXPECT_EQ(1, query(self->dev).user_reservations);
	close(self->reservation);
	close(self->fence);
	close(self->dmabuf);
	close(self->region);
	close(self->dev);
}

static int target(const struct command *c, FIXTURE_PTR(ioctl) self)
{
	const int fds[TARGETS] = {
		self->dev, self->region, self->reservation
	};

	return fds[c->on];
}

/* Arguments with which the command succeeds; what is only out is poisoned */
static void fill(FIXTURE_PTR(ioctl) self, unsigned long cmd, union arg *a)
{
	memset(a, 0, sizeof(*a));
	switch (cmd) {
	case ZINC_QUERY:
		memset(a, POISON, sizeof(a->query));
		a->query.flags = 0;
		a->query.pad = 0;
		break;
	case ZINC_CREATE:
		a->create = create_args(a_name("new"), PAGE);
		break;
	case ZINC_OPEN:
		a->open = open_args(self->name);
		break;
	case ZINC_UNLINK:
		set_name(a->unlink.name, self->name);
		break;
	case ZINC_LIST:
		a->list.entries = (uintptr_t)&self->entry;
		a->list.entry_size = sizeof(self->entry);
		a->list.count = 1;
		break;
	case ZINC_WAIT_ANY:
		self->item.fd = self->region;
		self->item.cursor = 0;
		a->wait_any.items = (uintptr_t)&self->item;
		a->wait_any.count = 1;
		memset(&a->wait_any.index, POISON, sizeof(a->wait_any.index));
		break;
	case ZINC_RESERVE:
		a->reserve.items = (uintptr_t)&self->reserved;
		a->reserve.count = 1;
		memset(&a->reserve.id, POISON, sizeof(a->reserve.id));
		memset(&a->reserve.state, POISON, sizeof(a->reserve.state));
		break;
	case ZINC_HOLDERS:
		a->holders.entries = (uintptr_t)&self->holder;
		a->holders.entry_size = sizeof(self->holder);
		a->holders.count = 1;
		break;
	case ZINC_RESERVATION_INFO:
		memset(a, POISON, sizeof(a->reservation_info));
		break;
	case ZINC_REGION_INFO:
		memset(a, POISON, sizeof(a->info));
		break;
	case ZINC_REGION_NOTIFY:
		memset(&a->notify.sequence, POISON, sizeof(a->notify.sequence));
		break;
	case ZINC_REGION_SET_CURSOR:
		break;
	case ZINC_REGION_WAIT:
		memset(&a->wait.cursor, POISON, sizeof(a->wait.cursor));
		break;
	case ZINC_REGION_REOPEN:
		memset(&a->reopen.id, POISON, sizeof(a->reopen.id));
		memset(&a->reopen.capacity, POISON, sizeof(a->reopen.capacity));
		break;
	case ZINC_IMPORT:
		a->import.dmabuf_fd = self->dmabuf;
		set_name(a->import.name, a_name("imported"));
		memset(&a->import.id, POISON, sizeof(a->import.id));
		memset(&a->import.capacity, POISON, sizeof(a->import.capacity));
		break;
	case ZINC_REGION_EXPORT:
		memset(&a->export.size, POISON, sizeof(a->export.size));
		break;
	case ZINC_REGION_NOTIFY_FENCE:
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
		if (c->cmd == ZINC_REGION_WAIT)
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
			if (c->cmd == ZINC_UNLINK)
				continue;
			ret = call(fd, resized(c->cmd, last + 1), big);
			EXPECT_LE(0, ret) TH_LOG("%s, %u bytes more", c->name, more[j]);
			EXPECT_TRUE(all_are(big + size, 0, more[j]));
			if (c->gives_fd)
				close(ret);
			if (c->cmd == ZINC_REGION_WAIT)
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
	EXPECT_EQ(0, call(self->dev, resized(ZINC_UNLINK, sizeof(arg)), &arg));
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
		fd = call(self->dev, resized(ZINC_CREATE, size), &c);
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
	EXPECT_EQ(-EINVAL, refused(self->dev, resized(ZINC_CREATE, 0), &c));
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
	fd = call(self->dev, resized(ZINC_OPEN, size), &o);
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
		EXPECT_EQ(0, call(self->region, resized(ZINC_REGION_INFO, size), &cut));
		EXPECT_EQ(0, memcmp(&whole, &cut, size));
		EXPECT_TRUE(all_are((char *)&cut + size, POISON, sizeof(cut) - size))
			TH_LOG("%u bytes: written past the end", size);
	}
	q = query(self->dev);
	memset(&part, POISON, sizeof(part));
	part.flags = 0;
	EXPECT_EQ(0, call(self->dev, resized(ZINC_QUERY, 16), &part));
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
	EXPECT_EQ(0, call(self->region, resized(ZINC_REGION_INFO, sizeof(arg)), &arg));
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
	known[REGION_FD][_IOC_NR(ZINC_REGION_UNLINK)] = 1;
	for (nr = 0; nr < 256; nr++) {
		unsigned long cmd = _IOC(_IOC_READ | _IOC_WRITE, ZINC_IOC_TYPE, nr, 16);

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
				  refused(fd, _IOC(dir, ZINC_IOC_TYPE, nr, size), &a))
				TH_LOG("%s, direction %u", c->name, dir);
		}
		for (type = ZINC_IOC_TYPE - 1; type <= ZINC_IOC_TYPE + 1; type += 2) {
			fill(self, c->cmd, &a);
			EXPECT_EQ(-ENOTTY,
				  refused(fd, _IOC(_IOC_DIR(c->cmd), type, nr, size), &a))
				TH_LOG("%s, type %#x", c->name, type);
		}
	}
	EXPECT_EQ(-ENOTTY, call(self->region, _IOW(ZINC_IOC_TYPE, 0x44, __u64), &a));
	EXPECT_EQ(-ENOTTY, call(self->region, _IOC(0, ZINC_IOC_TYPE, 0x44, 8), &a));
	EXPECT_EQ(-EINVAL, call(self->region, ZINC_REGION_UNLINK, &a));
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
		if (c->cmd == ZINC_CREATE)
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
	opened = refused(dev, ZINC_OPEN, &o);
	unlinked = refused(dev, ZINC_UNLINK, &u);
	return opened == unlinked ? opened : CHANGED;
}

/* The same by CREATE: 0 or -errno */
static long try_create(int dev, const __u8 *name)
{
	struct zinc_create c = create_args("", PAGE);
	long fd;

	memcpy(c.name, name, sizeof(c.name));
	fd = refused(dev, ZINC_CREATE, &c);
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
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_CREATE, &c))
			TH_LOG("capacity %#llx", bad[i]);
		c = create_args(name, bad[i]);
		c.flags = ZINC_CREATE_LAZY;
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_CREATE, &c))
			TH_LOG("capacity %#llx, lazy", bad[i]);
		EXPECT_EQ(-ENOENT, open_name(self->dev, name));
	}
}

/*
 * Nobody has so much memory: a user's limit says no before the memory is asked
 * for, but not before the range is checked.
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
		CHECK(refused(self->dev, ZINC_CREATE, &c) == -ENOSPC);
		c = create_args("", ZINC_CAPACITY_MAX + PAGE);
		CHECK(refused(self->dev, ZINC_CREATE, &c) == -EINVAL);
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
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_CREATE, &c))
			TH_LOG("lifetime %#x", bad[i]);
	}
	for (i = ZINC_LIFETIME_CREATOR; i <= ZINC_LIFETIME_PERSIST; i++) {
		c = create_args("", PAGE);
		c.lifetime = i;
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_CREATE, &c))
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
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_CREATE, &c))
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

	fd = call(self->dev, ZINC_CREATE, &c);
	ASSERT_LE(0, fd);
	EXPECT_EQ(info(fd).id, c.id);
	fd2 = call(self->dev, ZINC_OPEN, &o);
	ASSERT_LE(0, fd2);
	EXPECT_EQ(c.id, o.id);
	EXPECT_EQ(2 * PAGE, o.capacity);
	memset(&r.id, POISON, sizeof(r.id));
	memset(&r.capacity, POISON, sizeof(r.capacity));
	fd3 = call(fd2, ZINC_REGION_REOPEN, &r);
	ASSERT_LE(0, fd3);
	EXPECT_EQ(c.id, r.id);
	EXPECT_EQ(2 * PAGE, r.capacity);
	close(fd);
	close(fd2);
	close(fd3);
}

/* ---- QUERY ---- */

TEST_F(ioctl, query)
{
	struct zinc_query q, more;
	int fd;

	memset(&q, POISON, sizeof(q));
	q.flags = 0;
	q.pad = 0;
	ASSERT_EQ(0, call(self->dev, ZINC_QUERY, &q));
	EXPECT_EQ(0, q.flags);
	EXPECT_EQ(0, q.pad);
	EXPECT_EQ(ZINC_ABI_VERSION, q.abi_version);
	EXPECT_EQ(PAGE, q.page_size);
	EXPECT_TRUE(q.features & ZINC_FEATURE_REGION);
	EXPECT_TRUE(q.features & ZINC_FEATURE_WAIT_ANY);
	EXPECT_EQ(0, q.features & ~(ZINC_FEATURE_RESERVE * 2 - 1));
	EXPECT_EQ(strtoull(file_text(MODULE "/parameters/max_regions"), NULL, 0),
		  q.max_regions);
	EXPECT_EQ(strtoull(file_text(MODULE "/parameters/max_bytes"), NULL, 0),
		  q.max_bytes);

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

/* ---- LIST ---- */

static struct zinc_list list_args(void *entries, __u32 count, __u32 size)
{
	struct zinc_list l = {
		.entries = (uintptr_t)entries,
		.count = count,
		.entry_size = size,
	};

	return l;
}

TEST_F(ioctl, list_entry_tells_what_info_does)
{
	struct zinc_info i = info(self->region), entry;
	struct zinc_list l;

	/* the region of this test is the last one made */
	memset(&entry, POISON, sizeof(entry));
	l = list_args(&entry, 1, sizeof(entry));
	do {
		l.count = 1;
		ASSERT_EQ(0, call(self->dev, ZINC_LIST, &l));
	} while (l.count && entry.id != i.id);
	EXPECT_EQ(1, l.count);
	EXPECT_EQ(0, entry.cursor);
	EXPECT_EQ(0, entry.flags & (ZINC_INFO_RDONLY | ZINC_INFO_CREATOR));
	i.flags &= ~ZINC_INFO_CREATOR;
	EXPECT_EQ(0, memcmp(&i, &entry, sizeof(i)));
	l.count = 1;
	memset(&entry, POISON, sizeof(entry));
	EXPECT_EQ(0, call(self->dev, ZINC_LIST, &l));
	EXPECT_EQ(0, l.count);
	EXPECT_TRUE(all_are(&entry, POISON, sizeof(entry)));
}

TEST_F(ioctl, list_entry_size)
{
	static const __u32 bad[] = { 0, 1, 8, ZINC_INFO_SIZE_V1 - 8, ZINC_INFO_SIZE_V1 - 1 };
	__u8 long_entry[sizeof(struct zinc_info) + 64];
	struct zinc_info entry;
	struct zinc_list l;
	unsigned int i;

	EXPECT_EQ(ZINC_INFO_SIZE_V1, offsetof(struct zinc_info, attachments));
	/* an old caller's entry ends where he thinks it does */
	memset(&entry, POISON, sizeof(entry));
	l = list_args(&entry, 1, ZINC_INFO_SIZE_V1);
	EXPECT_EQ(0, call(self->dev, ZINC_LIST, &l));
	EXPECT_EQ(1, l.count);
	EXPECT_TRUE(all_are((char *)&entry + ZINC_INFO_SIZE_V1, POISON,
			    sizeof(entry) - ZINC_INFO_SIZE_V1));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		memset(&entry, POISON, sizeof(entry));
		l = list_args(&entry, 1, bad[i]);
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_LIST, &l))
			TH_LOG("%u bytes", bad[i]);
		EXPECT_TRUE(all_are(&entry, POISON, sizeof(entry)));
	}
	memset(long_entry, POISON, sizeof(long_entry));
	l = list_args(long_entry, 1, sizeof(long_entry) - 8);
	EXPECT_EQ(0, call(self->dev, ZINC_LIST, &l));
	EXPECT_EQ(1, l.count);
	EXPECT_TRUE(all_are(long_entry + sizeof(entry), 0, 56));
	EXPECT_TRUE(all_are(long_entry + sizeof(entry) + 56, POISON, 8));
}

TEST_F(ioctl, list_with_huge_numbers)
{
	struct zinc_info *entries;
	size_t size = 64 * PAGE;
	struct zinc_list l;
	long ret;

	/* a guard page behind; as many entries as fit are plenty */
	entries = mmap(NULL, size + PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, entries);
	ASSERT_EQ(0, munmap((char *)entries + size, PAGE));

	l = list_args(entries, ~0U, sizeof(*entries));
	EXPECT_EQ(0, call(self->dev, ZINC_LIST, &l));
	EXPECT_LE(1, l.count);
	EXPECT_GT(size / sizeof(*entries), l.count);

	/* whatever is made of it, nothing gets behind the buffer */
	l = list_args(entries, ~0U, ~0U);
	ret = refused(self->dev, ZINC_LIST, &l);
	EXPECT_TRUE(ret == -EFAULT || ret == -EINVAL) TH_LOG("%ld", ret);
	l = list_args(entries, 1, 1 << 30);
	ret = refused(self->dev, ZINC_LIST, &l);
	EXPECT_TRUE(ret == -EFAULT || ret == -EINVAL) TH_LOG("%ld", ret);
	munmap(entries, size);
}

TEST_F(ioctl, list_without_room)
{
	struct zinc_info entry;
	struct zinc_list l = list_args(&entry, 0, sizeof(entry));
	long ret;

	memset(&entry, POISON, sizeof(entry));
	ret = refused(self->dev, ZINC_LIST, &l);
	EXPECT_TRUE(ret == 0 || ret == -EINVAL) TH_LOG("%ld", ret);
	EXPECT_TRUE(all_are(&entry, POISON, sizeof(entry)));
	/* it must not look as if something had been listed */
	EXPECT_EQ(0, l.cursor);
}

TEST_F(ioctl, list_bad_pointers)
{
	struct zinc_info *entries;
	struct zinc_list l;
	char *page;

	l = list_args(NULL, 1, sizeof(*entries));
	EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_LIST, &l));
	l = list_args((void *)-PAGE, 1, sizeof(*entries));
	EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_LIST, &l));
	l = list_args((void *)~0UL, 1, sizeof(*entries));
	EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_LIST, &l));

	page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, page);
	l = list_args(page, 1, sizeof(*entries));
	EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_LIST, &l));
	munmap(page, PAGE);
}

TEST_F(ioctl, list_in_small_steps_is_in_order_of_id)
{
	enum { MANY = 10 };
	int fds[MANY], seen[MANY] = { 0 };
	__u64 ids[MANY], last = 0;
	struct zinc_info entries[3];
	struct zinc_list l = list_args(entries, 0, sizeof(entries[0]));
	unsigned int i, j;
	char name[32];

	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "ordered-%u", MANY - i);
		fds[i] = create(self->dev, name, PAGE);
		ASSERT_LE(0, fds[i]);
		ids[i] = info(fds[i]).id;
	}
	do {
		l.count = 3;
		ASSERT_EQ(0, call(self->dev, ZINC_LIST, &l));
		ASSERT_LE(l.count, 3);
		for (i = 0; i < l.count; i++) {
			EXPECT_GT(entries[i].id, last);
			last = entries[i].id;
			for (j = 0; j < MANY; j++)
				seen[j] += entries[i].id == ids[j];
		}
	} while (l.count);
	for (i = 0; i < MANY; i++) {
		EXPECT_EQ(1, seen[i]);
		close(fds[i]);
	}
}

TEST_F(ioctl, anonymous_and_unlinked_regions_are_not_listed)
{
	int anonymous = create(self->dev, "", PAGE);
	__u64 id = info(self->region).id;

	EXPECT_LE(0, anonymous);
	EXPECT_EQ(0, times_listed(self->dev, info(anonymous).id));
	EXPECT_EQ(1, times_listed(self->dev, id));
	EXPECT_EQ(0, call(self->region, ZINC_REGION_UNLINK, NULL));
	EXPECT_EQ(0, times_listed(self->dev, id));
	close(anonymous);
}

/* A child of the next test: regions come and go until it is killed */
static void churn(int dev)
{
	int fds[8] = { -1, -1, -1, -1, -1, -1, -1, -1 };
	unsigned int seed = getpid(), i;
	char name[32];

	for (;;) {
		i = rand_r(&seed) % ARRAY_SIZE(fds);
		if (fds[i] >= 0) {
			if (rand_r(&seed) % 2)
				call(fds[i], ZINC_REGION_UNLINK, NULL);
			close(fds[i]);
		}
		snprintf(name, sizeof(name), "passing-%d-%u", getpid(), i);
		fds[i] = create(dev, name, PAGE);
		CHECK(fds[i] >= 0);
	}
}

TEST_F(ioctl, list_is_stable_beside_changes)
{
	enum { STAYING = 20, PASSES = 300 };
	int fds[STAYING], seen[STAYING], pass;
	__u64 ids[STAYING], last;
	struct zinc_info entries[3];
	struct zinc_list l;
	unsigned int i, j, others = 0;
	char name[32];
	pid_t pid;

	pid = spawn();
	if (!pid)
		churn(self->dev);
	for (i = 0; i < STAYING; i++) {
		snprintf(name, sizeof(name), "staying-%u", i);
		fds[i] = create(self->dev, name, PAGE);
		ASSERT_LE(0, fds[i]);
		ids[i] = info(fds[i]).id;
		sleep_ms(1);	/* so that others' ids come between */
	}
	for (pass = 0; pass < PASSES; pass++) {
		memset(seen, 0, sizeof(seen));
		l = list_args(entries, 0, sizeof(entries[0]));
		last = 0;
		do {
			l.count = ARRAY_SIZE(entries);
			ASSERT_EQ(0, call(self->dev, ZINC_LIST, &l));
			for (i = 0; i < l.count; i++) {
				ASSERT_GT(entries[i].id, last);
				last = entries[i].id;
				for (j = 0; j < STAYING && entries[i].id != ids[j]; j++)
					;
				if (j < STAYING)
					seen[j]++;
				else
					others++;
			}
		} while (l.count);
		for (i = 0; i < STAYING; i++)
			ASSERT_EQ(1, seen[i]) TH_LOG("pass %d, region %u", pass, i);
	}
	EXPECT_LT(0, others);
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	for (i = 0; i < STAYING; i++)
		close(fds[i]);
}

TEST_HARNESS_MAIN
