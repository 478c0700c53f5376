// SPDX-License-Identifier: MIT

// Package zinc has named memory that processes share without copying, and that
// wakes who waits for it: Go's types around the C library libzinc-kmod, whose
// zinc.h says how regions behave.
//
// # Errors
//
// They are of type *Error and name the operation, the region, and what to do
// about it. errors.Is compares them with a syscall.Errno, and so with
// fs.ErrExist, fs.ErrNotExist and fs.ErrPermission. What is done with a region
// that is closed gives ErrClosed.
//
// # Memory
//
// The slice that SharedRegion.Bytes returns is the shared memory itself. The
// collector knows nothing of that memory, and so the slice does not keep it, but
// the *SharedRegion does, even when it is closed: keep that as long as there are
// slices. A deferred Close does, as does runtime.KeepAlive.
//
// A program that ends does not close what it has left open. With the kernel module
// that makes no difference; on POSIX shared memory the names stay.
//
// # Goroutines
//
// Everything may be called from any goroutine, Close as well: it ends the waits
// of others with ErrClosed, and returns when nobody is inside any more.
package zinc
