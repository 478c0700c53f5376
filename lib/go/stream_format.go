// SPDX-License-Identifier: MIT

package zinc

/*
#include <zinc-stream.h>
*/
import "C"

import (
	"strings"
	"syscall"
)

// StreamKind is the kind of a frame.
type StreamKind uint32

// The kinds of a frame.
const (
	StreamBytes  StreamKind = C.ZINC_STREAM_BYTES
	StreamVideo  StreamKind = C.ZINC_STREAM_VIDEO
	StreamTensor StreamKind = C.ZINC_STREAM_TENSOR
	StreamAudio  StreamKind = C.ZINC_STREAM_AUDIO
)

// DType is the type of an element of a tensor or of audio, by the codes of DLPack.
type DType uint8

// The types of an element.
const (
	DTypeInt     DType = C.ZINC_STREAM_INT
	DTypeUint    DType = C.ZINC_STREAM_UINT
	DTypeFloat   DType = C.ZINC_STREAM_FLOAT
	DTypeBfloat  DType = C.ZINC_STREAM_BFLOAT
	DTypeComplex DType = C.ZINC_STREAM_COMPLEX
	DTypeBool    DType = C.ZINC_STREAM_BOOL
)

// StreamMode is which frames a Reader returns.
type StreamMode uint32

// The modes of a Reader.
const (
	Newest     StreamMode = C.ZINC_STREAM_NEWEST   // skips to the newest one
	Every      StreamMode = C.ZINC_STREAM_EVERY    // each one that is still there
	Registered StreamMode = C.ZINC_STREAM_REGISTER // each one: the writer waits
)

// Format is what the frames of a stream are. zinc-stream.h documents its fields. The zero
// value is bytes of no known structure.
type Format struct {
	Kind          StreamKind
	FourCC        string
	Modifier      uint64
	Width, Height int
	Strides       []int // bytes, per plane
	Offsets       []int // bytes from the start of the frame, per plane
	RateNum       int   // frames, or samples of audio, in RateDen seconds
	RateDen       int
	DType         DType
	Bits, Lanes   int // of an element
	Shape         []int
	Channels      int
	Caps          string
}

// Plane is where the samples of a plane are. A row has Columns * Samples * SampleBytes
// bytes, and padding up to Stride.
type Plane struct {
	Offset, Stride, Rows, Columns, Samples, SampleBytes int
}

// Row is the bytes of row y of the plane, in a frame.
func (p Plane) Row(frame []byte, y int) []byte {
	begin := p.Offset + y*p.Stride
	end := begin + p.Columns*p.Samples*p.SampleBytes
	return frame[begin:end:end]
}

func fourcc(text string) (C.uint32_t, error) {
	if text == "" || len(text) > 4 {
		return 0, &Error{Op: "format", Region: text, Errno: syscall.EINVAL}
	}
	code := C.uint32_t(0)
	for i, letter := range []byte((text + "   ")[:4]) {
		code |= C.uint32_t(letter) << (8 * i)
	}
	return code, nil
}

// VideoFormat describes linear video, such as "NV12". Each stride is a multiple of align
// bytes; 1 means no padding.
//
// Errors: EINVAL for a fourcc that zinc_stream_video() does not know, and a number that is
// out of range.
func VideoFormat(code string, width, height, align int) (Format, error) {
	var raw C.struct_zinc_stream_format

	bad := &Error{Op: "format", Region: code, Errno: syscall.EINVAL}
	number, err := fourcc(code)
	if err != nil {
		return Format{}, err
	}
	if width < 0 || width > 65535 || height < 0 || height > 65535 || align < 1 || align > 1<<20 ||
		C.zinc_stream_video(&raw, number, C.uint32_t(width), C.uint32_t(height)) == 0 {
		return Format{}, bad
	}
	format := newFormat(&raw)
	end := 0
	for i := range format.Strides {
		plane, err := format.Plane(i)
		if err != nil {
			return Format{}, err
		}
		format.Strides[i] = (format.Strides[i] + align - 1) / align * align
		format.Offsets[i] = end
		end += format.Strides[i] * plane.Rows
	}
	return format, nil
}

// TensorFormat describes a tensor in C order.
//
// Errors: EINVAL for more than 8 dimensions, an empty one, and elements that are not whole
// bytes.
func TensorFormat(dtype DType, bits int, shape ...int) (Format, error) {
	var raw C.struct_zinc_stream_format
	var sizes [C.ZINC_STREAM_DIMS_MAX]C.uint64_t

	bad := &Error{Op: "format", Errno: syscall.EINVAL}
	if len(shape) > len(sizes) || bits < 0 || bits > 128 {
		return Format{}, bad
	}
	for i, size := range shape {
		if size < 1 {
			return Format{}, bad
		}
		sizes[i] = C.uint64_t(size)
	}
	if C.zinc_stream_tensor(&raw, C.uint8_t(dtype), C.uint8_t(bits), C.uint32_t(len(shape)),
		&sizes[0]) == 0 {
		return Format{}, bad
	}
	return newFormat(&raw), nil
}

