// SPDX-License-Identifier: MIT
//! Notify and wait.

use std::ops::Deref;
use std::os::raw::{c_int, c_long};
use std::os::unix::io::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use crate::error::check;
use crate::{ffi, SharedRegion, ZincError};

/// A timeout for [`SharedRegion::wait`] without limit.
pub const FOREVER: u32 = ffi::ZINC_WAIT_FOREVER;

/// The latest end of a wait, on `CLOCK_MONOTONIC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(u64);

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: c_long,
}

const CLOCK_MONOTONIC: c_int = 1;

extern "C" {
    // in the C library, which std links
    #[cfg_attr(target_pointer_width = "32", link_name = "__clock_gettime64")]
    fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int;
}

impl Deadline {
    /// A deadline in the past: poll.
    pub const NOW: Deadline = Deadline(0);
    /// Wait without limit.
    pub const NEVER: Deadline = Deadline(ffi::ZINC_DEADLINE_NEVER);

    /// The deadline after a duration from now; [`Deadline::NEVER`] if it overflows.
    pub fn after(time: Duration) -> Deadline {
        let mut now = Timespec {
            seconds: 0,
            nanoseconds: 0,
        };
        // SAFETY: a valid pointer to a local variable; Linux always has this clock
        unsafe { clock_gettime(CLOCK_MONOTONIC, &mut now) };
        let now = Duration::new(now.seconds as u64, now.nanoseconds as u32);
        let end = now.checked_add(time).map(|end| end.as_nanos());
        let end = end.and_then(|end| u64::try_from(end).ok());
        end.map_or(Deadline::NEVER, Deadline)
    }

    pub(crate) fn nanoseconds(self) -> u64 {
        self.0
    }

    /// The deadline at a time of `CLOCK_MONOTONIC`.
    pub fn at_monotonic_ns(nanoseconds: u64) -> Deadline {
        Deadline(nanoseconds)
    }
}

impl SharedRegion {
    /// Increment the sequence and wake all waiters.
    ///
    /// Writes made before it are visible after the wait it wakes.
    /// With the module, a notify that no process waits for makes no system call. On a
    /// read-only handle it does nothing;
    /// [`notify_checked`](SharedRegion::notify_checked) returns an error.
    pub fn notify(&self) {
        // SAFETY: the handle is open
        unsafe { ffi::zinc_notify(self.handle()) }
    }

    /// [`notify`](SharedRegion::notify), but return an error.
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
    /// A timeout of 0 polls, [`FOREVER`] waits without limit. A handle that is opened
    /// after a notify finds it pending. One wait may consume several notifies. A handle
    /// also sees its own notifies. Signals do not end a wait.
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

    /// Consume a pending notify without waiting.
    ///
    /// # Errors
    ///
    /// [`ZincError::WouldBlock`] if no notify is pending.
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

    /// [`wait`](SharedRegion::wait), but fail once the creator's handle is closed, the
    /// creator has exited, or the region's name is removed or belongs to another region.
    ///
    /// Notifies sent before that are delivered first.
    ///
    /// # Errors
    ///
    /// [`ZincError::Gone`]; [`ZincError::TimedOut`]; [`ZincError::Platform`] with
    /// `EOPNOTSUPP` if the loaded kernel module is too old.
    ///
    /// ```
    /// # let name = &format!("doc-gone-{}", std::process::id());
    /// use zinc_core::{SharedRegion, ZincError, FOREVER};
    ///
    /// let writer = SharedRegion::create(name, 65536)?;
    /// let reader = SharedRegion::open(name)?;
    /// writer.notify();
    /// drop(writer);
    /// reader.wait_or_gone(FOREVER)?;
    /// assert!(matches!(reader.wait_or_gone(FOREVER), Err(ZincError::Gone)));
    /// # Ok::<(), ZincError>(())
    /// ```
    pub fn wait_or_gone(&self, timeout_ms: u32) -> Result<(), ZincError> {
        self.wait_until_or_gone(match timeout_ms {
            0 => Deadline::NOW,
            FOREVER => Deadline::NEVER,
            _ => Deadline::after(Duration::from_millis(timeout_ms.into())),
        })
    }

