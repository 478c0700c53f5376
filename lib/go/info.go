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

// Backend is the implementation of a region.
type Backend uint32

// The backends. BackendAuto is the value of $ZINC_BACKEND if that is set; otherwise the
// kernel module if it is available, POSIX shared memory if not.
const (
	BackendAuto Backend = C.ZINC_BACKEND_AUTO
	BackendKmod Backend = C.ZINC_BACKEND_KMOD
	BackendShm  Backend = C.ZINC_BACKEND_SHM
)

// Lifetime is the event that removes a region's name.
type Lifetime uint32

// The lifetimes: until the last handle is closed, until the creator's handle is closed,
// until the region is unlinked.
const (
	LifetimeRefs    Lifetime = C.ZINC_LIFETIME_REFS
	LifetimeCreator Lifetime = C.ZINC_LIFETIME_CREATOR
	LifetimePersist Lifetime = C.ZINC_LIFETIME_PERSIST
)

// Flags describe a region and a handle; zinc.h documents them as ZINC_INFO_*.
type Flags uint32

// The flags.
const (
	IsCreatorGone  Flags = C.ZINC_INFO_CREATOR_GONE
	IsUnlinked     Flags = C.ZINC_INFO_UNLINKED
	IsAnonymous    Flags = C.ZINC_INFO_ANONYMOUS
	IsLazy         Flags = C.ZINC_INFO_LAZY
	IsReadonly     Flags = C.ZINC_INFO_RDONLY
	IsCreator      Flags = C.ZINC_INFO_CREATOR
	IsStale        Flags = C.ZINC_INFO_STALE
	IsInvalid      Flags = C.ZINC_INFO_INVALID
	IsImported     Flags = C.ZINC_INFO_IMPORTED
	IsDataReadonly Flags = C.ZINC_INFO_DATA_RDONLY
	IsContiguous   Flags = C.ZINC_INFO_CONTIGUOUS
	IsUnknown      Flags = C.ZINC_INFO_UNKNOWN
	IsPageLayout   Flags = C.ZINC_INFO_PAGE_LAYOUT
)

// Features are operations with devices.
type Features uint64

// The features. A function whose feature is missing returns EOPNOTSUPP.
const (
	CanExport     Features = C.ZINC_FEATURE_EXPORT      // ExportDmabuf, BeginCPUAccess, EndCPUAccess
	CanImport     Features = C.ZINC_FEATURE_IMPORT      // ImportDmabuf
	CanFence      Features = C.ZINC_FEATURE_FENCE       // NotifyOnFence
	CanContiguous Features = C.ZINC_FEATURE_CONTIGUOUS  // CreateOptions.Contiguous
	CanExportPart Features = C.ZINC_FEATURE_EXPORT_PART // ExportDmabufPart
)

// Info describes a region.
type Info struct {
	Name        string // empty for an anonymous region
	Backend     Backend
	ID          uint64 // kernel module: the region's number; shm: inode number
	Capacity    uint64 // bytes of data
	Resident    uint64 // bytes of data for which memory is allocated
	CreatedAt   time.Time
	Flags       Flags
	Lifetime    Lifetime
	UID, GID    uint32
	Mode        uint32 // permission bits
	CreatorPID  int32  // the creator's process ID; 0 if not visible from this namespace
	Handles     uint32 // open handles
	Waiters     uint32 // threads that sleep in a wait; 0 on shm
	Sequence    uint32 // notifies so far
	Cursor      uint32 // the sequence that this handle has consumed
	Attachments uint32 // devices attached to its dma-buf
	Fences      uint32 // fences that have not signalled yet
	FenceErrors uint32 // fences that signalled an error so far
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
		CreatorPID:  int32(raw.creator_pid),
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

// Stat describes a region by its name, without opening it.
//
// Errors: ENOENT, EINVAL for a bad name, EACCES if the caller may not see the region.
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

// List describes the named regions that are visible to the caller, sorted by name.
//
// Errors: EACCES if the caller may not open /dev/zinc, ENOMEM.
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

// Unlink removes a region's name; open handles stay valid.
//
// Errors: ENOENT, EPERM if the caller is not the owner, EINVAL for a bad name.
func Unlink(name string) error {
	if err := checkName("unlink", name); err != nil {
		return err
	}
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	return failed("unlink", name, C.zinc_unlink(text))
}

// UnlinkStale removes the name of a region that no process has open. On POSIX shared
// memory, a process that died can leave such a name. The kernel module leaves none.
//
// Errors: EBUSY if the region is open or if that cannot be determined; ENOENT, EPERM for
// another user's region, EBADMSG for an object that is not a region, EINVAL for a bad
// name.
func UnlinkStale(name string) error {
	if err := checkName("unlink", name); err != nil {
		return err
	}
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	return failed("unlink", name, C.zinc_unlink_stale(text))
}

// DefaultBackend returns the backend that a new region would get.
//
// Errors: EACCES if the caller may not open /dev/zinc, EINVAL for an invalid
// $ZINC_BACKEND.
func DefaultBackend() (Backend, error) {
	kind := C.zinc_backend(nil)
	return Backend(kind), failed("backend", "", kind)
}

// DeviceFeatures returns the operations with devices that a new region would support;
// none on POSIX shared memory.
//
// Errors: as DefaultBackend.
func DeviceFeatures() (Features, error) {
	var found C.uint64_t

	err := failed("features", "", C.zinc_features(nil, &found))
	return Features(found), err
}
