// SPDX-License-Identifier: GPL-2.0-only
//! What this adapter does beyond the cases that all share.

use std::fs::File;
use std::io;
use std::mem;
use std::os::unix::io::{AsFd, AsRawFd};
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use crate::{is_kmod, named, tap, PAGE, PATIENCE};
use zinc_core::{
    Access, Backend, CreateOptions, Deadline, Features, Lifetime, OpenOptions, Pollable,
    RegionFlags, RegionHeader, SharedRegion, ZincError, FOREVER,
};

const EINVAL: i32 = 22;
const EBADF: i32 = 9;
const ENOTTY: i32 = 25;
const EOPNOTSUPP: i32 = 95;

fn create() -> SharedRegion {
    SharedRegion::create(&named(), PAGE).expect("create")
}

fn errno<T: std::fmt::Debug>(result: Result<T, ZincError>) -> i32 {
    result.expect_err("it must not work").errno()
}

/// Whether POSIX shared memory refuses what the module can do.
fn is_refused<T: std::fmt::Debug>(result: &Result<T, ZincError>) -> bool {
    if is_kmod() {
        return false;
    }
    let error = result.as_ref().expect_err("POSIX cannot do it");
    assert_eq!(error.errno(), EOPNOTSUPP, "{error}");
    true
}

fn info() {
    let region = create();
    region.notify();
    let info = region.info().expect("info");
    assert_eq!((&*info.name, info.capacity), (region.name(), PAGE as u64));
    assert_eq!((info.sequence, info.cursor, info.handles), (1, 0, 1));
    assert_eq!((info.mode, info.lifetime), (0o600, Lifetime::Refs));
    assert_eq!(info.creator_pid as u32, std::process::id());
    assert!(info.flags.contains(RegionFlags::CREATOR));
    assert!(!info.flags.contains(RegionFlags::READONLY));
    let backend = if is_kmod() {
        Backend::Kmod
    } else {
        Backend::Shm
    };
    assert_eq!((info.backend, region.backend()), (backend, backend));
    assert_eq!(zinc_core::backend().expect("backend"), backend);
    assert!(zinc_core::backend_reason().contains("ZINC_BACKEND"));
}

fn stat_and_list() {
    let region = create();
    let stat = SharedRegion::stat(region.name()).expect("stat");
    assert_eq!((&*stat.name, stat.handles), (region.name(), 1));
    let list = SharedRegion::list().expect("list");
    assert!(list.iter().any(|info| info.name == region.name()));
    let bad = SharedRegion::stat("a b");
    assert!(matches!(bad, Err(ZincError::InvalidName)), "{bad:?}");
    let bad = SharedRegion::unlink("a\0b");
    assert!(matches!(bad, Err(ZincError::InvalidName)), "{bad:?}");
    SharedRegion::unlink(region.name()).expect("unlink");
    let gone = SharedRegion::stat(region.name());
    assert!(matches!(gone, Err(ZincError::NotFound(_))), "{gone:?}");
}

fn replace() {
    let old = create();
    old.write_at(0, b"old").expect("write");
    let new = SharedRegion::create_or_replace(old.name(), 2 * PAGE).expect("replace");
    let opened = SharedRegion::open(old.name()).expect("open");
    assert_eq!((old.capacity(), opened.capacity()), (PAGE, new.capacity()));
    assert!(old
        .info()
        .expect("info")
        .flags
        .contains(RegionFlags::UNLINKED));
}