    /// [`wait_or_gone`](SharedRegion::wait_or_gone) until a deadline.
    ///
    /// # Errors
    ///
    /// As [`wait_or_gone`](SharedRegion::wait_or_gone).
    pub fn wait_until_or_gone(&self, deadline: Deadline) -> Result<(), ZincError> {
        // SAFETY: the handle is open
        check(unsafe { ffi::zinc_wait_with(self.handle(), deadline.0, ffi::ZINC_WAIT_GONE) })?;
        Ok(())
    }

    /// Wait for a notify on any of several regions, 1 to 128, of one backend.
    ///
    /// Return the index of the first region that was notified. Only that one's cursor
    /// advances.
    ///
    /// # Errors
    ///
    /// [`ZincError::TimedOut`]; [`ZincError::Platform`] with `EINVAL` for no regions, too
    /// many, or two backends, with `EOPNOTSUPP` on POSIX shared memory if the kernel is
    /// older than 5.16.
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
        // SAFETY: the array has this length, all handles are open, and the pointer is valid
        check(unsafe {
            ffi::zinc_wait_any(handles.as_ptr(), handles.len(), deadline.0, &mut index)
        })?;
        Ok(index)
    }

    /// Notify this region, then wait for `to_wait`, which may be the same region: a
    /// request and its reply. With the module this is one system call.
    ///
    /// # Errors
    ///
    /// As [`wait`](SharedRegion::wait); [`ZincError::Platform`] with `EBADF`, without a
    /// wait, on a read-only handle.
    pub fn notify_and_wait(
        &self,
        to_wait: &SharedRegion,
        timeout_ms: u32,
    ) -> Result<(), ZincError> {
        // SAFETY: both handles are open
        check(unsafe { ffi::zinc_notify_and_wait(self.handle(), to_wait.handle(), timeout_ms) })?;
        Ok(())
    }

    /// The number of notifies so far, modulo 2^32.
    pub fn sequence(&self) -> u32 {
        // SAFETY: the handle is open
        unsafe { ffi::zinc_sequence(self.handle()) }
    }
}

/// A region with its descriptor, for event loops that must own the object that they poll.
///
/// mio polls `SourceFd(&pollable.as_raw_fd())`, tokio `AsyncFd::new(pollable)`. The
/// descriptor is readable while a notify is pending. [`SharedRegion::try_wait`] consumes
/// the notify. With tokio, call it in `AsyncFdReadyGuard::try_io`, and convert its error
/// by `map_err(std::io::Error::from)`.
///
/// Once a descriptor exists, each wait on this handle is a system call.
///
/// ```no_run
/// use std::os::unix::io::AsRawFd;
/// use zinc_core::{Pollable, SharedRegion};
///
/// let ticks = Pollable::new(SharedRegion::open("ticks")?)?;
/// let descriptor = ticks.as_raw_fd();
/// // once the descriptor is readable
/// ticks.try_wait()?;
/// # Ok::<(), zinc_core::ZincError>(())
/// ```
#[derive(Debug)]
pub struct Pollable {
    region: SharedRegion,
    fd: RawFd,
}

impl Pollable {
    /// Wrap a region.
    ///
    /// # Errors
    ///
    /// As [`SharedRegion::fd`]. An error drops the region and closes it; call
    /// [`SharedRegion::fd`] first to avoid that.
    pub fn new(region: SharedRegion) -> Result<Pollable, ZincError> {
        let fd = region.fd()?.as_raw_fd();
        Ok(Pollable { region, fd })
    }

    /// Return the region.
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
        // SAFETY: the descriptor stays open as long as the region
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
