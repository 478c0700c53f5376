// SPDX-License-Identifier: MIT
/*
 * The file systems that describe the GPUs of this machine.
 */
#include "core/internal.h"
#include "lock/gpu.h"

struct zinc_gpu_machine zinc_gpu_machine = { ZINC_SYSFS, ZINC_PROC, "/dev" };
