/* SPDX-License-Identifier: GPL-2.0-only */
/* vgem's own ioctls: fences that signal when told to, or after 10 s */
#ifndef VGEM_H
#define VGEM_H

#include <libdrm/drm.h>

struct vgem_attach {
	__u32 handle;
	__u32 flags;
	__u32 fence;	/* out */
	__u32 pad;
};

struct vgem_signal {
	__u32 fence;
	__u32 flags;
};

#define VGEM_WRITE	1
#define VGEM_ATTACH	DRM_IOWR(DRM_COMMAND_BASE + 1, struct vgem_attach)
#define VGEM_SIGNAL	DRM_IOW(DRM_COMMAND_BASE + 2, struct vgem_signal)

#endif /* VGEM_H */
