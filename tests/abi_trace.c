// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints: each event is there, with the values of the call that made it,
 * and a notify that needs no system call leaves none.
 */
#include "abi.h"

#define TRACING	"/sys/kernel/tracing"
#define EVENTS	TRACING "/events/zinc"

FIXTURE(trace)
{
	int dev;
	int fd;
	__u64 id;
	const char *name;
};

static void __attribute__((constructor(1001))) need_tracing(void)
{
	if (access(EVENTS "/enable", W_OK))
		skip_all("no " EVENTS ": needs root and tracefs");
}

/* Whether the trace has this line, wherever in it @format begins */
static bool __attribute__((format(printf, 1, 2)))
traced(const char *format, ...)
{
	static char buffer[1 << 20];
	char line[512];
	ssize_t n, have = 0;
	va_list args;
	int fd;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fd = open(TRACING "/trace", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while ((n = read(fd, buffer + have, sizeof(buffer) - 1 - have)) > 0)
		have += n;
	close(fd);
	buffer[have] = '\0';
	return strstr(buffer, line);
}

static void forget(void)
{
	/* opening it with O_TRUNC is what empties it */
	close(open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC));
}

FIXTURE_SETUP(trace)
{
	ASSERT_EQ(0, write_text(EVENTS "/enable", "1"));
	forget();
	self->dev = open_device();
	self->name = a_name("traced");
	self->fd = create(self->dev, self->name, 2 * PAGE);
	ASSERT_LE(0, self->fd);
	self->id = info(self->fd).id;
}

FIXTURE_TEARDOWN(trace)
{
	write_text(EVENTS "/enable", "0");
	forget();
	close(self->fd);
	close(self->dev);
}

TEST_F(trace, create)
{
	EXPECT_TRUE(traced("zinc_create: id=%llu name=%s capacity=%zu lifetime=0 mode=0600\n",
			   self->id, self->name, 2 * PAGE));
}

TEST_F(trace, create_that_fails_leaves_none)
{
	forget();
	EXPECT_EQ(-EEXIST, create(self->dev, self->name, PAGE));
	EXPECT_FALSE(traced("zinc_create:"));
}

TEST_F(trace, open_and_release)
{
	int fd = open_as(self->dev, self->name, ZINC_RDONLY);

	ASSERT_LE(0, fd);
	EXPECT_TRUE(traced("zinc_open: id=%llu rdonly=1\n", self->id));
	EXPECT_FALSE(traced("zinc_release:"));
	close(fd);
	EXPECT_TRUE(traced("zinc_release: id=%llu creator=0\n", self->id));
}

TEST_F(trace, notify)
{
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_TRUE(traced("zinc_notify: id=%llu sequence=1\n", self->id));
}

TEST_F(trace, notify_without_a_call_leaves_none)
{
	struct zinc_header *h = map_header(self->fd, PROT_READ | PROT_WRITE);

	ASSERT_NE(NULL, h);
	notify_free(self->fd, h);
	EXPECT_EQ(1, info(self->fd).sequence);
	EXPECT_FALSE(traced("zinc_notify:"));
	unmap_header(h);
}

TEST_F(trace, wait)
{
	EXPECT_EQ(-ETIMEDOUT, wait_until(self->fd, 0));
	EXPECT_TRUE(traced("zinc_wait_begin: id=%llu cursor=0 sequence=0\n",
			   self->id));
	EXPECT_TRUE(traced("zinc_wait_end: id=%llu sequence=0 err=%d\n",
			   self->id, -ETIMEDOUT));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, wait_until(self->fd, 0));
	EXPECT_TRUE(traced("zinc_wait_end: id=%llu sequence=1 err=0\n",
			   self->id));
}

TEST_F(trace, unlink)
{
	EXPECT_EQ(0, unlink_name(self->dev, self->name));
	EXPECT_TRUE(traced("zinc_unlink: id=%llu\n", self->id));
}

TEST_F(trace, reservations)
{
	struct zinc_reserve_item item = { .device = "traced:0" };
	struct zinc_reserve first = { .items = (uintptr_t)&item, .count = 1 };
	struct zinc_reserve next = first;
	int one = call(self->dev, ZINC_IOC_RESERVE, &first), other;

	ASSERT_LE(0, one);
	EXPECT_TRUE(traced("zinc_reserve: id=%llu count=1 first=traced:0\n",
			   first.id));
	EXPECT_TRUE(traced("zinc_grant: id=%llu\n", first.id));
	next.flags = ZINC_RESERVE_QUEUE;
	other = call(self->dev, ZINC_IOC_RESERVE, &next);
	ASSERT_LE(0, other);
	EXPECT_TRUE(traced("zinc_reserve: id=%llu ", next.id));
	EXPECT_FALSE(traced("zinc_grant: id=%llu\n", next.id));
	close(one);
	EXPECT_TRUE(traced("zinc_unreserve: id=%llu held=1\n", first.id));
	EXPECT_TRUE(traced("zinc_grant: id=%llu\n", next.id));
	close(other);
}

TEST_HARNESS_MAIN
