// SPDX-License-Identifier: MIT
/*
 * A picture from one region through a compute shader into another, by Vulkan.
 *
 *	vulkan FROM TO
 *
 * Both regions are there, and of one size. After each notify of FROM the shader
 * writes its negative to TO, and TO is notified; nothing is copied. A signal ends
 * it; what it has is the kernel's to clean up.
 *
 *	glslangValidator -V --vn shader -o vulkan.spv.h vulkan.comp
 *	cc vulkan.c -o vulkan $(pkg-config --cflags --libs zinc-kmod vulkan)
 */
#include <err.h>
#include <stdbool.h>

#include <vulkan/vulkan.h>
#include <zinc.h>

#include "vulkan.spv.h"		/* shader: the words of vulkan.comp */

#define DMABUF	VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT
#define BUFFER	VK_DESCRIPTOR_TYPE_STORAGE_BUFFER
/* A structure of Vulkan, which begins with its type */
#define VK(type, ...)	{ .sType = VK_STRUCTURE_TYPE_##type, __VA_ARGS__ }

static VkDevice device;
static VkQueue queue;
static VkCommandBuffer commands;

static void must(bool done, const char *what)
{
	if (!done)
		errx(1, "%s", what);
}

/* The first device that can import a dma-buf, and its first queue */
static void find_device(void)
{
	static const char *const names[] = { "VK_KHR_external_memory_fd",
		"VK_EXT_external_memory_dma_buf", "VK_KHR_push_descriptor" };
	VkApplicationInfo app = VK(APPLICATION_INFO, .apiVersion = VK_API_VERSION_1_1);
	VkInstanceCreateInfo start = VK(INSTANCE_CREATE_INFO, .pApplicationInfo = &app);
	VkDeviceQueueCreateInfo first = VK(DEVICE_QUEUE_CREATE_INFO, .queueCount = 1,
		.pQueuePriorities = (float[]) { 1 });
	VkDeviceCreateInfo create = VK(DEVICE_CREATE_INFO, .ppEnabledExtensionNames = names,
		.enabledExtensionCount = 3, .queueCreateInfoCount = 1, .pQueueCreateInfos = &first);
	VkPhysicalDevice all[8];
	uint32_t i = 0, count = 8;
	VkInstance instance;

	must(!vkCreateInstance(&start, NULL, &instance) &&
	     vkEnumeratePhysicalDevices(instance, &count, all) >= 0, "no Vulkan 1.1");
	while (i < count && vkCreateDevice(all[i], &create, NULL, &device))
		i++;
	must(i < count, "no device of Vulkan imports dma-bufs");
	vkGetDeviceQueue(device, 0, 0, &queue);
}

