// SPDX-License-Identifier: GPL-2.0-only
// The shader of gpu_vulkan.c: one region's words, changed, into another.
#version 450

layout(local_size_x = 64) in;
layout(set = 0, binding = 0) readonly buffer From { uint from[]; };
layout(set = 0, binding = 1) writeonly buffer To { uint to[]; };

void main()
{
	uint i = gl_GlobalInvocationID.x;

	to[i] = (from[i] << 8 | from[i] >> 24) ^ i * 0x9e3779b1u;
}
