// SPDX-License-Identifier: GPL-2.0-only
// TAP, and the other process of the cases.
#ifndef HARNESS_HPP
#define HARNESS_HPP

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

// Why a test cannot be run here
struct Skip : std::runtime_error {
	using std::runtime_error::runtime_error;
};

#define STRINGIFY_(x) #x
#define STRINGIFY(x) STRINGIFY_(x)
#define CHECK(what)                                                                      \
	((what) ? void()                                                                 \
		: throw std::runtime_error("line " STRINGIFY(__LINE__) ": " #what))

struct Test {
	int number;
	const char *name;
	void (*run)();
};

inline bool passes(const Test &test)
{
	try {
		test.run();
		std::cout << "ok " << test.number << ' ' << test.name << std::endl;
	} catch (const Skip &why) {
		std::cout << "ok " << test.number << ' ' << test.name << " # SKIP "
			  << why.what() << std::endl;
	} catch (const std::exception &error) {
		std::cout << "# " << error.what() << "\nnot ok " << test.number << ' '
			  << test.name << std::endl;
		return false;
	}
	return true;
}

// The exit status
inline int run(const std::vector<Test> &tests)
{
	int failed = 0;

	std::cout << "TAP version 13\n1.." << tests.size() << std::endl;
	for (const Test &test : tests)
		failed += !passes(test);
	return failed ? 1 : 0;
}

// The errno that a call ends with; 0 for none
template <class Call>
int error_of(Call call)
{
	try {
		call();
	} catch (const std::system_error &error) {
		return error.code().value();
	}
	return 0;
}

// The other process
class Peer
{
public:
	explicit Peer(std::vector<std::string> words)
	{
		int to[2], from[2];

		words.insert(words.begin(), std::getenv("ZINC_PEER"));
		CHECK(!pipe(to) && !pipe(from));
		pid_ = fork();
		CHECK(pid_ >= 0);
		if (!pid_)
			become(words, to, from);
		::close(to[0]);
		::close(from[1]);
		in_ = to[1];
		out_ = fdopen(from[0], "r");
	}

	Peer(const Peer &) = delete;
	Peer &operator=(const Peer &) = delete;

	~Peer()
	{
		end_input();
		fclose(out_);
		if (pid_ > 0) {
			::kill(pid_, SIGKILL);
			waitpid(pid_, nullptr, 0);
		}
	}

	// A line that it says, without its end
	std::string line()
	{
		std::string text;
		int c;

		while ((c = getc(out_)) != EOF && c != '\n')
			text += static_cast<char>(c);
		return text;
	}

	void end_input()
	{
		if (in_ >= 0)
			::close(in_);
		in_ = -1;
	}

	// It ends by itself, and all is well
	void ends()
	{
		int status;

		end_input();
		CHECK(waitpid(pid_, &status, 0) == pid_);
		pid_ = 0;
		CHECK(status == 0);
	}

	void kill()
	{
		CHECK(!::kill(pid_, SIGKILL) && waitpid(pid_, nullptr, 0) == pid_);
		pid_ = 0;
	}

private:
	[[noreturn]] static void become(const std::vector<std::string> &words,
					const int *to, const int *from)
	{
		std::vector<char *> arguments;

		for (const auto &word : words)
			arguments.push_back(const_cast<char *>(word.c_str()));
		arguments.push_back(nullptr);
		dup2(to[0], 0);
		dup2(from[1], 1);
		for (int fd : {to[0], to[1], from[0], from[1]})
			::close(fd);
		execv(arguments[0], arguments.data());
		_exit(127);
	}

	pid_t pid_ = 0;
	int in_ = -1;
	std::FILE *out_ = nullptr;
};

// The output of the other process, once it has ended
inline std::string peer(const std::vector<std::string> &words)
{
	Peer process(words);
	const auto said = process.line();

	process.ends();
	return said;
}

#endif // HARNESS_HPP
