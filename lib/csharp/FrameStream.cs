// SPDX-License-Identifier: MIT
using System;

namespace Zinc
{
/// <summary>One of the two ends of a stream: a ring of frames in a region.</summary>
public abstract class FrameStream : IDisposable
{
	private readonly object state = new object();
	private readonly object turn = new object();
	private readonly RegionHandle handle;
	private volatile bool closed;

	internal FrameStream(string name, RegionHandle handle, ref Native.StreamInfo info)
	{
		this.handle = handle;
		Name = name;
		if (info.SlotSize > int.MaxValue) {
			Dispose();
			throw new NotSupportedException(
				$"the stream \"{name}\" has slots of {info.SlotSize} bytes: expected up to 2 GiB");
		}
		Slots = (int)info.Slots;
		SlotSize = (int)info.SlotSize;
		SlotOffset = (long)info.SlotOffset;
	}

	/// <summary>The stream's name.</summary>
	public string Name { get; }

	/// <summary>The number of slots, 2 to 64.</summary>
	public int Slots { get; }

	/// <summary>The size of a slot in bytes.</summary>
	public int SlotSize { get; }

	/// <summary>Where slot 0 is in the region's data, and so in its dma-buf.</summary>
	public long SlotOffset { get; }

	/// <summary>Closes the stream's end; further calls do nothing. It does not block.</summary>
	/// <remarks>Waits of other threads end within a tenth of a second with an
	/// <see cref="ObjectDisposedException"/>. A Memory keeps the data mapped.</remarks>
	public void Dispose()
	{
		lock (state) {
			if (closed)
				return;
			closed = true;
			handle.Dispose();
			if (!handle.IsViewed)
				handle.Mapping?.Dispose();
		}
	}

	internal bool IsClosed => closed;

	private void CheckOpen()
	{
		if (closed)
			throw new ObjectDisposedException(GetType().Name,
							  $"the stream \"{Name}\" is closed");
	}

	internal delegate int Call();

	/* A call of the library, which keeps the handle open; those of several threads take turns */
	internal int InTurn(Call call)
	{
		lock (turn) {
			CheckOpen();
			return call();
		}
	}

	internal int Check(string operation, int result)
	{
		return Native.Check(operation, Name, result);
	}

	/* Memory of a slot, which from now on may outlive the stream */
	internal Memory<byte> View(IntPtr data, int length)
	{
		lock (state) {
			Mapping mapping = handle.Mapping;

			CheckOpen();
			handle.IsViewed = true;
			long offset = data.ToInt64() - mapping.DangerousGetHandle().ToInt64();
			return new RegionMemory(mapping, offset, length).Memory;
		}
	}

	/* Repeats a short wait until it ends in another way, or the time is up: -ETIMEDOUT */
	internal static int Repeat(TimeSpan timeout, Func<ulong, int> once)
	{
		var deadline = new Deadline(timeout);

		for (;;) {
			ulong end = deadline.Next(out bool last);
			int result = once(timeout == TimeSpan.Zero ? 0 : end);

			if (result != -Errno.ETIMEDOUT || last)
				return result;
		}
	}
}
}
