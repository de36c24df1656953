/*
 * Frames.
 *
 * The problem: hand out 4 KiB frames to calls that were promised them, without
 * a shared line in the common case, so that a promise is always kept though the
 * free frames lie scattered over the CPUs.
 *
 *	        fresh ranges --+
 *	                       v
 *	   +------------- global pool -------------+     lock: pool.lock
 *	   |  list of free frames                  |
 *	   +----^----------------------^-----------+
 *	  batch |                batch |
 *	   +----v------+         +-----v-----+
 *	   | CPU 0     |         | CPU 1     |           lock: frame_cpu.lock,
 *	   | free list |         | free list |           taken by others only
 *	   +-----------+         +-----------+           where memory is short
 *
 * A list says where frames are; whose they may become is counted apart, by
 * charge.c. The two meet in one fact (R1): free frames >= promises. So a
 * caller with a promise who finds his CPU's list and the pool empty looks
 * through the other CPUs' lists until he finds his frame (frame_seize()).
 *
 * Interrupt handlers never come here: the locks leave interrupts on.
 *
 * Locks: pool.lock, then one frame_cpu.lock.
 * Rejected: a buddy system (nothing after boot needs adjacent frames); making
 * the list the credit (a frame freed on one CPU would be lost to the promise of
 * a call that moved to another).
 */
#include "kernel/lib/bootinfo.h"
#include "kernel/lib/string.h"
#include "kernel/mem/boot.h"
#include "kernel/mem/mem_priv.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"
#include "kernel/x86/cpu.h"

#define BATCH_MAX	64
#define EMERGENCY	64
#define SEIZE_TURNS_MAX	1000000
#define POISON		0x6b6b6b6b6b6b6b6bul

struct frame *frames;
pfn_t nframes;
bool mem_booting = true;
struct frame_pool frame_pool = { .lock = SPINLOCK_INIT(LOCK_FRAMES) };
PERCPU_DEFINE(struct frame_cpu, frame_cpu) =
    { .lock = SPINLOCK_INIT(LOCK_FRAMES_CPU) };

/*
 * Long turns of plain stores: a REP store costs the emulator more, and these
 * two are most of a page fault. The barrier keeps the compiler from making it a
 * call of memset.
 */
#define CLEAR_8(p, i) do { \
	(p)[i] = 0; (p)[i + 1] = 0; (p)[i + 2] = 0; (p)[i + 3] = 0; \
	(p)[i + 4] = 0; (p)[i + 5] = 0; (p)[i + 6] = 0; (p)[i + 7] = 0; \
} while (0)

void
frame_clear(void *va)
{
	u64 *p = va;

	for (u32 i = 0; i < PAGE_SIZE / 512; i++, p += 64) {
		CLEAR_8(p, 0);
		CLEAR_8(p, 8);
		CLEAR_8(p, 16);
		CLEAR_8(p, 24);
		CLEAR_8(p, 32);
		CLEAR_8(p, 40);
		CLEAR_8(p, 48);
		CLEAR_8(p, 56);
		barrier();
	}
}

#define COPY_4(d, s, i) do { \
	u64 a_ = (s)[i], b_ = (s)[i + 1], c_ = (s)[i + 2], e_ = (s)[i + 3]; \
	(d)[i] = a_; (d)[i + 1] = b_; (d)[i + 2] = c_; (d)[i + 3] = e_; \
} while (0)

void
frame_copy(void *dst, const void *src)
{
	u64 *d = dst;
	const u64 *s = src;

	for (u32 i = 0; i < PAGE_SIZE / 256; i++, d += 32, s += 32) {
		COPY_4(d, s, 0);
		COPY_4(d, s, 4);
		COPY_4(d, s, 8);
		COPY_4(d, s, 12);
		COPY_4(d, s, 16);
		COPY_4(d, s, 20);
		COPY_4(d, s, 24);
		COPY_4(d, s, 28);
		barrier();
	}
}

#if defined(HARDTACK_DEBUG)
static void
poison_set(struct frame *f)
{
	u64 *p = frame_virt(f);

	for (u32 i = 0; i < PAGE_SIZE / 8; i++)
		p[i] = POISON;
}

static void
poison_check(struct frame *f)
{
	const u64 *p = frame_virt(f);

	for (u32 i = 0; i < PAGE_SIZE / 8; i++)
		if (p[i] != POISON)
			panic("frame %#x written at +%u after its free: %#lx",
			    frame_pfn(f), i * 8, p[i]);
}
#else
static inline void poison_set(struct frame *f) { (void)f; }
static inline void poison_check(struct frame *f) { (void)f; }
#endif

static inline struct frame_cpu *
cpu_of(u32 cpu)
{
	return PERCPU_OF(struct frame_cpu, frame_cpu, cpu);
}

