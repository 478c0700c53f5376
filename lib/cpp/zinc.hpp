// SPDX-License-Identifier: MIT
/**
 * @file zinc.hpp
 * Named shared memory regions with notifications, in the types of C++.
 *
 * This header wraps the functions of zinc.h, which documents how regions behave, with
 * ownership, chrono, std::span and exceptions. Link with -lzinc-kmod.
 *
 * Errors are std::system_error: code() is the errno, comparable to std::errc, and
 * what() has the function, the region, and the remedy. Functions that are noexcept
 * have no errors. Functions that need a handle throw EINVAL for a region that is
 * closed, was moved from, or was default-constructed.
 *
 * Threads: any number of threads may call the functions of one region concurrently,
 * except close(), a move and the destructor.
 *
 * The header needs C++17; std::span needs C++20.
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

/** The backend of a region; automatic: $ZINC_BACKEND, else the module if present */
enum class Backend : std::uint32_t {
	automatic = ZINC_BACKEND_AUTO,
	kmod = ZINC_BACKEND_KMOD,
	shm = ZINC_BACKEND_SHM,
};

/** The event that removes a region's name */
enum class Lifetime : std::uint32_t {
	refs = ZINC_LIFETIME_REFS,       /**< until the last handle is closed */
	creator = ZINC_LIFETIME_CREATOR, /**< until the creator's handle is closed */
	persist = ZINC_LIFETIME_PERSIST, /**< until it is unlinked */
};

/** Options for SharedRegion::create() */
struct CreateOptions {
	std::uint32_t mode = 0600; /**< permissions; no umask is applied */
	Lifetime lifetime = Lifetime::refs;
	Backend backend = Backend::automatic;
	bool replace = false;    /**< take the name from the region that has it */
	bool lazy = false;       /**< allocate each page on its first access */
	bool contiguous = false; /**< physically contiguous blocks of a huge page; kernel
				    module only */
};

/** Options for SharedRegion::open() and from_fd() */
struct OpenOptions {
	bool readonly = false; /**< for reading and waiting only */
	bool data = true;      /**< false: do not map the data */
	Backend backend = Backend::automatic;
};

/** Options for SharedRegion::import_dmabuf() */
struct ImportOptions {
	std::uint32_t mode = 0600;
	Lifetime lifetime = Lifetime::refs;
	bool replace = false;
	bool data = true;
};

/** A description of a region: zinc.h documents its fields; flags are ZINC_INFO_* */
using RegionInfo = ::zinc_region_info;

/** The type of or_gone */
struct OrGone {
	explicit OrGone() = default;
};

/**
 * An argument of the waits: fail with RegionGone once the creator's handle is closed,
 * the creator has exited, or the region's name is removed or belongs to another
 * region. Notifies sent before that are delivered first.
 */
inline constexpr OrGone or_gone{};

/** A wait with or_gone ended because the region's creator or name is gone: EPIPE */
class RegionGone : public std::system_error
{
public:
	using std::system_error::system_error;
};

/** Internal */
namespace detail
{

[[noreturn]] inline void fail(std::int32_t error, const char *what,
			      std::string_view name = {})
{
	std::string text = std::string("zinc: ") + what;

	if (!name.empty())
		text.append(" '").append(name).append("'");
	text.append(": ").append(::zinc_strerror(error));
	if (error == -EPIPE)
		throw RegionGone(-error, std::generic_category(), text);
	throw std::system_error(-error, std::generic_category(), text);
}

inline std::int32_t check(std::int32_t result, const char *what,
			  std::string_view name = {})
{
	if (result < 0)
		fail(result, what, name);
	return result;
}

/* Convert the result of a wait; @nothing is the errno that means false */
inline bool waited(std::int32_t result, std::int32_t nothing, const char *what)
{
	return result != -nothing && check(result, what) == 0;
}

/* Convert a name to a C string; a NUL inside would truncate it to another name */
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
	return options((from.replace ? ZINC_REPLACE : 0) | (from.lazy ? ZINC_LAZY : 0) |
			       (from.contiguous ? ZINC_CONTIGUOUS : 0),
		       from.mode, from.lifetime, from.backend);
}

inline ::zinc_options options(const OpenOptions &from) noexcept
{
	return options((from.readonly ? ZINC_RDONLY : 0) | (from.data ? 0 : ZINC_NO_DATA),
		       0, Lifetime::refs, from.backend);
}

inline ::zinc_options options(const ImportOptions &from) noexcept
{
	return options((from.replace ? ZINC_REPLACE : 0) | (from.data ? 0 : ZINC_NO_DATA),
		       from.mode, from.lifetime, Backend::automatic);
}

