// SPDX-License-Identifier: MIT
/**
 * @file zinc.hpp
 * Named shared memory regions, in the types of C++.
 *
 * The functions are those of zinc.h, which says how regions behave; here are
 * ownership, chrono, std::span and exceptions. Link with -lzinc-kmod.
 *
 * Errors: std::system_error, whose code() is the errno, comparable to std::errc,
 * and whose what() names the function, the region, and what to do about it.
 * Functions that are noexcept have none. A region that is closed, moved from or
 * made by the default constructor gives EINVAL where it would need its handle.
 *
 * Threads: all functions may be called on one region by any number of threads at
 * a time, except that close(), a move and the destructor need it for themselves.
 *
 * Needs C++17; std::span from C++20 on.
 */
#ifndef ZINC_HPP
#define ZINC_HPP

#if !defined(__cplusplus) || __cplusplus < 201703L
#error "zinc.hpp needs C++17 or later: -std=c++17"
#endif

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

#if __has_include(<version>)
#include <version>
#endif
#ifdef __cpp_lib_span
#include <span>
#endif

#include "zinc.h"

namespace zinc
{

/** Which backend a region is to have; automatic: as $ZINC_BACKEND says, if it does */
enum class Backend : std::uint32_t {
	automatic = ZINC_BACKEND_AUTO,
	kmod = ZINC_BACKEND_KMOD,
	shm = ZINC_BACKEND_SHM,
};

/** How long a region keeps its name */
enum class Lifetime : std::uint32_t {
	refs = ZINC_LIVES_REFS,       /**< until the last handle is closed */
	creator = ZINC_LIVES_CREATOR, /**< until the creator's handle is */
	persist = ZINC_LIVES_PERSIST, /**< until it is unlinked */
};

/** The choices that SharedRegion::create() has */
struct CreateOptions {
	std::uint32_t mode = 0600; /**< permissions; no umask is applied */
	Lifetime lifetime = Lifetime::refs;
	Backend backend = Backend::automatic;
	bool replace = false; /**< take the name from the region that has it */
	bool lazy = false;    /**< memory with the first touch */
};

/** The choices that SharedRegion::open() and from_fd() have */
struct OpenOptions {
	bool readonly = false; /**< look and wait only */
	bool data = true;      /**< false: leave the data unmapped */
	Backend backend = Backend::automatic;
};

/** The choices that SharedRegion::import_dmabuf() has */
struct ImportOptions {
	std::uint32_t mode = 0600;
	Lifetime lifetime = Lifetime::refs;
	bool replace = false;
	bool data = true;
};

/** What is known of a region: zinc.h tells its fields; flags are ZINC_IS_* */
using RegionInfo = ::zinc_region_info;

/** Not for callers */
namespace detail
{

[[noreturn]] inline void fail(std::int32_t error, const char *what,
			      std::string_view name = {})
{
	std::string text = std::string("zinc: ") + what;

	if (!name.empty())
		text.append(" '").append(name).append("'");
	text.append(": ").append(::zinc_strerror(error));
	throw std::system_error(-error, std::generic_category(), text);
}

inline std::int32_t check(std::int32_t result, const char *what,
			  std::string_view name = {})
{
	if (result < 0)
		fail(result, what, name);
	return result;
}

/* The result of a wait; @nothing is the error that is none */
inline bool waited(std::int32_t result, std::int32_t nothing, const char *what)
{
	return result != -nothing && check(result, what) == 0;
}

/* With its NUL; one inside would cut the name, to that of another region */
inline std::string c_name(std::string_view name, const char *what)
{
	if (name.find('\0') != name.npos)
		fail(-EINVAL, what, name.substr(0, name.find('\0')));
	return std::string(name);
}

inline ::zinc_options options(std::uint32_t flags, std::uint32_t mode, Lifetime lifetime,
			      Backend backend) noexcept
{
	return {sizeof(::zinc_options),
		flags,
		mode,
		static_cast<std::uint32_t>(lifetime),
		static_cast<std::uint32_t>(backend),
		0};
}

inline ::zinc_options options(const CreateOptions &from) noexcept
{
	return options((from.replace ? ZINC_REPLACE : 0) | (from.lazy ? ZINC_LAZY : 0),
		       from.mode, from.lifetime, from.backend);
}

inline ::zinc_options options(const OpenOptions &from) noexcept
{
	return options((from.readonly ? ZINC_READONLY : 0) |
			       (from.data ? 0 : ZINC_NO_DATA),
		       0, Lifetime::refs, from.backend);
}

inline ::zinc_options options(const ImportOptions &from) noexcept
{
	return options((from.replace ? ZINC_REPLACE : 0) | (from.data ? 0 : ZINC_NO_DATA),
		       from.mode, from.lifetime, Backend::automatic);
}

/* Rounded up; 0 if not positive, ZINC_NO_DEADLINE if 64 bits cannot hold it */
template <class Rep, class Period>
std::uint64_t nanoseconds(const std::chrono::duration<Rep, Period> &time) noexcept
{
	using Wide = std::chrono::duration<long double, std::nano>;

	if (!(time > time.zero()))
		return 0;
	if (!(Wide(time) < Wide(INT64_MAX)))
		return ZINC_NO_DEADLINE;
	return static_cast<std::uint64_t>(
		std::chrono::ceil<std::chrono::nanoseconds>(time).count());
}

template <class Rep, class Period>
std::uint64_t deadline(const std::chrono::duration<Rep, Period> &timeout) noexcept
{
	const auto now = std::chrono::steady_clock::now().time_since_epoch();
	const auto left = nanoseconds(timeout);

	if (left == 0 || left == ZINC_NO_DEADLINE)
		return left;
	return nanoseconds(now) + left;
}

} // namespace detail

/**
 * A handle of a region, closed when it goes.
 *
 * It can be moved, not copied: open() makes another handle. What data(),
 * bytes(), as_object() and as_span() give is valid until the handle is closed,
 * wherever it has been moved meanwhile.
 */
class SharedRegion
{
public:
	/** A closed one. Errors: none. */
	SharedRegion() noexcept = default;

