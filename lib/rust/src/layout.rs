// SPDX-License-Identifier: MIT
//! Compare `ffi.rs` with the C headers, by a C compiler. Sizes, offsets and constants
//! become static assertions. Functions become second declarations, which C accepts only
//! if they are identical. The headers are those of the crate's source tree, or else the
//! installed ones.

use std::io::Write;
use std::mem::{size_of, MaybeUninit};
use std::path::Path;
use std::process::{Command, Stdio};
use std::ptr::addr_of;

use crate::ffi::{Info, Options};
use crate::ffi::{StreamFormat, StreamFrame, StreamInfo, StreamPlane, StreamView};
use crate::{RegionFlags, RegionHeader};

const FFI: &str = include_str!("ffi.rs");

/// Generate C assertions on the size of a struct and the offsets of its fields.
macro_rules! layout {
    ($rust:ty, $c:literal, $($field:ident)*) => {{
        let place = MaybeUninit::<$rust>::uninit();
        let base = place.as_ptr();
        let mut lines = size($c, size_of::<$rust>());
        $(
            // SAFETY: this computes an address, and reads no field
            let field = unsafe { addr_of!((*base).$field) };
            let offset = field as usize - base as usize;
            lines += &offset_of($c, stringify!($field), offset);
        )*
        lines
    }};
}

fn size(c: &str, size: usize) -> String {
    format!("_Static_assert(sizeof({c}) == {size}, \"size\");\n")
}

fn offset_of(c: &str, field: &str, offset: usize) -> String {
    format!("_Static_assert(offsetof({c}, {field}) == {offset}, \"offset\");\n")
}

fn structs() -> String {
    layout!(Options, "struct zinc_options", size flags mode lifetime backend reserved)
        + &layout!(Info, "struct zinc_region_info", size backend id capacity resident created_at
            flags lifetime uid gid mode creator_pid handles waiters sequence cursor name
            attachments fences fence_errors fence_error)
        + &layout!(StreamFormat, "struct zinc_stream_format", kind fourcc modifier width height
            planes stride full_range offset primaries transfer matrix rate_num rate_den dtype_code
            dtype_bits dtype_lanes dims channels shape caps reserved)
        + &layout!(StreamPlane, "struct zinc_stream_plane", offset stride rows columns samples
            sample_bytes reserved)
        + &layout!(StreamFrame, "struct zinc_stream_frame", number bytes pts_ns flags format
            damage_x damage_y damage_width damage_height)
        + &layout!(StreamView, "struct zinc_stream_view", data frame lost new_format sequence)
        + &layout!(StreamInfo, "struct zinc_stream_info", size slots slot_size slot_offset number
            lost region)
        + &layout!(RegionHeader, "struct zinc_header", magic version flags notify_seq capacity
            ref_count owner_pid created_at name_hash waiters registered reserved)
        + &size("struct zinc_header", RegionHeader::SIZE)
        + &format!(
            "_Static_assert(ZINC_MAGIC == {}ULL, \"magic\");\n",
            RegionHeader::MAGIC
        )
        + &format!(
            "_Static_assert(ZINC_FORMAT == {}, \"format\");\n",
            RegionHeader::VERSION
        )
}

/// Convert each `pub const NAME: TYPE = VALUE;`
fn constants() -> String {
    let line = |line: &str| {
        let (name, rest) = line.strip_prefix("pub const ")?.split_once(": ")?;
        let value = rest.split_once(" = ")?.1.strip_suffix(';')?;
        let value = value.replace("u64::MAX", "18446744073709551615ULL");
        let value = value.replace('_', "");
        Some(format!(
            "_Static_assert({name} == ({value}), \"{name}\");\n"
        ))
    };
    FFI.lines().filter_map(line).collect()
}

