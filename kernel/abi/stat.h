/*
 * File status: stat(2), statx(2), inode(7).
 */
#pragma once

#include <stdint.h>

#define S_IFMT			0170000
#define S_IFSOCK		0140000
#define S_IFLNK			0120000
#define S_IFREG			0100000
#define S_IFBLK			0060000
#define S_IFDIR			0040000
#define S_IFCHR			0020000
#define S_IFIFO			0010000
#define S_ISUID			0004000
#define S_ISGID			0002000
#define S_ISVTX			0001000

#define S_ISLNK(m)		(((m) & S_IFMT) == S_IFLNK)
#define S_ISREG(m)		(((m) & S_IFMT) == S_IFREG)
#define S_ISDIR(m)		(((m) & S_IFMT) == S_IFDIR)
#define S_ISCHR(m)		(((m) & S_IFMT) == S_IFCHR)
#define S_ISBLK(m)		(((m) & S_IFMT) == S_IFBLK)
#define S_ISFIFO(m)		(((m) & S_IFMT) == S_IFIFO)
#define S_ISSOCK(m)		(((m) & S_IFMT) == S_IFSOCK)

#define S_IRWXU			00700
#define S_IRUSR			00400
#define S_IWUSR			00200
#define S_IXUSR			00100
#define S_IRWXG			00070
#define S_IRGRP			00040
#define S_IWGRP			00020
#define S_IXGRP			00010
#define S_IRWXO			00007
#define S_IROTH			00004
#define S_IWOTH			00002
#define S_IXOTH			00001
#define S_IALLUGO		07777

/* struct stat of x86-64. */
struct lx_stat {
	uint64_t st_dev;
	uint64_t st_ino;
	uint64_t st_nlink;
	uint32_t st_mode;
	uint32_t st_uid;
	uint32_t st_gid;
	uint32_t pad0_;
	uint64_t st_rdev;
	int64_t st_size;
	int64_t st_blksize;
	int64_t st_blocks;		/* of 512 bytes */
	uint64_t st_atime_sec;
	uint64_t st_atime_nsec;
	uint64_t st_mtime_sec;
	uint64_t st_mtime_nsec;
	uint64_t st_ctime_sec;
	uint64_t st_ctime_nsec;
	int64_t unused_[3];
};

_Static_assert(sizeof(struct lx_stat) == 144, "stat");

struct lx_statx_timestamp {
	int64_t tv_sec;
	uint32_t tv_nsec;
	int32_t reserved_;
};

struct lx_statx {
	uint32_t stx_mask;
	uint32_t stx_blksize;
	uint64_t stx_attributes;
	uint32_t stx_nlink;
	uint32_t stx_uid;
	uint32_t stx_gid;
	uint16_t stx_mode;
	uint16_t spare0_;
	uint64_t stx_ino;
	uint64_t stx_size;
	uint64_t stx_blocks;
	uint64_t stx_attributes_mask;
	struct lx_statx_timestamp stx_atime, stx_btime, stx_ctime, stx_mtime;
	uint32_t stx_rdev_major, stx_rdev_minor;
	uint32_t stx_dev_major, stx_dev_minor;
	uint64_t stx_mnt_id;
	uint32_t stx_dio_mem_align, stx_dio_offset_align;
	uint64_t spare3_[12];
};

_Static_assert(sizeof(struct lx_statx) == 256, "statx");

#define STATX_TYPE		0x00000001u
#define STATX_MODE		0x00000002u
#define STATX_NLINK		0x00000004u
#define STATX_UID		0x00000008u
#define STATX_GID		0x00000010u
#define STATX_ATIME		0x00000020u
#define STATX_MTIME		0x00000040u
#define STATX_CTIME		0x00000080u
#define STATX_INO		0x00000100u
#define STATX_SIZE		0x00000200u
#define STATX_BLOCKS		0x00000400u
#define STATX_BASIC_STATS	0x000007ffu
#define STATX_BTIME		0x00000800u
#define STATX_MNT_ID		0x00001000u
#define STATX__RESERVED		0x80000000u

/* Device numbers as stat and mknod carry them (makedev(3)). */
#define LX_MAKEDEV(major, minor) \
	(((uint64_t)(major) & 0xfffff000u) << 32 | \
	((uint64_t)(major) & 0x00000fffu) << 8 | \
	((uint64_t)(minor) & 0xffffff00u) << 12 | \
	((uint64_t)(minor) & 0x000000ffu))
#define LX_MAJOR(dev) \
	((uint32_t)(((uint64_t)(dev) >> 32 & 0xfffff000u) | \
	((uint64_t)(dev) >> 8 & 0xfffu)))
#define LX_MINOR(dev) \
	((uint32_t)(((uint64_t)(dev) >> 12 & 0xffffff00u) | \
	((uint64_t)(dev) & 0xffu)))