	/**
	 * Make a region and own it; its data are zeros.
	 * @param name 1 to 249 of a-z A-Z 0-9 _ -
	 * @param capacity bytes of data, a multiple of the page size, not 0
	 * @param choice mode, lifetime, backend, replace, lazy
	 * @return the creator's handle
	 * @throws std::system_error EINVAL bad name or capacity; EEXIST the name is
	 *	taken; EPERM or EACCES not allowed; ENOMEM, EDQUOT, ENOSPC no room
	 * Thread-safe.
	 */
	[[nodiscard]] static SharedRegion create(std::string_view name,
						 std::size_t capacity,
						 const CreateOptions &choice = {})
	{
		const auto c_name = detail::c_name(name, "create");
		const auto options = detail::options(choice);
		::zinc_handle handle = nullptr;

		detail::check(
			::zinc_create_with(c_name.c_str(), capacity, &options, &handle),
			"create", name);
		return SharedRegion(handle, false);
	}

	/**
	 * Make a region without a name, which others get by fd() and from_fd().
	 * @param capacity as to create()
	 * @param choice as to create()
	 * @return the creator's handle
	 * @throws std::system_error as create(); EOPNOTSUPP on POSIX shared memory
	 * Thread-safe.
	 */
	[[nodiscard]] static SharedRegion
	create_anonymous(std::size_t capacity, const CreateOptions &choice = {})
	{
		const auto options = detail::options(choice);
		::zinc_handle handle = nullptr;

		detail::check(::zinc_create_with(nullptr, capacity, &options, &handle),
			      "create_anonymous");
		return SharedRegion(handle, false);
	}

