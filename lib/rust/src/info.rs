// SPDX-License-Identifier: MIT
//! Information about regions and about the library.

use std::ffi::{CStr, CString};
use std::mem::{size_of, MaybeUninit};
use std::os::raw::c_char;
use std::{ptr, slice};

use crate::error::check;
use crate::region::named;
use crate::{ffi, SharedRegion, ZincError};

/// The implementation of a region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// The value of `ZINC_BACKEND`, if set; otherwise the module if it is available,
    /// POSIX shared memory if not.
    #[default]
    Auto,
    /// The kernel module, `/dev/zinc`.
    Kmod,
    /// POSIX shared memory and futexes.
    Shm,
}

impl Backend {
    pub(crate) fn raw(self) -> u32 {
        match self {
            Backend::Auto => ffi::ZINC_BACKEND_AUTO,
            Backend::Kmod => ffi::ZINC_BACKEND_KMOD,
            Backend::Shm => ffi::ZINC_BACKEND_SHM,
        }
    }

    pub(crate) fn from_raw(raw: u32) -> Backend {
        match raw {
            ffi::ZINC_BACKEND_KMOD => Backend::Kmod,
            ffi::ZINC_BACKEND_SHM => Backend::Shm,
            _ => Backend::Auto,
        }
    }
}

/// The event that removes a region's name. The memory is freed with the last handle and
/// mapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lifetime {
    /// The last handle is closed.
    #[default]
    Refs,
    /// The creator's handle is closed.
    Creator,
    /// The region is unlinked.
    Persist,
}

impl Lifetime {
    pub(crate) fn raw(self) -> u32 {
        match self {
            Lifetime::Refs => ffi::ZINC_LIFETIME_REFS,
            Lifetime::Creator => ffi::ZINC_LIFETIME_CREATOR,
            Lifetime::Persist => ffi::ZINC_LIFETIME_PERSIST,
        }
    }

    fn from_raw(raw: u32) -> Lifetime {
        match raw {
            ffi::ZINC_LIFETIME_CREATOR => Lifetime::Creator,
            ffi::ZINC_LIFETIME_PERSIST => Lifetime::Persist,
            _ => Lifetime::Refs,
        }
    }
}

/// A set of flags of a region and a handle, `ZINC_INFO_*` of `zinc.h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RegionFlags(u32);

impl RegionFlags {
    /// The creator's handle is closed.
    pub const CREATOR_GONE: RegionFlags = RegionFlags(ffi::ZINC_INFO_CREATOR_GONE);
    /// The region has lost its name.
    pub const UNLINKED: RegionFlags = RegionFlags(ffi::ZINC_INFO_UNLINKED);
    /// The region was created without a name.
    pub const ANONYMOUS: RegionFlags = RegionFlags(ffi::ZINC_INFO_ANONYMOUS);
    /// Each page is allocated on its first access.
    pub const LAZY: RegionFlags = RegionFlags(ffi::ZINC_INFO_LAZY);
    /// This handle is read-only.
    pub const READONLY: RegionFlags = RegionFlags(ffi::ZINC_INFO_RDONLY);
    /// This handle is the creator's.
    pub const CREATOR: RegionFlags = RegionFlags(ffi::ZINC_INFO_CREATOR);
    /// Its memory is physically contiguous, by blocks of a huge page.
    pub const CONTIGUOUS: RegionFlags = RegionFlags(ffi::ZINC_INFO_CONTIGUOUS);
    /// POSIX shared memory: the creator died without closing the region, or no process
    /// has it open.
    pub const STALE: RegionFlags = RegionFlags(ffi::ZINC_INFO_STALE);
    /// POSIX shared memory: the header is invalid.
    pub const INVALID: RegionFlags = RegionFlags(ffi::ZINC_INFO_INVALID);
    /// POSIX shared memory: this process cannot determine whether the region is open.
    pub const UNKNOWN: RegionFlags = RegionFlags(ffi::ZINC_INFO_UNKNOWN);
    /// POSIX shared memory: the data begin one page after the header.
    pub const PAGE_LAYOUT: RegionFlags = RegionFlags(ffi::ZINC_INFO_PAGE_LAYOUT);
    /// The memory is a foreign dma-buf.
    pub const IMPORTED: RegionFlags = RegionFlags(ffi::ZINC_INFO_IMPORTED);
    /// No process can map the data writable.
    pub const DATA_READONLY: RegionFlags = RegionFlags(ffi::ZINC_INFO_DATA_RDONLY);

    /// Return whether all flags of `others` are set.
    pub fn contains(self, others: RegionFlags) -> bool {
        self.0 & others.0 == others.0
    }

    /// The bits from the library, including those that have no name here.
    pub fn bits(self) -> u32 {
        self.0
    }
}

