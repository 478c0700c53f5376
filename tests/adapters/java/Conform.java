// SPDX-License-Identifier: GPL-2.0-only

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ReadOnlyBufferException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import zinc.Access;
import zinc.Backend;
import zinc.CreateOptions;
import zinc.Descriptor;
import zinc.Feature;
import zinc.Lifetime;
import zinc.OpenOptions;
import zinc.RegionGoneException;
import zinc.RegionInfo;
import zinc.SharedRegion;
import zinc.ZincException;

/** The adapter for Java: the cases of CASES.md, and from 101 on its own. Prints TAP. */
final class Conform {
    private static final int PAGE = Suite.PAGE;
    private static final long PATIENCE = Suite.PATIENCE;
    private static final int ENXIO = 6;

    private Conform() {
    }

    private static SharedRegion create() throws IOException {
        return Suite.create(Suite.named());
    }

    private static SharedRegion create(String name) throws IOException {
        return Suite.create(name);
    }

    private static String peer(String... words) throws Exception {
        return Suite.peer(words);
    }

    private static void check(boolean right, Object... values) {
        Suite.check(right, values);
    }

    private static void isMine() throws Exception {
        String name = Suite.named();
        try (var region = create(name)) {
            check(region.name().equals(name) && region.capacity() == PAGE);
            check(peer("probe", name).equals("0"));
        }
    }

    private static void exists() throws Exception {
        String name = Suite.named();
        try (var region = create(name)) {
            Suite.fails(ZincException.EEXIST, name, () -> create(name));
            region.signal();
            check(region.tryAwait());
        }
    }

    private static void missing() throws Exception {
        String name = Suite.named();
        Suite.fails(ZincException.ENOENT, name, () -> SharedRegion.open(name));
    }

    private static void badName(String name) throws Exception {
        Suite.fails(ZincException.EINVAL, () -> create(name));
        Suite.fails(ZincException.EINVAL, () -> SharedRegion.open(name));
    }

    private static void nul() throws Exception {
        String name = Suite.named();
        try (var region = create(name)) {
            badName(name + "\0b");
            Suite.fails(ZincException.EINVAL, () -> SharedRegion.unlink(name + "\0b"));
            Suite.fails(ZincException.EINVAL, () -> SharedRegion.stat(name + "\0b"));
            check(region.isOpen());
        }
    }

    private static void longest() throws Exception {
        String name = Suite.named();
        String full = name + "x".repeat(249 - name.length());
        try (var region = create(full); var other = SharedRegion.open(full)) {
            check(region.name().equals(full) && other.info().name().equals(full));
        }
    }

    private static void badCapacity(long capacity) throws Exception {
        String name = Suite.named();
        Suite.fails(ZincException.EINVAL, name, () -> SharedRegion.create(name, capacity));
        Suite.fails(ZincException.ENOENT, () -> SharedRegion.open(name));
    }

    private static void capacity() throws Exception {
        String name = Suite.named();
        try (var a = SharedRegion.create(name, 3 * PAGE); var b = SharedRegion.open(name)) {
            for (SharedRegion region : new SharedRegion[] {a, b}) {
                check(region.capacity() == 196608 && region.buffer().capacity() == 196608);
            }
        }
    }

    private static void zero() throws Exception {
        try (var region = SharedRegion.create(Suite.named(), 16 * PAGE)) {
            check(region.buffer().equals(ByteBuffer.allocate(16 * PAGE)));
        }
    }

    private static ByteBuffer pattern(int salt, int size) {
        ByteBuffer all = ByteBuffer.allocate(size);
        for (int i = 0; i < size; i++) {
            all.put(i, (byte) (i * 31 + salt));
        }
        return all;
    }

    private static void bothWays() throws Exception {
        String name = Suite.named();
        try (var region = SharedRegion.create(name, 3 * PAGE)) {
            ByteBuffer view = region.buffer();
            var other = Suite.Peer.ready("answer", name);
            view.duplicate().put(pattern(7, 3 * PAGE));
            region.signal();
            // the peer writes it before all else, and signals when it has all
            while (view.get(0) != 14 || !view.equals(pattern(14, 3 * PAGE))) {
                check(region.await(PATIENCE));
            }
            other.ends();
        }
    }

