// SPDX-License-Identifier: MIT

package zinc

/*
#include <errno.h>
#include <stdlib.h>
#include <zinc-stream.h>

// 0 only looks
static uint64_t stream_deadline(uint64_t ns)
{
	return ns ? zinc_stream_now() + ns : 0;
}
*/
import "C"

import (
	"context"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// Writer is the writing end of a stream. It has to be made by CreateStream. One goroutine
// at a time uses it; Close may be called by any.
type Writer struct {
	stream
	writer *C.struct_zinc_stream_writer
	format Format
	size   int
}

// Reader is a reading end of a stream. It has to be made by OpenStream. One goroutine at a
// time uses it and its frames; Close may be called by any.
type Reader struct {
	stream
	reader  *C.struct_zinc_stream_reader
	format  Format
	lost    uint64 // passed over by calls that returned no frame
	changed bool
}

// stream counts the calls that use a writer or reader, so that Close ends it after them.
type stream struct {
	name   string
	lock   sync.Mutex
	users  int
	closed bool
	free   func()
}

func (s *stream) enter() error {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.users++
	return nil
}

func (s *stream) leave() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.users--
	s.finishIfUnused()
}

func (s *stream) finishIfUnused() {
	if s.closed && s.users == 0 && s.free != nil {
		s.free()
		s.free = nil
	}
}

// call is one call of the library.
func (s *stream) call(f func() C.int) (C.int, error) {
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer runtime.KeepAlive(s)
	defer s.leave()
	return f(), nil
}

// Close ends it, and the waits of other goroutines with ErrClosed; again, nothing. No slice
// of its frames may be used from now on. The error is nil: it is there for io.Closer.
func (s *stream) Close() error {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.closed = true
	s.finishIfUnused()
	return nil
}

// Name is as it was given.
func (s *stream) Name() string {
	return s.name
}

// wait calls once with deadlines of a tenth of a second, until it returns another result
// than ETIMEDOUT, or the context is done.
func (s *stream) wait(ctx context.Context, op string, once func(C.uint64_t) C.int) error {
	for {
		next := slice
		if end, ok := ctx.Deadline(); ok && time.Until(end) < slice {
			next = time.Until(end)
		}
		// a context that is done only looks
		done := ctx.Err()
		if done != nil || next < 0 {
			next = 0
		}
		result, err := s.call(func() C.int {
			return once(C.stream_deadline(C.uint64_t(next)))
		})
		if err != nil {
			return err
		}
		if result != -C.ETIMEDOUT {
			return failed(op, s.name, C.int32_t(result))
		}
		if done != nil {
			return done
		}
	}
}

// StreamOptions are the choices that CreateStream has; their zero value is none.
type StreamOptions struct {
	Slots    int // 2 to 64; 0 means 4
	SlotSize int // bytes; 0 means a frame
	Mode     uint32
	Backend  Backend
	Replace  bool // take the name from the stream that has it
}

// CreateStream makes a stream under a name of 1 to 245 of a-z A-Z 0-9 _ -.
//
// Errors: EINVAL for the name or a number, EBADMSG for a format that does not fit into a
// slot; otherwise as Create.
func CreateStream(name string, format Format, options StreamOptions) (*Writer, error) {
	if err := checkName("create stream", name); err != nil {
		return nil, err
	}
	raw, err := format.raw()
	if err != nil {
		return nil, err
	}
	if options.Slots == 0 {
		options.Slots = 4
	}
	if options.SlotSize == 0 {
		options.SlotSize = format.FrameBytes()
	}
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	choice := CreateOptions{Mode: options.Mode, Lifetime: LifetimeCreator,
		Backend: options.Backend, Replace: options.Replace}.raw()
	writer := (*C.struct_zinc_stream_writer)(C.calloc(1, C.sizeof_struct_zinc_stream_writer))
	result := C.zinc_stream_create(writer, text, raw, C.uint32_t(options.Slots),
		C.uint64_t(options.SlotSize), &choice)
	if err := failed("create stream", name, C.int32_t(result)); err != nil {
		C.free(unsafe.Pointer(writer))
		return nil, err
	}
	w := &Writer{writer: writer, format: format, size: int(writer.slot_size)}
	w.name = name
	w.free = func() {
		C.zinc_stream_end(writer)
		C.free(unsafe.Pointer(writer))
	}
	runtime.SetFinalizer(w, func(w *Writer) { w.Close() })
	return w, nil
}

