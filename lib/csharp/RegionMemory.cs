// SPDX-License-Identifier: MIT
using System;
using System.Buffers;

namespace Zinc
{
/* The owner of a region's Memory: it keeps the mapping. */
internal sealed unsafe class RegionMemory : MemoryManager<byte>
{
	private readonly Mapping mapping;
	private readonly long offset;
	private readonly int length;

	internal RegionMemory(Mapping mapping, long offset, int length)
	{
		this.mapping = mapping;
		this.offset = offset;
		this.length = length;
	}

	private byte *Data => (byte *)mapping.DangerousGetHandle() + offset;

	public override Span<byte> GetSpan()
	{
		if (mapping.IsClosed)
			throw new ObjectDisposedException(nameof(SharedRegion), "the region is unmapped");
		return new Span<byte>(Data, length);
	}

	/* the memory stays mapped until Unpin(), even after Unmap() */
	public override MemoryHandle Pin(int elementIndex = 0)
	{
		bool added = false;

		if (elementIndex < 0 || elementIndex > length)
			throw new ArgumentOutOfRangeException(nameof(elementIndex));
		mapping.DangerousAddRef(ref added);
		return new MemoryHandle(Data + elementIndex, default, this);
	}

	public override void Unpin()
	{
		mapping.DangerousRelease();
	}

	protected override void Dispose(bool disposing)
	{
		/* the mapping is shared, and ends with its last user */
	}
}
}
