// SPDX-License-Identifier: GPL-2.0-only
//! The adapter for Rust: the cases of CASES.md. Prints TAP.

use std::fs;
use std::os::raw::{c_int, c_long, c_short, c_ulong};
use std::os::unix::io::AsRawFd;
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::time::{Duration, Instant};

use zinc_adapter_tests::peer::{ask, probe, Peer};
use zinc_adapter_tests::{is_kmod, named, particular, tap, PAGE, PATIENCE};
use zinc_core::{CreateOptions, Deadline, Lifetime, SharedRegion, ZincError, FOREVER};

const LIST: &str = include_str!("../../../cases.txt");

const EBADF: i32 = 9;
const EBUSY: i32 = 16;
const EOPNOTSUPP: i32 = 95;

macro_rules! assert_error {
    ($result:expr, $pattern:pat) => {
        match $result {
            Err($pattern) => {}
            other => panic!("{:?} is not {}", other, stringify!($pattern)),
        }
    };
}

fn create() -> SharedRegion {
    SharedRegion::create(&named(), PAGE).expect("create")
}

fn pair() -> (SharedRegion, SharedRegion) {
    let region = create();
    let second = SharedRegion::open(region.name()).expect("open");
    (region, second)
}

fn bytes(region: &SharedRegion) -> &[AtomicU8] {
    region.as_atomic_u8s().expect("writable")
}

fn is_notified(region: &SharedRegion) -> bool {
    match region.try_wait() {
        Ok(()) => true,
        Err(ZincError::WouldBlock) => false,
        Err(error) => panic!("try_wait: {error}"),
    }
}

/// One notify, and no other.
fn has_one(region: &SharedRegion) {
    assert!(is_notified(region));
    assert!(!is_notified(region));
}

fn case_1() {
    let name = named();
    let region = SharedRegion::create(&name, PAGE).expect("create");
    assert_eq!((region.name(), region.capacity()), (name.as_str(), PAGE));
    assert_eq!(probe(&name), "0");
}

fn case_2() {
    let region = create();
    let second = SharedRegion::create(region.name(), PAGE);
    assert_error!(second, ZincError::AlreadyExists(_));
    region.notify();
    assert!(is_notified(&region));
}

fn case_3() {
    assert_error!(SharedRegion::open(&named()), ZincError::NotFound(_));
}

fn bad_name(name: &str) {
    assert_error!(SharedRegion::create(name, PAGE), ZincError::InvalidName);
    assert_error!(SharedRegion::open(name), ZincError::InvalidName);
}

fn case_16() {
    let region = create();
    bad_name(&format!("{}\0b", region.name()));
}

fn case_17() {
    let name = format!("{:x<249}", named());
    let region = SharedRegion::create(&name, PAGE).expect("create");
    let second = SharedRegion::open(&name).expect("open");
    assert_eq!((region.name(), second.name()), (&*name, &*name));
}

fn bad_capacity(capacity: usize) {
    let name = named();
    let region = SharedRegion::create(&name, capacity);
    assert_error!(region, ZincError::InvalidSize { .. });
    assert_error!(SharedRegion::open(&name), ZincError::NotFound(_));
}

fn page_size() -> usize {
    const SC_PAGESIZE: c_int = 30;
    extern "C" {
        fn sysconf(name: c_int) -> c_long;
    }
    // SAFETY: it only tells
    unsafe { sysconf(SC_PAGESIZE) as usize }
}

fn case_24() {
    let region = SharedRegion::create(&named(), 3 * PAGE).expect("create");
    let second = SharedRegion::open(region.name()).expect("open");
    for each in [&region, &second] {
        assert_eq!((each.capacity(), bytes(each).len()), (196_608, 196_608));
    }
}

fn case_25() {
    let region = SharedRegion::create(&named(), 16 * PAGE).expect("create");
    assert!(bytes(&region).iter().all(|byte| byte.load(Relaxed) == 0));
}

fn pattern(salt: usize, size: usize) -> Vec<u8> {
    (0..size).map(|i| (i * 31 + salt) as u8).collect()
}

fn case_26() {
    let size = 3 * PAGE;
    let region = SharedRegion::create(&named(), size).expect("create");
    let other = Peer::start(&["answer", region.name()]);
    region.write_at(0, &pattern(7, size)).expect("write");
    region.notify();
    while bytes(&region)[0].load(Relaxed) != 14 {
        region.wait(PATIENCE).expect("an answer");
    }
    let mut answer = vec![0; size];
    region.read_at(0, &mut answer).expect("read");
    assert!(answer == pattern(14, size));
    other.ends();
}

