/*
 * Crash states of fs/journal: a random load on a small log, the power cut again
 * and again, and an oracle that knows what each block must be.
 *
 * The load: a few threads change blocks of metadata in handles, free them, use
 * freed blocks (once that is durable) for data that is written past the
 * journal, or for metadata again. Data is written before the handle that names
 * it (a commit waits for no data).
 *
 * The oracle: each block has a list of events, each of a transaction: it has
 * this content, it is free, it is data. After a crash and replay there must be
 * a number P, not less than what journal_commit() has promised, so that every
 * block is what its last event up to P says; free ones may be anything.
 *
 *	crash crash SEED RUNS	seeds SEED .. SEED + RUNS - 1
 *	crash fuzz SEED RUNS	crash states with bytes changed: replay must
 *				end, and touch nothing out of bounds
 */
#include "tests/journal/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/journal/format.h"
#include "fs/journal/journal.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/checksum.h"
#include "kernel/mem/frame.h"
#include "kernel/sched/thread.h"

#define NBLOCKS		96		/* under the oracle */
#define EVENTS_MAX	4096
#define WORKERS		3

enum kind { META, FREE, DATA };

struct event {
	u32		tid;
	enum kind	kind;
	u64		version;
};

struct block {
	enum kind	kind;
	bool		is_busy;
	u32		tid;		/* of the last event */
	u32		nevents;
	struct event	event[EVENTS_MAX];
};

/* The run. */
static struct block blocks[NBLOCKS];
static struct sim_disk disk, crashed, again;
static struct buffer_cache cache;
static struct journal *journal;
static struct journal_run runs[JOURNAL_RUNS_MAX];
static struct journal_config config;
static u64 home[NBLOCKS];		/* where they are */
static u64 next_version;
static u32 acked, given_back, newest, written;
static u32 handles_left, workers_left;
static bool is_dead, is_quiet;
static u64 nchecks, nstates_replayed, ncommits, nreplayed, nwraps;
static u64 run_seed;
static u32 crash_odds;
static u8 *crashed_log;		/* the disk before its replay */

static void
fail(const char *what, u64 a, u64 b)
{
	printf("not ok seed %lu: %s (%lu, %lu)\n", run_seed, what, a, b);
	fflush(stdout);
	exit(1);
}

/* ---- contents ---- */

/*
 * Some contents look like blocks of the log, of a transaction to come: about
 * when its place in the log is that of this copy. If they were not escaped,
 * two of them would revoke all blocks.
 */
static u32 tid_of[1u << 16];		/* by version */

static void
fill_hostile(u8 *data, u64 version)
{
	u32 at = JBD_REVOKE_FIRST, bytes = config.is_64bit ? 8 : 4;

	be32_store(data, JBD_MAGIC);
	be32_store(data + 4, version % 2 ? JBD_REVOKE : JBD_COMMIT);
	be32_store(data + 8, tid_of[version % ARRAY_LEN(tid_of)]);
	for (u32 n = 0; n < NBLOCKS; n++, at += bytes) {
		if (bytes == 8)
			be32_store(data + at, 0);
		be32_store(data + at + bytes - 4, (u32)home[n]);
	}
	be32_store(data + JBD_REVOKE_COUNT, at);
}

static void
fill(u8 *data, u64 block, u64 version, bool is_sealed)
{
	u64 x = version * 0x9e3779b97f4a7c15ul + block;
	u32 bytes = config.cache->block_bytes;

	for (u32 i = 0; i < bytes; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(data + i, &x, 8);
	}
	if (version % 4 < 2)
		fill_hostile(data, version);
	x = is_sealed ? version ^ 0x5ea1ed : 0;
	memcpy(data + bytes - 8, &x, 8);
	memcpy(data + bytes - 16, &version, 8);
}

static void
seal(struct journal *j, struct buffer *b)
{
	u64 version;

	(void)j;
	memcpy(&version, b->data + b->cache->block_bytes - 16, 8);
	version ^= 0x5ea1ed;
	memcpy(b->data + b->cache->block_bytes - 8, &version, 8);
}

