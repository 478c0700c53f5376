// SPDX-License-Identifier: MIT
using System;
using System.Runtime.InteropServices;

namespace Zinc
{
/// <summary>Flags of a region and a handle.</summary>
[Flags]
public enum RegionFlags
{
	/// <summary>No flag.</summary>
	None = 0,
	/// <summary>The creator's handle is closed.</summary>
	CreatorGone = 1 << 0,
	/// <summary>The region has lost its name.</summary>
	Unlinked = 1 << 1,
	/// <summary>The region was created without a name.</summary>
	Anonymous = 1 << 2,
	/// <summary>Each page is allocated on its first access.</summary>
	Lazy = 1 << 3,
	/// <summary>This handle is read-only.</summary>
	ReadOnly = 1 << 4,
	/// <summary>This handle is the creator's.</summary>
	Creator = 1 << 5,
	/// <summary>Its memory is a foreign dma-buf.</summary>
	Imported = 1 << 6,
	/// <summary>No process can map the data writable.</summary>
	DataReadOnly = 1 << 7,
	/// <summary>Its memory is physically contiguous, by blocks of a huge page.</summary>
	Contiguous = 1 << 8,
	/// <summary>On POSIX shared memory: no process has the region open, or its creator died.</summary>
	Stale = 1 << 16,
	/// <summary>On POSIX shared memory: the header is invalid.</summary>
	Invalid = 1 << 17,
	/// <summary>On POSIX shared memory: this process cannot determine whether it is open.</summary>
	Unknown = 1 << 18,
	/// <summary>On POSIX shared memory: the data begin one page after the header.</summary>
	PageLayout = 1 << 19
}

/// <summary>A description of a region at the time of the call.</summary>
public sealed class RegionInfo
{
	private const long EpochTicks = 621355968000000000;

	internal unsafe RegionInfo(ref Native.Info raw)
	{
		fixed (byte *name = raw.Name)
			Name = Marshal.PtrToStringAnsi((IntPtr)name);
		Backend = (Backend)raw.Backend;
		Id = raw.Id;
		Capacity = (long)raw.Capacity;
		Resident = (long)raw.Resident;
		CreatedAt = new DateTime(EpochTicks + (long)(raw.CreatedAt / 100), DateTimeKind.Utc);
		Flags = (RegionFlags)raw.Flags;
		Lifetime = (Lifetime)raw.Lifetime;
		Uid = raw.Uid;
		Gid = raw.Gid;
		Mode = (int)raw.Mode;
		CreatorPid = raw.CreatorPid;
		Handles = raw.Handles;
		Waiters = raw.Waiters;
		Sequence = raw.Sequence;
		Cursor = raw.Cursor;
		Attachments = raw.Attachments;
		Fences = raw.Fences;
		FenceErrors = raw.FenceErrors;
		FenceError = raw.FenceError;
	}

	/// <summary>Its name; empty for an anonymous region.</summary>
	public string Name { get; }
	/// <summary>Its backend.</summary>
	public Backend Backend { get; }
	/// <summary>The module's number for it; on POSIX shared memory the inode number.</summary>
	public ulong Id { get; }
	/// <summary>Bytes of data.</summary>
	public long Capacity { get; }
	/// <summary>Bytes of data for which memory is allocated.</summary>
	public long Resident { get; }
	/// <summary>Time of creation, in UTC.</summary>
	public DateTime CreatedAt { get; }
	/// <summary>Flags of the region and the handle.</summary>
	public RegionFlags Flags { get; }
	/// <summary>The event that removes its name.</summary>
	public Lifetime Lifetime { get; }
	/// <summary>Its owning user.</summary>
	public uint Uid { get; }
	/// <summary>Its owning group.</summary>
	public uint Gid { get; }
	/// <summary>Its permission bits.</summary>
	public int Mode { get; }
	/// <summary>The creator's process ID; 0 if it is not visible from this namespace.</summary>
	public int CreatorPid { get; }
	/// <summary>Open handles.</summary>
	public uint Handles { get; }
	/// <summary>Threads that sleep in a wait; 0 on POSIX shared memory.</summary>
	public uint Waiters { get; }
	/// <summary>Notifies so far, modulo 2^32.</summary>
	public uint Sequence { get; }
	/// <summary>The sequence that this handle has consumed.</summary>
	public uint Cursor { get; }
	/// <summary>Devices that are attached to its dma-buf.</summary>
	public uint Attachments { get; }
	/// <summary>Fences that have not signalled yet.</summary>
	public uint Fences { get; }
	/// <summary>Fences that signalled an error so far.</summary>
	public uint FenceErrors { get; }
	/// <summary>The last such error, as a negative number; 0 if there was none.</summary>
	public int FenceError { get; }
}
}
