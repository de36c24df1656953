/*
 * Kernel stacks.
 *
 * A stack is four frames mapped side by side in the area at KSTACK_BASE, with
 * an unmapped page below, so that running over its end faults at once. The area
 * is divided into slots of five pages, none across the end of a page table, so
 * that a new stack needs one table at most. That is taken when the first slot
 * in it is used, and stays for ever.
 *
 * A stack that is given back stays mapped, and is the next to be given out:
 * most threads start on a warm stack and touch no page table. Each CPU keeps a
 * few, the rest are in a common list. kstack_trim() (from the RCU threads) and
 * kstack_shrink() (from reclaim) unmap what is too much. Unmapping is the
 * costly part, since every CPU must forget the translation before the frames or
 * the slot are used again; it is done for up to UNMAP_MAX stacks at once.
 *
 * The lowest bytes of each stack name its frames. Who runs so deep that they
 * are overwritten would soon have hit the guard page: that is a panic too.
 *
 * Debug kernels paint each stack before it is used, and look how much of the
 * paint is gone when it is given back, and now and then meanwhile. The deepest
 * of user and of kernel threads are logged; tests/host/stack-depth holds them
 * against what the analyzer proves.
 *
 * Invariants: K1 a slot is in use, or its stack is cached, or it is in
 * free_slot[] or at or above nslots and mapped nowhere, on no CPU.
 * Locks: kstacks.lock, interrupts off (a stack is put in the tail of a switch).
 * Per-CPU lists are touched with interrupts off on their CPU.
 */
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/sched/sched_priv.h"
#include "kernel/sync/rcu.h"
#include "kernel/sync/spinlock.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/smp.h"

#define STACK_PAGES	(THREAD_STACK_BYTES / PAGE_SIZE)
#define SLOT_BYTES	((STACK_PAGES + 1) * PAGE_SIZE)
#define TABLE_BYTES	(PT_ENTRIES * PAGE_SIZE)
#define TABLE_SLOTS	(TABLE_BYTES / SLOT_BYTES)
#define SLOTS_MAX	65536u
#define CPU_STACKS	2		/* kept on each CPU */
#define KEEP_STACKS	8		/* kept in the common list by trim */
#define UNMAP_MAX	32

_Static_assert(DIV_UP(SLOTS_MAX, TABLE_SLOTS) * TABLE_BYTES <=
    KSTACK_CPU_BASE - KSTACK_BASE, "area");

#define STACK_MAGIC	0x4b63617453746f48ul

/* At the bottom of each stack. */
struct stack_foot {
	u64		magic;		/* [I] STACK_MAGIC */
	paddr_t		frame[STACK_PAGES]; /* [I] */
	struct stack_foot *next;	/* while it is cached */
};

struct cpu_stacks {
	struct stack_foot *first;
	u32		n;
};
PERCPU_DEFINE(struct cpu_stacks, cpu_stacks);

/* l lock */
static struct {
	struct spinlock	lock;
	struct stack_foot *first;	/* [l] cached, mapped */
	u32		ncached;	/* [l] */
	u32		nslots;		/* [l] slots ever used */
	u32		nfree_slots;	/* [l] */
	u16		free_slot[SLOTS_MAX]; /* [l] unmapped everywhere */
} kstacks = { .lock = SPINLOCK_INIT(LOCK_KSTACK) };
_Static_assert(SLOTS_MAX - 1 <= 0xffff, "free_slot");

/* The size that the analyzer holds each path against (stack.facts). */
const u32 thread_stack_bytes = THREAD_STACK_BYTES;

static u64
slot_base(u32 slot)
{
	return KSTACK_BASE + slot / TABLE_SLOTS * TABLE_BYTES +
	    slot % TABLE_SLOTS * SLOT_BYTES + PAGE_SIZE;
}

static u32
slot_of(const struct stack_foot *s)
{
	u64 at = (u64)s - KSTACK_BASE;

	return (u32)(at / TABLE_BYTES * TABLE_SLOTS +
	    at % TABLE_BYTES / SLOT_BYTES);
}

/* ---- debug: how deep stacks get ---- */

#define PAINT		0x746e6961704b5348ul
#define PAINT_LOOK_NS	1000000000ul	/* between looks at all threads */

/* The deepest stack yet, of kernel threads and of user threads. */
struct stack_mark {
	u32		bytes;
	u32		logged;
	char		name[16];
};
static struct stack_mark stack_mark[2];	/* [kstacks.lock] */
static u64 paint_looked_ns;		/* [a] */

