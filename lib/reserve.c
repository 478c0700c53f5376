// SPDX-License-Identifier: MIT
/*
 * Reservations, by the kernel module. A wait queues first and then polls, so
 * that a signal does not cost the place in the queue.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "lock.h"

#define HOLDERS_AT_ONCE	64
#define NS_PER_S	1000000000ULL

static_assert(ZINC_DEVICE_NAME_MAX + 1 == ZINC_DEVICE_SIZE, "a device's name");
static_assert(ZINC_MAX_DEVICES == ZINC_RESERVE_MAX, "devices at once");

/* A descriptor of /dev/zinc that knows reservations */
static int reserving_device(void)
{
	struct zinc_query query = {};
	int fd = zinc_device();
	int err;

	if (fd == -ENOENT || fd == -ENXIO || fd == -ENODEV)
		return -EOPNOTSUPP;
	if (fd < 0)
		return fd;
	err = zinc_ioctl(fd, ZINC_QUERY, &query);
	if (err)
		return err;
	return query.features & ZINC_FEATURE_RESERVE ? fd : -EOPNOTSUPP;
}

static int fill_items(struct zinc_reserve_item *items,
		      const struct zinc_device_claim *claims, size_t count)
{
	size_t i, length;

	if (!claims || !count || count > ZINC_RESERVE_MAX)
		return -EINVAL;
	for (i = 0; i < count; i++) {
		if (!claims[i].device ||
		    !zinc_lock_mode_is_valid(claims[i].mode))
			return -EINVAL;
		length = strlen(claims[i].device);
		if (!length || length > ZINC_DEVICE_NAME_MAX)
			return -EINVAL;
		items[i] = (struct zinc_reserve_item){
			.flags = claims[i].mode == ZINC_SHARED ?
				 ZINC_RESERVE_SHARED : 0,
		};
		memcpy(items[i].device, claims[i].device, length);
	}
	return 0;
}

static int reserve(const struct zinc_device_claim *claims, size_t count,
		   uint32_t flags)
{
	struct zinc_reserve_item items[ZINC_RESERVE_MAX];
	struct zinc_reserve reserve = {
		.items = (uintptr_t)items,
		.count = (uint32_t)count,
		.flags = flags,
	};
	int device, err;

	err = fill_items(items, claims, count);
	if (err)
		return err;
	device = reserving_device();
	return device < 0 ? device : zinc_ioctl(device, ZINC_RESERVE, &reserve);
}

int32_t zinc_reserve_queue(const struct zinc_device_claim *claims,
			   size_t count)
{
	return reserve(claims, count, ZINC_RESERVE_QUEUE);
}

