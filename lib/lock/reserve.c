// SPDX-License-Identifier: MIT
/*
 * Reservations, by the kernel module. A wait queues first and then polls, so
 * that a signal does not cost the place in the queue.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/backend.h"
#include "lock/internal.h"

#define HOLDERS_AT_ONCE	64

static_assert(ZINC_DEVICE_NAME_MAX + 1 == ZINC_DEVICE_SIZE, "a device's name");
static_assert(sizeof(struct zinc_device_claim) == ZINC_CLAIM_SIZE_V1,
	      "has grown: its first version has not");
static_assert(sizeof(struct zinc_reservation_holder) == ZINC_RESERVATION_SIZE_V1,
	      "has grown: its first version has not");

/* A descriptor of /dev/zinc that knows reservations */
static int reserving_dev_fd(void)
{
	struct zinc_query query = {};
	int fd = zinc_dev_fd();
	int err;

	if (zinc_is_absent(fd))
		return -EOPNOTSUPP;
	if (fd < 0)
		return fd;
	err = zinc_ioctl(fd, ZINC_IOC_QUERY, &query);
	if (err)
		return err;
	return query.features & ZINC_FEATURE_RESERVE ? fd : -EOPNOTSUPP;
}

/* The caller's, of a stride of its own */
static int take_claims(struct zinc_device_claim *known,
		       const struct zinc_device_claim *claims, size_t count,
		       size_t entry_size)
{
	const char *at = (const char *)claims;
	size_t i;

	if (!claims || !count || count > ZINC_RESERVE_MAX ||
	    !zinc_size_is_valid(entry_size, ZINC_CLAIM_SIZE_V1) ||
	    entry_size % sizeof(void *))
		return -EINVAL;
	for (i = 0; i < count; i++, at += entry_size) {
		if (zinc_struct_in(&known[i], sizeof(known[i]), at,
				   entry_size) ||
		    known[i].reserved)
			return -EINVAL;
	}
	return 0;
}

static int fill_items(struct zinc_reserve_item *items,
		      const struct zinc_device_claim *claims, size_t count)
{
	size_t i, length;

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
	int dev_fd, err;

	err = fill_items(items, claims, count);
	if (err)
		return err;
	dev_fd = reserving_dev_fd();
	if (dev_fd < 0)
		return dev_fd;
	return zinc_ioctl(dev_fd, ZINC_IOC_RESERVE, &reserve);
}

int32_t zinc_reserve_queue(const struct zinc_device_claim *claims,
			   size_t count, size_t entry_size)
{
	struct zinc_device_claim known[ZINC_RESERVE_MAX];
	int err = take_claims(known, claims, count, entry_size);

	return err ? err : reserve(known, count, ZINC_RESERVE_QUEUE);
}

