// SPDX-License-Identifier: MIT
//! The data of a region.
//!
//! `&[u8]` promises that the bytes do not change during its lifetime, and `&mut [u8]`
//! that nothing else accesses them. The compiler relies on both. Neither holds for
//! memory that other processes can write at any time. Therefore the safe functions
//! access each byte atomically, which permits concurrent writes. A copy may still mix
//! old and new bytes, unless notify and wait, or the program's own protocol, exclude
//! concurrent accesses.
//!
//! All atomics have the same size, since Rust's memory model does not define
//! overlapping atomic accesses of different sizes.

#[cfg(target_arch = "x86_64")]
use std::arch::asm;
use std::slice;
use std::sync::atomic::AtomicU8;
#[cfg(not(target_arch = "x86_64"))]
use std::sync::atomic::Ordering;

use crate::{ffi, SharedRegion, ZincError};

/// Copy with the processor's fastest instruction. It is equivalent to a loop of atomics,
/// which the compiler would do byte by byte.
///
/// # Safety
///
/// `from` is valid for reads and `to` for writes of `length` bytes, and the two do not
/// overlap. Concurrent accesses by other threads or processes are atomic.
#[cfg(target_arch = "x86_64")]
unsafe fn move_bytes(from: *const u8, to: *mut u8, length: usize) {
    // SAFETY: as the caller promises; Rust guarantees that the direction flag is clear
    unsafe {
        asm!(
            "rep movsb",
            inout("rcx") length => _,
            inout("rsi") from => _,
            inout("rdi") to => _,
            options(nostack, preserves_flags),
        );
    }
}

/// Load each byte.
pub(crate) fn load(from: &[AtomicU8], to: &mut [u8]) {
    assert_eq!(from.len(), to.len());
    #[cfg(target_arch = "x86_64")]
    // SAFETY: both have this length, and `to` is borrowed exclusively
    unsafe {
        move_bytes(from.as_ptr().cast(), to.as_mut_ptr(), to.len())
    };
    #[cfg(not(target_arch = "x86_64"))]
    for (to, from) in to.iter_mut().zip(from) {
        *to = from.load(Ordering::Relaxed);
    }
}

/// Store each byte.
pub(crate) fn store(from: &[u8], to: &[AtomicU8]) {
    assert_eq!(from.len(), to.len());
    #[cfg(target_arch = "x86_64")]
    // SAFETY: both have this length, and `to` consists of atomics
    unsafe {
        move_bytes(from.as_ptr(), to.as_ptr() as *mut u8, to.len())
    };
    #[cfg(not(target_arch = "x86_64"))]
    for (to, from) in to.iter().zip(from) {
        to.store(*from, Ordering::Relaxed);
    }
}

impl SharedRegion {
    /// The address of the data, `NULL` if they are not mapped.
    ///
    /// It is valid for [`capacity`](SharedRegion::capacity) bytes until the region is
    /// dropped, and for reads only if the region
    /// [is read-only](SharedRegion::is_readonly). With the module the data begin at a
    /// page boundary, on POSIX shared memory 64 bytes after one.
    ///
    /// ```
    /// # let name = &format!("doc-ptr-{}", std::process::id());
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// let region = zinc_core::SharedRegion::create(name, 65536)?;
    /// // SAFETY: the address is aligned, within the data, writable, and valid as long
    /// // as the region; every process accesses it as an atomic of 32 bits
    /// let counter = unsafe { &*region.as_ptr().add(64).cast::<AtomicU32>() };
    /// counter.fetch_add(1, Ordering::AcqRel);
    /// # Ok::<(), zinc_core::ZincError>(())
    /// ```
    pub fn as_ptr(&self) -> *mut u8 {
        // SAFETY: the handle is open
        unsafe { ffi::zinc_ptr(self.handle()) }
    }

    /// The address and the length of the mapped data.
    fn mapped(&self) -> Option<(*mut u8, usize)> {
        let data = self.as_ptr();
        (!data.is_null()).then(|| (data, self.capacity()))
    }

    /// The data as atomics; stores are permitted only if the region is writable.
    fn bytes(&self) -> &[AtomicU8] {
        match self.mapped() {
            // SAFETY: mapped as long as the region; atomics permit concurrent writes
            Some((data, length)) => unsafe { slice::from_raw_parts(data.cast(), length) },
            None => &[],
        }
    }

    fn range(&self, offset: usize, length: usize) -> Result<&[AtomicU8], ZincError> {
        let end = offset.checked_add(length);
        end.and_then(|end| self.bytes().get(offset..end))
            .ok_or_else(ZincError::invalid_size)
    }