fn c_type(rust: &str) -> String {
    if let Some(target) = rust.strip_prefix("*const ") {
        return match target {
            "Handle" => "const zinc_handle *".into(),
            _ => format!("const {} *", c_type(target)),
        };
    }
    if let Some(target) = rust.strip_prefix("*mut ") {
        return format!("{} *", c_type(target));
    }
    match rust {
        "c_char" => "char",
        "c_int" => "int",
        "c_void" => "void",
        "bool" => "bool",
        "i32" => "int32_t",
        "u8" => "uint8_t",
        "u32" => "uint32_t",
        "u64" => "uint64_t",
        "usize" => "size_t",
        "Handle" => "zinc_handle",
        "Info" => "struct zinc_region_info",
        "Options" => "struct zinc_options",
        "StreamWriter" => "struct zinc_stream_writer",
        "StreamReader" => "struct zinc_stream_reader",
        "StreamFormat" => "struct zinc_stream_format",
        "StreamPlane" => "struct zinc_stream_plane",
        "StreamFrame" => "struct zinc_stream_frame",
        "StreamView" => "struct zinc_stream_view",
        "StreamInfo" => "struct zinc_stream_info",
        _ => panic!("no C type is known for {rust}"),
    }
    .into()
}

/// Convert each `pub fn name(parameter: type, ...) -> type;`
fn functions() -> Vec<String> {
    let one_line = FFI.split_whitespace().collect::<Vec<_>>().join(" ");
    let declaration = |text: &str| {
        let (name, rest) = text.split_once('(')?;
        let (parameters, rest) = rest.split_once(')')?;
        let types: Vec<String> = parameters
            .split(',')
            .filter_map(|parameter| Some(c_type(parameter.split_once(": ")?.1)))
            .collect();
        let returns = match rest.split_once(';')?.0.strip_prefix(" -> ") {
            Some(rust) => c_type(rust),
            None => "void".into(),
        };
        let parameters = match types.is_empty() {
            true => "void".into(),
            false => types.join(", "),
        };
        Some(format!("{returns} {name}({parameters});\n"))
    };
    let functions = one_line.split("pub fn ").skip(1);
    functions
        .map(|text| declaration(text).unwrap_or_else(|| panic!("{text} is not understood")))
        .collect()
}

fn compile(source: &str) -> (bool, String) {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut compiler = Command::new("cc")
        .args(["-std=gnu11", "-Werror", "-fsyntax-only", "-xc", "-"])
        .arg("-I".to_owned() + &tree.join("../include").to_string_lossy())
        .arg("-I".to_owned() + &tree.join("../../uapi").to_string_lossy())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a C compiler: Debian's gcc");
    let mut stdin = compiler.stdin.take().expect("piped");
    stdin.write_all(source.as_bytes()).expect("it reads");
    drop(stdin);
    let output = compiler.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said)
}

const HEADERS: &str = "#include <linux/zinc.h>\n#include <zinc.h>\n#include <zinc-stream.h>\n";

fn must_compile(declarations: &str) {
    let (well, said) = compile(&(HEADERS.to_owned() + declarations));
    assert!(well, "{said}");
}

#[test]
fn structs_are_those_of_c() {
    must_compile(&structs());
}

#[test]
fn constants_are_those_of_c() {
    let constants = constants();
    assert!(constants.lines().count() > 25, "{constants}");
    must_compile(&constants);
}

#[test]
fn functions_are_those_of_c() {
    let functions = functions();
    assert!(functions.len() > 25, "{functions:?}");
    must_compile(&functions.concat());
}

/// The comparison detects differences.
#[test]
fn other_declarations_are_refused() {
    for other in [
        size("struct zinc_options", 28),
        offset_of("struct zinc_region_info", "mode", 64),
        "int32_t zinc_wait(zinc_handle, uint64_t);\n".into(),
    ] {
        assert!(!compile(&(HEADERS.to_owned() + &other)).0, "{other}");
    }
}

#[test]
fn bits_are_kept() {
    let both = RegionFlags::LAZY.bits() | RegionFlags::CREATOR.bits();
    assert_eq!(both, 0b10_1000);
    assert!(!RegionFlags::LAZY.contains(RegionFlags::CREATOR));
}
