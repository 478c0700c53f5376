// SPDX-License-Identifier: MIT
using System;
using System.Threading;

namespace Zinc
{
/// <summary>The writing end of a stream.</summary>
/// <remarks>Every method may be called from any thread; calls take turns, also with one that
/// waits. But a frame belongs to one thread from <see cref="Begin"/> to
/// <see cref="Commit(long)"/>. Methods of a closed stream throw
/// <see cref="ObjectDisposedException"/>.</remarks>
public sealed class FrameWriter : FrameStream
{
	private readonly WriterHandle handle;
	private volatile FrameFormat format;

	private FrameWriter(string name, WriterHandle handle, ref Native.StreamInfo info,
			    FrameFormat format) : base(name, handle, ref info)
	{
		this.handle = handle;
		this.format = format;
	}

	/// <summary>Creates a stream.</summary>
	/// <param name="name">1 to 245 of a-z A-Z 0-9 _ -</param>
	/// <param name="format">The format of the first frames.</param>
	/// <param name="slots">2 to 64; 3 or more let a reader keep a frame while the next is
	/// written.</param>
	/// <param name="slotSize">Bytes of the largest frame, rounded up to a page; 0 for
	/// <see cref="FrameFormat.FrameBytes"/>.</param>
	/// <param name="options">The options; null for the defaults and
	/// <see cref="Lifetime.Creator"/>, with which the name ends with the writer.</param>
	/// <returns>The writer.</returns>
	/// <exception cref="ZincException">EINVAL for a name or number that is out of range, EBADMSG if
	/// the format does not fit into a slot, EEXIST if another writer has the name, and as
	/// <see cref="SharedRegion.Create"/>.</exception>
	/// <exception cref="NotSupportedException">A slot has more than 2 GiB.</exception>
	public static FrameWriter Create(string name, FrameFormat format, int slots = 4,
					 long slotSize = 0, CreateOptions options = null)
	{
		byte[] text = Native.Name("create stream", name);
		Native.StreamFormat raw = format.Raw;
		var defaults = new CreateOptions { Lifetime = Lifetime.Creator };
		Native.Options choice = (options ?? defaults).Raw();
		Native.StreamInfo info = Native.NewStreamInfo();
		long size = slotSize == 0 ? format.FrameBytes : slotSize;
		var handle = new WriterHandle();
		IntPtr writer = Native.zinc_stream_writer_new();

		if (writer == IntPtr.Zero)
			throw new ZincException("create stream", name, Errno.ENOMEM);
		int result = Native.zinc_stream_create(writer, text, ref raw, unchecked((uint)slots),
						       unchecked((ulong)size), ref choice);
		if (result != 0)
			Native.zinc_stream_writer_free(writer, out IntPtr none);
		Native.Check("create stream", name, result);
		Native.zinc_stream_writer_info(writer, ref info);
		handle.Adopt(writer, info.Region);
		return new FrameWriter(name, handle, ref info, format);
	}

	/// <summary>The time of a frame that is written now: CLOCK_MONOTONIC in nanoseconds.</summary>
	public static long Now => (long)Native.Now();

	/// <summary>The format of the next frame.</summary>
	public FrameFormat Format => format;

	/// <summary>The number of the newest frame; 0 before the first.</summary>
	/// <exception cref="ObjectDisposedException">The stream is closed.</exception>
	public long Number
	{
		get {
			Native.StreamInfo info = Native.NewStreamInfo();

			InTurn(() => Native.zinc_stream_writer_info(handle, ref info));
			return (long)info.Number;
		}
	}

	/// <summary>Begins the next frame. It waits for registered readers without limit.</summary>
	/// <returns>The slot, as <see cref="TryBegin"/>.</returns>
	/// <exception cref="ZincException">As <see cref="TryBegin"/>.</exception>
	/// <exception cref="ObjectDisposedException">The stream is closed.</exception>
	public Memory<byte> Begin()
	{
		TryBegin(Timeout.InfiniteTimeSpan, out Memory<byte> slot);
		return slot;
	}

	/// <summary>Begins the next frame. It waits for registered readers; without them it does not
	/// wait.</summary>
	/// <param name="timeout">Zero does not wait; <see cref="Timeout.InfiniteTimeSpan"/> waits
	/// without limit.</param>
	/// <param name="slot">The slot, in which an old frame is, to be used until
	/// <see cref="Commit(long)"/>.</param>
	/// <returns>Whether it was begun; after a timeout <see cref="DropReaders"/> helps.</returns>
	/// <exception cref="ZincException">EBUSY if a frame is begun; EMFILE, ENFILE or ENOMEM if a
	/// reader that has registered cannot be opened.</exception>
	/// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
	/// <exception cref="ObjectDisposedException">The stream is closed.</exception>
	public bool TryBegin(TimeSpan timeout, out Memory<byte> slot)
	{
		IntPtr data = IntPtr.Zero;
		int result = Repeat(timeout, end => InTurn(() =>
			Native.zinc_stream_begin(handle, end, out data)));

		slot = default;
		if (result == -Errno.ETIMEDOUT)
			return false;
		Check("begin", result);
		slot = View(data, SlotSize);
		return true;
	}

	/// <summary>Publishes the frame that was begun, with the present time.</summary>
	/// <param name="bytes">Bytes of the slot that are used.</param>
	/// <exception cref="ZincException">EINVAL if no frame is begun, or a slot has fewer
	/// bytes.</exception>
	/// <exception cref="ObjectDisposedException">The stream is closed.</exception>
	public void Commit(long bytes)
	{
		Commit(new FrameInfo { Bytes = bytes, PtsNs = Now });
	}

	/// <summary>Publishes the frame that was begun.</summary>
	/// <param name="info">Its description.</param>
	/// <exception cref="ZincException">As <see cref="Commit(long)"/>.</exception>
	/// <exception cref="ObjectDisposedException">The stream is closed.</exception>
	public void Commit(FrameInfo info)
	{
		Native.StreamFrame frame = info.Raw();

		Check("commit", InTurn(() => Native.zinc_stream_commit(handle, ref frame)));
	}

	/// <summary>Gives the frame that was begun up. Its slot is empty afterwards.</summary>
	/// <exception cref="ObjectDisposedException">The stream is closed.</exception>
	public void Cancel()
	{
		InTurn(() => {
			Native.zinc_stream_cancel(handle);
			return 0;
		});
	}

	/// <summary>Changes the format of later frames. The next <see cref="Begin"/> waits until
	/// registered readers have read a frame of the present format.</summary>
	/// <param name="next">A format that fits into a slot.</param>
	/// <exception cref="ZincException">EBADMSG if it does not, EBUSY if a frame is
	/// begun.</exception>
	/// <exception cref="ObjectDisposedException">The stream is closed.</exception>
	public void SetFormat(FrameFormat next)
	{
		Native.StreamFormat raw = next.Raw;

		Check("set format", InTurn(() => Native.zinc_stream_set_format(handle, ref raw)));
		format = next;
	}

	/// <summary>Stops waiting for the registered readers that are in the way. They lose frames
	/// then.</summary>
	/// <returns>How many readers.</returns>
	/// <exception cref="ObjectDisposedException">The stream is closed.</exception>
	public int DropReaders()
	{
		return InTurn(() => Native.zinc_stream_drop(handle));
	}
}
}
