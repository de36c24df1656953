/*
 * When something went wrong: the worker, one thread for each controller.
 *
 * An interrupt or the port's timer hands it the port (port_fail_locked()); from
 * then on nobody else touches the port's registers, and what is started only
 * waits in its slot. The worker stops the port, finds out whose fault it was,
 * resets the link where it must, and lets the port run again: what is not over
 * is issued anew, in its old order.
 *
 *	the device reports an error	one command at once: it was that one;
 *		many (NCQ): the disk's log says which. Without that log all run
 *		again, each alone, and who is to blame fails alone.
 *	a command is late		it was that one; COMRESET
 *	the link, the bus		all that were issued; COMRESET
 *	all registers are ones		the controller was pulled out
 *
 * Who is to blame has TRIES_MAX tries, then -EIO. So each recovery brings one
 * command nearer to its end, or (errors without commands) is counted as vain;
 * too many of these, or RESETS_MAX resets that do not bring back the same disk,
 * and the disk is gone: all ends with -ENODEV.
 *
 * Memory that a command named is given back only when the port has stopped,
 * else, if it does not stop, when the whole controller may no longer write.
 */
#include "drivers/ahci/ahci_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/bitmap.h"
#include "kernel/sched/sched.h"
#include "kernel/trace/log.h"
#include "kernel/x86/mmio.h"

#define VAIN_MAX		16
#define LOG_WINDOW_NS		10000000000ul
#define LOG_LINES		20	/* in that time, of a port */

/* What went wrong: masks of issued slots, and what must be done. */
struct finding {
	u32	blamed;
	u32	suspects;		/* one of them */
	bool	needs_reset;
};

/* ---- the log: not more than a person can read ---- */

static const char *
disk_name(const struct ahci_port *p)
{
	return p->disk.dev != NULL ? p->disk.dev->name : "new disk";
}

static bool
may_log(struct ahci_port *p)
{
	u64 now = clock_now_ns();

	if (now - p->log_start_ns > LOG_WINDOW_NS) {
		if (p->log_lines > LOG_LINES)
			kwarn(AHCI_FMT ": %s: %u lines more left out",
			    AHCI_NAME(p), disk_name(p),
			    p->log_lines - LOG_LINES);
		p->log_start_ns = now;
		p->log_lines = 0;
	}
	return ++p->log_lines <= LOG_LINES;
}

static void
cause_log(struct ahci_port *p, u32 cause)
{
	if (!may_log(p))
		return;
	kwarn(AHCI_FMT ": %s: %s: interrupt %#x status %#x link %#x errors "
	    "%#x, %u commands", AHCI_NAME(p), disk_name(p),
	    cause & CAUSE_TIMEOUT ? "time is up" :
	    cause & PORT_LINK ? "link" : "error", cause,
	    reg_read32(p->regs, PORT_TFD), reg_read32(p->regs, PORT_SSTS),
	    reg_read32(p->regs, PORT_SERR), popcount_u64(p->issued));
}

static void
slot_log(struct ahci_port *p, const struct ahci_slot *s, bool was_reset)
{
	static const char *const what[BLOCK_OPS] = {
		[BLOCK_READ] = "read", [BLOCK_WRITE] = "write",
		[BLOCK_FLUSH] = "flush",
	};
	const struct block_request *rq = s->chain;

	if (s->tries < TRIES_MAX && may_log(p))
		kwarn(AHCI_FMT ": %s: %s at sector %lu: try %u of %u failed%s",
		    AHCI_NAME(p), disk_name(p), what[rq->op], rq->disk_lba,
		    s->tries, TRIES_MAX, was_reset ? ", link reset" : "");
	else if (s->tries >= TRIES_MAX && may_log(p))
		kerr(AHCI_FMT ": %s: %s at sector %lu: I/O error%s",
		    AHCI_NAME(p), disk_name(p), what[rq->op], rq->disk_lba,
		    was_reset ? ", link reset" : "");
}

/* ---- the end of a disk ---- */

