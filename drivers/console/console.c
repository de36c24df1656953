/*
 * The console: the log and the terminal tty1 on one screen, typed to on a PS/2
 * keyboard.
 *
 * Whoever owns the screen (lock) writes to it. The terminal waits for the lock.
 * The log cannot: it may be an interrupt, or an NMI, on top of the owner. When
 * the log finds the lock taken it leaves its text in a ring, which the owner
 * empties, and looks at again after it let go. In a panic the log just writes.
 *
 * The log scrolls by a part of the screen at a time, since at boot most of the
 * time of a line would go into drawing all others anew.
 *
 * tty0 is "the terminal that is seen", which here is always tty1.
 */
#include "drivers/console/ansi.h"
#include "drivers/console/console.h"
#include "drivers/console/keyboard.h"
#include "kernel/dev/console_arg.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/tty.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/bootinfo.h"
#include "kernel/lib/string.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"

#define VT_MAJOR	4
#define LOG_RING	4096u
#define LOG_SCROLL_PART	4		/* of the screen's rows */
#define KBD_IRQ		1
#define KBD_TURNS_MAX	64		/* bytes taken in one interrupt */

/* I set at boot; l lock; w the log's writer (console_busy in log.c) */
static struct {
	struct spinlock	lock;		/* LOCK_CONSOLE */
	bool		present;	/* [I] */
	struct screen	screen;		/* [l] */
	struct vt	vt;		/* [l] */
	u32		ring_head;	/* [w] bytes, never wrap */
	u32		ring_tail;	/* [l] */
	u8		ring[LOG_RING];	/* [w] */
	struct tty	tty;
	struct chardev	tty0;
} con = { .lock = SPINLOCK_INIT(LOCK_CONSOLE) };

/* ---- the log ---- */

static void
log_text_locked(const u8 *text, usize len) REQUIRES(con.lock)
{
	usize start = 0;

	con.vt.scroll_step = MAX(con.screen.rows / LOG_SCROLL_PART, 1u);
	for (usize i = 0; i < len; i++) {
		if (text[i] != '\n')
			continue;
		vt_write(&con.vt, text + start, i - start);
		vt_write(&con.vt, (const u8 *)"\r\n", 2);
		start = i + 1;
	}
	vt_write(&con.vt, text + start, len - start);
	con.vt.scroll_step = 1;
}

static void
ring_drain_locked(void) REQUIRES(con.lock)
{
	u32 head = atomic_load_acquire(&con.ring_head);

	while (con.ring_tail != head) {
		u8 c = con.ring[con.ring_tail % LOG_RING];

		log_text_locked(&c, 1);
		atomic_store_release(&con.ring_tail, con.ring_tail + 1);
	}
}

/* Let the screen go, and see to what the log left meanwhile. */
static void
screen_release(void) RELEASES(con.lock) NO_THREAD_CHECK
{
	for (;;) {
		ring_drain_locked();
		vt_update(&con.vt);
		spin_unlock(&con.lock);
		smp_mb();
		if (atomic_load_relaxed(&con.ring_head) ==
		    atomic_load_relaxed(&con.ring_tail) ||
		    !spin_trylock(&con.lock))
			return;
	}
}

static void
ring_put(const char *text, usize len)
{
	u32 room = LOG_RING - (con.ring_head -
	    atomic_load_acquire(&con.ring_tail));

	if (len > room)
		return;		/* the log itself still has the line */
	for (usize i = 0; i < len; i++)
		con.ring[(con.ring_head + i) % LOG_RING] = (u8)text[i];
	atomic_store_release(&con.ring_head, con.ring_head + (u32)len);
}

static void
console_log(const char *text, usize len) NO_THREAD_CHECK
{
	if (panic_under_way) {
		ring_drain_locked();
		log_text_locked((const u8 *)text, len);
		vt_update(&con.vt);
		return;
	}
	ring_put(text, len);
	smp_mb();
	if (spin_trylock(&con.lock))
		screen_release();
}

static struct log_sink console_sink = {
	.max_level = LOG_DEBUG, .write = console_log,
};

/* ---- the terminal ---- */

static usize
console_write(struct tty *t, const u8 *buf, usize len)
{
	char reply[VT_REPLY];
	u32 reply_len;

	spin_lock(&con.lock);
	vt_write(&con.vt, buf, len);
	reply_len = con.vt.reply_len;
	memcpy(reply, con.vt.reply, sizeof(reply));
	con.vt.reply_len = 0;
	screen_release();
	if (reply_len != 0)
		tty_input_irq(t, (const u8 *)reply, reply_len);
	return len;
}

static const struct tty_ops console_tty_ops = {
	.write = console_write,
};

static void
keyboard_irq(void *arg)
{
	u8 out[KEY_BYTES_MAX];

	(void)arg;
	for (u32 i = 0; i < KBD_TURNS_MAX; i++) {
		int n = keyboard_read_irq(out);

		if (n < 0)
			return;
		if (n > 0)
			tty_input_irq(&con.tty, out, (usize)n);
	}
}

/* ---- start ---- */

/* What console= says of the screen, under either of its names. */
static enum console_use
screen_use(const char *cmdline)
{
	return MAX(console_use(cmdline, "tty0"), console_use(cmdline, "tty1"));
}

void
console_init(const struct bootinfo *bi)
{
	if (!screen_init(&con.screen, &bi->fb))
		return;
	vt_init(&con.vt, &con.screen);
	con.present = true;
	if (screen_use(bi->cmdline) != CONSOLE_UNUSED)
		log_add_sink(&console_sink);
	kinfo("screen: %s, %u columns, %u rows", con.screen.pixel_bytes ?
	    "framebuffer" : "text", con.screen.cols, con.screen.rows);
}

void
console_tty_init(const char *cmdline)
{
	if (!con.present)
		return;
	con.tty.ops = &console_tty_ops;
	con.tty.dev = (struct chardev){
		.name = "tty1", .major = VT_MAJOR, .minor = 1, .mode = 0620,
	};
	tty_register(&con.tty);
	con.tty.winsize = (struct lx_winsize){
		.ws_row = (u16)con.screen.rows, .ws_col = (u16)con.screen.cols,
	};
	con.tty0 = con.tty.dev;
	con.tty0.name = "tty0";
	con.tty0.minor = 0;
	chardev_add(&con.tty0);
	if (screen_use(cmdline) == CONSOLE_MAIN || !tty_has_console())
		tty_set_console(&con.tty);
	if (keyboard_start()) {
		irq_attach_isa(KBD_IRQ, "keyboard", keyboard_irq, NULL);
		keyboard_irq(NULL);
	}
}
