// SPDX-License-Identifier: GPL-2.0-only
//! What the programs share.

pub mod particular;
pub mod peer;
pub mod tap;

use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The size of a region, good for every page size.
pub const PAGE: usize = 65536;
/// How long a wait that has to succeed may take, in milliseconds.
pub const PATIENCE: u32 = 60_000;

/// A name that no other process uses.
pub fn named() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("zc{}-rust-{count}", process::id())
}

/// Whether the kernel module is tested.
pub fn is_kmod() -> bool {
    std::env::var("ZINC_BACKEND").as_deref() == Ok("kmod")
}
