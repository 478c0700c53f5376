// SPDX-License-Identifier: MIT

package zinc

/*
#cgo pkg-config: zinc-kmod
#include <zinc.h>
*/
import "C"

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// ErrClosed is what a region that is closed answers with. It is an os.ErrClosed.
var ErrClosed = fmt.Errorf("zinc: the region: %w", os.ErrClosed)

// Error is what the library returned.
type Error struct {
	Op     string        // such as "open"
	Region string        // its name; empty if it has none
	Errno  syscall.Errno // for errors.Is
}

// Error says what happened, to which region, and what to do about it.
func (e *Error) Error() string {
	text := C.GoString(C.zinc_strerror(-C.int32_t(e.Errno)))
	if e.Region == "" {
		return fmt.Sprintf("zinc: %s: %s", e.Op, text)
	}
	return fmt.Sprintf("zinc: %s %q: %s", e.Op, e.Region, text)
}

// Unwrap gives the errno.
func (e *Error) Unwrap() error {
	return e.Errno
}

// failed is the error of a result, nil if there was none.
func failed(op, region string, result C.int32_t) error {
	if result >= 0 {
		return nil
	}
	return &Error{Op: op, Region: region, Errno: syscall.Errno(-result)}
}

// checkName refuses a NUL, which would cut the name to that of another region.
func checkName(op, name string) error {
	if strings.IndexByte(name, 0) < 0 {
		return nil
	}
	return &Error{Op: op, Region: name, Errno: syscall.EINVAL}
}