/// A set of operations with devices, `ZINC_FEATURE_*` of `zinc.h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Features(u64);

impl Features {
    /// [`SharedRegion::export_dmabuf`], [`SharedRegion::cpu_access`].
    pub const EXPORT: Features = Features(ffi::ZINC_FEATURE_EXPORT);
    /// [`CreateOptions::import_dmabuf`](crate::CreateOptions::import_dmabuf).
    pub const IMPORT: Features = Features(ffi::ZINC_FEATURE_IMPORT);
    /// [`SharedRegion::notify_on_fence`].
    pub const FENCE: Features = Features(ffi::ZINC_FEATURE_FENCE);
    /// [`CreateOptions::contiguous`](crate::CreateOptions::contiguous).
    pub const CONTIGUOUS: Features = Features(ffi::ZINC_FEATURE_CONTIGUOUS);
    /// [`SharedRegion::export_dmabuf_part`].
    pub const EXPORT_PART: Features = Features(ffi::ZINC_FEATURE_EXPORT_PART);

    /// Return whether all features of `others` are set.
    pub fn contains(self, others: Features) -> bool {
        self.0 & others.0 == others.0
    }

    /// The bits from the library, including those that have no name here.
    pub fn bits(self) -> u64 {
        self.0
    }

    fn of(handle: ffi::Handle) -> Result<Features, ZincError> {
        let mut features = 0;
        // SAFETY: an open handle or NULL, and a valid pointer to a local variable
        check(unsafe { ffi::zinc_features(handle, &mut features) })?;
        Ok(Features(features))
    }
}

/// A description of a region: `struct zinc_region_info` of `zinc.h`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegionInfo {
    /// The name; empty for an anonymous region.
    pub name: String,
    /// The backend.
    pub backend: Backend,
    /// Module: the region's number; POSIX shared memory: the inode number.
    pub id: u64,
    /// The size of the data in bytes.
    pub capacity: u64,
    /// Bytes of the data for which memory is allocated.
    pub resident: u64,
    /// Time of creation, in nanoseconds since 1970.
    pub created_at: u64,
    /// Flags of the region and the handle.
    pub flags: RegionFlags,
    /// The event that removes the name.
    pub lifetime: Lifetime,
    /// Owning user.
    pub uid: u32,
    /// Owning group.
    pub gid: u32,
    /// Permission bits.
    pub mode: u32,
    /// The creator's process ID; 0 if it is not visible from this PID namespace.
    pub creator_pid: i32,
    /// Open handles.
    pub handles: u32,
    /// Threads that sleep in a wait; 0 on POSIX shared memory.
    pub waiters: u32,
    /// Notifies so far, modulo 2^32.
    pub sequence: u32,
    /// The sequence that this handle has consumed.
    pub cursor: u32,
    /// Devices attached to its dma-buf.
    pub attachments: u32,
    /// Fences that have not signalled yet.
    pub fences: u32,
    /// Fences that signalled an error so far, modulo 2^32.
    pub fence_errors: u32,
    /// The last such error, a negative errno; 0 if there was none.
    pub fence_error: i32,
}

impl RegionInfo {
    fn from_raw(raw: &ffi::Info) -> RegionInfo {
        // SAFETY: the library terminates the name with a NUL within the array
        let name = unsafe { CStr::from_ptr(raw.name.as_ptr()) };
        RegionInfo {
            name: name.to_string_lossy().into_owned(),
            backend: Backend::from_raw(raw.backend),
            id: raw.id,
            capacity: raw.capacity,
            resident: raw.resident,
            created_at: raw.created_at,
            flags: RegionFlags(raw.flags),
            lifetime: Lifetime::from_raw(raw.lifetime),
            uid: raw.uid,
            gid: raw.gid,
            mode: raw.mode,
            creator_pid: raw.creator_pid,
            handles: raw.handles,
            waiters: raw.waiters,
            sequence: raw.sequence,
            cursor: raw.cursor,
            attachments: raw.attachments,
            fences: raw.fences,
            fence_errors: raw.fence_errors,
            fence_error: raw.fence_error,
        }
    }
}

/// Call a function of the library that fills in a description.
pub(crate) fn raw_info(fill: impl FnOnce(*mut ffi::Info) -> i32) -> Result<ffi::Info, ZincError> {
    // SAFETY: all fields are integers or arrays of them, for which 0 is valid
    let mut raw: ffi::Info = unsafe { MaybeUninit::zeroed().assume_init() };
    raw.size = size_of::<ffi::Info>() as u32;
    check(fill(&mut raw))?;
    Ok(raw)
}

