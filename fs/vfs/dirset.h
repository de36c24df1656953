/*
 * Directories that are locked together: by address, each once. For names.c and
 * rename.c.
 */
#pragma once

#include "fs/vfs/vfs.h"
#include "kernel/lib/assert.h"

#define DIRS_MAX	3u

struct dir_set {
	u32		n;
	struct inode	*dir[DIRS_MAX];		/* by address, each once */
};

static inline void
set_add(struct dir_set *s, struct inode *i)
{
	u32 at = 0;

	while (at < s->n && s->dir[at] < i)
		at++;
	if (at < s->n && s->dir[at] == i)
		return;
	assert(s->n < DIRS_MAX);
	for (u32 k = s->n++; k > at; k--)
		s->dir[k] = s->dir[k - 1];
	s->dir[at] = i;
}

static inline void
set_lock(const struct dir_set *s) NO_THREAD_CHECK
{
	for (u32 k = 0; k < s->n; k++)
		rwlock_write_lock(&s->dir[k]->lock);
}

static inline void
set_unlock(const struct dir_set *s) NO_THREAD_CHECK
{
	for (u32 k = s->n; k-- > 0; )
		rwlock_write_unlock(&s->dir[k]->lock);
}
