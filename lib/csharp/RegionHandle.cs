// SPDX-License-Identifier: MIT
using System;
using System.Runtime.InteropServices;

namespace Zinc
{
/*
 * The mapping of a region's data, which its handle and its views share. The memory is
 * unmapped when the handle is closed and either no view is reachable or Unmap() was
 * called. The handle has a reference from the start, so the order of finalization does
 * not matter.
 */
internal sealed class Mapping : SafeBuffer
{
	private IntPtr kept;
	private UIntPtr length;
	private long pressure;

	internal Mapping(IntPtr data, UIntPtr capacity) : base(true)
	{
		SetHandle(data);
		Initialize(capacity.ToUInt64());
	}

	/* The handle is closed; this object owns the data. Tell the collector their size. */
	internal void Keep(IntPtr data, UIntPtr size, bool viewed)
	{
		kept = data;
		length = size;
		if (!viewed)
			return;
		pressure = (long)size.ToUInt64();
		GC.AddMemoryPressure(pressure);
	}

	protected override bool ReleaseHandle()
	{
		if (kept != IntPtr.Zero)
			Native.zinc_unmap_data(kept, length);
		if (pressure > 0)
			GC.RemoveMemoryPressure(pressure);
		return true;
	}
}

/*
 * A zinc_handle, or the end of a stream, that is closed once, when the last call that uses it
 * has ended.
 */
internal class RegionHandle : SafeHandle
{
	internal RegionHandle() : base(IntPtr.Zero, true)
	{
	}

	public override bool IsInvalid => handle == IntPtr.Zero;

	/* null if the data are not mapped */
	internal Mapping Mapping { get; private set; }

	/* a view may exist after the handle was closed */
	internal bool IsViewed { get; set; }

	internal long Capacity { get; private set; }

	internal void Adopt(IntPtr raw)
	{
		Adopt(raw, raw);
	}

	/* The end of a stream, and its region */
	internal void Adopt(IntPtr raw, IntPtr region)
	{
		bool added = false;
		UIntPtr capacity = Native.zinc_capacity(region);
		IntPtr data = Native.zinc_ptr(region);

		SetHandle(raw);
		Capacity = (long)capacity.ToUInt64();
		if (data == IntPtr.Zero)
			return;
		var mapping = new Mapping(data, capacity);
		mapping.DangerousAddRef(ref added);
		Mapping = mapping;
	}

	/* Free all but the region, which is to be closed */
	protected virtual IntPtr Surrender()
	{
		return handle;
	}

	protected override bool ReleaseHandle()
	{
		IntPtr region = Surrender();

		if (Native.zinc_close_keep_data(region, out IntPtr data, out UIntPtr length) != 0)
			Native.zinc_close(region);
		else if (Mapping != null)
			Mapping.Keep(data, length, IsViewed);
		else	/* no memory for the object */
			Native.zinc_unmap_data(data, length);
		Mapping?.DangerousRelease();
		return true;
	}
}

internal sealed class WriterHandle : RegionHandle
{
	protected override IntPtr Surrender()
	{
		Native.zinc_stream_writer_free(handle, out IntPtr region);
		return region;
	}
}

internal sealed class ReaderHandle : RegionHandle
{
	protected override IntPtr Surrender()
	{
		Native.zinc_stream_reader_free(handle, out IntPtr region);
		return region;
	}
}
}
