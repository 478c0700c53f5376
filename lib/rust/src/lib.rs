// SPDX-License-Identifier: MIT
//! Named shared memory regions with notifications.
//!
//! [`SharedRegion`] is the type to start with:
//!
//! ```
//! # let name = &format!("doc-lib-{}", std::process::id());
//! use zinc_core::SharedRegion;
//!
//! let writer = SharedRegion::create(name, 65536)?;
//! let reader = SharedRegion::open(name)?; // usually in another process
//! writer.write_at(0, b"hello")?;
//! writer.notify();
//! reader.wait(1000)?;
//! let mut text = [0; 5];
//! reader.read_at(0, &mut text)?;
//! assert_eq!(&text, b"hello");
//! # Ok::<(), zinc_core::ZincError>(())
//! ```
//!
//! The crate wraps `libzinc-kmod` and adds no behaviour of its own. `build.rs`
//! finds that library in the folder `ZINC_LIB_DIR`, else in the build folder of
//! the crate's source tree, else by pkg-config, else in the linker's path.
//!
//! # Data
//!
//! Other processes may write the data at any time, which `&[u8]` rules out: its
//! mere existence is undefined behaviour. There are
//!
//! * [`read_at`](SharedRegion::read_at) and [`write_at`](SharedRegion::write_at),
//!   which copy;
//! * [`as_atomic_u8s`](SharedRegion::as_atomic_u8s), in place and safe;
//! * [`as_ptr`](SharedRegion::as_ptr), for fields of other sizes and all else;
//! * [`as_slice`](SharedRegion::as_slice) and
//!   [`as_mut_slice`](SharedRegion::as_mut_slice), unsafe, for programs whose
//!   protocol excludes concurrent accesses.
//!
//! On POSIX shared memory, a process that may write a region may also truncate it.
//! An access beyond the truncated end raises SIGBUS, which ends the process.
#![deny(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]
#![deny(rustdoc::broken_intra_doc_links)]

mod data;
mod device;
mod error;
mod ffi;
mod header;
mod info;
#[cfg(test)]
mod layout;
mod options;
mod region;
pub mod stream;
mod stream_format;
mod wait;

pub use device::{Access, CpuAccess};
pub use error::{Result, ZincError};
pub use header::RegionHeader;
pub use info::{
    backend, backend_reason, features, version, Backend, Features, Lifetime, RegionFlags,
    RegionInfo,
};
pub use options::{CreateOptions, OpenOptions};
pub use region::SharedRegion;
pub use wait::{Deadline, Pollable, FOREVER};

/// Run the README's programs as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
