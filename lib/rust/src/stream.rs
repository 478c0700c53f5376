// SPDX-License-Identifier: MIT
//! Streams: frames, tensors and samples in a ring in one region.
//!
//! ```
//! # let name = &format!("doc-stream-{}", std::process::id());
//! use zinc_core::stream::{Format, Mode, Reader, Writer};
//! use zinc_core::Deadline;
//!
//! let mut writer = Writer::create(name, &Format::video(b"NV12", 640, 480)?)?;
//! let mut reader = Reader::open(name, Mode::Newest, Deadline::NEVER)?;
//! let mut draft = writer.begin(Deadline::NEVER)?;
//! draft.write_at(0, &[128; 640 * 480])?;
//! draft.commit(640 * 480 * 3 / 2)?;
//!
//! let frame = reader.next(Deadline::NEVER)?;
//! let mut row = [0; 640];
//! frame.read_at(0, &mut row)?;
//! assert!(frame.done()); // it was not overwritten meanwhile
//! # Ok::<(), zinc_core::ZincError>(())
//! ```
//!
//! A frame borrows its reader. Another process may overwrite it at any moment, as the data
//! of a region: [`Frame::read_at`] copies, [`Frame::as_ptr`] is for all else, and
//! [`Frame::done`] returns whether all that was read belongs to the frame.
//! [`Reader::read`] returns whole frames only.

use std::marker::PhantomData;
use std::mem::size_of;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::AtomicU8;
use std::time::Duration;

use crate::data::{load, store};
use crate::error::check;
use crate::info::c_name;
use crate::stream_format::invalid;
pub use crate::stream_format::{DType, Format, Kind, Plane};
use crate::{ffi, Deadline, ZincError};

impl ffi::StreamView {
    fn new() -> ffi::StreamView {
        ffi::StreamView {
            data: ptr::null(),
            frame: ffi::StreamFrame::default(),
            lost: 0,
            new_format: false,
            sequence: 0,
        }
    }
}

impl ffi::StreamInfo {
    fn new() -> ffi::StreamInfo {
        ffi::StreamInfo {
            size: size_of::<ffi::StreamInfo>() as u32,
            slots: 0,
            slot_size: 0,
            slot_offset: 0,
            number: 0,
            lost: 0,
            region: ptr::null_mut(),
        }
    }
}

/// `ZINC_STREAM_SLOTS_MAX`
const SLOTS_MAX: u32 = 64;

/// What the writer says of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Descriptor {
    /// 1 for the stream's first frame.
    pub number: u64,
    /// Bytes of the slot that are used.
    pub bytes: u64,
    /// Presentation time, `CLOCK_MONOTONIC` in nanoseconds.
    pub pts_ns: u64,
    /// `ZINC_STREAM_KEY` (1), `_GAP` (2), `_DAMAGE` (4) and `_END` (8).
    pub flags: u32,
    /// The rectangle that has changed: x, y, width and height in pixels.
    pub damage: [u32; 4],
}

impl Descriptor {
    fn from_raw(raw: &ffi::StreamFrame) -> Descriptor {
        Descriptor {
            number: raw.number,
            bytes: raw.bytes,
            pts_ns: raw.pts_ns,
            flags: raw.flags,
            damage: [
                raw.damage_x,
                raw.damage_y,
                raw.damage_width,
                raw.damage_height,
            ],
        }
    }

    fn raw(&self) -> ffi::StreamFrame {
        let [damage_x, damage_y, damage_width, damage_height] = self.damage;
        ffi::StreamFrame {
            number: 0,
            bytes: self.bytes,
            pts_ns: self.pts_ns,
            flags: self.flags,
            format: 0,
            damage_x,
            damage_y,
            damage_width,
            damage_height,
        }
    }
}

/// Which frames a [`Reader`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Mode {
    /// The newest one.
    Newest = 0,
    /// Each one that is still there.
    Every = 1,
    /// Each one: the writer waits. This needs write permission.
    Registered = 2,
}