    private static void oneMemory() throws Exception {
        String name = Suite.named();
        try (var a = create(name); var b = SharedRegion.open(name)) {
            ByteBuffer[] views = {a.buffer(), a.buffer(), b.buffer()};
            for (int i = 0; i < views.length; i++) {
                views[i].put(100, (byte) (i + 1));
                for (ByteBuffer reader : views) {
                    check(reader.get(100) == i + 1);
                }
            }
        }
    }

    private static void refs() throws Exception {
        String name = Suite.named();
        try (var region = create(name)) {
            check(peer("refs", name).equals("1"));
            try (var second = SharedRegion.open(name)) {
                check(peer("refs", name).equals("2"), second);
            }
            check(peer("refs", name).equals("1"), region);
        }
    }

    private static void nothing() throws Exception {
        try (var region = create()) {
            check(!region.tryAwait());
        }
    }

    private static void waitZero() throws Exception {
        try (var region = create()) {
            check(!region.await(0));
            region.signal();
            check(region.await(0) && !region.await(0));
        }
    }

    private static void waitTimeout() throws Exception {
        try (var region = create()) {
            long begin = System.nanoTime();
            check(!region.await(100));
            check(System.nanoTime() - begin >= TimeUnit.MILLISECONDS.toNanos(100));
        }
    }

    private static void coalesces() throws Exception {
        try (var region = create()) {
            for (int i = 0; i < 5; i++) {
                region.signal();
            }
            check(region.tryAwait() && !region.tryAwait());
        }
    }

    private static void fromZero() throws Exception {
        String name = Suite.named();
        try (var region = create(name)) {
            region.signal();
            try (var late = SharedRegion.open(name)) {
                check(late.tryAwait() && !late.tryAwait());
            }
        }
    }

    private static void ownCursor() throws Exception {
        String name = Suite.named();
        try (var a = create(name); var b = SharedRegion.open(name)) {
            a.signal();
            check(a.tryAwait() && b.tryAwait());
            check(!a.tryAwait() && !b.tryAwait());
        }
    }

    private static void wraps() throws Exception {
        String name = Suite.named();
        try (var region = create(name)) {
            peer("sequence", name, "4294967295");
            check(region.sequence() == -1 && region.tryAwait());
            region.signal();
            check(region.tryAwait() && !region.tryAwait());
        }
    }

    /** At its deadline a wait looks once more: one that was never woken is late. */
    private static boolean isWoken(SharedRegion region) throws Exception {
        long begin = System.nanoTime();
        return region.await(PATIENCE)
            && System.nanoTime() - begin < TimeUnit.MILLISECONDS.toNanos(PATIENCE);
    }

    private static void otherProcess() throws Exception {
        String name = Suite.named();
        try (var region = create(name)) {
            peer("notify", name, "3");
            check(isWoken(region) && !region.tryAwait());
        }
    }

    private static void wakes() throws Exception {
        String name = Suite.named();
        try (var region = create(name)) {
            String pid = String.valueOf(ProcessHandle.current().pid());
            var other = Suite.Peer.ready("late-notify", name, pid);
            check(isWoken(region));
            other.ends();
        }
    }

    private static void twice() throws Exception {
        var region = create();
        region.close();
        region.close();
        check(!region.isOpen());
    }

    private static void thenUse() throws Exception {
        var region = create();
        region.close();
        Suite.isClosed(region::capacity);
        Suite.isClosed(region::signal);
        Suite.isClosed(region::await);
        Suite.isClosed(region::tryAwait);
        Suite.isClosed(region::buffer);
        Suite.isClosed(region::sequence);
        Suite.isClosed(region::info);
        Suite.isClosed(region::fd);
        Suite.isClosed(() -> region.exportDmabuf(false));
        Suite.isClosed(() -> region.signalOnFence(0));
        Suite.isClosed(() -> region.beginCpuAccess(Access.READ));
        Suite.isClosed(() -> SharedRegion.awaitAny(Duration.ZERO, region));
        Suite.isClosed(() -> region.signalAndAwait(region, Duration.ZERO));
    }

