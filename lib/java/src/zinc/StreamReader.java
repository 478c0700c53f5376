// SPDX-License-Identifier: MIT

package zinc;

import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * A reading end of a stream.
 *
 * <p>Any thread may call any method; calls take turns, also with one that waits. But the next
 * frame ends the use of the previous one. It is closed by {@link #close}, or when it is
 * garbage-collected; then its methods throw {@link IllegalStateException}.
 */
public final class StreamReader extends StreamEnd implements Iterable<StreamFrame> {
    private static final int VIEW_SIZE = 13;

    /** Which frames a reader returns. */
    public enum Mode {
        /** The newest one. */
        NEWEST,
        /** Each one that is still there. */
        EVERY,
        /** Each one: the writer waits. This needs write permission. */
        REGISTERED
    }

    private StreamFormat format;
    private StreamFrame current;
    /** What calls without a frame passed over. */
    private long passed;
    private boolean changed;

    private StreamReader(String name, long raw, long[] info) {
        super(name, raw, info, true, Native::streamClose);
        format = StreamFormat.of(raw);
    }

    /**
     * Opens a stream, and waits for its name to be created. Its first frame is the newest one, or
     * if it is registered, the first one that is written from now on.
     *
     * @param name as the writer gave it
     * @param mode which frames it returns
     * @param timeout how long to wait for the writer; 0 or less does not wait
     * @return the reader
     * @throws ZincException ENOENT if it does not wait, otherwise ETIMEDOUT; EINVAL for a bad name,
     *     EBADMSG if the region holds no stream, EPERM or EACCES, EUSERS (87) if 16 readers are
     *     registered
     * @throws InterruptedException if this thread is interrupted
     * @throws UnsupportedOperationException a slot has more than 2 GiB
     */
    public static StreamReader open(String name, Mode mode, Duration timeout)
            throws ZincException, InterruptedException {
        byte[] bytes = Native.name("open stream", name);
        long start = System.nanoTime();
        long all = Waits.nanoseconds(timeout);
        for (;;) {
            Waits.checkInterrupt();
            long left = Waits.left(all, start);
            long raw = Native.streamOpen(bytes, mode.ordinal(),
                all == 0 ? 0 : Math.max(1, Waits.next(left)));
            if (raw != -ZincException.ETIMEDOUT || left == 0) {
                ZincException.check("open stream", name, raw);
                long[] info = new long[5];
                Native.streamReaderInfo(raw, info);
                return new StreamReader(name, raw, info);
            }
        }
    }

    /**
     * Returns the format of the frame that was returned last, or that the stream had when it was
     * opened.
     *
     * @return the format
     */
    public synchronized StreamFormat format() {
        return format;
    }

    /**
     * Returns how many frames were lost since the stream was opened.
     *
     * @return frames
     */
    public long lost() {
        return call(raw -> {
            long[] info = new long[5];
            Native.streamReaderInfo(raw, info);
            return info[3];
        });
    }

    /**
     * Waits without limit for a frame, as {@link #next(Duration)}.
     *
     * @return a frame
     * @throws ZincException as {@link #next(Duration)}
     * @throws InterruptedException if this thread is interrupted
     */
    public StreamFrame next() throws ZincException, InterruptedException {
        return next(Waits.FOREVER);
    }

    /**
     * Waits for a frame, and returns it in place. The use of the previous one ends.
     *
     * @param timeout the timeout; 0 or less only looks
     * @return a frame; null on a timeout
     * @throws RegionGoneException the writer has ended, or the name belongs to another stream, and
     *     no frame is left
     * @throws ZincException EBADMSG if the stream contradicts itself
     * @throws InterruptedException if this thread is interrupted
     */
    public StreamFrame next(Duration timeout) throws ZincException, InterruptedException {
        return next(Waits.nanoseconds(timeout));
    }

    private StreamFrame next(long nanoseconds) throws ZincException, InterruptedException {
        long start = System.nanoTime();
        for (;;) {
            Waits.checkInterrupt();
            long left = Waits.left(nanoseconds, start);
            StreamFrame frame = nextOnce(Waits.next(left));
            if (frame != null || left == 0) {
                return frame;
            }
        }
    }

    /** One short wait; null on a timeout. */
    private synchronized StreamFrame nextOnce(long nanoseconds) throws ZincException {
        long[] view = new long[VIEW_SIZE];
        if (current != null) {
            done(current);
        }
        long result = call(raw -> {
            int error = Native.streamNext(raw, nanoseconds, view);
            if (view[11] != 0) {
                format = StreamFormat.of(raw);
            }
            return error;
        });
        passed += view[10];
        changed |= view[11] != 0;
        if (result == -ZincException.ETIMEDOUT) {
            return null;
        }
        ZincException.check("next", name(), result);
        view[10] = passed;
        view[11] = changed ? 1 : 0;
        passed = 0;
        changed = false;
        // the library has checked that it fits into a slot
        current = new StreamFrame(this, view, format, view(view[0], (int) view[2]));
        return current;
    }

    synchronized boolean isWhole(StreamFrame frame) {
        return frame == current && isOpen()
            && call(raw -> Native.streamIsWhole(raw, frame.number(), frame.sequence()) ? 1 : 0) == 1;
    }

    synchronized boolean done(StreamFrame frame) {
        if (frame != current || !isOpen()) {
            return false;
        }
        current = null;
        return call(raw -> Native.streamDone(raw, frame.number(), frame.sequence())) == 0;
    }

    /**
     * Waits without limit for a frame, and copies it, as {@link #read(Duration)}.
     *
     * @return a copy
     * @throws ZincException as {@link #next(Duration)}
     * @throws InterruptedException if this thread is interrupted
     */
    public StreamFrame read() throws ZincException, InterruptedException {
        return read(Waits.FOREVER);
    }

    /**
     * Waits for a frame, and copies it. A frame that is overwritten during the copy is lost, and
     * the next one is copied.
     *
     * @param timeout as {@link #next(Duration)}
     * @return a copy, which is whole and stays as it is; null on a timeout
     * @throws ZincException as {@link #next(Duration)}
     * @throws InterruptedException if this thread is interrupted
     */
    public StreamFrame read(Duration timeout) throws ZincException, InterruptedException {
        return read(Waits.nanoseconds(timeout));
    }

    private StreamFrame read(long nanoseconds) throws ZincException, InterruptedException {
        long start = System.nanoTime();
        long lost = 0;
        boolean different = false;
        for (int torn = 0;; torn++) {
            long left = Waits.left(nanoseconds, start);
            // a writer may be faster than this loop for ever
            StreamFrame frame = left == 0 && torn > slots() ? null : next(left);
            if (frame == null) {
                carry(lost, different);
                return null;
            }
            lost += frame.lost();
            different |= frame.isNewFormat();
            ByteBuffer copy = ByteBuffer.allocate((int) frame.info().bytes());
            copy.put(frame.data()).flip();
            copy = copy.asReadOnlyBuffer().order(ByteOrder.nativeOrder());
            if (frame.done()) {
                return frame.copy(copy, lost, different);
            }
            lost++;
        }
    }

    /** Has the next frame tell of what a call without a frame has passed over. */
    private synchronized void carry(long lost, boolean different) {
        passed += lost;
        changed |= different;
    }

    /**
     * Returns frames in place, each one until the next one, until the writer has ended and no
     * frame is left, or this reader is closed. {@link Iterator#hasNext} waits for a frame, and
     * ends the use of the previous one.
     *
     * @return an iterator, whose methods throw an {@link UncheckedIOException} for a stream that
     *     contradicts itself, and with an {@link InterruptedIOException} if this thread is
     *     interrupted, which it is then still
     */
    @Override
    public Iterator<StreamFrame> iterator() {
        return new Iterator<>() {
            private StreamFrame ahead;

            @Override
            public boolean hasNext() {
                if (ahead == null) {
                    ahead = nextOrNull();
                }
                return ahead != null;
            }

            @Override
            public StreamFrame next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                StreamFrame frame = ahead;
                ahead = null;
                return frame;
            }
        };
    }

    private StreamFrame nextOrNull() {
        try {
            return isOpen() ? next() : null;
        } catch (RegionGoneException ended) {
            return null;
        } catch (ZincException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new InterruptedIOException());
        } catch (IllegalStateException closed) {
            if (isOpen()) {
                throw closed;
            }
            return null;
        }
    }
}
