#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Debian's cloud kernels have dma-bufs, but no sync_file.
#
# Guess: linux-image-cloud-amd64 leaves DRM out, and keeps what is below it: DMA_SHARED_BUFFER
#   and SYNC_FILE, since dma-buf.c has ioctls for both.
# Came: DMA_SHARED_BUFFER is on, and from 6.12 on UDMABUF and dma-heaps, but SYNC_FILE is off
#   in each of them. No symbol sync_file_get_fence is exported, so that a module that uses it
#   does not even link. A dma-buf has no DMA_BUF_IOCTL_EXPORT_SYNC_FILE there.
# Versions: linux-config-6.1 6.1.176-1 (Debian 12), linux-config-6.12 6.12.117-1 (Debian 13).
# Hurts: everybody with Zinc's module in a virtual machine of Debian's cloud image: DKMS ended
#   with an error of modpost.
# Zinc: fixed: the module builds there without fences, and ZINC_FEATURE_FENCE is not set
#   (kmod/fence.c; kmod/README.md, "Kernels"); `make check-build` builds for those kernels.

# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"

# try SUITE PACKAGE=VERSION
try()
{
	local dir=$SCRATCH/$1 flavour option
	apt_for "$1"
	pin "$2"
	unpack "$dir" "${2%%=*}" 2>/dev/null
	echo "$2"
	for flavour in amd64 cloud-amd64; do
		for option in DRM DMA_SHARED_BUFFER SYNC_FILE UDMABUF DMABUF_HEAPS; do
			xzcat "$dir"/usr/src/linux-config-*/config.amd64_none_$flavour.xz |
				grep -E "^(# )?CONFIG_${option}[ =]"
		done | sed 's/.*CONFIG_//; s/ is not set/=n/' | paste -sd' ' | sed "s/^/$flavour: /"
	done
}

{
	try bookworm linux-config-6.1=6.1.176-1
	try trixie linux-config-6.12=6.12.117-1
} | finding 3<<'TXT'
linux-config-6.1=6.1.176-1
amd64: DRM=m DMA_SHARED_BUFFER=y SYNC_FILE=y UDMABUF=n DMABUF_HEAPS=n
cloud-amd64: DRM=n DMA_SHARED_BUFFER=y SYNC_FILE=n UDMABUF=n DMABUF_HEAPS=n
linux-config-6.12=6.12.117-1
amd64: DRM=m DMA_SHARED_BUFFER=y SYNC_FILE=y UDMABUF=y DMABUF_HEAPS=y
cloud-amd64: DRM=n DMA_SHARED_BUFFER=y SYNC_FILE=n UDMABUF=y DMABUF_HEAPS=y
TXT
