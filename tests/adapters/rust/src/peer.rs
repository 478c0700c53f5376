// SPDX-License-Identifier: GPL-2.0-only
//! `$ZINC_PEER`, the other process.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("ZINC_PEER").expect("ZINC_PEER"));
    command.args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

/// Its output, once it has ended.
pub fn ask(arguments: &[&str]) -> String {
    let output = command(arguments).output().expect("the peer starts");
    assert!(output.status.success(), "{arguments:?}: {}", output.status);
    let said = String::from_utf8(output.stdout).expect("it says text");
    said.trim_end().into()
}

/// Whether the name is there: "0", or the errno of open.
pub fn probe(name: &str) -> String {
    ask(&["probe", name])
}

/// One that is ready, and killed if a case fails.
pub struct Peer(Child);

impl Peer {
    pub fn start(arguments: &[&str]) -> Peer {
        let child = command(arguments).stdin(Stdio::piped()).spawn();
        let mut peer = Peer(child.expect("the peer starts"));
        let stdout = peer.0.stdout.take().expect("piped");
        let mut line = String::new();
        let length = BufReader::new(stdout).read_line(&mut line);
        assert!(length.is_ok() && line == "ready\n", "the peer says {line}");
        peer
    }

    /// It ends by itself, and all is well. wait() ends its stdin.
    pub fn ends(mut self) {
        let status = self.0.wait().expect("it ends");
        assert!(status.success(), "the peer ended with {status}");
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // of one that was reaped it is known, and nothing is killed
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
