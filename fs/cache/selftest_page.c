/*
 * Self-tests of the page cache: a file of our own on a disk of our own.
 *
 * The file's blocks of 1 KiB lie apart in every other group of 32 (backwards,
 * so that each is a run), and there are none before somebody writes. What is
 * written tells where it belongs and how new it is, so that a page that is
 * older than what was written before, or another's, is seen. Readers, writers,
 * somebody who punches holes, somebody who syncs and somebody who evicts race.
 */
#include "fs/cache/page_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/trace/log.h"
#include "kernel/trace/selftest.h"
#include "kernel/x86/cpu.h"

#define NPAGES		320u
#define PUNCHED		240u		/* holes are made from here on */
#define SHIFT		10
#define PER_PAGE	4u
#define NBLOCKS		(NPAGES * PER_PAGE)
#define GROUP		32u
#define WRITERS		2u
#define READERS		2u
#define TURNS		1500u
#define NONE		~0ul
#define MS		1000000ul

static BOUND_FIXED(selftest_page, 32);		/* a chunk */
static BOUND_FIXED(selftest_page_crew, 64);	/* threads, a flusher */
static BOUND_FIXED(selftest_page_disk, NPAGES + 8);

/* ---- the disk ---- */

static struct {
	struct block_disk disk;
	struct frame	*page[NPAGES];
	u64		fail_block;	/* [a] of 1 KiB: answers -EIO */
	u32		nwritten;	/* [a] blocks */
} rig = { .fail_block = NONE };

static void
copy_block(enum block_op op, u64 block, void *mem)
{
	char *at = (char *)frame_virt(rig.page[block / PER_PAGE]) +
	    (block % PER_PAGE << SHIFT);

	if (op == BLOCK_READ) {
		memcpy(mem, at, 1 << SHIFT);
	} else {
		memcpy(at, mem, 1 << SHIFT);
		atomic_inc(&rig.nwritten);
	}
}

static int
rig_copy(struct block_request *rq)
{
	u64 block = rq->disk_lba >> (SHIFT - SECTOR_SHIFT);

	for (u32 i = 0; i < rq->nsegs; i++) {
		char *mem = phys_to_virt(rq->segs[i].addr);
		u32 n = rq->segs[i].len_bytes;

		if (rig.page[0] == NULL || n < 1 << SHIFT) {
			memset(mem, 0, n);	/* the look for partitions */
			continue;
		}
		for (u32 at = 0; at < n; at += 1 << SHIFT) {
			if (block == atomic_load(&rig.fail_block))
				return -EIO;
			copy_block(rq->op, block++, mem + at);
		}
	}
	return 0;
}

static bool
rig_start(struct block_disk *d, struct block_request *chain)
{
	int error = 0;

	for (struct block_request *rq = chain; rq != NULL; rq = rq->next)
		if (rq->op != BLOCK_FLUSH && error == 0)
			error = rig_copy(rq);
	block_end(d, chain, error);
	return true;
}

static const struct block_disk_ops rig_ops = { .start = rig_start };

/* ---- the file ---- */

static struct mapping map;
static s64 map_size;
static struct rwlock map_inode;		/* as an inode's */
static struct flusher *map_flusher;
static u8 has_block[NPAGES];		/* [a] a page's blocks, all or none */
static s64 nreserved;			/* [a] pages */
static s64 nrefs;			/* [a] */

static u64
place_of(u64 lblock)
{
	return lblock / GROUP % 2 == 0 ? lblock : lblock ^ (GROUP - 1);
}

static int
file_map(struct mapping *m, u64 lblock, u32 max, struct map_run *out)
{
	u32 left = GROUP - lblock % GROUP;

	(void)m;
	if (!atomic_load(&has_block[lblock / PER_PAGE])) {
		*out = (struct map_run){ MAP_HOLE, 1, 0 };
		return 0;
	}
	*out = (struct map_run){ MAP_BLOCKS, 1, place_of(lblock) };
	if (lblock / GROUP % 2 == 0)
		for (; out->n < MIN(left, max); out->n++)
			if (!atomic_load(&has_block[(lblock + out->n) /
			    PER_PAGE]))
				break;
	return 0;
}

