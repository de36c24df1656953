/*
 * uname(2): what the system calls itself. The host's name is in hostname.h.
 */
#pragma once

struct lx_utsname;

void	uts_get(struct lx_utsname *out);
/* name ends with a NUL within LX_UTS_LEN bytes. */
void	uts_set_domain(const char *name);