	/**
	 * Attach to a region.
	 * @param name the region's
	 * @param choice readonly, data, backend
	 * @return a handle that has seen no notify yet
	 * @throws std::system_error EINVAL bad name; ENOENT no such name; EPERM or
	 *	EACCES not allowed; EBADMSG what has the name is no region; ENXIO a
	 *	device's memory that cannot be mapped
	 * Thread-safe.
	 */
	[[nodiscard]] static SharedRegion open(std::string_view name,
					       const OpenOptions &choice = {})
	{
		const auto c_name = detail::c_name(name, "open");
		const auto options = detail::options(choice);
		::zinc_handle handle = nullptr;

		detail::check(::zinc_open_with(c_name.c_str(), &options, &handle), "open",
			      name);
		return SharedRegion(handle, choice.readonly);
	}

	/**
	 * open() to look and to wait only.
	 * @param name the region's
	 * @return a handle whose cbytes() and cdata() work, and bytes() and notify() do
	 * not
	 * @throws std::system_error as open()
	 * Thread-safe.
	 */
	[[nodiscard]] static SharedRegion open_readonly(std::string_view name)
	{
		OpenOptions choice;

		choice.readonly = true;
		return open(name, choice);
	}

	/**
	 * Attach to a region by its descriptor.
	 * @param fd from fd(), mostly of another process; stays the caller's
	 * @param choice readonly, data
	 * @return a handle of one's own; read-only if the descriptor is
	 * @throws std::system_error EBADF no descriptor; ENOTTY not a region's;
	 *	EOPNOTSUPP on POSIX shared memory; or as open()
	 * Thread-safe.
	 */
	[[nodiscard]] static SharedRegion from_fd(int fd, const OpenOptions &choice = {})
	{
		const auto options = detail::options(choice);
		::zinc_handle handle = nullptr;

		detail::check(::zinc_from_fd(fd, &options, &handle), "from_fd");
		return adopt(handle);
	}

	/**
	 * Make a region of a foreign dma-buf, without copying.
	 * @param dmabuf_fd of a device's driver; stays the caller's
	 * @param name as to create()
	 * @param choice mode, lifetime, replace, data
	 * @return the creator's handle; its data are read-only if @p dmabuf_fd is
	 * @throws std::system_error as create(); EBADF not open; EINVAL no dma-buf;
	 *	ENXIO it cannot be mapped; EOPNOTSUPP on POSIX shared memory
	 * Thread-safe.
	 */
	[[nodiscard]] static SharedRegion import_dmabuf(int dmabuf_fd,
							std::string_view name,
							const ImportOptions &choice = {})
	{
		const auto c_name = detail::c_name(name, "import_dmabuf");
		const auto options = detail::options(choice);
		::zinc_handle handle = nullptr;

		detail::check(::zinc_import_dmabuf(dmabuf_fd, c_name.c_str(), &options,
						   &handle),
			      "import_dmabuf", name);
		return adopt(handle);
	}

	/**
	 * The same without a name.
	 * @param dmabuf_fd as to the other
	 * @param choice as to the other
	 * @return as the other
	 * @throws std::system_error as the other
	 * Thread-safe.
	 */
	[[nodiscard]] static SharedRegion import_dmabuf(int dmabuf_fd,
							const ImportOptions &choice = {})
	{
		const auto options = detail::options(choice);
		::zinc_handle handle = nullptr;

		detail::check(::zinc_import_dmabuf(dmabuf_fd, nullptr, &options, &handle),
			      "import_dmabuf");
		return adopt(handle);
	}

	/**
	 * Take a region's name away; who has it open keeps it.
	 * @param name the region's
	 * @throws std::system_error ENOENT; EPERM not its owner; EINVAL bad name
	 * Thread-safe.
	 */
	static void unlink(std::string_view name)
	{
		detail::check(::zinc_unlink(detail::c_name(name, "unlink").c_str()),
			      "unlink", name);
	}

