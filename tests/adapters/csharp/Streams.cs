// SPDX-License-Identifier: GPL-2.0-only
/* The classes for streams in C#, and each of their errors. Prints TAP. */
using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using Zinc;

internal static class Streams
{
	private const int Bytes = 24;
	private static readonly TimeSpan InTime = TimeSpan.FromMilliseconds(Harness.Patience);
	private static readonly FrameFormat Scores = FrameFormat.Tensor(ElementType.Float, 32, 2, 3);

	private static void Check(bool right, object seen = null, [CallerLineNumber] int line = 0)
	{
		Harness.Check(right, seen, line);
	}

	private static void IsInvalid(Action action, [CallerLineNumber] int line = 0)
	{
		Harness.Throws<ArgumentException>(action, line);
	}

	private static void Put(Memory<byte> slot, long number)
	{
		MemoryMarshal.Write(slot.Span, ref number);
	}

	private static long Get(Frame frame)
	{
		return MemoryMarshal.Read<long>(frame.Data.Span);
	}

	private static void Write(FrameWriter writer, int count)
	{
		for (int i = 0; i < count; i++) {
			Check(writer.TryBegin(InTime, out Memory<byte> slot), writer.Number);
			Put(slot, writer.Number + 1);
			writer.Commit(Bytes);
		}
	}

	private static bool Begins(FrameWriter writer, int milliseconds = 0)
	{
		return writer.TryBegin(TimeSpan.FromMilliseconds(milliseconds), out Memory<byte> slot);
	}

	private static void Video()
	{
		FrameFormat format = FrameFormat.Video("NV12", 6, 4).WithRate(30, 1).WithCaps("a camera");
		FrameFormat padded = format.AlignRows(64);

		Check(format.Kind == FrameKind.Video && format.FourCC == "NV12", format.FourCC);
		Check(format.Width == 6 && format.Height == 4 && format.Modifier == 0);
		Check(format.Planes == 2 && format.FrameBytes == 36, format.FrameBytes);
		Check(format.RateFrames == 30 && format.RateSeconds == 1 && format.Caps == "a camera");
		Check(format.Strides.SequenceEqual(new[] { 6, 6 }));
		Check(padded.Strides.SequenceEqual(new[] { 64, 64 }));
		Check(padded.Offsets.SequenceEqual(new long[] { 0, 256 }) && padded.FrameBytes == 384);
		FramePlane chroma = padded.Plane(1);
		Check(chroma.Offset == 256 && chroma.Stride == 64 && chroma.Rows == 2);
		Check(chroma.Columns == 3 && chroma.Samples == 2 && chroma.SampleBytes == 1);
		var frame = new byte[384];
		Span<byte> row = chroma.Row(frame.AsSpan(), 1);
		row[0] = 7;
		Check(frame[256 + 64] == 7 && row.Length == 6, row.Length);
		Harness.Throws<ArgumentOutOfRangeException>(() => chroma.Row(frame.AsSpan(), 2));
		Harness.Throws<ArgumentOutOfRangeException>(() => chroma.Row(frame.AsSpan(), -1));
		Harness.Throws<ArgumentOutOfRangeException>(() => padded.Plane(2));
		Harness.Throws<ArgumentOutOfRangeException>(() => Scores.Plane(0));
		IsInvalid(() => FrameFormat.Video("NOPE", 6, 4));
		IsInvalid(() => FrameFormat.Video("NV12X", 6, 4));
		IsInvalid(() => FrameFormat.Video("NV12", 0, 4));
		IsInvalid(() => FrameFormat.Video("NV12", 6, 65536));
		IsInvalid(() => format.AlignRows(0));
		FrameFormat wide = FrameFormat.Video("XR24", 65535, 4).AlignRows(int.MaxValue);
		Check(wide.Strides[0] == int.MaxValue, wide.Strides[0]);
		IsInvalid(() => wide.AlignRows(int.MaxValue - 1));
		IsInvalid(() => format.WithRate(-1, 1));
		IsInvalid(() => format.WithRate(30, 0));
		IsInvalid(() => format.WithCaps(new string('x', 256)));
		IsInvalid(() => format.WithCaps("a\0b"));
	}

