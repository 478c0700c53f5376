// SPDX-License-Identifier: GPL-2.0-only
//! Streams in Rust, for the matrix of languages; CASES.md says what the orders do.

use std::io::{self, BufRead, Write};
use std::time::Duration;

use zinc_core::stream::{Copied, DType, Descriptor, Format, Frame, Kind, Mode, Reader, Writer};
use zinc_core::{Deadline, ZincError};

type Outcome = Result<String, String>;

fn told(error: ZincError) -> String {
    error.to_string()
}

fn in_time() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

fn kind_of(name: &str) -> Result<Format, ZincError> {
    match name {
        "nv12" => Format::video(b"NV12", 6, 4)?.align_rows(64),
        "xr24" => Format::video(b"XR24", 5, 3)?.align_rows(32),
        _ => Format::tensor(DType::Float, 32, &[2, 3]),
    }
}

fn joined<T: ToString>(numbers: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = numbers.into_iter().map(|n| n.to_string()).collect();
    texts.join(",")
}

fn describe(format: &Format) -> String {
    if format.kind() == Kind::Tensor {
        let (code, bits, _) = format.dtype();
        let name = if code == DType::Float as u8 {
            "float"
        } else {
            "?"
        };
        return format!("{name}{bits}/{}", joined(format.shape()));
    }
    let strides = (0..format.planes()).map(|p| format.plane(p).map_or(0, |plane| plane.stride));
    let (width, height) = format.size();
    let fourcc = String::from_utf8_lossy(&format.fourcc()).into_owned();
    format!("{fourcc}/{width}x{height}/{}", joined(strides))
}

/// Each piece of a frame: its offset, and what it has to be.
fn pieces(format: &Format, number: u64) -> Result<Vec<(usize, Vec<u8>)>, ZincError> {
    if format.kind() == Kind::Tensor {
        let value = |i: usize| (number as f32 * 0.5 + i as f32).to_ne_bytes();
        return Ok((0..6).map(|i| (i * 4, value(i).to_vec())).collect());
    }
    let mut found = Vec::new();
    for p in 0..format.planes() {
        let plane = format.plane(p)?;
        for y in 0..plane.rows {
            let sample = |x: usize| (number as usize + p * 3 + y * 5 + x * 7) as u8;
            let row = (0..plane.row_bytes()).map(sample).collect();
            found.push((plane.offset + y * plane.stride, row));
        }
    }
    Ok(found)
}

fn is_right(frame: &Frame<'_>) -> Result<bool, ZincError> {
    for (offset, want) in pieces(frame.format(), frame.number())? {
        let mut got = vec![0; want.len()];
        frame.read_at(offset, &mut got)?;
        if got != want {
            return Ok(false);
        }
    }
    Ok(true)
}

fn write_one(writer: &mut Writer, format: &Format, deadline: Deadline) -> Result<(), ZincError> {
    let number = writer.number() + 1;
    let mut draft = writer.begin(deadline)?;
    for (offset, bytes) in pieces(format, number)? {
        draft.write_at(offset, &bytes)?;
    }
    let descriptor = Descriptor {
        bytes: format.frame_bytes(),
        pts_ns: number * 1000,
        ..Descriptor::default()
    };
    draft.commit_with(&descriptor).map(|_| ())
}

fn answer(seen: &Copied, format: &Format, state: &str) -> String {
    format!(
        "frame {} {} {} {} {} {} {state}",
        seen.descriptor.number,
        seen.lost,
        u8::from(seen.new_format),
        describe(format),
        seen.descriptor.bytes,
        seen.descriptor.pts_ns,
    )
}

fn next(reader: &mut Reader) -> Outcome {
    let frame = match reader.next(in_time()) {
        Err(ZincError::Gone) => return Ok("gone".into()),
        other => other.map_err(told)?,
    };
    let right = is_right(&frame).map_err(told)?;
    let seen = Copied {
        descriptor: frame.descriptor(),
        lost: frame.lost(),
        new_format: frame.new_format(),
    };
    let state = match (frame.done(), right) {
        (false, _) => "torn",
        (true, true) => "right",
        (true, false) => "wrong",
    };
    Ok(answer(&seen, reader.format(), state))
}

