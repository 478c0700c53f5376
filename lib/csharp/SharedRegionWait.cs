// SPDX-License-Identifier: MIT
using System;
using System.Threading;
using System.Threading.Tasks;

namespace Zinc
{
/* The end of a timeout, and of the short waits of which a wait consists */
internal struct Deadline
{
	/*
	 * The library's waits cannot be interrupted. Therefore a wait is a loop of short
	 * waits, which checks in between whether the region was closed or the wait cancelled.
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

	internal ulong End => end;

	/* The time that is left; not for one without limit */
	internal TimeSpan Left
	{
		get {
			ulong now = Native.Now();

			return now >= end ? TimeSpan.Zero : new TimeSpan((long)((end - now) / 100));
		}
	}

	/* The end of the next short wait, and whether it is the last one */
	internal ulong Next(out bool last)
	{
		ulong next = Native.Now() + Slice;

		last = next >= end;
		return last ? end : next;
	}

	/* The same in milliseconds from now, rounded down */
	internal uint NextMilliseconds()
	{
		ulong now = Native.Now(), next = Next(out bool last);

		return next <= now ? 0 : (uint)((next - now) / 1000000);
	}
}

/* Handles of several regions, kept open during a call */
internal sealed class Handles : IDisposable
{
	private readonly RegionHandle[] held;
	private int count;

