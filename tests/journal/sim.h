/*
 * A machine for fs/journal on the host: threads that take turns at random, and
 * disks with a volatile write cache.
 *
 * Everything runs in one thread of the host. A simulated thread gives way where
 * it takes a spinlock or sleeps; then any other one that can run goes on, or a
 * request to a disk ends, as the seed will have it. So a seed is a run.
 *
 * A disk keeps what is durable, and each sector that was written and is not:
 * those of requests under way too. FLUSH makes durable what had ended when it
 * was submitted. A crash leaves what is durable and any of the rest, sector by
 * sector, in any order. A write takes each sector from memory either when it is
 * submitted or when it ends.
 */
#pragma once

#include "fs/cache/buffer.h"
#include "kernel/lib/types.h"

#define SIM_SECTORS_MAX	(128u << 11)

/* A sector that is not durable. */
struct sim_sector {
	struct sim_sector *next;	/* in order of writing */
	struct block_request *rq;	/* under way, or NULL */
	u64		sector;
	bool		is_flushing;	/* had ended before the FLUSH began */
	u8		data[SECTOR_SIZE];
};

struct sim_disk {
	struct block_dev dev;		/* first */
	u64		nsectors;
	u8		*durable;
	u8		*view;		/* what a read sees */
	struct sim_sector *first, **last;
	bool		is_sync;	/* requests end when they are made */
	u32		fail_writes;	/* 1: the next fails and all behind */
	u64		nwrites;
};

void	sim_disk_init(struct sim_disk *d, u64 nsectors);
void	sim_disk_fini(struct sim_disk *d);
void	sim_disk_forget(struct sim_disk *d);	/* what is not durable */
/* What a crash of from, now, leaves; to's unwritten sectors are lost. */
void	sim_crash(const struct sim_disk *from, struct sim_disk *to);

/* Requests under way; one of them, at random, ends. */
extern struct block_request *sim_under_way[4096];
extern u32 sim_nunder_way;
void	sim_io_end_one(void);
extern bool sim_is_slow;	/* some writes of blocks take very long */

u64	sim_random(void);
void	sim_seed(u64 seed);
/* Make a thread; run them all until none is left but kernel threads that
 * sleep. */
void	sim_thread(void (*fn)(void *), void *arg);
bool	sim_run(void);			/* false: sim_halt() */
void	sim_halt(void);		/* power off: from sim_between */
void	sim_yield(void);
/* Called at random between steps of the machine. */
extern void (*sim_between)(void);

void	sim_cache_init(struct buffer_cache *c, struct sim_disk *d,
	    u32 block_bytes, u64 nblocks);
void	sim_buffers_forget(void);	/* the power is off */
void	sim_cache_fini(struct buffer_cache *c);	/* no references are left */
u64	sim_live(void);			/* frames and objects not given back */