fn options() {
    let mut options = CreateOptions::new();
    options.mode(0o640).lazy(true).lifetime(Lifetime::Creator);
    let region = options.create(&named(), PAGE).expect("create");
    let info = region.info().expect("info");
    assert_eq!((info.mode, info.lifetime), (0o640, Lifetime::Creator));
    assert!(info.flags.contains(RegionFlags::LAZY));
    options.lazy(false).mode(0o1777);
    let bad = options.create(&named(), PAGE);
    assert!(matches!(&bad, Err(ZincError::Platform(_))), "{bad:?}");
    assert_eq!(errno(bad), EINVAL);
    let mut options = CreateOptions::new();
    options.backend(Backend::Shm);
    let region = options.create(&named(), PAGE).expect("create");
    assert_eq!(region.backend(), Backend::Shm);
    let second = OpenOptions::new().backend(Backend::Shm).open(region.name());
    assert_eq!(second.expect("open").capacity(), PAGE);
}

fn anonymous() {
    let region = CreateOptions::new().create_anonymous(PAGE);
    if is_refused(&region) {
        return;
    }
    let region = region.expect("create");
    assert_eq!(region.name(), "");
    let flags = region.info().expect("info").flags;
    assert!(flags.contains(RegionFlags::ANONYMOUS));
    let bad = CreateOptions::new().create_anonymous(1);
    assert!(matches!(bad, Err(ZincError::InvalidSize { .. })), "{bad:?}");
}

fn without_data() {
    let region = create();
    let handle = OpenOptions::new().data(false).open(region.name());
    let handle = handle.expect("open");
    assert!(handle.as_ptr().is_null() && handle.header_ptr().is_null());
    assert_eq!(handle.as_atomic_u8s().expect("none").len(), 0);
    let read = handle.read_at(0, &mut [0]);
    assert!(
        matches!(read, Err(ZincError::InvalidSize { .. })),
        "{read:?}"
    );
    // SAFETY: there is nothing
    assert!(unsafe { handle.as_slice() }.is_empty());
    handle.notify();
    region.try_wait().expect("notified");
}

fn bounds() {
    let region = create();
    region.write_at(PAGE - 2, b"ab").expect("it fits");
    region.write_at(PAGE, b"").expect("nothing fits");
    for (offset, length) in [(PAGE - 1, 2), (PAGE, 1), (usize::MAX, 2), (0, PAGE + 1)] {
        let mut buffer = vec![7; length];
        let write = region.write_at(offset, &buffer);
        assert!(
            matches!(write, Err(ZincError::InvalidSize { .. })),
            "{write:?}"
        );
        let read = region.read_at(offset, &mut buffer);
        assert!(
            matches!(read, Err(ZincError::InvalidSize { .. })),
            "{read:?}"
        );
        assert_eq!(buffer[0], 7);
    }
    let mut end = [0; 2];
    region.read_at(PAGE - 2, &mut end).expect("it fits");
    assert_eq!(&end, b"ab");
}

fn slices() {
    let mut region = create();
    // SAFETY: no other process has it
    unsafe { region.as_mut_slice()[9] = 3 };
    // SAFETY: likewise
    let slice = unsafe { region.as_slice() };
    assert_eq!((slice.len(), slice[9]), (PAGE, 3));
    // SAFETY: the data are as long
    assert_eq!(unsafe { *region.as_ptr().add(9) }, 3);
}

fn header() {
    let region = create();
    region.notify();
    assert_eq!(mem::size_of::<RegionHeader>(), RegionHeader::SIZE);
    // SAFETY: mapped as long as the region; no other process writes it
    let header = unsafe { &*region.header_ptr() };
    assert_eq!(header.magic, RegionHeader::MAGIC);
    assert_eq!(header.version, RegionHeader::VERSION);
    assert_eq!(header.capacity, PAGE as u64);
    assert_eq!(header.notify_seq.load(Relaxed), region.sequence());
}

fn wait_until() {
    let region = create();
    let begin = Instant::now();
    let deadline = Deadline::after(Duration::from_millis(50));
    let late = region.wait_until(deadline);
    assert!(matches!(late, Err(ZincError::TimedOut)), "{late:?}");
    assert!(begin.elapsed() >= Duration::from_millis(50));
    region.notify();
    region.wait_until(Deadline::NOW).expect("notified");
    region.notify();
    region.wait_until(Deadline::NEVER).expect("notified");
    region.notify();
    region.wait(FOREVER).expect("notified");
}

