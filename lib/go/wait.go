// SPDX-License-Identifier: MIT

package zinc

/*
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <zinc.h>

static uint64_t deadline(uint64_t ns)
{
	struct timespec now;

	if (!ns)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec + ns;
}

static int32_t wait_ns(zinc_handle handle, uint64_t ns)
{
	return zinc_wait_until(handle, deadline(ns));
}

static int32_t wait_any_ns(const zinc_handle *handles, size_t count, uint64_t ns, size_t *index)
{
	return zinc_wait_any(handles, count, deadline(ns), index);
}

static int32_t new_event(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void set_event(int event)
{
	const uint64_t one = 1;

	if (write(event, &one, sizeof(one)) < 0) {
		// it is set
	}
}

// Until the descriptor is readable, or the event set
static int32_t wait_readable(int fd, int event)
{
	struct pollfd all[2] = { { fd, POLLIN, 0 }, { event, POLLIN, 0 } };

	while (poll(all, 2, -1) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return (all[0].revents | all[1].revents) & POLLIN ? 0 : -EIO;
}
*/
import "C"

import (
	"context"
	"errors"
	"syscall"
	"time"
)

// Forever is a timeout without an end. So is every other that is negative.
const Forever time.Duration = -1

// The library's waits cannot be interrupted. So a wait here is made of short ones,
// between which it is seen whether the region was closed.
const slice = 100 * time.Millisecond

// deadline is the end of a timeout.
type deadline struct {
	end     time.Time
	forever bool
}

func after(timeout time.Duration) deadline {
	if timeout < 0 {
		return deadline{forever: true}
	}
	return deadline{end: time.Now().Add(timeout)}
}

// left is what is left of it, and of that what the next short wait may take.
func (d deadline) left() (left, next time.Duration) {
	if d.forever {
		return slice, slice
	}
	left = time.Until(d.end)
	switch {
	case left <= 0:
		return 0, 0
	case left > slice:
		return left, slice
	}
	return left, left
}

// waited tells the result of a wait: notified, or not, or an error.
func waited(op, region string, result C.int32_t) (bool, error) {
	switch result {
	case 0:
		return true, nil
	case -C.ETIMEDOUT, -C.EAGAIN:
		return false, nil
	}
	return false, failed(op, region, result)
}

// once is one short wait.
func (r *SharedRegion) once(ns time.Duration) (bool, error) {
	raw, err := r.handle.enter()
	if err != nil {
		return false, err
	}
	defer r.handle.leave()
	return waited("wait", r.name, C.wait_ns(raw, C.uint64_t(ns)))
}

// Wait waits for a notify that this handle has not seen, and says whether there
// was one: false when the time is up. 0 only looks, Forever has no end.
//
// Of goroutines that wait on one region, one gets what is pending, and all that
// sleep get the next. A wait takes a thread of the system. It ends with ErrClosed
// within a tenth of a second if another goroutine closes the region.
func (r *SharedRegion) Wait(timeout time.Duration) (bool, error) {
	return r.waitUntil(after(timeout))
}

func (r *SharedRegion) waitUntil(end deadline) (bool, error) {
	for {
		left, next := end.left()
		notified, err := r.once(next)
		if notified || err != nil || left == 0 {
			return notified, err
		}
	}
}

// TryWait is Wait that only looks.
//
// Errors: ErrClosed.
func (r *SharedRegion) TryWait() (bool, error) {
	raw, err := r.handle.enter()
	if err != nil {
		return false, err
	}
	defer r.handle.leave()
	return waited("try wait", r.name, C.zinc_try_wait(raw))
}

// NotifyAndWait notifies this region, then waits for another, or for itself: a
// request and its reply. The result is as that of Wait.
//
// Errors: EBADF for a read-only region, ErrClosed for either.
func (r *SharedRegion) NotifyAndWait(reply *SharedRegion, timeout time.Duration) (bool, error) {
	end := after(timeout)
	_, next := end.left()
	notified, err := r.notifyAndWaitOnce(reply, next)
	if notified || err != nil {
		return notified, err
	}
	return reply.waitUntil(end)
}

