// SPDX-License-Identifier: GPL-2.0-only
/*
 * POSIX shared memory: the counts of waiters and of handles that maintain it, by
 * which a notify finds out that nobody waits.
 *
 * The stranger is a process that uses the bytes of the object and no library: it
 * raises the count of handles, and sleeps on the sequence. Who must be woken
 * waits for ever: after a deadline, a wait would find the notify that did not wake
 * it. What hangs, the harness ends.
 */
#include "lib_test.h"

#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>

#define COUNTED		(1 << 11)
#define ROUNDS		2000

#ifdef SYS_futex_time64		/* a 32-bit system */
#define FUTEX_CALL	SYS_futex_time64
#else
#define FUTEX_CALL	SYS_futex
#endif

/* ---- the stranger ---- */

struct stranger {
	uint8_t *object;
	size_t size;
};

static uint32_t *word(const struct stranger *stranger, int offset)
{
	return (uint32_t *)(stranger->object + offset);
}

static void stranger_open(struct stranger *stranger, const char *name)
{
	int fd = open(object(name), O_RDWR | O_CLOEXEC);
	struct stat st;

	CHECK(fd >= 0);
	CHECK(!fstat(fd, &st));
	stranger->size = st.st_size;
	stranger->object = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE,
				MAP_SHARED, fd, 0);
	CHECK(stranger->object != MAP_FAILED);
	close(fd);
	__atomic_fetch_add(word(stranger, AT_REF_COUNT), 1, __ATOMIC_RELAXED);
}

static void stranger_close(struct stranger *stranger)
{
	__atomic_fetch_sub(word(stranger, AT_REF_COUNT), 1, __ATOMIC_RELAXED);
	munmap(stranger->object, stranger->size);
}

