/*
 * Credentials: who a thread acts as. Immutable once published: a change makes a
 * copy (cred_copy, change, cred_commit).
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sched/thread.h"

#define CRED_GROUPS	64		/* LIMIT: supplementary groups kept */

/* a atomic; all else I immutable once published; freed under RCU */
struct cred {
	u32	refs;			/* [a] */
	u32	uid, euid, suid, fsuid;
	u32	gid, egid, sgid, fsgid;
	u32	ngroups;
	u32	groups[CRED_GROUPS];
	struct rcu_head rcu;
};

extern struct cred root_cred;

static inline const struct cred *
current_cred(void)
{
	return current->cred;
}

struct cred *cred_copy(const struct cred *c);	/* one reference */
void	cred_commit(struct cred *c);		/* becomes current's */
void	cred_get(struct cred *c);
void	cred_put(struct cred *c);
bool	cred_in_group(const struct cred *c, u32 gid);
/* Superuser: euid 0. LIMIT: no capability sets; every right of root is all. */
static inline bool
cred_is_root(const struct cred *c)
{
	return c->euid == 0;
}
