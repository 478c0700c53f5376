// SPDX-License-Identifier: MIT

package zinc

// IsKept reports whether the data are still mapped after the handle was closed.
func (r *SharedRegion) IsKept() bool {
	return r.handle.kept.data != nil
}
