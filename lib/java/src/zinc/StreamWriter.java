// SPDX-License-Identifier: MIT

package zinc;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;

/**
 * The writing end of a stream: a ring of frames in a region.
 *
 * <p>Any thread may call any method; calls take turns, also with one that waits. But a frame is
 * one thread's from {@link #begin} to {@link #commit}. The stream ends by {@link #close}, or when
 * this object is garbage-collected; then its methods throw {@link IllegalStateException}.
 */
public final class StreamWriter extends StreamEnd {
    private static final int SLOTS = 4;

    private volatile StreamFormat format;

    private StreamWriter(String name, long raw, long[] info, StreamFormat format) {
        super(name, raw, info, false, Native::streamEnd);
        this.format = format;
    }

    /**
     * Creates a stream of 4 slots, whose size is that of a frame.
     *
     * @param name 1 to 245 of a-z A-Z 0-9 _ -
     * @param format the format of the first frames, which has {@link StreamFormat#frameBytes}
     * @return the writer
     * @throws ZincException as {@link #create(String, StreamFormat, int, long, CreateOptions)}
     */
    public static StreamWriter create(String name, StreamFormat format) throws ZincException {
        return create(name, format, SLOTS, format.frameBytes(),
            new CreateOptions().lifetime(Lifetime.CREATOR));
    }

    /**
     * Creates a stream.
     *
     * @param name as {@link #create(String, StreamFormat)}
     * @param format the format of the first frames
     * @param slots 2 to 64; 3 or more let a reader keep a frame while the next is written
     * @param slotSize bytes of the largest frame; rounded up to a page
     * @param options the options; with {@link Lifetime#CREATOR} the name ends with the writer
     * @return the writer
     * @throws ZincException EINVAL for a name or number that is out of range, EBADMSG if the format
     *     does not fit into a slot, EEXIST if another writer has the name, and as
     *     {@link SharedRegion#create(String, long, CreateOptions)}
     * @throws UnsupportedOperationException a slot has more than 2 GiB
     */
    public static StreamWriter create(String name, StreamFormat format, int slots, long slotSize,
            CreateOptions options) throws ZincException {
        long raw = Native.streamCreate(Native.name("create stream", name), format.raw(), slots,
            slotSize, options.flags, options.mode, options.lifetime, options.backend);
        ZincException.check("create stream", name, raw);
        long[] info = new long[5];
        Native.streamWriterInfo(raw, info);
        return new StreamWriter(name, raw, info, format);
    }

    /**
     * Returns the time of a frame that is written now.
     *
     * @return CLOCK_MONOTONIC in nanoseconds
     */
    public static long now() {
        return System.nanoTime();
    }

    /**
     * Returns the format of the next frame.
     *
     * @return the format
     */
    public StreamFormat format() {
        return format;
    }

    /**
     * Returns the number of the newest frame.
     *
     * @return 1 for the first one; 0 before it
     */
    public long number() {
        return call(raw -> {
            long[] info = new long[5];
            Native.streamWriterInfo(raw, info);
            return info[3];
        });
    }

    /**
     * Begins the next frame, without limit of time, as {@link #begin(Duration)}.
     *
     * @return the slot
     * @throws ZincException as {@link #begin(Duration)}
     * @throws InterruptedException if this thread is interrupted
     */
    public ByteBuffer begin() throws ZincException, InterruptedException {
        return begin(Waits.FOREVER);
    }

    /**
     * Begins the next frame. It waits for registered readers; without them it does not wait.
     *
     * @param timeout the timeout; 0 or less does not wait
     * @return the slot, in which an old frame is, to be used until {@link #commit}; null on a
     *     timeout, after which {@link #dropReaders} helps
     * @throws ZincException EBUSY if a frame is begun; EMFILE, ENFILE or ENOMEM if a reader that
     *     has registered cannot be opened
     * @throws InterruptedException if this thread is interrupted
     */
    public ByteBuffer begin(Duration timeout) throws ZincException, InterruptedException {
        return begin(Waits.nanoseconds(timeout));
    }

    private ByteBuffer begin(long nanoseconds) throws ZincException, InterruptedException {
        long start = System.nanoTime();
        for (;;) {
            Waits.checkInterrupt();
            long left = Waits.left(nanoseconds, start);
            long offset = call(raw -> Native.streamBegin(raw, Waits.next(left)));
            if (offset != -ZincException.ETIMEDOUT) {
                return view(ZincException.check("begin", name(), offset), slotSize());
            }
            if (left == 0) {
                return null;
            }
        }
    }

    /**
     * Publishes the frame that was begun, with the present time.
     *
     * @param bytes bytes of the slot that are used
     * @throws ZincException EINVAL if no frame is begun, or a slot has fewer bytes
     */
    public void commit(long bytes) throws ZincException {
        commit(new StreamFrame.Info(bytes, now(), 0, null));
    }

    /**
     * Publishes the frame that was begun.
     *
     * @param frame its description
     * @throws ZincException EINVAL if no frame is begun, or a slot has fewer bytes
     */
    public void commit(StreamFrame.Info frame) throws ZincException {
        StreamFrame.Damage damage =
            Objects.requireNonNullElse(frame.damage(), new StreamFrame.Damage(0, 0, 0, 0));
        int flags = frame.damage() == null ? frame.flags() & ~StreamFrame.DAMAGE
            : frame.flags() | StreamFrame.DAMAGE;
        check("commit", raw -> Native.streamCommit(raw, frame.bytes(), frame.ptsNs(), flags,
            damage.x(), damage.y(), damage.width(), damage.height()));
    }

    /** Gives the frame that was begun up. Its slot is empty afterwards. */
    public void cancel() {
        call(raw -> {
            Native.streamCancel(raw);
            return 0;
        });
    }

    /**
     * Changes the format of later frames. The next {@link #begin} waits until registered readers
     * have read a frame of the present format.
     *
     * @param format a format that fits into a slot
     * @throws ZincException EBADMSG if it does not, EBUSY if a frame is begun
     */
    public void setFormat(StreamFormat format) throws ZincException {
        check("set format", raw -> Native.streamSetFormat(raw, format.raw()));
        this.format = format;
    }

    /**
     * Stops waiting for the registered readers that are in the way. They lose frames then.
     *
     * @return how many readers
     */
    public int dropReaders() {
        return (int) call(Native::streamDrop);
    }
}
