/*
 * AHCI: SATA disks behind a controller of class 0x010601.
 *
 * The controller has up to 32 ports, a port one disk and up to 32 slots, a slot
 * one command. A slot's command table is a frame: a command FIS and up to 248
 * pieces of memory, which the controller reads and writes where the block
 * layer's requests have them; nothing is copied.
 *
 *	block_submit() --> ahci_start(): a slot  --> PxCI --> disk
 *	block_end()    <-- port_irq()    <-- MSI <-- PxSACT, PxCI
 *	error or late  --> ahci_worker() : stop, blame, reset, issue again
 *
 * A port belongs to somebody at each moment, by its state:
 *
 *	STARTING --> RUNNING <--> RECOVERING --> GONE
 *	the probe    the lock     the worker     nobody
 *
 * Who has it may touch its registers and its issued slots. While it runs that
 * is who has its lock, in whatever context; the worker, which sleeps while it
 * stops and resets, needs no lock for the registers: the lock's holders see
 * that the port does not run, and leave commands waiting in their slots.
 *
 * Invariants: I1 each slot is in one of unused, waiting and issued.
 *	I2 what is issued is either one command or only queued (NCQ) ones.
 *	I3 a slot that is issued has a deadline, and the timer is set; so each
 *	   command ends, whatever the device does.
 *
 * The device is not believed: a register gives bits of which only those of
 * issued slots count, and all ones are no answer; every wait has a deadline.
 * (What a device that may write to memory does there, nobody can check without
 * an IOMMU.)
 *
 * Locks: port.lock (LOCK_UPPER), interrupts off; under it timers and wakes. No
 * lock is held when block_end() is called, which may start more.
 *
 * LIMIT: no hot-plug: a disk that comes later, or comes back after it was gone,
 * is not seen. No ATAPI, no port multipliers. Controllers that cannot address
 * all of RAM are refused where it is larger than 4 GiB.
 */
#include "drivers/ahci/ahci.h"
#include "drivers/ahci/ahci_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/parse.h"
#include "kernel/lib/string.h"
#include "kernel/mem/boot.h"
#include "kernel/mem/frame.h"
#include "kernel/sched/sched.h"
#include "kernel/trace/log.h"
#include "kernel/x86/mmio.h"

#define MS			1000000ul
#define POLL_NS			(MS / 10)
#define RESET_NS		(1000 * MS)	/* AHCI 10.4.3 */
#define HANDOFF_NS		(25 * MS)	/* AHCI 10.6.3 */
#define HANDOFF_BUSY_NS		(2000 * MS)
#define DETECT_NS		(12 * MS)	/* SATA 8.4.1: 10 ms */
#define LINK_NS			(1000 * MS)
#define SPIN_UP_NS		(30000 * MS)
#define COMMAND_SECTORS		2048		/* 1 MiB in a command */
#define LBA28_COUNT_MAX		256

#define TIMEOUT_MS		10000
#define TIMEOUT_MS_MIN		10
#define TIMEOUT_MS_MAX		600000

u64 ahci_timeout_ns = TIMEOUT_MS * MS;
static bool use_ncq = true, use_lba48 = true;	/* [I after ahci_init()] */
static u32 ncontrollers;			/* [I after boot] */

void
ahci_init(const char *cmdline)
{
	u64 ms = cmdline_u64(cmdline, "ahci.timeout_ms", TIMEOUT_MS);

	ahci_timeout_ns = MS * MIN(MAX(ms, (u64)TIMEOUT_MS_MIN),
	    (u64)TIMEOUT_MS_MAX);
	use_lba48 = cmdline_u64(cmdline, "ahci.lba48", 1) != 0;
	use_ncq = use_lba48 && cmdline_u64(cmdline, "ahci.ncq", 1) != 0;
}

/* ---- the controller ---- */

static bool
hba_wait(struct ahci *h, u32 reg, u32 mask, u32 want, u64 ns)
{
	u64 deadline = clock_now_ns() + ns;

	while ((reg_read32(h->regs, reg) & mask) != want) {
		if (clock_now_ns() > deadline)
			return false;
		sched_sleep_ns(POLL_NS);
	}
	return true;
}

/* Take it from the firmware (AHCI 10.6.3). If that does not let go, the reset
 * takes it. */
