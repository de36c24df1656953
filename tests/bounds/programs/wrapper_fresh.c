/* expect: sys_a vma:1; sys_b vma:1 frame:1 */
/* Wrappers hand out fresh objects and take them back: credited. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);

static struct vma *
vma_create(u64 start)
{
	struct vma *v = kmem_get(&vma_cache);

	v->start = start;
	return v;
}

static void
vma_destroy(struct vma *v)
{
	v->start = 0;
	kmem_put(&vma_cache, v);
}

CALL(a)
{
	struct vma *v = vma_create(tf->rdi);

	vma_destroy(v);
	v = vma_create(tf->rsi);
	vma_destroy(v);
	return 0;
}

/* A page's address stands for its frame. */
static void *
page_create(void)
{
	return frame_virt(frame_get(FRAME_BUFFER));
}

CALL(b)
{
	void *page = page_create();

	frame_free(frame_of_virt(page));
	use(page_create());
	use(vma_create(0));
	return 0;
}

SYSCALLS = { ROW(a), ROW(b) };
