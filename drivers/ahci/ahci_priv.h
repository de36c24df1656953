/*
 * What the driver's files share: controllers, ports, slots. ahci.c has the
 * theory.
 */
#pragma once

#include "drivers/ahci/identify.h"
#include "drivers/ahci/reg.h"
#include "drivers/pci/pci.h"
#include "kernel/dev/block.h"
#include "kernel/sched/timer.h"
#include "kernel/sched/wait.h"
#include "kernel/sync/spinlock.h"

struct ahci_area;
struct thread;

enum port_state {
	PORT_STARTING,		/* the probe's */
	PORT_RUNNING,		/* commands run */
	PORT_RECOVERING,	/* the worker's */
	PORT_GONE,		/* for good */
};

/* Why the worker has a port; with PORT_* interrupt bits. */
#define CAUSE_TIMEOUT		BIT(4)	/* a bit that we do not let interrupt */
#define CAUSE_GONE		BIT(5)

/* What ends commands badly, or a link. Of these the port must be stopped. */
#define PORT_ERRORS		((u32)(PORT_TFES | PORT_HBFS | PORT_HBDS | \
				PORT_IFS | PORT_OFS))
#define PORT_LINK		((u32)(PORT_PRCS | PORT_PCS))
#define PORT_INTERRUPTS		((u32)(PORT_ERRORS | PORT_LINK | PORT_DHRS | \
				PORT_PSS | PORT_DSS | PORT_SDBS))

#define TRIES_MAX		4	/* of a command, before -EIO */
#define RESETS_MAX		3	/* in a row, before the disk is gone */

/* All [l] the port's lock, but I immutable after the probe */
struct ahci_slot {
	struct block_request *chain;	/* NULL: the slot is free */
	struct ahci_table *table;	/* [I] */
	paddr_t		table_pa;	/* [I] */
	u64		seq;		/* the order in which they came */
	u64		deadline_ns;	/* while issued */
	u32		done, len;	/* bytes: up to the end of this
					 * command, and of the chain */
	u16		nprds;
	u8		tries;		/* that ended badly */
	bool		is_queued;	/* NCQ */
	bool		is_write;
};

/*
 * I after the probe; l lock; w the worker's, or the probe's before it. The
 * registers are those of who has the port by its state; while it is running,
 * of who has the lock.
 */
struct ahci_port {
	struct ahci	*hba;		/* [I] */
	u32		number;		/* [I] */
	void		*regs;		/* [I] */
	struct spinlock	lock;		/* LOCK_UPPER, interrupts off */
	enum port_state	state;		/* [l] */
	u32		cause;		/* [l] why it is RECOVERING */
	u32		unused;		/* [l] masks of slots: free, */
	u32		waiting;	/* [l] filled, to be issued, */
	u32		issued;		/* [l] with the controller: those of */
	u32		plain;		/* [l] them that are not queued */
	u32		suspects;	/* [l] one failed; each runs alone */
	u64		next_seq;	/* [l] */
	bool		timer_is_set;	/* [l] */
	struct timer	timer;
	u32		vain;		/* [l] recoveries that found nothing,
					 * since a command ended well */
	u32		nslots;		/* [I] */
	u32		piece_bytes;	/* [I] the most of one command */
	struct ahci_area *area;		/* [I] memory of the whole port */
	paddr_t		area_pa;	/* [I] */
	struct ata_identity id;		/* [I] */
	u64		log_start_ns;	/* [w] rate limit */
	u32		log_lines;	/* [w] */
	struct block_disk disk;		/* [I] */
	struct ahci_slot slot[SLOTS_MAX];
};
_Static_assert(sizeof(struct ahci_port) <= PAGE_SIZE, "boot_get()");

/* I after the probe; a atomic */
struct ahci {
	u32		number;		/* [I] */
	struct pci_dev	*pci;		/* [I] */
	void		*regs;		/* [I] */
	u32		cap;		/* [I] */
	u32		ports;		/* [I] a bit for each that there is */
	struct ahci_port *port[HBA_PORTS_MAX];	/* [I] NULL: no disk */
	struct thread	*worker;	/* [I] */
	u32		work;		/* [a] ports for the worker */
	bool		is_removed;	/* [a] the worker is to end */
	bool		has_ended;	/* [a] it has */
	struct waitq	ended;
};

/* What one frame has for a port (AHCI 4.2). */
struct ahci_area {
	struct ahci_header list[SLOTS_MAX];
	u8	fis[256];		/* received */
	u8	own[256];		/* table of our own commands */
	u8	data[ATA_SECTOR];	/* what they read */
};
_Static_assert(offsetof(struct ahci_area, fis) % 256 == 0, "AHCI 3.3.3");
_Static_assert(offsetof(struct ahci_area, own) % 128 == 0, "AHCI 4.2.2");

/* Commands that have ended, until no lock is held. */
struct ahci_ended {
	u32	n;
	struct block_request *chain[SLOTS_MAX];
};

extern u64 ahci_timeout_ns;		/* [I after boot] */

#define AHCI_FMT		"ahci%u.%u"
#define AHCI_NAME(p)		(p)->hba->number, (p)->number

/* ---- command.c ---- */

extern const struct block_disk_ops ahci_disk_ops;

/* Give to the controller what may go. */
void	port_issue_locked(struct ahci_port *p) REQUIRES(p->lock);
/* What is issued is watched. */
void	port_timer_arm_locked(struct ahci_port *p, u64 now) REQUIRES(p->lock);
/* Collect what the controller has finished. is_error: what is not queued has
 * not, whatever PxCI says. Only while commands run. */
void	port_reap_locked(struct ahci_port *p, bool is_error,
	    struct ahci_ended *out) REQUIRES(p->lock);
/* Slot n has ended: it is free, and its chain is in out. */
void	port_slot_end_locked(struct ahci_port *p, u32 n,
	    struct ahci_ended *out) REQUIRES(p->lock);
/* Stop running, and hand the port to the worker. */
void	port_fail_locked(struct ahci_port *p, u32 cause) REQUIRES(p->lock);
/* No lock held. */
void	port_end(struct ahci_port *p, const struct ahci_ended *e, int error);
void	port_irq(struct ahci_port *p);
void	port_timer(struct timer *t);

/* ---- port.c: sleeps; for who has the port ---- */

/* Wait until the masked bits of a register are want. False: they did not
 * become so in time, or nothing answers. */
bool	port_wait(struct ahci_port *p, u32 reg, u32 mask, u32 want, u64 ns);
/* Commands: stop (all that were issued are forgotten) and start. False: it
 * did not do so in time. */
bool	port_stop(struct ahci_port *p);
bool	port_start(struct ahci_port *p);
/* Give the port its memory, and let it receive. It is stopped. */
void	port_attach(struct ahci_port *p);
/* COMRESET. It is stopped before and after. -ENODEV: no link; -EIO: the device
 * is not ready. */
int	port_reset(struct ahci_port *p);
/* The device is ready for a command. */
bool	port_wait_ready(struct ahci_port *p, u64 ns);
/* One command that reads a sector into area->data. It is started. lba: of a
 * log page, else 0. */
int	port_command(struct ahci_port *p, u8 command, u32 lba);
/* IDENTIFY DEVICE; NULL or what is wrong. It is started. */
const char *port_identify(struct ahci_port *p, struct ata_identity *out);

/* ---- error.c ---- */

noreturn void ahci_worker(void *arg);
/* The port has no disk any more: all ends with -ENODEV. For the worker. */
void	port_set_gone(struct ahci_port *p);
