/*
 * Limits that programs can see (linux/limits.h).
 */
#pragma once

#define PATH_MAX		4096	/* with the NUL */
#define NAME_MAX		255	/* without it */
#define SYMLINKS_MAX		40	/* followed in one walk, then ELOOP */
#define ARG_STRLEN_MAX		131072	/* one argument of execve, 32 pages */
#define PIPE_BUF		4096	/* writes up to this are atomic */
#define IOV_MAX			1024
#define NGROUPS_MAX		65536
#define XATTR_NAME_MAX		255
#define RW_COUNT_MAX		0x7ffff000	/* moved by one read or write */
#define PID_MAX_DEFAULT		32768
#define PID_MAX_LIMIT		4194304
