// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library where libc, or a system call, fails: in each function each call that
 * can fail does so in turn, until none is left. The error comes out as it was, or
 * the function has done its work without; nothing is left behind; and the same
 * function then succeeds.
 *
 * Each try is a process of its own, that has opened nothing yet.
 */
#include "lib_test.h"

#include <linux/zinc.h>

#include "failing_calls.h"
#include "lock_machine.h"
#include "lock_test.h"

/* ---- leftovers ------------------------------------------------------------ */

struct left {
	int fds;	/* but for the library's own of the device */
	int devices;
	int maps;	/* of regions */
	int objects;	/* POSIX */
	uint64_t regions;	/* of this user */
};

static void count_open(struct left *left)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	char target[128];
	ssize_t n;

	CHECK(dir);
	while ((entry = readdir(dir))) {
		n = readlinkat(dirfd(dir), entry->d_name, target,
			       sizeof(target) - 1);
		target[n < 0 ? 0 : n] = 0;
		if (!strcmp(target, "/dev/zinc"))
			left->devices++;
		else
			left->fds++;
	}
	closedir(dir);
}

static int count_region_maps(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	char line[512];
	int count = 0;

	CHECK(file);
	while (fgets(line, sizeof(line), file))
		count += strstr(line, "/dev/shm/zinc_") ||
			 strstr(line, "/dev/zinc") || strstr(line, "zinc:") ||
			 strstr(line, "[zinc");
	fclose(file);
	return count;
}

static uint64_t count_regions(void)
{
	struct zinc_query query = {};
	int fd = open("/dev/zinc", O_RDWR);

	if (fd >= 0) {
		CHECK(!ioctl(fd, ZINC_IOC_QUERY, &query));
		close(fd);
	}
	return query.user_regions;
}

static struct left look(void)
{
	struct left left = { .regions = count_regions() };

	count_open(&left);
	left.maps = count_region_maps();
	left.objects = count_entries("/dev/shm");
	return left;
}

/* The library may have opened the device, once and for all */
static bool is_same(const struct left *now, const struct left *before)
{
	return now->fds == before->fds && now->devices <= before->devices + 1 &&
	       now->maps == before->maps && now->objects == before->objects &&
	       now->regions == before->regions;
}

/* ---- calls ---------------------------------------------------------------- */

#define GPU_BUSY	"pci:0000:7e:00.0"	/* another process has it */

/* For all of them; set before the first */
static struct {
	char dir[64];		/* of locks, and of a machine that is not this one */
	char lock[96];		/* free */
	char busy[96];		/* locked by another process */
	char nested[96];	/* in a folder that is not there */
	const char *name;	/* of no region */
	const char *there;	/* a region that stays */
	const char *another;
	zinc_handle open;	/* @there */
	zinc_handle other;	/* @another */
} given;

/*
 * The return value of a call that should have returned 0: an error without an
 * effect is as bad as an effect without an error.
 */
#define EXPECT_DONE(condition) do {		\
	if (!(condition))			\
		return -EBADE;			\
} while (0)

/* Calls that are not under test go between these two */
static unsigned int disarm(void)
{
	unsigned int turn = fault.turn;

	fault.turn = 0;
	return turn;
}

static void arm(unsigned int turn)
{
	fault.turn = turn;
}

/* zinc_close() returns no error; close_region() tests it separately */
static void close_quietly(zinc_handle region)
{
	unsigned int turn = disarm();

	zinc_close(region);
	arm(turn);
}

static int32_t finish_region(int32_t err, zinc_handle region, size_t capacity)
{
	uint8_t *last;

	if (err) {
		CHECK(!region);
		return err;
	}
	CHECK(zinc_capacity(region) == capacity);
	last = zinc_ptr(region) + capacity - 1;
	CHECK(!*last);
	*last = 1;
	*last = 0;
	close_quietly(region);
	return 0;
}

static int32_t create(void)
{
	zinc_handle region = POISON;
	int32_t err = zinc_create(given.name, PAGE, &region);

	return finish_region(err, region, PAGE);
}

static int32_t create_large(void)
{
	zinc_handle region = POISON;
	int32_t err = zinc_create(given.name, 4 * MIB, &region);

	return finish_region(err, region, 4 * MIB);
}

