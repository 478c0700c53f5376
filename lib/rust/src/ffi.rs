// SPDX-License-Identifier: MIT
//! The C ABI of `zinc.h`; the test in `layout.rs` compares the two with a C compiler.

use std::os::raw::{c_char, c_int, c_void};

/// `struct zinc_region`, an opaque type.
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
    pub creator_pid: i32,
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

/// `struct zinc_stream_writer`, an opaque type.
#[repr(C)]
pub struct StreamWriter {
    _private: [u8; 0],
}

/// `struct zinc_stream_reader`, an opaque type.
#[repr(C)]
pub struct StreamReader {
    _private: [u8; 0],
}

/// `struct zinc_stream_format`
#[repr(C)]
#[derive(Clone)]
pub struct StreamFormat {
    pub kind: u32,
    pub fourcc: u32,
    pub modifier: u64,
    pub width: u32,
    pub height: u32,
    pub planes: u32,
    pub stride: [u32; 4],
    pub full_range: u32,
    pub offset: [u64; 4],
    pub primaries: u32,
    pub transfer: u32,
    pub matrix: u32,
    pub rate_num: u32,
    pub rate_den: u32,
    pub dtype_code: u8,
    pub dtype_bits: u8,
    pub dtype_lanes: u16,
    pub dims: u32,
    pub channels: u32,
    pub shape: [u64; 8],
    pub caps: [c_char; 256],
    pub reserved: [u32; 64],
}

/// `struct zinc_stream_plane`
#[repr(C)]
pub struct StreamPlane {
    pub offset: u64,
    pub stride: u32,
    pub rows: u32,
    pub columns: u32,
    pub samples: u32,
    pub sample_bytes: u32,
    pub reserved: u32,
}

/// `struct zinc_stream_frame`
#[repr(C)]
#[derive(Default)]
pub struct StreamFrame {
    pub number: u64,
    pub bytes: u64,
    pub pts_ns: u64,
    pub flags: u32,
    pub format: u32,
    pub damage_x: u32,
    pub damage_y: u32,
    pub damage_width: u32,
    pub damage_height: u32,
}

/// `struct zinc_stream_view`
#[repr(C)]
pub struct StreamView {
    pub data: *const c_void,
    pub frame: StreamFrame,
    pub lost: u64,
    pub new_format: bool,
    pub sequence: u32,
}

/// `struct zinc_stream_info`
#[repr(C)]
pub struct StreamInfo {
    pub size: u32,
    pub slots: u32,
    pub slot_size: u64,
    pub slot_offset: u64,
    pub number: u64,
    pub lost: u64,
    pub region: Handle,
}

pub const ZINC_WAIT_FOREVER: u32 = 0xffff_ffff;
pub const ZINC_DEADLINE_NEVER: u64 = u64::MAX;

pub const ZINC_WAIT_GONE: u32 = 1 << 3;

pub const ZINC_BACKEND_AUTO: u32 = 0;
pub const ZINC_BACKEND_KMOD: u32 = 1;
pub const ZINC_BACKEND_SHM: u32 = 2;

pub const ZINC_LIFETIME_REFS: u32 = 0;
pub const ZINC_LIFETIME_CREATOR: u32 = 1;
pub const ZINC_LIFETIME_PERSIST: u32 = 2;

pub const ZINC_LAZY: u32 = 1 << 0;
pub const ZINC_REPLACE: u32 = 1 << 1;
pub const ZINC_RDONLY: u32 = 1 << 2;
pub const ZINC_NO_DATA: u32 = 1 << 3;
pub const ZINC_CONTIGUOUS: u32 = 1 << 4;

