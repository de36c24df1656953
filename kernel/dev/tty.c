/*
 * Terminals: the file operations, the thread, /dev/tty and /dev/console.
 *
 * Interrupt handlers only fill the raw ring and wake the "tty" thread, which
 * runs the line discipline (tty_line.c), sends the signals and feeds the
 * driver. So no lock but raw_lock is ever taken in an interrupt.
 *
 * A background process that reads is stopped by SIGTTIN; one that writes, by
 * SIGTTOU if TOSTOP is set (tty_check_job).
 *
 * Locks: read_mutex -> lock -> raw_lock. A sleep for input or room is a renewal
 * point: it holds nothing.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/poll.h"
#include "kernel/abi/signal.h"
#include "kernel/dev/job.h"
#include "kernel/dev/random.h"
#include "kernel/dev/tty_priv.h"
#include "kernel/file/poll.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/vm/reserve.h"

#define TTY_MAJOR_AUX	5		/* /dev/tty 5:0, /dev/console 5:1 */
#define DECISECOND_NS	100000000ul

static struct tty *ttys;		/* [I after boot] */
static struct tty *console;		/* [I after boot] */
static struct thread *tty_thread;	/* [I after boot] */
const struct job_ops *job_ops;

/* ---- from interrupts ---- */

void
tty_kick(struct tty *t, u32 work)
{
	atomic_or(&t->work, work);
	if (tty_thread != NULL)
		(void)sched_wake(tty_thread);
}

void
tty_input_irq(struct tty *t, const u8 *buf, usize len)
{
	u64 flags = spin_lock_irq(&t->raw_lock);

	for (usize i = 0; i < len; i++) {
		if (t->raw_head - t->raw_tail == TTY_RAW)
			t->overruns++;
		else
			t->raw[t->raw_head++ % TTY_RAW] = buf[i];
	}
	spin_unlock_irq(&t->raw_lock, flags);
	random_stir_irq(buf[0]);
	tty_kick(t, TTY_WORK_INPUT);
}

u32
tty_input_room_irq(struct tty *t)
{
	u64 flags = spin_lock_irq(&t->raw_lock);
	u32 room = TTY_RAW - (t->raw_head - t->raw_tail);

	t->throttled = room == 0;
	spin_unlock_irq(&t->raw_lock, flags);
	return room;
}

void
tty_output_ready_irq(struct tty *t)
{
	tty_kick(t, TTY_WORK_OUTPUT);
}

/* ---- the thread ---- */

static bool
raw_pop(struct tty *t, u8 *c)
{
	u64 flags = spin_lock_irq(&t->raw_lock);
	bool some = t->raw_tail != t->raw_head;

	if (some)
		*c = t->raw[t->raw_tail++ % TTY_RAW];
	spin_unlock_irq(&t->raw_lock, flags);
	return some;
}

/* Half of the raw ring is free again: the driver may go on. */
static bool
raw_unthrottle(struct tty *t)
{
	u64 flags = spin_lock_irq(&t->raw_lock);
	bool was = t->throttled &&
	    t->raw_head - t->raw_tail <= TTY_RAW / 2;

	if (was)
		t->throttled = false;
	spin_unlock_irq(&t->raw_lock, flags);
	return was;
}

/* One byte of input; false when there is none, or no reader has made room. */
static bool
tty_step_input(struct tty *t)
{
	int sig = 0;
	u32 pgrp;
	u8 c;

	spin_lock(&t->lock);
	t->held = !tty_may_receive_locked(t);
	if (t->held || !raw_pop(t, &c)) {
		spin_unlock(&t->lock);
		return false;
	}
	tty_receive_locked(t, c, &sig);
	tty_push_locked(t);
	pgrp = t->pgrp;
	spin_unlock(&t->lock);
	if (sig != 0 && pgrp != 0)
		job_ops->signal_pgrp(pgrp, sig);
	return true;
}

static void
tty_run_input(struct tty *t)
{
	while (tty_step_input(t))
		;
	if (raw_unthrottle(t) && t->ops->unthrottle != NULL)
		t->ops->unthrottle(t);
	if (tty_has_input(t))
		waitq_wake(&t->readers, POLLIN | POLLRDNORM);
}

static void
tty_run(struct tty *t)
{
	u32 work = atomic_xchg(&t->work, 0);

	if (work & TTY_WORK_INPUT)
		tty_run_input(t);
	if (work != 0) {
		bool room;

		spin_lock(&t->lock);
		tty_push_locked(t);
		room = tty_out_room(t) >= TTY_OUTPUT / 2;
		spin_unlock(&t->lock);
		if (room)
			waitq_wake(&t->writers, POLLOUT | POLLWRNORM);
	}
}

