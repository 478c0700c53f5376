/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the tests of regions.
 */
#ifndef REGION_TEST_H
#define REGION_TEST_H

#include "abi.h"

#define CAPACITY	(4 * PAGE)

FIXTURE(region)
{
	int dev;
	int fd;
	const char *name;
	__u64 regions;
	__u64 bytes;
};

FIXTURE_SETUP(region)
{
	struct zinc_query q;

	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	q = query(self->dev);
	self->regions = q.user_regions;
	self->bytes = q.user_bytes;
	self->name = a_name("region");
	self->fd = create(self->dev, self->name, CAPACITY);
	ASSERT_GE(self->fd, 0);
}

/* Every test releases all its resources */
FIXTURE_TEARDOWN(region)
{
	close(self->fd);
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_regions == self->regions));
	EXPECT_EQ(self->bytes, query(self->dev).user_bytes);
	close(self->dev);
}
#endif /* REGION_TEST_H */
