// SPDX-License-Identifier: GPL-2.0-only

// The adapter for Go: the cases of CASES.md, and from 101 on its own. Prints TAP.
package main

import (
	"bytes"
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"zinc"
)

const (
	page     = 65536
	patience = 60 * time.Second
)

var isKmod = os.Getenv("ZINC_BACKEND") == "kmod"

func pattern(salt, size int) []byte {
	all := make([]byte, size)
	for i := range all {
		all[i] = byte(i*31 + salt)
	}
	return all
}

func case1() {
	name := named()
	region := create(name)
	defer region.Close()
	check(region.Name() == name && region.Capacity() == page)
	check(peer("probe", name) == "0")
}

func case2() {
	name := named()
	region := create(name)
	defer region.Close()
	_, err := zinc.Create(name, page)
	fails(err, syscall.EEXIST)
	ok(region.Notify())
	yes(region.TryWait())
}

func case3() {
	_, err := zinc.Open(named())
	fails(err, syscall.ENOENT)
}

func badName(name string) {
	_, err := zinc.Create(name, page)
	fails(err, syscall.EINVAL)
	_, err = zinc.Open(name)
	fails(err, syscall.EINVAL)
}

func case16() {
	name := named()
	region := create(name)
	defer region.Close()
	badName(name + "\x00b")
	fails(zinc.Unlink(name+"\x00b"), syscall.EINVAL)
	_, err := zinc.Stat(name + "\x00b")
	fails(err, syscall.EINVAL)
}

func case17() {
	name := named()
	name += strings.Repeat("x", 249-len(name))
	region := create(name)
	defer region.Close()
	other := open(name)
	defer other.Close()
	check(other.Name() == name)
	info, err := other.Info()
	ok(err)
	check(info.Name == name)
}

func badCapacity(capacity int) {
	name := named()
	_, err := zinc.Create(name, capacity)
	fails(err, syscall.EINVAL)
	_, err = zinc.Open(name)
	fails(err, syscall.ENOENT)
}

func case24() {
	name := named()
	a := must(zinc.Create(name, 3*page))
	defer a.Close()
	b := open(name)
	defer b.Close()
	check(a.Capacity() == 196608 && b.Capacity() == 196608)
	check(len(a.Bytes()) == 196608 && len(b.Bytes()) == 196608)
}

func case25() {
	region := must(zinc.Create(named(), 16*page))
	defer region.Close()
	check(bytes.Equal(region.Bytes(), make([]byte, 16*page)))
}

func case26() {
	name, size := named(), 3*page
	region := must(zinc.Create(name, size))
	defer region.Close()
	view := region.Bytes()
	other := start("answer", name)
	copy(view, pattern(7, size))
	ok(region.Notify())
	// the peer writes it last
	for view[0] != 14 {
		yes(region.Wait(patience))
	}
	check(bytes.Equal(view, pattern(14, size)))
	other.ends()
}

func case27() {
	name := named()
	a := create(name)
	defer a.Close()
	b := open(name)
	defer b.Close()
	views := [][]byte{a.Bytes(), a.Bytes(), b.Bytes()}
	for i, writer := range views {
		writer[100] = byte(i + 1)
		for _, reader := range views {
			check(reader[100] == byte(i+1))
		}
	}
}

func case28() {
	name := named()
	region := create(name)
	defer region.Close()
	check(peer("refs", name) == "1")
	second := open(name)
	check(peer("refs", name) == "2")
	second.Close()
	check(peer("refs", name) == "1")
}

func case29() {
	region := create(named())
	defer region.Close()
	no(region.TryWait())
}

func case30() {
	region := create(named())
	defer region.Close()
	no(region.Wait(0))
	ok(region.Notify())
	yes(region.Wait(0))
	no(region.Wait(0))
}

func case31() {
	region := create(named())
	defer region.Close()
	begin := time.Now()
	no(region.Wait(100 * time.Millisecond))
	check(time.Since(begin) >= 100*time.Millisecond)
}

func case32() {
	region := create(named())
	defer region.Close()
	for i := 0; i < 5; i++ {
		ok(region.Notify())
	}
	yes(region.TryWait())
	no(region.TryWait())
}

func case33() {
	name := named()
	region := create(name)
	defer region.Close()
	ok(region.Notify())
	late := open(name)
	defer late.Close()
	yes(late.TryWait())
	no(late.TryWait())
}

