// SPDX-License-Identifier: MIT

package zinc;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.function.LongUnaryOperator;

/** What the two ends of a stream have in common. */
abstract sealed class StreamEnd implements AutoCloseable permits StreamWriter, StreamReader {
    /** The most bytes of a slot, since a buffer has no more. */
    private static final long SLOT_MAX = Integer.MAX_VALUE;

    private final Handle handle;
    private final Cleaner.Cleanable cleanable;
    private final Object turn = new Object();
    private final int slots;
    private final int slotSize;
    private final long slotOffset;

    /** Takes the C object and what it says of itself; release frees it and leaves the region. */
    StreamEnd(String name, long raw, long[] info, boolean readOnly, LongUnaryOperator release) {
        long region = info[4];
        handle = new Handle(raw, region, name, Native.capacity(region), readOnly, release);
        if (info[1] > SLOT_MAX) {
            handle.close();
            throw new UnsupportedOperationException("zinc: the stream \"" + name + "\" has slots of "
                + info[1] + " bytes: expected up to " + SLOT_MAX + ", as a buffer has");
        }
        cleanable = Mapping.CLEANER.register(this, handle::close);
        slots = (int) info[0];
        slotSize = (int) info[1];
        slotOffset = info[2];
    }

    /** Makes a call of the library; calls of several threads take turns. */
    final long call(LongUnaryOperator function) {
        try {
            long raw = handle.enter();
            try {
                synchronized (turn) {
                    return function.applyAsLong(raw);
                }
            } finally {
                handle.leave();
            }
        } finally {
            // keep this object reachable, and so the stream open, during the call
            Reference.reachabilityFence(this);
        }
    }

    /** Makes a call of the library; throws an errno. */
    final long check(String action, LongUnaryOperator function) throws ZincException {
        return ZincException.check(action, name(), call(function));
    }

    /** Returns memory of a slot, which stays mapped as long as the buffer is reachable. */
    final ByteBuffer view(long offset, int length) throws ZincException {
        try {
            return handle.view(offset, length);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Closes the stream's end; further calls do nothing. Waits of other threads end with an
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
     * Returns whether it is open.
     *
     * @return true if it is open
     */
    public boolean isOpen() {
        return handle.isOpen();
    }

    /**
     * Returns the stream's name.
     *
     * @return the name
     */
    public String name() {
        return handle.name;
    }

    /**
     * Returns the number of slots.
     *
     * @return 2 to 64
     */
    public int slots() {
        return slots;
    }

    /**
     * Returns the size of a slot.
     *
     * @return bytes
     */
    public int slotSize() {
        return slotSize;
    }

    /**
     * Returns where slot 0 is in the region's data, and so in its dma-buf.
     *
     * @return bytes
     */
    public long slotOffset() {
        return slotOffset;
    }
}
