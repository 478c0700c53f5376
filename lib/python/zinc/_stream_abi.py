# SPDX-License-Identifier: MIT
"""What libzinc-kmod exports of zinc-stream.h."""

from __future__ import annotations

from ._abi import ffi, lib

__all__ = ["ffi", "lib"]

CDEF = """
struct zinc_stream_format {
    uint32_t kind;
    uint32_t fourcc;
    uint64_t modifier;
    uint32_t width;
    uint32_t height;
    uint32_t planes;
    uint32_t stride[4];
    uint32_t full_range;
    uint64_t offset[4];
    uint32_t primaries;
    uint32_t transfer;
    uint32_t matrix;
    uint32_t rate_num;
    uint32_t rate_den;
    uint8_t dtype_code;
    uint8_t dtype_bits;
    uint16_t dtype_lanes;
    uint32_t dims;
    uint32_t channels;
    uint64_t shape[8];
    char caps[256];
    uint32_t reserved[64];
};
struct zinc_stream_plane {
    uint64_t offset;
    uint32_t stride;
    uint32_t rows;
    uint32_t columns;
    uint32_t samples;
    uint32_t sample_bytes;
    uint32_t reserved;
};
struct zinc_stream_frame {
    uint64_t number;
    uint64_t bytes;
    uint64_t pts_ns;
    uint32_t flags;
    uint32_t format;
    uint32_t damage_x;
    uint32_t damage_y;
    uint32_t damage_width;
    uint32_t damage_height;
};
struct zinc_stream_view {
    const void *data;
    struct zinc_stream_frame frame;
    uint64_t lost;
    bool new_format;
    uint32_t sequence;
};
struct zinc_stream_info {
    uint32_t size;
    uint32_t slots;
    uint64_t slot_size;
    uint64_t slot_offset;
    uint64_t number;
    uint64_t lost;
    zinc_handle region;
};
uint64_t zinc_stream_video(struct zinc_stream_format *format, uint32_t fourcc, uint32_t width,
    uint32_t height);
uint64_t zinc_stream_tensor(struct zinc_stream_format *format, uint8_t code, uint8_t bits,
    uint32_t dims, const uint64_t *shape);
int zinc_stream_get_plane(const struct zinc_stream_format *format, uint32_t index,
    struct zinc_stream_plane *plane);
int zinc_stream_create(struct zinc_stream_writer *writer, const char *name,
    const struct zinc_stream_format *format, uint32_t slots, uint64_t slot_size,
    const struct zinc_options *options);
int zinc_stream_set_format(struct zinc_stream_writer *writer,
    const struct zinc_stream_format *format);
int zinc_stream_begin(struct zinc_stream_writer *writer, uint64_t deadline_ns, void **data);
int zinc_stream_commit(struct zinc_stream_writer *writer, const struct zinc_stream_frame *frame);
int zinc_stream_drop(struct zinc_stream_writer *writer);
void zinc_stream_cancel(struct zinc_stream_writer *writer);
int zinc_stream_open(struct zinc_stream_reader *reader, const char *name, uint32_t flags,
    uint64_t deadline_ns);
int zinc_stream_next(struct zinc_stream_reader *reader, struct zinc_stream_view *view,
    uint64_t deadline_ns);
bool zinc_stream_is_whole(const struct zinc_stream_reader *reader,
    const struct zinc_stream_view *view);
int zinc_stream_done(struct zinc_stream_reader *reader, const struct zinc_stream_view *view);
struct zinc_stream_writer *zinc_stream_writer_new(void);
void zinc_stream_writer_free(struct zinc_stream_writer *writer, zinc_handle *region);
int zinc_stream_writer_info(const struct zinc_stream_writer *writer,
    struct zinc_stream_info *info);
struct zinc_stream_reader *zinc_stream_reader_new(void);
void zinc_stream_reader_free(struct zinc_stream_reader *reader, zinc_handle *region);
int zinc_stream_reader_info(const struct zinc_stream_reader *reader,
    struct zinc_stream_info *info);
void zinc_stream_reader_format(const struct zinc_stream_reader *reader,
    struct zinc_stream_format *format);
"""

ffi.cdef(CDEF)
