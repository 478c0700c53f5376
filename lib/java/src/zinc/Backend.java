// SPDX-License-Identifier: MIT

package zinc;

/** The implementation of a region. */
public enum Backend {
    /** The value of $ZINC_BACKEND if set; else the kernel module if present; else {@link #SHM}. */
    AUTO,
    /** The kernel module. */
    KMOD,
    /** POSIX shared memory. */
    SHM;

    private static final Backend[] ALL = values();

    static Backend of(int number) {
        return ALL[number];
    }
}