/* A buffer whose memory is the region's */
static VkBuffer import_region(zinc_handle region)
{
	PFN_vkGetMemoryFdPropertiesKHR get_fd_properties =
		(void *)vkGetDeviceProcAddr(device, "vkGetMemoryFdPropertiesKHR");
	VkExternalMemoryBufferCreateInfo external = VK(EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
		.handleTypes = DMABUF);
	VkBufferCreateInfo create = VK(BUFFER_CREATE_INFO, .pNext = &external,
		.size = zinc_capacity(region), .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
	VkImportMemoryFdInfoKHR import = VK(IMPORT_MEMORY_FD_INFO_KHR,
		.handleType = DMABUF, .fd = zinc_export_dmabuf(region, 0));
	VkMemoryAllocateInfo allocate = VK(MEMORY_ALLOCATE_INFO, .pNext = &import,
		.allocationSize = zinc_capacity(region));
	VkMemoryFdPropertiesKHR suits = VK(MEMORY_FD_PROPERTIES_KHR);
	VkMemoryRequirements needs;
	VkDeviceMemory memory;
	VkBuffer buffer;

	must(import.fd >= 0, zinc_strerror(import.fd));
	must(!vkCreateBuffer(device, &create, NULL, &buffer), "no buffer of that size");
	vkGetBufferMemoryRequirements(device, buffer, &needs);
	must(!get_fd_properties(device, DMABUF, import.fd, &suits), "it is no such memory");
	suits.memoryTypeBits &= needs.memoryTypeBits;
	must(suits.memoryTypeBits, "the device has no use for such memory");
	allocate.memoryTypeIndex = __builtin_ctz(suits.memoryTypeBits);
	must(!vkAllocateMemory(device, &allocate, NULL, &memory) && /* closes the dma-buf */
	     !vkBindBufferMemory(device, buffer, memory, 0), "the dma-buf is not taken");
	return buffer;
}

/* Commands that run the shader, to be submitted as often as one likes */
static void record(VkBuffer from, VkBuffer to, size_t size)
{
	PFN_vkCmdPushDescriptorSetKHR push_descriptors =
		(void *)vkGetDeviceProcAddr(device, "vkCmdPushDescriptorSetKHR");
	VkDescriptorSetLayoutBinding regions = { 0, BUFFER, 2, VK_SHADER_STAGE_COMPUTE_BIT, NULL };
	VkDescriptorSetLayoutCreateInfo set = VK(DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
		.flags = VK_DESCRIPTOR_SET_LAYOUT_CREATE_PUSH_DESCRIPTOR_BIT_KHR,
		.bindingCount = 1, .pBindings = &regions);
	VkDescriptorSetLayout sets;
	VkPipelineLayoutCreateInfo layout = VK(PIPELINE_LAYOUT_CREATE_INFO,
		.setLayoutCount = 1, .pSetLayouts = &sets);
	VkShaderModuleCreateInfo code = VK(SHADER_MODULE_CREATE_INFO,
		.codeSize = sizeof(shader), .pCode = shader);
	VkComputePipelineCreateInfo create = VK(COMPUTE_PIPELINE_CREATE_INFO,
		.stage = VK(PIPELINE_SHADER_STAGE_CREATE_INFO, .pName = "main",
			    .stage = VK_SHADER_STAGE_COMPUTE_BIT));
	VkCommandBufferAllocateInfo one = VK(COMMAND_BUFFER_ALLOCATE_INFO, .commandBufferCount = 1);
	VkCommandBufferBeginInfo begin = VK(COMMAND_BUFFER_BEGIN_INFO);
	VkCommandPoolCreateInfo pool = VK(COMMAND_POOL_CREATE_INFO);
	VkDescriptorBufferInfo buffers[] = { { from, 0, size }, { to, 0, size } };
	VkWriteDescriptorSet write = VK(WRITE_DESCRIPTOR_SET, .descriptorCount = 2,
		.descriptorType = BUFFER, .pBufferInfo = buffers);
	VkMemoryBarrier barrier = VK(MEMORY_BARRIER, .dstAccessMask = VK_ACCESS_HOST_READ_BIT,
		.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT);
	VkPipeline pipeline;

	must(!vkCreateDescriptorSetLayout(device, &set, NULL, &sets) &&
	     !vkCreatePipelineLayout(device, &layout, NULL, &create.layout) &&
	     !vkCreateShaderModule(device, &code, NULL, &create.stage.module) &&
	     !vkCreateComputePipelines(device, NULL, 1, &create, NULL, &pipeline) &&
	     !vkCreateCommandPool(device, &pool, NULL, &one.commandPool) &&
	     !vkAllocateCommandBuffers(device, &one, &commands) &&
	     !vkBeginCommandBuffer(commands, &begin), "the shader cannot be set up");
	vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
	push_descriptors(commands, VK_PIPELINE_BIND_POINT_COMPUTE, create.layout, 0, 1, &write);
	vkCmdDispatch(commands, size / 4 / 64, 1, 1);	/* 64 words a group */
	vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
			     VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0, NULL, 0, NULL);
	must(!vkEndCommandBuffer(commands), "the commands cannot be recorded");
}

int main(int argc, char **argv)
{
	VkSubmitInfo job = VK(SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &commands);
	zinc_handle from, to;

	must(argc == 3, "usage: vulkan FROM TO");
	must(!zinc_open(argv[1], &from) && !zinc_open(argv[2], &to), "no such region");
	must(zinc_capacity(from) == zinc_capacity(to), "the regions differ in size");
	find_device();
	record(import_region(from), import_region(to), zinc_capacity(to));
	while (!zinc_wait(from, ZINC_WAIT_FOREVER)) {
		must(!vkQueueSubmit(queue, 1, &job, NULL) && !vkQueueWaitIdle(queue),
		     "the device has failed");
		/* it has been written before anyone is told */
		zinc_notify(to);
	}
	return 0;
}