static void
hba_take(struct ahci *h)
{
	if (!(reg_read32(h->regs, HBA_CAP2) & CAP2_BOH))
		return;
	reg_write32(h->regs, HBA_BOHC,
	    reg_read32(h->regs, HBA_BOHC) | BOHC_OOS);
	if (hba_wait(h, HBA_BOHC, BOHC_BOS, 0, HANDOFF_NS))
		return;
	if (!(reg_read32(h->regs, HBA_BOHC) & BOHC_BB) ||
	    !hba_wait(h, HBA_BOHC, BOHC_BOS, 0, HANDOFF_BUSY_NS))
		kwarn("ahci%u: the firmware does not let go", h->number);
}

/* Its own reset, which may lose what the firmware said about ports (AHCI
 * 10.4.3, 10.1.2); that is put back. */
static int
hba_reset(struct ahci *h)
{
	u32 ports;

	reg_write32(h->regs, HBA_GHC, GHC_AE);
	ports = reg_read32(h->regs, HBA_PI);
	reg_write32(h->regs, HBA_GHC, GHC_AE | GHC_HR);
	if (!hba_wait(h, HBA_GHC, GHC_HR, 0, RESET_NS)) {
		kwarn("ahci%u: reset does not end", h->number);
		return -EIO;
	}
	reg_write32(h->regs, HBA_GHC, GHC_AE);
	if (reg_read32(h->regs, HBA_PI) != ports)
		reg_write32(h->regs, HBA_PI, ports);
	return 0;
}

/* What it can do, and which ports there are: no more than its registers and
 * its own number say. */
static int
hba_read(struct ahci *h)
{
	u64 len = h->pci->bar[5].len_bytes;
	u64 most = MIN((len - HBA_PORTS) / HBA_PORT_BYTES,
	    (u64)HBA_PORTS_MAX);

	h->cap = reg_read32(h->regs, HBA_CAP);
	h->ports = reg_read32(h->regs, HBA_PI) &
	    (u32)(BIT(most) - 1);
	if (h->cap == HBA_GONE && pci_is_gone(h->pci))
		return -ENODEV;
	if (h->ports == 0) {
		kwarn("ahci%u: it has no ports", h->number);
		return -ENODEV;
	}
	if (!(h->cap & CAP_S64A) && nframes > (4ul << 30 >> PAGE_SHIFT)) {
		kwarn("ahci%u: it reaches 4 GiB of memory only, and there is "
		    "more", h->number);
		return -ENODEV;
	}
	return 0;
}

static void
hba_irq(void *arg)
{
	struct ahci *h = arg;
	u32 is = reg_read32(h->regs, HBA_IS);

	for (u32 i = 0; i < HBA_PORTS_MAX; i++)
		if (is & BIT(i) && h->port[i] != NULL)
			port_irq(h->port[i]);
	/* After the ports' own bits (AHCI 10.7.2.1); what came meanwhile is
	 * another message. */
	if (is != 0)
		reg_write32(h->regs, HBA_IS, is);
}

/* ---- ports at boot ---- */

static void *
port_regs(const struct ahci *h, u32 n)
{
	return (u8 *)h->regs + HBA_PORTS + n * HBA_PORT_BYTES;
}

/* Power, spin-up (which with CAP.SSS the disk waits for) and link, of all
 * ports at once. */
static void
ports_spin_up(struct ahci *h)
{
	for (u32 i = 0; i < HBA_PORTS_MAX; i++) {
		void *regs = port_regs(h, i);
		u32 cmd;

		if (!(h->ports & BIT(i)))
			continue;
		reg_write32(regs, PORT_IE, 0);
		reg_write32(regs, PORT_SCTL, SCTL_NO_SLEEP);
		cmd = reg_read32(regs, PORT_CMD) & ~CMD_ICC;
		reg_write32(regs, PORT_CMD,
		    cmd | CMD_POD | CMD_SUD | CMD_ICC_ACTIVE);
	}
}

/* Wait until each port has a link, or shows no device. Returns those that
 * have. */
