// SPDX-License-Identifier: MIT

/** Named shared memory regions with notifications, by libzinc-kmod. */
module zinc {
    exports zinc;
}
