// SPDX-License-Identifier: MIT

package zinc

/*
#include <stdlib.h>
#include <zinc.h>
*/
import "C"

import (
	"runtime"
	"unsafe"
)

// CreateOptions are the choices that CreateWith has; their zero value is none.
type CreateOptions struct {
	Mode     uint32 // permissions within 0666; 0 means 0600; no umask is applied
	Lifetime Lifetime
	Backend  Backend
	Replace  bool // take the name from the region that has it
	Lazy     bool // memory with the first touch
}

// OpenOptions are the choices that OpenWith and FromFd have.
type OpenOptions struct {
	Readonly bool // look and wait only
	NoData   bool // leave the data unmapped
	Backend  Backend
}

// ImportOptions are the choices that ImportDmabuf has.
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
		size:     C.sizeof_struct_zinc_options,
		flags:    flag(o.Replace, C.ZINC_REPLACE) | flag(o.Lazy, C.ZINC_LAZY),
		mode:     C.uint32_t(o.Mode),
		lifetime: C.uint32_t(o.Lifetime),
		backend:  C.uint32_t(o.Backend),
	}
}

func (o OpenOptions) raw() C.struct_zinc_options {
	return C.struct_zinc_options{
		size:    C.sizeof_struct_zinc_options,
		flags:   flag(o.Readonly, C.ZINC_READONLY) | flag(o.NoData, C.ZINC_NO_DATA),
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

// SharedRegion is a handle of a region. It is closed by Close, and when it is
// collected. It has to be made by a function of this package.
type SharedRegion struct {
	handle   *handle
	name     string
	readonly bool
}

// adopt makes a region of a handle, or of the error instead of one.
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

// Create makes a region and owns it; its data are zeros.
//
// The name has 1 to 249 of a-z A-Z 0-9 _ -, the capacity is a multiple of the page
// size. Errors: EINVAL for those two, EEXIST, EPERM or EACCES, and ENOMEM, EDQUOT
// or ENOSPC for no room.
func Create(name string, capacity int) (*SharedRegion, error) {
	return CreateWith(name, capacity, CreateOptions{})
}

// CreateWith is Create with a choice.
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

// CreateAnonymous makes a region without a name, which others get by its
// descriptor.
//
// Errors: as Create; EOPNOTSUPP on POSIX shared memory.
func CreateAnonymous(capacity int, options CreateOptions) (*SharedRegion, error) {
	var raw C.zinc_handle

	choice := options.raw()
	result := C.zinc_create_with(nil, C.uintptr_t(capacity), &choice, &raw)
	return adopt("create", "", result, raw)
}

// Open attaches to the region of that name.
//
// Errors: EINVAL for a bad name, ENOENT, EPERM or EACCES, EBADMSG for what is no
// region, ENXIO for a device's memory that cannot be mapped.
func Open(name string) (*SharedRegion, error) {
	return OpenWith(name, OpenOptions{})
}

// OpenReadonly is Open to look and to wait only.
func OpenReadonly(name string) (*SharedRegion, error) {
	return OpenWith(name, OpenOptions{Readonly: true})
}

// OpenWith is Open with a choice.
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

// FromFd attaches to the region whose Fd another process sent; fd stays the
// caller's. What a read-only descriptor gives is read-only.
//
// Errors: EBADF, ENOTTY for what is no region's, EOPNOTSUPP on POSIX shared memory.
func FromFd(fd int, options OpenOptions) (*SharedRegion, error) {
	var raw C.zinc_handle

	choice := options.raw()
	result := C.zinc_from_fd(C.int(fd), &choice, &raw)
	return adopt("from fd", "", result, raw)
}

// ImportDmabuf makes a region of a foreign dma-buf, without copying; fd stays the
// caller's.
//
// Errors: as Create; EBADF, EINVAL for no dma-buf, ENXIO where it cannot be
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

// call is one call of the library with the handle.
func (r *SharedRegion) call(op string, f func(C.zinc_handle) C.int32_t) (C.int32_t, error) {
	raw, err := r.handle.enter()
	if err != nil {
		return 0, err
	}
	// f may panic, and r has to live as long as it runs
	defer runtime.KeepAlive(r)
	defer r.handle.leave()
	result := f(raw)
	return result, failed(op, r.name, result)
}

// Close ends it; again, nothing. Waits of other goroutines end with ErrClosed.
//
// Slices that Bytes returned stay good until the region is collected, or until
// Unmap. Without any, the memory is unmapped here. The error is nil: it is there
// for io.Closer.
func (r *SharedRegion) Close() error {
	r.handle.close()
	return nil
}

// Unmap closes the region, and unmaps its memory at once instead of when it is
// collected: no slice of it may be used from now on.
func (r *SharedRegion) Unmap() {
	r.handle.unmap()
	runtime.KeepAlive(r)
}

// Name is the name that it was made or found by; empty for a region without one.
func (r *SharedRegion) Name() string {
	return r.name
}

// Readonly is whether its data are read-only by this handle.
func (r *SharedRegion) Readonly() bool {
	return r.readonly
}

// Capacity is the number of bytes of data, mapped or not; 0 if closed.
func (r *SharedRegion) Capacity() int {
	var capacity C.uintptr_t

	r.call("capacity", func(raw C.zinc_handle) C.int32_t {
		capacity = C.zinc_capacity(raw)
		return 0
	})
	return int(capacity)
}

// Bytes is the shared memory itself; nil if the region is closed, or opened
// without data.
//
// The slice is good as long as the region has not been collected, closed or not:
// see above. In that of a read-only region a write is a fault, which ends the
// program, or is a panic after debug.SetPanicOnFault.
func (r *SharedRegion) Bytes() []byte {
	return r.handle.bytes()
}

// Notify counts the sequence on, and wakes all who wait. What was written before
// is visible after the wait that it satisfies.
//
// Errors: EBADF for a read-only region, ErrClosed.
func (r *SharedRegion) Notify() error {
	_, err := r.call("notify", func(raw C.zinc_handle) C.int32_t {
		return C.zinc_notify_checked(raw)
	})
	return err
}

// Sequence is how often the region was notified, modulo 2^32; 0 if closed.
func (r *SharedRegion) Sequence() uint32 {
	var sequence C.uint32_t

	r.call("sequence", func(raw C.zinc_handle) C.int32_t {
		sequence = C.zinc_sequence(raw)
		return 0
	})
	return uint32(sequence)
}

// Fd is a descriptor for poll and SCM_RIGHTS: readable while a notify is pending;
// TryWait takes it. It is the region's: do not close it, and keep the region.
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

// Info is what is known of the region now.
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

// Features are what can be done with devices; none on POSIX shared memory.
//
// Errors: ErrClosed.
func (r *SharedRegion) Features() (Features, error) {
	var found C.uint64_t

	_, err := r.call("features", func(raw C.zinc_handle) C.int32_t {
		return C.zinc_features(raw, &found)
	})
	return Features(found), err
}

// ExportDmabuf gives the data as a dma-buf, for a device to import; readonly: one
// that neither CPU nor device writes by. The descriptor is the caller's to close.
//
// Errors: EOPNOTSUPP on POSIX shared memory, EACCES for a writable one of a
// read-only region, EMFILE, ENFILE, ENOMEM, ErrClosed.
func (r *SharedRegion) ExportDmabuf(readonly bool) (int, error) {
	fd, err := r.call("export", func(raw C.zinc_handle) C.int32_t {
		return C.zinc_export_dmabuf(raw, flag(readonly, C.ZINC_READONLY))
	})
	if err != nil {
		return -1, err
	}
	return int(fd), nil
}

// NotifyOnFence has the region notified when a device has done its work: fence is
// a sync_file, and may be closed afterwards.
//
// Errors: EBADF for no sync_file and for a read-only region, EBUSY, EOPNOTSUPP on
// POSIX shared memory, ErrClosed.
func (r *SharedRegion) NotifyOnFence(fence int) error {
	_, err := r.call("notify on fence", func(raw C.zinc_handle) C.int32_t {
		return C.zinc_notify_on_fence(raw, C.int(fence))
	})
	return err
}

// Access is what the CPU does between BeginCPUAccess and EndCPUAccess.
type Access uint32

// The kinds of access, and both.
const (
	CPURead      Access = C.ZINC_CPU_READ
	CPUWrite     Access = C.ZINC_CPU_WRITE
	CPUReadWrite        = CPURead | CPUWrite
)

// BeginCPUAccess comes before the CPU touches what a device works on, and waits
// for the device.
//
// Errors: EINVAL for no such access, EBADF to write by a read-only region,
// EOPNOTSUPP on POSIX shared memory, ErrClosed.
func (r *SharedRegion) BeginCPUAccess(access Access) error {
	_, err := r.call("begin access", func(raw C.zinc_handle) C.int32_t {
		return C.zinc_begin_cpu_access(raw, C.uint32_t(access))
	})
	return err
}

// EndCPUAccess comes after it, before the device goes on.
//
// Errors: as BeginCPUAccess.
func (r *SharedRegion) EndCPUAccess(access Access) error {
	_, err := r.call("end access", func(raw C.zinc_handle) C.int32_t {
		return C.zinc_end_cpu_access(raw, C.uint32_t(access))
	})
	return err
}
