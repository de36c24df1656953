/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Layout of the files that the counting plugin shares with the host while
 * the guest runs. Everything is a little-endian u64. tools/bench/counters.py
 * reads the same layout.
 */
#pragma once

#include <stdint.h>

#define IC_MAGIC	0x31544e434e534e49ull	/* "INSNCNT1" */
#define IC_MAX_VCPU	64
#define IC_RING		8192			/* snapshots kept */

/* What is counted; index into ic_vcpu.n and ic_snap.n. */
enum {
	IC_KINSN,	/* instructions begun at a high-half address: kernel */
	IC_UINSN,	/* instructions begun at a low-half address: user */
	IC_KREP,	/* of IC_KINSN: iterations of REP string instructions */
	IC_UREP,	/* of IC_UINSN: the same */
	IC_KTB,		/* translation blocks entered, kernel */
	IC_UTB,		/* translation blocks entered, user */
	IC_NCTR
};

/* 128 bytes, so that two vCPUs' counters never share a line. */
struct ic_vcpu {
	uint64_t	n[IC_NCTR];
	uint64_t	idles;		/* times the vCPU went to sleep */
	uint64_t	pad[16 - IC_NCTR - 1];
};

struct ic_snap {
	uint64_t	seq;		/* 1 + index of this snapshot */
	uint64_t	tag;		/* low 16 bits of the mark */
	uint64_t	vcpu;
	uint64_t	host_ns;	/* CLOCK_MONOTONIC of the host */
	uint64_t	n[IC_NCTR];	/* summed over all vCPUs */
	uint64_t	idles;
	uint64_t	pad[16 - 4 - IC_NCTR - 1];
};

struct ic_file {
	uint64_t	magic;
	uint64_t	nvcpu;		/* highest vCPU index seen, plus 1 */
	uint64_t	nctr;
	uint64_t	nsnap;		/* snapshots taken so far */
	uint64_t	is_inline;
	uint64_t	pad[11];
	struct ic_vcpu	vcpu[IC_MAX_VCPU];
	struct ic_snap	ring[IC_RING];
};

/*
 * The profile (hot=FILE): a hash table by the address of a translation block
 * (grain=insn: of an instruction), open addressing. `sum` holds what ran
 * between IC_TAG_BEGIN and IC_TAG_END, over all such windows.
 */
#define IC_HOT_SLOTS	(1u << 18)

struct ic_hot {
	uint64_t	vaddr;		/* 0: free */
	uint64_t	insns;		/* executed since the start */
	uint64_t	at_begin;	/* insns at the last IC_TAG_BEGIN */
	uint64_t	sum;
};

/*
 * The mark: nopl 0x4b42TTTT(%rax), bytes 0f 1f 80 TT TT 42 4b. A no-op on
 * every CPU, in every ring, in every kernel.
 */
#define IC_MARK_HI	0x4b42u
#define IC_TAG_BEGIN	1
#define IC_TAG_END	2
