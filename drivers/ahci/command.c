/*
 * Commands while all is well: from a chain of requests to a slot, from a slot
 * to the controller, and back by the interrupt.
 *
 * A slot is unused, waiting or issued. Slots are issued in the order in which
 * they came; one that must run alone (FLUSH, or any without NCQ) waits until
 * nothing is issued, and those behind it wait for it, so that neither starves.
 *
 * Nothing here takes memory or sleeps.
 */
#include "drivers/ahci/ahci_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/bitmap.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/trace/log.h"
#include "kernel/x86/mmio.h"

#define TICK_NS			1000000000ul	/* for what is gone */
#define FLUSH_TIMES		3		/* of a command's time */

/* ---- a chain becomes a command ---- */

/* What a command is, by what it does and what the disk can do. */
static u8
command_choose(const struct ahci_port *p, const struct block_request *rq)
{
	bool is_write = rq->op == BLOCK_WRITE;

	if (rq->op == BLOCK_FLUSH)
		return p->id.has_flush_ext ? ATA_FLUSH_EXT : ATA_FLUSH;
	if (p->id.has_ncq)
		return is_write ? ATA_WRITE_FPDMA : ATA_READ_FPDMA;
	if (!p->id.has_lba48)
		return is_write ? ATA_WRITE_DMA : ATA_READ_DMA;
	if (is_write && rq->flags & BLOCK_FUA && p->id.has_fua)
		return ATA_WRITE_DMA_FUA_EXT;
	return is_write ? ATA_WRITE_DMA_EXT : ATA_READ_DMA_EXT;
}

/* lba and count are in the disk's sectors (ACS 7.24, 7.25, 7.58, 7.60). */
static void
fis_fill(const struct ahci_port *p, u32 n, const struct block_request *rq,
    u64 lba, u32 count)
{
	u8 *fis = p->slot[n].table->fis;

	memset(fis, 0, 20);
	fis[FIS_TYPE] = FIS_H2D;
	fis[FIS_FLAGS] = FIS_IS_COMMAND;
	fis[FIS_COMMAND] = command_choose(p, rq);
	fis[FIS_DEVICE] = DEVICE_LBA;
	fis[FIS_LBA0] = (u8)lba;
	fis[FIS_LBA1] = (u8)(lba >> 8);
	fis[FIS_LBA2] = (u8)(lba >> 16);
	if (p->id.has_lba48) {
		fis[FIS_LBA3] = (u8)(lba >> 24);
		fis[FIS_LBA4] = (u8)(lba >> 32);
		fis[FIS_LBA5] = (u8)(lba >> 40);
	} else {
		fis[FIS_DEVICE] |= (u8)(lba >> 24 & 15);
	}
	if (p->slot[n].is_queued) {
		fis[FIS_FEATURES] = (u8)count;
		fis[FIS_FEATURES1] = (u8)(count >> 8);
		fis[FIS_COUNT] = (u8)(n << 3);
		if (rq->op == BLOCK_WRITE && rq->flags & BLOCK_FUA)
			fis[FIS_DEVICE] |= DEVICE_FUA;
	} else {
		fis[FIS_COUNT] = (u8)count;
		fis[FIS_COUNT1] = (u8)(count >> 8);
	}
}

/* Add a piece of memory to the table; what continues the piece before makes
 * one with it. */
static void
prd_add(struct ahci_slot *s, paddr_t pa, u32 len)
{
	struct ahci_prd *prd = &s->table->prdt[s->nprds];

	assert((pa & 1) == 0 && len != 0 && (len & 1) == 0 &&
	    len <= PRD_BYTES_MAX);
	if (s->nprds > 0) {
		u64 at = (u64)prd[-1].dbau << 32 | prd[-1].dba;
		u32 had = prd[-1].dbc + 1;

		if (at + had == pa && had + len <= PRD_BYTES_MAX) {
			prd[-1].dbc = had + len - 1;
			return;
		}
	}
	assert(s->nprds < PRDT_MAX);
	*prd = (struct ahci_prd){
		.dba = (u32)pa, .dbau = (u32)(pa >> 32), .dbc = len - 1,
	};
	s->nprds++;
}

/* Bytes from..from + most of the chain's data go to and from where they lie.
 * Returns how many there were. */
static u32
slot_fill_data(struct ahci_slot *s, u32 from, u32 most)
{
	u32 at = 0, bytes = 0;

	s->nprds = 0;
	for (const struct block_request *rq = s->chain; rq != NULL;
	    rq = rq->next)
		for (u32 i = 0; i < rq->nsegs && bytes < most; i++) {
			u32 len = rq->segs[i].len_bytes;
			u32 skip = at < from ? MIN(from - at, len) : 0;
			u32 take = MIN(len - skip, most - bytes);

			if (take != 0)
				prd_add(s, rq->segs[i].addr + skip, take);
			at += len;
			bytes += take;
		}
	return bytes;
}

