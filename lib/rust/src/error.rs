// SPDX-License-Identifier: MIT
//! The error type.

use std::ffi::CStr;
use std::os::raw::{c_int, c_long};
use std::{error, fmt, io};

use crate::ffi;

// the numbers on most of Linux's architectures
const EPERM: i32 = 1;
const ENOENT: i32 = 2;
const EAGAIN: i32 = 11;
const EACCES: i32 = 13;
const EEXIST: i32 = 17;
pub(crate) const EINVAL: i32 = 22;
const EPIPE: i32 = 32;
const EBADMSG: i32 = 74;
const ETIMEDOUT: i32 = 110;

/// The number in Linux's C libraries.
const SC_PAGESIZE: c_int = 30;

extern "C" {
    fn sysconf(name: c_int) -> c_long;
}

/// The error of a call. `Display` prints a sentence that includes the remedy.
#[derive(Debug)]
pub enum ZincError {
    /// A region of this name already exists.
    AlreadyExists(String),
    /// No region of this name exists.
    NotFound(String),
    /// The name is not 1 to 249 bytes of `[a-zA-Z0-9_-]`.
    InvalidName,
    /// The capacity is 0 or not a multiple of the page size, or the range to copy
    /// exceeds the data.
    InvalidSize {
        /// The page size of this machine, in bytes.
        page_size: usize,
    },
    /// The mode of the region or of `/dev/zinc` forbids the access, or the data are
    /// read-only.
    PermissionDenied,
    /// The object of that name is not a region, or is incomplete.
    CorruptedRegion,
    /// The timeout or deadline passed without a notify.
    TimedOut,
    /// No notify is pending.
    WouldBlock,
    /// The region's creator or name is gone, during a wait that reports it.
    Gone,
    /// Any other error of the library, by its errno.
    Platform(io::Error),
}

impl ZincError {
    /// The errno of this error, as the C library returns it.
    ///
    /// ```
    /// use zinc_core::ZincError;
    ///
    /// assert_eq!(ZincError::TimedOut.errno(), 110);
    /// ```
    pub fn errno(&self) -> i32 {
        match self {
            ZincError::AlreadyExists(_) => EEXIST,
            ZincError::NotFound(_) => ENOENT,
            ZincError::InvalidName | ZincError::InvalidSize { .. } => EINVAL,
            ZincError::PermissionDenied => EPERM,
            ZincError::CorruptedRegion => EBADMSG,
            ZincError::TimedOut => ETIMEDOUT,
            ZincError::WouldBlock => EAGAIN,
            ZincError::Gone => EPIPE,
            ZincError::Platform(error) => error.raw_os_error().unwrap_or(EINVAL),
        }
    }

    /// Convert an errno; a variant with a name gets an empty one.
    pub(crate) fn from_errno(errno: i32) -> ZincError {
        match errno {
            EEXIST => ZincError::AlreadyExists(String::new()),
            ENOENT => ZincError::NotFound(String::new()),
            EPERM | EACCES => ZincError::PermissionDenied,
            EBADMSG => ZincError::CorruptedRegion,
            ETIMEDOUT => ZincError::TimedOut,
            EAGAIN => ZincError::WouldBlock,
            EPIPE => ZincError::Gone,
            _ => ZincError::Platform(io::Error::from_raw_os_error(errno)),
        }
    }

    /// Put a region's name into the error.
    pub(crate) fn of(self, name: &str) -> ZincError {
        match self {
            ZincError::AlreadyExists(_) => ZincError::AlreadyExists(name.to_owned()),
            ZincError::NotFound(_) => ZincError::NotFound(name.to_owned()),
            other => other,
        }
    }

    pub(crate) fn invalid_size() -> ZincError {
        // SAFETY: sysconf() has no preconditions
        let page_size = unsafe { sysconf(SC_PAGESIZE) };
        ZincError::InvalidSize {
            page_size: usize::try_from(page_size).unwrap_or(4096),
        }
    }
}

/// The result type of this crate.
pub type Result<T, E = ZincError> = std::result::Result<T, E>;