static u32
ports_detect(struct ahci *h)
{
	u64 now, start = clock_now_ns();
	u32 up, coming;

	do {
		up = coming = 0;
		now = clock_now_ns();
		for (u32 i = 0; i < HBA_PORTS_MAX; i++) {
			u32 det;

			if (!(h->ports & BIT(i)))
				continue;
			det = SSTS_DET(reg_read32(port_regs(h, i), PORT_SSTS));
			if (det == DET_UP)
				up |= (u32)BIT(i);
			else if (det != DET_NONE || now - start < DETECT_NS)
				coming |= (u32)BIT(i);
		}
		if (coming != 0)
			sched_sleep_ns(MS);
	} while (coming != 0 && now - start < LINK_NS);
	return up;
}

static struct ahci_port *
port_make(struct ahci *h, u32 n)
{
	struct ahci_port *p = boot_get(sizeof(*p), CACHE_LINE);
	struct frame *f = frame_get_zero(FRAME_KERNEL);

	p->hba = h;
	p->number = n;
	p->regs = port_regs(h, n);
	p->state = PORT_STARTING;
	p->area = frame_virt(f);
	p->area_pa = frame_paddr(f);
	spin_init(&p->lock, LOCK_UPPER);
	timer_init(&p->timer, port_timer);
	return p;
}

/* A device that is not ready gets a COMRESET, and a second chance. */
static int
port_bring_up(struct ahci_port *p)
{
	u32 sig;

	if (!port_wait_ready(p, SPIN_UP_NS) &&
	    (!port_stop(p) || port_reset(p) != 0)) {
		kwarn(AHCI_FMT ": a device that does not get ready",
		    AHCI_NAME(p));
		return -EIO;
	}
	sig = reg_read32(p->regs, PORT_SIG);
	if (sig != SIG_ATA) {
		kinfo(AHCI_FMT ": %s, which is not used", AHCI_NAME(p),
		    sig == SIG_ATAPI ? "an ATAPI device" :
		    sig == SIG_PORTS ? "a port multiplier" :
		    "an unknown device");
		return -ENODEV;
	}
	return port_start(p) ? 0 : -EIO;
}

/* The disk as the driver uses it: within the controller's means and the
 * options. */
static void
identity_limit(struct ahci_port *p)
{
	struct ata_identity *id = &p->id;
	u32 cap = p->hba->cap;

	if (!use_lba48) {
		id->has_lba48 = id->has_fua = false;
		id->has_logs = false;
		id->nsectors = MIN(id->nsectors, LBA28_SECTORS);
	}
	if (!use_ncq || !(cap & CAP_SNCQ))
		id->has_ncq = false;
	/* Without NCQ one runs, and one is ready. */
	if (!id->has_ncq)
		id->depth = 2;
	id->depth = MIN(id->depth, CAP_NCS(cap) + 1);
}

static void
slots_make(struct ahci_port *p)
{
	p->nslots = p->id.depth;
	for (u32 i = 0; i < p->nslots; i++) {
		struct frame *f = frame_get_zero(FRAME_KERNEL);

		p->slot[i].table = frame_virt(f);
		p->slot[i].table_pa = frame_paddr(f);
		p->unused |= (u32)BIT(i);
	}
}

static void
disk_describe(struct ahci_port *p)
{
	struct ata_identity *id = &p->id;
	struct block_disk *d = &p->disk;
	u32 units = id->sector_bytes / SECTOR_SIZE;

	d->ops = &ahci_disk_ops;
	d->priv = p;
	d->prefix = "sd";
	d->nsectors = id->nsectors * units;
	d->sector_bytes = id->sector_bytes;
	d->flags = (id->has_cache ? BLOCK_DISK_CACHE : 0) |
	    (id->has_fua ? BLOCK_DISK_FUA : 0);
	d->max_segs = PRDT_MAX;
	d->max_sectors = COMMAND_SECTORS;
	p->piece_bytes = id->has_lba48 ? COMMAND_SECTORS * SECTOR_SIZE :
	    LBA28_COUNT_MAX * id->sector_bytes;
	d->depth = p->nslots;
	memcpy(d->model, id->model, sizeof(d->model));
	memcpy(d->serial, id->serial, sizeof(d->serial));
}