static int32_t create_lazy(void)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = ZINC_LAZY,
	};
	zinc_handle region = POISON;
	int32_t err = zinc_create_with(given.name, MIB, &options, &region);

	return finish_region(err, region, MIB);
}

static int32_t replace(void)
{
	zinc_handle first, region = POISON;
	unsigned int turn = disarm();
	int32_t err;

	CHECK(!zinc_create(given.name, PAGE, &first));
	arm(turn);
	err = zinc_create_or_replace(given.name, 2 * PAGE, &region);
	err = finish_region(err, region, 2 * PAGE);
	close_quietly(first);
	return err;
}

static int32_t open_region(void)
{
	zinc_handle region = POISON;
	int32_t err = zinc_open(given.there, &region);

	return finish_region(err, region, PAGE);
}

static int32_t open_to_read(void)
{
	zinc_handle region = POISON;
	int32_t err = open_readonly(given.there, &region);

	if (err)
		return err;
	CHECK(zinc_notify_checked(region) == -EBADF);
	close_quietly(region);
	return 0;
}

static int32_t open_without_data(void)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = ZINC_NO_DATA,
	};
	zinc_handle region = POISON;
	int32_t err = zinc_open_with(given.there, &options, &region);

	if (err) {
		CHECK(!region);
		return err;
	}
	CHECK(!zinc_ptr(region));
	close_quietly(region);
	return 0;
}

static int32_t from_fd(void)
{
	zinc_handle region = POISON;
	int fd = zinc_fd(given.open);
	int32_t err;

	if (fd < 0)
		return fd;
	err = zinc_from_fd(fd, NULL, &region);
	return finish_region(err, region, PAGE);
}

/* It may leave the name of a dead region, which the next create takes over */
static int32_t close_region(void)
{
	unsigned int turn = disarm();
	zinc_handle region;

	CHECK(!zinc_create(given.name, PAGE, &region));
	arm(turn);
	zinc_close(region);
	return 0;
}

static int32_t keep_data(void)
{
	unsigned int turn = disarm();
	zinc_handle region;
	size_t length;
	void *data;
	int32_t err;

	CHECK(!zinc_create(given.name, PAGE, &region));
	arm(turn);
	err = zinc_close_keep_data(region, &data, &length);
	if (err) {
		close_quietly(region);
		return err;
	}
	((char *)data)[0] = 1;
	zinc_unmap_data(data, length);
	return 0;
}

static int32_t info(void)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	int32_t err = zinc_info(given.open, &info);

	EXPECT_DONE(err || info.capacity == PAGE);
	return err;
}

static int32_t stat_region(void)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	int32_t err = zinc_stat(given.there, &info);

	/* a header that cannot be read is none */
	EXPECT_DONE(err || info.capacity == PAGE ||
		    (info.flags & ZINC_INFO_INVALID && fault.error == EIO));
	return err;
}

static int32_t list(void)
{
	struct zinc_region_info *regions = NULL;
	bool found = false;
	size_t count, i;
	int32_t err;

	err = zinc_list(&regions, &count, sizeof(*regions));
	if (err) {
		CHECK(!regions && !count);
		return err;
	}
	for (i = 0; i < count; i++)
		found |= !strcmp(regions[i].name, given.there);
	zinc_list_free(regions);
	EXPECT_DONE(found);
	return 0;
}

static int32_t unlink_region(void)
{
	unsigned int turn = disarm();
	zinc_handle region;
	int32_t err;

	CHECK(!create_mode(given.name, 0600, ZINC_LIFETIME_PERSIST, &region));
	zinc_close(region);
	arm(turn);
	err = zinc_unlink(given.name);
	turn = disarm();
	if (err) {
		CHECK(!probe(given.name));
		CHECK(!zinc_unlink(given.name));
	}
	arm(turn);
	return err;
}

static int32_t wait_in_vain(void)
{
	int32_t err = zinc_wait_until(given.open, now_ns() + NSEC_PER_MSEC);

	return err == -ETIMEDOUT ? 0 : err;
}

static int32_t wait_any_in_vain(void)
{
	const zinc_handle handles[] = { given.other, given.open };
	int32_t err;

	err = zinc_wait_any(handles, 2, now_ns() + NSEC_PER_MSEC, NULL);
	return err == -ETIMEDOUT ? 0 : err;
}