// Format is what the next frame is.
func (w *Writer) Format() Format {
	return w.format
}

// Number is that of the newest frame; 0 before the first, or if it is closed.
func (w *Writer) Number() uint64 {
	var number C.uint64_t

	w.call(func() C.int {
		number = w.writer.number
		return 0
	})
	return uint64(number)
}

// Begin is the memory for the next frame: a whole slot. It waits for registered readers,
// until the context is done, and has to be followed by Commit or Cancel. The slice must not
// be used afterwards.
//
// Errors: the context's; EBUSY if a frame is begun; ErrClosed.
func (w *Writer) Begin(ctx context.Context) ([]byte, error) {
	var data unsafe.Pointer

	err := w.wait(ctx, "begin", func(end C.uint64_t) C.int {
		return C.zinc_stream_begin(w.writer, end, &data)
	})
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(data), w.size), nil
}

// Commit publishes the frame that was begun. A time of 0 is now.
//
// Errors: EINVAL if no frame is begun, or a slot has fewer bytes; ErrClosed.
func (w *Writer) Commit(d Descriptor) error {
	frame := C.struct_zinc_stream_frame{
		bytes: C.uint64_t(d.Bytes), pts_ns: C.uint64_t(d.PtsNs), flags: C.uint32_t(d.Flags),
		damage_x: C.uint32_t(d.Damage[0]), damage_y: C.uint32_t(d.Damage[1]),
		damage_width: C.uint32_t(d.Damage[2]), damage_height: C.uint32_t(d.Damage[3]),
	}
	if d.PtsNs == 0 {
		frame.pts_ns = C.zinc_stream_now()
	}
	result, err := w.call(func() C.int {
		return C.zinc_stream_commit(w.writer, &frame)
	})
	if err != nil {
		return err
	}
	return failed("commit", w.name, C.int32_t(result))
}

// Cancel gives the frame that was begun up; what its slot had is lost.
func (w *Writer) Cancel() {
	w.call(func() C.int {
		C.zinc_stream_cancel(w.writer)
		return 0
	})
}

// Write copies a frame into the next slot, as Begin and Commit.
//
// Errors: EMSGSIZE if a slot is too small for it; as Begin.
func (w *Writer) Write(ctx context.Context, frame []byte) error {
	if len(frame) > w.size {
		return &Error{Op: "write", Region: w.name, Errno: syscall.EMSGSIZE}
	}
	slot, err := w.Begin(ctx)
	if err != nil {
		return err
	}
	return w.Commit(Descriptor{Bytes: copy(slot, frame)})
}

// SetFormat changes what later frames are, within the size of a slot.
//
// Errors: EBADMSG if it does not fit; EBUSY while a frame is begun; ErrClosed.
func (w *Writer) SetFormat(format Format) error {
	raw, err := format.raw()
	if err != nil {
		return err
	}
	result, err := w.call(func() C.int {
		return C.zinc_stream_set_format(w.writer, raw)
	})
	if err == nil {
		err = failed("set format", w.name, C.int32_t(result))
	}
	if err == nil {
		w.format = format
	}
	return err
}

// Drop stops waiting for the registered readers that are in the way, and says how many they
// are. A dropped reader loses frames.
func (w *Writer) Drop() int {
	count, _ := w.call(func() C.int {
		return C.zinc_stream_drop(w.writer)
	})
	return int(count)
}

// OpenStream opens a stream, and waits for its name until the context is done. Registered
// needs write permission.
//
// Errors: the context's; EINVAL for a bad name, EBADMSG for a region without a stream,
// EPERM or EACCES, EUSERS if 16 readers are registered.
func OpenStream(ctx context.Context, name string, mode StreamMode) (*Reader, error) {
	if err := checkName("open stream", name); err != nil {
		return nil, err
	}
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	reader := (*C.struct_zinc_stream_reader)(C.calloc(1, C.sizeof_struct_zinc_stream_reader))
	r := &Reader{reader: reader}
	r.name = name
	r.free = func() {
		C.zinc_stream_close(reader)
		C.free(unsafe.Pointer(reader))
	}
	var header time.Time
	err := r.wait(ctx, "open stream", func(end C.uint64_t) C.int {
		result := C.zinc_stream_open(reader, text, C.uint32_t(mode), end)
		if result == -C.EBADMSG {
			// the writer has the name, and writes the header within a second
			if header.IsZero() {
				header = time.Now().Add(time.Second)
			}
			if time.Now().Before(header) {
				return -C.ETIMEDOUT
			}
		} else {
			header = time.Time{}
		}
		if result == -C.ENOENT {
			// with a deadline of 0
			return -C.ETIMEDOUT
		}
		return result
	})
	if err != nil {
		r.Close()
		return nil, err
	}
	r.format = newFormat(&reader.format)
	runtime.SetFinalizer(r, func(r *Reader) { r.Close() })
	return r, nil
}

