// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vulkan on regions, by VK_EXT_external_memory_dma_buf: fills, copies, a compute
 * shader from one region into another, an image. Every word is compared.
 *
 * The device is lavapipe, which computes by software, on any machine; it maps
 * the dma-buf. Runs in a guest: tests/vm/run --root mesa -- build/tests/gpu_vulkan
 */
#include "abi.h"
#include "mappings.h"

#include <sys/mman.h>
#include <vulkan/vulkan.h>

/* shader: the words of gpu_vulkan.comp, made when this is built */
#include "gpu_vulkan.spv.h"

/* Compiling a shader takes an emulated processor a while. */
#define SECONDS	300
#define WORDS	(64 * 1024)
#define SIZE	(WORDS * sizeof(__u32))
#define GROUP	64		/* local_size_x of the shader */
#define DMABUF	VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT

/* The harness runs a test even if its set-up has failed. */
#define NEED_VULKAN() do { \
	if (!self->dev) \
		SKIP(return, "no software device of Vulkan imports dma-bufs"); \
} while (0)

#define OK(call)	CHECK((call) == VK_SUCCESS)

/* ---- the device ---- */

struct gpu {
	VkInstance instance;
	VkPhysicalDevice physical;
	VkDevice device;
	VkQueue queue;
	VkCommandPool pool;
	VkCommandBuffer commands;
	PFN_vkGetMemoryFdPropertiesKHR fd_properties;
};

static bool has(const VkExtensionProperties *all, __u32 count, const char *name)
{
	while (count--)
		if (!strcmp(all[count].extensionName, name))
			return true;
	return false;
}

/* A software device that imports dma-bufs */
static bool is_ours(VkPhysicalDevice physical)
{
	static VkExtensionProperties extensions[512];
	VkPhysicalDeviceProperties properties;
	__u32 count = ARRAY_SIZE(extensions);

	vkGetPhysicalDeviceProperties(physical, &properties);
	if (properties.deviceType != VK_PHYSICAL_DEVICE_TYPE_CPU)
		return false;
	OK(vkEnumerateDeviceExtensionProperties(physical, NULL, &count,
						extensions));
	return has(extensions, count, VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME) &&
	       has(extensions, count,
		   VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME);
}

static bool find_device(struct gpu *g)
{
	VkPhysicalDevice all[8];
	__u32 count = ARRAY_SIZE(all);

	if (vkEnumeratePhysicalDevices(g->instance, &count, all) < 0)
		return false;
	while (count--) {
		g->physical = all[count];
		if (is_ours(g->physical))
			return true;
	}
	return false;
}

/* lavapipe has one queue, which does everything. */
static void start_queue(struct gpu *g)
{
	static const char *const extensions[] = {
		VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME,
		VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME,
	};
	const float priority = 1;
	const VkDeviceQueueCreateInfo queue = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
		.queueCount = 1,
		.pQueuePriorities = &priority,
	};
	const VkDeviceCreateInfo device = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
		.queueCreateInfoCount = 1,
		.pQueueCreateInfos = &queue,
		.enabledExtensionCount = ARRAY_SIZE(extensions),
		.ppEnabledExtensionNames = extensions,
	};
	const VkCommandPoolCreateInfo pool = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
		.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
	};
	VkCommandBufferAllocateInfo commands = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
		.commandBufferCount = 1,
	};

	OK(vkCreateDevice(g->physical, &device, NULL, &g->device));
	vkGetDeviceQueue(g->device, 0, 0, &g->queue);
	OK(vkCreateCommandPool(g->device, &pool, NULL, &g->pool));
	commands.commandPool = g->pool;
	OK(vkAllocateCommandBuffers(g->device, &commands, &g->commands));
	g->fd_properties = (void *)vkGetDeviceProcAddr(g->device,
						       "vkGetMemoryFdPropertiesKHR");
	CHECK(g->fd_properties);
}

static bool start_gpu(struct gpu *g)
{
	const VkApplicationInfo application = {
		.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
		.apiVersion = VK_API_VERSION_1_1,
	};
	const VkInstanceCreateInfo instance = {
		.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
		.pApplicationInfo = &application,
	};

	if (vkCreateInstance(&instance, NULL, &g->instance))
		return false;
	if (!find_device(g)) {
		vkDestroyInstance(g->instance, NULL);
		return false;
	}
	start_queue(g);
	return true;
}

