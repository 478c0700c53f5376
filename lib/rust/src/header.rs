// SPDX-License-Identifier: MIT
//! The 64 bytes before the data.

use std::sync::atomic::{AtomicU16, AtomicU32};

/// The 64 bytes before the data, `struct zinc_header` of `linux/zinc.h`.
///
/// [`SharedRegion::header_ptr`](crate::SharedRegion::header_ptr) says where it
/// is. It is for looking at: the functions of a region tell the same, and those
/// who share a region may have written anything here. What changes during a
/// region's life is atomic; the rest is as its creator left it, if nobody
/// spoils it.
#[repr(C)]
#[derive(Debug)]
pub struct RegionHeader {
    /// [`RegionHeader::MAGIC`], written last by the creator.
    pub magic: u64,
    /// [`RegionHeader::VERSION`].
    pub version: u16,
    /// 1: the creator's handle is closed; 2: it has lost its name.
    pub flags: AtomicU16,
    /// Notifies so far, wrapping.
    pub notify_seq: AtomicU32,
    /// Bytes of data.
    pub capacity: u64,
    /// Open handles.
    pub ref_count: AtomicU32,
    /// The creator's process.
    pub owner_pid: i32,
    /// Nanoseconds since 1970.
    pub created_at: u64,
    /// FNV-1a, 64 bits, of the name.
    pub name_hash: u64,
    /// Not 0 while somebody may sleep.
    pub waiters: AtomicU32,
    /// Zero.
    pub reserved: [u32; 3],
}

impl RegionHeader {
    /// "ZINC_REG"
    pub const MAGIC: u64 = 0x5A49_4E43_5F52_4547;
    /// The format of header and data.
    pub const VERSION: u16 = 2;
    /// How long the header is.
    pub const SIZE: usize = 64;
}
