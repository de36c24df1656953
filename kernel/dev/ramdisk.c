/*
 * RAM disks: a boot module as it lies in memory (ram0 is the first that is no
 * cpio archive), or an empty disk of frames taken at boot (ramdisk=SIZE). They
 * last until the machine stops, and have neither cache nor queue: start()
 * copies at once, and says so by block_end(), which calls nobody.
 *
 * LIMIT: the copy runs with interrupts off: up to COMMAND_SECTORS, half a
 * megabyte.
 */
#include "kernel/dev/block.h"
#include "kernel/dev/ramdisk.h"
#include "kernel/lib/parse.h"
#include "kernel/lib/string.h"
#include "kernel/mem/boot.h"
#include "kernel/mem/frame.h"
#include "kernel/trace/log.h"

#define RAMDISKS_MAX	(16 + 1)		/* modules, and ramdisk= */
#define COMMAND_SECTORS	BLOCK_REQUEST_SECTORS
#define COMMAND_SEGS	256u
#define PER_PAGE	(PAGE_SIZE / sizeof(void *))
#define EMPTY_MAX_BYTES	(PER_PAGE * PER_PAGE * PAGE_SIZE)	/* 1 GiB */

/* All [I] but the bytes. */
struct ramdisk {
	struct block_disk disk;
	u8		*range;		/* a module's bytes, or NULL: */
	u8		***table;	/* pages by number: two levels */
};

static struct ramdisk ramdisks[RAMDISKS_MAX];
static u32 nramdisks;			/* boot */

/* The disk's memory at byte at, of which *len are in one piece. */
static u8 *
ramdisk_at(const struct ramdisk *r, u64 at, u32 *len)
{
	u64 page = at >> PAGE_SHIFT, off = at & PAGE_MASK;

	if (r->range != NULL)
		return r->range + at;
	*len = MIN(*len, (u32)(PAGE_SIZE - off));
	return r->table[page / PER_PAGE][page % PER_PAGE] + off;
}

static void
copy_seg(const struct ramdisk *r, enum block_op op, u64 at,
    const struct block_seg *seg)
{
	u8 *mem = phys_to_virt(seg->addr);
	u32 left = seg->len_bytes;

	while (left > 0) {
		u32 n = left;
		u8 *disk = ramdisk_at(r, at, &n);

		if (op == BLOCK_READ)
			memcpy(mem, disk, n);
		else
			memcpy(disk, mem, n);
		mem += n;
		at += n;
		left -= n;
	}
}

static bool
ramdisk_start(struct block_disk *d, struct block_request *chain)
{
	const struct ramdisk *r = d->priv;

	for (struct block_request *rq = chain; rq != NULL; rq = rq->next) {
		u64 at = rq->disk_lba << SECTOR_SHIFT;

		for (u32 i = 0; i < rq->nsegs; i++) {
			copy_seg(r, rq->op, at, &rq->segs[i]);
			at += rq->segs[i].len_bytes;
		}
	}
	block_end(d, chain, 0);
	return true;
}

static const struct block_disk_ops ramdisk_ops = { ramdisk_start };

static void
ramdisk_add(struct ramdisk *r, u64 nsectors)
{
	r->disk = (struct block_disk){
		.ops = &ramdisk_ops,
		.priv = r,
		.prefix = "ram",
		.nsectors = nsectors,
		.sector_bytes = SECTOR_SIZE,
		.max_segs = COMMAND_SEGS,
		.max_sectors = COMMAND_SECTORS,
		.depth = 1,
		.model = "RAM disk",
	};
	nramdisks++;
	block_disk_add(&r->disk);
}

bool
ramdisk_add_range(paddr_t start, paddr_t end)
{
	struct ramdisk *r = &ramdisks[nramdisks];

	if (nramdisks == RAMDISKS_MAX || end - start < SECTOR_SIZE)
		return false;
	r->range = phys_to_virt(start);
	ramdisk_add(r, (end - start) >> SECTOR_SHIFT);
	return true;
}

void
ramdisk_init(const char *cmdline)
{
	struct ramdisk *r = &ramdisks[nramdisks];
	u64 bytes = cmdline_u64(cmdline, "ramdisk", 0), npages;
	struct frame_stats fs;

	frame_stats(&fs);
	npages = MIN(bytes, EMPTY_MAX_BYTES) >> PAGE_SHIFT;
	if (npages > fs.free / 2) {
		kwarn("ramdisk=: cut to half of the memory");
		npages = fs.free / 2;
	}
	if (npages == 0 || nramdisks == RAMDISKS_MAX)
		return;
	r->table = frame_virt(frame_get_zero(FRAME_KERNEL));
	for (u64 i = 0; i < npages; i++) {
		if (i % PER_PAGE == 0)
			r->table[i / PER_PAGE] =
			    frame_virt(frame_get_zero(FRAME_KERNEL));
		r->table[i / PER_PAGE][i % PER_PAGE] =
		    frame_virt(frame_get_zero(FRAME_KERNEL));
	}
	ramdisk_add(r, npages << (PAGE_SHIFT - SECTOR_SHIFT));
}
