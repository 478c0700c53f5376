// SPDX-License-Identifier: MIT

package zinc;

/** What the CPU does between {@link SharedRegion#beginCpuAccess} and its end. */
public enum Access {
    /** It reads. */
    READ(1),
    /** It writes. */
    WRITE(2),
    /** Both. */
    READ_WRITE(3);

    final int bits;

    Access(int bits) {
        this.bits = bits;
    }
}
