/*
 * System calls about users and groups (credentials(7)).
 *
 * A thread's credentials are immutable once published: a change makes new ones
 * for the calling thread, which the process's look-ups by others then see; the
 * C library makes all threads call. Each call reserves the one frame that a
 * copy may take. Invariant: the file-system ids follow the effective ones,
 * unless setfsuid(2) changed them after.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/prctl.h"
#include "kernel/file/cred.h"
#include "kernel/lib/string.h"
#include "kernel/proc/identity.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vm/uaccess.h"

#define ID_SAME		0xffffffffu	/* -1: leave it */

long
sys_getuid(void)
{
	return current_cred()->uid;
}

long
sys_getgid(void)
{
	return current_cred()->gid;
}

long
sys_geteuid(void)
{
	return current_cred()->euid;
}

long
sys_getegid(void)
{
	return current_cred()->egid;
}

/* Real, effective and saved, of users or of groups. */
struct ids {
	u32	r, e, s;
};

static struct ids
uids_of(const struct cred *c)
{
	return (struct ids){ c->uid, c->euid, c->suid };
}

static struct ids
gids_of(const struct cred *c)
{
	return (struct ids){ c->gid, c->egid, c->sgid };
}

static bool
ids_have(const struct ids *now, u32 id)
{
	return id == ID_SAME || id == now->r || id == now->e || id == now->s;
}

static long
set_uids(const struct ids *new)
{
	const struct cred *old = current_cred();
	struct cred *c;

	c = cred_copy(old);
	if (new->r != ID_SAME)
		c->uid = new->r;
	if (new->e != ID_SAME)
		c->euid = new->e;
	if (new->s != ID_SAME)
		c->suid = new->s;
	c->fsuid = c->euid;
	proc_set_cred(c);
	return 0;
}

static long
set_gids(const struct ids *new)
{
	struct cred *c = cred_copy(current_cred());

	if (new->r != ID_SAME)
		c->gid = new->r;
	if (new->e != ID_SAME)
		c->egid = new->e;
	if (new->s != ID_SAME)
		c->sgid = new->s;
	c->fsgid = c->egid;
	proc_set_cred(c);
	return 0;
}

long
sys_setresuid(u32 ruid, u32 euid, u32 suid)
{
	const struct cred *c = current_cred();
	const struct ids now = uids_of(c), new = { ruid, euid, suid };

	if (!cred_is_root(c) && !(ids_have(&now, ruid) &&
	    ids_have(&now, euid) && ids_have(&now, suid)))
		return -EPERM;
	return set_uids(&new);
}

long
sys_setresgid(u32 rgid, u32 egid, u32 sgid)
{
	const struct cred *c = current_cred();
	const struct ids now = gids_of(c), new = { rgid, egid, sgid };

	if (!cred_is_root(c) && !(ids_have(&now, rgid) &&
	    ids_have(&now, egid) && ids_have(&now, sgid)))
		return -EPERM;
	return set_gids(&new);
}

/* setuid(2): all three for root, else only the effective one. */
static struct ids
ids_for_set(const struct cred *c, u32 id)
{
	if (cred_is_root(c))
		return (struct ids){ id, id, id };
	return (struct ids){ ID_SAME, id, ID_SAME };
}

long
sys_setuid(u32 uid)
{
	const struct cred *c = current_cred();
	const struct ids new = ids_for_set(c, uid);

	if (uid == ID_SAME)
		return -EINVAL;
	if (!cred_is_root(c) && uid != c->uid && uid != c->suid)
		return -EPERM;
	return set_uids(&new);
}

long
sys_setgid(u32 gid)
{
	const struct cred *c = current_cred();
	const struct ids new = ids_for_set(c, gid);

	if (gid == ID_SAME)
		return -EINVAL;
	if (!cred_is_root(c) && gid != c->gid && gid != c->sgid)
		return -EPERM;
	return set_gids(&new);
}

/* setreuid(2): the saved one follows if the real or a new effective is set. */
static struct ids
ids_for_setre(const struct ids *now, u32 r, u32 e)
{
	u32 saved = ID_SAME;

	if (r != ID_SAME || (e != ID_SAME && e != now->r))
		saved = e != ID_SAME ? e : now->e;
	return (struct ids){ r, e, saved };
}

long
sys_setreuid(u32 ruid, u32 euid)
{
	const struct cred *c = current_cred();
	const struct ids now = uids_of(c);
	const struct ids new = ids_for_setre(&now, ruid, euid);

	if (!cred_is_root(c) && ((ruid != ID_SAME && ruid != now.r &&
	    ruid != now.e) || !ids_have(&now, euid)))
		return -EPERM;
	return set_uids(&new);
}

