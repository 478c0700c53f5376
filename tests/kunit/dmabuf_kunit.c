// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: scatter lists of a region's pages, and when the pages are pinned.
 */
#include <linux/dma-resv.h>
#include <linux/platform_device.h>

#include "kunit.h"

#include "../../kmod/dmabuf.c"

#define SIZE	((u64)4 << 20)

struct scene {
	struct zinc_region *region;
	struct dma_buf *dmabuf;
	struct platform_device *device;
};

static int set_scene(struct kunit *test)
{
	struct zinc_create args = { .capacity = SIZE };
	struct scene *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	s->device = platform_device_register_simple("zinc_kunit", -1, NULL, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s->device);
	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(&s->device->dev,
							      DMA_BIT_MASK(64)));
	s->region = zinc_region_create(&args, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s->region);
	s->dmabuf = zinc_dmabuf_export(s->region, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s->dmabuf);
	test->priv = s;
	return 0;
}

static void clear_scene(struct kunit *test)
{
	struct scene *s = test->priv;

	dma_buf_put(s->dmabuf);
	zinc_region_put(s->region);
	platform_device_unregister(s->device);
}

static struct sg_table *map(struct dma_buf_attachment *attach,
			    enum dma_data_direction dir)
{
	struct sg_table *table;

	dma_resv_lock(attach->dmabuf->resv, NULL);
	table = zinc_dmabuf_map(attach, dir);
	dma_resv_unlock(attach->dmabuf->resv);
	return table;
}

static void unmap(struct dma_buf_attachment *attach, struct sg_table *table,
		  enum dma_data_direction dir)
{
	dma_resv_lock(attach->dmabuf->resv, NULL);
	zinc_dmabuf_unmap(attach, table, dir);
	dma_resv_unlock(attach->dmabuf->resv);
}

/* The entries are the pages, in their order, and none is longer than it may. */
static void check_table(struct kunit *test, struct sg_table *table,
			unsigned int longest)
{
	struct scene *s = test->priv;
	struct zinc_dmabuf *zd = zinc_dmabuf_of(s->dmabuf);
	unsigned long at = 0;
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_sg(table, sg, i) {
		KUNIT_EXPECT_LE(test, sg->length, longest);
		KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(sg->length));
		KUNIT_EXPECT_EQ(test, sg->offset, 0U);
		KUNIT_EXPECT_PTR_EQ(test, sg_page(sg), zd->pages[at]);
		at += sg->length >> PAGE_SHIFT;
	}
	KUNIT_EXPECT_EQ(test, at, (unsigned long)(SIZE >> PAGE_SHIFT));
}

static void entries_are_as_long_as_the_device_takes(struct kunit *test)
{
	static const unsigned int longest[] = {
		PAGE_SIZE, 16 * PAGE_SIZE, 1 << 20, UINT_MAX & PAGE_MASK,
	};
	struct scene *s = test->priv;
	struct device *dev = &s->device->dev;
	struct dma_buf_attachment *attach = dma_buf_attach(s->dmabuf, dev);
	struct sg_table *table;
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attach);
	for (i = 0; i < ARRAY_SIZE(longest); i++) {
		dma_set_max_seg_size(dev, longest[i]);
		table = map(attach, DMA_BIDIRECTIONAL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
		check_table(test, table, longest[i]);
		unmap(attach, table, DMA_BIDIRECTIONAL);
	}
	dma_buf_detach(s->dmabuf, attach);
}

