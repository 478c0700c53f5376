// SPDX-License-Identifier: MIT

package zinc;

import java.io.IOException;

/** What the library answered instead of doing it: which region, why, and what to do. */
public final class ZincException extends IOException {
    /** Not allowed. */
    public static final int EPERM = 1;
    /** No region has that name. */
    public static final int ENOENT = 2;
    /** The region is read-only, or that is no descriptor. */
    public static final int EBADF = 9;
    /** No memory. */
    public static final int ENOMEM = 12;
    /** The region's mode, or that of /dev/zinc, forbids it. */
    public static final int EACCES = 13;
    /** The name is taken. */
    public static final int EEXIST = 17;
    /** A bad name or capacity, or options that do not belong there. */
    public static final int EINVAL = 22;
    /** The user's limit on regions is reached. */
    public static final int ENOSPC = 28;
    /** What has that name is no region. */
    public static final int EBADMSG = 74;
    /** The backend cannot do it. */
    public static final int EOPNOTSUPP = 95;

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

    /** The result; those that are negative are thrown. */
    static long check(String action, String name, long result) throws ZincException {
        if (result < 0) {
            throw new ZincException(action, name, (int) -result);
        }
        return result;
    }

    /** check() of an int. */
    static int check(String action, String name, int result) throws ZincException {
        return (int) check(action, name, (long) result);
    }

    /**
     * Which error it is.
     *
     * @return an errno, positive; the constants here are those one meets most
     */
    public int errno() {
        return errno;
    }
}