static int
file_reserve_page(struct mapping *m, u64 index)
{
	(void)m;
	if (atomic_load(&has_block[index]))
		return 0;
	atomic_inc(&nreserved);
	return 1;
}

static void
file_unreserve(struct mapping *m, u32 npages)
{
	(void)m;
	atomic_sub(&nreserved, npages);
}

static int
write_page(struct mapping *m, struct frame *f)
{
	u64 lblock = f->fc_index * PER_PAGE;
	int error = 0;

	for (u32 k = 0; k < PER_PAGE; k++) {
		struct block_seg seg = { frame_paddr(f) + (k << SHIFT),
		    1 << SHIFT };
		int rc = block_io(m->dev, BLOCK_WRITE, 0,
		    place_of(lblock + k) << (SHIFT - SECTOR_SHIFT), &seg, 1);

		if (error == 0)
			error = rc;
	}
	return error;
}

static int
file_write(struct mapping *m, struct page_batch *b)
{
	for (u32 k = 0; k < b->npages; k++) {
		struct frame *f = b->page[k];
		int rc = write_page(m, f);

		if (rc != 0)
			b->error[0] = rc;
		atomic_store(&has_block[f->fc_index], (u8)1);
		if (f->flags & PAGE_SPACE)
			atomic_dec(&nreserved);
	}
	return 0;
}

static void
file_get_ref(struct mapping *m)
{
	(void)m;
	atomic_inc(&nrefs);
}

static void
file_put_ref(struct mapping *m)
{
	(void)m;
	atomic_dec(&nrefs);
}

static const struct mapping_ops file_ops_of_test = {
	.map = file_map,
	.reserve = file_reserve_page,
	.unreserve = file_unreserve,
	.write = file_write,
	.get = file_get_ref,
	.put = file_put_ref,
};

static void
rig_begin(void)
{
	CHECK(reserve_row(&bound_selftest_page_crew) == 0);
	if (rig.disk.ops == NULL) {
		rig.disk.ops = &rig_ops;
		rig.disk.prefix = "pagetest";
		rig.disk.nsectors = NPAGES * (PAGE_SIZE / SECTOR_SIZE);
		rig.disk.sector_bytes = SECTOR_SIZE;
		rig.disk.max_segs = BLOCK_REQUEST_SEGS;
		rig.disk.max_sectors = BLOCK_REQUEST_SECTORS;
		rig.disk.depth = 32;
		block_disk_add(&rig.disk);
	}
	map_flusher = flusher_create("flush-test", NULL, NULL);
	CHECK(reserve_row(&bound_selftest_page_disk) == 0);
	for (u32 i = 0; i < NPAGES; i++)
		rig.page[i] = frame_get(FRAME_KERNEL);
	reserve_end();
	for (u32 i = 0; i < NPAGES; i++)
		memset(frame_virt(rig.page[i]), 0xee, PAGE_SIZE);
	memset(has_block, 0, sizeof(has_block));
	map_size = NPAGES * PAGE_SIZE;
	rwlock_init(&map_inode, LOCK_INODE);
	mapping_init(&map, &file_ops_of_test, rig.disk.dev, SHIFT, &map_size);
	map.flusher = map_flusher;
}

static void
rig_end(void)
{
	CHECK(page_sync(&map, 0, ~0ul) == 0);
	CHECK(map.ndirty == 0 && map.nwriteback == 0);
	mapping_fini(&map);
	flusher_destroy(map_flusher);
	CHECK(atomic_load(&nreserved) == 0);
	CHECK(atomic_load(&nrefs) == 0);
	for (u32 i = 0; i < NPAGES; i++)
		frame_put(rig.page[i]);
	rig.page[0] = NULL;
	rcu_barrier();
}

/* ---- pages that tell what they are ---- */

static u64
word_of(u64 index, u32 version)
{
	return (index + 1) << 32 | version;
}

