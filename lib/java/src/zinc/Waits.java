// SPDX-License-Identifier: MIT

package zinc;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Timeouts, and the short waits of which a wait consists. */
final class Waits {
    /**
     * The library's waits cannot be interrupted. Therefore a wait is a loop of short waits, which
     * checks in between whether the region was closed or the thread was interrupted.
     */
    private static final long SLICE = TimeUnit.MILLISECONDS.toNanos(100);

    static final long FOREVER = Long.MAX_VALUE;

    private Waits() {
    }

    static void checkInterrupt() throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    static long nanoseconds(Duration timeout) {
        try {
            // Duration.toNanos() overflows for very long timeouts
            return Math.max(0, timeout.toNanos());
        } catch (ArithmeticException tooLong) {
            return timeout.isNegative() ? 0 : FOREVER;
        }
    }

    /** Returns the time left of a timeout. */
    static long left(long nanoseconds, long begin) {
        if (nanoseconds == FOREVER) {
            return FOREVER;
        }
        return Math.max(0, nanoseconds - (System.nanoTime() - begin));
    }

    /** Returns the duration of the next short wait. */
    static long next(long left) {
        return Math.min(left, SLICE);
    }

    /** Returns whether a result is a timeout, which is not an error. */
    static boolean isNone(int result) {
        return result == -11 || result == -110;
    }
}
