// SPDX-License-Identifier: MIT
/*
 * A stream whose slots are memory of GStreamer's while they are written.
 *
 * zinc_stream_begin() and _commit() know one frame at a time. A pool has several
 * buffers out at once: each slot is begun when its memory is handed out, and gets
 * its frame's number when it is committed. The fields of struct zinc_stream_writer
 * are set before each call so that it means the slot in question.
 *
 * Slots are handed out in the order of the ring, so that frames that come back in
 * that order are committed where they are. A number whose slot is not there when
 * its turn comes is passed over: readers count it as lost, as the frame is. A slot
 * that comes much too late is not committed; its frame is to be copied.
 *
 * A slot is free again when its GstMemory is freed, whatever has shared it.
 */
#include "ring.h"

/* How long to wait for a registered reader before looking at the stop */
#define SLICE_NS 20000000u

enum slot_state {
	SLOT_FREE,
	SLOT_BEGUN,
	SLOT_COMMITTED,
};

struct zinc_ring {
	gint refs;
	GMutex lock;
	GCond freed;
	struct zinc_stream_writer writer;
	struct zinc_stream_format format;
	gboolean ended;
	/* the mapping, once the handle is closed */
	void *data;
	size_t length;
	guint begun;
	guint held;
	guint next;
	enum slot_state state[ZINC_STREAM_SLOTS_MAX];
	/* the frame that readers find there; 0: none */
	guint64 number[ZINC_STREAM_SLOTS_MAX];
};

/* A slot that is out */
struct handed {
	struct zinc_ring *ring;
	guint slot;
};

struct zinc_ring *zinc_ring_new(const gchar *name, const struct zinc_stream_format *format,
				guint slots, guint64 slot_size,
				const struct zinc_options *options, int *err)
{
	struct zinc_ring *ring = g_new0(struct zinc_ring, 1);

	*err = zinc_stream_create(&ring->writer, name, format, slots, slot_size, options);
	if (*err) {
		g_free(ring);
		return NULL;
	}
	ring->refs = 1;
	ring->format = *format;
	g_mutex_init(&ring->lock);
	g_cond_init(&ring->freed);
	return ring;
}

struct zinc_ring *zinc_ring_ref(struct zinc_ring *ring)
{
	g_atomic_int_inc(&ring->refs);
	return ring;
}

void zinc_ring_unref(struct zinc_ring *ring)
{
	if (!g_atomic_int_dec_and_test(&ring->refs))
		return;
	zinc_ring_end(ring);
	if (ring->data)
		zinc_unmap_data(ring->data, ring->length);
	g_mutex_clear(&ring->lock);
	g_cond_clear(&ring->freed);
	g_free(ring);
}

/* Readers are told; memory that is out stays mapped, and is written in vain */
void zinc_ring_end(struct zinc_ring *ring)
{
	struct zinc_stream_writer *writer = &ring->writer;
	guint i;

	g_mutex_lock(&ring->lock);
	if (!ring->ended) {
		ring->ended = TRUE;
		for (i = 0; i < ZINC_STREAM_READERS_MAX; i++)
			zinc_close(writer->readers[i]);
		if (zinc_close_keep_data(writer->region, &ring->data, &ring->length)) {
			zinc_close(writer->region);
			ring->data = NULL;
		}
		writer->region = NULL;
	}
	g_cond_broadcast(&ring->freed);
	g_mutex_unlock(&ring->lock);
}

/* Threads that wait for a slot ask whether to stop */
void zinc_ring_wake(struct zinc_ring *ring)
{
	g_mutex_lock(&ring->lock);
	g_cond_broadcast(&ring->freed);
	g_mutex_unlock(&ring->lock);
}

guint zinc_ring_slots(const struct zinc_ring *ring)
{
	return ring->writer.slots;
}

guint64 zinc_ring_slot_size(const struct zinc_ring *ring)
{
	return ring->writer.slot_size;
}

const gchar *zinc_ring_backend(const struct zinc_ring *ring)
{
	return ring->ended ? "none" :
	       zinc_backend(ring->writer.region) == ZINC_BACKEND_KMOD ? "kmod" : "shm";
}

