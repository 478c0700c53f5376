// SPDX-License-Identifier: MIT
using System;
using System.Text;

namespace Zinc
{
/// <summary>The kind of a frame.</summary>
public enum FrameKind
{
	/// <summary>Bytes without a known structure.</summary>
	Bytes = 0,
	/// <summary>Video.</summary>
	Video = 1,
	/// <summary>A tensor.</summary>
	Tensor = 2,
	/// <summary>Audio.</summary>
	Audio = 3
}

/// <summary>The type of an element of a tensor or of audio, with the codes of DLPack.</summary>
public enum ElementType
{
	/// <summary>A signed integer.</summary>
	Int = 0,
	/// <summary>An unsigned integer.</summary>
	UInt = 1,
	/// <summary>A floating-point number, as IEEE 754.</summary>
	Float = 2,
	/// <summary>A bfloat16.</summary>
	BFloat = 4,
	/// <summary>A complex number.</summary>
	Complex = 5,
	/// <summary>A truth value.</summary>
	Bool = 6
}

/// <summary>The place of a plane's samples. A row has Columns * Samples * SampleBytes bytes, and
/// padding up to the stride.</summary>
public struct FramePlane
{
	internal FramePlane(ref Native.StreamPlane raw)
	{
		Offset = (long)raw.Offset;
		Stride = (int)raw.Stride;
		Rows = (int)raw.Rows;
		Columns = (int)raw.Columns;
		Samples = (int)raw.Samples;
		SampleBytes = (int)raw.SampleBytes;
	}

	/// <summary>Bytes from the start of the frame.</summary>
	public long Offset { get; }

	/// <summary>Bytes from one row to the next.</summary>
	public int Stride { get; }

	/// <summary>How many rows.</summary>
	public int Rows { get; }

	/// <summary>Elements of a row: pixels, or groups of pixels that share samples.</summary>
	public int Columns { get; }

	/// <summary>Samples of an element: 4 in XR24, 2 in the second plane of NV12.</summary>
	public int Samples { get; }

	/// <summary>Bytes of a sample.</summary>
	public int SampleBytes { get; }

	/// <summary>Bytes of a row, without its padding.</summary>
	public int RowBytes => Columns * Samples * SampleBytes;

	private int Start(int y)
	{
		if (y < 0 || y >= Rows)
			throw new ArgumentOutOfRangeException(nameof(y));
		return checked((int)(Offset + (long)y * Stride));
	}

	/// <summary>A row in place, without its padding.</summary>
	/// <param name="frame">The whole frame, or slot.</param>
	/// <param name="y">The row.</param>
	/// <returns>A part of the frame.</returns>
	/// <exception cref="ArgumentOutOfRangeException">There is no such row, or the frame ends
	/// before it.</exception>
	public Span<byte> Row(Span<byte> frame, int y)
	{
		return frame.Slice(Start(y), RowBytes);
	}

	/// <summary>A row in place, read-only, as <see cref="Row(Span{byte}, int)"/>.</summary>
	/// <param name="frame">The whole frame.</param>
	/// <param name="y">The row.</param>
	/// <returns>A part of the frame.</returns>
	/// <exception cref="ArgumentOutOfRangeException">There is no such row, or the frame ends
	/// before it.</exception>
	public ReadOnlySpan<byte> Row(ReadOnlySpan<byte> frame, int y)
	{
		return frame.Slice(Start(y), RowBytes);
	}
}

/// <summary>The format of a stream's frames; immutable.</summary>
public sealed unsafe class FrameFormat
{
	private const int PlanesMax = 4;
	private const int DimensionsMax = 8;
	private const int CapsSize = 256;
	private const int BitsMax = 128;

	private Native.StreamFormat raw;

	internal FrameFormat(Native.StreamFormat raw)
	{
		this.raw = raw;
	}

	internal Native.StreamFormat Raw => raw;

	private static void Expect(bool right, string what, string expected)
	{
		if (!right)
			throw new ArgumentException($"{what}: expected {expected}");
	}

	/// <summary>Describes bytes without a known structure.</summary>
	/// <returns>A format.</returns>
	public static FrameFormat Bytes()
	{
		return new FrameFormat(new Native.StreamFormat());
	}

	/// <summary>Describes linear video without padding.</summary>
	/// <param name="fourCC">XR24 AR24 XB24 AB24 RG24 BG24 R8 R16 YUYV UYVY NV12 NV21 NV16 P010
	/// YU12 YV12</param>
	/// <param name="width">Pixels, 1 to 65535.</param>
	/// <param name="height">Pixels, 1 to 65535.</param>
	/// <returns>A format.</returns>
	/// <exception cref="ArgumentException">An argument is out of range.</exception>
	public static FrameFormat Video(string fourCC, int width, int height)
	{
		uint code = 0;
		var format = new Native.StreamFormat();

		for (int i = 0; i < 4; i++)
			code |= (uint)(i < fourCC.Length ? fourCC[i] & 0x7F : ' ') << 8 * i;
		Expect(fourCC.Length <= 4 && Native.zinc_stream_video(out format, code,
			unchecked((uint)width), unchecked((uint)height)) != 0,
			$"video of {fourCC}, {width} x {height}",
			"a format such as XR24 or NV12, and 1 to 65535 pixels");
		return new FrameFormat(format);
	}