static void stop_gpu(struct gpu *g)
{
	vkDestroyCommandPool(g->device, g->pool, NULL);
	vkDestroyDevice(g->device, NULL);
	vkDestroyInstance(g->instance, NULL);
}

static void record(struct gpu *g)
{
	const VkCommandBufferBeginInfo begin = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
	};

	OK(vkBeginCommandBuffer(g->commands, &begin));
}

/* Submit the recorded commands, wait for their end, and make the result visible to the host */
static void execute(struct gpu *g)
{
	const VkMemoryBarrier barrier = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
		.srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT,
		.dstAccessMask = VK_ACCESS_HOST_READ_BIT,
	};
	const VkSubmitInfo submit = {
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
		.commandBufferCount = 1,
		.pCommandBuffers = &g->commands,
	};

	vkCmdPipelineBarrier(g->commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
			     VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0, NULL,
			     0, NULL);
	OK(vkEndCommandBuffer(g->commands));
	OK(vkQueueSubmit(g->queue, 1, &submit, VK_NULL_HANDLE));
	OK(vkQueueWaitIdle(g->queue));
}

/* ---- regions as its memory ---- */

struct buffer {
	int fd;			/* the region */
	int buf;		/* its dma-buf */
	__u32 *words;
	VkDeviceMemory memory;
	VkBuffer buffer;
};

static __u32 lowest_bit(__u32 bits)
{
	CHECK(bits);
	return __builtin_ctz(bits);
}

/* A dma-buf as memory of the device, which closes it, unless it fails */
static VkResult import_memory(struct gpu *g, int buf, __u32 types,
			      VkDeviceMemory *memory)
{
	VkMemoryFdPropertiesKHR properties = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_FD_PROPERTIES_KHR,
	};
	const VkImportMemoryFdInfoKHR import = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
		.handleType = DMABUF,
		.fd = buf,
	};
	VkMemoryAllocateInfo allocate = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
		.pNext = &import,
		.allocationSize = lseek(buf, 0, SEEK_END),
	};

	OK(g->fd_properties(g->device, DMABUF, buf, &properties));
	allocate.memoryTypeIndex = lowest_bit(types & properties.memoryTypeBits);
	return vkAllocateMemory(g->device, &allocate, NULL, memory);
}

static VkBuffer new_buffer(struct gpu *g, VkMemoryRequirements *needs)
{
	const VkExternalMemoryBufferCreateInfo external = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
		.handleTypes = DMABUF,
	};
	const VkBufferCreateInfo create = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.pNext = &external,
		.size = SIZE,
		.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
			 VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
			 VK_BUFFER_USAGE_TRANSFER_DST_BIT,
	};
	VkBuffer buffer;

	OK(vkCreateBuffer(g->device, &create, NULL, &buffer));
	vkGetBufferMemoryRequirements(g->device, buffer, needs);
	return buffer;
}

static void to_vulkan(struct gpu *g, struct buffer *b)
{
	VkMemoryRequirements needs;

	b->buffer = new_buffer(g, &needs);
	CHECK(needs.size <= SIZE);
	OK(import_memory(g, dup(b->buf), needs.memoryTypeBits, &b->memory));
	OK(vkBindBufferMemory(g->device, b->buffer, b->memory, 0));
}

static void from_vulkan(struct gpu *g, struct buffer *b)
{
	vkDestroyBuffer(g->device, b->buffer, NULL);
	vkFreeMemory(g->device, b->memory, NULL);
}

static void make_buffer(struct buffer *b, int dev)
{
	b->fd = create(dev, "", SIZE);
	CHECK(b->fd >= 0);
	b->buf = export_region(b->fd, 0);
	CHECK(b->buf >= 0);
	b->words = map_data(b->fd, SIZE, PROT_READ | PROT_WRITE);
	CHECK(b->words);
}

static void drop_buffer(struct buffer *b)
{
	munmap(b->words, SIZE);
	close(b->buf);
	close(b->fd);
}