/* Rounded up; 0 if not positive, ZINC_DEADLINE_NEVER if 64 bits cannot hold it */
template <class Rep, class Period>
std::uint64_t nanoseconds(const std::chrono::duration<Rep, Period> &time) noexcept
{
	using Wide = std::chrono::duration<long double, std::nano>;

	if (!(time > time.zero()))
		return 0;
	if (!(Wide(time) < Wide(INT64_MAX)))
		return ZINC_DEADLINE_NEVER;
	return static_cast<std::uint64_t>(
		std::chrono::ceil<std::chrono::nanoseconds>(time).count());
}

template <class Rep, class Period>
std::uint64_t deadline(const std::chrono::duration<Rep, Period> &timeout) noexcept
{
	const auto now = std::chrono::steady_clock::now().time_since_epoch();
	const auto left = nanoseconds(timeout);

	if (left == 0 || left == ZINC_DEADLINE_NEVER)
		return left;
	return nanoseconds(now) + left;
}

} // namespace detail

/**
 * A handle of a region, closed by its destructor.
 *
 * It can be moved, not copied: open() returns another handle. The results of data(),
 * bytes(), as_object() and as_span() are valid until the handle is closed; a move
 * keeps them valid.
 */
class SharedRegion
{
public:
	/** Construct a closed region. Errors: none. */
	SharedRegion() noexcept = default;

	/**
	 * Create a region, whose data are zeros.
	 * @param name 1 to 249 of a-z A-Z 0-9 _ -
	 * @param capacity bytes of data, a multiple of the page size, not 0
	 * @param choice options: mode, lifetime, backend, replace, lazy, contiguous
	 * @return the creator's handle
	 * @throws std::system_error EINVAL bad name or capacity; EEXIST the name is
	 *	taken; EPERM or EACCES not allowed; ENOMEM, EDQUOT, ENOSPC no memory
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
	 * Create a region without a name, which other processes open by fd() and
	 * from_fd().
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
	 * Open a region.
	 * @param name its name
	 * @param choice options: readonly, data, backend
	 * @return a handle that has seen no notify yet
	 * @throws std::system_error EINVAL bad name; ENOENT no such name; EPERM or
	 *	EACCES not allowed; EBADMSG it is not a region; ENXIO a
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
	 * open(), but wait until a region of that name is created.
	 * @param name its name
	 * @param timeout as to wait_for()
	 * @param choice as to open()
	 * @return as open()
	 * @throws std::system_error ETIMEDOUT no such region in time; otherwise as
	 *open(), ENOENT only if @p timeout is not positive Thread-safe.
	 */
	template <class Rep, class Period>
	[[nodiscard]] static SharedRegion
	open_wait(std::string_view name,
		  const std::chrono::duration<Rep, Period> &timeout,
		  const OpenOptions &choice = {})
	{
		const auto c_name = detail::c_name(name, "open_wait");
		const auto options = detail::options(choice);
		::zinc_handle handle = nullptr;

		detail::check(::zinc_open_wait(c_name.c_str(), &options,
					       detail::deadline(timeout), &handle),
			      "open_wait", name);
		return SharedRegion(handle, choice.readonly);
	}

	/**
	 * open() for reading and waiting only.
	 * @param name its name
	 * @return a handle for cbytes() and cdata(), but not for bytes() and notify()
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
	 * Open a region by its descriptor.
	 * @param fd from fd(), usually of another process; the caller closes it
	 * @param choice options: readonly, data
	 * @return a new handle; read-only if the descriptor is
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
	 * Import a foreign dma-buf as a region, without copying.
	 * @param dmabuf_fd from a device's driver; the caller closes it
	 * @param name as to create()
	 * @param choice options: mode, lifetime, replace, data
	 * @return the creator's handle; its data are read-only if @p dmabuf_fd is
	 * @throws std::system_error as create(); EBADF not open; EINVAL not a dma-buf;
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
	 * Import a foreign dma-buf as a region without a name.
	 * @param dmabuf_fd as to the overload with a name
	 * @param choice likewise
	 * @return likewise
	 * @throws std::system_error likewise
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
	 * Remove a region's name; open handles stay valid.
	 * @param name the name
	 * @throws std::system_error ENOENT; EPERM not its owner; EINVAL bad name
	 * Thread-safe.
	 */
	static void unlink(std::string_view name)
	{
		detail::check(::zinc_unlink(detail::c_name(name, "unlink").c_str()),
			      "unlink", name);
	}

