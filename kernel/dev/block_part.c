/*
 * Reading a disk's partition table: kernel/lib/partition.c knows what it means.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/block_priv.h"
#include "kernel/lib/partition.h"
#include "kernel/mem/frame.h"
#include "kernel/trace/log.h"

static int
read_sector(const struct partition_disk *pd, u64 lba, void *buf)
{
	struct block_disk *d = pd->priv;
	struct block_seg seg = { virt_to_phys(buf), d->sector_bytes };

	return block_io(d->dev, BLOCK_READ, 0,
	    lba * (d->sector_bytes / SECTOR_SIZE), &seg, 1);
}

static const struct partition_ops read_ops = { read_sector };

void
block_partitions_add(struct block_disk *d)
{
	static struct partition found[PARTITIONS_MAX];	/* boot: one thread */
	struct frame *f = frame_get(FRAME_BUFFER);
	struct partition_disk pd = {
		.ops = &read_ops, .priv = d, .nsectors = d->nsectors,
		.sector_bytes = d->sector_bytes, .buf = frame_virt(f),
	};
	const char *what;
	int n = partition_read(&pd, found, &what);

	frame_put(f);
	if (n < 0)
		kwarn("%s: cannot read the partition table: error %d",
		    d->dev->name, -n);
	else
		kinfo("%s: %s, %d partitions", d->dev->name, what, n);
	for (int i = 0; i < n; i++) {
		struct block_dev *p = block_dev_add(d, &found[i]);

		kinfo("%s: from sector %lu, %lu KiB", p->name, p->start,
		    p->nsectors / 2);
	}
}
