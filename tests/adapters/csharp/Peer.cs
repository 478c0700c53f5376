// SPDX-License-Identifier: GPL-2.0-only
/* Writer and reader in C#, for the matrix of languages; CASES.md says what they do. */
using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using Zinc;

internal static class Matrix
{
	private const int Page = 65536;
	private const int Patience = 60000;

	/* With the padding that it has in C */
	[StructLayout(LayoutKind.Sequential)]
	private unsafe struct Message
	{
		internal ulong Sequence;
		internal byte A;
		internal ushort B;
		internal uint C;
		internal ulong D;
		internal float E;
		internal double F;
		internal fixed uint G[16];
		internal uint Checksum;
	}

	private delegate void Order(SharedRegion data, SharedRegion ack, ulong count);

	private static uint Fnv1a(ReadOnlySpan<byte> bytes)
	{
		uint sum = 2166136261;

		foreach (byte one in bytes)
			sum = unchecked((sum ^ one) * 16777619);
		return sum;
	}

	/* That of this sequence, as it lies in memory */
	private static unsafe byte[] MessageOf(ulong s)
	{
		var bytes = new byte[sizeof(Message)];

		fixed (byte *start = bytes) {
			var message = (Message *)start;
			unchecked {
				message->Sequence = s;
				message->A = (byte)(s * 7);
				message->B = (ushort)(s * 257);
				message->C = (uint)(s * 2654435761);
				message->D = s * 0x9E3779B97F4A7C15;
				message->E = (float)(s * 0.5);
				message->F = s * -0.125;
				for (uint i = 0; i < 16; i++)
					message->G[i] = (uint)s * 31 + i * 17;
			}
			message->Checksum = Fnv1a(bytes.AsSpan(0, 104));
		}
		return bytes;
	}

	private static ref ulong SequenceOf(SharedRegion region)
	{
		return ref MemoryMarshal.Cast<byte, ulong>(region.Span)[0];
	}

	private static void Await(SharedRegion region, string what, ulong s)
	{
		if (!region.Wait(Patience))
			throw new TimeoutException($"{what}, message {s}");
	}

	private static void Write(SharedRegion data, SharedRegion ack, ulong count)
	{
		Console.WriteLine("ready");
		for (ulong s = 1; s <= count; s++) {
			MessageOf(s).CopyTo(data.Memory);
			data.Notify();
			while (Volatile.Read(ref SequenceOf(ack)) != s)
				Await(ack, "the reader does not answer", s);
		}
	}

	private static void AwaitMessage(SharedRegion data, ulong s)
	{
		ulong got;

		do {
			Await(data, "nothing comes", s);
			got = Volatile.Read(ref SequenceOf(data));
			if (got != s && got != s - 1)
				throw new InvalidDataException($"message {got} comes instead of {s}");
		} while (got != s);
	}

	private static void Read(SharedRegion data, SharedRegion ack, ulong count)
	{
		for (ulong s = 1; s <= count; s++) {
			AwaitMessage(data, s);
			byte[] want = MessageOf(s);
			if (!data.Span.Slice(0, want.Length).SequenceEqual(want))
				throw new InvalidDataException($"message {s} is torn, or not as it should be");
			Volatile.Write(ref SequenceOf(ack), s);
			ack.Notify();
		}
	}

	private static void With(Func<string, SharedRegion> open, string name, string count, Order order)
	{
		using (SharedRegion data = open(name), ack = open(name + "-ack")) {
			order(data, ack, ulong.Parse(count));
			/* spans of both are gone */
			data.Unmap();
			ack.Unmap();
		}
	}

	private static void Hold(string name)
	{
		using (var region = SharedRegion.Create(name, Page)) {
			Console.WriteLine("ready");
			while (true)
				region.Wait();
		}
	}

	private static void AwaitEnd(string name)
	{
		using (var region = SharedRegion.Open(name)) {
			Console.WriteLine("ready");
			try {
				region.WaitOrGone(Patience);
			} catch (RegionGoneException) {
				return;
			}
		}
		throw new TimeoutException("its creator is not gone");
	}

	private static void Obey(string line)
	{
		string[] words = line.Split(' ');

		if (words.Length == 3 && words[0] == "write")
			With(name => SharedRegion.Create(name, Page), words[1], words[2], Write);
		else if (words.Length == 3 && words[0] == "read")
			With(name => SharedRegion.Open(name), words[1], words[2], Read);
		else if (words.Length == 3 && words[0] == "hold")
			Hold(words[1]);
		else if (words.Length == 3 && words[0] == "gone")
			AwaitEnd(words[1]);
		else
			throw new ArgumentException("no such order");
	}

	private static void Main()
	{
		string line;

		while ((line = Console.ReadLine()) != null) {
			try {
				Obey(line);
				Console.WriteLine("done");
			} catch (Exception why) {
				Console.WriteLine("error " + why.Message.Replace("\n", " "));
			}
		}
	}
}