static bool
is_content(const u8 *data, u64 block, u64 version, bool is_sealed)
{
	static u8 want[4096];

	fill(want, block, version, is_sealed);
	return memcmp(want, data, config.cache->block_bytes) == 0;
}

static void
event_add(u32 n, u32 tid, enum kind kind, u64 version)
{
	struct block *k = &blocks[n];

	if (k->nevents > 0 && k->event[k->nevents - 1].tid == tid)
		k->nevents--;
	if (k->nevents == EVENTS_MAX) {
		memmove(k->event, k->event + EVENTS_MAX / 2,
		    EVENTS_MAX / 2 * sizeof(k->event[0]));
		k->nevents = EVENTS_MAX / 2;
	}
	k->event[k->nevents++] = (struct event){ tid, kind, version };
	k->kind = kind;
	k->tid = tid;
	if ((s32)(tid - newest) > 0)
		newest = tid;
}

static const struct event *
event_at(u32 n, u32 tid)
{
	struct block *k = &blocks[n];
	u32 i = k->nevents;

	while (i > 1 && (s32)(k->event[i - 1].tid - tid) > 0)
		i--;
	return &k->event[i - 1];
}

/* ---- the load ---- */

static void
committed(struct journal *j, u32 tid)
{
	(void)j;
	if ((s32)(tid - given_back) > 0)
		given_back = tid;
	ncommits++;
}

static void
aborted(struct journal *j, int error)
{
	(void)j;
	(void)error;
	is_dead = true;
}

static const struct journal_ops ops = {
	.seal = seal, .committed = committed, .aborted = aborted,
};

/* A block that nobody is about to change, or NBLOCKS. */
static u32
claim(int kind)
{
	u32 n = (u32)(sim_random() % NBLOCKS);

	for (u32 i = 0; i < NBLOCKS; i++, n = (n + 1) % NBLOCKS) {
		if (blocks[n].is_busy || (kind >= 0 &&
		    (int)blocks[n].kind != kind))
			continue;
		blocks[n].is_busy = true;
		return n;
	}
	return NBLOCKS;
}

static void
meta_write(u32 n, bool is_new)
{
	struct buffer *b;
	u64 version = ++next_version;

	if (is_new)
		b = buffer_get_zero(&cache, home[n]);
	else
		(void)buffer_read(&cache, home[n], &b);
	journal_write(journal, b);
	tid_of[version % ARRAY_LEN(tid_of)] = journal_tid(journal) + 3 +
	    (u32)(run_seed % 10);
	fill(b->data, home[n], version, false);
	event_add(n, journal_tid(journal), META, version);
	written = newest;
	buffer_put(b);
}

/* Have something of this transaction on disk: what is said of data blocks
 * counts with it. */
static bool
touch(void)
{
	u32 n = claim(META);

	if (n == NBLOCKS)
		return false;
	meta_write(n, false);
	blocks[n].is_busy = false;
	return true;
}

/* One block in a handle: at most one credit. */
static void
change_one(void)
{
	u32 n = claim(-1), tid = journal_tid(journal);
	struct block *k = &blocks[n];

	if (n == NBLOCKS)
		return;
	if (k->kind == META && sim_random() % 4 == 0) {
		journal_forget(journal, home[n]);
		event_add(n, tid, FREE, 0);
		written = tid;
	} else if (k->kind == META) {
		meta_write(n, false);
	} else if (k->kind == DATA) {
		if (touch())
			event_add(n, tid, FREE, 0);
	} else if (k->tid == tid || (s32)(k->tid - given_back) <= 0) {
		/* In the same transaction as it was freed, or durably free. */
		if (k->tid != tid || (k->nevents > 1 && sim_random() % 4 == 0 &&
		    k->event[k->nevents - 2].kind == META))
			meta_write(n, true);
	}
	k->is_busy = false;
}

/* Write data past the journal, then name it in a handle. */
static void
data_write(u32 n)
{
	struct frame *f = frame_get(FRAME_BUFFER);
	struct block_seg seg = { frame_paddr(f), cache.block_bytes };
	u64 version = ++next_version;
	int rc;

	fill(frame_virt(f), home[n], version, true);
	rc = block_io(&disk.dev, BLOCK_WRITE, 0, home[n] *
	    (cache.block_bytes / SECTOR_SIZE), &seg, 1);
	frame_put(f);
	if (rc != 0 || journal_begin(journal, 4) != 0)
		return;
	if (touch())
		event_add(n, journal_tid(journal), DATA, version);
	change_one();
	change_one();
	journal_end(journal);
}

