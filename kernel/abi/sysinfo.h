/*
 * sysinfo(2).
 */
#pragma once

#include <stdint.h>

struct lx_sysinfo {
	int64_t uptime;			/* seconds */
	uint64_t loads[3];		/* 1, 5, 15 minutes; 1.0 is 65536 */
	uint64_t totalram, freeram, sharedram, bufferram;
	uint64_t totalswap, freeswap;
	uint16_t procs;
	uint16_t pad_;
	uint32_t pad2_;
	uint64_t totalhigh, freehigh;
	uint32_t mem_unit;
	uint32_t pad3_;
};

_Static_assert(sizeof(struct lx_sysinfo) == 112, "sysinfo");

#define SI_LOAD_SHIFT		16

/* syslog(2) actions */
#define SYSLOG_ACTION_CLOSE		0
#define SYSLOG_ACTION_OPEN		1
#define SYSLOG_ACTION_READ		2
#define SYSLOG_ACTION_READ_ALL		3
#define SYSLOG_ACTION_READ_CLEAR	4
#define SYSLOG_ACTION_CLEAR		5
#define SYSLOG_ACTION_CONSOLE_OFF	6
#define SYSLOG_ACTION_CONSOLE_ON	7
#define SYSLOG_ACTION_CONSOLE_LEVEL	8
#define SYSLOG_ACTION_SIZE_UNREAD	9
#define SYSLOG_ACTION_SIZE_BUFFER	10