	private static void Others()
	{
		FrameFormat audio = FrameFormat.Audio(ElementType.Int, 16, 2);

		Check(Scores.Kind == FrameKind.Tensor && Scores.FrameBytes == Bytes, Scores.FrameBytes);
		Check(Scores.ElementType == ElementType.Float && Scores.ElementBits == 32);
		Check(Scores.Shape.SequenceEqual(new long[] { 2, 3 }));
		Check(audio.Kind == FrameKind.Audio && audio.Channels == 2 && audio.FrameBytes == 0);
		Check(audio.ElementType == ElementType.Int && audio.ElementBits == 16);
		Check(FrameFormat.Bytes().Kind == FrameKind.Bytes && FrameFormat.Bytes().FrameBytes == 0);
		IsInvalid(() => FrameFormat.Tensor(ElementType.Float, 12, 2));
		IsInvalid(() => FrameFormat.Tensor(ElementType.Float, 32 + 256, 2));
		IsInvalid(() => FrameFormat.Tensor(ElementType.Float, 32, 2, 0));
		IsInvalid(() => FrameFormat.Tensor(ElementType.Float, 32, -1));
		IsInvalid(() => FrameFormat.Tensor(ElementType.Float, 32, new long[9]));
		IsInvalid(() => FrameFormat.Tensor((ElementType)3, 32, 2));
		IsInvalid(() => FrameFormat.Audio(ElementType.Int, 0, 2));
		IsInvalid(() => FrameFormat.Audio(ElementType.Int, 16, 1025));
	}

	private static void CreateErrors()
	{
		string name = Harness.Named();

		using (var writer = FrameWriter.Create(name, Scores)) {
			Check(writer.Slots == 4 && writer.Number == 0, writer.Slots);
			Check(writer.SlotSize % 4096 == 0 && writer.SlotOffset % 4096 == 0);
			Harness.Fails(Errno.EEXIST, () => FrameWriter.Create(name, Scores));
		}
		Harness.Fails(Errno.EINVAL, () => FrameWriter.Create("", Scores));
		Harness.Fails(Errno.EINVAL, () => FrameWriter.Create("a\0b", Scores));
		Harness.Fails(Errno.EINVAL, () => FrameWriter.Create(new string('x', 246), Scores));
		foreach (int slots in new[] { 1, 65, -1 })
			Harness.Fails(Errno.EINVAL, () => FrameWriter.Create(name, Scores, slots));
		Harness.Fails(Errno.EINVAL, () => FrameWriter.Create(name, Scores, 4, -1));
		Harness.Fails(Errno.EINVAL, () => FrameWriter.Create(name, FrameFormat.Bytes()));
		FrameFormat large = FrameFormat.Tensor(ElementType.Float, 32, 100000);
		Harness.Fails(Errno.EBADMSG, () => FrameWriter.Create(name, large, 4, Bytes));
	}

	private static void OpenErrors()
	{
		string name = Harness.Named();
		var readers = new List<FrameReader>();

		Harness.Fails(Errno.ENOENT, () => FrameReader.Open(name));
		Harness.Fails(Errno.ETIMEDOUT,
			      () => FrameReader.OpenWait(name, TimeSpan.FromMilliseconds(1)));
		Harness.Fails(Errno.EINVAL, () => FrameReader.Open(new string('x', 246)));
		Harness.Fails(Errno.EINVAL, () => FrameReader.Open(name, (ReaderMode)4));
		Harness.Throws<ArgumentOutOfRangeException>(
			() => FrameReader.OpenWait(name, TimeSpan.FromSeconds(-2)));
		using (Harness.Create(name))
			Harness.Fails(Errno.EBADMSG, () => FrameReader.Open(name));
		using (FrameWriter.Create(name, Scores)) {
			for (int i = 0; i < 16; i++)
				readers.Add(FrameReader.Open(name, ReaderMode.Registered));
			Harness.Fails(Errno.EUSERS, () => FrameReader.Open(name, ReaderMode.Registered));
			readers.ForEach(reader => reader.Dispose());
		}
	}

	private static void Frames()
	{
		string name = Harness.Named();
		FrameFormat format = FrameFormat.Video("XR24", 5, 3).AlignRows(32);

		using (var writer = FrameWriter.Create(name, format))
		using (var reader = FrameReader.Open(name, ReaderMode.Every)) {
			Check(reader.Format.Strides.SequenceEqual(new[] { 32 }));
			Check(reader.SlotSize == writer.SlotSize && reader.Slots == 4);
			Check(reader.SlotOffset == writer.SlotOffset, reader.SlotOffset);
			Check(!reader.TryNext(TimeSpan.Zero, out Frame none) && none == null);
			Memory<byte> slot = writer.Begin();
			Check(slot.Length == writer.SlotSize, slot.Length);
			format.Plane(0).Row(slot.Span, 2).Fill(9);
			writer.Commit(new FrameInfo {
				Bytes = 96, PtsNs = 42, Flags = FrameFlags.Key | FrameFlags.Damage,
				DamageX = 4, DamageY = 2, DamageWidth = 1, DamageHeight = 3
			});
			Frame frame = reader.Next();
			FrameInfo info = frame.Info;
			Check(frame.Number == 1 && frame.Lost == 0 && !frame.IsNewFormat, frame.Number);
			Check(info.Bytes == 96 && info.PtsNs == 42, info.PtsNs);
			Check(info.Flags == (FrameFlags.Key | FrameFlags.Damage), info.Flags);
			Check(info.DamageX == 4 && info.DamageY == 2 && info.DamageWidth == 1 &&
			      info.DamageHeight == 3);
			Check(frame.Data.Length == 96 && frame.Row(0, 2).Length == 20);
			Check(frame.Row(0, 2)[19] == 9 && frame.Row(0, 1)[19] == 0);
			Check(frame.IsWhole && frame.Done(), "it is not whole");
			Check(!frame.IsWhole && !frame.Done(), "its use has ended");
			long before = FrameWriter.Now;
			writer.Begin();
			writer.Commit(96);
			info = reader.Read().Info;
			Check(info.PtsNs >= before && info.PtsNs <= FrameWriter.Now, info.PtsNs);
		}
	}

