// SPDX-License-Identifier: MIT

package zinc

/*
#include <stdlib.h>
#include <time.h>
#include <zinc.h>

static uint64_t deadline_in(uint64_t ns)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec + ns;
}
*/
import "C"

import (
	"runtime"
	"time"
	"unsafe"
)

// CreateOptions are options for CreateWith; the zero value has the defaults.
type CreateOptions struct {
	Mode       uint32 // permissions within 0666; 0 means 0600; no umask is applied
	Lifetime   Lifetime
	Backend    Backend
	Replace    bool // take the name from the region that has it
	Lazy       bool // allocate each page on its first access
	Contiguous bool // physically contiguous blocks of a huge page; kernel module only
}

// OpenOptions are options for OpenWith, OpenWait and FromFd.
type OpenOptions struct {
	Readonly bool // open for reading and waiting only
	NoData   bool // do not map the data
	Backend  Backend
}

// ImportOptions are options for ImportDmabuf.
type ImportOptions struct {
	Mode     uint32
	Lifetime Lifetime
	Replace  bool
	NoData   bool
}

func flag(wanted bool, bit C.uint32_t) C.uint32_t {
	if wanted {
		return bit
	}
	return 0
}

func (o CreateOptions) raw() C.struct_zinc_options {
	return C.struct_zinc_options{
		size: C.sizeof_struct_zinc_options,
		flags: flag(o.Replace, C.ZINC_REPLACE) | flag(o.Lazy, C.ZINC_LAZY) |
			flag(o.Contiguous, C.ZINC_CONTIGUOUS),
		mode:     C.uint32_t(o.Mode),
		lifetime: C.uint32_t(o.Lifetime),
		backend:  C.uint32_t(o.Backend),
	}
}

func (o OpenOptions) raw() C.struct_zinc_options {
	return C.struct_zinc_options{
		size:    C.sizeof_struct_zinc_options,
		flags:   flag(o.Readonly, C.ZINC_RDONLY) | flag(o.NoData, C.ZINC_NO_DATA),
		backend: C.uint32_t(o.Backend),
	}
}

func (o ImportOptions) raw() C.struct_zinc_options {
	return C.struct_zinc_options{
		size:     C.sizeof_struct_zinc_options,
		flags:    flag(o.Replace, C.ZINC_REPLACE) | flag(o.NoData, C.ZINC_NO_DATA),
		mode:     C.uint32_t(o.Mode),
		lifetime: C.uint32_t(o.Lifetime),
	}
}

// SharedRegion is a handle of a region. It is closed by Close, or when it is
// garbage-collected. Only functions of this package can make a valid one.
type SharedRegion struct {
	handle   *handle
	name     string
	readonly bool
}

// adopt converts the result of a C function to a region or an error.
func adopt(op, name string, result C.int32_t, raw C.zinc_handle) (*SharedRegion, error) {
	if err := failed(op, name, result); err != nil {
		return nil, err
	}
	r := &SharedRegion{handle: newHandle(raw), name: name}
	info, err := r.Info()
	if err != nil {
		return nil, err
	}
	if name == "" {
		r.name = info.Name
	}
	r.readonly = info.Flags&(IsReadonly|IsDataReadonly) != 0
	return r, nil
}

// Create creates a region, whose data are zeros.
//
// The name has 1 to 249 of a-z A-Z 0-9 _ -, and the capacity is a multiple of the page
// size. Errors: EINVAL for a bad name or capacity, EEXIST, EPERM or EACCES, and ENOMEM,
// EDQUOT or ENOSPC if there is no memory.
func Create(name string, capacity int) (*SharedRegion, error) {
	return CreateWith(name, capacity, CreateOptions{})
}

// CreateWith is Create with options.
func CreateWith(name string, capacity int, options CreateOptions) (*SharedRegion, error) {
	if err := checkName("create", name); err != nil {
		return nil, err
	}
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	var raw C.zinc_handle
	choice := options.raw()
	result := C.zinc_create_with(text, C.uintptr_t(capacity), &choice, &raw)
	return adopt("create", name, result, raw)
}

// CreateAnonymous creates a region without a name, which other processes open by its
// descriptor.
//
// Errors: as Create; EOPNOTSUPP on POSIX shared memory.
func CreateAnonymous(capacity int, options CreateOptions) (*SharedRegion, error) {
	var raw C.zinc_handle

	choice := options.raw()
	result := C.zinc_create_with(nil, C.uintptr_t(capacity), &choice, &raw)
	return adopt("create", "", result, raw)
}

// Open opens a region by its name.
//
// Errors: EINVAL for a bad name, ENOENT, EPERM or EACCES, EBADMSG for an object that is
// not a region, ENXIO for a device's memory that cannot be mapped.
func Open(name string) (*SharedRegion, error) {
	return OpenWith(name, OpenOptions{})
}

