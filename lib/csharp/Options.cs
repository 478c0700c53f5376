// SPDX-License-Identifier: MIT
using System;

namespace Zinc
{
/// <summary>What a region is made by.</summary>
public enum Backend
{
	/// <summary>As $ZINC_BACKEND says, else the module, else POSIX shared memory.</summary>
	Auto = 0,
	/// <summary>The kernel module.</summary>
	Kmod = 1,
	/// <summary>POSIX shared memory and futexes.</summary>
	Shm = 2
}

/// <summary>How long a region keeps its name.</summary>
public enum Lifetime
{
	/// <summary>Until the last handle is closed.</summary>
	Refs = 0,
	/// <summary>Until the creator's handle is closed.</summary>
	Creator = 1,
	/// <summary>Until somebody unlinks it.</summary>
	Persist = 2
}

/// <summary>What the processor does between begin and end of an access.</summary>
[Flags]
public enum CpuAccess
{
	/// <summary>It reads.</summary>
	Read = 1,
	/// <summary>It writes.</summary>
	Write = 2,
	/// <summary>Both.</summary>
	ReadWrite = Read | Write
}

/// <summary>What can be done with devices. Without its bit a method fails with
/// <see cref="Errno.EOPNOTSUPP"/>.</summary>
[Flags]
public enum Features : long
{
	/// <summary>Nothing.</summary>
	None = 0,
	/// <summary><see cref="SharedRegion.ExportDmaBuf"/>, and access by the processor.</summary>
	Export = 1 << 3,
	/// <summary><see cref="SharedRegion.ImportDmaBuf"/>.</summary>
	Import = 1 << 4,
	/// <summary><see cref="SharedRegion.NotifyOnFence"/>.</summary>
	Fence = 1 << 5
}

/// <summary>The choices that there are in making a region.</summary>
public sealed class CreateOptions
{
	/// <summary>Permission bits within 0666; 0 means 0600. No umask is applied.</summary>
	public int Mode { get; set; }
	/// <summary>How long it keeps its name.</summary>
	public Lifetime Lifetime { get; set; }
	/// <summary>What makes it.</summary>
	public Backend Backend { get; set; }
	/// <summary>Take the name from the region that has it.</summary>
	public bool Replace { get; set; }
	/// <summary>Memory with the first touch, instead of all at once.</summary>
	public bool Lazy { get; set; }

	internal Native.Options Raw()
	{
		return new Native.Options {
			Size = Size,
			Flags = (Replace ? Native.Replace : 0) | (Lazy ? Native.Lazy : 0),
			Mode = unchecked((uint)Mode),
			Lifetime = (uint)Lifetime,
			Backend = (uint)Backend
		};
	}

	internal static unsafe uint Size => (uint)sizeof(Native.Options);
}

/// <summary>The choices that there are in opening a region.</summary>
public sealed class OpenOptions
{
	/// <summary>Look and wait only.</summary>
	public bool ReadOnly { get; set; }
	/// <summary>Leave the data unmapped: memory that no processor maps.</summary>
	public bool NoData { get; set; }
	/// <summary>Where to look for it.</summary>
	public Backend Backend { get; set; }

	internal Native.Options Raw()
	{
		return new Native.Options {
			Size = CreateOptions.Size,
			Flags = (ReadOnly ? Native.ReadOnly : 0) | (NoData ? Native.NoData : 0),
			Backend = (uint)Backend
		};
	}
}

/// <summary>The choices that there are in making a region of a dma-buf.</summary>
public sealed class ImportOptions
{
	/// <summary>Permission bits within 0666; 0 means 0600. No umask is applied.</summary>
	public int Mode { get; set; }
	/// <summary>How long it keeps its name.</summary>
	public Lifetime Lifetime { get; set; }
	/// <summary>Take the name from the region that has it.</summary>
	public bool Replace { get; set; }
	/// <summary>Leave the data unmapped: memory that no processor maps.</summary>
	public bool NoData { get; set; }

	internal Native.Options Raw()
	{
		return new Native.Options {
			Size = CreateOptions.Size,
			Flags = (Replace ? Native.Replace : 0) | (NoData ? Native.NoData : 0),
			Mode = unchecked((uint)Mode),
			Lifetime = (uint)Lifetime
		};
	}
}
}
