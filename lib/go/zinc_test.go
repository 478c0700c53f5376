// SPDX-License-Identifier: MIT

package zinc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"zinc"
)

const page = 65536

var names int64

// What fails has to end, however long it may take.
const patience = time.Minute

func named() string {
	return fmt.Sprintf("zg%d-%d", os.Getpid(), atomic.AddInt64(&names, 1))
}

func create(t *testing.T) *zinc.SharedRegion {
	t.Helper()
	region, err := zinc.Create(named(), page)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(region.Unmap)
	return region
}

func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%v instead of %v", err, want)
	}
}

func TestErrors(t *testing.T) {
	region := create(t)
	_, exists := zinc.Create(region.Name(), page)
	is(t, exists, syscall.EEXIST)
	is(t, exists, fs.ErrExist)
	name := named()
	_, missing := zinc.Open(name)
	is(t, missing, syscall.ENOENT)
	is(t, missing, fs.ErrNotExist)
	var detail *zinc.Error
	if !errors.As(missing, &detail) || detail.Op != "open" || detail.Region != name {
		t.Errorf("%#v", missing)
	}
	if text := missing.Error(); !strings.Contains(text, fmt.Sprintf("zinc: open %q: no region", name)) {
		t.Error(text)
	}
	_, err := zinc.Open("a\x00b")
	is(t, err, syscall.EINVAL)
	is(t, zinc.ErrClosed, os.ErrClosed)
}

func TestClosed(t *testing.T) {
	region := create(t)
	var closer io.Closer = region
	if closer.Close() != nil || closer.Close() != nil {
		t.Error("an error of Close")
	}
	if region.Bytes() != nil || region.Capacity() != 0 || region.Sequence() != 0 {
		t.Error("it still tells something")
	}
	two := func(_ interface{}, err error) error { return err }
	for what, err := range map[string]error{
		"Notify":          region.Notify(),
		"Wait":            two(region.Wait(zinc.Forever)),
		"TryWait":         two(region.TryWait()),
		"WaitContext":     region.WaitContext(context.Background()),
		"NotifyAndWait":   two(region.NotifyAndWait(region, 0)),
		"WaitAny":         two(zinc.WaitAny(0, region)),
		"Fd":              two(region.Fd()),
		"Info":            two(region.Info()),
		"Features":        two(region.Features()),
		"ExportDmabuf":    two(region.ExportDmabuf(false)),
		"NotifyOnFence":   region.NotifyOnFence(0),
		"BeginCPUAccess":  region.BeginCPUAccess(zinc.CPURead),
		"EndCPUAccess":    region.EndCPUAccess(zinc.CPURead),
		"a reply's Close": two(create(t).NotifyAndWait(region, 0)),
	} {
		if err != zinc.ErrClosed {
			t.Errorf("%s: %v", what, err)
		}
	}
	region.Unmap()
	region.Unmap()
}

// Is there memory at this address?
func isMapped(t *testing.T, address uintptr) bool {
	t.Helper()
	text, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		var begin, end uintptr
		fmt.Sscanf(line, "%x-%x", &begin, &end)
		if begin <= address && address < end {
			return true
		}
	}
	return false
}

func addressOf(view []byte) uintptr {
	return uintptr(unsafe.Pointer(&view[0]))
}

// A slice is good as long as its region is, closed or not, and then the memory goes.
func TestSlicesOutliveClose(t *testing.T) {
	region := create(t)
	view := region.Bytes()
	view[1] = 2
	region.Close()
	runtime.GC()
	view[3] = 4
	if view[1] != 2 || view[3] != 4 || !isMapped(t, addressOf(view)) {
		t.Error("the memory has gone")
	}
	if len(view) != page || cap(view) != page {
		t.Error("it is", len(view), "long")
	}
	region.Unmap()
	if isMapped(t, addressOf(view)) {
		t.Error("the memory is still there")
	}
	// nobody has looked: there is nothing to keep
	region = create(t)
	region.Close()
	if region.IsKept() {
		t.Error("a region that nobody looked into is kept")
	}
}

