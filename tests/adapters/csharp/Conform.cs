// SPDX-License-Identifier: GPL-2.0-only
/* The adapter for C#: the cases of CASES.md, and from 101 on its own. Prints TAP. */
using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Zinc;
using static Harness;

internal static class Conform
{
	private static readonly TimeSpan Long = TimeSpan.FromMilliseconds(Patience);

	private static byte[] Pattern(int salt, int size)
	{
		var all = new byte[size];

		for (int i = 0; i < size; i++)
			all[i] = (byte)(i * 31 + salt);
		return all;
	}

	private static void Create_()
	{
		string name = Named();

		using (var region = Create(name)) {
			Check(region.Name == name && region.Capacity == Page);
			Check(Peer.Say("probe", name) == "0");
		}
	}

	private static void CreateExists()
	{
		string name = Named();

		using (var region = Create(name)) {
			Fails(Errno.EEXIST, () => Create(name));
			region.Notify();
			Check(region.TryWait());
		}
	}

	private static void OpenMissing()
	{
		Fails(Errno.ENOENT, () => SharedRegion.Open(Named()));
	}

	private static void BadName(string name)
	{
		Fails(Errno.EINVAL, () => Create(name));
		Fails(Errno.EINVAL, () => SharedRegion.Open(name));
	}

	private static void NameNul()
	{
		string name = Named();

		using (Create(name)) {
			BadName(name + "\0b");
			Fails(Errno.EINVAL, () => SharedRegion.Unlink(name + "\0b"));
			Fails(Errno.EINVAL, () => SharedRegion.Stat(name + "\0b"));
		}
	}

	private static void NameLongest()
	{
		string name = Named().PadRight(249, 'x');

		using (Create(name))
		using (var other = SharedRegion.Open(name))
			Check(other.Name == name && other.Info.Name == name);
	}

	private static void BadCapacity(long capacity)
	{
		string name = Named();

		Fails(Errno.EINVAL, () => SharedRegion.Create(name, capacity));
		Fails(Errno.ENOENT, () => SharedRegion.Open(name));
	}

	private static void Capacity()
	{
		string name = Named();

		using (var a = SharedRegion.Create(name, 3 * Page))
		using (var b = SharedRegion.Open(name))
			foreach (var region in new[] { a, b }) {
				Check(region.Capacity == 196608 && region.Span.Length == 196608);
				Check(region.CreateAccessor().Capacity == 196608);
				Check(region.CreateStream().Length == 196608);
			}
	}

	private static void DataZero()
	{
		using (var region = SharedRegion.Create(Named(), 16 * Page))
			Check(region.Span.SequenceEqual(new byte[16 * Page]));
	}

	private static void DataBothWays()
	{
		const int size = 3 * Page;
		string name = Named();

		using (var region = SharedRegion.Create(name, size)) {
			var other = Peer.Start("answer", name);
			Pattern(7, size).CopyTo(region.Memory);
			region.Notify();
			/* the peer writes it last */
			while (region.CreateAccessor().ReadByte(0) != 14)
				Check(region.Wait(Patience));
			Check(region.Span.SequenceEqual(Pattern(14, size)));
			other.Ends();
		}
	}

	private static void DataOneMemory()
	{
		string name = Named();

		using (var a = Create(name))
		using (var b = SharedRegion.Open(name)) {
			var views = new[] { a.CreateAccessor(), a.CreateAccessor(), b.CreateAccessor() };
			for (int i = 0; i < views.Length; i++) {
				views[i].Write(100, (byte)(i + 1));
				Check(views.All(view => view.ReadByte(100) == i + 1));
				Check(a.Span[100] == i + 1 && b.ReadOnlyMemory.Span[100] == i + 1);
			}
		}
	}

	private static void HeaderRefs()
	{
		string name = Named();

		using (Create(name)) {
			Check(Peer.Say("refs", name) == "1");
			using (SharedRegion.Open(name))
				Check(Peer.Say("refs", name) == "2");
			Check(Peer.Say("refs", name) == "1");
		}
	}

	private static void TryWaitNothing()
	{
		using (var region = Create(Named()))
			Check(!region.TryWait());
	}

	private static void WaitZero()
	{
		using (var region = Create(Named())) {
			Check(!region.Wait(0));
			region.Notify();
			Check(region.Wait(0));
			Check(!region.Wait(0));
		}
	}