    /// Copy from the data, beginning at `offset`.
    ///
    /// Each byte is read atomically, the copy as a whole is not; see [`as_atomic_u8s`].
    ///
    /// [`as_atomic_u8s`]: SharedRegion::as_atomic_u8s
    ///
    /// # Errors
    ///
    /// [`ZincError::InvalidSize`] if the range exceeds the mapped data; nothing is
    /// copied.
    ///
    /// ```
    /// # let name = &format!("doc-read-{}", std::process::id());
    /// let region = zinc_core::SharedRegion::create(name, 65536)?;
    /// region.write_at(16, &42u64.to_ne_bytes())?;
    /// let mut bytes = [0; 8];
    /// region.read_at(16, &mut bytes)?;
    /// assert_eq!(u64::from_ne_bytes(bytes), 42);
    /// assert!(region.read_at(65536, &mut bytes).is_err());
    /// # Ok::<(), zinc_core::ZincError>(())
    /// ```
    pub fn read_at(&self, offset: usize, buffer: &mut [u8]) -> Result<(), ZincError> {
        load(self.range(offset, buffer.len())?, buffer);
        Ok(())
    }

    /// Copy into the data, beginning at `offset`.
    ///
    /// # Errors
    ///
    /// [`ZincError::InvalidSize`] if the range exceeds the mapped data,
    /// [`ZincError::PermissionDenied`] if the region is read-only; nothing is copied.
    pub fn write_at(&self, offset: usize, bytes: &[u8]) -> Result<(), ZincError> {
        if self.is_readonly() {
            return Err(ZincError::PermissionDenied);
        }
        store(bytes, self.range(offset, bytes.len())?);
        Ok(())
    }

    /// The data in place, as atomic bytes; empty if they are not mapped.
    ///
    /// Other processes may write them at any time. Two bytes that are read one after
    /// the other may come from different writes, and a byte may change after it was
    /// checked: copy first, then check. Writes made before a notify are visible after
    /// the wait that it wakes.
    ///
    /// # Errors
    ///
    /// [`ZincError::PermissionDenied`] if the region is read-only, since a store would
    /// raise SIGSEGV; use [`read_at`](SharedRegion::read_at).
    ///
    /// ```
    /// # let name = &format!("doc-atomic-{}", std::process::id());
    /// use std::sync::atomic::Ordering;
    ///
    /// let region = zinc_core::SharedRegion::create(name, 65536)?;
    /// let bytes = region.as_atomic_u8s()?;
    /// bytes[3].store(7, Ordering::Relaxed);
    /// assert_eq!(bytes.len(), 65536);
    /// # Ok::<(), zinc_core::ZincError>(())
    /// ```
    pub fn as_atomic_u8s(&self) -> Result<&[AtomicU8], ZincError> {
        if self.is_readonly() {
            return Err(ZincError::PermissionDenied);
        }
        Ok(self.bytes())
    }

    /// The data in place, as a slice; empty if they are not mapped.
    ///
    /// # Safety
    ///
    /// No process and no device may write the data during the lifetime of the slice.
    /// [`SharedRegion`] cannot guarantee that. A protocol in which the writer waits for
    /// the reader can.
    pub unsafe fn as_slice(&self) -> &[u8] {
        match self.mapped() {
            // SAFETY: mapped as long as the region; the caller promises the rest
            Some((data, length)) => unsafe { slice::from_raw_parts(data, length) },
            None => &[],
        }
    }

    /// The data in place, as a writable slice; empty if they are not mapped.
    ///
    /// # Safety
    ///
    /// The region must not be [read-only](SharedRegion::is_readonly). No other handle,
    /// process or device may read or write the data during the lifetime of the slice.
    pub unsafe fn as_mut_slice(&mut self) -> &mut [u8] {
        match self.mapped() {
            // SAFETY: mapped as long as the region; the caller promises the rest
            Some((data, length)) => unsafe { slice::from_raw_parts_mut(data, length) },
            None => &mut [],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(atomics: &[AtomicU8]) -> Vec<u8> {
        let load = |byte: &AtomicU8| byte.load(std::sync::atomic::Ordering::Relaxed);
        atomics.iter().map(load).collect()
    }

    /// Copies of each length, at each alignment, do not write beyond their range.
    #[test]
    fn copies_are_whole() {
        let numbers: Vec<u8> = (0..120).collect();
        for length in 0..100 {
            let (begin, end) = (length % 9, length % 9 + length);
            let region: Vec<AtomicU8> = numbers.iter().map(|_| AtomicU8::new(255)).collect();
            let mut copy = [255; 120];
            store(&numbers[begin..end], &region[begin..end]);
            load(&region[begin..end], &mut copy[begin..end]);
            assert_eq!(copy[begin..end], numbers[begin..end]);
            assert_eq!(copy, *plain(&region));
            assert!(copy[..begin].iter().all(|byte| *byte == 255));
            assert!(copy[end..].iter().all(|byte| *byte == 255));
        }
    }
}