static int32_t notify_and_wait(void)
{
	int32_t err = zinc_notify_and_wait(given.open, given.other, 1);

	disarm();
	zinc_try_wait(given.open);
	return err == -ETIMEDOUT ? 0 : err;
}

static int32_t features(void)
{
	uint64_t known = 0;
	int32_t err = zinc_features(given.open, &known);

	EXPECT_DONE(err || known);
	return err;
}

static int32_t dmabuf(void)
{
	zinc_handle region = POISON;
	int32_t fd, err;

	fd = zinc_export_dmabuf(given.open, 0);
	if (fd < 0)
		return fd;
	err = zinc_import_dmabuf(fd, given.name, NULL, &region);
	close(fd);
	if (err) {
		CHECK(!region);
		return err;
	}
	err = zinc_begin_cpu_access(region, ZINC_CPU_READ);
	if (!err)
		err = zinc_end_cpu_access(region, ZINC_CPU_READ);
	close_quietly(region);
	return err;
}

/* The result of a lock: a message, unless there was no memory for one */
static int32_t locked(int32_t fd, char *why)
{
	if (fd >= 0)
		CHECK(!why);
	free(why);
	if (fd >= 0)
		zinc_flock_release(fd);
	return fd < 0 ? fd : 0;
}

static int32_t flock_try(void)
{
	char *why = NULL;
	int32_t fd = zinc_flock_try(given.lock, ZINC_EXCLUSIVE, &why);

	return locked(fd, why);
}

static int32_t flock_busy(void)
{
	char *why = NULL;
	int32_t err = zinc_flock_try(given.busy, ZINC_EXCLUSIVE, &why);

	EXPECT_DONE(err != -EBUSY || fault.call || strstr(why, "locked by"));
	err = locked(err, why);
	return err == -EBUSY ? 0 : err;
}

static int32_t flock_timeout(void)
{
	struct zinc_flock_request request = {
		.size = sizeof(request),
		.timeout_ms = 2,
		.path = given.busy,
	};
	char *why = NULL;
	int32_t err = zinc_flock_acquire(&request, &why);

	EXPECT_DONE(err != -ETIMEDOUT || fault.call || strstr(why, "timed out"));
	err = locked(err, why);
	return err == -ETIMEDOUT ? 0 : err;
}

static int32_t flock_nested(void)
{
	struct zinc_flock_request request = {
		.size = sizeof(request),
		.path = given.nested,
	};
	char folder[96], *why = NULL;
	int32_t err = zinc_flock_acquire(&request, &why);

	err = locked(err, why);
	unlink(given.nested);
	strcpy(folder, given.nested);
	for (*strrchr(folder, '/') = 0; strcmp(folder, given.dir);
	     *strrchr(folder, '/') = 0)
		rmdir(folder);
	return err;
}

static int32_t flock_holders(void)
{
	struct zinc_lock_holder *holders = (void *)POISON;
	size_t count = 7;
	int32_t err = zinc_flock_holders(given.busy, &holders, &count, HOLDER_SIZE);
	char *text;

	if (err) {
		CHECK(!holders);
		return err;
	}
	EXPECT_DONE(count == 1);
	text = zinc_holders_format(holders, count, sizeof(*holders));
	zinc_holders_free(holders);
	err = text ? 0 : -ENOMEM;
	free(text);
	return err;
}

static int32_t flock_holders_of(void)
{
	const char *const paths[] = { given.lock, given.busy, given.nested };
	struct zinc_lock_holder *holders[3];
	size_t counts[3], i;
	int32_t err = zinc_flock_holders_of(paths, 3, holders, counts, HOLDER_SIZE);

	for (i = 0; i < 3; i++) {
		CHECK(!err || (!holders[i] && !counts[i]));
		zinc_holders_free(holders[i]);
	}
	EXPECT_DONE(err || counts[1] == 1);
	return err;
}

static int32_t reserve(void)
{
	const struct zinc_device_claim claims[] = {
		{ .device = "pci:0000:7f:00.0", .mode = ZINC_EXCLUSIVE },
		{ .device = "pci:0000:7f:00.1", .mode = ZINC_SHARED },
	};
	char *why = NULL;
	int32_t fd = zinc_reserve(claims, 2, CLAIM_SIZE, PATIENCE_MS, &why);

	return locked(fd, why);
}