/* Until it is granted; a grant counts even when the time is up as well */
static int wait_granted(int fd, uint64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct timespec left, *timeout = NULL;
	uint64_t now;
	int n;

	do {
		if (deadline != ZINC_NO_DEADLINE) {
			now = zinc_now();
			now = deadline > now ? deadline - now : 0;
			left.tv_sec = (time_t)(now / NS_PER_S);
			left.tv_nsec = (long)(now % NS_PER_S);
			timeout = &left;
		}
		n = ppoll(&p, 1, timeout, NULL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

/**
 * zinc_reserve_until() - zinc_reserve() with a deadline, without a message
 * @claims: as there
 * @count: as there
 * @deadline: 0 only tries; ZINC_NO_DEADLINE
 *
 * Return: as zinc_reserve().
 */
int zinc_reserve_until(const struct zinc_device_claim *claims, size_t count,
		       uint64_t deadline)
{
	int fd, err;

	if (!deadline)
		return reserve(claims, count, 0);
	fd = reserve(claims, count, ZINC_RESERVE_QUEUE);
	if (fd < 0)
		return fd;
	err = wait_granted(fd, deadline);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* The first device of them that somebody else has, and who */
static int say_busy(const struct zinc_device_claim *claims, size_t count,
		    int err, char **why)
{
	size_t i;

	for (i = 0; i < count; i++) {
		char *who = zinc_reservation_text(claims[i].device,
						  claims[i].mode);

		if (!who)
			continue;
		zinc_why(why, err, "%s is already reserved by %s",
			 claims[i].device, who);
		free(who);
		return err;
	}
	return zinc_why(why, err, "%s was reserved by somebody, who has gone",
			claims[0].device);
}

int32_t zinc_reserve(const struct zinc_device_claim *claims, size_t count,
		     uint32_t timeout_ms, char **why)
{
	int fd;

	if (why)
		*why = NULL;
	fd = zinc_reserve_until(claims, count, zinc_deadline(timeout_ms));
	switch (fd) {
	case -EBUSY:
	case -ETIMEDOUT:
		return why ? say_busy(claims, count, fd, why) : fd;
	case -EINVAL:
		return zinc_why(why, fd,
				"a reservation is of 1 to %d devices, each once, whose names are 1 to %d of [a-z0-9._:-]",
				ZINC_MAX_DEVICES, ZINC_DEVICE_NAME_MAX);
	case -EDQUOT:
		return zinc_why(why, fd,
				"this user has as many reservations as allowed: close some, or raise the module's max_reservations");
	case -EOPNOTSUPP:
		return zinc_why(why, fd,
				"reservations need the zinc kernel module, of this release: 'modprobe zinc'");
	}
	return fd < 0 ? zinc_why_errno(why, fd, ZINC_DEVICE_PATH) : fd;
}

static void copy_holder(struct zinc_reservation_holder *to,
			const struct zinc_holder *from)
{
	memset(to, 0, sizeof(*to));
	to->id = from->id;
	to->since = from->since;
	to->pid = from->pid;
	to->uid = from->uid;
	to->mode = from->flags & ZINC_HOLDER_SHARED ? ZINC_SHARED :
						     ZINC_EXCLUSIVE;
	to->waiting = !!(from->flags & ZINC_HOLDER_WAITING);
	memcpy(to->comm, from->comm, sizeof(to->comm) - 1);
	memcpy(to->device, from->device, sizeof(to->device) - 1);
}

static int append(struct zinc_reservation_holder **list, size_t *count,
		  const struct zinc_holder *from, size_t n)
{
	struct zinc_reservation_holder *more;
	size_t i;

	more = reallocarray(*list, *count + n, sizeof(*more));
	if (!more)
		return -ENOMEM;
	*list = more;
	for (i = 0; i < n; i++)
		copy_holder(&more[(*count)++], &from[i]);
	return 0;
}

int32_t zinc_reservations(const char *device,
			  struct zinc_reservation_holder **holders,
			  size_t *count)
{
	struct zinc_holder some[HOLDERS_AT_ONCE];
	struct zinc_holders args = {
		.entries = (uintptr_t)some,
		.entry_size = sizeof(some[0]),
	};
	int fd, err;

	if (!holders || !count)
		return -EINVAL;
	*holders = NULL;
	*count = 0;
	if (device && (!device[0] || strlen(device) > ZINC_DEVICE_NAME_MAX))
		return -EINVAL;
	fd = reserving_device();
	if (fd < 0)
		return fd;
	if (device)
		memcpy(args.device, device, strlen(device));
	do {
		args.count = HOLDERS_AT_ONCE;
		err = zinc_ioctl(fd, ZINC_HOLDERS, &args);
		if (!err && args.count)
			err = append(holders, count, some, args.count);
	} while (!err && args.count);
	if (err) {
		free(*holders);
		*holders = NULL;
		*count = 0;
	}
	return err;
}

/**
 * zinc_reservation_describe() - who has a reservation, as the holder of a lock
 * @from: who
 * @to: out; of a process that cannot be seen the kernel has the name
 */
void zinc_reservation_describe(const struct zinc_reservation_holder *from,
			       struct zinc_lock_holder *to)
{
	zinc_holder_describe(from->pid, to);
	if (!from->pid)
		snprintf(to->cmdline, sizeof(to->cmdline), "%s", from->comm);
}

/**
 * zinc_reservation_holders() - those who hold a device, as holders of locks
 * @device: its name
 * @mode: what they are in the way of; those who share are not in that of
 *	ZINC_SHARED
 * @holders: an array, to be freed; NULL when empty
 * @count: its length
 *
 * Return: as zinc_reservations().
 */
int zinc_reservation_holders(const char *device, uint32_t mode,
			     struct zinc_lock_holder **holders, size_t *count)
{
	struct zinc_reservation_holder *all;
	size_t n, i;
	int err;

	*holders = NULL;
	*count = 0;
	err = zinc_reservations(device, &all, &n);
	if (err || !n)
		return err;
	*holders = calloc(n, sizeof(**holders));
	for (i = 0; *holders && i < n; i++) {
		struct zinc_lock_holder *h = &(*holders)[*count];

		/* one that waits is in the way of those behind it, too */
		if (mode == ZINC_SHARED && all[i].mode == ZINC_SHARED)
			continue;
		zinc_reservation_describe(&all[i], h);
		(*count)++;
	}
	free(all);
	if (*holders && !*count) {
		free(*holders);
		*holders = NULL;
		return 0;
	}
	return *holders ? 0 : -ENOMEM;
}

/**
 * zinc_reservation_text() - who is in the way at a device
 * @device: its name
 * @mode: of the one that is refused
 *
 * Return: "pid=PID cmd=CMDLINE, ...", to be freed; NULL if nobody is.
 */
char *zinc_reservation_text(const char *device, uint32_t mode)
{
	struct zinc_lock_holder *holders;
	char *text = NULL;
	size_t count;

	if (!zinc_reservation_holders(device, mode, &holders, &count) && count)
		text = zinc_holders_inline(holders, count);
	free(holders);
	return text;
}
