// SPDX-License-Identifier: GPL-2.0-only
//! Writer and reader in Rust, for the matrix of languages; CASES.md says what they do.

use std::io::{self, BufRead, Write};
use std::mem::size_of;

use zinc_adapter_tests::{PAGE, PATIENCE};
use zinc_core::{SharedRegion, ZincError, FOREVER};

/// As C lays it out; what C leaves as padding is named, for it has to be zero.
#[repr(C)]
struct Message {
    sequence: u64,
    a: u8,
    _padding: u8,
    b: u16,
    c: u32,
    d: u64,
    e: f32,
    _padding_2: u32,
    f: f64,
    g: [u32; 16],
    checksum: u32,
    _padding_3: u32,
}

const SIZE: usize = size_of::<Message>();
const CHECKED: usize = 104;

impl Message {
    fn new(s: u64) -> Message {
        let mut message = Message {
            sequence: s,
            a: s.wrapping_mul(7) as u8,
            _padding: 0,
            b: s.wrapping_mul(257) as u16,
            c: s.wrapping_mul(2654435761) as u32,
            d: s.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            e: s as f32 * 0.5,
            _padding_2: 0,
            f: s as f64 * -0.125,
            g: [0; 16],
            checksum: 0,
            _padding_3: 0,
        };
        for (i, g) in message.g.iter_mut().enumerate() {
            *g = (s.wrapping_mul(31)).wrapping_add(i as u64 * 17) as u32;
        }
        message.checksum = fnv1a(&message.bytes()[..CHECKED]);
        message
    }

    fn bytes(&self) -> &[u8; SIZE] {
        // SAFETY: as long as the message; all padding is named
        unsafe { &*(self as *const Message).cast() }
    }
}

fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(2166136261, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(16777619)
    })
}

type Outcome = Result<(), String>;

fn say(text: &str) {
    println!("{text}");
    io::stdout().flush().expect("stdout takes it");
}

fn told(error: ZincError) -> String {
    error.to_string()
}

/// The u64 at the beginning of the data.
fn sequence_of(region: &SharedRegion) -> Result<u64, String> {
    let mut bytes = [0; 8];
    region.read_at(0, &mut bytes).map_err(told)?;
    Ok(u64::from_ne_bytes(bytes))
}

/// `count` messages, each after the one before was acknowledged.
fn write(name: &str, count: u64) -> Outcome {
    let data = SharedRegion::create(name, PAGE).map_err(told)?;
    let ack = SharedRegion::create(&format!("{name}-ack"), PAGE).map_err(told)?;
    say("ready");
    for s in 1..=count {
        data.write_at(0, Message::new(s).bytes()).map_err(told)?;
        data.notify();
        while sequence_of(&ack)? != s {
            let wait = ack.wait(PATIENCE);
            wait.map_err(|error| format!("the reader does not answer to message {s}: {error}"))?;
        }
    }
    Ok(())
}

fn await_message(data: &SharedRegion, s: u64) -> Outcome {
    loop {
        let wait = data.wait(PATIENCE);
        wait.map_err(|error| format!("message {s} does not come: {error}"))?;
        let got = sequence_of(data)?;
        if got == s {
            return Ok(());
        }
        if got != s - 1 {
            return Err(format!("message {got} comes instead of {s}"));
        }
    }
}

/// `count` messages, each as it should be.
fn read(name: &str, count: u64) -> Outcome {
    let data = SharedRegion::open(name).map_err(told)?;
    let ack = SharedRegion::open(&format!("{name}-ack")).map_err(told)?;
    for s in 1..=count {
        await_message(&data, s)?;
        let mut got = [0; SIZE];
        data.read_at(0, &mut got).map_err(told)?;
        if got != *Message::new(s).bytes() {
            return Err(format!("message {s} is torn, or not as it should be"));
        }
        ack.write_at(0, &s.to_ne_bytes()).map_err(told)?;
        ack.notify();
    }
    Ok(())
}

/// Until it is killed.
fn hold(name: &str) -> Outcome {
    let region = SharedRegion::create(name, PAGE).map_err(told)?;
    say("ready");
    loop {
        region.wait(FOREVER).map_err(told)?;
    }
}

/// Until the region's creator is gone.
fn await_end(name: &str) -> Outcome {
    let region = SharedRegion::open(name).map_err(told)?;
    say("ready");
    match region.wait_or_gone(PATIENCE) {
        Err(ZincError::Gone) => Ok(()),
        other => Err(format!("its creator is not gone: {other:?}")),
    }
}

/// One order, to its end.
fn obey(order: &str) -> Outcome {
    let words: Vec<&str> = order.split_whitespace().collect();
    let (what, name, count) = match words[..] {
        [what, name, count] => (what, name, count),
        _ => return Err("an order has three words".into()),
    };
    let count = count.parse().map_err(|_| "the count is no number")?;
    match what {
        "write" => write(name, count),
        "read" => read(name, count),
        "hold" => hold(name),
        "gone" => await_end(name),
        _ => Err("no such order".into()),
    }
}

fn main() {
    for line in io::stdin().lock().lines() {
        match obey(&line.expect("stdin is text")) {
            Ok(()) => say("done"),
            Err(why) => say(&format!("error {}", why.replace('\n', " "))),
        }
    }
}