static void
commit(u32 tid)
{
	/* What others put into tid meanwhile was not promised. */
	bool is_empty = (s32)(tid - written) > 0;
	int rc = journal_commit(journal, tid);

	if (rc == 0 && (s32)(tid - acked) > 0 && !is_empty)
		acked = tid;
	if (rc != 0 && !is_dead)
		fail("commit failed", tid, (u64)-rc);
}

static void
worker(void *arg)
{
	u32 n, credits, tid = 0, most = journal_credits_max(journal);

	(void)arg;
	while (handles_left > 0 && !is_dead) {
		handles_left--;
		n = sim_random() % 4 == 0 ? claim(FREE) : NBLOCKS;
		if (n < NBLOCKS) {
			if ((s32)(blocks[n].tid - given_back) <= 0)
				data_write(n);
			blocks[n].is_busy = false;
			continue;
		}
		credits = 1 + (u32)(sim_random() % MIN(most, 12u));
		if (journal_begin(journal, credits) != 0)
			break;
		for (u32 i = 0; i < credits; i++)
			change_one();
		tid = journal_tid(journal);
		journal_end(journal);
		if (sim_random() % 6 == 0)
			commit(tid);
		else if (sim_random() % 6 == 0)
			journal_commit_start(journal);
	}
	workers_left--;
}

/* ---- the check ---- */

static bool
is_prefix(const struct sim_disk *d, u32 tid, u32 *bad)
{
	const struct event *e;
	u32 bytes = cache.block_bytes;

	for (u32 n = 0; n < NBLOCKS; n++) {
		e = event_at(n, tid);
		if (e->kind != FREE && !is_content(d->view + home[n] * bytes,
		    home[n], e->version, true)) {
			*bad = n;
			return false;
		}
	}
	return true;
}

/* Replay what is on d. */
static int
replay(struct sim_disk *d)
{
	struct journal_config c = config;
	struct buffer_cache cc;
	struct journal *j;
	struct journal_stats stats;
	int rc;

	sim_cache_init(&cc, d, cache.block_bytes, cache.nblocks);
	c.cache = &cc;
	c.dev = &d->dev;
	c.readonly = true;
	d->is_sync = true;
	rc = journal_open(&c, &j);
	if (rc == 0) {
		journal_stats(j, &stats);
		nreplayed += stats.replayed_transactions;
		(void)journal_close(j);
	}
	nstates_replayed++;
	return rc;
}

static void
explain(const struct sim_disk *d, u32 p, u32 bad)
{
	const struct event *e = event_at(bad, p);
	u32 bytes = cache.block_bytes;
	u64 found;

	memcpy(&found, d->view + home[bad] * bytes + bytes - 16, 8);
	printf("# up to %u: block %lu is to be %s %lu of %u, has %lu\n", p,
	    home[bad], e->kind == META ? "meta" : "data", e->version, e->tid,
	    found);
}

/* The least P that fits: one that only frees blocks cannot be seen. */
static u32
find_prefix(const struct sim_disk *d)
{
	u32 bad = 0;

	acked = (s32)(given_back - acked) > 0 ? given_back : acked;
	for (u32 p = acked; (s32)(p - newest) <= 0; p++) {
		if (is_prefix(d, p, &bad))
			return p;
		if (getenv("SIM_LOG") != NULL)
			explain(d, p, bad);
	}
	fail("no prefix fits, from what was acknowledged on", acked, bad);
	return 0;
}

/* A replay that was cut short, and one after it: the same comes out. */
static void
check_again(void)
{
	int rc;

	sim_crash(&again, &again);
	rc = replay(&again);
	if (rc != 0)
		fail("the second replay fails", (u64)-rc, 0);
	for (u32 n = 0; n < NBLOCKS; n++)
		if (memcmp(again.view + home[n] * cache.block_bytes,
		    crashed.view + home[n] * cache.block_bytes,
		    cache.block_bytes) != 0)
			fail("a replay cut short gives another", n, 0);
}

