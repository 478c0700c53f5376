// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client that knows the nine functions of the existing library and nothing
 * of ours: no header, no link, just dlopen("libzinc_core.so").
 *
 * ZINC_CORE_LIBRARY names the file; else it is looked for where the build
 * puts it, then by the loader.
 */

#include "harness.h"

#include <dlfcn.h>
#include <fcntl.h>

/* As a binding generator would declare them */
static int32_t (*core_create)(const char *name, uintptr_t capacity, void **out);
static int32_t (*core_open)(const char *name, void **out);
static uint8_t *(*core_ptr)(void *handle);
static uintptr_t (*core_capacity)(void *handle);
static void (*core_close)(void *handle);
static void (*core_notify)(void *handle);
static int32_t (*core_wait)(void *handle, uint32_t timeout_ms);
static int32_t (*core_try_wait)(void *handle);
static uint32_t (*core_version)(void);

static const struct {
	const char *name;
	void *pointer;
} functions[] = {
	{ "zinc_create", &core_create },
	{ "zinc_open", &core_open },
	{ "zinc_ptr", &core_ptr },
	{ "zinc_capacity", &core_capacity },
	{ "zinc_close", &core_close },
	{ "zinc_notify", &core_notify },
	{ "zinc_wait", &core_wait },
	{ "zinc_try_wait", &core_try_wait },
	{ "zinc_version", &core_version },
};

static void *load(void)
{
	const char *wish = getenv("ZINC_CORE_LIBRARY");
	char self[400];
	char path[500];
	ssize_t length;
	void *library;

	if (wish)
		return dlopen(wish, RTLD_NOW);
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length > 0) {
		self[length] = 0;
		*strrchr(self, '/') = 0;
		snprintf(path, sizeof(path), "%s/../lib/libzinc_core.so", self);
		library = dlopen(path, RTLD_NOW);
		if (library)
			return library;
	}
	return dlopen("libzinc_core.so", RTLD_NOW);
}

static void __attribute__((constructor(1000))) need_device(void)
{
	const char *choice = getenv("ZINC_BACKEND");

	if (!choice || strcmp(choice, "kmod") || !access("/dev/zinc", F_OK))
		return;
	ksft_print_header();
	ksft_exit_skip("no /dev/zinc: load zinc.ko\n");
}

static const char *name_of(const char *tag)
{
	static char name[100];

	snprintf(name, sizeof(name), "zt%d-compat-%s", getpid(), tag);
	return name;
}

FIXTURE(core)
{
	void *library;
	size_t page;
};

FIXTURE_SETUP(core)
{
	size_t i;

	self->page = sysconf(_SC_PAGESIZE);
	self->library = load();
	ASSERT_NE(self->library, NULL) {
		TH_LOG("%s", dlerror());
	}
	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *symbol = dlsym(self->library, functions[i].name);

		ASSERT_NE(symbol, NULL) {
			TH_LOG("no %s", functions[i].name);
		}
		memcpy(functions[i].pointer, &symbol, sizeof(symbol));
	}
}

FIXTURE_TEARDOWN(core)
{
	dlclose(self->library);
}

TEST_F(core, tells_its_version)
{
	EXPECT_EQ(core_version(), 0x20001);
}

TEST_F(core, codes_are_numbers)
{
	void *handle = (void *)1;

	EXPECT_EQ(core_create("x", self->page, NULL), -22);
	EXPECT_EQ(core_create("no/such", self->page, &handle), -22);
	EXPECT_EQ(handle, NULL);
	handle = (void *)1;
	EXPECT_EQ(core_create("x", 1, &handle), -22);
	EXPECT_EQ(handle, NULL);
	handle = (void *)1;
	EXPECT_EQ(core_open(name_of("none"), &handle), -2);
	EXPECT_EQ(handle, NULL);
	EXPECT_EQ(core_wait(NULL, 0), -22);
	EXPECT_EQ(core_try_wait(NULL), -22);
	EXPECT_EQ(core_ptr(NULL), NULL);
	EXPECT_EQ(core_capacity(NULL), 0);
	core_notify(NULL);
	core_close(NULL);
}

/* In another process: open, wait, see, answer */
static void be_peer(const char *name)
{
	void *handle;

	if (core_open(name, &handle) || core_wait(handle, 0xffffffff) ||
	    core_ptr(handle)[100] != 7)
		_exit(1);
	core_ptr(handle)[101] = 8;
	core_notify(handle);
	core_close(handle);
	_exit(0);
}

/* The life of a region, as the programs of that library live it */
TEST_F(core, life)
{
	const char *name = name_of("life");
	void *a, *b, *c = (void *)1;
	uint64_t magic;
	pid_t pid;
	int status;

	ASSERT_EQ(core_create(name, 4 * self->page, &a), 0);
	EXPECT_EQ(core_create(name, 4 * self->page, &c), -17);
	EXPECT_EQ(c, NULL);
	EXPECT_EQ(core_capacity(a), 4 * self->page);
	memcpy(&magic, core_ptr(a) - 64, 8);
	EXPECT_EQ(magic, 0x5A494E435F524547ULL);
	EXPECT_EQ(core_try_wait(a), -11);
	EXPECT_EQ(core_wait(a, 5), -110);

	pid = fork();
	if (!pid)
		be_peer(name);
	core_ptr(a)[100] = 7;
	core_notify(a);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	/* both notifies, taken as one */
	EXPECT_EQ(core_wait(a, 0xffffffff), 0);
	EXPECT_EQ(core_ptr(a)[101], 8);
	EXPECT_EQ(core_wait(a, 0), -110);
	EXPECT_EQ(core_try_wait(a), -11);

	ASSERT_EQ(core_open(name, &b), 0);
	core_close(a);
	EXPECT_EQ(core_ptr(b)[101], 8);
	core_close(b);
	EXPECT_EQ(core_open(name, &b), -2);
}

/* It can be unloaded and loaded again, as plugins are */
TEST_F(core, reload)
{
	const char *name = name_of("reload");
	void *handle;
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(core_create(name, self->page, &handle), 0);
		core_close(handle);
		ASSERT_EQ(dlclose(self->library), 0);
		self->library = load();
		ASSERT_NE(self->library, NULL);
		*(void **)&core_create = dlsym(self->library, "zinc_create");
		*(void **)&core_close = dlsym(self->library, "zinc_close");
	}
}

TEST_HARNESS_MAIN
