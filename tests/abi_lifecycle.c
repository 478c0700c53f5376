// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nothing is left by killed processes, by an exhausted descriptor table, or by
 * handles that are closed while another thread waits.
 */
#include "abi.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define DEBUGFS	"/sys/kernel/debug/zinc/regions"

/* All that a region could be left in */
struct state {
	struct zinc_query user;
	unsigned int listed;
	unsigned int shown;	/* lines in debugfs, where that can be read */
	unsigned long references;
};

static struct state state_of(int dev)
{
	struct zinc_info entries[16];
	struct zinc_list list = {
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(entries[0]),
	};
	struct state s = { .user = query(dev) };
	FILE *f;

	do {
		list.count = ARRAY_SIZE(entries);
		if (call(dev, ZINC_IOC_LIST, &list))
			s.listed = ~0U;
		else
			s.listed += list.count;
	} while (list.count && s.listed != ~0U);
	f = fopen(DEBUGFS, "re");
	if (f) {
		for (int c; (c = fgetc(f)) != EOF;)
			s.shown += c == '\n';
		fclose(f);
	}
	s.references = strtoul(file_text(MODULE "/refcnt"), NULL, 10);
	return s;
}

static bool same_state(const struct state *a, const struct state *b)
{
	return a->user.user_regions == b->user.user_regions &&
	       a->user.user_bytes == b->user.user_bytes &&
	       a->listed == b->listed && a->shown == b->shown &&
	       a->references == b->references;
}

FIXTURE(lifecycle)
{
	int dev;
	struct state before;
};

FIXTURE_SETUP(lifecycle)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	self->before = state_of(self->dev);
}

FIXTURE_TEARDOWN(lifecycle)
{
	struct state now;

	EXPECT_TRUE(EVENTUALLY((now = state_of(self->dev),
				same_state(&self->before, &now)))) {
		TH_LOG("regions %llu, then %llu; bytes %llu, %llu",
		       self->before.user.user_regions, now.user.user_regions,
		       self->before.user.user_bytes, now.user.user_bytes);
		TH_LOG("listed %u, then %u; in debugfs %u, %u; references %lu, %lu",
		       self->before.listed, now.listed, self->before.shown,
		       now.shown, self->before.references, now.references);
	}
	close(self->dev);
}

TEST_F(lifecycle, the_state_shows_a_region)
{
	struct state now;
	int fd = create(self->dev, a_name("shown"), 3 * PAGE);

	now = state_of(self->dev);
	EXPECT_EQ(self->before.user.user_regions + 1, now.user.user_regions);
	EXPECT_EQ(self->before.user.user_bytes + 3 * PAGE, now.user.user_bytes);
	EXPECT_EQ(self->before.listed + 1, now.listed);
	EXPECT_LT(self->before.references, now.references);
	if (!access(DEBUGFS, R_OK))
		EXPECT_EQ(self->before.shown + 1, now.shown);
	close(fd);
}

/* ---- sudden death ---- */

static void a_bit_of_everything(int dev, unsigned int seed)
{
	struct zinc_wait w = { .flags = ZINC_WAIT_NOTIFY };
	struct zinc_info entry;
	struct zinc_list list = {
		.entries = (uintptr_t)&entry,
		.entry_size = sizeof(entry),
	};
	int fds[4] = { -1, -1, -1, -1 }, i, ep = epoll_create1(0);
	char name[16];
	struct epoll_event e = { .events = EPOLLIN };
	void *p;

	for (;;) {
		i = rand_r(&seed) % 4;
		snprintf(name, sizeof(name), "mortal-%u", rand_r(&seed) % 3);
		switch (rand_r(&seed) % 11) {
		case 0:
			close(fds[i]);
			fds[i] = create_as(dev, name, PAGE << rand_r(&seed) % 6,
					   rand_r(&seed) % 4, rand_r(&seed) % 2, 0);
			break;
		case 1:
			close(fds[i]);
			fds[i] = open_name(dev, name);
			break;
		case 2:
			p = map_data(fds[i], PAGE, PROT_READ | PROT_WRITE);
			if (p)
				memset(p, 1, PAGE);
			break;
		case 3:
			map_header(fds[i], PROT_READ);
			break;
		case 4:
			notify(fds[i]);
			break;
		case 5:
			wait_until(fds[i], after_ms(1));
			break;
		case 6:
			epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &e);
			epoll_wait(ep, &e, 1, 0);
			break;
		case 7:
			unlink_name(dev, name);
			break;
		case 8:
			list.cursor = 0;
			list.count = 1;
			call(dev, ZINC_IOC_LIST, &list);
			break;
		case 9:
			w.notify_fd = fds[i];
			w.deadline = after_ms(1);
			call(fds[(i + 1) % 4], ZINC_IOC_REGION_WAIT, &w);
			break;
		case 10:
			if (fds[i] >= 0)
				close(reopen_as(fds[i], 0));
			break;
		}
	}
}

