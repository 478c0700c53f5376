// SPDX-License-Identifier: MIT
using System;
using System.Collections;
using System.Collections.Generic;
using System.Threading;

namespace Zinc
{
/// <summary>Which frames a reader returns.</summary>
public enum ReaderMode
{
	/// <summary>The newest one.</summary>
	Newest = 0,
	/// <summary>Each one that is still there.</summary>
	Every = 1,
	/// <summary>Each one: the writer waits. This needs write permission.</summary>
	Registered = 2
}

/// <summary>A reading end of a stream.</summary>
/// <remarks>Every method may be called from any thread; calls take turns, also with one that
/// waits. But the next frame ends the use of the previous one. Methods of a closed stream throw
/// <see cref="ObjectDisposedException"/>.</remarks>
public sealed class FrameReader : FrameStream, IEnumerable<Frame>
{
	/* the name is there: the writer writes the header right after */
	private const ulong HeaderNs = 1000000000;
	private readonly ReaderHandle handle;
	private readonly object one = new object();
	private FrameFormat format;
	private Frame current;
	/* what calls without a frame passed over */
	private ulong passed;
	private bool changed;

	private FrameReader(string name, ReaderHandle handle, ref Native.StreamInfo info)
		: base(name, handle, ref info)
	{
		this.handle = handle;
		LoadFormat();
	}

	/// <summary>Opens a stream, without waiting for its name.</summary>
	/// <param name="name">As the writer gave it.</param>
	/// <param name="mode">Which frames it returns.</param>
	/// <returns>The reader.</returns>
	/// <exception cref="ZincException">ENOENT; otherwise as <see cref="OpenWait"/>.</exception>
	/// <exception cref="NotSupportedException">A slot has more than 2 GiB.</exception>
	public static FrameReader Open(string name, ReaderMode mode = ReaderMode.Newest)
	{
		return OpenWait(name, TimeSpan.Zero, mode);
	}

	/// <summary>Opens a stream, and waits for its name to be created. Its first frame is the newest
	/// one, or if it is registered, the first one that is written from now on.</summary>
	/// <param name="name">As the writer gave it.</param>
	/// <param name="timeout">Zero does not wait; <see cref="Timeout.InfiniteTimeSpan"/> waits
	/// without limit.</param>
	/// <param name="mode">Which frames it returns.</param>
	/// <returns>The reader.</returns>
	/// <exception cref="ZincException">ETIMEDOUT; ENOENT only without a timeout; EINVAL for a bad
	/// name or mode, EBADMSG if the region holds no stream, EPERM or EACCES, EUSERS if 16 readers
	/// are registered.</exception>
	/// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
	/// <exception cref="NotSupportedException">A slot has more than 2 GiB.</exception>
	public static FrameReader OpenWait(string name, TimeSpan timeout,
					   ReaderMode mode = ReaderMode.Newest)
	{
		byte[] text = Native.Name("open stream", name);
		IntPtr reader = Native.zinc_stream_reader_new();
		Native.StreamInfo info = Native.NewStreamInfo();
		var handle = new ReaderHandle();
		int result = -Errno.EINVAL;

		if (reader == IntPtr.Zero)
			throw new ZincException("open stream", name, Errno.ENOMEM);
		try {
			result = Repeat(timeout, end => OpenOnce(reader, text, (uint)mode, end));
		} finally {
			if (result != 0)
				Native.zinc_stream_reader_free(reader, out IntPtr none);
		}
		Native.Check("open stream", name, result);
		Native.zinc_stream_reader_info(reader, ref info);
		handle.Adopt(reader, info.Region);
		return new FrameReader(name, handle, ref info);
	}

	/* A wait for the name, and then one for the header with a time of its own */
	private static int OpenOnce(IntPtr reader, byte[] name, uint mode, ulong end)
	{
		Native.Options options = new OpenOptions { ReadOnly = true }.Raw();

		if (end == 0)
			return Native.zinc_stream_open(reader, name, mode, 0);
		int result = Native.zinc_open_wait(name, ref options, end, out IntPtr region);
		if (result != 0)
			return result;
		Native.zinc_close(region);
		return Native.zinc_stream_open(reader, name, mode, Native.Now() + HeaderNs);
	}

	private void LoadFormat()
	{
		Native.zinc_stream_reader_format(handle, out Native.StreamFormat raw);
		format = new FrameFormat(raw);
	}

	/// <summary>The format of the frame that was returned last, or that the stream had when it was
	/// opened.</summary>
	public FrameFormat Format
	{
		get {
			lock (one)
				return format;
		}
	}

	/// <summary>Frames lost since the stream was opened.</summary>
	/// <exception cref="ObjectDisposedException">The stream is closed.</exception>
	public long Lost
	{
		get {
			Native.StreamInfo info = Native.NewStreamInfo();

			InTurn(() => Native.zinc_stream_reader_info(handle, ref info));
			return (long)info.Lost;
		}
	}

	/// <summary>Waits for a frame without limit, and returns it in place.</summary>
	/// <returns>A frame, as <see cref="TryNext"/>.</returns>
	/// <exception cref="RegionGoneException">As <see cref="TryNext"/>.</exception>
	/// <exception cref="ZincException">As <see cref="TryNext"/>.</exception>
	/// <exception cref="ObjectDisposedException">The stream is closed.</exception>
	public Frame Next()
	{
		TryNext(Timeout.InfiniteTimeSpan, out Frame frame);
		return frame;
	}

