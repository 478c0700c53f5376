// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on demand, for tests/vm/selftest: writing a fault's name to
 * /sys/module/planted/parameters/fault commits it.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static void commit_warning(void)
{
	WARN(1, "planted warning\n");
}

static void commit_message(void)
{
	pr_warn("planted message\n");
}

static void commit_information(void)
{
	pr_info("planted information\n");
}

static void commit_oops(void)
{
	WRITE_ONCE(*(int *)8, 1);
}

static void commit_panic(void)
{
	panic("planted panic");
}

static void commit_reference(void)
{
	__module_get(THIS_MODULE);
}

static void commit_leak(void)
{
	void *p = kmalloc(100, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(p);
}

static void commit_use_after_free(void)
{
	int *p = kmalloc(100, GFP_KERNEL);

	kfree(p);
	READ_ONCE(*p);
}

static void commit_lock_inversion(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static const struct {
	const char *name;
	void (*commit)(void);
} faults[] = {
	{ "warning", commit_warning },
	{ "message", commit_message },
	{ "information", commit_information },
	{ "oops", commit_oops },
	{ "panic", commit_panic },
	{ "reference", commit_reference },
	{ "leak", commit_leak },
	{ "use-after-free", commit_use_after_free },
	{ "lock-inversion", commit_lock_inversion },
};

static int set_fault(const char *value, const struct kernel_param *kp)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (!sysfs_streq(value, faults[i].name))
			continue;
		faults[i].commit();
		return 0;
	}
	return -EINVAL;
}

static const struct kernel_param_ops fault_ops = { .set = set_fault };

module_param_cb(fault, &fault_ops, NULL, 0200);
MODULE_PARM_DESC(fault, "the fault to commit");
MODULE_DESCRIPTION("Faults on demand, to test the guest runner");
MODULE_LICENSE("GPL");
