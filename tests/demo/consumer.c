// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes frames from the region and checks each in place, until the producer
 * is gone (or, where nothing tells of that, until SIGTERM).
 *
 * usage: consumer NAME RESULT [PNG]
 *
 * With the kernel module it waits by epoll, else by zinc_wait(). RESULT gets
 * a line of figures, PNG the last frame, straight from the mapping.
 */

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <zlib.h>

#include "picture.h"
#include "stream.h"
#include "zinc.h"

#define MAX_SAMPLES	100000
#define LOOK_MS		250
#define OPEN_SECONDS	60

struct tally {
	uint64_t last;		/* newest frame heard of */
	uint64_t good;		/* newest frame that was right */
	uint64_t right;
	uint64_t missed;	/* never looked at, or overtaken */
	uint64_t wrong;
	size_t samples;
	uint64_t latency[MAX_SAMPLES];
};

static struct tally tally;
static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

enum verdict { RIGHT, WRONG, OVERTAKEN };

static enum verdict check(struct stream *stream, uint64_t frame,
			  uint64_t *stamp)
{
	struct stream_slot *slot = &stream->slot[frame % STREAM_SLOTS];
	uint32_t want;
	uint32_t have;

	if (atomic_load_explicit(&slot->end, memory_order_acquire) != frame)
		return OVERTAKEN;
	want = slot->crc;
	*stamp = slot->notified_ns;
	have = crc32(crc32(0, NULL, 0), stream_pixels(stream, frame),
		     STREAM_FRAME);
	/* all of the above was read before @begin is looked at */
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&slot->begin, memory_order_relaxed) != frame)
		return OVERTAKEN;
	return have == want ? RIGHT : WRONG;
}

static void take(struct stream *stream, uint64_t seen_ns)
{
	uint64_t frame = atomic_load_explicit(&stream->latest,
					      memory_order_acquire);
	uint64_t stamp = 0;

	if (frame == tally.last)
		return;
	tally.missed += frame - tally.last - 1;
	tally.last = frame;
	switch (check(stream, frame, &stamp)) {
	case OVERTAKEN:
		tally.missed++;
		return;
	case WRONG:
		tally.wrong++;
		warnx("frame %" PRIu64 " is not what the producer drew", frame);
		return;
	case RIGHT:
		break;
	}
	tally.right++;
	tally.good = frame;
	/* a frame that came while the one before was checked waited for us */
	if (tally.samples < MAX_SAMPLES)
		tally.latency[tally.samples++] =
			seen_ns > stamp ? seen_ns - stamp : 0;
}

static zinc_handle open_region(const char *name)
{
	zinc_handle region;
	int tries;
	int ret;

	for (tries = 0; tries < OPEN_SECONDS * 20; tries++) {
		ret = zinc_open(name, &region);
		if (!ret)
			return region;
		/* not there yet, or on POSIX shared memory half made */
		if (ret != -ENOENT && ret != -EBADMSG)
			break;
		usleep(50000);
	}
	errx(1, "cannot open region %s: %s", name, zinc_strerror(ret));
}

/* The descriptor to wait with: an epoll, or -1 for zinc_wait() */
static int open_epoll(zinc_handle region)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP };
	int fd = zinc_fd(region);
	int epoll;

	if (fd == -EOPNOTSUPP)
		return -1;
	if (fd < 0)
		errx(1, "zinc_fd: %s", zinc_strerror(fd));
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		err(1, "epoll");
	return epoll;
}

/* Wait for a notify; false when the producer is gone */
static bool await(zinc_handle region, int epoll, bool *notified)
{
	struct epoll_event event = { 0 };

	*notified = false;
	if (epoll < 0) {
		*notified = !zinc_wait(region, LOOK_MS);
		return true;
	}
	if (epoll_wait(epoll, &event, 1, LOOK_MS) < 0 && errno != EINTR)
		err(1, "epoll_wait");
	if (event.events & EPOLLIN)
		*notified = !zinc_try_wait(region);
	return *notified || !(event.events & EPOLLRDHUP);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double percentile_us(double part)
{
	if (!tally.samples)
		return 0;
	return tally.latency[(size_t)(part * (tally.samples - 1))] / 1e3;
}

static void report(const char *path, int epoll, uint64_t produced)
{
	FILE *file = fopen(path, "w");

	if (!file)
		err(1, "cannot write %s", path);
	/* the last frames, whose notifies did not wake this process */
	tally.missed += produced - tally.last;
	qsort(tally.latency, tally.samples, sizeof(tally.latency[0]), compare);
	fprintf(file, "C,%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
		epoll < 0 ? "zinc_wait" : "epoll", produced, tally.right,
		tally.missed, tally.wrong);
	fprintf(file, " %.0f %.0f %.0f %.0f\n", percentile_us(0.5),
		percentile_us(0.9), percentile_us(0.99), percentile_us(1));
	if (fclose(file))
		err(1, "cannot write %s", path);
}

static void save(struct stream *stream, const char *path)
{
	uint64_t stamp;
	int ret;

	if (!tally.good)
		errx(1, "no frame to save");
	ret = picture_save(path, stream_pixels(stream, tally.good),
			   STREAM_WIDTH, STREAM_HEIGHT, STREAM_STRIDE);
	if (ret)
		errx(1, "cannot write %s: %s", path, zinc_strerror(ret));
	/* it must stay equal to the checked frame */
	if (check(stream, tally.good, &stamp) != RIGHT)
		errx(1, "frame %" PRIu64 " changed while it was saved",
		     tally.good);
	printf("frame %" PRIu64 "\n", tally.good);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_term };
	struct stream *stream;
	zinc_handle region;
	bool notified;
	int epoll;

	if (argc < 3 || argc > 4)
		errx(2, "usage: consumer NAME RESULT [PNG]");
	sigaction(SIGTERM, &action, NULL);

	region = open_region(argv[1]);
	if (zinc_capacity(region) < STREAM_BYTES)
		errx(1, "region %s is not a stream", argv[1]);
	stream = (struct stream *)zinc_ptr(region);
	printf("data %p\n", (void *)stream);
	fflush(stdout);
	epoll = open_epoll(region);

	while (!stop && await(region, epoll, &notified)) {
		if (notified && atomic_load(&stream->magic) == STREAM_MAGIC)
			take(stream, stream_now());
	}

	if (argc > 3)
		save(stream, argv[3]);
	report(argv[2], epoll, atomic_load(&stream->latest));
	zinc_close(region);
	return tally.wrong ? 1 : 0;
}
