// SPDX-License-Identifier: MIT

package zinc;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The format of a stream's frames; immutable. */
public final class StreamFormat {
    /** Size of the C struct; jni_stream.c checks the layout that is read here. */
    static final int SIZE = 688;

    private static final int KIND = 0;
    private static final int FOURCC = 4;
    private static final int MODIFIER = 8;
    private static final int WIDTH = 16;
    private static final int HEIGHT = 20;
    private static final int PLANES = 24;
    private static final int STRIDE = 28;
    private static final int OFFSET = 48;
    private static final int RATE_FRAMES = 92;
    private static final int RATE_SECONDS = 96;
    private static final int DTYPE = 100;
    private static final int BITS = 101;
    private static final int LANES = 102;
    private static final int DIMS = 104;
    private static final int CHANNELS = 108;
    private static final int SHAPE = 112;
    private static final int CAPS = 176;
    private static final int CAPS_SIZE = 256;
    private static final int PLANES_MAX = 4;
    private static final int DIMS_MAX = 8;
    private static final int BITS_MAX = 128;

    /** The kind of a frame. */
    public enum Kind {
        /** Bytes without a known structure. */
        BYTES,
        /** Video. */
        VIDEO,
        /** A tensor. */
        TENSOR,
        /** Audio. */
        AUDIO;

        private static final Kind[] ALL = values();
    }

    /** The type of an element of a tensor or of audio. */
    public enum ElementType {
        /** A signed integer. */
        INT(0),
        /** An unsigned integer. */
        UINT(1),
        /** A floating-point number, as IEEE 754. */
        FLOAT(2),
        /** A bfloat16. */
        BFLOAT(4),
        /** A complex number. */
        COMPLEX(5),
        /** A truth value. */
        BOOL(6),
        /** A type that this version does not know. */
        UNKNOWN(-1);

        private final int code;

        ElementType(int code) {
            this.code = code;
        }

        static ElementType of(int code) {
            for (ElementType type : values()) {
                if (type.code == code) {
                    return type;
                }
            }
            return UNKNOWN;
        }
    }

    /**
     * The place of a plane's samples. A row has columns * samples * sampleBytes bytes, and padding
     * up to the stride.
     *
     * @param offset bytes from the start of the frame
     * @param stride bytes from one row to the next
     * @param rows how many rows
     * @param columns elements of a row: pixels, or groups of pixels that share samples
     * @param samples samples of an element: 4 in XR24, 2 in the second plane of NV12
     * @param sampleBytes bytes of a sample
     */
    public record Plane(long offset, int stride, int rows, int columns, int samples,
            int sampleBytes) {
        /**
         * Returns the bytes of a row, without its padding.
         *
         * @return bytes
         */
        public int rowBytes() {
            return columns * samples * sampleBytes;
        }

        /**
         * Returns a row in place, without its padding.
         *
         * @param frame the whole frame, or slot
         * @param y the row
         * @return a buffer on the same memory, in the machine's byte order
         * @throws IndexOutOfBoundsException if the plane has no such row, or the frame ends before
         */
        public ByteBuffer row(ByteBuffer frame, int y) {
            if (y < 0 || y >= rows) {
                throw new IndexOutOfBoundsException("row " + y + " of " + rows);
            }
            int start = Math.toIntExact(offset + (long) y * stride);
            return frame.slice(start, rowBytes()).order(ByteOrder.nativeOrder());
        }
    }

    private final ByteBuffer raw;

    private StreamFormat(byte[] raw) {
        this.raw = ByteBuffer.wrap(raw).order(ByteOrder.nativeOrder());
    }

    private static byte[] blank() {
        return new byte[SIZE];
    }

    static StreamFormat of(long reader) {
        byte[] raw = blank();
        Native.streamFormat(reader, raw);
        return new StreamFormat(raw);
    }

    /** The C struct; not to be changed. */
    byte[] raw() {
        return raw.array();
    }

    private StreamFormat copy() {
        return new StreamFormat(raw.array().clone());
    }

    private static void expect(boolean right, String message) {
        if (!right) {
            throw new IllegalArgumentException("zinc: " + message);
        }
    }

    /**
     * Describes bytes without a known structure.
     *
     * @return a format
     */
    public static StreamFormat bytes() {
        return new StreamFormat(blank());
    }

    /**
     * Describes linear video without padding.
     *
     * @param fourcc XR24 AR24 XB24 AB24 RG24 BG24 R8 R16 YUYV UYVY NV12 NV21 NV16 P010 YU12 YV12
     * @param width pixels, 1 to 65535
     * @param height pixels, 1 to 65535
     * @return a format
     * @throws IllegalArgumentException an argument is out of range
     */
    public static StreamFormat video(String fourcc, int width, int height) {
        byte[] code = Arrays.copyOf((fourcc + "    ").getBytes(StandardCharsets.US_ASCII), 4);
        byte[] raw = blank();
        int number = ByteBuffer.wrap(code).order(ByteOrder.LITTLE_ENDIAN).getInt();
        expect(fourcc.length() <= 4 && Native.streamVideo(raw, number, width, height) != 0,
            "video of " + fourcc + ", " + width + " x " + height
            + ": expected a format such as XR24 or NV12, and 1 to 65535 pixels");
        return new StreamFormat(raw);
    }

