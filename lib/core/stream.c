// SPDX-License-Identifier: MIT
/*
 * Streams for languages that cannot call the inline functions of zinc-stream.h: the
 * same functions, compiled into the library, and writers and readers that it allocates.
 */
#include <stdlib.h>

#include <zinc.h>

#define ZINC_STREAM_API ZINC_API
/* The header defines them where it declares them */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include <zinc-stream.h>

struct zinc_stream_writer *zinc_stream_writer_new(void)
{
	return calloc(1, sizeof(struct zinc_stream_writer));
}

void zinc_stream_writer_free(struct zinc_stream_writer *writer,
			     zinc_handle *region)
{
	if (region)
		*region = NULL;
	if (!writer)
		return;
	if (region) {
		*region = writer->region;
		writer->region = NULL;
	}
	zinc_stream_end(writer);
	free(writer);
}

int zinc_stream_writer_info(const struct zinc_stream_writer *writer,
			    struct zinc_stream_info *info)
{
	if (info->size < sizeof(*info))
		return -EINVAL;
	info->slots = writer->slots;
	info->slot_size = writer->slot_size;
	info->slot_offset = writer->slot_offset;
	info->number = writer->number;
	info->lost = 0;
	info->region = writer->region;
	return 0;
}

struct zinc_stream_reader *zinc_stream_reader_new(void)
{
	return calloc(1, sizeof(struct zinc_stream_reader));
}

void zinc_stream_reader_free(struct zinc_stream_reader *reader,
			     zinc_handle *region)
{
	if (region)
		*region = NULL;
	if (!reader)
		return;
	if (region) {
		*region = reader->region;
		reader->region = NULL;
	}
	zinc_stream_close(reader);
	free(reader);
}

int zinc_stream_reader_info(const struct zinc_stream_reader *reader,
			    struct zinc_stream_info *info)
{
	if (info->size < sizeof(*info))
		return -EINVAL;
	info->slots = reader->slots;
	info->slot_size = reader->slot_size;
	info->slot_offset = reader->slot_offset;
	info->number = reader->last;
	info->lost = reader->lost;
	info->region = reader->region;
	return 0;
}

void zinc_stream_reader_format(const struct zinc_stream_reader *reader,
			       struct zinc_stream_format *format)
{
	*format = reader->format;
}
