// SPDX-License-Identifier: GPL-2.0-only
using System;
using System.Diagnostics;
using System.IO;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using Zinc;

/* Why a test cannot be run here */
internal sealed class Skip : Exception
{
	internal Skip(string why) : base(why)
	{
	}
}

/* A test of a suite */
internal struct Test
{
	internal readonly int Number;
	internal readonly string Name;
	internal readonly Action Run;

	internal Test(int number, string name, Action run)
	{
		Number = number;
		Name = name;
		Run = run;
	}
}

internal static class Harness
{
	internal const int Page = 65536;
	internal const int Patience = 60000;
	internal static readonly bool IsKmod = Environment.GetEnvironmentVariable("ZINC_BACKEND") == "kmod";
	internal static readonly int OwnPid = Process.GetCurrentProcess().Id;
	private static int names;

	/* The exit status; prints TAP */
	internal static int Run(params Test[] tests)
	{
		int failed = 0;

		Console.WriteLine($"TAP version 13\n1..{tests.Length}");
		foreach (Test test in tests)
			failed += Passes(test) ? 0 : 1;
		return failed > 0 ? 1 : 0;
	}

	private static bool Passes(Test test)
	{
		try {
			test.Run();
			Console.WriteLine($"ok {test.Number} {test.Name}");
		} catch (Skip why) {
			Console.WriteLine($"ok {test.Number} {test.Name} # SKIP {why.Message}");
		} catch (Exception why) {
			Console.WriteLine("# " + why.ToString().Replace("\n", "\n# "));
			Console.WriteLine($"not ok {test.Number} {test.Name}");
			return false;
		}
		return true;
	}

	internal static void Check(bool right, object seen = null, [CallerLineNumber] int line = 0)
	{
		if (!right)
			throw new Exception($"line {line}: not so: {seen}");
	}

	/* The exception, which has to be a T */
	internal static T Throws<T>(Action action, [CallerLineNumber] int line = 0) where T : Exception
	{
		try {
			action();
		} catch (T thrown) {
			return thrown;
		} catch (Exception thrown) {
			throw new Exception($"line {line}: not what was to be thrown", thrown);
		}
		throw new Exception($"line {line}: nothing was thrown");
	}

	internal static void Fails(int errno, Action action, [CallerLineNumber] int line = 0)
	{
		int got = Throws<ZincException>(action, line).Errno;

		Check(got == errno, got, line);
	}

	internal static void IsClosed(Action action, [CallerLineNumber] int line = 0)
	{
		Throws<ObjectDisposedException>(action, line);
	}

	/* A name that no other process uses */
	internal static string Named()
	{
		return $"zc{OwnPid}-csharp-{Interlocked.Increment(ref names)}";
	}

	internal static SharedRegion Create(string name)
	{
		return SharedRegion.Create(name, Page);
	}

	/* In a thread of its own, whose stack keeps nothing alive */
	internal static void Elsewhere(Action action)
	{
		Exception thrown = null;
		var thread = new Thread(() => {
			try {
				action();
			} catch (Exception why) {
				thrown = why;
			}
		});

		thread.Start();
		thread.Join();
		if (thrown != null)
			throw new Exception("elsewhere", thrown);
	}

	internal static void Collect()
	{
		GC.Collect();
		GC.WaitForPendingFinalizers();
	}

	/* Until that is so; the collector looks at stacks conservatively. */
	internal static bool Collects(Func<bool> gone)
	{
		for (int i = 0; i < 10 && !gone(); i++) {
			Elsewhere(() => new byte[1000].Clone());
			Collect();
		}
		return gone();
	}

	/*
	 * The shared mapping at this address: its range, device and inode; null for none.
	 * The address alone does not tell: something else may be mapped there by now.
	 */
	internal static string MappingAt(long address)
	{
		foreach (string line in File.ReadAllLines("/proc/self/maps")) {
			string[] words = line.Split(' ');
			string[] ends = words[0].Split('-');
			if (words[1].EndsWith("s") && Convert.ToInt64(ends[0], 16) <= address &&
			    address < Convert.ToInt64(ends[1], 16))
				return $"{words[0]} {words[3]} {words[4]}";
		}
		return null;
	}

	internal static unsafe string MappingOf(Memory<byte> memory)
	{
		using (var pin = memory.Pin())
			return MappingAt((long)pin.Pointer);
	}

	/* Is this, from MappingAt(), still there? */
	internal static bool IsMapped(string mapping)
	{
		long address = Convert.ToInt64(mapping.Split('-')[0], 16);

		return MappingAt(address) == mapping;
	}

	internal static int CountDescriptors()
	{
		return Directory.GetFileSystemEntries("/proc/self/fd").Length;
	}

	internal static int CountMappings()
	{
		return File.ReadAllLines("/proc/self/maps").Length;
	}

	[StructLayout(LayoutKind.Sequential)]
	private struct PollFd
	{
		internal int Fd;
		internal short Events;
		internal short Returned;
	}

	[DllImport("libc", SetLastError = true)]
	private static extern int poll(ref PollFd all, ulong count, int milliseconds);

	[DllImport("libc")]
	internal static extern long lseek(int fd, long offset, int whence);

	internal static bool IsReadable(int fd, int milliseconds)
	{
		const int EINTR = 4;
		var one = new PollFd { Fd = fd, Events = 1 };

		while (poll(ref one, 1, milliseconds) < 0)
			Check(Marshal.GetLastWin32Error() == EINTR);
		return one.Returned == 1;
	}
}

/* The other process of the cases */
internal sealed class Peer
{
	private readonly Process process;

	private Peer(string[] words)
	{
		process = Process.Start(new ProcessStartInfo {
			FileName = Environment.GetEnvironmentVariable("ZINC_PEER"),
			Arguments = string.Join(" ", words),
			UseShellExecute = false,
			RedirectStandardInput = true,
			RedirectStandardOutput = true
		});
	}

	/* Its output, once it has ended */
	internal static string Say(params string[] words)
	{
		var peer = new Peer(words);
		string said = peer.process.StandardOutput.ReadToEnd();

		peer.Ends();
		return said.Trim();
	}

	/* The one that goes on, when it is ready */
	internal static Peer Start(params string[] words)
	{
		var peer = new Peer(words);
		string line = peer.process.StandardOutput.ReadLine();

		Harness.Check(line == "ready", line);
		return peer;
	}

	/* By itself, and all is well */
	internal void Ends()
	{
		process.StandardInput.Close();
		Harness.Check(process.WaitForExit(Harness.Patience), "it does not end");
		Harness.Check(process.ExitCode == 0, process.ExitCode);
		process.Dispose();
	}

	internal void Kill()
	{
		process.Kill();
		Dies();
	}

	/* By a signal */
	internal void Dies()
	{
		process.WaitForExit();
		process.Dispose();
	}
}
