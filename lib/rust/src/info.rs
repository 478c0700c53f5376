// SPDX-License-Identifier: MIT
//! What is known of regions, and of the library.

use std::ffi::{CStr, CString};
use std::mem::{size_of, MaybeUninit};
use std::os::raw::c_char;
use std::{ptr, slice};

use crate::error::check;
use crate::region::named;
use crate::{ffi, SharedRegion, ZincError};

/// What keeps a region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// What `ZINC_BACKEND` says, else the module, else POSIX shared memory.
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

/// When a region's name goes. Its memory goes with the last handle and mapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lifetime {
    /// With the last handle, whoever closes it.
    #[default]
    Refs,
    /// With the creator's handle.
    Creator,
    /// When it is unlinked.
    Persist,
}

impl Lifetime {
    pub(crate) fn raw(self) -> u32 {
        match self {
            Lifetime::Refs => ffi::ZINC_LIVES_REFS,
            Lifetime::Creator => ffi::ZINC_LIVES_CREATOR,
            Lifetime::Persist => ffi::ZINC_LIVES_PERSIST,
        }
    }

    fn from_raw(raw: u32) -> Lifetime {
        match raw {
            ffi::ZINC_LIVES_CREATOR => Lifetime::Creator,
            ffi::ZINC_LIVES_PERSIST => Lifetime::Persist,
            _ => Lifetime::Refs,
        }
    }
}

/// A set of what is true of a region, `ZINC_IS_*` of `zinc.h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RegionFlags(u32);

impl RegionFlags {
    /// The creator's handle is closed.
    pub const CREATOR_GONE: RegionFlags = RegionFlags(ffi::ZINC_IS_CREATOR_GONE);
    /// It has no name any more.
    pub const UNLINKED: RegionFlags = RegionFlags(ffi::ZINC_IS_UNLINKED);
    /// It never had a name.
    pub const ANONYMOUS: RegionFlags = RegionFlags(ffi::ZINC_IS_ANONYMOUS);
    /// It gets its memory with the first touch.
    pub const LAZY: RegionFlags = RegionFlags(ffi::ZINC_IS_LAZY);
    /// This handle is read-only.
    pub const READONLY: RegionFlags = RegionFlags(ffi::ZINC_IS_READONLY);
    /// This handle is the creator's.
    pub const CREATOR: RegionFlags = RegionFlags(ffi::ZINC_IS_CREATOR);
    /// POSIX shared memory: its creator died without closing it, or nobody has
    /// it open.
    pub const STALE: RegionFlags = RegionFlags(ffi::ZINC_IS_STALE);
    /// POSIX shared memory: its header is bad.
    pub const INVALID: RegionFlags = RegionFlags(ffi::ZINC_IS_INVALID);
    /// Its memory is a foreign dma-buf.
    pub const IMPORTED: RegionFlags = RegionFlags(ffi::ZINC_IS_IMPORTED);
    /// Nobody maps its data writable.
    pub const DATA_READONLY: RegionFlags = RegionFlags(ffi::ZINC_IS_DATA_READONLY);

    /// Whether all of `others` are set.
    pub fn contains(self, others: RegionFlags) -> bool {
        self.0 & others.0 == others.0
    }

    /// The bits as the library gave them, with those that have no name here.
    pub fn bits(self) -> u32 {
        self.0
    }
}

/// A set of what can be done with devices, `ZINC_CAN_*` of `zinc.h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Features(u64);

impl Features {
    /// [`SharedRegion::export_dmabuf`], [`SharedRegion::cpu_access`].
    pub const EXPORT: Features = Features(ffi::ZINC_CAN_EXPORT);
    /// [`CreateOptions::import_dmabuf`](crate::CreateOptions::import_dmabuf).
    pub const IMPORT: Features = Features(ffi::ZINC_CAN_IMPORT);
    /// [`SharedRegion::notify_on_fence`].
    pub const FENCE: Features = Features(ffi::ZINC_CAN_FENCE);

    /// Whether all of `others` are set.
    pub fn contains(self, others: Features) -> bool {
        self.0 & others.0 == others.0
    }

    /// The bits as the library gave them, with those that have no name here.
    pub fn bits(self) -> u64 {
        self.0
    }

    fn of(handle: ffi::Handle) -> Result<Features, ZincError> {
        let mut features = 0;
        // SAFETY: a handle that is open, or NULL; the place is ours
        check(unsafe { ffi::zinc_features(handle, &mut features) })?;
        Ok(Features(features))
    }
}

/// What is known of a region: `struct zinc_region_info` of `zinc.h`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegionInfo {
    /// Its name; empty for none.
    pub name: String,
    /// What keeps it.
    pub backend: Backend,
    /// Module: the region's number; POSIX shared memory: the inode's.
    pub id: u64,
    /// Bytes of data.
    pub capacity: u64,
    /// Bytes of them that have memory now.
    pub resident: u64,
    /// Nanoseconds since 1970.
    pub created_at: u64,
    /// What is true of it.
    pub flags: RegionFlags,
    /// When its name goes.
    pub lifetime: Lifetime,
    /// Owner.
    pub uid: u32,
    /// Owning group.
    pub gid: u32,
    /// Permission bits.
    pub mode: u32,
    /// The creator's process; 0 if it is not visible from here.
    pub owner_pid: i32,
    /// Open handles.
    pub handles: u32,
    /// Who sleeps on it now; 0 on POSIX shared memory.
    pub waiters: u32,
    /// Notifies so far, modulo 2^32.
    pub sequence: u32,
    /// This handle's.
    pub cursor: u32,
    /// Devices attached to its dma-buf.
    pub attachments: u32,
    /// Fences that have yet to notify.
    pub fences: u32,
    /// Fences so far that signalled an error, modulo 2^32.
    pub fence_errors: u32,
    /// The last such error, a negative errno; 0 if there was none.
    pub fence_error: i32,
}

