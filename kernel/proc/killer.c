/*
 * The killer: when no memory is left to reclaim, it chooses whose death frees
 * the most frames, ends it, and has its memory taken down at once.
 *
 * What is compared are lineages, not processes. A lineage begins when a program
 * is executed and goes on through fork, so the thousand processes of a fork
 * bomb, each small, count together and go together. While a lineage's members
 * are on their way out, its forks are refused.
 *
 * A lineage's first process is spared the first time, if most of the memory is
 * its children's: a shell that ran a bomb written in shell goes on. If the same
 * lineage is chosen again soon, it goes too, so there is always an end.
 *
 * A victim may sleep where death does not wake it, or hold up to its charge. So
 * its memory is torn down by a kernel thread of ours that takes no frame, while
 * the victim's threads are still on their way; and they bypass every queue.
 * Process 1 is never chosen.
 *
 * Locks: called by one thread, reclaim; what it shares with exits is atomic or
 * under the victims' siglocks.
 */
#include "kernel/abi/wait.h"
#include "kernel/file/file.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/refcount.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/proc/killer.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/sched/sched.h"
#include "kernel/trace/log.h"
#include "kernel/vm/aspace.h"
#include "kernel/vm/reserve.h"

#define FRAMES_PER_THREAD	8	/* stack, its table, task, FPU state */
#define SPARE_AGAIN_NS		20000000000ul
#define GIVE_UP_NS		1500000000ul	/* then another may be chosen */
#define ADJ_NEVER		(-1000)
#define KILL_RECORDS		8

/* a atomic; I; k the killer's own, valid if round is this one's */
struct lineage {
	u32		refs;		/* [a] */
	u32		refused;	/* [a] its forks */
	u64		id;		/* [I] */
	u64		struck_ns;	/* [k] last time; 0: never */
	u64		round;		/* [k] */
	u64		score;		/* [k] frames, weighed by oom_adj */
	u64		frames;		/* [k] */
	u32		nprocs;		/* [k] */
	u32		root, largest;	/* [k] pids */
	u64		root_start_ns, root_frames, largest_frames; /* [k] */
};

KMEM_CACHE(lineage_cache, "lineage", struct lineage);

static u64 lineage_ids;			/* [a] */
static u64 rounds;			/* [k] */
static u32 victims_alive;		/* [a] */
static u32 victims_whole;		/* [a] memory not torn down yet */
static struct lineage *struck;		/* [k] referenced while it dies */
static u64 struck_at_ns;		/* [k] */
static struct waitq reaper_wait = WAITQ_INIT(reaper_wait);

static struct kill_record records[KILL_RECORDS];	/* [racy readers] */
static u64 nrecords;

struct lineage *
lineage_create(void)
{
	struct lineage *l = kmem_get_zero(&lineage_cache);

	l->refs = 1;
	l->id = atomic_add_return(&lineage_ids, 1);
	return l;
}

void
lineage_get(struct lineage *l)
{
	ref_get(&l->refs);
}

void
lineage_put(struct lineage *l)
{
	if (ref_put(&l->refs))
		kmem_put(&lineage_cache, l);
}

u64
lineage_id(const struct lineage *l)
{
	return l->id;
}

bool
lineage_may_fork(const struct lineage *l)
{
	return likely(READ_ONCE(l->refused) == 0);
}

bool
killer_record(u32 i, struct kill_record *out)
{
	u64 n = READ_ONCE(nrecords);

	if (i >= MIN(n, (u64)KILL_RECORDS))
		return false;
	*out = records[(n - 1 - i) % KILL_RECORDS];
	return true;
}

u64
killer_decisions(void)
{
	return READ_ONCE(nrecords);
}

/* What p's open files keep: pipes' pages, and the files themselves. */
static u64
pinned_by_files(struct proc *p) REQUIRES(p->siglock)
{
	struct task *t;

	list_for_each(t, &p->threads, thread_node) {
		struct fdtable *fds = READ_ONCE(t->thread.fds);

		if (fds != NULL)	/* the threads of p share it */
			return fdtable_pinned_frames(fds);
	}
	return 0;
}