/* A frame from the pool, or NULL: none is there but what test mode hides. */
static struct frame *
pool_pop_locked(void)
{
	struct frame_pool *pool = &frame_pool;
	struct frame *f = pool->list;
	struct interval *iv;

	if (unlikely(pool->nlist + pool->nfresh_frames <= pool->held))
		return NULL;
	if (f != NULL) {
		pool->list = f->next;
		pool->nlist--;
		return f;
	}
	iv = &pool->fresh[pool->nfresh - 1];
	f = &frames[iv->start++];
	pool->nfresh_frames--;
	poison_set(f);
	if (iv->start == iv->end)
		pool->nfresh--;
	return f;
}

static void
pool_push_locked(struct frame *f)
{
	f->next = frame_pool.list;
	frame_pool.list = f;
	frame_pool.nlist++;
}

static struct frame *
cpu_pop(struct frame_cpu *fc)
{
	struct frame *f;

	spin_lock(&fc->lock);
	f = fc->list;
	if (f != NULL) {
		fc->list = f->next;
		fc->n--;
	}
	spin_unlock(&fc->lock);
	return f;
}

/*
 * The promise says there is a frame on some list. A look at one list after the
 * other may miss it, when one is taken ahead of us and another given back
 * behind us; then we look again. (To hold all lists at once would take 256
 * locks.)
 */
static noinline struct frame *
frame_seize(void)
{
	struct frame *f;

	for (u32 turn = 0; turn < SEIZE_TURNS_MAX; turn++) {
		spin_lock(&frame_pool.lock);
		f = pool_pop_locked();
		for (u32 c = 0; c < ncpus && f == NULL; c++)
			f = cpu_pop(cpu_of(c));
		spin_unlock(&frame_pool.lock);
		if (f != NULL)
			return f;
	}
	panic("R1 is broken: a promised frame is nowhere");
}

/*
 * R1 holds for hidden frames too: each is on some list, though a look may miss
 * it as above. So what is left to all others are the frames of promises.
 */
void
frame_gather_locked(void)
{
	struct frame_pool *pool = &frame_pool;
	struct frame *f;

	for (u32 turn = 0; turn < SEIZE_TURNS_MAX; turn++) {
		for (u32 c = 0; c < ncpus; c++) {
			if (pool->nlist + pool->nfresh_frames >= pool->held)
				return;
			f = cpu_pop(cpu_of(c));
			if (f != NULL)
				pool_push_locked(f);
		}
	}
	panic("R1 is broken: an unpromised frame is nowhere");
}

/* Bring a batch to this CPU and return one frame of it. */
static noinline struct frame *
frame_refill(struct frame_cpu *fc)
{
	struct frame *f;

	spin_lock(&frame_pool.lock);
	f = pool_pop_locked();
	if (f != NULL) {
		spin_lock(&fc->lock);
		for (u32 i = 1; i < frame_pool.batch; i++) {
			struct frame *more = pool_pop_locked();

			if (more == NULL)
				break;
			more->next = fc->list;
			fc->list = more;
			fc->n++;
		}
		spin_unlock(&fc->lock);
	}
	spin_unlock(&frame_pool.lock);
	return f != NULL ? f : frame_seize();
}

struct frame *
frame_get(enum frame_use use)
{
	struct frame_cpu *fc = PERCPU_THIS(struct frame_cpu, frame_cpu);
	struct charge *c = charge_current();
	struct frame *f;

	if (unlikely(c->left <= 0))
		charge_breach(c);
	c->left--;
	c->is_used = true;
	if (c->bound - c->left > c->peak)
		c->peak = c->bound - c->left;
	spin_lock(&fc->lock);
	f = fc->list;
	if (likely(f != NULL)) {
		fc->list = f->next;
		fc->n--;
		spin_unlock(&fc->lock);
	} else {
		spin_unlock(&fc->lock);
		f = frame_refill(fc);
	}
	dassert(f->refs == 0 && f->use == FRAME_FREE);
	poison_check(f);
	f->refs = 1;
	f->use = use;
	f->flags = 0;
	spin_init(&f->lock, LOCK_PAGETABLE);
	fc->used[use]++;
	return f;
}

struct frame *
frame_get_zero(enum frame_use use)
{
	struct frame *f = frame_get(use);

	frame_clear(frame_virt(f));
	return f;
}

/* More than two batches on a CPU: one goes to the pool. */
static noinline void
frame_spill(struct frame_cpu *fc, u32 keep)
{
	spin_lock(&frame_pool.lock);
	spin_lock(&fc->lock);
	while (fc->n > keep) {
		struct frame *f = fc->list;

		fc->list = f->next;
		fc->n--;
		pool_push_locked(f);
	}
	spin_unlock(&fc->lock);
	spin_unlock(&frame_pool.lock);
}

void
frame_free(struct frame *f)
{
	struct frame_cpu *fc = PERCPU_THIS(struct frame_cpu, frame_cpu);
	u32 n;

	dassert(f->use != FRAME_FREE && f->use != FRAME_RESERVED);
	poison_set(f);
	fc->used[f->use]--;
	f->use = FRAME_FREE;
	spin_lock(&fc->lock);
	f->next = fc->list;
	fc->list = f;
	n = ++fc->n;
	spin_unlock(&fc->lock);
	if (unlikely(n > 2 * frame_pool.batch))
		frame_spill(fc, frame_pool.batch);
	charge_refund(charge_current());
}