	private static void WaitTimeout()
	{
		using (var region = Create(Named())) {
			var clock = Stopwatch.StartNew();
			Check(!region.Wait(100));
			Check(clock.ElapsedMilliseconds >= 100, clock.ElapsedMilliseconds);
		}
	}

	private static void WaitCoalesces()
	{
		using (var region = Create(Named())) {
			for (int i = 0; i < 5; i++)
				region.Notify();
			Check(region.TryWait());
			Check(!region.TryWait());
		}
	}

	private static void WaitFromZero()
	{
		string name = Named();

		using (var region = Create(name)) {
			region.Notify();
			using (var late = SharedRegion.Open(name)) {
				Check(late.TryWait());
				Check(!late.TryWait());
			}
		}
	}

	private static void WaitOwnCursor()
	{
		string name = Named();

		using (var a = Create(name))
		using (var b = SharedRegion.Open(name)) {
			a.Notify();
			Check(a.TryWait() && b.TryWait());
			Check(!a.TryWait() && !b.TryWait());
		}
	}

	private static void WaitWraps()
	{
		string name = Named();

		using (var region = Create(name)) {
			Peer.Say("sequence", name, "4294967295");
			Check(region.TryWait());
			region.Notify();
			Check(region.TryWait());
			Check(!region.TryWait());
		}
	}

	/// <summary>At its deadline a wait looks once more: one that was never woken is late.
	/// </summary>
	private static void IsWoken(SharedRegion region)
	{
		var time = System.Diagnostics.Stopwatch.StartNew();

		Check(region.Wait(Patience));
		Check(time.ElapsedMilliseconds < Patience);
	}

	private static void WaitOtherProcess()
	{
		string name = Named();

		using (var region = Create(name)) {
			Peer.Say("notify", name, "3");
			IsWoken(region);
			Check(!region.TryWait());
		}
	}

	private static void WaitWakes()
	{
		string name = Named();

		using (var region = Create(name)) {
			var other = Peer.Start("late-notify", name, OwnPid.ToString());
			IsWoken(region);
			other.Ends();
		}
	}

	private static void CloseTwice()
	{
		var region = Create(Named());

		region.Dispose();
		region.Dispose();
	}

	private static void CloseThenUse()
	{
		var region = Create(Named());

		region.Dispose();
		IsClosed(() => Check(region.Capacity > 0));
		IsClosed(region.Notify);
		IsClosed(region.Wait);
		IsClosed(() => region.Wait(0));
		IsClosed(() => region.TryWait());
		IsClosed(() => region.CreateAccessor());
	}

	private static void CloseCreatorFirst()
	{
		string name = Named();
		SharedRegion creator = Create(name), other = SharedRegion.Open(name);

		creator.Dispose();
		Check(Peer.Say("probe", name) == "0");
		other.Dispose();
		Check(Peer.Say("probe", name) == "2");
	}

	private static void CloseReaderOutlives()
	{
		string name = Named();
		var creator = Create(name);

		creator.CreateAccessor().Write(5, (byte)7);
		var other = Peer.Start("open-hold", name);
		creator.Dispose();
		using (var region = SharedRegion.Open(name)) {
			other.Ends();
			Check(region.Span[5] == 7);
		}
		Check(Peer.Say("probe", name) == "2");
	}

	private static void CloseNameIsFree()
	{
		string name = Named();

		Create(name).Dispose();
		Create(name).Dispose();
	}

	private static void ViewAfterClose()
	{
		var region = Create(Named());
		Memory<byte> memory = region.Memory;
		var accessor = region.CreateAccessor();

		accessor.Write(10, (byte)1);
		region.Dispose();
		region = null;
		Collect();
		memory.Span.Slice(11, 1).Fill(2);
		Check(accessor.ReadInt32(9) == BitConverter.ToInt32(new byte[] { 0, 1, 2, 0 }, 0));
		Check(memory.Span[10] == 1 && memory.Span[12] == 0);
	}

