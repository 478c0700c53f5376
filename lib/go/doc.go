// SPDX-License-Identifier: MIT

// Package zinc provides named shared memory regions with notifications. It wraps the C
// library libzinc-kmod, whose zinc.h describes how regions behave.
//
// # Errors
//
// Errors have the type *Error. The message names the operation, the region and the
// remedy. errors.Is compares an error with a syscall.Errno, fs.ErrExist, fs.ErrNotExist
// and fs.ErrPermission. Methods of a closed region return ErrClosed. WaitOrGone and
// WaitContextOrGone return ErrGone if the region's creator or name is gone.
//
// # Memory
//
// The slice that SharedRegion.Bytes returns is the shared memory itself. Go's garbage
// collector does not track that memory, so the slice does not keep it mapped. The
// *SharedRegion does, even after Close: keep it reachable as long as slices are in use,
// by a deferred Close or by runtime.KeepAlive.
//
// The exit of a program closes no regions. With the kernel module the kernel closes
// them. On POSIX shared memory their names remain.
//
// # Goroutines
//
// Every function may be called from any goroutine, including Close: waits in other
// goroutines then return ErrClosed, and Close returns after all calls have ended.
package zinc
