// SPDX-License-Identifier: MIT
using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;

namespace Zinc
{
/// <summary>A named shared memory region with notifications.</summary>
/// <remarks>
/// Every method may be called from any thread, including <see cref="Dispose"/>. Errors of
/// the library throw <see cref="ZincException"/>; methods of a closed region throw
/// <see cref="ObjectDisposedException"/>.
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

	/// <summary>Creates a region, whose data are zeros.</summary>
	/// <param name="name">1 to 249 of a-z A-Z 0-9 _ -</param>
	/// <param name="capacity">Bytes of data, a multiple of the page size.</param>
	/// <param name="options">The options; null for the defaults.</param>
	/// <returns>The creator's handle.</returns>
	/// <exception cref="ZincException">EINVAL for a bad name or capacity, EEXIST, EPERM or
	/// EACCES; ENOMEM, EDQUOT or ENOSPC if there is no memory.</exception>
	public static SharedRegion Create(string name, long capacity, CreateOptions options = null)
	{
		byte[] text = Native.Name("create", name);
		UIntPtr size = Native.Size("create", name, capacity);
		Native.Options choice = (options ?? new CreateOptions()).Raw();

		return Make("create", name, (out IntPtr raw) =>
			Native.zinc_create_with(text, size, ref choice, out raw));
	}

	/// <summary>Creates a region without a name, which others open by its descriptor.</summary>
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

	/// <summary>Opens a region by its name.</summary>
	/// <param name="name">Its name.</param>
	/// <param name="options">The options; null for the defaults.</param>
	/// <returns>A handle that has seen no notify.</returns>
	/// <exception cref="ZincException">EINVAL for a bad name, ENOENT, EPERM or EACCES,
	/// EBADMSG for an object that is not a region, ENXIO for memory that cannot be mapped.</exception>
	public static SharedRegion Open(string name, OpenOptions options = null)
	{
		byte[] text = Native.Name("open", name);
		Native.Options choice = (options ?? new OpenOptions()).Raw();

		return Make("open", name, (out IntPtr raw) =>
			Native.zinc_open_with(text, ref choice, out raw));
	}

	/// <summary><see cref="Open"/>, but waits until a region of that name is
	/// created.</summary>
	/// <param name="name">Its name.</param>
	/// <param name="timeout">Zero does not wait; <see cref="Timeout.InfiniteTimeSpan"/>
	/// waits without limit.</param>
	/// <param name="options">The options; null for the defaults.</param>
	/// <returns>A handle that has seen no notify.</returns>
	/// <exception cref="ZincException">ETIMEDOUT; otherwise as <see cref="Open"/>, ENOENT only
	/// without a timeout.</exception>
	/// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
	public static SharedRegion OpenWait(string name, TimeSpan timeout, OpenOptions options = null)
	{
		byte[] text = Native.Name("open", name);
		Native.Options choice = (options ?? new OpenOptions()).Raw();
		ulong end = timeout == TimeSpan.Zero ? 0 : new Deadline(timeout).End;

		return Make("open", name, (out IntPtr raw) =>
			Native.zinc_open_wait(text, ref choice, end, out raw));
	}

	/// <summary><see cref="Open"/> for reading and waiting only.</summary>
	/// <param name="name">Its name.</param>
	/// <returns>A read-only handle.</returns>
	/// <exception cref="ZincException">As <see cref="Open"/>.</exception>
	public static SharedRegion OpenReadOnly(string name)
	{
		return Open(name, new OpenOptions { ReadOnly = true });
	}

	/// <summary>Opens a region by its <see cref="Fd"/>, sent by another process.</summary>
	/// <param name="fd">The caller closes it. The handle is read-only if it
	/// is.</param>
	/// <param name="options">The options; null for the defaults.</param>
	/// <returns>A handle that has seen no notify.</returns>
	/// <exception cref="ZincException">EBADF, ENOTTY if it is not a region's, EOPNOTSUPP on
	/// POSIX shared memory.</exception>
	public static SharedRegion FromFd(int fd, OpenOptions options = null)
	{
		Native.Options choice = (options ?? new OpenOptions()).Raw();

		return Make("from fd", "", (out IntPtr raw) =>
			Native.zinc_from_fd(fd, ref choice, out raw));
	}

