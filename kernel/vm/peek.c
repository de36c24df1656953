/*
 * Looking into an address space that need not be the running one: pages for
 * futexes, arguments for /proc, the first stack of a new program.
 */
#include "kernel/lib/string.h"
#include "kernel/vm/reserve.h"
#include "kernel/vm/vm_priv.h"
#include "kernel/x86/trap.h"

/*
 * The entry of addr, and a reference to its frame in *out (NULL: none, or the
 * zero page).
 */
static pte_t
look_up(struct aspace *as, u64 addr, struct frame **out)
{
	u64 at = PAGE_DOWN(addr);
	struct frame *pt;
	pte_t pte = 0;

	*out = NULL;
	rcu_read_lock();
	pt = pt_seek(as, &at, PAGE_DOWN(addr) + PAGE_SIZE);
	if (pt) {
		spin_lock(&pt->lock);
		pte = pt_entries(pt)[pt_leaf_index(addr)];
		if (pt->pt_dead || !(pte & PTE_P))
			pte = 0;
		else
			*out = pte_frame(pte);
		if (*out)
			frame_ref(*out);
		spin_unlock(&pt->lock);
	}
	rcu_read_unlock();
	return pte;
}

struct frame *
vm_lookup_page(struct aspace *as, u64 addr)
{
	struct frame *f;

	(void)look_up(as, addr, &f);
	return f;
}

/* The key of addr, which v holds if anything does. */
static bool
key_in_vma(struct aspace *as, const struct vma *v, u64 addr, u64 key[2])
{
	if (!v)
		return false;
	key[0] = (u64)as;
	key[1] = addr;
	if (vma_is_shared(v)) {
		key[0] = (u64)v->pager;
		key[1] = vma_index(v, addr) << PAGE_SHIFT | (addr & PAGE_MASK);
	}
	return true;
}

bool
vm_futex_key(struct aspace *as, u64 addr, u64 key[2])
{
	bool ok;

	rcu_read_lock();
	ok = key_in_vma(as, vma_find_rcu(as, addr), addr, key);
	rcu_read_unlock();
	if (likely(ok))
		return true;
	mutex_lock(&as->lock);
	ok = key_in_vma(as, vma_find(as, addr), addr, key);
	mutex_unlock(&as->lock);
	return ok;
}

/* Fault one page of as in: a renewal point. */
static int
fault_in(struct aspace *as, u64 addr, u32 error)
{
	struct renewal r = renewal_begin();
	int rc = vm_fault_charged(as, addr, error | PF_USER);
	int renewed = renewal_end(r);

	return rc != 0 ? rc : renewed;
}

/*
 * The page at addr with a reference (NULL: zeros, when read). Writable when
 * write says so.
 */
static int
get_page(struct aspace *as, u64 addr, bool write, struct frame **out)
{
	pte_t pte;
	int rc;

	for (;;) {
		pte = look_up(as, addr, out);
		if ((pte & PTE_P) && (!write || (pte & PTE_W)))
			return 0;
		if (*out)
			frame_put(*out);
		rc = fault_in(as, addr, write ? PF_WRITE : 0);
		if (rc != 0)
			return rc;
	}
}

usize
vm_peek(struct aspace *as, u64 addr, void *buf, usize len)
{
	struct frame *f;
	usize done = 0, n;

	while (done < len && addr < USER_TOP) {
		n = MIN(len - done, PAGE_SIZE - (addr & PAGE_MASK));
		if (get_page(as, addr, false, &f) != 0)
			break;
		if (f) {
			memcpy((u8 *)buf + done,
			    (u8 *)frame_virt(f) + (addr & PAGE_MASK), n);
			frame_put(f);
		} else {
			memset((u8 *)buf + done, 0, n);
		}
		done += n;
		addr += n;
	}
	return done;
}

int
vm_poke(struct aspace *as, u64 addr, const void *buf, usize len)
{
	const u8 *from = buf;
	struct frame *f;
	usize n;
	int rc;

	for (; len > 0; addr += n, len -= n) {
		n = MIN(len, PAGE_SIZE - (addr & PAGE_MASK));
		rc = get_page(as, addr, true, &f);
		if (rc != 0)
			return rc == -EINTR ? rc : -EFAULT;
		if (from) {
			memcpy((u8 *)frame_virt(f) + (addr & PAGE_MASK),
			    from, n);
			from += n;
		} else {
			memset((u8 *)frame_virt(f) + (addr & PAGE_MASK), 0, n);
		}
		frame_put(f);
	}
	return 0;
}

/* Fault in [addr, end) of one VMA; what cannot be is skipped, if it may be. */
static int
populate_vma(struct aspace *as, u64 addr, u64 end, bool write, bool must)
{
	int rc;

	for (; addr < end; addr += PAGE_SIZE) {
		rc = fault_in(as, addr, write ? PF_WRITE : 0);
		if (rc == -EINTR)
			return rc;
		if (rc != 0)
			return must ? -EFAULT : 0;
		preempt_point();
	}
	return 0;
}

int
vm_populate(struct aspace *as, u64 addr, u64 len, bool write)
{
	u64 end = addr + len, stop;
	bool hole = false, data;
	struct vma *v;
	int rc;

	while (addr < end) {
		mutex_lock(&as->lock);
		v = vma_at_or_above(as, addr);
		if (!v || v->start > addr)
			hole = true;
		if (!v || v->start >= end) {
			mutex_unlock(&as->lock);
			break;
		}
		addr = MAX(addr, v->start);
		stop = MIN(end, v->end);
		data = vma_is_data(v);
		mutex_unlock(&as->lock);
		rc = populate_vma(as, addr, stop, write || data, write);
		if (rc != 0)
			return rc;
		addr = stop;
	}
	return hole ? -ENOMEM : 0;
}
