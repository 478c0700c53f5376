// SPDX-License-Identifier: MIT

package zinc;

/** Options for a new region. Each method returns this object. */
public final class CreateOptions {
    private static final int LAZY = 1;
    private static final int REPLACE = 1 << 1;
    private static final int NO_DATA = 1 << 3;
    private static final int CONTIGUOUS = 1 << 4;

    int flags;
    int mode;
    int lifetime;
    int backend;

    /** The defaults: mode 0600, {@link Lifetime#REFS}, {@link Backend#AUTO}. */
    public CreateOptions() {
    }

    /**
     * Sets the permissions.
     *
     * @param mode permission bits within 0666; 0 means 0600; no umask is applied
     * @return this
     */
    public CreateOptions mode(int mode) {
        this.mode = mode;
        return this;
    }

    /**
     * Sets the event that removes the name.
     *
     * @param lifetime the lifetime
     * @return this
     */
    public CreateOptions lifetime(Lifetime lifetime) {
        this.lifetime = lifetime.ordinal();
        return this;
    }

    /**
     * Sets the backend.
     *
     * @param backend the backend
     * @return this
     */
    public CreateOptions backend(Backend backend) {
        this.backend = backend.ordinal();
        return this;
    }

    /**
     * Sets whether to take the name from the region that has it.
     *
     * @param replace true to take it
     * @return this
     */
    public CreateOptions replace(boolean replace) {
        return set(REPLACE, replace);
    }

    /**
     * Sets whether each page is allocated on its first access.
     *
     * @param lazy true for allocation on access
     * @return this
     */
    public CreateOptions lazy(boolean lazy) {
        return set(LAZY, lazy);
    }

    /**
     * Sets whether each block of a huge page's size is physically contiguous, for devices without
     * an IOMMU. Kernel module only; not together with lazy.
     *
     * @param contiguous true for contiguous blocks
     * @return this
     */
    public CreateOptions contiguous(boolean contiguous) {
        return set(CONTIGUOUS, contiguous);
    }

    /**
     * Sets whether the data are not mapped; for an imported dma-buf only.
     *
     * @param noData true for no mapping
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