impl SharedRegion {
    /// Describe the region.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] if the kernel fails to describe it.
    ///
    /// ```
    /// # let name = format!("doc-info-{}", std::process::id());
    /// let region = zinc_core::SharedRegion::create(&name, 65536)?;
    /// let info = region.info()?;
    /// assert_eq!((info.name.as_str(), info.capacity, info.handles), (name.as_str(), 65536, 1));
    /// assert!(info.flags.contains(zinc_core::RegionFlags::CREATOR));
    /// # Ok::<(), zinc_core::ZincError>(())
    /// ```
    pub fn info(&self) -> Result<RegionInfo, ZincError> {
        // SAFETY: the handle is open; raw_info() passes a valid pointer
        let raw = raw_info(|raw| unsafe { ffi::zinc_info(self.handle(), raw) })?;
        Ok(RegionInfo::from_raw(&raw))
    }

    /// Describe a region by its name, without opening it.
    ///
    /// # Errors
    ///
    /// [`ZincError::NotFound`], [`ZincError::InvalidName`];
    /// [`ZincError::PermissionDenied`] if the caller may not see the region.
    pub fn stat(name: &str) -> Result<RegionInfo, ZincError> {
        named(name, |name| {
            // SAFETY: a C string; raw_info() passes a valid pointer
            raw_info(|raw| unsafe { ffi::zinc_stat(name.as_ptr(), raw) })
        })
        .map(|raw| RegionInfo::from_raw(&raw))
    }

    /// List the named regions that are visible to the caller, sorted by name.
    ///
    /// It lists the regions of both backends, or of the one that `ZINC_BACKEND` selects.
    ///
    /// # Errors
    ///
    /// [`ZincError::PermissionDenied`] if the caller may not open `/dev/zinc`;
    /// [`ZincError::Platform`] if there is no memory.
    ///
    /// ```
    /// for info in zinc_core::SharedRegion::list()? {
    ///     println!("{} has {} bytes", info.name, info.capacity);
    /// }
    /// # Ok::<(), zinc_core::ZincError>(())
    /// ```
    pub fn list() -> Result<Vec<RegionInfo>, ZincError> {
        let (mut list, mut count) = (ptr::null_mut(), 0);
        // SAFETY: valid pointers to local variables, and the stride of Info
        check(unsafe { ffi::zinc_list(&mut list, &mut count, size_of::<ffi::Info>()) })?;
        if list.is_null() {
            return Ok(Vec::new());
        }
        // SAFETY: the library allocated `count` entries, and has not freed them yet
        let all = unsafe { slice::from_raw_parts(list, count) };
        let infos = all.iter().map(RegionInfo::from_raw).collect();
        // SAFETY: from zinc_list(), and not used afterwards
        unsafe { ffi::zinc_list_free(list) };
        Ok(infos)
    }

    /// The backend of the region.
    pub fn backend(&self) -> Backend {
        // SAFETY: the handle is open
        Backend::from_raw(unsafe { ffi::zinc_backend(self.handle()) } as u32)
    }

    /// The operations with devices that the region supports.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] if the kernel fails to report them.
    pub fn features(&self) -> Result<Features, ZincError> {
        Features::of(self.handle())
    }
}

/// The operations with devices that a new region would support.
///
/// # Errors
///
/// As [`backend`].
pub fn features() -> Result<Features, ZincError> {
    Features::of(ptr::null_mut())
}

/// The backend that a new region would get.
///
/// # Errors
///
/// [`ZincError::PermissionDenied`] if `/dev/zinc` exists but the caller may not open it;
/// [`ZincError::Platform`] with `EINVAL` for an invalid `ZINC_BACKEND`.
pub fn backend() -> Result<Backend, ZincError> {
    // SAFETY: NULL means a new region
    let kind = check(unsafe { ffi::zinc_backend(ptr::null_mut()) })?;
    Ok(Backend::from_raw(kind as u32))
}

/// The reason for the result of [`backend`], as a sentence.
pub fn backend_reason() -> String {
    let mut text = [0 as c_char; 512];
    // SAFETY: the library truncates the sentence and terminates it with a NUL
    let sentence = unsafe {
        ffi::zinc_backend_reason(text.as_mut_ptr(), text.len());
        CStr::from_ptr(text.as_ptr())
    };
    sentence.to_string_lossy().into_owned()
}

/// The version of the C library: (region format << 16) | library ABI.
///
/// ```
/// assert_eq!(zinc_core::version() >> 16, 2);
/// ```
pub fn version() -> u32 {
    // SAFETY: the function has no preconditions
    unsafe { ffi::zinc_version() }
}

/// Convert a name to a C string; a NUL in the name is an error.
pub(crate) fn c_name(name: &str) -> Result<CString, ZincError> {
    CString::new(name).map_err(|_| ZincError::InvalidName)
}
