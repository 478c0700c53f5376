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
 * <p>Any thread may call any method. A region is closed by {@link #close}, or when it is
 * garbage-collected; then its methods throw {@link IllegalStateException}. Buffers stay valid
 * after that: the memory is unmapped when the last buffer is collected.
 *
 * <p>Writes made before a signal are visible after the wait that it wakes. For other memory
 * orders, use {@code VarHandle}s, such as those of
 * {@link java.lang.invoke.MethodHandles#byteBufferViewVarHandle}.
 */
public final class SharedRegion implements AutoCloseable {
    private static final int DMABUF_READONLY = 1 << 2;

    private final Handle handle;
    private final Cleaner.Cleanable cleanable;

    private SharedRegion(Handle handle) {
        this.handle = handle;
        cleanable = Mapping.CLEANER.register(this, handle::close);
    }

    /** Converts the result of a C function; a null name means the name in its description. */
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
     * Creates a region, whose data are zeros.
     *
     * @param name 1 to 249 of a-z A-Z 0-9 _ -
     * @param capacity bytes, a multiple of the page size
     * @return the creator's handle
     * @throws ZincException EINVAL for a bad name or capacity, EEXIST, EPERM or EACCES; ENOMEM,
     *     EDQUOT or ENOSPC if there is no memory
     */
    public static SharedRegion create(String name, long capacity) throws ZincException {
        return create(name, capacity, new CreateOptions());
    }

    /**
     * Creates a region with options.
     *
     * @param name as {@link #create(String, long)}
     * @param capacity as {@link #create(String, long)}
     * @param options the options
     * @return the creator's handle
     * @throws ZincException as {@link #create(String, long)}
     */
    public static SharedRegion create(String name, long capacity, CreateOptions options)
            throws ZincException {
        long raw = Native.create(Native.name("create", name), capacity, options.flags,
            options.mode, options.lifetime, options.backend);
        return of("create", name, raw);
    }

    /**
     * Creates a region without a name, which other processes open by its descriptor.
     *
     * @param capacity as {@link #create(String, long)}
     * @param options the options
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
     * Opens a region for reading and writing.
     *
     * @param name its name
     * @return a handle
     * @throws ZincException ENOENT, EINVAL, EPERM or EACCES; EBADMSG if it is not a region
     */
    public static SharedRegion open(String name) throws ZincException {
        return open(name, new OpenOptions());
    }

    /**
     * Opens a region for reading and waiting only. Its buffers are read-only.
     *
     * @param name its name
     * @return a handle
     * @throws ZincException as {@link #open(String)}
     */
    public static SharedRegion openReadOnly(String name) throws ZincException {
        return open(name, new OpenOptions().readOnly(true));
    }

    /**
     * Opens a region with options.
     *
     * @param name its name
     * @param options the options
     * @return a handle
     * @throws ZincException as {@link #open(String)}; ENXIO if its memory cannot be mapped
     */
    public static SharedRegion open(String name, OpenOptions options) throws ZincException {
        long raw = Native.open(Native.name("open", name), options.flags, options.backend);
        return of("open", name, raw);
    }

    /**
     * Opens a region, and waits for its name to be created.
     *
     * @param name its name
     * @param timeout how long to wait; 0 or less does not wait
     * @param options the options
     * @return a handle
     * @throws ZincException ETIMEDOUT; otherwise as {@link #open(String, OpenOptions)}, ENOENT only
     *     if it does not wait
     * @throws InterruptedException if this thread is interrupted
     */
    public static SharedRegion openAwait(String name, Duration timeout, OpenOptions options)
            throws ZincException, InterruptedException {
        byte[] bytes = Native.name("open", name);
        long begin = System.nanoTime();
        long all = Waits.nanoseconds(timeout);
        for (;;) {
            Waits.checkInterrupt();
            long left = Waits.left(all, begin);
            long raw = Native.openAwait(bytes, options.flags, options.backend,
                all == 0 ? 0 : Math.max(1, Waits.next(left)));
            if (raw != -ZincException.ETIMEDOUT || left == 0) {
                return of("open", name, raw);
            }
        }
    }

    /**
     * Opens a region by its descriptor, usually from another process.
     *
     * @param fd from {@link #fd}; the caller closes it
     * @param options the options; the handle of a read-only descriptor is read-only
     * @return a handle
     * @throws ZincException EBADF if it is not open, ENOTTY if it is not a region's, EOPNOTSUPP on
     *     POSIX shared memory
     */
    public static SharedRegion fromFd(int fd, OpenOptions options) throws ZincException {
        long raw = Native.fromFd(fd, options.flags, options.backend);
        return of("open descriptor " + fd, null, raw);
    }

    /**
     * Imports a device's dma-buf as a region, without copying.
     *
     * @param fd the dma-buf; the caller closes it
     * @param name as {@link #create(String, long)}; null for none
     * @param options the options
     * @return the creator's handle
     * @throws ZincException as {@link #create(String, long)}; EBADF if it is not open, ENXIO if
     *     it cannot be mapped, EOPNOTSUPP on POSIX shared memory
     */
    public static SharedRegion importDmabuf(int fd, String name, CreateOptions options)
            throws ZincException {
        byte[] bytes = name == null ? null : Native.name("import", name);
        long raw = Native.importDmabuf(fd, bytes, options.flags, options.mode, options.lifetime,
            options.backend);
        return of("import", name, raw);
    }

    /** Makes a call of the library with the handle; throws an errno. */
    private int call(String action, LongToIntFunction function) throws ZincException {
        try {
            long raw = handle.enter();
            try {
                return ZincException.check(action, handle.name, function.applyAsInt(raw));
            } finally {
                handle.leave();
            }
        } finally {
            // keep this object reachable, and so the handle open, during the call
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Closes the handle; further calls do nothing. Waits of other threads end with an
     * IllegalStateException within a tenth of a second, and this method returns after them.
     * Buffers stay valid.
     */
    @Override
    public void close() {
        cleanable.clean();
        // another thread may still be closing it: wait for that
        handle.close();
    }

    /**
     * Returns whether the handle is open.
     *
     * @return true if it is open
     */
    public boolean isOpen() {
        return handle.isOpen();
    }

    /**
     * Returns the name given to create or open.
     *
     * @return the name; empty for an anonymous region
     */
    public String name() {
        return handle.name;
    }

    /**
     * Returns whether the handle is read-only.
     *
     * @return true if it is read-only
     */
    public boolean isReadOnly() {
        return handle.readOnly;
    }

    /**
     * Returns the size of the data, mapped or not.
     *
     * @return bytes
     */
    public long capacity() {
        handle.checkOpen();
        return handle.capacity;
    }

    /**
     * Returns the data in place, in the machine's byte order. The buffer of a read-only region
     * is read-only. Each call returns a buffer with its own position.
     *
     * @return a direct buffer of all data
     * @throws ZincException ENXIO if the region was opened without data
     * @throws UnsupportedOperationException if the data exceed a buffer's maximum
     */
    public ByteBuffer buffer() throws ZincException {
        if (capacity() > Integer.MAX_VALUE) {
            throw new UnsupportedOperationException("zinc: the region \"" + name() + "\" has "
                + capacity() + " bytes, more than one buffer: use buffer(offset, length)");
        }
        return buffer(0, (int) capacity());
    }

    /**
     * Returns a part of the data in place.
     *
     * @param offset first byte
     * @param length bytes
     * @return a direct buffer
     * @throws ZincException as {@link #buffer()}
     * @throws IndexOutOfBoundsException if the part exceeds the data
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
     * Increments the sequence and wakes all waiters. Writes made before it are visible after the
     * wait it wakes.
     *
     * @throws ZincException EBADF for a read-only region
     */
    public void signal() throws ZincException {
        call("signal", Native::signal);
    }

    /**
     * Waits without limit for a signal that this handle has not seen.
     *
     * @throws ZincException never, so far
     * @throws InterruptedException if this thread is interrupted
     */
    public void await() throws ZincException, InterruptedException {
        awaitFor(Waits.FOREVER, Native::await);
    }

    /**
     * Waits for a signal that this handle has not seen. One wait consumes all pending signals,
     * including this handle's own. One of the threads that wait on a handle consumes a pending
     * signal, but a signal wakes all that sleep.
     *
     * @param timeout the timeout; 0 or less polls
     * @return whether there was a signal; false on a timeout
     * @throws ZincException never, so far
     * @throws InterruptedException if this thread is interrupted; this is checked at the start, and
     *     every tenth of a second
     */
    public boolean await(Duration timeout) throws ZincException, InterruptedException {
        return awaitFor(Waits.nanoseconds(timeout), Native::await);
    }

    /**
     * Waits, as {@link #await(Duration)}.
     *
     * @param milliseconds the timeout; 0 or less polls
     * @return whether there was a signal; false on a timeout
     * @throws ZincException never, so far
     * @throws InterruptedException if this thread is interrupted
     */
    public boolean await(long milliseconds) throws ZincException, InterruptedException {
        return awaitFor(TimeUnit.MILLISECONDS.toNanos(Math.max(0, milliseconds)), Native::await);
    }

    /**
     * Waits without limit, as {@link #awaitOrGone(Duration)}.
     *
     * @throws RegionGoneException the region's creator or name is gone
     * @throws ZincException EOPNOTSUPP if the loaded kernel module is too old
     * @throws InterruptedException if this thread is interrupted
     */
    public void awaitOrGone() throws ZincException, InterruptedException {
        awaitFor(Waits.FOREVER, Native::awaitOrGone);
    }

    /**
     * Waits, as {@link #await(Duration)}, and fails once the creator's handle is closed, the
     * creator has exited, or the region's name is removed or belongs to another region. Signals
     * sent before that are delivered first.
     *
     * @param timeout the timeout; 0 or less polls
     * @return whether there was a signal; false on a timeout
     * @throws RegionGoneException the region's creator or name is gone
     * @throws ZincException EOPNOTSUPP if the loaded kernel module is too old
     * @throws InterruptedException if this thread is interrupted
     */
    public boolean awaitOrGone(Duration timeout) throws ZincException, InterruptedException {
        return awaitFor(Waits.nanoseconds(timeout), Native::awaitOrGone);
    }

    /**
     * Waits, as {@link #awaitOrGone(Duration)}.
     *
     * @param milliseconds the timeout; 0 or less polls
     * @return whether there was a signal; false on a timeout
     * @throws RegionGoneException the region's creator or name is gone
     * @throws ZincException EOPNOTSUPP if the loaded kernel module is too old
     * @throws InterruptedException if this thread is interrupted
     */
    public boolean awaitOrGone(long milliseconds) throws ZincException, InterruptedException {
        return awaitFor(TimeUnit.MILLISECONDS.toNanos(Math.max(0, milliseconds)),
            Native::awaitOrGone);
    }

    /**
     * Consumes a pending signal without waiting.
     *
     * @return whether there was one
     * @throws ZincException never, so far
     */
    public boolean tryAwait() throws ZincException {
        return call("wait", raw -> noneAsOne(Native.tryAwait(raw))) == 0;
    }

    /**
     * Signals this region, then waits for another: a request and its reply.
     *
     * @param reply the region to wait for; may be this one
     * @param timeout as {@link #await(Duration)}
     * @return whether there was a signal; false on a timeout
     * @throws ZincException EBADF for a read-only region
     * @throws InterruptedException if this thread is interrupted
     */
    public boolean signalAndAwait(SharedRegion reply, Duration timeout)
            throws ZincException, InterruptedException {
        long begin = System.nanoTime();
        long left = Waits.nanoseconds(timeout);
        int milliseconds = (int) TimeUnit.NANOSECONDS.toMillis(Waits.next(left));
        Waits.checkInterrupt();
        int result = call("signal", request -> reply.with(answer ->
            noneAsOne(Native.signalAndAwait(request, answer, milliseconds))));
        return result == 0 || reply.awaitFor(Waits.left(left, begin), Native::await);
    }

    /**
     * Waits for a signal on any of 1 to 128 regions of one backend. Only that one's cursor
     * advances.
     *
     * @param timeout as {@link #await(Duration)}
     * @param regions the regions
     * @return the index of the first signalled region; -1 on a timeout
     * @throws ZincException EINVAL for no regions or too many, EOPNOTSUPP on POSIX shared memory if
     *     the kernel is older than 5.16
     * @throws InterruptedException if this thread is interrupted
     */
    public static int awaitAny(Duration timeout, SharedRegion... regions)
            throws ZincException, InterruptedException {
        long begin = System.nanoTime();
        long all = Waits.nanoseconds(timeout);
        for (;;) {
            Waits.checkInterrupt();
            long left = Waits.left(all, begin);
            int index = anyOnce(Waits.next(left), regions);
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
            return Waits.isNone(result) ? -1 : ZincException.check("wait for any", null, result);
        } finally {
            for (int i = 0; i < entered; i++) {
                regions[i].handle.leave();
            }
            Reference.reachabilityFence(regions);
        }
    }

    /** One short wait: from handle and nanoseconds to a result. */
    private interface Wait {
        int once(long handle, long nanoseconds);
    }

    private boolean awaitFor(long nanoseconds, Wait wait)
            throws ZincException, InterruptedException {
        long begin = System.nanoTime();
        for (;;) {
            Waits.checkInterrupt();
            long left = Waits.left(nanoseconds, begin);
            long slice = Waits.next(left);
            if (call("wait", raw -> noneAsOne(wait.once(raw, slice))) == 0) {
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

    private static int noneAsOne(int result) {
        return Waits.isNone(result) ? 1 : result;
    }

    /**
     * Returns the number of signals so far.
     *
     * @return signals, modulo 2^32: for {@link Integer#toUnsignedLong}
     */
    public int sequence() {
        return with(Native::sequence);
    }

    /**
     * Describes the region.
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
     * Returns the handle's descriptor, for poll and SCM_RIGHTS. It is readable while a signal is
     * pending; {@link #tryAwait} consumes the signal. It belongs to the region: do not close it,
     * and keep the region reachable.
     *
     * @return its number
     * @throws ZincException EOPNOTSUPP on POSIX shared memory
     */
    public int fd() throws ZincException {
        return call("descriptor", Native::fd);
    }

    /**
     * Exports the data as a dma-buf, which a device can import.
     *
     * @param readOnly true if neither the CPU nor a device can write through it
     * @return a new descriptor
     * @throws ZincException EOPNOTSUPP on POSIX shared memory, EACCES for a writable one of a
     *     read-only region, EMFILE, ENFILE, ENOMEM
     */
    public Descriptor exportDmabuf(boolean readOnly) throws ZincException {
        return new Descriptor(call("export",
            raw -> Native.exportDmabuf(raw, readOnly ? DMABUF_READONLY : 0)));
    }

    /**
     * Exports a part of the data, in whole pages, as a dma-buf: for drivers that use a buffer
     * from its start. Each call returns a new buffer.
     *
     * @param offset first byte
     * @param length bytes
     * @param readOnly true if neither the CPU nor a device can write through it
     * @return a new descriptor
     * @throws ZincException EINVAL if the part is not within the data, EOPNOTSUPP for an imported
     *     region, and as {@link #exportDmabuf}
     */
    public Descriptor exportDmabuf(long offset, long length, boolean readOnly)
            throws ZincException {
        return new Descriptor(call("export", raw -> Native.exportDmabufPart(raw, offset, length,
            readOnly ? DMABUF_READONLY : 0)));
    }

    /**
     * Signals the region once a fence has signalled.
     *
     * @param fence a sync_file; it may be closed afterwards
     * @throws ZincException EBADF if it is not a sync_file or the region is read-only, EBUSY,
     *     EOPNOTSUPP on POSIX shared memory
     */
    public void signalOnFence(int fence) throws ZincException {
        call("signal on fence", raw -> Native.signalOnFence(raw, fence));
    }

    /**
     * Begins a CPU access to data that a device uses, too, and waits for the device.
     *
     * @param access the kind of access
     * @throws ZincException EBADF for a write access to a read-only region, EOPNOTSUPP on POSIX
     *     shared memory
     */
    public void beginCpuAccess(Access access) throws ZincException {
        call("begin access", raw -> Native.beginCpuAccess(raw, access.bits));
    }

    /**
     * Ends a CPU access, before the device continues.
     *
     * @param access as {@link #beginCpuAccess}
     * @throws ZincException as {@link #beginCpuAccess}
     */
    public void endCpuAccess(Access access) throws ZincException {
        call("end access", raw -> Native.endCpuAccess(raw, access.bits));
    }

    /**
     * Returns the operations with devices that a new region would support.
     *
     * @return the features; none on POSIX shared memory
     * @throws ZincException EACCES if the caller may not open /dev/zinc
     */
    public static Set<Feature> features() throws ZincException {
        return Feature.of(ZincException.check("features", null, Native.features(0)));
    }

    /**
     * Returns the backend that a new region would get.
     *
     * @return the backend
     * @throws ZincException EACCES if the caller may not open /dev/zinc, EINVAL for a bad variable
     *     ZINC_BACKEND
     */
    public static Backend defaultBackend() throws ZincException {
        return Backend.of(ZincException.check("backend", null, Native.backend(0)));
    }

    /**
     * Describes the named regions that are visible to the caller.
     *
     * @return descriptions, sorted by name
     * @throws ZincException EACCES if the caller may not open /dev/zinc, ENOMEM
     */
    public static List<RegionInfo> list() throws ZincException {
        int[] failed = new int[1];
        byte[] found = Native.list(failed);
        ZincException.check("list", null, failed[0]);
        return RegionInfo.all(found);
    }

    /**
     * Describes a region without opening it.
     *
     * @param name its name
     * @return a record
     * @throws ZincException ENOENT, EINVAL for a bad name, EACCES if the caller may not see it
     */
    public static RegionInfo stat(String name) throws ZincException {
        byte[] into = new byte[RegionInfo.SIZE];
        ZincException.check("stat", name, Native.stat(Native.name("stat", name), into));
        return RegionInfo.of(into);
    }

    /**
     * Removes a region's name. Open handles stay valid.
     *
     * @param name its name
     * @throws ZincException ENOENT, EINVAL for a bad name, EPERM if the caller is not the owner
     */
    public static void unlink(String name) throws ZincException {
        ZincException.check("unlink", name, Native.unlink(Native.name("unlink", name)));
    }

    /**
     * Removes the name of a region that no process has open. On POSIX shared memory, a process
     * that died can leave such a name.
     *
     * @param name its name
     * @throws ZincException EBUSY if the region is open, or that is unknown; otherwise as {@link
     *     #unlink}
     */
    public static void unlinkStale(String name) throws ZincException {
        ZincException.check("unlink", name, Native.unlinkStale(Native.name("unlink", name)));
    }

    /**
     * Returns name, capacity and state.
     *
     * @return a text for messages
     */
    @Override
    public String toString() {
        return "SharedRegion \"" + handle.name + "\", " + handle.capacity + " bytes"
            + (isOpen() ? "" : ", closed");
    }
}