fn case_27() {
    let (region, second) = pair();
    let views = [bytes(&region), bytes(&region), bytes(&second)];
    for (value, writer) in (1..).zip(views) {
        writer[100].store(value, Relaxed);
        assert!(views.iter().all(|view| view[100].load(Relaxed) == value));
    }
}

fn case_28() {
    let region = create();
    let refs = || ask(&["refs", region.name()]);
    assert_eq!(refs(), "1");
    let second = SharedRegion::open(region.name()).expect("open");
    assert_eq!(refs(), "2");
    drop(second);
    assert_eq!(refs(), "1");
}

fn case_29() {
    assert!(!is_notified(&create()));
}

fn case_30() {
    let region = create();
    assert_error!(region.wait(0), ZincError::TimedOut);
    region.notify();
    region.wait(0).expect("notified");
    assert_error!(region.wait(0), ZincError::TimedOut);
}

fn case_31() {
    let region = create();
    let begin = Instant::now();
    assert_error!(region.wait(100), ZincError::TimedOut);
    assert!(begin.elapsed() >= Duration::from_millis(100));
}

fn case_32() {
    let region = create();
    (0..5).for_each(|_| region.notify());
    has_one(&region);
}

fn case_33() {
    let region = create();
    region.notify();
    has_one(&SharedRegion::open(region.name()).expect("open"));
}

fn case_34() {
    let (region, second) = pair();
    region.notify();
    assert!(is_notified(&region) && is_notified(&second));
    assert!(!is_notified(&region) && !is_notified(&second));
}

fn case_35() {
    let region = create();
    ask(&["sequence", region.name(), "4294967295"]);
    assert!(is_notified(&region));
    region.notify();
    has_one(&region);
}

/// At its deadline a wait looks once more: one that was never woken is late.
fn is_woken(region: &SharedRegion) {
    let begin = Instant::now();
    region.wait(PATIENCE).expect("notified");
    assert!(
        begin.elapsed() < Duration::from_millis(PATIENCE.into()),
        "woken too late"
    );
}

fn case_36() {
    let region = create();
    ask(&["notify", region.name(), "3"]);
    is_woken(&region);
    assert!(!is_notified(&region));
}

fn case_37() {
    let region = create();
    let own = process::id().to_string();
    let other = Peer::start(&["late-notify", region.name(), &own]);
    is_woken(&region);
    other.ends();
}

/// Dropping closes, and rustc (E0382) does not allow dropping twice. A value that may be
/// absent is an Option.
fn case_38() {
    let mut region = Some(create());
    let name = region.as_ref().map_or("", SharedRegion::name).to_owned();
    drop(region.take());
    drop(region.take());
    assert_error!(SharedRegion::open(&name), ZincError::NotFound(_));
}

/// No call of a region that is closed compiles; a test of the crate's documentation
/// sees that. Its name is gone, and a new one of that name has nothing of it.
fn case_39() {
    let region = create();
    let name = region.name().to_owned();
    region.notify();
    drop(region);
    let region = SharedRegion::create(&name, PAGE).expect("create");
    assert_eq!(region.sequence(), 0);
    assert!(!is_notified(&region));
}

fn case_40() {
    let (creator, second) = pair();
    let name = creator.name().to_owned();
    drop(creator);
    assert_eq!(probe(&name), "0");
    drop(second);
    assert_eq!(probe(&name), "2");
}

fn case_41() {
    let region = create();
    let name = region.name().to_owned();
    bytes(&region)[5].store(7, Relaxed);
    let other = Peer::start(&["open-hold", &name]);
    drop(region);
    let region = SharedRegion::open(&name).expect("open");
    other.ends();
    assert_eq!(bytes(&region)[5].load(Relaxed), 7);
    drop(region);
    assert_eq!(probe(&name), "2");
}

fn case_42() {
    let name = named();
    for _ in 0..2 {
        drop(SharedRegion::create(&name, PAGE).expect("create"));
    }
}

/// A view borrows from its region: one that is used after the region was dropped
/// does not compile (E0505), which a test of the crate's documentation sees. The
/// value stays as long as a handle is open.
fn case_43() {
    let (region, second) = pair();
    bytes(&region)[10].store(1, Relaxed);
    drop(region);
    assert_eq!(bytes(&second)[10].load(Relaxed), 1);
}

