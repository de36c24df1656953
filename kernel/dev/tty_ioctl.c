/*
 * Terminal ioctls and job control.
 *
 * A terminal belongs to at most one session (t->session), and one process group
 * of it is in the foreground (t->pgrp). What a background process does to its
 * controlling terminal stops it: reading by SIGTTIN, changing settings by
 * SIGTTOU, unless the signal is off or the group is orphaned (nobody could
 * continue it): then an error instead. Processes are reached through job_ops.
 *
 * Locks: t->lock for the fields; job_ops is called without it.
 * Source: ioctl_tty(2), termios(3), POSIX.1-2017 11.1.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/poll.h"
#include "kernel/abi/signal.h"
#include "kernel/abi/termios.h"
#include "kernel/dev/job.h"
#include "kernel/dev/tty_priv.h"
#include "kernel/file/cred.h"
#include "kernel/lib/string.h"
#include "kernel/vm/reserve.h"
#include "kernel/vm/uaccess.h"
#include "kernel/x86/cpu.h"

/* ---- job control ---- */

int
tty_check_job(struct tty *t, int sig)
{
	u32 pgrp = job_ops->pgrp();
	bool background;

	if (job_ops->ctty() != t)
		return 0;
	spin_lock(&t->lock);
	background = t->pgrp != 0 && t->pgrp != pgrp;
	spin_unlock(&t->lock);
	if (!background)
		return 0;
	if (job_ops->sig_is_off(sig))
		return sig == SIGTTIN ? -EIO : 0;
	if (job_ops->pgrp_is_orphaned(pgrp))
		return -EIO;
	job_ops->signal_pgrp(pgrp, sig);
	return -ERESTARTSYS;
}

/* t becomes the terminal of current's session. */
int
tty_make_controlling(struct tty *t, bool steal)
{
	u32 session = job_ops->session();
	int err = 0;

	if (job_ops->ctty() == t)
		return 0;
	if (!job_ops->is_leader() || job_ops->ctty() != NULL)
		return -EPERM;
	spin_lock(&t->lock);
	if (t->session != 0 && t->session != session &&
	    !(steal && cred_is_root(current_cred()))) {
		err = -EPERM;
	} else {
		t->session = session;
		t->pgrp = job_ops->pgrp();
	}
	spin_unlock(&t->lock);
	if (err == 0)
		job_ops->set_ctty(t);
	return err;
}

void
tty_disassociate(struct tty *t)
{
	u32 pgrp;

	spin_lock(&t->lock);
	pgrp = t->pgrp;
	t->pgrp = t->session = 0;
	t->hangups++;
	spin_unlock(&t->lock);
	if (pgrp != 0) {
		job_ops->signal_pgrp(pgrp, SIGHUP);
		job_ops->signal_pgrp(pgrp, SIGCONT);
	}
	waitq_wake_all(&t->readers, POLLIN | POLLHUP);
}

/* ---- settings ---- */

static bool
tty_output_done(struct tty *t)
{
	bool done;

	spin_lock(&t->lock);
	tty_push_locked(t);
	done = t->out_head == t->out_tail || t->stopped;
	spin_unlock(&t->lock);
	return done;
}

static int
tty_drain(struct tty *t)
{
	int err;

	WAIT_RENEWED(&t->writers, tty_output_done(t), THREAD_SLEEPING,
	    CLOCK_NEVER, false, err);
	return err == -EINTR ? -ERESTARTSYS : err;
}

enum when { NOW, DRAIN, DRAIN_FLUSH };

static void
tty_set(struct tty *t, const struct lx_termios *new, enum when when)
{
	spin_lock(&t->lock);
	if (when == DRAIN_FLUSH)
		tty_flush_input_locked(t);
	t->termios = *new;
	tty_termios_changed_locked(t);
	tty_push_locked(t);
	if (t->ops->set_termios != NULL)
		t->ops->set_termios(t);
	spin_unlock(&t->lock);
	tty_kick(t, TTY_WORK_INPUT);	/* there may be room for held bytes */
	waitq_wake_all(&t->readers, POLLIN);
}

