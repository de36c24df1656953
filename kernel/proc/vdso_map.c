/*
 * The vDSO in the kernel: its pages, made once at boot, and mapping them.
 *
 * They are a pager like a file's: page 0 is the data that the clock needs,
 * the others the image. One mapping, readable and executable, holds all.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/proc/vdso.h"
#include "kernel/proc/vdso/vvar.h"
#include "kernel/sched/timer.h"
#include "kernel/vm/aspace.h"
#include "kernel/x86/clock.h"

#define VDSO_PAGES_MAX	8

extern const u8 vdso_image[], vdso_image_end[];

static struct pager vdso_pager;
static struct frame *vdso_frames[VDSO_PAGES_MAX];	/* [I] data first */
static u32 vdso_npages;			/* [I] with the data page */

static void
vdso_ref(struct pager *p)
{
	(void)p;			/* it stays for ever */
}

static struct frame *
vdso_find_page(struct pager *p, u64 index)
{
	struct frame *f;

	(void)p;
	if (index >= vdso_npages)
		return NULL;
	f = vdso_frames[index];
	frame_ref(f);
	return f;
}

static int
vdso_get_page(struct pager *p, u64 index, bool writable, struct frame **out)
{
	*out = writable ? NULL : vdso_find_page(p, index);
	return *out != NULL ? 0 : -EFAULT;
}

static int
vdso_path(struct pager *p, char *buf, usize len)
{
	(void)p;
	return (int)strlcpy(buf, "[vdso]", len);
}

static void
vdso_identity(struct pager *p, u64 *dev, u64 *ino)
{
	(void)p;
	*dev = 0;
	*ino = 0;
}

static const struct pager_ops vdso_ops = {
	.get = vdso_ref,
	.put = vdso_ref,
	.get_page = vdso_get_page,
	.find_page = vdso_find_page,
	.path = vdso_path,
	.identity = vdso_identity,
};

/* The wall clock was set. */
void
vdso_update(void)
{
	struct vvar *v = (struct vvar *)frame_virt(vdso_frames[0]);

	__atomic_add_fetch(&v->seq, 1, __ATOMIC_SEQ_CST);
	v->shift = clock_scale.shift;
	v->mult = clock_scale.mult;
	v->tsc_base = clock_scale.tsc_base;
	v->wall_ns = clock_realtime_ns() - clock_now_ns();
	__atomic_add_fetch(&v->seq, 1, __ATOMIC_SEQ_CST);
}

void
vdso_init(void)
{
	usize len = (usize)(vdso_image_end - vdso_image);

	vdso_npages = 1 + (u32)DIV_UP(len, PAGE_SIZE);
	assert(vdso_npages <= VDSO_PAGES_MAX);
	for (u32 i = 0; i < vdso_npages; i++)
		vdso_frames[i] = frame_get_zero(FRAME_KERNEL);
	for (usize at = 0; at < len; at += PAGE_SIZE)
		memcpy(frame_virt(vdso_frames[1 + at / PAGE_SIZE]),
		    vdso_image + at, MIN(len - at, PAGE_SIZE));
	pager_init(&vdso_pager, &vdso_ops);
	vdso_update();
}

int
vdso_map(struct aspace *as, u64 *base)
{
	long at = vm_map(as, 0, vdso_npages * PAGE_SIZE,
	    PROT_READ | PROT_EXEC, MAP_PRIVATE | VMA_VDSO, &vdso_pager, 0,
	    PROT_READ | PROT_EXEC);

	if (at < 0)
		return (int)at;
	*base = (u64)at + PAGE_SIZE;
	return 0;
}
