/*
 * uname(2). The release is the Linux whose interface this kernel speaks, since
 * programs compare it.
 */
#include "kernel/proc/uts.h"
#include "kernel/abi/utsname.h"
#include "kernel/lib/string.h"
#include "kernel/sync/spinlock.h"

static struct spinlock uts_lock = SPINLOCK_INIT(LOCK_LEAF);
static struct lx_utsname uts = {	/* [uts_lock] */
	.sysname = "Linux",
	.nodename = "hardtack",
	.release = "6.1.0-hardtack",
	.version = "#1 SMP Hardtack",
	.machine = "x86_64",
	.domainname = "(none)",
};

void
uts_get(struct lx_utsname *out)
{
	spin_lock(&uts_lock);
	*out = uts;
	spin_unlock(&uts_lock);
}

void
uts_set(enum uts_field field, const char *name)
{
	char *to = field == UTS_NODENAME ? uts.nodename : uts.domainname;

	spin_lock(&uts_lock);
	memset(to, 0, LX_UTS_LEN);
	(void)strlcpy(to, name, LX_UTS_LEN);
	spin_unlock(&uts_lock);
}
