// SPDX-License-Identifier: MIT

package zinc

// IsKept is whether the data are still mapped though the handle is closed.
func (r *SharedRegion) IsKept() bool {
	return r.handle.kept.data != nil
}