/* The word of a place; another frame has another in every place. */
static __u32 word(__u32 i, __u32 frame)
{
	return (i + 1) * 0x01000193 ^ frame * 0x85ebca6b;
}

/* The shader's output */
static __u32 effect(__u32 i, __u32 w)
{
	return (w << 8 | w >> 24) ^ i * 0x9e3779b1;
}

static void write_frame(struct buffer *b, __u32 frame)
{
	__u32 i;

	CHECK(!cpu_access(b->buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE));
	for (i = 0; i < WORDS; i++)
		b->words[i] = word(i, frame);
	CHECK(!cpu_access(b->buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE));
}

/* The number of words of the region that differ from the expected ones */
#define WRONG_WORDS(b, expected) ({					\
	__u32 i, __wrong = 0;						\
	CHECK(!cpu_access((b)->buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ)); \
	for (i = 0; i < WORDS; i++)					\
		__wrong += (b)->words[i] != (__u32)(expected);		\
	CHECK(!cpu_access((b)->buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ)); \
	__wrong;							\
})

/* ---- the shader ---- */

struct pipeline {
	VkDescriptorSetLayout set_layout;
	VkPipelineLayout layout;
	VkPipeline pipeline;
	VkDescriptorPool pool;
	VkDescriptorSet set;
};

static void make_layouts(struct gpu *g, struct pipeline *p)
{
	VkDescriptorSetLayoutBinding bindings[2] = {
		{
			.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
			.descriptorCount = 1,
			.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
		},
	};
	const VkDescriptorSetLayoutCreateInfo set = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
		.bindingCount = ARRAY_SIZE(bindings),
		.pBindings = bindings,
	};
	const VkPipelineLayoutCreateInfo layout = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
		.setLayoutCount = 1,
		.pSetLayouts = &p->set_layout,
	};

	bindings[1] = bindings[0];
	bindings[1].binding = 1;
	OK(vkCreateDescriptorSetLayout(g->device, &set, NULL, &p->set_layout));
	OK(vkCreatePipelineLayout(g->device, &layout, NULL, &p->layout));
}

static void make_pipeline(struct gpu *g, struct pipeline *p)
{
	const VkShaderModuleCreateInfo module = {
		.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
		.codeSize = sizeof(shader),
		.pCode = shader,
	};
	VkComputePipelineCreateInfo create = {
		.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
		.stage = {
			.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
			.stage = VK_SHADER_STAGE_COMPUTE_BIT,
			.pName = "main",
		},
	};

	make_layouts(g, p);
	create.layout = p->layout;
	OK(vkCreateShaderModule(g->device, &module, NULL, &create.stage.module));
	OK(vkCreateComputePipelines(g->device, VK_NULL_HANDLE, 1, &create, NULL,
				    &p->pipeline));
	vkDestroyShaderModule(g->device, create.stage.module, NULL);
}

/* That the shader reads the one and writes the other */
static void bind_buffers(struct gpu *g, struct pipeline *p, VkBuffer from,
			 VkBuffer to)
{
	const VkDescriptorPoolSize size = { VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 2 };
	const VkDescriptorPoolCreateInfo pool = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
		.maxSets = 1,
		.poolSizeCount = 1,
		.pPoolSizes = &size,
	};
	VkDescriptorSetAllocateInfo allocate = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
		.descriptorSetCount = 1,
		.pSetLayouts = &p->set_layout,
	};
	const VkDescriptorBufferInfo buffers[] = {
		{ from, 0, VK_WHOLE_SIZE },
		{ to, 0, VK_WHOLE_SIZE },
	};
	VkWriteDescriptorSet write = {
		.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
		.descriptorCount = ARRAY_SIZE(buffers),
		.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
		.pBufferInfo = buffers,
	};

	OK(vkCreateDescriptorPool(g->device, &pool, NULL, &p->pool));
	allocate.descriptorPool = p->pool;
	OK(vkAllocateDescriptorSets(g->device, &allocate, &p->set));
	write.dstSet = p->set;
	vkUpdateDescriptorSets(g->device, 1, &write, 0, NULL);
}