long
sys_setregid(u32 rgid, u32 egid)
{
	const struct cred *c = current_cred();
	const struct ids now = gids_of(c);
	const struct ids new = ids_for_setre(&now, rgid, egid);

	if (!cred_is_root(c) && ((rgid != ID_SAME && rgid != now.r &&
	    rgid != now.e) || !ids_have(&now, egid)))
		return -EPERM;
	return set_gids(&new);
}

static long
put_ids(const struct ids *ids, uptr_t r, uptr_t e, uptr_t s)
{
	if (copy_out_obj(r, &ids->r) != 0 || copy_out_obj(e, &ids->e) != 0 ||
	    copy_out_obj(s, &ids->s) != 0)
		return -EFAULT;
	return 0;
}

long
sys_getresuid(uptr_t ruid, uptr_t euid, uptr_t suid)
{
	const struct ids now = uids_of(current_cred());

	return put_ids(&now, ruid, euid, suid);
}

long
sys_getresgid(uptr_t rgid, uptr_t egid, uptr_t sgid)
{
	const struct ids now = gids_of(current_cred());

	return put_ids(&now, rgid, egid, sgid);
}

/* Both return the old one, whether or not it changed. */
long
sys_setfsuid(u32 uid)
{
	const struct cred *old = current_cred();
	const struct ids now = uids_of(old);
	long was = old->fsuid;
	struct cred *c;

	if (uid != ID_SAME && (cred_is_root(old) || ids_have(&now, uid))) {
		c = cred_copy(old);
		c->fsuid = uid;
		proc_set_cred(c);
	}
	return was;
}

long
sys_setfsgid(u32 gid)
{
	const struct cred *old = current_cred();
	const struct ids now = gids_of(old);
	long was = old->fsgid;
	struct cred *c;

	if (gid != ID_SAME && (cred_is_root(old) || ids_have(&now, gid))) {
		c = cred_copy(old);
		c->fsgid = gid;
		proc_set_cred(c);
	}
	return was;
}

long
sys_getgroups(int size, uptr_t list)
{
	const struct cred *c = current_cred();

	if (size < 0)
		return -EINVAL;
	if (size == 0)
		return c->ngroups;
	if ((u32)size < c->ngroups)
		return -EINVAL;
	if (copy_out(list, c->groups, c->ngroups * sizeof(u32)) != 0)
		return -EFAULT;
	return c->ngroups;
}

long
sys_setgroups(int size, uptr_t list)
{
	u32 groups[CRED_GROUPS];
	struct cred *c;

	if (!cred_is_root(current_cred()))
		return -EPERM;
	if (size < 0 || size > CRED_GROUPS)
		return -EINVAL;
	if (copy_in(groups, list, (usize)size * sizeof(u32)) != 0)
		return -EFAULT;
	c = cred_copy(current_cred());
	c->ngroups = (u32)size;
	memcpy(c->groups, groups, (usize)size * sizeof(u32));
	proc_set_cred(c);
	return 0;
}

/* Root has every capability, others none: see kernel/file/cred.h. */
static int
cap_words(uptr_t header, struct lx_cap_header *h, u32 *words)
{
	if (copy_in_obj(h, header) != 0)
		return -EFAULT;
	*words = h->version == LINUX_CAPABILITY_VERSION_1 ? 1 : 2;
	if (h->version == LINUX_CAPABILITY_VERSION_1 ||
	    h->version == LINUX_CAPABILITY_VERSION_2 ||
	    h->version == LINUX_CAPABILITY_VERSION_3)
		return 0;
	h->version = LINUX_CAPABILITY_VERSION_3;
	return copy_out_obj(header, h) != 0 ? -EFAULT : -EINVAL;
}

long
sys_capget(uptr_t header, uptr_t data)
{
	u32 all = cred_is_root(current_cred()) ? 0xffffffffu : 0, words;
	struct lx_cap_data d[2];
	struct lx_cap_header h;
	int error = cap_words(header, &h, &words);

	if (error != 0)
		return data.addr == 0 && error == -EINVAL ? 0 : error;
	d[0] = (struct lx_cap_data){ all, all, 0 };
	d[1] = (struct lx_cap_data){ all & 0x1ff, all & 0x1ff, 0 };
	return copy_out(data, d, words * sizeof(d[0]));
}

/* Accepted from root, and without effect. */
long
sys_capset(uptr_t header, uptr_t data)
{
	struct lx_cap_header h;
	u32 words;
	int error = cap_words(header, &h, &words);

	(void)data;
	if (error != 0)
		return error;
	return cred_is_root(current_cred()) ? 0 : -EPERM;
}
