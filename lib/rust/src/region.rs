// SPDX-License-Identifier: MIT
//! SharedRegion: how one comes, what it tells, how it goes.

use std::ffi::{CStr, CString};
use std::os::raw::c_void;
use std::os::unix::io::{AsFd, BorrowedFd};
use std::ptr::{self, NonNull};
use std::{fmt, mem};

use crate::error::{check, EINVAL};
use crate::info::{c_name, raw_info, RegionInfo};
use crate::{ffi, CreateOptions, OpenOptions, RegionFlags, RegionHeader, ZincError};

/// Named memory that processes share, and a notify that wakes them.
///
/// [`create`](SharedRegion::create) and [`open`](SharedRegion::open) make one;
/// [`CreateOptions`] and [`OpenOptions`] give a choice. Dropping it closes it. When
/// the last handle of all processes is closed, name and memory go.
///
/// It is [`Send`] and [`Sync`]: everything may be called by any thread. Threads
/// that share one share its cursor, so one of them gets a notify that is pending;
/// each that sleeps already gets the next.
///
/// What borrows from a region cannot outlive it, and there is no region that is
/// closed and can still be called:
///
/// ```compile_fail,E0505
/// let region = zinc_core::SharedRegion::create("doc-view", 65536).unwrap();
/// let view = region.as_atomic_u8s().unwrap();
/// drop(region);
/// view[0].store(1, std::sync::atomic::Ordering::Relaxed);
/// ```
///
/// ```compile_fail,E0382
/// let region = zinc_core::SharedRegion::create("doc-closed", 65536).unwrap();
/// drop(region);
/// region.notify();
/// ```
pub struct SharedRegion {
    handle: NonNull<ffi::Region>,
    name: String,
    readonly: bool,
}

// SAFETY: the library keeps nothing of a thread in a handle
unsafe impl Send for SharedRegion {}
// SAFETY: the library's functions are thread-safe, but that none may run while
// another closes the handle. Only drop closes it, which nobody borrows from then.
// The data are reached by raw pointers, by atomics, or in unsafe functions.
unsafe impl Sync for SharedRegion {}

impl SharedRegion {
    /// Make a region and own it.
    ///
    /// `name` is 1 to 249 of `[a-zA-Z0-9_-]`, `capacity` a multiple of the page
    /// size. The data read as zeros. Only the same user may open it;
    /// [`CreateOptions`] gives the choice.
    ///
    /// # Errors
    ///
    /// [`ZincError::InvalidName`], [`ZincError::InvalidSize`],
    /// [`ZincError::AlreadyExists`], [`ZincError::PermissionDenied`];
    /// [`ZincError::Platform`] with `ENOMEM`, `ENOSPC` or `EDQUOT` for no room.
    ///
    /// ```
    /// # let name = &format!("doc-create-{}", std::process::id());
    /// use zinc_core::{SharedRegion, ZincError};
    ///
    /// let region = SharedRegion::create(name, 65536)?;
    /// assert_eq!(region.capacity(), 65536);
    /// let second = SharedRegion::create(name, 65536);
    /// assert!(matches!(second, Err(ZincError::AlreadyExists)));
    /// # Ok::<(), ZincError>(())
    /// ```
    pub fn create(name: &str, capacity: usize) -> Result<SharedRegion, ZincError> {
        CreateOptions::new().create(name, capacity)
    }

    /// Make a region, and take the name from the region that has it, if one does.
    ///
    /// Who has the old one open keeps it, without a name.
    ///
    /// # Errors
    ///
    /// As [`create`](SharedRegion::create), never [`ZincError::AlreadyExists`].
    pub fn create_or_replace(name: &str, capacity: usize) -> Result<SharedRegion, ZincError> {
        CreateOptions::new().replace(true).create(name, capacity)
    }

    /// Attach to a region for reading and writing.
    ///
    /// # Errors
    ///
    /// [`ZincError::NotFound`], [`ZincError::InvalidName`],
    /// [`ZincError::PermissionDenied`], [`ZincError::CorruptedRegion`];
    /// [`ZincError::Platform`] for all else.
    pub fn open(name: &str) -> Result<SharedRegion, ZincError> {
        OpenOptions::new().open(name)
    }

