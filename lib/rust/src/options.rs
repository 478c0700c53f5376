// SPDX-License-Identifier: MIT
//! Options for create and open.

use std::mem::size_of;
use std::os::unix::io::{AsFd, AsRawFd};
use std::ptr;

use crate::region::{named, sized};
use crate::{ffi, Backend, Deadline, Lifetime, SharedRegion, ZincError};

fn defaults() -> ffi::Options {
    ffi::Options {
        size: size_of::<ffi::Options>() as u32,
        ..ffi::Options::default()
    }
}

fn set(options: &mut ffi::Options, flag: u32, on: bool) {
    if on {
        options.flags |= flag;
    } else {
        options.flags &= !flag;
    }
}

/// Options for a new region, a builder such as [`std::fs::OpenOptions`].
///
/// ```
/// # let name = &format!("doc-options-{}", std::process::id());
/// use zinc_core::{CreateOptions, Lifetime, SharedRegion};
///
/// let mut options = CreateOptions::new();
/// options.mode(0o644).lifetime(Lifetime::Persist);
/// drop(options.create(name, 65536)?);
/// assert_eq!(SharedRegion::open(name)?.info()?.mode, 0o644);
/// SharedRegion::unlink(name)?;
/// # Ok::<(), zinc_core::ZincError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CreateOptions {
    raw: ffi::Options,
}

impl CreateOptions {
    /// The default: mode 0600, lifetime [`Lifetime::Refs`], no replacement.
    pub fn new() -> CreateOptions {
        CreateOptions { raw: defaults() }
    }

    /// Set the permission bits, within 0666; no umask is applied.
    pub fn mode(&mut self, mode: u32) -> &mut CreateOptions {
        self.raw.mode = mode;
        self
    }

    /// Set the event that removes the name.
    pub fn lifetime(&mut self, lifetime: Lifetime) -> &mut CreateOptions {
        self.raw.lifetime = lifetime.raw();
        self
    }

    /// Take the name from the region that has it.
    pub fn replace(&mut self, replace: bool) -> &mut CreateOptions {
        set(&mut self.raw, ffi::ZINC_REPLACE, replace);
        self
    }

    /// Allocate each page on its first access, instead of all before create returns.
    pub fn lazy(&mut self, lazy: bool) -> &mut CreateOptions {
        set(&mut self.raw, ffi::ZINC_LAZY, lazy);
        self
    }

    /// Whether each block of a huge page's size is physically contiguous, for devices
    /// without an IOMMU. Kernel module only; not together with [`lazy`](Self::lazy).
    pub fn contiguous(&mut self, contiguous: bool) -> &mut CreateOptions {
        set(&mut self.raw, ffi::ZINC_CONTIGUOUS, contiguous);
        self
    }

    /// Set the backend.
    pub fn backend(&mut self, backend: Backend) -> &mut CreateOptions {
        self.raw.backend = backend.raw();
        self
    }

    /// Set whether [`import_dmabuf`](CreateOptions::import_dmabuf) maps the data; memory
    /// that no CPU can map needs `false`.
    pub fn data(&mut self, data: bool) -> &mut CreateOptions {
        set(&mut self.raw, ffi::ZINC_NO_DATA, !data);
        self
    }

    /// Create a region with these options.
    ///
    /// # Errors
    ///
    /// As [`SharedRegion::create`]; [`ZincError::Platform`] with `EINVAL` for a
    /// mode outside of 0666.
    pub fn create(&self, name: &str, capacity: usize) -> Result<SharedRegion, ZincError> {
        sized(capacity, || {
            named(name, |name| {
                // SAFETY: a string, the options and a place for the handle
                SharedRegion::made(|out| unsafe {
                    ffi::zinc_create_with(name.as_ptr(), capacity, &self.raw, out)
                })
            })
        })
    }

    /// Create a region without a name, which other processes open by its
    /// [descriptor](SharedRegion::fd).
    ///
    /// # Errors
    ///
    /// As [`create`](CreateOptions::create); [`ZincError::Platform`] with
    /// `EOPNOTSUPP` on POSIX shared memory.
    pub fn create_anonymous(&self, capacity: usize) -> Result<SharedRegion, ZincError> {
        sized(capacity, || {
            // SAFETY: no name, the options and a place for the handle
            SharedRegion::made(|out| unsafe {
                ffi::zinc_create_with(ptr::null(), capacity, &self.raw, out)
            })
        })
    }

