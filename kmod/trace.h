/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: events/zinc/. A notify that needs no system call is not seen.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM zinc

#if !defined(_ZINC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _ZINC_TRACE_H

#include <linux/tracepoint.h>

#include "zinc.h"

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

#endif /* _ZINC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