    /// Attach to a region for reading and waiting.
    ///
    /// # Errors
    ///
    /// As [`open`](SharedRegion::open).
    ///
    /// ```
    /// # let name = &format!("doc-readonly-{}", std::process::id());
    /// use zinc_core::{SharedRegion, ZincError};
    ///
    /// let region = SharedRegion::create(name, 65536)?;
    /// let reader = SharedRegion::open_readonly(name)?;
    /// region.write_at(8, b"read me")?;
    /// let mut text = [0; 7];
    /// reader.read_at(8, &mut text)?;
    /// assert_eq!(&text, b"read me");
    /// assert!(matches!(reader.write_at(8, &text), Err(ZincError::PermissionDenied)));
    /// # Ok::<(), ZincError>(())
    /// ```
    pub fn open_readonly(name: &str) -> Result<SharedRegion, ZincError> {
        OpenOptions::new().readonly(true).open(name)
    }

    /// A handle of one's own from a region's descriptor, mostly of another
    /// process; see [`fd`](SharedRegion::fd). A read-only descriptor gives a
    /// read-only handle.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] with `ENOTTY` if it is not a region's,
    /// `EOPNOTSUPP` if it is that of POSIX shared memory.
    pub fn from_fd(fd: impl AsFd) -> Result<SharedRegion, ZincError> {
        OpenOptions::new().from_fd(fd)
    }

    /// Take a region's name away. Who has it open keeps it.
    ///
    /// # Errors
    ///
    /// [`ZincError::NotFound`], [`ZincError::InvalidName`];
    /// [`ZincError::PermissionDenied`] for who does not own it.
    pub fn unlink(name: &str) -> Result<(), ZincError> {
        // SAFETY: a string
        named(name, |name| {
            check(unsafe { ffi::zinc_unlink(name.as_ptr()) })
        })?;
        Ok(())
    }

    /// The handle that a function of the library makes.
    pub(crate) fn made(
        make: impl FnOnce(*mut ffi::Handle) -> i32,
    ) -> Result<SharedRegion, ZincError> {
        let mut out = ptr::null_mut();
        check(make(&mut out))?;
        let handle = NonNull::new(out).ok_or_else(|| ZincError::from_errno(EINVAL))?;
        // from here on an early return closes it
        let mut region = SharedRegion {
            handle,
            name: String::new(),
            readonly: true,
        };
        let info = region.info()?;
        region.readonly = is_readonly(&info);
        region.name = info.name;
        Ok(region)
    }

    pub(crate) fn handle(&self) -> ffi::Handle {
        self.handle.as_ptr()
    }

    /// The `zinc_handle` of the C library, for other libraries that take one,
    /// as libzinc-drm does. It is the region's: do not close it.
    pub fn as_handle(&self) -> *mut c_void {
        self.handle().cast()
    }

    /// Its name as it was opened or created; empty for a region without one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes of data, as given at create.
    pub fn capacity(&self) -> usize {
        // SAFETY: the handle is open
        unsafe { ffi::zinc_capacity(self.handle()) }
    }

    /// Whether its data may be read only, and it cannot notify.
    pub fn is_readonly(&self) -> bool {
        self.readonly
    }

    /// Where the header is; NULL where the data are not mapped.
    ///
    /// ```
    /// # let name = &format!("doc-header-{}", std::process::id());
    /// use std::sync::atomic::Ordering;
    /// use zinc_core::{RegionHeader, SharedRegion};
    ///
    /// let region = SharedRegion::create(name, 65536)?;
    /// // SAFETY: it is mapped as long as the region, and nobody else has it yet
    /// let header = unsafe { &*region.header_ptr() };
    /// assert_eq!(header.magic, RegionHeader::MAGIC);
    /// region.notify();
    /// assert_eq!(header.notify_seq.load(Ordering::Relaxed), 1);
    /// # Ok::<(), zinc_core::ZincError>(())
    /// ```
    pub fn header_ptr(&self) -> *const RegionHeader {
        let data = self.as_ptr();
        if data.is_null() {
            return ptr::null();
        }
        // SAFETY: the header is the 64 bytes before the data, in one mapping
        unsafe { data.sub(mem::size_of::<RegionHeader>()).cast() }
    }

