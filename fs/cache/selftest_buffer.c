/*
 * Self-tests of buffers, on disks of our own: what is read from them is made
 * from one number for each block, which writing changes; they can hold back
 * what they are asked for, refuse it, and be pulled out.
 *
 * Threads race for the same blocks; memory is made short, so that reclaim must
 * evict; reads and writes fail; buffers change while they are being written. In
 * the end of each test no frame is lost.
 */
#include "fs/cache/buffer.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/sched/wait.h"
#include "kernel/trace/selftest.h"
#include "kernel/vm/reserve.h"
#include "kernel/x86/cpu.h"

#define NBLOCKS		512u		/* of 1 KiB */
#define BLOCK_BYTES	1024u
#define BLOCK_SECTORS	(BLOCK_BYTES / SECTOR_SIZE)
#define HELD_MAX	256u
#define CREW		4u
#define NONE		~0ul
#define SHORT_NS	2000000ul
#define LONG_TURNS	2000u		/* of SHORT_NS: then it has failed */
#define WAIT_NS		20000000ul	/* for others to come to wait, too */

/* True as soon as cond is; false if it does not come. */
#define SOON(cond) ({ \
	u32 turn_ = 0; \
	while (!(cond) && turn_++ < LONG_TURNS) \
		sched_sleep_ns(SHORT_NS); \
	(cond); })

static BOUND_FIXED(selftest_buffer, 8);		/* one look-up */
static BOUND_FIXED(selftest_buffer_crew, CREW * 8);
static BOUND_FIXED(selftest_buffer_want, 100);

/* ---- the disk ---- */

/* l lock; a atomic */
struct test_disk {
	struct block_disk disk;
	struct spinlock	lock;		/* interrupts off */
	u64		*value;		/* [l] of each block, xor its number */
	u64		fail_block;	/* [a] this one answers -EIO */
	bool		is_holding;	/* [l] */
	struct block_request *held[HELD_MAX];	/* [l] */
	u32		nheld;		/* [l, a to read] */
	u32		nreads, nwrites;	/* [a] blocks */
	u32		ndisorder;	/* [a] writes below the one before */
	u64		last_write;	/* [l] */
};

/* What each word of a block is on a disk where nobody wrote to it. */
static u64
value_fresh(u64 block)
{
	return block * 0x9e3779b97f4a7c15ul + 1;
}

static void
disk_copy_block(struct test_disk *t, enum block_op op, u64 block, u64 *mem)
{
	if (op == BLOCK_WRITE) {
		t->value[block] = mem[0] ^ value_fresh(block);
		atomic_inc(&t->nwrites);
		if (block < t->last_write)
			atomic_inc(&t->ndisorder);
		t->last_write = block;
		return;
	}
	for (u32 i = 0; i < BLOCK_BYTES / 8; i++)
		mem[i] = t->value[block] ^ value_fresh(block);
	atomic_inc(&t->nreads);
}

/* 0 or an error. Whole blocks, but for the look for partitions. */
static int
disk_copy_locked(struct test_disk *t, struct block_request *rq)
{
	u64 block = rq->disk_lba / BLOCK_SECTORS;

	for (u32 i = 0; i < rq->nsegs; i++) {
		u64 *mem = phys_to_virt(rq->segs[i].addr);
		u32 n = rq->segs[i].len_bytes;

		if (n < BLOCK_BYTES)
			memset(mem, 0, n);
		for (; n >= BLOCK_BYTES; n -= BLOCK_BYTES) {
			if (block == atomic_load(&t->fail_block))
				return -EIO;
			disk_copy_block(t, rq->op, block++, mem);
			mem += BLOCK_BYTES / 8;
		}
	}
	return 0;
}

static bool
disk_start(struct block_disk *d, struct block_request *chain)
{
	struct test_disk *t = d->priv;
	struct block_request *next;
	u64 irq = spin_lock_irq(&t->lock);

	for (; chain != NULL; chain = next) {
		next = chain->next;
		chain->next = NULL;
		if (t->is_holding && t->nheld < HELD_MAX)
			t->held[t->nheld++] = chain;
		else
			block_end(d, chain, disk_copy_locked(t, chain));
	}
	spin_unlock_irq(&t->lock, irq);
	return true;
}

static void
disk_hold(struct test_disk *t)
{
	u64 irq = spin_lock_irq(&t->lock);

	t->is_holding = true;
	spin_unlock_irq(&t->lock, irq);
}

