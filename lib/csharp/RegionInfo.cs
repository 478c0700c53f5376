// SPDX-License-Identifier: MIT
using System;
using System.Runtime.InteropServices;

namespace Zinc
{
/// <summary>What there is to tell of a region and of a handle.</summary>
[Flags]
public enum RegionFlags
{
	/// <summary>Nothing.</summary>
	None = 0,
	/// <summary>The creator's handle is closed.</summary>
	CreatorGone = 1 << 0,
	/// <summary>It has no name any more.</summary>
	Unlinked = 1 << 1,
	/// <summary>It never had one.</summary>
	Anonymous = 1 << 2,
	/// <summary>It has its memory with the first touch.</summary>
	Lazy = 1 << 3,
	/// <summary>This handle is read-only.</summary>
	ReadOnly = 1 << 4,
	/// <summary>This handle is the creator's.</summary>
	Creator = 1 << 5,
	/// <summary>On POSIX shared memory: nobody has it open any more.</summary>
	Stale = 1 << 6,
	/// <summary>On POSIX shared memory: its header is bad.</summary>
	Invalid = 1 << 7,
	/// <summary>Its memory is a foreign dma-buf.</summary>
	Imported = 1 << 8,
	/// <summary>Nobody maps its data writable.</summary>
	DataReadOnly = 1 << 9
}

/// <summary>What was known of a region when it was asked.</summary>
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
		OwnerPid = raw.OwnerPid;
		Handles = raw.Handles;
		Waiters = raw.Waiters;
		Sequence = raw.Sequence;
		Cursor = raw.Cursor;
		Attachments = raw.Attachments;
		Fences = raw.Fences;
		FenceErrors = raw.FenceErrors;
		FenceError = raw.FenceError;
	}

	/// <summary>Its name; empty for none.</summary>
	public string Name { get; }
	/// <summary>What it is made by.</summary>
	public Backend Backend { get; }
	/// <summary>The module's number for it; on POSIX shared memory the inode's.</summary>
	public ulong Id { get; }
	/// <summary>Bytes of data.</summary>
	public long Capacity { get; }
	/// <summary>Bytes of them that have memory now.</summary>
	public long Resident { get; }
	/// <summary>When it was made, in UTC.</summary>
	public DateTime CreatedAt { get; }
	/// <summary>What else it is.</summary>
	public RegionFlags Flags { get; }
	/// <summary>How long it keeps its name.</summary>
	public Lifetime Lifetime { get; }
	/// <summary>Its owner.</summary>
	public uint Uid { get; }
	/// <summary>Its group.</summary>
	public uint Gid { get; }
	/// <summary>Its permission bits.</summary>
	public int Mode { get; }
	/// <summary>The creator's process; 0 if it is not visible from here.</summary>
	public int OwnerPid { get; }
	/// <summary>How many handles are open.</summary>
	public uint Handles { get; }
	/// <summary>How many sleep on it; 0 on POSIX shared memory.</summary>
	public uint Waiters { get; }
	/// <summary>Notifies so far, modulo 2^32.</summary>
	public uint Sequence { get; }
	/// <summary>This handle's cursor.</summary>
	public uint Cursor { get; }
	/// <summary>Devices that are attached to its dma-buf.</summary>
	public uint Attachments { get; }
	/// <summary>Fences that have yet to notify.</summary>
	public uint Fences { get; }
	/// <summary>Fences so far that signalled an error.</summary>
	public uint FenceErrors { get; }
	/// <summary>The last such error, as a negative number; 0 if there was none.</summary>
	public int FenceError { get; }
}
}
