// SPDX-License-Identifier: MIT

package zinc

/*
#include <stdlib.h>
#include <zinc.h>
*/
import "C"

import (
	"time"
	"unsafe"
)

// Backend is what a region is made by.
type Backend uint32

// The backends. BackendAuto: as $ZINC_BACKEND says, else the kernel module, else
// POSIX shared memory.
const (
	BackendAuto Backend = C.ZINC_BACKEND_AUTO
	BackendKmod Backend = C.ZINC_BACKEND_KMOD
	BackendShm  Backend = C.ZINC_BACKEND_SHM
)

// Lifetime is how long a region keeps its name.
type Lifetime uint32

// The lifetimes: until the last handle is closed, until the creator's is, until
// somebody unlinks it.
const (
	LivesRefs    Lifetime = C.ZINC_LIVES_REFS
	LivesCreator Lifetime = C.ZINC_LIVES_CREATOR
	LivesPersist Lifetime = C.ZINC_LIVES_PERSIST
)

// Flags tell of a region and of a handle; zinc.h tells what they mean.
type Flags uint32

// The flags.
const (
	IsCreatorGone  Flags = C.ZINC_IS_CREATOR_GONE
	IsUnlinked     Flags = C.ZINC_IS_UNLINKED
	IsAnonymous    Flags = C.ZINC_IS_ANONYMOUS
	IsLazy         Flags = C.ZINC_IS_LAZY
	IsReadonly     Flags = C.ZINC_IS_READONLY
	IsCreator      Flags = C.ZINC_IS_CREATOR
	IsStale        Flags = C.ZINC_IS_STALE
	IsInvalid      Flags = C.ZINC_IS_INVALID
	IsImported     Flags = C.ZINC_IS_IMPORTED
	IsDataReadonly Flags = C.ZINC_IS_DATA_READONLY
)

// Features are what can be done with devices.
type Features uint64

// The features. Without its bit a function answers EOPNOTSUPP.
const (
	CanExport Features = C.ZINC_CAN_EXPORT // ExportDmabuf, BeginCPUAccess, EndCPUAccess
	CanImport Features = C.ZINC_CAN_IMPORT // ImportDmabuf
	CanFence  Features = C.ZINC_CAN_FENCE  // NotifyOnFence
)

// Info is what is known of a region.
type Info struct {
	Name        string // empty for none
	Backend     Backend
	ID          uint64 // kernel module: the region's number; shm: inode number
	Capacity    uint64 // bytes of data
	Resident    uint64 // bytes of them that have memory now
	CreatedAt   time.Time
	Flags       Flags
	Lifetime    Lifetime
	UID, GID    uint32
	Mode        uint32 // permission bits
	OwnerPID    int32  // the creator's process; 0 if not visible from here
	Handles     uint32 // that are open
	Waiters     uint32 // who sleeps on it now; 0 on shm
	Sequence    uint32 // notifies so far
	Cursor      uint32 // this handle's
	Attachments uint32 // devices attached to its dma-buf
	Fences      uint32 // that have yet to notify
	FenceErrors uint32 // fences so far that signalled an error
	FenceError  int32  // the last such error, a negative errno
}

func infoFrom(raw *C.struct_zinc_region_info) Info {
	return Info{
		Name:        C.GoString(&raw.name[0]),
		Backend:     Backend(raw.backend),
		ID:          uint64(raw.id),
		Capacity:    uint64(raw.capacity),
		Resident:    uint64(raw.resident),
		CreatedAt:   time.Unix(0, int64(raw.created_at)),
		Flags:       Flags(raw.flags),
		Lifetime:    Lifetime(raw.lifetime),
		UID:         uint32(raw.uid),
		GID:         uint32(raw.gid),
		Mode:        uint32(raw.mode),
		OwnerPID:    int32(raw.owner_pid),
		Handles:     uint32(raw.handles),
		Waiters:     uint32(raw.waiters),
		Sequence:    uint32(raw.sequence),
		Cursor:      uint32(raw.cursor),
		Attachments: uint32(raw.attachments),
		Fences:      uint32(raw.fences),
		FenceErrors: uint32(raw.fence_errors),
		FenceError:  int32(raw.fence_error),
	}
}

func newRawInfo() C.struct_zinc_region_info {
	var raw C.struct_zinc_region_info

	raw.size = C.sizeof_struct_zinc_region_info
	return raw
}

// Stat tells of the region of that name without opening it.
//
// Errors: ENOENT, EINVAL for a bad name, EACCES where it may not be seen.
func Stat(name string) (Info, error) {
	if err := checkName("stat", name); err != nil {
		return Info{}, err
	}
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	raw := newRawInfo()
	if err := failed("stat", name, C.zinc_stat(text, &raw)); err != nil {
		return Info{}, err
	}
	return infoFrom(&raw), nil
}

// List tells of the named regions that the caller may see, in the order of their
// names.
//
// Errors: EACCES where /dev/zinc may not be opened, ENOMEM.
func List() ([]Info, error) {
	var list *C.struct_zinc_region_info
	var count C.size_t

	result := C.zinc_list(&list, &count, C.sizeof_struct_zinc_region_info)
	if err := failed("list", "", result); err != nil {
		return nil, err
	}
	defer C.zinc_list_free(list)
	found := unsafe.Slice(list, int(count))
	infos := make([]Info, 0, len(found))
	for i := range found {
		infos = append(infos, infoFrom(&found[i]))
	}
	return infos, nil
}

// Unlink takes the name away; who has the region open keeps it.
//
// Errors: ENOENT, EPERM where the caller is not its owner, EINVAL for a bad name.
func Unlink(name string) error {
	if err := checkName("unlink", name); err != nil {
		return err
	}
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	return failed("unlink", name, C.zinc_unlink(text))
}

// DefaultBackend is the one that a new region would get.
//
// Errors: EACCES where /dev/zinc may not be opened, EINVAL for a bad $ZINC_BACKEND.
func DefaultBackend() (Backend, error) {
	kind := C.zinc_backend(nil)
	return Backend(kind), failed("backend", "", kind)
}

// DeviceFeatures are what can be done with devices here; none on POSIX shared
// memory.
//
// Errors: as DefaultBackend.
func DeviceFeatures() (Features, error) {
	var found C.uint64_t

	err := failed("features", "", C.zinc_features(nil, &found))
	return Features(found), err
}