// OpenReadonly is Open for reading and waiting only.
func OpenReadonly(name string) (*SharedRegion, error) {
	return OpenWith(name, OpenOptions{Readonly: true})
}

// OpenWith is Open with options.
func OpenWith(name string, options OpenOptions) (*SharedRegion, error) {
	if err := checkName("open", name); err != nil {
		return nil, err
	}
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	var raw C.zinc_handle
	choice := options.raw()
	result := C.zinc_open_with(text, &choice, &raw)
	return adopt("open", name, result, raw)
}

// OpenWait is OpenWith, but waits until a region of that name is created. The timeout
// is that of Wait.
//
// Errors: as Open, but ENOENT only for a timeout of 0; ETIMEDOUT.
func OpenWait(name string, timeout time.Duration, options OpenOptions) (*SharedRegion, error) {
	if timeout == 0 {
		return OpenWith(name, options)
	}
	if err := checkName("open", name); err != nil {
		return nil, err
	}
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	choice := options.raw()
	end := C.uint64_t(C.ZINC_DEADLINE_NEVER)
	if timeout > 0 {
		end = C.deadline_in(C.uint64_t(timeout))
	}
	var raw C.zinc_handle
	result := C.zinc_open_wait(text, &choice, end, &raw)
	return adopt("open", name, result, raw)
}

// FromFd opens a region by its Fd, sent by another process. The caller closes fd. The
// new handle is read-only if fd is.
//
// Errors: EBADF, ENOTTY for a descriptor that is not a region's, EOPNOTSUPP on POSIX
// shared memory.
func FromFd(fd int, options OpenOptions) (*SharedRegion, error) {
	var raw C.zinc_handle

	choice := options.raw()
	result := C.zinc_from_fd(C.int(fd), &choice, &raw)
	return adopt("from fd", "", result, raw)
}

// ImportDmabuf imports a foreign dma-buf as a region, without copying. The caller closes
// fd.
//
// Errors: as Create; EBADF, EINVAL if fd is not a dma-buf, ENXIO if its memory cannot be
// mapped, EOPNOTSUPP on POSIX shared memory.
func ImportDmabuf(fd int, name string, options ImportOptions) (*SharedRegion, error) {
	if err := checkName("import", name); err != nil {
		return nil, err
	}
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	var raw C.zinc_handle
	choice := options.raw()
	result := C.zinc_import_dmabuf(C.int(fd), text, &choice, &raw)
	return adopt("import", name, result, raw)
}

// ImportAnonymousDmabuf is ImportDmabuf for a region without a name.
func ImportAnonymousDmabuf(fd int, options ImportOptions) (*SharedRegion, error) {
	var raw C.zinc_handle

	choice := options.raw()
	result := C.zinc_import_dmabuf(C.int(fd), nil, &choice, &raw)
	return adopt("import", "", result, raw)
}

// call makes one call of the library with the handle.
func (r *SharedRegion) call(op string, f func(C.zinc_handle) C.int32_t) (C.int32_t, error) {
	raw, err := r.handle.enter()
	if err != nil {
		return 0, err
	}
	// r must stay reachable while f runs, even if f panics
	defer runtime.KeepAlive(r)
	defer r.handle.leave()
	result := f(raw)
	return result, failed(op, r.name, result)
}

// Close closes the region; further calls do nothing. Waits of other goroutines return
// ErrClosed.
//
// Slices that Bytes returned stay valid until the region is collected, or until Unmap.
// If Bytes was not called, Close unmaps the memory. The error is always nil; it is there
// for io.Closer.
func (r *SharedRegion) Close() error {
	r.handle.close()
	return nil
}

// Unmap closes the region and unmaps its memory at once, not when it is collected. Its
// slices must not be used afterwards.
func (r *SharedRegion) Unmap() {
	r.handle.unmap()
	runtime.KeepAlive(r)
}

// Name returns the name given to Create or Open; empty for an anonymous region.
func (r *SharedRegion) Name() string {
	return r.name
}

// Readonly reports whether the handle is read-only.
func (r *SharedRegion) Readonly() bool {
	return r.readonly
}

// Capacity returns the size of the data in bytes, mapped or not; 0 if closed.
func (r *SharedRegion) Capacity() int {
	var capacity C.uintptr_t

	r.call("capacity", func(raw C.zinc_handle) C.int32_t {
		capacity = C.zinc_capacity(raw)
		return 0
	})
	return int(capacity)
}

// Bytes returns the data in place; nil if the region is closed or was opened without
// data.
//
// The slice is valid until the region is collected, even after Close: see the package
// documentation. A write to the slice of a read-only region faults, which ends the
// program, or panics after debug.SetPanicOnFault.
func (r *SharedRegion) Bytes() []byte {
	return r.handle.bytes()
}

// Notify increments the sequence and wakes all waiters. Writes made before it are
// visible after the wait it wakes.
//
// Errors: EBADF for a read-only region, ErrClosed.
func (r *SharedRegion) Notify() error {
	_, err := r.call("notify", func(raw C.zinc_handle) C.int32_t {
		return C.zinc_notify_checked(raw)
	})
	return err
}