    /// Import a device's dma-buf as a region, without copying.
    ///
    /// If the dma-buf is read-only, the data are read-only, too.
    ///
    /// # Errors
    ///
    /// As [`create`](CreateOptions::create); [`ZincError::Platform`] with `EINVAL`
    /// if the descriptor is not a dma-buf, `ENXIO` if the memory cannot be mapped,
    /// `EOPNOTSUPP` on POSIX shared memory.
    pub fn import_dmabuf(
        &self,
        dmabuf: impl AsFd,
        name: Option<&str>,
    ) -> Result<SharedRegion, ZincError> {
        let fd = dmabuf.as_fd().as_raw_fd();
        let import = |name| {
            // SAFETY: a string or NULL, the options and a place for the handle
            SharedRegion::made(|out| unsafe { ffi::zinc_import_dmabuf(fd, name, &self.raw, out) })
        };
        match name {
            Some(name) => named(name, |name| import(name.as_ptr())),
            None => import(ptr::null()),
        }
    }
}

impl Default for CreateOptions {
    fn default() -> CreateOptions {
        CreateOptions::new()
    }
}

/// Options for opening a region.
///
/// ```
/// # let name = &format!("doc-open-{}", std::process::id());
/// # let region = zinc_core::SharedRegion::create(name, 65536)?;
/// let reader = zinc_core::OpenOptions::new().readonly(true).open(name)?;
/// assert!(reader.is_readonly());
/// # Ok::<(), zinc_core::ZincError>(())
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions {
    raw: ffi::Options,
}

impl OpenOptions {
    /// The default: reading and writing.
    pub fn new() -> OpenOptions {
        OpenOptions { raw: defaults() }
    }

    /// Open for reading and waiting only.
    pub fn readonly(&mut self, readonly: bool) -> &mut OpenOptions {
        set(&mut self.raw, ffi::ZINC_RDONLY, readonly);
        self
    }

    /// Set whether the data are mapped; memory that no CPU can map needs `false`. A
    /// handle without data can wait, notify and export.
    pub fn data(&mut self, data: bool) -> &mut OpenOptions {
        set(&mut self.raw, ffi::ZINC_NO_DATA, !data);
        self
    }

    /// Set the backend.
    pub fn backend(&mut self, backend: Backend) -> &mut OpenOptions {
        self.raw.backend = backend.raw();
        self
    }

    /// Open a region by its name.
    ///
    /// # Errors
    ///
    /// As [`SharedRegion::open`]; [`ZincError::Platform`] with `ENXIO` if the data
    /// cannot be mapped.
    pub fn open(&self, name: &str) -> Result<SharedRegion, ZincError> {
        named(name, |name| {
            // SAFETY: a string, the options and a place for the handle
            SharedRegion::made(|out| unsafe { ffi::zinc_open_with(name.as_ptr(), &self.raw, out) })
        })
    }

    /// [`open`](OpenOptions::open), but wait until a region of that name is created.
    ///
    /// # Errors
    ///
    /// [`ZincError::TimedOut`]; otherwise as [`open`](OpenOptions::open), but
    /// [`ZincError::NotFound`] only for [`Deadline::NOW`].
    pub fn open_wait(&self, name: &str, deadline: Deadline) -> Result<SharedRegion, ZincError> {
        named(name, |name| {
            // SAFETY: a string, the options and a place for the handle
            SharedRegion::made(|out| unsafe {
                ffi::zinc_open_wait(name.as_ptr(), &self.raw, deadline.nanoseconds(), out)
            })
        })
    }

    /// Open a region by its descriptor.
    ///
    /// # Errors
    ///
    /// As [`SharedRegion::from_fd`].
    // the name of the C function
    #[allow(clippy::wrong_self_convention)]
    pub fn from_fd(&self, fd: impl AsFd) -> Result<SharedRegion, ZincError> {
        let fd = fd.as_fd().as_raw_fd();
        // SAFETY: the options and a place for the handle
        SharedRegion::made(|out| unsafe { ffi::zinc_from_fd(fd, &self.raw, out) })
    }
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions::new()
    }
}
