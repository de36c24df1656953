/*
 * Look-ups and changes of names take nothing from a disk.
 *
 * Between sb_begin() and sb_end(), and with a directory locked, a file system
 * works on what it has in memory. Reading there would make each call pay, by
 * its bound, for all blocks that it could ever look at: hundreds of frames. So
 * the first one that is missing ends the try, with -EAGAIN, before anything
 * has changed that another try would not accept; the file system notes it in
 * the call's struct warm (current->warm). Here, holding nothing, it is read, in
 * a segment of its own (super_ops.warm), and stays pinned until the call ends.
 * Then the call tries again, in a segment of one of the rows below.
 *
 * W1 Each turn pins one more, or has brought the work forward; what is pinned
 *    is not missing again. So a call ends, whatever memory is taken away
 *    meanwhile: WARM_TURNS is more than any can need, unless names change
 *    under it all the time, or the disk lies.
 */
#include "fs/vfs/vfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/sched/sched.h"
#include "kernel/trace/log.h"
#include "kernel/vm/reserve.h"

#define WARM_TURNS	64u

static BOUND_ROW(link_read);		/* behind a reading */

void
warm_begin(struct warm *w)
{
	assert(current->warm == NULL);
	w->turns = w->npins = w->what = 0;
	w->at = 0;
	w->owner = NULL;
	current->warm = w;
}

int
warm_read(struct warm *w, struct superblock *sb)
{
	if (sb->ops->warm == NULL)
		return -EAGAIN;			/* its own answer */
	if (w->turns++ >= WARM_TURNS || w->npins == WARM_PINS) {
		kwarn("a name on device %#lx: %u blocks were read for it, and "
		    "it is not done", sb->dev, w->npins);
		return -EIO;
	}
	return sb->ops->warm(sb, w);
}

void
warm_end(struct warm *w, struct superblock *sb)
{
	assert(current->warm == w);
	current->warm = NULL;
	if (sb->ops->cool != NULL)
		sb->ops->cool(w);
}

isize
link_read(struct inode *i, char *buf, usize len)
{
	struct warm warm;
	isize n;

	if (i->ops->readlink == NULL)
		return -EINVAL;
	warm_begin(&warm);
	while ((n = i->ops->readlink(i, buf, len)) == -EAGAIN) {
		n = warm_read(&warm, i->sb);
		if (n != 0)
			break;
		n = reserve_row(&bound_link_read);
		if (n != 0)
			break;
	}
	warm_end(&warm, i->sb);
	return n;
}
