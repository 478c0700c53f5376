// SPDX-License-Identifier: MIT
//! What a frame is, and where its samples are.

use std::mem::MaybeUninit;

use crate::error::{check, EINVAL};
use crate::{ffi, ZincError};

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Bytes of no known structure.
    Bytes,
    /// Video.
    Video,
    /// A tensor.
    Tensor,
    /// Audio.
    Audio,
}

/// The type of an element of a tensor or of audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum DType {
    /// A signed integer.
    Int = 0,
    /// An unsigned integer.
    Uint = 1,
    /// A floating point number, as IEEE 754.
    Float = 2,
    /// bfloat16.
    Bfloat = 4,
    /// A complex number.
    Complex = 5,
    /// A truth value.
    Bool = 6,
}

/// What the frames of a stream are; `zinc-stream.h` documents the fields.
#[derive(Clone)]
pub struct Format {
    pub(crate) raw: ffi::StreamFormat,
}

/// Where the samples of a plane are. A row has `columns * samples * sample_bytes` bytes,
/// and padding up to `stride`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plane {
    /// Bytes from the start of the frame.
    pub offset: usize,
    /// Bytes from one row to the next.
    pub stride: usize,
    /// How many rows.
    pub rows: usize,
    /// Elements of a row: pixels, or groups of pixels that share samples.
    pub columns: usize,
    /// Samples of an element: 4 in XR24, 2 in the second plane of NV12.
    pub samples: usize,
    /// Bytes of a sample.
    pub sample_bytes: usize,
}

impl Plane {
    /// Bytes of a row, without its padding.
    pub fn row_bytes(&self) -> usize {
        self.columns * self.samples * self.sample_bytes
    }
}

pub(crate) fn invalid() -> ZincError {
    ZincError::from_errno(EINVAL)
}

impl Format {
    pub(crate) fn empty() -> Format {
        // SAFETY: it consists of integers
        let raw = unsafe { MaybeUninit::zeroed().assume_init() };
        Format { raw }
    }

    /// Bytes of no known structure.
    pub fn bytes() -> Format {
        Format::empty()
    }

    /// Linear video without padding, in a format that `zinc_stream_video()` knows.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] with `EINVAL` for an unknown format, and a size that is not
    /// within 1 and 65535.
    pub fn video(fourcc: &[u8; 4], width: u32, height: u32) -> Result<Format, ZincError> {
        let mut format = Format::empty();
        let code = u32::from_le_bytes(*fourcc);
        // SAFETY: a place for a format
        match unsafe { ffi::zinc_stream_video(&mut format.raw, code, width, height) } {
            0 => Err(invalid()),
            _ => Ok(format),
        }
    }

    /// A tensor in C order.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] with `EINVAL` for more than 8 dimensions, an empty one, and
    /// elements that are not whole bytes.
    pub fn tensor(dtype: DType, bits: u8, shape: &[u64]) -> Result<Format, ZincError> {
        let mut format = Format::empty();
        let dims = u32::try_from(shape.len()).map_err(|_| invalid())?;
        // SAFETY: a place for a format, and dims numbers
        match unsafe {
            ffi::zinc_stream_tensor(&mut format.raw, dtype as u8, bits, dims, shape.as_ptr())
        } {
            0 => Err(invalid()),
            _ => Ok(format),
        }
    }

    /// Pad the rows of video: each stride becomes a multiple of `align` bytes.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] with `EINVAL` if `align` is 0, or a stride overflows.
    pub fn align_rows(mut self, align: u32) -> Result<Format, ZincError> {
        let mut end = 0;
        for index in 0..self.planes() {
            let stride = self.raw.stride[index];
            let padded = stride.checked_add(align.checked_sub(1).ok_or_else(invalid)?);
            let padded = padded.ok_or_else(invalid)? / align * align;
            self.raw.stride[index] = padded;
            self.raw.offset[index] = end;
            end += u64::from(padded) * self.plane(index)?.rows as u64;
        }
        Ok(self)
    }

    /// Set the frames in `seconds`; 0 in 0 if that varies.
    pub fn rate(mut self, frames: u32, seconds: u32) -> Format {
        self.raw.rate_num = frames;
        self.raw.rate_den = seconds;
        self
    }

    /// The kind of a frame.
    pub fn kind(&self) -> Kind {
        match self.raw.kind {
            1 => Kind::Video,
            2 => Kind::Tensor,
            3 => Kind::Audio,
            _ => Kind::Bytes,
        }
    }

    /// DRM format of video.
    pub fn fourcc(&self) -> [u8; 4] {
        self.raw.fourcc.to_le_bytes()
    }

    /// Width and height of video in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.raw.width, self.raw.height)
    }

    /// How many planes video has; 0 of any other kind.
    pub fn planes(&self) -> usize {
        match self.kind() {
            Kind::Video => (self.raw.planes as usize).min(self.raw.stride.len()),
            _ => 0,
        }
    }

    /// Frames, and the seconds they take; audio: samples.
    pub fn frame_rate(&self) -> (u32, u32) {
        (self.raw.rate_num, self.raw.rate_den)
    }

    /// Type, bits and lanes of an element of a tensor or of audio; the type is a code of
    /// DLPack, as that of [`DType`].
    pub fn dtype(&self) -> (u8, u8, u16) {
        let raw = &self.raw;
        (raw.dtype_code, raw.dtype_bits, raw.dtype_lanes)
    }

    /// Elements per dimension of a tensor.
    pub fn shape(&self) -> &[u64] {
        let dims = (self.raw.dims as usize).min(self.raw.shape.len());
        &self.raw.shape[..dims]
    }

    /// Where the samples of a plane are.
    ///
    /// # Errors
    ///
    /// [`ZincError::Platform`] with `EINVAL` if there is no such plane, and with
    /// `EOPNOTSUPP` for a format of video that is unknown here.
    pub fn plane(&self, index: usize) -> Result<Plane, ZincError> {
        let mut raw = MaybeUninit::<ffi::StreamPlane>::zeroed();
        let index = u32::try_from(index).map_err(|_| invalid())?;
        // SAFETY: a format, and a place for a plane
        check(unsafe { ffi::zinc_stream_get_plane(&self.raw, index, raw.as_mut_ptr()) })?;
        // SAFETY: it consists of integers
        let raw = unsafe { raw.assume_init() };
        Ok(Plane {
            offset: usize::try_from(raw.offset).map_err(|_| invalid())?,
            stride: raw.stride as usize,
            rows: raw.rows as usize,
            columns: raw.columns as usize,
            samples: raw.samples as usize,
            sample_bytes: raw.sample_bytes as usize,
        })
    }

    /// Bytes of a frame; 0 if they follow from nothing here.
    pub fn frame_bytes(&self) -> u64 {
        match self.kind() {
            Kind::Tensor => {
                let (_, bits, lanes) = self.dtype();
                let element = (u64::from(bits) * u64::from(lanes) + 7) / 8;
                self.shape().iter().product::<u64>() * element
            }
            Kind::Video => {
                let end = |plane: Plane| plane.offset as u64 + (plane.stride * plane.rows) as u64;
                let ends = (0..self.planes()).filter_map(|index| self.plane(index).ok());
                ends.map(end).max().unwrap_or(0)
            }
            _ => 0,
        }
    }
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Format")
            .field("kind", &self.kind())
            .field("fourcc", &String::from_utf8_lossy(&self.fourcc()))
            .field("size", &self.size())
            .field("dtype", &self.dtype())
            .field("shape", &self.shape())
            .finish_non_exhaustive()
    }
}
