/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Swap on a block device in memory.
 *
 * Include it after abi.h. Needs root, and the module brd.
 */
#ifndef SWAP_H
#define SWAP_H

#include <sys/swap.h>

#define SWAP_DEVICE	"/dev/ram0"
#define SWAP_KIB	"65536"

static inline int run_quiet(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline bool has_swap_device(void)
{
	/* a test that failed may have left it so */
	swapoff(SWAP_DEVICE);
	if (access(SWAP_DEVICE, F_OK))
		run_quiet("modprobe brd rd_nr=1 rd_size=" SWAP_KIB
			  " 2>/dev/null");
	return EVENTUALLY(!access(SWAP_DEVICE, F_OK));
}

static inline bool has_brd_module(void)
{
	return !access(SWAP_DEVICE, F_OK) ||
	       !run_quiet("modprobe -n brd 2>/dev/null");
}

static inline void drop_swap_device(void)
{
	run_quiet("rmmod brd 2>/dev/null");
}

/* The part of mkswap's output that swapon() reads */
static inline bool make_swap(void)
{
	struct {
		char boot[1024];
		__u32 version;
		__u32 last_page;
		__u32 bad_pages;
	} head = { .version = 1 };
	int fd = open(SWAP_DEVICE, O_RDWR | O_CLOEXEC);
	char page[65536] = "";
	bool written;

	if (fd < 0 || PAGE > sizeof(page))
		return false;
	head.last_page = lseek(fd, 0, SEEK_END) / PAGE - 1;
	memcpy(page, &head, sizeof(head));
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	written = pwrite(fd, page, PAGE, 0) == (ssize_t)PAGE && !fsync(fd);
	close(fd);
	return written && !swapon(SWAP_DEVICE, 0);
}

#endif /* SWAP_H */