/* What comes next of a slot's command: all of it, or, on a disk that knows 28
 * bits only, as much as such a command can move. */
static void
slot_fill_piece(struct ahci_port *p, u32 n)
{
	struct ahci_slot *s = &p->slot[n];
	u32 unit = p->id.sector_bytes;
	u64 lba = s->chain->disk_lba / (unit / SECTOR_SIZE) + s->done / unit;
	u32 bytes = slot_fill_data(s, s->done, p->piece_bytes);

	assert(bytes != 0 && bytes % unit == 0 &&
	    s->chain->disk_lba % (unit / SECTOR_SIZE) == 0 &&
	    lba + bytes / unit <= p->id.nsectors);
	fis_fill(p, n, s->chain, lba, bytes / unit);
	s->done += bytes;
}

static void
slot_fill(struct ahci_port *p, u32 n, struct block_request *chain)
{
	struct ahci_slot *s = &p->slot[n];

	s->chain = chain;
	s->tries = 0;
	s->is_write = chain->op == BLOCK_WRITE;
	s->is_queued = p->id.has_ncq && chain->op != BLOCK_FLUSH;
	s->nprds = 0;
	s->done = s->len = 0;
	if (chain->op == BLOCK_FLUSH) {
		fis_fill(p, n, chain, 0, 0);
		return;
	}
	for (const struct block_request *rq = chain; rq != NULL; rq = rq->next)
		s->len += rq->nsectors * SECTOR_SIZE;
	slot_fill_piece(p, n);
}

/* ---- issue ---- */

/* The one of the mask that came first. */
static u32
oldest(const struct ahci_port *p, u32 mask)
{
	u32 best = lowest_bit(mask);

	for (mask &= mask - 1; mask != 0; mask &= mask - 1)
		if (p->slot[lowest_bit(mask)].seq < p->slot[best].seq)
			best = lowest_bit(mask);
	return best;
}

static bool
may_issue(const struct ahci_port *p, u32 n)
{
	if (p->issued == 0)
		return true;
	return p->slot[n].is_queued && p->plain == 0 && p->suspects == 0;
}

static void
slot_issue_locked(struct ahci_port *p, u32 n, u64 now) REQUIRES(p->lock)
{
	struct ahci_slot *s = &p->slot[n];
	u32 times = s->chain->op == BLOCK_FLUSH ? FLUSH_TIMES : 1;

	p->area->list[n] = (struct ahci_header){
		.flags = HEADER_CFL | (s->is_write ? HEADER_WRITE : 0),
		.prdtl = s->nprds,
		.ctba = (u32)s->table_pa, .ctbau = (u32)(s->table_pa >> 32),
	};
	s->deadline_ns = now + times * ahci_timeout_ns;
	p->waiting &= ~(u32)BIT(n);
	p->issued |= (u32)BIT(n);
	if (!s->is_queued)
		p->plain |= (u32)BIT(n);
}

void
port_timer_arm_locked(struct ahci_port *p, u64 now)
{
	if (p->timer_is_set)
		return;
	p->timer_is_set = true;
	timer_set(&p->timer, now + MIN(TICK_NS, ahci_timeout_ns / 2));
}

void
port_issue_locked(struct ahci_port *p)
{
	u32 before = p->issued, new;
	u64 now;

	assert_held(&p->lock);
	if (p->state != PORT_RUNNING || p->waiting == 0)
		return;
	now = clock_now_ns();
	while (p->waiting != 0) {
		u32 n = oldest(p, p->waiting);

		if (!may_issue(p, n))
			break;
		slot_issue_locked(p, n, now);
	}
	new = p->issued & ~before;
	if (new == 0)
		return;
	/* The tables are in memory before the controller is told of them: an
	 * uncached store comes after all that went before it. */
	if (new & ~p->plain)
		reg_write32(p->regs, PORT_SACT, new & ~p->plain);
	reg_write32(p->regs, PORT_CI, new);
	port_timer_arm_locked(p, now);
}

static bool
ahci_start(struct block_disk *d, struct block_request *chain)
{
	struct ahci_port *p = d->priv;
	u64 flags = spin_lock_irq(&p->lock);
	u32 n;

	if (p->state == PORT_GONE) {
		spin_unlock_irq(&p->lock, flags);
		block_end(d, chain, -ENODEV);
		return true;
	}
	if (p->unused == 0) {
		spin_unlock_irq(&p->lock, flags);
		return false;
	}
	n = lowest_bit(p->unused);
	slot_fill(p, n, chain);
	p->slot[n].seq = p->next_seq++;
	p->unused &= ~(u32)BIT(n);
	p->waiting |= (u32)BIT(n);
	port_issue_locked(p);
	spin_unlock_irq(&p->lock, flags);
	return true;
}

