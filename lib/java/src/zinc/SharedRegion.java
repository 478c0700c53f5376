// SPDX-License-Identifier: MIT

package zinc;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongToIntFunction;

/**
 * A handle of a region: named memory that processes share, with signals.
 *
 * <p>All methods may be called by any thread. A region is closed by {@link #close}, and when it
 * is collected; from then on its methods throw {@link IllegalStateException}. Buffers stay good,
 * whoever is closed or collected: the memory is unmapped when the last of them is gone.
 *
 * <p>What one process writes before a signal, another reads after the wait that it ends. Other
 * orders are for {@code VarHandle}s, such as those of
 * {@link java.lang.invoke.MethodHandles#byteBufferViewVarHandle}.
 */
public final class SharedRegion implements AutoCloseable {
    /**
     * The library's waits cannot be interrupted. So a wait here is made of short ones, between
     * which it is seen whether the region was closed or the thread interrupted.
     */
    private static final long SLICE = TimeUnit.MILLISECONDS.toNanos(100);

    private static final long FOREVER = Long.MAX_VALUE;
    private static final int DMABUF_READONLY = 1 << 2;

    private final Handle handle;
    private final Cleaner.Cleanable cleanable;

    private SharedRegion(Handle handle) {
        this.handle = handle;
        cleanable = Mapping.CLEANER.register(this, handle::close);
    }

    /** A region of a handle, or of the error instead of one; no name: its own. */
    private static SharedRegion of(String action, String name, long raw) throws ZincException {
        ZincException.check(action, name, raw);
        byte[] info = new byte[RegionInfo.SIZE];
        int error = Native.info(raw, info);
        if (error != 0) {
            Native.close(raw);
            throw new ZincException(action, name, -error);
        }
        RegionInfo found = RegionInfo.of(info);
        boolean readOnly = found.flags().contains(RegionInfo.Flag.READONLY)
            || found.flags().contains(RegionInfo.Flag.DATA_READONLY);
        return new SharedRegion(new Handle(raw, name == null ? found.name() : name,
            Native.capacity(raw), readOnly));
    }

    /**
     * Makes a region and owns it. Its data are zeros.
     *
     * @param name 1 to 249 of a-z A-Z 0-9 _ -
     * @param capacity bytes, a multiple of the page size
     * @return the creator's handle
     * @throws ZincException EINVAL for those two, EEXIST, EPERM or EACCES; ENOMEM, EDQUOT or
     *     ENOSPC for no room
     */
    public static SharedRegion create(String name, long capacity) throws ZincException {
        return create(name, capacity, new CreateOptions());
    }

    /**
     * Makes a region with a choice.
     *
     * @param name as above
     * @param capacity as above
     * @param options the choice
     * @return the creator's handle
     * @throws ZincException as above
     */
    public static SharedRegion create(String name, long capacity, CreateOptions options)
            throws ZincException {
        long raw = Native.create(Native.name("create", name), capacity, options.flags,
            options.mode, options.lifetime, options.backend);
        return of("create", name, raw);
    }

    /**
     * Makes a region without a name, which others get by its descriptor.
     *
     * @param capacity as {@link #create(String, long)}
     * @param options a choice
     * @return the creator's handle
     * @throws ZincException as {@link #create(String, long)}; EOPNOTSUPP on POSIX shared memory
     */
    public static SharedRegion createAnonymous(long capacity, CreateOptions options)
            throws ZincException {
        long raw = Native.create(null, capacity, options.flags, options.mode, options.lifetime,
            options.backend);
        return of("create", null, raw);
    }

    /**
     * Attaches to a region for reading and writing.
     *
     * @param name the region's
     * @return a handle
     * @throws ZincException ENOENT, EINVAL, EPERM or EACCES; EBADMSG where it is no region
     */
    public static SharedRegion open(String name) throws ZincException {
        return open(name, new OpenOptions());
    }

    /**
     * Attaches to a region to look and wait only. Its buffers are read-only.
     *
     * @param name the region's
     * @return a handle
     * @throws ZincException as {@link #open(String)}
     */
    public static SharedRegion openReadOnly(String name) throws ZincException {
        return open(name, new OpenOptions().readOnly(true));
    }

    /**
     * Attaches to a region with a choice.
     *
     * @param name the region's
     * @param options the choice
     * @return a handle
     * @throws ZincException as {@link #open(String)}; ENXIO where its memory cannot be mapped
     */
    public static SharedRegion open(String name, OpenOptions options) throws ZincException {
        long raw = Native.open(Native.name("open", name), options.flags, options.backend);
        return of("open", name, raw);
    }