	/// <summary>Describes a tensor in C order.</summary>
	/// <param name="type">The type of an element.</param>
	/// <param name="bits">Bits of an element: a multiple of 8, up to 128.</param>
	/// <param name="shape">Up to 8 dimensions, none of them 0.</param>
	/// <returns>A format.</returns>
	/// <exception cref="ArgumentException">An argument is out of range.</exception>
	public static FrameFormat Tensor(ElementType type, int bits, params long[] shape)
	{
		var format = new Native.StreamFormat();
		ulong[] dimensions = Array.ConvertAll(shape, n => n < 0 ? 0 : (ulong)n);

		Expect(Enum.IsDefined(typeof(ElementType), type) && bits > 0 && bits <= BitsMax &&
			shape.Length <= DimensionsMax && Native.zinc_stream_tensor(out format,
			(byte)type, (byte)bits, (uint)shape.Length, dimensions) != 0,
			$"tensor of {type} {bits}, [{string.Join(", ", shape)}]",
			"a known type, whole bytes up to 128 bits, up to 8 dimensions above 0");
		return new FrameFormat(format);
	}

	/// <summary>Describes audio, whose channels are interleaved.</summary>
	/// <param name="type">The type of a sample.</param>
	/// <param name="bits">Bits of a sample: 1 to 128.</param>
	/// <param name="channels">1 to 1024.</param>
	/// <returns>A format.</returns>
	/// <exception cref="ArgumentException">An argument is out of range.</exception>
	public static FrameFormat Audio(ElementType type, int bits, int channels)
	{
		Expect(Enum.IsDefined(typeof(ElementType), type) && bits > 0 && bits <= BitsMax &&
			channels > 0 && channels <= 1024, $"audio of {type} {bits}, {channels} channels",
			"a known type, up to 128 bits, 1 to 1024 channels");
		return new FrameFormat(new Native.StreamFormat {
			Kind = (uint)FrameKind.Audio,
			ElementType = (byte)type,
			ElementBits = (byte)bits,
			ElementLanes = 1,
			Channels = (uint)channels
		});
	}

	/// <summary>Pads the rows of video: each stride becomes a multiple.</summary>
	/// <param name="bytes">The multiple, at least 1.</param>
	/// <returns>A new format.</returns>
	/// <exception cref="ArgumentException">It is out of range.</exception>
	public FrameFormat AlignRows(int bytes)
	{
		Native.StreamFormat padded = raw;
		long end = 0;

		Expect(bytes > 0, $"rows of a multiple of {bytes}", "1 or more");
		for (int i = 0; i < Planes; i++) {
			FramePlane plane = Plane(i);
			long stride = (plane.Stride + (long)bytes - 1) / bytes * bytes;

			Expect(stride <= int.MaxValue, $"a row of {stride} bytes", "less than 2 GiB");
			padded.Stride[i] = (uint)stride;
			padded.Offset[i] = (ulong)end;
			end += stride * plane.Rows;
		}
		return new FrameFormat(padded);
	}

	/// <summary>Sets the rate.</summary>
	/// <param name="frames">Frames, or samples of audio; 0 if the rate varies.</param>
	/// <param name="seconds">The seconds that they take, at least 1.</param>
	/// <returns>A new format.</returns>
	/// <exception cref="ArgumentException">An argument is out of range.</exception>
	public FrameFormat WithRate(int frames, int seconds)
	{
		Native.StreamFormat rated = raw;

		Expect(frames >= 0 && seconds > 0, $"a rate of {frames} in {seconds} seconds",
		       "0 or more in 1 or more");
		rated.RateFrames = (uint)frames;
		rated.RateSeconds = (uint)seconds;
		return new FrameFormat(rated);
	}

	/// <summary>Sets the text that is passed to readers as it is.</summary>
	/// <param name="text">Up to 255 bytes of UTF-8, without a NUL.</param>
	/// <returns>A new format.</returns>
	/// <exception cref="ArgumentException">It is too long, or has a NUL.</exception>
	public FrameFormat WithCaps(string text)
	{
		Native.StreamFormat with = raw;
		byte[] bytes = Encoding.UTF8.GetBytes(text);

		Expect(bytes.Length < CapsSize && text.IndexOf('\0') < 0,
		       $"a text of {bytes.Length} bytes", "up to 255, without a NUL");
		for (int i = 0; i < CapsSize; i++)
			with.Caps[i] = i < bytes.Length ? bytes[i] : (byte)0;
		return new FrameFormat(with);
	}

