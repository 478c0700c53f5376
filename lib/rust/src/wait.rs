// SPDX-License-Identifier: MIT
//! Notify and wait.

use std::ops::Deref;
use std::os::raw::{c_int, c_long};
use std::os::unix::io::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use crate::error::check;
use crate::{ffi, SharedRegion, ZincError};

/// A timeout without an end, for [`SharedRegion::wait`].
pub const FOREVER: u32 = ffi::ZINC_WAIT_FOREVER;

/// When a wait ends at the latest, by `CLOCK_MONOTONIC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(u64);

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: c_long,
}

const CLOCK_MONOTONIC: c_int = 1;

extern "C" {
    // of the C library, which std links
    #[cfg_attr(target_pointer_width = "32", link_name = "__clock_gettime64")]
    fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int;
}

impl Deadline {
    /// Only look.
    pub const NOW: Deadline = Deadline(0);
    /// Wait for ever.
    pub const NEVER: Deadline = Deadline(ffi::ZINC_NO_DEADLINE);

    /// In so much time from now; what no clock reaches is [`Deadline::NEVER`].
    pub fn after(time: Duration) -> Deadline {
        let mut now = Timespec {
            seconds: 0,
            nanoseconds: 0,
        };
        // SAFETY: the place is ours; Linux always has this clock
        unsafe { clock_gettime(CLOCK_MONOTONIC, &mut now) };
        let now = Duration::new(now.seconds as u64, now.nanoseconds as u32);
        let end = now.checked_add(time).map(|end| end.as_nanos());
        let end = end.and_then(|end| u64::try_from(end).ok());
        end.map_or(Deadline::NEVER, Deadline)
    }

    /// At that moment of `CLOCK_MONOTONIC`.
    pub fn at_monotonic_ns(nanoseconds: u64) -> Deadline {
        Deadline(nanoseconds)
    }
}

impl SharedRegion {
    /// Count the sequence on, and wake all who wait.
    ///
    /// What was written before it is visible after the wait that it satisfies.
    /// With the module and nobody waiting it makes no system call. On a read-only
    /// handle it does nothing; [`notify_checked`](SharedRegion::notify_checked)
    /// says so.
    pub fn notify(&self) {
        // SAFETY: the handle is open
        unsafe { ffi::zinc_notify(self.handle()) }
    }

    /// [`notify`](SharedRegion::notify), and whether it did.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] with `EBADF` on a read-only handle.
    pub fn notify_checked(&self) -> Result<(), ZincError> {
        // SAFETY: the handle is open
        check(unsafe { ffi::zinc_notify_checked(self.handle()) })?;
        Ok(())
    }

    /// Wait for a notify that this handle has not seen.
    ///
    /// 0 only looks, [`FOREVER`] has no end. A handle that is opened after a
    /// notify finds it pending; several notifies may satisfy one wait; a handle
    /// sees its own. Signals do not end it.
    ///
    /// # Errors
    ///
    /// [`ZincError::TimedOut`].
    ///
    /// ```
    /// # let name = &format!("doc-wait-{}", std::process::id());
    /// use zinc_core::{SharedRegion, ZincError};
    ///
    /// let region = SharedRegion::create(name, 65536)?;
    /// region.notify();
    /// region.wait(1000)?;
    /// assert!(matches!(region.wait(0), Err(ZincError::TimedOut)));
    /// # Ok::<(), ZincError>(())
    /// ```
    pub fn wait(&self, timeout_ms: u32) -> Result<(), ZincError> {
        // SAFETY: the handle is open
        check(unsafe { ffi::zinc_wait(self.handle(), timeout_ms) })?;
        Ok(())
    }

    /// [`wait`](SharedRegion::wait) that only looks.
    ///
    /// # Errors
    ///
    /// [`ZincError::WouldBlock`]: nothing is pending.
    pub fn try_wait(&self) -> Result<(), ZincError> {
        // SAFETY: the handle is open
        check(unsafe { ffi::zinc_try_wait(self.handle()) })?;
        Ok(())
    }

    /// [`wait`](SharedRegion::wait) until a deadline.
    ///
    /// # Errors
    ///
    /// [`ZincError::TimedOut`].
    pub fn wait_until(&self, deadline: Deadline) -> Result<(), ZincError> {
        // SAFETY: the handle is open
        check(unsafe { ffi::zinc_wait_until(self.handle(), deadline.0) })?;
        Ok(())
    }