static void
tty_thread_main(void *arg)
{
	(void)arg;
	for (;;) {
		u32 work = 0;

		sched_set_state(THREAD_BLOCKED);
		for (struct tty *t = ttys; t != NULL; t = t->next)
			work |= atomic_load(&t->work);
		if (work == 0)
			schedule();
		sched_set_state(THREAD_RUNNABLE);
		for (struct tty *t = ttys; t != NULL; t = t->next)
			tty_run(t);
	}
}

/* ---- read ---- */

/*
 * Move what a read may have now. Bytes moved; *again: a page of the reader's is
 * missing; *eof: an end of file was taken.
 */
static usize
tty_take_locked(struct tty *t, struct uio *to, bool *again, bool *eof)
    REQUIRES(t->lock)
{
	bool canon = TTY_FLAG(t, lflag, ICANON);
	usize n = 0;

	while (to->left > 0 && tty_input_len_locked(t) > 0) {
		u32 at = t->in_tail % TTY_INPUT;
		bool delim = canon && (t->in_delim[at / 64] >> (at % 64) & 1);
		u8 c = t->in[at];

		if (delim && c == 0) {
			t->in_tail++;
			*eof = true;
			break;
		}
		if (uio_put(to, &c, 1) != 1) {
			*again = true;
			break;
		}
		t->in_tail++;
		n++;
		if (delim) {
			*eof = true;	/* the line's end ends the read */
			break;
		}
	}
	return n;
}

/* In raw mode: how many bytes must be there, and by when. */
static void
tty_raw_rules(struct tty *t, usize want, bool some, u32 *min, u64 *deadline)
{
	u32 vmin = t->termios.c_cc[VMIN], vtime = t->termios.c_cc[VTIME];

	*min = MIN((usize)vmin, want);
	*deadline = CLOCK_NEVER;
	if (vtime != 0 && (vmin == 0 || some))
		*deadline = clock_now_ns() + vtime * DECISECOND_NS;
	if (vmin == 0)
		*min = vtime == 0 ? 0 : 1;
}

static bool
tty_ready_to_read(struct tty *t, u32 min)
{
	bool ready;

	spin_lock(&t->lock);
	ready = tty_input_len_locked(t) >= min;
	spin_unlock(&t->lock);
	return ready;
}

/* 0: look again; 1: the wait is over without input; or an errno. */
static int
tty_wait_input(struct tty *t, struct file *f, usize want, usize got)
{
	u64 deadline = CLOCK_NEVER;
	u32 min = 1;
	int err;

	spin_lock(&t->lock);
	if (!TTY_FLAG(t, lflag, ICANON))
		tty_raw_rules(t, want + got, got != 0, &min, &deadline);
	spin_unlock(&t->lock);
	if (min <= got)
		return 1;
	if (f->flags & O_NONBLOCK)
		return got != 0 ? 1 : -EAGAIN;
	WAIT_RENEWED(&t->readers, tty_ready_to_read(t, 1), THREAD_SLEEPING,
	    deadline, true, err);
	if (err == -ETIMEDOUT)
		return 1;
	return err == -EINTR ? -ERESTARTSYS : err;
}

static isize
tty_read(struct file *f, struct uio *to, s64 *pos)
{
	struct tty *t = f->priv;
	usize got = 0;
	int err = tty_check_job(t, SIGTTIN);

	(void)pos;
	if (err != 0 || to->left == 0)
		return err;
	for (;;) {
		bool again = false, end = false, held;

		spin_lock(&t->lock);
		got += tty_take_locked(t, to, &again, &end);
		held = t->held;
		t->held = false;
		spin_unlock(&t->lock);
		if (held)
			tty_kick(t, TTY_WORK_INPUT);
		if (end || to->left == 0)
			return got;
		if (again) {
			err = uio_fault_in(to, USER_WRITE);
			if (err != 0)
				return got != 0 ? (isize)got : err;
			continue;
		}
		err = tty_wait_input(t, f, to->left, got);
		if (err != 0)
			return err > 0 || got != 0 ? (isize)got : err;
		err = tty_check_job(t, SIGTTIN);
		if (err != 0)
			return err;
	}
}

/* ---- write ---- */

static bool
tty_has_room(struct tty *t)
{
	bool room;

	spin_lock(&t->lock);
	tty_push_locked(t);
	room = tty_out_room(t) >= TTY_OUTPUT / 2;
	spin_unlock(&t->lock);
	return room;
}

/* One pass: as many bytes as fit. */
static usize
tty_fill_locked(struct tty *t, struct uio *from, bool *again) REQUIRES(t->lock)
{
	usize n = 0;

	while (from->left > 0 && tty_out_room(t) >= 8) {
		u8 c;

		if (uio_get(from, &c, 1) != 1) {
			*again = true;
			break;
		}
		(void)tty_put_locked(t, c);
		n++;
	}
	tty_push_locked(t);
	return n;
}