	internal Handles(params RegionHandle[] handles)
	{
		held = handles;
		/* one element more, so that &Raw[0] exists even without regions */
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
	/// <summary>Increments the sequence and wakes all waiters. Writes made before it are
	/// visible after the wait it wakes.</summary>
	/// <exception cref="ZincException">EBADF for a read-only region.</exception>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public void Notify()
	{
		Check("notify", Native.zinc_notify_checked(Handle()));
	}

	/// <summary>Waits without limit for a notify that this handle has not seen.</summary>
	/// <exception cref="ObjectDisposedException">The region was closed.</exception>
	public void Wait()
	{
		Wait(Timeout.InfiniteTimeSpan);
	}

	/// <summary>Waits for a notify that this handle has not seen.</summary>
	/// <param name="milliseconds">0 polls; <see cref="Timeout.Infinite"/> waits without
	/// limit.</param>
	/// <returns>Whether there was a notify; false on a timeout.</returns>
	/// <exception cref="ArgumentOutOfRangeException">The timeout is below -1.</exception>
	/// <exception cref="ObjectDisposedException">The region was closed.</exception>
	public bool Wait(int milliseconds)
	{
		return Wait(new TimeSpan(milliseconds * TimeSpan.TicksPerMillisecond));
	}

	/// <summary>Waits for a notify that this handle has not seen.</summary>
	/// <remarks>Own notifies count. One of the threads that wait on a handle consumes a
	/// pending notify, but a notify wakes all that sleep.</remarks>
	/// <param name="timeout">0 polls; <see cref="Timeout.InfiniteTimeSpan"/> waits without
	/// limit.</param>
	/// <param name="token">Cancels the wait within a tenth of a second; a cancelled wait consumes
	/// no notify.</param>
	/// <returns>Whether there was a notify; false on a timeout.</returns>
	/// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
	/// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
	/// <exception cref="ObjectDisposedException">The region was closed.</exception>
	public bool Wait(TimeSpan timeout, CancellationToken token = default(CancellationToken))
	{
		return WaitUntil(new Deadline(timeout), false, token);
	}

	/// <summary>Waits as <see cref="WaitOrGone(TimeSpan, CancellationToken)"/>.</summary>
	/// <param name="milliseconds">0 polls; <see cref="Timeout.Infinite"/> waits without
	/// limit.</param>
	/// <returns>Whether there was a notify; false on a timeout.</returns>
	/// <exception cref="RegionGoneException">The region's creator or name is gone.</exception>
	/// <exception cref="ArgumentOutOfRangeException">The timeout is below -1.</exception>
	/// <exception cref="ObjectDisposedException">The region was closed.</exception>
	public bool WaitOrGone(int milliseconds)
	{
		return WaitOrGone(new TimeSpan(milliseconds * TimeSpan.TicksPerMillisecond));
	}

	/// <summary><see cref="Wait(TimeSpan, CancellationToken)"/>, but fails once the
	/// creator's handle is closed, the creator has exited, or the region's name is removed
	/// or belongs to another region.</summary>
	/// <remarks>Notifies sent before that are delivered first.</remarks>
	/// <param name="timeout">As in <see cref="Wait(TimeSpan, CancellationToken)"/>.</param>
	/// <param name="token">As in <see cref="Wait(TimeSpan, CancellationToken)"/>.</param>
	/// <returns>Whether there was a notify; false on a timeout.</returns>
	/// <exception cref="RegionGoneException">The region's creator or name is gone.</exception>
	/// <exception cref="ZincException">EOPNOTSUPP if the loaded kernel module is too
	/// old.</exception>
	/// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
	/// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
	/// <exception cref="ObjectDisposedException">The region was closed.</exception>
	public bool WaitOrGone(TimeSpan timeout, CancellationToken token = default(CancellationToken))
	{
		return WaitUntil(new Deadline(timeout), true, token);
	}

	/// <summary><see cref="WaitOrGone(TimeSpan, CancellationToken)"/> as a task, which uses
	/// a thread of its own.</summary>
	/// <param name="timeout">As in <see cref="Wait(TimeSpan, CancellationToken)"/>.</param>
	/// <param name="token">As in <see cref="Wait(TimeSpan, CancellationToken)"/>.</param>
	/// <returns>Whether there was a notify.</returns>
	/// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
	/// <exception cref="ObjectDisposedException">The region is closed. The task reports
	/// all other errors.</exception>
	public Task<bool> WaitOrGoneAsync(TimeSpan timeout,
					  CancellationToken token = default(CancellationToken))
	{
		var end = new Deadline(timeout);

		if (token.IsCancellationRequested)
			return Task.FromCanceled<bool>(token);
		Handle();
		return Task.Factory.StartNew(() => WaitUntil(end, true, token), token,
					     TaskCreationOptions.LongRunning, TaskScheduler.Default);
	}

	/// <summary>Consumes a pending notify without waiting.</summary>
	/// <returns>Whether there was a notify.</returns>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public bool TryWait()
	{
		return Waited("try wait", Name, Native.zinc_try_wait(Handle()));
	}

	/// <summary><see cref="Wait(TimeSpan, CancellationToken)"/> as a task.</summary>
	/// <remarks>It uses a thread of its own, unless a notify is
	/// pending.</remarks>
	/// <param name="timeout">As in <see cref="Wait(TimeSpan, CancellationToken)"/>.</param>
	/// <param name="token">As in <see cref="Wait(TimeSpan, CancellationToken)"/>.</param>
	/// <returns>Whether there was a notify.</returns>
	/// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
	/// <exception cref="ObjectDisposedException">The region is closed. If it is closed
	/// during the wait, the task reports it.</exception>
	public Task<bool> WaitAsync(TimeSpan timeout, CancellationToken token = default(CancellationToken))
	{
		var end = new Deadline(timeout);

		if (token.IsCancellationRequested)
			return Task.FromCanceled<bool>(token);
		if (TryWait())
			return Task.FromResult(true);
		return Task.Factory.StartNew(() => WaitUntil(end, false, token), token,
					     TaskCreationOptions.LongRunning, TaskScheduler.Default);
	}

	/// <summary>Notifies this region, then waits for another: a request and its
	/// reply.</summary>
	/// <param name="reply">The region to wait for; may be this one.</param>
	/// <param name="timeout">As in <see cref="Wait(TimeSpan, CancellationToken)"/>.</param>
	/// <returns>Whether <c>reply</c> was notified.</returns>
	/// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
	/// <exception cref="ZincException">EBADF for a read-only region.</exception>
	/// <exception cref="ObjectDisposedException">A region was closed.</exception>
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
		return reply.WaitUntil(end, false, CancellationToken.None);
	}

	/// <summary>Waits for a notify on any of several regions.</summary>
	/// <remarks>Only that one's cursor advances.</remarks>
	/// <param name="timeout">As in <see cref="Wait(TimeSpan, CancellationToken)"/>.</param>
	/// <param name="regions">1 to 128, all of one backend.</param>
	/// <returns>The index of the first notified region; -1 on a timeout.</returns>
	/// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
	/// <exception cref="ZincException">EINVAL for no regions, or too many; EOPNOTSUPP on POSIX
	/// shared memory if the kernel is older than 5.16.</exception>
	/// <exception cref="ObjectDisposedException">A region was closed.</exception>
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

	private bool WaitUntil(Deadline end, bool orGone, CancellationToken token)
	{
		bool last;

		do {
			token.ThrowIfCancellationRequested();
			ulong next = end.Next(out last);
			int result = orGone ? Native.zinc_wait_with(Handle(), next, Native.WaitGone) :
					      Native.zinc_wait_until(Handle(), next);
			if (Waited("wait", Name, result))
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
