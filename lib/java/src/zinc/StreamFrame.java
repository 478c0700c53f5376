// SPDX-License-Identifier: MIT

package zinc;

import java.nio.ByteBuffer;

/**
 * A frame of a stream: in the ring, by {@link StreamReader#next()}, or a copy, by
 * {@link StreamReader#read()}.
 *
 * <p>The writer may overwrite a frame in the ring while it is read, unless the reader is
 * registered: discard what was read if {@link #done} returns false. A copy is always whole.
 */
public final class StreamFrame {
    /** A flag: the frame can be decoded by itself. */
    public static final int KEY = 1;
    /** A flag: the source lost data before it. */
    public static final int GAP = 1 << 1;
    /** A flag: only the damaged rectangle changed. */
    public static final int DAMAGE = 1 << 2;
    /** A flag: it is the last frame. */
    public static final int END = 1 << 3;

    /**
     * The rectangle that has changed, in pixels.
     *
     * @param x left edge
     * @param y upper edge
     * @param width its width
     * @param height its height
     */
    public record Damage(int x, int y, int width, int height) {
    }

    /**
     * What the writer says of a frame.
     *
     * @param bytes bytes of the slot that are used
     * @param ptsNs presentation time, CLOCK_MONOTONIC in nanoseconds
     * @param flags {@link #KEY}, {@link #GAP} and {@link #END}; {@link #DAMAGE} follows from damage
     * @param damage the rectangle that has changed; null: unknown, or everything
     */
    public record Info(long bytes, long ptsNs, int flags, Damage damage) {
    }

    private final StreamReader reader;
    private final long number;
    private final Info info;
    private final int sequence;
    private final StreamFormat format;
    private final long lost;
    private final boolean newFormat;
    private final ByteBuffer data;

    StreamFrame(StreamReader reader, long[] raw, StreamFormat format, ByteBuffer data) {
        this.reader = reader;
        this.format = format;
        this.data = data;
        number = raw[1];
        int flags = (int) raw[4];
        Damage damage = (flags & DAMAGE) == 0 ? null
            : new Damage((int) raw[6], (int) raw[7], (int) raw[8], (int) raw[9]);
        info = new Info(raw[2], raw[3], flags, damage);
        lost = raw[10];
        newFormat = raw[11] != 0;
        sequence = (int) raw[12];
    }

    /** A copy, which needs no reader, of a frame before which more was lost. */
    private StreamFrame(StreamFrame of, ByteBuffer data, long lost, boolean newFormat) {
        reader = null;
        number = of.number;
        info = of.info;
        sequence = 0;
        format = of.format;
        this.lost = lost;
        this.newFormat = newFormat;
        this.data = data;
    }

    StreamFrame copy(ByteBuffer into, long lost, boolean newFormat) {
        return new StreamFrame(this, into, lost, newFormat);
    }

    int sequence() {
        return sequence;
    }

    /**
     * Returns its number.
     *
     * @return 1 for the stream's first frame
     */
    public long number() {
        return number;
    }

    /**
     * Returns what the writer says of it.
     *
     * @return size, time, flags and damage
     */
    public Info info() {
        return info;
    }

    /**
     * Returns its format.
     *
     * @return the format
     */
    public StreamFormat format() {
        return format;
    }

    /**
     * Returns how many frames were lost between the previous one and this one.
     *
     * @return frames
     */
    public long lost() {
        return lost;
    }

    /**
     * Returns whether its format differs from that of the previous frame.
     *
     * @return true if it differs
     */
    public boolean isNewFormat() {
        return newFormat;
    }

    /**
     * Returns its bytes, read-only and in the machine's byte order. The buffer stays valid, but
     * has other frames after {@link #done}, and after the reader's next frame.
     *
     * @return a new buffer, with its own position
     */
    public ByteBuffer data() {
        return data.duplicate().order(data.order());
    }

    /**
     * Returns a row of video, without its padding.
     *
     * @param plane the plane
     * @param y the row
     * @return a read-only buffer on the frame's memory
     * @throws IndexOutOfBoundsException if there is no such row, or the frame is too short
     * @throws UnsupportedOperationException as {@link StreamFormat#plane}
     */
    public ByteBuffer row(int plane, int y) {
        return format.plane(plane).row(data, y);
    }

    /**
     * Returns whether all that was read until now is the frame's.
     *
     * @return false if the writer has begun to overwrite it, or its use has ended
     */
    public boolean isWhole() {
        return reader == null || reader.isWhole(this);
    }

    /**
     * Ends the use of the frame. A writer that waits for this reader continues.
     *
     * @return whether all that was read is the frame's; otherwise discard it
     */
    public boolean done() {
        return reader == null || reader.done(this);
    }
}
