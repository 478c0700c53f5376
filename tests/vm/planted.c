// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on demand, for tests/vm/selftest: writing a fault's name to
 * /sys/module/planted/parameters/fault commits it.
 */
#include <linux/dma-mapping.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/uaccess.h>

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_MUTEX(held);

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

static void commit_out_of_bounds(void)
{
	u8 *p = kmalloc(100, GFP_KERNEL);
	unsigned int beyond = 100;

	OPTIMIZER_HIDE_VAR(beyond);
	READ_ONCE(p[beyond]);
	kfree(p);
}

static void commit_shift(void)
{
	unsigned int bits = 32;
	int one = 1;

	OPTIMIZER_HIDE_VAR(bits);
	one <<= bits;
	OPTIMIZER_HIDE_VAR(one);
}

/* Past the array, but not past the object: nothing that KASAN minds. */
static void commit_index(void)
{
	static struct {
		int array[4];
		int rest[4];
	} object;
	unsigned int beyond = 4;

	OPTIMIZER_HIDE_VAR(beyond);
	object.array[beyond] = 1;
	barrier_data(&object);
}

static void commit_atomic_sleep(void)
{
	preempt_disable();
	might_sleep();
	preempt_enable();
}

static void commit_refcount(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	if (refcount_dec_and_test(&count))
		pr_info("the last of none\n");
}

static void planted_timer(struct timer_list *timer)
{
}

static void commit_active_timer(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	timer_setup(timer, planted_timer, 0);
	mod_timer(timer, jiffies + 1000 * HZ);
	kfree(timer);
}

static void commit_dma(void)
{
	struct platform_device *device;

	device = platform_device_register_simple("planted", -1, NULL, 0);
	if (IS_ERR(device))
		return;
	dma_unmap_single(&device->dev, 0x1000, 16, DMA_TO_DEVICE);
	platform_device_unregister(device);
}

static void commit_lock_held(void)
{
	mutex_lock(&held);
}

static int count_up(void *counter)
{
	unsigned long end = jiffies + HZ;

	while (time_before(jiffies, end)) {
		++*(unsigned int *)counter;
		barrier();
		cond_resched();
	}
	return 0;
}

static void commit_data_race(void)
{
	static unsigned int counter;
	struct task_struct *other;

	other = kthread_create(count_up, &counter, "planted");
	if (IS_ERR(other))
		return;
	get_task_struct(other);
	wake_up_process(other);
	count_up(&counter);
	kthread_stop(other);
	put_task_struct(other);
}

/* Has a hole between its members. */
struct padded {
	u8 narrow;
	u64 wide;
};

static void commit_padding(void)
{
	struct padded *p = kmalloc(sizeof(*p), GFP_KERNEL);
	unsigned long to = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, 0);

	p->narrow = 1;
	p->wide = 2;
	if (copy_to_user((void __user *)to, p, sizeof(*p)))
		pr_info("padding not copied\n");
	vm_munmap(to, PAGE_SIZE);
	kfree(p);
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
	{ "out-of-bounds", commit_out_of_bounds },
	{ "shift", commit_shift },
	{ "index", commit_index },
	{ "atomic-sleep", commit_atomic_sleep },
	{ "refcount", commit_refcount },
	{ "active-timer", commit_active_timer },
	{ "dma", commit_dma },
	{ "lock-held", commit_lock_held },
	{ "data-race", commit_data_race },
	{ "padding", commit_padding },
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