static void drop_pipeline(struct gpu *g, struct pipeline *p)
{
	vkDestroyDescriptorPool(g->device, p->pool, NULL);
	vkDestroyPipeline(g->device, p->pipeline, NULL);
	vkDestroyPipelineLayout(g->device, p->layout, NULL);
	vkDestroyDescriptorSetLayout(g->device, p->set_layout, NULL);
}

static void dispatch(struct gpu *g, struct pipeline *p)
{
	record(g);
	vkCmdBindPipeline(g->commands, VK_PIPELINE_BIND_POINT_COMPUTE,
			  p->pipeline);
	vkCmdBindDescriptorSets(g->commands, VK_PIPELINE_BIND_POINT_COMPUTE,
				p->layout, 0, 1, &p->set, 0, NULL);
	vkCmdDispatch(g->commands, WORDS / GROUP, 1, 1);
	execute(g);
}

/* ---- tests ---- */

FIXTURE(vulkan)
{
	int dev;
	struct gpu gpu;
	struct buffer a, b;
};

FIXTURE_SETUP(vulkan)
{
	if (!start_gpu(&self->gpu))
		return;
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	make_buffer(&self->a, self->dev);
	make_buffer(&self->b, self->dev);
	to_vulkan(&self->gpu, &self->a);
	to_vulkan(&self->gpu, &self->b);
}

FIXTURE_TEARDOWN(vulkan)
{
	if (!self->dev)
		return;
	from_vulkan(&self->gpu, &self->b);
	from_vulkan(&self->gpu, &self->a);
	stop_gpu(&self->gpu);
	drop_buffer(&self->b);
	drop_buffer(&self->a);
	close(self->dev);
}

TEST_F_TIMEOUT(vulkan, every_word_is_filled, SECONDS)
{
	struct gpu *g = &self->gpu;

	NEED_VULKAN();
	record(g);
	vkCmdFillBuffer(g->commands, self->a.buffer, 0, VK_WHOLE_SIZE, 0x12345678);
	execute(g);
	EXPECT_EQ(0, WRONG_WORDS(&self->a, 0x12345678));
	EXPECT_EQ(0, WRONG_WORDS(&self->b, 0));
}

/* A copy that is brought back as a whole would undo what the CPU has done. */
TEST_F_TIMEOUT(vulkan, only_the_words_asked_for_are_filled, SECONDS)
{
	struct gpu *g = &self->gpu;

	NEED_VULKAN();
	record(g);
	vkCmdFillBuffer(g->commands, self->a.buffer, 4, 4, 1);
	execute(g);
	write_frame(&self->a, 1);
	record(g);
	vkCmdFillBuffer(g->commands, self->a.buffer, PAGE + 8, PAGE, 2);
	execute(g);
	EXPECT_EQ(0, WRONG_WORDS(&self->a, i * 4 - (PAGE + 8) < PAGE ?
						   2 : word(i, 1)));
}

TEST_F_TIMEOUT(vulkan, a_region_is_copied_into_another, SECONDS)
{
	const VkBufferCopy all = { .size = SIZE };
	struct gpu *g = &self->gpu;
	__u32 frame;

	NEED_VULKAN();
	for (frame = 1; frame <= 3; frame++) {
		write_frame(&self->a, frame);
		record(g);
		vkCmdCopyBuffer(g->commands, self->a.buffer, self->b.buffer, 1,
				&all);
		execute(g);
		EXPECT_EQ(0, WRONG_WORDS(&self->b, word(i, frame)));
	}
}

TEST_F_TIMEOUT(vulkan, from_a_region_through_a_shader_into_another, SECONDS)
{
	struct pipeline p;
	__u32 frame;

	NEED_VULKAN();
	make_pipeline(&self->gpu, &p);
	bind_buffers(&self->gpu, &p, self->a.buffer, self->b.buffer);
	for (frame = 1; frame <= 3; frame++) {
		write_frame(&self->a, frame);
		dispatch(&self->gpu, &p);
		EXPECT_EQ(0, WRONG_WORDS(&self->b, effect(i, word(i, frame))));
		EXPECT_EQ(0, WRONG_WORDS(&self->a, word(i, frame)));
	}
	drop_pipeline(&self->gpu, &p);
}

/* ---- images ---- */

#define WIDTH	256
#define HEIGHT	128