	/// <summary>Imports a foreign dma-buf as a region, without copying.</summary>
	/// <param name="fd">The dma-buf; the caller closes it.</param>
	/// <param name="name">As in <see cref="Create"/>; null for none.</param>
	/// <param name="options">The options; null for the defaults.</param>
	/// <returns>The creator's handle.</returns>
	/// <exception cref="ZincException">As <see cref="Create"/>; EBADF, EINVAL if it is not a
	/// dma-buf, ENXIO if it cannot be mapped, EOPNOTSUPP on POSIX shared memory.</exception>
	public static SharedRegion ImportDmaBuf(int fd, string name, ImportOptions options = null)
	{
		byte[] text = name == null ? null : Native.Name("import", name);
		Native.Options choice = (options ?? new ImportOptions()).Raw();

		return Make("import", name ?? "", (out IntPtr raw) =>
			Native.zinc_import_dmabuf(fd, text, ref choice, out raw));
	}

	/// <summary>Describes the named regions that are visible to the caller, sorted by
	/// name.</summary>
	/// <returns>The descriptions.</returns>
	/// <exception cref="ZincException">EACCES if the caller may not open <c>/dev/zinc</c>,
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

	/// <summary>Describes a region by its name, without opening it.</summary>
	/// <param name="name">Its name.</param>
	/// <returns>A description.</returns>
	/// <exception cref="ZincException">ENOENT, EINVAL for a bad name, EACCES if the caller may
	/// not see it.</exception>
	public static RegionInfo Stat(string name)
	{
		byte[] text = Native.Name("stat", name);
		Native.Info raw = Native.NewInfo();

		Native.Check("stat", name, Native.zinc_stat(text, ref raw));
		return new RegionInfo(ref raw);
	}

	/// <summary>Removes a region's name; open handles stay valid.</summary>
	/// <param name="name">Its name.</param>
	/// <exception cref="ZincException">ENOENT, EPERM if the caller is not the owner, EINVAL
	/// for a bad name.</exception>
	public static void Unlink(string name)
	{
		Native.Check("unlink", name, Native.zinc_unlink(Native.Name("unlink", name)));
	}

	/// <summary>Removes the name of a region that no process has open. On POSIX shared
	/// memory, a process that died can leave such a name.</summary>
	/// <param name="name">Its name.</param>
	/// <exception cref="ZincException">EBUSY if it is open or that is unknown; otherwise
	/// as <see cref="Unlink"/>.</exception>
	public static void UnlinkStale(string name)
	{
		Native.Check("unlink", name, Native.zinc_unlink_stale(Native.Name("unlink", name)));
	}

	/// <summary>The backend that a new region would get.</summary>
	/// <exception cref="ZincException">EACCES if the caller may not open <c>/dev/zinc</c>, EINVAL
	/// for an invalid $ZINC_BACKEND.</exception>
	public static Backend DefaultBackend =>
		(Backend)Native.Check("backend", "", Native.zinc_backend(IntPtr.Zero));

	/// <summary>The reason for <see cref="DefaultBackend"/>, as a sentence.</summary>
	public static string DefaultBackendReason
	{
		get {
			var text = new byte[512];

			Native.zinc_backend_reason(text, (UIntPtr)(uint)text.Length);
			return System.Text.Encoding.UTF8.GetString(text, 0, Array.IndexOf(text, (byte)0));
		}
	}

	/// <summary>Operations with devices that a new region would support.</summary>
	/// <exception cref="ZincException">As <see cref="DefaultBackend"/>.</exception>
	public static Features DeviceFeatures
	{
		get {
			int result = Native.zinc_features(IntPtr.Zero, out ulong found);

			Native.Check("features", "", result);
			return (Features)found;
		}
	}

	/// <summary>The version of the C library: region format * 65536 + library ABI.</summary>
	public static long LibraryVersion => Native.zinc_version();

	/// <summary>The name given to Create or Open; empty for an anonymous region.</summary>
	public string Name { get; }

	/// <summary>Whether the handle is read-only.</summary>
	public bool IsReadOnly { get; }

	/// <summary>The size of the data in bytes, mapped or not.</summary>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public long Capacity => Handle().Capacity;

	/// <summary>The number of notifies so far, modulo 2^32.</summary>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public uint Sequence => Native.zinc_sequence(Handle());

