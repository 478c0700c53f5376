// SPDX-License-Identifier: MIT
/*
 * zinc write
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

static const char help[] =
"usage: zinc write [OPTION...] NAME [FILE]\n"
"\n"
"Copies FILE, or standard input where there is none or it is -, to the beginning\n"
"of a region, and notifies. The bytes after it stay as they are. More bytes than\n"
"fit are refused, and the region is left as it was.\n"
"\n"
"  -o, --offset=N   begin at byte N of the region (K, M, G, T allowed)\n"
"  -h, --help       this text\n"
"\n"
"Exit status: 0 written; 2 wrong usage; 3 failed.\n";

/*
 * struct source - where the bytes come from
 * @data: those of a pipe or device, all of them; NULL for a file, which is
 *	read straight into the region
 * @size: how many; for a file, what it has now
 */
struct source {
	const char *file;
	int fd;
	char *data;
	size_t size;
};

static int too_many(const char *name, const struct source *source,
		    uint64_t offset, uint64_t capacity)
{
	char text[SIZE_TEXT];

	if (offset > capacity)
		return cli_error("%s has %llu bytes (%s): the offset %llu is past its end",
				 name, (unsigned long long)capacity,
				 format_size(capacity, text),
				 (unsigned long long)offset);
	return cli_error("%s does not fit into %s: %s%zu bytes, room for %llu; nothing is written",
			 source->file, name, source->data ? "at least " : "",
			 source->size, (unsigned long long)(capacity - offset));
}

static bool fits(const struct source *source, uint64_t offset,
		 uint64_t capacity)
{
	return offset <= capacity && source->size <= capacity - offset;
}

/* All of a pipe, but no more than @limit bytes */
static int collect(struct source *source, size_t limit)
{
	size_t room = 0, want;
	ssize_t n;

	do {
		room = room ? room * 2 : 65536;
		if (room > limit)
			room = limit;
		source->data = xrealloc(source->data, room, 1);
		want = room - source->size;
		n = read_full(source->fd, source->data + source->size, want);
		if (n < 0)
			return cli_error("cannot read %s: %s", source->file,
					 strerror(errno));
		source->size += n;
	} while ((size_t)n == want && room < limit);
	return CLI_OK;
}

static int open_source(struct source *source)
{
	struct stat st;
	off_t at;

	source->fd = STDIN_FILENO;
	if (strcmp(source->file, "-"))
		source->fd = open(source->file, O_RDONLY | O_CLOEXEC);
	else
		source->file = "standard input";
	if (source->fd < 0 || fstat(source->fd, &st))
		return cli_error("cannot read %s: %s", source->file,
				 strerror(errno));
	if (S_ISDIR(st.st_mode))
		return cli_error("cannot read %s: it is a directory",
				 source->file);
	/* a file of 0 bytes may be one of /proc: a pipe, as far as we know */
	at = lseek(source->fd, 0, SEEK_CUR);
	if (S_ISREG(st.st_mode) && at >= 0)
		source->size = at < st.st_size ? st.st_size - at : 0;
	return CLI_OK;
}

static bool is_file(const struct source *source)
{
	return source->size && !source->data;
}

/* With the region open: no way out but through the caller's zinc_close() */
static int fill(zinc_handle handle, const char *name,
		const struct source *source, uint64_t offset)
{
	uint64_t capacity = zinc_capacity(handle);
	uint8_t *to = zinc_ptr(handle) + offset, more;
	int32_t err;

	if (!fits(source, offset, capacity))
		return too_many(name, source, offset, capacity);
	if (!is_file(source)) {
		memcpy(to, source->data, source->size);
	} else {
		if (read_full(source->fd, to, source->size) < 0)
			return cli_error("cannot read %s: %s; %s may have a part of it",
					 source->file, strerror(errno), name);
		if (read_full(source->fd, &more, 1) > 0)
			return cli_error("%s grew while it was read; %s has %zu bytes of it",
					 source->file, name, source->size);
	}
	err = zinc_notify_checked(handle);
	return err ? cli_fail("notify", name, err) : CLI_OK;
}

static int write_region(const char *name, struct source *source,
			uint64_t offset)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	zinc_handle handle;
	sigset_t old;
	int32_t err;
	int status;

	if (open_source(source))
		return CLI_FAILED;
	if (!is_file(source)) {
		/* a pipe may take for ever: no handle is held meanwhile */
		err = zinc_stat(name, &info);
		if (err)
			return cli_fail("open", name, err);
		if (offset > info.capacity)
			return too_many(name, source, offset, info.capacity);
		if (collect(source, info.capacity - offset + 1))
			return CLI_FAILED;
	}
	cli_block_signals(&old);
	err = cli_open(name, 0, &handle);
	if (err)
		return cli_fail("open", name, err);
	status = fill(handle, name, source, offset);
	zinc_close(handle);
	cli_restore_signals(&old);
	return status;
}

int cmd_write(int argc, char **argv)
{
	static const struct option options[] = {
		{ "offset", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	struct source source = { .file = "-" };
	uint64_t offset = 0;
	int c;

	while ((c = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
		switch (c) {
		case 'o':
			if (parse_size(optarg, &offset))
				return cli_usage(argv[0], "'%s' is no offset",
						 optarg);
			break;
		case 'h':
			return cli_help(help);
		default:
			return cli_usage(argv[0], NULL);
		}
	}
	if (optind == argc || argc - optind > 2)
		return cli_usage(argv[0], "wants a name and at most one file");
	if (!cli_name(argv[0], argv[optind]))
		return CLI_USAGE;
	if (optind + 1 < argc)
		source.file = argv[optind + 1];
	c = write_region(argv[optind], &source, offset);
	free(source.data);
	return c;
}
