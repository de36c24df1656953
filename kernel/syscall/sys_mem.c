/*
 * System calls about memory: arguments checked, files turned into pagers; the
 * work is in kernel/vm.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/mman.h"
#include "kernel/file/file.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vm/aspace.h"
#include "kernel/vm/reserve.h"

#define PROT_KNOWN	(PROT_READ | PROT_WRITE | PROT_EXEC)
#define PROT_IGNORED	(PROT_SEM | PROT_GROWSDOWN | PROT_GROWSUP)
/* Flags of the user's that vm_map understands; the others are hints. */
#define MAP_PASSED	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | \
	MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | \
	MAP_NONBLOCK | MAP_STACK | MAP_FIXED_NOREPLACE)

/* What f lets a mapping do; *max_prot is what mprotect may add later. */
static int
mmap_check_file(const struct file *f, u32 prot, u32 flags, u32 *max_prot)
{
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;

	*max_prot = PROT_KNOWN;
	if (!(f->mode & FMODE_READ))
		return -EACCES;
	if (shared && !(f->mode & FMODE_WRITE)) {
		*max_prot &= ~(u32)PROT_WRITE;
		if (prot & PROT_WRITE)
			return -EACCES;
	}
	return f->ops->mmap == NULL ? -ENODEV : 0;
}

static long
mmap_file(u64 addr, u64 len, u32 prot, u32 flags, int fd, u64 offset)
{
	struct fd_ref ref = fd_borrow((u32)fd);
	struct file *f = ref.file;
	struct pager *pager;
	u32 max_prot;
	long result;

	if (f == NULL)
		return -EBADF;
	result = mmap_check_file(f, prot, flags, &max_prot);
	if (result == 0)
		result = f->ops->mmap(f, prot, flags, &pager);
	if (result == 0) {
		result = vm_map(current->aspace, addr, len, prot, flags,
		    pager, offset >> PAGE_SHIFT, max_prot);
		if (pager != NULL)
			pager->ops->put(pager);
	}
	fd_return(ref);
	return result;
}

long
sys_mmap(u64 addr, usize len, int prot, int flags, int fd, u64 offset)
{
	u32 p = (u32)prot & ~PROT_IGNORED, fl = (u32)flags & MAP_PASSED;
	u32 type = fl & MAP_TYPE;

	if (p & ~PROT_KNOWN || len == 0 || offset & PAGE_MASK ||
	    (type != MAP_SHARED && type != MAP_PRIVATE &&
	    type != MAP_SHARED_VALIDATE))
		return -EINVAL;
	if ((u32)flags & MAP_HUGETLB)
		return -ENOMEM;		/* policy: there is no huge page pool */
	if (type == MAP_SHARED_VALIDATE) {
		if ((u32)flags & ~(MAP_PASSED | MAP_DENYWRITE |
		    MAP_EXECUTABLE))
			return -EOPNOTSUPP;
		fl = (fl & ~(u32)MAP_TYPE) | MAP_SHARED;
	}
	if (fl & MAP_FIXED_NOREPLACE)
		fl |= MAP_FIXED;
	if (offset + PAGE_UP(len) < offset)
		return -EOVERFLOW;
	if (fl & MAP_ANONYMOUS)
		return vm_map(current->aspace, addr, len, p, fl, NULL, 0,
		    PROT_KNOWN);
	return mmap_file(addr, len, p, fl, fd, offset);
}

long
sys_munmap(u64 addr, usize len)
{
	return vm_unmap(current->aspace, addr, len);
}

long
sys_mprotect(u64 addr, usize len, int prot)
{
	u32 p = (u32)prot & ~PROT_IGNORED;

	if (p & ~PROT_KNOWN)
		return -EINVAL;
	return vm_protect(current->aspace, addr, len, p);
}

long
sys_brk(u64 addr)
{
	return (long)vm_brk(current->aspace, addr);
}

long
sys_mremap(u64 old, usize old_len, usize new_len, int flags, u64 addr)
{
	return vm_remap(current->aspace, old, old_len, new_len, (u32)flags,
	    addr);
}

long
sys_msync(u64 addr, usize len, int flags)
{
	return vm_sync(current->aspace, addr, len, flags);
}

long
sys_mincore(u64 addr, usize len, uptr_t vec)
{
	return vm_mincore(current->aspace, addr, len, vec);
}

long
sys_madvise(u64 addr, usize len, int advice)
{
	return vm_advise(current->aspace, addr, len, advice);
}

long
sys_mlock(u64 addr, usize len)
{
	return vm_lock(current->aspace, addr, len, 0);
}

long
sys_mlock2(u64 addr, usize len, int flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return vm_lock(current->aspace, addr, len, (u32)flags);
}

long
sys_munlock(u64 addr, usize len)
{
	return vm_unlock(current->aspace, addr, len);
}

long
sys_mlockall(int flags)
{
	if (flags == 0 || flags == MCL_ONFAULT ||
	    flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		return -EINVAL;
	return vm_lock_all(current->aspace, (u32)flags);
}

long
sys_munlockall(void)
{
	return vm_unlock_all(current->aspace);
}

/* Every CPU passes a full barrier at a context switch: a grace period is one
 * on all of them. membarrier(2) */
long
sys_membarrier(int cmd, int flags, int cpu)
{
	(void)cpu;
	if (flags != 0)
		return -EINVAL;
	switch (cmd) {
	case MEMBARRIER_CMD_QUERY:
		return MEMBARRIER_CMD_GLOBAL |
		    MEMBARRIER_CMD_GLOBAL_EXPEDITED |
		    MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
		    MEMBARRIER_CMD_PRIVATE_EXPEDITED |
		    MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
		return 0;
	case MEMBARRIER_CMD_GLOBAL:
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
		rcu_synchronize();
		return 0;
	default:
		return -EINVAL;
	}
}