/// As case 39: code that can request a view has an open region.
fn case_44() {
    let region = create();
    let name = region.name().to_owned();
    drop(region);
    assert_error!(SharedRegion::open(&name), ZincError::NotFound(_));
}

fn case_45() {
    let name = {
        let region = create();
        region.name().to_owned()
    };
    assert_eq!(probe(&name), "2");
}

/// Descriptors and mappings.
fn counts() -> (usize, usize) {
    let fds = fs::read_dir("/proc/self/fd").expect("proc").count();
    let maps = fs::read_to_string("/proc/self/maps").expect("proc");
    (fds, maps.lines().count())
}

fn case_46() {
    let name = named();
    let mut first = (0, 0);
    for n in 0..1000 {
        let region = SharedRegion::create(&name, PAGE).expect("create");
        region.notify();
        assert!(is_notified(&region));
        drop(region);
        if n == 10 {
            first = counts();
        }
    }
    let last = counts();
    assert!(
        last.0 == first.0 && last.1 <= first.1 + 20,
        "{first:?} {last:?}"
    );
}

fn case_47() {
    let creator = create();
    bytes(&creator)[1].store(9, Relaxed);
    let reader = SharedRegion::open_readonly(creator.name()).expect("open");
    let mut byte = [0; 1];
    reader.read_at(1, &mut byte).expect("read");
    assert_eq!(byte, [9]);
    assert!(reader.is_readonly() && !creator.is_readonly());
    assert_error!(reader.write_at(1, &[8]), ZincError::PermissionDenied);
    assert_error!(reader.as_atomic_u8s(), ZincError::PermissionDenied);
    let error = reader.notify_checked().expect_err("read-only");
    assert_eq!(error.errno(), EBADF);
    reader.notify();
    assert!(!is_notified(&creator));
    assert_eq!(bytes(&creator)[1].load(Relaxed), 9);
}

fn case_48() {
    let name = named();
    let mut options = CreateOptions::new();
    options.lifetime(Lifetime::Persist);
    drop(options.create(&name, PAGE).expect("create"));
    assert_eq!(probe(&name), "0");
    SharedRegion::unlink(&name).expect("unlink");
    assert_eq!(probe(&name), "2");
}

fn case_49() {
    let name = named();
    let other = Peer::start(&["hold", &name]);
    let region = SharedRegion::open(&name).expect("open");
    // kills and reaps it
    drop(other);
    assert_eq!(bytes(&region)[0].load(Relaxed), 0xA5);
    region.notify();
    assert!(is_notified(&region));
    drop(region);
    assert_eq!(probe(&name), "2");
    ask(&["unlink", &name]);
}

const POLLIN: c_short = 1;

/// The events that poll(2) reports for one descriptor.
fn poll_one(fd: c_int, timeout_ms: c_int) -> c_short {
    #[repr(C)]
    struct PollFd {
        fd: c_int,
        events: c_short,
        revents: c_short,
    }
    extern "C" {
        fn poll(fds: *mut PollFd, count: c_ulong, timeout_ms: c_int) -> c_int;
    }
    let mut one = PollFd {
        fd,
        events: POLLIN,
        revents: 0,
    };
    // SAFETY: one entry, which is ours
    let count = unsafe { poll(&mut one, 1, timeout_ms) };
    assert_eq!(count, c_int::from(one.revents != 0));
    one.revents
}

fn case_50() {
    let region = create();
    let fd = match region.fd() {
        Ok(fd) => fd.as_raw_fd(),
        Err(error) => {
            assert!(!is_kmod() && error.errno() == EOPNOTSUPP, "{error}");
            return;
        }
    };
    assert!(is_kmod());
    assert_eq!(poll_one(fd, 0), 0);
    region.notify();
    assert_eq!(poll_one(fd, PATIENCE as c_int), POLLIN);
    assert!(is_notified(&region));
    assert_eq!(poll_one(fd, 0), 0);
}

/// A wait ends with [`ZincError::Gone`] before its timeout.
fn is_gone(region: &SharedRegion, timeout_ms: u32) {
    let begin = Instant::now();
    assert_error!(region.wait_or_gone(timeout_ms), ZincError::Gone);
    assert!(begin.elapsed() < Duration::from_millis(PATIENCE.into()));
}

