/*
 * getrlimit(2), getrusage(2).
 */
#pragma once

#include "kernel/abi/time.h"

#define RLIMIT_CPU		0
#define RLIMIT_FSIZE		1
#define RLIMIT_DATA		2
#define RLIMIT_STACK		3
#define RLIMIT_CORE		4
#define RLIMIT_RSS		5
#define RLIMIT_NPROC		6
#define RLIMIT_NOFILE		7
#define RLIMIT_MEMLOCK		8
#define RLIMIT_AS		9
#define RLIMIT_LOCKS		10
#define RLIMIT_SIGPENDING	11
#define RLIMIT_MSGQUEUE		12
#define RLIMIT_NICE		13
#define RLIMIT_RTPRIO		14
#define RLIMIT_RTTIME		15
#define RLIM_NLIMITS		16
#define RLIM_INFINITY		(~0ul)

struct lx_rlimit {
	uint64_t rlim_cur;
	uint64_t rlim_max;
};

_Static_assert(sizeof(struct lx_rlimit) == 16, "rlimit");

#define RUSAGE_SELF		0
#define RUSAGE_CHILDREN		-1
#define RUSAGE_THREAD		1

struct lx_rusage {
	struct lx_timeval ru_utime;
	struct lx_timeval ru_stime;
	int64_t ru_maxrss;		/* in KiB */
	int64_t ru_ixrss, ru_idrss, ru_isrss;
	int64_t ru_minflt, ru_majflt;
	int64_t ru_nswap;
	int64_t ru_inblock, ru_oublock;
	int64_t ru_msgsnd, ru_msgrcv;
	int64_t ru_nsignals;
	int64_t ru_nvcsw, ru_nivcsw;
};

_Static_assert(sizeof(struct lx_rusage) == 144, "rusage");