func case34() {
	name := named()
	a := create(name)
	defer a.Close()
	b := open(name)
	defer b.Close()
	ok(a.Notify())
	yes(a.TryWait())
	yes(b.TryWait())
	no(a.TryWait())
	no(b.TryWait())
}

func case35() {
	name := named()
	region := create(name)
	defer region.Close()
	peer("sequence", name, "4294967295")
	yes(region.TryWait())
	ok(region.Notify())
	yes(region.TryWait())
	no(region.TryWait())
}

// isWoken waits to be woken. At its deadline a wait looks once more: one that was never
// woken is late.
func isWoken(region *zinc.SharedRegion) {
	begin := time.Now()
	yes(region.Wait(patience))
	check(time.Since(begin) < patience)
}

func case36() {
	name := named()
	region := create(name)
	defer region.Close()
	peer("notify", name, "3")
	isWoken(region)
	no(region.TryWait())
}

func case37() {
	name := named()
	region := create(name)
	defer region.Close()
	other := start("late-notify", name, strconv.Itoa(os.Getpid()))
	isWoken(region)
	other.ends()
}

func case38() {
	region := create(named())
	ok(region.Close())
	ok(region.Close())
}

func case39() {
	region := create(named())
	ok(region.Close())
	check(region.Capacity() == 0 && region.Bytes() == nil && region.Sequence() == 0)
	fails(region.Notify(), zinc.ErrClosed)
	_, err := region.Wait(zinc.Forever)
	fails(err, zinc.ErrClosed)
	_, err = region.TryWait()
	fails(err, zinc.ErrClosed)
	_, err = region.Fd()
	fails(err, zinc.ErrClosed)
	_, err = region.Info()
	fails(err, zinc.ErrClosed)
	fails(region.WaitContext(context.Background()), zinc.ErrClosed)
}

func case40() {
	name := named()
	creator, other := create(name), open(name)
	creator.Close()
	check(peer("probe", name) == "0")
	other.Close()
	check(peer("probe", name) == "2")
}

func case41() {
	name := named()
	creator := create(name)
	creator.Bytes()[5] = 7
	other := start("open-hold", name)
	creator.Close()
	region := open(name)
	other.ends()
	check(region.Bytes()[5] == 7)
	region.Close()
	check(peer("probe", name) == "2")
}

func case42() {
	name := named()
	create(name).Close()
	create(name).Close()
}

func case43() {
	region := create(named())
	view := region.Bytes()
	view[10] = 1
	region.Close()
	runtime.GC()
	view[11] = 2
	check(bytes.Equal(view[9:13], []byte{0, 1, 2, 0}))
	// slices are good as long as the region is there
	runtime.KeepAlive(region)
}

func case44() {
	region := create(named())
	region.Close()
	check(region.Bytes() == nil)
}

func case45() {
	name := named()
	func() {
		region := create(name)
		region.Bytes()[0] = 1
	}()
	for i := 0; i < 10 && peer("probe", name) != "2"; i++ {
		runtime.GC()
		// finalizers have a goroutine of their own
		time.Sleep(10 * time.Millisecond)
	}
	check(peer("probe", name) == "2")
}

func counts() (descriptors, mappings int) {
	entries, err := os.ReadDir("/proc/self/fd")
	ok(err)
	maps, err := os.ReadFile("/proc/self/maps")
	ok(err)
	return len(entries), bytes.Count(maps, []byte{'\n'})
}

func case46() {
	name := named()
	// that of regions of earlier cases is not to go meanwhile
	for i := 0; i < 3; i++ {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	var descriptors, mappings int
	for i := 0; i < 1000; i++ {
		region := create(name)
		ok(region.Notify())
		yes(region.TryWait())
		region.Close()
		if i == 10 {
			descriptors, mappings = counts()
		}
	}
	d, m := counts()
	check(d == descriptors && m <= mappings+20, descriptors, mappings, d, m)
}

// faults is whether a write to the byte is refused by the processor.
func faults(place *byte) (faulted bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		_, faulted = recover().(runtime.Error)
	}()
	*place = 8
	return
}

func case47() {
	name := named()
	creator := create(name)
	defer creator.Close()
	creator.Bytes()[1] = 9
	reader := must(zinc.OpenReadonly(name))
	defer reader.Close()
	view := reader.Bytes()
	check(reader.Readonly() && view[1] == 9)
	check(faults(&view[1]) && !faults(&creator.Bytes()[2]))
	fails(reader.Notify(), syscall.EBADF)
	no(creator.TryWait())
	check(view[1] == 9)
}

