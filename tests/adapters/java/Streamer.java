// SPDX-License-Identifier: GPL-2.0-only

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Collectors;
import zinc.CreateOptions;
import zinc.Lifetime;
import zinc.RegionGoneException;
import zinc.StreamFormat;
import zinc.StreamFrame;
import zinc.StreamReader;
import zinc.StreamWriter;

/** Streams in Java, for the matrix of languages; CASES.md says what the orders do. */
final class Streamer {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int ELEMENTS = 6;

    private StreamWriter writer;
    private StreamReader reader;
    private StreamFrame held;

    private Streamer() {
    }

    private static StreamFormat kind(String name) {
        switch (name) {
            case "nv12":
                return StreamFormat.video("NV12", 6, 4).alignRows(64);
            case "xr24":
                return StreamFormat.video("XR24", 5, 3).alignRows(32);
            default:
                return StreamFormat.tensor(StreamFormat.ElementType.FLOAT, 32, 2, 3);
        }
    }

    private static String describe(StreamFormat format) {
        if (format.kind() == StreamFormat.Kind.TENSOR) {
            return format.elementType().name().toLowerCase() + format.elementBits() + "/"
                + Arrays.stream(format.shape()).mapToObj(Long::toString)
                    .collect(Collectors.joining(","));
        }
        return format.fourcc() + "/" + format.width() + "x" + format.height() + "/"
            + Arrays.stream(format.strides()).mapToObj(Integer::toString)
                .collect(Collectors.joining(","));
    }

    /** What is done with a place in a row, or in a tensor, and the sample that belongs there. */
    private interface Visitor {
        void visit(ByteBuffer memory, int at, byte sample);
    }

    private static void each(StreamFormat format, ByteBuffer frame, long number, Visitor visitor) {
        if (format.kind() == StreamFormat.Kind.TENSOR) {
            ByteBuffer want = ByteBuffer.allocate(ELEMENTS * Float.BYTES).order(frame.order());
            for (int i = 0; i < ELEMENTS; i++) {
                want.putFloat(number * 0.5F + i);
            }
            for (int i = 0; i < want.capacity(); i++) {
                visitor.visit(frame, i, want.get(i));
            }
            return;
        }
        for (int p = 0; p < format.planes(); p++) {
            StreamFormat.Plane plane = format.plane(p);
            for (int y = 0; y < plane.rows(); y++) {
                ByteBuffer row = plane.row(frame, y);
                for (int x = 0; x < row.capacity(); x++) {
                    visitor.visit(row, x, (byte) (number + p * 3 + y * 5 + x * 7));
                }
            }
        }
    }

    private static boolean isRight(StreamFrame frame) {
        boolean[] right = {true};
        each(frame.format(), frame.data(), frame.number(),
            (memory, at, sample) -> right[0] &= memory.get(at) == sample);
        return right[0];
    }

    private boolean writeOne(Duration timeout) throws Exception {
        ByteBuffer slot = writer.begin(timeout);
        if (slot == null) {
            return false;
        }
        long number = writer.number() + 1;
        each(writer.format(), slot, number, (memory, at, sample) -> memory.put(at, sample));
        writer.commit(new StreamFrame.Info(writer.format().frameBytes(), number * 1000, 0, null));
        return true;
    }

    private String write(int count) throws Exception {
        for (int i = 0; i < count; i++) {
            if (!writeOne(PATIENCE)) {
                throw new IOException("a frame was not begun in time");
            }
        }
        return "done";
    }

    private static <T> T inTime(T frame) throws IOException {
        if (frame == null) {
            throw new IOException("no frame came in time");
        }
        return frame;
    }

    private static String told(StreamFrame frame, boolean right, boolean whole) {
        return String.join(" ", "frame", Long.toString(frame.number()),
            Long.toString(frame.lost()), frame.isNewFormat() ? "1" : "0",
            describe(frame.format()), Long.toString(frame.info().bytes()),
            Long.toString(frame.info().ptsNs()), !whole ? "torn" : right ? "right" : "wrong");
    }

    private String next() throws Exception {
        try {
            StreamFrame frame = inTime(reader.next(PATIENCE));
            boolean right = isRight(frame);
            return told(frame, right, frame.done());
        } catch (RegionGoneException gone) {
            return "gone";
        }
    }

    private String read() throws Exception {
        StreamFrame frame = inTime(reader.read(PATIENCE));
        return told(frame, isRight(frame), frame.isWhole());
    }

    private String hold() throws Exception {
        held = inTime(reader.next(PATIENCE));
        return "held " + held.number() + (held.isWhole() ? " 1" : " 0");
    }

    private String follow() {
        int right = 0;
        int wrong = 0;
        for (StreamFrame frame : reader) {
            boolean good = isRight(frame);
            if (!frame.done()) {
                continue;
            }
            right += good ? 1 : 0;
            wrong += good ? 0 : 1;
        }
        return "followed " + right + " " + wrong + " " + reader.lost();
    }

    private String open(String name, String mode) throws Exception {
        StreamReader.Mode which = switch (mode) {
            case "every" -> StreamReader.Mode.EVERY;
            case "register" -> StreamReader.Mode.REGISTERED;
            default -> StreamReader.Mode.NEWEST;
        };
        reader = StreamReader.open(name, which, PATIENCE);
        return "ready " + describe(reader.format());
    }

    private String create(String name, StreamFormat format, int slots) throws IOException {
        writer = StreamWriter.create(name, format, slots, format.frameBytes(),
            new CreateOptions().lifetime(Lifetime.CREATOR));
        return "ready";
    }

    private String obey(String[] words) throws Exception {
        switch (words[0]) {
            case "create":
                return create(words[1], kind(words[2]), Integer.parseInt(words[3]));
            case "write":
                return write(Integer.parseInt(words[1]));
            case "try":
                return writeOne(Duration.ZERO) ? "done" : "busy";
            case "format":
                writer.setFormat(kind(words[1]));
                return "done";
            case "end":
                writer.close();
                return "done";
            case "open":
                return open(words[1], words[2]);
            case "next":
                return next();
            case "read":
                return read();
            case "hold":
                return hold();
            case "release":
                return "released " + (held.done() ? 1 : 0);
            case "follow":
                return follow();
            case "close":
                reader.close();
                return "done";
            default:
                throw new IllegalArgumentException("no such order");
        }
    }

    public static void main(String[] arguments) throws IOException {
        var streamer = new Streamer();
        var orders = new BufferedReader(new InputStreamReader(System.in));
        String order;
        while ((order = orders.readLine()) != null) {
            try {
                System.out.println(streamer.obey(order.split(" ")));
            } catch (Exception e) {
                System.out.println("error " + e.toString().replace('\n', ' '));
            }
        }
    }
}
