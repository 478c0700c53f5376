// SPDX-License-Identifier: GPL-2.0-only
/*
 * Visibility variables: which GPUs they leave, and the ones that zinc lock sets.
 */
#include "gpu_test.h"

static const struct zinc_shown_list three = {
	.count = 5,
	.gpu = {
		{ .uuid = ALPHA, .parent = -1 }, { .uuid = BETA, .parent = -1 },
		{ .uuid = GAMMA, .parent = -1 },
		{ .uuid = PART_1, .parent = 1, .gi = 7, .ci = 0 },
		{ .uuid = PART_2, .parent = 1, .gi = 8, .ci = 1 },
	},
};

/* Numbers as digits; "?" where the order matters */
static const char *cuda(const char *value, bool ordered)
{
	static char text[16];
	uint32_t out[ZINC_SHOWN_MAX];
	int n = zinc_visible_cuda(value, &three, ordered, out), i;

	if (n == ZINC_ORDER_UNKNOWN)
		return "?";
	for (i = 0; i < n; i++)
		text[i] = (char)('0' + out[i]);
	text[i] = '\0';
	return text;
}

TEST(cuda_visible_devices)
{
	static const struct {
		const char *value, *shows, *unordered;
	} cases[] = {
		{ NULL, "012", "?" },
		{ "", "", "" },
		{ "2", "2", "?" },
		{ "2,1", "21", "?" },
		{ " 2 , 0 ", "20", "?" },
		/* the first invalid one ends it */
		{ "0,2,-1,1", "02", "?" }, { "-1", "", "" },
		{ "3", "", "" }, { "1,3,0", "1", "?" }, { "x,0", "", "" },
		{ ",0", "", "" }, { "0,,1", "0", "?" },
		/* as far as digits go */
		{ "1x,0y", "10", "?" }, { "+1", "1", "?" },
		/* one twice: none */
		{ "1,1", "", "?" }, { ALPHA "," ALPHA, "", "" },
		/* as many digits of a UUID as it needs; order does not matter */
		{ ALPHA, "0", "0" }, { "GPU-1c", "2", "2" },
		{ "GPU-8932f937-0", "1", "1" }, { "GPU-1C2D", "2", "2" },
		{ "GPU-8932f937", "", "" }, { "GPU-77", "", "" },
		{ "GPU-1c," ALPHA, "20", "20" }, { "GPU-1c,GPU-77," ALPHA, "2", "2" },
		{ "GPU-1c,0", "2", "2" }, { "0,GPU-1c", "0", "?" },
		/* one part, and no second */
		{ PART_1, "3", "3" }, { PART_2 "," PART_1, "4", "4" },
		{ "MIG-5b", "4", "4" }, { "MIG-77", "", "" },
		{ "MIG-" BETA "/7/0", "3", "3" }, { "MIG-" BETA "/8/1", "4", "4" },
		{ "MIG-" BETA "/8/0", "", "" }, { "MIG-" ALPHA "/7/0", "", "" },
		{ "MIG-" BETA "/7", "", "" }, { "MIG-" BETA "/7/0/1", "", "" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_STREQ(cases[i].shows, cuda(cases[i].value, true))
			TH_LOG("case %zu", i);
		EXPECT_STREQ(cases[i].unordered, cuda(cases[i].value, false))
			TH_LOG("case %zu", i);
	}
}

static const struct zinc_shown_list amd = {
	.count = 4,
	.gpu = {
		{ .uuid = "GPU-00000000deadbeef", .parent = -1 },
		{ .uuid = "GPU-1234567812345678", .parent = -1 },
		{ .uuid = "GPU-1234567887654321", .parent = -1 },
		{ .parent = -1 },
	},
};

static const char *rocm(const char *rocr, const char *hip)
{
	static char text[16];
	uint32_t out[ZINC_SHOWN_MAX];
	int n = zinc_visible_rocr(rocr, &amd, out), i;

	n = zinc_visible_hip(hip, &amd, out, n);
	for (i = 0; i < n; i++)
		text[i] = (char)('0' + out[i]);
	text[i] = '\0';
	return text;
}

TEST(rocm_visible_devices)
{
	static const struct {
		const char *rocr, *hip, *shows;
	} cases[] = {
		{ NULL, NULL, "0123" },
		{ "", NULL, "" },
		{ "2,0", NULL, "20" }, { " 2 , 0x1 ", NULL, "21" },
		{ "1,4,0", NULL, "1" }, { "1,-1,0", NULL, "1" },
		{ "1,x,0", NULL, "1" }, { "1,,0", NULL, "1" },
		{ "1x", NULL, "" },
		/* one twice ends it */
		{ "1,0,1,2", NULL, "10" },
		{ "GPU-1234567887654321,0", NULL, "20" },
		{ "gpu-00000000DEAD", NULL, "0" }, { "GPU-", NULL, "" },
		{ "GPU-12345678", NULL, "" }, { "GPU-77", NULL, "" },
		{ "GPU-12345678123456780", NULL, "" },
		/* HIP's numbers are of what ROCr has left */
		{ NULL, "3,1", "31" }, { "3,1", "1", "1" }, { "3,1", "0", "3" },
		{ "3,1", "2", "" }, { "2", "", "2" }, { "2", NULL, "2" },
		/* in their one form, without spaces */
		{ NULL, "1,01,0", "1" }, { NULL, "1, 0", "1" },
		{ NULL, "1,x,0", "1" }, { NULL, "-1", "" },
		/* one twice counts once */
		{ NULL, "1,1,0", "10" },
		{ "1,0", "GPU-00000000deadbeef", "0" },
		{ NULL, "GPU-1234", "1" }, { "1", "GPU-00000000deadbeef", "" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT_STREQ(cases[i].shows, rocm(cases[i].rocr, cases[i].hip))
			TH_LOG("case %zu", i);
}

/* ---- what a program is told ------------------------------------------------- */

static char *told(const char *const *names, size_t n)
{
	struct zinc_gpu_identity ids[4];
	char *text;
	size_t i;

	for (i = 0; i < n; i++)
		zinc_gpu_resolve(names[i], &ids[i], sizeof(ids[i]), NULL);
	CHECK(!zinc_gpu_environment(ids, n, sizeof(ids[0]), &text));
	return text;
}

#define BY_PCI	"\nCUDA_DEVICE_ORDER=PCI_BUS_ID\n"

#define EXPECT_TOLD(want, ...) do {					\
	static const char *const names_[] = { __VA_ARGS__ };		\
	char *text_ = told(names_, ARRAY_SIZE(names_));			\
									\
	EXPECT_STREQ(want, text_);					\
	free(text_);							\
} while (0)

TEST_F(lock, environment)
{
	struct zinc_gpu_identity id;
	char *text;

	nvidia(self->dir);
	stub("libvulkan.so.1");
	stub("libze_loader.so.1");
	setenv("STUB_VULKAN", "0:1:0.0,0:3:0.0,cpu", 1);
	setenv("STUB_ZE", "0:6:0.0,0:7:0.0", 1);
	put_kfd(self->dir, 1, 240, 0x400, 0, 0xdeadbeefdeadbeefULL);
	put_kfd(self->dir, 2, 240, 0x500, 0, 0);
	put_driver(self->dir, "0000:03:00.0", "nvidia");
	put_driver(self->dir, "0000:05:00.0", "amdgpu");
	EXPECT_TOLD("CUDA_VISIBLE_DEVICES=" GAMMA BY_PCI,
		    "cuda:0");
	EXPECT_TOLD("CUDA_VISIBLE_DEVICES=" BETA "," GAMMA
		    BY_PCI, "cuda:2", "cuda:0");
	/* HIP's numbers are of what ROCr shows */
	EXPECT_TOLD("ROCR_VISIBLE_DEVICES=1,GPU-deadbeefdeadbeef\nHIP_VISIBLE_DEVICES=0,1\n",
		    "rocm:1", "rocm:0");
	EXPECT_TOLD("ZE_AFFINITY_MASK=1\n", "level-zero:1");
	setenv("ZE_AFFINITY_MASK", "1", 1);
	EXPECT_TOLD("ZE_AFFINITY_MASK=1\n", "level-zero:0");
	unsetenv("ZE_AFFINITY_MASK");
	EXPECT_TOLD("DRI_PRIME=pci-0000_03_00_0\n", "vulkan:1");
	/* by an address: for any use by the program */
	EXPECT_TOLD("CUDA_VISIBLE_DEVICES=" GAMMA BY_PCI
		    "DRI_PRIME=pci-0000_03_00_0\n", "03:00.0");
	EXPECT_TOLD("CUDA_VISIBLE_DEVICES=" GAMMA BY_PCI
		    "ROCR_VISIBLE_DEVICES=1\nHIP_VISIBLE_DEVICES=0\n"
		    "DRI_PRIME=pci-0000_05_00_0\n", "05:00.0", "03:00.0");
	/* a GPU that is not known is not hidden by a list of the others */
	EXPECT_TOLD("", "cuda:0", "cuda:7");
	EXPECT_TOLD("", "vulkan:2");
	EXPECT_TOLD("", "opencl:0");
	EXPECT_EQ(-EINVAL, zinc_gpu_environment(&id, 1, sizeof(id) - 8, &text));
	EXPECT_EQ(-EINVAL, zinc_gpu_environment(&id, 0, sizeof(id), &text));
	EXPECT_EQ(-EINVAL, zinc_gpu_environment(NULL, 1, sizeof(id), &text));
	EXPECT_EQ(-EINVAL, zinc_gpu_environment(&id, 1, sizeof(id), NULL));
}

TEST_HARNESS_MAIN
