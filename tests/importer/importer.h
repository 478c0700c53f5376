/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/zinc_importer: what a driver that imports a dma-buf does with it, one
 * call at a time. For tests; never installed.
 *
 * Attachments, mappings and kernel mappings have numbers, which ATTACH, MAP
 * and VMAP return. They belong to the open file and go with it.
 */
#ifndef ZINC_IMPORTER_H
#define ZINC_IMPORTER_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define IMPORTER_DEVICE	"/dev/zinc_importer"

/* The devices, and how each is named */
#define IMPORTER_NAME	"zinc_importer"	/* followed by . and its number */
enum importer_device {
	IMPORTER_WIDE = 0,	/* reaches all memory */
	IMPORTER_OTHER = 1,	/* likewise */
	IMPORTER_NARROW = 2,	/* reaches 4 GiB: the kernel copies memory above */
	IMPORTER_OWN = 3,	/* mapped by code of its own, which counts and fails */
	IMPORTER_DEVICES,
};

/* As the kernel's enum dma_data_direction */
enum importer_direction {
	IMPORTER_BOTH_WAYS = 0,
	IMPORTER_TO_DEVICE = 1,
	IMPORTER_FROM_DEVICE = 2,
};

/* -EOPNOTSUPP: IMPORTER_OWN, in a kernel that has no such devices */
struct importer_attach {
	__s32 dmabuf_fd;
	__u32 device;
	__u32 dynamic;		/* in: the importer could do with moved pages */
	__u32 pad;
};

/* All outputs describe the scatter list as the device sees it */
struct importer_map {
	__u32 attachment;	/* in */
	__u32 direction;	/* in */
	__u32 entries;		/* out */
	__u32 unaligned;	/* out: entries that are not made of pages */
	__u64 bytes;		/* out */
	__u64 largest;		/* out: entry, in bytes */
};

/* Through a mapping, as the device does, or a kernel mapping */
struct importer_copy {
	__u32 object;
	__u32 write;
	__u64 offset;
	__u64 length;
	__u64 buffer;		/* pointer */
	__u64 address;		/* out: of the first byte, as the device sees it */
};

struct importer_access {
	__s32 dmabuf_fd;
	__u32 direction;
	__u32 end;
	__u32 pad;
};

struct importer_setup {
	__u32 device;
	__u32 max_segment;	/* in: bytes */
	__u32 map_error;	/* in: errno that each map ends with; IMPORTER_OWN */
	__u32 pad;
};

/* Since SETUP; IMPORTER_OWN */
struct importer_count {
	__u32 device;		/* in */
	__u32 maps;		/* out, and not unmapped */
	__u32 for_cpu;		/* out: lists handed to the CPU */
	__u32 for_device;	/* out: and back */
};

#define IMPORTER_BUFFER_SIZE	0x8000

/* Violations that an exporter can commit */
#define IMPORTER_BUFFER_RDONLY	1	/* no process writes by this dma-buf */
#define IMPORTER_BUFFER_ACCESS	2	/* but a debugger */
#define IMPORTER_BUFFER_MAYWRITE 4	/* its mappings may become writable */
#define IMPORTER_BUFFER_PROT	8	/* their page tables are */

struct importer_mapped {
	__u32 mappings;		/* that are there */
	__u32 read;		/* by a debugger, so far */
	__u32 written;		/* likewise */
	__u32 pad;
};

#define IMPORTER_ATTACH	_IOW('Z', 0, struct importer_attach)
#define IMPORTER_MAP	_IOWR('Z', 1, struct importer_map)
#define IMPORTER_VMAP	_IO('Z', 2)	/* a dma-buf's descriptor */
#define IMPORTER_COPY	_IOWR('Z', 3, struct importer_copy)
#define IMPORTER_DROP	_IO('Z', 4)	/* a number; -EBUSY it has mappings */
#define IMPORTER_ACCESS	_IOW('Z', 5, struct importer_access)
#define IMPORTER_SETUP	_IOW('Z', 6, struct importer_setup)
#define IMPORTER_COUNT	_IOWR('Z', 7, struct importer_count)
/* The pages that mmap() of the file maps; -EBUSY if already set */
#define IMPORTER_MMAP	_IO('Z', 8)	/* a dma-buf's descriptor */
/* Work of the device: a sync_file; -EBUSY the last one is not done */
#define IMPORTER_BEGIN	_IO('Z', 9)
/* It is done, or has failed by an errno; as ENODEV when the file is closed */
#define IMPORTER_END	_IO('Z', 10)
/* A dma-buf of so many bytes, with nothing in it: a descriptor */
#define IMPORTER_EXPORT	_IOW('Z', 11, __u64)
/* One of IMPORTER_BUFFER_SIZE that can be mapped: a descriptor */
#define IMPORTER_BUFFER	_IOW('Z', 12, __u32)	/* IMPORTER_BUFFER_* */
/* The state of the mappings of all such buffers */
#define IMPORTER_MAPPED	_IOR('Z', 13, struct importer_mapped)

#endif /* ZINC_IMPORTER_H */