static int32_t reserve_in_vain(void)
{
	const struct zinc_device_claim claim = {
		.device = GPU_BUSY, .mode = ZINC_SHARED,
	};
	char *why = NULL;
	int32_t err = zinc_reserve(&claim, 1, CLAIM_SIZE, 2, &why);

	err = locked(err, why);
	return err == -ETIMEDOUT ? 0 : err;
}

static int32_t reserve_queue(void)
{
	const struct zinc_device_claim claim = {
		.device = GPU_BUSY, .mode = ZINC_SHARED,
	};

	return locked(zinc_reserve_queue(&claim, 1, CLAIM_SIZE), NULL);
}

static int32_t reservations(void)
{
	struct zinc_reservation_holder *holders = (void *)POISON;
	size_t count = 7;
	int32_t err = zinc_reservations(GPU_BUSY, &holders, &count, RESERVATION_SIZE);

	if (err)
		CHECK(!holders && !count);
	else
		zinc_reservations_free(holders);
	EXPECT_DONE(err || count == 1);
	return err;
}

static int32_t gpu_lock(void)
{
	struct zinc_gpu_lock lock = { .size = sizeof(lock), .held = 7, .file = 7,
		.reservation = 7 };
	int32_t err = zinc_gpu_lock_acquire("vulkan", 77, ZINC_EXCLUSIVE, 0, &lock);

	CHECK(zinc_gpu_lock_is_held(&lock) == !err);
	CHECK(!err || (lock.file == -1 && lock.reservation == -1));
	zinc_gpu_lock_release(&lock);
	return err;
}

static int32_t gpu_busy(void)
{
	struct zinc_gpu_lock lock = { .size = sizeof(lock), .held = 7, .file = 7,
		.reservation = 7 };
	char *why = NULL;
	int32_t err = zinc_gpu_lock_acquire_device(GPU_BUSY,
						   ZINC_EXCLUSIVE, 2, &lock, &why);

	EXPECT_DONE(err != -ETIMEDOUT || fault.call || strstr(why, "already reserved by"));
	CHECK(!err || (lock.file == -1 && lock.reservation == -1));
	free(why);
	zinc_gpu_lock_release(&lock);
	return err == -ETIMEDOUT ? 0 : err;
}

static int32_t gpu_holders(void)
{
	struct zinc_lock_holder *holders = (void *)POISON;
	size_t count = 7;
	int32_t err = zinc_gpu_holders(GPU_BUSY, &holders, &count, HOLDER_SIZE);

	if (err)
		CHECK(!holders && !count);
	else
		zinc_holders_free(holders);
	EXPECT_DONE(err || count == 1);
	return err;
}

static int32_t list_gpus(struct zinc_gpu **gpus)
{
	char sysfs[80], proc[80];
	size_t count = 7;
	int32_t err;

	snprintf(sysfs, sizeof(sysfs), "%s/sys", given.dir);
	snprintf(proc, sizeof(proc), "%s/proc", given.dir);
	err = zinc_gpus_of(sysfs, proc, gpus, &count);
	if (err)
		CHECK(!*gpus && !count);
	EXPECT_DONE(err || count == 3);
	return err;
}

static int32_t gpus(void)
{
	struct zinc_gpu *gpus = (void *)POISON;
	int32_t err = list_gpus(&gpus);

	free(gpus);
	return err;
}

static int32_t gpu_any(void)
{
	static const struct zinc_gpu gpus[] = {
		{ GPU_BUSY }, { "pci:0000:7d:00.0" }, { "drm:vkms" },
	};
	struct zinc_gpu_request request = { .size = sizeof(request), .want = 2 };
	struct zinc_gpu_lock locks[2];
	struct zinc_gpu taken[2];
	char *why = NULL;
	int32_t err;

	err = zinc_gpu_lock_any_of(gpus, 3, &request, locks, GPU_LOCK_SIZE,
				   taken, GPU_SIZE, &why);
	free(why);
	if (err)
		return err;
	zinc_gpu_lock_release(&locks[0]);
	zinc_gpu_lock_release(&locks[1]);
	EXPECT_DONE(!strcmp(taken[0].device, gpus[1].device));
	return 0;
}