static u32
check(void)
{
	u64 bytes = disk.nsectors * SECTOR_SIZE;
	u32 p;
	int rc;

	nchecks++;
	sim_crash(&disk, &crashed);
	/* A replay that is cut short, too, and its own crash. */
	memcpy(again.durable, crashed.durable, bytes);
	memcpy(again.view, crashed.view, bytes);
	again.fail_writes = 1 + (u32)(sim_random() % 40);
	(void)replay(&again);
	again.fail_writes = 0;
	crashed_log = malloc(bytes);
	memcpy(crashed_log, crashed.durable, bytes);
	rc = replay(&crashed);
	if (rc != 0)
		fail("replay fails", (u64)-rc, 0);
	p = find_prefix(&crashed);
	check_again();
	/* What is durable after it is what one sees. */
	sim_crash(&crashed, &again);
	if (replay(&again) != 0)
		fail("the log is not empty after it", 0, 0);
	memcpy(crashed.durable, crashed_log, bytes);
	free(crashed_log);
	return p;
}

static u32 cut_prefix;

static void
between(void)
{
	if (journal == NULL || is_quiet || sim_random() % crash_odds != 0)
		return;
	cut_prefix = check();
	if (sim_random() % 16 == 0)
		sim_halt();
}

/* ---- a run ---- */

static void
super_make(void)
{
	struct jbd_super *s = (struct jbd_super *)(disk.view + runs[0].block *
	    cache.block_bytes);
	u32 total = 0;

	for (u32 i = 0; i < config.nruns; i++)
		total += runs[i].nblocks;
	memset(s, 0, sizeof(*s));
	s->header.magic = be32(JBD_MAGIC);
	s->header.type = be32(JBD_SUPER_V2);
	s->block_bytes = be32(cache.block_bytes);
	s->maxlen = be32(total);
	s->first = be32(1);
	s->sequence = be32(sim_random() % 2 ? 1 : 0xfffffff0u);
	for (u32 i = 0; i < 16; i++)
		s->uuid[i] = (u8)sim_random();
	newest = acked = given_back = written =
	    be32_get(s->sequence) - 1;
}

static void
blocks_init(u64 first)
{
	for (u32 n = 0; n < NBLOCKS; n++)
		home[n] = first + n * 2;
	for (u32 n = 0; n < NBLOCKS; n++) {
		blocks[n].nevents = 0;
		blocks[n].is_busy = false;
		event_add(n, newest, META, ++next_version);
		fill(disk.view + home[n] * cache.block_bytes, home[n],
		    next_version, true);
	}
	memcpy(disk.durable, disk.view, disk.nsectors * SECTOR_SIZE);
}

/* A disk with a log in two runs, and blocks with their first content. */
static void
layout(u32 block_bytes)
{
	u32 nlog = 65 + (u32)(sim_random() % 120);
	u64 nblocks = 512;

	sim_disk_init(&disk, nblocks * block_bytes / SECTOR_SIZE);
	sim_disk_init(&crashed, disk.nsectors);
	sim_disk_init(&again, disk.nsectors);
	sim_cache_init(&cache, &disk, block_bytes, nblocks);
	runs[0] = (struct journal_run){ 3, 20 + (u32)(sim_random() % 20) };
	runs[1] = (struct journal_run){ 100, nlog - runs[0].nblocks };
	config = (struct journal_config){ .cache = &cache, .dev = &disk.dev,
	    .runs = runs, .nruns = 2, .has_csum = sim_random() % 2,
	    .is_64bit = sim_random() % 2, .commit_ms = 1000000, .ops = &ops };
	super_make();
	blocks_init(300);
}

static void
disks_fini(void)
{
	sim_disk_fini(&disk);
	sim_disk_fini(&crashed);
	sim_disk_fini(&again);
}