func case48() {
	name := named()
	options := zinc.CreateOptions{Lifetime: zinc.LifetimePersist}
	must(zinc.CreateWith(name, page, options)).Close()
	check(peer("probe", name) == "0")
	ok(zinc.Unlink(name))
	check(peer("probe", name) == "2")
}

func case49() {
	name := named()
	other := start("hold", name)
	region := open(name)
	other.kill()
	check(region.Bytes()[0] == 0xA5)
	ok(region.Notify())
	yes(region.TryWait())
	region.Close()
	check(peer("probe", name) == "2")
	peer("unlink", name)
}

// isReadable is poll(2), which the package syscall has not on all machines.
func isReadable(fd int, timeout time.Duration) bool {
	set := struct {
		fd              int32
		events, revents int16
	}{fd: int32(fd), events: 1}
	left := syscall.NsecToTimespec(int64(timeout))
	for {
		n, _, errno := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&set)), 1,
			uintptr(unsafe.Pointer(&left)), 0, 0, 0)
		if errno != syscall.EINTR {
			return n == 1 && set.revents == 1
		}
	}
}

func case50() {
	region := create(named())
	defer region.Close()
	fd, err := region.Fd()
	if !isKmod {
		fails(err, syscall.EOPNOTSUPP)
		return
	}
	ok(err)
	check(!isReadable(fd, 0))
	ok(region.Notify())
	check(isReadable(fd, patience))
	yes(region.TryWait())
	check(!isReadable(fd, 0))
}

// isGone is a wait that ends because the region's creator or name is gone.
func isGone(region *zinc.SharedRegion, timeout time.Duration) {
	begin := time.Now()
	_, err := region.WaitOrGone(timeout)
	fails(err, zinc.ErrGone)
	fails(err, syscall.EPIPE)
	check(time.Since(begin) < patience)
}

func case51() {
	name := named()
	other := start("late-die", name, strconv.Itoa(os.Getpid()))
	region := open(name)
	defer region.Close()
	isGone(region, patience)
	isGone(region, 0)
	fails(region.WaitContextOrGone(context.Background()), zinc.ErrGone)
	no(region.Wait(0))
	other.command.Wait()
}

func case52() {
	name := named()
	other := start("hold", name)
	region := open(name)
	ok(region.Notify())
	other.kill()
	yes(region.WaitOrGone(patience))
	isGone(region, patience)
	region.Close()
	check(peer("probe", name) == "2")
	_, err := region.WaitOrGone(0)
	fails(err, zinc.ErrClosed)
}

func case53() {
	name := named()
	creator := create(name)
	defer creator.Close()
	other := open(name)
	defer other.Close()
	peer("unlink", name)
	isGone(creator, patience)
	isGone(other, patience)
}

