/*
 * Between the files of the terminal layer.
 */
#pragma once

#include "kernel/dev/tty.h"

#define TTY_FLAG(t, field, bit)	(((t)->termios.c_##field & (bit)) != 0)

/* tty_line.c: the line discipline. */
void	tty_receive_locked(struct tty *t, u8 c, int *sig) REQUIRES(t->lock);
void	tty_termios_changed_locked(struct tty *t) REQUIRES(t->lock);
bool	tty_may_receive_locked(struct tty *t) REQUIRES(t->lock);
void	tty_flush_input_locked(struct tty *t) REQUIRES(t->lock);
bool	tty_has_input(struct tty *t);	/* a read would not wait */
u32	tty_input_len_locked(struct tty *t) REQUIRES(t->lock);
/* Process one output byte; false when the ring has no room for it. */
bool	tty_put_locked(struct tty *t, u8 c) REQUIRES(t->lock);
void	tty_push_locked(struct tty *t) REQUIRES(t->lock);
extern const struct lx_termios tty_default_termios;

/* tty.c: work for the thread, TTY_WORK_*. Any context. */
void	tty_kick(struct tty *t, u32 work);

/* tty_ioctl.c */
long	tty_ioctl(struct file *f, u32 cmd, u64 arg);
/* May current, a background process, touch t? 0, -EIO, or -ERESTARTSYS after
 * sig went to its group. */
int	tty_check_job(struct tty *t, int sig);
int	tty_make_controlling(struct tty *t, bool steal);

static inline u32
tty_out_room(const struct tty *t)
{
	return TTY_OUTPUT - (t->out_head - t->out_tail);
}