/// Some of `length` atomics at `data`.
///
/// # Safety
///
/// They are mapped as long as `'a`; others use them as atomics, or by raw pointers.
unsafe fn range<'a>(
    data: *const u8,
    length: usize,
    offset: usize,
    count: usize,
) -> Result<&'a [AtomicU8], ZincError> {
    let end = offset
        .checked_add(count)
        .ok_or_else(ZincError::invalid_size)?;
    if end > length {
        return Err(ZincError::invalid_size());
    }
    // SAFETY: within what the caller says
    Ok(unsafe { slice::from_raw_parts(data.add(offset).cast(), count) })
}

/// The writing end of a stream. Dropping it ends the stream.
pub struct Writer {
    raw: NonNull<ffi::StreamWriter>,
    slot_size: usize,
}

// SAFETY: the library keeps nothing of a thread in it, and &mut is needed to use it
unsafe impl Send for Writer {}

impl Writer {
    /// Make a stream of 4 slots of a frame's size.
    ///
    /// # Errors
    ///
    /// As [`create_with`](Writer::create_with).
    pub fn create(name: &str, format: &Format) -> Result<Writer, ZincError> {
        Writer::create_with(name, format, 4, format.frame_bytes())
    }

    /// Make a stream of 2 to 64 slots, each of at least `slot_size` bytes. The name is 1 to
    /// 245 of `[a-zA-Z0-9_-]`.
    ///
    /// # Errors
    ///
    /// [`ZincError::AlreadyExists`]; [`ZincError::CorruptedRegion`] if the format does not
    /// fit into a slot; [`ZincError::Platform`] with `EINVAL` for a name or number that is
    /// out of range; or as [`SharedRegion::create`](crate::SharedRegion::create).
    pub fn create_with(
        name: &str,
        format: &Format,
        slots: u32,
        slot_size: u64,
    ) -> Result<Writer, ZincError> {
        let c_name = c_name(name)?;
        // SAFETY: it has no preconditions
        let raw = unsafe { ffi::zinc_stream_writer_new() };
        let raw = NonNull::new(raw).ok_or_else(|| ZincError::from_errno(12))?;
        // from here on an early return frees it
        let mut writer = Writer { raw, slot_size: 0 };
        // SAFETY: a writer that is not open, a string, a format, and no options
        check(unsafe {
            ffi::zinc_stream_create(
                writer.raw.as_ptr(),
                c_name.as_ptr(),
                &format.raw,
                slots,
                slot_size,
                ptr::null(),
            )
        })
        .map_err(|error| error.of(name))?;
        writer.slot_size = usize::try_from(writer.info().slot_size).map_err(|_| invalid())?;
        Ok(writer)
    }

    fn info(&self) -> ffi::StreamInfo {
        let mut info = ffi::StreamInfo::new();
        // SAFETY: a writer, and a place of the size that it has
        unsafe { ffi::zinc_stream_writer_info(self.raw.as_ptr(), &mut info) };
        info
    }

    /// Number of the newest frame; 0 before the first.
    pub fn number(&self) -> u64 {
        self.info().number
    }

    /// Begin the next frame. It waits for registered readers.
    ///
    /// # Errors
    ///
    /// [`ZincError::TimedOut`].
    pub fn begin(&mut self, deadline: Deadline) -> Result<Draft<'_>, ZincError> {
        let mut data = ptr::null_mut();
        // SAFETY: a writer that is open, and a place for a pointer
        check(unsafe {
            ffi::zinc_stream_begin(self.raw.as_ptr(), deadline.nanoseconds(), &mut data)
        })?;
        Ok(Draft {
            data: data.cast(),
            writer: self,
            begun: true,
        })
    }

    /// Change what later frames are, within the size of a slot.
    ///
    /// # Errors
    ///
    /// [`ZincError::CorruptedRegion`] if it does not fit.
    pub fn set_format(&mut self, format: &Format) -> Result<(), ZincError> {
        // SAFETY: a writer that is open, and a format
        check(unsafe { ffi::zinc_stream_set_format(self.raw.as_ptr(), &format.raw) })?;
        Ok(())
    }

    /// Stop waiting for the registered readers that are in the way; how many. A dropped
    /// reader loses frames.
    pub fn drop_readers(&mut self) -> usize {
        // SAFETY: a writer that is open
        let count = unsafe { ffi::zinc_stream_drop(self.raw.as_ptr()) };
        usize::try_from(count).unwrap_or(0)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // SAFETY: the library allocated it, and it is not used any more
        unsafe { ffi::zinc_stream_writer_free(self.raw.as_ptr(), ptr::null_mut()) }
    }
}

