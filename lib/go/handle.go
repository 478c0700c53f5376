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

// mapping is the mapping of a region's data that remains after its handle is closed.
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

// handle is a zinc_handle that is closed once, when the last call on it has ended.
type handle struct {
	lock    sync.Mutex
	raw     C.zinc_handle
	view    []byte
	viewed  bool // view was returned to the caller
	kept    mapping
	users   int
	closing chan struct{} // closed once no new call may begin
	closed  chan struct{} // closed once the last call has ended
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

// enter begins a call and returns the C handle; leave ends the call.
func (h *handle) enter() (C.zinc_handle, error) {
	h.lock.Lock()
	defer h.lock.Unlock()
	if h.isClosing() {
		return nil, ErrClosed
	}
	h.users++
	return h.raw, nil
}

// leave ends a call.
func (h *handle) leave() {
	h.lock.Lock()
	defer h.lock.Unlock()
	h.users--
	h.finishIfUnused()
}

// close refuses new calls, and returns when the last call has ended.
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

// bytes returns the data; from then on their mapping outlives the handle.
func (h *handle) bytes() []byte {
	h.lock.Lock()
	defer h.lock.Unlock()
	if h.isClosing() || h.view == nil {
		return nil
	}
	h.viewed = true
	return h.view[:len(h.view):len(h.view)]
}

// unmap removes the mapping that close has kept.
func (h *handle) unmap() {
	h.close()
	h.lock.Lock()
	defer h.lock.Unlock()
	h.kept.unmap()
}

// finalize runs when the handle, and so its region, is unreachable.
func (h *handle) finalize() {
	h.unmap()
}