static void
paint(struct stack_foot *s, u32 bytes)
{
	u64 *top = (u64 *)((u64)s + THREAD_STACK_BYTES);

	for (u64 *p = top - bytes / sizeof(*p); p < top; p++)
		*p = PAINT;
}

/* How much paint is gone, measured from the top. */
static u32
paint_gone(const struct stack_foot *s)
{
	const u64 *p = (const u64 *)(s + 1);
	const u64 *top = (const u64 *)((u64)s + THREAD_STACK_BYTES);

	while (p < top && READ_ONCE(*p) == PAINT)
		p++;
	return (u32)((u64)top - (u64)p);
}

static void
mark_locked(const struct thread *t, u32 bytes)
{
	struct stack_mark *m = &stack_mark[t->x86.is_user != 0];

	assert_held(&kstacks.lock);
	if (bytes <= m->bytes)
		return;
	m->bytes = bytes;
	strlcpy(m->name, t->name, sizeof(m->name));
}

/* t's stack is idle and about to be cached. Interrupts are off. */
static void
paint_renew(const struct thread *t)
{
	struct stack_foot *s = (struct stack_foot *)t->x86.kstack_base;
	u32 bytes = paint_gone(s);

	spin_lock(&kstacks.lock);
	mark_locked(t, bytes);
	spin_unlock(&kstacks.lock);
	paint(s, bytes);
}

/*
 * A thread that is not dead has its stack; that it is unmapped takes the lock,
 * after its death (K1).
 */
static void
paint_look(const struct thread *t)
{
	u64 irq = spin_lock_irq(&kstacks.lock);

	if (READ_ONCE(t->state) != THREAD_DEAD)
		mark_locked(t, paint_gone(
		    (const struct stack_foot *)t->x86.kstack_base));
	spin_unlock_irq(&kstacks.lock, irq);
}

static void
paint_log(struct stack_mark *m, const char *kind)
{
	u64 irq = spin_lock_irq(&kstacks.lock);
	struct stack_mark now = *m;

	m->logged = now.bytes;
	spin_unlock_irq(&kstacks.lock, irq);
	if (now.bytes > now.logged)
		kinfo("kstack: %s thread %s used %u of %u bytes", kind,
		    now.name, now.bytes, thread_stack_bytes);
}

/* Look at all threads, once in a while; log what is deeper than before. */
static void
paint_look_at_all(void)
{
	u64 now = clock_now_ns();
	struct thread *t;

	if (now - READ_ONCE(paint_looked_ns) < PAINT_LOOK_NS)
		return;
	WRITE_ONCE(paint_looked_ns, now);
	rcu_read_lock();
	sched_for_each_thread(t)
		paint_look(t);
	rcu_read_unlock();
	paint_log(&stack_mark[false], "kernel");
	paint_log(&stack_mark[true], "user");
}

/* ---- taking and giving back ---- */

/* Take a cached stack, or NULL. */
static struct stack_foot *
cache_take(void)
{
	u64 irq = cpu_irq_save();
	struct cpu_stacks *cpu = PERCPU_THIS(struct cpu_stacks, cpu_stacks);
	struct stack_foot *s = cpu->first;

	if (likely(s != NULL)) {
		cpu->first = s->next;
		cpu->n--;
	} else if (READ_ONCE(kstacks.first) != NULL) {
		spin_lock(&kstacks.lock);
		s = kstacks.first;
		if (s != NULL) {
			kstacks.first = s->next;
			kstacks.ncached--;
		}
		spin_unlock(&kstacks.lock);
	}
	cpu_irq_restore(irq);
	return s;
}

static u32
slot_take(void)
{
	u64 irq = spin_lock_irq(&kstacks.lock);
	u32 slot;

	if (kstacks.nfree_slots != 0)
		slot = kstacks.free_slot[--kstacks.nfree_slots];
	else
		slot = kstacks.nslots++;
	spin_unlock_irq(&kstacks.lock, irq);
	if (slot >= SLOTS_MAX)
		panic("kstack: more than %u threads", SLOTS_MAX);
	return slot;
}

/* Serialises changes of the area's page tables; takes a frame meanwhile. */
static struct spinlock map_lock = SPINLOCK_INIT(LOCK_UPPER);