func case54() {
	name := named()
	creator := create(name)
	defer creator.Close()
	other := open(name)
	defer other.Close()
	begin := time.Now()
	no(other.WaitOrGone(0))
	no(other.WaitOrGone(100 * time.Millisecond))
	check(time.Since(begin) >= 100*time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	fails(other.WaitContextOrGone(ctx), context.DeadlineExceeded)
	ok(creator.Notify())
	ok(other.WaitContextOrGone(context.Background()))
	ok(creator.Notify())
	yes(other.WaitOrGone(patience))
	no(other.WaitOrGone(0))
}

func case55() {
	name := named()
	other := start("hold", name)
	stale := func(want error) {
		if isKmod {
			want = syscall.ENOENT
		}
		if err := zinc.UnlinkStale(name); err != want {
			fails(err, want)
		}
	}
	stale(syscall.EBUSY)
	other.kill()
	stale(nil)
	check(peer("probe", name) == "2")
	stale(syscall.ENOENT)
	fails(zinc.UnlinkStale(name+"\x00b"), syscall.EINVAL)
}

func case56() {
	name := named()
	other := start("late-create", name, strconv.Itoa(os.Getpid()))
	begin := time.Now()
	region := must(zinc.OpenWait(name, patience, zinc.OpenOptions{}))
	defer region.Close()
	check(time.Since(begin) < patience)
	info, err := region.Info()
	ok(err)
	check(info.Name == name)
	other.kill()
}

func case57() {
	name := named()
	begin := time.Now()
	_, err := zinc.OpenWait(name, 0, zinc.OpenOptions{})
	fails(err, syscall.ENOENT)
	_, err = zinc.OpenWait(name, 100*time.Millisecond, zinc.OpenOptions{})
	fails(err, syscall.ETIMEDOUT)
	check(time.Since(begin) >= 100*time.Millisecond)
}

// ---- its own ----

func caseContext() {
	region := create(named())
	defer region.Close()
	begin := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	fails(region.WaitContext(ctx), context.DeadlineExceeded)
	check(time.Since(begin) >= 50*time.Millisecond && time.Since(begin) < patience)
	ok(region.Notify())
	fails(region.WaitContext(ctx), context.DeadlineExceeded)
	ok(region.WaitContext(context.Background()))
	no(region.TryWait())
	time.AfterFunc(50*time.Millisecond, func() { region.Notify() })
	ok(region.WaitContext(context.Background()))
	ctx, cancel = context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	fails(region.WaitContext(ctx), context.Canceled)
}

// closed is what a wait ends with, whose region another goroutine closes.
func closed(wait func(*zinc.SharedRegion) error) {
	name := named()
	region := create(name)
	result := make(chan error)
	go func() { result <- wait(region) }()
	time.Sleep(50 * time.Millisecond)
	region.Close()
	check(peer("probe", name) == "2")
	fails(<-result, zinc.ErrClosed)
}

func caseCloseEndsWaits() {
	closed(func(r *zinc.SharedRegion) error {
		_, err := r.Wait(zinc.Forever)
		return err
	})
	closed(func(r *zinc.SharedRegion) error {
		return r.WaitContext(context.Background())
	})
	closed(func(r *zinc.SharedRegion) error {
		_, err := zinc.WaitAny(zinc.Forever, r)
		return err
	})
	closed(func(r *zinc.SharedRegion) error {
		_, err := r.NotifyAndWait(r, 0)
		ok(err)
		for err == nil {
			_, err = r.Wait(zinc.Forever)
		}
		return err
	})
}

func caseSeveral() {
	a, b := create(named()), create(named())
	defer a.Close()
	defer b.Close()
	index, err := zinc.WaitAny(5*time.Millisecond, a, b)
	ok(err)
	check(index == -1)
	ok(b.Notify())
	index, err = zinc.WaitAny(patience, a, b)
	ok(err)
	check(index == 1)
	_, err = zinc.WaitAny(0)
	fails(err, syscall.EINVAL)
	no(a.NotifyAndWait(b, 130*time.Millisecond))
	yes(a.TryWait())
	yes(a.NotifyAndWait(a, zinc.Forever))
}

func caseDescriptors() {
	region, err := zinc.CreateAnonymous(page, zinc.CreateOptions{})
	if !isKmod {
		fails(err, syscall.EOPNOTSUPP)
		panic(skip("POSIX shared memory has no descriptors"))
	}
	ok(err)
	defer region.Close()
	info, err := region.Info()
	ok(err)
	check(region.Name() == "" && info.Flags&zinc.IsAnonymous != 0)
	fd, err := region.Fd()
	ok(err)
	same := must(zinc.FromFd(fd, zinc.OpenOptions{}))
	defer same.Close()
	same.Bytes()[3] = 4
	reader := must(zinc.FromFd(fd, zinc.OpenOptions{Readonly: true}))
	defer reader.Close()
	fd, err = reader.Fd()
	ok(err)
	// what its descriptor gives is read-only, regardless of the request
	third := must(zinc.FromFd(fd, zinc.OpenOptions{}))
	defer third.Close()
	check(third.Readonly() && third.Bytes()[3] == 4 && !same.Readonly())
	_, err = zinc.FromFd(-1, zinc.OpenOptions{})
	fails(err, syscall.EBADF)
	named := create(named())
	defer named.Close()
	fd, err = named.Fd()
	ok(err)
	check(must(zinc.FromFd(fd, zinc.OpenOptions{})).Name() == named.Name())
}

func caseDevices() {
	region := create(named())
	defer region.Close()
	features, err := region.Features()
	ok(err)
	dmabuf, err := region.ExportDmabuf(false)
	if !isKmod {
		fails(err, syscall.EOPNOTSUPP)
		_, err = region.ExportDmabufPart(0, uint64(page), false)
		fails(err, syscall.EOPNOTSUPP)
		_, err = zinc.CreateWith(named(), page, zinc.CreateOptions{Contiguous: true})
		fails(err, syscall.EOPNOTSUPP)
		check(features == 0)
		panic(skip("POSIX shared memory has no dma-bufs"))
	}
	ok(err)
	defer syscall.Close(dmabuf)
	check(features&zinc.CanExport != 0)
	size, err := syscall.Seek(dmabuf, 0, 2)
	ok(err)
	check(size == page)
	part, err := region.ExportDmabufPart(0, uint64(page), true)
	ok(err)
	defer syscall.Close(part)
	_, err = region.ExportDmabufPart(uint64(page), uint64(page), false)
	fails(err, syscall.EINVAL)
	if features&zinc.CanContiguous != 0 {
		other, err := zinc.CreateWith(named(), page, zinc.CreateOptions{Contiguous: true})
		ok(err)
		info, err := other.Info()
		ok(err)
		check(info.Flags&zinc.IsContiguous != 0)
		ok(other.Close())
	}
	ok(region.BeginCPUAccess(zinc.CPUReadWrite))
	ok(region.EndCPUAccess(zinc.CPUReadWrite))
	fails(region.NotifyOnFence(-1), syscall.EBADF)
	_, err = zinc.ImportDmabuf(-1, named(), zinc.ImportOptions{})
	fails(err, syscall.EBADF)
	_, err = zinc.ImportAnonymousDmabuf(-1, zinc.ImportOptions{})
	fails(err, syscall.EBADF)
}

func main() {
	own := os.Getpagesize()
	tests := []test{
		{1, "create", case1},
		{2, "create.exists", case2},
		{3, "open.missing", case3},
		{4, "name.empty", func() { badName("") }},
		{5, "name.space", func() { badName(" ") }},
		{6, "name.inner-space", func() { badName("a b") }},
		{7, "name.slash", func() { badName("a/b") }},
		{8, "name.leading-slash", func() { badName("/a") }},
		{9, "name.dot", func() { badName(".") }},
		{10, "name.dots", func() { badName("..") }},
		{11, "name.inner-dot", func() { badName("a.b") }},
		{12, "name.newline", func() { badName("a\n") }},
		{13, "name.colon", func() { badName("a:b") }},
		{14, "name.too-long", func() { badName(strings.Repeat("x", 251)) }},
		{15, "name.non-ascii", func() { badName("caf\u00e9") }},
		{16, "name.nul", case16},
		{17, "name.longest", case17},
		{18, "capacity.zero", func() { badCapacity(0) }},
		{19, "capacity.one", func() { badCapacity(1) }},
		{20, "capacity.below-a-page", func() { badCapacity(own - 1) }},
		{21, "capacity.above-a-page", func() { badCapacity(own + 1) }},
		{22, "capacity.half-of-all", func() { badCapacity(-1 << 63) }},
		{23, "capacity.all-but-a-page", func() { badCapacity(-page) }},
		{24, "capacity", case24},
		{25, "data.zero", case25},
		{26, "data.both-ways", case26},
		{27, "data.one-memory", case27},
		{28, "header.refs", case28},
		{29, "try-wait.nothing", case29},
		{30, "wait.zero", case30},
		{31, "wait.timeout", case31},
		{32, "wait.coalesces", case32},
		{33, "wait.from-zero", case33},
		{34, "wait.own-cursor", case34},
		{35, "wait.wraps", case35},
		{36, "wait.other-process", case36},
		{37, "wait.wakes", case37},
		{38, "close.twice", case38},
		{39, "close.then-use", case39},
		{40, "close.creator-first", case40},
		{41, "close.reader-outlives", case41},
		{42, "close.name-is-free", case42},
		{43, "view.after-close", case43},
		{44, "view.none-after-close", case44},
		{45, "collected", case45},
		{46, "many", case46},
		{47, "readonly", case47},
		{48, "persist", case48},
		{49, "killed", case49},
		{50, "fd", case50},
		{51, "gone.wakes", case51},
		{52, "gone.last-notify", case52},
		{53, "gone.name", case53},
		{54, "gone.lives", case54},
		{55, "unlink-stale", case55},
		{56, "open.waits", case56},
		{57, "open.times-out", case57},
		{101, "go.context", caseContext},
		{102, "go.close-ends-waits", caseCloseEndsWaits},
		{103, "go.several", caseSeveral},
		{104, "go.descriptors", caseDescriptors},
		{105, "go.devices", caseDevices},
	}
	os.Exit(run(tests))
}
