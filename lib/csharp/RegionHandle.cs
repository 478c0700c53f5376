// SPDX-License-Identifier: MIT
using System;
using System.Runtime.InteropServices;

namespace Zinc
{
/*
 * A region's data, which its handle and its views share. Their memory goes when the
 * handle is closed, and no view can be reached or Unmap() was called. The handle
 * has a reference from the beginning, so whichever is finalized first is right.
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

	/* The handle is gone, the data are ours; the collector does not see how much. */
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

/* A zinc_handle that is closed once, when the last call that uses it has ended. */
internal sealed class RegionHandle : SafeHandle
{
	internal RegionHandle() : base(IntPtr.Zero, true)
	{
	}

	public override bool IsInvalid => handle == IntPtr.Zero;

	/* null: the data are not mapped */
	internal Mapping Mapping { get; private set; }

	/* somebody may have a view, and the handle was closed meanwhile */
	internal bool IsViewed { get; set; }

	internal long Capacity { get; private set; }

	internal void Adopt(IntPtr raw)
	{
		bool added = false;
		UIntPtr capacity = Native.zinc_capacity(raw);
		IntPtr data = Native.zinc_ptr(raw);

		SetHandle(raw);
		Capacity = (long)capacity.ToUInt64();
		if (data == IntPtr.Zero)
			return;
		var mapping = new Mapping(data, capacity);
		mapping.DangerousAddRef(ref added);
		Mapping = mapping;
	}

	protected override bool ReleaseHandle()
	{
		if (Native.zinc_close_keep_data(handle, out IntPtr data, out UIntPtr length) != 0)
			Native.zinc_close(handle);
		else if (Mapping != null)
			Mapping.Keep(data, length, IsViewed);
		else	/* there was no memory for the object */
			Native.zinc_unmap_data(data, length);
		Mapping?.DangerousRelease();
		return true;
	}
}
}
