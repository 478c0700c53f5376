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

// patience is the timeout for waits that must succeed.
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
		t.Error("a closed region still has properties")
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

// mappingAt returns the mapping at an address: its range, device and inode; empty if
// there is none. The address alone is not sufficient: the runtime may map its own memory
// at the address of a region that was unmapped.
func mappingAt(t *testing.T, address uintptr) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		var begin, end uintptr
		fmt.Sscanf(line, "%x-%x", &begin, &end)
		if begin <= address && address < end {
			fields := strings.Fields(line)
			return strings.Join([]string{fields[0], fields[3], fields[4]}, " ")
		}
	}
	return ""
}

func addressOf(view []byte) uintptr {
	return uintptr(unsafe.Pointer(&view[0]))
}

// A slice stays valid until its region is collected; then the memory is unmapped.
func TestSlicesOutliveClose(t *testing.T) {
	region := create(t)
	view := region.Bytes()
	mapping := mappingAt(t, addressOf(view))
	view[1] = 2
	region.Close()
	runtime.GC()
	view[3] = 4
	if view[1] != 2 || view[3] != 4 || mapping == "" || mappingAt(t, addressOf(view)) != mapping {
		t.Error("the memory was unmapped")
	}
	if len(view) != page || cap(view) != page {
		t.Error("unexpected length", len(view))
	}
	region.Unmap()
	if mappingAt(t, addressOf(view)) == mapping {
		t.Error("the memory is still mapped")
	}
	// without a call of Bytes, Close unmaps the memory
	region = create(t)
	region.Close()
	if region.IsKept() {
		t.Error("the memory of a region without slices is still mapped")
	}
}

func TestCollected(t *testing.T) {
	name := named()
	var address uintptr
	var mapping string
	func() {
		region, err := zinc.Create(name, page)
		if err != nil {
			t.Fatal(err)
		}
		address = addressOf(region.Bytes())
		mapping = mappingAt(t, address)
	}()
	var still error
	for i := 0; i < 100; i++ {
		runtime.GC()
		_, still = zinc.Stat(name)
		if still != nil && mappingAt(t, address) != mapping {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("the region still exists: Stat returned %v, mapping %q, before %q", still,
		mappingAt(t, address), mapping)
}

// waitWays are the functions that can wait without limit.
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
		"WaitOrGone":        func() error { return one(region.WaitOrGone(zinc.Forever)) },
		"WaitContextOrGone": func() error { return region.WaitContextOrGone(context.Background()) },
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
		t.Error("a cancelled wait consumed the notify")
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

// The number of descriptors and goroutines does not grow, except for one that is ending
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
		Mode: 0640, Lifetime: zinc.LifetimeCreator, Replace: true, Lazy: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer region.Close()
	info, err := region.Info()
	if err != nil || info.Mode != 0640 || info.Lifetime != zinc.LifetimeCreator ||
		info.Capacity != 2*page || info.Name != old.Name() || info.CreatorPID != int32(os.Getpid()) {
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
		t.Skip("the suite runs this case")
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

func TestReadAt(t *testing.T) {
	region := create(t)
	var reader io.ReaderAt = region
	copy(region.Bytes()[page-4:], "last")
	var p [8]byte
	if n, err := reader.ReadAt(p[:4], page-4); n != 4 || err != nil || string(p[:4]) != "last" {
		t.Errorf("%d %v %q", n, err, p)
	}
	if n, err := reader.ReadAt(p[:], page-2); n != 2 || err != io.EOF || string(p[:2]) != "st" {
		t.Errorf("%d %v %q", n, err, p)
	}
	for _, off := range []int64{page, page + 1, 1 << 62} {
		if n, err := reader.ReadAt(p[:], off); n != 0 || err != io.EOF {
			t.Errorf("%d: %d %v", off, n, err)
		}
	}
	if n, err := reader.ReadAt(nil, page); n != 0 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	_, err := reader.ReadAt(p[:], -1)
	is(t, err, syscall.EINVAL)
	all, err := io.ReadAll(io.NewSectionReader(region, 0, page))
	if len(all) != page || err != nil || string(all[page-4:]) != "last" {
		t.Errorf("%d %v", len(all), err)
	}
	region.Close()
	_, err = reader.ReadAt(p[:], 0)
	is(t, err, zinc.ErrClosed)
}

func TestWriteAt(t *testing.T) {
	region := create(t)
	var writer io.WriterAt = region
	if n, err := writer.WriteAt([]byte("data"), 8); n != 4 || err != nil || string(region.Bytes()[8:12]) != "data" {
		t.Errorf("%d %v", n, err)
	}
	if n, err := writer.WriteAt([]byte("data"), page-2); n != 2 || err != io.ErrShortWrite {
		t.Errorf("%d %v", n, err)
	}
	if text := string(region.Bytes()[page-2:]); text != "da" {
		t.Error(text)
	}
	if n, err := writer.WriteAt([]byte("data"), 1<<62); n != 0 || err != io.ErrShortWrite {
		t.Errorf("%d %v", n, err)
	}
	_, err := writer.WriteAt([]byte("data"), -1)
	is(t, err, syscall.EINVAL)
	reader, err := zinc.OpenReadonly(region.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Unmap()
	_, err = reader.WriteAt([]byte("no"), 0)
	is(t, err, syscall.EACCES)
	is(t, err, fs.ErrPermission)
	var p [4]byte
	if n, err := reader.ReadAt(p[:], 8); n != 4 || err != nil || string(p[:]) != "data" {
		t.Errorf("%d %v %q", n, err, p)
	}
	bare, err := zinc.OpenWith(region.Name(), zinc.OpenOptions{NoData: true})
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Unmap()
	_, err = bare.ReadAt(p[:], 0)
	is(t, err, syscall.ENXIO)
	_, err = bare.WriteAt(p[:], 0)
	is(t, err, syscall.ENXIO)
	region.Close()
	_, err = writer.WriteAt(p[:], 0)
	is(t, err, zinc.ErrClosed)
}

// Concurrent calls of all functions, and a close during them: for the race detector.
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
			do(func() { region.ReadAt(make([]byte, 8), 8) })
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
