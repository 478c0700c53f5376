// SPDX-License-Identifier: MIT

package zinc;

/** A wait by awaitOrGone ended because the region's creator or name is gone. */
public final class RegionGoneException extends ZincException {
    private static final long serialVersionUID = 1;

    RegionGoneException(String action, String name) {
        super(action, name, EPIPE);
    }
}