static void neighbours_are_one_entry(struct kunit *test)
{
	struct scene *s = test->priv;
	struct zinc_dmabuf *zd = zinc_dmabuf_of(s->dmabuf);
	struct dma_buf_attachment *attach;
	unsigned int i, breaks = 1;
	struct sg_table *table;

	dma_set_max_seg_size(&s->device->dev, UINT_MAX & PAGE_MASK);
	attach = dma_buf_attach(s->dmabuf, &s->device->dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attach);
	for (i = 1; i < SIZE >> PAGE_SHIFT; i++)
		breaks += page_to_pfn(zd->pages[i]) !=
			  page_to_pfn(zd->pages[i - 1]) + 1;
	table = map(attach, DMA_TO_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
	KUNIT_EXPECT_EQ(test, table->orig_nents, breaks);
	unmap(attach, table, DMA_TO_DEVICE);
	dma_buf_detach(s->dmabuf, attach);
}

static void pages_are_pinned_while_attached(struct kunit *test)
{
	struct scene *s = test->priv;
	struct zinc_dmabuf *zd = zinc_dmabuf_of(s->dmabuf);
	struct dma_buf_attachment *first, *second;

	KUNIT_EXPECT_NULL(test, zd->pages);
	first = dma_buf_attach(s->dmabuf, &s->device->dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, first);
	KUNIT_EXPECT_NOT_NULL(test, zd->pages);
	KUNIT_EXPECT_TRUE(test, mapping_unevictable(zd->backing->f_mapping));
	second = dma_buf_attach(s->dmabuf, &s->device->dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, second);
	KUNIT_EXPECT_EQ(test, zinc_dmabuf_attached(s->region), 2U);
	dma_buf_detach(s->dmabuf, first);
	KUNIT_EXPECT_NOT_NULL(test, zd->pages);
	dma_buf_detach(s->dmabuf, second);
	KUNIT_EXPECT_NULL(test, zd->pages);
	KUNIT_EXPECT_FALSE(test, mapping_unevictable(zd->backing->f_mapping));
	KUNIT_EXPECT_EQ(test, zinc_dmabuf_attached(s->region), 0U);
}

static void directions_have_in_common(struct kunit *test)
{
	static const enum dma_data_direction both = DMA_BIDIRECTIONAL;
	static const enum dma_data_direction to = DMA_TO_DEVICE;
	static const enum dma_data_direction from = DMA_FROM_DEVICE;

	KUNIT_EXPECT_EQ(test, zinc_common_dir(both, both), both);
	KUNIT_EXPECT_EQ(test, zinc_common_dir(both, to), to);
	KUNIT_EXPECT_EQ(test, zinc_common_dir(both, from), from);
	KUNIT_EXPECT_EQ(test, zinc_common_dir(to, both), to);
	KUNIT_EXPECT_EQ(test, zinc_common_dir(to, to), to);
	KUNIT_EXPECT_EQ(test, zinc_common_dir(to, from), DMA_NONE);
	KUNIT_EXPECT_EQ(test, zinc_common_dir(from, both), from);
	KUNIT_EXPECT_EQ(test, zinc_common_dir(from, to), DMA_NONE);
	KUNIT_EXPECT_EQ(test, zinc_common_dir(from, from), from);
	KUNIT_EXPECT_EQ(test, zinc_common_dir(both, DMA_NONE), DMA_NONE);
}

static void pinned_bytes_are_counted_once(struct kunit *test)
{
	struct scene *s = test->priv;
	struct dma_buf_attachment *first, *second;
	struct zinc_query now, before;

	zinc_user_query(s->region->uid, &before);
	first = dma_buf_attach(s->dmabuf, &s->device->dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, first);
	second = dma_buf_attach(s->dmabuf, &s->device->dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, second);
	zinc_user_query(s->region->uid, &now);
	KUNIT_EXPECT_EQ(test, now.user_pinned_bytes,
			before.user_pinned_bytes + SIZE);
	dma_buf_detach(s->dmabuf, first);
	zinc_user_query(s->region->uid, &now);
	KUNIT_EXPECT_EQ(test, now.user_pinned_bytes,
			before.user_pinned_bytes + SIZE);
	dma_buf_detach(s->dmabuf, second);
	zinc_user_query(s->region->uid, &now);
	KUNIT_EXPECT_EQ(test, now.user_pinned_bytes, before.user_pinned_bytes);
}

static void read_only_is_mapped_for_reading(struct kunit *test)
{
	struct scene *s = test->priv;
	struct dma_buf *dmabuf = zinc_dmabuf_export(s->region, true);
	struct dma_buf_attachment *attach;
	struct sg_table *table;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
	KUNIT_EXPECT_PTR_NE(test, dmabuf, s->dmabuf);
	KUNIT_EXPECT_PTR_EQ(test, dmabuf->resv, s->dmabuf->resv);
	attach = dma_buf_attach(dmabuf, &s->device->dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attach);
	KUNIT_EXPECT_EQ(test, PTR_ERR(map(attach, DMA_BIDIRECTIONAL)), -EACCES);
	KUNIT_EXPECT_EQ(test, PTR_ERR(map(attach, DMA_FROM_DEVICE)), -EACCES);
	KUNIT_EXPECT_NULL(test, dmabuf->ops->vmap);
	table = map(attach, DMA_TO_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
	unmap(attach, table, DMA_TO_DEVICE);
	dma_buf_detach(dmabuf, attach);
	dma_buf_put(dmabuf);
}

static struct kunit_case zinc_dmabuf_cases[] = {
	KUNIT_CASE(entries_are_as_long_as_the_device_takes),
	KUNIT_CASE(neighbours_are_one_entry),
	KUNIT_CASE(pages_are_pinned_while_attached),
	KUNIT_CASE(directions_have_in_common),
	KUNIT_CASE(pinned_bytes_are_counted_once),
	KUNIT_CASE(read_only_is_mapped_for_reading),
	{}
};

static struct kunit_suite zinc_dmabuf_suite = {
	.name = "zinc_dmabuf",
	.suite_init = zinc_kunit_start,
	.suite_exit = zinc_kunit_stop,
	.init = set_scene,
	.exit = clear_scene,
	.test_cases = zinc_dmabuf_cases,
};

kunit_test_suite(zinc_dmabuf_suite);
