// SPDX-License-Identifier: MIT
/**
 * @file zinc_stream.hpp
 * Streams of frames, tensors and samples, in the types of C++.
 *
 * The functions are those of zinc-stream.h, which says how streams behave; here are
 * ownership, chrono, views and exceptions. Link with -lzinc-kmod.
 *
 * Errors: as those of zinc.hpp. RegionGone means that the writer has ended and no frame
 * is left. A function that has a timeout returns nothing when the time is up.
 *
 * Threads: one at a time uses a Writer or a Reader, and its frames.
 *
 * Needs C++17; Bytes and Samples convert to std::span from C++20 on.
 */
#ifndef ZINC_STREAM_HPP
#define ZINC_STREAM_HPP

#include <array>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "zinc.hpp"

#include "zinc-stream.h"

namespace zinc::stream
{

/** What a frame is: zinc-stream.h documents its fields */
using Format = ::zinc_stream_format;
/** What the writer says of a frame: likewise */
using Descriptor = ::zinc_stream_frame;

/** Which frames a Reader returns */
enum class Mode : std::uint32_t {
	newest = ZINC_STREAM_NEWEST,       /**< it skips to the newest one */
	every = ZINC_STREAM_EVERY,         /**< each one that is still there */
	registered = ZINC_STREAM_REGISTER, /**< each one: the writer waits */
};

/** Elements in a row, as std::span, which C++17 lacks. They are not owned. */
template <class T>
class Samples
{
public:
	constexpr Samples() noexcept = default;
	constexpr Samples(T *data, std::size_t size) noexcept : data_(data), size_(size)
	{
	}

	[[nodiscard]] constexpr T *data() const noexcept
	{
		return data_;
	}
	[[nodiscard]] constexpr std::size_t size() const noexcept
	{
		return size_;
	}
	[[nodiscard]] constexpr bool empty() const noexcept
	{
		return !size_;
	}
	[[nodiscard]] constexpr T *begin() const noexcept
	{
		return data_;
	}
	[[nodiscard]] constexpr T *end() const noexcept
	{
		return data_ + size_;
	}
	[[nodiscard]] constexpr T &operator[](std::size_t i) const
	{
		return data_[i];
	}
#ifdef __cpp_lib_span
	constexpr operator std::span<T>() const noexcept
	{
		return {data_, size_};
	}
#endif

private:
	T *data_ = nullptr;
	std::size_t size_ = 0;
};

/** Bytes in a row */
template <class T>
using Bytes = Samples<T>;

/** A plane of video: rows with padding between them. They are not owned. */
template <class T>
class Plane
{
public:
	Plane(T *data, const ::zinc_stream_plane &layout) noexcept :
	    data_(data), layout_(layout)
	{
	}

