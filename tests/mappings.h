/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mappings in this process: to show that the pages that a driver maps are the
 * region's own.
 *
 * Include it after abi.h. Needs root, for page frame numbers.
 */
#ifndef MAPPINGS_H
#define MAPPINGS_H

/* A line of /proc/self/maps */
struct area {
	unsigned long begin;
	unsigned int major, minor;
	unsigned long inode;
};

static inline bool next_area(FILE *maps, struct area *a)
{
	char line[512];

	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%*x %*s %*x %x:%x %lu", &a->begin,
			   &a->major, &a->minor, &a->inode) == 4)
			return true;
	return false;
}

static inline struct area area_at(const void *address)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	struct area a = {};

	CHECK(maps);
	while (next_area(maps, &a) && a.begin != (unsigned long)address)
		;
	fclose(maps);
	CHECK(a.begin == (unsigned long)address);
	return a;
}

/* An inode's number says nothing without its file system's. */
static inline bool same_file(const struct area *a, const struct area *b)
{
	return a->inode == b->inode && a->major == b->major &&
	       a->minor == b->minor;
}

/* Where in memory the page of an address is, once it has been touched */
static inline __u64 page_frame(unsigned long address)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	__u64 entry = 0;
	__u64 frame;

	CHECK(fd >= 0);
	(void)*(volatile char *)address;
	CHECK(pread(fd, &entry, sizeof(entry),
		    address / PAGE * sizeof(entry)) == sizeof(entry));
	close(fd);
	frame = entry & ((1ULL << 55) - 1);
	CHECK(entry >> 63 && frame);
	return frame;
}

/*
 * The number of mappings of the pages at @data, besides that one; -1 if one of
 * them begins with another page
 */
static inline int other_mappings(const void *data)
{
	struct area ours = area_at(data);
	FILE *maps = fopen("/proc/self/maps", "r");
	struct area a;
	int count = 0;

	CHECK(maps);
	while (count >= 0 && next_area(maps, &a)) {
		if (!same_file(&a, &ours) || a.begin == ours.begin)
			continue;
		count = page_frame(a.begin) == page_frame(ours.begin) ?
			count + 1 : -1;
	}
	fclose(maps);
	return count;
}

#endif /* MAPPINGS_H */
