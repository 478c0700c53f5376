// SPDX-License-Identifier: MIT

package zinc

/*
#cgo pkg-config: zinc-kmod
#include <zinc.h>
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// ErrClosed is the error of a closed region. It wraps os.ErrClosed.
var ErrClosed = fmt.Errorf("zinc: the region: %w", os.ErrClosed)

// ErrGone is the error of WaitOrGone and WaitContextOrGone if the region's creator or
// name is gone. Compare with errors.Is: the error itself is an *Error with EPIPE.
var ErrGone = errors.New("zinc: the region's creator or name is gone")

// Error is an error of the C library.
type Error struct {
	Op     string        // such as "open"
	Region string        // its name; empty if it has none
	Errno  syscall.Errno // for errors.Is
}

// Error returns the operation, the region, and the library's message with the remedy.
func (e *Error) Error() string {
	text := C.GoString(C.zinc_strerror(-C.int32_t(e.Errno)))
	if e.Region == "" {
		return fmt.Sprintf("zinc: %s: %s", e.Op, text)
	}
	return fmt.Sprintf("zinc: %s %q: %s", e.Op, e.Region, text)
}

// Unwrap returns the errno.
func (e *Error) Unwrap() error {
	return e.Errno
}

// Is reports whether the error is ErrGone, for errors.Is.
func (e *Error) Is(target error) bool {
	return target == ErrGone && e.Errno == syscall.EPIPE
}

// failed converts a result of the library to an error, or nil.
func failed(op, region string, result C.int32_t) error {
	if result >= 0 {
		return nil
	}
	return &Error{Op: op, Region: region, Errno: syscall.Errno(-result)}
}

// checkName refuses a NUL, which would truncate the name to that of another region.
func checkName(op, name string) error {
	if strings.IndexByte(name, 0) < 0 {
		return nil
	}
	return &Error{Op: op, Region: name, Errno: syscall.EINVAL}
}