static long
tty_set_termios(struct tty *t, uptr_t arg, enum when when)
{
	struct lx_termios new;
	int err = tty_check_job(t, SIGTTOU);

	if (err == 0)
		err = copy_in_obj(&new, arg);
	if (err == 0 && when != NOW)
		err = tty_drain(t);
	if (err == 0)
		tty_set(t, &new, when);
	return err;
}

static long
tty_set_termios2(struct tty *t, uptr_t arg, enum when when)
{
	struct lx_termios2 new;
	int err = tty_check_job(t, SIGTTOU);

	if (err == 0)
		err = copy_in_obj(&new, arg);
	if (err == 0 && when != NOW)
		err = tty_drain(t);
	if (err == 0) {
		_Static_assert(offsetof(struct lx_termios2, c_ispeed) == 36,
		    "termios2 begins like termios");
		tty_set(t, (const struct lx_termios *)&new, when);
	}
	return err;
}

static long
tty_get_termios(struct tty *t, uptr_t arg)
{
	struct lx_termios now;

	spin_lock(&t->lock);
	now = t->termios;
	spin_unlock(&t->lock);
	return copy_out_obj(arg, &now);
}

static long
tty_get_termios2(struct tty *t, uptr_t arg)
{
	struct lx_termios2 now = { .c_ispeed = 115200, .c_ospeed = 115200 };

	spin_lock(&t->lock);
	memcpy(&now, &t->termios, sizeof(t->termios));
	spin_unlock(&t->lock);
	return copy_out_obj(arg, &now);
}

static long
tty_set_winsize(struct tty *t, uptr_t arg)
{
	struct lx_winsize ws;
	u32 pgrp = 0;
	int err = copy_in_obj(&ws, arg);

	if (err != 0)
		return err;
	spin_lock(&t->lock);
	if (memcmp(&ws, &t->winsize, sizeof(ws)) != 0) {
		t->winsize = ws;
		pgrp = t->pgrp;
	}
	spin_unlock(&t->lock);
	if (pgrp != 0)
		job_ops->signal_pgrp(pgrp, SIGWINCH);
	return 0;
}

static long
tty_get_winsize(struct tty *t, uptr_t arg)
{
	struct lx_winsize ws;

	spin_lock(&t->lock);
	ws = t->winsize;
	spin_unlock(&t->lock);
	return copy_out_obj(arg, &ws);
}

/* ---- groups ---- */

static long
tty_get_pgrp(struct tty *t, uptr_t arg)
{
	s32 pgrp;

	if (job_ops->ctty() != t)
		return -ENOTTY;
	spin_lock(&t->lock);
	pgrp = t->pgrp;
	spin_unlock(&t->lock);
	return copy_out_obj(arg, &pgrp);
}

static long
tty_set_pgrp(struct tty *t, uptr_t arg)
{
	s32 pgrp;
	int err;

	if (job_ops->ctty() != t || t->session != job_ops->session())
		return -ENOTTY;
	err = tty_check_job(t, SIGTTOU);
	if (err == 0)
		err = copy_in_obj(&pgrp, arg);
	if (err != 0)
		return err;
	if (pgrp < 0)
		return -EINVAL;
	if (!job_ops->pgrp_exists(pgrp))
		return -ESRCH;
	if (!job_ops->pgrp_in_session(pgrp, job_ops->session()))
		return -EPERM;
	spin_lock(&t->lock);
	t->pgrp = pgrp;
	spin_unlock(&t->lock);
	return 0;
}

static long
tty_get_session(struct tty *t, uptr_t arg)
{
	s32 session = t->session;

	if (job_ops->ctty() != t)
		return -ENOTTY;
	return copy_out_obj(arg, &session);
}

static long
tty_give_up(struct tty *t)
{
	if (job_ops->ctty() != t)
		return -ENOTTY;
	if (job_ops->is_leader())
		tty_disassociate(t);
	job_ops->set_ctty(NULL);
	return 0;
}

