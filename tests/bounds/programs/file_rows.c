/* expect: sys_read -; pipe.read frame:1; disk.read frame:3 vma:1;
 *	pipe.write -; disk.write frame:2 */
/* A segment by the file's type: each type's own function alone, and the rest
 * of the call on top of each. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);
FILE_BOUNDS(pipe);
FILE_BOUNDS(disk);

static long
pipe_read(struct file *f, char *to, u64 len)
{
	return 0;
}

static long
disk_read(struct file *f, char *to, u64 len)
{
	use(frame_get(FRAME_KERNEL));
	use(frame_get(FRAME_KERNEL));
	use(kmem_get(&vma_cache));
	return 0;
}

static long
disk_write(struct file *f, const char *from, u64 len)
{
	use(frame_get(FRAME_KERNEL));
	use(frame_get(FRAME_KERNEL));
	return 0;
}

static const struct file_ops pipe_ops = {
	.name = "pipe", .bound = pipe_bounds, .read = pipe_read,
};
static const struct file_ops disk_ops = {
	.name = "disk", .bound = disk_bounds, .read = disk_read,
	.write = disk_write,
};
static struct file files[2] = { { &pipe_ops }, { &disk_ops } };

CALL(read)
{
	struct file *f = &files[tf->rdi & 1];
	long n;

	if (file_reserve(f, FOP_READ) != 0)
		return -4;
	n = f->ops->read(f, NULL, tf->rsi);
	use(frame_get(FRAME_KERNEL));
	return n;
}

CALL(write)
{
	struct file *f = &files[tf->rdi & 1];

	if (file_reserve(f, FOP_WRITE) != 0)
		return -4;
	return f->ops->write != NULL ? f->ops->write(f, NULL, 0) : -22;
}

SYSCALLS = { ROW(read), ROW(write) };
