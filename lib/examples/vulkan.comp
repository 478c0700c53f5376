// SPDX-License-Identifier: MIT
// The negative of a picture, 32 bits a pixel: the shader of vulkan.c
#version 450

layout(local_size_x = 64) in;
layout(binding = 0) buffer Words { uint words[]; } region[2];

void main()
{
	uint i = gl_GlobalInvocationID.x;

	region[1].words[i] = ~region[0].words[i];
}
