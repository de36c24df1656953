/*
 * Threads: making them, and the list of all.
 *
 * The list is read under RCU; a thread leaves it in thread_exit() and its node
 * keeps pointing onwards, so that a reader that stands on it finds its way.
 */
#include "kernel/abi/sched.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"
#include "kernel/sched/sched_priv.h"
#include "kernel/sync/rcu.h"
#include "kernel/sync/spinlock.h"
#include "kernel/x86/switch.h"

struct kthread {
	struct thread	thread;		/* first */
	struct rcu_head	rcu;
};
static KMEM_CACHE(kthread_cache, "kthread", struct kthread);

struct list all_threads = LIST_INIT(all_threads);
static struct spinlock all_lock = SPINLOCK_INIT(LOCK_LEAF);
u32 sched_nthreads;

static void
all_add(struct thread *t)
{
	u64 irq = spin_lock_irq(&all_lock);
	struct list *last = all_threads.prev;

	t->all_node.next = &all_threads;
	t->all_node.prev = last;
	all_threads.prev = &t->all_node;
	rcu_store(last->next, &t->all_node);	/* readers see it whole */
	sched_nthreads++;
	spin_unlock_irq(&all_lock, irq);
}

void
thread_list_remove(struct thread *t)
{
	u64 irq = spin_lock_irq(&all_lock);

	t->all_node.next->prev = t->all_node.prev;
	rcu_store(t->all_node.prev->next, t->all_node.next);
	sched_nthreads--;
	spin_unlock_irq(&all_lock, irq);
}

void
thread_init(struct thread *t, const char *name)
{
	strlcpy(t->name, name, sizeof(t->name));
	t->state = THREAD_BLOCKED;
	t->cpu = cpu_id;
	t->policy = SCHED_NORMAL;
	memset(&t->affinity, 0xff, sizeof(t->affinity));
	t->any_cpu = true;
	t->start_ns = clock_now_ns();
	runq_set_weight(t);
	kstack_get(&t->x86);
	all_add(t);
}

void
thread_inherit(struct thread *t)
{
	const struct thread *from = current;

	t->policy = from->policy;
	t->nice = from->nice;
	t->rt_prio = from->rt_prio;
	t->affinity = from->affinity;
	t->any_cpu = from->any_cpu;
	runq_set_weight(t);
}

static void
kthread_free_cb(struct rcu_head *head)
{
	kmem_put(&kthread_cache, CONTAINER_OF(head, struct kthread, rcu));
}

static void
kthread_reap(struct thread *t)
{
	kstack_put(&t->x86);
	rcu_call(&((struct kthread *)t)->rcu, kthread_free_cb);
}

noreturn void
kthread_exit(void)
{
	thread_exit(kthread_reap);
}

static void
kthread_first(struct x86_thread *prev, void *arg)
{
	struct thread *t = arg;

	thread_first(prev, NULL);
	t->fn(t->arg);
	kthread_exit();
}

struct thread *
kthread_create_on(u32 cpu, const char *name, void (*fn)(void *), void *arg)
{
	struct kthread *k = kmem_get_zero(&kthread_cache);
	struct thread *t = &k->thread;

	thread_init(t, name);
	t->fn = fn;
	t->arg = arg;
	t->in_kernel = true;
	if (cpu != KTHREAD_ANY_CPU) {
		memset(&t->affinity, 0, sizeof(t->affinity));
		cpumask_set(&t->affinity, cpu);
		t->any_cpu = false;
		t->cpu = cpu;
	}
	x86_thread_init(&t->x86, kthread_first, t);
	thread_start(t);
	return t;
}

struct thread *
kthread_create(const char *name, void (*fn)(void *), void *arg)
{
	return kthread_create_on(KTHREAD_ANY_CPU, name, fn, arg);
}

u64
sched_thread_cpu_ns(const struct thread *t)
{
	u64 now = clock_now_ns();
	u64 ns = READ_ONCE(t->run_ns);
	const struct runq *rq = runq_of(READ_ONCE(t->cpu));

	if (READ_ONCE(rq->curr) == t && now > rq->exec_start_ns)
		ns += now - rq->exec_start_ns;
	return ns;
}
