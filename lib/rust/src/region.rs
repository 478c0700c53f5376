// SPDX-License-Identifier: MIT
//! SharedRegion: creation, opening, properties and closing.

use std::ffi::{CStr, CString};
use std::os::raw::c_void;
use std::os::unix::io::{AsFd, BorrowedFd};
use std::ptr::{self, NonNull};
use std::{fmt, mem};

use crate::error::{check, EINVAL};
use crate::info::{c_name, raw_info, RegionInfo};
use crate::{ffi, CreateOptions, Deadline, OpenOptions, RegionFlags, RegionHeader, ZincError};

/// Named memory that processes share, and a notify that wakes them.
///
/// [`create`](SharedRegion::create) and [`open`](SharedRegion::open) return one;
/// [`CreateOptions`] and [`OpenOptions`] set options. Dropping it closes the handle. The
/// name and the memory are freed when the last handle of all processes is closed.
///
/// It is [`Send`] and [`Sync`]: any thread may call any method. Threads that share a
/// handle share its cursor: one of them consumes a pending notify, but a notify wakes
/// all threads that sleep.
///
/// A borrow of the data cannot outlive the region, and a closed region cannot be used:
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

// SAFETY: a handle of the library has no state of a thread
unsafe impl Send for SharedRegion {}
// SAFETY: the library's functions are thread-safe, except that none may run while
// another thread closes the handle. Only drop closes it, when no borrow exists.
// The data are accessed by raw pointers, by atomics, or in unsafe functions.
unsafe impl Sync for SharedRegion {}

impl SharedRegion {
    /// Create a region.
    ///
    /// `name` is 1 to 249 of `[a-zA-Z0-9_-]`, `capacity` a multiple of the page
    /// size. The data read as zeros. Only the same user may open the region;
    /// [`CreateOptions`] can set other permissions.
    ///
    /// # Errors
    ///
    /// [`ZincError::InvalidName`], [`ZincError::InvalidSize`],
    /// [`ZincError::AlreadyExists`], [`ZincError::PermissionDenied`];
    /// [`ZincError::Platform`] with `ENOMEM`, `ENOSPC` or `EDQUOT` if there is no memory.
    ///
    /// ```
    /// # let name = &format!("doc-create-{}", std::process::id());
    /// use zinc_core::{SharedRegion, ZincError};
    ///
    /// let region = SharedRegion::create(name, 65536)?;
    /// assert_eq!(region.capacity(), 65536);
    /// let second = SharedRegion::create(name, 65536);
    /// assert!(matches!(second, Err(ZincError::AlreadyExists(taken)) if &taken == name));
    /// # Ok::<(), ZincError>(())
    /// ```
    pub fn create(name: &str, capacity: usize) -> Result<SharedRegion, ZincError> {
        CreateOptions::new().create(name, capacity)
    }

    /// Create a region, and take the name from the region that has it, if any.
    ///
    /// Open handles of the old region stay valid, but it no longer has a name.
    ///
    /// # Errors
    ///
    /// As [`create`](SharedRegion::create), never [`ZincError::AlreadyExists`].
    pub fn create_or_replace(name: &str, capacity: usize) -> Result<SharedRegion, ZincError> {
        CreateOptions::new().replace(true).create(name, capacity)
    }

    /// Open a region for reading and writing.
    ///
    /// # Errors
    ///
    /// [`ZincError::NotFound`], [`ZincError::InvalidName`],
    /// [`ZincError::PermissionDenied`], [`ZincError::CorruptedRegion`];
    /// [`ZincError::Platform`] for other errors.
    pub fn open(name: &str) -> Result<SharedRegion, ZincError> {
        OpenOptions::new().open(name)
    }

    /// [`open`](SharedRegion::open), but wait until a region of that name is created.
    ///
    /// # Errors
    ///
    /// [`ZincError::TimedOut`]; otherwise as [`open`](SharedRegion::open), but
    /// [`ZincError::NotFound`] only for [`Deadline::NOW`].
    pub fn open_wait(name: &str, deadline: Deadline) -> Result<SharedRegion, ZincError> {
        OpenOptions::new().open_wait(name, deadline)
    }

    /// Open a region for reading and waiting.
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

    /// Open a region by its [descriptor](SharedRegion::fd), usually from another process.
    /// The new handle is read-only if the descriptor is.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] with `ENOTTY` if the descriptor is not a region's,
    /// `EOPNOTSUPP` on POSIX shared memory.
    pub fn from_fd(fd: impl AsFd) -> Result<SharedRegion, ZincError> {
        OpenOptions::new().from_fd(fd)
    }

    /// Remove a region's name. Open handles stay valid.
    ///
    /// # Errors
    ///
    /// [`ZincError::NotFound`], [`ZincError::InvalidName`];
    /// [`ZincError::PermissionDenied`] if the caller does not own it.
    pub fn unlink(name: &str) -> Result<(), ZincError> {
        // SAFETY: a C string
        named(name, |name| {
            check(unsafe { ffi::zinc_unlink(name.as_ptr()) })
        })?;
        Ok(())
    }