    /**
     * Attaches to the region of a descriptor, mostly of another process.
     *
     * @param fd from {@link #fd}; it stays the caller's
     * @param options a choice; a read-only descriptor gives a read-only handle
     * @return a handle
     * @throws ZincException EBADF for no descriptor, ENOTTY for none of a region, EOPNOTSUPP on
     *     POSIX shared memory
     */
    public static SharedRegion fromFd(int fd, OpenOptions options) throws ZincException {
        long raw = Native.fromFd(fd, options.flags, options.backend);
        return of("open descriptor " + fd, null, raw);
    }

    /**
     * Makes a region of a device's dma-buf. Nothing is copied.
     *
     * @param fd the dma-buf; it stays the caller's
     * @param name as {@link #create(String, long)}; null for none
     * @param options a choice
     * @return the creator's handle
     * @throws ZincException as {@link #create(String, long)}; EBADF for no descriptor, ENXIO where
     *     it cannot be mapped, EOPNOTSUPP on POSIX shared memory
     */
    public static SharedRegion importDmabuf(int fd, String name, CreateOptions options)
            throws ZincException {
        byte[] bytes = name == null ? null : Native.name("import", name);
        long raw = Native.importDmabuf(fd, bytes, options.flags, options.mode, options.lifetime,
            options.backend);
        return of("import", name, raw);
    }

