// SPDX-License-Identifier: GPL-2.0-only
// Writer and reader in C++, for the matrix of languages; CASES.md says what they do.
#include <atomic>
#include <cstring>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "message.hpp"
#include "zinc.hpp"

using zinc::SharedRegion;

namespace
{

constexpr std::size_t page = 65536;
constexpr std::uint32_t patience = 60000;

[[noreturn]] void fail(const char *what, std::uint64_t s)
{
	throw std::runtime_error(std::string(what) + ", message " + std::to_string(s));
}

void say(const std::string &text)
{
	std::cout << text << std::endl;
}

std::atomic_ref<std::uint64_t> sequence_of(const SharedRegion &region)
{
	return std::atomic_ref(*region.as_object<std::uint64_t>());
}

void write_all(const SharedRegion &data, const SharedRegion &ack, std::uint64_t count)
{
	const auto seen = sequence_of(ack);

	say("ready");
	for (std::uint64_t s = 1; s <= count; s++) {
		const auto bytes = message(s);

		std::memcpy(data.data(), bytes.data(), bytes.size());
		data.notify();
		while (seen.load() != s) {
			if (!ack.wait(patience))
				fail("the reader does not answer", s);
		}
	}
}

void await_message(const SharedRegion &data, std::uint64_t s)
{
	const auto sequence = sequence_of(data);
	std::uint64_t got;

	do {
		if (!data.wait(patience))
			fail("nothing comes", s);
		got = sequence.load();
		if (got != s && got != s - 1)
			fail("out of order", s);
	} while (got != s);
}

void read_all(const SharedRegion &data, const SharedRegion &ack, std::uint64_t count)
{
	const auto seen = sequence_of(ack);

	for (std::uint64_t s = 1; s <= count; s++) {
		await_message(data, s);
		const auto want = message(s);

		if (std::memcmp(data.cdata(), want.data(), want.size()))
			fail("torn, or not as it should be", s);
		seen.store(s);
		ack.notify();
	}
}

void hold(const std::string &name)
{
	const auto region = SharedRegion::create(name, page);

	say("ready");
	for (;;)
		region.wait(ZINC_WAIT_FOREVER);
}

void await_end(const std::string &name)
{
	const auto region = SharedRegion::open(name);

	say("ready");
	try {
		region.wait(patience, zinc::or_gone);
	} catch (const zinc::RegionGone &) {
		return;
	}
	throw std::runtime_error("its creator is not gone");
}

void obey(const std::string &line)
{
	std::istringstream words(line);
	std::string order, name;
	std::uint64_t count = 0;

	words >> order >> name >> count;
	if (!words)
		throw std::runtime_error("no such order");
	if (order == "write") {
		const auto data = SharedRegion::create(name, page);
		const auto ack = SharedRegion::create(name + "-ack", page);

		write_all(data, ack, count);
	} else if (order == "read") {
		const auto data = SharedRegion::open(name);
		const auto ack = SharedRegion::open(name + "-ack");

		read_all(data, ack, count);
	} else if (order == "hold") {
		hold(name);
	} else if (order == "gone") {
		await_end(name);
	} else {
		throw std::runtime_error("no such order");
	}
	say("done");
}

} // namespace

int main()
{
	std::string line;

	while (std::getline(std::cin, line)) {
		try {
			obey(line);
		} catch (const std::exception &error) {
			say(std::string("error ") + error.what());
		}
	}
}
