// SPDX-License-Identifier: GPL-2.0-only
// The adapter for C++: the cases of CASES.md, and from 101 on its own. Prints TAP.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include <fcntl.h>
#include <poll.h>

#include "harness.hpp"
#include "zinc.hpp"

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using zinc::SharedRegion;
using namespace std::chrono_literals;

namespace
{

constexpr std::size_t page = 65536;
constexpr std::uint32_t patience = 60000;

bool is_kmod()
{
	const char *backend = std::getenv("ZINC_BACKEND");

	return backend && !std::strcmp(backend, "kmod");
}

// A name that no other process uses
std::string named()
{
	static int count = 0;

	return "zc" + std::to_string(getpid()) + "-cpp-" + std::to_string(++count);
}

std::string probe(const std::string &name)
{
	return peer({"probe", name});
}

void await_ready(Peer &process)
{
	CHECK(process.line() == "ready");
}

std::byte pattern(std::size_t i, std::size_t salt)
{
	return static_cast<std::byte>(i * 31 + salt);
}

void create()
{
	const auto name = named();
	const auto region = SharedRegion::create(name, page);

	CHECK(region && region.capacity() == page && region.name() == name);
	CHECK(probe(name) == "0");
}

void create_exists()
{
	const auto name = named();
	const auto region = SharedRegion::create(name, page);

	CHECK(error_of([&] { (void)SharedRegion::create(name, page); }) == EEXIST);
	region.notify();
	CHECK(region.try_wait());
}

void open_missing()
{
	CHECK(error_of([] { (void)SharedRegion::open(named()); }) == ENOENT);
}

void bad_name(std::string_view name)
{
	CHECK(error_of([=] { (void)SharedRegion::create(name, page); }) == EINVAL);
	CHECK(error_of([=] { (void)SharedRegion::open(name); }) == EINVAL);
}

void name_nul()
{
	const auto name = named();
	const auto region = SharedRegion::create(name, page);
	const auto longer = name + '\0' + 'b';

	bad_name(longer);
	CHECK(error_of([&] { SharedRegion::unlink(longer); }) == EINVAL);
	CHECK(error_of([&] { (void)SharedRegion::stat(longer); }) == EINVAL);
}

void name_longest()
{
	auto name = named();

	name.resize(ZINC_NAME_MAX, 'x');
	const auto region = SharedRegion::create(name, page);
	CHECK(SharedRegion::open(name).name() == name);
}

void bad_capacity(std::size_t capacity)
{
	const auto name = named();

	CHECK(error_of([&] { (void)SharedRegion::create(name, capacity); }) == EINVAL);
	CHECK(error_of([&] { (void)SharedRegion::open(name); }) == ENOENT);
}

std::size_t own_page()
{
	return static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void capacity()
{
	const auto name = named();
	const auto a = SharedRegion::create(name, 3 * page);
	const auto b = SharedRegion::open(name);

	for (const auto *region : {&a, &b}) {
		CHECK(region->capacity() == 196608 && region->size() == 196608);
		CHECK(region->bytes().size() == 196608 &&
		      region->cbytes().size() == 196608);
	}
}

void data_zero()
{
	const auto region = SharedRegion::create(named(), 16 * page);
	const auto view = region.bytes();

	CHECK(view.size() == 16 * page);
	CHECK(std::ranges::all_of(view,
				  [](std::byte byte) { return byte == std::byte{0}; }));
}

void data_both_ways()
{
	const auto name = named();
	const auto region = SharedRegion::create(name, 3 * page);
	const auto view = region.bytes();
	Peer other({"answer", name});

	await_ready(other);
	for (std::size_t i = 0; i < view.size(); i++)
		view[i] = pattern(i, 7);
	region.notify();
	while (std::atomic_ref(view[0]).load() != std::byte{14})
		CHECK(region.wait(patience));
	for (std::size_t i = 0; i < view.size(); i++)
		CHECK(view[i] == pattern(i, 14));
	other.ends();
}

void data_one_memory()
{
	const auto name = named();
	const auto a = SharedRegion::create(name, page);
	const auto b = SharedRegion::open(name);
	const std::array views{a.bytes(), a.bytes(), b.bytes()};
	unsigned char value = 0;

	for (const auto &writer : views) {
		writer[100] = std::byte{++value};
		for (const auto &reader : views)
			CHECK(reader[100] == std::byte{value});
	}
}

void header_refs()
{
	const auto name = named();
	const auto region = SharedRegion::create(name, page);

	CHECK(peer({"refs", name}) == "1");
	{
		const auto second = SharedRegion::open(name);

		CHECK(peer({"refs", name}) == "2");
	}
	CHECK(peer({"refs", name}) == "1");
}

void try_wait_nothing()
{
	CHECK(!SharedRegion::create(named(), page).try_wait());
}

void wait_zero()
{
	const auto region = SharedRegion::create(named(), page);

	CHECK(!region.wait(0));
	region.notify();
	CHECK(region.wait(0));
	CHECK(!region.wait(0));
}

void wait_timeout()
{
	const auto region = SharedRegion::create(named(), page);
	const auto begin = steady_clock::now();

	CHECK(!region.wait(100));
	CHECK(steady_clock::now() - begin >= 100ms);
}

void wait_coalesces()
{
	const auto region = SharedRegion::create(named(), page);

	for (int i = 0; i < 5; i++)
		region.notify();
	CHECK(region.try_wait() && !region.try_wait());
}

void wait_from_zero()
{
	const auto name = named();
	const auto region = SharedRegion::create(name, page);

	region.notify();
	const auto late = SharedRegion::open(name);
	CHECK(late.try_wait() && !late.try_wait());
}

void wait_own_cursor()
{
	const auto name = named();
	const auto a = SharedRegion::create(name, page);
	const auto b = SharedRegion::open(name);

	a.notify();
	CHECK(a.try_wait() && b.try_wait());
	CHECK(!a.try_wait() && !b.try_wait());
}

void wait_wraps()
{
	const auto name = named();
	const auto region = SharedRegion::create(name, page);

	peer({"sequence", name, "4294967295"});
	CHECK(region.try_wait());
	region.notify();
	CHECK(region.try_wait() && !region.try_wait());
}

/* At its deadline a wait looks once more: one that was never woken is late */
bool is_woken(const SharedRegion &region)
{
	const auto begin = std::chrono::steady_clock::now();

	return region.wait(patience) &&
	       std::chrono::steady_clock::now() - begin < milliseconds(patience);
}

void wait_other_process()
{
	const auto name = named();
	const auto region = SharedRegion::create(name, page);

	peer({"notify", name, "3"});
	CHECK(is_woken(region) && !region.try_wait());
}

void wait_wakes()
{
	const auto name = named();
	const auto region = SharedRegion::create(name, page);
	Peer other({"late-notify", name, std::to_string(getpid())});

	await_ready(other);
	CHECK(is_woken(region));
	other.ends();
}

void close_twice()
{
	auto region = SharedRegion::create(named(), page);

	region.close();
	region.close();
	CHECK(!region);
}

void close_then_use()
{
	auto region = SharedRegion::create(named(), page);

	region.close();
	CHECK(region.capacity() == 0 && region.sequence() == 0 &&
	      !region.native_handle());
	CHECK(error_of([&] { region.notify(); }) == EINVAL);
	CHECK(error_of([&] { region.wait(0); }) == EINVAL);
	CHECK(error_of([&] { region.try_wait(); }) == EINVAL);
	CHECK(error_of([&] { region.wait_for(1ms); }) == EINVAL);
	CHECK(error_of([&] { region.wait_until(steady_clock::now()); }) == EINVAL);
	CHECK(error_of([&] { region.notify_and_wait(region, 0); }) == EINVAL);
	CHECK(error_of([&] { zinc::wait_any({region}, 0ms); }) == EINVAL);
	CHECK(error_of([&] { (void)region.fd(); }) == EINVAL);
	CHECK(error_of([&] { (void)region.info(); }) == EINVAL);
	CHECK(error_of([&] { (void)region.backend(); }) == EINVAL);
	CHECK(error_of([&] { (void)region.features(); }) == EINVAL);
	CHECK(error_of([&] { (void)region.export_dmabuf(); }) == EINVAL);
	CHECK(error_of([&] { (void)region.as_object<char>(); }) == EINVAL);
}

void close_creator_first()
{
	const auto name = named();
	auto creator = SharedRegion::create(name, page);
	auto other = SharedRegion::open(name);

	creator.close();
	CHECK(probe(name) == "0");
	other.close();
	CHECK(probe(name) == "2");
}

void close_reader_outlives()
{
	const auto name = named();
	auto region = SharedRegion::create(name, page);
	Peer other({"open-hold", name});

	region.bytes()[5] = std::byte{7};
	await_ready(other);
	region.close();
	region = SharedRegion::open(name);
	other.ends();
	CHECK(region.bytes()[5] == std::byte{7});
	region.close();
	CHECK(probe(name) == "2");
}

void close_name_is_free()
{
	const auto name = named();

	SharedRegion::create(name, page).close();
	SharedRegion::create(name, page).close();
}

// A view's lifetime ends with its handle, as that of an iterator with its container:
// what it wrote is there for the others.
void view_after_close()
{
	const auto name = named();
	auto region = SharedRegion::create(name, page);
	const auto second = SharedRegion::open(name);

	region.bytes()[10] = std::byte{1};
	region.close();
	CHECK(second.cbytes()[10] == std::byte{1});
}

void view_none_after_close()
{
	auto region = SharedRegion::create(named(), page);

	region.close();
	CHECK(region.bytes().empty() && region.cbytes().empty() && region.size() == 0);
	CHECK(!region.data() && !region.cdata() && region.as_span<int>().empty());
}

void collected()
{
	const auto name = named();

	{
		const auto region = SharedRegion::create(name, page);
	}
	CHECK(probe(name) == "2");
}

std::ptrdiff_t descriptors()
{
	return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

std::ptrdiff_t mappings()
{
	std::ifstream maps("/proc/self/maps");

	return std::count(std::istreambuf_iterator<char>(maps), {}, '\n');
}

void many()
{
	const auto name = named();
	std::ptrdiff_t fds = 0, maps = 0;

	for (int n = 0; n < 1000; n++) {
		auto region = SharedRegion::create(name, page);

		region.notify();
		CHECK(region.try_wait());
		region.close();
		if (n == 10) {
			fds = descriptors();
			maps = mappings();
		}
	}
	CHECK(descriptors() == fds && mappings() <= maps + 20);
}

void readonly()
{
	const auto name = named();
	const auto creator = SharedRegion::create(name, page);

	creator.bytes()[1] = std::byte{9};
	const auto reader = SharedRegion::open_readonly(name);
	CHECK(reader.readonly() && !creator.readonly());
	CHECK(reader.cbytes()[1] == std::byte{9} &&
	      reader.as_object<const char>()[1] == 9);
	CHECK(error_of([&] { (void)reader.bytes(); }) == EACCES);
	CHECK(error_of([&] { (void)reader.data(); }) == EACCES);
	CHECK(error_of([&] { (void)reader.as_object<char>(); }) == EACCES);
	CHECK(error_of([&] { (void)reader.as_span<char>(); }) == EACCES);
	CHECK(error_of([&] { reader.notify(); }) == EBADF);
	CHECK(!creator.try_wait());
}

void persist()
{
	const auto name = named();
	zinc::CreateOptions choice;

	choice.lifetime = zinc::Lifetime::persist;
	SharedRegion::create(name, page, choice).close();
	CHECK(probe(name) == "0");
	SharedRegion::unlink(name);
	CHECK(probe(name) == "2");
}

void killed()
{
	const auto name = named();
	Peer other({"hold", name});

	await_ready(other);
	auto region = SharedRegion::open(name);
	other.kill();
	CHECK(region.bytes()[0] == std::byte{0xA5});
	region.notify();
	CHECK(region.try_wait());
	region.close();
	CHECK(probe(name) == "2");
	peer({"unlink", name});
}

bool is_readable(int fd, int timeout_ms)
{
	pollfd wanted{fd, POLLIN, 0};

	return ::poll(&wanted, 1, timeout_ms) == 1 && wanted.revents == POLLIN;
}

void fd()
{
	const auto region = SharedRegion::create(named(), page);

	if (!is_kmod()) {
		CHECK(error_of([&] { (void)region.fd(); }) == EOPNOTSUPP);
		return;
	}
	CHECK(!is_readable(region.fd(), 0));
	region.notify();
	CHECK(is_readable(region.fd(), patience));
	CHECK(region.try_wait());
	CHECK(!is_readable(region.fd(), 0));
}

// Whether a wait ends with RegionGone
template <class Wait>
bool is_gone(Wait wait)
{
	try {
		wait();
	} catch (const zinc::RegionGone &error) {
		return error.code() == std::errc::broken_pipe;
	}
	return false;
}

void gone_wakes()
{
	const auto name = named();
	Peer other({"late-die", name, std::to_string(getpid())});

	await_ready(other);
	const auto region = SharedRegion::open(name);
	const auto begin = steady_clock::now();
	CHECK(is_gone([&] { region.wait(patience, zinc::or_gone); }));
	CHECK(steady_clock::now() - begin < milliseconds(patience));
	CHECK(is_gone([&] { region.wait(0, zinc::or_gone); }));
	CHECK(is_gone([&] { region.wait(ZINC_WAIT_FOREVER, zinc::or_gone); }));
	CHECK(is_gone([&] { region.wait_for(1h, zinc::or_gone); }));
	CHECK(is_gone([&] { region.wait_until(begin + 1h, zinc::or_gone); }));
	CHECK(!region.wait(0));
}

void gone_last_notify()
{
	const auto name = named();
	Peer other({"hold", name});

	await_ready(other);
	auto region = SharedRegion::open(name);
	region.notify();
	other.kill();
	CHECK(region.wait(patience, zinc::or_gone));
	CHECK(is_gone([&] { region.wait(patience, zinc::or_gone); }));
	region.close();
	CHECK(probe(name) == "2");
}

void gone_name()
{
	const auto name = named();
	const auto creator = SharedRegion::create(name, page);
	const auto other = SharedRegion::open(name);

	peer({"unlink", name});
	CHECK(is_gone([&] { creator.wait(patience, zinc::or_gone); }));
	CHECK(is_gone([&] { other.wait(patience, zinc::or_gone); }));
}

void gone_lives()
{
	const auto name = named();
	const auto creator = SharedRegion::create(name, page);
	const auto other = SharedRegion::open(name);
	const auto begin = steady_clock::now();

	CHECK(!other.wait(0, zinc::or_gone) && !other.wait(100, zinc::or_gone));
	CHECK(steady_clock::now() - begin >= 100ms);
	creator.notify();
	CHECK(other.wait(patience, zinc::or_gone) && !other.wait(0, zinc::or_gone));
	CHECK(error_of([] { SharedRegion().wait(0, zinc::or_gone); }) == EINVAL);
}

void unlink_stale()
{
	const auto name = named();
	const auto error = [&] {
		return error_of([&] { SharedRegion::unlink_stale(name); });
	};
	Peer other({"hold", name});

	await_ready(other);
	CHECK(error() == (is_kmod() ? ENOENT : EBUSY));
	other.kill();
	CHECK(error() == (is_kmod() ? ENOENT : 0));
	CHECK(probe(name) == "2");
	CHECK(error() == ENOENT);
}

void open_waits()
{
	const auto name = named();
	Peer other({"late-create", name, std::to_string(getpid())});

	await_ready(other);
	const auto begin = steady_clock::now();
	const auto region = SharedRegion::open_wait(name, milliseconds(patience));
	CHECK(steady_clock::now() - begin < milliseconds(patience));
	CHECK(region.name() == name);
}

void open_times_out()
{
	const auto name = named();
	const auto begin = steady_clock::now();

	CHECK(error_of([&] { (void)SharedRegion::open_wait(name, 0ms); }) == ENOENT);
	CHECK(error_of([&] { (void)SharedRegion::open_wait(name, 100ms); }) == ETIMEDOUT);
	CHECK(steady_clock::now() - begin >= 100ms);
}

// ---- its own ----

void moves()
{
	const auto name = named();
	auto a = SharedRegion::create(name, page);
	const auto view = a.bytes();
	auto b = std::move(a);

	// NOLINTNEXTLINE(bugprone-use-after-move)
	CHECK(!a && b && a.size() == 0 && b.bytes().data() == view.data());
	auto c = SharedRegion::create(named(), page);
	std::swap(b, c);
	CHECK(c.name() == name && b.name() != name);
	// what it held is closed
	c = std::move(b);
	CHECK(probe(name) == "2");
	std::vector<SharedRegion> all;
	all.push_back(std::move(c));
	all.emplace_back();
	CHECK(all[0] && !all[1]);
}

struct Point {
	std::uint32_t x, y;
};

void objects()
{
	const auto region = SharedRegion::create(named(), page);
	auto *point = region.as_object<Point>(64);

	point->x = 3;
	CHECK(region.as_span<std::uint32_t>()[16] == 3);
	CHECK(region.as_span<Point>().size() == page / sizeof(Point));
	CHECK((region.as_span<std::array<char, 65535>>().size() == 1));
	CHECK((region.as_span<std::array<char, 65537>>().empty()));
	CHECK(region.as_object<Point>(page - sizeof(Point)));
	for (const std::size_t offset :
	     {page - 4, page, page + 8, SIZE_MAX - 3, std::size_t{2}})
		CHECK(error_of([&] { (void)region.as_object<Point>(offset); }) == EINVAL);
}

void timeouts()
{
	const auto region = SharedRegion::create(named(), page);
	const auto begin = steady_clock::now();

	CHECK(!region.wait_for(30ms) && steady_clock::now() - begin >= 30ms);
	CHECK(!region.wait_for(std::chrono::duration<double>(0.03)));
	CHECK(steady_clock::now() - begin >= 60ms);
	CHECK(!region.wait_until(begin + 90ms) && steady_clock::now() - begin >= 90ms);
	// a past deadline only checks
	CHECK(!region.wait_for(0ns) && !region.wait_for(-1h) && !region.wait_for(-1e30s));
	CHECK(!region.wait_until(begin) &&
	      !region.wait_until(steady_clock::time_point::min()));
	CHECK(!region.wait_for(std::chrono::duration<double>(std::nan(""))));
}

// Without an argument a wait ends after a second, as it does in other languages
void a_second()
{
	const auto region = SharedRegion::create(named(), page);
	const auto other = SharedRegion::create(named(), page);
	const auto begin = steady_clock::now();

	CHECK(!region.wait() && steady_clock::now() - begin >= 1s);
	CHECK(!region.notify_and_wait(other) && steady_clock::now() - begin >= 2s);
	CHECK(region.wait());
}

// Waits without an end, ended by another thread
void no_end()
{
	const auto region = SharedRegion::create(named(), page);
	const auto wakes = [&](auto wait) {
		const std::jthread other([&] {
			std::this_thread::sleep_for(20ms);
			region.notify();
		});

		return wait();
	};

	CHECK(wakes([&] { return region.wait(ZINC_WAIT_FOREVER); }));
	CHECK(wakes([&] { return region.wait_for(std::chrono::hours::max()); }));
	CHECK(wakes([&] { return region.wait_for(std::chrono::nanoseconds::max()); }));
	CHECK(wakes([&] { return region.wait_for(1e30s); }));
	CHECK(wakes([&] { return region.wait_until(steady_clock::time_point::max()); }));
	CHECK(wakes([&] { return region.notify_and_wait(region, ZINC_WAIT_FOREVER); }));
	while (region.try_wait())
		;
	CHECK(wakes([&] { return zinc::wait_any({region}) == 0; }));
}

void errors_tell()
{
	const auto name = named();

	try {
		(void)SharedRegion::open(name);
		CHECK(!"no error");
	} catch (const std::system_error &error) {
		const std::string text = error.what();

		CHECK(error.code() == std::errc::no_such_file_or_directory);
		CHECK(text.find("open '" + name + "'") != text.npos);
		CHECK(text.find(zinc_strerror(-ENOENT)) != text.npos);
	}
}

void choices()
{
	const auto name = named();
	const auto old = SharedRegion::create(name, page);
	zinc::CreateOptions choice;

	choice.mode = 0640;
	choice.replace = true;
	choice.lazy = true;
	choice.lifetime = zinc::Lifetime::creator;
	auto region = SharedRegion::create(name, 2 * page, choice);
	const auto info = region.info();
	CHECK(info.mode == 0640 && info.capacity == 2 * page &&
	      info.flags & ZINC_INFO_LAZY);
	CHECK(info.lifetime == ZINC_LIFETIME_CREATOR && info.flags & ZINC_INFO_CREATOR);
	CHECK(old.info().flags & ZINC_INFO_UNLINKED);
	const auto other = SharedRegion::open(name);
	CHECK(other.capacity() == 2 * page);
	region.close();
	CHECK(probe(name) == "2");
	choice.backend = static_cast<zinc::Backend>(77);
	CHECK(error_of([&] { (void)SharedRegion::create(name, page, choice); }) ==
	      EINVAL);
}

void without_data()
{
	const auto name = named();
	const auto region = SharedRegion::create(name, page);
	zinc::OpenOptions choice;

	choice.data = false;
	const auto bare = SharedRegion::open(name, choice);
	CHECK(!bare.data() && bare.size() == 0 && bare.bytes().empty());
	CHECK(bare.capacity() == page);
	bare.notify();
	CHECK(region.try_wait() && bare.try_wait());
}

void looks()
{
	const auto name = named();
	const auto region = SharedRegion::create(name, page);

	region.notify();
	CHECK(region.sequence() == 1 && region.info().sequence == 1);
	CHECK(SharedRegion::stat(name).sequence == 1 &&
	      SharedRegion::stat(name).capacity == page);
	const auto all = SharedRegion::list();
	CHECK(std::ranges::count(all, name, [](const auto &info) {
		      return std::string(info.name);
	      }) == 1);
	SharedRegion::unlink(name);
	CHECK(error_of([&] { (void)SharedRegion::stat(name); }) == ENOENT);
	CHECK(error_of([&] { SharedRegion::unlink(name); }) == ENOENT);
	CHECK(region.backend() == (is_kmod() ? zinc::Backend::kmod : zinc::Backend::shm));
	CHECK(zinc::backend() == region.backend() &&
	      zinc::features() == region.features());
}

void several()
{
	const auto a = SharedRegion::create(named(), page);
	const auto b = SharedRegion::create(named(), page);

	CHECK(!zinc::wait_any({a, b}, 0ms) && !zinc::wait_any({a, b}, 5ms));
	b.notify();
	CHECK(zinc::wait_any({a, b}, 1h) == 1u);
	a.notify();
	CHECK(zinc::wait_any({a, b}, milliseconds(patience)) == 0u);
	CHECK(error_of([] { (void)zinc::wait_any({}, 0ms); }) == EINVAL);
	CHECK(!a.notify_and_wait(b, 0) && a.try_wait());
}

void threads()
{
	const auto name = named();
	const auto region = SharedRegion::create(name, page);
	const auto other = SharedRegion::open(name);
	constexpr std::uint32_t rounds = 200;
	auto *count = region.as_object<std::atomic<std::uint32_t>>();
	std::vector<std::jthread> all;

	for (int i = 0; i < 4; i++) {
		all.emplace_back([&] {
			for (std::uint32_t n = 0; n < rounds; n++) {
				count->fetch_add(1);
				region.notify();
			}
		});
	}
	while (other.as_object<std::atomic<std::uint32_t>>()->load() < 4 * rounds)
		CHECK(other.wait(patience));
	all.clear();
	CHECK(region.sequence() == 4 * rounds);
}

// With the module; POSIX shared memory can do none of it
void descriptors_of_regions()
{
	if (!is_kmod()) {
		CHECK(error_of([] { (void)SharedRegion::create_anonymous(page); }) ==
		      EOPNOTSUPP);
		throw Skip("POSIX shared memory has no descriptors");
	}
	const auto region = SharedRegion::create_anonymous(page);
	CHECK(region.name().empty() && region.info().flags & ZINC_INFO_ANONYMOUS);
	const auto same = SharedRegion::from_fd(region.fd());
	same.bytes()[3] = std::byte{4};
	CHECK(region.bytes()[3] == std::byte{4} && !same.readonly());
	zinc::OpenOptions choice;
	choice.readonly = true;
	const auto reader = SharedRegion::from_fd(region.fd(), choice);
	// what its descriptor gives is read-only, regardless of the request
	const auto third = SharedRegion::from_fd(reader.fd());
	CHECK(third.readonly() && third.cbytes()[3] == std::byte{4});
	CHECK(error_of([&] { (void)third.bytes(); }) == EACCES);
	CHECK(error_of([] { (void)SharedRegion::from_fd(-1); }) == EBADF);
	CHECK(error_of([] { (void)SharedRegion::from_fd(0); }) != 0);
}

void devices()
{
	const auto region = SharedRegion::create(named(), page);

	if (!is_kmod()) {
		CHECK(region.features() == 0);
		CHECK(error_of([&] { (void)region.export_dmabuf(); }) == EOPNOTSUPP);
		CHECK(error_of([&] { (void)region.export_dmabuf_part(0, page); }) ==
		      EOPNOTSUPP);
		zinc::CreateOptions choice;
		choice.contiguous = true;
		CHECK(error_of([&] {
			      (void)SharedRegion::create(named(), page, choice);
		      }) == EOPNOTSUPP);
		CHECK(error_of([&] { region.notify_on_fence(0); }) == EOPNOTSUPP);
		CHECK(error_of([&] { region.begin_cpu_access(ZINC_CPU_READ); }) ==
		      EOPNOTSUPP);
		CHECK(error_of([&] { region.end_cpu_access(ZINC_CPU_READ); }) ==
		      EOPNOTSUPP);
		CHECK(error_of([] { (void)SharedRegion::import_dmabuf(0, named()); }) ==
		      EOPNOTSUPP);
		throw Skip("POSIX shared memory has no dma-bufs");
	}
	CHECK(region.features() & ZINC_FEATURE_EXPORT);
	const int dmabuf = region.export_dmabuf();
	CHECK(fcntl(dmabuf, F_GETFD) == FD_CLOEXEC);
	CHECK(lseek(dmabuf, 0, SEEK_END) == static_cast<off_t>(page));
	::close(dmabuf);
	::close(region.export_dmabuf_part(0, page));
	CHECK(error_of([&] { (void)region.export_dmabuf_part(page, page); }) == EINVAL);
	if (region.features() & ZINC_FEATURE_CONTIGUOUS) {
		zinc::CreateOptions choice;
		choice.contiguous = true;
		CHECK(SharedRegion::create(named(), page, choice).info().flags &
		      ZINC_INFO_CONTIGUOUS);
	}
	region.begin_cpu_access(ZINC_CPU_READ | ZINC_CPU_WRITE);
	region.end_cpu_access(ZINC_CPU_READ | ZINC_CPU_WRITE);
	CHECK(error_of([&] { region.notify_on_fence(-1); }) == EBADF);
	CHECK(error_of([] { (void)SharedRegion::import_dmabuf(-1, named()); }) == EBADF);
	CHECK(error_of([] { (void)SharedRegion::import_dmabuf(-1); }) == EBADF);
}

const std::vector<Test> tests{
	{1, "create", create},
	{2, "create.exists", create_exists},
	{3, "open.missing", open_missing},
	{4, "name.empty", [] { bad_name(""); }},
	{5, "name.space", [] { bad_name(" "); }},
	{6, "name.inner-space", [] { bad_name("a b"); }},
	{7, "name.slash", [] { bad_name("a/b"); }},
	{8, "name.leading-slash", [] { bad_name("/a"); }},
	{9, "name.dot", [] { bad_name("."); }},
	{10, "name.dots", [] { bad_name(".."); }},
	{11, "name.inner-dot", [] { bad_name("a.b"); }},
	{12, "name.newline", [] { bad_name("a\n"); }},
	{13, "name.colon", [] { bad_name("a:b"); }},
	{14, "name.too-long", [] { bad_name(std::string(251, 'x')); }},
	{15, "name.non-ascii", [] { bad_name("caf\xc3\xa9"); }},
	{16, "name.nul", name_nul},
	{17, "name.longest", name_longest},
	{18, "capacity.zero", [] { bad_capacity(0); }},
	{19, "capacity.one", [] { bad_capacity(1); }},
	{20, "capacity.below-a-page", [] { bad_capacity(own_page() - 1); }},
	{21, "capacity.above-a-page", [] { bad_capacity(own_page() + 1); }},
	{22, "capacity.half-of-all", [] { bad_capacity(std::size_t{1} << 63); }},
	{23, "capacity.all-but-a-page", [] { bad_capacity(-page); }},
	{24, "capacity", capacity},
	{25, "data.zero", data_zero},
	{26, "data.both-ways", data_both_ways},
	{27, "data.one-memory", data_one_memory},
	{28, "header.refs", header_refs},
	{29, "try-wait.nothing", try_wait_nothing},
	{30, "wait.zero", wait_zero},
	{31, "wait.timeout", wait_timeout},
	{32, "wait.coalesces", wait_coalesces},
	{33, "wait.from-zero", wait_from_zero},
	{34, "wait.own-cursor", wait_own_cursor},
	{35, "wait.wraps", wait_wraps},
	{36, "wait.other-process", wait_other_process},
	{37, "wait.wakes", wait_wakes},
	{38, "close.twice", close_twice},
	{39, "close.then-use", close_then_use},
	{40, "close.creator-first", close_creator_first},
	{41, "close.reader-outlives", close_reader_outlives},
	{42, "close.name-is-free", close_name_is_free},
	{43, "view.after-close", view_after_close},
	{44, "view.none-after-close", view_none_after_close},
	{45, "collected", collected},
	{46, "many", many},
	{47, "readonly", readonly},
	{48, "persist", persist},
	{49, "killed", killed},
	{50, "fd", fd},
	{51, "gone.wakes", gone_wakes},
	{52, "gone.last-notify", gone_last_notify},
	{53, "gone.name", gone_name},
	{54, "gone.lives", gone_lives},
	{55, "unlink-stale", unlink_stale},
	{56, "open.waits", open_waits},
	{57, "open.times-out", open_times_out},
	{101, "cpp.moves", moves},
	{102, "cpp.objects", objects},
	{103, "cpp.timeouts", timeouts},
	{104, "cpp.no-end", no_end},
	{105, "cpp.errors-tell", errors_tell},
	{106, "cpp.choices", choices},
	{107, "cpp.without-data", without_data},
	{108, "cpp.looks", looks},
	{109, "cpp.several", several},
	{110, "cpp.threads", threads},
	{111, "cpp.descriptors", descriptors_of_regions},
	{112, "cpp.devices", devices},
	{113, "cpp.a-second", a_second},
};

} // namespace

int main()
{
	// a peer that has ended does not end this process
	signal(SIGPIPE, SIG_IGN);
	return run(tests);
}
