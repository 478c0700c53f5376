/* SPDX-License-Identifier: GPL-2.0-only */
/* A message from a writer in one language to a reader in another: CASES.md describes it. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MESSAGE_WORDS 16

struct message {
	uint64_t sequence;
	uint8_t a;
	uint16_t b;
	uint32_t c;
	uint64_t d;
	float e;
	double f;
	uint32_t g[MESSAGE_WORDS];
	uint32_t checksum;
};

_Static_assert(offsetof(struct message, f) == 32, "padding before f");
_Static_assert(offsetof(struct message, checksum) == 104, "checksum");
_Static_assert(sizeof(struct message) == 112, "size");

static inline uint32_t message_checksum(const struct message *message)
{
	const uint8_t *bytes = (const uint8_t *)message;
	uint32_t hash = 2166136261U;
	size_t i;

	for (i = 0; i < offsetof(struct message, checksum); i++)
		hash = (hash ^ bytes[i]) * 16777619U;
	return hash;
}

static inline void message_fill(struct message *message, uint64_t s)
{
	int i;

	memset(message, 0, sizeof(*message));
	message->sequence = s;
	message->a = s * 7;
	message->b = s * 257;
	message->c = s * 2654435761U;
	message->d = s * 0x9E3779B97F4A7C15ULL;
	message->e = s * 0.5F;
	message->f = s * -0.125;
	for (i = 0; i < MESSAGE_WORDS; i++)
		message->g[i] = s * 31 + i * 17;
	message->checksum = message_checksum(message);
}

#endif /* MESSAGE_H */