    /**
     * Describes a tensor in C order.
     *
     * @param type the type of an element
     * @param bits bits of an element: a multiple of 8, up to 128
     * @param shape up to 8 dimensions, none of them 0
     * @return a format
     * @throws IllegalArgumentException an argument is out of range
     */
    public static StreamFormat tensor(ElementType type, int bits, long... shape) {
        byte[] raw = blank();
        expect(type != ElementType.UNKNOWN && bits > 0 && bits <= BITS_MAX
            && shape.length <= DIMS_MAX
            && Native.streamTensor(raw, type.code, bits, shape) != 0,
            "tensor of " + type + " " + bits + ", " + Arrays.toString(shape)
            + ": expected a known type, whole bytes up to 128 bits, up to 8 dimensions above 0");
        return new StreamFormat(raw);
    }

    /**
     * Describes audio, whose channels are interleaved.
     *
     * @param type the type of a sample
     * @param bits bits of a sample: 1 to 128
     * @param channels 1 to 1024
     * @return a format
     * @throws IllegalArgumentException an argument is out of range
     */
    public static StreamFormat audio(ElementType type, int bits, int channels) {
        expect(type != ElementType.UNKNOWN && bits > 0 && bits <= BITS_MAX && channels > 0
            && channels <= 1024, "audio of " + type + " " + bits + ", " + channels
            + " channels: expected a known type, up to 128 bits, 1 to 1024 channels");
        var format = new StreamFormat(blank());
        format.raw.putInt(KIND, Kind.AUDIO.ordinal()).put(DTYPE, (byte) type.code);
        format.raw.put(BITS, (byte) bits).putShort(LANES, (short) 1).putInt(CHANNELS, channels);
        return format;
    }

    /**
     * Pads the rows of video: each stride becomes a multiple.
     *
     * @param bytes the multiple, at least 1
     * @return a new format
     * @throws IllegalArgumentException it is out of range
     */
    public StreamFormat alignRows(int bytes) {
        StreamFormat padded = copy();
        long end = 0;
        expect(bytes > 0, "rows of a multiple of " + bytes + ": expected 1 or more");
        for (int i = 0; i < planes(); i++) {
            long stride = (plane(i).stride() - 1L + bytes) / bytes * bytes;
            expect(stride <= Integer.MAX_VALUE, "a row of " + stride + " bytes: expected 2 GiB");
            padded.raw.putInt(STRIDE + 4 * i, (int) stride).putLong(OFFSET + 8 * i, end);
            end += stride * plane(i).rows();
        }
        return padded;
    }

    /**
     * Sets the rate.
     *
     * @param frames frames, or samples of audio; 0 if the rate varies
     * @param seconds the seconds that they take, at least 1
     * @return a new format
     * @throws IllegalArgumentException an argument is out of range
     */
    public StreamFormat rate(int frames, int seconds) {
        expect(frames >= 0 && seconds > 0, "a rate of " + frames + " in " + seconds
            + " seconds: expected 0 or more in 1 or more");
        StreamFormat rated = copy();
        rated.raw.putInt(RATE_FRAMES, frames).putInt(RATE_SECONDS, seconds);
        return rated;
    }

    /**
     * Sets the text that is passed to readers as it is.
     *
     * @param text up to 255 bytes of UTF-8, without a NUL
     * @return a new format
     * @throws IllegalArgumentException it is too long, or has a NUL
     */
    public StreamFormat caps(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        expect(bytes.length < CAPS_SIZE && text.indexOf('\0') < 0,
            "a text of " + bytes.length + " bytes: expected up to 255, without a NUL");
        StreamFormat with = copy();
        with.raw.put(CAPS, Arrays.copyOf(bytes, CAPS_SIZE));
        return with;
    }

    /**
     * Returns the kind of a frame.
     *
     * @return the kind
     */
    public Kind kind() {
        return Kind.ALL[raw.getInt(KIND)];
    }

    /**
     * Returns the DRM format of video.
     *
     * @return its name, such as XR24; empty for anything else
     */
    public String fourcc() {
        byte[] code = new byte[4];
        raw.get(FOURCC, code);
        if (ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN) {
            code = new byte[] {code[3], code[2], code[1], code[0]};
        }
        return new String(code, StandardCharsets.ISO_8859_1).replace("\0", "").stripTrailing();
    }

