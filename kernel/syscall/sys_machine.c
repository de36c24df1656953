/*
 * System calls about the machine and the kernel: names, memory, the log,
 * randomness, power.
 */
#include "drivers/power/power.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/random.h"
#include "kernel/abi/reboot.h"
#include "kernel/abi/sysinfo.h"
#include "kernel/abi/utsname.h"
#include "kernel/dev/random.h"
#include "kernel/file/cred.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/proc/hostname.h"
#include "kernel/proc/task.h"
#include "kernel/proc/uts.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall/syscall.h"
#include "kernel/syscall/timeval.h"
#include "kernel/trace/log.h"
#include "kernel/vm/aspace.h"

#define LOAD_FRACTION	11	/* bits, of struct sched_stats */
#define LOG_RING_BYTES	(128 * 1024)	/* what syslog(2) says it may hold */
#define CHUNK		512

long
sys_uname(uptr_t name)
{
	struct lx_utsname u;

	uts_get(&u);
	return copy_out_obj(name, &u);
}

static int
get_uts_name(uptr_t name, usize len, char buf[LX_UTS_LEN])
{
	if (!cred_is_root(current_cred()))
		return -EPERM;
	if (len > LX_UTS_LEN - 1)
		return -EINVAL;
	memset(buf, 0, LX_UTS_LEN);
	return copy_in(buf, name, len);
}

long
sys_sethostname(uptr_t name, usize len)
{
	char buf[LX_UTS_LEN];
	int error = get_uts_name(name, len, buf);

	return error != 0 ? error : hostname_write(buf, len);
}

long
sys_setdomainname(uptr_t name, usize len)
{
	char buf[LX_UTS_LEN];
	int error = get_uts_name(name, len, buf);

	if (error == 0)
		uts_set_domain(buf);
	return error;
}

long
sys_sysinfo(uptr_t info)
{
	struct frame_stats f;
	struct sched_stats s;
	struct lx_sysinfo si;

	frame_stats(&f);
	sched_stats(~0u, &s);
	memset(&si, 0, sizeof(si));
	si.uptime = (s64)(clock_now_ns() / NS_PER_SEC);
	for (u32 i = 0; i < 3; i++)
		si.loads[i] = s.load[i] << (SI_LOAD_SHIFT - LOAD_FRACTION);
	si.totalram = f.total * PAGE_SIZE;
	si.freeram = f.free * PAGE_SIZE;
	si.sharedram = shm_frames() * PAGE_SIZE;
	si.procs = (u16)MIN(s.nthreads, 0xffffu);
	si.mem_unit = 1;
	return copy_out_obj(info, &si);
}

/* ---- the log ---- */

static u64 log_cleared;			/* SYSLOG_ACTION_CLEAR; [racy] */
static u64 log_read_pos;		/* SYSLOG_ACTION_READ */

/* The last len bytes of the log from record seq on. */
static long
log_copy_tail(u64 seq, uptr_t buf, usize len)
{
	char chunk[CHUNK];
	usize total = 0, done = 0, n, skip;
	u64 at = seq;

	while ((n = log_read(&at, chunk, sizeof(chunk))) != 0)
		total += n;
	skip = total > len ? total - len : 0;
	for (at = seq; (n = log_read(&at, chunk, sizeof(chunk))) != 0;) {
		if (skip >= n) {
			skip -= n;
			continue;
		}
		n = MIN(n - skip, len - done);
		if (copy_out(UPTR(buf.addr + done), chunk + skip, n) != 0)
			return -EFAULT;
		skip = 0;
		done += n;
		if (done == len)
			break;
	}
	return (long)done;
}

static long
log_read_all(uptr_t buf, int len, bool clear)
{
	u64 first = MAX(log_first_seq(), READ_ONCE(log_cleared));
	long result;

	if (len < 0)
		return -EINVAL;
	result = log_copy_tail(first, buf, (usize)len);
	if (clear && result >= 0)
		WRITE_ONCE(log_cleared, log_next_seq());
	return result;
}