	private static void ViewNoneAfterClose()
	{
		var region = Create(Named());

		region.Dispose();
		IsClosed(() => Check(region.Memory.IsEmpty));
		IsClosed(() => Check(region.ReadOnlyMemory.IsEmpty));
		IsClosed(() => Check(region.Span.IsEmpty));
		IsClosed(() => region.GetMemory(0, 0));
		IsClosed(() => region.GetReadOnlyMemory(0, 0));
		IsClosed(() => region.CreateAccessor());
		IsClosed(() => region.CreateStream());
	}

	private static void Collected()
	{
		string name = Named();

		Elsewhere(() => Create(name).CreateAccessor().Write(0, (byte)1));
		Check(Collects(() => Peer.Say("probe", name) == "2"));
	}

	private static void Many()
	{
		string name = Named();
		int descriptors = 0, mappings = 0;

		/* the regions of earlier cases must not end meanwhile */
		Collect();
		for (int i = 0; i < 1000; i++) {
			using (var region = Create(name)) {
				region.Notify();
				Check(region.TryWait());
			}
			if (i == 10) {
				descriptors = CountDescriptors();
				mappings = CountMappings();
			}
		}
		// the machine may have closed one of its own meanwhile
		Check(CountDescriptors() <= descriptors, $"{descriptors}, now {CountDescriptors()}");
		Check(CountMappings() <= mappings + 20, $"{mappings}, now {CountMappings()}");
	}

	private static void ReadOnly()
	{
		string name = Named();

		using (var creator = Create(name)) {
			creator.CreateAccessor().Write(1, (byte)9);
			using (var reader = SharedRegion.OpenReadOnly(name)) {
				var view = reader.CreateAccessor();
				Check(reader.IsReadOnly && !creator.IsReadOnly);
				Check(view.ReadByte(1) == 9 && reader.ReadOnlyMemory.Span[1] == 9);
				Throws<NotSupportedException>(() => view.Write(1, (byte)8));
				Throws<NotSupportedException>(() => reader.CreateStream().WriteByte(8));
				Throws<NotSupportedException>(() => Check(reader.Memory.IsEmpty));
				Throws<NotSupportedException>(() => reader.GetMemory(0, 1));
				Fails(Errno.EBADF, reader.Notify);
				Check(!creator.TryWait() && view.ReadByte(1) == 9);
			}
		}
	}

	private static void Persist()
	{
		string name = Named();

		SharedRegion.Create(name, Page, new CreateOptions { Lifetime = Lifetime.Persist }).Dispose();
		Check(Peer.Say("probe", name) == "0");
		SharedRegion.Unlink(name);
		Check(Peer.Say("probe", name) == "2");
	}

	private static void Killed()
	{
		string name = Named();
		var other = Peer.Start("hold", name);

		using (var region = SharedRegion.Open(name)) {
			other.Kill();
			Check(region.Span[0] == 0xA5);
			region.Notify();
			Check(region.TryWait());
		}
		Check(Peer.Say("probe", name) == "2");
		Peer.Say("unlink", name);
	}

	private static void Fd()
	{
		using (var region = Create(Named())) {
			if (!IsKmod) {
				Fails(Errno.EOPNOTSUPP, () => Check(region.Fd < 0));
				return;
			}
			Check(!IsReadable(region.Fd, 0));
			region.Notify();
			Check(IsReadable(region.Fd, Patience));
			Check(region.TryWait());
			Check(!IsReadable(region.Fd, 0));
		}
	}

	/* A wait ends because the region's creator or name is gone, before its timeout */
	private static void IsGone(SharedRegion region, int timeout)
	{
		var clock = Stopwatch.StartNew();
		var why = Throws<RegionGoneException>(() => region.WaitOrGone(timeout));

		Check(why.Errno == Errno.EPIPE && why.Region == region.Name, why);
		Check(clock.ElapsedMilliseconds < Patience, clock.ElapsedMilliseconds);
	}

	private static void GoneWakes()
	{
		string name = Named();
		var other = Peer.Start("late-die", name, OwnPid.ToString());

		using (var region = SharedRegion.Open(name)) {
			IsGone(region, Patience);
			IsGone(region, 0);
			IsGone(region, Timeout.Infinite);
			Task<bool> wait = region.WaitOrGoneAsync(Timeout.InfiniteTimeSpan);
			Throws<RegionGoneException>(() => wait.GetAwaiter().GetResult());
			Check(!region.Wait(0));
		}
		other.Dies();
	}

