/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of a region, and reservations.
 */
#ifndef CALLS_REGION_H
#define CALLS_REGION_H

#include "scene.h"

#include <sys/fsuid.h>

/* -- commands of a region -- */

static inline void want_info(struct scene *s)
{
	with_region(s);
}

static inline long do_info(struct scene *s)
{
	return call(s->fd, ZINC_IOC_REGION_INFO, &s->args.info);
}

static inline bool informed(struct scene *s, long ret)
{
	bool right = s->args.info.capacity == SMALL &&
		     !strcmp((char *)s->args.info.name, s->name);

	return right && region_goes(s, ret);
}

static inline void want_notify(struct scene *s)
{
	with_region(s);
	s->args.notify.flags = 0;
}

static inline long do_notify(struct scene *s)
{
	return call(s->fd, ZINC_IOC_REGION_NOTIFY, &s->args.notify);
}

static inline bool notified(struct scene *s, long ret)
{
	bool right = s->args.notify.sequence == info(s->fd).sequence &&
		     s->args.notify.sequence;

	return right && region_goes(s, ret);
}

static inline void want_wait(struct scene *s)
{
	with_news(s);
	s->args.wait = wait_args(0, 7, 0);
}

static inline long do_wait(struct scene *s)
{
	return call(s->fd, ZINC_IOC_REGION_WAIT, &s->args.wait);
}

static inline bool waited(struct scene *s, long ret)
{
	bool right = s->args.wait.cursor == 1 && info(s->fd).cursor == 1;

	return right && region_goes(s, ret);
}

static inline void want_notify_and_wait(struct scene *s)
{
	want_wait(s);
	s->other = create(s->dev, "", PAGE);
	CHECK(s->other >= 0);
	s->args.wait.flags = ZINC_WAIT_NOTIFY;
	s->args.wait.notify_fd = s->other;
}

static inline bool notified_and_waited(struct scene *s, long ret)
{
	bool right = info(s->other).sequence;

	return right && shut(s->other) && waited(s, ret);
}

/* Of a user without an account yet, who gets one to sleep on */
static inline void want_sleep(struct scene *s)
{
	with_region(s);
	s->args.wait = wait_args(0, 7, after_ms(200));
}

static inline long do_sleep(struct scene *s)
{
	long ret;

	setfsuid(NOBODY);
	ret = call(s->fd, ZINC_IOC_REGION_WAIT, &s->args.wait);
	while (setfsuid(-1))
		setfsuid(0);
	return ret == -ETIMEDOUT ? 0 : ret;
}

static inline bool slept(struct scene *s, long ret)
{
	return s->args.wait.cursor == 7 && region_goes(s, ret);
}

static inline void want_set_cursor(struct scene *s)
{
	with_region(s);
	s->args.cursor = (struct zinc_cursor) { .cursor = 9 };
}

static inline long do_set_cursor(struct scene *s)
{
	return call(s->fd, ZINC_IOC_REGION_SET_CURSOR, &s->args.cursor);
}

static inline bool cursor_is_set(struct scene *s, long ret)
{
	return info(s->fd).cursor == 9 && region_goes(s, ret);
}

static inline long do_region_unlink(struct scene *s)
{
	return call(s->fd, ZINC_IOC_REGION_UNLINK, NULL);
}

static inline void want_reopen(struct scene *s)
{
	with_region(s);
	s->args.reopen.flags = 0;
	s->args.reopen.pad = 0;
}

static inline long do_reopen(struct scene *s)
{
	return call(s->fd, ZINC_IOC_REGION_REOPEN, &s->args.reopen);
}

/* -- reservations -- */

static inline void want_reserve(struct scene *s)
{
	memset(s->devices, 0, sizeof(s->devices));
	strcpy((char *)s->devices[0].device, "fault:0");
	strcpy((char *)s->devices[1].device, "fault:1");
	s->args.reserve = (struct zinc_reserve) {
		.items = (uintptr_t)s->devices,
		.count = 2,
	};
}

/* Behind one that is held, which @other is */
static inline void want_queue(struct scene *s)
{
	want_reserve(s);
	s->other = call(s->dev, ZINC_IOC_RESERVE, &s->args.reserve);
	CHECK(s->other >= 0);
	want_reserve(s);
	s->args.reserve.flags = ZINC_RESERVE_QUEUE;
}

static inline long do_reserve(struct scene *s)
{
	return call(s->dev, ZINC_IOC_RESERVE, &s->args.reserve);
}

static inline __u32 state_of(int fd)
{
	struct zinc_reservation_info i = { .state = ~0U };

	call(fd, ZINC_IOC_RESERVATION_INFO, &i);
	return i.state;
}

static inline bool reserved(struct scene *s, long fd)
{
	return s->args.reserve.state == ZINC_RESERVATION_HELD &&
	       state_of(fd) == ZINC_RESERVATION_HELD && shut(fd);
}

static inline bool queued(struct scene *s, long fd)
{
	bool right = s->args.reserve.state == ZINC_RESERVATION_WAITING &&
		     state_of(fd) == ZINC_RESERVATION_WAITING &&
		     shut(s->other);

	return right && state_of(fd) == ZINC_RESERVATION_HELD && shut(fd);
}

static inline void want_holders(struct scene *s)
{
	want_queue(s);
	s->args.holders = (struct zinc_holders) {
		.entries = (uintptr_t)s->holders,
		.entry_size = sizeof(s->holders[0]),
		.count = ARRAY_SIZE(s->holders),
	};
}

static inline long do_holders(struct scene *s)
{
	return call(s->dev, ZINC_IOC_HOLDERS, &s->args.holders);
}

static inline bool held_by_us(struct scene *s, long ret)
{
	return !ret && s->args.holders.count == 2 &&
	       s->holders[1].pid == getpid() && shut(s->other);
}

static inline void want_reservation_info(struct scene *s)
{
	want_queue(s);
	memset(&s->args.reservation, POISON, sizeof(s->args.reservation));
}

static inline long do_reservation_info(struct scene *s)
{
	return call(s->other, ZINC_IOC_RESERVATION_INFO, &s->args.reservation);
}

static inline bool reservation_told(struct scene *s, long ret)
{
	return !ret && s->args.reservation.count == 2 && shut(s->other);
}

static inline long do_release(struct scene *s)
{
	return call(s->other, ZINC_IOC_RESERVATION_RELEASE, NULL);
}

static inline bool released(struct scene *s, long ret)
{
	return !ret && state_of(s->other) == ZINC_RESERVATION_RELEASED &&
	       shut(s->other);
}
#endif /* CALLS_REGION_H */
