/*
 * uname(2). The system calls itself Linux, and by the release whose interface
 * it speaks, since programs compare both; the version tells the truth.
 */
#include "kernel/proc/uts.h"
#include "kernel/abi/utsname.h"
#include "kernel/lib/string.h"
#include "kernel/proc/hostname.h"
#include "kernel/sync/spinlock.h"
#include "kernel/lib/version.h"

static struct spinlock uts_lock = SPINLOCK_INIT(LOCK_LEAF);
static struct lx_utsname uts = {	/* [uts_lock] */
	.sysname = "Linux",
	.release = "6.1.0-hardtack",
	.version = KERNEL_VERSION " " KERNEL_NAME " " KERNEL_RELEASE,
	.machine = KERNEL_MACHINE,
	.domainname = "(none)",
};

void
uts_get(struct lx_utsname *out)
{
	spin_lock(&uts_lock);
	*out = uts;
	spin_unlock(&uts_lock);
	hostname_read(out->nodename, sizeof(out->nodename));
}

void
uts_set_domain(const char *name)
{
	spin_lock(&uts_lock);
	memset(uts.domainname, 0, sizeof(uts.domainname));
	(void)strlcpy(uts.domainname, name, sizeof(uts.domainname));
	spin_unlock(&uts_lock);
}