static VkImage new_image(struct gpu *g, VkMemoryRequirements *needs)
{
	const VkExternalMemoryImageCreateInfo external = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO,
		.handleTypes = DMABUF,
	};
	const VkImageCreateInfo create = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
		.pNext = &external,
		.imageType = VK_IMAGE_TYPE_2D,
		.format = VK_FORMAT_B8G8R8A8_UNORM,
		.extent = { WIDTH, HEIGHT, 1 },
		.mipLevels = 1,
		.arrayLayers = 1,
		.samples = VK_SAMPLE_COUNT_1_BIT,
		.tiling = VK_IMAGE_TILING_LINEAR,
		.usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT |
			 VK_IMAGE_USAGE_TRANSFER_DST_BIT,
	};
	VkImage image;

	OK(vkCreateImage(g->device, &create, NULL, &image));
	vkGetImageMemoryRequirements(g->device, image, needs);
	return image;
}

static const VkImageSubresourceRange whole = {
	.aspectMask = VK_IMAGE_ASPECT_COLOR_BIT,
	.levelCount = 1,
	.layerCount = 1,
};

static VkSubresourceLayout layout_of(struct gpu *g, VkImage image)
{
	const VkImageSubresource first = {
		.aspectMask = VK_IMAGE_ASPECT_COLOR_BIT,
	};
	VkSubresourceLayout layout;

	vkGetImageSubresourceLayout(g->device, image, &first, &layout);
	return layout;
}

/* Without losing the content */
static void use_image(struct gpu *g, VkImage image)
{
	const VkImageMemoryBarrier barrier = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
		.dstAccessMask = VK_ACCESS_MEMORY_READ_BIT |
				 VK_ACCESS_MEMORY_WRITE_BIT,
		.oldLayout = VK_IMAGE_LAYOUT_PREINITIALIZED,
		.newLayout = VK_IMAGE_LAYOUT_GENERAL,
		.srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
		.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
		.image = image,
		.subresourceRange = whole,
	};

	vkCmdPipelineBarrier(g->commands, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT,
			     VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 0, NULL, 0,
			     NULL, 1, &barrier);
}

FIXTURE(vulkan_image)
{
	int dev;
	struct gpu gpu;
	struct buffer picture;	/* imported as an image */
	struct buffer other;
	VkDeviceMemory memory;
	VkImage image;
};

FIXTURE_SETUP(vulkan_image)
{
	struct gpu *g = &self->gpu;
	VkMemoryRequirements needs;

	if (!start_gpu(g))
		return;
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	make_buffer(&self->picture, self->dev);
	make_buffer(&self->other, self->dev);
	to_vulkan(g, &self->other);
	self->image = new_image(g, &needs);
	ASSERT_LE(needs.size, SIZE);
	OK(import_memory(g, dup(self->picture.buf), needs.memoryTypeBits,
			 &self->memory));
	OK(vkBindImageMemory(g->device, self->image, self->memory, 0));
	ASSERT_EQ(WIDTH * 4, layout_of(g, self->image).rowPitch);
	ASSERT_EQ(0, layout_of(g, self->image).offset);
}

FIXTURE_TEARDOWN(vulkan_image)
{
	if (!self->dev)
		return;
	vkDestroyImage(self->gpu.device, self->image, NULL);
	vkFreeMemory(self->gpu.device, self->memory, NULL);
	from_vulkan(&self->gpu, &self->other);
	stop_gpu(&self->gpu);
	drop_buffer(&self->other);
	drop_buffer(&self->picture);
	close(self->dev);
}

TEST_F_TIMEOUT(vulkan_image, every_pixel_is_cleared, SECONDS)
{
	const VkClearColorValue colour = {
		.float32 = { 0x34 / 255.0, 0x56 / 255.0, 0x78 / 255.0,
			     0x12 / 255.0 },
	};
	struct gpu *g = &self->gpu;

	NEED_VULKAN();
	write_frame(&self->picture, 1);
	record(g);
	use_image(g, self->image);
	vkCmdClearColorImage(g->commands, self->image, VK_IMAGE_LAYOUT_GENERAL,
			     &colour, 1, &whole);
	execute(g);
	EXPECT_EQ(0, WRONG_WORDS(&self->picture, i < WIDTH * HEIGHT ?
							 0x12345678 : word(i, 1)));
}

