/*
 * What the terminal needs from processes: job control. Implemented by
 * kernel/proc; ids are pids of groups and sessions.
 */
#pragma once

#include "kernel/lib/types.h"

struct tty;

struct job_ops {
	/* sig to every member of the group; any context but interrupts. */
	void	(*signal_pgrp)(u32 pgrp, int sig);
	/* current's group and session, and whether sig is ignored/blocked. */
	u32	(*pgrp)(void);
	u32	(*session)(void);
	bool	(*is_leader)(void);		/* of its session */
	bool	(*sig_is_off)(int sig);		/* ignored or blocked */
	bool	(*pgrp_is_orphaned)(u32 pgrp);
	bool	(*pgrp_in_session)(u32 pgrp, u32 session);
	bool	(*pgrp_exists)(u32 pgrp);
	/* The session's controlling terminal (current's session). */
	struct tty *(*ctty)(void);
	void	(*set_ctty)(struct tty *tty);	/* NULL: give it up */
};
extern const struct job_ops *job_ops;