// Sequence returns the number of notifies so far, modulo 2^32; 0 if closed.
func (r *SharedRegion) Sequence() uint32 {
	var sequence C.uint32_t

	r.call("sequence", func(raw C.zinc_handle) C.int32_t {
		sequence = C.zinc_sequence(raw)
		return 0
	})
	return uint32(sequence)
}

// Fd returns a descriptor for poll and SCM_RIGHTS. It is readable while a notify is
// pending; TryWait consumes the notify. The descriptor belongs to the region: do not
// close it, and keep the region reachable.
//
// Errors: EOPNOTSUPP on POSIX shared memory, ErrClosed.
func (r *SharedRegion) Fd() (int, error) {
	fd, err := r.call("fd", func(raw C.zinc_handle) C.int32_t {
		return C.zinc_fd(raw)
	})
	if err != nil {
		return -1, err
	}
	return int(fd), nil
}

// Info describes the region.
//
// Errors: ErrClosed.
func (r *SharedRegion) Info() (Info, error) {
	raw := newRawInfo()
	_, err := r.call("info", func(handle C.zinc_handle) C.int32_t {
		return C.zinc_info(handle, &raw)
	})
	if err != nil {
		return Info{}, err
	}
	return infoFrom(&raw), nil
}

// Features returns the operations with devices that the region supports; none on POSIX
// shared memory.
//
// Errors: ErrClosed.
func (r *SharedRegion) Features() (Features, error) {
	var found C.uint64_t

	_, err := r.call("features", func(raw C.zinc_handle) C.int32_t {
		return C.zinc_features(raw, &found)
	})
	return Features(found), err
}

// ExportDmabuf exports the data as a dma-buf, which a device can import. With readonly,
// neither the CPU nor a device can write through it. The caller closes the descriptor.
//
// Errors: EOPNOTSUPP on POSIX shared memory, EACCES for a writable dma-buf of a
// read-only region, EMFILE, ENFILE, ENOMEM, ErrClosed.
func (r *SharedRegion) ExportDmabuf(readonly bool) (int, error) {
	fd, err := r.call("export", func(raw C.zinc_handle) C.int32_t {
		return C.zinc_export_dmabuf(raw, flag(readonly, C.ZINC_RDONLY))
	})
	if err != nil {
		return -1, err
	}
	return int(fd), nil
}

// ExportDmabufPart exports a part of the data, in whole pages, as a dma-buf: for
// drivers that use a buffer from its start. Each call returns a new buffer.
//
// Errors: as ExportDmabuf; EINVAL if the part is not within the data, EOPNOTSUPP also
// for an imported region.
func (r *SharedRegion) ExportDmabufPart(offset, length uint64, readonly bool) (int, error) {
	fd, err := r.call("export", func(raw C.zinc_handle) C.int32_t {
		return C.zinc_export_dmabuf_part(raw, C.uint64_t(offset), C.uint64_t(length),
			flag(readonly, C.ZINC_RDONLY))
	})
	if err != nil {
		return -1, err
	}
	return int(fd), nil
}

// NotifyOnFence notifies the region once a fence has signalled, when a device has
// finished its work. fence is a sync_file, and may be closed afterwards.
//
// Errors: EBADF if fence is not a sync_file or the region is read-only, EBUSY for too
// many fences, EOPNOTSUPP on POSIX shared memory, ErrClosed.
func (r *SharedRegion) NotifyOnFence(fence int) error {
	_, err := r.call("notify on fence", func(raw C.zinc_handle) C.int32_t {
		return C.zinc_notify_on_fence(raw, C.int(fence))
	})
	return err
}

// Access is a kind of CPU access between BeginCPUAccess and EndCPUAccess.
type Access uint32

// The kinds of access.
const (
	CPURead      Access = C.ZINC_CPU_READ
	CPUWrite     Access = C.ZINC_CPU_WRITE
	CPUReadWrite        = CPURead | CPUWrite
)

// BeginCPUAccess begins a CPU access to data that a device uses, too, and waits for the
// device.
//
// Errors: EINVAL for an invalid access, EBADF for a write access to a read-only region,
// EOPNOTSUPP on POSIX shared memory, ErrClosed.
func (r *SharedRegion) BeginCPUAccess(access Access) error {
	_, err := r.call("begin access", func(raw C.zinc_handle) C.int32_t {
		return C.zinc_begin_cpu_access(raw, C.uint32_t(access))
	})
	return err
}

// EndCPUAccess ends a CPU access, before the device continues.
//
// Errors: as BeginCPUAccess.
func (r *SharedRegion) EndCPUAccess(access Access) error {
	_, err := r.call("end access", func(raw C.zinc_handle) C.int32_t {
		return C.zinc_end_cpu_access(raw, C.uint32_t(access))
	})
	return err
}
