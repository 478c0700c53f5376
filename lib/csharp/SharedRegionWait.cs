// SPDX-License-Identifier: MIT
using System;
using System.Threading;
using System.Threading.Tasks;

namespace Zinc
{
/* The end of a timeout, and of the short waits that a wait is made of */
internal struct Deadline
{
	/*
	 * The library's waits cannot be interrupted. So between short ones it is seen
	 * whether the region was closed, or the wait cancelled.
	 */
	private const ulong Slice = 100000000;
	private readonly ulong end;

	internal Deadline(TimeSpan timeout)
	{
		if (timeout < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
			throw new ArgumentOutOfRangeException(nameof(timeout));
		bool isEndless = timeout < TimeSpan.Zero || timeout.TotalDays > 36500;
		end = isEndless ? ulong.MaxValue : Native.Now() + (ulong)timeout.Ticks * 100;
	}

	/* When the next short wait ends, and whether that is the last */
	internal ulong Next(out bool last)
	{
		ulong next = Native.Now() + Slice;

		last = next >= end;
		return last ? end : next;
	}

	/* That in milliseconds from now, and not later */
	internal uint NextMilliseconds()
	{
		ulong now = Native.Now(), next = Next(out bool last);

		return next <= now ? 0 : (uint)((next - now) / 1000000);
	}
}

/* Handles of several regions that stay open during a call */
internal sealed class Handles : IDisposable
{
	private readonly RegionHandle[] held;
	private int count;

	internal Handles(params RegionHandle[] handles)
	{
		held = handles;
		/* the library looks at the first only if there is one */
		Raw = new IntPtr[handles.Length + 1];
		try {
			while (count < held.Length)
				Hold();
		} catch {
			Dispose();
			throw;
		}
	}

	internal IntPtr[] Raw { get; }

	private void Hold()
	{
		bool added = false;

		held[count].DangerousAddRef(ref added);
		Raw[count] = held[count].DangerousGetHandle();
		count++;
	}

	public void Dispose()
	{
		while (count > 0)
			held[--count].DangerousRelease();
	}
}

public sealed partial class SharedRegion
{
	/// <summary>Counts the sequence on, and wakes all who wait. What was written before is
	/// visible after the wait that it satisfies.</summary>
	/// <exception cref="ZincException">EBADF for a read-only region.</exception>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public void Notify()
	{
		Check("notify", Native.zinc_notify_checked(Handle()));
	}

	/// <summary>Waits without an end for a notify that this handle has not seen.</summary>
	/// <exception cref="ObjectDisposedException">It is closed, or is meanwhile.</exception>
	public void Wait()
	{
		Wait(Timeout.InfiniteTimeSpan);
	}

	/// <summary>Waits for a notify that this handle has not seen.</summary>
	/// <param name="milliseconds">0 only looks; <see cref="Timeout.Infinite"/> has no
	/// end.</param>
	/// <returns>Whether there was one; false when the time is up.</returns>
	/// <exception cref="ArgumentOutOfRangeException">It is below -1.</exception>
	/// <exception cref="ObjectDisposedException">It is closed, or is meanwhile.</exception>
	public bool Wait(int milliseconds)
	{
		return Wait(new TimeSpan(milliseconds * TimeSpan.TicksPerMillisecond));
	}

	/// <summary>Waits for a notify that this handle has not seen.</summary>
	/// <remarks>Own notifies count. Of threads that wait by one handle, one gets what is
	/// pending, and all that sleep get the next.</remarks>
	/// <param name="timeout">0 only looks; <see cref="Timeout.InfiniteTimeSpan"/> has no
	/// end.</param>
	/// <param name="token">Ends it, within a tenth of a second; then no notify was
	/// taken.</param>
	/// <returns>Whether there was one; false when the time is up.</returns>
	/// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
	/// <exception cref="OperationCanceledException">It was cancelled.</exception>
	/// <exception cref="ObjectDisposedException">It is closed, or is meanwhile.</exception>
	public bool Wait(TimeSpan timeout, CancellationToken token = default(CancellationToken))
	{
		return WaitUntil(new Deadline(timeout), token);
	}

