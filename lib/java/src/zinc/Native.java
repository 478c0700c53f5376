// SPDX-License-Identifier: MIT

package zinc;

import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.Arrays;

/** The functions of the C library, by jni.c: negative results are errnos. */
final class Native {
    private static final String LIBRARY = "libzinc-java.so";

    /** Folders of the JNI library, relative to the jar: of the build and of the installation. */
    private static final String[] FOLDERS = {".", "../../lib/jni"};

    static {
        load();
    }

    private Native() {
    }

    private static void load() {
        String told = System.getProperty("zinc.library");
        if (told != null) {
            System.load(Path.of(told).toAbsolutePath().toString());
            return;
        }
        Path jar = jar();
        for (String folder : FOLDERS) {
            Path library = jar == null ? null : jar.resolveSibling(folder).resolve(LIBRARY);
            if (library != null && Files.exists(library)) {
                System.load(library.normalize().toString());
                return;
            }
        }
        System.loadLibrary("zinc-java");
    }

    /** The jar of this class; null if unknown. */
    private static Path jar() {
        CodeSource source = Native.class.getProtectionDomain().getCodeSource();
        if (source == null || source.getLocation() == null) {
            return null;
        }
        try {
            return Path.of(URI.create(source.getLocation().toString())).toAbsolutePath();
        } catch (RuntimeException notOfAFileSystem) {
            return null;
        }
    }

    /** Converts a name to bytes; a NUL in it is an error, since it would truncate the name. */
    static byte[] name(String action, String name) throws ZincException {
        if (name.indexOf('\0') >= 0) {
            throw new ZincException(action, name, ZincException.EINVAL);
        }
        return name.getBytes(StandardCharsets.UTF_8);
    }

    /** Converts bytes to a name, up to the NUL. */
    static String text(byte[] bytes) {
        int end = 0;
        while (end < bytes.length && bytes[end] != 0) {
            end++;
        }
        return new String(Arrays.copyOf(bytes, end), StandardCharsets.US_ASCII);
    }

    static native long create(byte[] name, long capacity, int flags, int mode, int lifetime,
            int backend);

    static native long open(byte[] name, int flags, int backend);

    static native long openAwait(byte[] name, int flags, int backend, long nanoseconds);

    static native long fromFd(int fd, int flags, int backend);

    static native long importDmabuf(int fd, byte[] name, int flags, int mode, int lifetime,
            int backend);

    static native void close(long handle);

    /** Stores address and length of the data in kept. */
    static native int closeKeepData(long handle, long[] kept);

    static native void unmapData(long address, long length);

    static native void closeFd(int fd);

    static native long address(long handle);

    static native long capacity(long handle);

    static native ByteBuffer buffer(long address, int length);

    static native int signal(long handle);

    static native int tryAwait(long handle);

    static native int await(long handle, long nanoseconds);

    static native int awaitOrGone(long handle, long nanoseconds);

    /** Returns the index, or an errno. */
    static native int awaitAny(long[] handles, long nanoseconds);

    static native int signalAndAwait(long request, long reply, int milliseconds);

    static native int sequence(long handle);

    static native int info(long handle, byte[] into);

    static native int stat(byte[] name, byte[] into);

    /** Returns all entries in one array; null, and the errno in failed, after an error. */
    static native byte[] list(int[] failed);

    static native int unlink(byte[] name);

    static native int unlinkStale(byte[] name);

    static native int backend(long handle);

    static native String describe(int error);

    static native int fd(long handle);

    static native int exportDmabuf(long handle, int flags);

    static native int exportDmabufPart(long handle, long offset, long length, int flags);

    static native int signalOnFence(long handle, int fence);

    static native int beginCpuAccess(long handle, int access);

    static native int endCpuAccess(long handle, int access);

    static native long features(long handle);

    /** Describes video, and returns the bytes of a frame; 0 for a bad argument. */
    static native long streamVideo(byte[] format, int fourcc, int width, int height);

    /** Describes a tensor of up to 8 dimensions, as streamVideo(). */
    static native long streamTensor(byte[] format, int code, int bits, long[] shape);

    /** Stores offset, stride, rows, columns, samples and bytes of a sample. */
    static native int streamPlane(byte[] format, int index, long[] into);

    static native long streamCreate(byte[] name, byte[] format, int slots, long slotSize,
            int flags, int mode, int lifetime, int backend);

    /** Returns the slot's offset in the data, or an errno. */
    static native long streamBegin(long writer, long nanoseconds);

    static native int streamCommit(long writer, long bytes, long ptsNs, int flags, int x, int y,
            int width, int height);

    static native void streamCancel(long writer);

    static native int streamDrop(long writer);

    static native int streamSetFormat(long writer, byte[] format);

    /** Stores slots, slot size, offset of the first slot, number, and the region's handle. */
    static native void streamWriterInfo(long writer, long[] into);

    /** Returns the region's handle, which is to be closed. */
    static native long streamEnd(long writer);

    static native long streamOpen(byte[] name, int flags, long nanoseconds);

    /** Stores the frame; after a timeout, what was passed over. */
    static native int streamNext(long reader, long nanoseconds, long[] into);

    static native boolean streamIsWhole(long reader, long number, int sequence);

    static native int streamDone(long reader, long number, int sequence);

    static native void streamFormat(long reader, byte[] into);

    /** Stores slots, slot size, offset of the first slot, lost, and the region's handle. */
    static native void streamReaderInfo(long reader, long[] into);

    /** Returns the region's handle, which is to be closed. */
    static native long streamClose(long reader);
}