    /** A call of the library with the handle; an errno is thrown. */
    private int call(String action, LongToIntFunction function) throws ZincException {
        try {
            long raw = handle.enter();
            try {
                return ZincException.check(action, handle.name, function.applyAsInt(raw));
            } finally {
                handle.leave();
            }
        } finally {
            // it is not to be collected, and so closed, meanwhile
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Closes it; again, nothing. Waits of other threads end with an IllegalStateException within
     * a tenth of a second, and this returns when all have. Buffers stay good.
     */
    @Override
    public void close() {
        cleanable.clean();
        // where another thread was first, it may not have done yet
        handle.close();
    }

    /**
     * Whether it has not been closed.
     *
     * @return if so
     */
    public boolean isOpen() {
        return handle.isOpen();
    }

    /**
     * The name that it was made or found by.
     *
     * @return the name; empty for a region without one
     */
    public String name() {
        return handle.name;
    }

    /**
     * Whether its data are read-only by this handle.
     *
     * @return if so
     */
    public boolean isReadOnly() {
        return handle.readOnly;
    }

    /**
     * How long the data are, mapped or not.
     *
     * @return bytes
     */
    public long capacity() {
        handle.checkOpen();
        return handle.capacity;
    }

    /**
     * The shared memory itself, in the machine's byte order; that of a read-only region is
     * read-only. Each call gives a buffer with a position of its own.
     *
     * @return a direct buffer of all data
     * @throws ZincException ENXIO where the region was opened without data
     * @throws UnsupportedOperationException if they are longer than a buffer can be
     */
    public ByteBuffer buffer() throws ZincException {
        if (capacity() > Integer.MAX_VALUE) {
            throw new UnsupportedOperationException("zinc: the region \"" + name() + "\" has "
                + capacity() + " bytes, more than one buffer: use buffer(offset, length)");
        }
        return buffer(0, (int) capacity());
    }

    /**
     * A part of the shared memory.
     *
     * @param offset where it begins
     * @param length bytes
     * @return a direct buffer
     * @throws ZincException as {@link #buffer()}
     * @throws IndexOutOfBoundsException if it is not within the data
     */
    public ByteBuffer buffer(long offset, int length) throws ZincException {
        try {
            Objects.checkFromIndexSize(offset, length, capacity());
            return handle.view(offset, length);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Counts the sequence on, and wakes all who wait. What was written before is visible after
     * the wait that it ends.
     *
     * @throws ZincException EBADF for a read-only region
     */
    public void signal() throws ZincException {
        call("signal", Native::signal);
    }

    /**
     * Waits without an end for a signal that this handle has not seen.
     *
     * @throws ZincException never, so far
     * @throws InterruptedException if this thread is interrupted
     */
    public void await() throws ZincException, InterruptedException {
        awaitFor(FOREVER);
    }

    /**
     * Waits for a signal that this handle has not seen. One wait takes all there are, this
     * handle's own as well. Of threads that wait on one handle, one gets what is pending, and
     * all that sleep get the next.
     *
     * @param timeout how long; 0 or less only looks
     * @return whether there was one; false when the time is up
     * @throws ZincException never, so far
     * @throws InterruptedException if this thread is interrupted: seen when the wait begins, and
     *     every tenth of a second
     */
    public boolean await(Duration timeout) throws ZincException, InterruptedException {
        return awaitFor(nanoseconds(timeout));
    }

    /**
     * Waits, as {@link #await(Duration)}.
     *
     * @param milliseconds how long; 0 or less only looks
     * @return whether there was one; false when the time is up
     * @throws ZincException never, so far
     * @throws InterruptedException if this thread is interrupted
     */
    public boolean await(long milliseconds) throws ZincException, InterruptedException {
        return awaitFor(TimeUnit.MILLISECONDS.toNanos(Math.max(0, milliseconds)));
    }

    /**
     * Looks for a signal that this handle has not seen, and takes it.
     *
     * @return whether there was one
     * @throws ZincException never, so far
     */
    public boolean tryAwait() throws ZincException {
        return call("wait", raw -> noneAsOne(Native.tryAwait(raw))) == 0;
    }

    /**
     * Signals this region, then waits for another, or for itself: a request and its reply.
     *
     * @param reply what to wait for
     * @param timeout as {@link #await(Duration)}
     * @return whether there was a signal; false when the time is up
     * @throws ZincException EBADF for a read-only region
     * @throws InterruptedException if this thread is interrupted
     */
    public boolean signalAndAwait(SharedRegion reply, Duration timeout)
            throws ZincException, InterruptedException {
        long begin = System.nanoTime();
        long left = nanoseconds(timeout);
        int milliseconds = (int) TimeUnit.NANOSECONDS.toMillis(next(left));
        checkInterrupt();
        int result = call("signal", request -> reply.with(answer ->
            noneAsOne(Native.signalAndAwait(request, answer, milliseconds))));
        return result == 0 || reply.awaitFor(left(left, begin));
    }

    /**
     * Waits for a signal of any of 1 to 128 regions, all of one backend. Only that one's is taken.
     *
     * @param timeout as {@link #await(Duration)}
     * @param regions what to wait for
     * @return the index of the first that had one; -1 when the time is up
     * @throws ZincException EINVAL for none or too many, EOPNOTSUPP on POSIX shared memory where
     *     the kernel is older than 5.16
     * @throws InterruptedException if this thread is interrupted
     */
    public static int awaitAny(Duration timeout, SharedRegion... regions)
            throws ZincException, InterruptedException {
        long begin = System.nanoTime();
        long all = nanoseconds(timeout);
        for (;;) {
            checkInterrupt();
            long left = left(all, begin);
            int index = anyOnce(next(left), regions);
            if (index >= 0 || left == 0) {
                return index;
            }
        }
    }

    private static int anyOnce(long nanoseconds, SharedRegion[] regions) throws ZincException {
        long[] raw = new long[regions.length];
        int entered = 0;
        try {
            for (; entered < regions.length; entered++) {
                raw[entered] = regions[entered].handle.enter();
            }
            int result = Native.awaitAny(raw, nanoseconds);
            return isNone(result) ? -1 : ZincException.check("wait for any", null, result);
        } finally {
            for (int i = 0; i < entered; i++) {
                regions[i].handle.leave();
            }
            Reference.reachabilityFence(regions);
        }
    }

    private boolean awaitFor(long nanoseconds) throws ZincException, InterruptedException {
        long begin = System.nanoTime();
        for (;;) {
            checkInterrupt();
            long left = left(nanoseconds, begin);
            long slice = next(left);
            if (call("wait", raw -> noneAsOne(Native.await(raw, slice))) == 0) {
                return true;
            }
            if (left == 0) {
                return false;
            }
        }
    }

    private int with(LongToIntFunction function) {
        long raw = handle.enter();
        try {
            return function.applyAsInt(raw);
        } finally {
            handle.leave();
            Reference.reachabilityFence(this);
        }
    }

    private static void checkInterrupt() throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    private static long nanoseconds(Duration timeout) {
        try {
            // a difference to the least would overflow
            return Math.max(0, timeout.toNanos());
        } catch (ArithmeticException tooLong) {
            return timeout.isNegative() ? 0 : FOREVER;
        }
    }

    /** What is left of a timeout. */
    private static long left(long nanoseconds, long begin) {
        if (nanoseconds == FOREVER) {
            return FOREVER;
        }
        return Math.max(0, nanoseconds - (System.nanoTime() - begin));
    }

    /** What the next short wait may take of that. */
    private static long next(long left) {
        return Math.min(left, SLICE);
    }

    /** EAGAIN and ETIMEDOUT are no errors. */
    private static boolean isNone(int result) {
        return result == -11 || result == -110;
    }

    private static int noneAsOne(int result) {
        return isNone(result) ? 1 : result;
    }

    /**
     * How often the region was signalled.
     *
     * @return signals so far, modulo 2^32: for {@link Integer#toUnsignedLong}
     */
    public int sequence() {
        return with(Native::sequence);
    }

    /**
     * What is known of the region now.
     *
     * @return a record
     * @throws ZincException never, so far
     */
    public RegionInfo info() throws ZincException {
        byte[] into = new byte[RegionInfo.SIZE];
        call("info", raw -> Native.info(raw, into));
        return RegionInfo.of(into);
    }

    /**
     * The handle's descriptor, for poll and SCM_RIGHTS: readable while a signal is pending;
     * {@link #tryAwait} takes it. It is the region's: do not close it, and keep the region.
     *
     * @return its number
     * @throws ZincException EOPNOTSUPP on POSIX shared memory
     */
    public int fd() throws ZincException {
        return call("descriptor", Native::fd);
    }

    /**
     * The data as a dma-buf, for a device to import.
     *
     * @param readOnly if neither CPU nor device is to write by it
     * @return a descriptor of its own
     * @throws ZincException EOPNOTSUPP on POSIX shared memory, EACCES for a writable one of a
     *     read-only region, EMFILE, ENFILE, ENOMEM
     */
    public Descriptor exportDmabuf(boolean readOnly) throws ZincException {
        return new Descriptor(call("export",
            raw -> Native.exportDmabuf(raw, readOnly ? DMABUF_READONLY : 0)));
    }

    /**
     * Has the region signalled when a device has done its work.
     *
     * @param fence a sync_file; it may be closed afterwards
     * @throws ZincException EBADF for no sync_file and for a read-only region, EBUSY, EOPNOTSUPP
     *     on POSIX shared memory
     */
    public void signalOnFence(int fence) throws ZincException {
        call("signal on fence", raw -> Native.signalOnFence(raw, fence));
    }

    /**
     * Comes before the CPU touches what a device works on, and waits for the device.
     *
     * @param access what the CPU does
     * @throws ZincException EBADF to write by a read-only region, EOPNOTSUPP on POSIX shared
     *     memory
     */
    public void beginCpuAccess(Access access) throws ZincException {
        call("begin access", raw -> Native.beginCpuAccess(raw, access.bits));
    }

    /**
     * Comes after it, before the device goes on.
     *
     * @param access what the CPU did
     * @throws ZincException as {@link #beginCpuAccess}
     */
    public void endCpuAccess(Access access) throws ZincException {
        call("end access", raw -> Native.endCpuAccess(raw, access.bits));
    }

    /**
     * What can be done with devices here, by a new region.
     *
     * @return none on POSIX shared memory
     * @throws ZincException EACCES where /dev/zinc may not be opened
     */
    public static Set<Feature> features() throws ZincException {
        return Feature.of(ZincException.check("features", null, Native.features(0)));
    }

    /**
     * The backend that a new region would get.
     *
     * @return one of them
     * @throws ZincException EACCES where /dev/zinc may not be opened, EINVAL for a bad variable
     *     ZINC_BACKEND
     */
    public static Backend defaultBackend() throws ZincException {
        return Backend.of(ZincException.check("backend", null, Native.backend(0)));
    }

    /**
     * Tells of the named regions that the caller may see.
     *
     * @return in the order of their names
     * @throws ZincException EACCES where /dev/zinc may not be opened, ENOMEM
     */
    public static List<RegionInfo> list() throws ZincException {
        int[] failed = new int[1];
        byte[] found = Native.list(failed);
        ZincException.check("list", null, failed[0]);
        return RegionInfo.all(found);
    }

    /**
     * Tells of a region without opening it.
     *
     * @param name the region's
     * @return a record
     * @throws ZincException ENOENT, EINVAL for a bad name, EACCES where it may not be seen
     */
    public static RegionInfo stat(String name) throws ZincException {
        byte[] into = new byte[RegionInfo.SIZE];
        ZincException.check("stat", name, Native.stat(Native.name("stat", name), into));
        return RegionInfo.of(into);
    }

    /**
     * Takes the name away. Who has the region open keeps it.
     *
     * @param name the region's
     * @throws ZincException ENOENT, EINVAL for a bad name, EPERM where the caller is not its owner
     */
    public static void unlink(String name) throws ZincException {
        ZincException.check("unlink", name, Native.unlink(Native.name("unlink", name)));
    }

    /**
     * Name and capacity.
     *
     * @return for people
     */
    @Override
    public String toString() {
        return "SharedRegion \"" + handle.name + "\", " + handle.capacity + " bytes"
            + (isOpen() ? "" : ", closed");
    }
}
