// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's locks on file systems that are not like others: FUSE, which is
 * refused, and btrfs, whose files have devices that no mount has. Root, mount
 * namespaces, and the file systems of the kernel are needed.
 */
#include "lib_test.h"
#include "lock_test.h"

#include <linux/fuse.h>
#include <sys/file.h>

#define FUSE_BUFFER	(2 * FUSE_MIN_READ_BUFFER)

/* A mount namespace of our own, from which nothing gets out; 0 or -errno */
static int separate_mounts(void)
{
	if (geteuid())
		return -EPERM;
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	return 0;
}

/* ---- a FUSE server with an empty folder ---------------------------------------- */

static void reply(int dev, uint64_t unique, int err, const void *body, size_t size)
{
	struct {
		struct fuse_out_header header;
		char body[512];
	} out = {
		.header = {
			.len = sizeof(out.header) + size,
			.error = err,
			.unique = unique,
		},
	};

	CHECK(size <= sizeof(out.body));
	if (size)
		memcpy(out.body, body, size);
	/* the requesting process may have ended */
	if (write(dev, &out, out.header.len) < 0)
		CHECK(errno == ENOENT);
}

static void answer(int dev, const struct fuse_in_header *in)
{
	const struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.max_write = 4096,
	};
	const struct fuse_attr_out attr = {
		.attr = { .ino = 1, .mode = S_IFDIR | 0755, .nlink = 2 },
	};
	const struct fuse_statfs_out statfs = { .st = { .namelen = 255 } };

	switch (in->opcode) {
	case FUSE_INIT:
		reply(dev, in->unique, 0, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
		reply(dev, in->unique, 0, &attr, sizeof(attr));
		break;
	case FUSE_STATFS:
		reply(dev, in->unique, 0, &statfs, sizeof(statfs));
		break;
	case FUSE_LOOKUP:
		reply(dev, in->unique, -ENOENT, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		reply(dev, in->unique, -ENOSYS, NULL, 0);
	}
}

/* Until it is unmounted */
static void serve(int dev)
{
	static char buffer[FUSE_BUFFER];

	while (read(dev, buffer, sizeof(buffer)) > 0 || errno == EINTR)
		answer(dev, (struct fuse_in_header *)buffer);
	_exit(errno == ENODEV ? 0 : 1);
}

TEST_F(lock, fuse_is_refused)
{
	static const char says[] = "filesystem FUSE is not supported for lockfiles (";
	static const char chosen[] =
		" ZINC_LOCK_DIR, or lock_dir in /etc/zinc.conf, names its folder.";
	struct zinc_flock_request request = { .size = sizeof(request) };
	struct zinc_cpu_request cpu = { .size = sizeof(cpu), .list = "0" };
	char at[96], path[128], options[96];
	struct zinc_gpu_lock gpu = { .size = sizeof(gpu) };
	struct zinc_cpu_locks cpus = { .size = sizeof(cpus) };
	pid_t server;
	int dev, err;

	if (separate_mounts())
		SKIP(return, "needs root and mount namespaces");
	dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		SKIP(return, "no /dev/fuse: %s", strerror(errno));
	snprintf(at, sizeof(at), "%s/fuse", self->dir);
	ASSERT_EQ(0, mkdir(at, 0755));
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0",
		 dev);
	err = mount("zinc", at, "fuse", MS_NOSUID | MS_NODEV, options);
	if (err)
		SKIP(return, "no FUSE here: %s", strerror(errno));
	server = fork_or_die();
	if (!server)
		serve(dev);
	close(dev);

	snprintf(path, sizeof(path), "%s/x.lock", at);
	EXPECT_EQ(-EOPNOTSUPP, zinc_flock_try(path, ZINC_EXCLUSIVE, &self->why));
	ASSERT_NE(NULL, self->why);
	EXPECT_NE(NULL, strstr(self->why, says)) TH_LOG("%s", self->why);
	EXPECT_EQ(0, strncmp(path, self->why, strlen(path)));
	EXPECT_EQ(-EOPNOTSUPP, zinc_flock_block(path, ZINC_SHARED, 0, NULL));
	EXPECT_EQ(-EOPNOTSUPP, zinc_flock_materialize(path, NULL));
	request.path = path;
	EXPECT_EQ(-EOPNOTSUPP, zinc_flock_acquire(&request, NULL));
	/* of a file whose folder can be chosen, how */
	setenv("ZINC_LOCK_DIR", at, 1);
	free(self->why);
	EXPECT_EQ(-EOPNOTSUPP, zinc_gpu_lock_acquire_device("vulkan:0", 0, 0, &gpu,
							    &self->why));
	ASSERT_NE(NULL, self->why);
	EXPECT_NE(NULL, strstr(self->why, says)) TH_LOG("%s", self->why);
	EXPECT_NE(NULL, strstr(self->why, chosen)) TH_LOG("%s", self->why);
	free(self->why);
	EXPECT_EQ(-EOPNOTSUPP, zinc_cpu_lock_acquire(&cpu, &cpus, &self->why));
	ASSERT_NE(NULL, self->why);
	EXPECT_NE(NULL, strstr(self->why, chosen)) TH_LOG("%s", self->why);
	EXPECT_EQ(0, umount2(at, MNT_DETACH));
	EXPECT_EQ(0, reap(server));
}

/* ---- a host's folder ---------------------------------------------------------- */