    /// Wait for a notify on any of several regions, 1 to 128, of one backend.
    ///
    /// Which one it was; the first, where several were. Only that one's cursor
    /// moves.
    ///
    /// # Errors
    ///
    /// [`ZincError::TimedOut`]; [`ZincError::Platform`] with `EINVAL` for none, too
    /// many or of two backends, with `EOPNOTSUPP` on POSIX shared memory where
    /// the kernel is older than 5.16.
    ///
    /// ```
    /// # let name = &format!("doc-any-{}", std::process::id());
    /// use std::time::Duration;
    /// use zinc_core::{Deadline, SharedRegion};
    ///
    /// let left = SharedRegion::create(&format!("{name}-left"), 65536)?;
    /// let right = SharedRegion::create(&format!("{name}-right"), 65536)?;
    /// right.notify();
    /// let deadline = Deadline::after(Duration::from_secs(60));
    /// assert_eq!(SharedRegion::wait_any(&[&left, &right], deadline)?, 1);
    /// # Ok::<(), zinc_core::ZincError>(())
    /// ```
    pub fn wait_any(regions: &[&SharedRegion], deadline: Deadline) -> Result<usize, ZincError> {
        let handles: Vec<ffi::Handle> = regions.iter().map(|region| region.handle()).collect();
        let mut index = 0;
        // SAFETY: as many handles as said, all open; the place is ours
        check(unsafe {
            ffi::zinc_wait_any(handles.as_ptr(), handles.len(), deadline.0, &mut index)
        })?;
        Ok(index)
    }

    /// Notify this region, then wait for another, or for the same: a request and
    /// its reply. With the module it is one system call.
    ///
    /// # Errors
    ///
    /// As [`wait`](SharedRegion::wait); [`ZincError::Platform`] with `EBADF`, at
    /// once, on a read-only handle.
    pub fn notify_and_wait(
        &self,
        to_wait: &SharedRegion,
        timeout_ms: u32,
    ) -> Result<(), ZincError> {
        // SAFETY: both handles are open
        check(unsafe { ffi::zinc_notify_and_wait(self.handle(), to_wait.handle(), timeout_ms) })?;
        Ok(())
    }

    /// How often it was notified, modulo 2^32.
    pub fn sequence(&self) -> u32 {
        // SAFETY: the handle is open
        unsafe { ffi::zinc_sequence(self.handle()) }
    }
}

/// A region that has a descriptor, for event loops that own what they poll.
///
/// mio takes `SourceFd(&pollable.as_raw_fd())`, tokio `AsyncFd::new(pollable)`. The
/// descriptor is readable while a notify is pending. [`SharedRegion::try_wait`]
/// takes it; with tokio, call it by `AsyncFdReadyGuard::try_io`, whose
/// `WouldBlock` [`ZincError`] turns into by `map_err(std::io::Error::from)`.
///
/// From then on each wait of this handle asks the kernel.
///
/// ```no_run
/// use std::os::unix::io::AsRawFd;
/// use zinc_core::{Pollable, SharedRegion};
///
/// let ticks = Pollable::new(SharedRegion::open("ticks")?)?;
/// let descriptor = ticks.as_raw_fd();
/// // once that is readable
/// ticks.try_wait()?;
/// # Ok::<(), zinc_core::ZincError>(())
/// ```
#[derive(Debug)]
pub struct Pollable {
    region: SharedRegion,
    fd: RawFd,
}

impl Pollable {
    /// Take the region.
    ///
    /// # Errors
    ///
    /// As [`SharedRegion::fd`], which can be asked before: after an error the
    /// region is closed.
    pub fn new(region: SharedRegion) -> Result<Pollable, ZincError> {
        let fd = region.fd()?.as_raw_fd();
        Ok(Pollable { region, fd })
    }

    /// The region back.
    pub fn into_inner(self) -> SharedRegion {
        self.region
    }
}

impl Deref for Pollable {
    type Target = SharedRegion;

    fn deref(&self) -> &SharedRegion {
        &self.region
    }
}

impl AsRawFd for Pollable {
    fn as_raw_fd(&self) -> RawFd {
        self.fd
    }
}

impl AsFd for Pollable {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: it stays open as long as the region
        unsafe { BorrowedFd::borrow_raw(self.fd) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_in_order() {
        let soon = Deadline::after(Duration::from_millis(1));
        assert!(Deadline::NOW < soon);
        assert!(soon < Deadline::after(Duration::from_secs(60)));
        assert_eq!(Deadline::after(Duration::MAX), Deadline::NEVER);
        assert_eq!(Deadline::at_monotonic_ns(0), Deadline::NOW);
    }
}