const struct block_disk_ops ahci_disk_ops = { .start = ahci_start };

/* ---- the end ---- */

void
port_slot_end_locked(struct ahci_port *p, u32 n, struct ahci_ended *out)
{
	u32 bit = (u32)BIT(n);

	assert(p->slot[n].chain != NULL && out->n < SLOTS_MAX);
	out->chain[out->n++] = p->slot[n].chain;
	p->slot[n].chain = NULL;
	p->issued &= ~bit;
	p->plain &= ~bit;
	p->waiting &= ~bit;
	p->suspects &= ~bit;
	p->unused |= bit;
}

void
port_end(struct ahci_port *p, const struct ahci_ended *e, int error)
{
	u64 irq = cpu_irq_save();

	for (u32 i = 0; i < e->n; i++)
		block_end(&p->disk, e->chain[i], error);
	cpu_irq_restore(irq);
}

/* The next piece of a command; it keeps its place. */
static void
slot_continue_locked(struct ahci_port *p, u32 n) REQUIRES(p->lock)
{
	slot_fill_piece(p, n);
	p->slot[n].tries = 0;
	p->issued &= ~(u32)BIT(n);
	p->plain &= ~(u32)BIT(n);
	p->waiting |= (u32)BIT(n);
}

/*
 * Queued commands are over when their bit in PxSACT is clear, others when that
 * in PxCI is (AHCI 5.5.3, 5.6.2); all that is issued is of one kind. A register
 * that reads as all ones ends none.
 */
void
port_reap_locked(struct ahci_port *p, bool is_error, struct ahci_ended *out)
{
	u32 done;

	if (p->issued == 0 || (p->plain != 0 && is_error))
		return;
	done = p->issued & ~reg_read32(p->regs,
	    p->plain != 0 ? PORT_CI : PORT_SACT);
	if (done != 0)
		p->vain = 0;
	for (; done != 0; done &= done - 1) {
		u32 n = lowest_bit(done);

		if (p->slot[n].done < p->slot[n].len)
			slot_continue_locked(p, n);
		else
			port_slot_end_locked(p, n, out);
	}
}

void
port_fail_locked(struct ahci_port *p, u32 cause)
{
	struct ahci *h = p->hba;

	if (p->state != PORT_RUNNING)
		return;
	p->state = PORT_RECOVERING;
	p->cause = cause;
	reg_write32(p->regs, PORT_IE, 0);
	atomic_or(&h->work, (u32)BIT(p->number));
	(void)sched_wake(h->worker);
}

void
port_irq(struct ahci_port *p)
{
	struct ahci_ended ended = { .n = 0 };
	u64 flags = spin_lock_irq(&p->lock);
	u32 is = 0;

	/* One that comes late finds the worker at the registers: what they
	 * say then is its to read, and to clear. */
	if (p->state == PORT_RUNNING)
		is = reg_read32(p->regs, PORT_IS);
	if (is == HBA_GONE) {
		port_fail_locked(p, CAUSE_GONE);
	} else if (is != 0) {
		reg_write32(p->regs, PORT_IS, is);
		port_reap_locked(p, is & PORT_ERRORS, &ended);
		if (is & (PORT_ERRORS | PORT_LINK))
			port_fail_locked(p, is & (PORT_ERRORS | PORT_LINK));
		port_issue_locked(p);
	}
	spin_unlock_irq(&p->lock, flags);
	port_end(p, &ended, 0);
}

/* Is any command late? */
static bool
is_late(const struct ahci_port *p)
{
	u64 now = clock_now_ns();

	for (u32 m = p->issued; m != 0; m &= m - 1)
		if (p->slot[lowest_bit(m)].deadline_ns <= now)
			return true;
	return false;
}

/* While commands run: are they late, is the controller there? */
void
port_timer(struct timer *t)
{
	struct ahci_port *p = CONTAINER_OF(t, struct ahci_port, timer);
	u64 flags = spin_lock_irq(&p->lock);

	p->timer_is_set = false;
	if (p->state == PORT_RUNNING && p->issued != 0) {
		if (pci_is_gone(p->hba->pci))
			port_fail_locked(p, CAUSE_GONE);
		else if (is_late(p))
			port_fail_locked(p, CAUSE_TIMEOUT);
		else
			port_timer_arm_locked(p, clock_now_ns());
	}
	spin_unlock_irq(&p->lock, flags);
}
