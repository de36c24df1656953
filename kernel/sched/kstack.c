/*
 * Kernel stacks.
 *
 * A stack is four frames mapped side by side in the area at KSTACK_BASE, with
 * an unmapped page below, so that running over its end faults at once. The area
 * is divided into slots of five pages; page tables are taken as slots are first
 * used, and stay for ever.
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
 * Invariants: K1 a slot is in use, or its stack is cached, or it is in
 * free_slot[] or at or above nslots and mapped nowhere, on no CPU.
 * Locks: kstacks.lock, interrupts off (a stack is put in the tail of a switch).
 * Per-CPU lists are touched with interrupts off on their CPU.
 */
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/sched/sched_priv.h"
#include "kernel/sync/spinlock.h"
#include "kernel/trace/panic.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/smp.h"

#define STACK_PAGES	(THREAD_STACK_BYTES / PAGE_SIZE)
#define SLOT_BYTES	((STACK_PAGES + 1) * PAGE_SIZE)
#define SLOTS_MAX	65536u
#define CPU_STACKS	2		/* kept on each CPU */
#define KEEP_STACKS	8		/* kept in the common list by trim */
#define UNMAP_MAX	32

_Static_assert(SLOTS_MAX * SLOT_BYTES < KSTACK_CPU_BASE - KSTACK_BASE, "area");

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

static u64
slot_base(u32 slot)
{
	return KSTACK_BASE + slot * SLOT_BYTES + PAGE_SIZE;
}

static u32
slot_of(const struct stack_foot *s)
{
	return (u32)(((u64)s - KSTACK_BASE) / SLOT_BYTES);
}

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

static paddr_t
pt_frame(void)
{
	return frame_paddr(frame_get_zero(FRAME_PAGETABLE));
}

/* Serialises changes of the area's page tables; takes frames meanwhile. */
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
	kstack_map(base, frame, STACK_PAGES, pt_frame);
	spin_unlock(&map_lock);
	memcpy(s->frame, frame, sizeof(frame));
	s->magic = STACK_MAGIC;
	return s;
}

void
kstack_get(struct x86_thread *t)
{
	struct stack_foot *s = cache_take();

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
	if (READ_ONCE(kstacks.ncached) > 2 * KEEP_STACKS)
		(void)unmap_down_to(KEEP_STACKS);
}

u64
kstack_cached(void)
{
	return (u64)READ_ONCE(kstacks.ncached) * STACK_PAGES;
}
