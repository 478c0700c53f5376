/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: events/zinc/. A notify without a system call is not traced.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM zinc

#if !defined(_ZINC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _ZINC_TRACE_H

#include <linux/device.h>
#include <linux/tracepoint.h>

#include "internal.h"

/* room for a device's name */
#define ZINC_TRACE_DEVICE	48

TRACE_EVENT(zinc_create,
	TP_PROTO(const struct zinc_region *region),
	TP_ARGS(region),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, capacity)
		__field(u32, lifetime)
		__field(u32, mode)
		__array(char, name, ZINC_NAME_SIZE)
	),
	TP_fast_assign(
		__entry->id = region->id;
		__entry->capacity = region->capacity;
		__entry->lifetime = region->lifetime;
		__entry->mode = region->mode;
		memcpy(__entry->name, region->name, ZINC_NAME_SIZE);
	),
	TP_printk("id=%llu name=%s capacity=%llu lifetime=%u mode=%04o",
		  __entry->id, __entry->name, __entry->capacity,
		  __entry->lifetime, __entry->mode)
);

TRACE_EVENT(zinc_open,
	TP_PROTO(const struct zinc_region *region, bool rdonly),
	TP_ARGS(region, rdonly),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(bool, rdonly)
	),
	TP_fast_assign(
		__entry->id = region->id;
		__entry->rdonly = rdonly;
	),
	TP_printk("id=%llu rdonly=%d", __entry->id, __entry->rdonly)
);

TRACE_EVENT(zinc_release,
	TP_PROTO(const struct zinc_region *region, bool creator),
	TP_ARGS(region, creator),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(bool, creator)
	),
	TP_fast_assign(
		__entry->id = region->id;
		__entry->creator = creator;
	),
	TP_printk("id=%llu creator=%d", __entry->id, __entry->creator)
);

TRACE_EVENT(zinc_unlink,
	TP_PROTO(const struct zinc_region *region),
	TP_ARGS(region),
	TP_STRUCT__entry(
		__field(u64, id)
	),
	TP_fast_assign(
		__entry->id = region->id;
	),
	TP_printk("id=%llu", __entry->id)
);

TRACE_EVENT(zinc_notify,
	TP_PROTO(const struct zinc_region *region, u32 sequence),
	TP_ARGS(region, sequence),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, sequence)
	),
	TP_fast_assign(
		__entry->id = region->id;
		__entry->sequence = sequence;
	),
	TP_printk("id=%llu sequence=%u", __entry->id, __entry->sequence)
);

TRACE_EVENT(zinc_wait_begin,
	TP_PROTO(const struct zinc_region *region, u32 cursor, u32 sequence),
	TP_ARGS(region, cursor, sequence),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, cursor)
		__field(u32, sequence)
	),
	TP_fast_assign(
		__entry->id = region->id;
		__entry->cursor = cursor;
		__entry->sequence = sequence;
	),
	TP_printk("id=%llu cursor=%u sequence=%u", __entry->id,
		  __entry->cursor, __entry->sequence)
);

TRACE_EVENT(zinc_wait_end,
	TP_PROTO(const struct zinc_region *region, u32 sequence, int err),
	TP_ARGS(region, sequence, err),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, sequence)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->id = region->id;
		__entry->sequence = sequence;
		__entry->err = err;
	),
	TP_printk("id=%llu sequence=%u err=%d", __entry->id,
		  __entry->sequence, __entry->err)
);

TRACE_EVENT(zinc_export,
	TP_PROTO(const struct zinc_region *region, bool rdonly),
	TP_ARGS(region, rdonly),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(bool, rdonly)
	),
	TP_fast_assign(
		__entry->id = region->id;
		__entry->rdonly = rdonly;
	),
	TP_printk("id=%llu rdonly=%d", __entry->id, __entry->rdonly)
);

DECLARE_EVENT_CLASS(zinc_device,
	TP_PROTO(u64 id, struct device *dev),
	TP_ARGS(id, dev),
	TP_STRUCT__entry(
		__field(u64, id)
		__array(char, device, ZINC_TRACE_DEVICE)
	),
	TP_fast_assign(
		__entry->id = id;
		strscpy(__entry->device, dev_name(dev), ZINC_TRACE_DEVICE);
	),
	TP_printk("id=%llu device=%s", __entry->id, __entry->device)
);

DEFINE_EVENT(zinc_device, zinc_attach,
	TP_PROTO(u64 id, struct device *dev),
	TP_ARGS(id, dev)
);

DEFINE_EVENT(zinc_device, zinc_detach,
	TP_PROTO(u64 id, struct device *dev),
	TP_ARGS(id, dev)
);

DEFINE_EVENT(zinc_device, zinc_unmap,
	TP_PROTO(u64 id, struct device *dev),
	TP_ARGS(id, dev)
);

TRACE_EVENT(zinc_map,
	TP_PROTO(u64 id, struct device *dev, int direction,
		 unsigned int entries),
	TP_ARGS(id, dev, direction, entries),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(int, direction)
		__field(unsigned int, entries)
		__array(char, device, ZINC_TRACE_DEVICE)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->direction = direction;
		__entry->entries = entries;
		strscpy(__entry->device, dev_name(dev), ZINC_TRACE_DEVICE);
	),
	TP_printk("id=%llu device=%s direction=%d entries=%u", __entry->id,
		  __entry->device, __entry->direction, __entry->entries)
);

TRACE_EVENT(zinc_fence_pending,
	TP_PROTO(const struct zinc_region *region),
	TP_ARGS(region),
	TP_STRUCT__entry(
		__field(u64, id)
	),
	TP_fast_assign(
		__entry->id = region->id;
	),
	TP_printk("id=%llu", __entry->id)
);

TRACE_EVENT(zinc_fence_signalled,
	TP_PROTO(const struct zinc_region *region, int error),
	TP_ARGS(region, error),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->id = region->id;
		__entry->error = error;
	),
	TP_printk("id=%llu error=%d", __entry->id, __entry->error)
);

TRACE_EVENT(zinc_reserve,
	TP_PROTO(u64 id, u32 count, const u8 *device),
	TP_ARGS(id, count, device),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, count)
		__array(char, device, ZINC_DEVICE_SIZE)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->count = count;
		memcpy(__entry->device, device, ZINC_DEVICE_SIZE);
	),
	TP_printk("id=%llu count=%u first=%s", __entry->id, __entry->count,
		  __entry->device)
);

TRACE_EVENT(zinc_grant,
	TP_PROTO(u64 id),
	TP_ARGS(id),
	TP_STRUCT__entry(
		__field(u64, id)
	),
	TP_fast_assign(
		__entry->id = id;
	),
	TP_printk("id=%llu", __entry->id)
);

TRACE_EVENT(zinc_unreserve,
	TP_PROTO(u64 id, bool held),
	TP_ARGS(id, held),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(bool, held)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->held = held;
	),
	TP_printk("id=%llu held=%d", __entry->id, __entry->held)
);

#endif /* _ZINC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