	private static void WriterErrors()
	{
		using (var writer = FrameWriter.Create(Harness.Named(), Scores)) {
			Harness.Fails(Errno.EINVAL, () => writer.Commit(Bytes));
			writer.Begin();
			Harness.Fails(Errno.EBUSY, () => writer.Begin());
			Harness.Fails(Errno.EBUSY, () => writer.SetFormat(Scores));
			Harness.Fails(Errno.EINVAL, () => writer.Commit(writer.SlotSize + 1));
			Harness.Fails(Errno.EINVAL, () => writer.Commit(-1));
			writer.Cancel();
			Check(writer.Number == 0, writer.Number);
			FrameFormat large = FrameFormat.Tensor(ElementType.Float, 32, 100000);
			Harness.Fails(Errno.EBADMSG, () => writer.SetFormat(large));
			Check(writer.Format == Scores);
			Harness.Throws<ArgumentOutOfRangeException>(() => Begins(writer, -2000));
		}
	}

	private static void LostAndTorn()
	{
		string name = Harness.Named();

		using (var writer = FrameWriter.Create(name, Scores))
		using (var reader = FrameReader.Open(name, ReaderMode.Every)) {
			Write(writer, 1);
			Frame torn = reader.Next();
			Write(writer, 9);
			Check(!torn.IsWhole && !torn.Done(), "it was overwritten");
			Frame copy = reader.Read();
			Check(copy.Number == 8 && copy.Lost == 6, copy.Lost);
			Write(writer, 8);
			Check(Get(copy) == 8 && copy.IsWhole && copy.Done(), Get(copy));
			Check(reader.Lost == 7, reader.Lost);
		}
	}

	private static void Registered()
	{
		string name = Harness.Named();

		using (var writer = FrameWriter.Create(name, Scores))
		using (var reader = FrameReader.Open(name, ReaderMode.Registered)) {
			Write(writer, 4);
			Check(!Begins(writer) && !Begins(writer, 1), "it does not wait");
			Check(reader.Next().Number == 1 && !Begins(writer), "it is being read");
			/* the next one ends it */
			Check(reader.Next().Number == 2, reader.Lost);
			Write(writer, 1);
			Check(!Begins(writer), "it does not wait");
			Check(writer.DropReaders() == 1 && writer.DropReaders() == 0);
			Write(writer, 5);
			Check(reader.Next().Lost > 0, reader.Lost);
		}
	}

	private static void Formats()
	{
		string name = Harness.Named();
		FrameFormat other = FrameFormat.Tensor(ElementType.UInt, 8, 10).WithCaps("other");

		using (var writer = FrameWriter.Create(name, Scores))
		using (var reader = FrameReader.Open(name, ReaderMode.Every)) {
			Write(writer, 1);
			Check(!reader.Next().IsNewFormat, "it is the first one");
			writer.SetFormat(other);
			Check(writer.Format == other && reader.Format.Caps == "", reader.Format.Caps);
			Write(writer, 2);
			Frame frame = reader.Read();
			Check(frame.IsNewFormat && frame.Format.Caps == "other", frame.Format.Caps);
			Check(reader.Format.ElementType == ElementType.UInt, reader.Format.ElementType);
			Check(!reader.Read().IsNewFormat, "it is new no more");
		}
	}

	private static void Loops()
	{
		string name = Harness.Named();
		var seen = new List<long>();

		using (var writer = FrameWriter.Create(name, Scores))
		using (var reader = FrameReader.Open(name, ReaderMode.Every)) {
			Write(writer, 2);
			writer.Dispose();
			foreach (Frame frame in reader)
				seen.Add(Get(frame));
			Check(seen.SequenceEqual(new long[] { 1, 2 }), seen.Count);
			Harness.Throws<RegionGoneException>(() => reader.Next());
		}
		using (var writer = FrameWriter.Create(name, Scores)) {
			var reader = FrameReader.Open(name, ReaderMode.Every);

			Write(writer, 1);
			foreach (Frame frame in reader) {
				Check(frame.Number == 1, frame.Number);
				reader.Dispose();
			}
		}
	}

