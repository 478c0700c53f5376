// SPDX-License-Identifier: MIT
//! Find libzinc-kmod: in `ZINC_LIB_DIR` if that is set; otherwise in the build folder
//! of the crate's source tree, by pkg-config, or in the linker's path. With the feature
//! `vendored`, build the library from its C sources, and link it statically.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

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

/// The sources of the library: in this package, or in the tree that it is part of.
struct Sources {
    lib: PathBuf,
    uapi: PathBuf,
}

fn sources() -> Sources {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let vendor = package.join("vendor");
    if vendor.join("core").is_dir() {
        return Sources {
            uapi: vendor.join("uapi"),
            lib: vendor,
        };
    }
    Sources {
        lib: package.join(".."),
        uapi: package.join("../../uapi"),
    }
}

/// The C files, in order; the build runs again when one of their folders changes.
fn c_files(sources: &Sources) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in ["core", "backend", "lock"] {
        let folder = sources.lib.join(folder);
        println!("cargo:rerun-if-changed={}", folder.display());
        let entries = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("the library's sources: {}: {error}", folder.display()));
        files.extend(
            entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .filter(|path| path.extension().map_or(false, |extension| extension == "c")),
        );
    }
    files.sort();
    files
}

/// `$CC_TARGET`, `$CC` or `cc`, as the crate `cc` has it; likewise for `ar`.
fn tool(variable: &str, default: &str) -> OsString {
    let target = env::var("TARGET").unwrap_or_default().replace('-', "_");
    let of_target = format!("{variable}_{target}");
    println!("cargo:rerun-if-env-changed={of_target}");
    println!("cargo:rerun-if-env-changed={variable}");
    env::var_os(of_target)
        .or_else(|| env::var_os(variable))
        .unwrap_or_else(|| default.into())
}

fn ended(mut child: Child, what: &Path) {
    let status = child.wait().expect("a compiler that can be waited for");
    assert!(status.success(), "{}: {status}", what.display());
}

fn build_library() {
    let (cc, ar) = (tool("CC", "cc"), tool("AR", "ar"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("OUT_DIR, which cargo sets"));
    let jobs = env::var("NUM_JOBS")
        .ok()
        .and_then(|jobs| jobs.parse().ok())
        .unwrap_or(1);
    let sources = sources();
    let files = c_files(&sources);
    let mut objects = Vec::new();
    for some in files.chunks(jobs) {
        let mut compilers = Vec::new();
        for file in some {
            let object = out.join(format!("{}.o", objects.len()));
            let child = Command::new(&cc)
                .args([
                    "-c",
                    "-O2",
                    "-g",
                    "-std=gnu11",
                    "-fPIC",
                    "-fvisibility=hidden",
                ])
                .args(["-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64", "-D_TIME_BITS=64"])
                .arg("-I")
                .arg(sources.lib.join("include"))
                .arg("-I")
                .arg(&sources.lib)
                .arg("-I")
                .arg(&sources.uapi)
                .arg("-o")
                .arg(&object)
                .arg(file)
                .spawn()
                .unwrap_or_else(|error| panic!("a C compiler: {cc:?}: {error}; set CC"));
            compilers.push((child, file));
            objects.push(object);
        }
        for (child, file) in compilers {
            ended(child, file);
        }
    }
    let library = out.join("libzinc-kmod.a");
    let _ = fs::remove_file(&library);
    let child = Command::new(&ar)
        .arg("rcs")
        .arg(&library)
        .args(&objects)
        .spawn()
        .unwrap_or_else(|error| panic!("an archiver: {ar:?}: {error}; set AR"));
    ended(child, &library);
    println!("cargo:rustc-link-search=native={}", out.display());
    println!("cargo:rustc-link-lib=static=zinc-kmod");
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
    if env::var_os("CARGO_FEATURE_VENDORED").is_some() {
        return build_library();
    }
    let one = named().or_else(in_tree).map(|folder| vec![folder]);
    for folder in one.or_else(pkg_config).unwrap_or_default() {
        println!("cargo:rustc-link-search=native={}", folder.display());
    }
    println!("cargo:rustc-link-lib=dylib=zinc-kmod");
}
