// SPDX-License-Identifier: MIT
//! The header of a region.

use std::sync::atomic::{AtomicU16, AtomicU32};

/// The 64 bytes before the data, `struct zinc_header` of `linux/zinc.h`.
///
/// [`SharedRegion::header_ptr`](crate::SharedRegion::header_ptr) says where it
/// returns its address. It is for inspection: the functions of a region return the same
/// values. A process that shares the region may have written arbitrary values here.
/// Fields that change during the lifetime of a region are atomic.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct RegionHeader {
    /// [`RegionHeader::MAGIC`], written last by the creator.
    pub magic: u64,
    /// [`RegionHeader::VERSION`].
    pub version: u16,
    /// 1: the creator's handle is closed; 2: the region has lost its name.
    pub flags: AtomicU16,
    /// Notifies so far, modulo 2^32.
    pub notify_seq: AtomicU32,
    /// Bytes of data.
    pub capacity: u64,
    /// Open handles.
    pub ref_count: AtomicU32,
    /// The creator's process ID.
    pub owner_pid: i32,
    /// Nanoseconds since 1970.
    pub created_at: u64,
    /// FNV-1a, 64 bits, of the name.
    pub name_hash: u64,
    /// Not 0 while a process may sleep in a wait.
    pub waiters: AtomicU32,
    /// POSIX shared memory: handles that maintain `waiters`, in the low half.
    pub registered: AtomicU32,
    /// Zero.
    pub reserved: [u32; 2],
}

impl RegionHeader {
    /// "ZINC_REG"
    pub const MAGIC: u64 = 0x5A49_4E43_5F52_4547;
    /// The format of header and data.
    pub const VERSION: u16 = 2;
    /// The size of the header in bytes.
    pub const SIZE: usize = 64;
}