/// The next frame, in its slot. [`commit`](Draft::commit) publishes it; dropping it cancels
/// it.
pub struct Draft<'a> {
    writer: &'a mut Writer,
    data: *mut u8,
    begun: bool,
}

impl Draft<'_> {
    /// Bytes of the slot.
    pub fn capacity(&self) -> usize {
        self.writer.slot_size
    }

    /// The slot: valid for [`capacity`](Draft::capacity) bytes, until the commit. Readers
    /// may read it at any moment.
    pub fn as_ptr(&mut self) -> *mut u8 {
        self.data
    }

    /// Copy into the slot.
    ///
    /// # Errors
    ///
    /// [`ZincError::InvalidSize`] if it reaches past the slot's end.
    pub fn write_at(&mut self, offset: usize, bytes: &[u8]) -> Result<(), ZincError> {
        // SAFETY: the slot is mapped as long as the writer, which is borrowed
        let slot = unsafe { range(self.data, self.capacity(), offset, bytes.len()) }?;
        store(bytes, slot);
        Ok(())
    }

    /// Publish a frame of so many bytes, whose time is now; its number.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] with `EINVAL` if a slot has fewer.
    pub fn commit(self, bytes: u64) -> Result<u64, ZincError> {
        let pts_ns = Deadline::after(Duration::ZERO).nanoseconds();
        self.commit_with(&Descriptor {
            bytes,
            pts_ns,
            ..Descriptor::default()
        })
    }

    /// [`commit`](Draft::commit) with more to say; the number is not used.
    ///
    /// # Errors
    ///
    /// As [`commit`](Draft::commit).
    pub fn commit_with(mut self, descriptor: &Descriptor) -> Result<u64, ZincError> {
        let frame = descriptor.raw();
        // SAFETY: a writer with a frame begun, and a descriptor
        check(unsafe { ffi::zinc_stream_commit(self.writer.raw.as_ptr(), &frame) })?;
        self.begun = false;
        Ok(self.writer.number())
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if self.begun {
            // SAFETY: a writer with a frame begun
            unsafe { ffi::zinc_stream_cancel(self.writer.raw.as_ptr()) }
        }
    }
}

/// A reading end of a stream.
pub struct Reader {
    raw: NonNull<ffi::StreamReader>,
    format: Format,
    // what calls without a frame passed over
    lost: u64,
    changed: bool,
}

// SAFETY: as for Writer
unsafe impl Send for Reader {}

impl Reader {
    /// Open a stream, and wait until the deadline for its name.
    ///
    /// # Errors
    ///
    /// [`ZincError::NotFound`] with [`Deadline::NOW`], else [`ZincError::TimedOut`];
    /// [`ZincError::CorruptedRegion`] for a region without a stream;
    /// [`ZincError::PermissionDenied`], [`ZincError::Gone`]; [`ZincError::Platform`] with
    /// `EUSERS` if 16 readers are registered.
    pub fn open(name: &str, mode: Mode, deadline: Deadline) -> Result<Reader, ZincError> {
        let c_name = c_name(name)?;
        // SAFETY: it has no preconditions
        let raw = unsafe { ffi::zinc_stream_reader_new() };
        let raw = NonNull::new(raw).ok_or_else(|| ZincError::from_errno(12))?;
        // from here on an early return frees it
        let mut reader = Reader {
            raw,
            format: Format::empty(),
            lost: 0,
            changed: false,
        };
        let end = deadline.nanoseconds();
        // SAFETY: a reader that is not open, and a string
        check(unsafe { ffi::zinc_stream_open(raw.as_ptr(), c_name.as_ptr(), mode as u32, end) })
            .map_err(|error| error.of(name))?;
        reader.load_format();
        Ok(reader)
    }