	private static void GoneLastNotify()
	{
		string name = Named();
		var other = Peer.Start("hold", name);

		using (var region = SharedRegion.Open(name)) {
			region.Notify();
			other.Kill();
			Check(region.WaitOrGone(Patience));
			IsGone(region, Patience);
		}
		Check(Peer.Say("probe", name) == "2");
	}

	private static void GoneName()
	{
		string name = Named();

		using (SharedRegion creator = Create(name), other = SharedRegion.Open(name)) {
			Peer.Say("unlink", name);
			IsGone(creator, Patience);
			IsGone(other, Patience);
		}
	}

	private static void GoneLives()
	{
		string name = Named();
		var clock = Stopwatch.StartNew();

		using (SharedRegion creator = Create(name), other = SharedRegion.Open(name)) {
			Check(!other.WaitOrGone(0) && !other.WaitOrGone(100));
			Check(clock.ElapsedMilliseconds >= 100, clock.ElapsedMilliseconds);
			creator.Notify();
			Check(other.WaitOrGone(Patience) && !other.WaitOrGone(0));
			creator.Notify();
			Check(other.WaitOrGoneAsync(Long).Result);
			other.Dispose();
			IsClosed(() => other.WaitOrGone(0));
			IsClosed(() => other.WaitOrGoneAsync(Long));
		}
	}

	private static void UnlinkStale()
	{
		string name = Named();
		var other = Peer.Start("hold", name);

		Fails(IsKmod ? Errno.ENOENT : Errno.EBUSY, () => SharedRegion.UnlinkStale(name));
		other.Kill();
		if (IsKmod)
			Fails(Errno.ENOENT, () => SharedRegion.UnlinkStale(name));
		else
			SharedRegion.UnlinkStale(name);
		Check(Peer.Say("probe", name) == "2");
		Fails(Errno.ENOENT, () => SharedRegion.UnlinkStale(name));
	}

	private static void OpenWaits()
	{
		string name = Named();
		var other = Peer.Start("late-create", name, OwnPid.ToString());
		var clock = Stopwatch.StartNew();

		using (var region = SharedRegion.OpenWait(name, TimeSpan.FromMilliseconds(Patience))) {
			Check(clock.ElapsedMilliseconds < Patience, clock.ElapsedMilliseconds);
			Check(region.Info.Name == name);
		}
		other.Kill();
	}

	private static void OpenTimesOut()
	{
		string name = Named();
		var clock = Stopwatch.StartNew();

		Fails(Errno.ENOENT, () => SharedRegion.OpenWait(name, TimeSpan.Zero));
		Fails(Errno.ETIMEDOUT, () => SharedRegion.OpenWait(name, TimeSpan.FromMilliseconds(100)));
		Check(clock.ElapsedMilliseconds >= 100, clock.ElapsedMilliseconds);
	}

	/* ---- its own ---- */

	private static void Async()
	{
		using (var region = Create(Named()))
		using (var cancel = new CancellationTokenSource()) {
			var clock = Stopwatch.StartNew();
			Check(!region.WaitAsync(TimeSpan.FromMilliseconds(130)).Result);
			Check(clock.ElapsedMilliseconds >= 130, clock.ElapsedMilliseconds);
			region.Notify();
			Task<bool> wait = region.WaitAsync(Timeout.InfiniteTimeSpan);
			Check(wait.IsCompleted && wait.Result);
			wait = region.WaitAsync(Timeout.InfiniteTimeSpan);
			Check(!wait.Wait(30));
			region.Notify();
			Check(wait.Result);
			Throws<ArgumentOutOfRangeException>(() => region.WaitAsync(TimeSpan.FromMilliseconds(-2)));
			IsCancelled(region, cancel);
		}
	}

	/* Before and meanwhile, and no notify is taken */
	private static void IsCancelled(SharedRegion region, CancellationTokenSource cancel)
	{
		Task<bool> wait = region.WaitAsync(Timeout.InfiniteTimeSpan, cancel.Token);

		cancel.CancelAfter(30);
		Throws<OperationCanceledException>(() => wait.GetAwaiter().GetResult());
		region.Notify();
		Check(wait.IsCanceled && region.WaitAsync(TimeSpan.Zero, cancel.Token).IsCanceled);
		Throws<OperationCanceledException>(() => region.Wait(Timeout.InfiniteTimeSpan, cancel.Token));
		Check(region.TryWait());
	}

