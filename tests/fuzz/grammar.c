// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the fuzzer can do: one row per operation.
 *
 * To add an ioctl, add an IOCTL row: its command, how often, its name, flags
 * (SLEEPS if it can wait for ever, GIVES_FD if it returns a descriptor), which
 * slots its descriptor is mostly in (DEVICE, REGION or SLOT), then an IN for
 * each field of its struct that user space sets, with values worth a try;
 * others are made of these and of what the module is seen to compare the field
 * with. A descriptor within a struct has the kind FD, so it may be any that the
 * program has made, a dma-buf or a sync_file as well as a region. Fields that
 * point to something have the kind POINTER, and a function of their own in
 * calls.c if what they point to must make sense, as run_wait_any() does. A
 * number that ZINC_IOCTL_TYPE only reserves is tried by the row "ioctl" already.
 *
 * To add a system call, add a SYSCALL row, its arguments in order; or a row
 * with a function of calls.c, which gets the numbers as they are. What can
 * break the fuzzer itself (another memory, other descriptors) is for such a
 * function to keep away.
 *
 * What takes several calls that go together, add to the seeds as well. Rows can
 * be moved: what is on disk has names.
 */
#include <fcntl.h>
#include <linux/mman.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <linux/dma-buf.h>
#include <linux/zinc.h>

#include "../vgem.h"
#include "program.h"

#define LIST(...)	.values = (const uint64_t[]){ __VA_ARGS__ },	\
	.values_count = sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t)

/* A field of a struct, and one of a system call */
#define IN(type, member, what, ...)					\
	{ #member, .kind = what, .offset = offsetof(struct type, member), \
	  .size = sizeof(((struct type *)0)->member), LIST(__VA_ARGS__) }
#define ARG(what, kind_, ...)	{ what, .kind = kind_, LIST(__VA_ARGS__) }

#define SLOT(what)	ARG(what, FD, 0, 1, 1, 1, 2, 2, 3, 4)
#define RESULT		ARG("to", OUT, 1, 1, 2, 2, 2, 3, 3, 4)
#define WHERE		ARG("where", POINTER, 0, 0, 0, 0, 0, 0, 0, 1, 4, 5)
#define SIZED		ARG("sized", NUMBER, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5)
#define ZERO		0, 0, 0, 0, 0, 0, 0, 1
#define NAMES		0, 1, 2, 3, 0, 1, 2, 3, 8, 9, 10, 11, 12
#define TIMES		0, 1, 2, 3, 4, 5, 6, ZINC_DEADLINE_NEVER
#define SEQUENCES	0, 0, 1, 2, 3, 0xffffffff, 0x7fffffff
#define AT		ARG("at", AREA, 0, 1, 2, 3, 0x100, 0x101, 0x10003)
#define BYTES		ARG("length", LENGTH, 4096, 4096, 4096, 8192, 8192, 65536, 2 << 20, 1, 0)
#define PROTS		ARG("prot", NUMBER, 3, 3, 3, 1, 2, 0, 7, 4, 5)