impl RegionInfo {
    fn from_raw(raw: &ffi::Info) -> RegionInfo {
        // SAFETY: the library ends it with a NUL, within the array
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
            owner_pid: raw.owner_pid,
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

/// What a function of the library writes.
pub(crate) fn raw_info(fill: impl FnOnce(*mut ffi::Info) -> i32) -> Result<ffi::Info, ZincError> {
    // SAFETY: numbers and an array of numbers, all of which may be 0
    let mut raw: ffi::Info = unsafe { MaybeUninit::zeroed().assume_init() };
    raw.size = size_of::<ffi::Info>() as u32;
    check(fill(&mut raw))?;
    Ok(raw)
}

impl SharedRegion {
    /// What is known of it now.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] where the kernel does not tell.
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
        // SAFETY: the handle is open; the place is raw_info()'s
        let raw = raw_info(|raw| unsafe { ffi::zinc_info(self.handle(), raw) })?;
        Ok(RegionInfo::from_raw(&raw))
    }

    /// What is known of the region of that name, without opening it.
    ///
    /// # Errors
    ///
    /// [`ZincError::NotFound`], [`ZincError::InvalidName`];
    /// [`ZincError::PermissionDenied`] where it may not be seen.
    pub fn stat(name: &str) -> Result<RegionInfo, ZincError> {
        named(name, |name| {
            // SAFETY: a string, and a place that is raw_info()'s
            raw_info(|raw| unsafe { ffi::zinc_stat(name.as_ptr(), raw) })
        })
        .map(|raw| RegionInfo::from_raw(&raw))
    }

    /// The named regions that the caller may see, in the order of their names.
    ///
    /// They are those of both backends, unless `ZINC_BACKEND` says which.
    ///
    /// # Errors
    ///
    /// [`ZincError::PermissionDenied`] where `/dev/zinc` may not be opened;
    /// [`ZincError::Platform`] for no memory.
    ///
    /// ```
    /// for info in zinc_core::SharedRegion::list()? {
    ///     println!("{} has {} bytes", info.name, info.capacity);
    /// }
    /// # Ok::<(), zinc_core::ZincError>(())
    /// ```
    pub fn list() -> Result<Vec<RegionInfo>, ZincError> {
        let (mut list, mut count) = (ptr::null_mut(), 0);
        // SAFETY: both places are ours, and the stride is that of Info
        check(unsafe { ffi::zinc_list(&mut list, &mut count, size_of::<ffi::Info>()) })?;
        if list.is_null() {
            return Ok(Vec::new());
        }
        // SAFETY: as many entries as the library said, until it frees them
        let all = unsafe { slice::from_raw_parts(list, count) };
        let infos = all.iter().map(RegionInfo::from_raw).collect();
        // SAFETY: from zinc_list(), and not used any more
        unsafe { ffi::zinc_list_free(list) };
        Ok(infos)
    }

    /// What keeps it.
    pub fn backend(&self) -> Backend {
        // SAFETY: the handle is open
        Backend::from_raw(unsafe { ffi::zinc_backend(self.handle()) } as u32)
    }

    /// What can be done with devices and this region.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] where the kernel does not tell.
    pub fn features(&self) -> Result<Features, ZincError> {
        Features::of(self.handle())
    }
}

/// What can be done with devices and a new region.
///
/// # Errors
///
/// As [`backend`].
pub fn features() -> Result<Features, ZincError> {
    Features::of(ptr::null_mut())
}

/// Which backend a new region would get.
///
/// # Errors
///
/// [`ZincError::PermissionDenied`] where `/dev/zinc` is there but may not be
/// opened; [`ZincError::Platform`] with `EINVAL` for a bad `ZINC_BACKEND`.
pub fn backend() -> Result<Backend, ZincError> {
    // SAFETY: NULL asks for a new region
    let kind = check(unsafe { ffi::zinc_backend(ptr::null_mut()) })?;
    Ok(Backend::from_raw(kind as u32))
}

/// Why [`backend`] says what it does, as a sentence.
pub fn backend_reason() -> String {
    let mut text = [0 as c_char; 512];
    // SAFETY: the library cuts the sentence to fit, and ends it with a NUL
    let sentence = unsafe {
        ffi::zinc_backend_reason(text.as_mut_ptr(), text.len());
        CStr::from_ptr(text.as_ptr())
    };
    sentence.to_string_lossy().into_owned()
}

/// What the C library is: (region format << 16) | library ABI.
///
/// ```
/// assert_eq!(zinc_core::version() >> 16, 2);
/// ```
pub fn version() -> u32 {
    // SAFETY: it has no arguments
    unsafe { ffi::zinc_version() }
}

/// As the library wants it.
pub(crate) fn c_name(name: &str) -> Result<CString, ZincError> {
    CString::new(name).map_err(|_| ZincError::InvalidName)
}
