/*
 * A call's path name: copied to the stack if it is short, else to a frame.
 */
#pragma once

#include "fs/vfs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/vm/reserve.h"
#include "kernel/vm/uaccess.h"

#define NAME_SMALL	120u

struct call_name {
	char	*text;			/* small, or a frame of its own */
	char	small[NAME_SMALL + 8];
};

/* The name if it is short and its page is there: no frame, no fault. */
static inline bool
name_in_fast(struct call_name *n, uptr_t user)
{
	usize done;

	n->text = n->small;
	return usercopy_str(n->small, user, NAME_SMALL, &done) > 0;
}

/* The name by all means; draws a frame. empty: "" is allowed. */
static inline int
name_in(struct call_name *n, uptr_t user, bool empty)
{
	int rc;

	if (likely(name_in_fast(n, user)))
		return 0;
	rc = path_name_get(user, &n->text);
	if (rc == 0)
		return 0;
	n->text = n->small;
	n->small[0] = '\0';
	return rc == -ENOENT && empty ? 0 : rc;
}

static inline void
name_out(struct call_name *n)
{
	if (unlikely(n->text != n->small))
		path_name_put(n->text);
}

/* What the flags of the *at calls mean for a walk. */
static inline u32
walk_flags(u32 at_flags)
{
	return (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
	    (at_flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
}

/* Walk to a user's name; the caller has reserved. */
static inline int
walk_user(int dirfd, uptr_t user, u32 flags, struct path *p)
{
	struct call_name n;
	int rc = name_in(&n, user, flags & WALK_EMPTY);

	if (rc != 0)
		return rc;
	rc = path_walk(dirfd, n.text, flags, p);
	name_out(&n);
	return rc;
}
