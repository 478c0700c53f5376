// SPDX-License-Identifier: GPL-2.0-only

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ReadOnlyBufferException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import zinc.CreateOptions;
import zinc.Lifetime;
import zinc.RegionGoneException;
import zinc.SharedRegion;
import zinc.StreamFormat;
import zinc.StreamFormat.ElementType;
import zinc.StreamFormat.Kind;
import zinc.StreamFrame;
import zinc.StreamReader;
import zinc.StreamReader.Mode;
import zinc.StreamWriter;
import zinc.ZincException;

/** The classes for streams, and each of their errors. Prints TAP. */
final class Streams {
    private static final Duration NONE = Duration.ZERO;
    private static final Duration PATIENCE = Duration.ofMillis(Suite.PATIENCE);
    private static final int EUSERS = 87;
    private static final int BYTES = 24;
    private static final StreamFormat TENSOR =
        StreamFormat.tensor(ElementType.FLOAT, 32, 2, 3);

    private Streams() {
    }

    private static CreateOptions creator() {
        return new CreateOptions().lifetime(Lifetime.CREATOR);
    }

    private static void write(StreamWriter writer, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            writer.begin(PATIENCE).putLong(0, writer.number() + 1);
            writer.commit(BYTES);
        }
    }

    private static void isInvalid(Suite.Body body) throws Exception {
        Suite.throwsA(IllegalArgumentException.class, body);
    }

    private static void video() throws Exception {
        StreamFormat format = StreamFormat.video("NV12", 6, 4).rate(30, 1).caps("of a camera");
        StreamFormat padded = format.alignRows(64);
        Suite.check(format.kind() == Kind.VIDEO && format.fourcc().equals("NV12"), format);
        Suite.check(format.width() == 6 && format.height() == 4 && format.modifier() == 0, format);
        Suite.check(format.planes() == 2 && format.frameBytes() == 36, format.frameBytes());
        Suite.check(format.rateFrames() == 30 && format.rateSeconds() == 1, format);
        Suite.check(format.caps().equals("of a camera"), format.caps());
        Suite.check(Arrays.equals(format.strides(), new int[] {6, 6}), format);
        Suite.check(Arrays.equals(padded.strides(), new int[] {64, 64}), padded);
        Suite.check(Arrays.equals(padded.offsets(), new long[] {0, 256}), padded);
        Suite.check(padded.frameBytes() == 384 && !padded.equals(format), padded.frameBytes());
        Suite.check(padded.equals(format.alignRows(64)), padded);
        StreamFormat.Plane chroma = padded.plane(1);
        Suite.check(chroma.equals(new StreamFormat.Plane(256, 64, 2, 3, 2, 1)), chroma);
        ByteBuffer frame = ByteBuffer.allocate(384);
        Suite.check(chroma.row(frame, 1).put(0, (byte) 7).capacity() == 6, chroma);
        Suite.check(frame.get(256 + 64) == 7, frame.get(256 + 64));
        Suite.throwsA(IndexOutOfBoundsException.class, () -> chroma.row(frame, 2));
        Suite.throwsA(IndexOutOfBoundsException.class, () -> chroma.row(frame, -1));
        Suite.throwsA(IndexOutOfBoundsException.class, () -> padded.plane(2));
        Suite.throwsA(IndexOutOfBoundsException.class, () -> TENSOR.plane(0));
        isInvalid(() -> StreamFormat.video("NOPE", 6, 4));
        isInvalid(() -> StreamFormat.video("NV12X", 6, 4));
        isInvalid(() -> StreamFormat.video("NV12", 0, 4));
        isInvalid(() -> StreamFormat.video("NV12", 6, 65536));
        isInvalid(() -> format.alignRows(0));
        isInvalid(() -> StreamFormat.video("XR24", 65535, 4).alignRows(Integer.MAX_VALUE)
            .alignRows(Integer.MAX_VALUE - 1));
        isInvalid(() -> format.rate(-1, 1));
        isInvalid(() -> format.rate(30, 0));
        isInvalid(() -> format.caps("x".repeat(256)));
        isInvalid(() -> format.caps("a\0b"));
    }

    private static void others() throws Exception {
        StreamFormat audio = StreamFormat.audio(ElementType.INT, 16, 2);
        Suite.check(TENSOR.kind() == Kind.TENSOR && TENSOR.frameBytes() == BYTES, TENSOR);
        Suite.check(TENSOR.elementType() == ElementType.FLOAT && TENSOR.elementBits() == 32, TENSOR);
        Suite.check(Arrays.equals(TENSOR.shape(), new long[] {2, 3}), TENSOR);
        Suite.check(audio.kind() == Kind.AUDIO && audio.channels() == 2, audio);
        Suite.check(audio.elementType() == ElementType.INT && audio.elementBits() == 16, audio);
        Suite.check(StreamFormat.bytes().kind() == Kind.BYTES, StreamFormat.bytes());
        Suite.check(StreamFormat.bytes().frameBytes() == 0 && audio.frameBytes() == 0, audio);
        isInvalid(() -> StreamFormat.tensor(ElementType.FLOAT, 12, 2));
        isInvalid(() -> StreamFormat.tensor(ElementType.FLOAT, 32 + 256, 2));
        isInvalid(() -> StreamFormat.tensor(ElementType.FLOAT, 32, 2, 0));
        isInvalid(() -> StreamFormat.tensor(ElementType.FLOAT, 32, new long[9]));
        isInvalid(() -> StreamFormat.tensor(ElementType.UNKNOWN, 32, 2));
        isInvalid(() -> StreamFormat.audio(ElementType.INT, 0, 2));
        isInvalid(() -> StreamFormat.audio(ElementType.INT, 16, 1025));
    }

    private static void createErrors() throws Exception {
        String name = Suite.named();
        try (var writer = StreamWriter.create(name, TENSOR)) {
            Suite.check(writer.slots() == 4 && writer.number() == 0, writer.slots());
            Suite.check(writer.slotSize() % 4096 == 0 && writer.slotOffset() % 4096 == 0, name);
            Suite.fails(ZincException.EEXIST, name, () -> StreamWriter.create(name, TENSOR));
        }
        Suite.fails(ZincException.EINVAL, () -> StreamWriter.create("", TENSOR));
        Suite.fails(ZincException.EINVAL, () -> StreamWriter.create("a\0b", TENSOR));
        Suite.fails(ZincException.EINVAL, () -> StreamWriter.create("x".repeat(246), TENSOR));
        for (int slots : new int[] {1, 65, -1}) {
            Suite.fails(ZincException.EINVAL, name,
                () -> StreamWriter.create(name, TENSOR, slots, BYTES, creator()));
        }
        for (long size : new long[] {0, -1}) {
            Suite.fails(ZincException.EINVAL, name,
                () -> StreamWriter.create(name, TENSOR, 2, size, creator()));
        }
        StreamFormat large = StreamFormat.tensor(ElementType.FLOAT, 32, 100_000);
        Suite.fails(ZincException.EBADMSG, name,
            () -> StreamWriter.create(name, large, 2, BYTES, creator()));
    }

    private static void openErrors() throws Exception {
        String name = Suite.named();
        Suite.fails(ZincException.ENOENT, name, () -> StreamReader.open(name, Mode.NEWEST, NONE));
        Suite.fails(ZincException.ETIMEDOUT, name,
            () -> StreamReader.open(name, Mode.NEWEST, Duration.ofMillis(1)));
        Suite.fails(ZincException.EINVAL,
            () -> StreamReader.open("x".repeat(246), Mode.NEWEST, NONE));
        try (var region = Suite.create(name)) {
            Suite.fails(ZincException.EBADMSG, region.name(),
                () -> StreamReader.open(name, Mode.NEWEST, NONE));
        }
        List<StreamReader> readers = new ArrayList<>();
        try (var writer = StreamWriter.create(name, TENSOR)) {
            for (int i = 0; i < 16; i++) {
                readers.add(StreamReader.open(writer.name(), Mode.REGISTERED, NONE));
            }
            Suite.fails(EUSERS, name, () -> StreamReader.open(name, Mode.REGISTERED, NONE));
        } finally {
            readers.forEach(StreamReader::close);
        }
    }

    private static void frames() throws Exception {
        String name = Suite.named();
        StreamFormat format = StreamFormat.video("XR24", 5, 3).alignRows(32);
        try (var writer = StreamWriter.create(name, format);
                var reader = StreamReader.open(name, Mode.EVERY, NONE)) {
            Suite.check(reader.format().equals(format), reader.format());
            Suite.check(reader.slotSize() == writer.slotSize() && reader.slots() == 4, name);
            Suite.check(reader.slotOffset() == writer.slotOffset(), reader.slotOffset());
            Suite.check(reader.next(NONE) == null, "a frame before the first one");
            ByteBuffer slot = writer.begin();
            Suite.check(slot.capacity() == writer.slotSize(), slot);
            format.plane(0).row(slot, 2).putInt(16, 0x12345678);
            var damage = new StreamFrame.Damage(4, 2, 1, 1);
            writer.commit(new StreamFrame.Info(96, 42, StreamFrame.KEY, damage));
            StreamFrame frame = reader.next();
            Suite.check(frame.number() == 1 && frame.lost() == 0 && !frame.isNewFormat(), frame);
            Suite.check(frame.info().equals(new StreamFrame.Info(96, 42,
                StreamFrame.KEY | StreamFrame.DAMAGE, damage)), frame.info());
            Suite.check(frame.data().remaining() == 96 && frame.data().isDirect(), frame.data());
            Suite.check(frame.data().order() == ByteOrder.nativeOrder(), frame.data().order());
            Suite.check(frame.row(0, 2).getInt(16) == 0x12345678, frame.row(0, 2));
            Suite.throwsA(ReadOnlyBufferException.class, () -> frame.data().put(0, (byte) 1));
            Suite.check(frame.isWhole() && frame.done(), "it is not whole");
            Suite.check(!frame.isWhole() && !frame.done(), "its use has ended");
            long before = StreamWriter.now();
            writer.begin();
            writer.commit(96);
            StreamFrame second = reader.read();
            Suite.check(second.info().damage() == null && second.info().flags() == 0, second.info());
            Suite.check(second.info().ptsNs() >= before
                && second.info().ptsNs() <= StreamWriter.now(), second.info(), before);
        }
    }

    private static void writerErrors() throws Exception {
        String name = Suite.named();
        try (var writer = StreamWriter.create(name, TENSOR)) {
            Suite.fails(ZincException.EINVAL, name, () -> writer.commit(BYTES));
            writer.begin();
            Suite.fails(ZincException.EBUSY, name, writer::begin);
            Suite.fails(ZincException.EBUSY, name, () -> writer.setFormat(StreamFormat.bytes()));
            Suite.fails(ZincException.EINVAL, name, () -> writer.commit(writer.slotSize() + 1L));
            Suite.fails(ZincException.EINVAL, name, () -> writer.commit(-1));
            writer.cancel();
            Suite.check(writer.number() == 0, writer.number());
            StreamFormat large = StreamFormat.tensor(ElementType.FLOAT, 32, 100_000);
            Suite.fails(ZincException.EBADMSG, name, () -> writer.setFormat(large));
            Suite.check(writer.format().equals(TENSOR), writer.format());
        }
    }

    private static void lostAndTorn() throws Exception {
        String name = Suite.named();
        try (var writer = StreamWriter.create(name, TENSOR);
                var reader = StreamReader.open(name, Mode.EVERY, NONE)) {
            write(writer, 1);
            StreamFrame torn = reader.next();
            write(writer, 9);
            Suite.check(!torn.isWhole() && !torn.done(), "it was overwritten");
            StreamFrame copy = reader.read();
            Suite.check(copy.number() == 8 && copy.lost() == 6, copy.number(), copy.lost());
            write(writer, 8);
            Suite.check(copy.data().getLong(0) == 8, copy.data().getLong(0));
            Suite.check(copy.isWhole() && copy.done(), "a copy is");
            Suite.throwsA(ReadOnlyBufferException.class, () -> copy.data().put(0, (byte) 1));
            Suite.check(reader.lost() == 7, reader.lost());
        }
    }

    private static void registered() throws Exception {
        String name = Suite.named();
        try (var writer = StreamWriter.create(name, TENSOR);
                var reader = StreamReader.open(name, Mode.REGISTERED, NONE)) {
            write(writer, 4);
            Suite.check(writer.begin(NONE) == null, "it does not wait");
            Suite.check(writer.begin(Duration.ofMillis(1)) == null, "it does not wait");
            Suite.check(reader.next().number() == 1, "the first one is missing");
            Suite.check(writer.begin(NONE) == null, "the frame is being read");
            // the next one ends it
            Suite.check(reader.next().number() == 2, "the second one is missing");
            write(writer, 1);
            Suite.check(writer.begin(NONE) == null, "it does not wait");
            Suite.check(writer.dropReaders() == 1, "it was not in the way");
            Suite.check(writer.dropReaders() == 0, "it was dropped twice");
            write(writer, 5);
            StreamFrame frame = reader.next();
            Suite.check(frame.lost() > 0, frame.number(), frame.lost());
        }
    }

    private static void formats() throws Exception {
        String name = Suite.named();
        StreamFormat other = StreamFormat.tensor(ElementType.UINT, 8, 10).caps("other");
        try (var writer = StreamWriter.create(name, TENSOR);
                var reader = StreamReader.open(name, Mode.EVERY, NONE)) {
            write(writer, 1);
            Suite.check(!reader.next().isNewFormat(), "it is the first one");
            writer.setFormat(other);
            Suite.check(reader.format().equals(TENSOR), reader.format());
            write(writer, 2);
            StreamFrame frame = reader.read();
            Suite.check(frame.isNewFormat() && frame.format().equals(other), frame.format());
            Suite.check(reader.format().equals(other) && writer.format().equals(other), other);
            Suite.check(!reader.read().isNewFormat(), "it is new no more");
        }
    }

    private static void loops() throws Exception {
        String name = Suite.named();
        var writer = StreamWriter.create(name, TENSOR);
        try (var reader = StreamReader.open(name, Mode.EVERY, NONE)) {
            List<Long> seen = new ArrayList<>();
            write(writer, 2);
            writer.close();
            for (StreamFrame frame : reader) {
                seen.add(frame.data().getLong(0));
            }
            Suite.check(seen.equals(List.of(1L, 2L)), seen);
            Suite.throwsA(RegionGoneException.class, reader::next);
            Suite.throwsA(java.util.NoSuchElementException.class, () -> reader.iterator().next());
        }
        try (var next = StreamWriter.create(name, TENSOR)) {
            var reader = StreamReader.open(name, Mode.EVERY, NONE);
            write(next, 1);
            for (StreamFrame frame : reader) {
                Suite.check(frame.number() == 1, frame.number());
                reader.close();
            }
        }
    }

    /** What is thrown in a thread that waits, once this has been done to it. */
    private static Throwable thrown(Suite.Body waits, Suite.Body then) throws Exception {
        Throwable[] thrown = new Throwable[1];
        Thread thread = new Thread(() -> {
            try {
                waits.run();
            } catch (Throwable e) {
                thrown[0] = e;
            }
        });
        thread.start();
        Thread.sleep(20);
        then.run();
        if (then instanceof Interrupt) {
            thread.interrupt();
        }
        thread.join(Suite.PATIENCE);
        Suite.check(!thread.isAlive(), "it still waits");
        return thrown[0];
    }

    /** The thread that waits is interrupted. */
    private static final class Interrupt implements Suite.Body {
        @Override
        public void run() {
        }
    }

    private static void interrupted() throws Exception {
        String name = Suite.named();
        var writer = StreamWriter.create(name, TENSOR);
        var reader = StreamReader.open(name, Mode.REGISTERED, NONE);
        Throwable thrown = thrown(reader::next, new Interrupt());
        Suite.check(thrown instanceof InterruptedException, thrown);
        thrown = thrown(() -> reader.iterator().hasNext(), new Interrupt());
        Suite.check(thrown instanceof java.io.UncheckedIOException, thrown);
        thrown = thrown(() -> StreamReader.open(Suite.named(), Mode.NEWEST, PATIENCE),
            new Interrupt());
        Suite.check(thrown instanceof InterruptedException, thrown);
        write(writer, 4);
        thrown = thrown(writer::begin, new Interrupt());
        Suite.check(thrown instanceof InterruptedException, thrown);
        thrown = thrown(writer::begin, writer::close);
        Suite.check(thrown instanceof IllegalStateException, thrown);
        for (int i = 0; i < 4; i++) {
            reader.next();
        }
        reader.close();
        Suite.isClosed(reader::next);
        Suite.isClosed(reader::lost);
        Suite.isClosed(writer::number);
        Suite.isClosed(() -> writer.commit(1));
        Suite.check(!reader.isOpen() && !writer.isOpen(), name);
        try (var again = StreamWriter.create(name, TENSOR)) {
            var waits = StreamReader.open(name, Mode.EVERY, NONE);
            thrown = thrown(waits::next, waits::close);
            Suite.check(thrown instanceof IllegalStateException, thrown, again.name());
        }
    }

    private static void memory() throws Exception {
        String name = Suite.named();
        ByteBuffer written;
        ByteBuffer read;
        StreamFrame frame;
        try (var writer = StreamWriter.create(name, TENSOR);
                var reader = StreamReader.open(name, Mode.NEWEST, NONE)) {
            written = writer.begin();
            written.putLong(0, 77);
            writer.commit(BYTES);
            frame = reader.next();
            read = frame.data();
        }
        Suite.check(!frame.isWhole() && !frame.done(), "its reader is closed");
        for (int i = 0; i < 5; i++) {
            Suite.collect();
        }
        written.putLong(8, 78);
        Suite.check(read.getLong(0) == 77 && read.getLong(8) == 78, read.getLong(8));
    }

    private static void drop(String name) throws Exception {
        write(StreamWriter.create(name, TENSOR), 1);
    }

    private static void dropped() throws Exception {
        String name = Suite.named();
        drop(name);
        try (var reader = StreamReader.open(name, Mode.NEWEST, NONE)) {
            reader.next();
            for (int i = 0; i < 500; i++) {
                Suite.collect();
                try {
                    reader.next(NONE);
                } catch (RegionGoneException gone) {
                    return;
                }
            }
        }
        throw new AssertionError("the writer is not collected");
    }

    private static void waitsForWriter() throws Exception {
        String name = Suite.named();
        Throwable thrown = thrown(() -> {
            try (var reader = StreamReader.open(name, Mode.EVERY, PATIENCE)) {
                Suite.check(reader.next(PATIENCE).data().getLong(0) == 1, "it is another frame");
            }
        }, () -> {
            // longer than a short wait
            Thread.sleep(120);
            write(StreamWriter.create(name, TENSOR), 1);
        });
        Suite.check(thrown == null, String.valueOf(thrown));
        SharedRegion.unlink(name);
    }

    private static void hostile() throws Exception {
        String name = Suite.named();
        try (var writer = StreamWriter.create(name, TENSOR);
                var reader = StreamReader.open(name, Mode.EVERY, NONE);
                var region = SharedRegion.open(name)) {
            write(writer, 1);
            // bytes of the frame in the first descriptor
            region.buffer(1024, 64).putLong(24, writer.slotSize() + 1L);
            Suite.fails(ZincException.EBADMSG, name, () -> reader.next(NONE));
        }
    }

    public static void main(String[] arguments) {
        var suite = new Suite();
        Suite.Body[] bodies = {Streams::video, Streams::others, Streams::createErrors,
            Streams::openErrors, Streams::frames, Streams::writerErrors, Streams::lostAndTorn,
            Streams::registered, Streams::formats, Streams::loops, Streams::interrupted,
            Streams::memory, Streams::dropped, Streams::waitsForWriter, Streams::hostile};
        String[] names = {"video", "tensor, audio and bytes", "errors of create", "errors of open",
            "frames", "errors of a writer", "lost and torn frames", "a registered reader",
            "a new format", "loops", "interrupt and close", "buffers outlive their stream",
            "a writer that is dropped ends", "open waits for the writer", "a hostile writer"};
        for (int i = 0; i < names.length; i++) {
            suite.add(i + 1, names[i], bodies[i]);
        }
        System.exit(suite.run());
    }
}
