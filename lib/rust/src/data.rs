// SPDX-License-Identifier: MIT
//! The data of a region.
//!
//! `&[u8]` promises that the bytes do not change while it lives, and `&mut [u8]`
//! that nobody else so much as looks at them. The compiler builds on both. Of
//! memory that other processes write at any moment neither is true, whatever is
//! checked here. So what is safe works byte by byte with atomics, for which it
//! is no error that others write meanwhile. What comes of that is another
//! question: bytes from before and from after may be mixed, unless notify and
//! wait, or the program's own protocol, keep reader and writer apart.
//!
//! The atomics are of one size, since Rust leaves undefined what accesses of
//! different sizes see of each other.

#[cfg(target_arch = "x86_64")]
use std::arch::asm;
use std::slice;
use std::sync::atomic::AtomicU8;
#[cfg(not(target_arch = "x86_64"))]
use std::sync::atomic::Ordering;

use crate::{ffi, SharedRegion, ZincError};

/// Copy as the processor does best. A loop of atomics, for which the compiler knows
/// nothing better than a byte at a time, comes to the same.
///
/// # Safety
///
/// `length` bytes are there to be read and to be written, and do not overlap. Others
/// may use them meanwhile as far as they may use atomics.
#[cfg(target_arch = "x86_64")]
unsafe fn move_bytes(from: *const u8, to: *mut u8, length: usize) {
    // SAFETY: as the caller says; Rust sees to the direction flag
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
fn load(from: &[AtomicU8], to: &mut [u8]) {
    assert_eq!(from.len(), to.len());
    #[cfg(target_arch = "x86_64")]
    // SAFETY: both are as long, and what is written is nobody else's
    unsafe {
        move_bytes(from.as_ptr().cast(), to.as_mut_ptr(), to.len())
    };
    #[cfg(not(target_arch = "x86_64"))]
    for (to, from) in to.iter_mut().zip(from) {
        *to = from.load(Ordering::Relaxed);
    }
}

/// Store each byte.
fn store(from: &[u8], to: &[AtomicU8]) {
    assert_eq!(from.len(), to.len());
    #[cfg(target_arch = "x86_64")]
    // SAFETY: both are as long, and what is written are atomics
    unsafe {
        move_bytes(from.as_ptr(), to.as_ptr() as *mut u8, to.len())
    };
    #[cfg(not(target_arch = "x86_64"))]
    for (to, from) in to.iter().zip(from) {
        to.store(*from, Ordering::Relaxed);
    }
}

impl SharedRegion {
    /// Where the data are: their first byte, `NULL` where they are not mapped.
    ///
    /// It is valid for [`capacity`](SharedRegion::capacity) bytes, for reading
    /// only if the region [is read-only](SharedRegion::is_readonly), and until
    /// the region is dropped. With the module it begins a page, on POSIX shared
    /// memory 64 bytes past one.
    ///
    /// ```
    /// # let name = &format!("doc-ptr-{}", std::process::id());
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// let region = zinc_core::SharedRegion::create(name, 65536)?;
    /// // SAFETY: it is aligned, within the data, writable, and lives as long as
    /// // the region; all who share it use it as an atomic of 32 bits
    /// let counter = unsafe { &*region.as_ptr().add(64).cast::<AtomicU32>() };
    /// counter.fetch_add(1, Ordering::AcqRel);
    /// # Ok::<(), zinc_core::ZincError>(())
    /// ```
    pub fn as_ptr(&self) -> *mut u8 {
        // SAFETY: the handle is open
        unsafe { ffi::zinc_ptr(self.handle()) }
    }

    /// Where the data are and how many can be reached.
    fn mapped(&self) -> Option<(*mut u8, usize)> {
        let data = self.as_ptr();
        (!data.is_null()).then(|| (data, self.capacity()))
    }

    /// For loads only, if the region is read-only.
    fn bytes(&self) -> &[AtomicU8] {
        match self.mapped() {
            // SAFETY: mapped as long as the region; atomics may change meanwhile
            Some((data, length)) => unsafe { slice::from_raw_parts(data.cast(), length) },
            None => &[],
        }
    }

    fn range(&self, offset: usize, length: usize) -> Result<&[AtomicU8], ZincError> {
        let end = offset.checked_add(length).ok_or(ZincError::InvalidSize)?;
        self.bytes().get(offset..end).ok_or(ZincError::InvalidSize)
    }

    /// Copy from the data, beginning at `offset`.
    ///
    /// Each byte is as somebody wrote it; see [`as_atomic_u8s`] for what that
    /// does not say.
    ///
    /// [`as_atomic_u8s`]: SharedRegion::as_atomic_u8s
    ///
    /// # Errors
    ///
    /// [`ZincError::InvalidSize`] if it reaches past the end of the data that are
    /// mapped; nothing is copied.
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
    /// [`ZincError::InvalidSize`] if it reaches past the end of the data that are
    /// mapped, [`ZincError::PermissionDenied`] if the region is read-only; nothing
    /// is copied.
    pub fn write_at(&self, offset: usize, bytes: &[u8]) -> Result<(), ZincError> {
        if self.is_readonly() {
            return Err(ZincError::PermissionDenied);
        }
        store(bytes, self.range(offset, bytes.len())?);
        Ok(())
    }

    /// The data themselves, byte by byte; empty where they are not mapped.
    ///
    /// Others may write them at any moment. Two bytes that are read one after the
    /// other need not belong together, and what was checked may be another thing
    /// when it is used: copy first, then check. What was written before a notify
    /// is there after the wait that it satisfies.
    ///
    /// # Errors
    ///
    /// [`ZincError::PermissionDenied`] if the region is read-only, for a store
    /// would end the process; [`read_at`](SharedRegion::read_at) reads it.
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

    /// The data themselves, without a copy; empty where they are not mapped.
    ///
    /// # Safety
    ///
    /// Nobody, in no process and by no device, may write the data while the slice
    /// lives. [`SharedRegion`] cannot see to that; a protocol in which the writer
    /// waits for the reader can.
    pub unsafe fn as_slice(&self) -> &[u8] {
        match self.mapped() {
            // SAFETY: mapped as long as the region; the caller promises the rest
            Some((data, length)) => unsafe { slice::from_raw_parts(data, length) },
            None => &[],
        }
    }

    /// The data themselves, to be written; empty where they are not mapped.
    ///
    /// # Safety
    ///
    /// The region must not be [read-only](SharedRegion::is_readonly). Nobody, in no
    /// process, by no device and by no other handle, may read or write the data
    /// while the slice lives.
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

    /// Of each length, at each place, and nothing beside it.
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
