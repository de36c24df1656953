/*
 * 16550 serial ports.
 *
 * A port has two users. The kernel log writes whole lines by polling, from any
 * context, an NMI or a panic too. The terminal hands over bytes when it has
 * them: as long as the transmit FIFO reports empty, the next 16 go in (in an
 * emulator it always does); then the THRE interrupt is turned on, and when it
 * comes the terminal is asked for more. So no byte waits in this driver.
 *
 * Received bytes are drained in the interrupt handler until the port says that
 * nothing is pending: an ISA interrupt is an edge, and one that is left pending
 * would be the last.
 *
 * Locks: port.lock, interrupts off, nothing is taken under it and nothing is
 * logged under it. The log waits for it only so long (LOG_WAIT_NS): an NMI may
 * have come to the CPU that holds it.
 *
 * The ports are COM1 and COM2 where PCs have them, and the one that ACPI's SPCR
 * table names, if it is another.
 */
#include "drivers/serial/reg.h"
#include "drivers/serial/serial.h"
#include "kernel/acpi/acpi.h"
#include "kernel/dev/console_arg.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/tty.h"
#include "kernel/lib/string.h"
#include "kernel/sched/timer.h"
#include "kernel/sync/spinlock.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"

#define NPORTS		3
#define PORT_SPCR	2
#define TTYS_MAJOR	4
#define TTYS_MINOR	64
#define NO_IRQ		(~0u)
#define IO_FIRST	0x100	/* ports below are the mainboard's */

#define SPCR_16550	0	/* types of the SPCR table */
#define SPCR_16450	1
#define SPCR_16550_GAS	0x12

#define BAUD		115200
#define BURSTS_MAX	16	/* FIFO loads in one go of the terminal's */
#define IRQ_TURNS_MAX	4096	/* of a port that never stops asking */
#define POLL_NS		10000000ul /* a port without an interrupt */

/* Polls of a status register before a port is taken for dead: each is about a
 * microsecond, a byte at 115200 baud takes 87, a full FIFO 1400. */
#define TX_POLLS_MAX	20000
#define LOG_POLLS_MAX	20000

/* I set at boot; l lock */
struct port {
	struct spinlock	lock;		/* LOCK_CONSOLE, interrupts off */
	const char	*name;		/* [I] */
	u16		io;		/* [I] base port, or 0 */
	volatile u8	*mmio;		/* [I] base address, or NULL */
	u32		stride;		/* [I] bytes between registers */
	u32		irq;		/* [I] ISA number, or NO_IRQ */
	bool		present;	/* [I] */
	bool		dead;		/* [l] the transmitter hangs */
	u8		ier;		/* [l] what UART_IER holds */
	struct log_sink	sink;
	struct timer	poll;
	struct tty	tty;
};

static struct port ports[NPORTS] = {
	{ .name = "ttyS0", .io = 0x3f8, .irq = 4, .stride = 1 },
	{ .name = "ttyS1", .io = 0x2f8, .irq = 3, .stride = 1 },
	{ .name = "ttyS2", .irq = NO_IRQ, .stride = 1 },
};

/* ---- registers ---- */

static u8
reg_read(const struct port *p, u32 reg)
{
	if (p->mmio != NULL)
		return p->mmio[reg * p->stride];
	return io_in8((u16)(p->io + reg * p->stride));
}

static void
reg_write(const struct port *p, u32 reg, u8 v)
{
	if (p->mmio != NULL)
		p->mmio[reg * p->stride] = v;
	else
		io_out8((u16)(p->io + reg * p->stride), v);
}

/* ---- probe and set-up ---- */

/* A UART is there if its scratch register keeps values, IER's upper half reads
 * as zero, and the modem lines come back in loopback. */
static bool
port_probe(struct port *p)
{
	u8 mcr, signs;

	if (reg_read(p, UART_LSR) == 0xff)
		return false;
	reg_write(p, UART_SCR, 0x5a);
	if (reg_read(p, UART_SCR) != 0x5a)
		return false;
	reg_write(p, UART_SCR, 0xa5);
	if (reg_read(p, UART_SCR) != 0xa5)
		return false;
	reg_write(p, UART_IER, 0);
	if (reg_read(p, UART_IER) != 0)
		return false;
	mcr = reg_read(p, UART_MCR);
	reg_write(p, UART_MCR, MCR_LOOP | MCR_OUT2 | MCR_RTS);
	signs = reg_read(p, UART_MSR) & MSR_LOOP_MASK;
	reg_write(p, UART_MCR, mcr);
	return signs == MSR_LOOP_SIGNS;
}

