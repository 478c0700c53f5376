// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams in C++, for the matrix of languages: CASES.md says what the orders
 * do.
 */
#include <cstdlib>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>

#include "zinc_stream.hpp"

namespace
{

using namespace zinc::stream;

constexpr std::chrono::seconds patience(60);

struct Kind {
	Format format;
	std::uint64_t bytes;
};

Kind kind_of(const std::string &name)
{
	if (name == "nv12") {
		Kind kind{video("NV12", 6, 4), 384};
		kind.format.stride[0] = kind.format.stride[1] = 64;
		kind.format.offset[1] = 256;
		return kind;
	}
	if (name == "xr24") {
		Kind kind{video("XR24", 5, 3), 96};
		kind.format.stride[0] = 32;
		return kind;
	}
	return {tensor<float>({2, 3}), 24};
}

std::string describe(const Format &format)
{
	std::ostringstream text;

	if (format.kind == ZINC_STREAM_TENSOR) {
		text << (format.dtype_code == ZINC_STREAM_FLOAT ? "float" : "?")
		     << int(format.dtype_bits) << '/';
		for (std::uint32_t i = 0; i < format.dims; i++)
			text << (i ? "," : "") << format.shape[i];
		return text.str();
	}
	text << std::string(reinterpret_cast<const char *>(&format.fourcc), 4) << '/'
	     << format.width << 'x' << format.height << '/';
	for (std::uint32_t i = 0; i < format.planes; i++)
		text << (i ? "," : "") << format.stride[i];
	return text.str();
}

float element(std::uint64_t number, std::size_t i)
{
	return static_cast<float>(number) * 0.5F + static_cast<float>(i);
}

std::byte sample(std::uint64_t number, std::size_t p, std::size_t y, std::size_t x)
{
	return static_cast<std::byte>(number + p * 3 + y * 5 + x * 7);
}

void fill(const Draft &draft, const Format &format, std::uint64_t number)
{
	if (format.kind == ZINC_STREAM_TENSOR) {
		for (std::size_t i = 0; i < 6; i++)
			draft.as<float>()[i] = element(number, i);
		return;
	}
	for (std::uint32_t p = 0; p < format.planes; p++) {
		const auto plane = draft.plane(format, p);

		for (std::size_t y = 0; y < plane.rows(); y++)
			for (std::size_t x = 0; x < plane.row(y).size(); x++)
				plane.row(y)[x] = sample(number, p, y, x);
	}
}

bool is_right(Bytes<const std::byte> bytes, const Format &format, std::uint64_t number)
{
	bool right = true;

	if (format.kind == ZINC_STREAM_TENSOR) {
		for (std::size_t i = 0; i < 6; i++) {
			float value = 0;

			std::memcpy(&value, bytes.data() + i * sizeof(value),
				    sizeof(value));
			right &= value == element(number, i);
		}
		return right;
	}
	for (std::uint32_t p = 0; p < format.planes; p++) {
		const auto plane = detail::plane(bytes.data(), bytes.size(), format, p);

		for (std::size_t y = 0; y < plane.rows(); y++) {
			std::size_t x = 0;

			for (const std::byte value : plane.row(y))
				right &= value == sample(number, p, y, x++);
		}
	}
	return right;
}

class Streamer
{
public:
	std::string obey(const std::string &line)
	{
		std::istringstream words(line);
		std::string order, first, second;
		std::uint32_t slots = 0;

		words >> order >> first >> second >> slots;
		if (order == "create") {
			kind_ = kind_of(second);
			writer_.emplace(first, kind_.format, kind_.bytes, slots);
			return "ready";
		}
		if (order == "write")
			return write(std::stoul(first));
		if (order == "try")
			return write_one(std::chrono::seconds(0)) ? "done" : "busy";
		if (order == "format") {
			kind_ = kind_of(first);
			writer_->set_format(kind_.format);
			return "done";
		}
		if (order == "end") {
			writer_.reset();
			return "done";
		}
		return obey_reader(order, first, second);
	}

private:
	std::string obey_reader(const std::string &order, const std::string &name,
				const std::string &mode)
	{
		if (order == "open") {
			reader_.emplace(name,
					mode == "every"      ? Mode::every
					: mode == "register" ? Mode::registered
							     : Mode::newest,
					patience);
			return "ready " + describe(reader_->format());
		}
		if (order == "next")
			return next();
		if (order == "read")
			return read();
		if (order == "hold") {
			held_ = reader_->next(patience);
			return "held " + std::to_string(held_.value().number()) +
			       (held_->whole() ? " 1" : " 0");
		}
		if (order == "release")
			return held_.value().done() ? "released 1" : "released 0";
		if (order == "follow")
			return follow();
		if (order == "close") {
			held_.reset();
			reader_.reset();
			return "done";
		}
		return "error no such order";
	}

	bool write_one(std::chrono::seconds timeout)
	{
		auto draft = writer_.value().begin(timeout);
		const auto number = writer_->number() + 1;
		Descriptor descriptor{};

		if (!draft)
			return false;
		fill(*draft, kind_.format, number);
		descriptor.bytes = kind_.bytes;
		descriptor.pts_ns = number * 1000;
		draft->commit(descriptor);
		return true;
	}

	std::string write(std::size_t count)
	{
		while (count--)
			if (!write_one(patience))
				return "error timed out";
		return "done";
	}

	std::string told(const Descriptor &frame, std::uint64_t lost, bool changed,
			 const char *state) const
	{
		std::ostringstream text;

		text << "frame " << frame.number << ' ' << lost << ' ' << changed << ' '
		     << describe(reader_->format()) << ' ' << frame.bytes << ' '
		     << frame.pts_ns << ' ' << state;
		return text.str();
	}

	std::string next()
	{
		try {
			auto frame = reader_->next(patience);
			const auto &seen = frame.value();
			const bool right =
				is_right(seen.bytes(), reader_->format(), seen.number());
			const char *state = right ? "right" : "wrong";

			if (!frame->done())
				state = "torn";
			return told(seen.descriptor(), seen.lost(), seen.new_format(),
				    state);
		} catch (const zinc::RegionGone &) {
			return "gone";
		}
	}

	std::string read()
	{
		std::vector<std::byte> bytes;
		const auto copy = reader_->read(bytes, patience).value();
		const bool right = is_right({bytes.data(), bytes.size()},
					    reader_->format(), copy.descriptor.number);

		return told(copy.descriptor, copy.lost, copy.new_format,
			    right ? "right" : "wrong");
	}

	std::string follow()
	{
		std::uint64_t right = 0, wrong = 0;

		try {
			for (;;) {
				auto frame = reader_->next();
				const bool is_good = is_right(
					frame.bytes(), reader_->format(), frame.number());

				if (frame.done())
					(is_good ? right : wrong)++;
			}
		} catch (const zinc::RegionGone &) {
			std::ostringstream text;

			text << "followed " << right << ' ' << wrong << ' '
			     << reader_->lost();
			return text.str();
		}
	}

	Kind kind_{};
	std::optional<Writer> writer_{};
	std::optional<Reader> reader_{};
	std::optional<Frame> held_{};
};

} // namespace

int main()
{
	Streamer streamer;
	std::string line;

	while (std::getline(std::cin, line)) {
		try {
			std::cout << streamer.obey(line) << std::endl;
		} catch (const std::exception &error) {
			std::cout << "error " << error.what() << std::endl;
		}
	}
	return 0;
}