	/**
	 * Remove the name of a region that no process has open. On POSIX shared memory, a
	 * process that died can leave such a name.
	 * @param name the name
	 * @throws std::system_error EBUSY the region is open, or that is unknown;
	 *	ENOENT, always with the kernel module, which leaves no such names;
	 *	EPERM another user's; EBADMSG not a region; EINVAL bad name
	 * Thread-safe.
	 */
	static void unlink_stale(std::string_view name)
	{
		detail::check(
			::zinc_unlink_stale(detail::c_name(name, "unlink_stale").c_str()),
			"unlink_stale", name);
	}

	/**
	 * Describe a region without opening it.
	 * @param name its name
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
	 * Describe the named regions that are visible to the caller.
	 * @return descriptions, sorted by name
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
	 * Close the handle; further calls do nothing. Views become invalid.
	 * Errors: none. No other thread may use the region.
	 */
	void close() noexcept
	{
		handle_.reset();
	}

	/** Whether the handle is open. Errors: none. Thread-safe. */
	[[nodiscard]] explicit operator bool() const noexcept
	{
		return handle_ != nullptr;
	}

	/**
	 * The size of the data in bytes, mapped or not.
	 * @return as given to create(); 0 if closed
	 * Errors: none. Thread-safe.
	 */
	[[nodiscard]] std::size_t capacity() const noexcept
	{
		return ::zinc_capacity(handle_.get());
	}

	/**
	 * The number of bytes at data().
	 * @return capacity(); 0 if closed, or opened without data
	 * Errors: none. Thread-safe.
	 */
	[[nodiscard]] std::size_t size() const noexcept
	{
		return cdata() ? capacity() : 0;
	}

	/**
	 * Whether the handle is read-only.
	 * Errors: none. Thread-safe.
	 */
	[[nodiscard]] bool readonly() const noexcept
	{
		return readonly_ && handle_;
	}

	/**
	 * The data, writable.
	 * @return the first byte; null if closed, or opened without data
	 * @throws std::system_error EACCES the data are read-only
	 * Thread-safe; the caller synchronizes accesses to the data.
	 */
	[[nodiscard]] std::byte *data() const
	{
		if (readonly())
			detail::fail(-EACCES, "writable view of what is read-only");
		return reinterpret_cast<std::byte *>(::zinc_ptr(handle_.get()));
	}

	/**
	 * The data, read-only.
	 * @return as data()
	 * Errors: none. Thread-safe.
	 */
	[[nodiscard]] const std::byte *cdata() const noexcept
	{
		return reinterpret_cast<const std::byte *>(::zinc_ptr(handle_.get()));
	}

#ifdef __cpp_lib_span
	/**
	 * The data, writable.
	 * @return size() bytes, valid until the handle is closed
	 * @throws std::system_error EACCES the data are read-only
	 * Thread-safe, as data().
	 */
	[[nodiscard]] std::span<std::byte> bytes() const
	{
		return {data(), size()};
	}

	/**
	 * The data, read-only.
	 * @return as bytes()
	 * Errors: none. Thread-safe.
	 */
	[[nodiscard]] std::span<const std::byte> cbytes() const noexcept
	{
		return {cdata(), size()};
	}

	/**
	 * The data as an array of complete elements.
	 * @tparam T a trivially copyable type; const T for a region that is read-only
	 * @return elements, valid until the handle is closed
	 * @throws std::system_error EACCES T is not const, and the data are read-only
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
	 * @return the object in place, valid until the handle is closed; never null
	 * @throws std::system_error EINVAL it does not fit there; EACCES T is not
	 *	const, and the data are read-only
	 * Thread-safe, as data().
	 */
	template <class T>
	[[nodiscard]] T *as_object(std::size_t offset = 0) const
	{
		static_assert(std::is_trivially_copyable_v<T>,
			      "T must be trivially copyable: pointers are invalid in "
			      "other processes");

		if (offset > size() || sizeof(T) > size() - offset || offset % alignof(T))
			detail::fail(-EINVAL, "as_object");
		if constexpr (std::is_const_v<T>)
			return reinterpret_cast<T *>(cdata() + offset);
		else
			return reinterpret_cast<T *>(data() + offset);
	}

	/**
	 * Increment the sequence and wake all waiters. Writes made before it are
	 * visible after the wait it wakes.
	 * @throws std::system_error EBADF the handle is read-only; EINVAL closed
	 * Thread-safe.
	 */
	void notify() const
	{
		detail::check(::zinc_notify_checked(handle_.get()), "notify");
	}

