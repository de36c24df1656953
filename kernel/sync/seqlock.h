/*
 * Sequence counters: readers retry, writers (serialised by a lock of theirs)
 * never wait for readers.
 */
#pragma once

#include "kernel/lib/types.h"

struct seqcount {
	u32	seq;			/* [a] odd while a write is under way */
};

static inline u32
seq_read_begin(const struct seqcount *s)
{
	u32 seq;

	while (unlikely((seq = __atomic_load_n(&s->seq, __ATOMIC_ACQUIRE)) & 1))
		__asm__ volatile("pause");
	return seq;
}

static inline bool
seq_read_retry(const struct seqcount *s, u32 seq)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return unlikely(__atomic_load_n(&s->seq, __ATOMIC_RELAXED) != seq);
}

static inline void
seq_write_begin(struct seqcount *s)
{
	__atomic_store_n(&s->seq, s->seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void
seq_write_end(struct seqcount *s)
{
	__atomic_store_n(&s->seq, s->seq + 1, __ATOMIC_RELEASE);
}
