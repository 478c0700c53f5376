// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's locks on file systems that are not like others: FUSE, which is
 * refused, and btrfs, whose files have devices that no mount has. Root, mount
 * namespaces, and the file systems of the kernel are needed.
 */
#include "lib_test.h"
#include "lock_test.h"

#include <linux/fuse.h>

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
	/* who asked may have gone */
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
	struct zinc_flock_request request = { .size = sizeof(request) };
	char at[96], path[128], options[96];
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
	EXPECT_EQ(0, umount2(at, MNT_DETACH));
	EXPECT_EQ(0, reap(server));
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
	/* a subvolume's files have a device of its own: what is tested is there */
	ASSERT_EQ(0, stat(path, &st));
	ASSERT_EQ(0, stat(at, &mount_st));
	EXPECT_NE(mount_st.st_dev, st.st_dev);
	EXPECT_EQ(0, zinc_flock_holders(path, &h, &n));
	EXPECT_EQ(1, n);
	EXPECT_EQ(pid, n ? h->pid : 0);
	free(h);
	EXPECT_EQ(0, let_go(pid, to));
	EXPECT_EQ(0, zinc_flock_holders(path, &h, &n));
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
	CHECK(!zinc_flock_holders(path, &h, &n) && !n);
	_exit(0);
}

/* Who is beyond ours is nobody that we could name, and locks all the same */
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
