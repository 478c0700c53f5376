// SPDX-License-Identifier: MIT
/*
 * The GPUs that a program sees under the visibility variables, and their numbers.
 *
 * CUDA_VISIBLE_DEVICES: the CUDA Programming Guide, "CUDA Environment Variables":
 * indices, or unambiguous beginnings of UUIDs, or one MIG instance; the list
 * determines the new numbers, and ends before the first invalid entry; an empty
 * value hides all. The guide does not define the rest, which is as PyTorch found and
 * tests it (torch/cuda/__init__.py): characters after the digits are ignored, a list
 * of one kind ends at an entry of the other, and a list with a duplicate shows none.
 *
 * ROCR_VISIBLE_DEVICES: RvdFilter in ROCr's amd_filter_device.cpp: indices in the
 * notation of C, or GPU- and the beginning of a unique ID, in upper or lower case;
 * the list ends before an invalid or ambiguous entry, and before a duplicate. An
 * empty value hides all.
 *
 * HIP_VISIBLE_DEVICES, or CUDA_VISIBLE_DEVICES if that is unset or empty:
 * Device::init() in the rocclr of github.com/ROCm/clr: numbers of the GPUs that ROCr
 * shows, without a sign or leading zeros, or GPU- and a piece of a unique ID; the
 * list ends before an invalid entry, and a duplicate is ignored. An empty value
 * hides nothing.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lock/gpu.h"

#define ROCR_LEAST	5	/* characters of a UUID */
#define ROCR_MOST	20

/**
 * zinc_shown_gpus() - count the whole GPUs of a list
 * @list: list
 *
 * Return: their number; they precede the partitions.
 */
size_t zinc_shown_gpus(const struct zinc_shown_list *list)
{
	size_t n = 0;

	while (n < list->count && list->gpu[n].parent < 0)
		n++;
	return n;
}

/* MIG-GPU-UUID/GI/CI, the name of a partition in drivers before 470 */
static bool is_old_mig(const struct zinc_shown_list *list,
		       const struct zinc_shown *part, const char *uuid,
		       size_t length)
{
	const char *gpu, *slash = memchr(uuid, '/', length);
	size_t gpu_length;
	char *end;

	if (length < 8 || strncasecmp(uuid, "MIG-GPU-", 8) || !slash ||
	    part->parent < 0)
		return false;
	gpu = list->gpu[part->parent].uuid;
	gpu_length = strlen(gpu);
	if ((size_t)(slash - uuid) - 4 != gpu_length ||
	    strncasecmp(uuid + 4, gpu, gpu_length))
		return false;
	if (strtoul(slash + 1, &end, 10) != part->gi || *end != '/')
		return false;
	return strtoul(end + 1, &end, 10) == part->ci && end == uuid + length;
}

/**
 * zinc_shown_by_uuid() - find a GPU or partition by the beginning of its UUID
 * @list: list
 * @uuid: GPU-..., MIG-...
 * @length: characters of @uuid
 *
 * Return: its index; -1 if there is none, or more than one.
 */
int zinc_shown_by_uuid(const struct zinc_shown_list *list, const char *uuid,
		       size_t length)
{
	int found = -1;
	size_t i;

	for (i = 0; i < list->count; i++) {
		const struct zinc_shown *gpu = &list->gpu[i];

		if (strlen(gpu->uuid) < length ||
		    strncasecmp(gpu->uuid, uuid, length)) {
			if (!is_old_mig(list, gpu, uuid, length))
				continue;
		}
		if (found >= 0)
			return -1;
		found = (int)i;
	}
	return found;
}

/* Get the next entry of a list, without surrounding spaces; false at the end */
static bool next_token(const char **at, const char **token, size_t *length)
{
	const char *from = *at;

	if (!from)
		return false;
	*length = strcspn(from, ",");
	*at = from[*length] ? from + *length + 1 : NULL;
	while (*length && isspace((unsigned char)from[0])) {
		from++;
		(*length)--;
	}
	while (*length && isspace((unsigned char)from[*length - 1]))
		(*length)--;
	*token = from;
	return true;
}

static bool begins(const char *token, size_t length, const char *with)
{
	return length >= strlen(with) && !strncmp(token, with, strlen(with));
}

static bool is_in(const uint32_t *list, int count, uint32_t one)
{
	int i;

	for (i = 0; i < count; i++)
		if (list[i] == one)
			return true;
	return false;
}

static int all_of(size_t count, uint32_t *out)
{
	size_t i;

	for (i = 0; i < count; i++)
		out[i] = (uint32_t)i;
	return (int)count;
}

/* Parse a leading number, without a sign; -1 if there is none */
static long leading_number(const char *token, size_t length)
{
	char *end;
	long number;

	if (!length || !(isdigit((unsigned char)token[0]) || token[0] == '+' ||
			 token[0] == '-'))
		return -1;
	number = strtol(token, &end, 10);
	return end == token ? -1 : number;
}