static void
port_set_line_locked(struct port *p, u32 baud, u8 lcr) REQUIRES(p->lock)
{
	u32 divisor = UART_CLOCK_HZ / 16 / MAX(baud, 1u);

	divisor = MIN(MAX(divisor, 1u), 0xffffu);
	reg_write(p, UART_LCR, lcr | LCR_DLAB);
	reg_write(p, UART_DLL, (u8)divisor);
	reg_write(p, UART_DLM, (u8)(divisor >> 8));
	reg_write(p, UART_LCR, lcr);
}

static void
port_start(struct port *p)
{
	u64 flags = spin_lock_irq(&p->lock);

	port_set_line_locked(p, BAUD, LCR_WLS_8);
	reg_write(p, UART_FCR, FCR_ENABLE | FCR_RX_RESET | FCR_TX_RESET |
	    FCR_TRIGGER_8);
	reg_write(p, UART_MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
	p->ier = 0;
	reg_write(p, UART_IER, p->ier);
	p->present = true;
	spin_unlock_irq(&p->lock, flags);
}

static void
port_set_ier_locked(struct port *p, u8 ier) REQUIRES(p->lock)
{
	if (p->ier == ier)
		return;
	p->ier = ier;
	reg_write(p, UART_IER, ier);
}

/* ---- the log ---- */

/* Wait until the transmit FIFO is empty; marks the port dead if it never is. */
static void
wait_room_locked(struct port *p) REQUIRES(p->lock)
{
	for (u32 i = 0; i < TX_POLLS_MAX; i++) {
		if (reg_read(p, UART_LSR) & LSR_THRE)
			return;
		cpu_pause();
	}
	p->dead = true;
}

static void
put_polled_locked(struct port *p, const char *text, usize len) REQUIRES(p->lock)
{
	u32 room = 0;

	for (usize i = 0; i < len; i++) {
		if (room < 2) {		/* an end of line takes two bytes */
			wait_room_locked(p);
			room = UART_FIFO_BYTES;
		}
		if (p->dead)
			return;
		if (text[i] == '\n') {
			reg_write(p, UART_THR, '\r');
			room--;
		}
		reg_write(p, UART_THR, (u8)text[i]);
		room--;
	}
}

/* A sink's write: any context. Goes on without the lock if who holds it cannot
 * run: this may be an NMI on top of it, or a panic. */
static void
port_log(struct port *p, const char *text, usize len) NO_THREAD_CHECK
{
	u64 flags = cpu_irq_save();
	bool locked = spin_trylock(&p->lock);

	for (u32 i = 0; !locked && i < LOG_POLLS_MAX; i++) {
		if (panic_under_way && i > LOG_POLLS_MAX / 16)
			break;
		(void)reg_read(p, UART_SCR);
		locked = spin_trylock(&p->lock);
	}
	put_polled_locked(p, text, len);
	if (locked)
		spin_unlock(&p->lock);
	cpu_irq_restore(flags);
}

static void
log_port0(const char *text, usize len)
{
	port_log(&ports[0], text, len);
}

static void
log_port1(const char *text, usize len)
{
	port_log(&ports[1], text, len);
}

static void
log_port2(const char *text, usize len)
{
	port_log(&ports[2], text, len);
}

static void (*const log_writers[NPORTS])(const char *, usize) = {
	log_port0, log_port1, log_port2,
};

static void
port_attach_log(struct port *p, enum console_use use)
{
	if (use == CONSOLE_UNUSED ||
	    (use == CONSOLE_DEFAULT && p != &ports[0]))
		return;
	p->sink.max_level = LOG_DEBUG;
	p->sink.write = log_writers[p - ports];
	log_add_sink(&p->sink);
}

/* ---- the terminal ---- */

static usize
serial_write(struct tty *t, const u8 *buf, usize len)
{
	struct port *p = t->priv;
	u64 flags = spin_lock_irq(&p->lock);
	usize done = 0;

	if (p->dead && reg_read(p, UART_LSR) & LSR_THRE)
		p->dead = false;
	for (u32 i = 0; i < BURSTS_MAX && done < len; i++) {
		usize end = MIN(len, done + UART_FIFO_BYTES);

		if (!(reg_read(p, UART_LSR) & LSR_THRE))
			break;
		while (done < end)
			reg_write(p, UART_THR, buf[done++]);
	}
	/* LIMIT: a port without an interrupt sends one such go per poll. */
	if (done < len && p->irq != NO_IRQ)
		port_set_ier_locked(p, p->ier | IER_ETBEI);
	spin_unlock_irq(&p->lock, flags);
	return done;
}

/* ttyS speeds by the code of termios(3)'s CBAUD. */
static const struct {
	u32 code, baud;
} speeds[] = {
	{ B1200, 1200 }, { B2400, 2400 }, { B4800, 4800 }, { B9600, 9600 },
	{ B19200, 19200 }, { B38400, 38400 }, { B57600, 57600 },
	{ B115200, 115200 },
};

static void
serial_set_termios(struct tty *t)
{
	struct port *p = t->priv;
	u32 cflag = t->termios.c_cflag, baud = BAUD;
	u8 lcr = LCR_WLS_8;
	u64 flags;

	for (u32 i = 0; i < ARRAY_LEN(speeds); i++)
		if (speeds[i].code == (cflag & CBAUD))
			baud = speeds[i].baud;
	if ((cflag & CSIZE) == CS7)
		lcr = LCR_WLS_7;
	else if ((cflag & CSIZE) == CS6)
		lcr = LCR_WLS_6;
	else if ((cflag & CSIZE) == CS5)
		lcr = LCR_WLS_5;
	if (cflag & CSTOPB)
		lcr |= LCR_STB;
	if (cflag & PARENB)
		lcr |= cflag & PARODD ? LCR_PEN : LCR_PEN | LCR_EPS;
	flags = spin_lock_irq(&p->lock);
	port_set_line_locked(p, baud, lcr);
	spin_unlock_irq(&p->lock, flags);
}

/* ---- interrupts ---- */

/* Bytes from the receive FIFO; a break counts as a NUL. */
static u32
port_receive_locked(struct port *p, u8 *buf, u32 max) REQUIRES(p->lock)
{
	u32 n = 0;

	while (n < max) {
		u8 lsr = reg_read(p, UART_LSR);

		if (!(lsr & (LSR_DR | LSR_BI)))
			break;
		buf[n] = reg_read(p, UART_RBR);
		if (!(lsr & (LSR_PE | LSR_FE)) || lsr & LSR_BI)
			n++;		/* damaged bytes are dropped */
	}
	return n;
}

/*
 * The terminal has no room: leave bytes in the FIFO, and tell the other side by
 * RTS. Nothing is lost if it obeys.
 */
static void
port_throttle_locked(struct port *p, bool on) REQUIRES(p->lock)
{
	if (on) {
		port_set_ier_locked(p, p->ier & ~IER_ERBFI);
		reg_write(p, UART_MCR, MCR_DTR | MCR_OUT2);
	} else {
		reg_write(p, UART_MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
		port_set_ier_locked(p, p->ier | IER_ERBFI);
	}
}

/*
 * One look at the port; true when there may be more. Only the interrupt handler
 * (or the timer) takes input, so that room is not less than it was.
 */
static bool
port_service(struct port *p)
{
	u8 buf[64];
	u32 room = MIN(tty_input_room_irq(&p->tty), (u32)sizeof(buf));
	u64 flags = spin_lock_irq(&p->lock);
	u8 iir = reg_read(p, UART_IIR);
	u32 got = port_receive_locked(p, buf, room);
	bool ready = false;

	if (room == 0)
		port_throttle_locked(p, true);
	if (p->ier & IER_ETBEI && reg_read(p, UART_LSR) & LSR_THRE) {
		port_set_ier_locked(p, p->ier & ~IER_ETBEI);
		ready = true;
	}
	if ((iir & IIR_ID) == IIR_MODEM)
		(void)reg_read(p, UART_MSR);
	spin_unlock_irq(&p->lock, flags);
	if (got != 0)
		tty_input_irq(&p->tty, buf, got);
	if (ready)
		tty_output_ready_irq(&p->tty);
	return got != 0 || !(iir & IIR_NONE);
}

static void
serial_irq(void *arg)
{
	u32 turns = 0;

	while (port_service(arg) && ++turns < IRQ_TURNS_MAX)
		continue;
}

static void
serial_unthrottle(struct tty *t)
{
	struct port *p = t->priv;
	u64 flags = spin_lock_irq(&p->lock);

	/* What came meanwhile interrupts now (PC16550D 8.4). */
	port_throttle_locked(p, false);
	spin_unlock_irq(&p->lock, flags);
}

static const struct tty_ops serial_tty_ops = {
	.write = serial_write,
	.set_termios = serial_set_termios,
	.unthrottle = serial_unthrottle,
};

/* A port whose interrupt we cannot have is looked at now and then. */
static void
serial_poll(struct timer *t)
{
	struct port *p = CONTAINER_OF(t, struct port, poll);

	serial_irq(p);
	tty_output_ready_irq(&p->tty);
	timer_set(t, clock_now_ns() + POLL_NS);
}

/* ---- start ---- */

static void
port_register(struct port *p, const char *cmdline)
{
	enum console_use use = console_use(cmdline, p->name);
	u64 flags;

	p->tty.ops = &serial_tty_ops;
	p->tty.priv = p;
	p->tty.dev.name = p->name;
	p->tty.dev.major = TTYS_MAJOR;
	p->tty.dev.minor = TTYS_MINOR + (u32)(p - ports);
	p->tty.dev.mode = 0620;
	tty_register(&p->tty);
	if (use == CONSOLE_MAIN || !tty_has_console())
		tty_set_console(&p->tty);
	if (p->irq == NO_IRQ) {
		timer_init(&p->poll, serial_poll);
		timer_set(&p->poll, clock_now_ns() + POLL_NS);
	} else {
		irq_attach_isa(p->irq, p->name, serial_irq, p);
	}
	/* What came before interrupts now (PC16550D 8.4). */
	flags = spin_lock_irq(&p->lock);
	port_set_ier_locked(p, IER_ERBFI);
	spin_unlock_irq(&p->lock, flags);
}

void
serial_init_early(const char *cmdline)
{
	for (u32 i = 0; i < NPORTS; i++) {
		struct port *p = &ports[i];

		spin_init(&p->lock, LOCK_CONSOLE);
		if (i == PORT_SPCR || !port_probe(p))
			continue;
		port_start(p);
		port_attach_log(p, console_use(cmdline, p->name));
	}
}

/* Where the SPCR table says that its port is; false where that cannot be. */
static bool
port_place(struct port *p, const struct acpi_gas *g)
{
	if (g->access_size > 4)
		return false;
	if (g->access_size > 1)
		p->stride = 1u << (g->access_size - 1);
	if (g->space == ACPI_SPACE_IO) {
		if (g->addr == ports[0].io || g->addr == ports[1].io ||
		    g->addr < IO_FIRST || g->addr > 0xffff - 8 * p->stride)
			return false;
		p->io = (u16)g->addr;
		return true;
	}
	if (g->space != ACPI_SPACE_MEMORY || g->addr >= BIT(46) ||
	    paging_kernel_mapped((u64)phys_to_virt(g->addr)))
		return false;		/* no memory, or it is RAM */
	p->mmio = vmap_device(g->addr, 8 * p->stride);
	return true;
}

void
serial_init_spcr(const struct acpi_info *acpi, const char *cmdline)
{
	const struct acpi_spcr *s = &acpi->spcr;
	struct port *p = &ports[PORT_SPCR];

	if (!s->present || s->is_pci || (s->type != SPCR_16550 &&
	    s->type != SPCR_16450 && s->type != SPCR_16550_GAS) ||
	    !port_place(p, &s->base))
		return;
	if (s->gsi >= 1 && s->gsi < 16 && s->gsi != ports[0].irq &&
	    s->gsi != ports[1].irq)
		p->irq = s->gsi;
	if (port_probe(p)) {
		port_start(p);
		port_attach_log(p, console_use(cmdline, p->name));
	}
}

void
serial_init(const char *cmdline)
{
	for (u32 i = 0; i < NPORTS; i++) {
		struct port *p = &ports[i];

		if (!p->present)
			continue;
		port_register(p, cmdline);
		if (p->mmio != NULL)
			kinfo("%s: 16550 at a mapped address", p->name);
		else
			kinfo("%s: 16550 at port %#x, irq %d", p->name, p->io,
			    (int)p->irq);
	}
}