static int32_t cpu_locks(const struct zinc_cpu_request *request, size_t count)
{
	struct zinc_cpu_locks locks = { .size = sizeof(locks) };
	char *why = NULL;
	int32_t err = on_fake(given.dir, request, &locks, &why);

	free(why);
	CHECK(!err || (!locks.count && !locks.fds && !locks.numbers));
	EXPECT_DONE(err || locks.count == count);
	zinc_cpu_lock_release(&locks);
	return err;
}

static int32_t cpus_listed(void)
{
	const struct zinc_cpu_request request = {
		.size = sizeof(request),
		.list = "1,4-5",
	};

	return cpu_locks(&request, 3);
}

static int32_t cpus_chosen(void)
{
	const struct zinc_cpu_request request = {
		.size = sizeof(request),
		.want = 3,
	};

	return cpu_locks(&request, 3);
}

static int32_t cpus_of_this_machine(void)
{
	const struct zinc_cpu_request request = {
		.size = sizeof(request),
		.want = 1,
	};
	struct zinc_cpu_locks locks = { .size = sizeof(locks) };
	char *why = NULL;
	int32_t err = zinc_cpu_lock_acquire(&request, &locks, &why);

	free(why);
	EXPECT_DONE(err || locks.count == 1);
	zinc_cpu_lock_release(&locks);
	return err;
}

static int32_t cpu_places(void)
{
	struct zinc_cpu_place *places = (void *)POISON;
	size_t count = 0;
	int32_t err = zinc_cpu_places(&places, &count, PLACE_SIZE);

	if (err)
		CHECK(!places);
	else
		zinc_cpu_places_free(places);
	EXPECT_DONE(err || count);
	return err;
}

static int32_t source_path(void)
{
	char path[PATH_MAX];

	return zinc_source_lock_path(path, sizeof(path), "/var/cache", given.dir);
}

/* ---- the sweep ------------------------------------------------------------ */

enum { MADE_TO_FAIL, NONE_LEFT = 2 };
enum with { NO_REGIONS, REGIONS, REMAINS };

/* The behaviour documented for an older kernel */
static bool is_documented(int32_t err)
{
	return !err || err == -fault.error ||
	       (fault.error == ENOSYS && err == -EOPNOTSUPP);
}

/* A process: make the call number @turn fail. The result must be exactly this error. */
static void try_once(const char *what, int32_t (*run)(void), unsigned int turn,
		     enum with with)
{
	struct left before = look(), now;
	const char *call;
	int32_t err;

	arm(turn);
	err = run();
	disarm();
	call = fault.call ?: "nothing";
	now = look();
	if (with == REMAINS && fault.call)
		now.objects = before.objects;
	if (!is_same(&now, &before))
		fprintf(stderr,
			"# %s, %s failed: descriptors %+d, devices %+d, mappings %+d, objects %+d, regions %+d\n",
			what, call, now.fds - before.fds, now.devices - before.devices,
			now.maps - before.maps,
			now.objects - before.objects,
			(int)(now.regions - before.regions));
	CHECK(is_same(&now, &before));
	if (!is_documented(err))
		fprintf(stderr, "# %s, %s failed with %d: gave %d\n", what, call,
			-fault.error, err);
	CHECK(is_documented(err));
	fault.call = NULL;
	err = run();
	if (err)
		fprintf(stderr, "# %s, after a failure of %s: gave %d\n", what, call,
			err);
	CHECK(!err);
	now = look();
	CHECK(is_same(&now, &before));
	_exit(fault.error ? MADE_TO_FAIL : NONE_LEFT);
}

/* How many calls were made to fail, or -1 */
static int sweep_calls(const char *what, int32_t (*run)(void), enum with with)
{
	unsigned int turn;
	int status;
	pid_t pid;

	for (turn = 1; ; turn++) {
		IN_CHILD(pid) {
			if (with == REGIONS) {
				CHECK(!zinc_open(given.there, &given.open));
				CHECK(!zinc_open(given.another, &given.other));
			}
			try_once(what, run, turn, with);
		}
		status = reap(pid);
		if (status == NONE_LEFT)
			return turn - 1;
		if (status != MADE_TO_FAIL)
			return -1;
	}
}