/* What is held ends; with error, or as the disk says if that is 0. */
static void
disk_release(struct test_disk *t, int error)
{
	u64 irq = spin_lock_irq(&t->lock);

	for (u32 i = 0; i < t->nheld; i++)
		block_end(&t->disk, t->held[i], error != 0 ? error :
		    disk_copy_locked(t, t->held[i]));
	t->nheld = 0;
	t->is_holding = false;
	spin_unlock_irq(&t->lock, irq);
}

static const struct block_disk_ops disk_ops = { .start = disk_start };

_Static_assert(NBLOCKS * sizeof(u64) == PAGE_SIZE, "test_disk.value");
static struct test_disk disks[2];	/* one to work with, one to pull out */

/* It is added by its first user, and stays. */
static struct test_disk *
disk_get(u32 no)
{
	struct test_disk *t = &disks[no];

	t->fail_block = NONE;
	t->nreads = t->nwrites = t->ndisorder = 0;
	t->last_write = 0;
	if (t->value != NULL)
		return t;
	spin_init(&t->lock, LOCK_DEV);
	CHECK(reserve_row(&bound_selftest_buffer_want) == 0);
	t->value = frame_virt(frame_get_zero(FRAME_KERNEL));
	t->disk = (struct block_disk){
		.ops = &disk_ops,
		.priv = t,
		.prefix = "test",
		.nsectors = NBLOCKS * BLOCK_SECTORS,
		.sector_bytes = SECTOR_SIZE,
		.max_segs = BLOCK_REQUEST_SEGS,
		.max_sectors = BLOCK_REQUEST_SECTORS,
		.depth = HELD_MAX,
	};
	block_disk_add(&t->disk);
	reserve_end();
	return t;
}

/* ---- helpers ---- */

static struct buffer_cache cache;

static struct test_disk *
begin(u32 no)
{
	struct test_disk *t = disk_get(no);

	buffer_cache_init(&cache, t->disk.dev, BLOCK_BYTES, NBLOCKS);
	t->nreads = t->nwrites = 0;
	return t;
}

static void
end(void)
{
	buffer_cache_fini(&cache);
	reserve_end();
	rcu_barrier();
	CHECK(reserve_imbalance() == 0);
}

static int
read_block(u64 block, struct buffer **out)
{
	CHECK(reserve_row(&bound_selftest_buffer) == 0);
	return buffer_read(&cache, block, out);
}

static u64
first_word(const struct buffer *b)
{
	return *(const u64 *)b->data;
}

static bool
is_intact(const struct buffer *b, u64 value)
{
	const u64 *w = (const u64 *)b->data;

	for (u32 i = 0; i < BLOCK_BYTES / 8; i++)
		if (w[i] != value)
			return false;
	return true;
}

static void
change(struct buffer *b, u64 value)
{
	u64 *w = (u64 *)b->data;

	for (u32 i = 0; i < BLOCK_BYTES / 8; i++)
		w[i] = value;
	buffer_dirty(b);
}

static u64
on_disk(const struct test_disk *t, u64 block)
{
	return t->value[block] ^ value_fresh(block);
}

static u32
state(const struct buffer *b)
{
	return atomic_load(&b->state);
}

/* The crew: threads that do the same, as much at once as can be. */
static void (*crew_fn)(u32 me);
static u32 crew_ready, crew_left;	/* [a] */
static struct waitq crew_queue = WAITQ_INIT(crew_queue);

static void
crew_main(void *arg)
{
	if (atomic_add_return(&crew_ready, 1) == CREW)
		waitq_wake_all(&crew_queue, 0);
	WAIT_EVENT(&crew_queue, atomic_load(&crew_ready) == CREW);
	crew_fn((u32)(u64)arg);
	reserve_end();
	atomic_dec(&crew_left);
}

static void
crew_start(void (*fn)(u32 me))
{
	char name[16];

	crew_fn = fn;
	crew_ready = 0;
	crew_left = CREW;
	CHECK(reserve_row(&bound_selftest_buffer_crew) == 0);
	for (u32 i = 0; i < CREW; i++) {
		(void)ksnprintf(name, sizeof(name), "buffer/%u", i);
		(void)kthread_create_on(i % ncpus, name, crew_main,
		    (void *)(u64)i);
	}
	reserve_end();
}

static bool
crew_is_done(void)
{
	return atomic_load(&crew_left) == 0;
}

/* ---- tests ---- */

#define RACED		200u
static struct buffer *raced[RACED];	/* [a] whom the first got */
static u32 raced_wrong;			/* [a] */