func TestCollected(t *testing.T) {
	name := named()
	var address uintptr
	func() {
		region, err := zinc.Create(name, page)
		if err != nil {
			t.Fatal(err)
		}
		address = addressOf(region.Bytes())
	}()
	for i := 0; i < 100; i++ {
		runtime.GC()
		if _, err := zinc.Stat(name); err != nil && !isMapped(t, address) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("it is still there")
}

// waitWays are the ways to wait without an end.
func waitWays(region *zinc.SharedRegion) map[string]func() error {
	one := func(notified bool, err error) error {
		if err == nil && !notified {
			return errors.New("not notified")
		}
		return err
	}
	return map[string]func() error{
		"Wait":        func() error { return one(region.Wait(zinc.Forever)) },
		"WaitContext": func() error { return region.WaitContext(context.Background()) },
		"WaitAny": func() error {
			index, err := zinc.WaitAny(zinc.Forever, region)
			return one(index == 0, err)
		},
	}
}

func TestWaitsEnd(t *testing.T) {
	for what := range waitWays(nil) {
		for _, end := range []string{"Notify", "Close"} {
			region := create(t)
			result := make(chan error)
			go func() { result <- waitWays(region)[what]() }()
			time.Sleep(30 * time.Millisecond)
			var want error
			if end == "Notify" {
				region.Notify()
			} else {
				want = zinc.ErrClosed
				region.Close()
			}
			select {
			case err := <-result:
				if err != want {
					t.Errorf("%s, ended by %s: %v", what, end, err)
				}
			case <-time.After(patience):
				t.Fatalf("%s, not ended by %s", what, end)
			}
		}
	}
}

func TestTimeouts(t *testing.T) {
	region := create(t)
	for _, timeout := range []time.Duration{0, time.Nanosecond, 1500 * time.Microsecond, 130 * time.Millisecond} {
		for what, wait := range map[string]func() (bool, error){
			"Wait":          func() (bool, error) { return region.Wait(timeout) },
			"NotifyAndWait": func() (bool, error) { return region.NotifyAndWait(create(t), timeout) },
			"WaitAny": func() (bool, error) {
				index, err := zinc.WaitAny(timeout, region)
				return index >= 0, err
			},
		} {
			for pending := true; pending; pending, _ = region.TryWait() {
			}
			begin := time.Now()
			notified, err := wait()
			if took := time.Since(begin); notified || err != nil || took < timeout {
				t.Errorf("%s(%v): %v %v after %v", what, timeout, notified, err, took)
			}
		}
	}
}

func TestContext(t *testing.T) {
	region := create(t)
	ctx, cancel := context.WithCancel(context.Background())
	region.Notify()
	cancel()
	is(t, region.WaitContext(ctx), context.Canceled)
	if notified, _ := region.TryWait(); !notified {
		t.Error("a wait that was cancelled before took the notify")
	}
	begin := time.Now()
	ctx, cancel = context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	is(t, region.WaitContext(ctx), context.DeadlineExceeded)
	if took := time.Since(begin); took < 30*time.Millisecond || took > patience {
		t.Error("it took", took)
	}
	ctx, cancel = context.WithCancel(context.Background())
	time.AfterFunc(30*time.Millisecond, cancel)
	is(t, region.WaitContext(ctx), context.Canceled)
	region.Notify()
	if err := region.WaitContext(context.Background()); err != nil {
		t.Error(err)
	}
}

// As many descriptors and goroutines as before, but for one that is about to end
func TestContextLeavesNothing(t *testing.T) {
	region := create(t)
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries) + runtime.NumGoroutine()
	}
	region.Notify()
	region.WaitContext(context.Background())
	before := count()
	for i := 0; i < 100; i++ {
		region.Notify()
		if err := region.WaitContext(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if now := count(); now > before+10 {
		t.Error(now-before, "are left")
	}
}

func TestOptions(t *testing.T) {
	old := create(t)
	region, err := zinc.CreateWith(old.Name(), 2*page, zinc.CreateOptions{
		Mode: 0640, Lifetime: zinc.LivesCreator, Replace: true, Lazy: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer region.Close()
	info, err := region.Info()
	if err != nil || info.Mode != 0640 || info.Lifetime != zinc.LivesCreator ||
		info.Capacity != 2*page || info.Name != old.Name() || info.OwnerPID != int32(os.Getpid()) {
		t.Errorf("%+v %v", info, err)
	}
	if info.Flags&(zinc.IsLazy|zinc.IsCreator|zinc.IsReadonly) != zinc.IsLazy|zinc.IsCreator {
		t.Errorf("flags %x", info.Flags)
	}
	if age := time.Since(info.CreatedAt); age < -patience || age > patience {
		t.Error("created", age, "ago")
	}
	bare, err := zinc.OpenWith(old.Name(), zinc.OpenOptions{NoData: true})
	if err != nil || bare.Bytes() != nil || bare.Capacity() != 2*page {
		t.Error("without data:", err)
	}
	reader, err := zinc.OpenReadonly(old.Name())
	if err != nil || !reader.Readonly() || region.Readonly() {
		t.Error("read-only:", err)
	}
	is(t, reader.Notify(), syscall.EBADF)
	_, err = zinc.CreateWith(named(), page, zinc.CreateOptions{Backend: 77})
	is(t, err, syscall.EINVAL)
	_, err = zinc.Create(named(), -page)
	is(t, err, syscall.EINVAL)
}

func TestList(t *testing.T) {
	region := create(t)
	region.Notify()
	infos, err := zinc.List()
	found := 0
	for _, info := range infos {
		if info.Name == region.Name() && info.Sequence == 1 {
			found++
		}
	}
	if err != nil || found != 1 {
		t.Error(found, "of", len(infos), err)
	}
	info, err := zinc.Stat(region.Name())
	if err != nil || info.Sequence != 1 || region.Sequence() != 1 {
		t.Error(info, err)
	}
	if err := zinc.Unlink(region.Name()); err != nil {
		t.Error(err)
	}
	is(t, zinc.Unlink(region.Name()), syscall.ENOENT)
	_, err = zinc.Stat(region.Name())
	is(t, err, syscall.ENOENT)
	backend, err := zinc.DefaultBackend()
	if info.Backend != backend || err != nil {
		t.Error(info.Backend, backend, err)
	}
}

func TestWaitAny(t *testing.T) {
	a, b := create(t), create(t)
	b.Notify()
	if index, err := zinc.WaitAny(patience, a, b); index != 1 || err != nil {
		t.Error(index, err)
	}
	if index, err := zinc.WaitAny(0, a, b); index != -1 || err != nil {
		t.Error(index, err)
	}
	_, err := zinc.WaitAny(0)
	is(t, err, syscall.EINVAL)
}

func TestDevices(t *testing.T) {
	features, err := zinc.DeviceFeatures()
	if err != nil {
		t.Fatal(err)
	}
	region := create(t)
	if own, err := region.Features(); own != features || err != nil {
		t.Error(own, features, err)
	}
	if features != 0 {
		t.Skip("the suite has it")
	}
	_, err = region.ExportDmabuf(true)
	is(t, err, syscall.EOPNOTSUPP)
	_, err = zinc.ImportDmabuf(0, named(), zinc.ImportOptions{})
	is(t, err, syscall.EOPNOTSUPP)
	_, err = zinc.ImportAnonymousDmabuf(0, zinc.ImportOptions{})
	is(t, err, syscall.EOPNOTSUPP)
	_, err = zinc.CreateAnonymous(page, zinc.CreateOptions{})
	is(t, err, syscall.EOPNOTSUPP)
	is(t, region.BeginCPUAccess(zinc.CPUReadWrite), syscall.EOPNOTSUPP)
	is(t, region.EndCPUAccess(zinc.CPUReadWrite), syscall.EOPNOTSUPP)
	is(t, region.NotifyOnFence(0), syscall.EOPNOTSUPP)
}

// All of it by many at a time, and closed meanwhile: for the race detector.
func TestRaces(t *testing.T) {
	for round := 0; round < 20; round++ {
		region := create(t)
		var all sync.WaitGroup
		do := func(what func()) {
			all.Add(1)
			go func() {
				defer all.Done()
				for i := 0; i < 20; i++ {
					what()
				}
			}()
		}
		for i := 0; i < 2; i++ {
			do(func() { region.Notify() })
			do(func() { region.TryWait() })
			do(func() { region.Wait(time.Millisecond) })
			do(func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
				defer cancel()
				region.WaitContext(ctx)
			})
			do(func() { zinc.WaitAny(time.Millisecond, region) })
			do(func() { region.NotifyAndWait(region, time.Millisecond) })
			do(func() { region.Info() })
			do(func() { region.Capacity() })
			do(func() {
				if view := region.Bytes(); view != nil {
					atomic.AddUint32((*uint32)(unsafe.Pointer(&view[0])), 1)
				}
			})
		}
		do(func() {
			if region.Sequence() > 100 || round%2 == 0 {
				region.Close()
			}
		})
		all.Wait()
		runtime.KeepAlive(region)
	}
}
