/*
 * Between the block*.c files.
 */
#pragma once

#include "kernel/dev/block.h"
#include "kernel/sched/timer.h"

/* block_request.qstate */
#define RQ_MERGED	BIT(0)	/* behind another in its command */
#define RQ_FLUSHED	BIT(1)	/* FUA: the flush behind it has ended */
#define RQ_BEGUN	BIT(2)	/* submitted, and not done() yet */
#define RQ_ENDED	BIT(3)	/* on a list of what has ended */

/* What waits for room in a disk, and the flush that makes up for FUA, on one
 * CPU. l lock, with interrupts off */
struct block_cpu_queue {
	struct spinlock	lock;
	struct block_request *head, *tail;	/* [l] by next */
	struct block_request *unflushed;	/* [l] written: for the next
						 * flush */
	struct block_request *flushing;		/* [l] for the one under way */
	struct block_request flush;	/* of who set flushing, until done */
};

/* a atomic; I immutable */
struct block_queue {
	u32		nwaiting;	/* [a] requests in all queues */
	u32		ends;		/* [a] commands' ends, never reset */
	u32		turn;		/* [a] who is served next */
	struct block_cpu_queue *cpu[MAX_CPUS];	/* [I] */
};

/* Latencies by powers of two: the first is below 1024 ns, the last has all from
 * 2^(9 + BLOCK_HIST - 1) ns, 17 s. */
#define BLOCK_HIST	26
#define BLOCK_HIST_SHIFT 10

/* Of a device on a CPU. o that CPU, with interrupts off */
struct block_stats {
	u64		count[BLOCK_OPS];	/* [o] commands */
	u64		merges[BLOCK_OPS];	/* [o] requests beyond these */
	u64		sectors[BLOCK_OPS];	/* [o] */
	u64		ns[BLOCK_OPS];		/* [o] from submit to done */
	u64		errors[BLOCK_OPS];	/* [o] */
	u64		max_ns[BLOCK_OPS];	/* [o] */
	u64		hist[BLOCK_OPS][BLOCK_HIST];	/* [o] */
	u64		meta;		/* [o] requests with BLOCK_META */
	u64		busy_ms;	/* [o] something was under way */
	s64		inflight;	/* [o] begun here less ended here */
};

/* A request of d begins, or ends (its start_ns, error, qstate are set).
 * Interrupts off. */
void	block_stat_begin(struct block_dev *d, u64 now_ns);
void	block_stat_end(const struct block_request *rq, u64 now_ns);
void	block_stats_init(struct block_dev *d);
void	block_stats_sum(const struct block_dev *d, struct block_stats *out);

/* block_part.c: find d's partitions and make them known. */
void	block_partitions_add(struct block_disk *d);

/* block_dev.c: a partition, or with number 0 the disk itself. */
struct partition;
struct block_dev *block_dev_add(struct block_disk *d,
    const struct partition *p);
/* block.c */
void	block_queue_init(struct block_disk *d);
