// SPDX-License-Identifier: MIT

/** Named shared memory with notification, by libzinc-kmod. */
module zinc {
    exports zinc;
}
