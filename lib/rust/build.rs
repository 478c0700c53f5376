// SPDX-License-Identifier: MIT
//! Find libzinc-kmod: in `ZINC_LIB_DIR` if that is set; otherwise in the build folder
//! of the crate's source tree, by pkg-config, or in the linker's path.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const LIBRARY: &str = "libzinc-kmod.so";

fn named() -> Option<PathBuf> {
    env::var_os("ZINC_LIB_DIR").map(PathBuf::from)
}

fn in_tree() -> Option<PathBuf> {
    let folder = Path::new(&env::var_os("CARGO_MANIFEST_DIR")?).join("../../build/lib");
    println!("cargo:rerun-if-changed={}", folder.join(LIBRARY).display());
    folder.join(LIBRARY).exists().then_some(folder)
}

fn pkg_config() -> Option<Vec<PathBuf>> {
    let program = env::var_os("PKG_CONFIG").unwrap_or_else(|| "pkg-config".into());
    let output = Command::new(program)
        .args(["--libs-only-L", "zinc-kmod"])
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    let flags = String::from_utf8(output.stdout).ok()?;
    let folders = flags
        .split_whitespace()
        .filter_map(|f| f.strip_prefix("-L"));
    Some(folders.map(PathBuf::from).collect())
}

fn main() {
    for variable in [
        "ZINC_LIB_DIR",
        "PKG_CONFIG",
        "PKG_CONFIG_PATH",
        "PKG_CONFIG_LIBDIR",
        "PKG_CONFIG_SYSROOT_DIR",
    ] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    println!("cargo:rerun-if-changed=build.rs");
    let one = named().or_else(in_tree).map(|folder| vec![folder]);
    for folder in one.or_else(pkg_config).unwrap_or_default() {
        println!("cargo:rustc-link-search=native={}", folder.display());
    }
    println!("cargo:rustc-link-lib=dylib=zinc-kmod");
}
