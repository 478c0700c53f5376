// SPDX-License-Identifier: MIT
using System.IO;
using System.Runtime.InteropServices;

namespace Zinc
{
/// <summary>An error of the library. The message has the operation, the region and the
/// remedy.</summary>
/// <remarks>Methods of a closed region throw an
/// <see cref="System.ObjectDisposedException"/> instead.</remarks>
public class ZincException : IOException
{
	internal ZincException(string operation, string region, int errno)
		: base(Describe(operation, region, errno))
	{
		Operation = operation;
		Region = region;
		Errno = errno;
	}

	/// <summary>The operation, such as <c>open</c>.</summary>
	public string Operation { get; }

	/// <summary>The region's name; empty for an anonymous region.</summary>
	public string Region { get; }

	/// <summary>The errno, to be compared with the constants of <see cref="Zinc.Errno"/>.</summary>
	public int Errno { get; }

	private static string Describe(string operation, string region, int errno)
	{
		string why = Marshal.PtrToStringAnsi(Native.zinc_strerror(-errno));

		return region == "" ? $"{operation}: {why}" : $"{operation} \"{region}\": {why}";
	}
}

/// <summary>A wait by <see cref="SharedRegion.WaitOrGone(int)"/> ended because the region's
/// creator or name is gone.</summary>
public sealed class RegionGoneException : ZincException
{
	internal RegionGoneException(string operation, string region)
		: base(operation, region, Zinc.Errno.EPIPE)
	{
	}
}

/// <summary>The errnos of a <see cref="ZincException"/>, as on most Linux architectures.</summary>
public static class Errno
{
	/// <summary>The caller is not the region's owner, or may not open it.</summary>
	public const int EPERM = 1;
	/// <summary>There is no region of that name.</summary>
	public const int ENOENT = 2;
	/// <summary>The memory cannot be mapped by a processor.</summary>
	public const int ENXIO = 6;
	/// <summary>The descriptor is not open, or the region is read-only.</summary>
	public const int EBADF = 9;
	/// <summary>No memory is available.</summary>
	public const int ENOMEM = 12;
	/// <summary>The caller may not open the region, or <c>/dev/zinc</c>.</summary>
	public const int EACCES = 13;
	/// <summary>Too many fences are pending, or a region to be removed as stale is
	/// open.</summary>
	public const int EBUSY = 16;
	/// <summary>The name is in use.</summary>
	public const int EEXIST = 17;
	/// <summary>An invalid name, capacity or option.</summary>
	public const int EINVAL = 22;
	/// <summary>The system has too many descriptors open.</summary>
	public const int ENFILE = 23;
	/// <summary>The process has too many descriptors open.</summary>
	public const int EMFILE = 24;
	/// <summary>The descriptor is not that of a region.</summary>
	public const int ENOTTY = 25;
	/// <summary>There is no space, or the user has reached the limit on regions.</summary>
	public const int ENOSPC = 28;
	/// <summary>The region's creator or name is gone: a
	/// <see cref="RegionGoneException"/>.</summary>
	public const int EPIPE = 32;
	/// <summary>The object of that name is not a region.</summary>
	public const int EBADMSG = 74;
	/// <summary>The backend, or this version of the module, does not support it.</summary>
	public const int EOPNOTSUPP = 95;
	/// <summary>The user has reached the limit on bytes.</summary>
	public const int EDQUOT = 122;

	/// <summary>A stream has 16 registered readers.</summary>
	public const int EUSERS = 87;
	/// <summary>No region of the name was created before the timeout.</summary>
	public const int ETIMEDOUT = 110;

	/* a wait returns false for it */
	internal const int EAGAIN = 11;
}
}
