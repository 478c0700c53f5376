// SPDX-License-Identifier: MIT
/*
 * Framebuffers on displays: which connector, mode and CRTC, and back again.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "objects.h"

static_assert(sizeof(struct zinc_drm_choice) == ZINC_DRM_CHOICE_SIZE_V1,
	      "zinc_drm_copy_options() has to accept a shorter choice now");

/* The connector's name, as the kernel spells it */
static void name_of(const drmModeConnector *connector, char *name, size_t size)
{
	const char *type =
		drmModeGetConnectorTypeName(connector->connector_type);

	snprintf(name, size, "%s-%u", type ? type : "Unknown",
		 connector->connector_type_id);
}

/* The connector of that name, or the first connected one; else *@err is set. */
static drmModeConnector *find_connector(struct zinc_drm_output *output,
					const drmModeRes *resources,
					const char *name, int *err)
{
	drmModeConnector *connector;
	bool ours;
	int i;

	*err = name ? -ENXIO : -ENOTCONN;
	for (i = 0; i < resources->count_connectors; i++) {
		connector = drmModeGetConnector(output->fd,
						resources->connectors[i]);
		if (!connector)
			continue;
		name_of(connector, output->name, sizeof(output->name));
		ours = !name || !strcmp(name, output->name);
		if (ours && connector->connection == DRM_MODE_CONNECTED)
			return connector;
		if (name && ours)
			*err = -ENOTCONN;
		drmModeFreeConnector(connector);
	}
	return NULL;
}

static bool fits(const drmModeModeInfo *mode,
		 const struct zinc_drm_framebuffer *framebuffer)
{
	return mode->hdisplay <= framebuffer->width &&
	       mode->vdisplay <= framebuffer->height;
}

static uint32_t area(const drmModeModeInfo *mode)
{
	return (uint32_t)mode->hdisplay * mode->vdisplay;
}

/* The largest mode that the picture fills; of one size the display's first. */
static int find_mode(struct zinc_drm_output *output,
		     const drmModeConnector *connector,
		     const struct zinc_drm_framebuffer *framebuffer)
{
	const drmModeModeInfo *best = NULL;
	const drmModeModeInfo *mode;
	int i;

	for (i = 0; i < connector->count_modes; i++) {
		mode = &connector->modes[i];
		if (fits(mode, framebuffer) &&
		    (!best || area(mode) > area(best)))
			best = mode;
	}
	if (!best)
		return -ERANGE;
	output->mode = *best;
	return 0;
}

static bool is_free(int fd, uint32_t id)
{
	drmModeCrtc *crtc = drmModeGetCrtc(fd, id);
	bool yes = crtc && !crtc->mode_valid;

	drmModeFreeCrtc(crtc);
	return yes;
}

/* The CRTC of an encoder of the connector: its current or a possible one. */
static uint32_t crtc_by_encoder(int fd, const drmModeRes *resources,
				uint32_t id, bool current)
{
	drmModeEncoder *encoder = drmModeGetEncoder(fd, id);
	uint32_t crtc = 0;
	int i;

	if (!encoder)
		return 0;
	if (current)
		crtc = encoder->crtc_id;
	for (i = 0; !current && !crtc && i < resources->count_crtcs; i++) {
		if (encoder->possible_crtcs & 1u << i &&
		    is_free(fd, resources->crtcs[i]))
			crtc = resources->crtcs[i];
	}
	drmModeFreeEncoder(encoder);
	return crtc;
}

static int find_crtc(struct zinc_drm_output *output,
		     const drmModeRes *resources,
		     const drmModeConnector *connector)
{
	int i;

	if (connector->encoder_id)
		output->crtc = crtc_by_encoder(output->fd, resources,
					       connector->encoder_id, true);
	for (i = 0; !output->crtc && i < connector->count_encoders; i++)
		output->crtc = crtc_by_encoder(output->fd, resources,
					       connector->encoders[i], false);
	return output->crtc ? 0 : -EBUSY;
}

static bool drives(int fd, const drmModeRes *resources, uint32_t crtc,
		   uint32_t id)
{
	drmModeConnector *connector = drmModeGetConnectorCurrent(fd, id);
	bool yes = connector && connector->encoder_id &&
		   crtc_by_encoder(fd, resources, connector->encoder_id,
				   true) == crtc;

	drmModeFreeConnector(connector);
	return yes;
}

