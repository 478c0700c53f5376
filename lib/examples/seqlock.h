/* SPDX-License-Identifier: MIT */
/*
 * A sequence lock in shared memory: one writer, any number of readers, which never
 * block it. For records that are larger than an atomic variable and of which
 * readers want the latest, whole.
 *
 * Why a copy that seqlock_read() accepts is one whole record:
 *
 *	writer					reader
 *	W1 sequence = 2n + 1	(relaxed)	R1 s = sequence		(acquire)
 *	W2 fence		(release)	R2 copy = words		(relaxed)
 *	W3 words = record n	(relaxed)	R3 fence		(acquire)
 *	W4 sequence = 2n + 2	(release)	R4 sequence == s?	(relaxed)
 *
 * 1. No word is older than s. If R1 reads the 2n + 2 of W4, W4 synchronizes with
 *    R1, so W3 happens before R2: each word read is of record n or a later one.
 *    (s of 0 is that of a new region, whose zeros happen before every open.)
 * 2. No word is newer than s. If R2 reads a word of a later record m > n, the
 *    fence W2 of m, which precedes that store, synchronizes with the fence R3,
 *    which follows that load (C11 7.17.4p2). So W1 of m happens before R4, which
 *    reads 2m + 1 or a later value of the sequence: not s, which is 2n + 2.
 *
 * Hence with R4 equal to s, and s even, every word is of record n. Without W2 a
 * word could become visible before W1, without R3 R4 could be done before R2. The
 * words are atomic, since they are read while they change: for plain ones that
 * is a data race.
 *
 * The sequence wraps after 2^31 records: a reader that stops for exactly so many
 * between R1 and R4 accepts a mixture.
 *
 * A writer that dies between W1 and W4 leaves an odd sequence. Readers refuse
 * then, until the next writer has written a whole record. Two writers at once
 * need a lock between them.
 */
#ifndef SEQLOCK_H
#define SEQLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Between processes an atomic variable has to work without a lock of the library */
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "no lock-free 32-bit atomics");

/* All zeros, as a new region is, is an empty record that can be read */
struct seqlock {
	_Atomic uint32_t sequence;
	_Atomic uint32_t words[];
};

static inline void seqlock_write(struct seqlock *lock, const uint32_t *record,
				 size_t words)
{
	/* odd already where a writer has died */
	uint32_t odd = atomic_load_explicit(&lock->sequence, memory_order_relaxed) | 1;
	size_t i;

	atomic_store_explicit(&lock->sequence, odd, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (i = 0; i < words; i++)
		atomic_store_explicit(&lock->words[i], record[i], memory_order_relaxed);
	atomic_store_explicit(&lock->sequence, odd + 1, memory_order_release);
}

/* Return: false where the record changed meanwhile: try again */
static inline bool seqlock_read(struct seqlock *lock, uint32_t *record, size_t words)
{
	uint32_t before = atomic_load_explicit(&lock->sequence, memory_order_acquire);
	size_t i;

	for (i = 0; i < words; i++)
		record[i] = atomic_load_explicit(&lock->words[i], memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	return !(before & 1) &&
	       atomic_load_explicit(&lock->sequence, memory_order_relaxed) == before;
}

#endif /* SEQLOCK_H */
