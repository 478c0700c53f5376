// SPDX-License-Identifier: MIT
//! Devices: dma-bufs and fences. POSIX shared memory has neither.

use std::mem;
use std::os::unix::io::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use crate::error::check;
use crate::{ffi, SharedRegion, ZincError};

/// What the CPU is about to do with data that a device works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Read: what devices write has to be done.
    Read,
    /// Write: all has to be done.
    Write,
    /// Both.
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

/// While it lives, the CPU has the data, and devices are to leave them alone.
///
/// [`SharedRegion::cpu_access`] gives it. Dropped, it ends the access, and nobody
/// hears of an error; [`end`](CpuAccess::end) tells.
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

    /// End the access, before the device goes on.
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
    /// The data as a dma-buf, for a device to import.
    ///
    /// `readonly` gives one that neither CPU nor device writes by; DRM drivers
    /// refuse such. It covers the data and nothing else.
    ///
    /// # Errors
    ///
    /// [`ZincError::PermissionDenied`] writable from a read-only handle;
    /// [`ZincError::Platform`] with `EOPNOTSUPP` on POSIX shared memory.
    pub fn export_dmabuf(&self, readonly: bool) -> Result<OwnedFd, ZincError> {
        let flags = if readonly { ffi::ZINC_READONLY } else { 0 };
        // SAFETY: the handle is open
        let fd = check(unsafe { ffi::zinc_export_dmabuf(self.handle(), flags) })?;
        // SAFETY: new, and the caller's
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// Have the region notified when a fence signals: a sync_file, from a
    /// device's driver, which may be closed afterwards.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] with `EBADF` if it is no sync_file or the handle is
    /// read-only, `EBUSY` for too many, `EOPNOTSUPP` on POSIX shared memory.
    pub fn notify_on_fence(&self, fence: impl AsFd) -> Result<(), ZincError> {
        let fd = fence.as_fd().as_raw_fd();
        // SAFETY: the handle is open
        check(unsafe { ffi::zinc_notify_on_fence(self.handle(), fd) })?;
        Ok(())
    }

    /// Before the CPU touches what a device works on: wait until devices have
    /// done what they were asked to, and make what they wrote visible.
    ///
    /// Where no device imports the region there is no need for it.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] with `EBADF` for writing on a read-only handle; as
    /// [`export_dmabuf`](SharedRegion::export_dmabuf).
    pub fn cpu_access(&self, access: Access) -> Result<CpuAccess<'_>, ZincError> {
        // SAFETY: the handle is open
        check(unsafe { ffi::zinc_begin_cpu_access(self.handle(), access.raw()) })?;
        Ok(CpuAccess {
            region: self,
            access,
        })
    }
}
