// SPDX-License-Identifier: GPL-2.0-only

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import zinc.CreateOptions;
import zinc.SharedRegion;
import zinc.ZincException;

/**
 * Use of memory that is gone would be a crash: buffers in every order of close and collection,
 * close against all that other threads do.
 *
 * usage: Safety WHAT
 */
final class Safety {
    private static final int PAGE = Suite.PAGE;
    private static final int ROUNDS = 50;

    private Safety() {
    }

    /** A region whose name goes at once: one that is not collected does not leave it behind. */
    private static SharedRegion nameless() throws IOException {
        String name = Suite.named();
        SharedRegion region = Suite.create(name);
        SharedRegion.unlink(name);
        return region;
    }

    /** How many mappings there are of regions: their names in it are those of their making. */
    private static long mapped() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains("/dev/shm/")).count();
        }
    }

    private static boolean becomes(long count) throws Exception {
        for (int i = 0; i < 50 && mapped() != count; i++) {
            Suite.collect();
        }
        return mapped() == count;
    }

    private static void touch(ByteBuffer view) {
        view.put(0, (byte) 42);
        view.put(view.capacity() - 1, (byte) 43);
        Suite.check(view.get(0) == 42 && view.get(view.capacity() - 1) == 43);
    }

    /** Without a buffer it is unmapped by close; with one, by the last one's collection. */
    private static void unmapped() throws Exception {
        String name = Suite.named();
        var none = Suite.create(name);
        Suite.check(mapped() == 1, mapped());
        none.close();
        Suite.check(mapped() == 0);
        var region = Suite.create(name);
        List<ByteBuffer> views = new ArrayList<>(List.of(region.buffer(), region.buffer(8, 8)));
        region.close();
        Suite.check(Suite.peer("probe", name).equals("2"));
        while (!views.isEmpty()) {
            Suite.collect();
            Suite.check(mapped() == 1, views.size());
            views.forEach(Safety::touch);
            views.remove(0);
        }
        Suite.check(becomes(0));
    }

    private static LongBuffer derived(String name) throws IOException {
        try (var region = Suite.create(name)) {
            ByteBuffer part = region.buffer(PAGE / 2, PAGE / 2).slice(8, 800);
            return part.duplicate().asReadOnlyBuffer().asLongBuffer().slice();
        }
    }

    /** What is made of a buffer keeps the memory, too. */
    private static void slices() throws Exception {
        String name = Suite.named();
        LongBuffer numbers = derived(name);
        for (int i = 0; i < 10; i++) {
            Suite.collect();
            Suite.check(mapped() == 1);
            Suite.check(numbers.get(0) == 0 && numbers.get(99) == 0);
        }
        numbers = null;
        Suite.check(becomes(0), numbers == null);
    }

    /** Of a region that nobody closes, and that is collected. */
    @SuppressWarnings("try")
    private static void dropped() throws Exception {
        String name = Suite.named();
        SharedRegion region = Suite.create(name);
        ByteBuffer view = region.buffer();
        var gone = new WeakReference<>(region);
        region = null;
        for (int i = 0; i < 50 && !Suite.peer("probe", name).equals("2"); i++) {
            Suite.collect();
        }
        Suite.check(gone.get() == null && Suite.peer("probe", name).equals("2"));
        Suite.check(mapped() == 1);
        touch(view);
        view = null;
        Suite.check(becomes(0), view == null);
    }

    private static boolean waitsOnDropped(long milliseconds) throws Exception {
        return nameless().await(milliseconds);
    }

    /** A region of which nothing is left but a wait is not closed under it. */
    private static void waitedOn() throws Exception {
        var collector = new Thread(() -> {
            for (int i = 0; i < 40; i++) {
                System.gc();
            }
        });
        // compiled code knows that it does not use a region any more
        for (int i = 0; i < 500; i++) {
            Suite.check(!waitsOnDropped(0), i);
        }
        collector.start();
        while (collector.isAlive()) {
            Suite.check(!waitsOnDropped(30));
        }
        collector.join();
    }

    private static Thread thread(CyclicBarrier barrier, AtomicReference<Throwable> failed,
            Suite.Body body) {
        return new Thread(() -> {
            try {
                barrier.await();
                for (;;) {
                    body.run();
                }
            } catch (IllegalStateException closed) {
                // as it is to end
            } catch (Throwable e) {
                failed.set(e);
            }
        });
    }

    private static void rethrow(AtomicReference<Throwable> failed) {
        if (failed.get() != null) {
            throw new AssertionError(failed.get());
        }
    }

    /** All that there is, until another thread closes the region. */
    private static void racesOnce(Random random) throws Exception {
        var failed = new AtomicReference<Throwable>();
        var region = Suite.create(Suite.named());
        List<Suite.Body> bodies = List.of(region::await, () -> region.await(1), region::signal,
            region::tryAwait, region::info, () -> touch(region.buffer(0, 8)),
            () -> region.signalAndAwait(region, Duration.ofMillis(1)),
            () -> SharedRegion.awaitAny(Duration.ofMillis(1), region),
            region::sequence, region::capacity);
        var barrier = new CyclicBarrier(bodies.size() + 1);
        var threads = bodies.stream().map(body -> thread(barrier, failed, body)).toList();
        threads.forEach(Thread::start);
        barrier.await();
        Thread.sleep(0, random.nextInt(900_000));
        var other = new Thread(region::close);
        other.start();
        region.close();
        Suite.check(Suite.IS_KMOD || !Files.exists(Path.of("/dev/shm/zinc_" + region.name())));
        for (Thread thread : threads) {
            thread.join(Suite.PATIENCE);
            Suite.check(!thread.isAlive(), "it goes on");
        }
        other.join();
        rethrow(failed);
    }

    private static void races() throws Exception {
        var random = new Random(1);
        for (int i = 0; i < ROUNDS; i++) {
            racesOnce(random);
        }
    }

    /** Buffers in the hands of threads, of regions that are closed and collected meanwhile. */
    private static void threads() throws Exception {
        var failed = new AtomicReference<Throwable>();
        List<Thread> all = new ArrayList<>();
        for (int n = 0; n < 4; n++) {
            all.add(new Thread(() -> {
                try {
                    usesViews();
                } catch (Throwable e) {
                    failed.set(e);
                }
            }));
        }
        all.forEach(Thread::start);
        for (Thread thread : all) {
            while (thread.isAlive()) {
                Suite.collect();
            }
        }
        rethrow(failed);
    }

    @SuppressWarnings("try")
    private static void usesViews() throws IOException {
        var random = new Random(Suite.named().hashCode());
        ByteBuffer[] views = new ByteBuffer[16];
        for (int i = 0; i < 80 * ROUNDS; i++) {
            int place = random.nextInt(views.length);
            var region = nameless();
            views[place] = region.buffer(random.nextInt(PAGE / 2), PAGE / 2);
            if (random.nextBoolean()) {
                region.close();
            }
            for (ByteBuffer view : views) {
                if (view != null) {
                    touch(view);
                }
            }
        }
    }

    /** More than a buffer can hold: in parts, each of which keeps all. */
    private static void large() throws Exception {
        long size = (2L << 30) + 65536;
        SharedRegion region;
        try {
            region = SharedRegion.create(Suite.named(), size, new CreateOptions().lazy(true));
        } catch (ZincException e) {
            System.out.println("SKIP " + e.getMessage());
            return;
        }
        Suite.throwsA(UnsupportedOperationException.class, region::buffer);
        ByteBuffer last = region.buffer(size - 8, 8);
        ByteBuffer same = region.buffer(size - 16, 16);
        touch(last);
        Suite.check(same.get(15) == 43);
        region.close();
        same = null;
        for (int i = 0; i < 3; i++) {
            Suite.collect();
        }
        touch(last);
        last = null;
        Suite.check(becomes(0), last == same);
    }

    /** Ends while one region is open, and another thread waits on it. */
    private static void exit(String name) throws Exception {
        SharedRegion region = SharedRegion.create(name, 65536);
        Thread waiting = new Thread(() -> {
            try {
                region.await();
            } catch (IOException | IllegalStateException | InterruptedException e) {
                // it is closed by the exit
            }
        });
        waiting.setDaemon(true);
        waiting.start();
        Thread.sleep(200);
        System.exit(7);
    }

    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
        case "unmapped" -> unmapped();
        case "slices" -> slices();
        case "dropped" -> dropped();
        case "waited-on" -> waitedOn();
        case "races" -> races();
        case "threads" -> threads();
        case "large" -> large();
        case "exit" -> exit(arguments[1]);
        default -> throw new IllegalArgumentException(arguments[0]);
        }
        System.out.println("safe");
    }
}
