// SPDX-License-Identifier: MIT

package zinc;

/** How long a region keeps its name. */
public enum Lifetime {
    /** Until the last handle is closed. */
    REFS,
    /** Until the creator's handle is closed. */
    CREATOR,
    /** Until it is unlinked. */
    PERSIST;

    private static final Lifetime[] ALL = values();

    static Lifetime of(int number) {
        return ALL[number];
    }
}