    private static void creatorFirst() throws Exception {
        String name = Suite.named();
        var creator = create(name);
        try (var other = SharedRegion.open(name)) {
            creator.close();
            check(peer("probe", name).equals("0"), other);
        }
        check(peer("probe", name).equals("2"));
    }

    private static void readerOutlives() throws Exception {
        String name = Suite.named();
        Suite.Peer other;
        try (var creator = create(name)) {
            creator.buffer().put(5, (byte) 7);
            other = Suite.Peer.ready("open-hold", name);
        }
        try (var region = SharedRegion.open(name)) {
            other.ends();
            check(region.buffer().get(5) == 7);
        }
        check(peer("probe", name).equals("2"));
    }

    private static void nameIsFree() throws Exception {
        String name = Suite.named();
        create(name).close();
        create(name).close();
    }

    private static void viewAfterClose() throws Exception {
        var region = create();
        ByteBuffer view = region.buffer();
        view.put(10, (byte) 1);
        region.close();
        Suite.collect();
        view.put(11, (byte) 2);
        check(view.get(9) == 0 && view.get(10) == 1 && view.get(11) == 2 && view.get(12) == 0);
    }

    private static void noneAfterClose() throws Exception {
        var region = create();
        region.close();
        Suite.isClosed(region::buffer);
        Suite.isClosed(() -> region.buffer(0, 1));
    }

    @SuppressWarnings("try")
    private static void drop(String name) throws IOException {
        create(name).buffer().put(0, (byte) 1);
    }

    private static void collected() throws Exception {
        String name = Suite.named();
        drop(name);
        for (int i = 0; i < 10 && !peer("probe", name).equals("2"); i++) {
            Suite.collect();
        }
        check(peer("probe", name).equals("2"));
    }

    private static long count(String file) throws IOException {
        Path path = Path.of(file);
        try (Stream<?> all = Files.isDirectory(path) ? Files.list(path) : Files.lines(path)) {
            return all.count();
        }
    }

    private static void many() throws Exception {
        String name = Suite.named();
        // the regions of earlier cases must not end meanwhile
        Suite.collect();
        long descriptors = 0;
        long mappings = 0;
        for (int i = 0; i < 1000; i++) {
            try (var region = create(name)) {
                region.signal();
                check(region.tryAwait());
            }
            if (i == 10) {
                descriptors = count("/proc/self/fd");
                mappings = count("/proc/self/maps");
            }
        }
        // the machine may have closed one of its own meanwhile
        check(count("/proc/self/fd") <= descriptors, count("/proc/self/fd"), descriptors);
        check(count("/proc/self/maps") <= mappings + 20, count("/proc/self/maps"), mappings);
    }

    private static void readonly() throws Exception {
        String name = Suite.named();
        try (var creator = create(name); var reader = SharedRegion.openReadOnly(name)) {
            creator.buffer().put(1, (byte) 9);
            ByteBuffer view = reader.buffer();
            check(reader.isReadOnly() && view.isReadOnly() && view.get(1) == 9);
            Suite.throwsA(ReadOnlyBufferException.class, () -> view.put(1, (byte) 8));
            Suite.fails(ZincException.EBADF, name, reader::signal);
            check(!creator.tryAwait() && view.get(1) == 9);
        }
    }

    private static void persist() throws Exception {
        String name = Suite.named();
        SharedRegion.create(name, PAGE, new CreateOptions().lifetime(Lifetime.PERSIST)).close();
        check(peer("probe", name).equals("0"));
        SharedRegion.unlink(name);
        check(peer("probe", name).equals("2"));
    }