	/// <summary>The kind of a frame.</summary>
	public FrameKind Kind => (FrameKind)raw.Kind;

	/// <summary>The DRM format of video, such as XR24; empty for anything else.</summary>
	public string FourCC
	{
		get {
			var text = new StringBuilder();

			for (uint code = raw.FourCC; code != 0; code >>= 8)
				text.Append((char)(code & 0xFF));
			return text.ToString().TrimEnd(' ');
		}
	}

	/// <summary>The DRM format modifier of video; 0 is linear.</summary>
	public ulong Modifier => raw.Modifier;

	/// <summary>The width of video in pixels.</summary>
	public int Width => (int)raw.Width;

	/// <summary>The height of video in pixels.</summary>
	public int Height => (int)raw.Height;

	/// <summary>The number of planes of video, 1 to 4; 0 for anything else.</summary>
	public int Planes => Kind == FrameKind.Video ? Math.Min((int)raw.Planes, PlanesMax) : 0;

	/// <summary>The place of a plane's samples.</summary>
	/// <param name="index">0 to <see cref="Planes"/> - 1.</param>
	/// <returns>The place.</returns>
	/// <exception cref="ArgumentOutOfRangeException">There is no such plane.</exception>
	/// <exception cref="NotSupportedException">This library does not know the format of
	/// video.</exception>
	public FramePlane Plane(int index)
	{
		Native.StreamFormat copy = raw;

		if (index < 0 || index >= Planes)
			throw new ArgumentOutOfRangeException(nameof(index));
		if (Native.zinc_stream_get_plane(ref copy, (uint)index, out Native.StreamPlane plane) != 0)
			throw new NotSupportedException(
				$"the planes of {FourCC} with modifier {Modifier} are not known: read the frame's bytes");
		return new FramePlane(ref plane);
	}

	/// <summary>Bytes from one row to the next, per plane.</summary>
	public int[] Strides
	{
		get {
			var found = new int[Planes];
			Native.StreamFormat copy = raw;

			for (int i = 0; i < found.Length; i++)
				found[i] = (int)copy.Stride[i];
			return found;
		}
	}

	/// <summary>Bytes from the start of the frame, per plane.</summary>
	public long[] Offsets
	{
		get {
			var found = new long[Planes];
			Native.StreamFormat copy = raw;

			for (int i = 0; i < found.Length; i++)
				found[i] = (long)copy.Offset[i];
			return found;
		}
	}

	/// <summary>The type of an element of a tensor or of audio.</summary>
	public ElementType ElementType => (ElementType)raw.ElementType;

	/// <summary>Bits of an element of a tensor or of audio.</summary>
	public int ElementBits => raw.ElementBits * raw.ElementLanes;

	/// <summary>Elements per dimension of a tensor.</summary>
	public long[] Shape
	{
		get {
			var found = new long[Math.Min(raw.Dimensions, DimensionsMax)];
			Native.StreamFormat copy = raw;

			for (int i = 0; i < found.Length; i++)
				found[i] = (long)copy.Shape[i];
			return found;
		}
	}

	/// <summary>Channels of audio.</summary>
	public int Channels => (int)raw.Channels;

	/// <summary>Frames, or samples of audio, in <see cref="RateSeconds"/>; 0 if the rate
	/// varies.</summary>
	public int RateFrames => (int)raw.RateFrames;

	/// <summary>The seconds that <see cref="RateFrames"/> take.</summary>
	public int RateSeconds => (int)raw.RateSeconds;

	/// <summary>The writer's text.</summary>
	public string Caps
	{
		get {
			Native.StreamFormat copy = raw;
			int length = 0;

			while (length < CapsSize && copy.Caps[length] != 0)
				length++;
			return Encoding.UTF8.GetString(copy.Caps, length);
		}
	}

	/// <summary>The bytes of a frame, as far as the format determines them; 0 for bytes, audio,
	/// and a format of video that is not known here.</summary>
	public long FrameBytes
	{
		get {
			long bytes = 0;

			if (Kind == FrameKind.Tensor) {
				bytes = (ElementBits + 7) / 8;
				foreach (long n in Shape)
					bytes *= n;
				return bytes;
			}
			Native.StreamFormat copy = raw;
			for (int i = 0; i < Planes; i++) {
				if (Native.zinc_stream_get_plane(ref copy, (uint)i, out Native.StreamPlane plane) != 0)
					return 0;
				bytes = Math.Max(bytes, (long)plane.Offset + (long)plane.Stride * plane.Rows);
			}
			return bytes;
		}
	}
}
}
