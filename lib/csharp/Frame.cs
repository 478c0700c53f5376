// SPDX-License-Identifier: MIT
using System;

namespace Zinc
{
/// <summary>Flags of a frame.</summary>
[Flags]
public enum FrameFlags
{
	/// <summary>No flag.</summary>
	None = 0,
	/// <summary>The frame can be decoded by itself.</summary>
	Key = 1 << 0,
	/// <summary>The source lost data before it.</summary>
	Gap = 1 << 1,
	/// <summary>Only the damaged rectangle changed.</summary>
	Damage = 1 << 2,
	/// <summary>It is the last frame.</summary>
	End = 1 << 3
}

/// <summary>What the writer says of a frame.</summary>
public struct FrameInfo
{
	/// <summary>Bytes of the slot that are used.</summary>
	public long Bytes { get; set; }

	/// <summary>Presentation time, CLOCK_MONOTONIC in nanoseconds.</summary>
	public long PtsNs { get; set; }

	/// <summary>The flags; with <see cref="FrameFlags.Damage"/> the rectangle counts.</summary>
	public FrameFlags Flags { get; set; }

	/// <summary>Left edge of the rectangle that has changed, in pixels.</summary>
	public int DamageX { get; set; }

	/// <summary>Its upper edge.</summary>
	public int DamageY { get; set; }

	/// <summary>Its width.</summary>
	public int DamageWidth { get; set; }

	/// <summary>Its height.</summary>
	public int DamageHeight { get; set; }

	internal FrameInfo(ref Native.StreamFrame raw)
	{
		Bytes = (long)raw.Bytes;
		PtsNs = (long)raw.PtsNs;
		Flags = (FrameFlags)raw.Flags;
		DamageX = (int)raw.DamageX;
		DamageY = (int)raw.DamageY;
		DamageWidth = (int)raw.DamageWidth;
		DamageHeight = (int)raw.DamageHeight;
	}

	internal Native.StreamFrame Raw()
	{
		unchecked {
			return new Native.StreamFrame {
				Bytes = (ulong)Bytes,
				PtsNs = (ulong)PtsNs,
				Flags = (uint)Flags,
				DamageX = (uint)DamageX,
				DamageY = (uint)DamageY,
				DamageWidth = (uint)DamageWidth,
				DamageHeight = (uint)DamageHeight
			};
		}
	}
}

/// <summary>A frame of a stream: in the ring, by <see cref="FrameReader.Next"/>, or a copy, by
/// <see cref="FrameReader.Read"/>.</summary>
/// <remarks>The writer may overwrite a frame in the ring while it is read, unless the reader is
/// registered: discard what was read if <see cref="Done"/> returns false. A copy is always
/// whole.</remarks>
public sealed class Frame
{
	/* null for a copy */
	private readonly FrameReader reader;

	internal Native.StreamView View;

	internal Frame(FrameReader reader, ref Native.StreamView view, FrameFormat format,
		       ReadOnlyMemory<byte> data, ulong lost, bool isNewFormat)
	{
		this.reader = reader;
		View = view;
		Format = format;
		Data = data;
		Info = new FrameInfo(ref view.Frame);
		Lost = (long)lost;
		IsNewFormat = isNewFormat;
	}

	/// <summary>1 for the stream's first frame.</summary>
	public long Number => (long)View.Frame.Number;

	/// <summary>What the writer says of it.</summary>
	public FrameInfo Info { get; }

	/// <summary>Its format.</summary>
	public FrameFormat Format { get; }

	/// <summary>Frames lost between the previous one and this one.</summary>
	public long Lost { get; }

	/// <summary>Whether its format differs from that of the previous frame.</summary>
	public bool IsNewFormat { get; }

	/// <summary>Its bytes. The memory stays mapped, but has other frames after
	/// <see cref="Done"/>, and after the reader's next frame.</summary>
	public ReadOnlyMemory<byte> Data { get; }

	/// <summary>A row of video, without its padding.</summary>
	/// <param name="plane">The plane.</param>
	/// <param name="y">The row.</param>
	/// <returns>A part of the frame, valid while the frame is reachable.</returns>
	/// <exception cref="ArgumentOutOfRangeException">There is no such row, or the frame is too
	/// short.</exception>
	/// <exception cref="NotSupportedException">As <see cref="FrameFormat.Plane"/>.</exception>
	public ReadOnlySpan<byte> Row(int plane, int y)
	{
		return Format.Plane(plane).Row(Data.Span, y);
	}

	/// <summary>Whether all that was read until now is the frame's; false if the writer has begun
	/// to overwrite it, or its use has ended.</summary>
	public bool IsWhole => reader == null || reader.IsWhole(this);

	/// <summary>Ends the use of the frame. A writer that waits for this reader continues.</summary>
	/// <returns>Whether all that was read is the frame's; otherwise discard it.</returns>
	public bool Done()
	{
		return reader == null || reader.Done(this);
	}
}
}