    /// The descriptor, for poll, epoll, io_uring and SCM_RIGHTS. It is readable
    /// while a notify is pending; [`try_wait`](SharedRegion::try_wait) takes it.
    ///
    /// For what wants to own something that has a descriptor, as tokio's
    /// `AsyncFd` does, there is [`Pollable`](crate::Pollable).
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] with `EOPNOTSUPP` on POSIX shared memory.
    pub fn fd(&self) -> Result<BorrowedFd<'_>, ZincError> {
        // SAFETY: the handle is open
        let fd = check(unsafe { ffi::zinc_fd(self.handle()) })?;
        // SAFETY: it stays open as long as the handle, which is borrowed
        Ok(unsafe { BorrowedFd::borrow_raw(fd) })
    }
}

impl Drop for SharedRegion {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nobody uses it any more
        unsafe { ffi::zinc_close(self.handle()) }
    }
}

impl fmt::Debug for SharedRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedRegion")
            .field("name", &self.name)
            .field("capacity", &self.capacity())
            .field("readonly", &self.readonly)
            .finish_non_exhaustive()
    }
}

fn is_readonly(info: &RegionInfo) -> bool {
    [RegionFlags::READONLY, RegionFlags::DATA_READONLY]
        .into_iter()
        .any(|flag| info.flags.contains(flag))
}

// The library has one number for all that is wrong with arguments. Which one it
// is, it is asked, so that no rule is written down a second time.

fn is_invalid_argument(error: &ZincError) -> bool {
    matches!(error, ZincError::Platform(error) if error.raw_os_error() == Some(EINVAL))
}

/// Whether the library refuses the name; a bad `ZINC_BACKEND` is not the name's fault.
fn is_bad_name(name: &CStr) -> bool {
    // SAFETY: a string, and a place that is raw_info()'s
    let stat = raw_info(|raw| unsafe { ffi::zinc_stat(name.as_ptr(), raw) });
    let blames_argument = matches!(&stat, Err(error) if is_invalid_argument(error));
    // SAFETY: NULL asks for a new region
    blames_argument && unsafe { ffi::zinc_backend(ptr::null_mut()) } != -EINVAL
}

/// Whether the library refuses the capacity: on POSIX shared memory it refuses
/// every region without a name, but the capacity first.
fn is_bad_capacity(capacity: usize) -> bool {
    let options = ffi::Options {
        size: mem::size_of::<ffi::Options>() as u32,
        backend: ffi::ZINC_BACKEND_SHM,
        ..ffi::Options::default()
    };
    let probe = SharedRegion::made(|out| {
        // SAFETY: no name, the options and a place for the handle
        unsafe { ffi::zinc_create_with(ptr::null(), capacity, &options, out) }
    });
    matches!(probe, Err(error) if is_invalid_argument(&error))
}

/// A call with a name; tells it if that is what the library refused.
pub(crate) fn named<T>(
    name: &str,
    call: impl FnOnce(&CString) -> Result<T, ZincError>,
) -> Result<T, ZincError> {
    let name = c_name(name)?;
    call(&name).map_err(|error| {
        if is_invalid_argument(&error) && is_bad_name(&name) {
            return ZincError::InvalidName;
        }
        error
    })
}

/// A call with a capacity; tells it if that is what the library refused.
pub(crate) fn sized<T>(
    capacity: usize,
    call: impl FnOnce() -> Result<T, ZincError>,
) -> Result<T, ZincError> {
    call().map_err(|error| {
        if is_invalid_argument(&error) && is_bad_capacity(capacity) {
            return ZincError::InvalidSize;
        }
        error
    })
}
