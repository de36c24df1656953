/*
 * Block devices: disks, their partitions, and requests to them. block.c has the
 * theory.
 *
 * A request belongs to who makes it, memory and all, until its done() is
 * called: nothing is allocated between block_submit() and the disk, so that
 * writing memory out never takes any.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sync/spinlock.h"
#include "kernel/x86/percpu.h"

struct block_dev;
struct block_disk;
struct file_ops;

#define SECTOR_SHIFT	9
#define SECTOR_SIZE	512u

enum block_op { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH, BLOCK_OPS };

/* The most of one request: a longer transfer is made of several, which become
 * one command where the disk takes it. */
#define BLOCK_REQUEST_SEGS	128u
#define BLOCK_REQUEST_SECTORS	1024u

#define BLOCK_FUA	BIT(0)	/* write: done when it is on the medium */
#define BLOCK_META	BIT(1)	/* for the statistics */

/* A piece of memory: addr a multiple of 4, len of SECTOR_SIZE. */
struct block_seg {
	paddr_t		addr;
	u32		len_bytes;
};

/* o the owner's, who changes nothing until done; q the block layer's */
struct block_request {
	struct block_dev *dev;		/* [o] */
	enum block_op	op;		/* [o] */
	u32		flags;		/* [o] BLOCK_* */
	u64		lba;		/* [o] sectors from dev's start */
	const struct block_seg *segs;	/* [o] */
	u32		nsegs;		/* [o] 0: BLOCK_FLUSH */
	/* In interrupt context, never within block_submit(): takes neither
	 * memory nor sleeping locks, and may submit again. error is set; rq is
	 * the owner's again, and alone (next is NULL). */
	void		(*done)(struct block_request *rq);
	void		*priv;		/* [o] */
	int		error;		/* 0, -EIO, -EROFS, -ENODEV: gone */
	/* The block layer's; drivers read them. */
	u32		nsectors;	/* [q] */
	u64		disk_lba;	/* [q] sectors from the disk's start */
	struct block_request *next;	/* [o] block_submit(): the next one;
					 * [q] then: the next in the command */
	u64		start_ns;	/* [q] */
	u32		qstate;		/* [q] block.c's; 0 at first */
};

/*
 * Start rq and those behind it (rq->next), in this order. Neighbours that
 * continue each other become one command. Completion order is free; BLOCK_FLUSH
 * makes durable what was done() before it was submitted. Any context.
 */
void	block_submit(struct block_request *rq);
/* One request, waited for: 0, -EIO, -ENODEV, -EROFS. Sleeps and keeps the
 * charge, since the disk takes none. */
int	block_io(struct block_dev *d, enum block_op op, u32 flags, u64 lba,
	    const struct block_seg *segs, u32 nsegs);
int	block_flush(struct block_dev *d);

/* ---- devices ---- */

#define BLOCK_NAME	16

/* A disk or a partition. I after it is added; a atomic */
struct block_dev {
	struct block_disk *disk;	/* [I] */
	char		name[BLOCK_NAME];	/* [I] "sda", "sda1" */
	u32		major, minor;	/* [I] */
	u32		partno;		/* [I] 0: the whole disk */
	u64		start;		/* [I] sectors */
	u64		nsectors;	/* [I] */
	u8		uuid[16];	/* [I] of a GPT partition, as stored */
	u32		mbr_id;		/* [I] of an MBR's: PARTUUID=ID-NN */
	u32		openers;	/* [a] opened files; their release()
					 * takes itself off */
	u32		is_claimed;	/* [a] mounted, or opened O_EXCL */
	u32		busy_ms;	/* [a] block_stat.c: up to when */
	struct block_stats **stats;	/* [I] by CPU */
	struct block_dev *next;		/* [I] all devices, in order */
};

struct block_dev *block_find(u32 major, u32 minor);
/* "sda1" or "/dev/sda1", "PARTUUID=..." as on the kernel command line. */
struct block_dev *block_find_name(const char *name);
/* The one behind d; NULL: the first. */
struct block_dev *block_next(const struct block_dev *d);
bool	block_is_readonly(const struct block_dev *d);
bool	block_is_gone(const struct block_dev *d);
u32	block_sector_size(const struct block_dev *d);	/* logical, bytes */
/* For one user at a time (mount); false: somebody has it. */
bool	block_claim(struct block_dev *d);
void	block_unclaim(struct block_dev *d);

/* What an S_IFBLK inode opens; fs/cache sets it, at boot. */
extern const struct file_ops *block_file_ops;
/* Told of each device that comes; fs/devfs sets it. */
extern void (*block_added)(struct block_dev *d);

/* ---- what drivers bring ---- */

struct block_disk_ops {
	/*
	 * Make one command of the chain (by next: contiguous, one op, one set
	 * of flags, within the limits). False: no room; nothing happened, and
	 * it is offered again after a block_end(). Interrupts off, no lock of
	 * the block layer held. A disk that is gone takes it and ends it.
	 */
	bool	(*start)(struct block_disk *d, struct block_request *chain);
};

#define BLOCK_DISK_READONLY	BIT(0)
#define BLOCK_DISK_FUA		BIT(1)	/* else: a flush follows the write */
#define BLOCK_DISK_CACHE	BIT(2)	/* else flushes need not be sent */

struct block_queue;
struct block_stats;

/* I after block_disk_add(); a atomic */
struct block_disk {
	const struct block_disk_ops *ops;	/* [I] */
	void		*priv;		/* [I] the driver's */
	const char	*prefix;	/* [I] "sd": sda, sdb; "ram": ram0 */
	u64		nsectors;	/* [I] of SECTOR_SIZE */
	u32		sector_bytes;	/* [I] logical: 512 or 4096 */
	u32		flags;		/* [I] BLOCK_DISK_* */
	u32		max_segs;	/* [I] of a command; at least what a */
	u32		max_sectors;	/* [I] request has: BLOCK_REQUEST_* */
	u32		depth;		/* [I] commands at once */
	char		model[41], serial[21];	/* [I] */
	u32		is_gone;	/* [a] */
	struct block_queue *queue;	/* [I] what waits */
	struct block_dev *dev;		/* [I] the whole disk */
};

/* Give it a name and numbers, read its partitions, make them known. The driver
 * can serve requests. Boot; sleeps. */
void	block_disk_add(struct block_disk *d);
/* A command has ended, for all of its chain: its room is free again by when
 * interrupts are on. Only notes it: may be called in start(), and with the
 * driver's locks held. Interrupts off, any CPU. */
void	block_end(struct block_disk *d, struct block_request *chain, int error);
/* It was pulled out: what is queued and all that comes ends with -ENODEV. The
 * driver then ends what it has started. Any context. */
void	block_disk_gone(struct block_disk *d);

/* Boot, before the first disk. */
void	block_init(void);
/* Around a device's interrupt handler: what it ended is done() behind it. */
void	block_irq_begin(void);
void	block_irq_end(void);
/* Lines for /proc/diskstats, /proc/partitions and /proc/block; 0 at the end. */
int	block_diskstats_line(u32 i, char *buf, usize len);
int	block_partitions_line(u32 i, char *buf, usize len);
int	block_report_line(u32 i, char *buf, usize len);