	/**
	 * Wait for a notify that this handle has not seen; signals do not end it.
	 * @param timeout_ms milliseconds; 0 polls; ZINC_WAIT_FOREVER waits without limit
	 * @return true: notified; false: timeout
	 * @throws std::system_error EINVAL closed
	 * Thread-safe: one of the threads that wait on a handle consumes a pending
	 * notify, but a notify wakes all that sleep.
	 */
	bool wait(std::uint32_t timeout_ms = 1000) const
	{
		return detail::waited(::zinc_wait(handle_.get(), timeout_ms), ETIMEDOUT,
				      "wait");
	}

	/**
	 * wait() with a duration.
	 * @param timeout rounded up to a nanosecond; polls if not positive; waits without
	 *	limit if the clock cannot represent it
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
	 * wait() until a deadline.
	 * @param deadline on the steady clock; polls if it is past
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
	 * wait() that fails when the region's creator or name is gone.
	 * @param timeout_ms as to wait()
	 * @return as wait()
	 * @throws RegionGone see or_gone
	 * @throws std::system_error EINVAL closed; EOPNOTSUPP the loaded kernel module is
	 *	too old
	 * Thread-safe, as wait().
	 */
	bool wait(std::uint32_t timeout_ms, OrGone) const
	{
		if (timeout_ms == ZINC_WAIT_FOREVER)
			return wait_until_ns(ZINC_DEADLINE_NEVER, "wait", ZINC_WAIT_GONE);
		return wait_until_ns(
			detail::deadline(std::chrono::milliseconds(timeout_ms)), "wait",
			ZINC_WAIT_GONE);
	}

	/**
	 * wait_for() that fails when the region's creator or name is gone.
	 * @param timeout as to wait_for()
	 * @return as wait()
	 * @throws RegionGone see or_gone
	 * @throws std::system_error as wait() with or_gone
	 * Thread-safe, as wait().
	 */
	template <class Rep, class Period>
	bool wait_for(const std::chrono::duration<Rep, Period> &timeout, OrGone) const
	{
		return wait_until_ns(detail::deadline(timeout), "wait_for",
				     ZINC_WAIT_GONE);
	}

	/**
	 * wait_until() that fails when the region's creator or name is gone.
	 * @param deadline as to wait_until()
	 * @return as wait()
	 * @throws RegionGone see or_gone
	 * @throws std::system_error as wait() with or_gone
	 * Thread-safe, as wait().
	 */
	template <class Duration>
	bool wait_until(const std::chrono::time_point<std::chrono::steady_clock, Duration>
				&deadline,
			OrGone) const
	{
		return wait_until_ns(detail::nanoseconds(deadline.time_since_epoch()),
				     "wait_until", ZINC_WAIT_GONE);
	}

	/**
	 * Consume a pending notify without waiting.
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
			     std::uint32_t timeout_ms = 1000) const
	{
		return detail::waited(::zinc_notify_and_wait(handle_.get(),
							     reply.handle_.get(),
							     timeout_ms),
				      ETIMEDOUT, "notify_and_wait");
	}

	/**
	 * The number of notifies so far.
	 * @return modulo 2^32; 0 if closed
	 * Errors: none. Thread-safe.
	 */
	[[nodiscard]] std::uint32_t sequence() const noexcept
	{
		return ::zinc_sequence(handle_.get());
	}

	/**
	 * The descriptor for poll, epoll, io_uring and SCM_RIGHTS: readable while a
	 * notify is pending; try_wait() consumes it.
	 * @return the handle's descriptor: do not close it
	 * @throws std::system_error EOPNOTSUPP on POSIX shared memory; EINVAL closed
	 * Thread-safe.
	 */
	[[nodiscard]] int fd() const
	{
		return detail::check(::zinc_fd(handle_.get()), "fd");
	}

	/**
	 * Describe the region.
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
	 * The backend of the region.
	 * @throws std::system_error EINVAL closed
	 * Thread-safe.
	 */
	[[nodiscard]] Backend backend() const
	{
		return static_cast<Backend>(info().backend);
	}

	/**
	 * The operations with devices that the region supports.
	 * @return ZINC_FEATURE_*; 0 on POSIX shared memory
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
	 * Export the data as a dma-buf, which a device can import.
	 * @param readonly neither the CPU nor a device can write through it
	 * @return a new descriptor, close-on-exec; the caller closes it
	 * @throws std::system_error EOPNOTSUPP on POSIX shared memory; EACCES
	 *	writable from a read-only handle; EINVAL closed; EMFILE, ENFILE, ENOMEM
	 * Thread-safe.
	 */
	[[nodiscard]] int export_dmabuf(bool readonly = false) const
	{
		return detail::check(
			::zinc_export_dmabuf(handle_.get(), readonly ? ZINC_RDONLY : 0),
			"export_dmabuf");
	}

