// SPDX-License-Identifier: MIT

package zinc;

/** The choices that there are for a handle of a region. Each method gives the options back. */
public final class OpenOptions {
    private static final int READONLY = 1 << 2;
    private static final int NO_DATA = 1 << 3;

    int flags;
    int backend;

    /** The defaults: for reading and writing, with its data, {@link Backend#AUTO}. */
    public OpenOptions() {
    }

    /**
     * Whether to look and wait only.
     *
     * @param readOnly if so
     * @return this
     */
    public OpenOptions readOnly(boolean readOnly) {
        return set(READONLY, readOnly);
    }

    /**
     * Whether to leave the data unmapped: the handle waits, signals and exports.
     *
     * @param noData if so
     * @return this
     */
    public OpenOptions noData(boolean noData) {
        return set(NO_DATA, noData);
    }

    /**
     * Where to look for it.
     *
     * @param backend one of them
     * @return this
     */
    public OpenOptions backend(Backend backend) {
        this.backend = backend.ordinal();
        return this;
    }

    private OpenOptions set(int flag, boolean wanted) {
        flags = wanted ? flags | flag : flags & ~flag;
        return this;
    }
}