/* Frames that p's end gives back. */
u64
killer_score(struct proc *p)
{
	u64 irq = spin_lock_irq(&p->siglock), frames;
	const struct proc *parent = rcu_load(p->parent);
	struct task *t;

	frames = p->nthreads * FRAMES_PER_THREAD;
	if (p->aspace != NULL &&
	    (parent == NULL || READ_ONCE(parent->aspace) != p->aspace))
		frames += aspace_frames(p->aspace);
	frames += pinned_by_files(p);
	list_for_each(t, &p->threads, thread_node) {
		struct aspace *as = READ_ONCE(t->building);

		if (as != NULL)
			frames += aspace_frames(as);
	}
	spin_unlock_irq(&p->siglock, irq);
	return frames;
}

static struct lineage *
lineage_of(struct proc *p)
{
	u64 irq = spin_lock_irq(&p->siglock);
	struct lineage *l = p->lineage;

	lineage_get(l);
	spin_unlock_irq(&p->siglock, irq);
	return l;
}

static void
lineage_count(struct lineage *l, struct proc *p, u64 total)
{
	u64 frames = killer_score(p);
	s64 adj = (s64)p->oom_adj * (s64)(total / 1000), score;

	if (l->round != rounds) {
		l->round = rounds;
		l->score = l->frames = 0;
		l->nprocs = l->root = l->largest = 0;
		l->largest_frames = 0;
		l->root_start_ns = ~0ul;
	}
	score = (s64)frames + adj;
	l->score += score > 0 ? (u64)score : 1;
	l->frames += frames;
	l->nprocs++;
	if (frames >= l->largest_frames) {
		l->largest_frames = frames;
		l->largest = p->pid;
	}
	if (p->start_ns < l->root_start_ns) {
		l->root_start_ns = p->start_ns;
		l->root = p->pid;
		l->root_frames = frames;
	}
}

static bool
may_be_killed(const struct proc *p)
{
	return p != init_proc && p->state == PROC_RUNNING &&
	    p->oom_adj > ADJ_NEVER && p->nthreads != 0 &&
	    !(p->flags & PROC_F_VICTIM);
}

/* The lineage with the highest score, referenced; NULL: nobody. */
static struct lineage *
choose(void)
{
	struct lineage *best = NULL, *l;
	struct frame_stats fs;
	struct proc *p;
	u32 nr = 1;

	frame_stats(&fs);
	rounds++;
	while ((p = proc_next(nr)) != NULL) {
		nr = p->pid + 1;
		if (may_be_killed(p)) {
			l = lineage_of(p);
			lineage_count(l, p, fs.total);
			if (best == NULL || l->score > best->score ||
			    best->round != rounds) {
				struct lineage *old = best;

				best = l;
				l = old;
			}
			if (l != NULL)
				lineage_put(l);
		}
		proc_put(p);
	}
	return best;
}

static bool
kill_proc(struct proc *p)
{
	u64 irq = spin_lock_irq(&p->siglock);
	bool now = p->aspace != NULL && !(p->flags & PROC_F_VICTIM);

	if (now) {
		p->flags |= PROC_F_VICTIM;
		atomic_inc(&victims_alive);
		atomic_inc(&victims_whole);
		proc_kill_locked(p, LX_WSTATUS_SIGNAL(SIGKILL));
	}
	spin_unlock_irq(&p->siglock, irq);
	return now;
}

static u32
kill_lineage(struct lineage *target, u32 spared)
{
	struct lineage *l;
	struct proc *p;
	u32 nr = 1, n = 0;

	while ((p = proc_next(nr)) != NULL) {
		nr = p->pid + 1;
		if (may_be_killed(p) && p->pid != spared) {
			l = lineage_of(p);
			if (l == target && kill_proc(p))
				n++;
			lineage_put(l);
		}
		proc_put(p);
	}
	return n;
}

static void
record_kill(const struct lineage *l, u32 nprocs)
{
	struct kill_record *r = &records[nrecords % KILL_RECORDS];
	struct proc *p;

	*r = (struct kill_record){
		.pid = l->largest, .nprocs = nprocs, .frames = l->frames,
		.decided_ns = clock_now_ns(),
	};
	rcu_read_lock();
	p = proc_find(l->largest);
	if (p != NULL)
		(void)strlcpy(r->comm, p->comm, sizeof(r->comm));
	rcu_read_unlock();
	WRITE_ONCE(nrecords, nrecords + 1);
	kwarn("memory: killing %s (pid %u) and its like: %u processes, "
	    "%lu frames", r->comm, r->pid, nprocs, r->frames);
}

