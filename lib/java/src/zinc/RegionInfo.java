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
 * What is known of a region.
 *
 * @param name its name; empty for none
 * @param backend what it is made by
 * @param id kernel module: the region's number; POSIX shared memory: the inode's
 * @param capacity bytes of data
 * @param resident bytes of them that have memory now
 * @param createdAt when it was made
 * @param flags what it is, and what the handle is
 * @param lifetime how long it keeps its name
 * @param uid its owner
 * @param gid its group
 * @param mode permission bits
 * @param ownerPid the creator's process; 0 if not visible from here
 * @param handles how many are open
 * @param waiters who sleeps on it now; 0 on POSIX shared memory
 * @param sequence signals so far, modulo 2^32
 * @param cursor this handle's
 * @param attachments devices attached to its dma-buf
 * @param fences fences that have yet to signal
 * @param fenceErrors fences so far that signalled an error
 * @param fenceError the last such error, a negative errno; 0 if there was none
 */
public record RegionInfo(String name, Backend backend, long id, long capacity, long resident,
        Instant createdAt, Set<Flag> flags, Lifetime lifetime, int uid, int gid, int mode,
        int ownerPid, int handles, int waiters, int sequence, int cursor, int attachments,
        int fences, int fenceErrors, int fenceError) {

    /** What a region is, or a handle of it. */
    public enum Flag {
        /** The creator's handle is closed. */
        CREATOR_GONE,
        /** It has no name any more. */
        UNLINKED,
        /** It never had one. */
        ANONYMOUS,
        /** Memory comes with the first touch. */
        LAZY,
        /** This handle is read-only. */
        READONLY,
        /** This handle is the creator's. */
        CREATOR,
        /** POSIX shared memory: its creator died without closing it. */
        STALE,
        /** POSIX shared memory: its header is bad; little else is known. */
        INVALID,
        /** Its memory is a foreign dma-buf. */
        IMPORTED,
        /** Nobody maps its data writable. */
        DATA_READONLY;

        static Set<Flag> of(int bits) {
            Set<Flag> found = EnumSet.noneOf(Flag.class);
            for (Flag flag : values()) {
                if ((bits >> flag.ordinal() & 1) != 0) {
                    found.add(flag);
                }
            }
            return found;
        }
    }

    /** Bytes of the C struct, whose layout jni.c holds against what is read here. */
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