static void
race(u32 me)
{
	for (u32 i = 0; i < RACED; i++) {
		struct buffer *b, *first = NULL;
		u64 block = me % 2 == 0 ? i : RACED - 1 - i;

		if (read_block(block, &b) != 0 || b->block != block ||
		    !is_intact(b, value_fresh(block))) {
			atomic_inc(&raced_wrong);
			continue;
		}
		if (!atomic_try_cmpxchg(&raced[block], &first, b) && first != b)
			atomic_inc(&raced_wrong);
		buffer_put(b);
	}
}

SELFTEST(cache_one_buffer_for_all)
{
	struct test_disk *t = begin(0);

	memset(raced, 0, sizeof(raced));
	raced_wrong = 0;
	crew_start(race);
	CHECK(SOON(crew_is_done()));
	CHECK(raced_wrong == 0);
	CHECK(atomic_load(&t->nreads) == RACED);
	CHECK(cache.nbuffers == RACED);
	for (u32 i = 0; i < RACED; i++) {
		struct buffer *b = buffer_find(&cache, i);

		CHECK(b == raced[i] && b != NULL && b->refs == 1);
		buffer_put(b);
	}
	CHECK(buffer_find(&cache, RACED) == NULL);
	end();
}

/* Blocks of one frame of the disk share one of memory. */
SELFTEST(cache_small_blocks_share_frames)
{
	struct test_disk *t = begin(0);
	struct buffer *b[5];

	for (u32 i = 0; i < 5; i++)
		CHECK(read_block(4 - i, &b[i]) == 0);
	for (u32 i = 1; i < 5; i++) {
		CHECK(b[i]->data - b[4]->data == (isize)(4 - i) * BLOCK_BYTES);
		CHECK(is_intact(b[i], value_fresh(4 - i)));
	}
	CHECK(PAGE_DOWN((u64)b[0]->data) != PAGE_DOWN((u64)b[4]->data));
	CHECK(frame_of_virt(b[4]->data)->refs == 4);
	for (u32 i = 0; i < 5; i++)
		buffer_put(b[i]);
	CHECK(t->nreads == 5);
	end();
}

static u32 evict_kills;			/* [a] */

static bool
evict_kill(u32 want_frames)
{
	(void)want_frames;
	atomic_inc(&evict_kills);
	return false;
}

static bool
evict_killed(void)
{
	return true;
}

static const struct killer_ops evict_killer = { evict_kill, evict_killed };

/* Each block is read, and is what is on the disk. */
static void
look_at_all(const struct test_disk *t)
{
	struct buffer *b;

	for (u64 i = 0; i < NBLOCKS; i++) {
		CHECK(read_block(i, &b) == 0);
		CHECK(b->state & BUF_DIRTY || is_intact(b, on_disk(t, i)));
		buffer_put(b);
	}
}

/* Reclaim frees what nobody has: not what is referenced or dirty. */
SELFTEST(cache_eviction_spares_what_is_used)
{
	const struct killer_ops *old = reserve_set_killer(&evict_killer);
	struct test_disk *t = begin(0);
	struct buffer *held, *dirty;

	evict_kills = 0;
	CHECK(read_block(5, &held) == 0);
	CHECK(read_block(300, &dirty) == 0);
	change(dirty, 77);
	buffer_put(dirty);
	look_at_all(t);
	CHECK(cache.nbuffers == NBLOCKS && t->nreads == NBLOCKS);
	reserve_end();
	charge_hold(0);
	CHECK(reserve_row(&bound_selftest_buffer_want) == 0);
	(void)charge_unhold();
	reserve_end();
	reserve_kick();
	CHECK(cache.nbuffers < NBLOCKS / 2 && evict_kills == 0);
	CHECK(buffer_find(&cache, 5) == held && held->refs == 2);
	CHECK(buffer_find(&cache, 300) == dirty && first_word(dirty) == 77);
	CHECK(is_intact(held, value_fresh(5)) && is_intact(dirty, 77));
	buffer_put(held);
	buffer_put(held);
	CHECK(buffer_write(dirty) == 0 && dirty->refs == 1);
	buffer_put(dirty);
	CHECK(on_disk(t, 300) == 77);
	look_at_all(t);
	CHECK(t->nreads > NBLOCKS);
	t->value[300] = 0;
	end();
	(void)reserve_set_killer(old);
}

#define CHURN_FRAMES	100u		/* to be evicted */
#define CHURN_TURNS	20000u		/* then it has failed */

static u32 churn_wrong;			/* [a] */
static bool churn_stop;			/* [a] */