static void
main_thread(void *arg)
{
	struct journal_stats stats;
	int rc;

	(void)arg;
	rc = journal_open(&config, &journal);
	if (rc == -EIO && disk.fail_writes == 1) {
		journal = NULL;
		return;
	}
	if (rc != 0)
		fail("open fails", (u64)-rc, 0);
	workers_left = WORKERS;
	for (u32 i = 0; i < WORKERS; i++)
		sim_thread(worker, NULL);
	while (workers_left > 0)
		sim_yield();
	is_quiet = true;
	journal_stats(journal, &stats);
	nwraps += stats.blocks_logged / stats.blocks;
	rc = journal_close(journal);
	if (rc == 0 && !is_dead)
		acked = newest;
	else if (!is_dead || rc != -EIO)
		fail("close", (u64)-rc, is_dead);
	journal = NULL;
}

/* What happened after p did not happen. */
static void
rebase(u32 p)
{
	struct block *k;

	for (u32 n = 0; n < NBLOCKS; n++) {
		k = &blocks[n];
		while (k->nevents > 1 && (s32)(k->event[k->nevents - 1].tid -
		    p) > 0)
			k->nevents--;
		k->kind = k->event[k->nevents - 1].kind;
		k->tid = k->event[k->nevents - 1].tid;
		k->is_busy = false;
	}
	newest = acked = given_back = written = p;
}

static void
disk_become(struct sim_disk *to, struct sim_disk *from)
{
	u64 bytes = to->nsectors * SECTOR_SIZE;

	memcpy(to->durable, from->durable, bytes);
	memcpy(to->view, from->durable, bytes);
	to->fail_writes = 0;
	sim_disk_forget(to);
}

static void
generation(u32 nhandles)
{
	handles_left = nhandles;
	is_dead = is_quiet = false;
	journal = NULL;
	if (sim_random() % 6 == 0)
		disk.fail_writes = 20 + (u32)(sim_random() % 400);
	sim_thread(main_thread, NULL);
	if (sim_run()) {
		cut_prefix = check();
		sim_cache_fini(&cache);
		if (sim_live() != 0)
			fail("not all memory was given back", sim_live(), 0);
	}
	disk_become(&disk, &crashed);
	rebase(cut_prefix);
	journal = NULL;
}

static void
run(u64 s, u32 nhandles)
{
	run_seed = s;
	sim_seed(s);
	sim_is_slow = s % 4 == 2;
	next_version = 0;
	layout(s % 3 == 0 ? 4096 : 1024);
	for (u32 g = 0; g < 6; g++)
		generation(nhandles);
	disks_fini();
}

/* ---- hostile logs ---- */

/* Bytes of the journal, or numbers in it, change. */
static void
spoil(struct sim_disk *d)
{
	static const u32 numbers[] = { 0, 1, 2, 5, 0xff, 1020, 1024, 4096,
	    0x7fffffff, 0x80000000, ~0u, JBD_MAGIC };
	u32 bytes = cache.block_bytes, n = 1 + (u32)(sim_random() % 6), r, at;
	u8 *p;

	while (n-- > 0) {
		r = (u32)(sim_random() % 2);
		at = (u32)(sim_random() % 3 == 0 ? 0 :
		    sim_random() % runs[r].nblocks);
		p = d->view + (runs[r].block + at) * bytes;
		at = (u32)(sim_random() % 2 ? sim_random() % 64 :
		    sim_random() % bytes) & ~3u;
		if (sim_random() % 2)
			be32_store(p + at, numbers[sim_random() %
			    ARRAY_LEN(numbers)]);
		else
			p[at] = (u8)sim_random();
	}
}

/* The superblock's checksum is right again, that the rest be looked at. */
static void
super_repair(struct sim_disk *d)
{
	struct jbd_super *s = (struct jbd_super *)(d->view + runs[0].block *
	    cache.block_bytes);

	s->csum = be32(0);
	if (be32_get(s->incompat) & (JBD_CSUM_V2 | JBD_CSUM_V3))
		s->csum = be32(crc32c(~0u, s, sizeof(*s)));
}

static u64 nspoiled, nrefused;