	/**
	 * Export a part of the data as a dma-buf: for drivers that use a buffer from
	 * its start. Each call returns a new buffer.
	 * @param offset first byte, a multiple of the page size
	 * @param length bytes, a multiple of the page size, not 0
	 * @param readonly neither the CPU nor a device can write through it
	 * @return a new descriptor, close-on-exec; the caller closes it
	 * @throws std::system_error EINVAL closed, or the part is not within the data;
	 *	EOPNOTSUPP also for an imported region; as export_dmabuf()
	 * Thread-safe.
	 */
	[[nodiscard]] int export_dmabuf_part(std::uint64_t offset, std::uint64_t length,
					     bool readonly = false) const
	{
		return detail::check(
			::zinc_export_dmabuf_part(handle_.get(), offset, length,
						  readonly ? ZINC_RDONLY : 0),
			"export_dmabuf_part");
	}

	/**
	 * Notify the region once a fence has signalled.
	 * @param fence_fd a sync_file; may be closed afterwards
	 * @throws std::system_error EBADF not a sync_file, or a read-only handle; EBUSY
	 *	too many are pending; EOPNOTSUPP on POSIX shared memory; EINVAL closed
	 * Thread-safe.
	 */
	void notify_on_fence(int fence_fd) const
	{
		detail::check(::zinc_notify_on_fence(handle_.get(), fence_fd),
			      "notify_on_fence");
	}

	/**
	 * Begin a CPU access to data that a device uses, too: wait for the device.
	 * @param access ZINC_CPU_READ, ZINC_CPU_WRITE or both
	 * @throws std::system_error EINVAL invalid access, or closed; EBADF write access
	 *	on a read-only handle; as export_dmabuf()
	 * Thread-safe.
	 */
	void begin_cpu_access(std::uint32_t access) const
	{
		detail::check(::zinc_begin_cpu_access(handle_.get(), access),
			      "begin_cpu_access");
	}

	/**
	 * End a CPU access, before the device continues.
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
	 * The handle of the C library, for functions that have no wrapper.
	 * @return owned by the region; null if closed
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

	/* The library determines whether the handle is read-only */
	static SharedRegion adopt(::zinc_handle handle)
	{
		SharedRegion region(handle, false);

		region.readonly_ =
			region.info().flags & (ZINC_INFO_RDONLY | ZINC_INFO_DATA_RDONLY);
		return region;
	}

	bool wait_until_ns(std::uint64_t deadline_ns, const char *what,
			   std::uint32_t flags = 0) const
	{
		return detail::waited(::zinc_wait_with(handle_.get(), deadline_ns, flags),
				      ETIMEDOUT, what);
	}

	std::unique_ptr<::zinc_region, Closer> handle_{};
	bool readonly_ = false;
};

/** Regions for wait_any(), such as {a, b} */
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
 * Wait for a notify on any of several regions; only that one's cursor advances.
 * @param regions 1 to 128, all of one backend
 * @param timeout as to SharedRegion::wait_for()
 * @return the index of the first notified region; std::nullopt: timeout
 * @throws std::system_error EINVAL a closed region, no regions, or too many;
 *	EOPNOTSUPP on POSIX shared memory if the kernel is older than 5.16
 * Thread-safe.
 */
template <class Rep, class Period>
std::optional<std::size_t> wait_any(const RegionRefs &regions,
				    const std::chrono::duration<Rep, Period> &timeout)
{
	return detail::wait_any(regions, detail::deadline(timeout));
}

/**
 * wait_any() without a limit.
 * @param regions as to the overload with a timeout
 * @return the index of the first notified region
 * @throws std::system_error as the overload with a timeout
 * Thread-safe.
 */
inline std::size_t wait_any(const RegionRefs &regions)
{
	return detail::wait_any(regions, ZINC_DEADLINE_NEVER).value();
}

/**
 * The backend that a new region would get.
 * @throws std::system_error EACCES /dev/zinc may not be opened; EINVAL a bad
 *	$ZINC_BACKEND
 * Thread-safe.
 */
[[nodiscard]] inline Backend backend()
{
	return static_cast<Backend>(detail::check(::zinc_backend(nullptr), "backend"));
}

/**
 * The operations with devices that a new region would support.
 * @return ZINC_FEATURE_*; 0 on POSIX shared memory
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