	private static void DisposeEndsWait(Action<SharedRegion> wait)
	{
		string name = Named();
		var region = Create(name);
		Task waiting = Task.Factory.StartNew(() => wait(region), TaskCreationOptions.LongRunning);

		Check(!waiting.Wait(50));
		region.Dispose();
		IsClosed(() => waiting.GetAwaiter().GetResult());
		Check(Peer.Say("probe", name) == "2");
	}

	private static void DisposeEndsWaits()
	{
		TimeSpan forever = Timeout.InfiniteTimeSpan;

		DisposeEndsWait(region => region.Wait());
		DisposeEndsWait(region => region.Wait(Patience));
		DisposeEndsWait(region => region.WaitAsync(forever).GetAwaiter().GetResult());
		DisposeEndsWait(region => SharedRegion.WaitAny(forever, region));
		DisposeEndsWait(region => {
			using (var other = Create(Named()))
				other.NotifyAndWait(region, forever);
		});
	}

	private static void Several()
	{
		using (SharedRegion a = Create(Named()), b = Create(Named())) {
			Check(SharedRegion.WaitAny(TimeSpan.FromMilliseconds(5), a, b) == -1);
			b.Notify();
			Check(SharedRegion.WaitAny(Long, a, b) == 1);
			Fails(Errno.EINVAL, () => SharedRegion.WaitAny(TimeSpan.Zero));
			Throws<ArgumentNullException>(() => SharedRegion.WaitAny(TimeSpan.Zero, a, null));
			Throws<ArgumentNullException>(() => a.NotifyAndWait(null, TimeSpan.Zero));
			Check(!a.NotifyAndWait(b, TimeSpan.FromMilliseconds(130)));
			Check(a.TryWait());
			Check(a.NotifyAndWait(a, Timeout.InfiniteTimeSpan));
			OneIsClosed(a);
		}
	}

	/* Every entered section must be left again, or the handle would never close. */
	private static void OneIsClosed(SharedRegion open)
	{
		string name = Named();
		SharedRegion closed = Create(Named()), first = Create(name);

		closed.Dispose();
		IsClosed(() => SharedRegion.WaitAny(TimeSpan.Zero, first, closed));
		IsClosed(() => first.NotifyAndWait(closed, TimeSpan.Zero));
		IsClosed(() => closed.NotifyAndWait(open, TimeSpan.Zero));
		first.Dispose();
		Check(Peer.Say("probe", name) == "2");
	}

	private static void Timeouts()
	{
		using (SharedRegion region = Create(Named()), other = Create(Named()))
			foreach (long ticks in new long[] { 0, 1, 15000, 1300000 }) {
				TimeSpan timeout = TimeSpan.FromTicks(ticks);
				TimesOut(timeout, () => region.Wait(timeout));
				TimesOut(timeout, () => other.NotifyAndWait(region, timeout));
				TimesOut(timeout, () => SharedRegion.WaitAny(timeout, region) == 0);
			}
		using (var region = Create(Named())) {
			Throws<ArgumentOutOfRangeException>(() => region.Wait(-2));
			region.Notify();
			Check(region.Wait(TimeSpan.MaxValue));
			region.Notify();
			Check(region.Wait(Timeout.Infinite));
		}
	}

	private static void TimesOut(TimeSpan timeout, Func<bool> wait)
	{
		var clock = Stopwatch.StartNew();

		Check(!wait());
		Check(clock.Elapsed >= timeout, clock.Elapsed);
	}

	private static void Descriptors()
	{
		if (!IsKmod) {
			Fails(Errno.EOPNOTSUPP, () => SharedRegion.CreateAnonymous(Page));
			throw new Skip("POSIX shared memory has no descriptors");
		}
		using (var region = SharedRegion.CreateAnonymous(Page))
		using (var same = SharedRegion.FromFd(region.Fd))
		using (var reader = SharedRegion.FromFd(region.Fd, new OpenOptions { ReadOnly = true }))
		using (var third = SharedRegion.FromFd(reader.Fd)) {
			Check(region.Name == "" && (region.Info.Flags & RegionFlags.Anonymous) != 0);
			same.CreateAccessor().Write(3, (byte)4);
			Check(third.IsReadOnly && !same.IsReadOnly && third.ReadOnlyMemory.Span[3] == 4);
		}
		Fails(Errno.EBADF, () => SharedRegion.FromFd(-1));
		using (var named = Create(Named()))
		using (var same = SharedRegion.FromFd(named.Fd))
			Check(same.Name == named.Name);
	}

