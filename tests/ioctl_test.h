/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the tests of the commands' arguments.
 */
#ifndef IOCTL_TEST_H
#define IOCTL_TEST_H

#include "abi.h"

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
	self->reservation = call(self->dev, ZINC_IOC_RESERVE, &(struct zinc_reserve){
		.items = (uintptr_t)&self->reserved,
		.count = 1,
	});
	ASSERT_LE(0, self->reservation);
	self->regions = query(self->dev).user_regions;
	self->fds = count_fds();
}

/* After each test: no fd and no region may be left */
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
#endif /* IOCTL_TEST_H */