/* The CRTC's current state and connectors. */
static int remember(struct zinc_drm_output *output, const drmModeRes *resources)
{
	int i;

	errno = ENOMEM;
	output->former = drmModeGetCrtc(output->fd, output->crtc);
	if (!output->former)
		return -errno;
	output->former_connectors = calloc(resources->count_connectors,
					   sizeof(uint32_t));
	if (!output->former_connectors)
		return -ENOMEM;
	for (i = 0; i < resources->count_connectors; i++) {
		if (drives(output->fd, resources, output->crtc,
			   resources->connectors[i]))
			output->former_connectors[output->former_count++] =
				resources->connectors[i];
	}
	return 0;
}

static int choose(struct zinc_drm_output *output, const drmModeRes *resources,
		  const struct zinc_drm_framebuffer *framebuffer,
		  const struct zinc_drm_choice *choice)
{
	drmModeConnector *connector;
	int err;

	connector = find_connector(output, resources, choice->connector, &err);
	if (!connector)
		return err;
	output->connector = connector->connector_id;
	err = 0;
	if (choice->mode)
		output->mode = *choice->mode;
	else
		err = find_mode(output, connector, framebuffer);
	if (!err)
		err = find_crtc(output, resources, connector);
	drmModeFreeConnector(connector);
	return err;
}

static void forget(struct zinc_drm_output *output)
{
	drmModeFreeCrtc(output->former);
	free(output->former_connectors);
	free(output);
}

static int set(struct zinc_drm_output *output,
	       const struct zinc_drm_framebuffer *framebuffer,
	       const struct zinc_drm_choice *choice)
{
	drmModeRes *resources = drmModeGetResources(output->fd);
	int err;

	if (!resources)
		return -errno;
	err = choose(output, resources, framebuffer, choice);
	if (!err)
		err = remember(output, resources);
	drmModeFreeResources(resources);
	if (err)
		return err;
	return zinc_drm_result(drmModeSetCrtc(output->fd, output->crtc,
					      framebuffer->id, 0, 0,
					      &output->connector, 1,
					      &output->mode));
}

int32_t zinc_drm_show(struct zinc_drm_framebuffer *framebuffer,
		      const struct zinc_drm_choice *choice,
		      struct zinc_drm_output **out)
{
	struct zinc_drm_choice known = { .size = sizeof(known) };
	struct zinc_drm_output *output;
	int err;

	if (!out)
		return -EINVAL;
	*out = NULL;
	if (!framebuffer)
		return -EINVAL;
	if (choice && zinc_drm_copy_options(&known, sizeof(known),
					    ZINC_DRM_CHOICE_SIZE_V1, choice))
		return -EINVAL;
	if (known.reserved)
		return -EINVAL;
	output = calloc(1, sizeof(*output));
	if (!output)
		return -ENOMEM;
	output->fd = framebuffer->fd;
	err = set(output, framebuffer, &known);
	if (err) {
		forget(output);
		return err;
	}
	*out = output;
	return 0;
}

const char *zinc_drm_connector(const struct zinc_drm_output *output)
{
	return output ? output->name : NULL;
}

const struct _drmModeModeInfo *
zinc_drm_mode(const struct zinc_drm_output *output)
{
	return output ? &output->mode : NULL;
}

uint32_t zinc_drm_crtc_id(const struct zinc_drm_output *output)
{
	return output ? output->crtc : 0;
}

int32_t zinc_drm_restore(struct zinc_drm_output *output)
{
	drmModeCrtc *former;
	int ret;

	if (!output)
		return 0;
	former = output->former;
	if (former->mode_valid && former->buffer_id)
		ret = drmModeSetCrtc(output->fd, output->crtc,
				     former->buffer_id, former->x, former->y,
				     output->former_connectors,
				     output->former_count, &former->mode);
	else
		ret = drmModeSetCrtc(output->fd, output->crtc, 0, 0, 0, NULL, 0,
				     NULL);
	ret = zinc_drm_result(ret);
	forget(output);
	return ret;
}