	private static void Devices()
	{
		using (var region = Create(Named())) {
			Check(region.Features == SharedRegion.DeviceFeatures);
			if (!IsKmod)
				HasNoDevices(region);
			Check((region.Features & Features.Export) != 0);
			DmaBuf dmabuf = region.ExportDmaBuf();
			using (dmabuf)
				Check(lseek(dmabuf.Fd, 0, 2) == Page);
			IsClosed(() => Check(dmabuf.Fd < 0));
			using (DmaBuf part = region.ExportDmaBufPart(0, Page, true))
				Check(lseek(part.Fd, 0, 2) == Page);
			Fails(Errno.EINVAL, () => region.ExportDmaBufPart(Page, Page));
			if ((region.Features & Features.Contiguous) != 0)
				using (var other = SharedRegion.Create(Named(), Page, new CreateOptions { Contiguous = true }))
					Check((other.Info.Flags & RegionFlags.Contiguous) != 0);
			region.BeginCpuAccess(CpuAccess.ReadWrite);
			region.EndCpuAccess(CpuAccess.ReadWrite);
			Fails(Errno.EBADF, () => region.NotifyOnFence(-1));
			Fails(Errno.EBADF, () => SharedRegion.ImportDmaBuf(-1, Named()));
			Fails(Errno.EBADF, () => SharedRegion.ImportDmaBuf(-1, null));
		}
	}

	private static void HasNoDevices(SharedRegion region)
	{
		Check(region.Features == Features.None);
		Fails(Errno.EOPNOTSUPP, () => region.ExportDmaBuf(true));
		Fails(Errno.EOPNOTSUPP, () => region.ExportDmaBufPart(0, Page));
		Fails(Errno.EOPNOTSUPP, () => SharedRegion.Create(Named(), Page,
			new CreateOptions { Contiguous = true }));
		Fails(Errno.EOPNOTSUPP, () => region.NotifyOnFence(0));
		Fails(Errno.EOPNOTSUPP, () => region.BeginCpuAccess(CpuAccess.Read));
		Fails(Errno.EOPNOTSUPP, () => region.EndCpuAccess(CpuAccess.Write));
		Fails(Errno.EOPNOTSUPP, () => SharedRegion.ImportDmaBuf(0, Named()));
		throw new Skip("POSIX shared memory has no dma-bufs");
	}

	private static object[] Arguments(MethodBase method, SharedRegion region)
	{
		return method.GetParameters().Select(parameter => {
			Type type = parameter.ParameterType;
			if (type == typeof(SharedRegion))
				return region;
			return type.IsValueType ? Activator.CreateInstance(type) : null;
		}).ToArray();
	}

	/* All overloads, now and later, by reflection, which cannot take a Span. */
	private static void Closed()
	{
		const BindingFlags own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly;
		string[] answer = { "Dispose", "Unmap", "get_Name", "get_IsReadOnly", "get_Span" };
		var region = Create(Named());
		int count = 0;

		region.Dispose();
		foreach (MethodInfo method in typeof(SharedRegion).GetMethods(own)) {
			if (answer.Contains(method.Name))
				continue;
			count++;
			var why = Throws<TargetInvocationException>(() =>
				method.Invoke(region, Arguments(method, region)));
			Check(why.InnerException is ObjectDisposedException, method.Name + why);
			Check(why.InnerException.Message.Contains(region.Name), method.Name);
		}
		Check(count >= 22, count);
		Check(region.Name != "" && !region.IsReadOnly);
		region.Unmap();
		region.Unmap();
	}

