/*
 * A port as a machine: stop, start, reset, and commands of our own, which are
 * waited for by looking (the port's interrupts are off). All by who has the
 * port: the probe, or the worker when it recovers.
 */
#include "drivers/ahci/ahci_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/mmio.h"

#define MS			1000000ul
#define POLL_NS			(MS / 10)
#define STOP_NS			(500 * MS)	/* AHCI 10.4.2 */
#define COMRESET_NS		(2 * MS)	/* at least 1 ms, 10.4.2 */
#define LINK_NS			(1000 * MS)
#define READY_NS		(10000 * MS)	/* SATA: a disk spins up */
#define OWN_NS			(5000 * MS)	/* a command of our own */

bool
port_wait(struct ahci_port *p, u32 reg, u32 mask, u32 want, u64 ns)
{
	u64 deadline = clock_now_ns() + ns;

	for (;;) {
		u32 v = reg_read32(p->regs, reg);

		if (v == HBA_GONE)
			return false;
		if ((v & mask) == want)
			return true;
		if (clock_now_ns() > deadline)
			return false;
		sched_sleep_ns(POLL_NS);
	}
}

static void
cmd_change(struct ahci_port *p, u32 clear, u32 set)
{
	reg_write32(p->regs, PORT_CMD,
	    (reg_read32(p->regs, PORT_CMD) & ~clear) | set);
}

bool
port_stop(struct ahci_port *p)
{
	reg_write32(p->regs, PORT_IE, 0);
	cmd_change(p, CMD_ST, 0);
	return port_wait(p, PORT_CMD, CMD_CR, 0, STOP_NS);
}

bool
port_wait_ready(struct ahci_port *p, u64 ns)
{
	return port_wait(p, PORT_TFD, TFD_BSY | TFD_DRQ, 0, ns);
}

/* AHCI 10.3.1: only when the device is there and idle. */
bool
port_start(struct ahci_port *p)
{
	if (!port_wait_ready(p, STOP_NS))
		return false;
	cmd_change(p, 0, CMD_ST);
	return port_wait(p, PORT_CMD, CMD_CR, CMD_CR, STOP_NS);
}

static void
events_clear(struct ahci_port *p)
{
	reg_write32(p->regs, PORT_SERR, ~0u);
	reg_write32(p->regs, PORT_IS, ~0u);
}

void
port_attach(struct ahci_port *p)
{
	u64 fis = p->area_pa + offsetof(struct ahci_area, fis);

	reg_write32(p->regs, PORT_CLB, (u32)p->area_pa);
	reg_write32(p->regs, PORT_FB, (u32)fis);
	if (p->hba->cap & CAP_S64A) {
		reg_write32(p->regs, PORT_CLBU, (u32)(p->area_pa >> 32));
		reg_write32(p->regs, PORT_FBU, (u32)(fis >> 32));
	}
	reg_write32(p->regs, PORT_SERR, ~0u);
	cmd_change(p, 0, CMD_FRE);
}

int
port_reset(struct ahci_port *p)
{
	reg_write32(p->regs, PORT_SCTL, SCTL_NO_SLEEP | SCTL_RESET);
	sched_sleep_ns(COMRESET_NS);
	reg_write32(p->regs, PORT_SCTL, SCTL_NO_SLEEP);
	if (!port_wait(p, PORT_SSTS, SCTL_DET, DET_UP, LINK_NS))
		return -ENODEV;
	events_clear(p);
	if (!port_wait_ready(p, READY_NS))
		return -EIO;
	events_clear(p);
	return 0;
}

/* The slot's header in the list: one table, one PRD. */
static void
own_fill(struct ahci_port *p, u8 command, u32 lba)
{
	struct ahci_area *a = p->area;
	struct ahci_table *t = (struct ahci_table *)a->own;
	u64 data = p->area_pa + offsetof(struct ahci_area, data);
	u64 table = p->area_pa + offsetof(struct ahci_area, own);

	memset(a->own, 0, sizeof(a->own));
	memset(a->data, 0, sizeof(a->data));
	t->fis[FIS_TYPE] = FIS_H2D;
	t->fis[FIS_FLAGS] = FIS_IS_COMMAND;
	t->fis[FIS_COMMAND] = command;
	t->fis[FIS_LBA0] = (u8)lba;
	t->fis[FIS_COUNT] = command == ATA_IDENTIFY ? 0 : 1;
	t->prdt[0] = (struct ahci_prd){
		.dba = (u32)data, .dbau = (u32)(data >> 32),
		.dbc = ATA_SECTOR - 1,
	};
	a->list[0] = (struct ahci_header){
		.flags = HEADER_CFL, .prdtl = 1,
		.ctba = (u32)table, .ctbau = (u32)(table >> 32),
	};
}

int
port_command(struct ahci_port *p, u8 command, u32 lba)
{
	own_fill(p, command, lba);
	reg_write32(p->regs, PORT_IS, ~0u);
	reg_write32(p->regs, PORT_CI, 1);
	if (!port_wait(p, PORT_CI, 1, 0, MIN(OWN_NS, ahci_timeout_ns)))
		return -ETIMEDOUT;
	if (reg_read32(p->regs, PORT_IS) & PORT_ERRORS ||
	    reg_read32(p->regs, PORT_TFD) & (TFD_BSY | TFD_DF | TFD_ERR))
		return -EIO;
	return 0;
}

const char *
port_identify(struct ahci_port *p, struct ata_identity *out)
{
	u16 words[ID_WORDS];

	if (port_command(p, ATA_IDENTIFY, 0) != 0)
		return "it does not identify itself";
	/* A copy: it could change while it is read. */
	memcpy(words, p->area->data, sizeof(words));
	return ata_identity_parse(words, out);
}