	/** How many rows */
	[[nodiscard]] std::size_t rows() const noexcept
	{
		return layout_.rows;
	}
	/** Pixels of a row, or groups of pixels that share samples */
	[[nodiscard]] std::size_t columns() const noexcept
	{
		return layout_.columns;
	}
	/** Samples of an element: 4 in XR24, 2 in the second plane of NV12 */
	[[nodiscard]] std::size_t samples() const noexcept
	{
		return layout_.samples;
	}
	/** Bytes of a sample */
	[[nodiscard]] std::size_t sample_bytes() const noexcept
	{
		return layout_.sample_bytes;
	}
	/** Bytes from one row to the next */
	[[nodiscard]] std::size_t stride() const noexcept
	{
		return layout_.stride;
	}
	/** The bytes of row @p y, without its padding */
	[[nodiscard]] Bytes<T> row(std::size_t y) const noexcept
	{
		return {data_ + y * stride(), columns() * samples() * sample_bytes()};
	}

private:
	T *data_;
	::zinc_stream_plane layout_;
};

/** Not for callers */
namespace detail
{

using zinc::detail::check;

/* A plane within @size bytes at @data */
template <class T>
Plane<T> plane(T *data, std::uint64_t size, const Format &format, std::uint32_t index)
{
	::zinc_stream_plane layout{};

	check(::zinc_stream_get_plane(&format, index, &layout), "plane");
	const auto row =
		std::uint64_t{layout.columns} * layout.samples * layout.sample_bytes;
	if (layout.offset + std::uint64_t{layout.stride} * (layout.rows - 1) + row > size)
		zinc::detail::fail(-EMSGSIZE, "plane");
	return Plane<T>(data + layout.offset, layout);
}

template <class To, class From>
Samples<To> samples(From *data, std::uint64_t size)
{
	static_assert(std::is_trivially_copyable_v<To>);
	// a slot begins on a page
	return {reinterpret_cast<To *>(data),
		static_cast<std::size_t>(size / sizeof(To))};
}

/* 0 only looks */
template <class Rep, class Period>
std::uint64_t deadline(const std::chrono::duration<Rep, Period> &timeout)
{
	return zinc::detail::deadline(timeout);
}

} // namespace detail

/** The timeout without a limit */
inline constexpr std::chrono::hours forever = std::chrono::hours::max();

/**
 * Describe linear video without padding.
 * @param fourcc such as "NV12": 1 to 4 characters that zinc_stream_video() knows
 * @param width pixels, 1 to 65535
 * @param height likewise
 * @return the format; strides and offsets may be changed
 * @throws std::system_error EINVAL an unknown fourcc, or a size out of range
 * Thread-safe.
 */
[[nodiscard]] inline Format video(std::string_view fourcc, std::uint32_t width,
				  std::uint32_t height)
{
	std::array<char, 4> code{' ', ' ', ' ', ' '};
	Format format{};

	if (fourcc.empty() || fourcc.size() > code.size())
		zinc::detail::fail(-EINVAL, "video", fourcc);
	fourcc.copy(code.data(), code.size());
	if (!::zinc_stream_video(&format,
				 ZINC_STREAM_FOURCC(static_cast<unsigned char>(code[0]),
						    static_cast<unsigned char>(code[1]),
						    static_cast<unsigned char>(code[2]),
						    static_cast<unsigned char>(code[3])),
				 width, height))
		zinc::detail::fail(-EINVAL, "video", fourcc);
	return format;
}

/**
 * Describe a tensor in C order.
 * @tparam T an integer, float, double or bool
 * @param shape 1 to 8 dimensions, none of them 0; {} for one element
 * @return the format
 * @throws std::system_error EINVAL a dimension is 0, or there are too many
 * Thread-safe.
 */
template <class T>
[[nodiscard]] Format tensor(std::initializer_list<std::uint64_t> shape)
{
	static_assert(std::is_arithmetic_v<T>);
	Format format{};
	const std::uint8_t code = std::is_same_v<T, bool>       ? ZINC_STREAM_BOOL
				  : std::is_floating_point_v<T> ? ZINC_STREAM_FLOAT
				  : std::is_signed_v<T>         ? ZINC_STREAM_INT
								: ZINC_STREAM_UINT;

	if (!::zinc_stream_tensor(&format, code, 8 * sizeof(T),
				  static_cast<std::uint32_t>(shape.size()),
				  shape.begin()))
		zinc::detail::fail(-EINVAL, "tensor");
	return format;
}

class Reader;
class Writer;

/**
 * A frame in the ring. The writer may overwrite it: done() tells.
 *
 * It can be moved. Its end is done(). Its views are valid until then, or until the
 * reader's next frame. The stream stays open until its frames are done, too.
 */
class Frame
{
public:
	Frame(Frame &&) noexcept = default;
	Frame &operator=(Frame &&other) noexcept
	{
		if (this != &other) {
			(void)done();
			reader_ = std::move(other.reader_);
			view_ = other.view_;
		}
		return *this;
	}
	Frame(const Frame &) = delete;
	Frame &operator=(const Frame &) = delete;
	~Frame()
	{
		(void)done();
	}