fn read(reader: &mut Reader) -> Outcome {
    let mut bytes = Vec::new();
    let seen = reader.read(&mut bytes, in_time()).map_err(told)?;
    let want = pieces(reader.format(), seen.descriptor.number).map_err(told)?;
    let right = want
        .iter()
        .all(|(offset, piece)| bytes[*offset..offset + piece.len()] == *piece);
    let state = if right { "right" } else { "wrong" };
    Ok(answer(&seen, reader.format(), state))
}

fn follow(reader: &mut Reader) -> Outcome {
    let (mut right, mut wrong) = (0, 0);
    loop {
        let frame = match reader.next(in_time()) {
            Err(ZincError::Gone) => break,
            other => other.map_err(told)?,
        };
        let is_good = is_right(&frame).map_err(told)?;
        if frame.done() {
            *(if is_good { &mut right } else { &mut wrong }) += 1;
        }
    }
    Ok(format!("followed {right} {wrong} {}", reader.lost()))
}

fn say(text: &str) {
    println!("{}", text.replace('\n', " "));
    io::stdout().flush().expect("stdout takes it");
}

/// hold and release: a frame borrows its reader, so the order between comes here.
fn hold(reader: &mut Reader, orders: &mut dyn Iterator<Item = String>) -> Outcome {
    let frame = reader.next(in_time()).map_err(told)?;
    say(&format!(
        "held {} {}",
        frame.number(),
        u8::from(frame.is_whole())
    ));
    match orders.next().as_deref() {
        Some("release") => Ok(format!("released {}", u8::from(frame.done()))),
        _ => Err("after hold comes release".into()),
    }
}

#[derive(Default)]
struct Streamer {
    writer: Option<Writer>,
    reader: Option<Reader>,
    format: Option<Format>,
}

impl Streamer {
    fn write(&mut self, count: u64, deadline: Deadline) -> Result<(), ZincError> {
        if let (Some(writer), Some(format)) = (&mut self.writer, &self.format) {
            for _ in 0..count {
                write_one(writer, format, deadline)?;
            }
        }
        Ok(())
    }

    fn obey(&mut self, order: &str, orders: &mut dyn Iterator<Item = String>) -> Outcome {
        let words: Vec<&str> = order.split_whitespace().collect();
        match words[..] {
            ["create", name, kind, slots] => {
                let format = kind_of(kind).map_err(told)?;
                let slots = slots.parse().map_err(|_| "the slots are no number")?;
                let made = Writer::create_with(name, &format, slots, format.frame_bytes());
                self.writer = Some(made.map_err(told)?);
                self.format = Some(format);
                Ok("ready".into())
            }
            ["write", count] => {
                let count = count.parse().map_err(|_| "the count is no number")?;
                self.write(count, in_time()).map_err(told)?;
                Ok("done".into())
            }
            ["try"] => match self.write(1, Deadline::NOW) {
                Err(ZincError::TimedOut) => Ok("busy".into()),
                other => other.map(|()| "done".into()).map_err(told),
            },
            ["format", kind] => {
                let format = kind_of(kind).map_err(told)?;
                let writer = self.writer.as_mut().ok_or("no writer")?;
                writer.set_format(&format).map_err(told)?;
                self.format = Some(format);
                Ok("done".into())
            }
            ["end"] => {
                self.writer = None;
                Ok("done".into())
            }
            ["open", name, mode] => {
                let mode = match mode {
                    "every" => Mode::Every,
                    "register" => Mode::Registered,
                    _ => Mode::Newest,
                };
                let reader = Reader::open(name, mode, in_time()).map_err(told)?;
                let text = format!("ready {}", describe(reader.format()));
                self.reader = Some(reader);
                Ok(text)
            }
            ["close"] => {
                self.reader = None;
                Ok("done".into())
            }
            [other] => {
                let reader = self.reader.as_mut().ok_or("no reader")?;
                match other {
                    "next" => next(reader),
                    "read" => read(reader),
                    "hold" => hold(reader, orders),
                    "follow" => follow(reader),
                    _ => Err("no such order".into()),
                }
            }
            _ => Err("no such order".into()),
        }
    }
}

fn main() {
    let mut streamer = Streamer::default();
    let mut orders = io::stdin()
        .lock()
        .lines()
        .map(|line| line.expect("stdin is text"));
    while let Some(order) = orders.next() {
        match streamer.obey(&order, &mut orders) {
            Ok(text) => say(&text),
            Err(why) => say(&format!("error {why}")),
        }
    }
}