fn wait_any() {
    let regions = [create(), create(), create()];
    let all = [&regions[0], &regions[1], &regions[2]];
    regions[2].notify();
    let which = SharedRegion::wait_any(&all, Deadline::after(Duration::from_secs(60)));
    assert_eq!(which.expect("notified"), 2);
    let none = SharedRegion::wait_any(&all, Deadline::NOW);
    assert!(matches!(none, Err(ZincError::TimedOut)), "{none:?}");
    assert_eq!(errno(SharedRegion::wait_any(&[], Deadline::NOW)), EINVAL);
}

fn request_and_reply() {
    let (request, reply) = (create(), create());
    thread::scope(|scope| {
        scope.spawn(|| {
            request.wait(PATIENCE).expect("a request");
            reply.write_at(0, b"!").expect("write");
            reply.notify();
        });
        request.notify_and_wait(&reply, PATIENCE).expect("a reply");
    });
    let reader = SharedRegion::open_readonly(request.name()).expect("open");
    assert_eq!(errno(reader.notify_and_wait(&reply, PATIENCE)), EBADF);
}

/// One notify wakes all threads that sleep on one handle.
fn threads() {
    let region = create();
    let sleeper = || region.wait(PATIENCE).expect("notified");
    thread::scope(|scope| {
        let sleepers: Vec<_> = (0..4).map(|_| scope.spawn(sleeper)).collect();
        // a thread that has not slept yet takes the next
        while sleepers.iter().any(|sleeper| !sleeper.is_finished()) {
            region.notify();
            thread::sleep(Duration::from_millis(1));
        }
    });
    let moved = thread::spawn(move || region.sequence()).join();
    assert!(moved.expect("it ends") > 0);
}

fn descriptor() {
    let region = create();
    let name = region.name().to_owned();
    if is_refused(&region.fd()) {
        let file = File::open("/dev/null").expect("open");
        assert_eq!(errno(SharedRegion::from_fd(&file)), ENOTTY);
        assert_eq!(errno(Pollable::new(region)), EOPNOTSUPP);
        let gone = SharedRegion::open(&name);
        assert!(matches!(gone, Err(ZincError::NotFound(_))), "{gone:?}");
        return;
    }
    region.write_at(0, b"x").expect("write");
    let second = SharedRegion::from_fd(region.fd().expect("fd")).expect("from_fd");
    let mut byte = [0; 1];
    second.read_at(0, &mut byte).expect("read");
    assert_eq!((second.name(), &byte), (&*name, b"x"));
    let mut options = OpenOptions::new();
    let reader = options.readonly(true).from_fd(region.fd().expect("fd"));
    assert!(reader.expect("from_fd").is_readonly());
    let pollable = Pollable::new(region).expect("pollable");
    assert_eq!(pollable.as_fd().as_raw_fd(), pollable.as_raw_fd());
    second.notify();
    pollable.try_wait().expect("notified");
    assert_eq!(pollable.into_inner().name(), name);
}