	/// <summary><see cref="Wait(TimeSpan, CancellationToken)"/> that only looks.</summary>
	/// <returns>Whether there was a notify.</returns>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public bool TryWait()
	{
		return Waited("try wait", Name, Native.zinc_try_wait(Handle()));
	}

	/// <summary><see cref="Wait(TimeSpan, CancellationToken)"/> as a task.</summary>
	/// <remarks>It takes a thread of its own while it lasts, unless a notify is
	/// pending.</remarks>
	/// <param name="timeout">As there.</param>
	/// <param name="token">As there.</param>
	/// <returns>Whether there was a notify.</returns>
	/// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
	/// <exception cref="ObjectDisposedException">It is closed; the task has it where that
	/// happens meanwhile.</exception>
	public Task<bool> WaitAsync(TimeSpan timeout, CancellationToken token = default(CancellationToken))
	{
		var end = new Deadline(timeout);

		if (token.IsCancellationRequested)
			return Task.FromCanceled<bool>(token);
		if (TryWait())
			return Task.FromResult(true);
		return Task.Factory.StartNew(() => WaitUntil(end, token), token,
					     TaskCreationOptions.LongRunning, TaskScheduler.Default);
	}

	/// <summary>Notifies this region, then waits for another, or for itself: a request and its
	/// reply.</summary>
	/// <param name="reply">The other.</param>
	/// <param name="timeout">As in <see cref="Wait(TimeSpan, CancellationToken)"/>.</param>
	/// <returns>Whether the other was notified.</returns>
	/// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
	/// <exception cref="ZincException">EBADF for a read-only region.</exception>
	/// <exception cref="ObjectDisposedException">One is closed, or is meanwhile.</exception>
	public bool NotifyAndWait(SharedRegion reply, TimeSpan timeout)
	{
		if (reply == null)
			throw new ArgumentNullException(nameof(reply));
		var end = new Deadline(timeout);
		using (var both = new Handles(Handle(), reply.Handle())) {
			int result = Native.zinc_notify_and_wait(both.Raw[0], both.Raw[1],
								 end.NextMilliseconds());
			if (Waited("notify and wait", Name, result))
				return true;
		}
		return reply.WaitUntil(end, CancellationToken.None);
	}

	/// <summary>Waits for a notify of any of several regions.</summary>
	/// <remarks>Only that one's cursor moves.</remarks>
	/// <param name="timeout">As in <see cref="Wait(TimeSpan, CancellationToken)"/>.</param>
	/// <param name="regions">1 to 128, all of one backend.</param>
	/// <returns>The index of the first that had one; -1 when the time is up.</returns>
	/// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
	/// <exception cref="ZincException">EINVAL for none, or too many; EOPNOTSUPP on POSIX shared
	/// memory where the kernel is older than 5.16.</exception>
	/// <exception cref="ObjectDisposedException">One is closed, or is meanwhile.</exception>
	public static int WaitAny(TimeSpan timeout, params SharedRegion[] regions)
	{
		var end = new Deadline(timeout);
		bool last;

		if (regions == null || Array.IndexOf(regions, null) >= 0)
			throw new ArgumentNullException(nameof(regions));
		do {
			ulong next = end.Next(out last);
			using (var all = new Handles(Array.ConvertAll(regions, region => region.Handle()))) {
				int result = Native.zinc_wait_any(all.Raw, (UIntPtr)(uint)regions.Length,
								  next, out UIntPtr index);
				if (Waited("wait any", "", result))
					return (int)index;
			}
		} while (!last);
		return -1;
	}

	private bool WaitUntil(Deadline end, CancellationToken token)
	{
		bool last;

		do {
			token.ThrowIfCancellationRequested();
			ulong next = end.Next(out last);
			if (Waited("wait", Name, Native.zinc_wait_until(Handle(), next)))
				return true;
		} while (!last);
		return false;
	}

	private static bool Waited(string operation, string name, int result)
	{
		if (result == -Errno.ETIMEDOUT || result == -Errno.EAGAIN)
			return false;
		Native.Check(operation, name, result);
		return true;
	}
}
}
