/*
 * mprotect(2), and mlock(2) and kin. Nothing is ever paged out here, so that
 * locking is faulting in, and an account kept against RLIMIT_MEMLOCK.
 */
#include "kernel/vm/reserve.h"
#include "kernel/vm/vm_priv.h"

bool
vm_range_is_mapped(struct aspace *as, u64 start, u64 end)
{
	struct vma *v = vma_at_or_above(as, start);

	for (; v && v->start <= start; v = vma_next(v)) {
		start = v->end;
		if (start >= end)
			return true;
	}
	return false;
}

/* Before anything changes: may all of the range become prot? */
static int
check_protect(struct aspace *as, u64 start, u64 end, u32 prot)
{
	struct vma *v = vma_find(as, start);
	u64 ndata = 0;

	if (!vm_range_is_mapped(as, start, end) || as->nvmas + 2 > VMAS_MAX)
		return -ENOMEM;
	for (; v && v->start < end; v = vma_next(v)) {
		if (prot & ~v->max_prot)
			return -EACCES;
		if ((prot & PROT_WRITE) && !vma_is_shared(v) &&
		    !vma_is_data(v))
			ndata += MIN(end, v->end) - MAX(start, v->start);
	}
	if (as->data_pages + (ndata >> PAGE_SHIFT) >
	    as->limit_data >> PAGE_SHIFT)
		return -ENOMEM;
	return 0;
}

static void
change_prot(struct aspace *as, struct tlb_batch *b, struct vma *v, u32 prot)
{
	vma_account(as, v, -(s64)vma_pages(v));
	WRITE_ONCE(v->prot, prot);
	smp_mb();	/* the VMA, before a look at the tables */
	vma_account(as, v, vma_pages(v));
	pt_protect(b, v, v->start, v->end);
}

int
vm_protect(struct aspace *as, u64 addr, u64 len, u32 prot)
{
	struct tlb_batch b;
	struct vma *v;
	u64 end;
	int rc;

	len = PAGE_UP(len);
	if (len == 0)
		return addr & PAGE_MASK ? -EINVAL : 0;
	if (addr & PAGE_MASK)
		return -EINVAL;
	if (!range_ok(addr, len))
		return -ENOMEM;
	prot &= PROT_READ | PROT_WRITE | PROT_EXEC;
	end = addr + len;
	mutex_lock(&as->lock);
	rc = check_protect(as, addr, end, prot);
	if (rc != 0)
		goto out;
	tlb_batch_init(&b, as);
	v = vma_split_range(as, addr, end);
	for (; v && v->start < end; v = vma_next(v)) {
		if (v->prot != prot)
			change_prot(as, &b, v, prot);
		v = vma_merge(as, v);	/* also what was split in vain */
	}
	tlb_batch_flush(&b);
out:
	mutex_unlock(&as->lock);
	return rc;
}

/* Set or clear VMA_LOCKED of what is mapped in [start, end). */
static void
mark_locked(struct aspace *as, u64 start, u64 end, u32 flag)
{
	struct vma *v = vma_split_range(as, start, end);

	for (; v && v->start < end; v = vma_next(v)) {
		if ((v->flags & VMA_LOCKED) != flag) {
			vma_account(as, v, -(s64)vma_pages(v));
			WRITE_ONCE(v->flags, (v->flags & ~VMA_LOCKED) | flag);
			vma_account(as, v, vma_pages(v));
		}
		v = vma_merge(as, v);	/* also what was split in vain */
	}
}

/* Round the range out to pages. */
static int
lock_range(u64 *addr, u64 *len)
{
	u64 end;

	if (*addr > USER_TOP || *len > USER_TOP - *addr)
		return -EINVAL;
	end = PAGE_UP(*addr + *len);
	*addr = PAGE_DOWN(*addr);
	*len = end - *addr;
	return 0;
}

int
vm_lock(struct aspace *as, u64 addr, u64 len, u32 mlock_flags)
{
	int rc = lock_range(&addr, &len);

	if (rc != 0 || len == 0)
		return rc;
	if (mlock_flags & ~(u32)MLOCK_ONFAULT)
		return -EINVAL;
	mutex_lock(&as->lock);
	if (!vm_range_is_mapped(as, addr, addr + len) ||
	    as->nvmas + 2 > VMAS_MAX ||
	    as->locked_pages + (len >> PAGE_SHIFT) >
	    as->limit_memlock >> PAGE_SHIFT)
		rc = -ENOMEM;
	else
		mark_locked(as, addr, addr + len, VMA_LOCKED);
	mutex_unlock(&as->lock);
	if (rc == 0 && !(mlock_flags & MLOCK_ONFAULT))
		rc = vm_populate(as, addr, len, false);
	return rc == -EFAULT ? -ENOMEM : rc;
}

int
vm_unlock(struct aspace *as, u64 addr, u64 len)
{
	int rc = lock_range(&addr, &len);

	if (rc != 0 || len == 0)
		return rc;
	mutex_lock(&as->lock);
	if (!vm_range_is_mapped(as, addr, addr + len) ||
	    as->nvmas + 2 > VMAS_MAX)
		rc = -ENOMEM;
	else
		mark_locked(as, addr, addr + len, 0);
	mutex_unlock(&as->lock);
	return rc;
}

int
vm_lock_all(struct aspace *as, u32 mcl_flags)
{
	int rc = 0;

	if (mcl_flags == 0 || mcl_flags == MCL_ONFAULT ||
	    (mcl_flags & ~(u32)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)))
		return -EINVAL;
	mutex_lock(&as->lock);
	if ((mcl_flags & MCL_CURRENT) &&
	    as->total_pages > as->limit_memlock >> PAGE_SHIFT)
		rc = -ENOMEM;
	else if (mcl_flags & MCL_CURRENT)
		mark_locked(as, USER_MIN, USER_TOP, VMA_LOCKED);
	if (rc == 0)
		as->lock_future = mcl_flags & MCL_FUTURE;
	mutex_unlock(&as->lock);
	if (rc == 0 && (mcl_flags & MCL_CURRENT) && !(mcl_flags & MCL_ONFAULT))
		(void)vm_populate(as, USER_MIN, USER_TOP - USER_MIN,
		    false);			/* what there is */
	return rc;
}

int
vm_unlock_all(struct aspace *as)
{
	mutex_lock(&as->lock);
	mark_locked(as, USER_MIN, USER_TOP, 0);
	as->lock_future = 0;
	mutex_unlock(&as->lock);
	return 0;
}
