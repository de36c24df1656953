/*
 * rseq(2): the area that glibc registers for each thread.
 */
#pragma once

#include <stdint.h>

struct lx_rseq {
	uint32_t cpu_id_start;
	uint32_t cpu_id;
	uint64_t rseq_cs;		/* user address of a struct rseq_cs */
	uint32_t flags;
	uint32_t pad_[3];
} __attribute__((__aligned__(32)));

_Static_assert(sizeof(struct lx_rseq) == 32, "rseq");

struct lx_rseq_cs {
	uint32_t version;
	uint32_t flags;
	uint64_t start_ip;
	uint64_t post_commit_offset;
	uint64_t abort_ip;
} __attribute__((__aligned__(32)));

_Static_assert(sizeof(struct lx_rseq_cs) == 32, "rseq_cs");

#define RSEQ_FLAG_UNREGISTER		1
#define RSEQ_CPU_ID_UNINITIALIZED	0xffffffffu