    private static void killed() throws Exception {
        String name = Suite.named();
        var other = Suite.Peer.ready("hold", name);
        try (var region = SharedRegion.open(name)) {
            other.kill();
            check(region.buffer().get(0) == (byte) 0xA5);
            region.signal();
            check(region.tryAwait());
        }
        check(peer("probe", name).equals("2"));
        peer("unlink", name);
    }

    /** poll(2), which Java has not: readable or not. */
    private static native boolean poll(int fd, int milliseconds);

    private static void descriptor() throws Exception {
        try (var region = create()) {
            if (!Suite.IS_KMOD) {
                Suite.fails(ZincException.EOPNOTSUPP, region::fd);
                return;
            }
            System.load(System.getenv("ZINC_ADAPTERS") + "/java/libpoll.so");
            int fd = region.fd();
            check(!poll(fd, 0));
            region.signal();
            check(poll(fd, (int) PATIENCE));
            check(region.tryAwait());
            check(!poll(fd, 0));
        }
    }

    /** A wait that ends because the region's creator or name is gone, before its timeout. */
    private static void isGone(SharedRegion region, long timeout) throws Exception {
        long begin = System.nanoTime();
        Suite.throwsA(RegionGoneException.class, () -> region.awaitOrGone(timeout));
        Suite.fails(ZincException.EPIPE, region.name(), () -> region.awaitOrGone(timeout));
        check(System.nanoTime() - begin < TimeUnit.MILLISECONDS.toNanos(PATIENCE));
    }

    private static void goneWakes() throws Exception {
        String name = Suite.named();
        var other = Suite.Peer.ready("late-die", name,
            String.valueOf(ProcessHandle.current().pid()));
        try (var region = SharedRegion.open(name)) {
            isGone(region, PATIENCE);
            isGone(region, 0);
            Suite.throwsA(RegionGoneException.class, region::awaitOrGone);
            Suite.throwsA(RegionGoneException.class,
                () -> region.awaitOrGone(Duration.ofHours(1)));
            check(!region.await(0));
        }
        other.kill();
    }

    private static void goneLastNotify() throws Exception {
        String name = Suite.named();
        var other = Suite.Peer.ready("hold", name);
        try (var region = SharedRegion.open(name)) {
            region.signal();
            other.kill();
            check(region.awaitOrGone(PATIENCE));
            isGone(region, PATIENCE);
        }
        check(peer("probe", name).equals("2"));
    }

    private static void goneName() throws Exception {
        String name = Suite.named();
        try (var creator = create(name); var other = SharedRegion.open(name)) {
            peer("unlink", name);
            isGone(creator, PATIENCE);
            isGone(other, PATIENCE);
        }
    }

    private static void goneLives() throws Exception {
        String name = Suite.named();
        try (var creator = create(name); var other = SharedRegion.open(name)) {
            long begin = System.nanoTime();
            check(!other.awaitOrGone(0) && !other.awaitOrGone(100));
            check(System.nanoTime() - begin >= TimeUnit.MILLISECONDS.toNanos(100));
            creator.signal();
            check(other.awaitOrGone(PATIENCE) && !other.awaitOrGone(Duration.ZERO));
        }
        var closed = create(name);
        closed.close();
        Suite.isClosed(closed::awaitOrGone);
    }

    private static void unlinkStale() throws Exception {
        String name = Suite.named();
        var other = Suite.Peer.ready("hold", name);
        Suite.fails(Suite.IS_KMOD ? ZincException.ENOENT : ZincException.EBUSY, name,
            () -> SharedRegion.unlinkStale(name));
        other.kill();
        if (Suite.IS_KMOD) {
            Suite.fails(ZincException.ENOENT, () -> SharedRegion.unlinkStale(name));
        } else {
            SharedRegion.unlinkStale(name);
        }
        check(peer("probe", name).equals("2"));
        Suite.fails(ZincException.ENOENT, () -> SharedRegion.unlinkStale(name));
    }