static struct stack_foot *
stack_create(void)
{
	paddr_t frame[STACK_PAGES];
	u64 base = slot_base(slot_take());
	struct stack_foot *s = (struct stack_foot *)base;

	for (u32 i = 0; i < STACK_PAGES; i++)
		frame[i] = frame_paddr(frame_get(FRAME_KSTACK));
	spin_lock(&map_lock);
	if (!kstack_has_table(base))
		kstack_add_table(base,
		    frame_paddr(frame_get_zero(FRAME_PAGETABLE)));
	kstack_map(base, frame, STACK_PAGES);
	spin_unlock(&map_lock);
	memcpy(s->frame, frame, sizeof(frame));
	s->magic = STACK_MAGIC;
	if (KSTACK_PAINTED)
		paint(s, THREAD_STACK_BYTES - sizeof(*s));
	return s;
}

void
kstack_get(struct x86_thread *t)
{
	struct stack_foot *s = kmem_is_bare ? NULL : cache_take();

	if (s == NULL)
		s = stack_create();
	t->kstack_base = (u64)s;
	t->kstack_top = (u64)s + THREAD_STACK_BYTES;
}

void
kstack_put(struct x86_thread *t)
{
	struct stack_foot *s = (struct stack_foot *)t->kstack_base;
	u64 irq = cpu_irq_save();
	struct cpu_stacks *cpu = PERCPU_THIS(struct cpu_stacks, cpu_stacks);

	if (s->magic != STACK_MAGIC)
		panic("kstack: a stack was used to its end");
	if (KSTACK_PAINTED)
		paint_renew((const struct thread *)t);
	if (cpu->n < CPU_STACKS) {
		s->next = cpu->first;
		cpu->first = s;
		cpu->n++;
	} else {
		spin_lock(&kstacks.lock);
		s->next = kstacks.first;
		kstacks.first = s;
		kstacks.ncached++;
		spin_unlock(&kstacks.lock);
	}
	cpu_irq_restore(irq);
}

/* Stacks on their way out of the map. */
struct unmap_batch {
	u32		n;
	struct stack_foot *stack[UNMAP_MAX];
	paddr_t		frame[UNMAP_MAX][STACK_PAGES];
};

static void
flush_batch(void *arg)
{
	const struct unmap_batch *b = arg;

	for (u32 i = 0; i < b->n; i++)
		kstack_flush((u64)b->stack[i], STACK_PAGES);
}

/* Take stacks off the common list until it has `keep`, or the batch is full. */
static void
batch_fill(struct unmap_batch *b, u32 keep)
{
	u64 irq = spin_lock_irq(&kstacks.lock);

	b->n = 0;
	while (kstacks.ncached > keep && b->n < UNMAP_MAX) {
		struct stack_foot *s = kstacks.first;

		kstacks.first = s->next;
		kstacks.ncached--;
		memcpy(b->frame[b->n], s->frame, sizeof(s->frame));
		b->stack[b->n++] = s;
	}
	spin_unlock_irq(&kstacks.lock, irq);
}

/* K1: every CPU has forgotten the slots before they are free again. */
static void
batch_unmap(struct unmap_batch *b)
{
	struct cpumask all = { { 0 } };
	u64 irq;

	for (u32 c = 0; c < ncpus; c++)
		cpumask_set(&all, c);
	spin_lock(&map_lock);
	for (u32 i = 0; i < b->n; i++)
		kstack_unmap((u64)b->stack[i], STACK_PAGES);
	spin_unlock(&map_lock);
	smp_call(&all, flush_batch, b);
	for (u32 i = 0; i < b->n; i++)
		for (u32 j = 0; j < STACK_PAGES; j++)
			frame_put(frame_of_paddr(b->frame[i][j]));
	irq = spin_lock_irq(&kstacks.lock);
	for (u32 i = 0; i < b->n; i++)
		kstacks.free_slot[kstacks.nfree_slots++] =
		    (u16)slot_of(b->stack[i]);
	spin_unlock_irq(&kstacks.lock, irq);
}

static u32
unmap_down_to(u32 keep)
{
	struct unmap_batch b;
	u32 n = 0;

	while (READ_ONCE(kstacks.ncached) > keep) {
		batch_fill(&b, keep);
		if (b.n == 0)
			break;
		batch_unmap(&b);
		n += b.n * STACK_PAGES;
		preempt_point();
	}
	return n;
}

u32
kstack_shrink(void)
{
	return unmap_down_to(0);
}

void
kstack_trim(void)
{
	if (KSTACK_PAINTED)
		paint_look_at_all();
	if (READ_ONCE(kstacks.ncached) > 2 * KEEP_STACKS)
		(void)unmap_down_to(KEEP_STACKS);
}

u64
kstack_cached(void)
{
	return (u64)READ_ONCE(kstacks.ncached) * STACK_PAGES;
}