/* One page, by a buffer of the caller's (a page). */
static int
put_page(u64 index, u32 version, u64 *buf)
{
	struct uio u = uio_kernel(buf, PAGE_SIZE);
	s64 pos = index << PAGE_SHIFT;
	enum page_stop why;
	int error = 0;

	for (u32 i = 0; i < PAGE_SIZE / 8; i++)
		buf[i] = word_of(index, version);
	while (u.left > 0) {
		if (reserve_row(&bound_selftest_page) != 0)
			return -EINTR;
		rwlock_write_lock(&map_inode);
		pos += page_write_locked(&map, &u, pos, &why, &error);
		rwlock_write_unlock(&map_inode);
		if (why == PAGE_STOP_FILL)
			(void)page_fill(&map, (u64)pos >> PAGE_SHIFT);
		reserve_end();
		if (why == PAGE_STOP_ERROR || why == PAGE_STOP_FAULT)
			return -EIO;
	}
	return 0;
}

static isize
get_page(u64 index, u64 *buf)
{
	struct uio u = uio_kernel(buf, PAGE_SIZE);
	s64 pos = index << PAGE_SHIFT;

	return page_read(&map, NULL, &u, &pos);
}

static u32
page_cache_evict(u64 want)
{
	for (struct shrinker *s = shrinker_first(); s != NULL; s = s->next)
		if (strcmp(s->name, "pages") == 0)
			return s->shrink(want);
	return 0;
}

/* Make threads of fns, and wait until the first ones' work is done. */
static u32 crew_left, crew_stop, crew_working;	/* [a] */

static void
crew_exit(bool worked)
{
	if (worked)
		atomic_dec(&crew_working);
	atomic_dec(&crew_left);
	kthread_exit();
}

static u64 *
crew_buffer(void)
{
	u64 *buf;

	CHECK(reserve_row(&bound_selftest_page) == 0);
	buf = frame_virt(frame_get(FRAME_KERNEL));
	reserve_end();
	return buf;
}

/* ---- the race ---- */

static u32 issued[NPAGES], settled[NPAGES];	/* [a] versions */
static u32 nbad;				/* [a] */

static void
race_write(void *arg)
{
	u64 me = (u64)arg, *buf = crew_buffer();
	u32 seed = (u32)me * 7 + 1;

	for (u32 i = 0; i < TURNS; i++) {
		u64 index;

		seed = seed * 1664525 + 1013904223;
		index = (seed >> 8) % (NPAGES / WRITERS) * WRITERS + me;
		atomic_store(&issued[index], i + 1);
		if (put_page(index, i + 1, buf) != 0)
			atomic_inc(&nbad);
		atomic_store(&settled[index], i + 1);
	}
	frame_put(frame_of_virt(buf));
	crew_exit(true);
}

/* Each word is of the page, and not older than what was settled before. */
static void
check_page(u64 index, const u64 *buf, u32 oldest, u32 newest)
{
	for (u32 i = 0; i < PAGE_SIZE / 8; i++) {
		u64 w = buf[i];

		if (w == 0 && (oldest == 0 || index >= PUNCHED))
			continue;
		if (w >> 32 == index + 1 && (u32)w <= newest &&
		    ((u32)w >= oldest || index >= PUNCHED))
			continue;
		if (atomic_fetch_add(&nbad, 1) < 4)
			kwarn("page %lu word %u is %#lx, not %u..%u", index, i,
			    w, oldest, newest);
		return;
	}
}

static void
race_read(void *arg)
{
	u64 *buf = crew_buffer(), index = (u64)arg * 17;

	while (!atomic_load(&crew_stop)) {
		u32 oldest;

		index = (index + 7) % NPAGES;
		oldest = atomic_load(&settled[index]);
		if (get_page(index, buf) != PAGE_SIZE)
			atomic_inc(&nbad);
		else
			check_page(index, buf, oldest,
			    atomic_load(&issued[index]));
		preempt_point();
	}
	frame_put(frame_of_virt(buf));
	crew_exit(false);
}