TEST_F_TIMEOUT(lifecycle, killed_at_any_moment, 900)
{
	enum { DEATHS = 500, AT_ONCE = 4 };
	unsigned int seed = 1;
	pid_t pids[AT_ONCE];
	int i, deaths = 0;

	for (i = 0; i < AT_ONCE; i++)
		pids[i] = -1;
	while (deaths < DEATHS) {
		i = rand_r(&seed) % AT_ONCE;
		if (pids[i] > 0) {
			ASSERT_EQ(0, kill(pids[i], SIGKILL));
			ASSERT_EQ(128 + SIGKILL, reap(pids[i]));
			deaths++;
		}
		pids[i] = spawn();
		if (!pids[i])
			a_bit_of_everything(self->dev, seed + deaths);
		nanosleep(&(struct timespec){ 0, rand_r(&seed) % 4000000 }, NULL);
	}
	for (i = 0; i < AT_ONCE; i++) {
		if (pids[i] < 0)
			continue;
		kill(pids[i], SIGKILL);
		EXPECT_EQ(128 + SIGKILL, reap(pids[i]));
	}
}

TEST_F(lifecycle, a_child_that_dies_leaves_its_parents_handle)
{
	int fd = create(self->dev, a_name("inherited"), PAGE);
	pid_t pid;

	pid = spawn();
	if (!pid) {
		map_header(fd, PROT_READ);
		map_data(fd, PAGE, PROT_READ);
		raise(SIGKILL);
	}
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_EQ(1, info(fd).handles);
	EXPECT_EQ(ZINC_INFO_CREATOR, info(fd).flags);
	EXPECT_EQ(1, times_listed(self->dev, info(fd).id));
	close(fd);
}

/* ---- many ---- */

TEST_F_TIMEOUT(lifecycle, ten_thousand_regions, 120)
{
	enum { MANY = 10000 };
	struct rlimit limit = { MANY + 100, MANY + 100 };
	char name[32];
	int *fds, i, fd;
	__u64 id;

	if (setrlimit(RLIMIT_NOFILE, &limit))
		SKIP(return, "needs root, to open %d files", MANY);
	fds = malloc(MANY * sizeof(*fds));
	ASSERT_NE(NULL, fds);
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "one-of-many-%d", i);
		fds[i] = create(self->dev, name, PAGE);
		ASSERT_LE(0, fds[i]) TH_LOG("region %d", i);
	}
	EXPECT_EQ(self->before.listed + MANY, state_of(self->dev).listed);
	for (i = 0; i < MANY; i += 97) {
		snprintf(name, sizeof(name), "one-of-many-%d", i);
		fd = open_name(self->dev, name);
		ASSERT_LE(0, fd);
		id = info(fd).id;
		ASSERT_EQ(info(fds[i]).id, id);
		close(fd);
	}
	for (i = 0; i < MANY; i++)
		close(fds[i]);
	EXPECT_EQ(-ENOENT, open_name(self->dev, "one-of-many-0"));
	free(fds);
}

