// SPDX-License-Identifier: MIT
using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;

namespace Zinc
{
/// <summary>Named memory that processes share without copying, and that wakes who waits
/// for it.</summary>
/// <remarks>
/// All methods may be called by any thread, <see cref="Dispose"/> as well. What the
/// library refuses is a <see cref="ZincException"/>; what is done with a region that is
/// closed, an <see cref="ObjectDisposedException"/>.
/// </remarks>
public sealed partial class SharedRegion : IDisposable
{
	private readonly object turn = new object();
	private readonly RegionHandle handle;
	private volatile bool closed;

	private SharedRegion(string operation, string name, RegionHandle handle)
	{
		Native.Info raw = Native.NewInfo();

		this.handle = handle;
		Native.Check(operation, name, Native.zinc_info(handle, ref raw));
		var info = new RegionInfo(ref raw);
		Name = name == "" ? info.Name : name;
		IsReadOnly = (info.Flags & (RegionFlags.ReadOnly | RegionFlags.DataReadOnly)) != 0;
	}

	private delegate int Maker(out IntPtr raw);

	private static SharedRegion Make(string operation, string name, Maker maker)
	{
		var handle = new RegionHandle();

		Native.Check(operation, name, maker(out IntPtr raw));
		handle.Adopt(raw);
		return new SharedRegion(operation, name, handle);
	}

	/// <summary>Makes a region, and owns it. Its data are zeros.</summary>
	/// <param name="name">1 to 249 of a-z A-Z 0-9 _ -</param>
	/// <param name="capacity">Bytes of data, a multiple of the page size.</param>
	/// <param name="options">null for the defaults.</param>
	/// <returns>The creator's handle.</returns>
	/// <exception cref="ZincException">EINVAL for a bad name or capacity, EEXIST, EPERM or
	/// EACCES; ENOMEM, EDQUOT or ENOSPC where there is no room.</exception>
	public static SharedRegion Create(string name, long capacity, CreateOptions options = null)
	{
		byte[] text = Native.Name("create", name);
		UIntPtr size = Native.Size("create", name, capacity);
		Native.Options choice = (options ?? new CreateOptions()).Raw();

		return Make("create", name, (out IntPtr raw) =>
			Native.zinc_create_with(text, size, ref choice, out raw));
	}

	/// <summary>Makes a region without a name, which others get by its descriptor.</summary>
	/// <param name="capacity">As in <see cref="Create"/>.</param>
	/// <param name="options">As in <see cref="Create"/>.</param>
	/// <returns>The creator's handle.</returns>
	/// <exception cref="ZincException">As <see cref="Create"/>; EOPNOTSUPP on POSIX shared
	/// memory.</exception>
	public static SharedRegion CreateAnonymous(long capacity, CreateOptions options = null)
	{
		UIntPtr size = Native.Size("create", "", capacity);
		Native.Options choice = (options ?? new CreateOptions()).Raw();

		return Make("create", "", (out IntPtr raw) =>
			Native.zinc_create_with(null, size, ref choice, out raw));
	}

	/// <summary>Attaches to the region of that name.</summary>
	/// <param name="name">Its name.</param>
	/// <param name="options">null for the defaults.</param>
	/// <returns>A handle that has seen no notify.</returns>
	/// <exception cref="ZincException">EINVAL for a bad name, ENOENT, EPERM or EACCES,
	/// EBADMSG for what is no region, ENXIO for memory that cannot be mapped.</exception>
	public static SharedRegion Open(string name, OpenOptions options = null)
	{
		byte[] text = Native.Name("open", name);
		Native.Options choice = (options ?? new OpenOptions()).Raw();

		return Make("open", name, (out IntPtr raw) =>
			Native.zinc_open_with(text, ref choice, out raw));
	}

	/// <summary><see cref="Open"/> to look and to wait only.</summary>
	/// <param name="name">Its name.</param>
	/// <returns>A handle that is read-only.</returns>
	/// <exception cref="ZincException">As <see cref="Open"/>.</exception>
	public static SharedRegion OpenReadOnly(string name)
	{
		return Open(name, new OpenOptions { ReadOnly = true });
	}

	/// <summary>Attaches to the region whose <see cref="Fd"/> another process sent.</summary>
	/// <param name="fd">It stays the caller's. A read-only one gives a read-only
	/// handle.</param>
	/// <param name="options">null for the defaults.</param>
	/// <returns>A handle that has seen no notify.</returns>
	/// <exception cref="ZincException">EBADF, ENOTTY for what is no region's, EOPNOTSUPP on
	/// POSIX shared memory.</exception>
	public static SharedRegion FromFd(int fd, OpenOptions options = null)
	{
		Native.Options choice = (options ?? new OpenOptions()).Raw();

		return Make("from fd", "", (out IntPtr raw) =>
			Native.zinc_from_fd(fd, ref choice, out raw));
	}

