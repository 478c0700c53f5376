// SPDX-License-Identifier: MIT

package zinc

/*
#include <zinc.h>
*/
import "C"

import (
	"runtime"
	"sync"
	"unsafe"
)

// mapping is what is left of a region's data when its handle is closed.
type mapping struct {
	data   unsafe.Pointer
	length C.size_t
}

func (m *mapping) unmap() {
	if m.data != nil {
		C.zinc_unmap_data(m.data, m.length)
		m.data = nil
	}
}

// handle is a zinc_handle that is closed once, when no call uses it any more.
type handle struct {
	lock    sync.Mutex
	raw     C.zinc_handle
	view    []byte
	viewed  bool // somebody has view, or parts of it
	kept    mapping
	users   int
	closing chan struct{} // closed when no call may begin
	closed  chan struct{} // closed when the last has ended
}

func newHandle(raw C.zinc_handle) *handle {
	h := &handle{raw: raw, closing: make(chan struct{}), closed: make(chan struct{})}
	if data := C.zinc_ptr(raw); data != nil {
		h.view = unsafe.Slice((*byte)(data), uint64(C.zinc_capacity(raw)))
	}
	runtime.SetFinalizer(h, (*handle).finalize)
	return h
}

func (h *handle) isClosing() bool {
	select {
	case <-h.closing:
		return true
	default:
		return false
	}
}

// enter gives the handle for a call, which leave has to follow.
func (h *handle) enter() (C.zinc_handle, error) {
	h.lock.Lock()
	defer h.lock.Unlock()
	if h.isClosing() {
		return nil, ErrClosed
	}
	h.users++
	return h.raw, nil
}

// leave says that the call has ended.
func (h *handle) leave() {
	h.lock.Lock()
	defer h.lock.Unlock()
	h.users--
	h.finishIfUnused()
}

// close lets no call begin from now on, and returns when the last has ended.
func (h *handle) close() {
	h.lock.Lock()
	if !h.isClosing() {
		close(h.closing)
		h.finishIfUnused()
	}
	h.lock.Unlock()
	<-h.closed
}

func (h *handle) finishIfUnused() {
	if h.users > 0 || !h.isClosing() {
		return
	}
	h.view = nil
	if !h.viewed || C.zinc_close_keep_data(h.raw, &h.kept.data, &h.kept.length) != 0 {
		C.zinc_close(h.raw)
	}
	h.raw = nil
	close(h.closed)
}

// bytes is the data; from now on they outlive the handle.
func (h *handle) bytes() []byte {
	h.lock.Lock()
	defer h.lock.Unlock()
	if h.isClosing() || h.view == nil {
		return nil
	}
	h.viewed = true
	return h.view[:len(h.view):len(h.view)]
}

// unmap ends what close has kept.
func (h *handle) unmap() {
	h.close()
	h.lock.Lock()
	defer h.lock.Unlock()
	h.kept.unmap()
}

// finalize is called when nobody can reach the handle, and so no region of it.
func (h *handle) finalize() {
	h.unmap()
}