static void
release_struck(void)
{
	if (struck == NULL)
		return;
	WRITE_ONCE(struck->refused, 0);
	lineage_put(struck);
	struck = NULL;
}

static bool
kill_worst(u32 want_frames)
{
	struct lineage *l = choose();
	u64 now = clock_now_ns();
	u32 spared = 0, n;

	(void)want_frames;
	release_struck();
	if (l == NULL)
		return false;
	if (l->nprocs > 1 && l->root_frames < l->frames / 4 &&
	    (l->struck_ns == 0 || now - l->struck_ns > SPARE_AGAIN_NS))
		spared = l->root;
	l->struck_ns = now;
	struck_at_ns = now;
	WRITE_ONCE(l->refused, 1);
	struck = l;
	n = kill_lineage(l, spared);
	record_kill(l, n);
	waitq_wake(&reaper_wait, 0);
	return n != 0;
}

static bool
victim_done(void)
{
	if (READ_ONCE(victims_alive) != 0 &&
	    clock_now_ns() - struck_at_ns < GIVE_UP_NS)
		return false;
	release_struck();
	return true;
}

static void
memory_is_back(void)
{
	struct kill_record *r = &records[(nrecords - 1) % KILL_RECORDS];

	if (atomic_dec_and_test(&victims_whole)) {
		r->back_ns = clock_now_ns();
		kinfo("memory: %lu frames back after %lu us", r->frames,
		    (r->back_ns - r->decided_ns) / 1000);
	}
	reserve_kick();
}

/* A victim has given up its memory itself, or the reaper has for it. */
void
killer_memory_gone_locked(struct proc *p)
{
	assert_held(&p->siglock);
	if ((p->flags & (PROC_F_VICTIM | PROC_F_TORN)) != PROC_F_VICTIM)
		return;
	p->flags |= PROC_F_TORN;
	memory_is_back();
}

void
killer_proc_ended(struct proc *p)
{
	if (!(p->flags & PROC_F_VICTIM))
		return;
	atomic_dec(&victims_alive);
	reserve_kick();
}

/* Does somebody who lives on use as too? */
static bool
aspace_is_shared(struct aspace *as)
{
	struct proc *p;
	bool shared = false;
	u32 nr = 1;

	while (!shared && (p = proc_next(nr)) != NULL) {
		nr = p->pid + 1;
		shared = READ_ONCE(p->aspace) == as &&
		    !(p->flags & PROC_F_EXITING);
		proc_put(p);
	}
	return shared;
}

static void
reap(struct proc *p)
{
	struct aspace *as = proc_aspace_get(p);
	u64 irq;

	if (as == NULL)
		return;
	if (READ_ONCE(as->users) <= p->nthreads || !aspace_is_shared(as))
		aspace_tear_down(as);
	aspace_put(as);
	irq = spin_lock_irq(&p->siglock);
	killer_memory_gone_locked(p);
	spin_unlock_irq(&p->siglock, irq);
}

static void
reaper_main(void *arg)
{
	struct proc *p;
	u32 nr;

	(void)arg;
	sched_set_nice(current, -20);	/* others wait for what it gives back */
	for (;;) {
		WAIT_EVENT(&reaper_wait, READ_ONCE(victims_whole) != 0);
		for (nr = 1; (p = proc_next(nr)) != NULL; proc_put(p)) {
			nr = p->pid + 1;
			if ((READ_ONCE(p->flags) & (PROC_F_VICTIM |
			    PROC_F_TORN)) == PROC_F_VICTIM)
				reap(p);
		}
		sched_yield();
	}
}

static const struct killer_ops killer = {
	.kill_worst = kill_worst,
	.victim_done = victim_done,
};

void
killer_init(void)
{
	(void)kthread_create("oom_reaper", reaper_main, NULL);
	(void)reserve_set_killer(&killer);
}
