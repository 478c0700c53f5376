// SPDX-License-Identifier: MIT

package zinc;

/** Options for opening a region. Each method returns this object. */
public final class OpenOptions {
    private static final int READONLY = 1 << 2;
    private static final int NO_DATA = 1 << 3;

    int flags;
    int backend;

    /** The defaults: for reading and writing, data mapped, {@link Backend#AUTO}. */
    public OpenOptions() {
    }

    /**
     * Sets whether the handle is for reading and waiting only.
     *
     * @param readOnly true for read-only
     * @return this
     */
    public OpenOptions readOnly(boolean readOnly) {
        return set(READONLY, readOnly);
    }

    /**
     * Sets whether the data are not mapped; the handle can then wait, signal and export.
     *
     * @param noData true for no mapping
     * @return this
     */
    public OpenOptions noData(boolean noData) {
        return set(NO_DATA, noData);
    }

    /**
     * Sets the backend.
     *
     * @param backend the backend
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
