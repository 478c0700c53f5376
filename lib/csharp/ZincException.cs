// SPDX-License-Identifier: MIT
using System.IO;
using System.Runtime.InteropServices;

namespace Zinc
{
/// <summary>What the library refused, and what to do about it.</summary>
/// <remarks>What is done with a region that is closed is an
/// <see cref="System.ObjectDisposedException"/> instead.</remarks>
public sealed class ZincException : IOException
{
	internal ZincException(string operation, string region, int errno)
		: base(Describe(operation, region, errno))
	{
		Operation = operation;
		Region = region;
		Errno = errno;
	}

	/// <summary>What was tried, such as <c>open</c>.</summary>
	public string Operation { get; }

	/// <summary>The region's name; empty if it has none.</summary>
	public string Region { get; }

	/// <summary>The error's number, to be compared with those of <see cref="Zinc.Errno"/>.</summary>
	public int Errno { get; }

	private static string Describe(string operation, string region, int errno)
	{
		string why = Marshal.PtrToStringAnsi(Native.zinc_strerror(-errno));

		return region == "" ? $"{operation}: {why}" : $"{operation} \"{region}\": {why}";
	}
}

/// <summary>The numbers that a <see cref="ZincException"/> has, as Linux counts them.</summary>
public static class Errno
{
	/// <summary>The caller is not the region's owner, or may not open it.</summary>
	public const int EPERM = 1;
	/// <summary>There is no region of that name.</summary>
	public const int ENOENT = 2;
	/// <summary>The memory is mapped by no processor.</summary>
	public const int ENXIO = 6;
	/// <summary>The descriptor is not open, or the region is read-only.</summary>
	public const int EBADF = 9;
	/// <summary>There is no memory.</summary>
	public const int ENOMEM = 12;
	/// <summary>The caller may not open the region, or <c>/dev/zinc</c>.</summary>
	public const int EACCES = 13;
	/// <summary>Too many fences are pending.</summary>
	public const int EBUSY = 16;
	/// <summary>The name is in use.</summary>
	public const int EEXIST = 17;
	/// <summary>A bad name, a bad capacity, or an option that does not belong there.</summary>
	public const int EINVAL = 22;
	/// <summary>The system has too many descriptors open.</summary>
	public const int ENFILE = 23;
	/// <summary>The process has too many descriptors open.</summary>
	public const int EMFILE = 24;
	/// <summary>The descriptor is not that of a region.</summary>
	public const int ENOTTY = 25;
	/// <summary>There is no room, or the user has as many regions as he may.</summary>
	public const int ENOSPC = 28;
	/// <summary>What has that name is no region.</summary>
	public const int EBADMSG = 74;
	/// <summary>The backend, or this version of the module, cannot do it.</summary>
	public const int EOPNOTSUPP = 95;
	/// <summary>The user has as many bytes as he may.</summary>
	public const int EDQUOT = 122;

	/* a wait tells these by its result */
	internal const int EAGAIN = 11;
	internal const int ETIMEDOUT = 110;
}
}
