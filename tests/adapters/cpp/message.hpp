// SPDX-License-Identifier: GPL-2.0-only
// What a writer in one language tells a reader in another; CASES.md has it in words.
#ifndef MESSAGE_HPP
#define MESSAGE_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

struct Message {
	std::uint64_t sequence;
	std::uint8_t a;
	std::uint16_t b;
	std::uint32_t c;
	std::uint64_t d;
	float e;
	double f;
	std::array<std::uint32_t, 16> g;
	std::uint32_t checksum;
};

static_assert(offsetof(Message, f) == 32 && offsetof(Message, checksum) == 104);
static_assert(sizeof(Message) == 112);

using MessageBytes = std::array<unsigned char, sizeof(Message)>;

// FNV-1a
inline std::uint32_t checksum(const MessageBytes &bytes)
{
	std::uint32_t hash = 2166136261U;

	for (std::size_t i = 0; i < offsetof(Message, checksum); i++)
		hash = (hash ^ bytes[i]) * 16777619U;
	return hash;
}

// As bytes: an assignment of the struct need not copy the padding
inline MessageBytes message(std::uint64_t s)
{
	MessageBytes bytes{};
	Message fields;

	std::memset(static_cast<void *>(&fields), 0, sizeof(fields));
	fields.sequence = s;
	fields.a = static_cast<std::uint8_t>(s * 7);
	fields.b = static_cast<std::uint16_t>(s * 257);
	fields.c = static_cast<std::uint32_t>(s * 2654435761U);
	fields.d = s * 0x9E3779B97F4A7C15U;
	fields.e = static_cast<float>(static_cast<double>(s) * 0.5);
	fields.f = static_cast<double>(s) * -0.125;
	for (std::size_t i = 0; i < fields.g.size(); i++)
		fields.g[i] = static_cast<std::uint32_t>(s * 31 + i * 17);
	std::memcpy(bytes.data(), &fields, sizeof(fields));
	fields.checksum = checksum(bytes);
	std::memcpy(bytes.data(), &fields, sizeof(fields));
	return bytes;
}

#endif // MESSAGE_HPP
