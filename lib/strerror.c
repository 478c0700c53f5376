// SPDX-License-Identifier: MIT
/*
 * What the return values mean here, and what to do about them.
 */
#include <errno.h>
#include <string.h>

#include "backend.h"

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
	  "no region has this name: create it first, or see with 'zinc ls' what there is",
	},
	{ EAGAIN, "no notify is pending: wait for one" },
	{ ENOMEM,
	  "not enough memory for the region: choose a smaller capacity, raise the memory limit, or create it lazily",
	},
	{ EACCES,
	  "access denied: the region's mode, or that of /dev/zinc, does not let this user in ('zinc doctor' tells), or what is read-only is asked to be written",
	},
	{ EEXIST,
	  "a region has this name already: open it, unlink it, or replace it",
	},
	{ EINVAL,
	  "invalid argument: a name is 1 to 249 of [a-zA-Z0-9_-], a capacity is a multiple of the page size and not 0, a handle is not NULL",
	},
	{ EBADF,
	  "not a writable region: the handle is read-only, or its descriptor has been closed; open it for writing. Or a dma-buf or fence was to be passed, and is none",
	},
	{ ENOTTY,
	  "this descriptor is not that of a region: pass one that zinc_fd() gave",
	},
	{ EBADMSG,
	  "the header is not that of a complete region: its creator died, or other data have this name; unlink it and create it again",
	},
	{ ETIMEDOUT, "no notify came before the deadline" },
	{ EDQUOT,
	  "this user has as many regions as allowed: close some, or raise the module's max_regions",
	},
	{ ENOSPC,
	  "no room: this user's regions have as many bytes as allowed (the module's max_bytes), or /dev/shm is full",
	},
	{ EOPNOTSUPP,
	  "POSIX shared memory, or an older zinc kernel module, cannot do this: load a module of this release",
	},
	{ ENODEV,
	  "/dev/zinc is missing: load the module ('modprobe zinc'), or set ZINC_BACKEND=shm",
	},
	{ EPROTO,
	  "/dev/zinc speaks another version of the interface: install a module and a library of one release",
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
	  "this memory is a device's, and cannot be mapped: open the region without its data, and hand its dma-buf to the device",
	},
	{ EBUSY,
	  "others keep taking this name, or too many fences are pending: try again",
	},
	{ 0, NULL }
};

static const char *system_sentence(int error)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
	const char *text = strerrordesc_np(error);

	if (text)
		return text;
#else
	(void)error;
#endif
	return "unknown error";
}

const char *zinc_strerror(int32_t error)
{
	int number = error < 0 && error > INT32_MIN ? -error : error;
	const struct sentence *s;

	for (s = sentences; s->text; s++) {
		if (s->error == number)
			return s->text;
	}
	return system_sentence(number);
}
