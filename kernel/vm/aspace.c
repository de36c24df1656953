/*
 * The life of an address space.
 *
 *	users	threads that run on it. The last to go frees all its pages.
 *	refs	users and lookers (procfs). The last to go frees the rest,
 *	cpus	once no CPU has its page tables loaded (tlb.c).
 *
 * Tearing down (by the last user, or by the killer while threads of the victim
 * still run) marks it torn, so that no fault adds a page, and clears all
 * entries. The VMAs stay until the end, since lookers may walk them.
 */
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/vm/reserve.h"
#include "kernel/vm/vm_priv.h"

#define STACK_RANDOM_PAGES	0x3fffff	/* 16 GiB, as Linux */
#define MMAP_RANDOM_PAGES	0xfffffff	/* 28 bits, as Linux */
#define BRK_RANDOM_PAGES	0x1fff		/* 32 MiB, as Linux */
#define STACK_GAP_MIN		(128ul << 20)
#define STACK_GAP_MAX		(USER_TOP / 6 * 5)

static KMEM_CACHE_ALIGNED(aspace_cache, "aspace", struct aspace, CACHE_LINE);

void
vm_init(void)
{
	pt_init();
	limbo_init();
	sched_ops.switch_aspace = aspace_switch_thread;
}

struct aspace *
aspace_create(void)
{
	struct aspace *as = kmem_get_zero(&aspace_cache);
	struct frame *top = frame_get_zero(FRAME_PAGETABLE);

	paging_copy_kernel_half(frame_virt(top));
	as->cr3 = frame_paddr(top);
	as->refs = 1;
	as->users = 1;
	as->rss_pt = 1;
	mutex_init(&as->lock, LOCK_ASPACE);
	spin_init(&as->pt_lock, LOCK_LEAF);
	list_init(&as->tables);
	spin_init(&as->limbo_lock, LOCK_LEAF);
	as->limbo_low = LIMBO_NONE;
	as->limit_as = ~0ul;
	as->limit_stack = 8ul << 20;
	as->limit_data = ~0ul;
	as->limit_memlock = ~0ul;
	as->stack_top = USER_TOP;
	as->mmap_base = USER_TOP - STACK_GAP_MIN;
	return as;
}

void
aspace_set_layout(struct aspace *as, const u64 random[3])
{
	u64 gap = as->limit_stack + STACK_GUARD_PAGES * PAGE_SIZE;

	as->stack_top = USER_TOP -
	    ((random[0] & STACK_RANDOM_PAGES) << PAGE_SHIFT);
	if (gap < as->limit_stack || gap > STACK_GAP_MAX)
		gap = STACK_GAP_MAX;
	gap = PAGE_UP(MAX(gap, STACK_GAP_MIN));
	as->mmap_base = as->stack_top - gap;
	gap = (random[1] & MMAP_RANDOM_PAGES) << PAGE_SHIFT;
	if (gap < as->mmap_base / 2)
		as->mmap_base -= gap;
}

u64
aspace_brk_base(const struct aspace *as, u64 end, u64 random)
{
	(void)as;
	return PAGE_UP(end) + ((random & BRK_RANDOM_PAGES) << PAGE_SHIFT);
}

void
aspace_get(struct aspace *as)
{
	assert(atomic_fetch_add(&as->refs, 1) != 0);
}

void
aspace_users_get(struct aspace *as)
{
	atomic_inc(&as->users);
}

/*
 * Clear all entries. unused: nobody runs on as, nor will; otherwise every CPU
 * is flushed before a frame goes back.
 */
static void
zap_all(struct aspace *as, bool unused)
{
	struct tlb_batch b;
	struct vma *v;

	tlb_batch_init(&b, as);
	b.unused = unused;
	mutex_lock(&as->lock);
	atomic_store(&as->torn, 1);	/* before any table is looked at */
	for (v = vma_first(as); v; v = vma_next(v))
		pt_zap(&b, v->start, v->end, true);
	tlb_batch_flush(&b);
	if (unused)
		limbo_drop(as);
	else
		limbo_settle(as);
	mutex_unlock(&as->lock);
}

void
aspace_tear_down(struct aspace *as)
{
	zap_all(as, false);
}

void
aspace_users_put(struct aspace *as)
{
	if (!atomic_dec_and_test(&as->users))
		return;
	dassert(current->aspace != as);
	zap_all(as, true);
}

void
aspace_put(struct aspace *as)
{
	if (!atomic_dec_and_test(&as->refs))
		return;
	/* An error path may drop the reference only, with nobody on it. */
	if (atomic_xchg(&as->users, 0) != 0)
		zap_all(as, true);
	tlb_let_go(as);
}

void
aspace_free_rcu(struct rcu_head *head)
{
	struct aspace *as = CONTAINER_OF(head, struct aspace, rcu);
	struct rb_node *n = as->vmas.node, *up;

	assert(!tlb_is_loaded(as));
	if (unlikely(atomic_load_acquire(&as->limbo_queued))) {
		rcu_call(&as->rcu, aspace_free_rcu);
		return;
	}
	/* From the leaves up: no balance, no gaps, no order to keep. */
	while (n) {
		if (n->left) {
			n = n->left;
		} else if (n->right) {
			n = n->right;
		} else {
			struct vma *v = RB_ENTRY(n, struct vma, node);

			up = rb_parent(n);
			if (up)
				up->child[up->right == n] = NULL;
			if (v->pager)
				vma_pager_detach(v);
			vma_free_rcu(&v->rcu);
			n = up;
		}
	}
	pt_free_all(as);
	kmem_put(&aspace_cache, as);
}

u64
aspace_frames(const struct aspace *as)
{
	return atomic_load_relaxed(&as->rss_anon) +
	    atomic_load_relaxed(&as->rss_pt) + READ_ONCE(as->nlimbo) +
	    READ_ONCE(as->nvmas) * sizeof(struct vma) / PAGE_SIZE;
}

u64
aspace_rss_peak(struct aspace *as)
{
	u64 rss = atomic_load_relaxed(&as->rss_anon) +
	    atomic_load_relaxed(&as->rss_file);

	atomic_max_u64(&as->rss_peak, rss);
	return atomic_load_relaxed(&as->rss_peak);
}