static void
churn(u32 me)
{
	u64 x = me + 1;
	struct buffer *b;

	while (!atomic_load(&churn_stop)) {
		x = x * 6364136223846793005ul + 1442695040888963407ul;
		if (read_block((x >> 33) % 64, &b) != 0) {
			atomic_inc(&churn_wrong);
			continue;
		}
		if (!is_intact(b, value_fresh(b->block)))
			atomic_inc(&churn_wrong);
		buffer_put(b);
		preempt_point();
	}
}

/* Look-ups against evictions: nobody holds a buffer that is given back. */
SELFTEST(cache_eviction_against_lookups)
{
	const struct shrinker *s = shrinker_first();
	struct test_disk *t = begin(0);
	u64 evicted = 0;

	while (s != NULL && strcmp(s->name, "buffers") != 0)
		s = s->next;
	if (s == NULL) {
		CHECK(s != NULL);
		end();
		return;
	}
	churn_wrong = 0;
	churn_stop = false;
	crew_start(churn);
	CHECK(SOON(atomic_load(&t->nreads) > 0));
	for (u32 i = 0; i < CHURN_TURNS && evicted < CHURN_FRAMES; i++) {
		evicted += s->shrink(4);
		sched_sleep_ns(SHORT_NS / 100);
	}
	atomic_store(&churn_stop, true);
	CHECK(SOON(crew_is_done()));
	CHECK(churn_wrong == 0);
	CHECK(evicted >= CHURN_FRAMES && t->nreads > CHURN_FRAMES);
	end();
}

static u32 fail_results;		/* [a] who got -EIO */

static void
read_failing(u32 me)
{
	struct buffer *b;

	(void)me;
	if (read_block(9, &b) == -EIO)
		atomic_inc(&fail_results);
}

/* All who wait for a read that fails are told; then it is tried again. */
SELFTEST(cache_read_errors)
{
	struct test_disk *t = begin(0);
	struct buffer *b = NULL;

	fail_results = 0;
	t->fail_block = 9;
	disk_hold(t);
	crew_start(read_failing);
	CHECK(SOON(atomic_load(&t->nheld) == 1));
	sched_sleep_ns(WAIT_NS);
	disk_release(t, 0);
	CHECK(SOON(crew_is_done()));
	CHECK(fail_results == CREW);
	CHECK(reserve_row(&bound_selftest_buffer) == 0);
	b = buffer_get(&cache, 9);
	CHECK((state(b) & (BUF_FAILED | BUF_UPTODATE | BUF_BUSY)) ==
	    BUF_FAILED && b->refs == 1);
	buffer_put(b);
	t->fail_block = NONE;
	CHECK(read_block(9, &b) == 0 && is_intact(b, value_fresh(9)));
	CHECK(!(state(b) & BUF_FAILED));
	buffer_put(b);
	end();
}

static void
written_put(struct buffer *b, int error)
{
	(void)error;
	buffer_put(b);
}

SELFTEST(cache_change_while_written)
{
	struct test_disk *t = begin(0);
	struct buffer *b;

	CHECK(read_block(3, &b) == 0);
	change(b, 1111);
	CHECK(b->refs == 2 && (b->state & BUF_TAGGED));
	disk_hold(t);
	buffer_ref(b);
	buffer_write_start(b, written_put);
	CHECK(!(state(b) & BUF_DIRTY) && state(b) & BUF_BUSY);
	CHECK(SOON(atomic_load(&t->nheld) == 1));
	change(b, 2222);
	disk_release(t, 0);
	buffer_wait(b);
	CHECK(state(b) & BUF_DIRTY && b->refs == 2);
	CHECK(buffer_write_all(&cache) == 0);
	CHECK(on_disk(t, 3) == 2222 && t->nwrites == 2);
	CHECK(!(state(b) & (BUF_DIRTY | BUF_TAGGED)) && b->refs == 1);
	CHECK(rb_is_empty(&cache.tagged));
	buffer_put(b);
	t->value[3] = 0;
	end();
}

#define MANY		150u

static int write_rc;			/* [a] */

static void
write_all(u32 me)
{
	if (me == 0)
		atomic_store(&write_rc, buffer_write_all(&cache));
}

static void
dirty_many(u64 add)
{
	struct buffer *b;

	for (u32 i = 0; i < MANY; i++) {
		CHECK(read_block(i * 2, &b) == 0);
		change(b, i * 2 + add);
		buffer_put(b);
	}
}

/* The first block >= block that is to be written, or NONE. */
static u64
next_tagged(u64 block)
{
	u64 least = NONE;

	spin_lock(&cache.lock);
	for (struct rb_node *n = rb_first(&cache.tagged); n; n = rb_next(n)) {
		u64 at = RB_ENTRY(n, struct buffer, tag_node)->block;

		if (at >= block && at < least)
			least = at;
	}
	spin_unlock(&cache.lock);
	return least;
}

