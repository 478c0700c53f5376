// SPDX-License-Identifier: MIT
//! Named memory that processes share without copying, and that wakes who waits
//! for it.
//!
//! [`SharedRegion`] is all there is to begin with:
//!
//! ```
//! # let name = &format!("doc-lib-{}", std::process::id());
//! use zinc_core::SharedRegion;
//!
//! let writer = SharedRegion::create(name, 65536)?;
//! let reader = SharedRegion::open(name)?; // mostly in another process
//! writer.write_at(0, b"hello")?;
//! writer.notify();
//! reader.wait(1000)?;
//! let mut text = [0; 5];
//! reader.read_at(0, &mut text)?;
//! assert_eq!(&text, b"hello");
//! # Ok::<(), zinc_core::ZincError>(())
//! ```
//!
//! The crate puts Rust's types around `libzinc-kmod` and has no behaviour of its
//! own. `build.rs` finds that library in the folder that `ZINC_LIB_DIR` names,
//! else in the build of the tree that the crate is in, else by pkg-config, else
//! where the linker looks.
//!
//! # Data
//!
//! Other processes write the data at any moment, which `&[u8]` rules out: to have
//! one of them is undefined behaviour, even if nobody looks at it. There are
//!
//! * [`read_at`](SharedRegion::read_at) and [`write_at`](SharedRegion::write_at),
//!   which copy;
//! * [`as_atomic_u8s`](SharedRegion::as_atomic_u8s), in place and safe;
//! * [`as_ptr`](SharedRegion::as_ptr), for fields of other sizes and all else;
//! * [`as_slice`](SharedRegion::as_slice) and
//!   [`as_mut_slice`](SharedRegion::as_mut_slice), unsafe, for those whose
//!   protocol keeps everybody else away.
//!
//! On POSIX shared memory, who may write a region may truncate it as well; whoever
//! touches what is gone gets SIGBUS, which ends the process.
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
mod wait;

pub use device::{Access, CpuAccess};
pub use error::ZincError;
pub use header::RegionHeader;
pub use info::{
    backend, backend_reason, features, version, Backend, Features, Lifetime, RegionFlags,
    RegionInfo,
};
pub use options::{CreateOptions, OpenOptions};
pub use region::SharedRegion;
pub use wait::{Deadline, Pollable, FOREVER};

/// The README's programs are tests as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
