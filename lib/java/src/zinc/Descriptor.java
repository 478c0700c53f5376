// SPDX-License-Identifier: MIT

package zinc;

import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicInteger;

/** A file descriptor of this process, which is closed once: by close, or when it is collected. */
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
     * Its number, which is good as long as this is open and reachable.
     *
     * @return the number
     * @throws IllegalStateException if it is closed
     */
    public int fd() {
        return opened(fd.get());
    }

    /**
     * Gives it away, to who closes it by himself, such as Vulkan.
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

    /** Closes it; again, nothing. */
    @Override
    public void close() {
        cleanable.clean();
    }
}
