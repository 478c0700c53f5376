// SPDX-License-Identifier: MIT

package zinc

import (
	"io"
	"runtime"
	"syscall"
)

// copying calls f with the data from off on, and keeps them mapped during the call.
func (r *SharedRegion) copying(op string, off int64, f func(data []byte) int) (int, error) {
	if _, err := r.handle.enter(); err != nil {
		return 0, err
	}
	defer runtime.KeepAlive(r)
	defer r.handle.leave()
	data := r.handle.view
	if data == nil {
		return 0, &Error{Op: op, Region: r.name, Errno: syscall.ENXIO}
	}
	if off < 0 {
		return 0, &Error{Op: op, Region: r.name, Errno: syscall.EINVAL}
	}
	if off > int64(len(data)) {
		off = int64(len(data))
	}
	return f(data[off:]), nil
}

// ReadAt copies from the data, beginning at off. A region is an io.ReaderAt, for
// example for io.NewSectionReader. Other processes may write the data during the copy.
//
// Errors: io.EOF if fewer bytes are left than p has; EINVAL for a negative offset,
// ENXIO for a region that was opened without data, ErrClosed.
func (r *SharedRegion) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.copying("read", off, func(data []byte) int {
		return copy(p, data)
	})
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// WriteAt copies into the data, beginning at off. A region is an io.WriterAt. WriteAt
// does not notify.
//
// Errors: io.ErrShortWrite if p exceeds the end of the data, after copying the part that
// fits; EACCES for a read-only region; EINVAL for a negative offset, ENXIO for a region
// that was opened without data, ErrClosed.
func (r *SharedRegion) WriteAt(p []byte, off int64) (int, error) {
	n, err := r.copying("write", off, func(data []byte) int {
		if r.readonly {
			return -1
		}
		return copy(data, p)
	})
	if n < 0 {
		return 0, &Error{Op: "write", Region: r.name, Errno: syscall.EACCES}
	}
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return n, err
}
