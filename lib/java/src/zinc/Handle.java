// SPDX-License-Identifier: MIT

package zinc;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;

/** A zinc_handle that is closed once, when no call uses it any more. */
final class Handle {
    /** Those that an exit has to close: on POSIX shared memory their names would stay. */
    private static final Set<Handle> OPEN =
            Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(Handle::closeAll, "zinc-exit"));
    }

    final String name;
    final long capacity;
    final boolean readOnly;
    private final Mapping mapping;
    private long raw;
    private int users;
    private boolean closing;

    Handle(long raw, String name, long capacity, boolean readOnly) {
        this.raw = raw;
        this.name = name;
        this.capacity = capacity;
        this.readOnly = readOnly;
        long address = Native.address(raw);
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

    /** The handle for a call, which leave() has to follow. */
    synchronized long enter() {
        checkOpen();
        users++;
        return raw;
    }

    /** The call has ended. */
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

    /** Lets no call begin from now on, and returns when the last has ended. */
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
        if (mapping == null) {
            Native.close(raw);
        } else {
            mapping.close(raw);
        }
        raw = 0;
        OPEN.remove(this);
        notifyAll();
    }

    /** A buffer of the data, which keeps them. */
    synchronized ByteBuffer view(long offset, int length) throws ZincException {
        checkOpen();
        if (mapping == null) {
            throw new ZincException("view", name, 6 /* ENXIO */);
        }
        return mapping.view(offset, length);
    }
}
