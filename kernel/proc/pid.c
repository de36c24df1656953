/*
 * Numbers of threads, processes, groups and sessions.
 *
 * One number may at once name a thread, its process, a process group and a
 * session, and must not be given out again while it names any of them: each is
 * a use. struct pid counts the uses; it stands in a hash table that is read
 * under RCU, and a bitmap says which numbers are taken. New numbers go round:
 * a number that was just freed is the last to come again.
 *
 * Lock: proc_tree_lock for all changes.
 */
#include "kernel/abi/limits.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/bitmap.h"
#include "kernel/lib/hash.h"
#include "kernel/lib/refcount.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/sync/rcu.h"

#define PID_HASH_BITS	10
#define PID_FIRST	2	/* after a turn round, daemons' numbers stay */

KMEM_CACHE(pid_cache, "pid", struct pid);
struct spinlock proc_tree_lock = SPINLOCK_INIT(LOCK_PROC_TREE);

static struct hlist pid_hash[1 << PID_HASH_BITS];	/* [r, T] */
static BITMAP(pid_map, PID_MAX_DEFAULT);		/* [T] taken */
static u32 pid_last;					/* [T] */
static u32 pids_used;					/* [T] */

static struct hlist *
pid_bucket(u32 nr)
{
	return &pid_hash[hash_bits(nr, PID_HASH_BITS)];
}

void
pid_init(void)
{
	bitmap_set(pid_map, 0);
}

u32
pid_count(void)
{
	return READ_ONCE(pids_used);
}

u32
pid_newest(void)
{
	return READ_ONCE(pid_last);
}

struct pid *
pid_find(u32 nr)
{
	struct pid *p;

	hlist_for_each(p, pid_bucket(nr), node)
		if (p->nr == nr)
			return p;
	return NULL;
}

static u32
pid_take_number_locked(void)
{
	usize nr = bitmap_find_next_zero(pid_map, PID_MAX_DEFAULT,
	    pid_last + 1);

	if (nr >= PID_MAX_DEFAULT)
		nr = bitmap_find_next_zero(pid_map, PID_MAX_DEFAULT,
		    PID_FIRST);
	if (nr >= PID_MAX_DEFAULT)
		return 0;
	bitmap_set(pid_map, nr);
	pid_last = (u32)nr;
	pids_used++;
	return (u32)nr;
}

struct pid *
pid_alloc(void)
{
	struct pid *pid = kmem_get(&pid_cache);

	pid->uses = 0;
	pid->task = NULL;
	pid->proc = NULL;
	list_init(&pid->members);
	spin_lock(&proc_tree_lock);
	pid->nr = pid_take_number_locked();
	if (pid->nr != 0)
		hlist_push(pid_bucket(pid->nr), &pid->node);
	spin_unlock(&proc_tree_lock);
	if (pid->nr == 0) {
		kmem_put(&pid_cache, pid);
		return NULL;
	}
	return pid;
}

void
pid_hold_locked(struct pid *pid)
{
	assert_held(&proc_tree_lock);
	pid->uses++;
}

static void
pid_free_rcu(struct rcu_head *head)
{
	kmem_put(&pid_cache, CONTAINER_OF(head, struct pid, rcu));
}

void
pid_release_locked(struct pid *pid)
{
	assert_held(&proc_tree_lock);
	assert(pid->uses > 0);
	if (--pid->uses != 0)
		return;
	hlist_remove(&pid->node);
	bitmap_clear(pid_map, pid->nr);
	pids_used--;
	rcu_call(&pid->rcu, pid_free_rcu);
}

void
proc_set_pgrp_locked(struct proc *p, struct pid *pid)
{
	struct pid *old = p->pid_pgrp;

	pid_hold_locked(pid);
	list_remove(&p->pgrp_node);
	list_push_back(&pid->members, &p->pgrp_node);
	p->pid_pgrp = pid;
	WRITE_ONCE(p->pgrp, pid->nr);
	if (old != NULL)
		pid_release_locked(old);
}

void
proc_set_session_locked(struct proc *p, struct pid *pid)
{
	struct pid *old = p->pid_session;

	pid_hold_locked(pid);
	p->pid_session = pid;
	WRITE_ONCE(p->session, pid->nr);
	if (old != NULL)
		pid_release_locked(old);
}

struct proc *
proc_find(u32 nr)
{
	struct pid *pid = pid_find(nr);

	return pid == NULL ? NULL : rcu_load(pid->proc);
}

struct task *
task_find(u32 tid)
{
	struct pid *pid = pid_find(tid);

	return pid == NULL ? NULL : rcu_load(pid->task);
}

struct proc *
proc_next(u32 nr)
{
	struct proc *p = NULL;
	usize n;

	rcu_read_lock();
	for (n = nr; n < PID_MAX_DEFAULT; n++) {
		n = bitmap_find_next(pid_map, PID_MAX_DEFAULT, n);
		if (n >= PID_MAX_DEFAULT)
			break;
		p = proc_find((u32)n);
		if (p != NULL && ref_get_unless_zero(&p->refs))
			break;
		p = NULL;
	}
	rcu_read_unlock();
	return p;
}
