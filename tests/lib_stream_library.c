// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions of zinc-stream.h that libzinc-kmod exports, as a language
 * without inline functions uses them: found by name, with writers and readers
 * that the library allocates.
 */
#include "lib_test.h"

#include <dlfcn.h>

#include "zinc-stream.h"

#define LIBRARY		"libzinc-kmod.so.1"
/* A pointer to the function of that name in the library */
#define EXPORTED(name)	__typeof__(name) *name##_p = dlsym(self->library, #name)

FIXTURE(library) {
	void *library;
	const char *name;
};

FIXTURE_SETUP(library)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	/* build/tests/NAME, build/lib/LIBRARY */
	ASSERT_GT(length, 0);
	path[length] = 0;
	*strrchr(path, '/') = 0;
	*strrchr(path, '/') = 0;
	ASSERT_LT(snprintf(path + strlen(path), 64, "/lib/" LIBRARY), 64);
	self->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	ASSERT_NE(self->library, NULL) TH_LOG("%s", dlerror());
	self->name = named("library");
}

FIXTURE_TEARDOWN(library)
{
	dlclose(self->library);
}

/* A frame from the library's writer to the library's reader, by opaque pointers */
TEST_F(library, frame)
{
	EXPORTED(zinc_stream_writer_new);
	EXPORTED(zinc_stream_writer_info);
	EXPORTED(zinc_stream_writer_free);
	EXPORTED(zinc_stream_create);
	EXPORTED(zinc_stream_begin);
	EXPORTED(zinc_stream_commit);
	EXPORTED(zinc_stream_reader_new);
	EXPORTED(zinc_stream_reader_info);
	EXPORTED(zinc_stream_reader_format);
	EXPORTED(zinc_stream_reader_free);
	EXPORTED(zinc_stream_open);
	EXPORTED(zinc_stream_next);
	EXPORTED(zinc_stream_done);
	EXPORTED(zinc_close);
	struct zinc_stream_info info = { .size = sizeof(info) };
	struct zinc_stream_frame frame = { .bytes = 5 };
	struct zinc_stream_format format = {}, seen;
	struct zinc_stream_writer *writer = zinc_stream_writer_new_p();
	struct zinc_stream_reader *reader = zinc_stream_reader_new_p();
	struct zinc_stream_view view;
	zinc_handle region = (zinc_handle)writer;
	void *data = NULL;

	strcpy(format.caps, "text");
	ASSERT_EQ(zinc_stream_create_p(writer, self->name, &format, 3, PAGE, NULL), 0);
	ASSERT_EQ(zinc_stream_open_p(reader, self->name, ZINC_STREAM_EVERY, 0), 0);
	ASSERT_EQ(zinc_stream_begin_p(writer, 0, &data), 0);
	memcpy(data, "frame", 5);
	ASSERT_EQ(zinc_stream_commit_p(writer, &frame), 0);
	ASSERT_EQ(zinc_stream_writer_info_p(writer, &info), 0);
	EXPECT_EQ(info.number, 1);
	EXPECT_EQ(info.slots, 3);
	EXPECT_EQ(info.slot_size, PAGE);
	ASSERT_EQ(zinc_stream_next_p(reader, &view, 0), 0);
	EXPECT_EQ(memcmp(view.data, "frame", 5), 0);
	EXPECT_EQ(zinc_stream_done_p(reader, &view), 0);
	info.number = 0;
	ASSERT_EQ(zinc_stream_reader_info_p(reader, &info), 0);
	EXPECT_EQ(info.number, 1);
	EXPECT_EQ(info.lost, 0);
	zinc_stream_reader_format_p(reader, &seen);
	EXPECT_EQ(memcmp(&seen, &format, sizeof(format)), 0);
	info.size--;
	EXPECT_EQ(zinc_stream_reader_info_p(reader, &info), -EINVAL);
	EXPECT_EQ(zinc_stream_writer_info_p(writer, &info), -EINVAL);
	zinc_stream_writer_free_p(writer, NULL);

	/* the frame stays, the reader goes */
	zinc_stream_reader_free_p(reader, &region);
	ASSERT_NE(region, NULL);
	EXPECT_EQ(memcmp(view.data, "frame", 5), 0);
	zinc_close_p(region);
}

TEST_F(library, nothing_is_open)
{
	EXPORTED(zinc_stream_writer_new);
	EXPORTED(zinc_stream_writer_free);
	EXPORTED(zinc_stream_reader_new);
	EXPORTED(zinc_stream_reader_free);
	zinc_handle region = (zinc_handle)self;

	zinc_stream_writer_free_p(zinc_stream_writer_new_p(), &region);
	EXPECT_EQ(region, NULL);
	region = (zinc_handle)self;
	zinc_stream_reader_free_p(zinc_stream_reader_new_p(), &region);
	EXPECT_EQ(region, NULL);
	region = (zinc_handle)self;
	zinc_stream_writer_free_p(NULL, &region);
	EXPECT_EQ(region, NULL);
	zinc_stream_reader_free_p(NULL, NULL);
}

TEST(planes)
{
	struct zinc_stream_format format;
	struct zinc_stream_plane plane;

	ASSERT_EQ(zinc_stream_video(&format, ZINC_STREAM_FOURCC('N', 'V', '1', '2'), 5, 3),
		  5 * 3 + 6 * 2);
	ASSERT_EQ(zinc_stream_get_plane(&format, 1, &plane), 0);
	EXPECT_EQ(plane.offset, 15);
	EXPECT_EQ(plane.stride, 6);
	EXPECT_EQ(plane.rows, 2);
	EXPECT_EQ(plane.columns, 3);
	EXPECT_EQ(plane.samples, 2);
	EXPECT_EQ(plane.sample_bytes, 1);
	EXPECT_EQ(zinc_stream_get_plane(&format, 2, &plane), -EINVAL);
	format.modifier = 1;
	EXPECT_EQ(zinc_stream_get_plane(&format, 0, &plane), -EOPNOTSUPP);
	EXPECT_EQ(plane.rows, 0);
	ASSERT_GT(zinc_stream_video(&format, ZINC_STREAM_FOURCC('P', '0', '1', '0'), 4, 2), 0);
	format.stride[0] = 64;
	ASSERT_EQ(zinc_stream_get_plane(&format, 0, &plane), 0);
	EXPECT_EQ(plane.stride, 64);
	EXPECT_EQ(plane.samples, 1);
	EXPECT_EQ(plane.sample_bytes, 2);
	format.fourcc = ZINC_STREAM_FOURCC('M', 'J', 'P', 'G');
	EXPECT_EQ(zinc_stream_get_plane(&format, 0, &plane), -EOPNOTSUPP);
	format.kind = ZINC_STREAM_TENSOR;
	EXPECT_EQ(zinc_stream_get_plane(&format, 0, &plane), -EINVAL);
}

TEST_HARNESS_MAIN