	/**
	 * What is known of a region, without opening it.
	 * @param name the region's
	 * @return its description
	 * @throws std::system_error ENOENT; EACCES it may not be seen; EINVAL bad name
	 * Thread-safe.
	 */
	[[nodiscard]] static RegionInfo stat(std::string_view name)
	{
		RegionInfo info{};

		info.size = sizeof(info);
		detail::check(::zinc_stat(detail::c_name(name, "stat").c_str(), &info),
			      "stat", name);
		return info;
	}

	/**
	 * The named regions that the caller may see.
	 * @return descriptions, in the order of their names
	 * @throws std::system_error EACCES /dev/zinc may not be opened; ENOMEM
	 * Thread-safe.
	 */
	[[nodiscard]] static std::vector<RegionInfo> list()
	{
		RegionInfo *found = nullptr;
		std::size_t count = 0;

		detail::check(::zinc_list(&found, &count, sizeof(*found)), "list");
		const std::unique_ptr<RegionInfo, void (*)(RegionInfo *)> freed(
			found, ::zinc_list_free);
		return std::vector<RegionInfo>(found, found + count);
	}

	/**
	 * End it; again, nothing. Views are invalid from now on.
	 * Errors: none. No other thread may use the region.
	 */
	void close() noexcept
	{
		handle_.reset();
	}

	/** Whether it is open. Errors: none. Thread-safe. */
	[[nodiscard]] explicit operator bool() const noexcept
	{
		return handle_ != nullptr;
	}

	/**
	 * Bytes of data, whether they are mapped or not.
	 * @return as given to create(); 0 if closed
	 * Errors: none. Thread-safe.
	 */
	[[nodiscard]] std::size_t capacity() const noexcept
	{
		return ::zinc_capacity(handle_.get());
	}

	/**
	 * Bytes at data().
	 * @return capacity(); 0 if closed, or opened without data
	 * Errors: none. Thread-safe.
	 */
	[[nodiscard]] std::size_t size() const noexcept
	{
		return cdata() ? capacity() : 0;
	}

	/**
	 * Whether the data are read-only by this handle.
	 * Errors: none. Thread-safe.
	 */
	[[nodiscard]] bool readonly() const noexcept
	{
		return readonly_ && handle_;
	}

	/**
	 * The data, to write.
	 * @return the first byte; null if closed, or opened without data
	 * @throws std::system_error EACCES they are read-only
	 * Thread-safe; what is done to the data is for the caller to order.
	 */
	[[nodiscard]] std::byte *data() const
	{
		if (readonly())
			detail::fail(-EACCES, "writable view of what is read-only");
		return reinterpret_cast<std::byte *>(::zinc_ptr(handle_.get()));
	}

	/**
	 * The data, to look at.
	 * @return as data()
	 * Errors: none. Thread-safe.
	 */
	[[nodiscard]] const std::byte *cdata() const noexcept
	{
		return reinterpret_cast<const std::byte *>(::zinc_ptr(handle_.get()));
	}

#ifdef __cpp_lib_span
	/**
	 * The data, to write.
	 * @return size() bytes, valid until the handle is closed
	 * @throws std::system_error EACCES they are read-only
	 * Thread-safe, as data().
	 */
	[[nodiscard]] std::span<std::byte> bytes() const
	{
		return {data(), size()};
	}

	/**
	 * The data, to look at.
	 * @return as bytes()
	 * Errors: none. Thread-safe.
	 */
	[[nodiscard]] std::span<const std::byte> cbytes() const noexcept
	{
		return {cdata(), size()};
	}

	/**
	 * The data as an array; what is left behind the last whole element is not in it.
	 * @tparam T a trivially copyable type; const T for a region that is read-only
	 * @return elements, valid until the handle is closed
	 * @throws std::system_error EACCES T is not const, and they are read-only
	 * Thread-safe, as data().
	 */
	template <class T>
	[[nodiscard]] std::span<T> as_span() const
	{
		const std::size_t count = size() / sizeof(T);

		return {count ? as_object<T>() : nullptr, count};
	}
#endif