// Format is that of the last frame; before the first, as the stream was opened.
func (r *Reader) Format() Format {
	return r.format
}

// Lost is how many frames were lost since it was opened; 0 if it is closed.
func (r *Reader) Lost() uint64 {
	var lost C.uint64_t

	r.call(func() C.int {
		lost = r.reader.lost
		return 0
	})
	return uint64(lost)
}

// Frame is a frame in the ring. Its data are good until the next frame, and until the
// reader is closed or collected; the writer may overwrite them: ask Done.
type Frame struct {
	Descriptor
	Data      []byte // the shared memory itself, read-only
	Format    Format
	Lost      uint64 // frames lost between the previous one and this one
	NewFormat bool   // Format differs from that of the previous one
	reader    *Reader
	view      *C.struct_zinc_stream_view
}

// Next waits for a frame, until the context is done, and looks at it in place.
//
// Errors: the context's; ErrGone if the writer has ended and no frame is left; EBADMSG if
// the stream contradicts itself; ErrClosed.
func (r *Reader) Next(ctx context.Context) (*Frame, error) {
	view := &C.struct_zinc_stream_view{}
	err := r.wait(ctx, "next", func(end C.uint64_t) C.int {
		result := C.zinc_stream_next(r.reader, view, end)
		r.lost += uint64(view.lost)
		r.changed = r.changed || bool(view.new_format)
		if result == 0 && bool(view.new_format) {
			r.format = newFormat(&r.reader.format)
		}
		return result
	})
	if err != nil {
		return nil, err
	}
	frame := &Frame{
		Descriptor: newDescriptor(&view.frame),
		Data:       unsafe.Slice((*byte)(view.data), int(view.frame.bytes)),
		Format:     r.format,
		Lost:       r.lost,
		NewFormat:  r.changed,
		reader:     r,
		view:       view,
	}
	r.lost, r.changed = 0, false
	return frame, nil
}

// Read is Next that copies the frame into a slice of its own. A copy is always whole: a
// frame that is overwritten during it is lost, and the next one is copied.
//
// Errors: as Next.
func (r *Reader) Read(ctx context.Context) (*Frame, error) {
	lost, changed := uint64(0), false
	// of copies that were torn, for the next frame that is returned
	keep := func() {
		r.lost += lost
		r.changed = r.changed || changed
	}
	for {
		frame, err := r.Next(ctx)
		if err != nil {
			keep()
			return nil, err
		}
		lost += frame.Lost
		changed = changed || frame.NewFormat
		frame.Data = append([]byte(nil), frame.Data...)
		if frame.Done() {
			frame.Lost, frame.NewFormat = lost, changed
			return frame, nil
		}
		lost++
		// a writer may be faster than this loop for ever
		if err := ctx.Err(); err != nil {
			keep()
			return nil, err
		}
	}
}

// IsWhole is whether all that was read until now is the frame's; false if it is done.
func (f *Frame) IsWhole() bool {
	if f.reader == nil {
		return false
	}
	whole, err := f.reader.call(func() C.int {
		if C.zinc_stream_is_whole(f.reader.reader, f.view) {
			return 1
		}
		return 0
	})
	return err == nil && whole == 1
}

// Done ends its use, and says whether all that was read is the frame's: else discard the
// result. A writer that waits for this reader goes on. Again, or if the reader is closed,
// it is false.
func (f *Frame) Done() bool {
	reader := f.reader
	if reader == nil {
		return false
	}
	f.reader = nil
	result, err := reader.call(func() C.int {
		return C.zinc_stream_done(reader.reader, f.view)
	})
	return err == nil && result == 0
}