fn case_51() {
    let name = named();
    let own = process::id().to_string();
    let _other = Peer::start(&["late-die", &name, &own]);
    let region = SharedRegion::open(&name).expect("open");
    is_gone(&region, PATIENCE);
    is_gone(&region, 0);
    is_gone(&region, FOREVER);
    assert_error!(region.wait(0), ZincError::TimedOut);
}

fn case_52() {
    let name = named();
    let other = Peer::start(&["hold", &name]);
    let region = SharedRegion::open(&name).expect("open");
    region.notify();
    // kills and reaps it
    drop(other);
    region.wait_or_gone(PATIENCE).expect("notified");
    is_gone(&region, PATIENCE);
    drop(region);
    assert_eq!(probe(&name), "2");
}

fn case_53() {
    let (creator, second) = pair();
    ask(&["unlink", creator.name()]);
    is_gone(&creator, PATIENCE);
    is_gone(&second, PATIENCE);
}

fn case_54() {
    let (creator, second) = pair();
    let begin = Instant::now();
    assert_error!(second.wait_or_gone(0), ZincError::TimedOut);
    assert_error!(second.wait_or_gone(100), ZincError::TimedOut);
    assert!(begin.elapsed() >= Duration::from_millis(100));
    creator.notify();
    second.wait_or_gone(PATIENCE).expect("notified");
    assert_error!(second.wait_or_gone(0), ZincError::TimedOut);
}

fn case_55() {
    let name = named();
    let other = Peer::start(&["hold", &name]);
    let result = SharedRegion::unlink_stale(&name);
    if is_kmod() {
        assert_error!(result, ZincError::NotFound(_));
    } else {
        assert_eq!(result.expect_err("it is open").errno(), EBUSY);
    }
    drop(other);
    let result = SharedRegion::unlink_stale(&name);
    if is_kmod() {
        assert_error!(result, ZincError::NotFound(_));
    } else {
        result.expect("it is stale");
    }
    assert_eq!(probe(&name), "2");
    assert_error!(SharedRegion::unlink_stale(&name), ZincError::NotFound(_));
}

fn case_56() {
    let name = named();
    let own = process::id().to_string();
    let _other = Peer::start(&["late-create", &name, &own]);
    let begin = Instant::now();
    let patience = Duration::from_millis(PATIENCE.into());
    let region = SharedRegion::open_wait(&name, Deadline::after(patience)).expect("open");
    assert!(begin.elapsed() < patience);
    assert_eq!(region.name(), name);
}

fn case_57() {
    let name = named();
    let begin = Instant::now();
    let result = SharedRegion::open_wait(&name, Deadline::NOW);
    assert_error!(result, ZincError::NotFound(_));
    let soon = Deadline::after(Duration::from_millis(100));
    assert_error!(SharedRegion::open_wait(&name, soon), ZincError::TimedOut);
    assert!(begin.elapsed() >= Duration::from_millis(100));
}

const CASES: [fn(); 57] = [
    case_1,
    case_2,
    case_3,
    || bad_name(""),
    || bad_name(" "),
    || bad_name("a b"),
    || bad_name("a/b"),
    || bad_name("/a"),
    || bad_name("."),
    || bad_name(".."),
    || bad_name("a.b"),
    || bad_name("a\n"),
    || bad_name("a:b"),
    || bad_name(&"x".repeat(251)),
    || bad_name("caf\u{e9}"),
    case_16,
    case_17,
    || bad_capacity(0),
    || bad_capacity(1),
    || bad_capacity(page_size() - 1),
    || bad_capacity(page_size() + 1),
    || bad_capacity(1 << 63),
    || bad_capacity(0usize.wrapping_sub(PAGE)),
    case_24,
    case_25,
    case_26,
    case_27,
    case_28,
    case_29,
    case_30,
    case_31,
    case_32,
    case_33,
    case_34,
    case_35,
    case_36,
    case_37,
    case_38,
    case_39,
    case_40,
    case_41,
    case_42,
    case_43,
    case_44,
    case_45,
    case_46,
    case_47,
    case_48,
    case_49,
    case_50,
    case_51,
    case_52,
    case_53,
    case_54,
    case_55,
    case_56,
    case_57,
];

fn main() -> ExitCode {
    let numbered = LIST.lines().skip(1).map(|line| {
        let (number, id) = line.split_once(' ').expect("number and id");
        (number.parse::<usize>().expect("a number"), id.to_owned())
    });
    let cases = numbered.map(|(number, id)| (number, id, CASES[number - 1]));
    tap::run(cases.chain(particular::cases()).collect())
}