    fn load_format(&mut self) {
        // SAFETY: a reader, and a place for a format
        unsafe { ffi::zinc_stream_reader_format(self.raw.as_ptr(), &mut self.format.raw) }
    }

    /// What the last frame was; before the first, as the stream was opened.
    pub fn format(&self) -> &Format {
        &self.format
    }

    /// Frames lost since it was opened.
    pub fn lost(&self) -> u64 {
        let mut info = ffi::StreamInfo::new();
        // SAFETY: a reader, and a place of the size that it has
        unsafe { ffi::zinc_stream_reader_info(self.raw.as_ptr(), &mut info) };
        info.lost
    }

    /// Wait for a frame, and look at it in place.
    ///
    /// # Errors
    ///
    /// [`ZincError::TimedOut`]; [`ZincError::Gone`] if the writer has ended and no frame is
    /// left; [`ZincError::CorruptedRegion`] if the stream contradicts itself.
    pub fn next(&mut self, deadline: Deadline) -> Result<Frame<'_>, ZincError> {
        let mut view = ffi::StreamView::new();
        let end = deadline.nanoseconds();
        // SAFETY: a reader that is open, and a place for a view
        let result = unsafe { ffi::zinc_stream_next(self.raw.as_ptr(), &mut view, end) };
        self.lost += view.lost;
        self.changed |= view.new_format;
        check(result)?;
        if view.new_format {
            self.load_format();
        }
        view.lost = std::mem::take(&mut self.lost);
        view.new_format = std::mem::take(&mut self.changed);
        Ok(Frame {
            view,
            reader: self.raw,
            open: true,
            format: &self.format,
            borrowed: PhantomData,
        })
    }

    /// Wait for a frame, and copy it; a copy is always whole. One that is overwritten during
    /// the copy is lost, and the next one is copied.
    ///
    /// # Errors
    ///
    /// As [`next`](Reader::next).
    pub fn read(&mut self, into: &mut Vec<u8>, deadline: Deadline) -> Result<Copied, ZincError> {
        let mut torn = 0;
        loop {
            let frame = self.next(deadline)?;
            let (lost, new_format) = (frame.lost(), frame.new_format());
            into.resize(frame.len(), 0);
            frame.read_at(0, into)?;
            let descriptor = frame.descriptor();
            if frame.done() {
                return Ok(Copied {
                    descriptor,
                    lost,
                    new_format,
                });
            }
            // for the next frame that is returned, also by a later call
            self.lost += lost + 1;
            self.changed |= new_format;
            torn += 1;
            // a writer may be faster than this loop for ever
            let now = Deadline::after(Duration::ZERO);
            if torn > SLOTS_MAX && now.nanoseconds() >= deadline.nanoseconds() {
                return Err(ZincError::TimedOut);
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // SAFETY: the library allocated it, and it is not used any more
        unsafe { ffi::zinc_stream_reader_free(self.raw.as_ptr(), ptr::null_mut()) }
    }
}

/// What [`Reader::read`] says of its copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// What the writer says of the frame.
    pub descriptor: Descriptor,
    /// Frames lost before it.
    pub lost: u64,
    /// Whether the format differs from that of the previous frame.
    pub new_format: bool,
}

/// A frame in the ring. Dropping it is [`done`](Frame::done).
///
/// It borrows the reader, whose next frame ends it:
///
/// ```compile_fail,E0499
/// # use zinc_core::{stream::{Mode, Reader}, Deadline};
/// let mut reader = Reader::open("doc", Mode::Newest, Deadline::NOW).unwrap();
/// let frame = reader.next(Deadline::NOW).unwrap();
/// let other = reader.next(Deadline::NOW).unwrap();
/// frame.done();
/// ```
pub struct Frame<'a> {
    view: ffi::StreamView,
    reader: NonNull<ffi::StreamReader>,
    open: bool,
    format: &'a Format,
    borrowed: PhantomData<&'a mut Reader>,
}

