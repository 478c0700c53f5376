// SPDX-License-Identifier: GPL-2.0-only
//! TAP.

use std::os::raw::c_uint;
use std::panic::{self, UnwindSafe};
use std::process::ExitCode;

/// Seconds, after which a case that hangs ends the program.
const LIMIT: c_uint = 120;

extern "C" {
    fn alarm(seconds: c_uint) -> c_uint;
}

/// A number, an id and the function to run.
pub type Case = (usize, String, fn());

fn complain(why: &panic::PanicInfo<'_>) {
    for line in why.to_string().lines() {
        println!("# {line}");
    }
}

fn passes(case: impl FnOnce() + UnwindSafe) -> bool {
    // SAFETY: SIGALRM has no handler, so it ends the process
    unsafe { alarm(LIMIT) };
    panic::catch_unwind(case).is_ok()
}

/// Run the cases: a panic is a failure.
pub fn run(cases: Vec<Case>) -> ExitCode {
    panic::set_hook(Box::new(complain));
    println!("TAP version 13\n1..{}", cases.len());
    let mut failed = 0;
    for (number, id, case) in cases {
        let well = passes(case);
        failed += usize::from(!well);
        println!("{}ok {number} {id}", if well { "" } else { "not " });
    }
    ExitCode::from(u8::from(failed > 0))
}