	/// <summary>Makes a region of a foreign dma-buf, without copying.</summary>
	/// <param name="fd">The dma-buf; it stays the caller's.</param>
	/// <param name="name">As in <see cref="Create"/>; null for none.</param>
	/// <param name="options">null for the defaults.</param>
	/// <returns>The creator's handle.</returns>
	/// <exception cref="ZincException">As <see cref="Create"/>; EBADF, EINVAL for no dma-buf,
	/// ENXIO where it cannot be mapped, EOPNOTSUPP on POSIX shared memory.</exception>
	public static SharedRegion ImportDmaBuf(int fd, string name, ImportOptions options = null)
	{
		byte[] text = name == null ? null : Native.Name("import", name);
		Native.Options choice = (options ?? new ImportOptions()).Raw();

		return Make("import", name ?? "", (out IntPtr raw) =>
			Native.zinc_import_dmabuf(fd, text, ref choice, out raw));
	}

	/// <summary>The regions with a name that the caller may see, in the order of their
	/// names.</summary>
	/// <returns>What is known of each.</returns>
	/// <exception cref="ZincException">EACCES where <c>/dev/zinc</c> may not be opened,
	/// ENOMEM.</exception>
	public static unsafe IList<RegionInfo> List()
	{
		int result = Native.zinc_list(out Native.Info *list, out UIntPtr count,
					      (UIntPtr)(uint)sizeof(Native.Info));

		Native.Check("list", "", result);
		try {
			var found = new RegionInfo[checked((int)count.ToUInt64())];
			for (int i = 0; i < found.Length; i++)
				found[i] = new RegionInfo(ref list[i]);
			return found;
		} finally {
			Native.zinc_list_free(list);
		}
	}

	/// <summary>What is known of the region of that name, without opening it.</summary>
	/// <param name="name">Its name.</param>
	/// <returns>What is known.</returns>
	/// <exception cref="ZincException">ENOENT, EINVAL for a bad name, EACCES where it may not
	/// be seen.</exception>
	public static RegionInfo Stat(string name)
	{
		byte[] text = Native.Name("stat", name);
		Native.Info raw = Native.NewInfo();

		Native.Check("stat", name, Native.zinc_stat(text, ref raw));
		return new RegionInfo(ref raw);
	}

	/// <summary>Takes the name away; who has the region open keeps it.</summary>
	/// <param name="name">Its name.</param>
	/// <exception cref="ZincException">ENOENT, EPERM where the caller is not its owner, EINVAL
	/// for a bad name.</exception>
	public static void Unlink(string name)
	{
		Native.Check("unlink", name, Native.zinc_unlink(Native.Name("unlink", name)));
	}

	/// <summary>What a new region would be made by.</summary>
	/// <exception cref="ZincException">EACCES where <c>/dev/zinc</c> may not be opened, EINVAL
	/// for a bad $ZINC_BACKEND.</exception>
	public static Backend DefaultBackend =>
		(Backend)Native.Check("backend", "", Native.zinc_backend(IntPtr.Zero));

	/// <summary>Why that is so, as a sentence.</summary>
	public static string DefaultBackendReason
	{
		get {
			var text = new byte[512];

			Native.zinc_backend_reason(text, (UIntPtr)(uint)text.Length);
			return System.Text.Encoding.UTF8.GetString(text, 0, Array.IndexOf(text, (byte)0));
		}
	}

	/// <summary>What can be done with devices here; nothing on POSIX shared memory.</summary>
	/// <exception cref="ZincException">As <see cref="DefaultBackend"/>.</exception>
	public static Features DeviceFeatures
	{
		get {
			int result = Native.zinc_features(IntPtr.Zero, out ulong found);

			Native.Check("features", "", result);
			return (Features)found;
		}
	}

	/// <summary>The C library: the region's format times 65536, and its ABI.</summary>
	public static long LibraryVersion => Native.zinc_version();

	/// <summary>The name that it was made or found by; empty for none.</summary>
	public string Name { get; }

	/// <summary>Whether its data are read-only by this handle.</summary>
	public bool IsReadOnly { get; }

	/// <summary>Bytes of data, mapped or not.</summary>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public long Capacity => Handle().Capacity;