void
port_set_gone(struct ahci_port *p)
{
	struct ahci_ended ended = { .n = 0 };
	u64 flags = spin_lock_irq(&p->lock);

	if (p->state == PORT_GONE) {
		spin_unlock_irq(&p->lock, flags);
		return;
	}
	p->state = PORT_GONE;
	for (u32 m = p->issued | p->waiting; m != 0; m &= m - 1)
		port_slot_end_locked(p, lowest_bit(m), &ended);
	spin_unlock_irq(&p->lock, flags);
	timer_cancel_sync(&p->timer);
	kerr(AHCI_FMT ": %s is gone, with %u commands", AHCI_NAME(p),
	    disk_name(p), ended.n);
	block_disk_gone(&p->disk);
	port_end(p, &ended, -ENODEV);
}

static void
controller_set_gone(struct ahci *h)
{
	for (u32 i = 0; i < HBA_PORTS_MAX; i++)
		if (h->port[i] != NULL)
			port_set_gone(h->port[i]);
}

/* The disk cannot be used any more; the port is made to leave memory alone. */
static void
port_give_up(struct ahci_port *p)
{
	struct ahci *h = p->hba;

	if (pci_is_gone(h->pci)) {
		controller_set_gone(h);
	} else if (port_stop(p)) {
		port_set_gone(p);
	} else {
		kerr(AHCI_FMT ": it does not stop; all of ahci%u is given up",
		    AHCI_NAME(p), h->number);
		pci_master_stop(h->pci);
		controller_set_gone(h);
	}
}

/* ---- whose fault was it ---- */

static u32
late_slots(const struct ahci_port *p)
{
	u64 now = clock_now_ns();
	u32 late = 0;

	for (u32 m = p->issued; m != 0; m &= m - 1)
		if (p->slot[lowest_bit(m)].deadline_ns <= now)
			late |= m & -m;
	return late;
}

/* The slot that failed, as the disk's log has it, or none. Reading the log also
 * lets an NCQ disk take commands again (SATA 13.6.4). */
static u32
log_read_slot(struct ahci_port *p, bool *was_read)
{
	int tag;

	*was_read = p->id.has_logs && port_start(p) &&
	    port_command(p, ATA_READ_LOG_EXT, LOG_NCQ_ERROR) == 0;
	if (!*was_read)
		return 0;
	*was_read = port_stop(p);
	tag = ata_ncq_log_tag(p->area->data);
	if (may_log(p))
		kwarn(AHCI_FMT ": %s: error log: tag %d status %#x error %#x",
		    AHCI_NAME(p), disk_name(p), tag,
		    p->area->data[NCQ_LOG_STATUS],
		    p->area->data[NCQ_LOG_ERROR]);
	return tag < 0 ? 0 : (u32)BIT(tag) & p->issued;
}

static void
find_device_error(struct ahci_port *p, struct finding *f)
{
	bool is_one = (p->issued & (p->issued - 1)) == 0, was_read;
	u32 slot;

	if (p->plain != 0 || p->issued == 0) {
		f->blamed = p->issued;
		return;
	}
	slot = log_read_slot(p, &was_read);
	f->needs_reset = !was_read;
	if (is_one)
		f->blamed = p->issued;
	else if (slot != 0)
		f->blamed = slot;
	else
		f->suspects = p->issued;
}

static struct finding
find_cause(struct ahci_port *p, u32 cause, bool has_stopped)
{
	struct finding f = { .needs_reset = true };

	if (cause & CAUSE_TIMEOUT) {
		f.blamed = late_slots(p);
	} else if (!has_stopped || cause != PORT_TFES) {
		f.blamed = p->issued;
	} else {
		f.needs_reset = false;
		find_device_error(p, &f);
	}
	return f;
}

/* ---- and on ---- */

static bool
port_is_same_disk(struct ahci_port *p)
{
	struct ata_identity id;
	const char *wrong = port_identify(p, &id);

	if (wrong == NULL && !ata_identity_is_same(&p->id, &id))
		wrong = "it is another disk";
	if (wrong != NULL && may_log(p))
		kwarn(AHCI_FMT ": %s: after a reset: %s", AHCI_NAME(p),
		    disk_name(p), wrong);
	return wrong == NULL;
}

/* Make the link anew until the disk is there as before, and it is started. */
static bool
port_revive(struct ahci_port *p)
{
	for (u32 i = 0; i < RESETS_MAX && !pci_is_gone(p->hba->pci); i++) {
		int err;

		(void)port_stop(p);	/* COMRESET also helps if not */
		err = port_reset(p);
		if (err != 0 && may_log(p))
			kwarn(AHCI_FMT ": %s: reset: %s", AHCI_NAME(p),
			    disk_name(p), err == -ENODEV ? "no link" :
			    "it stays busy");
		if (err == 0 && port_start(p) && port_is_same_disk(p))
			return true;
	}
	return false;
}