TEST_F(lifecycle, without_a_free_descriptor)
{
	struct rlimit all, none;
	struct zinc_create c = create_args("no-descriptor", PAGE);
	struct zinc_open o = open_args("there");
	struct zinc_reopen r = { .flags = 0 };
	int fd = create(self->dev, "there", PAGE);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &all));
	none = all;
	none.rlim_cur = 0;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, refused(self->dev, ZINC_IOC_CREATE, &c));
	c.flags = ZINC_REPLACE;
	set_name(c.name, "there");
	EXPECT_EQ(-EMFILE, refused(self->dev, ZINC_IOC_CREATE, &c));
	EXPECT_EQ(-EMFILE, refused(self->dev, ZINC_IOC_OPEN, &o));
	EXPECT_EQ(-EMFILE, refused(fd, ZINC_IOC_REGION_REOPEN, &r));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &all));
	EXPECT_EQ(-ENOENT, open_name(self->dev, "no-descriptor"));
	EXPECT_EQ(1, info(fd).handles);
	EXPECT_EQ(ZINC_INFO_CREATOR, info(fd).flags);
	close(fd);
}

/* ---- closed while another thread waits ---- */

struct sleeper {
	int fd;
	int ep;
	long result;
	pid_t tid;
};

static void *sleep_in_wait(void *arg)
{
	struct sleeper *s = arg;

	STORE(s->tid, gettid());
	s->result = wait_until(s->fd, patience());
	return NULL;
}

static void *sleep_in_poll(void *arg)
{
	struct sleeper *s = arg;
	struct pollfd p = { .fd = s->fd, .events = POLLIN };

	STORE(s->tid, gettid());
	s->result = poll(&p, 1, PATIENCE_MS) == 1 ? 0 : -1;
	return NULL;
}

static void *sleep_in_read(void *arg)
{
	struct sleeper *s = arg;
	long long count;

	STORE(s->tid, gettid());
	count = read_count(s->fd);
	s->result = count > 0 ? 0 : count;
	return NULL;
}

TEST_F(lifecycle, who_waits_keeps_what_is_closed)
{
	static void *(* const ways[])(void *) = {
		sleep_in_wait, sleep_in_poll, sleep_in_read,
	};
	struct sleeper s;
	pthread_t thread;
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		s = (struct sleeper){ .result = -1 };
		fd = create(self->dev, "closed", PAGE);
		s.fd = open_name(self->dev, "closed");
		ASSERT_LE(0, s.fd);
		ASSERT_EQ(0, pthread_create(&thread, NULL, ways[i], &s));
		EXPECT_TRUE(EVENTUALLY(info(fd).waiters == 1));
		EXPECT_TRUE(falls_asleep(LOAD(s.tid)));
		close(s.fd);
		EXPECT_EQ(2, info(fd).handles);
		EXPECT_EQ(1, info(fd).waiters);
		EXPECT_EQ(0, notify(fd));
		pthread_join(thread, NULL);
		EXPECT_EQ(0, s.result) TH_LOG("way %u", i);
		EXPECT_TRUE(EVENTUALLY(info(fd).handles == 1));
		close(fd);
	}
}

/* The last handle of a region, which no process can notify any more */
TEST_F(lifecycle, the_last_handle_is_closed_while_it_waits)
{
	struct sleeper s = { .result = -1 };
	pthread_t thread;
	int fd;

	s.fd = create(self->dev, "last", PAGE);
	ASSERT_LE(0, s.fd);
	ASSERT_EQ(0, pthread_create(&thread, NULL, sleep_in_wait, &s));
	EXPECT_TRUE(EVENTUALLY(LOAD(s.tid)));
	EXPECT_TRUE(falls_asleep(s.tid));
	close(s.fd);
	/* it is there as long as the call is in progress */
	fd = open_name(self->dev, "last");
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, notify(fd));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, s.result);
	close(fd);
	EXPECT_EQ(-ENOENT, open_name(self->dev, "last"));
}

