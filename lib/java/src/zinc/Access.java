// SPDX-License-Identifier: MIT

package zinc;

/** A kind of CPU access, for {@link SharedRegion#beginCpuAccess}. */
public enum Access {
    /** The CPU reads. */
    READ(1),
    /** The CPU writes. */
    WRITE(2),
    /** The CPU reads and writes. */
    READ_WRITE(3);

    final int bits;

    Access(int bits) {
        this.bits = bits;
    }
}