/* New records, without waiting for one. */
static long
log_read_new(uptr_t buf, int len)
{
	char chunk[CHUNK];
	u64 at = MAX(log_first_seq(), READ_ONCE(log_read_pos));
	usize n, done = 0;

	if (len < 0)
		return -EINVAL;
	while (done < (usize)len) {
		n = log_read(&at, chunk, MIN(sizeof(chunk),
		    (usize)len - done));
		if (n == 0)
			break;
		if (copy_out(UPTR(buf.addr + done), chunk, n) != 0)
			return -EFAULT;
		done += n;
	}
	WRITE_ONCE(log_read_pos, at);
	return (long)done;
}

static long
log_unread(void)
{
	char chunk[CHUNK];
	u64 at = MAX(log_first_seq(), READ_ONCE(log_read_pos));
	usize n, total = 0;

	while ((n = log_read(&at, chunk, sizeof(chunk))) != 0)
		total += n;
	return (long)total;
}

static long
log_set_console(int level)
{
	if (level < 1 || level > 8)
		return -EINVAL;
	log_console_level = (enum log_level)(level - 1);
	return 0;
}

long
sys_syslog(int action, uptr_t buf, int len)
{
	if (action != SYSLOG_ACTION_READ_ALL &&
	    action != SYSLOG_ACTION_SIZE_BUFFER &&
	    !cred_is_root(current_cred()))
		return -EPERM;
	switch (action) {
	case SYSLOG_ACTION_CLOSE:
	case SYSLOG_ACTION_OPEN:
		return 0;
	case SYSLOG_ACTION_READ:
		return log_read_new(buf, len);
	case SYSLOG_ACTION_READ_ALL:
		return log_read_all(buf, len, false);
	case SYSLOG_ACTION_READ_CLEAR:
		return log_read_all(buf, len, true);
	case SYSLOG_ACTION_CLEAR:
		WRITE_ONCE(log_cleared, log_next_seq());
		return 0;
	case SYSLOG_ACTION_CONSOLE_OFF:
		return log_set_console(1);
	case SYSLOG_ACTION_CONSOLE_ON:
		return log_set_console(7);
	case SYSLOG_ACTION_CONSOLE_LEVEL:
		return log_set_console(len);
	case SYSLOG_ACTION_SIZE_UNREAD:
		return log_unread();
	case SYSLOG_ACTION_SIZE_BUFFER:
		return LOG_RING_BYTES;
	default:
		return -EINVAL;
	}
}

/* ---- randomness and power ---- */

long
sys_getrandom(uptr_t buf, usize len, u32 flags)
{
	u8 chunk[CHUNK];
	usize done = 0, n;
	int error;

	if (flags & ~(u32)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) ==
	    (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	len = MIN(len, (usize)0x1ffffff);
	while (done < len) {
		n = MIN(len - done, sizeof(chunk));
		random_bytes(chunk, n);
		error = copy_out(UPTR(buf.addr + done), chunk, n);
		if (error != 0)
			return done != 0 ? (long)done : error;
		done += n;
		preempt_point();
		if (thread_has_signal(current) && done < len)
			break;
	}
	memset(chunk, 0, sizeof(chunk));
	__asm__ volatile("" :: "r"(chunk) : "memory");
	return (long)done;
}

static bool
reboot_magic_is_ok(u32 magic1, u32 magic2)
{
	return magic1 == LINUX_REBOOT_MAGIC1 &&
	    (magic2 == LINUX_REBOOT_MAGIC2 || magic2 == LINUX_REBOOT_MAGIC2A ||
	    magic2 == LINUX_REBOOT_MAGIC2B || magic2 == LINUX_REBOOT_MAGIC2C);
}

long
sys_reboot(u32 magic1, u32 magic2, u32 cmd, uptr_t arg)
{
	(void)arg;
	if (!cred_is_root(current_cred()))
		return -EPERM;
	if (!reboot_magic_is_ok(magic1, magic2))
		return -EINVAL;
	switch (cmd) {
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		return 0;
	case LINUX_REBOOT_CMD_RESTART:
	case LINUX_REBOOT_CMD_RESTART2:
		kinfo("rebooting");
		power_reboot();
	case LINUX_REBOOT_CMD_HALT:
	case LINUX_REBOOT_CMD_POWER_OFF:
		kinfo("power off");
		power_off();
	default:
		return -EINVAL;
	}
}
