// SPDX-License-Identifier: MIT

package zinc;

import java.util.EnumSet;
import java.util.Set;

/** An operation with devices. Without it, its methods throw EOPNOTSUPP. */
public enum Feature {
    /** {@link SharedRegion#exportDmabuf} and {@link SharedRegion#beginCpuAccess}. */
    EXPORT(3),
    /** {@link SharedRegion#importDmabuf}. */
    IMPORT(4),
    /** {@link SharedRegion#signalOnFence}. */
    FENCE(5),
    /** {@link CreateOptions#contiguous}. */
    CONTIGUOUS(10),
    /** {@link SharedRegion#exportDmabuf(long, long, boolean)}. */
    EXPORT_PART(11);

    private final int bit;

    Feature(int bit) {
        this.bit = bit;
    }

    static Set<Feature> of(long bits) {
        Set<Feature> found = EnumSet.noneOf(Feature.class);
        for (Feature feature : values()) {
            if ((bits >> feature.bit & 1) != 0) {
                found.add(feature);
            }
        }
        return found;
    }
}