	/**
	 * A part of the data as an object.
	 * @tparam T a trivially copyable type; const T for a region that is read-only
	 * @param offset bytes from the beginning, a multiple of T's alignment
	 * @return the object itself, valid until the handle is closed; never null
	 * @throws std::system_error EINVAL it does not fit there; EACCES T is not
	 *	const, and the data are read-only
	 * Thread-safe, as data().
	 */
	template <class T>
	[[nodiscard]] T *as_object(std::size_t offset = 0) const
	{
		static_assert(
			std::is_trivially_copyable_v<T>,
			"other processes cannot follow what such an object points to");

		if (offset > size() || sizeof(T) > size() - offset || offset % alignof(T))
			detail::fail(-EINVAL, "as_object");
		if constexpr (std::is_const_v<T>)
			return reinterpret_cast<T *>(cdata() + offset);
		else
			return reinterpret_cast<T *>(data() + offset);
	}

	/**
	 * Count the sequence on, and wake all who wait. What was written before is
	 * visible after the wait that it satisfies.
	 * @throws std::system_error EBADF the handle is read-only; EINVAL closed
	 * Thread-safe.
	 */
	void notify() const
	{
		detail::check(::zinc_notify_checked(handle_.get()), "notify");
	}

	/**
	 * Wait for a notify that this handle has not seen; signals do not end it.
	 * @param timeout_ms milliseconds; 0 only looks; ZINC_WAIT_FOREVER
	 * @return true: notified; false: the time is up
	 * @throws std::system_error EINVAL closed
	 * Thread-safe: of threads that wait on one handle, one gets what is pending,
	 * and all that sleep get the next.
	 */
	bool wait(std::uint32_t timeout_ms = ZINC_WAIT_FOREVER) const
	{
		return detail::waited(::zinc_wait(handle_.get(), timeout_ms), ETIMEDOUT,
				      "wait");
	}

	/**
	 * wait() with a duration.
	 * @param timeout rounded up to a nanosecond; if not positive, it only looks;
	 *	one that the clock cannot hold has no end
	 * @return as wait()
	 * @throws std::system_error EINVAL closed
	 * Thread-safe, as wait().
	 */
	template <class Rep, class Period>
	bool wait_for(const std::chrono::duration<Rep, Period> &timeout) const
	{
		return wait_until_ns(detail::deadline(timeout), "wait_for");
	}

	/**
	 * wait() until a point of time.
	 * @param deadline of the steady clock; one that is past only looks
	 * @return as wait()
	 * @throws std::system_error EINVAL closed
	 * Thread-safe, as wait().
	 */
	template <class Duration>
	bool wait_until(const std::chrono::time_point<std::chrono::steady_clock, Duration>
				&deadline) const
	{
		return wait_until_ns(detail::nanoseconds(deadline.time_since_epoch()),
				     "wait_until");
	}

	/**
	 * wait() that only looks.
	 * @return true: notified; false: nothing is pending
	 * @throws std::system_error EINVAL closed
	 * Thread-safe, as wait().
	 */
	bool try_wait() const
	{
		return detail::waited(::zinc_try_wait(handle_.get()), EAGAIN, "try_wait");
	}

	/**
	 * Notify this region, then wait for another: a request and its reply.
	 * @param reply the region to wait for; may be this one
	 * @param timeout_ms as to wait()
	 * @return as wait()
	 * @throws std::system_error EBADF this handle is read-only; EINVAL one is closed
	 * Thread-safe, as wait().
	 */
	bool notify_and_wait(const SharedRegion &reply,
			     std::uint32_t timeout_ms = ZINC_WAIT_FOREVER) const
	{
		return detail::waited(::zinc_notify_and_wait(handle_.get(),
							     reply.handle_.get(),
							     timeout_ms),
				      ETIMEDOUT, "notify_and_wait");
	}