    private static void openWaits() throws Exception {
        String name = Suite.named();
        var other = Suite.Peer.ready("late-create", name,
            String.valueOf(ProcessHandle.current().pid()));
        long begin = System.nanoTime();
        try (var region = SharedRegion.openAwait(name, Duration.ofMillis(PATIENCE),
                new OpenOptions())) {
            check(System.nanoTime() - begin < TimeUnit.MILLISECONDS.toNanos(PATIENCE));
            check(region.info().name().equals(name));
        }
        other.kill();
    }

    private static void openTimesOut() throws Exception {
        String name = Suite.named();
        var options = new OpenOptions();
        Suite.fails(ZincException.ENOENT, name,
            () -> SharedRegion.openAwait(name, Duration.ZERO, options));
        long begin = System.nanoTime();
        Suite.fails(ZincException.ETIMEDOUT, name,
            () -> SharedRegion.openAwait(name, Duration.ofMillis(130), options));
        check(System.nanoTime() - begin >= TimeUnit.MILLISECONDS.toNanos(100));
    }

    // ---- its own ----

    /** What a wait ends with, whose region another thread closes. */
    private static void endsByClose(Suite.Body wait, SharedRegion region) throws Exception {
        var waiting = CompletableFuture.runAsync(() -> {
            try {
                wait.run();
            } catch (IllegalStateException right) {
                return;
            } catch (Exception e) {
                throw new AssertionError(e);
            }
            throw new AssertionError("the wait has ended");
        });
        Thread.sleep(50);
        region.close();
        // it has ended when close has
        check(peer("probe", region.name()).equals("2"));
        waiting.get(PATIENCE, TimeUnit.MILLISECONDS);
    }

    private static void closeEndsWaits() throws Exception {
        var a = create();
        endsByClose(a::await, a);
        var b = create();
        endsByClose(() -> SharedRegion.awaitAny(Duration.ofDays(999999), b), b);
        var c = create();
        try (var request = create()) {
            endsByClose(() -> request.signalAndAwait(c, Duration.ofMillis(PATIENCE)), c);
        }
    }

