/*
 * uname(2): what the system calls itself.
 */
#pragma once

struct lx_utsname;

enum uts_field { UTS_NODENAME, UTS_DOMAINNAME };

void	uts_get(struct lx_utsname *out);
/* name ends with a NUL within LX_UTS_LEN bytes. */
void	uts_set(enum uts_field field, const char *name);
