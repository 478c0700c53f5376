// SPDX-License-Identifier: MIT
using System;
using System.Runtime.InteropServices;
using System.Text;

namespace Zinc
{
/* The declarations of zinc.h that this assembly uses. */
internal static unsafe partial class Native
{
	private const string Library = "libzinc-kmod.so.1";
	private const CallingConvention C = CallingConvention.Cdecl;

	internal const uint Lazy = 1u << 0;
	internal const uint Replace = 1u << 1;
	internal const uint ReadOnly = 1u << 2;
	internal const uint NoData = 1u << 3;
	internal const uint Contiguous = 1u << 4;
	internal const uint WaitGone = 1u << 3;

	/* struct zinc_options */
	[StructLayout(LayoutKind.Sequential)]
	internal struct Options
	{
		internal uint Size;
		internal uint Flags;
		internal uint Mode;
		internal uint Lifetime;
		internal uint Backend;
		internal uint Reserved;
	}

	/* struct zinc_region_info */
	[StructLayout(LayoutKind.Sequential)]
	internal struct Info
	{
		internal uint Size;
		internal uint Backend;
		internal ulong Id;
		internal ulong Capacity;
		internal ulong Resident;
		internal ulong CreatedAt;
		internal uint Flags;
		internal uint Lifetime;
		internal uint Uid;
		internal uint Gid;
		internal uint Mode;
		internal int CreatorPid;
		internal uint Handles;
		internal uint Waiters;
		internal uint Sequence;
		internal uint Cursor;
		internal fixed byte Name[256];
		internal uint Attachments;
		internal uint Fences;
		internal uint FenceErrors;
		internal int FenceError;
	}

	/* struct timespec */
	[StructLayout(LayoutKind.Sequential)]
	private struct Timespec
	{
		internal IntPtr Seconds;
		internal IntPtr Nanoseconds;
	}

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_create_with(byte[] name, UIntPtr capacity,
						    ref Options options, out IntPtr region);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_open_with(byte[] name, ref Options options, out IntPtr region);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_open_wait(byte[] name, ref Options options, ulong deadline,
						  out IntPtr region);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_from_fd(int fd, ref Options options, out IntPtr region);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_import_dmabuf(int fd, byte[] name, ref Options options,
						      out IntPtr region);

	[DllImport(Library, CallingConvention = C)]
	internal static extern IntPtr zinc_ptr(IntPtr region);

	[DllImport(Library, CallingConvention = C)]
	internal static extern UIntPtr zinc_capacity(IntPtr region);

	[DllImport(Library, CallingConvention = C)]
	internal static extern void zinc_close(IntPtr region);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_close_keep_data(IntPtr region, out IntPtr data, out UIntPtr length);

	[DllImport(Library, CallingConvention = C)]
	internal static extern void zinc_unmap_data(IntPtr data, UIntPtr length);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_unlink(byte[] name);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_unlink_stale(byte[] name);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_notify_checked(RegionHandle region);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_wait_until(RegionHandle region, ulong deadline);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_wait_with(RegionHandle region, ulong deadline, uint flags);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_try_wait(RegionHandle region);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_wait_any(IntPtr[] regions, UIntPtr count, ulong deadline,
						 out UIntPtr index);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_notify_and_wait(IntPtr toNotify, IntPtr toWait, uint milliseconds);

	[DllImport(Library, CallingConvention = C)]
	internal static extern uint zinc_sequence(RegionHandle region);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_fd(RegionHandle region);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_info(RegionHandle region, ref Info info);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_stat(byte[] name, ref Info info);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_list(out Info *list, out UIntPtr count, UIntPtr entrySize);

	[DllImport(Library, CallingConvention = C)]
	internal static extern void zinc_list_free(Info *list);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_features(RegionHandle region, out ulong features);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_features(IntPtr none, out ulong features);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_export_dmabuf(RegionHandle region, uint flags);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_export_dmabuf_part(RegionHandle region, ulong offset,
		ulong length, uint flags);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_notify_on_fence(RegionHandle region, int fence);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_begin_cpu_access(RegionHandle region, uint access);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_end_cpu_access(RegionHandle region, uint access);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_backend(IntPtr none);

	[DllImport(Library, CallingConvention = C)]
	internal static extern int zinc_backend_reason(byte[] text, UIntPtr size);

	[DllImport(Library, CallingConvention = C)]
	internal static extern IntPtr zinc_strerror(int error);

	[DllImport(Library, CallingConvention = C)]
	internal static extern uint zinc_version();

	[DllImport("libc", CallingConvention = C)]
	private static extern int clock_gettime(int clock, out Timespec now);

	[DllImport("libc", CallingConvention = C)]
	internal static extern int close(int fd);

	/* CLOCK_MONOTONIC in nanoseconds, the unit of deadlines */
	internal static ulong Now()
	{
		clock_gettime(1, out Timespec now);
		return (ulong)now.Seconds.ToInt64() * 1000000000 + (ulong)now.Nanoseconds.ToInt64();
	}

	/* Convert a name to a C string. A NUL would truncate it to another region's name. */
	internal static byte[] Name(string operation, string name)
	{
		if (name == null)
			throw new ArgumentNullException(nameof(name));
		if (name.IndexOf('\0') >= 0)
			throw new ZincException(operation, name, Errno.EINVAL);
		return Encoding.UTF8.GetBytes(name + "\0");
	}

	/* Convert a size; the library refuses a negative one */
	internal static UIntPtr Size(string operation, string name, long size)
	{
		if (IntPtr.Size < sizeof(long) && size != (int)size)
			throw new ZincException(operation, name, Errno.EINVAL);
		return (UIntPtr)(void *)new IntPtr(size);
	}

	internal static Info NewInfo()
	{
		return new Info { Size = (uint)sizeof(Info) };
	}

	/* Return a result that is not negative, and throw a negative one. */
	internal static int Check(string operation, string name, int result)
	{
		if (result == -Errno.EPIPE)
			throw new RegionGoneException(operation, name);
		if (result < 0)
			throw new ZincException(operation, name, -result);
		return result;
	}
}
}