static void stranger_notify(struct stranger *stranger)
{
	uint32_t *sequence = word(stranger, AT_SEQUENCE);

	__atomic_fetch_add(sequence, 1, __ATOMIC_SEQ_CST);
	syscall(FUTEX_CALL, sequence, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Until the sequence is not @seen, without a deadline */
static void stranger_wait(struct stranger *stranger, uint32_t seen)
{
	uint32_t *sequence = word(stranger, AT_SEQUENCE);

	while (__atomic_load_n(sequence, __ATOMIC_ACQUIRE) == seen)
		syscall(FUTEX_CALL, sequence, FUTEX_WAIT, seen, NULL, NULL, 0);
}

/*
 * The control that must lose: a notifier that looks at the waiters, and not at
 * the handles.
 */
static void careless_notify(struct stranger *stranger)
{
	uint32_t *sequence = word(stranger, AT_SEQUENCE);

	__atomic_fetch_add(sequence, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(word(stranger, AT_WAITERS), __ATOMIC_SEQ_CST))
		syscall(FUTEX_CALL, sequence, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* ---- whether a notify makes a system call ---- */

/* From here on, FUTEX_CALL is fatal. */
static void forbid_futex(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FUTEX_CALL, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };

	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

/* Does a notify of the inherited handle call? */
static bool calls(zinc_handle region)
{
	pid_t pid;
	int status;

	IN_CHILD(pid) {
		forbid_futex();
		zinc_notify(region);
	}
	status = reap(pid);
	CHECK(!status || status == -SIGSYS);
	return status;
}

/* Handles that maintain the count of waiters */
static uint32_t registered(zinc_handle region)
{
	return header_u32(region, AT_REGISTERED) & 0xffff;
}

FIXTURE(waiters)
{
	const char *name;
	zinc_handle region;
};

FIXTURE_SETUP(waiters)
{
	NEED_SHM();
	self->name = named("waiters");
	forget(self->name);
	ASSERT_EQ(zinc_create(self->name, PAGE, &self->region), 0);
}

FIXTURE_TEARDOWN(waiters)
{
	zinc_close(self->region);
	if (self->name)
		forget(self->name);
}

/* ---- the counts ---- */

TEST_F(waiters, are_counted)
{
	zinc_handle other, reader;
	uint32_t word;

	if (_metadata->skip)
		return;
	EXPECT_TRUE(header_u16(self->region, AT_FLAGS) & COUNTED);
	EXPECT_EQ(registered(self->region), 1);
	word = header_u32(self->region, AT_REGISTERED);
	ASSERT_EQ(zinc_open(self->name, &other), 0);
	EXPECT_EQ(registered(self->region), 2);
	/* a read-only handle is in neither count */
	ASSERT_EQ(open_readonly(self->name, &reader), 0);
	EXPECT_EQ(registered(self->region), 2);
	EXPECT_EQ(header_u32(self->region, AT_REF_COUNT), 2);
	EXPECT_FALSE(calls(self->region));
	EXPECT_FALSE(calls(other));
	zinc_close(reader);
	zinc_close(other);
	EXPECT_EQ(registered(self->region), 1);
	EXPECT_FALSE(calls(self->region));
	/* the same number, but not the same word */
	EXPECT_NE(header_u32(self->region, AT_REGISTERED), word);
	EXPECT_EQ(header_u32(self->region, AT_WAITERS), 0);
}

TEST_F(waiters, two_are_two)
{
	pid_t first, second;

	if (_metadata->skip)
		return;
	IN_CHILD(first)
		CHECK(!zinc_wait(self->region, ZINC_WAIT_FOREVER));
	IN_CHILD(second)
		CHECK(!zinc_wait(self->region, ZINC_WAIT_FOREVER));
	ASSERT_TRUE(asleep(first) && asleep(second));
	EXPECT_EQ(header_u32(self->region, AT_WAITERS), 2);
	EXPECT_TRUE(calls(self->region));
	zinc_notify(self->region);
	EXPECT_EQ(reap(first), 0);
	EXPECT_EQ(reap(second), 0);
	EXPECT_EQ(header_u32(self->region, AT_WAITERS), 0);
	EXPECT_FALSE(calls(self->region));
}

TEST_F(waiters, of_any)
{
	zinc_handle both[2];
	size_t index = 9;
	pid_t pid;

	if (_metadata->skip)
		return;
	both[0] = self->region;
	ASSERT_EQ(zinc_create(named("second"), PAGE, &both[1]), 0);
	if (zinc_wait_any(both, 2, now_ns() + 1, NULL) == -EOPNOTSUPP) {
		zinc_close(both[1]);
		SKIP(return, "needs futex_waitv");
	}
	IN_CHILD(pid) {
		CHECK(!zinc_wait_any(both, 2, ZINC_DEADLINE_NEVER, &index));
		CHECK(index == 1);
	}
	ASSERT_TRUE(asleep(pid));
	EXPECT_EQ(header_u32(both[0], AT_WAITERS), 1);
	EXPECT_EQ(header_u32(both[1], AT_WAITERS), 1);
	zinc_notify(both[1]);
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(header_u32(both[0], AT_WAITERS), 0);
	EXPECT_EQ(header_u32(both[1], AT_WAITERS), 0);
	zinc_close(both[1]);
}

/* ---- strangers ---- */

TEST_F(waiters, a_stranger_makes_a_notify_call)
{
	struct stranger stranger;
	zinc_handle other;

	if (_metadata->skip)
		return;
	stranger_open(&stranger, self->name);
	EXPECT_TRUE(calls(self->region));
	ASSERT_EQ(zinc_open(self->name, &other), 0);
	EXPECT_TRUE(calls(self->region));
	EXPECT_TRUE(calls(other));
	zinc_close(other);
	EXPECT_TRUE(calls(self->region));
	stranger_close(&stranger);
	EXPECT_FALSE(calls(self->region));
}

/* A region of a creator that counts nobody */
TEST_F(waiters, a_stranger_made_it)
{
	struct stranger stranger;
	zinc_handle other;
	uint16_t flags;

	if (_metadata->skip)
		return;
	stranger_open(&stranger, self->name);
	flags = header_u16(self->region, AT_FLAGS) & ~COUNTED;
	memcpy(stranger.object + AT_FLAGS, &flags, sizeof(flags));
	*word(&stranger, AT_REGISTERED) = 0;
	ASSERT_EQ(zinc_open(self->name, &other), 0);
	EXPECT_EQ(header_u32(other, AT_REGISTERED), 0);
	EXPECT_TRUE(calls(other));
	zinc_close(other);
	EXPECT_EQ(*word(&stranger, AT_REGISTERED), 0);
	stranger_close(&stranger);
}

/* ---- two processes, each library on each side ---- */

FIXTURE(sides)
{
	const char *ping_name;
	const char *pong_name;
	zinc_handle ping;
	zinc_handle pong;
};

FIXTURE_VARIANT(sides)
{
	bool ours;	/* the side that answers is this library */
	bool rdonly;	/* and waits on a read-only handle */
};

FIXTURE_VARIANT_ADD(sides, ours) { .ours = true };
FIXTURE_VARIANT_ADD(sides, ours_readonly) { .ours = true, .rdonly = true };
FIXTURE_VARIANT_ADD(sides, stranger) { .ours = false };

FIXTURE_SETUP(sides)
{
	NEED_SHM();
	self->ping_name = named("ping");
	self->pong_name = named("pong");
	forget(self->ping_name);
	forget(self->pong_name);
	ASSERT_EQ(zinc_create(self->ping_name, PAGE, &self->ping), 0);
	ASSERT_EQ(zinc_create(self->pong_name, PAGE, &self->pong), 0);
}

FIXTURE_TEARDOWN(sides)
{
	zinc_close(self->ping);
	zinc_close(self->pong);
	if (self->ping_name) {
		forget(self->ping_name);
		forget(self->pong_name);
	}
}

static void answer(const char *ping_name, const char *pong_name, bool rdonly)
{
	zinc_handle ping, pong;
	int i;

	if (rdonly)
		CHECK(!open_readonly(ping_name, &ping));
	else
		CHECK(!zinc_open(ping_name, &ping));
	CHECK(!zinc_open(pong_name, &pong));
	for (i = 0; i < ROUNDS; i++) {
		CHECK(!zinc_wait(ping, ZINC_WAIT_FOREVER));
		zinc_notify(pong);
	}
	zinc_close(pong);
	zinc_close(ping);
}

static void answer_strangely(const char *ping_name, const char *pong_name)
{
	struct stranger ping, pong;
	uint32_t i;

	stranger_open(&ping, ping_name);
	stranger_open(&pong, pong_name);
	for (i = 0; i < ROUNDS; i++) {
		stranger_wait(&ping, i);
		stranger_notify(&pong);
	}
	stranger_close(&pong);
	stranger_close(&ping);
}

TEST_F(sides, wake_each_other)
{
	pid_t pid;
	int i;

	if (_metadata->skip)
		return;
	pid = fork_or_die();
	if (!pid) {
		if (variant->ours)
			answer(self->ping_name, self->pong_name,
			       variant->rdonly);
		else
			answer_strangely(self->ping_name, self->pong_name);
		_exit(0);
	}
	for (i = 0; i < ROUNDS; i++) {
		zinc_notify(self->ping);
		ASSERT_EQ(zinc_wait(self->pong, ZINC_WAIT_FOREVER), 0);
	}
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(header_u32(self->ping, AT_WAITERS), 0);
	EXPECT_EQ(header_u32(self->pong, AT_WAITERS), 0);
	EXPECT_FALSE(calls(self->ping));
	EXPECT_FALSE(calls(self->pong));
}

/*
 * A stranger is woken while other handles come and go: the two counts are equal
 * for a reader that reads one before and one after a close and an open.
 */
TEST_F(sides, while_handles_come_and_go)
{
	pid_t pid, churn;
	int i;

	if (_metadata->skip)
		return;
	IN_CHILD(churn) {
		zinc_handle one, two;

		CHECK(!zinc_open(self->ping_name, &one));
		for (;;) {
			CHECK(!zinc_open(self->ping_name, &two));
			zinc_close(one);
			one = two;
		}
	}
	pid = fork_or_die();
	if (!pid) {
		if (variant->ours)
			answer(self->ping_name, self->pong_name,
			       variant->rdonly);
		else
			answer_strangely(self->ping_name, self->pong_name);
		_exit(0);
	}
	for (i = 0; i < ROUNDS; i++) {
		zinc_notify(self->ping);
		ASSERT_EQ(zinc_wait(self->pong, ZINC_WAIT_FOREVER), 0);
	}
	EXPECT_EQ(reap(pid), 0);
	kill(churn, SIGKILL);
	reap(churn);
}

/* ---- the control ---- */

TEST_F(waiters, a_careless_notify_loses)
{
	struct stranger mine;
	pid_t pid;

	if (_metadata->skip)
		return;
	IN_CHILD(pid) {
		struct stranger stranger;

		stranger_open(&stranger, self->name);
		stranger_wait(&stranger, 0);
		stranger_close(&stranger);
	}
	ASSERT_TRUE(asleep(pid));
	stranger_open(&mine, self->name);
	careless_notify(&mine);
	/* the sequence has moved, and nobody is woken */
	EXPECT_EQ(zinc_sequence(self->region), 1);
	EXPECT_TRUE(asleep(pid));
	stranger_close(&mine);
	/* the handles differ by the sleeper alone */
	zinc_notify(self->region);
	EXPECT_EQ(reap(pid), 0);
}

/* ---- forks, deaths ---- */

/* The parent closes its handle, and the child waits on its copy. */
TEST_F(waiters, of_an_inherited_handle)
{
	bool rdonly;
	pid_t pid;

	if (_metadata->skip)
		return;
	for (rdonly = false;; rdonly = true) {
		zinc_handle other;

		ASSERT_EQ(rdonly ? open_readonly(self->name, &other) :
				   zinc_open(self->name, &other), 0);
		/* what the parent announces ends with its close */
		zinc_try_wait(other);
		EXPECT_EQ(zinc_wait(other, 1), -ETIMEDOUT);
		IN_CHILD(pid) {
			CHECK(!zinc_wait(other, ZINC_WAIT_FOREVER));
			zinc_close(other);
		}
		ASSERT_TRUE(asleep(pid));
		zinc_close(other);
		EXPECT_EQ(header_u32(self->region, AT_WAITERS), 1);
		zinc_notify(self->region);
		EXPECT_EQ(reap(pid), 0);
		EXPECT_EQ(header_u32(self->region, AT_WAITERS), 0);
		if (rdonly)
			break;
	}
	EXPECT_FALSE(calls(self->region));
}

TEST_F(waiters, that_die)
{
	zinc_handle other;
	pid_t pid;

	if (_metadata->skip)
		return;
	/* with a handle: both counts stay, and are equal */
	IN_CHILD(pid)
		CHECK(!zinc_open(self->name, &other));
	ASSERT_EQ(reap(pid), 0);
	EXPECT_EQ(registered(self->region), 2);
	EXPECT_FALSE(calls(self->region));
	/* that of calls() */
	EXPECT_EQ(zinc_try_wait(self->region), 0);
	/* asleep: nobody takes it back, and a notify calls in vain */
	IN_CHILD(pid)
		zinc_wait(self->region, ZINC_WAIT_FOREVER);
	ASSERT_TRUE(asleep(pid));
	kill(pid, SIGKILL);
	EXPECT_EQ(reap(pid), -SIGKILL);
	EXPECT_EQ(header_u32(self->region, AT_WAITERS), 1);
	EXPECT_TRUE(calls(self->region));
}

/* ---- read-only handles ---- */

TEST_F(waiters, readonly_is_counted_once_it_has_slept)
{
	zinc_handle reader;
	int fds, maps;

	if (_metadata->skip)
		return;
	ASSERT_EQ(open_readonly(self->name, &reader), 0);
	fds = count_fds();
	maps = count_maps();
	EXPECT_EQ(zinc_try_wait(reader), -EAGAIN);
	EXPECT_EQ(header_u32(reader, AT_WAITERS), 0);
	EXPECT_EQ(zinc_wait(reader, 1), -ETIMEDOUT);
	EXPECT_EQ(header_u32(reader, AT_WAITERS), 1);
	EXPECT_EQ(zinc_wait(reader, 1), -ETIMEDOUT);
	EXPECT_EQ(header_u32(reader, AT_WAITERS), 1);
	EXPECT_TRUE(calls(self->region));
	EXPECT_EQ(count_fds(), fds);
	EXPECT_EQ(count_maps(), maps);
	zinc_close(reader);
	EXPECT_EQ(header_u32(self->region, AT_WAITERS), 0);
	EXPECT_FALSE(calls(self->region));
}

/* A peer has truncated the object: the close does not touch what is gone. */
TEST_F(waiters, readonly_closes_a_truncated_object)
{
	zinc_handle reader;

	if (_metadata->skip)
		return;
	ASSERT_EQ(open_readonly(self->name, &reader), 0);
	EXPECT_EQ(zinc_wait(reader, 1), -ETIMEDOUT);
	EXPECT_EQ(header_u32(self->region, AT_WAITERS), 1);
	ASSERT_EQ(truncate(object(self->name), 0), 0);
	zinc_close(reader);
}

/* Somebody may only read, and cannot count: each notify is a call. */
TEST_F(waiters, a_mode_for_readers)
{
	static const struct {
		uint32_t mode;
		bool counted;
	} modes[] = {
		{ 0600, true }, { 0660, true }, { 0666, true }, { 0620, true },
		{ 0640, false }, { 0644, false }, { 0400, false }, { 0664, false },
	};
	zinc_handle region;
	size_t i;

	if (_metadata->skip)
		return;
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		ASSERT_EQ(create_mode(named("mode"), modes[i].mode,
				      ZINC_LIFETIME_REFS, &region), 0);
		EXPECT_EQ(!!(header_u16(region, AT_FLAGS) & COUNTED),
			  modes[i].counted);
		EXPECT_EQ(calls(region), !modes[i].counted);
		zinc_close(region);
	}
}

/* The mode has changed since: the reader looks again after a while. */
TEST_F(waiters, a_reader_that_may_not_write)
{
	zinc_handle both[2];
	bool any = true;
	pid_t one, two = 0;

	NEED_ROOT();
	if (_metadata->skip)
		return;
	ASSERT_EQ(zinc_create(named("quiet"), PAGE, &both[1]), 0);
	if (zinc_wait_any(both + 1, 1, now_ns() + 1, NULL) == -EOPNOTSUPP)
		any = false;
	ASSERT_EQ(chmod(object(self->name), 0444), 0);
	ASSERT_EQ(chmod(object(named("quiet")), 0444), 0);
	IN_CHILD(one) {
		zinc_handle reader;

		CHECK(!setuid(NOBODY));
		CHECK(!open_readonly(self->name, &reader));
		CHECK(!zinc_wait(reader, ZINC_WAIT_FOREVER));
		CHECK(zinc_wait(reader, 25) == -ETIMEDOUT);
		zinc_close(reader);
	}
	if (any)
		IN_CHILD(two) {
			zinc_handle readers[2];

			CHECK(!setuid(NOBODY));
			CHECK(!open_readonly(self->name, &readers[0]));
			CHECK(!open_readonly(named("quiet"), &readers[1]));
			CHECK(!zinc_wait_any(readers, 2, ZINC_DEADLINE_NEVER,
					     NULL));
			CHECK(zinc_wait_any(readers, 2, now_ns() + 25 *
					    NSEC_PER_MSEC, NULL) == -ETIMEDOUT);
		}
	ASSERT_TRUE(asleep(one));
	ASSERT_TRUE(!any || asleep(two));
	EXPECT_EQ(header_u32(self->region, AT_WAITERS), 0);
	zinc_notify(self->region);
	EXPECT_EQ(reap(one), 0);
	EXPECT_EQ(any ? reap(two) : 0, 0);
	zinc_close(both[1]);
}

TEST_HARNESS_MAIN
