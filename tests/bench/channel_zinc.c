// SPDX-License-Identifier: GPL-2.0-only
/* Zinc as a channel: a region for each direction. */
#include <stdio.h>
#include <string.h>

#include "channel.h"

static void zinc_make(struct channel *channel)
{
	int i;

	for (i = 0; i < 2; i++) {
		snprintf(channel->name[i], sizeof(channel->name[i]), "%s",
			 bench_name(i ? "there" : "back"));
		bench_zinc(zinc_create(channel->name[i], 4 * KIB, &channel->region[i]));
	}
}

/* Handles, and so cursors, of one's own */
static void zinc_attach(struct channel *channel)
{
	int i;

	for (i = 0; i < 2; i++)
		bench_zinc(zinc_open(channel->name[i], &channel->region[i]));
}

static uint64_t *value_of(struct channel *channel, int side)
{
	return (uint64_t *)zinc_ptr(channel->region[side]);
}

static void zinc_send(struct channel *channel, uint64_t value)
{
	*value_of(channel, channel->side) = value;
	zinc_notify(channel->region[channel->side]);
}

static uint64_t zinc_receive(struct channel *channel)
{
	bench_zinc(zinc_wait(channel->region[!channel->side], ZINC_WAIT_FOREVER));
	return *value_of(channel, !channel->side);
}

static uint64_t zinc_call(struct channel *channel, uint64_t value)
{
	*value_of(channel, channel->side) = value;
	bench_zinc(zinc_notify_and_wait(channel->region[channel->side],
					channel->region[!channel->side],
					ZINC_WAIT_FOREVER));
	return *value_of(channel, !channel->side);
}

const struct channel_kind channel_zinc = {
	.make = zinc_make,
	.attach = zinc_attach,
	.send = zinc_send,
	.receive = zinc_receive,
};

const struct channel_kind channel_zinc_call = {
	.make = zinc_make,
	.attach = zinc_attach,
	.send = zinc_send,
	.receive = zinc_receive,
	.exchange = zinc_call,
};