/* ---- queues ---- */

static long
tty_flush(struct tty *t, u64 which)
{
	int err = tty_check_job(t, SIGTTOU);

	if (err != 0)
		return err;
	if (which > TCIOFLUSH)
		return -EINVAL;
	spin_lock(&t->lock);
	if (which != TCOFLUSH)
		tty_flush_input_locked(t);
	if (which != TCIFLUSH)
		t->out_tail = t->out_head;
	spin_unlock(&t->lock);
	if (which != TCIFLUSH)
		waitq_wake_all(&t->writers, POLLOUT);
	tty_kick(t, TTY_WORK_INPUT);	/* there may be room for held bytes */
	return 0;
}

static long
tty_flow(struct tty *t, u64 action)
{
	int err = tty_check_job(t, SIGTTOU);

	if (err != 0)
		return err;
	if (action > TCION)
		return -EINVAL;
	if (action <= TCOON) {
		spin_lock(&t->lock);
		t->stopped = action == TCOOFF;
		tty_push_locked(t);
		spin_unlock(&t->lock);
	}
	return 0;
}

static long
tty_queue_len(struct tty *t, u32 cmd, uptr_t arg)
{
	s32 n;

	spin_lock(&t->lock);
	n = cmd == FIONREAD ? tty_input_len_locked(t) :
	    t->out_head - t->out_tail;
	spin_unlock(&t->lock);
	return copy_out_obj(arg, &n);
}

/* Pretend that a byte was typed: only for root, since it runs commands. */
static long
tty_simulate(struct tty *t, uptr_t arg)
{
	u64 flags;
	u8 c;
	int err;

	if (!cred_is_root(current_cred()))
		return -EPERM;
	err = copy_in_obj(&c, arg);
	if (err != 0)
		return err;
	flags = cpu_irq_save();
	tty_input_irq(t, &c, 1);
	cpu_irq_restore(flags);
	return 0;
}

static long
tty_drain_then(struct tty *t)
{
	int err = tty_check_job(t, SIGTTOU);

	return err != 0 ? err : tty_drain(t);
}

static long
tty_modem_lines(uptr_t arg)
{
	s32 lines = TIOCM_DTR | TIOCM_RTS | TIOCM_CAR | TIOCM_CTS | TIOCM_DSR;

	return copy_out_obj(arg, &lines);
}

long
tty_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct tty *t = f->priv;
	uptr_t p = UPTR(arg);

	switch (cmd) {
	case TCGETS:		return tty_get_termios(t, p);
	case TCSETS:		return tty_set_termios(t, p, NOW);
	case TCSETSW:		return tty_set_termios(t, p, DRAIN);
	case TCSETSF:		return tty_set_termios(t, p, DRAIN_FLUSH);
	case TCGETS2:		return tty_get_termios2(t, p);
	case TCSETS2:		return tty_set_termios2(t, p, NOW);
	case TCSETSW2:		return tty_set_termios2(t, p, DRAIN);
	case TCSETSF2:		return tty_set_termios2(t, p, DRAIN_FLUSH);
	case TIOCGWINSZ:	return tty_get_winsize(t, p);
	case TIOCSWINSZ:	return tty_set_winsize(t, p);
	case TIOCGPGRP:		return tty_get_pgrp(t, p);
	case TIOCSPGRP:		return tty_set_pgrp(t, p);
	case TIOCGSID:		return tty_get_session(t, p);
	case TIOCSCTTY:		return tty_make_controlling(t, arg == 1);
	case TIOCNOTTY:		return tty_give_up(t);
	case TCFLSH:		return tty_flush(t, arg);
	case TCXONC:		return tty_flow(t, arg);
	case FIONREAD:
	case TIOCOUTQ:		return tty_queue_len(t, cmd, p);
	case TCSBRK:
	case TCSBRKP:		return tty_drain_then(t);
	case TIOCSTI:		return tty_simulate(t, p);
	case TIOCMGET:		return tty_modem_lines(p);
	default:		return -ENOTTY;
	}
}
