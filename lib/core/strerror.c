// SPDX-License-Identifier: MIT
/*
 * Sentences for return values: the meaning here, and the remedy.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backend/shm.h"

/* On two lines: without __GLIBC_PREREQ, the second part is not an expression. */
#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 32)
#define HAS_STRERRORDESC
#endif
#endif

struct sentence {
	int error;
	const char *text;
};

static const struct sentence sentences[] = {
	{ 0, "success" },
	{ EPERM,
	  "not permitted: only the region's owner or root may do this; ask the owner to create it with a wider mode",
	},
	{ ENOENT,
	  "no region has this name: create it first, or list the regions with 'zinc ls'",
	},
	{ EAGAIN, "no notify is pending: wait for one" },
	{ ENOMEM,
	  "not enough memory for the region: choose a smaller capacity, raise the memory limit, or create it lazily (memory and swap must still have room for it)",
	},
	{ EACCES,
	  "access denied: the mode of the region or of /dev/zinc does not permit it (see 'zinc doctor'), or a read-only region was to be written",
	},
	{ EEXIST,
	  "a region has this name already: open it or, if it is yours, unlink or replace it; 'zinc stat' shows its owner and its handles",
	},
	{ EBADF,
	  "bad handle or descriptor: the handle is read-only (open it for writing), its descriptor has been closed, or the descriptor passed is not a dma-buf or fence",
	},
	{ ENOTTY,
	  "the descriptor is not a region's: pass one that zinc_fd() returned",
	},
	{ EBADMSG,
	  "the header is not that of a complete region: its creator died, a process has overwritten it, or other data have this name; unlink it and create it again",
	},
	{ EPIPE,
	  "the region's creator has gone, or its name refers to another region: open the name again",
	},
	{ ETIMEDOUT, "the deadline passed: no notify came, or no region had this name" },
	{ EDQUOT,
	  "limit reached: this user has too many regions (the module's max_regions), sleeping calls (max_waiters), or bytes pinned for devices (max_pinned_bytes); close some, or raise the limit",
	},
	{ ENOSPC,
	  "no space: this user's regions have reached the limit on bytes (the module's max_bytes), or /dev/shm is full",
	},
	{ EOPNOTSUPP,
	  "not supported by POSIX shared memory, or by an older zinc kernel module: load a module of this release. Contiguous memory needs a kernel with huge pages",
	},
	{ ENODEV,
	  "/dev/zinc is missing: load the module ('modprobe zinc'), or set ZINC_BACKEND=shm",
	},
	{ EPROTO,
	  "/dev/zinc has another interface version: install the module and the library of one release",
	},
	{ EMFILE,
	  "this process has too many open files: close some, or raise 'ulimit -n'",
	},
	{ ENFILE,
	  "the system has too many open files: close some, or raise fs.file-max",
	},
	{ EFBIG,
	  "the region is larger than a file may be: choose a smaller capacity, or raise 'ulimit -f'",
	},
	{ ENXIO,
	  "the memory belongs to a device and cannot be mapped: open the region without its data, and pass its dma-buf to the device",
	},
	{ EBUSY,
	  "busy: other processes keep creating this name, too many fences are pending, or a page that has to be migrated for a device is in use; try again",
	},
	{ 0, NULL }
};

#define INVALID(page) \
	"invalid argument: a name must have 1 to 249 characters of " \
	"[a-zA-Z0-9_-], a capacity must be a non-zero multiple of " page \
	", and a handle must not be NULL"

/* With the number that a capacity has to be a multiple of */
static const char *invalid_sentence(void)
{
	switch (zinc_page_size()) {
	case 4096:
		return INVALID("the page size, 4096");
	case 16384:
		return INVALID("the page size, 16384");
	case 65536:
		return INVALID("the page size, 65536");
	}
	return INVALID("the page size");
}

static const char *system_sentence(int error)
{
#ifdef HAS_STRERRORDESC
	const char *text = strerrordesc_np(error);

	if (text)
		return text;
#else
	(void)error;
#endif
	return "unknown error";
}

static const struct sentence no_folder = {
	ENODEV,
	"POSIX shared memory is missing: /dev/shm does not exist; mount it, as root: mount -t tmpfs -o mode=1777 tmpfs /dev/shm",
};

static const struct sentence closed_folder = {
	EACCES,
	"this user may not create files in /dev/shm, so no region can be created: permit it, as root: chmod 1777 /dev/shm",
};

/*
 * An error of POSIX shared memory as a whole, which says nothing of a region or
 * of the module: no folder for it, or one that is closed to this user.
 */
static const char *folder_sentence(int number)
{
	struct zinc_choice choice;
	const char *text = NULL;
	int saved = errno;

	if (number != ENODEV && number != EPERM && number != EACCES)
		return NULL;
	if (!zinc_choose(ZINC_BACKEND_AUTO, &choice) &&
	    choice.ops == &zinc_shm_ops) {
		if (number == ENODEV && access(ZINC_SHM_DIR, F_OK))
			text = no_folder.text;
		else if (number != ENODEV &&
			 access(ZINC_SHM_DIR, W_OK | X_OK) && errno == EACCES)
			text = closed_folder.text;
	}
	errno = saved;
	return text;
}

const char *zinc_strerror(int32_t error)
{
	int number = error < 0 && error > INT32_MIN ? -error : error;
	const char *text = folder_sentence(number);
	const struct sentence *s;

	if (text)
		return text;
	if (number == EINVAL)
		return invalid_sentence();
	for (s = sentences; s->text; s++) {
		if (s->error == number)
			return s->text;
	}
	return system_sentence(number);
}
