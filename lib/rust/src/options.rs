// SPDX-License-Identifier: MIT
//! Choices at create and open.

use std::mem::size_of;
use std::os::unix::io::{AsFd, AsRawFd};
use std::ptr;

use crate::region::{named, sized};
use crate::{ffi, Backend, Lifetime, SharedRegion, ZincError};

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

/// How a region is made, as [`std::fs::OpenOptions`] has it for files.
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
    /// Mode 0600, the lifetime [`Lifetime::Refs`], nothing replaced.
    pub fn new() -> CreateOptions {
        CreateOptions { raw: defaults() }
    }

    /// Permission bits within 0666; no umask is applied.
    pub fn mode(&mut self, mode: u32) -> &mut CreateOptions {
        self.raw.mode = mode;
        self
    }

    /// When its name goes.
    pub fn lifetime(&mut self, lifetime: Lifetime) -> &mut CreateOptions {
        self.raw.lifetime = lifetime.raw();
        self
    }

    /// Take the name from the region that has it.
    pub fn replace(&mut self, replace: bool) -> &mut CreateOptions {
        set(&mut self.raw, ffi::ZINC_REPLACE, replace);
        self
    }

    /// Get the memory with the first touch, and not before create returns.
    pub fn lazy(&mut self, lazy: bool) -> &mut CreateOptions {
        set(&mut self.raw, ffi::ZINC_LAZY, lazy);
        self
    }

    /// What is to keep it.
    pub fn backend(&mut self, backend: Backend) -> &mut CreateOptions {
        self.raw.backend = backend.raw();
        self
    }

    /// Whether [`import_dmabuf`](CreateOptions::import_dmabuf) maps the data;
    /// memory that no CPU can map wants `false`.
    pub fn data(&mut self, data: bool) -> &mut CreateOptions {
        set(&mut self.raw, ffi::ZINC_NO_DATA, !data);
        self
    }

    /// Make a region so.
    ///
    /// # Errors
    ///
    /// As [`SharedRegion::create`]; [`ZincError::Platform`] with `EINVAL` for a
    /// mode beyond 0666.
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

    /// Make a region without a name, which others get by its
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

    /// Make a region of a device's dma-buf, without copying.
    ///
    /// If the dma-buf is read-only, so are the data.
    ///
    /// # Errors
    ///
    /// As [`create`](CreateOptions::create); [`ZincError::Platform`] with `EINVAL`
    /// if it is no dma-buf, `ENXIO` if it cannot be mapped, `EOPNOTSUPP` on POSIX
    /// shared memory.
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

/// How a region is opened.
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
    /// For reading and writing.
    pub fn new() -> OpenOptions {
        OpenOptions { raw: defaults() }
    }

    /// For reading and waiting only.
    pub fn readonly(&mut self, readonly: bool) -> &mut OpenOptions {
        set(&mut self.raw, ffi::ZINC_READONLY, readonly);
        self
    }

    /// Whether the data are mapped; memory that no CPU can map wants `false`.
    /// Such a handle waits, notifies and exports.
    pub fn data(&mut self, data: bool) -> &mut OpenOptions {
        set(&mut self.raw, ffi::ZINC_NO_DATA, !data);
        self
    }

    /// What keeps it.
    pub fn backend(&mut self, backend: Backend) -> &mut OpenOptions {
        self.raw.backend = backend.raw();
        self
    }

    /// Attach to the region of that name.
    ///
    /// # Errors
    ///
    /// As [`SharedRegion::open`]; [`ZincError::Platform`] with `ENXIO` where the
    /// data cannot be mapped.
    pub fn open(&self, name: &str) -> Result<SharedRegion, ZincError> {
        named(name, |name| {
            // SAFETY: a string, the options and a place for the handle
            SharedRegion::made(|out| unsafe { ffi::zinc_open_with(name.as_ptr(), &self.raw, out) })
        })
    }

    /// Attach to the region that the descriptor is of.
    ///
    /// # Errors
    ///
    /// As [`SharedRegion::from_fd`].
    // as the function of the library is called
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
