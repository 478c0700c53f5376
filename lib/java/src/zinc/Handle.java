// SPDX-License-Identifier: MIT

package zinc;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.function.LongUnaryOperator;

/** A zinc_handle, or the end of a stream, that is closed once, when the last call on it has ended. */
final class Handle {
    /** Open handles, closed at exit: on POSIX shared memory their names would remain. */
    private static final Set<Handle> OPEN =
            Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(Handle::closeAll, "zinc-exit"));
    }

    final String name;
    final long capacity;
    final boolean readOnly;
    private final Mapping mapping;
    private final LongUnaryOperator release;
    private long raw;
    private int users;
    private boolean closing;

    Handle(long raw, String name, long capacity, boolean readOnly) {
        this(raw, raw, name, capacity, readOnly, LongUnaryOperator.identity());
    }

    /** For a stream's end, of this region: release frees it and leaves the region. */
    Handle(long raw, long region, String name, long capacity, boolean readOnly,
            LongUnaryOperator release) {
        this.raw = raw;
        this.name = name;
        this.capacity = capacity;
        this.readOnly = readOnly;
        this.release = release;
        long address = Native.address(region);
        mapping = address == 0 ? null : new Mapping(address, capacity, readOnly);
        OPEN.add(this);
    }

    private static void closeAll() {
        List<Handle> open;
        synchronized (OPEN) {
            open = new ArrayList<>(OPEN);
        }
        open.forEach(Handle::close);
    }

    /** Begins a call and returns the C handle; leave() ends the call. */
    synchronized long enter() {
        checkOpen();
        users++;
        return raw;
    }

    /** Ends a call. */
    synchronized void leave() {
        users--;
        finishIfUnused();
    }

    synchronized boolean isOpen() {
        return !closing;
    }

    synchronized void checkOpen() {
        if (closing) {
            throw new IllegalStateException("zinc: the region \"" + name + "\" is closed");
        }
    }

    /** Refuses new calls, and returns when the last call has ended. */
    synchronized void close() {
        if (!closing) {
            closing = true;
            finishIfUnused();
        }
        boolean interrupted = false;
        while (raw != 0) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void finishIfUnused() {
        if (!closing || users > 0) {
            return;
        }
        long region = release.applyAsLong(raw);
        if (mapping == null) {
            Native.close(region);
        } else {
            mapping.close(region);
        }
        raw = 0;
        OPEN.remove(this);
        notifyAll();
    }

    /** Returns a buffer of the data, which keeps them mapped. */
    synchronized ByteBuffer view(long offset, int length) throws ZincException {
        checkOpen();
        if (mapping == null) {
            throw new ZincException("view", name, 6 /* ENXIO */);
        }
        return mapping.view(offset, length);
    }
}
