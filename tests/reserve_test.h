/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the tests of reservations.
 */
#ifndef RESERVE_TEST_H
#define RESERVE_TEST_H

#include "abi.h"

#define SHARED		ZINC_RESERVE_SHARED
#define QUEUE		ZINC_RESERVE_QUEUE
#define LIMIT		MODULE "/parameters/max_reservations"

FIXTURE(reserve)
{
	int dev;
	__u32 before;
};

FIXTURE_SETUP(reserve)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	if (!(query(self->dev).features & ZINC_FEATURE_RESERVE))
		ksft_exit_skip("this module has no reservations\n");
	self->before = query(self->dev).user_reservations;
}

/* After each test: no reservation may be left */
FIXTURE_TEARDOWN(reserve)
{
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_reservations ==
			       self->before));
	close(self->dev);
}

static inline struct zinc_reserve_item item(const char *device, __u32 flags)
{
	struct zinc_reserve_item i = { .flags = flags };

	strcpy((char *)i.device, device);
	return i;
}

static inline struct zinc_reserve reserve_args(const struct zinc_reserve_item *items,
					       __u32 count)
{
	struct zinc_reserve arg = {
		.items = (uintptr_t)items,
		.count = count,
	};

	memset(&arg.id, POISON, sizeof(arg.id));
	memset(&arg.state, POISON, sizeof(arg.state));
	return arg;
}

/* One device; a descriptor, or -errno */
static inline int reserve_as(int dev, const char *device, __u32 mode, __u32 flags,
			     __u64 deadline)
{
	struct zinc_reserve_item i = item(device, mode);
	struct zinc_reserve arg = reserve_args(&i, 1);

	arg.flags = flags;
	arg.deadline = deadline;
	return call(dev, ZINC_IOC_RESERVE, &arg);
}

static inline int try(int dev, const char *device, __u32 mode)
{
	return reserve_as(dev, device, mode, 0, 0);
}

static inline int queue(int dev, const char *device, __u32 mode)
{
	return reserve_as(dev, device, mode, QUEUE, 0);
}

/* Two devices, queued */
static inline int queue_two(int dev, const char *one, const char *other)
{
	struct zinc_reserve_item i[2] = { item(one, 0), item(other, 0) };
	struct zinc_reserve arg = reserve_args(i, 2);

	arg.flags = QUEUE;
	return call(dev, ZINC_IOC_RESERVE, &arg);
}

static inline struct zinc_reservation_info stands(int fd)
{
	struct zinc_reservation_info i;

	memset(&i, POISON, sizeof(i));
	call(fd, ZINC_IOC_RESERVATION_INFO, &i);
	return i;
}

/* By INFO and by poll(), which must agree */
static inline bool held(int fd)
{
	bool is = stands(fd).state == ZINC_RESERVATION_HELD;

	CHECK(is || stands(fd).state == ZINC_RESERVATION_WAITING);
	CHECK(events(fd) == (is ? POLLIN : 0));
	return is;
}

static inline struct zinc_holders holders_args(struct zinc_holder *to, __u32 count,
					       const char *device)
{
	struct zinc_holders h = {
		.entries = (uintptr_t)to,
		.entry_size = sizeof(*to),
		.count = count,
	};

	strcpy((char *)h.device, device);
	return h;
}

/* The reservations of a device, up to @room; their number, or -errno */
static inline int holders_of(int dev, const char *device, struct zinc_holder *to,
			     __u32 room)
{
	struct zinc_holders h = holders_args(to, room, device);
	long ret;

	memset(to, POISON, room * sizeof(*to));
	ret = call(dev, ZINC_IOC_HOLDERS, &h);
	return ret ? ret : (int)h.count;
}
#endif /* RESERVE_TEST_H */
