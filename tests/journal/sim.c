/*
 * The simulated machine: memory, threads, and what they wait with.
 *
 * sim.h has the idea. A thread is a context of the host's (ucontext), so that
 * it can stop anywhere; sim_run() picks who goes on. Frames are those of a
 * mapping that stands where the kernel's physical map would (PHYSMAP_BASE).
 * Nothing here is locked, since there is one thread of the host; a spinlock
 * that is held when another thread wants it makes that one give way again.
 */
#define _GNU_SOURCE
#include "tests/journal/sim.h"

#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "kernel/abi/errno.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/sched/clock.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "kernel/sync/lockdep.h"
#include "kernel/trace/counter.h"
#include "kernel/trace/log.h"
#include "kernel/vm/reserve.h"
#include "kernel/x86/clock.h"

#define RAM_PAGES	4096
#define STACK_BYTES	(256u << 10)
#define THREADS		16

static u64 seed;
void (*sim_between)(void);

u64
sim_random(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 0x2545f4914f6cdd1dul;
}

void
sim_seed(u64 s)
{
	seed = s * 0x9e3779b97f4a7c15ul | 1;
}

/* ---- memory ---- */

static struct frame ram[RAM_PAGES];
static struct frame *ram_free;
static u32 ram_next;
static s64 live;
struct frame *frames = ram;
pfn_t nframes = RAM_PAGES;
u64 percpu_offset_of[MAX_CPUS];
u32 ncpus = 1;
struct clock_scale clock_scale = { .mult = 1, .shift = 1 };
bool charge_credit_is_off;
PERCPU_DEFINE(u32, cpu_id);
PERCPU_DEFINE(u64, percpu_offset);
PERCPU_DEFINE(struct counters, counters);
PERCPU_DEFINE(struct x86_thread *, x86_current);
PERCPU_DEFINE(u64, charge_credit);
PERCPU_DEFINE(u32, rcu_depth);
void	*mmap(void *addr, size_t len, int prot, int flags, int fd, long at);

static void
ram_init(void)
{
	static bool is_done;

	if (is_done)
		return;
	is_done = true;
	if (mmap((void *)PHYSMAP_BASE, RAM_PAGES * PAGE_SIZE, 3, 0x100022, -1,
	    0) != (void *)PHYSMAP_BASE)
		abort();
}

struct frame *
frame_get(enum frame_use use)
{
	struct frame *f = ram_free;

	ram_init();
	if (f != NULL)
		ram_free = f->next;
	else if (ram_next < RAM_PAGES)
		f = &ram[ram_next++];
	else
		abort();
	live++;
	f->refs = 1;
	f->use = use;
	memset(frame_virt(f), 0xa5, PAGE_SIZE);
	return f;
}

struct frame *
frame_get_zero(enum frame_use use)
{
	struct frame *f = frame_get(use);

	memset(frame_virt(f), 0, PAGE_SIZE);
	return f;
}

void
frame_free(struct frame *f)
{
	live--;
	memset(frame_virt(f), 0x5a, PAGE_SIZE);
	f->next = ram_free;
	ram_free = f;
}

void
frame_stats(struct frame_stats *out)
{
	memset(out, 0, sizeof(*out));
	out->total = RAM_PAGES;
}

void *
kmem_get(struct kmem_cache *c)
{
	void *p = aligned_alloc(64, ROUND_UP(c->size, 64u));

	live++;
	memset(p, 0xa5, c->size);
	return p;
}

void *
kmem_get_zero(struct kmem_cache *c)
{
	return memset(kmem_get(c), 0, c->size);
}

void
kmem_put(struct kmem_cache *c, void *p)
{
	(void)c;
	live--;
	free(p);
}

u64
sim_live(void)
{
	return (u64)live;
}

/* ---- threads ---- */

struct sim_thread {
	struct thread	t;		/* first */
	ucontext_t	ctx;
	void		*stack, *fake;
	void		(*fn)(void *);
	void		*arg;
	bool		is_used, is_over, is_kernel;
	u64		deadline_ns;
};
static struct sim_thread threads[THREADS];
static struct sim_thread *me;		/* NULL: the host's own */
static ucontext_t host;
static void *host_fake;
static const void *host_stack;
static usize host_stack_bytes;
static struct thread host_thread;