	/// <summary>How often it was notified, modulo 2^32.</summary>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public uint Sequence => Native.zinc_sequence(Handle());

	/// <summary>A descriptor for poll(2) and SCM_RIGHTS: readable while a notify is pending,
	/// which <see cref="TryWait"/> takes.</summary>
	/// <remarks>It is the region's: do not close it, and keep the region.</remarks>
	/// <exception cref="ZincException">EOPNOTSUPP on POSIX shared memory.</exception>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public int Fd => Check("fd", Native.zinc_fd(Handle()));

	/// <summary>What is known of it now.</summary>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public RegionInfo Info
	{
		get {
			Native.Info raw = Native.NewInfo();

			Check("info", Native.zinc_info(Handle(), ref raw));
			return new RegionInfo(ref raw);
		}
	}

	/// <summary>What can be done with it and devices; nothing on POSIX shared memory.</summary>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public Features Features
	{
		get {
			Check("features", Native.zinc_features(Handle(), out ulong found));
			return (Features)found;
		}
	}

	/// <summary>The data, up to 2 GiB less a byte. A Memory keeps them, even when the region
	/// is closed.</summary>
	/// <remarks>A Span does not: it is good as long as somebody has the Memory or the region,
	/// as a <c>using</c> has. <c>Memory.Pin()</c> makes sure.</remarks>
	/// <exception cref="NotSupportedException">It is read-only, or too large: see
	/// <see cref="GetMemory"/>.</exception>
	/// <exception cref="ZincException">ENXIO where the data are not mapped.</exception>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public Memory<byte> Memory => GetMemory(0, WholeLength());

	/// <summary>The data, up to 2 GiB less a byte, to be read.</summary>
	/// <exception cref="NotSupportedException">They are too large: see
	/// <see cref="GetReadOnlyMemory"/>.</exception>
	/// <exception cref="ZincException">ENXIO where the data are not mapped.</exception>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public ReadOnlyMemory<byte> ReadOnlyMemory => GetReadOnlyMemory(0, WholeLength());

	/// <summary>The Span of <see cref="Memory"/>, which does not keep the data: it is good as
	/// long as somebody has the region, closed or not.</summary>
	/// <exception cref="NotSupportedException">As <see cref="Memory"/>.</exception>
	/// <exception cref="ZincException">ENXIO where the data are not mapped.</exception>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public Span<byte> Span => Memory.Span;

	/// <summary>A part of the data; see <see cref="Memory"/>.</summary>
	/// <param name="offset">Its first byte.</param>
	/// <param name="length">Bytes.</param>
	/// <returns>The data themselves.</returns>
	/// <exception cref="ArgumentOutOfRangeException">There are no such bytes.</exception>
	/// <exception cref="NotSupportedException">It is read-only.</exception>
	/// <exception cref="ZincException">ENXIO where the data are not mapped.</exception>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public Memory<byte> GetMemory(long offset, int length)
	{
		Mapping mapping = View();

		if (IsReadOnly)
			throw new NotSupportedException(
				$"the region \"{Name}\" is read-only: ask for its ReadOnlyMemory");
		return Part(mapping, offset, length);
	}

	/// <summary>A part of the data, to be read.</summary>
	/// <param name="offset">Its first byte.</param>
	/// <param name="length">Bytes.</param>
	/// <returns>The data themselves.</returns>
	/// <exception cref="ArgumentOutOfRangeException">There are no such bytes.</exception>
	/// <exception cref="ZincException">ENXIO where the data are not mapped.</exception>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public ReadOnlyMemory<byte> GetReadOnlyMemory(long offset, int length)
	{
		return Part(View(), offset, length);
	}

	/// <summary>The data as numbers and structs at offsets, each access checked.</summary>
	/// <remarks>It keeps the data, even when the region is closed, and refuses to write by
	/// one that is read-only.</remarks>
	/// <returns>What <c>MemoryMappedFile.CreateViewAccessor()</c> gives of a file.</returns>
	/// <exception cref="ZincException">ENXIO where the data are not mapped.</exception>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public UnmanagedMemoryAccessor CreateAccessor()
	{
		return new UnmanagedMemoryAccessor(View(), 0, handle.Capacity, Access);
	}

	/// <summary>The data as a stream, with the properties of
	/// <see cref="CreateAccessor"/>.</summary>
	/// <returns>A stream at the first byte, as long as the data.</returns>
	/// <exception cref="ZincException">ENXIO where the data are not mapped.</exception>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public UnmanagedMemoryStream CreateStream()
	{
		return new UnmanagedMemoryStream(View(), 0, handle.Capacity, Access);
	}

