// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region's dma-buf in many hands at once, and where memory is short.
 */
#include "dmabuf_test.h"

/* ---- all at once ---- */

static void one_round(int imp, int buf, int rdonly, unsigned int i)
{
	/*
	 * Two devices: of two mappings of the same page by one device, and in
	 * different directions, CONFIG_DMA_API_DEBUG takes one for the other.
	 */
	int first = attach_as(imp, buf, IMPORTER_WIDE, i / 2 % 2);
	int second = attach_as(imp, rdonly, IMPORTER_OTHER, 0);
	int a = map(imp, first, IMPORTER_BOTH_WAYS);
	int b = map(imp, second, IMPORTER_TO_DEVICE);
	int v = vmap(imp, buf);

	CHECK(a > 0 && b > 0 && v > 0);
	CHECK(!kernel_access(imp, buf, IMPORTER_BOTH_WAYS, 0));
	CHECK(device_puts(imp, a, 0, i));
	CHECK(!drop(imp, i % 3 ? a : b));
	/*
	 * As one that writes: CONFIG_DMA_API_DEBUG does not know which is meant of
	 * the mappings that all have by one device, unless by the direction.
	 */
	CHECK(!kernel_access(imp, buf, IMPORTER_BOTH_WAYS, 1));
	CHECK(!drop(imp, v));
	CHECK(!drop(imp, i % 3 ? b : a));
	CHECK(!drop(imp, second));
	CHECK(!drop(imp, first));
}

static void work_on(int buf, int rdonly, unsigned int rounds)
{
	int imp = open_importer();
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		one_round(imp, buf, rdonly, i);
		if (i % 8)
			continue;
		/* some end as processes that are killed */
		CHECK(attach_and_map(imp, buf, IMPORTER_WIDE) > 0);
		close(imp);
		imp = open_importer();
	}
	close(imp);
}

static void look_at(int fd, unsigned int rounds)
{
	char *text;

	while (rounds--) {
		CHECK(attachments(fd) <= 6);
		text = strdup(fdinfo(fd));
		CHECK(strstr(text, "zinc-id:"));
		free(text);
		file_text(REGIONS);
	}
}

/* Two processes attach and map while a third one looks. */
TEST_F_TIMEOUT(importer, many_at_once, SLOW)
{
	enum { ROUNDS = 200, RACERS = 3 };
	pid_t pids[RACERS];
	int i;

	for (i = 0; i < RACERS; i++) {
		pids[i] = spawn();
		if (pids[i])
			continue;
		if (i)
			work_on(self->buf, self->rdonly, ROUNDS);
		else
			look_at(self->fd, ROUNDS);
		_exit(0);
	}
	for (i = 0; i < RACERS; i++)
		EXPECT_EQ(0, reap(pids[i]));
	EXPECT_EQ(0, attachments(self->fd));
}

/* ---- want of memory ---- */

enum step { ATTACH, ATTACH_DYNAMIC, MAP, STEPS };

static int take_step(FIXTURE_PTR(importer) self, enum step step, int buf,
		     int attachment)
{
	switch (step) {
	case ATTACH:
		return attach(self->imp, buf);
	case ATTACH_DYNAMIC:
		return attach_as(self->imp, buf, IMPORTER_OTHER, 1);
	default:
		return map(self->imp, attachment, IMPORTER_BOTH_WAYS);
	}
}

TEST_F_TIMEOUT(importer, every_allocation_fails_once, SLOW)
{
	int fd, buf, attachment, object, faults;
	unsigned int nth, step;
	bool failed;

	if (!inject_faults())
		SKIP(return, "no fault injection in this kernel");
	faults = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, faults);
	for (step = 0; step < STEPS; step++) {
		failed = true;
		for (nth = 1; failed; nth++) {
			ASSERT_GT(2000, nth);
			fd = create_as(self->dev, "", 2 * SMALL,
				       ZINC_LAZY, 0, 0);
			buf = export_region(fd, 0);
			attachment = step == MAP ? attach(self->imp, buf) : 0;
			fail_at(faults, nth);
			object = take_step(self, step, buf, attachment);
			failed = has_failed(faults);
			if (object < 0) {
				EXPECT_TRUE(failed);
				EXPECT_TRUE(object == -ENOMEM ||
					    object == -EFAULT);
				EXPECT_EQ(step == MAP, attachments(fd));
				object = take_step(self, step, buf, attachment);
			}
			EXPECT_LT(0, object);
			EXPECT_EQ(0, drop(self->imp, object));
			if (attachment)
				EXPECT_EQ(0, drop(self->imp, attachment));
			EXPECT_EQ(0, attachments(fd));
			close(buf);
			close(fd);
		}
		/* it was the allocations that failed */
		EXPECT_LT(3, nth);
	}
	close(faults);
}

TEST_HARNESS_MAIN
