// SPDX-License-Identifier: MIT
/*
 * zinc show in a window: when frames were on the screen.
 */
#include <stdlib.h>

#include "window.h"

/* One frame, from its commit until it is presented or discarded */
struct feedback {
	struct layer *layer;
	uint64_t frame_ns;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void on_sync_output(void *data, struct wp_presentation_feedback *object,
			   struct wl_output *output)
{
	(void)data, (void)object, (void)output;
}

static void on_presented(void *data, struct wp_presentation_feedback *object, uint32_t high,
			 uint32_t low, uint32_t ns, uint32_t refresh, uint32_t sequence_high,
			 uint32_t sequence_low, uint32_t flags)
{
	struct feedback *feedback = data;
	struct stats *stats = &feedback->layer->stats;
	clockid_t clock = feedback->layer->window->compositor.clock;
	uint64_t at = ((uint64_t)high << 32 | low) * 1000000000u + ns;
	int64_t latency;

	(void)refresh, (void)sequence_high, (void)sequence_low, (void)flags;
	/* frames have CLOCK_MONOTONIC, the compositor may have another */
	latency = at + clock_ns(CLOCK_MONOTONIC) - clock_ns(clock) - feedback->frame_ns;
	if (latency < 0)
		latency = 0;
	latency /= 1000;
	stats->latency_us[stats->presented++ % STATS_MAX] =
		latency < UINT32_MAX ? latency : UINT32_MAX;
	wp_presentation_feedback_destroy(object);
	free(feedback);
}

static void on_discarded(void *data, struct wp_presentation_feedback *object)
{
	struct feedback *feedback = data;

	feedback->layer->stats.discarded++;
	wp_presentation_feedback_destroy(object);
	free(feedback);
}

static const struct wp_presentation_feedback_listener feedback_listener = {
	.sync_output = on_sync_output,
	.presented = on_presented,
	.discarded = on_discarded,
};

void stats_follow(struct layer *layer, uint64_t frame_ns)
{
	struct wp_presentation *presentation = layer->window->compositor.presentation;
	struct feedback *feedback;

	if (!presentation || !frame_ns)
		return;
	feedback = xrealloc(NULL, 1, sizeof(*feedback));
	feedback->layer = layer;
	feedback->frame_ns = frame_ns;
	wp_presentation_feedback_add_listener(wp_presentation_feedback(presentation,
								       layer->surface),
					      &feedback_listener, feedback);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void stats_print(const struct layer *layer)
{
	const struct stats *stats = &layer->stats;
	size_t n = stats->presented < STATS_MAX ? stats->presented : STATS_MAX;
	uint32_t *sorted;

	fprintf(stdout,
		"%s: %llu committed, %llu presented, %llu discarded, %llu passed over, %llu lost, %llu overwritten while shown\n",
		layer->source.name, (unsigned long long)stats->committed,
		(unsigned long long)stats->presented, (unsigned long long)stats->discarded,
		(unsigned long long)stats->passed_over, (unsigned long long)stats->lost,
		(unsigned long long)stats->overwritten);
	if (!n) {
		printf("%s: no latency: %s\n", layer->source.name,
		       layer->window->compositor.presentation ?
			       "no frame was presented" :
			       "the compositor has no presentation-time");
		return;
	}
	sorted = xrealloc(NULL, n, sizeof(*sorted));
	for (size_t i = 0; i < n; i++)
		sorted[i] = stats->latency_us[i];
	qsort(sorted, n, sizeof(*sorted), compare);
	fprintf(stdout,
		"%s: latency of %zu frames, us from %s to the screen: median %u, 90 %% %u, 99 %% %u, worst %u\n",
		layer->source.name, n,
		layer->source.is_stream ? "the frame's time" : "the notify",
		sorted[n / 2], sorted[n * 9 / 10], sorted[n * 99 / 100], sorted[n - 1]);
	free(sorted);
}
