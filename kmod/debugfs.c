// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs. zinc/regions lists every region of all namespaces, with or without a
 * name; zinc/reservations lists every reservation. The files are for people:
 * programs use ZINC_IOC_LIST and ZINC_IOC_HOLDERS.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "internal.h"

static struct dentry *zinc_debugfs;

static void *zinc_regions_start(struct seq_file *m, loff_t *pos)
	__acquires(&zinc_regions_lock)
{
	spin_lock(&zinc_regions_lock);
	return seq_list_start_head(&zinc_regions, *pos);
}

static void *zinc_regions_next(struct seq_file *m, void *v, loff_t *pos)
{
	return seq_list_next(v, &zinc_regions, pos);
}

static void zinc_regions_stop(struct seq_file *m, void *v)
	__releases(&zinc_regions_lock)
{
	spin_unlock(&zinc_regions_lock);
}

static int zinc_regions_show(struct seq_file *m, void *v)
{
	struct zinc_region *region;
	struct zinc_info info;

	if (v == &zinc_regions) {
		seq_puts(m, "id capacity resident uid mode lifetime flags handles waiters sequence pid fences name devices\n");
		return 0;
	}
	region = list_entry(v, struct zinc_region, all);
	zinc_region_info(region, &info);
	seq_printf(m, "%llu %llu %llu %u %04o %u %#x %u %u %u %d %u %s",
		   info.id, info.capacity, info.resident, info.uid, info.mode,
		   info.lifetime, info.flags, info.handles, info.waiters,
		   info.sequence, info.creator_pid, info.fences,
		   info.name[0] ? (char *)info.name : "-");
	zinc_dmabuf_show(m, region, " ", "");
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations zinc_regions_sops = {
	.start = zinc_regions_start,
	.next = zinc_regions_next,
	.stop = zinc_regions_stop,
	.show = zinc_regions_show,
};
DEFINE_SEQ_ATTRIBUTE(zinc_regions);

static int zinc_reservations_seq_show(struct seq_file *m, void *v)
{
	zinc_reservations_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(zinc_reservations_seq);

void zinc_debugfs_init(void)
{
	zinc_debugfs = debugfs_create_dir("zinc", NULL);
	debugfs_create_file("regions", 0400, zinc_debugfs, NULL,
			    &zinc_regions_fops);
	debugfs_create_file("reservations", 0400, zinc_debugfs, NULL,
			    &zinc_reservations_seq_fops);
}

void zinc_debugfs_exit(void)
{
	debugfs_remove_recursive(zinc_debugfs);
}
