// SPDX-License-Identifier: MIT
/*
 * Finding a display device.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "objects.h"

#define CARDS_MAX	64

static bool has_display(int fd)
{
	drmModeRes *resources = drmModeGetResources(fd);
	bool found = false;
	drmModeConnector *connector;
	int i;

	for (i = 0; resources && i < resources->count_connectors; i++) {
		connector = drmModeGetConnector(fd, resources->connectors[i]);
		if (!connector)
			continue;
		found |= connector->connection == DRM_MODE_CONNECTED;
		drmModeFreeConnector(connector);
	}
	drmModeFreeResources(resources);
	return found;
}

/* It has displays, and imports dma-bufs. */
static int check(int fd)
{
	drmModeRes *resources = drmModeGetResources(fd);
	uint64_t prime = 0;

	if (!resources)
		return -ENOTTY;
	drmModeFreeResources(resources);
	if (drmGetCap(fd, DRM_CAP_PRIME, &prime) ||
	    !(prime & DRM_PRIME_CAP_IMPORT))
		return -EOPNOTSUPP;
	return 0;
}

static int open_card(const char *path)
{
	int fd;
	int err;

	do {
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return -errno;
	err = check(fd);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static int open_first(void)
{
	char path[32];
	int reason = -ENODEV;
	int fd;
	int i;

	for (i = 0; i < CARDS_MAX; i++) {
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open_card(path);
		if (fd == -EACCES || fd == -EPERM)
			reason = -EACCES;
		if (fd < 0)
			continue;
		if (has_display(fd))
			return fd;
		close(fd);
	}
	return reason;
}

int32_t zinc_drm_open(const char *path)
{
	return path ? open_card(path) : open_first();
}
