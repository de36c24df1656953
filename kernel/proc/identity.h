/*
 * Credentials of a process, for the calls that change them.
 */
#pragma once

struct cred;

/* c becomes current's and, for look-ups by others, its process's; takes the
 * reference. */
void	proc_set_cred(struct cred *c);