/* Every ioctl begins so; see run_ioctl() */
#define IOCTL(nr, weight, name, flags, fd, ...)				\
	{ name, run_ioctl, nr, weight, flags,				\
	  { fd, RESULT, WHERE, SIZED, ## __VA_ARGS__ } }
#define DEVICE		ARG("fd", FD, 0, 0, 0, 0, 0, 0, 0, 1)
#define REGION		ARG("fd", FD, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 0)
#define FDS		2, 2, 3, 3, 4, 1, 0, 16
#define SYSCALL(nr, weight, name, ...) { name, run_syscall, nr, weight, 0, { __VA_ARGS__ } }

const char * const seeds[] = {
	"create to=1 capacity=0x1000\n",
	/* the control page goes out of its mapping, and comes back */
	"create to=1 capacity=0x1000\n"
	"mmap at=0 length=0x1000 prot=3 flags=1 fd=1 offset=0x80000000000\n"
	"madvise at=0 length=0x1000 advice=4\n"
	"touch at=0 offset=4044 size=4 value=1 add=1 times=1\n"
	"notify fd=1 flags=1\n",
	/* the same page, forged while others wait */
	"racing\n"
	"create to=1 capacity=0x1000\n"
	"mmap at=0 length=0x1000 prot=3 flags=1 fd=1 offset=0x80000000000\n"
	"wait fd=1 deadline=2\n"
	"1:touch at=0 offset=4040 size=4 value=0xffffffff times=4000\n"
	"2:touch at=0 offset=4080 size=4 times=4000\n"
	"1:notify fd=1\n"
	"info fd=1\n",
	"create to=1 capacity=0x400000 flags=1\n"
	"mmap at=0 length=0x400000 prot=3 flags=1 fd=1\n"
	"touch at=0 size=4 value=1 times=1\n"
	"mremap at=0 length=0x1000 size=0x2000 flags=3 new=3\n"
	"remap_file_pages at=0 length=0x1000 pgoff=1\n"
	"madvise at=0x101 length=0x1000 advice=9\n",
	/* namespaces, and regions that stay in one that ends */
	"create to=1 capacity=0x1000 lifetime=2\n"
	"fork calls=5\n"
	"child what=1\n"
	"create to=2 capacity=0x1000 lifetime=2 name=1\n"
	"create to=3 capacity=0x1000 name=2\n"
	"list entries=1 count=16 entry_size=0x148 name=8\n"
	"list entries=1 count=1 entry_size=0x148 name=0\n"
	"open to=2\n",
	"create to=1 capacity=0x1000\n"
	"fork calls=4 copy=1\n"
	"child what=2\n"
	"info fd=1\n"
	"create to=2 capacity=0x1000 lifetime=2 name=1\n"
	"proc fd=2 what=1\n",
	"create to=1 capacity=0x1000\n"
	"fork calls=3 copy=1\n"
	"child what=6\n"
	"wait fd=1 deadline=0\n"
	"wait fd=1 deadline=3\n"
	"fork calls=3 copy=1\n"
	"child what=7\n"
	"wait fd=1 deadline=6\n"
	"wait fd=1 deadline=2\n",
	/* killed in the midst of it */
	"fork calls=4\n"
	"child what=5 us=200\n"
	"create to=1 capacity=0x7000\n"
	"list entries=1 count=0xffffffff entry_size=0x148 name=8\n"
	"wait fd=1 deadline=4\n",
	/* identities: another user, another group, its own user namespace */
	"create to=1 capacity=0x1000 mode=0640\n"
	"user uid=1000 gid=1000\n"
	"open to=2 flags=4\n"
	"unlink\n"
	"region_unlink fd=1\n"
	"create to=3 capacity=0x1000 flags=2\n"
	"reopen fd=1 to=4 flags=4\n"
	"proc fd=4 to=5 what=2\n"
	"user uid=0\n"
	"open to=2\n",
	"setns which=3\n"
	"user uid=1000 gid=1000\n"
	"create to=1 capacity=0x1000 lifetime=2\n"
	"user uid=0\n"
	"open to=2\n"
	"list entries=1 count=16 entry_size=0x148 name=8\n",
	"user uid=1001\n"
	"limit which=0 value=1\n"
	"create to=1 capacity=0x1000\n"
	"create to=2 capacity=0x1000 name=1\n"
	"limit which=1 value=0x2000\n"
	"create to=2 capacity=0x4000 name=1\n",
	/* epoll, and what it holds when descriptors go */
	"create to=1 capacity=0x1000\n"
	"epoll to=2\n"
	"epoll_ctl fd=2 op=1 target=1 events=0x80000001\n"
	"notify fd=1\n"
	"epoll_wait fd=2 us=500\n"
	"reopen fd=1 to=3\n"
	"close fd=1\n"
	"epoll_wait fd=2\n",
	"create to=1 capacity=0x1000\n"
	"reopen fd=1 to=2\n"
	"wait_any items=1 count=2 deadline=2 first=1\n"
	"notify fd=2\n"
	"wait_any items=1 count=2 deadline=4 first=1\n"
	"set_flags fd=1 cmd=4 flags=0x800\n"
	"read fd=1 buffer=1 count=8\n"
	"read fd=1 buffer=1 count=8\n",
	"create to=1 capacity=0x1000\n"
	"send fd=1\n"
	"close fd=1\n"
	"receive to=2\n"
	"info fd=2\n"
	"getfd fd=2 to=3\n"
	"dup fd=3 to=4\n"
	"copy at=0 length=0x1000 own=1\n"
	"wait fd=2 flags=2 notify_fd=3 deadline=2\n",
	/* a device attached, and its work under way, while the region goes */
	"create to=1 capacity=0x4000\n"
	"export fd=1 to=2\n"
	"card to=3\n"
	"attach fd=3 dmabuf=2\n"
	"work fd=3 handle=1 flags=1\n"
	"fence_out fd=2 to=4 flags=3\n"
	"notify_fence fd=1 fence_fd=4\n"
	"proc fd=1 what=0\n"
	"done fd=3 fence=1\n"
	"info fd=1\n"
	"close fd=1\n"
	"access fd=2 flags=3\n",
	/* a foreign buffer, which others map and export again */
	"card to=1\n"
	"buffer fd=1 to=2 pages=2\n"
	"import dmabuf_fd=2 to=3\n"
	"open to=4 flags=4\n"
	"mmap at=0 length=0x2000 prot=3 flags=1 fd=3\n"
	"mmap at=1 length=0x2000 prot=1 flags=1 fd=4\n"
	"touch at=0 size=4 value=1 times=1\n"
	"export fd=3 to=2\n"
	"export fd=4 to=2 flags=4\n"
	"proc fd=3 what=0\n",
	/* a region as the memory of a region; a read-only one */
	"create to=1 capacity=0x2000\n"
	"export fd=1 to=2 flags=4\n"
	"import dmabuf_fd=2 to=3 name=1\n"
	"close fd=1\n"
	"mmap at=0 length=0x2000 prot=3 flags=1 fd=2\n"
	"mmap at=0 length=0x2000 prot=1 flags=1 fd=3\n"
	"mprotect at=0 length=0x2000 prot=3\n"
	"export fd=3 to=4 flags=4\n",
	/* fences that signal while the region goes */
	"racing\n"
	"create to=1 capacity=0x1000\n"
	"timeline to=2\n"
	"fence fd=2 to=3 value=1\n"
	"notify_fence fd=1 fence_fd=3\n"
	"1:advance fd=2 by=1\n"
	"1:fence fd=2 to=3 value=2\n"
	"2:notify_fence fd=1 fence_fd=3\n"
	"2:wait fd=1 deadline=3\n"
	"1:close fd=2\n"
	"2:close fd=1\n",
	/* reservations that wait for each other, and go */
	"reserve to=1 count=2\n"
	"reserve to=2 count=3 flags=1 first=1\n"
	"reserve to=3 flags=1 first=3 mode=1\n"
	"reservation fd=2\n"
	"holders entries=1 count=16 entry_size=0x78\n"
	"proc fd=2 what=0\n"
	"proc fd=2 what=1\n"
	"close fd=1\n"
	"poll fd=2 events=1\n"
	"close fd=2\n"
	"release fd=3\n"
	"reservation fd=3\n"
	"release fd=3\n",
	"racing\n"
	"reserve to=1 count=2\n"
	"1:reserve to=2 count=2 deadline=4 first=1\n"
	"2:reserve to=3 count=2 deadline=4 mode=5\n"
	"1:release fd=1\n"
	"1:close fd=1\n"
	"2:holders entries=1 count=16 entry_size=0x78\n"
	"1:close fd=2\n"
	"2:close fd=3\n",
	/* one of its allocations fails */
	"fail nth=3\n"
	"create to=1 capacity=0x1000\n"
	"create to=1 capacity=0x1000\n"
	"fail nth=2\n"
	"reopen fd=1 to=2\n"
	"fail nth=1\n"
	"wait_any items=1 count=1 deadline=2 first=1\n"
	"fail nth=1\n"
	"info fd=1\n",
};

const unsigned int seeds_count = sizeof(seeds) / sizeof(seeds[0]);

const struct op ops[] = {
	IOCTL(ZINC_IOC_QUERY, 3, "query", 0, DEVICE,
	      IN(zinc_query, flags, NUMBER, ZERO),
	      IN(zinc_query, pad, NUMBER, ZERO)),
	IOCTL(ZINC_IOC_CREATE, 40, "create", GIVES_FD, DEVICE,
	      IN(zinc_create, capacity, NUMBER, 4096, 4096, 4096, 8192, 8192,
		 65536, 2 << 20, 4 << 20, 0, 4095, ZINC_CAPACITY_MAX,
		 ZINC_CAPACITY_MAX + 4096, ~0ULL, ~4095ULL, 1ULL << 40),
	      IN(zinc_create, flags, NUMBER, 0, 1, 2, 3, 4),
	      IN(zinc_create, lifetime, NUMBER, 0, 0, 1, 1, 2, 2, 3),
	      IN(zinc_create, mode, NUMBER, 0, 0600, 0666, 0444, 0222, 0640, 01000),
	      IN(zinc_create, pad, NUMBER, ZERO),
	      IN(zinc_create, name, NAME, NAMES)),
	IOCTL(ZINC_IOC_OPEN, 25, "open", SLEEPS | GIVES_FD, DEVICE,
	      IN(zinc_open, flags, NUMBER, 0, 0, 0, 4, 4, 1),
	      IN(zinc_open, pad, NUMBER, ZERO),
	      IN(zinc_open, deadline, TIME, 0, 0, 0, 0, TIMES),
	      IN(zinc_open, name, NAME, NAMES)),
	IOCTL(ZINC_IOC_UNLINK, 12, "unlink", 0, DEVICE,
	      IN(zinc_unlink, flags, NUMBER, ZERO),
	      IN(zinc_unlink, pad, NUMBER, ZERO),
	      IN(zinc_unlink, name, NAME, NAMES)),
	IOCTL(ZINC_IOC_LIST, 10, "list", 0, DEVICE,
	      IN(zinc_list, cursor, NUMBER, 0, 0, 0, 1, ~0ULL),
	      IN(zinc_list, entries, POINTER, 1, 1, 1, 1, 4, 5, 6, 7),
	      IN(zinc_list, count, NUMBER, 16, 1, 0, 128, ~0U),
	      IN(zinc_list, entry_size, NUMBER, ZINC_INFO_SIZE_V1, ZINC_INFO_SIZE_V1,
		 336, 4096, 4097, 0, ~0U),
	      IN(zinc_list, flags, NUMBER, ZERO),
	      IN(zinc_list, pad, NUMBER, ZERO),
	      IN(zinc_list, name, NAME, 8, 8, 8, NAMES)),
	{ "wait_any", run_wait_any, ZINC_IOC_WAIT_ANY, 15, SLEEPS,
	  { DEVICE, RESULT, WHERE, SIZED,
	    IN(zinc_wait_any, items, POINTER, 1, 1, 1, 1, 1, 4, 5, 6),
	    IN(zinc_wait_any, count, NUMBER, 1, 2, 3, 128, 0, 129, ~0U),
	    IN(zinc_wait_any, flags, NUMBER, 0, 0, 8, 8, 1, 16),
	    IN(zinc_wait_any, deadline, TIME, TIMES),
	    IN(zinc_wait_any, pad, NUMBER, ZERO),
	    ARG("first", NUMBER, 1, 2, 3, 4, 0),
	    ARG("cursor", NUMBER, SEQUENCES) } },
	IOCTL(ZINC_IOC_REGION_INFO, 8, "info", 0, REGION),
	IOCTL(ZINC_IOC_REGION_NOTIFY, 20, "notify", 0, REGION,
	      IN(zinc_notify, flags, NUMBER, 0, 0, 0, 1, 1, 2)),
	IOCTL(ZINC_IOC_REGION_WAIT, 20, "wait", SLEEPS, REGION,
	      IN(zinc_wait, flags, NUMBER, 0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 10,
		 16),
	      IN(zinc_wait, cursor, NUMBER, SEQUENCES),
	      IN(zinc_wait, deadline, TIME, TIMES),
	      IN(zinc_wait, notify_fd, FD, 0, 1, 2, 3, 4, 5, 16),
	      IN(zinc_wait, pad, NUMBER, ZERO)),
	IOCTL(ZINC_IOC_REGION_SET_CURSOR, 8, "set_cursor", 0, REGION,
	      IN(zinc_cursor, cursor, NUMBER, SEQUENCES),
	      IN(zinc_cursor, pad, NUMBER, ZERO)),
	IOCTL(ZINC_IOC_REGION_UNLINK, 8, "region_unlink", 0, REGION),
	IOCTL(ZINC_IOC_REGION_REOPEN, 15, "reopen", GIVES_FD, REGION,
	      IN(zinc_reopen, flags, NUMBER, 0, 0, 4, 4, 1),
	      IN(zinc_reopen, pad, NUMBER, ZERO)),
	IOCTL(ZINC_IOC_IMPORT, 15, "import", GIVES_FD, DEVICE,
	      IN(zinc_import, dmabuf_fd, FD, FDS),
	      IN(zinc_import, flags, NUMBER, 0, 0, 0, 2, 1, 4),
	      IN(zinc_import, lifetime, NUMBER, 0, 0, 1, 2, 3),
	      IN(zinc_import, mode, NUMBER, 0, 0600, 0666, 0444, 01000),
	      IN(zinc_import, name, NAME, NAMES)),
	IOCTL(ZINC_IOC_REGION_EXPORT, 20, "export", GIVES_FD, REGION,
	      IN(zinc_export, flags, NUMBER, 0, 0, 0, 4, 4, 1),
	      IN(zinc_export, pad, NUMBER, ZERO)),
	IOCTL(ZINC_IOC_REGION_NOTIFY_FENCE, 15, "notify_fence", 0, REGION,
	      IN(zinc_notify_fence, fence_fd, FD, FDS),
	      IN(zinc_notify_fence, flags, NUMBER, ZERO)),
	{ "reserve", run_reserve, ZINC_IOC_RESERVE, 25, SLEEPS | GIVES_FD,
	  { DEVICE, RESULT, WHERE, SIZED,
	    IN(zinc_reserve, items, POINTER, 1, 1, 1, 1, 1, 4, 5, 6),
	    IN(zinc_reserve, count, NUMBER, 1, 1, 2, 3, 4, 16, 5, 0, 17, ~0U),
	    IN(zinc_reserve, flags, NUMBER, 0, 0, 1, 1, 1, 2),
	    IN(zinc_reserve, deadline, TIME, 0, 0, 0, TIMES),
	    IN(zinc_reserve, pad, NUMBER, ZERO),
	    ARG("first", NUMBER, 0, 1, 2, 3),
	    ARG("mode", NUMBER, 0, 0, 1, 4, 5, 0x55, 0x55555555, 2) } },
	IOCTL(ZINC_IOC_HOLDERS, 8, "holders", 0, DEVICE,
	      IN(zinc_holders, cursor, NUMBER, 0, 0, 0, 1, 17, ~0ULL),
	      IN(zinc_holders, entries, POINTER, 1, 1, 1, 1, 4, 5, 6, 7),
	      IN(zinc_holders, count, NUMBER, 16, 1, 0, 300, ~0U),
	      IN(zinc_holders, entry_size, NUMBER, ZINC_HOLDER_SIZE_V1,
		 ZINC_HOLDER_SIZE_V1, 128, 4096, 4097, 0, ~0U),
	      IN(zinc_holders, flags, NUMBER, ZERO),
	      IN(zinc_holders, pad, NUMBER, ZERO)),
	IOCTL(ZINC_IOC_RESERVATION_INFO, 8, "reservation", 0, REGION),
	IOCTL(ZINC_IOC_RESERVATION_RELEASE, 8, "release", 0, REGION),
	{ "ioctl", run_any_ioctl, 0, 5, SLEEPS,
	  { SLOT("fd"), RESULT, WHERE,
	    ARG("nr", NUMBER, 0, 1, 5, 6, 7, 8, 0x40, 0x45, 0x46, 0x48, 0x81, 0x82, 0xff),
	    ARG("dir", NUMBER, 0, 1, 2, 3),
	    ARG("size", NUMBER, 0, 1, 4, 8, 16, 64, 4095),
	    ARG("type", NUMBER, ZINC_IOCTL_TYPE, ZINC_IOCTL_TYPE, 0x54, 0),
	    ARG("fill", NUMBER, 0, 1, 0xff) } },

	/* dma-bufs, and devices that work on them */
	IOCTL(DMA_BUF_IOCTL_SYNC, 6, "access", SLEEPS, SLOT("fd"),
	      IN(dma_buf_sync, flags, NUMBER, 1, 2, 3, 5, 6, 7, 0, 8)),
	IOCTL(DMA_BUF_IOCTL_IMPORT_SYNC_FILE, 5, "fence_in", 0, SLOT("fd"),
	      IN(dma_buf_import_sync_file, flags, NUMBER, 1, 2, 3, 0, 4),
	      IN(dma_buf_import_sync_file, fd, FD, FDS)),
	{ "fence_out", run_fence_out, 0, 8, 0,
	  { SLOT("fd"), RESULT, ARG("flags", NUMBER, 1, 2, 3, 0, 4) } },
	{ "timeline", run_timeline, 0, 8, 0, { RESULT } },
	{ "fence", run_fence, 0, 12, 0,
	  { SLOT("fd"), RESULT, ARG("value", NUMBER, 1, 1, 2, 3, 0) } },
	{ "advance", run_advance, 0, 8, 0,
	  { SLOT("fd"), ARG("by", NUMBER, 1, 1, 1, 2, 0) } },
	{ "card", run_card, 0, 8, 0, { RESULT } },
	{ "attach", run_attach, 0, 12, 0, { SLOT("fd"), SLOT("dmabuf") } },
	{ "buffer", run_buffer, 0, 6, 0,
	  { SLOT("fd"), RESULT, ARG("pages", NUMBER, 1, 2, 16) } },
	IOCTL(VGEM_ATTACH, 6, "work", 0, SLOT("fd"),
	      IN(vgem_attach, handle, NUMBER, 1, 1, 2, 0),
	      IN(vgem_attach, flags, NUMBER, 0, 1)),
	IOCTL(VGEM_SIGNAL, 6, "done", 0, SLOT("fd"),
	      IN(vgem_signal, fence, NUMBER, 1, 1, 2, 0),
	      IN(vgem_signal, flags, NUMBER, ZERO)),

	{ "mmap", run_mmap, SYS_mmap, 40, 0,
	  { AT, BYTES, PROTS,
	    ARG("flags", NUMBER, MAP_SHARED, MAP_SHARED, MAP_SHARED,
		MAP_SHARED_VALIDATE, MAP_PRIVATE, MAP_SHARED | MAP_POPULATE,
		MAP_SHARED | MAP_LOCKED),
	    REGION,
	    ARG("offset", NUMBER, 0, 0, 0, 4096, 2 << 20, ZINC_MMAP_CONTROL,
		ZINC_MMAP_CONTROL, ZINC_MMAP_CONTROL, ZINC_MMAP_CONTROL - 4096,
		ZINC_MMAP_CONTROL + 4096, ~4095ULL) } },
	{ "mremap", run_mremap, SYS_mremap, 8, 0,
	  { AT, BYTES, ARG("size", LENGTH, 4096, 8192, 65536, 2 << 20, 0),
	    ARG("flags", NUMBER, 0, 3, 3, 7), ARG("new", AREA, 0, 1, 2, 3, 4) } },
	SYSCALL(SYS_munmap, 12, "munmap", AT, BYTES),
	SYSCALL(SYS_mprotect, 6, "mprotect", AT, BYTES, PROTS),
	SYSCALL(SYS_madvise, 10, "madvise", AT, BYTES,
		ARG("advice", NUMBER, MADV_DONTNEED, MADV_REMOVE, MADV_FREE,
		    MADV_DONTFORK, MADV_DOFORK, MADV_MERGEABLE, MADV_HUGEPAGE,
		    MADV_NOHUGEPAGE, MADV_WIPEONFORK, MADV_COLD, MADV_PAGEOUT,
		    MADV_POPULATE_READ, MADV_POPULATE_WRITE,
		    MADV_DONTNEED_LOCKED, MADV_COLLAPSE)),
	SYSCALL(SYS_msync, 2, "msync", AT, BYTES, ARG("flags", NUMBER, 1, 2, 4)),
	SYSCALL(SYS_mlock2, 3, "mlock2", AT, BYTES, ARG("flags", NUMBER, 0, 1)),
	SYSCALL(SYS_munlock, 1, "munlock", AT, BYTES),
	SYSCALL(SYS_remap_file_pages, 2, "remap_file_pages", AT, BYTES,
		ARG("prot", NUMBER, 0), ARG("pgoff", NUMBER, 0, 1, 512, 1ULL << 31),
		ARG("flags", NUMBER, 0)),
	/* the control page's header is its last 64 bytes */
	{ "touch", run_touch, 0, 30, 0,
	  { AT, ARG("offset", NUMBER, 0, 8, 4032, 4040, 4042, 4044, 4048, 4056, 4080, 4084),
	    ARG("size", NUMBER, 4, 4, 8, 1, 0),
	    ARG("value", NUMBER, 0, 1, 2, 0xffffffff, ~0ULL, 0x7fffffff),
	    ARG("add", NUMBER, 0, 1),
	    ARG("times", NUMBER, 1, 1, 1, 10, 200, 4000) } },

	{ "copy", run_copy, 0, 4, 0,
	  { AT, BYTES, ARG("own", POINTER, 1, 1, 4, 0x104, 5, 6),
	    ARG("write", NUMBER, 0, 1) } },
	{ "futex", run_futex, 0, 3, 0,
	  { AT, ARG("offset", NUMBER, 0, 0, 4040, 4044, 4080),
	    ARG("wait", NUMBER, 0, 1), ARG("value", NUMBER, 0, 0, 1),
	    ARG("us", NUMBER, 0, 50, 500) } },

	{ "poll", run_poll, 0, 12, 0,
	  { SLOT("fd"), SLOT("second"),
	    ARG("events", NUMBER, POLLIN, POLLIN, 0x2000, 0xffff, 0),
	    ARG("us", NUMBER, 0, 0, 0, 50, 500) } },
	SYSCALL(SYS_epoll_create1, 6, "epoll", ARG("flags", NUMBER, 0), RESULT),
	{ "epoll_ctl", run_epoll_ctl, 0, 15, 0,
	  { SLOT("fd"), ARG("op", NUMBER, EPOLL_CTL_ADD, EPOLL_CTL_ADD,
			    EPOLL_CTL_MOD, EPOLL_CTL_DEL),
	    SLOT("target"),
	    ARG("events", NUMBER, EPOLLIN, EPOLLIN | EPOLLET, EPOLLRDHUP,
		EPOLLIN | EPOLLONESHOT, EPOLLIN | EPOLLEXCLUSIVE) } },
	{ "epoll_wait", run_epoll_wait, 0, 8, 0,
	  { SLOT("fd"), ARG("us", NUMBER, 0, 0, 0, 50, 500) } },
	{ "read", run_syscall, SYS_read, 12, SLEEPS,
	  { REGION, ARG("buffer", POINTER, 1, 1, 1, 4, 5, 6, 7),
	    ARG("count", NUMBER, 8, 8, 16, 7, 0, 4096) } },
	SYSCALL(SYS_pread64, 2, "pread", REGION, ARG("buffer", POINTER, 1, 5),
		ARG("count", NUMBER, 8), ARG("offset", NUMBER, 0, 1, ~0ULL)),
	SYSCALL(SYS_write, 2, "write", REGION, ARG("buffer", POINTER, 1, 4, 5),
		ARG("count", NUMBER, 8, 1)),
	{ "splice", run_splice, 0, 2, SLEEPS, { REGION, ARG("count", NUMBER, 8, 7, 4096) } },
	SYSCALL(SYS_fcntl, 8, "set_flags", REGION,
		ARG("cmd", NUMBER, F_SETFL, F_SETFL, F_SETFL, F_GETFL, F_GET_SEALS),
		ARG("flags", NUMBER, O_NONBLOCK, O_NONBLOCK, 0, O_APPEND, O_ASYNC, O_DIRECT)),
	SYSCALL(SYS_lseek, 1, "lseek", REGION, ARG("offset", NUMBER, 0, 1, ~0ULL),
		ARG("whence", NUMBER, 0, 1, 2, 3, 4)),
	SYSCALL(SYS_ftruncate, 1, "ftruncate", REGION, ARG("size", NUMBER, 0, 4096)),
	SYSCALL(SYS_fallocate, 1, "fallocate", REGION, ARG("mode", NUMBER, 0, 3),
		ARG("offset", NUMBER, 0), ARG("size", NUMBER, 4096)),
	SYSCALL(SYS_fsync, 1, "fsync", REGION),
	SYSCALL(SYS_flock, 1, "flock", REGION,
		ARG("how", NUMBER, LOCK_EX | LOCK_NB, LOCK_UN)),
	SYSCALL(SYS_dup, 8, "dup", SLOT("fd"), RESULT),
	{ "getfd", run_getfd, 0, 2, 0, { REGION, RESULT } },
	{ "close", run_close, 0, 30, 0, { REGION } },
	{ "send", run_send, 0, 5, 0, { REGION } },
	{ "receive", run_receive, 0, 5, 0, { RESULT } },
	/* 0 fdinfo, 1 debugfs, 2 reopen the descriptor, 3 map_files, 4 maps, 5 trace */
	{ "proc", run_proc, 0, 5, 0,
	  { REGION, RESULT, ARG("what", NUMBER, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 5) } },

	{ "user", run_user, 0, 6, 0, { ARG("uid", NUMBER, 0, 1000, 1001, 65534),
	    ARG("gid", NUMBER, 0, 0, 1000, 1001) } },
	{ "setns", run_setns, 0, 6, 0, { ARG("which", NUMBER, 0, 1, 2, 3) } },
	{ "limit", run_limit, 0, 4, 0,
	  { ARG("which", NUMBER, 0, 1, 2), ARG("value", NUMBER, 0, 1, 2, 8192, 4 << 20, ~0ULL) } },
	{ "fail", run_fail, 0, 8, 0,
	  { ARG("nth", NUMBER, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 30) } },
	/* a child makes the next calls; see run_in_child() for its own */
	{ "fork", run_fork, 0, 2, 0,
	  { ARG("calls", NUMBER, 1, 2, 4, 8), ARG("both", NUMBER, 0, 1),
	    ARG("copy", NUMBER, 0, 0, 0, 1) } },
	{ "child", run_in_child, 0, 2, 0,
	  { ARG("what", NUMBER, 0, 1, 2, 3, 4, 5, 5, 5, 5, 6, 7),
	    ARG("us", NUMBER, 10, 50, 200, 1000) } },
};

const unsigned int ops_count = sizeof(ops) / sizeof(ops[0]);

unsigned int fields_of(const struct op *op)
{
	unsigned int n = 0;

	while (n < MAX_FIELDS && op->field[n].name)
		n++;
	return n;
}