/* Until it is granted; a grant counts even when the time is up as well */
static int wait_granted(int fd, uint64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct timespec left, *timeout = NULL;
	uint64_t now;
	int n;

	do {
		if (deadline != ZINC_DEADLINE_NEVER) {
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
 * @claims: as there, but of this library's stride, 1 to ZINC_RESERVE_MAX
 * @count: as there
 * @deadline: 0 only tries; ZINC_DEADLINE_NEVER
 *
 * Return: as zinc_reserve().
 */
int zinc_reserve_until(const struct zinc_device_claim *claims, size_t count,
		       uint64_t deadline)
{
	int fd, err;

	fd = reserve(claims, count, deadline ? ZINC_RESERVE_QUEUE : 0);
	if (fd < 0)
		return fd;
	/* see zinc_reservation_close() */
	fcntl(fd, F_SETOWN, getpid());
	err = deadline ? wait_granted(fd, deadline) : 0;
	if (!err)
		return fd;
	zinc_reservation_close(fd);
	return err;
}

/**
 * zinc_reservation_close() - end a reservation
 * @fd: from zinc_reserve_until()
 *
 * A reservation lasts as long as any process has a descriptor of it, such as a
 * forked child. So the process that made it releases it, as zinc_flock_close()
 * does a lock; any other process closes its descriptor only. A module without
 * ZINC_FEATURE_RELEASE refuses the command: the descriptor is closed in any case.
 */
void zinc_reservation_close(int fd)
{
	if (fcntl(fd, F_GETOWN) == getpid())
		zinc_ioctl(fd, ZINC_IOC_RESERVATION_RELEASE, NULL);
	close(fd);
}

/* The first of the devices that another process has reserved, and its holders */
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
	return zinc_why(why, err, "%s was reserved by a process that has ended",
			claims[0].device);
}

int32_t zinc_reserve(const struct zinc_device_claim *claims, size_t count,
		     size_t entry_size, uint32_t timeout_ms, char **why)
{
	struct zinc_device_claim known[ZINC_RESERVE_MAX];
	int fd;

	if (why)
		*why = NULL;
	fd = take_claims(known, claims, count, entry_size);
	if (!fd)
		fd = zinc_reserve_until(known, count,
					zinc_deadline(timeout_ms));
	switch (fd) {
	case -EBUSY:
	case -ETIMEDOUT:
		return why ? say_busy(known, count, fd, why) : fd;
	case -EINVAL:
		return zinc_why(why, fd,
				"invalid reservation: expected 1 to %d different devices, with names of 1 to %d characters of [a-z0-9._:-]",
				ZINC_RESERVE_MAX, ZINC_DEVICE_NAME_MAX);
	case -EDQUOT:
		return zinc_why(why, fd,
				"limit reached: this user has too many reservations; close some, or raise the module's max_reservations");
	case -EOPNOTSUPP:
		return zinc_why(why, fd,
				"reservations need the zinc kernel module of this release: 'modprobe zinc'");
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

static int read_all(int fd, const char *device,
		    struct zinc_reservation_holder **list, size_t *count)
{
	struct zinc_holder some[HOLDERS_AT_ONCE];
	struct zinc_holders args = {
		.entries = (uintptr_t)some,
		.entry_size = sizeof(some[0]),
	};
	int err;

	if (device)
		memcpy(args.device, device, strlen(device));
	do {
		args.count = HOLDERS_AT_ONCE;
		err = zinc_ioctl(fd, ZINC_IOC_HOLDERS, &args);
		if (!err && args.count)
			err = append(list, count, some, args.count);
	} while (!err && args.count);
	return err;
}

int32_t zinc_reservations(const char *device,
			  struct zinc_reservation_holder **holders,
			  size_t *count, size_t entry_size)
{
	struct zinc_reservation_holder *list = NULL;
	size_t n = 0;
	int fd, err;

	if (!holders || !count)
		return -EINVAL;
	*holders = NULL;
	*count = 0;
	if (!zinc_stride_is_valid(entry_size, ZINC_RESERVATION_SIZE_V1))
		return -EINVAL;
	if (device && (!device[0] || strlen(device) > ZINC_DEVICE_NAME_MAX))
		return -EINVAL;
	fd = reserving_dev_fd();
	if (fd < 0)
		return fd;
	err = read_all(fd, device, &list, &n);
	if (err || !n) {
		free(list);
		return err;
	}
	*holders = zinc_array_out(list, n, sizeof(*list), entry_size);
	if (!*holders)
		return -ENOMEM;
	*count = n;
	return 0;
}

void zinc_reservations_free(struct zinc_reservation_holder *holders)
{
	free(holders);
}

/**
 * zinc_reservation_describe() - describe a reservation as a lock holder
 * @from: reservation
 * @to: out; if the process is not visible, its name comes from the kernel
 */
void zinc_reservation_describe(const struct zinc_reservation_holder *from,
			       struct zinc_lock_holder *to)
{
	zinc_holder_describe(from->pid, to, sizeof(*to));
	to->mode = from->mode;
	if (!from->pid)
		zinc_cmdline_cut(from->comm, strlen(from->comm), to->cmdline,
				 sizeof(to->cmdline));
}

/**
 * zinc_reservation_holders() - list the holders of a device as lock holders
 * @device: its name
 * @mode: of the blocked request; shared holders do not block ZINC_SHARED
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
	err = zinc_reservations(device, &all, &n, sizeof(*all));
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
 * zinc_reservation_text() - format the holders that block a device
 * @device: its name
 * @mode: of the refused request
 *
 * Return: "pid=PID cmd=CMDLINE, ...", to be freed; NULL if there are none.
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
