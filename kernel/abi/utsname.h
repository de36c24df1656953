/*
 * uname(2).
 */
#pragma once

#define LX_UTS_LEN		65	/* each with its NUL */

struct lx_utsname {
	char sysname[LX_UTS_LEN];
	char nodename[LX_UTS_LEN];
	char release[LX_UTS_LEN];
	char version[LX_UTS_LEN];
	char machine[LX_UTS_LEN];
	char domainname[LX_UTS_LEN];
};

_Static_assert(sizeof(struct lx_utsname) == 390, "utsname");
