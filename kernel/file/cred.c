/*
 * Credentials.
 */
#include "kernel/file/cred.h"
#include "kernel/lib/refcount.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"

static KMEM_CACHE(cred_cache, "cred", struct cred);

struct cred root_cred = { .refs = 1 };

struct cred *
cred_copy(const struct cred *c)
{
	struct cred *n = kmem_get(&cred_cache);

	memcpy(n, c, sizeof(*n));
	ref_init(&n->refs, 1);
	return n;
}

static void
cred_free_rcu(struct rcu_head *head)
{
	kmem_put(&cred_cache, CONTAINER_OF(head, struct cred, rcu));
}

void
cred_get(struct cred *c)
{
	ref_get(&c->refs);
}

void
cred_put(struct cred *c)
{
	if (ref_put(&c->refs) && c != &root_cred)
		rcu_call(&c->rcu, cred_free_rcu);
}

void
cred_commit(struct cred *c)
{
	struct cred *old = current->cred;

	rcu_store(current->cred, c);
	cred_put(old);
}

bool
cred_in_group(const struct cred *c, u32 gid)
{
	if (c->fsgid == gid)
		return true;
	for (u32 i = 0; i < c->ngroups; i++)
		if (c->groups[i] == gid)
			return true;
	return false;
}
