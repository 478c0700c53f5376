// SPDX-License-Identifier: MIT

package zinc;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A description of a region.
 *
 * @param name its name; empty for an anonymous region
 * @param backend its backend
 * @param id kernel module: the region's number; POSIX shared memory: the inode number
 * @param capacity bytes of data
 * @param resident bytes of data for which memory is allocated
 * @param createdAt time of creation
 * @param flags flags of the region and the handle
 * @param lifetime the event that removes its name
 * @param uid owning user
 * @param gid owning group
 * @param mode permission bits
 * @param creatorPid the creator's process ID; 0 if not visible from this namespace
 * @param handles open handles
 * @param waiters threads that sleep in a wait; 0 on POSIX shared memory
 * @param sequence signals so far, modulo 2^32
 * @param cursor the sequence that this handle has consumed
 * @param attachments devices attached to its dma-buf
 * @param fences fences that have not signalled yet
 * @param fenceErrors fences that signalled an error so far
 * @param fenceError the last such error, a negative errno; 0 if there was none
 */
public record RegionInfo(String name, Backend backend, long id, long capacity, long resident,
        Instant createdAt, Set<Flag> flags, Lifetime lifetime, int uid, int gid, int mode,
        int creatorPid, int handles, int waiters, int sequence, int cursor, int attachments,
        int fences, int fenceErrors, int fenceError) {

    /** A flag of a region or of a handle. */
    public enum Flag {
        /** The creator's handle is closed. */
        CREATOR_GONE(0),
        /** The region has lost its name. */
        UNLINKED(1),
        /** The region was created without a name. */
        ANONYMOUS(2),
        /** Each page is allocated on its first access. */
        LAZY(3),
        /** This handle is read-only. */
        READONLY(4),
        /** This handle is the creator's. */
        CREATOR(5),
        /** Its memory is a foreign dma-buf. */
        IMPORTED(6),
        /** No process can map the data writable. */
        DATA_READONLY(7),
        /** Its memory is physically contiguous, by blocks of a huge page. */
        CONTIGUOUS(8),
        /** POSIX shared memory: no process has the region open, or its creator died. */
        STALE(16),
        /** POSIX shared memory: the header is invalid. */
        INVALID(17),
        /** POSIX shared memory: this process cannot determine whether the region is open. */
        UNKNOWN(18),
        /** POSIX shared memory: the data begin one page after the header. */
        PAGE_LAYOUT(19);

        private final int bit;

        Flag(int bit) {
            this.bit = bit;
        }

        static Set<Flag> of(int bits) {
            Set<Flag> found = EnumSet.noneOf(Flag.class);
            for (Flag flag : values()) {
                if ((bits >> flag.bit & 1) != 0) {
                    found.add(flag);
                }
            }
            return found;
        }
    }

    /** Size of the C struct; jni.c checks the layout that is read here. */
    static final int SIZE = 352;

    private static final int NAME_AT = 80;
    private static final int NAME_END = 336;
    private static final long NS_PER_S = 1_000_000_000;

    static RegionInfo of(byte[] raw) {
        ByteBuffer c = ByteBuffer.wrap(raw).order(ByteOrder.nativeOrder());
        long created = c.getLong(32);
        return new RegionInfo(Native.text(Arrays.copyOfRange(raw, NAME_AT, NAME_END)),
            Backend.of(c.getInt(4)), c.getLong(8), c.getLong(16), c.getLong(24),
            Instant.ofEpochSecond(created / NS_PER_S, created % NS_PER_S),
            Flag.of(c.getInt(40)), Lifetime.of(c.getInt(44)), c.getInt(48), c.getInt(52),
            c.getInt(56), c.getInt(60), c.getInt(64), c.getInt(68), c.getInt(72), c.getInt(76),
            c.getInt(336), c.getInt(340), c.getInt(344), c.getInt(348));
    }

    static List<RegionInfo> all(byte[] raw) {
        List<RegionInfo> found = new ArrayList<>();
        for (int at = 0; at < raw.length; at += SIZE) {
            found.add(of(Arrays.copyOfRange(raw, at, at + SIZE)));
        }
        return found;
    }
}
