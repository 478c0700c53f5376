// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region's dma-buf in fdinfo, debugfs, the list and tracepoints.
 */
#include "dmabuf_test.h"

#define TRACING		"/sys/kernel/tracing"
#define EVENTS		TRACING "/events/zinc"

/* ---- what is shown ---- */

/* Whether @text has @part behind the line or word that begins with @start */
static bool shows(const char *text, const char *start, const char *part)
{
	const char *at = strstr(text, start), *end;
	char *line;
	bool found;

	if (!at)
		return false;
	end = strchr(at + 1, '\n');
	line = strndup(at, end ? end - at : strlen(at));
	found = strstr(line, part);
	free(line);
	return found;
}

TEST_F(importer, fdinfo)
{
	int attachment = attach(self->imp, self->buf);

	EXPECT_LE(0, attach_as(self->imp, self->rdonly, IMPORTER_OTHER, 0));
	EXPECT_NE(NULL, strstr(fdinfo(self->fd), "\nzinc-attachment:\t" IMPORTER_NAME ".0\n"
						 "zinc-attachment:\t" IMPORTER_NAME ".1\n"));
	EXPECT_EQ(0, drop(self->imp, attachment));
	EXPECT_EQ(NULL, strstr(fdinfo(self->fd), IMPORTER_NAME ".0\n"));
	EXPECT_NE(NULL, strstr(fdinfo(self->fd), IMPORTER_NAME ".1\n"));
}

TEST_F(importer, debugfs)
{
	int attachment = attach(self->imp, self->buf);
	char id[32];

	if (access(REGIONS, R_OK))
		SKIP(return, "no " REGIONS);
	EXPECT_LE(0, attach_as(self->imp, self->buf, IMPORTER_OTHER, 0));
	snprintf(id, sizeof(id), "\n%llu ", info(self->fd).id);
	EXPECT_TRUE(shows(file_text(REGIONS), id,
			  " " IMPORTER_NAME ".0 " IMPORTER_NAME ".1"));
	EXPECT_EQ(0, drop(self->imp, attachment));
	EXPECT_FALSE(shows(file_text(REGIONS), id, IMPORTER_NAME ".0"));
	EXPECT_TRUE(shows(file_text(REGIONS), id, IMPORTER_NAME ".1"));
}

TEST_F(importer, list)
{
	struct zinc_info entries[64];
	struct zinc_list list = {
		.entries = (uintptr_t)entries,
		.count = ARRAY_SIZE(entries),
		.entry_size = sizeof(entries[0]),
		.cursor = info(self->fd).id - 1,
	};

	EXPECT_LE(0, attach(self->imp, self->buf));
	EXPECT_LE(0, attach(self->imp, self->rdonly));
	EXPECT_EQ(0, call(self->dev, ZINC_IOC_LIST, &list));
	ASSERT_LE(1, list.count);
	EXPECT_EQ(info(self->fd).id, entries[0].id);
	EXPECT_EQ(2, entries[0].attachments);
}

TEST_F(importer, a_region_of_an_imported_buffer_shows_none)
{
	int fd = import_dmabuf(self->dev, "", self->buf);

	EXPECT_LE(0, fd);
	EXPECT_LE(0, attach(self->imp, self->buf));
	EXPECT_EQ(0, attachments(fd));
	EXPECT_EQ(1, attachments(self->fd));
	close(fd);
}

/* ---- trace ---- */

/* Whether the trace has this line, wherever in it @format begins */
static bool __attribute__((format(printf, 1, 2)))
traced(const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return strstr(file_text(TRACING "/trace"), line);
}

TEST_F(importer, trace)
{
	int attachment, mapping, rdonly;
	struct importer_map m;
	__u64 id;

	if (write_text(EVENTS "/enable", "1"))
		SKIP(return, "no " EVENTS);
	close(open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC));
	id = info(self->fd).id;
	close(export_region(self->fd, 0));
	rdonly = export_region(self->fd, ZINC_RDONLY);
	EXPECT_TRUE(traced("zinc_export: id=%llu rdonly=0\n", id));
	EXPECT_TRUE(traced("zinc_export: id=%llu rdonly=1\n", id));
	attachment = attach_as(self->imp, self->buf, IMPORTER_OTHER, 0);
	EXPECT_TRUE(traced("zinc_attach: id=%llu device=" IMPORTER_NAME ".1\n",
			   id));
	mapping = map_as(self->imp, attachment, IMPORTER_TO_DEVICE, &m);
	EXPECT_TRUE(traced("zinc_map: id=%llu device=" IMPORTER_NAME ".1 direction=1 entries=%u\n",
			   id, m.entries));
	EXPECT_FALSE(traced("zinc_unmap:"));
	drop(self->imp, mapping);
	EXPECT_TRUE(traced("zinc_unmap: id=%llu device=" IMPORTER_NAME ".1\n",
			   id));
	EXPECT_FALSE(traced("zinc_detach:"));
	drop(self->imp, attachment);
	EXPECT_TRUE(traced("zinc_detach: id=%llu device=" IMPORTER_NAME ".1\n",
			   id));
	write_text(EVENTS "/enable", "0");
	close(rdonly);
}

TEST_F(importer, trace_of_what_fails)
{
	int attachment = attach(self->imp, self->rdonly);
	int was = set_overcommit(1);
	int fd = create_as(self->dev, "", 1ULL << 40, ZINC_LAZY, 0, 0);
	int buf = export_region(fd, 0);

	set_overcommit(was);
	if (write_text(EVENTS "/enable", "1"))
		SKIP(return, "no " EVENTS);
	close(open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC));
	EXPECT_EQ(-ENOMEM, attach(self->imp, buf));
	EXPECT_EQ(-EACCES, map(self->imp, attachment, IMPORTER_BOTH_WAYS));
	EXPECT_FALSE(traced("zinc_attach:"));
	EXPECT_FALSE(traced("zinc_map:"));
	write_text(EVENTS "/enable", "0");
	close(buf);
	close(fd);
}

TEST_HARNESS_MAIN