	/// <summary>Gives the data as a dma-buf, for a device to import.</summary>
	/// <param name="readOnly">One that neither processor nor device writes by.</param>
	/// <returns>A new descriptor, to be disposed of.</returns>
	/// <exception cref="ZincException">EOPNOTSUPP on POSIX shared memory, EACCES for a writable
	/// one of a read-only region, EMFILE, ENFILE, ENOMEM.</exception>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public DmaBuf ExportDmaBuf(bool readOnly = false)
	{
		var dmabuf = new DmaBuf();
		uint flags = readOnly ? Native.ReadOnly : 0;

		dmabuf.Adopt(Check("export", Native.zinc_export_dmabuf(Handle(), flags)));
		return dmabuf;
	}

	/// <summary>Has the region notified when a device has done its work.</summary>
	/// <param name="fence">A sync_file; it may be closed afterwards.</param>
	/// <exception cref="ZincException">EBADF for no sync_file and for a read-only region, EBUSY,
	/// EOPNOTSUPP on POSIX shared memory.</exception>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public void NotifyOnFence(int fence)
	{
		Check("notify on fence", Native.zinc_notify_on_fence(Handle(), fence));
	}

	/// <summary>Comes before the processor touches what a device works on, and waits for the
	/// device.</summary>
	/// <param name="access">What the processor will do.</param>
	/// <exception cref="ZincException">EINVAL for no such access, EBADF to write by a read-only
	/// region, EOPNOTSUPP on POSIX shared memory.</exception>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public void BeginCpuAccess(CpuAccess access)
	{
		Check("begin access", Native.zinc_begin_cpu_access(Handle(), (uint)access));
	}

	/// <summary>Comes after it, before the device goes on.</summary>
	/// <param name="access">As to <see cref="BeginCpuAccess"/>.</param>
	/// <exception cref="ZincException">As <see cref="BeginCpuAccess"/>.</exception>
	/// <exception cref="ObjectDisposedException">It is closed.</exception>
	public void EndCpuAccess(CpuAccess access)
	{
		Check("end access", Native.zinc_end_cpu_access(Handle(), (uint)access));
	}

	/// <summary>Closes it; again, nothing. It does not block.</summary>
	/// <remarks>
	/// Waits of other threads end within a tenth of a second with an
	/// <see cref="ObjectDisposedException"/>, and the handle with the last of them. Views
	/// stay good, and with them the memory, until the collector finds that nobody has them.
	/// Where there were none, the memory goes with the handle.
	/// </remarks>
	public void Dispose()
	{
		lock (turn) {
			if (closed)
				return;
			closed = true;
			handle.Dispose();
			if (!handle.IsViewed)
				handle.Mapping?.Dispose();
		}
	}

	/// <summary>Closes it, and does not leave the memory to the collector.</summary>
	/// <remarks>Views then throw an <see cref="ObjectDisposedException"/>, but a Span can not:
	/// none may be used any more. What is pinned stays until it is unpinned.</remarks>
	public void Unmap()
	{
		Dispose();
		handle.Mapping?.Dispose();
	}

	private FileAccess Access => IsReadOnly ? FileAccess.Read : FileAccess.ReadWrite;

	/* The handle for a call, which keeps it open as long as it lasts */
	private RegionHandle Handle()
	{
		if (closed)
			throw new ObjectDisposedException(nameof(SharedRegion),
							  $"the region \"{Name}\" is closed");
		return handle;
	}

	private int Check(string operation, int result)
	{
		return Native.Check(operation, Name, result);
	}

	/* The data; from now on they outlive the handle. */
	private Mapping View()
	{
		lock (turn) {
			Mapping mapping = Handle().Mapping;

			if (mapping == null)
				throw new ZincException("view", Name, Errno.ENXIO);
			handle.IsViewed = true;
			return mapping;
		}
	}

	private int WholeLength()
	{
		long capacity = Capacity;

		if (capacity > int.MaxValue)
			throw new NotSupportedException(
				$"the region \"{Name}\" has {capacity} bytes: ask for parts of it, by offset");
		return (int)capacity;
	}

	private Memory<byte> Part(Mapping mapping, long offset, int length)
	{
		if (offset < 0 || offset > handle.Capacity)
			throw new ArgumentOutOfRangeException(nameof(offset));
		if (length < 0 || length > handle.Capacity - offset)
			throw new ArgumentOutOfRangeException(nameof(length));
		return new RegionMemory(mapping, offset, length).Memory;
	}
}
}
