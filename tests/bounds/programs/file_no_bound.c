/* expect: E-ROW */
/* A type without bounds promises nothing, so it may take nothing. */
#include "tests/bounds/mini.h"

static long
null_read(struct file *f, char *to, u64 len)
{
	use(frame_get(FRAME_KERNEL));
	return 0;
}

static const struct file_ops null_ops = {	/* line */
	.name = "null", .read = null_read,
};
static struct file null_file = { &null_ops };

CALL(read)
{
	struct file *f = &null_file;

	if (file_reserve(f, FOP_READ) != 0)
		return -4;
	return f->ops->read(f, NULL, tf->rsi);
}

SYSCALLS = { ROW(read) };