	/* The exception in a waiting thread, after an action on its stream */
	private static Exception Thrown(Action waits, Action then)
	{
		Exception thrown = null;
		var thread = new Thread(() => {
			try {
				waits();
			} catch (Exception why) {
				thrown = why;
			}
		});

		thread.Start();
		Thread.Sleep(20);
		then();
		Check(thread.Join(Harness.Patience), "it still waits");
		return thrown;
	}

	private static void Closes()
	{
		string name = Harness.Named();
		var writer = FrameWriter.Create(name, Scores);
		var reader = FrameReader.Open(name, ReaderMode.Registered);
		var other = FrameReader.Open(name);

		Exception thrown = Thrown(() => other.Next(), other.Dispose);
		Check(thrown is ObjectDisposedException, thrown);
		Write(writer, 4);
		thrown = Thrown(() => writer.Begin(), writer.Dispose);
		Check(thrown is ObjectDisposedException, thrown);
		reader.Dispose();
		reader.Dispose();
		Harness.IsClosed(() => reader.Next());
		Harness.IsClosed(() => Check(reader.Lost == 0));
		Harness.IsClosed(() => Check(writer.Number == 0));
		Harness.IsClosed(() => writer.Commit(1));
		Harness.IsClosed(writer.Cancel);
		Harness.IsClosed(() => writer.DropReaders());
	}

	private static void OutlivesItsStream()
	{
		string name = Harness.Named();
		Memory<byte> written;
		Frame frame;

		using (var writer = FrameWriter.Create(name, Scores))
		using (var reader = FrameReader.Open(name)) {
			written = writer.Begin();
			Put(written, 77);
			writer.Commit(Bytes);
			frame = reader.Next();
		}
		Check(!frame.IsWhole && !frame.Done(), "its reader is closed");
		for (int i = 0; i < 3; i++)
			Harness.Collect();
		Check(Get(frame) == 77, Get(frame));
		Put(written, 78);
		Check(Get(frame) == 78, Get(frame));
	}

	private static void Dropped()
	{
		string name = Harness.Named();
		bool isGone = false;

		Harness.Elsewhere(() => Write(FrameWriter.Create(name, Scores), 1));
		using (var reader = FrameReader.Open(name)) {
			reader.Next();
			Check(Harness.Collects(() => {
				try {
					reader.TryNext(TimeSpan.Zero, out Frame none);
				} catch (RegionGoneException) {
					isGone = true;
				}
				return isGone;
			}), "the writer is not collected");
		}
	}

	private static void WaitsForWriter()
	{
		string name = Harness.Named();
		FrameWriter writer = null;
		Exception thrown = Thrown(() => {
			using (var reader = FrameReader.OpenWait(name, InTime, ReaderMode.Every))
				Check(Get(reader.Next()) == 1, "it is another frame");
		}, () => {
			/* longer than a short wait */
			Thread.Sleep(120);
			writer = FrameWriter.Create(name, Scores);
			Write(writer, 1);
		});

		Check(thrown == null, thrown);
		writer.Dispose();
	}

	private static void Hostile()
	{
		string name = Harness.Named();

		using (var writer = FrameWriter.Create(name, Scores))
		using (var reader = FrameReader.Open(name, ReaderMode.Every))
		using (var region = SharedRegion.Open(name)) {
			Write(writer, 1);
			/* bytes of the frame in the first descriptor */
			Put(region.GetMemory(1024 + 24, 8), writer.SlotSize + 1);
			Harness.Fails(Errno.EBADMSG, () => reader.Next());
		}
	}

	private static int Main()
	{
		return Harness.Run(new Test(1, "video", Video),
			new Test(2, "tensor, audio and bytes", Others),
			new Test(3, "errors of Create", CreateErrors),
			new Test(4, "errors of Open", OpenErrors),
			new Test(5, "frames", Frames),
			new Test(6, "errors of a writer", WriterErrors),
			new Test(7, "lost and torn frames", LostAndTorn),
			new Test(8, "a registered reader", Registered),
			new Test(9, "a new format", Formats),
			new Test(10, "loops", Loops),
			new Test(11, "closed in a wait", Closes),
			new Test(12, "memory outlives its stream", OutlivesItsStream),
			new Test(13, "a writer that is dropped ends", Dropped),
			new Test(14, "open waits for the writer", WaitsForWriter),
			new Test(15, "a hostile writer", Hostile));
	}
}
