// SPDX-License-Identifier: MIT

/**
 * Named memory that processes share without copying, and that wakes who waits for it.
 *
 * <pre>{@code
 * try (var region = SharedRegion.create("my-data", 4096)) {
 *     region.buffer().put("hello".getBytes());
 *     region.signal();
 * }
 * }</pre>
 *
 * {@link zinc.SharedRegion} is where to begin.
 */
package zinc;
