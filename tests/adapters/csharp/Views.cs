// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views that outlive their region, and regions that are closed while they are
 * used. Most mistakes crash this program. Prints TAP.
 */
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;
using Zinc;
using static Harness;

internal static class Views
{
	private const int Rounds = 200;

	/* Objects that outlive a region, and their address */
	private sealed class Left
	{
		internal string Name;
		internal string Mapping;
		internal Memory<byte> Memory;
		internal UnmanagedMemoryAccessor Accessor;
		internal UnmanagedMemoryStream Stream;

		internal static Left Make(bool isDisposed)
		{
			var region = Create(Named());
			var left = new Left {
				Name = region.Name,
				Memory = region.Memory,
				Accessor = region.CreateAccessor(),
				Stream = region.CreateStream()
			};

			left.Mapping = MappingOf(left.Memory);
			if (isDisposed)
				region.Dispose();
			return left;
		}

		internal bool IsOpen()
		{
			return SharedRegion.List().Any(info => info.Name == Name);
		}
	}

	private static Left MakeElsewhere(bool isDisposed)
	{
		Left left = null;

		Elsewhere(() => left = Left.Make(isDisposed));
		return left;
	}

	private static void Writes(Memory<byte> memory, byte value)
	{
		memory.Span.Fill(value);
		Check(memory.Span[Page - 1] == value);
	}

	/* Each of the views alone keeps the memory, whether the region was closed or lost. */
	private static void EachKeeps(bool isDisposed)
	{
		Left memory = MakeElsewhere(isDisposed), accessor = MakeElsewhere(isDisposed);
		Left stream = MakeElsewhere(isDisposed);

		accessor.Memory = stream.Memory = default(Memory<byte>);
		memory.Accessor = stream.Accessor = null;
		memory.Stream = accessor.Stream = null;
		Check(Collects(() => !memory.IsOpen() && !accessor.IsOpen() && !stream.IsOpen()));
		Collect();
		Writes(memory.Memory, 6);
		accessor.Accessor.Write(Page - 8, 7L);
		Check(accessor.Accessor.ReadInt64(Page - 8) == 7);
		stream.Stream.Position = Page - 1;
		stream.Stream.WriteByte(8);
		Check(IsMapped(memory.Mapping) && IsMapped(accessor.Mapping) && IsMapped(stream.Mapping));
	}

	private static void LastViewUnmaps()
	{
		string mapping = null;

		Elsewhere(() => {
			Left left = Left.Make(true);
			mapping = left.Mapping;
			Collect();
			Writes(left.Memory, 1);
			Check(IsMapped(mapping));
		});
		Check(Collects(() => !IsMapped(mapping)));
	}

	/* Region, handle, mapping and views at once, finalized in any order */
	private static void AllAtOnce()
	{
		var mappings = new List<string>();
		var names = new List<string>();

		Elsewhere(() => {
			for (int i = 0; i < 100; i++) {
				Left left = Left.Make(i % 3 == 0);
				mappings.Add(left.Mapping);
				names.Add(left.Name);
			}
		});
		/* a word on a stack may look like one of them */
		Check(Collects(() => mappings.Count(IsMapped) <= 2), mappings.Count(IsMapped));
		Check(SharedRegion.List().Count(info => names.Contains(info.Name)) <= 2);
	}

	/* Without the collector, if no view was taken, and by Unmap() */
	private static void AtOnce()
	{
		int before = CountMappings();
		var regions = Enumerable.Range(0, 50).Select(i => Create(Named())).ToList();

		Check(CountMappings() >= before + 40);
		regions.ForEach(region => region.Dispose());
		Check(CountMappings() <= before + 20, CountMappings() - before);
		var seen = Create(Named());
		string mapping = MappingOf(seen.Memory);
		Check(IsMapped(mapping));
		seen.Unmap();
		Check(!IsMapped(mapping));
	}

	private static void UnmappedThrow()
	{
		var region = Create(Named());
		Memory<byte> memory = region.Memory;
		var accessor = region.CreateAccessor();
		var stream = region.CreateStream();

		region.Unmap();
		IsClosed(() => memory.Span.Clear());
		IsClosed(() => memory.Pin());
		IsClosed(() => accessor.Write(0, 1));
		IsClosed(() => accessor.ReadInt64(8));
		IsClosed(() => stream.ReadByte());
	}

	private static unsafe void PinnedStay()
	{
		var region = Create(Named());
		Memory<byte> memory = region.Memory.Slice(100);

		using (var pin = memory.Pin()) {
			string mapping = MappingAt((long)pin.Pointer);
			region.Unmap();
			Collect();
			((byte *)pin.Pointer)[0] = 3;
			Check(memory.Span[0] == 3 && IsMapped(mapping));
		}
		IsClosed(() => memory.Span.Clear());
	}

	/* Start these together, each in a thread, and see that each ends as it may. */
	private static void Together(params Action[] actions)
	{
		using (var start = new Barrier(actions.Length)) {
			Task[] tasks = actions.Select(action => Task.Factory.StartNew(() => {
				start.SignalAndWait();
				action();
			}, TaskCreationOptions.LongRunning)).ToArray();
			Check(Task.WaitAll(tasks, Patience), "a thread does not end");
		}
	}

	/* Until the region is closed; nothing else may be thrown. */
	private static void UntilClosed(Action action)
	{
		try {
			while (true)
				action();
		} catch (ObjectDisposedException) {
		}
	}

	private static void Close(SharedRegion region, int round)
	{
		Thread.Sleep(round % 3);
		region.Dispose();
	}