/* Holes come into being above PUNCHED. */
static void
race_punch(void *arg)
{
	u32 first = PUNCHED;

	(void)arg;
	while (!atomic_load(&crew_stop)) {
		u32 last = MIN(first + 12, NPAGES - 1);

		rwlock_write_lock(&map_inode);
		rwlock_write_lock(&map.lock);
		page_drop(&map, first, last);
		for (u32 i = first; i <= last; i++)
			atomic_store(&has_block[i], (u8)0);
		rwlock_write_unlock(&map.lock);
		rwlock_write_unlock(&map_inode);
		first = last + 7 < NPAGES ? last + 7 : PUNCHED;
		sched_sleep_ns(MS / 2);
	}
	crew_exit(false);
}

static void
race_sync(void *arg)
{
	(void)arg;
	while (!atomic_load(&crew_stop)) {
		if (page_sync(&map, 0, ~0ul) != 0)
			atomic_inc(&nbad);
		sched_sleep_ns(MS / 3);
	}
	crew_exit(false);
}

static void
race_evict(void *arg)
{
	(void)arg;
	while (!atomic_load(&crew_stop)) {
		(void)page_cache_evict(23);
		flusher_kick(map_flusher);
		sched_sleep_ns(MS / 5);
	}
	crew_exit(false);
}

static void
crew_start(void (*fn)(void *), u64 n, u64 arg)
{
	CHECK(reserve_row(&bound_selftest_page_crew) == 0);
	for (u64 i = 0; i < n; i++)
		(void)kthread_create("pagetest", fn, (void *)(arg + i));
	reserve_end();
}

SELFTEST(cache_page_race_keeps_every_byte)
{
	u64 *buf;

	memset(issued, 0, sizeof(issued));
	memset(settled, 0, sizeof(settled));
	rig_begin();
	nbad = crew_stop = 0;
	crew_working = WRITERS;
	crew_left = WRITERS + READERS + 3;
	crew_start(race_write, WRITERS, 0);
	crew_start(race_read, READERS, 0);
	crew_start(race_punch, 1, 0);
	crew_start(race_sync, 1, 0);
	crew_start(race_evict, 1, 0);
	while (atomic_load(&crew_working) != 0)
		sched_sleep_ns(MS);
	atomic_store(&crew_stop, 1u);
	while (atomic_load(&crew_left) != 0)
		sched_sleep_ns(MS);
	CHECK(page_sync(&map, 0, ~0ul) == 0);
	/* From the disk, each page is the last that was written. */
	rwlock_write_lock(&map.lock);
	page_drop(&map, 0, ~0ul);
	rwlock_write_unlock(&map.lock);
	CHECK(map.tree.nobjects == 0);
	buf = crew_buffer();
	for (u32 i = 0; i < NPAGES; i++) {
		CHECK(get_page(i, buf) == PAGE_SIZE);
		check_page(i, buf, settled[i], settled[i]);
	}
	frame_put(frame_of_virt(buf));
	CHECK(nbad == 0);
	CHECK(rig.nwritten > 0);
	rig_end();
}

/* ---- errors ---- */

SELFTEST(cache_page_read_error_is_one_pages)
{
	u64 *buf;

	rig_begin();
	buf = crew_buffer();
	memset(has_block, 1, sizeof(has_block));
	/* In a group in a row, so that one request has it and others. */
	atomic_store(&rig.fail_block, 2ul * PER_PAGE + 1);
	for (u32 turn = 0; turn < 2; turn++) {
		struct readahead ra = { .window = 16 };
		struct uio u = uio_kernel(buf, PAGE_SIZE);
		s64 pos = 0;

		CHECK(page_read(&map, &ra, &u, &pos) == PAGE_SIZE);
		CHECK(get_page(1, buf) == PAGE_SIZE && buf[0] ==
		    0xeeeeeeeeeeeeeeeeul);
		CHECK(get_page(2, buf) == -EIO);
		CHECK(get_page(3, buf) == PAGE_SIZE);
	}
	atomic_store(&rig.fail_block, NONE);
	CHECK(get_page(2, buf) == PAGE_SIZE);
	frame_put(frame_of_virt(buf));
	rig_end();
}

