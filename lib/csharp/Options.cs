// SPDX-License-Identifier: MIT
using System;

namespace Zinc
{
/// <summary>The implementation of a region.</summary>
public enum Backend
{
	/// <summary>The value of $ZINC_BACKEND if set; else the module if present; else Shm.</summary>
	Auto = 0,
	/// <summary>The kernel module.</summary>
	Kmod = 1,
	/// <summary>POSIX shared memory and futexes.</summary>
	Shm = 2
}

/// <summary>The event that removes a region's name.</summary>
public enum Lifetime
{
	/// <summary>Until the last handle is closed.</summary>
	Refs = 0,
	/// <summary>Until the creator's handle is closed.</summary>
	Creator = 1,
	/// <summary>Until it is unlinked.</summary>
	Persist = 2
}

/// <summary>A kind of access by the processor.</summary>
[Flags]
public enum CpuAccess
{
	/// <summary>The processor reads.</summary>
	Read = 1,
	/// <summary>The processor writes.</summary>
	Write = 2,
	/// <summary>The processor reads and writes.</summary>
	ReadWrite = Read | Write
}

/// <summary>Operations with devices. A method whose feature is missing fails with
/// <see cref="Errno.EOPNOTSUPP"/>.</summary>
[Flags]
public enum Features : long
{
	/// <summary>No feature.</summary>
	None = 0,
	/// <summary><see cref="SharedRegion.ExportDmaBuf"/>, and access by the processor.</summary>
	Export = 1 << 3,
	/// <summary><see cref="SharedRegion.ImportDmaBuf"/>.</summary>
	Import = 1 << 4,
	/// <summary><see cref="SharedRegion.NotifyOnFence"/>.</summary>
	Fence = 1 << 5,
	/// <summary><see cref="CreateOptions.Contiguous"/>.</summary>
	Contiguous = 1 << 10,
	/// <summary><see cref="SharedRegion.ExportDmaBufPart"/>.</summary>
	ExportPart = 1 << 11
}

/// <summary>Options for creating a region.</summary>
public sealed class CreateOptions
{
	/// <summary>Permission bits within 0666; 0 means 0600. No umask is applied.</summary>
	public int Mode { get; set; }
	/// <summary>The event that removes the name.</summary>
	public Lifetime Lifetime { get; set; }
	/// <summary>The backend.</summary>
	public Backend Backend { get; set; }
	/// <summary>Take the name from the region that has it.</summary>
	public bool Replace { get; set; }
	/// <summary>Allocate each page on its first access, instead of all at once.</summary>
	public bool Lazy { get; set; }
	/// <summary>Each block of a huge page's size is physically contiguous; kernel module
	/// only, and not together with <see cref="Lazy"/>.</summary>
	public bool Contiguous { get; set; }

	internal Native.Options Raw()
	{
		return new Native.Options {
			Size = Size,
			Flags = (Replace ? Native.Replace : 0) | (Lazy ? Native.Lazy : 0)
				| (Contiguous ? Native.Contiguous : 0),
			Mode = unchecked((uint)Mode),
			Lifetime = (uint)Lifetime,
			Backend = (uint)Backend
		};
	}

	internal static unsafe uint Size => (uint)sizeof(Native.Options);
}

/// <summary>Options for opening a region.</summary>
public sealed class OpenOptions
{
	/// <summary>Open for reading and waiting only.</summary>
	public bool ReadOnly { get; set; }
	/// <summary>Do not map the data, for memory that no processor can map.</summary>
	public bool NoData { get; set; }
	/// <summary>The backend.</summary>
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

/// <summary>Options for importing a dma-buf.</summary>
public sealed class ImportOptions
{
	/// <summary>Permission bits within 0666; 0 means 0600. No umask is applied.</summary>
	public int Mode { get; set; }
	/// <summary>The event that removes the name.</summary>
	public Lifetime Lifetime { get; set; }
	/// <summary>Take the name from the region that has it.</summary>
	public bool Replace { get; set; }
	/// <summary>Do not map the data, for memory that no processor can map.</summary>
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
