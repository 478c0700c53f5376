// SPDX-License-Identifier: MIT

package zinc;

/** What regions are made by. */
public enum Backend {
    /** As the variable ZINC_BACKEND says, else the kernel module, else POSIX shared memory. */
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