static void
switch_to_host(void)
{
	struct sim_thread *self = me;

	me = NULL;
	x86_current = &host_thread.x86;
	__sanitizer_start_switch_fiber(self->is_over ? NULL : &self->fake,
	    host_stack, host_stack_bytes);
	swapcontext(&self->ctx, &host);
	__sanitizer_finish_switch_fiber(self->fake, NULL, NULL);
}

static void
thread_main(void)
{
	__sanitizer_finish_switch_fiber(NULL, &host_stack, &host_stack_bytes);
	me->fn(me->arg);
	me->is_over = true;
	switch_to_host();
}

static struct sim_thread *
thread_make(void (*fn)(void *), void *arg, bool is_kernel)
{
	struct sim_thread *t;
	u32 i = 0;

	while (threads[i].is_used)
		if (++i == THREADS)
			abort();
	t = &threads[i];
	memset(t, 0, sizeof(*t));
	t->is_used = true;
	t->is_kernel = is_kernel;
	t->fn = fn;
	t->arg = arg;
	t->t.state = THREAD_RUNNABLE;
	t->deadline_ns = CLOCK_NEVER;
	t->stack = malloc(STACK_BYTES);
	getcontext(&t->ctx);
	t->ctx.uc_stack.ss_sp = t->stack;
	t->ctx.uc_stack.ss_size = STACK_BYTES;
	t->ctx.uc_link = &host;
	makecontext(&t->ctx, thread_main, 0);
	return t;
}

void
sim_thread(void (*fn)(void *), void *arg)
{
	(void)thread_make(fn, arg, false);
}

struct thread *
kthread_create(const char *name, void (*fn)(void *), void *arg)
{
	(void)name;
	return &thread_make(fn, arg, true)->t;
}

static void
thread_run(struct sim_thread *t)
{
	me = t;
	x86_current = &t->t.x86;
	__sanitizer_start_switch_fiber(&host_fake, t->stack, STACK_BYTES);
	swapcontext(&host, &t->ctx);
	__sanitizer_finish_switch_fiber(host_fake, NULL, NULL);
	if (t->is_over) {
		free(t->stack);
		t->is_used = false;
	}
}

/* ---- the machine's steps ---- */

static struct sim_thread *
pick(void)
{
	struct sim_thread *can[THREADS];
	u32 n = 0;

	for (u32 i = 0; i < THREADS; i++)
		if (threads[i].is_used && threads[i].t.state ==
		    THREAD_RUNNABLE)
			can[n++] = &threads[i];
	return n == 0 ? NULL : can[sim_random() % n];
}

/* An alarm rings, the first one. False: there is none. */
static bool
ring(void)
{
	struct sim_thread *first = NULL;

	for (u32 i = 0; i < THREADS; i++)
		if (threads[i].is_used && threads[i].deadline_ns !=
		    CLOCK_NEVER && (first == NULL ||
		    threads[i].deadline_ns < first->deadline_ns))
			first = &threads[i];
	if (first == NULL)
		return false;
	while (clock_now_ns() < first->deadline_ns)
		;
	first->t.state = THREAD_RUNNABLE;
	return true;
}

static bool
all_over(void)
{
	for (u32 i = 0; i < THREADS; i++)
		if (threads[i].is_used && !threads[i].is_kernel)
			return false;
	return true;
}

static bool is_halted;

void
sim_halt(void)
{
	is_halted = true;
}

/* The power is off: what was in memory is gone. */
static void
forget_all(void)
{
	for (u32 i = 0; i < THREADS; i++) {
		if (threads[i].is_used)
			free(threads[i].stack);
		threads[i].is_used = false;
	}
	sim_buffers_forget();
	sim_nunder_way = 0;
	is_halted = false;
	live = 0;
	ram_free = NULL;
	ram_next = 0;
	memset(ram, 0, sizeof(ram));
	memset(&host_thread, 0, sizeof(host_thread));
}