/* The mount point of a 9p that can be written; false if there is none */
static bool find_9p(char *point, size_t size)
{
	FILE *file = fopen("/proc/self/mountinfo", "r");
	char line[4096], found[4096];
	bool is_found = false;

	CHECK(file);
	while (!is_found && fgets(line, sizeof(line), file)) {
		if (!strstr(line, " - 9p ") ||
		    sscanf(line, "%*s %*s %*s %*s %4095s", found) != 1 ||
		    snprintf(point, size, "%s", found) >= (int)size)
			continue;
		is_found = !access(point, W_OK);
	}
	fclose(file);
	return is_found;
}

/*
 * The server passes on what its own file system says to statfs(2). A lock there is
 * worth nothing outside; within, its holder is found, as a POSIX lock.
 */
TEST_F(lock, a_hosts_folder_is_refused)
{
	static const char says[] =
		": filesystem 9P is not supported for lockfiles (locks do not reach the host, ";
	char point[64], path[128];
	struct zinc_lock_holder *h;
	int fd, ready[2];
	pid_t pid;
	size_t n;
	char c;

	if (!find_9p(point, sizeof(point)))
		SKIP(return, "no 9p here that can be written");
	snprintf(path, sizeof(path), "%s/zinc-test-%d.lock", point, getpid());
	EXPECT_EQ(-EOPNOTSUPP, zinc_flock_try(path, ZINC_EXCLUSIVE, &self->why));
	ASSERT_NE(NULL, self->why);
	EXPECT_EQ(0, strncmp(self->why, path, strlen(path)));
	EXPECT_EQ(0, strncmp(self->why + strlen(path), says, strlen(says)))
		TH_LOG("%s", self->why);
	EXPECT_NE(0, access(path, F_OK));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	ASSERT_LE(0, fd);
	/* also where it is there */
	EXPECT_EQ(-EOPNOTSUPP, zinc_flock_try(path, ZINC_SHARED, NULL));
	ASSERT_EQ(0, pipe(ready));
	pid = fork_or_die();
	if (!pid) {
		int mine = open(path, O_RDWR | O_CLOEXEC);

		CHECK(!flock(mine, LOCK_EX));
		CHECK(write(ready[1], "", 1) == 1);
		pause();
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	EXPECT_EQ(0, zinc_flock_holders(path, &h, &n, sizeof(*h)));
	EXPECT_EQ(1, n);
	EXPECT_EQ(pid, n ? h->pid : 0);
	zinc_holders_free(h);
	kill(pid, SIGKILL);
	reap(pid);
	close(fd);
	unlink(path);
}

/* ---- btrfs ------------------------------------------------------------------------ */

TEST_F(lock, holders_on_btrfs)
{
	char at[96], path[128], command[1024];
	struct zinc_lock_holder *h = NULL;
	struct stat st, mount_st;
	size_t n = 0;
	pid_t pid;
	int to;

	if (separate_mounts())
		SKIP(return, "needs root and mount namespaces");
	snprintf(at, sizeof(at), "%s/btrfs", self->dir);
	snprintf(command, sizeof(command),
		 "PATH=$PATH:/usr/sbin:/sbin; modprobe -qa loop btrfs; mkdir %s && truncate -s 128M %s.img && mkfs.btrfs -q %s.img >/dev/null 2>&1 && mount -o loop %s.img %s 2>/dev/null && btrfs -q subvolume create %s/sub",
		 at, at, at, at, at, at);
	if (system(command))
		SKIP(return, "needs loop devices, btrfs, and btrfs-progs");
	snprintf(path, sizeof(path), "%s/sub/x.lock", at);
	pid = hold(path, ZINC_EXCLUSIVE, &to);
	/* the files of a subvolume have a device number of their own: test it there */
	ASSERT_EQ(0, stat(path, &st));
	ASSERT_EQ(0, stat(at, &mount_st));
	EXPECT_NE(mount_st.st_dev, st.st_dev);
	EXPECT_EQ(0, zinc_flock_holders(path, &h, &n, HOLDER_SIZE));
	EXPECT_EQ(1, n);
	EXPECT_EQ(pid, n ? h->pid : 0);
	zinc_holders_free(h);
	EXPECT_EQ(0, let_go(pid, to));
	EXPECT_EQ(0, zinc_flock_holders(path, &h, &n, HOLDER_SIZE));
	EXPECT_EQ(0, n);
	EXPECT_EQ(0, umount2(at, MNT_DETACH));
}

/* ---- pid namespaces ---------------------------------------------------------------- */

/* The first process of one, with a /proc that shows no others */
static void look_from_inside(const char *path)
{
	struct zinc_lock_holder *h;
	char *why;
	size_t n;

	CHECK(!separate_mounts());
	CHECK(!mount("proc", "/proc", "proc", 0, NULL));
	CHECK(zinc_flock_try(path, ZINC_EXCLUSIVE, &why) == -EBUSY);
	CHECK(strstr(why, "is locked by:\n<none recorded>"));
	CHECK(!zinc_flock_holders(path, &h, &n, HOLDER_SIZE) && !n);
	_exit(0);
}

/* Holders outside of this namespace cannot be named, but exclude all the same */
TEST_F(lock, a_holder_in_another_pid_namespace)
{
	pid_t pid, outer, inner;
	int to;

	if (geteuid())
		SKIP(return, "needs root");
	pid = hold(self->path, ZINC_EXCLUSIVE, &to);
	outer = fork_or_die();
	if (!outer) {
		CHECK(!unshare(CLONE_NEWPID));
		inner = fork_or_die();
		if (!inner)
			look_from_inside(self->path);
		_exit(reap(inner));
	}
	EXPECT_EQ(0, reap(outer));
	EXPECT_EQ(0, let_go(pid, to));
}

TEST_HARNESS_MAIN
