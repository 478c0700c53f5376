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

static int32_t wait_ns(zinc_handle handle, uint64_t ns, uint32_t flags)
{
	return zinc_wait_with(handle, deadline(ns), flags);
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

// Wait until the descriptor is readable or the event is set
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

// Forever is a timeout without limit, as is every other negative timeout.
const Forever time.Duration = -1

// The library's waits cannot be interrupted. Therefore a wait is a loop of short waits,
// which checks in between whether the region was closed.
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

// left returns the remaining time, and the duration of the next short wait.
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

// waited converts the result of a wait: true for a notify, false for a timeout.
func waited(op, region string, result C.int32_t) (bool, error) {
	switch result {
	case 0:
		return true, nil
	case -C.ETIMEDOUT, -C.EAGAIN:
		return false, nil
	}
	return false, failed(op, region, result)
}

// once makes one short wait; flags are ZINC_WAIT_GONE or 0.
func (r *SharedRegion) once(ns time.Duration, flags C.uint32_t) (bool, error) {
	raw, err := r.handle.enter()
	if err != nil {
		return false, err
	}
	defer r.handle.leave()
	return waited("wait", r.name, C.wait_ns(raw, C.uint64_t(ns), flags))
}

// Wait waits for a notify that this handle has not seen. It returns false on a timeout.
// A timeout of 0 polls, Forever waits without limit.
//
// One of several goroutines that wait on a handle consumes a pending notify, but a
// notify wakes all that sleep. A wait occupies an OS thread. If another goroutine closes
// the region, the wait returns ErrClosed within a tenth of a second.
func (r *SharedRegion) Wait(timeout time.Duration) (bool, error) {
	return r.waitUntil(after(timeout), 0)
}

// WaitOrGone is Wait, but fails with ErrGone once the creator's handle is closed, the
// creator has exited, or the region's name is removed or belongs to another region.
// Notifies sent before that are delivered first.
//
// Errors: ErrGone, ErrClosed, EOPNOTSUPP if the loaded kernel module is too old.
func (r *SharedRegion) WaitOrGone(timeout time.Duration) (bool, error) {
	return r.waitUntil(after(timeout), C.ZINC_WAIT_GONE)
}

func (r *SharedRegion) waitUntil(end deadline, flags C.uint32_t) (bool, error) {
	for {
		left, next := end.left()
		notified, err := r.once(next, flags)
		if notified || err != nil || left == 0 {
			return notified, err
		}
	}
}

// TryWait consumes a pending notify without waiting, and returns whether there was one.
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

// NotifyAndWait notifies this region, then waits for reply, which may be the same
// region: a request and its reply. The result is that of Wait.
//
// Errors: EBADF for a read-only region, ErrClosed for either.
func (r *SharedRegion) NotifyAndWait(reply *SharedRegion, timeout time.Duration) (bool, error) {
	end := after(timeout)
	_, next := end.left()
	notified, err := r.notifyAndWaitOnce(reply, next)
	if notified || err != nil {
		return notified, err
	}
	return reply.waitUntil(end, 0)
}

// notifyAndWaitOnce makes one short wait, rounded down to milliseconds.
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

// WaitContext is Wait until the context is done. It returns nil after a notify, and the
// context's error otherwise; then it has consumed no notify.
//
// With the kernel module it sleeps until a notify or the end of the context. From then
// on each notify and wait on this handle is a system call, since its descriptor is in
// use. On POSIX shared memory, which has no descriptors, it checks the context ten times
// a second.
//
// Errors: ErrClosed.
func (r *SharedRegion) WaitContext(ctx context.Context) error {
	fd, err := r.Fd()
	if errors.Is(err, syscall.EOPNOTSUPP) {
		return r.waitSlices(ctx, 0)
	}
	if err != nil {
		return err
	}
	return r.waitFd(ctx, fd)
}

// WaitContextOrGone is WaitOrGone until the context is done. It checks the context ten
// times a second.
//
// Errors: the context's; ErrGone, ErrClosed, EOPNOTSUPP as of WaitOrGone.
func (r *SharedRegion) WaitContextOrGone(ctx context.Context) error {
	return r.waitSlices(ctx, C.ZINC_WAIT_GONE)
}

func (r *SharedRegion) waitSlices(ctx context.Context, flags C.uint32_t) error {
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
		if notified, err := r.once(next, flags); notified || err != nil {
			return err
		}
	}
}

func (r *SharedRegion) waitFd(ctx context.Context, fd int) error {
	// the descriptor must stay open until poll() returns
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

// setWhenDone sets the event when the context is done or the region is closed, until
// stop is called.
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

// WaitAny waits for a notify on any of 1 to 128 regions of one backend. It returns the
// index of the first region that was notified, or -1 on a timeout. Only that one's
// cursor advances. The timeout is that of Wait.
//
// Errors: EINVAL for no regions or too many, EOPNOTSUPP on POSIX shared memory if the
// kernel is older than 5.16, ErrClosed if a region is closed, before or during the wait.
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
	// one element more, so that &handles[0] exists even without regions
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