/* Identify the disk and make it ready; 0, or it is none for us. */
static int
port_probe(struct ahci_port *p)
{
	const char *wrong;
	int err = port_bring_up(p);

	if (err == 0) {
		wrong = port_identify(p, &p->id);
		if (wrong != NULL) {
			kwarn(AHCI_FMT ": %s", AHCI_NAME(p), wrong);
			err = -EIO;
		}
	}
	if (err != 0) {
		(void)port_stop(p);	/* it has nobody's memory but its own */
		return err;
	}
	identity_limit(p);
	slots_make(p);
	disk_describe(p);
	kinfo(AHCI_FMT ": %s, serial %s, %lu sectors of %u bytes, %s%s%s",
	    AHCI_NAME(p), p->id.model, p->id.serial, p->id.nsectors,
	    p->id.sector_bytes, p->id.has_ncq ? "NCQ" :
	    p->id.has_lba48 ? "48-bit LBA" : "28-bit LBA",
	    p->id.has_cache ? ", write cache" : "",
	    p->id.has_fua ? ", FUA" : "");
	return 0;
}

/* From now on it is the lock's. */
static void
port_run(struct ahci_port *p)
{
	u64 flags = spin_lock_irq(&p->lock);

	p->state = PORT_RUNNING;
	reg_write32(p->regs, PORT_IS, ~0u);
	reg_write32(p->regs, PORT_IE, PORT_INTERRUPTS);
	spin_unlock_irq(&p->lock, flags);
}

static void
ports_probe(struct ahci *h)
{
	u32 up;

	ports_spin_up(h);
	up = ports_detect(h);
	for (u32 i = 0; i < HBA_PORTS_MAX; i++)
		if (up & BIT(i)) {
			h->port[i] = port_make(h, i);
			port_attach(h->port[i]);
		}
	for (u32 i = 0; i < HBA_PORTS_MAX; i++)
		if (h->port[i] != NULL && port_probe(h->port[i]) != 0)
			h->port[i] = NULL;	/* what was taken stays */
}

/* ---- the driver ---- */

/* Registers and reset; then it does nothing, and nothing is known of ports. */
static int
hba_bring_up(struct ahci *h)
{
	int err = pci_enable(h->pci);

	if (err != 0)
		return err;
	h->regs = pci_bar_map(h->pci, 5);
	if (h->regs == NULL || h->pci->bar[5].len_bytes < HBA_PORTS)
		return -ENXIO;
	hba_take(h);
	err = hba_reset(h);
	return err != 0 ? err : hba_read(h);
}

static int
hba_attach(struct ahci *h)
{
	char name[16];
	int err;

	if (pci_msi_init(h->pci) == 0) {
		kwarn("ahci%u: it has no MSI", h->number);
		return -ENXIO;
	}
	err = pci_msi_attach(h->pci, 0, h->number % ncpus, "ahci", hba_irq, h);
	if (err != 0)
		return err;
	(void)ksnprintf(name, sizeof(name), "ahci%u", h->number);
	h->worker = kthread_create(name, ahci_worker, h);
	return 0;
}

static int
ahci_probe(struct pci_dev *d, const struct pci_id *id)
{
	struct ahci *h = boot_get(sizeof(*h), CACHE_LINE);
	int err;

	(void)id;
	h->number = ncontrollers++;
	h->pci = d;
	waitq_init(&h->ended);
	d->driver_data = h;
	err = hba_bring_up(h);
	if (err == 0)
		err = hba_attach(h);
	if (err != 0)
		return err;
	pci_master_start(d);
	ports_probe(h);
	reg_write32(h->regs, HBA_IS, ~0u);
	reg_write32(h->regs, HBA_GHC, GHC_AE | GHC_IE);
	for (u32 i = 0; i < HBA_PORTS_MAX; i++)
		if (h->port[i] != NULL) {
			port_run(h->port[i]);
			block_disk_add(&h->port[i]->disk);
		}
	return 0;
}

/* The worker ends all commands: a recovery may be under way. */
static void
ahci_remove(struct pci_dev *d)
{
	struct ahci *h = d->driver_data;

	atomic_store(&h->is_removed, true);
	(void)sched_wake(h->worker);
	WAIT_EVENT(&h->ended, atomic_load(&h->has_ended));
}

static const struct pci_id ahci_ids[] = {
	{ .vendor = PCI_ANY, .device = PCI_ANY, .class = 0x010601,
	  .class_mask = 0xffffff, .name = "AHCI" },
};

PCI_DRIVER(ahci_driver) = {
	.name = "ahci", .ids = ahci_ids, .nids = ARRAY_LEN(ahci_ids),
	.probe = ahci_probe, .remove = ahci_remove,
};