static gchar *slot_data(const struct zinc_ring *ring, guint slot)
{
	return (gchar *)ring->writer.header + ring->writer.slot_offset +
	       slot * ring->writer.slot_size;
}

/* How many slots come before it in the ring */
static guint64 passed_over(const struct zinc_ring *ring, guint slot)
{
	const struct zinc_stream_writer *writer = &ring->writer;

	return (slot + writer->slots - writer->number % writer->slots) % writer->slots;
}

/* Waits until registered readers have given up the frame that is there */
static int begin(struct zinc_ring *ring, guint slot, guint64 deadline_ns)
{
	struct zinc_stream_writer *writer = &ring->writer;
	guint64 newest = writer->number;
	void *data;
	int err;

	if (ring->ended)
		return 0;
	writer->number = ring->number[slot] ? ring->number[slot] + writer->slots - 1 : slot;
	err = zinc_stream_begin(writer, deadline_ns, &data);
	writer->begun = false;
	writer->number = newest;
	return err;
}

/* The slot is empty for readers: what it had is overwritten */
static void cancel(struct zinc_ring *ring, guint slot)
{
	struct zinc_stream_writer *writer = &ring->writer;
	guint64 newest = writer->number;

	ring->number[slot] = 0;
	writer->number = slot;
	writer->begun = true;
	zinc_stream_cancel(writer);
	writer->number = newest;
}

static void give_back(gpointer data)
{
	struct handed *handed = data;
	struct zinc_ring *ring = handed->ring;
	guint slot = handed->slot;

	g_mutex_lock(&ring->lock);
	if (ring->state[slot] == SLOT_BEGUN) {
		cancel(ring, slot);
		ring->begun--;
	}
	ring->state[slot] = SLOT_FREE;
	ring->held--;
	g_cond_broadcast(&ring->freed);
	g_mutex_unlock(&ring->lock);
	g_free(handed);
	zinc_ring_unref(ring);
}

/* The one that comes next in the ring; -1: none is free */
static gint find_free(const struct zinc_ring *ring)
{
	guint slots = ring->writer.slots;
	guint first = ring->begun ? ring->next : ring->writer.number % slots;
	guint i;

	for (i = 0; i < slots; i++)
		if (ring->state[(first + i) % slots] == SLOT_FREE)
			return (first + i) % slots;
	return -1;
}

/**
 * zinc_ring_take() - get the memory of a slot
 * @ring: stream
 * @limit: how many slots may be out
 * @wait: for a free slot, and for registered readers
 * @err: receives -EAGAIN: no slot is free; -ETIMEDOUT: a registered reader is not
 *	done; -ECANCELED; or as zinc_stream_begin()
 *
 * Return: memory of a whole slot, writable; NULL: see @err.
 */
GstMemory *zinc_ring_take(struct zinc_ring *ring, guint limit,
			  const struct zinc_ring_wait *wait, int *err)
{
	guint64 deadline_ns = wait->deadline_ns;
	struct handed *handed;
	gint slot = -1;

	g_mutex_lock(&ring->lock);
	for (;;) {
		guint64 now = zinc_stream_now();
		guint64 slice = MIN(now + SLICE_NS, deadline_ns);

		*err = wait->stop(wait->data) ? -ECANCELED : 0;
		if (*err)
			break;
		slot = ring->held < limit ? find_free(ring) : -1;
		if (slot >= 0) {
			*err = begin(ring, slot, slice);
			if (*err != -ETIMEDOUT || now >= deadline_ns)
				break;
			/* for threads that commit */
			g_mutex_unlock(&ring->lock);
			g_thread_yield();
			g_mutex_lock(&ring->lock);
			continue;
		}
		*err = -EAGAIN;
		if (now >= deadline_ns)
			break;
		if (deadline_ns == ZINC_DEADLINE_NEVER)
			g_cond_wait(&ring->freed, &ring->lock);
		else
			g_cond_wait_until(&ring->freed, &ring->lock,
					  g_get_monotonic_time() +
					  (gint64)((deadline_ns - now) / 1000 + 1));
	}
	if (*err) {
		g_mutex_unlock(&ring->lock);
		return NULL;
	}
	ring->state[slot] = SLOT_BEGUN;
	ring->begun++;
	ring->held++;
	ring->next = (slot + 1) % ring->writer.slots;
	g_mutex_unlock(&ring->lock);
	handed = g_new(struct handed, 1);
	handed->ring = zinc_ring_ref(ring);
	handed->slot = slot;
	return gst_memory_new_wrapped(0, slot_data(ring, slot), ring->writer.slot_size, 0,
				      ring->writer.slot_size, handed, give_back);
}

