// SPDX-License-Identifier: MIT

package zinc;

/** The choices that there are for a new region. Each method gives the options back. */
public final class CreateOptions {
    private static final int LAZY = 1;
    private static final int REPLACE = 1 << 1;
    private static final int NO_DATA = 1 << 3;

    int flags;
    int mode;
    int lifetime;
    int backend;

    /** The defaults: mode 0600, {@link Lifetime#REFS}, {@link Backend#AUTO}. */
    public CreateOptions() {
    }

    /**
     * Who may open it.
     *
     * @param mode permission bits within 0666; 0 means 0600; no umask is applied
     * @return this
     */
    public CreateOptions mode(int mode) {
        this.mode = mode;
        return this;
    }

    /**
     * How long it keeps its name.
     *
     * @param lifetime one of them
     * @return this
     */
    public CreateOptions lifetime(Lifetime lifetime) {
        this.lifetime = lifetime.ordinal();
        return this;
    }

    /**
     * What it is made by.
     *
     * @param backend one of them
     * @return this
     */
    public CreateOptions backend(Backend backend) {
        this.backend = backend.ordinal();
        return this;
    }

    /**
     * Whether to take the name from the region that has it.
     *
     * @param replace if so
     * @return this
     */
    public CreateOptions replace(boolean replace) {
        return set(REPLACE, replace);
    }

    /**
     * Whether memory comes with the first touch.
     *
     * @param lazy if so
     * @return this
     */
    public CreateOptions lazy(boolean lazy) {
        return set(LAZY, lazy);
    }

    /**
     * Whether to leave the data unmapped, of an imported dma-buf only.
     *
     * @param noData if so
     * @return this
     */
    public CreateOptions noData(boolean noData) {
        return set(NO_DATA, noData);
    }

    private CreateOptions set(int flag, boolean wanted) {
        flags = wanted ? flags | flag : flags & ~flag;
        return this;
    }
}