TEST_F(lifecycle, closed_while_epoll_watches)
{
	int fd = create(self->dev, "watched", PAGE), other, ep;

	ep = watch(fd, EPOLLIN | EPOLLRDHUP);
	ASSERT_LE(0, ep);
	/* the last handle goes, and the region: epoll must have let it go */
	close(fd);
	EXPECT_EQ(-ENOENT, open_name(self->dev, "watched"));
	EXPECT_EQ(0, ready(ep, 0));

	fd = create(self->dev, "watched", PAGE);
	other = open_name(self->dev, "watched");
	close(ep);
	ep = watch(other, EPOLLIN);
	close(other);
	EXPECT_EQ(0, info(fd).waiters);
	EXPECT_EQ(0, notify(fd));
	EXPECT_EQ(0, ready(ep, 0));
	close(fd);
	close(ep);
}

static void *wait_for_epoll(void *arg)
{
	struct sleeper *s = arg;

	while (!LOAD(s->result))
		ready(s->ep, 1);
	return NULL;
}

TEST_F(lifecycle, regions_come_and_go_under_epoll)
{
	struct sleeper s = { .ep = epoll_create1(EPOLL_CLOEXEC) };
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	int i, fd, other;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_epoll, &s));
	for (i = 0; i < 2000; i++) {
		/* epoll_wait() holds a file while it polls it */
		EVENTUALLY((fd = create(self->dev, "fleeting", PAGE)) != -EEXIST);
		ASSERT_LE(0, fd);
		other = reopen_as(fd, 0);
		ASSERT_LE(0, other);
		ASSERT_EQ(0, epoll_ctl(s.ep, EPOLL_CTL_ADD, other, &e));
		notify(fd);
		close(i & 1 ? fd : other);
		close(i & 1 ? other : fd);
	}
	STORE(s.result, 1);
	pthread_join(thread, NULL);
	close(s.ep);
}

static int is_gone(int dev, const char *name)
{
	int fd = open_name(dev, name);

	if (fd >= 0)
		close(fd);
	return fd == -ENOENT;
}

/* A handle in a queue that only reaches itself is garbage: it is collected */
TEST_F(lifecycle, sent_in_a_circle)
{
	int fds[3], pair[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	fds[2] = create(self->dev, "in-a-circle", PAGE);
	ASSERT_LE(0, fds[2]);
	ASSERT_EQ(0, send_fds(fds[0], fds, ARRAY_SIZE(fds)));
	close(fds[0]);
	close(fds[1]);
	close(fds[2]);
	/* the collection runs when a UNIX socket is closed */
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	close(pair[0]);
	close(pair[1]);
	EXPECT_TRUE(EVENTUALLY(is_gone(self->dev, "in-a-circle")));
}

/* ---- at the same time ---- */

struct racer {
	int dev;
	unsigned int seed;
	int rounds;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	int fd, other;
	void *p;

	while (r->rounds--) {
		fd = create_as(r->dev, "raced", PAGE,
			       rand_r(&r->seed) % 2 ? ZINC_REPLACE : 0,
			       rand_r(&r->seed) % 3, 0);
		other = open_name(r->dev, "raced");
		if (rand_r(&r->seed) % 2)
			unlink_name(r->dev, "raced");
		if (other >= 0) {
			p = map_data(other, PAGE, PROT_READ | PROT_WRITE);
			notify(other);
			info(other);
			if (p)
				munmap(p, PAGE);
			close(other);
		}
		if (fd >= 0) {
			if (rand_r(&r->seed) % 2)
				call(fd, ZINC_IOC_REGION_UNLINK, NULL);
			close(fd);
		}
	}
	return NULL;
}

TEST_F(lifecycle, one_name_raced_for)
{
	enum { RACERS = 4 };
	struct racer racers[RACERS];
	pthread_t threads[RACERS];
	int i;

	for (i = 0; i < RACERS; i++) {
		racers[i] = (struct racer){ self->dev, i + 1, 1500 };
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, race, &racers[i]));
	}
	for (i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
	/* a persistent one may have been left by design */
	unlink_name(self->dev, "raced");
	EXPECT_EQ(-ENOENT, open_name(self->dev, "raced"));
}

TEST_HARNESS_MAIN