    private static void interrupt() throws Exception {
        try (var region = create()) {
            Thread waiting = Thread.currentThread();
            for (Suite.Body wait : new Suite.Body[] {region::await, () -> region.await(PATIENCE),
                () -> SharedRegion.awaitAny(Duration.ofMillis(PATIENCE), region)}) {
                CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS)
                    .execute(waiting::interrupt);
                Suite.throwsA(InterruptedException.class, wait);
                check(!Thread.interrupted());
            }
        }
    }

    private static void several() throws Exception {
        try (var a = create(); var b = create()) {
            check(SharedRegion.awaitAny(Duration.ofMillis(5), a, b) == -1);
            b.signal();
            check(SharedRegion.awaitAny(Duration.ofMillis(PATIENCE), a, b) == 1);
            Suite.fails(ZincException.EINVAL, () -> SharedRegion.awaitAny(Duration.ZERO));
            var tooMany = new SharedRegion[200];
            Arrays.fill(tooMany, a);
            Suite.fails(ZincException.EINVAL,
                () -> SharedRegion.awaitAny(Duration.ZERO, tooMany));
            long begin = System.nanoTime();
            check(!a.signalAndAwait(b, Duration.ofMillis(130)));
            check(System.nanoTime() - begin >= TimeUnit.MILLISECONDS.toNanos(130));
            check(a.tryAwait() && !b.tryAwait());
            check(a.signalAndAwait(a, Duration.ofMillis(PATIENCE)));
            check(!a.await(Long.MIN_VALUE));
            check(!a.await(Duration.ofNanos(Long.MIN_VALUE)));
            check(!a.await(Duration.ofSeconds(Long.MIN_VALUE)));
        }
    }

    private static void options() throws Exception {
        String name = Suite.named();
        var options = new CreateOptions().mode(0640).lazy(true).lifetime(Lifetime.CREATOR);
        try (var old = SharedRegion.create(name, PAGE, options)) {
            RegionInfo info = SharedRegion.stat(name);
            check(info.name().equals(name) && info.mode() == 0640 && info.capacity() == PAGE);
            check(info.lifetime() == Lifetime.CREATOR && info.handles() == 1, info);
            check(info.creatorPid() == ProcessHandle.current().pid(), info);
            check(Duration.between(info.createdAt(), Instant.now()).toMinutes() == 0, info);
            check(old.info().flags().contains(RegionInfo.Flag.LAZY));
            check(old.info().flags().contains(RegionInfo.Flag.CREATOR));
            check(old.info().backend() == SharedRegion.defaultBackend());
            check(old.info().backend() == (Suite.IS_KMOD ? Backend.KMOD : Backend.SHM));
            old.signal();
            check(old.info().sequence() == 1 && old.info().cursor() == 0);
            try (var now = SharedRegion.create(name, PAGE, new CreateOptions().replace(true))) {
                check(old.info().flags().contains(RegionInfo.Flag.UNLINKED));
                check(now.info().mode() == 0600 && now.sequence() == 0);
                long id = now.info().id();
                check(SharedRegion.list().stream().anyMatch(
                    one -> one.name().equals(name) && one.id() == id && one.capacity() == PAGE));
            }
        }
        Suite.fails(ZincException.EINVAL, () -> SharedRegion.create(name, PAGE,
            new CreateOptions().noData(true)));
        Suite.fails(ZincException.ENOENT, name, () -> SharedRegion.unlink(name));
        Suite.fails(ZincException.ENOENT, name, () -> SharedRegion.stat(name));
    }

    private static void parts() throws Exception {
        String name = Suite.named();
        try (var region = create(name); var none = SharedRegion.open(name,
                new OpenOptions().noData(true).backend(Backend.AUTO))) {
            ByteBuffer all = region.buffer();
            check(all.isDirect() && all.order() == ByteOrder.nativeOrder() && all.position() == 0);
            ByteBuffer part = region.buffer(PAGE - 8, 8);
            check(part.capacity() == 8 && part.order() == ByteOrder.nativeOrder());
            part.putLong(0, 0x0102030405060708L);
            check(all.getLong(PAGE - 8) == 0x0102030405060708L);
            check(region.buffer(PAGE, 0).capacity() == 0);
            Class<? extends Exception> outside = IndexOutOfBoundsException.class;
            Suite.throwsA(outside, () -> region.buffer(PAGE - 8, 9));
            Suite.throwsA(outside, () -> region.buffer(-1, 1));
            Suite.throwsA(outside, () -> region.buffer(0, -1));
            Suite.throwsA(outside, () -> region.buffer(Long.MAX_VALUE, 1));
            Suite.throwsA(outside, () -> all.get(PAGE));
            Suite.fails(ENXIO, name, none::buffer);
            check(none.capacity() == PAGE);
        }
    }

    private static void says() throws Exception {
        String name = Suite.named();
        try {
            SharedRegion.open(name);
        } catch (ZincException e) {
            check(e.getMessage().startsWith("zinc: open \"" + name + "\": "), e.getMessage());
            check(e.getMessage().contains("create it first"), e.getMessage());
        }
        var region = create(name);
        check(region.toString().equals("SharedRegion \"" + name + "\", 65536 bytes"), region);
        region.close();
        check(region.toString().endsWith(", closed"), region);
        try {
            region.signal();
        } catch (IllegalStateException e) {
            check(e.getMessage().contains(name), e.getMessage());
        }
        Suite.throwsA(NullPointerException.class, () -> SharedRegion.create(null, PAGE));
    }

    private static void descriptors() throws Exception {
        if (!Suite.IS_KMOD) {
            Suite.fails(ZincException.EOPNOTSUPP,
                () -> SharedRegion.createAnonymous(PAGE, new CreateOptions()));
            throw new Suite.Skip("POSIX shared memory has no descriptors");
        }
        try (var region = SharedRegion.createAnonymous(PAGE, new CreateOptions());
                var same = SharedRegion.fromFd(region.fd(), new OpenOptions());
                var reader = SharedRegion.fromFd(region.fd(), new OpenOptions().readOnly(true));
                // what its descriptor gives is read-only, regardless of the request
                var third = SharedRegion.fromFd(reader.fd(), new OpenOptions());
                var named = create(); var other = SharedRegion.fromFd(named.fd(),
                    new OpenOptions())) {
            check(region.name().isEmpty());
            check(region.info().flags().contains(RegionInfo.Flag.ANONYMOUS));
            same.buffer().put(3, (byte) 4);
            check(third.isReadOnly() && third.buffer().get(3) == 4 && !same.isReadOnly());
            check(other.name().equals(named.name()));
        }
        Suite.fails(ZincException.EBADF, () -> SharedRegion.fromFd(-1, new OpenOptions()));
    }

    private static void devices() throws Exception {
        try (var region = create()) {
            if (!Suite.IS_KMOD) {
                Suite.fails(ZincException.EOPNOTSUPP, () -> region.exportDmabuf(false));
                Suite.fails(ZincException.EOPNOTSUPP, () -> region.exportDmabuf(0, PAGE, false));
                Suite.fails(ZincException.EOPNOTSUPP, () -> SharedRegion.create(Suite.named(), PAGE,
                    new CreateOptions().contiguous(true)));
                check(SharedRegion.features().isEmpty());
                throw new Suite.Skip("POSIX shared memory has no dma-bufs");
            }
            check(SharedRegion.features().contains(Feature.EXPORT));
            long before = count("/proc/self/fd");
            Descriptor dmabuf = region.exportDmabuf(false);
            check(dmabuf.fd() == dmabuf.fd() && count("/proc/self/fd") == before + 1);
            dmabuf.close();
            dmabuf.close();
            check(count("/proc/self/fd") == before);
            region.exportDmabuf(0, PAGE, true).close();
            Suite.fails(ZincException.EINVAL, () -> region.exportDmabuf(PAGE, PAGE, false));
            if (SharedRegion.features().contains(Feature.CONTIGUOUS)) {
                try (var other = SharedRegion.create(Suite.named(), PAGE,
                        new CreateOptions().contiguous(true))) {
                    check(other.info().flags().contains(RegionInfo.Flag.CONTIGUOUS));
                }
            }
            Suite.isClosed(dmabuf::fd);
            Suite.isClosed(dmabuf::detach);
            region.beginCpuAccess(Access.READ_WRITE);
            region.endCpuAccess(Access.READ_WRITE);
            Suite.fails(ZincException.EBADF, () -> region.signalOnFence(-1));
            Suite.fails(ZincException.EBADF,
                () -> SharedRegion.importDmabuf(-1, Suite.named(), new CreateOptions()));
            Suite.fails(ZincException.EBADF,
                () -> SharedRegion.importDmabuf(-1, null, new CreateOptions()));
        }
    }

    /** Of an emulated machine, too. */
    private static long ownPage() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/smaps"))) {
            String line = lines.filter(one -> one.startsWith("KernelPageSize:")).findFirst()
                .orElseThrow();
            return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
        }
    }

    private static void addNames(Suite suite) {
        suite.add(4, "name.empty", () -> badName(""));
        suite.add(5, "name.space", () -> badName(" "));
        suite.add(6, "name.inner-space", () -> badName("a b"));
        suite.add(7, "name.slash", () -> badName("a/b"));
        suite.add(8, "name.leading-slash", () -> badName("/a"));
        suite.add(9, "name.dot", () -> badName("."));
        suite.add(10, "name.dots", () -> badName(".."));
        suite.add(11, "name.inner-dot", () -> badName("a.b"));
        suite.add(12, "name.newline", () -> badName("a\n"));
        suite.add(13, "name.colon", () -> badName("a:b"));
        suite.add(14, "name.too-long", () -> badName("x".repeat(251)));
        suite.add(15, "name.non-ascii", () -> badName("caf\u00e9"));
        suite.add(16, "name.nul", Conform::nul);
        suite.add(17, "name.longest", Conform::longest);
    }

    private static void addCapacities(Suite suite) throws IOException {
        long own = ownPage();
        suite.add(18, "capacity.zero", () -> badCapacity(0));
        suite.add(19, "capacity.one", () -> badCapacity(1));
        suite.add(20, "capacity.below-a-page", () -> badCapacity(own - 1));
        suite.add(21, "capacity.above-a-page", () -> badCapacity(own + 1));
        suite.add(22, "capacity.half-of-all", () -> badCapacity(Long.MIN_VALUE));
        suite.add(23, "capacity.all-but-a-page", () -> badCapacity(-PAGE));
        suite.add(24, "capacity", Conform::capacity);
    }

    private static void addWaits(Suite suite) {
        suite.add(29, "try-wait.nothing", Conform::nothing);
        suite.add(30, "wait.zero", Conform::waitZero);
        suite.add(31, "wait.timeout", Conform::waitTimeout);
        suite.add(32, "wait.coalesces", Conform::coalesces);
        suite.add(33, "wait.from-zero", Conform::fromZero);
        suite.add(34, "wait.own-cursor", Conform::ownCursor);
        suite.add(35, "wait.wraps", Conform::wraps);
        suite.add(36, "wait.other-process", Conform::otherProcess);
        suite.add(37, "wait.wakes", Conform::wakes);
    }

    private static void addEnds(Suite suite) {
        suite.add(38, "close.twice", Conform::twice);
        suite.add(39, "close.then-use", Conform::thenUse);
        suite.add(40, "close.creator-first", Conform::creatorFirst);
        suite.add(41, "close.reader-outlives", Conform::readerOutlives);
        suite.add(42, "close.name-is-free", Conform::nameIsFree);
        suite.add(43, "view.after-close", Conform::viewAfterClose);
        suite.add(44, "view.none-after-close", Conform::noneAfterClose);
        suite.add(45, "collected", Conform::collected);
        suite.add(46, "many", Conform::many);
    }

    private static void addOwn(Suite suite) {
        suite.add(101, "java.close-ends-waits", Conform::closeEndsWaits);
        suite.add(102, "java.interrupt", Conform::interrupt);
        suite.add(103, "java.several", Conform::several);
        suite.add(104, "java.options", Conform::options);
        suite.add(105, "java.parts", Conform::parts);
        suite.add(106, "java.says", Conform::says);
        suite.add(107, "java.descriptors", Conform::descriptors);
        suite.add(108, "java.devices", Conform::devices);
    }

    public static void main(String[] arguments) throws IOException {
        Suite suite = new Suite();
        suite.add(1, "create", Conform::isMine);
        suite.add(2, "create.exists", Conform::exists);
        suite.add(3, "open.missing", Conform::missing);
        addNames(suite);
        addCapacities(suite);
        suite.add(25, "data.zero", Conform::zero);
        suite.add(26, "data.both-ways", Conform::bothWays);
        suite.add(27, "data.one-memory", Conform::oneMemory);
        suite.add(28, "header.refs", Conform::refs);
        addWaits(suite);
        addEnds(suite);
        suite.add(47, "readonly", Conform::readonly);
        suite.add(48, "persist", Conform::persist);
        suite.add(49, "killed", Conform::killed);
        suite.add(50, "fd", Conform::descriptor);
        suite.add(51, "gone.wakes", Conform::goneWakes);
        suite.add(52, "gone.last-notify", Conform::goneLastNotify);
        suite.add(53, "gone.name", Conform::goneName);
        suite.add(54, "gone.lives", Conform::goneLives);
        suite.add(55, "unlink-stale", Conform::unlinkStale);
        suite.add(56, "open.waits", Conform::openWaits);
        suite.add(57, "open.times-out", Conform::openTimesOut);
        addOwn(suite);
        System.exit(suite.run());
    }
}
