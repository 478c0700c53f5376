// SPDX-License-Identifier: MIT
//! The C ABI, as `zinc.h` declares it; `layout.rs` has a C compiler compare.

use std::os::raw::{c_char, c_int};

/// `struct zinc_region`, of which nothing is known here.
#[repr(C)]
pub struct Region {
    _private: [u8; 0],
}

/// `zinc_handle`
pub type Handle = *mut Region;

/// `struct zinc_options`
#[repr(C)]
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub size: u32,
    pub flags: u32,
    pub mode: u32,
    pub lifetime: u32,
    pub backend: u32,
    pub reserved: u32,
}

/// `struct zinc_region_info`
#[repr(C)]
pub struct Info {
    pub size: u32,
    pub backend: u32,
    pub id: u64,
    pub capacity: u64,
    pub resident: u64,
    pub created_at: u64,
    pub flags: u32,
    pub lifetime: u32,
    pub uid: u32,
    pub gid: u32,
    pub mode: u32,
    pub owner_pid: i32,
    pub handles: u32,
    pub waiters: u32,
    pub sequence: u32,
    pub cursor: u32,
    pub name: [c_char; 256],
    pub attachments: u32,
    pub fences: u32,
    pub fence_errors: u32,
    pub fence_error: i32,
}

pub const ZINC_WAIT_FOREVER: u32 = 0xffff_ffff;
pub const ZINC_NO_DEADLINE: u64 = u64::MAX;

pub const ZINC_BACKEND_AUTO: u32 = 0;
pub const ZINC_BACKEND_KMOD: u32 = 1;
pub const ZINC_BACKEND_SHM: u32 = 2;

pub const ZINC_LIVES_REFS: u32 = 0;
pub const ZINC_LIVES_CREATOR: u32 = 1;
pub const ZINC_LIVES_PERSIST: u32 = 2;

pub const ZINC_LAZY: u32 = 1 << 0;
pub const ZINC_REPLACE: u32 = 1 << 1;
pub const ZINC_READONLY: u32 = 1 << 2;
pub const ZINC_NO_DATA: u32 = 1 << 3;

pub const ZINC_IS_CREATOR_GONE: u32 = 1 << 0;
pub const ZINC_IS_UNLINKED: u32 = 1 << 1;
pub const ZINC_IS_ANONYMOUS: u32 = 1 << 2;
pub const ZINC_IS_LAZY: u32 = 1 << 3;
pub const ZINC_IS_READONLY: u32 = 1 << 4;
pub const ZINC_IS_CREATOR: u32 = 1 << 5;
pub const ZINC_IS_STALE: u32 = 1 << 6;
pub const ZINC_IS_INVALID: u32 = 1 << 7;
pub const ZINC_IS_IMPORTED: u32 = 1 << 8;
pub const ZINC_IS_DATA_READONLY: u32 = 1 << 9;

pub const ZINC_CAN_EXPORT: u64 = 1 << 3;
pub const ZINC_CAN_IMPORT: u64 = 1 << 4;
pub const ZINC_CAN_FENCE: u64 = 1 << 5;

pub const ZINC_CPU_READ: u32 = 1 << 0;
pub const ZINC_CPU_WRITE: u32 = 1 << 1;

extern "C" {
    pub fn zinc_create_with(
        name: *const c_char,
        capacity: usize,
        options: *const Options,
        out: *mut Handle,
    ) -> i32;
    pub fn zinc_open_with(name: *const c_char, options: *const Options, out: *mut Handle) -> i32;
    pub fn zinc_unlink(name: *const c_char) -> i32;
    pub fn zinc_close(handle: Handle);

    pub fn zinc_ptr(handle: Handle) -> *mut u8;
    pub fn zinc_capacity(handle: Handle) -> usize;

    pub fn zinc_fd(handle: Handle) -> i32;
    pub fn zinc_from_fd(fd: c_int, options: *const Options, out: *mut Handle) -> i32;

    pub fn zinc_notify(handle: Handle);
    pub fn zinc_notify_checked(handle: Handle) -> i32;
    pub fn zinc_wait(handle: Handle, timeout_ms: u32) -> i32;
    pub fn zinc_try_wait(handle: Handle) -> i32;
    pub fn zinc_wait_until(handle: Handle, deadline_ns: u64) -> i32;
    pub fn zinc_wait_any(
        handles: *const Handle,
        count: usize,
        deadline_ns: u64,
        index: *mut usize,
    ) -> i32;
    pub fn zinc_notify_and_wait(to_notify: Handle, to_wait: Handle, timeout_ms: u32) -> i32;
    pub fn zinc_sequence(handle: Handle) -> u32;

    pub fn zinc_info(handle: Handle, info: *mut Info) -> i32;
    pub fn zinc_stat(name: *const c_char, info: *mut Info) -> i32;
    pub fn zinc_list(list: *mut *mut Info, count: *mut usize, entry_size: usize) -> i32;
    pub fn zinc_list_free(list: *mut Info);

    pub fn zinc_features(handle: Handle, features: *mut u64) -> i32;
    pub fn zinc_export_dmabuf(handle: Handle, flags: u32) -> i32;
    pub fn zinc_import_dmabuf(
        dmabuf_fd: c_int,
        name: *const c_char,
        options: *const Options,
        out: *mut Handle,
    ) -> i32;
    pub fn zinc_notify_on_fence(handle: Handle, fence_fd: c_int) -> i32;
    pub fn zinc_begin_cpu_access(handle: Handle, access: u32) -> i32;
    pub fn zinc_end_cpu_access(handle: Handle, access: u32) -> i32;

    pub fn zinc_version() -> u32;
    pub fn zinc_backend(handle: Handle) -> i32;
    pub fn zinc_backend_reason(text: *mut c_char, size: usize) -> i32;
    pub fn zinc_strerror(error: i32) -> *const c_char;
}