SELFTEST(cache_page_write_error_is_told_once)
{
	u32 seq = 0, other = 0;
	u64 *buf;

	rig_begin();
	buf = crew_buffer();
	CHECK(put_page(3, 1, buf) == 0 && put_page(4, 1, buf) == 0);
	CHECK(atomic_load(&nreserved) == 2 && map.ndirty == 2);
	CHECK(page_next_dirty(&map, 0) == 3);
	CHECK(page_next_dirty(&map, 5) == NONE);
	atomic_store(&rig.fail_block, 3ul * PER_PAGE);
	CHECK(page_sync(&map, 0, ~0ul) == -EIO);
	atomic_store(&rig.fail_block, NONE);
	CHECK(map.ndirty == 0 && map.nwriteback == 0);
	CHECK(page_sync(&map, 0, ~0ul) == 0);
	CHECK(page_error(&map, &seq) == -EIO && page_error(&map, &seq) == 0);
	CHECK(page_error(&map, &other) == -EIO);
	frame_put(frame_of_virt(buf));
	rig_end();
}

/* ---- the limit of dirty pages ---- */

SELFTEST(cache_page_writers_wait_above_the_limit)
{
	u32 background = dirty_background_percent, limit = dirty_limit_percent;
	struct page_cache_stats before, now;
	u64 *buf, most = 0;

	rig_begin();
	buf = crew_buffer();
	page_cache_stats(&before);
	dirty_background_percent = dirty_limit_percent = 0;
	sched_sleep_ns(300 * MS);	/* the limits are looked at anew */
	for (u32 i = 0; i < NPAGES; i++) {
		CHECK(page_throttle(&map) == 0);
		CHECK(put_page(i, 1, buf) == 0);
		page_cache_stats(&now);
		most = MAX(most, now.dirty + now.writeback);
	}
	dirty_background_percent = background;
	dirty_limit_percent = limit;
	/* No file of others is written to at boot. */
	CHECK(most <= WRITE_PAGES + 1);
	CHECK(now.throttled > before.throttled);
	frame_put(frame_of_virt(buf));
	sched_sleep_ns(300 * MS);
	(void)page_throttle(&map);
	rig_end();
}

/* ---- eviction ---- */

static bool
is_cached(u64 index)
{
	struct frame *f = page_find(&map, index);

	if (f != NULL)
		frame_put(f);
	return f != NULL;
}

SELFTEST(cache_page_scan_does_not_evict_what_is_used)
{
	u32 kept = 0, was = 0, gone;
	u64 *buf;

	rig_begin();
	buf = crew_buffer();
	memset(has_block, 1, sizeof(has_block));
	for (u32 turn = 0; turn < 3; turn++)
		for (u32 i = 0; i < 16; i++)
			CHECK(get_page(i, buf) == PAGE_SIZE);
	for (u32 i = 16; i < NPAGES; i++)
		CHECK(get_page(i, buf) == PAGE_SIZE);
	for (u32 i = 0; i < NPAGES; i++)
		was += is_cached(i);
	CHECK(was == NPAGES);
	gone = page_cache_evict(NPAGES / 2);
	/* It frees a little more than is asked for. */
	CHECK(gone >= NPAGES / 2 && gone < NPAGES - 16);
	for (u32 i = 0; i < 16; i++)
		kept += is_cached(i);
	CHECK(kept == 16);
	/* What is dirty does not go, and all that is clean does. */
	CHECK(put_page(200, 1, buf) == 0);
	atomic_store(&rig.fail_block, NONE);
	(void)page_cache_evict(NPAGES);
	CHECK(page_sync(&map, 0, ~0ul) == 0);
	(void)page_cache_evict(NPAGES);
	CHECK(map.tree.nobjects == 0);
	frame_put(frame_of_virt(buf));
	rig_end();
}
