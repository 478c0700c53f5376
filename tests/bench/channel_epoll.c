// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same, where a side sleeps in epoll_wait(): as loops do. With levels, the
 * descriptor is read before the next wait; with edges that is not needed, for
 * neither eventfd nor Zinc.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "channel.h"

static void watch(struct channel *channel, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };

	channel->epoll = bench_fd(epoll_create1(EPOLL_CLOEXEC));
	bench_must(epoll_ctl(channel->epoll, EPOLL_CTL_ADD, fd, &event));
}

static void await(struct channel *channel)
{
	struct epoll_event event;

	if (epoll_wait(channel->epoll, &event, 1, -1) != 1)
		bench_fail("epoll_wait: %s", strerror(errno));
}

/* ---- eventfd ---- */

static void make_eventfd(struct channel *channel)
{
	channel_eventfd.make(channel);
}

static void send_eventfd(struct channel *channel, uint64_t value)
{
	channel_eventfd.send(channel, value);
}

static void attach_eventfd(struct channel *channel)
{
	watch(channel, channel->fd[channel->side], EPOLLIN);
}

static void attach_eventfd_edge(struct channel *channel)
{
	watch(channel, channel->fd[channel->side], EPOLLIN | EPOLLET);
}

static uint64_t receive_eventfd(struct channel *channel)
{
	await(channel);
	return channel_eventfd.receive(channel);
}

/* An edge each time it is written to: the payload is in the shared memory. */
static uint64_t receive_eventfd_edge(struct channel *channel)
{
	await(channel);
	return channel->shared->side[!channel->side].value;
}

const struct channel_kind channel_eventfd_epoll = {
	.make = make_eventfd,
	.attach = attach_eventfd,
	.send = send_eventfd,
	.receive = receive_eventfd,
};

const struct channel_kind channel_eventfd_edge = {
	.make = make_eventfd,
	.attach = attach_eventfd_edge,
	.send = send_eventfd,
	.receive = receive_eventfd_edge,
};

/* ---- Zinc ---- */

static void make_zinc(struct channel *channel)
{
	channel_zinc.make(channel);
}

static void send_zinc(struct channel *channel, uint64_t value)
{
	channel_zinc.send(channel, value);
}

static void watch_zinc(struct channel *channel, uint32_t events)
{
	int fd;

	channel_zinc.attach(channel);
	fd = zinc_fd(channel->region[!channel->side]);
	bench_zinc(fd < 0 ? fd : 0);
	watch(channel, fd, events);
}

static void attach_zinc(struct channel *channel)
{
	watch_zinc(channel, EPOLLIN);
}

static void attach_zinc_edge(struct channel *channel)
{
	watch_zinc(channel, EPOLLIN | EPOLLET);
}

static uint64_t value_of(struct channel *channel)
{
	return *(uint64_t *)zinc_ptr(channel->region[!channel->side]);
}

static uint64_t receive_zinc(struct channel *channel)
{
	await(channel);
	bench_zinc(zinc_try_wait(channel->region[!channel->side]));
	return value_of(channel);
}

static uint64_t receive_zinc_edge(struct channel *channel)
{
	await(channel);
	return value_of(channel);
}

const struct channel_kind channel_zinc_epoll = {
	.make = make_zinc,
	.attach = attach_zinc,
	.send = send_zinc,
	.receive = receive_zinc,
};

const struct channel_kind channel_zinc_edge = {
	.make = make_zinc,
	.attach = attach_zinc_edge,
	.send = send_zinc,
	.receive = receive_zinc_edge,
};
