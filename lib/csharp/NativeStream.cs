// SPDX-License-Identifier: MIT
using System;
using System.Runtime.InteropServices;

namespace Zinc
{
/* What libzinc-kmod exports of zinc-stream.h. */
internal static unsafe partial class Native
{
	/* struct zinc_stream_format */
	[StructLayout(LayoutKind.Sequential)]
	internal struct StreamFormat
	{
		internal uint Kind;
		internal uint FourCC;
		internal ulong Modifier;
		internal uint Width;
		internal uint Height;
		internal uint Planes;
		internal fixed uint Stride[4];
		internal uint FullRange;
		internal fixed ulong Offset[4];
		internal uint Primaries;
		internal uint Transfer;
		internal uint Matrix;
		internal uint RateFrames;
		internal uint RateSeconds;
		internal byte ElementType;
		internal byte ElementBits;
		internal ushort ElementLanes;
		internal uint Dimensions;
		internal uint Channels;
		internal fixed ulong Shape[8];
		internal fixed byte Caps[256];
		internal fixed uint Reserved[64];
	}

	/* struct zinc_stream_plane */
	[StructLayout(LayoutKind.Sequential)]
	internal struct StreamPlane
	{
		internal ulong Offset;
		internal uint Stride;
		internal uint Rows;
		internal uint Columns;
		internal uint Samples;
		internal uint SampleBytes;
		internal uint Reserved;
	}

	/* struct zinc_stream_frame */
	[StructLayout(LayoutKind.Sequential)]
	internal struct StreamFrame
	{
		internal ulong Number;
		internal ulong Bytes;
		internal ulong PtsNs;
		internal uint Flags;
		internal uint Format;
		internal uint DamageX;
		internal uint DamageY;
		internal uint DamageWidth;
		internal uint DamageHeight;
	}

	/* struct zinc_stream_view */
	[StructLayout(LayoutKind.Sequential)]
	internal struct StreamView
	{
		internal IntPtr Data;
		internal StreamFrame Frame;
		internal ulong Lost;
		internal byte NewFormat;
		internal uint Sequence;
	}

	/* struct zinc_stream_info */
	[StructLayout(LayoutKind.Sequential)]
	internal struct StreamInfo
	{
		internal uint Size;
		internal uint Slots;
		internal ulong SlotSize;
		internal ulong SlotOffset;
		internal ulong Number;
		internal ulong Lost;
		internal IntPtr Region;
	}

	internal static StreamInfo NewStreamInfo()
	{
		return new StreamInfo { Size = (uint)sizeof(StreamInfo) };
	}

	[DllImport(Library, CallingConvention = C)]
	internal static extern ulong zinc_stream_video(out StreamFormat format, uint fourcc,
						       uint width, uint height);

	[DllImport(Library, CallingConvention = C)]
	internal static extern ulong zinc_stream_tensor(out StreamFormat format, byte code,
		byte bits, uint dimensions, ulong[] shape);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_stream_get_plane(ref StreamFormat format, uint index,
							 out StreamPlane plane);

	[DllImport(Library, CallingConvention = C)]
	internal static extern IntPtr zinc_stream_writer_new();

	[DllImport(Library, CallingConvention = C)]
	internal static extern void zinc_stream_writer_free(IntPtr writer, out IntPtr region);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_stream_writer_info(IntPtr writer, ref StreamInfo info);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_stream_writer_info(WriterHandle writer, ref StreamInfo info);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_stream_create(IntPtr writer, byte[] name,
		ref StreamFormat format, uint slots, ulong slotSize, ref Options options);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_stream_set_format(WriterHandle writer,
							  ref StreamFormat format);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_stream_begin(WriterHandle writer, ulong deadline,
						     out IntPtr data);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_stream_commit(WriterHandle writer, ref StreamFrame frame);

	[DllImport(Library, CallingConvention = C)]
	internal static extern void zinc_stream_cancel(WriterHandle writer);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_stream_drop(WriterHandle writer);

	[DllImport(Library, CallingConvention = C)]
	internal static extern IntPtr zinc_stream_reader_new();

	[DllImport(Library, CallingConvention = C)]
	internal static extern void zinc_stream_reader_free(IntPtr reader, out IntPtr region);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_stream_reader_info(IntPtr reader, ref StreamInfo info);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_stream_reader_info(ReaderHandle reader, ref StreamInfo info);

	[DllImport(Library, CallingConvention = C)]
	internal static extern void zinc_stream_reader_format(ReaderHandle reader,
							      out StreamFormat format);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_stream_open(IntPtr reader, byte[] name, uint flags,
						    ulong deadline);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_stream_next(ReaderHandle reader, out StreamView view,
						    ulong deadline);

	[DllImport(Library, CallingConvention = C)]
	[return: MarshalAs(UnmanagedType.I1)]
	internal static extern bool zinc_stream_is_whole(ReaderHandle reader, ref StreamView view);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_stream_done(ReaderHandle reader, ref StreamView view);
}
}
