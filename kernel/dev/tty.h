/*
 * Terminals. A driver (serial line, screen) registers a struct tty; interrupt
 * handlers hand it input and say when output may go on; the line discipline
 * does the rest in the "tty" kernel thread and in its callers.
 */
#pragma once

#include "kernel/abi/termios.h"
#include "kernel/dev/chardev.h"
#include "kernel/lib/types.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/wait.h"
#include "kernel/sync/spinlock.h"

#define TTY_RAW		1024		/* bytes, powers of two */
#define TTY_INPUT	4096
#define TTY_OUTPUT	4096

struct tty;

struct tty_ops {
	/* Take up to len bytes for output at once; returns how many. Called
	 * with tty.lock held, not from interrupts; must not sleep. When it took
	 * fewer, the driver calls tty_output_ready_irq() later. */
	usize	(*write)(struct tty *t, const u8 *buf, usize len);
	/* Speed and framing of t->termios; may be NULL. */
	void	(*set_termios)(struct tty *t);
	/* There is room for input again after tty_input_room_irq() said 0.
	 * Called in a thread, without locks. May be NULL. */
	void	(*unthrottle)(struct tty *t);
};

/* I set at registration; r raw_lock (irq); l lock; T written with lock held */
struct tty {
	struct tty	*next;		/* [I] */
	const struct tty_ops *ops;	/* [I] */
	void		*priv;		/* [I] driver's */
	struct chardev	dev;		/* [I] name, numbers, mode */

	struct spinlock	raw_lock;	/* LOCK_INTR: interrupts off */
	u8		raw[TTY_RAW];	/* [r] bytes from the interrupt */
	u32		raw_head, raw_tail;	/* [r] */
	u32		work;		/* [a] TTY_WORK_* for the thread */
	u32		overruns;	/* [r] bytes dropped */
	bool		throttled;	/* [r] the driver holds input back */

	struct spinlock	lock;		/* LOCK_TTY */
	struct lx_termios termios;	/* [l] */
	struct lx_winsize winsize;	/* [l] */
	u8		in[TTY_INPUT];	/* [l] cooked */
	u64		in_delim[TTY_INPUT / 64]; /* [l] ends of lines */
	u32		in_head, in_tail;	/* [l] never wrap */
	u32		in_canon;	/* [l] end of the last whole line */
	bool		literal_next;	/* [l] VLNEXT was typed */
	u8		out[TTY_OUTPUT]; /* [l] processed */
	u32		out_head, out_tail;	/* [l] */
	u32		column;		/* [l] of the output, for tabs, erase */
	u32		canon_column;	/* [l] where the typed line began */
	bool		stopped;	/* [l] by VSTOP or TCOOFF */
	bool		held;		/* [l] raw bytes wait for a reader */
	u32		pgrp, session;	/* [l] foreground group; 0: none */
	u32		opens;		/* [l] */
	u32		hangups;	/* [l] counts disassociations */

	struct waitq	readers, writers;
	struct mutex	read_mutex;	/* LOCK_TTY_MUTEX: one reader at once */
};

#define TTY_WORK_INPUT	BIT(0)
#define TTY_WORK_OUTPUT	BIT(1)

/* Make t (ops, priv, dev's name and numbers set) a terminal. Boot. */
void	tty_register(struct tty *t);
/* /dev/console is this one; the last caller wins. Boot. */
void	tty_set_console(struct tty *t);
bool	tty_has_console(void);
void	tty_init(void);			/* the thread, /dev/tty, /dev/console */

/* From the driver's interrupt handler, interrupts off. */
void	tty_input_irq(struct tty *t, const u8 *buf, usize len);
void	tty_output_ready_irq(struct tty *t);
/* Bytes that tty_input_irq() would take now. After 0 the driver holds input
 * back until ops->unthrottle(). Interrupts off. */
u32	tty_input_room_irq(struct tty *t);

/* The session of t has lost its leader: SIGHUP and SIGCONT to the foreground
 * group, and nobody's terminal any more. From kernel/proc. */
void	tty_disassociate(struct tty *t);
const char *tty_name(const struct tty *t);
u64	tty_number(const struct tty *t);	/* device number, for stat */