static isize
tty_write(struct file *f, struct uio *from, s64 *pos)
{
	struct tty *t = f->priv;
	usize done = 0;
	int err = 0;

	(void)pos;
	if (TTY_FLAG(t, lflag, TOSTOP))
		err = tty_check_job(t, SIGTTOU);
	while (err == 0 && from->left > 0) {
		bool again = false;
		usize n;

		spin_lock(&t->lock);
		n = tty_fill_locked(t, from, &again);
		spin_unlock(&t->lock);
		done += n;
		if (from->left == 0)
			break;
		if (again) {
			err = uio_fault_in(from, USER_READ);
			continue;
		}
		if (n == 0 && (f->flags & O_NONBLOCK)) {
			err = -EAGAIN;
			break;
		}
		WAIT_RENEWED(&t->writers, tty_has_room(t), THREAD_SLEEPING,
		    CLOCK_NEVER, true, err);
		if (err == -EINTR)
			err = -ERESTARTSYS;
	}
	return done != 0 ? (isize)done : err;
}

static u32
tty_poll(struct file *f, struct poll_table *pt)
{
	struct tty *t = f->priv;
	u32 events = 0;

	poll_wait(pt, &t->readers);
	poll_wait(pt, &t->writers);
	spin_lock(&t->lock);
	if (tty_input_len_locked(t) != 0)
		events |= POLLIN | POLLRDNORM;
	if (tty_out_room(t) >= TTY_OUTPUT / 2)
		events |= POLLOUT | POLLWRNORM;
	spin_unlock(&t->lock);
	return events;
}

static void
tty_release(struct file *f)
{
	struct tty *t = f->priv;

	spin_lock(&t->lock);
	t->opens--;
	spin_unlock(&t->lock);
}

static FILE_BOUNDS(tty);

static const struct file_ops tty_file_ops = {
	.name = "tty",
	.bound = tty_bounds,
	.read = tty_read,
	.write = tty_write,
	.ioctl = tty_ioctl,
	.poll = tty_poll,
	.release = tty_release,
};

/* ---- opening ---- */

/* A session leader without a terminal gets the first that it opens. */
static int
tty_open(struct chardev *d, u32 flags, const struct file_ops **ops,
    void **priv)
{
	struct tty *t = d->priv;

	spin_lock(&t->lock);
	t->opens++;
	spin_unlock(&t->lock);
	if (!(flags & O_NOCTTY) && job_ops != NULL && job_ops->is_leader() &&
	    job_ops->ctty() == NULL)
		(void)tty_make_controlling(t, false);
	*ops = &tty_file_ops;
	*priv = t;
	return 0;
}

static int
tty_open_current(struct chardev *d, u32 flags, const struct file_ops **ops,
    void **priv)
{
	struct tty *t = job_ops != NULL ? job_ops->ctty() : NULL;

	(void)d;
	if (t == NULL)
		return -ENXIO;
	return tty_open(&t->dev, flags | O_NOCTTY, ops, priv);
}

static int
tty_open_console(struct chardev *d, u32 flags, const struct file_ops **ops,
    void **priv)
{
	(void)d;
	if (console == NULL)
		return -ENODEV;
	return tty_open(&console->dev, flags | O_NOCTTY, ops, priv);
}

static struct chardev tty_current_dev = {
	.name = "tty", .major = TTY_MAJOR_AUX, .minor = 0, .mode = 0666,
	.open = tty_open_current,
};
static struct chardev tty_console_dev = {
	.name = "console", .major = TTY_MAJOR_AUX, .minor = 1, .mode = 0600,
	.open = tty_open_console,
};

void
tty_register(struct tty *t)
{
	spin_init(&t->raw_lock, LOCK_INTR);
	spin_init(&t->lock, LOCK_TTY);
	mutex_init(&t->read_mutex, LOCK_TTY_MUTEX);
	waitq_init(&t->readers);
	waitq_init(&t->writers);
	t->termios = tty_default_termios;
	t->winsize = (struct lx_winsize){ .ws_row = 24, .ws_col = 80 };
	t->dev.open = tty_open;
	t->dev.priv = t;
	chardev_add(&t->dev);
	t->next = ttys;
	ttys = t;
}

void
tty_set_console(struct tty *t)
{
	console = t;
}

bool
tty_has_console(void)
{
	return console != NULL;
}

const char *
tty_name(const struct tty *t)
{
	return t->dev.name;
}

u64
tty_number(const struct tty *t)
{
	return (u64)t->dev.major << 8 | t->dev.minor;
}

void
tty_init(void)
{
	chardev_add(&tty_current_dev);
	chardev_add(&tty_console_dev);
	tty_thread = kthread_create("tty", tty_thread_main, NULL);
}