fn devices() {
    let region = create();
    let features = region.features().expect("features");
    assert_eq!(zinc_core::features().expect("features"), features);
    assert_eq!(features.contains(Features::EXPORT), is_kmod());
    let file = File::open("/dev/null").expect("open");
    let import = CreateOptions::new().import_dmabuf(&file, None);
    let fence = region.notify_on_fence(&file);
    let page = region.capacity() as u64;
    let contiguous = CreateOptions::new()
        .contiguous(true)
        .create(&named(), region.capacity());
    if is_refused(&region.export_dmabuf(false)) {
        assert!(is_refused(&import) && is_refused(&fence) && is_refused(&contiguous));
        assert!(is_refused(&region.export_dmabuf_part(0, page, false)));
        assert!(is_refused(&region.cpu_access(Access::Read)));
        return;
    }
    assert_eq!((errno(import), errno(fence)), (EINVAL, EBADF));
    assert_eq!(errno(region.export_dmabuf_part(page, page, false)), EINVAL);
    region.export_dmabuf_part(0, page, true).expect("part");
    if features.contains(Features::EXPORT_PART) && features.contains(Features::CONTIGUOUS) {
        let info = contiguous.expect("contiguous").info().expect("info");
        assert!(info.flags.contains(RegionFlags::CONTIGUOUS));
    }
    let (first, second) = (region.export_dmabuf(false), region.export_dmabuf(true));
    assert_ne!(
        first.expect("dma-buf").as_raw_fd(),
        second.expect("dma-buf").as_raw_fd()
    );
    let access = region.cpu_access(Access::ReadWrite).expect("begin");
    access.end().expect("end");
    drop(region.cpu_access(Access::Write).expect("begin"));
    let reader = SharedRegion::open_readonly(region.name()).expect("open");
    assert_eq!(errno(reader.cpu_access(Access::Write)), EBADF);
    let writable = reader.export_dmabuf(false);
    assert!(
        matches!(writable, Err(ZincError::PermissionDenied)),
        "{writable:?}"
    );
}

fn errors() {
    let missing = SharedRegion::open(&named()).expect_err("nobody has it");
    assert!(missing.to_string().contains("create it first"), "{missing}");
    assert_eq!(io::Error::from(missing).kind(), io::ErrorKind::NotFound);
    let name = named();
    let missing = SharedRegion::stat(&name);
    assert!(matches!(missing, Err(ZincError::NotFound(of)) if of == name));
    let region = create();
    let taken = SharedRegion::create(region.name(), PAGE);
    assert!(matches!(taken, Err(ZincError::AlreadyExists(of)) if of == region.name()));
    let bad = SharedRegion::create(&named(), PAGE + 1);
    assert!(matches!(bad, Err(ZincError::InvalidSize { page_size }) if PAGE % page_size == 0));
    let shorter: zinc_core::Result<()> = SharedRegion::unlink(&named());
    assert!(matches!(shorter, Err(ZincError::NotFound(_))));
    assert_eq!(std::mem::align_of::<zinc_core::RegionHeader>(), 64);
    let text = format!("{region:?}");
    assert!(text.contains(region.name()), "{text}");
}

/// The cases, numbered from 101 on.
pub fn cases() -> impl Iterator<Item = tap::Case> {
    let all: [(&str, fn()); 17] = [
        ("info", info),
        ("stat-and-list", stat_and_list),
        ("replace", replace),
        ("options", options),
        ("anonymous", anonymous),
        ("without-data", without_data),
        ("bounds", bounds),
        ("slices", slices),
        ("header", header),
        ("wait-until", wait_until),
        ("wait-any", wait_any),
        ("request-and-reply", request_and_reply),
        ("threads", threads),
        ("descriptor", descriptor),
        ("devices", devices),
        ("errors", errors),
        ("backend", backend),
    ];
    (101..)
        .zip(all)
        .map(|(number, (what, case))| (number, format!("rust.{what}"), case))
}

/// A bad ZINC_BACKEND affects only new regions. The last case, since it changes the
/// environment of all.
fn backend() {
    let before = std::env::var("ZINC_BACKEND");
    std::env::set_var("ZINC_BACKEND", "neither");
    let results = [
        SharedRegion::create(&named(), PAGE),
        SharedRegion::open(&named()),
    ];
    let sizes = SharedRegion::create(&named(), 1);
    std::env::set_var("ZINC_BACKEND", before.expect("it is set"));
    for result in results {
        assert!(matches!(&result, Err(ZincError::Platform(_))), "{result:?}");
        assert_eq!(errno(result), EINVAL);
    }
    assert!(
        matches!(sizes, Err(ZincError::InvalidSize { .. })),
        "{sizes:?}"
    );
}