impl fmt::Display for ZincError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ZincError::InvalidName => f.write_str("invalid name: it is 1 to 249 of [a-zA-Z0-9_-]"),
            ZincError::InvalidSize { page_size } => write!(
                f,
                "invalid size: a capacity is a multiple of the page size ({page_size}) and \
                 not 0, and an access lies within it",
            ),
            ZincError::AlreadyExists(name) | ZincError::NotFound(name) if !name.is_empty() => {
                write!(f, "{name}: {}", sentence(self.errno()))
            }
            ZincError::Platform(error) if error.raw_os_error().is_none() => error.fmt(f),
            _ => f.write_str(&sentence(self.errno())),
        }
    }
}

fn sentence(errno: i32) -> String {
    // SAFETY: the library returns a constant string for every number
    let text = unsafe { CStr::from_ptr(ffi::zinc_strerror(-errno)) };
    text.to_string_lossy().into_owned()
}

impl error::Error for ZincError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            ZincError::Platform(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ZincError> for io::Error {
    fn from(error: ZincError) -> io::Error {
        match error {
            ZincError::Platform(error) => error,
            _ => io::Error::from_raw_os_error(error.errno()),
        }
    }
}

/// An error with an errno becomes the variant of that errno; any other error becomes
/// [`ZincError::Platform`].
impl From<io::Error> for ZincError {
    fn from(error: io::Error) -> ZincError {
        match error.raw_os_error() {
            Some(errno) => ZincError::from_errno(errno),
            None => ZincError::Platform(error),
        }
    }
}

/// Convert the result of a C function: non-negative values, or a negative errno.
pub(crate) fn check(result: i32) -> Result<i32> {
    if result < 0 {
        return Err(ZincError::from_errno(-result));
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errnos_there_and_back() {
        for errno in [
            EEXIST, ENOENT, EPERM, EBADMSG, ETIMEDOUT, EAGAIN, EPIPE, EINVAL, 95,
        ] {
            let error = ZincError::from_errno(errno);
            assert_eq!(error.errno(), errno);
            let of_io = io::Error::from(error);
            assert_eq!(of_io.raw_os_error(), Some(errno));
            assert_eq!(ZincError::from(of_io).errno(), errno);
        }
        assert_eq!(ZincError::from_errno(EACCES).errno(), EPERM);
    }

    #[test]
    fn kinds_of_the_standard_library() {
        let kind = |error: ZincError| io::Error::from(error).kind();
        let taken = ZincError::AlreadyExists("a".to_owned());
        assert_eq!(kind(taken), io::ErrorKind::AlreadyExists);
        assert_eq!(kind(ZincError::TimedOut), io::ErrorKind::TimedOut);
        assert_eq!(kind(ZincError::Gone), io::ErrorKind::BrokenPipe);
        assert_eq!(kind(ZincError::InvalidName), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn errors_of_the_standard_library() {
        let system = ZincError::from(io::Error::from_raw_os_error(ENOENT));
        assert!(matches!(system, ZincError::NotFound(name) if name.is_empty()));
        let own = ZincError::from(io::Error::new(io::ErrorKind::Other, "own words"));
        assert!(matches!(own, ZincError::Platform(_)));
        let with_alias = || -> Result<()> { Err(io::Error::from_raw_os_error(EAGAIN))? };
        assert!(matches!(with_alias(), Err(ZincError::WouldBlock)));
    }

    #[test]
    fn payloads_are_named() {
        let gone = ZincError::from_errno(ENOENT).of("camera");
        assert!(gone.to_string().starts_with("camera: "), "{gone}");
        let page_size = match ZincError::invalid_size() {
            ZincError::InvalidSize { page_size } => page_size,
            other => panic!("{other:?}"),
        };
        assert!(page_size.is_power_of_two() && page_size >= 4096);
        let text = ZincError::invalid_size().to_string();
        assert!(text.contains(&page_size.to_string()), "{text}");
    }

    #[test]
    fn sentences_are_those_of_the_library() {
        assert!(ZincError::from_errno(ENOENT)
            .to_string()
            .contains("zinc ls"));
        assert!(ZincError::from_errno(95).to_string().contains("POSIX"));
        assert!(ZincError::InvalidName.to_string().contains("249"));
        let own = ZincError::Platform(io::Error::new(io::ErrorKind::Other, "own words"));
        assert_eq!(own.to_string(), "own words");
    }
}