	private static void Options()
	{
		using (var old = Create(Named()))
		using (var region = SharedRegion.Create(old.Name, 2 * Page, new CreateOptions {
			Mode = Convert.ToInt32("640", 8), Lifetime = Lifetime.Creator, Replace = true, Lazy = true
		}))
		using (var bare = SharedRegion.Open(old.Name, new OpenOptions { NoData = true })) {
			RegionInfo info = region.Info;
			Check(info.Mode == 416 && info.Lifetime == Lifetime.Creator && info.Capacity == 2 * Page);
			Check(info.Name == old.Name && info.CreatorPid == OwnPid && info.Handles == 2);
			Check((info.Flags & (RegionFlags.Lazy | RegionFlags.Creator | RegionFlags.ReadOnly))
			      == (RegionFlags.Lazy | RegionFlags.Creator), info.Flags);
			Check((DateTime.UtcNow - info.CreatedAt).Duration() < Long, info.CreatedAt);
			Check(bare.Capacity == 2 * Page);
			Fails(Errno.ENXIO, () => bare.CreateAccessor());
		}
		Fails(Errno.EINVAL, () => SharedRegion.Create(Named(), Page,
			new CreateOptions { Backend = (Backend)77 }));
		Fails(Errno.EINVAL, () => SharedRegion.Create(Named(), Page, new CreateOptions { Mode = -1 }));
	}

	private static void List()
	{
		using (var region = Create(Named())) {
			region.Notify();
			Check(SharedRegion.List().Count(info => info.Name == region.Name && info.Sequence == 1) == 1);
			RegionInfo seen = SharedRegion.Stat(region.Name);
			Check(seen.Sequence == 1 && region.Sequence == 1 && region.Info.Cursor == 0);
			Check(seen.Backend == SharedRegion.DefaultBackend);
			Check(seen.Backend == (IsKmod ? Backend.Kmod : Backend.Shm));
			SharedRegion.Unlink(region.Name);
			Fails(Errno.ENOENT, () => SharedRegion.Unlink(region.Name));
			Fails(Errno.ENOENT, () => SharedRegion.Stat(region.Name));
		}
		Check(SharedRegion.DefaultBackendReason.StartsWith("ZINC_BACKEND="));
		Check(SharedRegion.LibraryVersion == 0x20001);
	}

	private static void Parts()
	{
		using (var region = Create(Named())) {
			region.GetMemory(Page - 4, 4).Span.Fill(5);
			Check(region.GetMemory(Page, 0).IsEmpty && region.Memory.Slice(Page - 5).Span[0] == 0);
			var stream = region.CreateStream();
			stream.Position = Page - 3;
			Check(stream.ReadByte() == 5 && stream.Length == Page);
			Check(region.CreateAccessor().ReadInt32(Page - 4) == 0x05050505);
			Throws<ArgumentException>(() => region.CreateAccessor().ReadInt32(Page - 3));
			Throws<ArgumentException>(() => region.CreateAccessor().Write(Page, (byte)1));
			NoPart(region, -1, 1);
			NoPart(region, 0, -1);
			NoPart(region, 0, Page + 1);
			NoPart(region, Page - 1, 2);
			NoPart(region, Page + 1, 0);
			NoPart(region, long.MaxValue, 1);
		}
	}

	private static void NoPart(SharedRegion region, long offset, int length)
	{
		Throws<ArgumentOutOfRangeException>(() => region.GetMemory(offset, length));
		Throws<ArgumentOutOfRangeException>(() => region.GetReadOnlyMemory(offset, length));
	}

	/* More than an int counts, with no memory behind it */
	private static void Large()
	{
		const long size = (2L << 30) + 65536;

		using (var region = SharedRegion.Create(Named(), size, new CreateOptions { Lazy = true })) {
			Check(region.Capacity == size);
			Throws<NotSupportedException>(() => Check(region.Memory.IsEmpty));
			region.GetMemory(size - 8, 8).Span.Fill(7);
			Check(region.CreateAccessor().ReadByte(size - 1) == 7);
			Check(region.CreateAccessor().ReadByte(size - 9) == 0);
		}
	}

	private static void Errors()
	{
		string name = Named();
		var why = Throws<ZincException>(() => SharedRegion.Open(name));

		Check(why is IOException && why.Operation == "open" && why.Region == name);
		Check(why.Message == $"open \"{name}\": no region has this name: create it first, " +
		      "or list the regions with 'zinc ls'", why.Message);
		Throws<ArgumentNullException>(() => Create(null));
		Throws<ArgumentNullException>(() => SharedRegion.Open(null));
		Throws<ArgumentNullException>(() => SharedRegion.Unlink(null));
	}

