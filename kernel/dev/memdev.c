/*
 * null, zero, full, random, urandom: devices without hardware (mem(4), null(4),
 * random(4)).
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/chardev.h"
#include "kernel/dev/memdev.h"
#include "kernel/dev/random.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/trace/log.h"
#include "kernel/vm/aspace.h"

#define MEM_MAJOR	1
#define CHUNK		256		/* random bytes made at once */
#define LOG_LINE	512

static isize
null_read(struct file *f, struct uio *to, s64 *pos)
{
	(void)f, (void)to, (void)pos;
	return 0;
}

static isize
null_write(struct file *f, struct uio *from, s64 *pos)
{
	usize n = from->left;

	(void)f, (void)pos;
	uio_skip(from, n);
	return n;
}

/* Seeking these does nothing, and says so with 0. */
static s64
null_seek(struct file *f, s64 off, int whence)
{
	(void)f, (void)off, (void)whence;
	return 0;
}

static int
stopped_by_kill(void)
{
	preempt_point();
	return thread_is_killed(current) ? -EINTR : 0;
}

static isize
zero_read(struct file *f, struct uio *to, s64 *pos)
{
	usize done = 0;
	int err = 0;

	(void)f, (void)pos;
	while (err == 0 && to->left > 0) {
		usize n = uio_zero(to, MIN(to->left, PAGE_SIZE));

		done += n;
		err = n == 0 ? uio_fault_in(to, USER_WRITE) :
		    stopped_by_kill();
	}
	return done != 0 ? (isize)done : err;
}

/* A shared mapping of /dev/zero is shared anonymous memory; a private one is
 * made by the caller without a pager (NULL). */
static int
zero_mmap(struct file *f, u32 prot, u32 flags, struct pager **out)
{
	(void)f, (void)prot, (void)flags;
	*out = NULL;
	return 0;
}

static isize
full_write(struct file *f, struct uio *from, s64 *pos)
{
	(void)f, (void)from, (void)pos;
	return -ENOSPC;
}

static isize
random_read(struct file *f, struct uio *to, s64 *pos)
{
	u8 bytes[CHUNK];
	usize done = 0;
	int err = 0;

	(void)f, (void)pos;
	while (err == 0 && to->left > 0) {
		usize n = MIN(to->left, sizeof(bytes)), put;

		random_bytes(bytes, n);
		put = uio_put(to, bytes, n);
		done += put;
		err = put < n ? uio_fault_in(to, USER_WRITE) :
		    stopped_by_kill();
	}
	return done != 0 ? (isize)done : err;
}

static isize
random_write(struct file *f, struct uio *from, s64 *pos)
{
	u8 bytes[CHUNK];
	usize done = 0;
	int err = 0;

	(void)f, (void)pos;
	while (err == 0 && from->left > 0) {
		usize n = MIN(from->left, sizeof(bytes));
		usize got = uio_get(from, bytes, n);

		if (got > 0)
			random_add(bytes, got);
		done += got;
		err = got < n ? uio_fault_in(from, USER_READ) :
		    stopped_by_kill();
	}
	return done != 0 ? (isize)done : err;
}

/* kmsg: a line written becomes a line of the kernel log. */
static isize
kmsg_write(struct file *f, struct uio *from, s64 *pos)
{
	char line[LOG_LINE];
	usize want = MIN(from->left, sizeof(line) - 1), got = 0;
	usize all = from->left;
	int err = 0;

	(void)f, (void)pos;
	while (err == 0 && got < want) {
		got += uio_get(from, line + got, want - got);
		if (got < want)
			err = uio_fault_in(from, USER_READ);
	}
	if (err != 0)
		return err;
	while (got > 0 && line[got - 1] == '\n')
		got--;
	klog(LOG_NOTICE, "%s: %.*s", current->name, (int)got, line);
	return all;
}

static FILE_BOUNDS(mem);

#define OPS(var, text, r, w, m) \
	static const struct file_ops var = { \
		.name = (text), \
		.bound = mem_bounds, \
		.read = (r), .write = (w), .seek = null_seek, .mmap = (m), \
	}

OPS(null_ops, "null", null_read, null_write, NULL);
OPS(zero_ops, "zero", zero_read, null_write, zero_mmap);
OPS(full_ops, "full", zero_read, full_write, NULL);
OPS(random_ops, "random", random_read, random_write, NULL);
OPS(kmsg_ops, "kmsg", null_read, kmsg_write, NULL);

static struct chardev devices[] = {
	{ .name = "null", .minor = 3, .mode = 0666, .ops = &null_ops },
	{ .name = "zero", .minor = 5, .mode = 0666, .ops = &zero_ops },
	{ .name = "full", .minor = 7, .mode = 0666, .ops = &full_ops },
	{ .name = "random", .minor = 8, .mode = 0666, .ops = &random_ops },
	{ .name = "urandom", .minor = 9, .mode = 0666, .ops = &random_ops },
	{ .name = "kmsg", .minor = 11, .mode = 0644, .ops = &kmsg_ops },
};

void
memdev_init(void)
{
	for (u32 i = 0; i < ARRAY_LEN(devices); i++) {
		devices[i].major = MEM_MAJOR;
		chardev_add(&devices[i]);
	}
}