	/**
	 * How often the region was notified.
	 * @return notifies so far, modulo 2^32; 0 if closed
	 * Errors: none. Thread-safe.
	 */
	[[nodiscard]] std::uint32_t sequence() const noexcept
	{
		return ::zinc_sequence(handle_.get());
	}

	/**
	 * The descriptor for poll, epoll, io_uring and SCM_RIGHTS: readable while a
	 * notify is pending; try_wait() takes it.
	 * @return the handle's descriptor: do not close it
	 * @throws std::system_error EOPNOTSUPP on POSIX shared memory; EINVAL closed
	 * Thread-safe.
	 */
	[[nodiscard]] int fd() const
	{
		return detail::check(::zinc_fd(handle_.get()), "fd");
	}

	/**
	 * What is known of the region now.
	 * @return its description
	 * @throws std::system_error EINVAL closed
	 * Thread-safe.
	 */
	[[nodiscard]] RegionInfo info() const
	{
		RegionInfo info{};

		info.size = sizeof(info);
		detail::check(::zinc_info(handle_.get(), &info), "info");
		return info;
	}

	/**
	 * The region's name.
	 * @return empty for a region without one
	 * @throws std::system_error EINVAL closed
	 * Thread-safe.
	 */
	[[nodiscard]] std::string name() const
	{
		return info().name;
	}

	/**
	 * Which backend it has.
	 * @throws std::system_error EINVAL closed
	 * Thread-safe.
	 */
	[[nodiscard]] Backend backend() const
	{
		return static_cast<Backend>(info().backend);
	}

	/**
	 * What can be done with devices.
	 * @return ZINC_CAN_*; 0 on POSIX shared memory
	 * @throws std::system_error EINVAL closed
	 * Thread-safe.
	 */
	[[nodiscard]] std::uint64_t features() const
	{
		std::uint64_t found = 0;

		if (!handle_)
			detail::fail(-EINVAL, "features");
		detail::check(::zinc_features(handle_.get(), &found), "features");
		return found;
	}

	/**
	 * The data as a dma-buf, for a device to import.
	 * @param readonly for one that neither CPU nor device writes by
	 * @return a new descriptor, close-on-exec, the caller's to close
	 * @throws std::system_error EOPNOTSUPP on POSIX shared memory; EACCES
	 *	writable from a read-only handle; EINVAL closed; EMFILE, ENFILE, ENOMEM
	 * Thread-safe.
	 */
	[[nodiscard]] int export_dmabuf(bool readonly = false) const
	{
		return detail::check(
			::zinc_export_dmabuf(handle_.get(), readonly ? ZINC_READONLY : 0),
			"export_dmabuf");
	}

	/**
	 * Have the region notified when a device has done its work.
	 * @param fence_fd a sync_file; may be closed afterwards
	 * @throws std::system_error EBADF no sync_file, or a read-only handle; EBUSY
	 *	too many are pending; EOPNOTSUPP on POSIX shared memory; EINVAL closed
	 * Thread-safe.
	 */
	void notify_on_fence(int fence_fd) const
	{
		detail::check(::zinc_notify_on_fence(handle_.get(), fence_fd),
			      "notify_on_fence");
	}

	/**
	 * Before the CPU touches what a device works on: waits for the device.
	 * @param access ZINC_CPU_READ, ZINC_CPU_WRITE or both
	 * @throws std::system_error EINVAL no such access, or closed; EBADF to write by
	 *	a read-only handle; as export_dmabuf()
	 * Thread-safe.
	 */
	void begin_cpu_access(std::uint32_t access) const
	{
		detail::check(::zinc_begin_cpu_access(handle_.get(), access),
			      "begin_cpu_access");
	}