	private static int Main()
	{
		int own = Environment.SystemPageSize;

		return Run(
			new Test(1, "create", Create_),
			new Test(2, "create.exists", CreateExists),
			new Test(3, "open.missing", OpenMissing),
			new Test(4, "name.empty", () => BadName("")),
			new Test(5, "name.space", () => BadName(" ")),
			new Test(6, "name.inner-space", () => BadName("a b")),
			new Test(7, "name.slash", () => BadName("a/b")),
			new Test(8, "name.leading-slash", () => BadName("/a")),
			new Test(9, "name.dot", () => BadName(".")),
			new Test(10, "name.dots", () => BadName("..")),
			new Test(11, "name.inner-dot", () => BadName("a.b")),
			new Test(12, "name.newline", () => BadName("a\n")),
			new Test(13, "name.colon", () => BadName("a:b")),
			new Test(14, "name.too-long", () => BadName(new string('x', 251))),
			new Test(15, "name.non-ascii", () => BadName("caf\u00e9")),
			new Test(16, "name.nul", NameNul),
			new Test(17, "name.longest", NameLongest),
			new Test(18, "capacity.zero", () => BadCapacity(0)),
			new Test(19, "capacity.one", () => BadCapacity(1)),
			new Test(20, "capacity.below-a-page", () => BadCapacity(own - 1)),
			new Test(21, "capacity.above-a-page", () => BadCapacity(own + 1)),
			new Test(22, "capacity.half-of-all", () => BadCapacity(long.MinValue)),
			new Test(23, "capacity.all-but-a-page", () => BadCapacity(-Page)),
			new Test(24, "capacity", Capacity),
			new Test(25, "data.zero", DataZero),
			new Test(26, "data.both-ways", DataBothWays),
			new Test(27, "data.one-memory", DataOneMemory),
			new Test(28, "header.refs", HeaderRefs),
			new Test(29, "try-wait.nothing", TryWaitNothing),
			new Test(30, "wait.zero", WaitZero),
			new Test(31, "wait.timeout", WaitTimeout),
			new Test(32, "wait.coalesces", WaitCoalesces),
			new Test(33, "wait.from-zero", WaitFromZero),
			new Test(34, "wait.own-cursor", WaitOwnCursor),
			new Test(35, "wait.wraps", WaitWraps),
			new Test(36, "wait.other-process", WaitOtherProcess),
			new Test(37, "wait.wakes", WaitWakes),
			new Test(38, "close.twice", CloseTwice),
			new Test(39, "close.then-use", CloseThenUse),
			new Test(40, "close.creator-first", CloseCreatorFirst),
			new Test(41, "close.reader-outlives", CloseReaderOutlives),
			new Test(42, "close.name-is-free", CloseNameIsFree),
			new Test(43, "view.after-close", ViewAfterClose),
			new Test(44, "view.none-after-close", ViewNoneAfterClose),
			new Test(45, "collected", Collected),
			new Test(46, "many", Many),
			new Test(47, "readonly", ReadOnly),
			new Test(48, "persist", Persist),
			new Test(49, "killed", Killed),
			new Test(50, "fd", Fd),
			new Test(51, "gone.wakes", GoneWakes),
			new Test(52, "gone.last-notify", GoneLastNotify),
			new Test(53, "gone.name", GoneName),
			new Test(54, "gone.lives", GoneLives),
			new Test(55, "unlink-stale", UnlinkStale),
			new Test(56, "open.waits", OpenWaits),
			new Test(57, "open.times-out", OpenTimesOut),
			new Test(101, "csharp.async", Async),
			new Test(102, "csharp.dispose-ends-waits", DisposeEndsWaits),
			new Test(103, "csharp.several", Several),
			new Test(104, "csharp.timeouts", Timeouts),
			new Test(105, "csharp.descriptors", Descriptors),
			new Test(106, "csharp.devices", Devices),
			new Test(107, "csharp.closed", Closed),
			new Test(108, "csharp.options", Options),
			new Test(109, "csharp.list", List),
			new Test(110, "csharp.parts", Parts),
			new Test(111, "csharp.large", Large),
			new Test(112, "csharp.errors", Errors));
	}
}