    /**
     * Returns the DRM format modifier of video.
     *
     * @return the modifier; 0 is linear
     */
    public long modifier() {
        return raw.getLong(MODIFIER);
    }

    /**
     * Returns the width of video.
     *
     * @return pixels
     */
    public int width() {
        return raw.getInt(WIDTH);
    }

    /**
     * Returns the height of video.
     *
     * @return pixels
     */
    public int height() {
        return raw.getInt(HEIGHT);
    }

    /**
     * Returns the number of planes of video.
     *
     * @return 1 to 4; 0 for anything else
     */
    public int planes() {
        return kind() == Kind.VIDEO ? Math.min(raw.getInt(PLANES), PLANES_MAX) : 0;
    }

    /**
     * Returns the place of a plane's samples.
     *
     * @param index 0 to {@link #planes} - 1
     * @return the place
     * @throws IndexOutOfBoundsException if there is no such plane
     * @throws UnsupportedOperationException if this library does not know the format of video
     */
    public Plane plane(int index) {
        if (index < 0 || index >= planes()) {
            throw new IndexOutOfBoundsException("plane " + index + " of " + planes());
        }
        long[] found = new long[6];
        if (Native.streamPlane(raw(), index, found) != 0) {
            throw new UnsupportedOperationException("zinc: the planes of " + fourcc()
                + " with modifier " + modifier() + " are not known: read the frame's bytes");
        }
        return new Plane(found[0], (int) found[1], (int) found[2], (int) found[3],
            (int) found[4], (int) found[5]);
    }

    /**
     * Returns the strides of video.
     *
     * @return bytes from one row to the next, per plane
     */
    public int[] strides() {
        int[] found = new int[planes()];
        Arrays.setAll(found, i -> raw.getInt(STRIDE + 4 * i));
        return found;
    }

    /**
     * Returns the offsets of the planes of video.
     *
     * @return bytes from the start of the frame, per plane
     */
    public long[] offsets() {
        long[] found = new long[planes()];
        Arrays.setAll(found, i -> raw.getLong(OFFSET + 8 * i));
        return found;
    }

    /**
     * Returns the type of an element of a tensor or of audio.
     *
     * @return the type
     */
    public ElementType elementType() {
        return ElementType.of(raw.get(DTYPE) & 0xFF);
    }

    /**
     * Returns the size of an element of a tensor or of audio.
     *
     * @return bits
     */
    public int elementBits() {
        return (raw.get(BITS) & 0xFF) * (raw.getShort(LANES) & 0xFFFF);
    }

    /**
     * Returns the dimensions of a tensor.
     *
     * @return elements per dimension
     */
    public long[] shape() {
        long[] found = new long[Math.min(raw.getInt(DIMS), DIMS_MAX)];
        Arrays.setAll(found, i -> raw.getLong(SHAPE + 8 * i));
        return found;
    }

    /**
     * Returns the number of channels of audio.
     *
     * @return channels
     */
    public int channels() {
        return raw.getInt(CHANNELS);
    }

    /**
     * Returns the frames, or samples of audio, in {@link #rateSeconds} seconds.
     *
     * @return frames; 0 if the rate varies
     */
    public int rateFrames() {
        return raw.getInt(RATE_FRAMES);
    }

    /**
     * Returns the time of {@link #rateFrames} frames.
     *
     * @return seconds
     */
    public int rateSeconds() {
        return raw.getInt(RATE_SECONDS);
    }

    /**
     * Returns the writer's text.
     *
     * @return the text
     */
    public String caps() {
        byte[] bytes = Arrays.copyOfRange(raw(), CAPS, CAPS + CAPS_SIZE);
        int end = 0;
        while (end < CAPS_SIZE && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }

    /**
     * Returns the bytes of a frame, as far as the format determines them.
     *
     * @return bytes; 0 for bytes, audio, and a format of video that is not known here
     */
    public long frameBytes() {
        if (kind() == Kind.TENSOR) {
            return Arrays.stream(shape()).reduce((elementBits() + 7) / 8, (a, b) -> a * b);
        }
        long bytes = 0;
        for (int i = 0; i < planes(); i++) {
            try {
                bytes = Math.max(bytes, plane(i).offset() + (long) plane(i).stride()
                    * plane(i).rows());
            } catch (UnsupportedOperationException unknown) {
                return 0;
            }
        }
        return bytes;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof StreamFormat && Arrays.equals(raw(), ((StreamFormat) other).raw());
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(raw());
    }

    @Override
    public String toString() {
        switch (kind()) {
            case VIDEO:
                return fourcc() + " " + width() + "x" + height();
            case TENSOR:
                return elementType() + " " + elementBits() + " " + Arrays.toString(shape());
            case AUDIO:
                return elementType() + " " + elementBits() + ", " + channels() + " channels";
            default:
                return "bytes";
        }
    }
}