// notifyAndWaitOnce waits for whole milliseconds, and not longer than it should.
func (r *SharedRegion) notifyAndWaitOnce(reply *SharedRegion, next time.Duration) (bool, error) {
	request, err := r.handle.enter()
	if err != nil {
		return false, err
	}
	defer r.handle.leave()
	answer, err := reply.handle.enter()
	if err != nil {
		return false, err
	}
	defer reply.handle.leave()
	result := C.zinc_notify_and_wait(request, answer, C.uint32_t(next.Milliseconds()))
	return waited("notify and wait", r.name, result)
}

// WaitContext is Wait until the context is done: nil if there was a notify, else
// the context's error, and then no notify was taken.
//
// With the kernel module it sleeps until one or the other happens. From then on
// each notify and wait by this handle is a system call: its descriptor is in use.
// On POSIX shared memory, which has no descriptors, it looks at the context ten
// times a second.
//
// Errors: ErrClosed.
func (r *SharedRegion) WaitContext(ctx context.Context) error {
	fd, err := r.Fd()
	if errors.Is(err, syscall.EOPNOTSUPP) {
		return r.waitSlices(ctx)
	}
	if err != nil {
		return err
	}
	return r.waitFd(ctx, fd)
}

func (r *SharedRegion) waitSlices(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		next := slice
		if end, ok := ctx.Deadline(); ok && time.Until(end) < slice {
			next = time.Until(end)
		}
		if next < 0 {
			next = 0
		}
		if notified, err := r.once(next); notified || err != nil {
			return err
		}
	}
}

func (r *SharedRegion) waitFd(ctx context.Context, fd int) error {
	// the descriptor has to stay until the poll has ended
	if _, err := r.handle.enter(); err != nil {
		return err
	}
	defer r.handle.leave()
	event := C.new_event()
	if err := failed("wait", r.name, event); err != nil {
		return err
	}
	defer C.close(event)
	stop := r.setWhenDone(ctx, event)
	defer stop()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if notified, err := r.TryWait(); notified || err != nil {
			return err
		}
		err := failed("wait", r.name, C.wait_readable(C.int(fd), event))
		if err != nil {
			return err
		}
	}
}

// setWhenDone sets the event when the context is done or the region closed, until
// it is told to stop.
func (r *SharedRegion) setWhenDone(ctx context.Context, event C.int32_t) (stop func()) {
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-ctx.Done():
		case <-r.handle.closing:
		case <-stopped:
			return
		}
		C.set_event(event)
	}()
	return func() {
		close(stopped)
		<-ended
	}
}

// WaitAny waits for a notify on any of 1 to 128 regions, all of one backend, and
// gives the index of the first that had one; -1 when the time is up. Only that
// one's cursor moves. The timeout is as that of Wait.
//
// Errors: EINVAL for none or too many, EOPNOTSUPP on POSIX shared memory where the
// kernel is older than 5.16, ErrClosed if one is, or is closed meanwhile.
func WaitAny(timeout time.Duration, regions ...*SharedRegion) (int, error) {
	end := after(timeout)
	for {
		left, next := end.left()
		index, err := anyOnce(next, regions)
		if index >= 0 || err != nil || left == 0 {
			return index, err
		}
	}
}

func anyOnce(ns time.Duration, regions []*SharedRegion) (int, error) {
	// the library looks at the first only if there is one
	handles := make([]C.zinc_handle, len(regions)+1)
	for i, r := range regions {
		raw, err := r.handle.enter()
		if err != nil {
			return -1, err
		}
		defer r.handle.leave()
		handles[i] = raw
	}
	var index C.size_t
	result := C.wait_any_ns(&handles[0], C.size_t(len(regions)), C.uint64_t(ns), &index)
	notified, err := waited("wait any", "", result)
	if !notified {
		return -1, err
	}
	return int(index), nil
}
