// SPDX-License-Identifier: MIT
//! Devices: dma-bufs and fences. POSIX shared memory supports neither.

use std::mem;
use std::os::unix::io::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use crate::error::check;
use crate::{ffi, SharedRegion, ZincError};

/// A kind of CPU access to data that a device uses, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Read: wait until devices have finished writing.
    Read,
    /// Write: wait until devices have finished reading and writing.
    Write,
    /// Read and write.
    ReadWrite,
}

impl Access {
    fn raw(self) -> u32 {
        match self {
            Access::Read => ffi::ZINC_CPU_READ,
            Access::Write => ffi::ZINC_CPU_WRITE,
            Access::ReadWrite => ffi::ZINC_CPU_READ | ffi::ZINC_CPU_WRITE,
        }
    }
}

/// A CPU access in progress, during which devices should not use the data.
///
/// [`SharedRegion::cpu_access`] returns it. Dropping it ends the access and ignores an
/// error; [`end`](CpuAccess::end) returns the error.
#[derive(Debug)]
#[must_use = "the access ends when this is dropped"]
pub struct CpuAccess<'a> {
    region: &'a SharedRegion,
    access: Access,
}

impl CpuAccess<'_> {
    fn finish(&self) -> Result<(), ZincError> {
        // SAFETY: the handle is open
        check(unsafe { ffi::zinc_end_cpu_access(self.region.handle(), self.access.raw()) })?;
        Ok(())
    }

    /// End the access, before the device continues.
    ///
    /// # Errors
    ///
    /// As [`SharedRegion::cpu_access`].
    pub fn end(self) -> Result<(), ZincError> {
        let result = self.finish();
        mem::forget(self);
        result
    }
}

impl Drop for CpuAccess<'_> {
    fn drop(&mut self) {
        let _ = self.finish();
    }
}

impl SharedRegion {
    /// Export the data, without the header, as a dma-buf that a device can import.
    ///
    /// With `readonly`, neither the CPU nor a device can write through the dma-buf; DRM
    /// drivers refuse to import such a dma-buf.
    ///
    /// # Errors
    ///
    /// [`ZincError::PermissionDenied`] for a writable dma-buf from a read-only handle;
    /// [`ZincError::Platform`] with `EOPNOTSUPP` on POSIX shared memory.
    pub fn export_dmabuf(&self, readonly: bool) -> Result<OwnedFd, ZincError> {
        let flags = if readonly { ffi::ZINC_RDONLY } else { 0 };
        // SAFETY: the handle is open
        let fd = check(unsafe { ffi::zinc_export_dmabuf(self.handle(), flags) })?;
        // SAFETY: a new descriptor, which nothing else owns
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// Exports a part of the data, in whole pages, as a dma-buf: for drivers that use a
    /// buffer from its start. Each call returns a new buffer.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] with `EINVAL` if the part is not within the data, with
    /// `EOPNOTSUPP` for an imported region; as
    /// [`export_dmabuf`](SharedRegion::export_dmabuf).
    pub fn export_dmabuf_part(
        &self,
        offset: u64,
        length: u64,
        readonly: bool,
    ) -> Result<OwnedFd, ZincError> {
        let flags = if readonly { ffi::ZINC_RDONLY } else { 0 };
        // SAFETY: the handle is open
        let fd =
            check(unsafe { ffi::zinc_export_dmabuf_part(self.handle(), offset, length, flags) })?;
        // SAFETY: new, and the caller's
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// Notify the region once a fence has signalled. `fence` is a sync_file from a
    /// device's driver, and may be closed afterwards.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] with `EBADF` if `fence` is not a sync_file or the handle
    /// is read-only, `EBUSY` for too many fences, `EOPNOTSUPP` on POSIX shared memory.
    pub fn notify_on_fence(&self, fence: impl AsFd) -> Result<(), ZincError> {
        let fd = fence.as_fd().as_raw_fd();
        // SAFETY: the handle is open
        check(unsafe { ffi::zinc_notify_on_fence(self.handle(), fd) })?;
        Ok(())
    }

    /// Begin a CPU access to data that a device uses, too: wait until devices have
    /// finished their pending work, and make their writes visible.
    ///
    /// It is unnecessary if no device has imported the region.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] with `EBADF` for a write access on a read-only handle;
    /// otherwise as [`export_dmabuf`](SharedRegion::export_dmabuf).
    pub fn cpu_access(&self, access: Access) -> Result<CpuAccess<'_>, ZincError> {
        // SAFETY: the handle is open
        check(unsafe { ffi::zinc_begin_cpu_access(self.handle(), access.raw()) })?;
        Ok(CpuAccess {
            region: self,
            access,
        })
    }
}