	/** What the writer says of it. Errors: none. */
	[[nodiscard]] const Descriptor &descriptor() const noexcept
	{
		return view_.frame;
	}
	/** 1 for the stream's first. Errors: none. */
	[[nodiscard]] std::uint64_t number() const noexcept
	{
		return view_.frame.number;
	}
	/** Frames lost between the previous one and this one. Errors: none. */
	[[nodiscard]] std::uint64_t lost() const noexcept
	{
		return view_.lost;
	}
	/** Whether the format differs from that of the previous frame. Errors: none. */
	[[nodiscard]] bool new_format() const noexcept
	{
		return view_.new_format;
	}

	/** All its bytes. Errors: none. */
	[[nodiscard]] Bytes<const std::byte> bytes() const noexcept
	{
		return {static_cast<const std::byte *>(view_.data),
			static_cast<std::size_t>(view_.frame.bytes)};
	}

	/** All its bytes as elements of a type. Errors: none. */
	template <class T>
	[[nodiscard]] Samples<const T> as() const noexcept
	{
		return detail::samples<const T>(bytes().data(), bytes().size());
	}

	/**
	 * A plane of video.
	 * @param index 0 to planes - 1
	 * @throws std::system_error EINVAL no such plane, no video, or done; EOPNOTSUPP a
	 *	format that is unknown here; EMSGSIZE the frame is too short
	 */
	[[nodiscard]] Plane<const std::byte> plane(std::uint32_t index = 0) const
	{
		if (!reader_)
			zinc::detail::fail(-EINVAL, "plane");
		return detail::plane(bytes().data(), bytes().size(), reader_->format,
				     index);
	}

	/** Whether all that was read until now is the frame's. Errors: none. */
	[[nodiscard]] bool whole() const noexcept
	{
		return reader_ && ::zinc_stream_is_whole(reader_.get(), &view_);
	}

	/**
	 * End its use; the destructor does it, too. A writer that waits goes on.
	 * @return whether all that was read is the frame's: else discard the result;
	 *false the second time Errors: none.
	 */
	bool done() noexcept
	{
		const auto reader = std::move(reader_);

		reader_.reset();
		return reader && !::zinc_stream_done(reader.get(), &view_);
	}

private:
	friend class Reader;
	Frame(std::shared_ptr<::zinc_stream_reader> reader,
	      const ::zinc_stream_view &view) noexcept :
	    reader_(std::move(reader)),
	    view_(view)
	{
	}

	std::shared_ptr<::zinc_stream_reader> reader_;
	::zinc_stream_view view_;
};

/** A reading end of a stream. It can be moved. */
class Reader
{
public:
	/**
	 * Open a stream.
	 * @param name the stream's
	 * @param mode which frames it returns; registered needs write permission
	 * @param timeout how long to wait for the name; not positive only looks
	 * @throws std::system_error ENOENT no such name, and no timeout; ETIMEDOUT;
	 *EINVAL bad name; EBADMSG not a stream; EACCES; EUSERS 16 readers are registered
	 * @throws RegionGone the writer ended before it had begun
	 */
	template <class Rep = std::int64_t, class Period = std::milli>
	explicit Reader(std::string_view name, Mode mode = Mode::newest,
			const std::chrono::duration<Rep, Period> &timeout =
				std::chrono::duration<Rep, Period>::zero()) :
	    reader_(new ::zinc_stream_reader(), close)
	{
		const auto c_name = zinc::detail::c_name(name, "open");

		detail::check(::zinc_stream_open(reader_.get(), c_name.c_str(),
						 static_cast<std::uint32_t>(mode),
						 detail::deadline(timeout)),
			      "open", name);
	}

	/**
	 * Wait for a frame, and look at it in place.
	 * @param timeout not positive only looks; forever has no limit
	 * @return the frame; nothing: the time is up
	 * @throws RegionGone the writer has ended, and no frame is left
	 * @throws std::system_error EBADMSG the stream contradicts itself
	 */
	template <class Rep, class Period>
	[[nodiscard]] std::optional<Frame>
	next(const std::chrono::duration<Rep, Period> &timeout)
	{
		::zinc_stream_view view{};
		const int error = ::zinc_stream_next(reader_.get(), &view,
						     detail::deadline(timeout));

		if (!keep(error, view, "next"))
			return std::nullopt;
		return Frame(reader_, view);
	}

