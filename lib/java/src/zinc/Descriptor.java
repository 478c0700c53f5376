// SPDX-License-Identifier: MIT

package zinc;

import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicInteger;

/** A file descriptor, closed once: by close(), or when it is garbage-collected. */
public final class Descriptor implements AutoCloseable {
    private static final int NONE = -1;

    private final AtomicInteger fd;
    private final Cleaner.Cleanable cleanable;

    Descriptor(int fd) {
        AtomicInteger shared = new AtomicInteger(fd);
        this.fd = shared;
        cleanable = Mapping.CLEANER.register(this, () -> close(shared));
    }

    private static void close(AtomicInteger fd) {
        int number = fd.getAndSet(NONE);
        if (number != NONE) {
            Native.closeFd(number);
        }
    }

    /**
     * Returns the number, which is valid as long as this object is open and reachable.
     *
     * @return the number
     * @throws IllegalStateException if it is closed
     */
    public int fd() {
        return opened(fd.get());
    }

    /**
     * Releases the descriptor to a new owner, such as Vulkan, which closes it.
     *
     * @return the number
     * @throws IllegalStateException if it is closed
     */
    public int detach() {
        return opened(fd.getAndSet(NONE));
    }

    private static int opened(int number) {
        if (number == NONE) {
            throw new IllegalStateException("the descriptor is closed");
        }
        return number;
    }

    /** Closes the descriptor; further calls do nothing. */
    @Override
    public void close() {
        cleanable.clean();
    }
}