impl Frame<'_> {
    /// What the writer says of it.
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::from_raw(&self.view.frame)
    }

    /// 1 for the stream's first frame.
    pub fn number(&self) -> u64 {
        self.view.frame.number
    }

    /// What it is.
    pub fn format(&self) -> &Format {
        self.format
    }

    /// Frames lost between the previous one and this one.
    pub fn lost(&self) -> u64 {
        self.view.lost
    }

    /// Whether the format differs from that of the previous frame.
    pub fn new_format(&self) -> bool {
        self.view.new_format
    }

    /// Its bytes.
    pub fn len(&self) -> usize {
        self.view.frame.bytes as usize
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where they are: readable for [`len`](Frame::len) bytes as long as the frame. Another
    /// process may write them at any moment, so that a `&[u8]` of them is not sound.
    pub fn as_ptr(&self) -> *const u8 {
        self.view.data.cast()
    }

    /// Copy from the frame. Ask [`done`](Frame::done) afterwards.
    ///
    /// # Errors
    ///
    /// [`ZincError::InvalidSize`] if it reaches past the frame's end.
    pub fn read_at(&self, offset: usize, buffer: &mut [u8]) -> Result<(), ZincError> {
        // SAFETY: the library has checked that the frame lies within the mapping, which
        // stays as long as the reader, which is borrowed
        let bytes = unsafe { range(self.as_ptr(), self.len(), offset, buffer.len()) }?;
        load(bytes, buffer);
        Ok(())
    }

    /// The bytes themselves, without a copy.
    ///
    /// # Safety
    ///
    /// Nobody may write them while the slice lives. Of a reader that is registered, a
    /// writer that uses this library waits; no other process may have write access.
    pub unsafe fn as_slice(&self) -> &[u8] {
        // SAFETY: as for read_at; the caller promises the rest
        unsafe { slice::from_raw_parts(self.as_ptr(), self.len()) }
    }

    /// Whether all that was read until now is the frame's.
    pub fn is_whole(&self) -> bool {
        // SAFETY: the reader is open, and the view is its
        unsafe { ffi::zinc_stream_is_whole(self.reader.as_ptr(), &self.view) }
    }

    /// End its use; whether all that was read is the frame's. Else discard the result. A
    /// writer that waits for this reader goes on.
    pub fn done(mut self) -> bool {
        self.finish()
    }

    fn finish(&mut self) -> bool {
        self.open = false;
        // SAFETY: the reader is open, and the view is its
        unsafe { ffi::zinc_stream_done(self.reader.as_ptr(), &self.view) == 0 }
    }
}

impl Drop for Frame<'_> {
    fn drop(&mut self) {
        if self.open {
            self.finish();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// Of all frames each is returned, or told as lost with one that is, also by a reader
    /// that is slower than the writer, and whose calls end while copies are torn.
    #[test]
    fn losses_at_timeouts_are_told() -> Result<(), ZincError> {
        let name = &format!("rust-timeouts-{}", std::process::id());
        let format = Format::tensor(DType::Uint, 8, &[4 << 20])?;
        let mut writer = Writer::create_with(name, &format, 2, 4 << 20)?;
        let mut reader = Reader::open(name, Mode::Every, Deadline::NOW)?;
        let stop = AtomicBool::new(false);
        let (mut told, mut copy) = (0, Vec::new());

        std::thread::scope(|scope| {
            let stop = &stop;
            let write = scope.spawn(move || -> Result<Writer, ZincError> {
                while !stop.load(Ordering::Relaxed) {
                    writer.begin(Deadline::NEVER)?.commit(4 << 20)?;
                }
                // the last one, which nobody overwrites
                writer.begin(Deadline::NEVER)?.commit(4)?;
                Ok(writer)
            });
            for _ in 0..20 {
                match reader.read(&mut copy, Deadline::after(Duration::from_millis(10))) {
                    Ok(copied) => told += copied.lost + 1,
                    Err(ZincError::TimedOut) => {}
                    Err(error) => {
                        stop.store(true, Ordering::Relaxed);
                        return Err(error);
                    }
                }
            }
            stop.store(true, Ordering::Relaxed);
            let writer = write.join().expect("the writer")?;
            loop {
                let copied = reader.read(&mut copy, Deadline::NEVER)?;
                told += copied.lost + 1;
                if copied.descriptor.bytes == 4 {
                    break;
                }
            }
            assert_eq!(told, writer.number());
            Ok(())
        })
    }
}