/**
 * zinc_visible_cuda() - apply CUDA_VISIBLE_DEVICES
 * @value: of CUDA_VISIBLE_DEVICES; NULL if it is not set
 * @list: NVIDIA's GPUs, in CUDA's order, and their parts
 * @ordered: whether that order is known
 * @out: gets indices in @list, by CUDA's number
 *
 * Return: their number; ZINC_ORDER_UNKNOWN if the result depends on the order.
 */
int zinc_visible_cuda(const char *value, const struct zinc_shown_list *list,
		      bool ordered, uint32_t *out)
{
	enum { NUMBERS, UUIDS, MIG } kind, first = NUMBERS;
	long gpus = (long)zinc_shown_gpus(list), n;
	const char *token;
	size_t length;
	int count = 0;

	if (!value)
		return ordered ? all_of((size_t)gpus, out) : ZINC_ORDER_UNKNOWN;
	while (next_token(&value, &token, &length)) {
		kind = begins(token, length, "GPU-") ? UUIDS :
		       begins(token, length, "MIG-") ? MIG : NUMBERS;
		if (!count)
			first = kind;
		if (kind != first)
			break;
		if (kind == NUMBERS)
			n = leading_number(token, length);
		else
			n = zinc_shown_by_uuid(list, token, length);
		if (n < 0 || (kind == NUMBERS && n >= gpus))
			break;
		if (kind == NUMBERS && !ordered)
			return ZINC_ORDER_UNKNOWN;
		if (is_in(out, count, (uint32_t)n))
			return 0;
		out[count++] = (uint32_t)n;
		if (kind == MIG)
			break;
	}
	return count;
}

static int rocr_token(const struct zinc_shown_list *list, const char *token,
		      size_t length)
{
	char *end;
	long n;

	if (length && toupper((unsigned char)token[0]) == 'G') {
		if (length < ROCR_LEAST || length > ROCR_MOST)
			return -1;
		return zinc_shown_by_uuid(list, token, length);
	}
	n = length ? strtol(token, &end, 0) : -1;
	if (n < 0 || end != token + length || (size_t)n >= list->count)
		return -1;
	return (int)n;
}

/**
 * zinc_visible_rocr() - apply ROCR_VISIBLE_DEVICES
 * @value: of ROCR_VISIBLE_DEVICES; NULL if it is not set
 * @list: AMD's GPUs, in ROCr's order
 * @out: gets indices in @list, by ROCr's number
 *
 * Return: how many.
 */
int zinc_visible_rocr(const char *value, const struct zinc_shown_list *list,
		      uint32_t *out)
{
	const char *token;
	size_t length;
	int count = 0, n;

	if (!value)
		return all_of(list->count, out);
	while ((size_t)count < list->count &&
	       next_token(&value, &token, &length)) {
		n = rocr_token(list, token, length);
		if (n < 0 || is_in(out, count, (uint32_t)n))
			break;
		out[count++] = (uint32_t)n;
	}
	return count;
}

/* Find the first GPU whose unique ID contains the text, or parse a number */
static int hip_token(const struct zinc_shown_list *list, const uint32_t *seen,
		     int count, const char *token, size_t length)
{
	char text[ZINC_UUID_SIZE];
	size_t i;
	long n;

	if (!length || length >= sizeof(text))
		return -1;
	memcpy(text, token, length);
	text[length] = '\0';
	for (i = 0; strstr(text, "GPU-") && i < (size_t)count; i++)
		if (strstr(list->gpu[seen[i]].uuid, text))
			return (int)i;
	if (strspn(text, "0123456789") != length || length > 9 ||
	    (text[0] == '0' && length > 1))
		return -1;
	n = strtol(text, NULL, 10);
	return n < count ? (int)n : -1;
}

/**
 * zinc_visible_hip() - apply HIP_VISIBLE_DEVICES to the result
 * @value: of HIP_VISIBLE_DEVICES; NULL or empty hides nothing
 * @list: AMD's GPUs, in ROCr's order
 * @out: indices in @list, by ROCr's number; gets them by HIP's number
 * @count: number of GPUs that ROCr shows
 *
 * Return: how many.
 */
int zinc_visible_hip(const char *value, const struct zinc_shown_list *list,
		     uint32_t *out, int count)
{
	uint32_t seen[ZINC_SHOWN_MAX];
	const char *from, *token;
	int shown = 0, n;
	size_t length;

	if (!value || !value[0])
		return count;
	memcpy(seen, out, (size_t)count * sizeof(*seen));
	while (value && *value) {
		/* spaces are part of an entry here */
		from = value;
		length = strcspn(from, ",");
		token = from;
		value = from[length] ? from + length + 1 : NULL;
		n = hip_token(list, seen, count, token, length);
		if (n < 0)
			break;
		if (!is_in(out, shown, seen[n]))
			out[shown++] = seen[n];
	}
	return shown;
}