static void
between_fuzz(void)
{
	u64 bytes = disk.nsectors * SECTOR_SIZE;
	int rc;

	if (journal == NULL || is_quiet || sim_random() % crash_odds != 0)
		return;
	for (u32 i = 0; i < 50; i++) {
		sim_crash(&disk, &crashed);
		spoil(&crashed);
		super_repair(&crashed);
		memcpy(crashed.durable, crashed.view, bytes);
		rc = replay(&crashed);
		if (rc != 0 && rc != -EUCLEAN && rc != -EOPNOTSUPP)
			fail("replay of a spoiled log", (u64)-rc, 0);
		nspoiled++;
		nrefused += rc != 0;
	}
}

static void
run_fuzz(u64 s)
{
	run_seed = s;
	sim_seed(s);
	layout(s % 3 == 0 ? 4096 : 1024);
	handles_left = 150;
	is_dead = is_quiet = false;
	sim_thread(main_thread, NULL);
	(void)sim_run();
	sim_cache_fini(&cache);
	disks_fini();
}

/* ---- an image of mke2fs's, for its tools to judge ---- */

static void
image_io(const char *path, const char *mode, u8 *data, u64 bytes)
{
	FILE *f = fopen(path, mode);

	if (f == NULL || bytes != (*mode == 'r' ? fread(data, 1, bytes, f) :
	    fwrite(data, 1, bytes, f)) || fclose(f) != 0)
		fail("cannot read or write an image", bytes, 0);
}

/*
 * image SEED CSUM 64BIT BLOCKBYTES NBLOCKS FREE IN CRASHED OURS RUN LEN ...:
 * the load runs on the journal that image IN has at the runs, with blocks from
 * FREE on, until a crash: that is CRASHED, and OURS after our replay of it.
 */
static int
run_image(char **a, int n)
{
	u32 block_bytes = (u32)strtoul(a[3], NULL, 0);
	u64 nblocks = strtoul(a[4], NULL, 0);
	u64 bytes = nblocks * block_bytes;

	run_seed = strtoul(a[0], NULL, 0);
	sim_seed(run_seed);
	sim_disk_init(&disk, bytes / SECTOR_SIZE);
	sim_disk_init(&crashed, disk.nsectors);
	sim_disk_init(&again, disk.nsectors);
	sim_cache_init(&cache, &disk, block_bytes, nblocks);
	image_io(a[6], "rb", disk.view, bytes);
	config = (struct journal_config){ .cache = &cache, .dev = &disk.dev,
	    .runs = runs, .has_csum = a[1][0] == '1',
	    .is_64bit = a[2][0] == '1', .commit_ms = 1000000, .ops = &ops };
	for (int i = 9; i + 1 < n; i += 2)
		runs[config.nruns++] = (struct journal_run){
		    strtoul(a[i], NULL, 0), (u32)strtoul(a[i + 1], NULL, 0) };
	newest = acked = given_back = written = be32_get(((struct jbd_super *)
	    (disk.view + runs[0].block * block_bytes))->sequence) - 1;
	blocks_init(strtoul(a[5], NULL, 0));
	sim_between = between;
	crash_odds = 150;
	generation(4000);
	nreplayed = 0;
	image_io(a[7], "wb", disk.durable, bytes);
	if (replay(&disk) != 0)
		fail("replay", 0, 0);
	image_io(a[8], "wb", disk.view, bytes);
	printf("ok prefix %u, %lu transactions replayed\n", cut_prefix,
	    nreplayed);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "crash";
	u64 first = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
	u64 n = argc > 3 ? strtoul(argv[3], NULL, 0) : 20;

	crash_odds = argc > 4 ? (u32)strtoul(argv[4], NULL, 0) : 200;
	if (strcmp(what, "image") == 0)
		return run_image(argv + 2, argc - 2);
	if (strcmp(what, "fuzz") == 0) {
		sim_between = between_fuzz;
		for (u64 s = first; s < first + n; s++)
			run_fuzz(s);
		printf("ok %lu spoiled logs, %lu of them refused\n", nspoiled,
		    nrefused);
		return 0;
	}
	sim_between = between;
	for (u64 s = first; s < first + n; s++)
		run(s, 150);
	printf("ok %lu runs: %lu crash states, %lu replays of %lu "
	    "transactions; %lu commits; the log went round %lu times\n", n,
	    nchecks, nstates_replayed, nreplayed, ncommits, nwraps);
	return 0;
}
