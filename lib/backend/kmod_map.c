// SPDX-License-Identifier: MIT
/*
 * Mappings of the kernel module's regions.
 *
 * A handle has one range of addresses, into which the control page and the data
 * are mapped without a gap:
 *
 *	... | control page: unused ... header | data ...
 *	    ^ region->data - page             ^ region->data
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend/backend.h"

#define HUGE_SIZE_FILE	"/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"
#define HUGE_SIZE_GUESS	((size_t)2 << 20)

/* a shorter one would map the data in the place of the control page */
static_assert(sizeof(off_t) == 8, "offsets have 64 bits");

/* What the kernel says, or 0 */
static size_t read_huge_size(void)
{
	int fd = open(HUGE_SIZE_FILE, O_RDONLY | O_CLOEXEC);
	char text[32];
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strtoul(text, NULL, 10);
}

/*
 * Bytes of a huge page, which large regions are aligned to: as the module says,
 * else the kernel. Asked once.
 */
static size_t huge_size(void)
{
	static size_t known;
	size_t size = __atomic_load_n(&known, __ATOMIC_RELAXED);
	int saved = errno;

	if (size)
		return size;
	size = zinc_dev_huge_size();
	if (!size)
		size = read_huge_size();
	errno = saved;
	/* a power of two, or of no use as an alignment */
	if (size < zinc_page_size() || size & (size - 1))
		size = HUGE_SIZE_GUESS;
	__atomic_store_n(&known, size, __ATOMIC_RELAXED);
	return size;
}

/**
 * zinc_kmod_is_large() - check whether a region is aligned for huge pages
 * @region: its capacity is known
 *
 * Return: whether it is.
 */
bool zinc_kmod_is_large(const struct zinc_region *region)
{
	return region->capacity >= huge_size();
}

/**
 * zinc_kmod_reserve() - reserve addresses for a control page and aligned data
 * @region: its capacity is known; gets @data
 *
 * Return: 0; -ENOMEM.
 */
int zinc_kmod_reserve(struct zinc_region *region)
{
	size_t page = zinc_page_size();
	size_t align = zinc_kmod_is_large(region) ? huge_size() : page;
	size_t total;
	uintptr_t data;
	uintptr_t end;
	char *base;

	if (__builtin_add_overflow(region->capacity, align, &total))
		return -ENOMEM;
	base = mmap(NULL, total, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return -errno;
	end = (uintptr_t)base + total;
	data = ((uintptr_t)base + page + align - 1) & ~(uintptr_t)(align - 1);
	if (data - page > (uintptr_t)base)
		munmap(base, data - page - (uintptr_t)base);
	if (end > data + region->capacity)
		munmap((void *)(data + region->capacity),
		       end - data - region->capacity);
	region->data = (uint8_t *)data;
	return 0;
}

/**
 * zinc_kmod_unmap() - undo zinc_kmod_map() or zinc_kmod_reserve()
 * @region: handle
 * @keep_data: unmap the control page alone
 */
void zinc_kmod_unmap(struct zinc_region *region, bool keep_data)
{
	size_t page = zinc_page_size();

	munmap(region->data - page,
	       keep_data ? page : page + region->capacity);
}

static int map_at(void *address, size_t length, int prot, int fd, off_t offset)
{
	if (mmap(address, length, prot, MAP_SHARED | MAP_FIXED, fd, offset) ==
	    MAP_FAILED)
		return -errno;
	return 0;
}

/* Of imported data the exporter says how they are mapped, if at all. */
static int map_data(struct zinc_region *region, int prot)
{
	int err;

	if (region->no_data)
		return 0;
	err = map_at(region->data, region->capacity, prot, region->fd, 0);
	/* a caller that imports a read-only dma-buf expects that */
	if (err == -EACCES && region->creator)
		err = map_at(region->data, region->capacity, PROT_READ,
			     region->fd, 0);
	if (err == -ENODEV || err == -ENOSYS || err == -EOPNOTSUPP)
		return -ENXIO;
	return err;
}

static int map_reserved(struct zinc_region *region, int prot)
{
	size_t page = zinc_page_size();
	int err;

	err = map_at(region->data - page, page, prot, region->fd,
		     (off_t)ZINC_MMAP_CONTROL);
	return err ? err : map_data(region, prot);
}

static struct zinc_header *header_of(const struct zinc_region *region)
{
	return (struct zinc_header *)(region->data - ZINC_HEADER_SIZE);
}

static bool has_magic(const struct zinc_header *header)
{
	return __atomic_load_n(&header->magic, __ATOMIC_RELAXED) == ZINC_MAGIC;
}

/*
 * Find out whether this library's offset gives a control page, by a region that
 * no peer has.
 */
static bool offset_is_wrong(void)
{
	size_t page = zinc_page_size();
	struct zinc_create args = { .capacity = page };
	bool wrong;
	char *control;
	int fd;

	fd = zinc_dev_fd();
	if (fd >= 0)
		fd = zinc_ioctl(fd, ZINC_IOC_CREATE, &args);
	/* a process that may not ask: nothing is proved */
	if (fd < 0)
		return false;
	control = mmap(NULL, page, PROT_READ, MAP_SHARED, fd,
		       (off_t)ZINC_MMAP_CONTROL);
	wrong = control != MAP_FAILED &&
		!has_magic((void *)(control + page - ZINC_HEADER_SIZE));
	if (control != MAP_FAILED)
		munmap(control, page);
	close(fd);
	return wrong;
}

/* A peer can overwrite a header, so a bad one proves nothing by itself. */
static bool is_control_page(const struct zinc_region *region)
{
	return has_magic(header_of(region)) || !offset_is_wrong();
}

/*
 * Without a reservation, which takes a system call: what is too small for huge
 * pages goes anywhere, its control page and data in one mapping. Imported data,
 * and older modules, have two.
 */
static bool map_together(struct zinc_region *region, int prot)
{
	size_t page = zinc_page_size();
	char *control;

	if (region->no_data || page + region->capacity >= huge_size())
		return false;
	control = mmap(NULL, page + region->capacity, prot, MAP_SHARED,
		       region->fd, (off_t)ZINC_MMAP_CONTROL);
	if (control == MAP_FAILED)
		return false;
	region->data = (uint8_t *)control + page;
	return true;
}

/**
 * zinc_kmod_map() - map a region
 * @region: its fd and capacity are known; gets @data, unless that is reserved,
 *	and @header
 *
 * The header is checked before anything is written there: a page that was mapped
 * in error would be written to silently.
 *
 * Return: 0; -ENOMEM; -ENXIO the data are a device's; -EBADMSG this library maps
 * another page than the control page.
 */
int zinc_kmod_map(struct zinc_region *region)
{
	int prot = region->readonly ? PROT_READ : PROT_READ | PROT_WRITE;
	bool mapped = false;
	int saved = errno;
	int err = 0;

	if (!region->data)
		mapped = map_together(region, prot);
	errno = saved;
	if (!region->data)
		err = zinc_kmod_reserve(region);
	if (err)
		return err;
	if (!mapped)
		err = map_reserved(region, prot);
	if (!err && !is_control_page(region))
		err = -EBADMSG;
	if (err) {
		zinc_kmod_unmap(region, false);
		return err;
	}
	region->header = header_of(region);
	return 0;
}
