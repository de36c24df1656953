/*
 * The host's name.
 */
#include "kernel/proc/hostname.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sync/spinlock.h"

static struct spinlock lock = SPINLOCK_INIT(LOCK_LEAF);
static char hostname[HOSTNAME_LEN + 1] = "(none)";	/* [lock] */

void
hostname_read(char *buf, usize len)
{
	spin_lock(&lock);
	strlcpy(buf, hostname, len);
	spin_unlock(&lock);
}

int
hostname_write(const char *name, usize len)
{
	if (len > HOSTNAME_LEN)
		return -EINVAL;
	spin_lock(&lock);
	memcpy(hostname, name, len);
	hostname[len] = '\0';
	spin_unlock(&lock);
	return 0;
}