/*
 * Waits until registered readers have read a frame of the present format, if there is
 * one: the header has room for one format
 */
static int await_format(struct zinc_ring *ring, guint64 deadline_ns)
{
	struct zinc_stream_writer *writer = &ring->writer;
	int err;

	writer->has_next = true;
	err = zinc_stream_wait_readers(writer, deadline_ns);
	writer->has_next = false;
	return err;
}

/* May the frame in @slot be published? 0, or as zinc_ring_commit() */
static int check_slot(const struct zinc_ring *ring, guint slot, gboolean force)
{
	if (ring->ended)
		return -EPIPE;
	if (ring->state[slot] != SLOT_BEGUN)
		return -ENOENT;
	return !force && passed_over(ring, slot) >= (ring->writer.slots + 1) / 2 ? -EAGAIN : 0;
}

/**
 * zinc_ring_commit() - publish a slot that is out
 * @ring: stream
 * @data: where the frame begins
 * @force: also if the slot's turn is far from here
 * @format: of the frame
 * @frame: as in zinc_stream_commit()
 * @wait: for registered readers, before another format
 *
 * Return: 0; -ENOENT: no frame of this ring, or one that has been published;
 * -EAGAIN: copy the frame into another slot, it is too late for this one; -EPIPE the
 * stream has ended; -ETIMEDOUT a registered reader has yet to read a frame of the
 * former format; -ECANCELED; or as zinc_stream_format_check() and zinc_stream_commit().
 */
int zinc_ring_commit(struct zinc_ring *ring, const void *data, gboolean force,
		     const struct zinc_stream_format *format,
		     const struct zinc_stream_frame *frame, const struct zinc_ring_wait *wait)
{
	struct zinc_stream_writer *writer = &ring->writer;
	guint64 from = (const gchar *)data - slot_data(ring, 0);
	guint64 newest, now;
	guint slot;
	int err;

	/* of anywhere else, it is huge or not a multiple */
	if (from % writer->slot_size || from / writer->slot_size >= writer->slots)
		return -ENOENT;
	slot = from / writer->slot_size;
	g_mutex_lock(&ring->lock);
	for (;;) {
		err = check_slot(ring, slot, force);
		if (err || !memcmp(format, &ring->format, sizeof(*format)))
			break;
		err = zinc_stream_format_check(format, writer->slot_size);
		if (err)
			break;
		now = zinc_stream_now();
		err = await_format(ring, MIN(now + SLICE_NS, wait->deadline_ns));
		if (!err) {
			/* the slot is begun already: as of now */
			zinc_stream_put_format(writer, format);
			ring->format = *format;
		}
		if (err != -ETIMEDOUT || now >= wait->deadline_ns)
			break;
		if (wait->stop(wait->data)) {
			err = -ECANCELED;
			break;
		}
		/* for those who take and give back */
		g_mutex_unlock(&ring->lock);
		g_thread_yield();
		g_mutex_lock(&ring->lock);
	}
	if (!err) {
		newest = writer->number;
		writer->number = newest + passed_over(ring, slot);
		writer->begun = true;
		err = zinc_stream_commit(writer, frame);
		writer->begun = false;
		if (err)
			writer->number = newest;
	}
	if (!err) {
		ring->number[slot] = writer->number;
		ring->state[slot] = SLOT_COMMITTED;
		ring->begun--;
	}
	g_mutex_unlock(&ring->lock);
	return err;
}
