// SPDX-License-Identifier: MIT
//! What can go wrong.

use std::ffi::CStr;
use std::{error, fmt, io};

use crate::ffi;

// as most of Linux's architectures number them
const EPERM: i32 = 1;
const ENOENT: i32 = 2;
const EAGAIN: i32 = 11;
const EACCES: i32 = 13;
const EEXIST: i32 = 17;
pub(crate) const EINVAL: i32 = 22;
const EBADMSG: i32 = 74;
const ETIMEDOUT: i32 = 110;

/// Why a call failed. Displayed, it is a sentence that says what to do about it.
#[derive(Debug)]
pub enum ZincError {
    /// A region has this name already.
    AlreadyExists,
    /// No region has this name.
    NotFound,
    /// A name is 1 to 249 bytes of `[a-zA-Z0-9_-]`.
    InvalidName,
    /// A capacity is a multiple of the page size and not 0; what is read or
    /// written lies within the data.
    InvalidSize,
    /// The region's mode, or that of `/dev/zinc`, forbids it; or the data are
    /// read-only.
    PermissionDenied,
    /// What has the name is no region, or not a whole one.
    CorruptedRegion,
    /// No notify came in time.
    TimedOut,
    /// No notify is pending.
    WouldBlock,
    /// Anything else: the errno that the library gave.
    Platform(io::Error),
}

impl ZincError {
    /// The errno of the C library, of which this is the name.
    ///
    /// ```
    /// use zinc_core::ZincError;
    ///
    /// assert_eq!(ZincError::TimedOut.errno(), 110);
    /// ```
    pub fn errno(&self) -> i32 {
        match self {
            ZincError::AlreadyExists => EEXIST,
            ZincError::NotFound => ENOENT,
            ZincError::InvalidName | ZincError::InvalidSize => EINVAL,
            ZincError::PermissionDenied => EPERM,
            ZincError::CorruptedRegion => EBADMSG,
            ZincError::TimedOut => ETIMEDOUT,
            ZincError::WouldBlock => EAGAIN,
            ZincError::Platform(error) => error.raw_os_error().unwrap_or(EINVAL),
        }
    }

    pub(crate) fn from_errno(errno: i32) -> ZincError {
        match errno {
            EEXIST => ZincError::AlreadyExists,
            ENOENT => ZincError::NotFound,
            EPERM | EACCES => ZincError::PermissionDenied,
            EBADMSG => ZincError::CorruptedRegion,
            ETIMEDOUT => ZincError::TimedOut,
            EAGAIN => ZincError::WouldBlock,
            _ => ZincError::Platform(io::Error::from_raw_os_error(errno)),
        }
    }
}

impl fmt::Display for ZincError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ZincError::InvalidName => f.write_str("invalid name: it is 1 to 249 of [a-zA-Z0-9_-]"),
            ZincError::InvalidSize => f.write_str(
                "invalid size: a capacity is a multiple of the page size and not 0, \
                 and an access lies within it",
            ),
            ZincError::Platform(error) if error.raw_os_error().is_none() => error.fmt(f),
            _ => f.write_str(&sentence(self.errno())),
        }
    }
}

fn sentence(errno: i32) -> String {
    // SAFETY: the library gives a constant sentence for every number
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

/// What a call gave that is not negative, or its error.
pub(crate) fn check(result: i32) -> Result<i32, ZincError> {
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
            EEXIST, ENOENT, EPERM, EBADMSG, ETIMEDOUT, EAGAIN, EINVAL, 95,
        ] {
            let error = ZincError::from_errno(errno);
            assert_eq!(error.errno(), errno);
            let errno_of_io = io::Error::from(error).raw_os_error();
            assert_eq!(errno_of_io, Some(errno));
        }
        assert_eq!(ZincError::from_errno(EACCES).errno(), EPERM);
    }

    #[test]
    fn kinds_of_the_standard_library() {
        let kind = |error: ZincError| io::Error::from(error).kind();
        assert_eq!(kind(ZincError::AlreadyExists), io::ErrorKind::AlreadyExists);
        assert_eq!(kind(ZincError::TimedOut), io::ErrorKind::TimedOut);
        assert_eq!(kind(ZincError::InvalidName), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn sentences_are_those_of_the_library() {
        assert!(ZincError::NotFound.to_string().contains("zinc ls"));
        assert!(ZincError::from_errno(95).to_string().contains("POSIX"));
        assert!(ZincError::InvalidName.to_string().contains("249"));
        let own = ZincError::Platform(io::Error::new(io::ErrorKind::Other, "own words"));
        assert_eq!(own.to_string(), "own words");
    }
}