	/// <summary>A descriptor for poll(2) and SCM_RIGHTS: readable while a notify is pending.
	/// <see cref="TryWait"/> consumes the notify.</summary>
	/// <remarks>It belongs to the region: do not close it, and keep the region reachable.</remarks>
	/// <exception cref="ZincException">EOPNOTSUPP on POSIX shared memory.</exception>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public int Fd => Check("fd", Native.zinc_fd(Handle()));

	/// <summary>Describes the region.</summary>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public RegionInfo Info
	{
		get {
			Native.Info raw = Native.NewInfo();

			Check("info", Native.zinc_info(Handle(), ref raw));
			return new RegionInfo(ref raw);
		}
	}

	/// <summary>Operations with devices that the region supports.</summary>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public Features Features
	{
		get {
			Check("features", Native.zinc_features(Handle(), out ulong found));
			return (Features)found;
		}
	}

	/// <summary>The data, up to 2 GiB less a byte. A Memory keeps them mapped, even after the
	/// region is closed.</summary>
	/// <remarks>A Span does not: it is valid while the Memory or the region is reachable, for
	/// example in a <c>using</c>. <c>Memory.Pin()</c> ensures that.</remarks>
	/// <exception cref="NotSupportedException">The data are read-only, or too large: see
	/// <see cref="GetMemory"/>.</exception>
	/// <exception cref="ZincException">ENXIO if the data are not mapped.</exception>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public Memory<byte> Memory => GetMemory(0, WholeLength());

	/// <summary>The data, up to 2 GiB less a byte, read-only.</summary>
	/// <exception cref="NotSupportedException">The data are too large: see
	/// <see cref="GetReadOnlyMemory"/>.</exception>
	/// <exception cref="ZincException">ENXIO if the data are not mapped.</exception>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public ReadOnlyMemory<byte> ReadOnlyMemory => GetReadOnlyMemory(0, WholeLength());

	/// <summary>The Span of <see cref="Memory"/>. It does not keep the data mapped: it is valid
	/// while the region is reachable, even after it is closed.</summary>
	/// <exception cref="NotSupportedException">As <see cref="Memory"/>.</exception>
	/// <exception cref="ZincException">ENXIO if the data are not mapped.</exception>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public Span<byte> Span => Memory.Span;

	/// <summary>A part of the data; see <see cref="Memory"/>.</summary>
	/// <param name="offset">Its first byte.</param>
	/// <param name="length">Bytes.</param>
	/// <returns>The data in place.</returns>
	/// <exception cref="ArgumentOutOfRangeException">The part exceeds the data.</exception>
	/// <exception cref="NotSupportedException">The region is read-only.</exception>
	/// <exception cref="ZincException">ENXIO if the data are not mapped.</exception>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public Memory<byte> GetMemory(long offset, int length)
	{
		Mapping mapping = View();

		if (IsReadOnly)
			throw new NotSupportedException(
				$"the region \"{Name}\" is read-only: use ReadOnlyMemory");
		return Part(mapping, offset, length);
	}

	/// <summary>A part of the data, read-only.</summary>
	/// <param name="offset">Its first byte.</param>
	/// <param name="length">Bytes.</param>
	/// <returns>The data in place.</returns>
	/// <exception cref="ArgumentOutOfRangeException">The part exceeds the data.</exception>
	/// <exception cref="ZincException">ENXIO if the data are not mapped.</exception>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public ReadOnlyMemory<byte> GetReadOnlyMemory(long offset, int length)
	{
		return Part(View(), offset, length);
	}

	/// <summary>The data as numbers and structs at offsets, each access checked.</summary>
	/// <remarks>It keeps the data mapped, even after the region is closed, and refuses writes to
	/// a read-only region.</remarks>
	/// <returns>An accessor such as that of <c>MemoryMappedFile.CreateViewAccessor()</c>.</returns>
	/// <exception cref="ZincException">ENXIO if the data are not mapped.</exception>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public UnmanagedMemoryAccessor CreateAccessor()
	{
		return new UnmanagedMemoryAccessor(View(), 0, handle.Capacity, Access);
	}

	/// <summary>The data as a stream, with the properties of
	/// <see cref="CreateAccessor"/>.</summary>
	/// <returns>A stream at the first byte, as long as the data.</returns>
	/// <exception cref="ZincException">ENXIO if the data are not mapped.</exception>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public UnmanagedMemoryStream CreateStream()
	{
		return new UnmanagedMemoryStream(View(), 0, handle.Capacity, Access);
	}