/* All are under way at once, in the order of blocks; one fails and stays. */
SELFTEST(cache_write_all)
{
	struct test_disk *t = begin(0);
	struct buffer *b;

	dirty_many(5000);
	t->fail_block = 2 * 70;
	write_rc = 1;
	disk_hold(t);
	crew_start(write_all);
	CHECK(SOON(atomic_load(&t->nheld) == MANY));
	disk_release(t, 0);
	CHECK(SOON(crew_is_done()));
	CHECK(write_rc == -EIO);
	CHECK(t->nwrites == MANY - 1 && t->ndisorder == 0);
	b = buffer_find(&cache, 2 * 70);
	CHECK(b != NULL && b->refs == 2);
	CHECK((state(b) & (BUF_FAILED | BUF_DIRTY | BUF_BUSY)) ==
	    (BUF_FAILED | BUF_DIRTY));
	CHECK(next_tagged(0) == 2 * 70);
	CHECK(next_tagged(2 * 70 + 1) == NONE);
	t->fail_block = NONE;
	CHECK(buffer_write_all(&cache) == 0);
	CHECK(t->nwrites == MANY && b->refs == 1);
	CHECK(!(state(b) & (BUF_FAILED | BUF_DIRTY | BUF_TAGGED)));
	buffer_put(b);
	for (u32 i = 0; i < MANY; i++)
		CHECK(on_disk(t, i * 2) == i * 2 + 5000ul);
	memset(t->value, 0, PAGE_SIZE);
	end();
}

static u32 zero_wrong;			/* [a] */

static void
get_zero(u32 me)
{
	struct buffer *b;

	if (me != 0)
		return;
	CHECK(reserve_row(&bound_selftest_buffer) == 0);
	b = buffer_get_zero(&cache, 8);
	if (!is_intact(b, 0) || !(state(b) & BUF_UPTODATE))
		atomic_inc(&zero_wrong);
	buffer_put(b);
}

/* Read ahead holds a reference until it is read; who wants the block zeroed
 * waits for that. */
SELFTEST(cache_read_ahead)
{
	struct test_disk *t = begin(0);
	struct buffer *b;

	zero_wrong = 0;
	disk_hold(t);
	for (u32 i = 8; i < 12; i++) {
		CHECK(reserve_row(&bound_selftest_buffer) == 0);
		buffer_read_ahead(&cache, i);
		buffer_read_ahead(&cache, i);	/* is under way */
	}
	CHECK(SOON(atomic_load(&t->nheld) == 4));
	b = buffer_find(&cache, 10);
	CHECK(b != NULL && b->refs == 2 && state(b) & BUF_BUSY);
	crew_start(get_zero);
	sched_sleep_ns(WAIT_NS);
	CHECK(!crew_is_done());
	disk_release(t, 0);
	CHECK(SOON(crew_is_done()));
	buffer_wait(b);
	CHECK(zero_wrong == 0 && t->nreads == 4);
	CHECK(b->refs == 1 && is_intact(b, value_fresh(10)));
	buffer_put(b);
	t->fail_block = 20;
	CHECK(reserve_row(&bound_selftest_buffer) == 0);
	buffer_read_ahead(&cache, 20);		/* fails, unheard */
	disk_hold(t);
	buffer_read_ahead(&cache, 21);
	disk_release(t, 0);			/* fini awaits it */
	end();
}

/* It is pulled out with a read and a write under way. */
SELFTEST(cache_disk_gone)
{
	struct test_disk *t = begin(1);
	struct buffer *b, *other;

	if (block_is_gone(t->disk.dev)) {	/* a second run */
		end();
		return;
	}
	CHECK(read_block(1, &b) == 0);
	change(b, 42);
	disk_hold(t);
	buffer_ref(b);
	buffer_write_start(b, written_put);
	CHECK(SOON(atomic_load(&t->nheld) == 1));
	block_disk_gone(&t->disk);
	disk_release(t, -ENODEV);
	buffer_wait(b);
	CHECK((state(b) & (BUF_DIRTY | BUF_FAILED)) ==
	    (BUF_DIRTY | BUF_FAILED));
	CHECK(buffer_write(b) == -ENODEV);
	CHECK(buffer_write_all(&cache) == -ENODEV);
	CHECK(read_block(2, &other) == -ENODEV);
	CHECK(b->refs == 2);
	buffer_put(b);
	end();					/* what is dirty is lost */
}
