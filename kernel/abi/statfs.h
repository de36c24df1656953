/*
 * statfs(2).
 */
#pragma once

#include <stdint.h>

struct lx_statfs {
	int64_t f_type;
	int64_t f_bsize;
	uint64_t f_blocks, f_bfree, f_bavail;
	uint64_t f_files, f_ffree;
	int32_t f_fsid[2];
	int64_t f_namelen;
	int64_t f_frsize;
	int64_t f_flags;
	int64_t f_spare[4];
};

_Static_assert(sizeof(struct lx_statfs) == 120, "statfs");

#define EXT2_SUPER_MAGIC	0xef53
#define TMPFS_MAGIC		0x01021994
#define RAMFS_MAGIC		0x858458f6
#define PROC_SUPER_MAGIC	0x9fa0
#define DEVPTS_SUPER_MAGIC	0x1cd1
#define PIPEFS_MAGIC		0x50495045
#define SOCKFS_MAGIC		0x534f434b
#define ANON_INODE_FS_MAGIC	0x09041934
#define SYSFS_MAGIC		0x62656572

#define ST_RDONLY		0x0001
#define ST_NOSUID		0x0002
#define ST_NODEV		0x0004
#define ST_NOEXEC		0x0008
#define ST_SYNCHRONOUS		0x0010
#define ST_VALID		0x0020
#define ST_NOATIME		0x0400
#define ST_NODIRATIME		0x0800
#define ST_RELATIME		0x1000
