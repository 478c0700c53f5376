// SPDX-License-Identifier: GPL-2.0-only
/* Streams in C#, for the matrix of languages; CASES.md says what the orders do. */
using System;
using System.Runtime.InteropServices;
using Zinc;

internal static class Streamer
{
	private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
	private const int Elements = 6;
	private static FrameWriter writer;
	private static FrameReader reader;
	private static Frame held;

	private static FrameFormat Kind(string name)
	{
		if (name == "nv12")
			return FrameFormat.Video("NV12", 6, 4).AlignRows(64);
		if (name == "xr24")
			return FrameFormat.Video("XR24", 5, 3).AlignRows(32);
		return FrameFormat.Tensor(ElementType.Float, 32, 2, 3);
	}

	private static string Describe(FrameFormat format)
	{
		if (format.Kind == FrameKind.Tensor)
			return format.ElementType.ToString().ToLowerInvariant() +
			       $"{format.ElementBits}/{string.Join(",", format.Shape)}";
		return $"{format.FourCC}/{format.Width}x{format.Height}/{string.Join(",", format.Strides)}";
	}

	/* The samples of a row that has this number of bytes */
	private static byte[] Row(int bytes, long number, int plane, int y)
	{
		var row = new byte[bytes];

		for (int x = 0; x < bytes; x++)
			row[x] = unchecked((byte)(number + plane * 3 + y * 5 + x * 7));
		return row;
	}

	private static byte[] Tensor(long number)
	{
		var elements = new float[Elements];

		for (int i = 0; i < Elements; i++)
			elements[i] = number * 0.5F + i;
		return MemoryMarshal.AsBytes(new Span<float>(elements)).ToArray();
	}

	private static void Fill(FrameFormat format, Span<byte> slot, long number)
	{
		if (format.Kind == FrameKind.Tensor)
			Tensor(number).CopyTo(slot);
		for (int p = 0; p < format.Planes; p++) {
			FramePlane plane = format.Plane(p);

			for (int y = 0; y < plane.Rows; y++)
				Row(plane.RowBytes, number, p, y).CopyTo(plane.Row(slot, y));
		}
	}

	private static bool IsRight(Frame frame)
	{
		bool right = true;

		if (frame.Format.Kind == FrameKind.Tensor)
			right = frame.Data.Span.SequenceEqual(Tensor(frame.Number));
		for (int p = 0; p < frame.Format.Planes; p++) {
			FramePlane plane = frame.Format.Plane(p);

			for (int y = 0; y < plane.Rows; y++)
				right &= frame.Row(p, y).SequenceEqual(Row(plane.RowBytes, frame.Number, p, y));
		}
		GC.KeepAlive(frame);
		return right;
	}

	private static bool WriteOne(TimeSpan timeout)
	{
		if (!writer.TryBegin(timeout, out Memory<byte> slot))
			return false;
		long number = writer.Number + 1;
		Fill(writer.Format, slot.Span, number);
		writer.Commit(new FrameInfo { Bytes = writer.Format.FrameBytes, PtsNs = number * 1000 });
		GC.KeepAlive(writer);
		return true;
	}

	private static string Write(int count)
	{
		for (int i = 0; i < count; i++)
			if (!WriteOne(Patience))
				throw new TimeoutException("a frame was not begun in time");
		return "done";
	}

	private static string Told(Frame frame, bool right, bool whole)
	{
		string state = !whole ? "torn" : right ? "right" : "wrong";

		return $"frame {frame.Number} {frame.Lost} {(frame.IsNewFormat ? 1 : 0)} " +
		       $"{Describe(frame.Format)} {frame.Info.Bytes} {frame.Info.PtsNs} {state}";
	}

	private static Frame NextFrame()
	{
		if (!reader.TryNext(Patience, out Frame frame))
			throw new TimeoutException("no frame came in time");
		return frame;
	}

	private static string Next()
	{
		try {
			Frame frame = NextFrame();
			bool right = IsRight(frame);

			return Told(frame, right, frame.Done());
		} catch (RegionGoneException) {
			return "gone";
		}
	}

	private static string Read()
	{
		if (!reader.TryRead(Patience, out Frame frame))
			throw new TimeoutException("no frame came in time");
		return Told(frame, IsRight(frame), frame.IsWhole);
	}

	private static string Hold()
	{
		held = NextFrame();
		return $"held {held.Number} {(held.IsWhole ? 1 : 0)}";
	}

	private static string Follow()
	{
		int right = 0, wrong = 0;

		foreach (Frame frame in reader) {
			bool good = IsRight(frame);

			if (!frame.Done())
				continue;
			right += good ? 1 : 0;
			wrong += good ? 0 : 1;
		}
		return $"followed {right} {wrong} {reader.Lost}";
	}

	private static string Open(string name, string mode)
	{
		ReaderMode which = mode == "every" ? ReaderMode.Every :
			mode == "register" ? ReaderMode.Registered : ReaderMode.Newest;

		reader = FrameReader.OpenWait(name, Patience, which);
		return "ready " + Describe(reader.Format);
	}

	private static string Obey(string[] words)
	{
		switch (words[0]) {
		case "create":
			writer = FrameWriter.Create(words[1], Kind(words[2]), int.Parse(words[3]));
			return "ready";
		case "write":
			return Write(int.Parse(words[1]));
		case "try":
			return WriteOne(TimeSpan.Zero) ? "done" : "busy";
		case "format":
			writer.SetFormat(Kind(words[1]));
			return "done";
		case "end":
			writer.Dispose();
			return "done";
		case "open":
			return Open(words[1], words[2]);
		case "next":
			return Next();
		case "read":
			return Read();
		case "hold":
			return Hold();
		case "release":
			return $"released {(held.Done() ? 1 : 0)}";
		case "follow":
			return Follow();
		case "close":
			reader.Dispose();
			return "done";
		default:
			throw new ArgumentException("no such order");
		}
	}

	private static void Main()
	{
		string line;

		while ((line = Console.ReadLine()) != null) {
			try {
				Console.WriteLine(Obey(line.Split(' ')));
			} catch (Exception why) {
				Console.WriteLine("error " + why.Message.Replace("\n", " "));
			}
		}
	}
}