static void
port_resume(struct ahci_port *p, const struct finding *f)
{
	struct ahci_ended failed = { .n = 0 };
	u64 flags = spin_lock_irq(&p->lock);

	for (u32 m = f->blamed; m != 0; m &= m - 1) {
		u32 n = lowest_bit(m);

		p->slot[n].tries++;
		slot_log(p, &p->slot[n], f->needs_reset);
		if (p->slot[n].tries >= TRIES_MAX)
			port_slot_end_locked(p, n, &failed);
	}
	p->suspects |= f->suspects;
	p->waiting |= p->issued;
	p->issued = p->plain = 0;
	p->state = PORT_RUNNING;
	reg_write32(p->regs, PORT_IE, PORT_INTERRUPTS);
	port_issue_locked(p);
	spin_unlock_irq(&p->lock, flags);
	port_end(p, &failed, -EIO);
}

/* Had the late commands ended, and only their interrupt was lost? The port is
 * asked only if it looks alive. */
static bool
port_was_quiet(struct ahci_port *p)
{
	struct ahci_ended ended = { .n = 0 };
	u32 cmd = reg_read32(p->regs, PORT_CMD);
	bool was;
	u64 flags;

	if (cmd == HBA_GONE || !(cmd & CMD_CR) ||
	    SSTS_DET(reg_read32(p->regs, PORT_SSTS)) != DET_UP ||
	    reg_read32(p->regs, PORT_IS) & (PORT_ERRORS | PORT_LINK))
		return false;
	flags = spin_lock_irq(&p->lock);
	port_reap_locked(p, false, &ended);
	was = late_slots(p) == 0;
	if (was) {
		p->state = PORT_RUNNING;
		reg_write32(p->regs, PORT_IE, PORT_INTERRUPTS);
		if (p->issued != 0)
			port_timer_arm_locked(p, clock_now_ns());
		port_issue_locked(p);
	}
	spin_unlock_irq(&p->lock, flags);
	if (was && may_log(p))
		kwarn(AHCI_FMT ": %s: an interrupt was lost", AHCI_NAME(p),
		    disk_name(p));
	port_end(p, &ended, 0);
	return was;
}

static void
port_recover(struct ahci_port *p)
{
	struct finding f;
	u32 cause;
	u64 flags = spin_lock_irq(&p->lock);
	bool is_ours = p->state == PORT_RECOVERING, has_stopped;

	cause = p->cause;
	spin_unlock_irq(&p->lock, flags);
	if (!is_ours)
		return;
	if (pci_is_gone(p->hba->pci)) {
		controller_set_gone(p->hba);
		return;
	}
	if (cause & CAUSE_TIMEOUT && port_was_quiet(p))
		return;
	cause_log(p, cause);
	has_stopped = port_stop(p);
	reg_write32(p->regs, PORT_SERR, ~0u);
	reg_write32(p->regs, PORT_IS, ~0u);
	f = find_cause(p, cause, has_stopped);
	if (f.blamed == 0 && f.suspects == 0 && ++p->vain > VAIN_MAX) {
		kerr(AHCI_FMT ": %s reports errors without end", AHCI_NAME(p),
		    disk_name(p));
		port_give_up(p);
		return;
	}
	if (!f.needs_reset)
		f.needs_reset = !port_start(p);
	if (f.needs_reset && !port_revive(p))
		port_give_up(p);
	else
		port_resume(p, &f);
}

noreturn void
ahci_worker(void *arg)
{
	struct ahci *h = arg;

	while (!atomic_load(&h->is_removed)) {
		u32 work;

		sched_set_state(THREAD_SLEEPING);
		if (atomic_load(&h->work) == 0 && !atomic_load(&h->is_removed))
			schedule();
		sched_set_state(THREAD_RUNNABLE);
		work = atomic_xchg(&h->work, 0);
		for (; work != 0; work &= work - 1)
			port_recover(h->port[lowest_bit(work)]);
	}
	controller_set_gone(h);
	atomic_store(&h->has_ended, true);
	waitq_wake_all(&h->ended, 0);
	kthread_exit();
}
