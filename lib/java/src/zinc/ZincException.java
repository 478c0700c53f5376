// SPDX-License-Identifier: MIT

package zinc;

import java.io.IOException;

/** An error of the library. The message names the operation, the region and the remedy. */
public sealed class ZincException extends IOException permits RegionGoneException {
    /** Not allowed. */
    public static final int EPERM = 1;
    /** No region has that name. */
    public static final int ENOENT = 2;
    /** The region is read-only, or the descriptor is not open. */
    public static final int EBADF = 9;
    /** No memory. */
    public static final int ENOMEM = 12;
    /** The mode of the region or of /dev/zinc forbids the access. */
    public static final int EACCES = 13;
    /** The region is open, or that is unknown. */
    public static final int EBUSY = 16;
    /** The name is taken. */
    public static final int EEXIST = 17;
    /** An invalid name, capacity or option. */
    public static final int EINVAL = 22;
    /** The user's limit on regions is reached. */
    public static final int ENOSPC = 28;
    /** The region's creator or name is gone: a {@link RegionGoneException}. */
    public static final int EPIPE = 32;
    /** The object of that name is not a region. */
    public static final int EBADMSG = 74;
    /** The backend does not support the operation. */
    public static final int EOPNOTSUPP = 95;

    /** No region of the name was created before the timeout. */
    public static final int ETIMEDOUT = 110;

    private static final long serialVersionUID = 1;

    /** The errno. */
    private final int errno;

    ZincException(String action, String name, int errno) {
        super(text(action, name, errno));
        this.errno = errno;
    }

    private static String text(String action, String name, int errno) {
        String region = name == null || name.isEmpty() ? "" : " \"" + name + "\"";
        return "zinc: " + action + region + ": " + Native.describe(-errno);
    }

    /** Returns a result that is not negative, and throws a negative one. */
    static long check(String action, String name, long result) throws ZincException {
        if (result < 0) {
            int errno = (int) -result;
            throw errno == EPIPE ? new RegionGoneException(action, name)
                : new ZincException(action, name, errno);
        }
        return result;
    }

    /** check() of an int. */
    static int check(String action, String name, int result) throws ZincException {
        return (int) check(action, name, (long) result);
    }

    /**
     * Returns the errno.
     *
     * @return a positive errno; this class has constants for the most frequent ones
     */
    public int errno() {
        return errno;
    }
}