	/// <summary>Waits for a frame, and returns it in place. The use of the previous one
	/// ends.</summary>
	/// <param name="timeout">Zero only looks; <see cref="Timeout.InfiniteTimeSpan"/> waits without
	/// limit.</param>
	/// <param name="frame">The frame; null on a timeout.</param>
	/// <returns>Whether there is a frame.</returns>
	/// <exception cref="RegionGoneException">The writer has ended, or the name belongs to another
	/// stream, and no frame is left.</exception>
	/// <exception cref="ZincException">EBADMSG if the stream contradicts itself.</exception>
	/// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
	/// <exception cref="ObjectDisposedException">The stream is closed.</exception>
	public bool TryNext(TimeSpan timeout, out Frame frame)
	{
		Frame found = null;
		int result = Repeat(timeout, end => NextOnce(end, out found));

		frame = found;
		if (result == -Errno.ETIMEDOUT)
			return false;
		Check("next", result);
		return true;
	}

	/* A short wait */
	private int NextOnce(ulong end, out Frame frame)
	{
		lock (one) {
			var view = new Native.StreamView();

			frame = null;
			if (current != null)
				Done(current);
			int result = InTurn(() => {
				int error = Native.zinc_stream_next(handle, out view, end);

				if (view.NewFormat != 0)
					LoadFormat();
				return error;
			});
			passed += view.Lost;
			changed |= view.NewFormat != 0;
			if (result != 0)
				return result;
			/* the library has checked that it fits into a slot */
			frame = new Frame(this, ref view, format,
					  View(view.Data, (int)view.Frame.Bytes), passed, changed);
			current = frame;
			passed = 0;
			changed = false;
			return 0;
		}
	}

	internal bool IsWhole(Frame frame)
	{
		lock (one) {
			if (frame != current || IsClosed)
				return false;
			return InTurn(() =>
				Native.zinc_stream_is_whole(handle, ref frame.View) ? 1 : 0) == 1;
		}
	}

	internal bool Done(Frame frame)
	{
		lock (one) {
			if (frame != current || IsClosed)
				return false;
			current = null;
			return InTurn(() => Native.zinc_stream_done(handle, ref frame.View)) == 0;
		}
	}

	/// <summary>Waits for a frame without limit, and copies it, as <see cref="TryRead"/>.</summary>
	/// <returns>A copy.</returns>
	/// <exception cref="RegionGoneException">As <see cref="TryNext"/>.</exception>
	/// <exception cref="ZincException">As <see cref="TryNext"/>.</exception>
	/// <exception cref="ObjectDisposedException">The stream is closed.</exception>
	public Frame Read()
	{
		TryRead(Timeout.InfiniteTimeSpan, out Frame frame);
		return frame;
	}

	/// <summary>Waits for a frame, and copies it. A frame that is overwritten during the copy is
	/// lost, and the next one is copied.</summary>
	/// <param name="timeout">As in <see cref="TryNext"/>.</param>
	/// <param name="frame">A copy, which is whole and stays as it is; null on a timeout.</param>
	/// <returns>Whether there is a frame.</returns>
	/// <exception cref="RegionGoneException">As <see cref="TryNext"/>.</exception>
	/// <exception cref="ZincException">As <see cref="TryNext"/>.</exception>
	/// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
	/// <exception cref="ObjectDisposedException">The stream is closed.</exception>
	public bool TryRead(TimeSpan timeout, out Frame frame)
	{
		var deadline = new Deadline(timeout);
		ulong lost = 0;
		bool different = false;

		frame = null;
		for (int torn = 0;; torn++) {
			TimeSpan left = timeout < TimeSpan.Zero ? timeout : deadline.Left;

			/* a writer may be faster than this loop for ever */
			if (left == TimeSpan.Zero && torn > Slots || !TryNext(left, out Frame next)) {
				Carry(lost, different);
				return false;
			}
			lost += (ulong)next.Lost;
			different |= next.IsNewFormat;
			byte[] copy = next.Data.ToArray();
			if (next.Done()) {
				frame = new Frame(null, ref next.View, next.Format, copy, lost, different);
				return true;
			}
			lost++;
		}
	}

	/* Have the next frame tell of what a call without a frame has passed over */
	private void Carry(ulong lost, bool different)
	{
		lock (one) {
			passed += lost;
			changed |= different;
		}
	}

	/// <summary>Enumerates frames in place, each one until the next one, until the writer has ended
	/// and no frame is left, or this reader is closed.</summary>
	/// <returns>An enumerator, which waits for frames without limit.</returns>
	public IEnumerator<Frame> GetEnumerator()
	{
		Frame frame;

		while ((frame = NextOrNull()) != null)
			yield return frame;
	}

	IEnumerator IEnumerable.GetEnumerator()
	{
		return GetEnumerator();
	}

	private Frame NextOrNull()
	{
		try {
			return IsClosed ? null : Next();
		} catch (RegionGoneException) {
			return null;
		} catch (ObjectDisposedException) {
			return null;
		}
	}
}
}