	/** next() without a limit */
	[[nodiscard]] Frame next()
	{
		return std::move(*next(forever));
	}

	/** A frame that read() has copied */
	struct Copy {
		Descriptor descriptor; /**< what the writer says of it */
		std::uint64_t lost;    /**< frames lost before it */
		bool new_format;       /**< the format differs from the previous one's */
	};

	/**
	 * Wait for a frame, and copy it; a copy is always whole.
	 * @param into receives the bytes, and has their number afterwards
	 * @param timeout as to next()
	 * @return what the frame is; nothing: the time is up
	 * @throws as next()
	 */
	template <class Rep, class Period>
	[[nodiscard]] std::optional<Copy>
	read(std::vector<std::byte> &into,
	     const std::chrono::duration<Rep, Period> &timeout)
	{
		::zinc_stream_view view{};

		into.resize(static_cast<std::size_t>(reader_->slot_size));
		const int error =
			::zinc_stream_read(reader_.get(), into.data(), into.size(), &view,
					   detail::deadline(timeout));
		if (!keep(error, view, "read"))
			return std::nullopt;
		into.resize(static_cast<std::size_t>(view.frame.bytes));
		return Copy{view.frame, view.lost, view.new_format};
	}

	/** Of the last frame; before the first, as the stream was opened. Errors: none.
	 */
	[[nodiscard]] const Format &format() const noexcept
	{
		return reader_->format;
	}
	/** Frames lost since it was opened. Errors: none. */
	[[nodiscard]] std::uint64_t lost() const noexcept
	{
		return reader_->lost;
	}
	/** The C library's reader, for functions without a wrapper. Errors: none. */
	[[nodiscard]] ::zinc_stream_reader *native() const noexcept
	{
		return reader_.get();
	}

private:
	static void close(::zinc_stream_reader *reader) noexcept
	{
		::zinc_stream_close(reader);
		delete reader;
	}

	/* What a call without a frame passed over is the next frame's. */
	bool keep(int error, ::zinc_stream_view &view, const char *what)
	{
		lost_ += view.lost;
		changed_ |= view.new_format;
		if (!zinc::detail::waited(error, ETIMEDOUT, what))
			return false;
		view.lost = std::exchange(lost_, 0);
		view.new_format = std::exchange(changed_, false);
		return true;
	}

	std::shared_ptr<::zinc_stream_reader> reader_;
	std::uint64_t lost_ = 0;
	bool changed_ = false;
};

/**
 * The next frame, in its slot: commit() publishes it, the destructor cancels it.
 *
 * It can be moved. Nothing may be written to its views after commit().
 */
class Draft
{
public:
	Draft(Draft &&) noexcept = default;
	Draft &operator=(Draft &&) = delete;
	~Draft()
	{
		if (writer_)
			::zinc_stream_cancel(writer_.get());
	}

	/** The whole slot; empty after commit(). Errors: none. */
	[[nodiscard]] Bytes<std::byte> bytes() const noexcept
	{
		return writer_ ? bytes_ : Bytes<std::byte>();
	}

	/** The whole slot as elements of a type. Errors: none. */
	template <class T>
	[[nodiscard]] Samples<T> as() const noexcept
	{
		return detail::samples<T>(bytes().data(), bytes().size());
	}

	/**
	 * A plane of video.
	 * @param format the stream's
	 * @param index 0 to planes - 1
	 * @throws std::system_error as that of a Frame
	 */
	[[nodiscard]] Plane<std::byte> plane(const Format &format,
					     std::uint32_t index = 0) const
	{
		return detail::plane(bytes().data(), bytes().size(), format, index);
	}

	/**
	 * Publish the frame.
	 * @param descriptor bytes, pts_ns, flags and damage of it are used
	 * @throws std::system_error EINVAL more bytes than a slot has, or committed
	 * before
	 */
	void commit(const Descriptor &descriptor)
	{
		if (!writer_)
			zinc::detail::fail(-EINVAL, "commit");
		detail::check(::zinc_stream_commit(writer_.get(), &descriptor), "commit");
		writer_.reset();
	}

