// SPDX-License-Identifier: MIT
/* The name of an element's stream */
#include "name.h"

/**
 * zinc_gst_stream_name() - find out the name of an element's stream
 * @element: zincsink or zincsrc
 * @stream_name: its property, or NULL
 *
 * Return: the property, or the element's name if somebody has given it one; NULL,
 * with an error posted, if not. To be freed by g_free().
 */
gchar *zinc_gst_stream_name(GstElement *element, const gchar *stream_name)
{
	const gchar *type = GST_OBJECT_NAME(gst_element_get_factory(element));
	gchar *name;

	if (stream_name)
		return g_strdup(stream_name);
	name = gst_element_get_name(element);
	/* as GStreamer numbers elements that have none */
	if (name && g_str_has_prefix(name, type) &&
	    strspn(name + strlen(type), "0123456789") == strlen(name + strlen(type)))
		g_clear_pointer(&name, g_free);
	if (!name)
		GST_ELEMENT_ERROR(element, RESOURCE, SETTINGS,
				  ("No stream is named: set the property stream-name, or name."),
				  (NULL));
	return name;
}