TEST_F_TIMEOUT(vulkan_image, every_pixel_is_read, SECONDS)
{
	const VkBufferImageCopy all = {
		.imageSubresource = {
			.aspectMask = VK_IMAGE_ASPECT_COLOR_BIT,
			.layerCount = 1,
		},
		.imageExtent = { WIDTH, HEIGHT, 1 },
	};
	struct gpu *g = &self->gpu;
	__u32 frame;

	NEED_VULKAN();
	for (frame = 1; frame <= 3; frame++) {
		write_frame(&self->picture, frame);
		record(g);
		use_image(g, self->image);
		vkCmdCopyImageToBuffer(g->commands, self->image,
				       VK_IMAGE_LAYOUT_GENERAL,
				       self->other.buffer, 1, &all);
		execute(g);
		EXPECT_EQ(0, WRONG_WORDS(&self->other, i < WIDTH * HEIGHT ?
							       word(i, frame) : 0));
	}
}

/* ---- whose memory it is ---- */

TEST_F_TIMEOUT(vulkan, nothing_is_there_twice, SECONDS)
{
	struct gpu *g = &self->gpu;

	NEED_VULKAN();
	write_frame(&self->a, 1);
	record(g);
	vkCmdFillBuffer(g->commands, self->b.buffer, 0, VK_WHOLE_SIZE, 1);
	execute(g);
	EXPECT_EQ(1, other_mappings(self->a.words));
	EXPECT_EQ(1, other_mappings(self->b.words));
	EXPECT_EQ(SIZE, info(self->a.fd).resident);
	EXPECT_EQ(SIZE, info(self->b.fd).resident);
	/* a software renderer is not a device */
	EXPECT_EQ(0, info(self->a.fd).attachments);
}

TEST_F_TIMEOUT(vulkan, memory_outlives_its_region, SECONDS)
{
	const VkBufferCopy all = { .size = SIZE };
	struct gpu *g = &self->gpu;
	struct buffer gone;
	__u64 bytes;

	NEED_VULKAN();
	bytes = query(self->dev).user_bytes;
	make_buffer(&gone, self->dev);
	write_frame(&gone, 1);
	to_vulkan(g, &gone);
	drop_buffer(&gone);
	/* only the device has it now, and it is still valid memory */
	EXPECT_EQ(bytes + SIZE, query(self->dev).user_bytes);
	record(g);
	vkCmdCopyBuffer(g->commands, gone.buffer, self->b.buffer, 1, &all);
	execute(g);
	EXPECT_EQ(0, WRONG_WORDS(&self->b, word(i, 1)));
	from_vulkan(g, &gone);
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_bytes == bytes));
}

/* The device's process has the dma-buf, and the waiting one the region. */
TEST_F_TIMEOUT(vulkan, what_is_filled_is_seen_by_another_process, SECONDS)
{
	struct gpu *g = &self->gpu;
	pid_t viewer;

	NEED_VULKAN();
	viewer = spawn();
	if (!viewer) {
		CHECK(!wait_until(self->b.fd, patience()));
		CHECK(!WRONG_WORDS(&self->b, 5));
		_exit(0);
	}
	record(g);
	vkCmdFillBuffer(g->commands, self->b.buffer, 0, VK_WHOLE_SIZE, 5);
	execute(g);
	EXPECT_EQ(0, notify(self->b.fd));
	EXPECT_EQ(0, reap(viewer));
}

TEST_F_TIMEOUT(vulkan, a_read_only_buffer_is_refused, SECONDS)
{
	VkMemoryRequirements needs;
	VkDeviceMemory memory;
	VkBuffer buffer;
	int buf;

	NEED_VULKAN();
	buf = export_region(self->a.fd, ZINC_RDONLY);
	ASSERT_LE(0, buf);
	buffer = new_buffer(&self->gpu, &needs);
	EXPECT_GT(0, import_memory(&self->gpu, buf, needs.memoryTypeBits,
				   &memory));
	vkDestroyBuffer(self->gpu.device, buffer, NULL);
	close(buf);
}

TEST_HARNESS_MAIN
