/*
 * The registry of block devices: names, numbers, who has which. A list that is
 * read without a lock: devices are added at its end and never taken out; one
 * that is gone answers -ENODEV.
 *
 * Names and numbers are Linux's: sda is 8:0, sda1 8:1, the 17th disk 65:0; ram0
 * is 1:0. What has no number of its own there has one of major 259, in turn.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/block_priv.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/parse.h"
#include "kernel/lib/partition.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"
#include "kernel/trace/log.h"

#define RAM_MAJOR	1
#define OTHER_MAJOR	259	/* Linux's blkext */
#define SD_MINORS	16	/* a disk and its first 15 partitions */
#define RAM_MAX		256
#define PREFIXES_MAX	8

const struct file_ops *block_file_ops;
void (*block_added)(struct block_dev *d);

static KMEM_CACHE(dev_cache, "block_dev", struct block_dev);

/* Boot adds, one thread; the list is read freely. */
static struct block_dev *devices, *last_device;
static u32 nothers;			/* minors of OTHER_MAJOR in use */

/* Disks so far with each prefix. */
static struct {
	const char	*prefix;
	u32		n;
} prefixes[PREFIXES_MAX];

static const u32 sd_majors[] = { 8, 65, 66, 67, 68, 69, 70, 71 };

/* ---- names and numbers ---- */

static u32
index_of_next(const char *prefix)
{
	u32 i = 0;

	while (i < PREFIXES_MAX && prefixes[i].prefix != NULL &&
	    strcmp(prefixes[i].prefix, prefix) != 0)
		i++;
	assert(i < PREFIXES_MAX);
	prefixes[i].prefix = prefix;
	return prefixes[i].n++;
}

/* sda ... sdz, sdaa ...; others by number. */
static void
disk_name(struct block_dev *d, const char *prefix, u32 index)
{
	char letters[8];
	u32 at = sizeof(letters) - 1, n = index + 1;

	if (strcmp(prefix, "sd") != 0) {
		(void)ksnprintf(d->name, sizeof(d->name), "%s%u", prefix,
		    index);
		return;
	}
	letters[at] = '\0';
	for (; n > 0 && at > 0; n = (n - 1) / 26)
		letters[--at] = (char)('a' + (n - 1) % 26);
	(void)ksnprintf(d->name, sizeof(d->name), "%s%s", prefix,
	    letters + at);
}

static void
disk_number(struct block_dev *d, const char *prefix, u32 index)
{
	if (strcmp(prefix, "sd") == 0 &&
	    index < ARRAY_LEN(sd_majors) * SD_MINORS) {
		d->major = sd_majors[index / SD_MINORS];
		d->minor = index % SD_MINORS * SD_MINORS;
	} else if (strcmp(prefix, "ram") == 0 && index < RAM_MAX) {
		d->major = RAM_MAJOR;
		d->minor = index;
	} else {
		d->major = OTHER_MAJOR;
		d->minor = nothers++;
	}
}

/* sda1, but ram0p1: a digit behind a digit would be another disk's. */
static void
partition_name(struct block_dev *d)
{
	const struct block_dev *whole = d->disk->dev;
	char last = whole->name[strlen(whole->name) - 1];

	(void)ksnprintf(d->name, sizeof(d->name), "%s%s%u", whole->name,
	    last >= '0' && last <= '9' ? "p" : "", d->partno);
	if (strcmp(d->disk->prefix, "sd") == 0 && d->partno < SD_MINORS &&
	    whole->major != OTHER_MAJOR) {
		d->major = whole->major;
		d->minor = whole->minor + d->partno;
	} else {
		d->major = OTHER_MAJOR;
		d->minor = nothers++;
	}
}

/* ---- adding: boot ---- */

struct block_dev *
block_dev_add(struct block_disk *disk, const struct partition *p)
{
	struct block_dev *d = kmem_get_zero(&dev_cache);

	d->disk = disk;
	d->nsectors = disk->nsectors;
	block_stats_init(d);
	if (p != NULL) {
		d->partno = p->number;
		d->start = p->start;
		d->nsectors = p->nsectors;
		d->mbr_id = p->mbr_id;
		memcpy(d->uuid, p->uuid, sizeof(d->uuid));
		partition_name(d);
	} else {
		u32 index = index_of_next(disk->prefix);

		disk_name(d, disk->prefix, index);
		disk_number(d, disk->prefix, index);
		disk->dev = d;
	}
	if (last_device == NULL)
		atomic_store_release(&devices, d);
	else
		atomic_store_release(&last_device->next, d);
	last_device = d;
	if (block_added != NULL)
		block_added(d);
	return d;
}

void
block_disk_add(struct block_disk *d)
{
	assert(d->max_segs >= BLOCK_REQUEST_SEGS &&
	    d->max_sectors >= BLOCK_REQUEST_SECTORS);
	assert(d->sector_bytes >= SECTOR_SIZE &&
	    d->sector_bytes <= PARTITION_SECTOR_MAX &&
	    (d->sector_bytes & (d->sector_bytes - 1)) == 0);
	block_queue_init(d);
	(void)block_dev_add(d, NULL);
	kinfo("%s: %lu MiB, %u-byte sectors%s%s%s%s", d->dev->name,
	    d->nsectors >> (20 - SECTOR_SHIFT), d->sector_bytes,
	    d->flags & BLOCK_DISK_READONLY ? ", read-only" : "",
	    d->flags & BLOCK_DISK_CACHE ? ", write cache" : "",
	    d->model[0] != '\0' ? ", " : "", d->model);
	block_partitions_add(d);
}

/* ---- finding ---- */

struct block_dev *
block_next(const struct block_dev *d)
{
	return atomic_load_acquire(d == NULL ? &devices :
	    (struct block_dev *const *)&d->next);
}

struct block_dev *
block_find(u32 major, u32 minor)
{
	struct block_dev *d = block_next(NULL);

	while (d != NULL && (d->major != major || d->minor != minor))
		d = block_next(d);
	return d;
}

static struct block_dev *
find_uuid(const char *text)
{
	struct block_dev *d;

	for (d = block_next(NULL); d != NULL; d = block_next(d)) {
		struct partition p = { .number = d->partno,
		    .mbr_id = d->mbr_id };

		memcpy(p.uuid, d->uuid, sizeof(p.uuid));
		if (d->partno != 0 && partition_has_uuid(&p, text))
			return d;
	}
	return NULL;
}

struct block_dev *
block_find_name(const char *name)
{
	struct block_dev *d;

	if (str_has_prefix(name, "PARTUUID="))
		return find_uuid(name + sizeof("PARTUUID=") - 1);
	if (str_has_prefix(name, "/dev/"))
		name += sizeof("/dev/") - 1;
	for (d = block_next(NULL); d != NULL; d = block_next(d))
		if (strcmp(d->name, name) == 0)
			return d;
	return NULL;
}

/* ---- asking ---- */

bool
block_is_readonly(const struct block_dev *d)
{
	return (d->disk->flags & BLOCK_DISK_READONLY) != 0;
}

bool
block_is_gone(const struct block_dev *d)
{
	return atomic_load_relaxed(&d->disk->is_gone) != 0;
}

u32
block_sector_size(const struct block_dev *d)
{
	return d->disk->sector_bytes;
}

bool
block_claim(struct block_dev *d)
{
	return atomic_cmpxchg(&d->is_claimed, 0, 1) == 0;
}

void
block_unclaim(struct block_dev *d)
{
	atomic_store_release(&d->is_claimed, 0);
}