/* A process that has a lock and a GPU until it is killed */
static pid_t hold_both(void)
{
	struct zinc_gpu_lock lock = { .size = sizeof(lock) };
	struct signpost ready;
	pid_t pid;

	post_init(&ready);
	IN_CHILD(pid) {
		CHECK(zinc_flock_try(given.busy, ZINC_EXCLUSIVE, NULL) >= 0);
		CHECK(!zinc_gpu_lock_acquire_device(GPU_BUSY, ZINC_EXCLUSIVE, 0,
						    &lock, NULL));
		post(&ready);
		pause();
	}
	await(&ready);
	close(ready.fds[0]);
	close(ready.fds[1]);
	return pid;
}

FIXTURE(faults)
{
	pid_t holder;
};

FIXTURE_SETUP(faults)
{
	pid_t pid;

	strcpy(given.dir, "/tmp/zinc-faults-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(given.dir));
	setenv("ZINC_LOCK_DIR", given.dir, 1);
	put_machine(given.dir);
	put_gpus(given.dir);
	snprintf(given.lock, sizeof(given.lock), "%s/free", given.dir);
	snprintf(given.busy, sizeof(given.busy), "%s/busy", given.dir);
	snprintf(given.nested, sizeof(given.nested), "%s/a/b/c", given.dir);
	given.name = named("none");
	given.there = named("there");
	given.another = named("another");
	IN_CHILD(pid) {
		zinc_handle region;

		CHECK(!create_mode(given.there, 0600, ZINC_LIFETIME_PERSIST, &region));
		CHECK(!create_mode(given.another, 0600, ZINC_LIFETIME_PERSIST,
				   &region));
	}
	ASSERT_EQ(0, reap(pid));
	self->holder = hold_both();
}

FIXTURE_TEARDOWN(faults)
{
	char command[128];

	kill(self->holder, SIGKILL);
	reap(self->holder);
	forget(given.there);
	forget(given.another);
	forget(given.name);
	snprintf(command, sizeof(command), "rm -rf %s", given.dir);
	EXPECT_EQ(0, system(command));
}

#define SWEEP_IF(need, call, with)					\
	TEST_F(faults, call)						\
	{								\
		need;							\
		EXPECT_LT(0, sweep_calls(#call, call, with));		\
	}

#define SWEEP(call, with)	SWEEP_IF(, call, with)
#define SWEEP_KMOD(call, with)	SWEEP_IF(NEED_KMOD(), call, with)
#define SWEEP_SHM(call, with)	SWEEP_IF(NEED_SHM(), call, with)

SWEEP(create, NO_REGIONS)
SWEEP(create_large, NO_REGIONS)
SWEEP(create_lazy, NO_REGIONS)
SWEEP(replace, NO_REGIONS)
SWEEP(open_region, NO_REGIONS)
SWEEP(open_to_read, NO_REGIONS)
SWEEP(open_without_data, NO_REGIONS)
SWEEP_KMOD(from_fd, REGIONS)
SWEEP_SHM(close_region, REMAINS)
SWEEP_SHM(keep_data, REMAINS)
SWEEP(info, REGIONS)
SWEEP(stat_region, NO_REGIONS)
SWEEP(list, NO_REGIONS)
SWEEP(unlink_region, NO_REGIONS)
SWEEP_KMOD(wait_in_vain, REGIONS)
SWEEP(wait_any_in_vain, REGIONS)
SWEEP_KMOD(notify_and_wait, REGIONS)
SWEEP_KMOD(features, REGIONS)
SWEEP_KMOD(dmabuf, REGIONS)
SWEEP(flock_try, NO_REGIONS)
SWEEP(flock_busy, NO_REGIONS)
SWEEP(flock_timeout, NO_REGIONS)
SWEEP(flock_nested, NO_REGIONS)
SWEEP(flock_holders, NO_REGIONS)
SWEEP(flock_holders_of, NO_REGIONS)
SWEEP_KMOD(reserve, NO_REGIONS)
SWEEP_KMOD(reserve_in_vain, NO_REGIONS)
SWEEP_KMOD(reserve_queue, NO_REGIONS)
SWEEP_KMOD(reservations, NO_REGIONS)
SWEEP(gpu_lock, NO_REGIONS)
SWEEP(gpu_busy, NO_REGIONS)
SWEEP(gpu_holders, NO_REGIONS)
SWEEP(gpus, NO_REGIONS)
SWEEP(gpu_any, NO_REGIONS)
SWEEP(cpus_listed, NO_REGIONS)
SWEEP(cpus_chosen, NO_REGIONS)
SWEEP(cpus_of_this_machine, NO_REGIONS)
SWEEP(cpu_places, NO_REGIONS)
SWEEP(source_path, NO_REGIONS)

/* ---- what others may see of a POSIX region that is being made ------------- */

static unsigned int namings;

/* From when it has a name, its header is whole, and its creator's lock is held */
static void is_whole(const char *from, const char *to, bool replaces)
{
	struct flock lock = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)1 << 62,
		.l_len = 1,
	};
	uint64_t magic = 0;
	struct stat st;
	int fd = open(from, O_RDWR);

	CHECK(fd >= 0);
	CHECK(pread(fd, &magic, sizeof(magic), AT_MAGIC) == sizeof(magic));
	CHECK(magic == MAGIC);
	CHECK(!fcntl(fd, F_OFD_GETLK, &lock));
	CHECK(lock.l_type == F_RDLCK);
	close(fd);
	/* whose name is taken is locked, so that it does not remove it meanwhile */
	if (replaces) {
		CHECK(!lstat(to, &st));
		CHECK(st.st_ino == last_locked.st_ino && st.st_dev == last_locked.st_dev);
	}
	namings++;
}

static void is_whole_until_another_has_the_name(const char *from, const char *to,
						bool replaces)
{
	static zinc_handle late;

	is_whole(from, to, replaces);
	/* between the first look at the name and the lock, it changes hands */
	if (late || !strstr(to, "/zinc_."))
		return;
	on_naming = NULL;
	CHECK(!zinc_unlink(given.name));
	CHECK(!zinc_create(given.name, PAGE, &late));
	on_naming = is_whole_until_another_has_the_name;
}

TEST_F(faults, is_whole_when_it_gets_its_name)
{
	zinc_handle region;
	pid_t pid;

	NEED_SHM();
	IN_CHILD(pid) {
		on_naming = is_whole;
		CHECK(!zinc_create(given.name, PAGE, &region));
		CHECK(namings);
		zinc_close(region);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(faults, takes_a_name_from_whoever_has_it_then)
{
	zinc_handle first, region;
	pid_t pid;

	NEED_SHM();
	IN_CHILD(pid) {
		CHECK(!zinc_create(given.name, PAGE, &first));
		on_naming = is_whole_until_another_has_the_name;
		CHECK(!zinc_create_or_replace(given.name, 2 * PAGE, &region));
		CHECK(namings >= 3);
		on_naming = NULL;
		CHECK(!probe(given.name));
		CHECK(zinc_capacity(region) == 2 * PAGE);
		zinc_close(region);
		zinc_close(first);
	}
	EXPECT_EQ(0, reap(pid));
}

/* ---- what happens to a POSIX region while it is opened --------------------- */

static struct {
	const char *call;	/* just before which it happens */
	unsigned int turn;	/* its number, from 1 */
	void (*happens)(void);
} meanwhile;

static void watch_calls(const char *call)
{
	if (strcmp(call, meanwhile.call) || --meanwhile.turn)
		return;
	on_call = NULL;
	meanwhile.happens();
}

static int32_t open_while(const char *call, unsigned int turn, void (*happens)(void),
			  zinc_handle *region)
{
	int32_t err;

	meanwhile.call = call;
	meanwhile.turn = turn;
	meanwhile.happens = happens;
	on_call = watch_calls;
	err = zinc_open(given.name, region);
	on_call = NULL;
	CHECK(!meanwhile.turn);
	return err;
}

static zinc_handle second;

static void another_takes_the_name(void)
{
	CHECK(!zinc_create_or_replace(given.name, 2 * PAGE, &second));
}

/* It has been opened by its name, and its header is read; likewise, and its lock taken */
TEST_F(faults, replaced_while_it_is_opened)
{
	static const char *const calls[] = { "fstat64", "fcntl" };
	zinc_handle first, region;
	unsigned int i;
	pid_t pid;

	NEED_SHM();
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		IN_CHILD(pid) {
			CHECK(!zinc_create(given.name, PAGE, &first));
			CHECK(!open_while(calls[i], 1, another_takes_the_name, &region));
			CHECK(zinc_capacity(region) == 2 * PAGE);
			zinc_close(region);
			zinc_close(second);
			zinc_close(first);
		}
		EXPECT_EQ(0, reap(pid)) TH_LOG("%s", calls[i]);
	}
}

/* The header of an object under the name that is not whole yet, and the rest of it */
static char half[HEADER];

static void write_to_object(const void *bytes, size_t size, off_t at)
{
	int fd = open(object(given.name), O_RDWR | O_CREAT, 0600);

	CHECK(fd >= 0);
	CHECK(!ftruncate(fd, HEADER + PAGE));
	CHECK(pwrite(fd, bytes, size, at) == (ssize_t)size);
	close(fd);
}

static void gets_its_magic(void)
{
	write_to_object(half, sizeof(uint64_t), AT_MAGIC);
}

static void loses_its_magic(void)
{
	const uint64_t none = 0;

	write_to_object(&none, sizeof(none), AT_MAGIC);
}

TEST_F(faults, made_while_it_is_opened)
{
	zinc_handle region;
	pid_t pid;

	NEED_SHM();
	IN_CHILD(pid) {
		CHECK(!zinc_create(given.name, PAGE, &region));
		memcpy(half, zinc_ptr(region) - HEADER, HEADER);
		zinc_close(region);
		/* a creator that nothing but its pid tells of: this process */
		memset(half + AT_FLAGS, 0, sizeof(uint16_t));
		write_to_object(half + AT_VERSION, HEADER - AT_VERSION, AT_VERSION);
		CHECK(!open_while("pread64", 3, gets_its_magic, &region));
		CHECK(zinc_capacity(region) == PAGE);
		zinc_close(region);
	}
	EXPECT_EQ(0, reap(pid));
}

/* Another process cannot lock it between the look at its name and the removal */
static void is_locked(const char *call)
{
	int fd;

	if (strcmp(call, "lstat64"))
		return;
	on_call = NULL;
	fd = open(object(given.name), O_RDONLY);
	CHECK(fd >= 0);
	CHECK(flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK);
	close(fd);
	namings++;
}

TEST_F(faults, locked_while_its_name_goes)
{
	zinc_handle region;
	pid_t pid;

	NEED_SHM();
	IN_CHILD(pid) {
		CHECK(!zinc_create(given.name, PAGE, &region));
		on_call = is_locked;
		CHECK(!zinc_unlink(given.name));
		CHECK(namings);
		zinc_close(region);
	}
	EXPECT_EQ(0, reap(pid));
}

/* After its header was read, and before it is mapped */
TEST_F(faults, overwritten_while_it_is_opened)
{
	zinc_handle first, region;
	pid_t pid;

	NEED_SHM();
	IN_CHILD(pid) {
		CHECK(!zinc_create(given.name, PAGE, &first));
		CHECK(open_while("mmap64", 1, loses_its_magic, &region) == -EBADMSG);
		CHECK(!region);
		zinc_close(first);
	}
	EXPECT_EQ(0, reap(pid));
}

/* ---- how often the module is asked ----------------------------------------- */

#define CROWD	300

static void stat_costs(const char *name, int32_t expected, unsigned int calls)
{
	struct zinc_region_info info = { .size = sizeof(info) };

	module.calls = 0;
	CHECK(zinc_stat(name, &info) == expected);
	CHECK(expected || !strcmp(info.name, name));
	CHECK(module.calls == calls);
}

/* A look-up, however many there are; an older module shows them all, 64 a call. */
TEST(stat_asks_once)
{
	pid_t pid;

	NEED_KMOD();
	IN_CHILD(pid) {
		struct zinc_region_info info = { .size = sizeof(info) };
		zinc_handle crowd[CROWD], region;
		char name[64];
		int i;

		setenv("ZINC_BACKEND", "kmod", 1);
		for (i = 0; i < CROWD; i++) {
			snprintf(name, sizeof(name), "%s-%d", named("crowd"), i);
			CHECK(!zinc_create(name, PAGE, &crowd[i]));
		}
		CHECK(!zinc_create(named("last"), PAGE, &region));
		CHECK(zinc_stat(named("none"), &info) == -ENOENT);
		stat_costs(named("last"), 0, 1);
		stat_costs(named("none"), -ENOENT, 2);
		module.old = true;
		stat_costs(named("last"), 0, 1 + CROWD / 64 + 1);
		stat_costs(named("none"), -ENOENT, 1 + CROWD / 64 + 2 + 1);
		zinc_close(region);
		for (i = 0; i < CROWD; i++)
			zinc_close(crowd[i]);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_HARNESS_MAIN