pub const ZINC_INFO_CREATOR_GONE: u32 = 1 << 0;
pub const ZINC_INFO_UNLINKED: u32 = 1 << 1;
pub const ZINC_INFO_ANONYMOUS: u32 = 1 << 2;
pub const ZINC_INFO_LAZY: u32 = 1 << 3;
pub const ZINC_INFO_RDONLY: u32 = 1 << 4;
pub const ZINC_INFO_CREATOR: u32 = 1 << 5;
pub const ZINC_INFO_IMPORTED: u32 = 1 << 6;
pub const ZINC_INFO_DATA_RDONLY: u32 = 1 << 7;
pub const ZINC_INFO_CONTIGUOUS: u32 = 1 << 8;
pub const ZINC_INFO_STALE: u32 = 1 << 16;
pub const ZINC_INFO_INVALID: u32 = 1 << 17;
pub const ZINC_INFO_UNKNOWN: u32 = 1 << 18;
pub const ZINC_INFO_PAGE_LAYOUT: u32 = 1 << 19;

pub const ZINC_FEATURE_EXPORT: u64 = 1 << 3;
pub const ZINC_FEATURE_IMPORT: u64 = 1 << 4;
pub const ZINC_FEATURE_FENCE: u64 = 1 << 5;
pub const ZINC_FEATURE_CONTIGUOUS: u64 = 1 << 10;
pub const ZINC_FEATURE_EXPORT_PART: u64 = 1 << 11;

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
    pub fn zinc_open_wait(
        name: *const c_char,
        options: *const Options,
        deadline_ns: u64,
        out: *mut Handle,
    ) -> i32;
    pub fn zinc_unlink(name: *const c_char) -> i32;
    pub fn zinc_unlink_stale(name: *const c_char) -> i32;
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
    pub fn zinc_wait_with(handle: Handle, deadline_ns: u64, flags: u32) -> i32;
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
    pub fn zinc_export_dmabuf_part(handle: Handle, offset: u64, length: u64, flags: u32) -> i32;
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

    pub fn zinc_stream_video(
        format: *mut StreamFormat,
        fourcc: u32,
        width: u32,
        height: u32,
    ) -> u64;
    pub fn zinc_stream_tensor(
        format: *mut StreamFormat,
        code: u8,
        bits: u8,
        dims: u32,
        shape: *const u64,
    ) -> u64;
    pub fn zinc_stream_get_plane(
        format: *const StreamFormat,
        index: u32,
        plane: *mut StreamPlane,
    ) -> c_int;
    pub fn zinc_stream_create(
        writer: *mut StreamWriter,
        name: *const c_char,
        format: *const StreamFormat,
        slots: u32,
        slot_size: u64,
        options: *const Options,
    ) -> c_int;
    pub fn zinc_stream_set_format(writer: *mut StreamWriter, format: *const StreamFormat) -> c_int;
    pub fn zinc_stream_begin(
        writer: *mut StreamWriter,
        deadline_ns: u64,
        data: *mut *mut c_void,
    ) -> c_int;
    pub fn zinc_stream_commit(writer: *mut StreamWriter, frame: *const StreamFrame) -> c_int;
    pub fn zinc_stream_cancel(writer: *mut StreamWriter);
    pub fn zinc_stream_drop(writer: *mut StreamWriter) -> c_int;
    pub fn zinc_stream_open(
        reader: *mut StreamReader,
        name: *const c_char,
        flags: u32,
        deadline_ns: u64,
    ) -> c_int;
    pub fn zinc_stream_next(
        reader: *mut StreamReader,
        view: *mut StreamView,
        deadline_ns: u64,
    ) -> c_int;
    pub fn zinc_stream_is_whole(reader: *const StreamReader, view: *const StreamView) -> bool;
    pub fn zinc_stream_done(reader: *mut StreamReader, view: *const StreamView) -> c_int;
    pub fn zinc_stream_writer_new() -> *mut StreamWriter;
    pub fn zinc_stream_writer_free(writer: *mut StreamWriter, region: *mut Handle);
    pub fn zinc_stream_writer_info(writer: *const StreamWriter, info: *mut StreamInfo) -> c_int;
    pub fn zinc_stream_reader_new() -> *mut StreamReader;
    pub fn zinc_stream_reader_free(reader: *mut StreamReader, region: *mut Handle);
    pub fn zinc_stream_reader_info(reader: *const StreamReader, info: *mut StreamInfo) -> c_int;
    pub fn zinc_stream_reader_format(reader: *const StreamReader, format: *mut StreamFormat);
}