	/** Publish a frame of so many bytes, whose time is now. Errors: likewise. */
	void commit(std::uint64_t bytes)
	{
		Descriptor descriptor{};

		descriptor.bytes = bytes;
		descriptor.pts_ns = zinc::detail::nanoseconds(
			std::chrono::steady_clock::now().time_since_epoch());
		commit(descriptor);
	}

private:
	friend class Writer;
	Draft(std::shared_ptr<::zinc_stream_writer> writer, void *data) noexcept :
	    writer_(std::move(writer)),
	    bytes_(static_cast<std::byte *>(data),
		   static_cast<std::size_t>(writer_->slot_size))
	{
	}

	std::shared_ptr<::zinc_stream_writer> writer_;
	Bytes<std::byte> bytes_;
};

/** The writing end of a stream. It can be moved. */
class Writer
{
public:
	/**
	 * Make a stream.
	 * @param name 1 to 245 of a-z A-Z 0-9 _ -
	 * @param format what a frame is
	 * @param slot_size bytes of a slot, at least a frame
	 * @param slots 2 to 64
	 * @param choice mode, lifetime, backend, replace; lifetime refs means creator,
	 *which lets readers see that the writer is gone
	 * @throws std::system_error EINVAL bad name or number; EBADMSG the format does
	 *not fit into a slot; or as SharedRegion::create()
	 */
	Writer(std::string_view name, const Format &format, std::uint64_t slot_size,
	       std::uint32_t slots = 4, CreateOptions choice = {}) :
	    writer_(new ::zinc_stream_writer(), end)
	{
		const auto c_name = zinc::detail::c_name(name, "create");

		if (choice.lifetime == Lifetime::refs)
			choice.lifetime = Lifetime::creator;
		const auto options = zinc::detail::options(choice);
		detail::check(::zinc_stream_create(writer_.get(), c_name.c_str(), &format,
						   slots, slot_size, &options),
			      "create", name);
	}

	/**
	 * Begin the next frame. It waits for registered readers.
	 * @param timeout not positive only looks; forever has no limit
	 * @return the frame's slot; nothing: the time is up
	 * @throws std::system_error EBUSY a frame is begun
	 */
	template <class Rep, class Period>
	[[nodiscard]] std::optional<Draft>
	begin(const std::chrono::duration<Rep, Period> &timeout)
	{
		void *data = nullptr;

		if (!zinc::detail::waited(::zinc_stream_begin(writer_.get(),
							      detail::deadline(timeout),
							      &data),
					  ETIMEDOUT, "begin"))
			return std::nullopt;
		return Draft(writer_, data);
	}

	/** begin() without a limit */
	[[nodiscard]] Draft begin()
	{
		return std::move(*begin(forever));
	}

	/**
	 * Change what later frames are, within the size of a slot.
	 * @param format the new one
	 * @throws std::system_error EBADMSG it does not fit; EBUSY a frame is begun
	 */
	void set_format(const Format &format)
	{
		detail::check(::zinc_stream_set_format(writer_.get(), &format),
			      "set_format");
	}

	/** Stop waiting for registered readers that are in the way; how many. */
	int drop()
	{
		return detail::check(::zinc_stream_drop(writer_.get()), "drop");
	}

	/** The newest frame; 0 before the first. Errors: none. */
	[[nodiscard]] std::uint64_t number() const noexcept
	{
		return writer_->number;
	}
	/** Bytes of a slot. Errors: none. */
	[[nodiscard]] std::uint64_t slot_size() const noexcept
	{
		return writer_->slot_size;
	}
	/** The C library's writer, for functions without a wrapper. Errors: none. */
	[[nodiscard]] ::zinc_stream_writer *native() const noexcept
	{
		return writer_.get();
	}

private:
	static void end(::zinc_stream_writer *writer) noexcept
	{
		::zinc_stream_end(writer);
		delete writer;
	}

	std::shared_ptr<::zinc_stream_writer> writer_;
};

} // namespace zinc::stream

#endif // ZINC_STREAM_HPP