    /// Remove the name of a region that no process has open. On POSIX shared memory, a
    /// process that died can leave such a name.
    ///
    /// # Errors
    ///
    /// As [`SharedRegion::unlink`], and [`ZincError::Platform`] with `EBUSY` if the
    /// region is open or if that cannot be determined.
    pub fn unlink_stale(name: &str) -> Result<(), ZincError> {
        // SAFETY: a string
        named(name, |name| {
            check(unsafe { ffi::zinc_unlink_stale(name.as_ptr()) })
        })?;
        Ok(())
    }

    /// Call a function of the library that makes a handle.
    pub(crate) fn made(
        make: impl FnOnce(*mut ffi::Handle) -> i32,
    ) -> Result<SharedRegion, ZincError> {
        let mut out = ptr::null_mut();
        check(make(&mut out))?;
        let handle = NonNull::new(out).ok_or_else(|| ZincError::from_errno(EINVAL))?;
        // from here on, drop closes the handle
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
    /// such as libzinc-drm. It belongs to the region: do not close it.
    pub fn as_handle(&self) -> *mut c_void {
        self.handle().cast()
    }

    /// The name given to create or open; empty for an anonymous region.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The size of the data in bytes.
    pub fn capacity(&self) -> usize {
        // SAFETY: the handle is open
        unsafe { ffi::zinc_capacity(self.handle()) }
    }

    /// Whether the handle is read-only: it cannot write the data or notify.
    pub fn is_readonly(&self) -> bool {
        self.readonly
    }

    /// The address of the header; NULL if the data are not mapped.
    ///
    /// ```
    /// # let name = &format!("doc-header-{}", std::process::id());
    /// use std::sync::atomic::Ordering;
    /// use zinc_core::{RegionHeader, SharedRegion};
    ///
    /// let region = SharedRegion::create(name, 65536)?;
    /// // SAFETY: the header is mapped as long as the region, and not shared yet
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
    /// while a notify is pending; [`try_wait`](SharedRegion::try_wait) consumes it.
    ///
    /// [`Pollable`](crate::Pollable) is for event loops that must own the object that
    /// they poll, such as tokio's `AsyncFd`.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] with `EOPNOTSUPP` on POSIX shared memory.
    pub fn fd(&self) -> Result<BorrowedFd<'_>, ZincError> {
        // SAFETY: the handle is open
        let fd = check(unsafe { ffi::zinc_fd(self.handle()) })?;
        // SAFETY: the descriptor stays open as long as the handle, which is borrowed
        Ok(unsafe { BorrowedFd::borrow_raw(fd) })
    }
}

impl Drop for SharedRegion {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and no borrow of it exists
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

// The library returns EINVAL for every invalid argument. Further calls find out which
// argument it was, so that the rules are not repeated here.

fn is_invalid_argument(error: &ZincError) -> bool {
    matches!(error, ZincError::Platform(error) if error.raw_os_error() == Some(EINVAL))
}

/// Whether the library refuses the name, and not an invalid `ZINC_BACKEND`.
fn is_bad_name(name: &CStr) -> bool {
    // SAFETY: a C string; raw_info() passes a valid pointer
    let stat = raw_info(|raw| unsafe { ffi::zinc_stat(name.as_ptr(), raw) });
    let blames_argument = matches!(&stat, Err(error) if is_invalid_argument(error));
    // SAFETY: NULL means a new region
    blames_argument && unsafe { ffi::zinc_backend(ptr::null_mut()) } != -EINVAL
}

/// Whether the library refuses the capacity. On POSIX shared memory it refuses every
/// anonymous region, but it checks the capacity first.
fn is_bad_capacity(capacity: usize) -> bool {
    let options = ffi::Options {
        size: mem::size_of::<ffi::Options>() as u32,
        backend: ffi::ZINC_BACKEND_SHM,
        ..ffi::Options::default()
    };
    let probe = SharedRegion::made(|out| {
        // SAFETY: no name, valid options and a valid pointer for the handle
        unsafe { ffi::zinc_create_with(ptr::null(), capacity, &options, out) }
    });
    matches!(probe, Err(error) if is_invalid_argument(&error))
}

/// Make a call with a name; the error says if the library refused the name.
pub(crate) fn named<T>(
    name: &str,
    call: impl FnOnce(&CString) -> Result<T, ZincError>,
) -> Result<T, ZincError> {
    let c_name = c_name(name)?;
    call(&c_name).map_err(|error| {
        if is_invalid_argument(&error) && is_bad_name(&c_name) {
            return ZincError::InvalidName;
        }
        error.of(name)
    })
}

/// Make a call with a capacity; the error says if the library refused the capacity.
pub(crate) fn sized<T>(
    capacity: usize,
    call: impl FnOnce() -> Result<T, ZincError>,
) -> Result<T, ZincError> {
    call().map_err(|error| {
        if is_invalid_argument(&error) && is_bad_capacity(capacity) {
            return ZincError::invalid_size();
        }
        error
    })
}