func newFormat(raw *C.struct_zinc_stream_format) Format {
	f := Format{
		Kind:     StreamKind(raw.kind),
		Modifier: uint64(raw.modifier),
		Width:    int(raw.width),
		Height:   int(raw.height),
		RateNum:  int(raw.rate_num),
		RateDen:  int(raw.rate_den),
		DType:    DType(raw.dtype_code),
		Bits:     int(raw.dtype_bits),
		Lanes:    int(raw.dtype_lanes),
		Channels: int(raw.channels),
		Caps:     C.GoString(&raw.caps[0]),
	}
	if f.Kind == StreamVideo {
		code := make([]byte, 4)
		for i := range code {
			code[i] = byte(raw.fourcc >> (8 * i))
		}
		f.FourCC = strings.TrimRight(string(code), " ")
		for i := 0; i < int(raw.planes) && i < len(raw.stride); i++ {
			f.Strides = append(f.Strides, int(raw.stride[i]))
			f.Offsets = append(f.Offsets, int(raw.offset[i]))
		}
	}
	if f.Kind == StreamTensor {
		for i := 0; i < int(raw.dims) && i < len(raw.shape); i++ {
			f.Shape = append(f.Shape, int(raw.shape[i]))
		}
	}
	return f
}

func (f *Format) raw() (*C.struct_zinc_stream_format, error) {
	raw := &C.struct_zinc_stream_format{
		kind:        C.uint32_t(f.Kind),
		modifier:    C.uint64_t(f.Modifier),
		width:       C.uint32_t(f.Width),
		height:      C.uint32_t(f.Height),
		rate_num:    C.uint32_t(f.RateNum),
		rate_den:    C.uint32_t(f.RateDen),
		dtype_code:  C.uint8_t(f.DType),
		dtype_bits:  C.uint8_t(f.Bits),
		dtype_lanes: C.uint16_t(f.Lanes),
		dims:        C.uint32_t(len(f.Shape)),
		channels:    C.uint32_t(f.Channels),
	}
	bad := &Error{Op: "format", Region: f.FourCC, Errno: syscall.EINVAL}
	if len(f.Strides) > len(raw.stride) || len(f.Offsets) != len(f.Strides) ||
		len(f.Shape) > len(raw.shape) || len(f.Caps) >= len(raw.caps) {
		return nil, bad
	}
	if f.Kind == StreamVideo {
		code, err := fourcc(f.FourCC)
		if err != nil {
			return nil, err
		}
		raw.fourcc = code
		raw.planes = C.uint32_t(len(f.Strides))
		raw.primaries, raw.transfer, raw.matrix = 2, 2, 2
	}
	for i := range f.Strides {
		raw.stride[i] = C.uint32_t(f.Strides[i])
		raw.offset[i] = C.uint64_t(f.Offsets[i])
	}
	for i, size := range f.Shape {
		raw.shape[i] = C.uint64_t(size)
	}
	for i := 0; i < len(f.Caps); i++ {
		raw.caps[i] = C.char(f.Caps[i])
	}
	return raw, nil
}

// Plane is where the samples of a plane are.
//
// Errors: EINVAL if there is no such plane, EOPNOTSUPP for video that is unknown here.
func (f *Format) Plane(index int) (Plane, error) {
	var plane C.struct_zinc_stream_plane

	raw, err := f.raw()
	if err != nil {
		return Plane{}, err
	}
	result := C.zinc_stream_get_plane(raw, C.uint32_t(index), &plane)
	if err := failed("plane", f.FourCC, C.int32_t(result)); err != nil {
		return Plane{}, err
	}
	return Plane{int(plane.offset), int(plane.stride), int(plane.rows), int(plane.columns),
		int(plane.samples), int(plane.sample_bytes)}, nil
}

// FrameBytes is the bytes of a frame; 0 if they follow from nothing here.
func (f *Format) FrameBytes() int {
	bytes := 0
	switch f.Kind {
	case StreamTensor:
		bytes = (f.Bits*f.Lanes + 7) / 8
		for _, size := range f.Shape {
			bytes *= size
		}
	case StreamVideo:
		for i := range f.Strides {
			plane, err := f.Plane(i)
			if err != nil {
				return 0
			}
			if end := plane.Offset + plane.Stride*plane.Rows; end > bytes {
				bytes = end
			}
		}
	}
	return bytes
}

// Descriptor is what the writer says of a frame.
type Descriptor struct {
	Number uint64    // 1 for the stream's first frame; set by the writer
	Bytes  int       // of the slot that are used
	PtsNs  uint64    // presentation time, CLOCK_MONOTONIC
	Flags  uint32    // ZINC_STREAM_KEY 1, _GAP 2, _DAMAGE 4, _END 8
	Damage [4]uint32 // the changed rectangle: x, y, width, height
}

func newDescriptor(raw *C.struct_zinc_stream_frame) Descriptor {
	return Descriptor{uint64(raw.number), int(raw.bytes), uint64(raw.pts_ns), uint32(raw.flags),
		[4]uint32{uint32(raw.damage_x), uint32(raw.damage_y), uint32(raw.damage_width),
			uint32(raw.damage_height)}}
}
