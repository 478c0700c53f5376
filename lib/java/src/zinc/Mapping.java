// SPDX-License-Identifier: MIT

package zinc;

import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A region's data, mapped until the handle is closed and the last buffer is collected.
 *
 * A derived buffer refers to its original. Therefore all buffers refer to one that was made
 * here, whose collection is counted.
 */
final class Mapping {
    static final Cleaner CLEANER = Cleaner.create();

    private final long address;
    private final long capacity;
    private final boolean readOnly;
    /** All data, from which buffers are derived; null if the data are too large for a buffer. */
    private ByteBuffer whole;
    private int buffers;
    /** Address and length, after the handle was closed. */
    private final long[] kept = new long[2];

    Mapping(long address, long capacity, boolean readOnly) {
        this.address = address;
        this.capacity = capacity;
        this.readOnly = readOnly;
    }

    synchronized ByteBuffer view(long offset, int length) {
        ByteBuffer view;
        if (capacity > Integer.MAX_VALUE) {
            view = map(offset, length);
        } else {
            whole = whole == null ? map(0, (int) capacity) : whole;
            view = whole.slice((int) offset, length);
        }
        view = readOnly ? view.asReadOnlyBuffer() : view;
        return view.order(ByteOrder.nativeOrder());
    }

    private ByteBuffer map(long offset, int length) {
        ByteBuffer buffer = Native.buffer(address + offset, length);
        CLEANER.register(buffer, this::collected);
        buffers++;
        return buffer;
    }

    /** Closes the handle. The data stay mapped while buffers exist. */
    synchronized void close(long handle) {
        whole = null;
        if (buffers == 0) {
            Native.close(handle);
            return;
        }
        // this cannot fail for a handle with data; after an error the handle would stay open
        Native.closeKeepData(handle, kept);
    }

    private synchronized void collected() {
        buffers--;
        if (buffers == 0 && kept[0] != 0) {
            Native.unmapData(kept[0], kept[1]);
        }
    }
}
