// SPDX-License-Identifier: MIT

package zinc;

import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.Arrays;

/** The functions of the C library, as jni.c has them: negative results are errnos. */
final class Native {
    private static final String LIBRARY = "libzinc-java.so";

    /** Beside the jar, as it is built, and where it is installed. */
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

    /** The file that this class is in; null where that cannot be told. */
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

    /** A name as C has it, less the NUL behind; one with a NUL inside would be cut. */
    static byte[] name(String action, String name) throws ZincException {
        if (name.indexOf('\0') >= 0) {
            throw new ZincException(action, name, ZincException.EINVAL);
        }
        return name.getBytes(StandardCharsets.UTF_8);
    }

    /** The inverse: what there is before the NUL. */
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

    static native long fromFd(int fd, int flags, int backend);

    static native long importDmabuf(int fd, byte[] name, int flags, int mode, int lifetime,
            int backend);

    static native void close(long handle);

    /** Address and length of the data go to kept. */
    static native int closeKeepData(long handle, long[] kept);

    static native void unmapData(long address, long length);

    static native void closeFd(int fd);

    static native long address(long handle);

    static native long capacity(long handle);

    static native ByteBuffer buffer(long address, int length);

    static native int signal(long handle);

    static native int tryAwait(long handle);

    static native int await(long handle, long nanoseconds);

    /** The index, or an errno. */
    static native int awaitAny(long[] handles, long nanoseconds);

    static native int signalAndAwait(long request, long reply, int milliseconds);

    static native int sequence(long handle);

    static native int info(long handle, byte[] into);

    static native int stat(byte[] name, byte[] into);

    /** All of them, one behind the other; null, and the errno in failed, for an error. */
    static native byte[] list(int[] failed);

    static native int unlink(byte[] name);

    static native int backend(long handle);

    static native String describe(int error);

    static native int fd(long handle);

    static native int exportDmabuf(long handle, int flags);

    static native int signalOnFence(long handle, int fence);

    static native int beginCpuAccess(long handle, int access);

    static native int endCpuAccess(long handle, int access);

    static native long features(long handle);
}