	private static void DisposeUnderWaits()
	{
		TimeSpan forever = Timeout.InfiniteTimeSpan, soon = TimeSpan.FromMilliseconds(1);

		for (int round = 0; round < Rounds / 4; round++) {
			var region = Create(Named());
			Together(
				() => UntilClosed(() => region.Wait()),
				() => UntilClosed(() => region.Wait(soon)),
				() => UntilClosed(() => region.WaitAsync(forever).GetAwaiter().GetResult()),
				() => UntilClosed(() => SharedRegion.WaitAny(forever, region, region)),
				() => UntilClosed(() => region.NotifyAndWait(region, forever)),
				() => Close(region, round));
			Throws<ZincException>(() => SharedRegion.Stat(region.Name));
		}
	}

	private static void DisposeUnderCalls()
	{
		for (int round = 0; round < Rounds; round++) {
			var region = Create(Named());
			Together(
				() => UntilClosed(region.Notify),
				() => UntilClosed(() => region.TryWait()),
				() => UntilClosed(() => Check(region.Info.Name == region.Name)),
				() => UntilClosed(() => Check(region.Capacity == Page && region.Sequence < int.MaxValue)),
				() => Close(region, round),
				() => Close(region, round + 1));
		}
	}

	/* Accessors and memories of one region in many threads, while it goes */
	private static void DisposeUnderViews()
	{
		for (int round = 0; round < Rounds; round++) {
			var region = Create(Named());
			int shift = round;
			Action look = () => {
				Memory<byte> memory = region.Memory;
				for (int i = 0; i < 100; i++)
					memory.Span.Slice(i * 64, 64).Fill((byte)i);
			};
			Together(
				() => UntilClosed(look),
				() => UntilClosed(() => region.CreateAccessor().Write(Page - 8, 1L)),
				() => UntilClosed(() => region.CreateStream().WriteByte(1)),
				() => Close(region, shift),
				Collect);
		}
	}

	/* Another thread may unmap checked memory at any time. */
	private static void UnmapUnderAccessors()
	{
		for (int round = 0; round < Rounds; round++) {
			var region = Create(Named());
			Memory<byte> memory = region.Memory;
			var accessor = region.CreateAccessor();
			Action pin = () => {
				using (memory.Pin())
					memory.Span[Page - 1]++;
			};
			Together(
				() => UntilClosed(() => accessor.Write(0, accessor.ReadInt64(Page - 8) + 1)),
				() => UntilClosed(pin),
				() => UntilClosed(region.Notify),
				() => region.Unmap(),
				() => region.Dispose());
			Check(region.Name != "");
		}
	}

	/* A view in a thread, of a region without other references */
	private static void ViewsInThreads()
	{
		var threads = new List<Action>();

		for (int i = 0; i < 8; i++) {
			Left left = MakeElsewhere(i % 2 == 0);
			byte value = (byte)i;
			threads.Add(() => {
				for (int n = 0; n < 50; n++) {
					Writes(left.Memory, value);
					Collect();
					left.Accessor.Write(n, value);
				}
			});
		}
		Together(threads.ToArray());
	}

	/* The collector stops threads by signals, also waiting ones. */
	private static void CollectUnderWaits()
	{
		using (SharedRegion request = Create(Named()), reply = Create(Named())) {
			Action answer = () => {
				for (int i = 0; i < Rounds; i++) {
					Check(request.Wait(Patience));
					reply.Notify();
				}
			};
			Action ask = () => {
				for (int i = 0; i < Rounds; i++)
					Check(request.NotifyAndWait(reply, TimeSpan.FromMilliseconds(Patience)));
			};
			Action collect = () => {
				for (int i = 0; i < Rounds; i++)
					Collect();
			};
			Together(answer, ask, collect);
		}
	}

	/*
	 * A handle that closes between the check of its region and the call:
	 * the other regions have to be left again, or they would never close.
	 */
	private static void EnteredIsLeft()
	{
		const BindingFlags own = BindingFlags.Instance | BindingFlags.NonPublic;
		Type several = typeof(SharedRegion).Assembly.GetType("Zinc.Handles", true);
		FieldInfo handle = typeof(SharedRegion).GetField("handle", own);
		SharedRegion open = Create(Named()), closed = Create(Named());
		Array handles = Array.CreateInstance(handle.FieldType, 2);

		closed.Dispose();
		handles.SetValue(handle.GetValue(open), 0);
		handles.SetValue(handle.GetValue(closed), 1);
		var why = Throws<TargetInvocationException>(() =>
			Activator.CreateInstance(several, own, null, new object[] { handles }, null));
		Check(why.InnerException is ObjectDisposedException, why);
		open.Dispose();
		Fails(Errno.ENOENT, () => SharedRegion.Stat(open.Name));
	}

	private static int Main()
	{
		Action[] tests = {
			() => EachKeeps(true), () => EachKeeps(false), LastViewUnmaps, AllAtOnce, AtOnce,
			UnmappedThrow, PinnedStay, ViewsInThreads, CollectUnderWaits, DisposeUnderWaits,
			DisposeUnderCalls, DisposeUnderViews, UnmapUnderAccessors, EnteredIsLeft
		};
		string[] names = {
			"each view keeps a region that is closed", "each view keeps one that was lost",
			"the last view unmaps", "all are finalized at once",
			"memory goes at once where it can", "what is unmapped throws",
			"what is pinned stays", "views in threads", "the collector, and waits",
			"Dispose under waits", "Dispose under calls", "Dispose under views",
			"Unmap under what is checked", "what was entered is left"
		};

		return Run(tests.Select((test, i) => new Test(i + 1, names[i], test)).ToArray());
	}
}