	/// <summary>Exports the data as a dma-buf, which a device can import.</summary>
	/// <param name="readOnly">Neither the processor nor a device can write through it.</param>
	/// <returns>A new descriptor; the caller disposes of it.</returns>
	/// <exception cref="ZincException">EOPNOTSUPP on POSIX shared memory, EACCES for a writable
	/// dma-buf of a read-only region, EMFILE, ENFILE, ENOMEM.</exception>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public DmaBuf ExportDmaBuf(bool readOnly = false)
	{
		var dmabuf = new DmaBuf();
		uint flags = readOnly ? Native.ReadOnly : 0;

		dmabuf.Adopt(Check("export", Native.zinc_export_dmabuf(Handle(), flags)));
		return dmabuf;
	}

	/// <summary>Exports a part of the data, in whole pages, as a dma-buf: for drivers that use a
	/// buffer from its start. Each call returns a new buffer.</summary>
	/// <param name="offset">First byte.</param>
	/// <param name="length">Bytes.</param>
	/// <param name="readOnly">Neither the processor nor a device can write through it.</param>
	/// <returns>A new descriptor; the caller disposes of it.</returns>
	/// <exception cref="ZincException">EINVAL if the part is not within the data, EOPNOTSUPP for an
	/// imported region, and as <see cref="ExportDmaBuf"/>.</exception>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public DmaBuf ExportDmaBufPart(long offset, long length, bool readOnly = false)
	{
		var dmabuf = new DmaBuf();
		uint flags = readOnly ? Native.ReadOnly : 0;

		dmabuf.Adopt(Check("export", Native.zinc_export_dmabuf_part(Handle(),
			unchecked((ulong)offset), unchecked((ulong)length), flags)));
		return dmabuf;
	}

	/// <summary>Notifies the region once a fence has signalled.</summary>
	/// <param name="fence">A sync_file; it may be closed afterwards.</param>
	/// <exception cref="ZincException">EBADF if it is not a sync_file or the region is
	/// read-only, EBUSY, EOPNOTSUPP on POSIX shared memory.</exception>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public void NotifyOnFence(int fence)
	{
		Check("notify on fence", Native.zinc_notify_on_fence(Handle(), fence));
	}

	/// <summary>Begins an access by the processor to data that a device uses, too; waits for
	/// the device.</summary>
	/// <param name="access">The kind of access.</param>
	/// <exception cref="ZincException">EINVAL for an invalid access, EBADF for writing a
	/// read-only region, EOPNOTSUPP on POSIX shared memory.</exception>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public void BeginCpuAccess(CpuAccess access)
	{
		Check("begin access", Native.zinc_begin_cpu_access(Handle(), (uint)access));
	}

	/// <summary>Ends an access, before the device continues.</summary>
	/// <param name="access">As to <see cref="BeginCpuAccess"/>.</param>
	/// <exception cref="ZincException">As <see cref="BeginCpuAccess"/>.</exception>
	/// <exception cref="ObjectDisposedException">The region is closed.</exception>
	public void EndCpuAccess(CpuAccess access)
	{
		Check("end access", Native.zinc_end_cpu_access(Handle(), (uint)access));
	}

	/// <summary>Closes the handle; further calls do nothing. It does not block.</summary>
	/// <remarks>
	/// Waits of other threads end within a tenth of a second with an
	/// <see cref="ObjectDisposedException"/>, and the handle is closed after the last of them.
	/// Views keep the memory mapped until they are garbage-collected. Without views, the
	/// memory is unmapped with the handle.
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

	/// <summary>Closes the handle and unmaps the memory, without waiting for the collector.</summary>
	/// <remarks>Views then throw an <see cref="ObjectDisposedException"/>, but a Span cannot,
	/// and must not be used afterwards. Pinned memory stays mapped until it is unpinned.</remarks>
	public void Unmap()
	{
		Dispose();
		handle.Mapping?.Dispose();
	}

	private FileAccess Access => IsReadOnly ? FileAccess.Read : FileAccess.ReadWrite;

	/* The handle for a call, which keeps it open until the call ends */
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

	/* The mapping of the data, which from now on outlives the handle. */
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
				$"the region \"{Name}\" has {capacity} bytes, more than 2 GiB: use GetMemory() for parts");
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