	/**
	 * After it, before the device goes on.
	 * @param access as to begin_cpu_access()
	 * @throws std::system_error as begin_cpu_access()
	 * Thread-safe.
	 */
	void end_cpu_access(std::uint32_t access) const
	{
		detail::check(::zinc_end_cpu_access(handle_.get(), access),
			      "end_cpu_access");
	}

	/**
	 * The handle of the C library, for what has no function here.
	 * @return it stays the region's; null if closed
	 * Errors: none. Thread-safe.
	 */
	[[nodiscard]] ::zinc_handle native_handle() const noexcept
	{
		return handle_.get();
	}

private:
	struct Closer {
		void operator()(::zinc_handle handle) const noexcept
		{
			::zinc_close(handle);
		}
	};

	SharedRegion(::zinc_handle handle, bool readonly) noexcept :
	    handle_(handle), readonly_(readonly)
	{
	}

	/* Here the library decides whether it is read-only */
	static SharedRegion adopt(::zinc_handle handle)
	{
		SharedRegion region(handle, false);

		region.readonly_ =
			region.info().flags & (ZINC_IS_READONLY | ZINC_IS_DATA_READONLY);
		return region;
	}

	bool wait_until_ns(std::uint64_t deadline_ns, const char *what) const
	{
		return detail::waited(::zinc_wait_until(handle_.get(), deadline_ns),
				      ETIMEDOUT, what);
	}

	std::unique_ptr<::zinc_region, Closer> handle_{};
	bool readonly_ = false;
};

/** Regions, for wait_any(): {a, b} makes one */
using RegionRefs = std::vector<std::reference_wrapper<const SharedRegion>>;

namespace detail
{

inline std::optional<std::size_t> wait_any(const RegionRefs &regions,
					   std::uint64_t deadline_ns)
{
	std::vector<::zinc_handle> handles;
	std::size_t index = 0;

	handles.reserve(regions.size());
	for (const SharedRegion &region : regions)
		handles.push_back(region.native_handle());
	if (!waited(::zinc_wait_any(handles.data(), handles.size(), deadline_ns, &index),
		    ETIMEDOUT, "wait_any"))
		return std::nullopt;
	return index;
}

} // namespace detail

/**
 * Wait for a notify on any of several regions; only that one's cursor moves.
 * @param regions 1 to 128, all of one backend
 * @param timeout as to SharedRegion::wait_for()
 * @return which one it was, the first where several were; nothing: the time is up
 * @throws std::system_error EINVAL one is closed, none, or too many; EOPNOTSUPP on
 *	POSIX shared memory where the kernel is older than 5.16
 * Thread-safe.
 */
template <class Rep, class Period>
std::optional<std::size_t> wait_any(const RegionRefs &regions,
				    const std::chrono::duration<Rep, Period> &timeout)
{
	return detail::wait_any(regions, detail::deadline(timeout));
}

/**
 * wait_any() without an end.
 * @param regions as to the other
 * @return which one it was
 * @throws std::system_error as the other
 * Thread-safe.
 */
inline std::size_t wait_any(const RegionRefs &regions)
{
	return detail::wait_any(regions, ZINC_NO_DEADLINE).value();
}

/**
 * Which backend a new region would get.
 * @throws std::system_error EACCES /dev/zinc may not be opened; EINVAL a bad
 *	$ZINC_BACKEND
 * Thread-safe.
 */
[[nodiscard]] inline Backend backend()
{
	return static_cast<Backend>(detail::check(::zinc_backend(nullptr), "backend"));
}

/**
 * What can be done with devices here, with a new region.
 * @return ZINC_CAN_*; 0 on POSIX shared memory
 * @throws std::system_error as backend()
 * Thread-safe.
 */
[[nodiscard]] inline std::uint64_t features()
{
	std::uint64_t found = 0;

	detail::check(::zinc_features(nullptr, &found), "features");
	return found;
}

} // namespace zinc

#endif // ZINC_HPP
