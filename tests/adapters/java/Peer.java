// SPDX-License-Identifier: GPL-2.0-only

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import zinc.RegionGoneException;
import zinc.SharedRegion;

/** Writer and reader in Java, for the matrix of languages; CASES.md says what they do. */
final class Peer {
    private static final int PAGE = 65536;
    private static final long PATIENCE = 60_000;
    private static final int SIZE = 112;
    private static final int CHECKSUM = 104;
    private static final VarHandle LONG =
        MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private Peer() {
    }

    private static long sequenceOf(ByteBuffer view) {
        return (long) LONG.getAcquire(view, 0);
    }

    /** FNV-1a of what is before it. */
    private static int checksum(ByteBuffer message) {
        int sum = 0x811C9DC5;
        for (int i = 0; i < CHECKSUM; i++) {
            sum = (sum ^ message.get(i) & 0xFF) * 16777619;
        }
        return sum;
    }

    /** Writes the message of this sequence. */
    private static void fill(ByteBuffer to, long s) {
        to.putLong(0, s).put(8, (byte) (s * 7)).put(9, (byte) 0).putShort(10, (short) (s * 257));
        to.putInt(12, (int) (s * 2654435761L)).putLong(16, s * 0x9E3779B97F4A7C15L);
        to.putFloat(24, (float) (s * 0.5)).putInt(28, 0).putDouble(32, s * -0.125);
        for (int i = 0; i < 16; i++) {
            to.putInt(40 + 4 * i, (int) (s * 31 + i * 17));
        }
        to.putInt(CHECKSUM, checksum(to)).putInt(108, 0);
    }

    private static void await(SharedRegion region, String what, long s) throws Exception {
        if (!region.await(PATIENCE)) {
            throw new IOException(what + ", message " + s);
        }
    }

    private static void write(SharedRegion data, SharedRegion ack, long count) throws Exception {
        ByteBuffer into = data.buffer();
        ByteBuffer seen = ack.buffer();
        System.out.println("ready");
        for (long s = 1; s <= count; s++) {
            fill(into, s);
            data.signal();
            while (sequenceOf(seen) != s) {
                await(ack, "the reader does not answer", s);
            }
        }
    }

    private static void awaitMessage(SharedRegion data, ByteBuffer view, long s)
            throws Exception {
        for (;;) {
            await(data, "nothing comes", s);
            long got = sequenceOf(view);
            if (got == s) {
                return;
            }
            if (got != s - 1) {
                throw new IOException("message " + got + " comes instead of " + s);
            }
        }
    }

    private static void read(SharedRegion data, SharedRegion ack, long count) throws Exception {
        ByteBuffer from = data.buffer(0, SIZE);
        ByteBuffer seen = ack.buffer();
        ByteBuffer want = ByteBuffer.allocate(SIZE).order(ByteOrder.nativeOrder());
        for (long s = 1; s <= count; s++) {
            awaitMessage(data, from, s);
            fill(want, s);
            if (!from.equals(want)) {
                throw new IOException("message " + s + " is torn, or not as it should be");
            }
            LONG.setRelease(seen, 0, s);
            ack.signal();
        }
    }

    private static void write(String name, long count) throws Exception {
        try (var data = SharedRegion.create(name, PAGE);
                var ack = SharedRegion.create(name + "-ack", PAGE)) {
            write(data, ack, count);
        }
    }

    private static void read(String name, long count) throws Exception {
        try (var data = SharedRegion.open(name); var ack = SharedRegion.open(name + "-ack")) {
            read(data, ack, count);
        }
    }

    private static void hold(String name) throws Exception {
        try (var region = SharedRegion.create(name, PAGE)) {
            System.out.println("ready");
            for (;;) {
                region.await();
            }
        }
    }

    private static void awaitEnd(String name) throws Exception {
        try (var region = SharedRegion.open(name)) {
            System.out.println("ready");
            region.awaitOrGone(PATIENCE);
        } catch (RegionGoneException gone) {
            return;
        }
        throw new IOException("its creator is not gone");
    }

    private static void obey(String[] words) throws Exception {
        switch (words[0]) {
        case "write" -> write(words[1], Long.parseLong(words[2]));
        case "read" -> read(words[1], Long.parseLong(words[2]));
        case "hold" -> hold(words[1]);
        case "gone" -> awaitEnd(words[1]);
        default -> throw new IOException("no such order");
        }
    }

    public static void main(String[] arguments) throws IOException {
        var orders = new BufferedReader(new InputStreamReader(System.in));
        String order;
        while ((order = orders.readLine()) != null) {
            try {
                obey(order.split(" "));
                System.out.println("done");
            } catch (Exception e) {
                System.out.println("error " + e.toString().replace('\n', ' '));
            }
        }
    }
}