void
frame_drain_cpu(void)
{
	frame_spill(PERCPU_THIS(struct frame_cpu, frame_cpu), 0);
}

static void
fresh_add(pfn_t start, pfn_t end)
{
	struct frame_pool *pool = &frame_pool;

	if (pool->nfresh == BOOT_INTERVALS) {
		kwarn("memory: %u frames in small pieces are not used",
		    end - start);
		return;
	}
	for (pfn_t p = start; p < end; p++)
		frames[p].use = FRAME_FREE;
	pool->fresh[pool->nfresh++] = (struct interval){ start, end };
	pool->nfresh_frames += end - start;
	pool->unpromised += end - start;
}

/* Keep EMERGENCY frames out of the count for a breach in a release kernel. */
static void
emergency_fill(void)
{
	struct frame_pool *pool = &frame_pool;

	while (pool->nemergency < EMERGENCY) {
		struct frame *f = pool_pop_locked();

		f->next = pool->emergency;
		pool->emergency = f;
		pool->nemergency++;
		pool->unpromised--;
	}
}

void
frame_init(const struct bootinfo *bi)
{
	struct frame_pool *pool = &frame_pool;
	paddr_t top = 0;

	for (u32 i = 0; i < bi->nranges; i++) {
		if (bi->range[i].kind == BOOT_RAM_USABLE) {
			top = MAX(top, bi->range[i].start +
			    bi->range[i].len_bytes);
			pool->total += bi->range[i].len_bytes >> PAGE_SHIFT;
		}
	}
	nframes = top >> PAGE_SHIFT;
	frames = boot_get((usize)nframes * sizeof(*frames), PAGE_SIZE);
	for (pfn_t p = 0; p < nframes; p++)
		frames[p].use = FRAME_RESERVED;
	for (u32 i = 0; i < bi->nranges; i++) {
		const struct boot_range *r = &bi->range[i];
		paddr_t pos = r->start, range_end = pos + r->len_bytes;

		while (r->kind == BOOT_RAM_USABLE && pos < range_end) {
			paddr_t end = range_end;

			pos = PAGE_UP(boot_mem_next_free(pos, &end));
			if (pos < PAGE_DOWN(end))
				fresh_add(pos >> PAGE_SHIFT, end >> PAGE_SHIFT);
			pos = end;
		}
	}
	pool->batch = MIN((u64)BATCH_MAX, MAX(4ul, pool->total / 32 / ncpus));
	charge_init();
	boot_mem_end();
	emergency_fill();
	kinfo("memory: %lu MiB, %lu MiB free; descriptors %lu KiB",
	    pool->total >> 8, pool->unpromised >> 8,
	    nframes * sizeof(*frames) >> 10);
}

void
boot_mem_release(paddr_t start, paddr_t end)
{
	pfn_t first = PAGE_UP(start) >> PAGE_SHIFT;
	pfn_t last = PAGE_DOWN(end) >> PAGE_SHIFT;

	for (pfn_t p = first; p < last && p < nframes; p++) {
		struct frame *f = &frames[p];

		spin_lock(&frame_pool.lock);
		f->use = FRAME_FREE;
		poison_set(f);
		pool_push_locked(f);
		frame_pool.unpromised++;
		spin_unlock(&frame_pool.lock);
	}
}

void
frame_boot_end(void)
{
	frame_pool.batch = MIN((u64)BATCH_MAX,
	    MAX(4ul, frame_pool.total / 32 / ncpus));
	charge_init();
	mem_booting = false;
}

void
frame_stats(struct frame_stats *out)
{
	memset(out, 0, sizeof(*out));
	spin_lock(&frame_pool.lock);
	out->total = frame_pool.total;
	out->free = frame_pool.nlist + frame_pool.nfresh_frames;
	for (u32 c = 0; c < ncpus; c++) {
		struct frame_cpu *fc = cpu_of(c);
		s64 credit;

		out->free += READ_ONCE(fc->n);
		credit = (s64)READ_ONCE(*PERCPU_OF(u64, charge_credit, c));
		out->credits += (u64)MAX(credit, 0l);	/* charge.h: take */
		for (u32 u = 0; u < FRAME_USES; u++)
			out->used[u] += READ_ONCE(fc->used[u]);
	}
	out->promised = out->free - MIN(out->free,
	    frame_pool.unpromised + frame_pool.held + out->credits);
	spin_unlock(&frame_pool.lock);
	/* What nobody took by frame_get(): image, boot data, emergency. */
	u64 taken = out->free;

	for (u32 u = 0; u < FRAME_USES; u++)
		taken += out->used[u];
	out->used[FRAME_KERNEL] += out->total > taken ? out->total - taken : 0;
}
