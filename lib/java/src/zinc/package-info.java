// SPDX-License-Identifier: MIT

/**
 * Named shared memory regions with notifications.
 *
 * <pre>{@code
 * try (var region = SharedRegion.create("my-data", 65536)) {
 *     region.buffer().put("hello".getBytes());
 *     region.signal();
 * }
 * }</pre>
 *
 * Start with {@link zinc.SharedRegion}.
 */
package zinc;
