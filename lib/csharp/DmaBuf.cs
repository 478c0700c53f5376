// SPDX-License-Identifier: MIT
using System;
using System.Runtime.InteropServices;

namespace Zinc
{
/// <summary>A region's data as a dma-buf, which a device can import.</summary>
/// <remarks>It keeps the memory, but not the region's name or handles.</remarks>
public sealed class DmaBuf : SafeHandle
{
	internal DmaBuf() : base(new IntPtr(-1), true)
	{
	}

	/// <summary>Whether the descriptor is invalid.</summary>
	public override bool IsInvalid => handle.ToInt64() < 0;

	/// <summary>The descriptor, which is closed with this object.</summary>
	/// <exception cref="ObjectDisposedException">The object is closed.</exception>
	public int Fd
	{
		get {
			if (IsClosed)
				throw new ObjectDisposedException(nameof(DmaBuf));
			return handle.ToInt32();
		}
	}

	internal void Adopt(int fd)
	{
		SetHandle(new IntPtr(fd));
	}

	/// <summary>Closes the descriptor.</summary>
	/// <returns>Whether that succeeded.</returns>
	protected override bool ReleaseHandle()
	{
		return Native.close(handle.ToInt32()) == 0;
	}
}
}