bool
sim_run(void)
{
	struct sim_thread *t;

	x86_current = &host_thread.x86;
	while (!all_over()) {
		if (sim_between != NULL)
			sim_between();
		if (is_halted) {
			forget_all();
			return false;
		}
		t = pick();
		if (sim_nunder_way > 0 && (t == NULL || sim_random() % 4 == 0))
			sim_io_end_one();
		else if (t != NULL)
			thread_run(t);
		else if (!ring()) {
			fprintf(stderr, "sim: nobody can run\n");
			abort();
		}
	}
	/* What is left of kernel threads. */
	while ((t = pick()) != NULL)
		thread_run(t);
	return true;
}

void
sim_yield(void)
{
	if (me != NULL)
		switch_to_host();
}

void
schedule(void)
{
	if (me == NULL)
		abort();
	switch_to_host();
}

bool
schedule_until(u64 deadline_ns)
{
	me->deadline_ns = deadline_ns;
	schedule();
	me->deadline_ns = CLOCK_NEVER;
	return clock_now_ns() < deadline_ns;
}

void
sched_preempt(void)
{
	sim_yield();
}

void
rcu_synchronize(void)
{
}

u64
clock_realtime_ns(void)
{
	return 1700000000123456789ul;
}

/* ---- wait queues ---- */

void
waitq_init(struct waitq *q)
{
	list_init(&q->waiters);
}

bool
waiter_wake_thread(struct waiter *w, u32 events)
{
	(void)events;
	list_remove(&w->node);
	w->woken = true;
	w->thread->state = THREAD_RUNNABLE;
	return false;
}

void
waiter_init(struct waiter *w, bool exclusive)
{
	memset(w, 0, sizeof(*w));
	list_init(&w->node);
	w->thread = current;
	w->wake = waiter_wake_thread;
	w->exclusive = exclusive;
}

void
wait_prepare(struct waitq *q, struct waiter *w, u32 state)
{
	if (list_is_empty(&w->node))
		list_push_back(&q->waiters, &w->node);
	current->state = state;
	w->woken = false;
}

bool
wait_finish(struct waitq *q, struct waiter *w)
{
	(void)q;
	list_remove(&w->node);
	current->state = THREAD_RUNNABLE;
	return w->woken;
}

void
waitq_wake(struct waitq *q, u32 events)
{
	struct list *l;

	while ((l = q->waiters.next) != &q->waiters)
		(void)waiter_wake_thread(LIST_ENTRY(l, struct waiter, node),
		    events);
}

void
waitq_wake_all(struct waitq *q, u32 events)
{
	waitq_wake(q, events);
}

/* ---- locks: give way before each ---- */

void
lockdep_acquire(struct spinlock *l, bool try)
{
	(void)try;
	if (sim_random() % 3 == 0)
		sim_yield();
	while (l->locked)
		sim_yield();
}

void
lockdep_release(struct spinlock *l)
{
	if (!l->locked)
		abort();
}

void lockdep_assert_held(const struct spinlock *l) { (void)l; }
void lockdep_assert_no_locks(void) { }
void lockdep_assert_can_sleep(void) { }
void heldlocks_acquire(const void *l, u8 c) { (void)l; (void)c; }
void heldlocks_release(const void *l) { (void)l; }
void heldlocks_assert_none(void) { }
void handle_enter(const struct journal_handle *h) { (void)h; }
void handle_leave(const struct journal_handle *h) { (void)h; }

void
spin_wait(struct spinlock *l)
{
	(void)l;
	abort();
}

void
assert_failed(const char *expr, const char *file, int line)
{
	fprintf(stderr, "sim: %s:%d: assert %s\n", file, line, expr);
	abort();
}

void
bound_breached(const char *file, int line, u64 bound)
{
	fprintf(stderr, "sim: %s:%d: more than %lu turns\n", file, line, bound);
	abort();
}

void
klog(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (level > LOG_ERR || getenv("SIM_LOG") == NULL)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
}

int
reserve_slow(struct bound *row, u32 n)
{
	(void)row;
	(void)n;
	return 0;
}

