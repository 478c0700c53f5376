// SPDX-License-Identifier: MIT
using System;
using System.Runtime.InteropServices;

namespace Zinc
{
/// <summary>A region's data as a dma-buf, for a device to import.</summary>
/// <remarks>It keeps the memory, but neither name nor handles of the region.</remarks>
public sealed class DmaBuf : SafeHandle
{
	internal DmaBuf() : base(new IntPtr(-1), true)
	{
	}

	/// <summary>Whether there is no descriptor.</summary>
	public override bool IsInvalid => handle.ToInt64() < 0;

	/// <summary>The descriptor, which goes with this object.</summary>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
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
	/// <returns>Whether it could be.</returns>
	protected override bool ReleaseHandle()
	{
		return Native.close(handle.ToInt32()) == 0;
	}
}
}
