/*
 * How ioctl numbers are built: direction, size, type and number.
 */
#pragma once

#define IOC_NONE		0u
#define IOC_WRITE		1u
#define IOC_READ		2u
#define IOC(dir, type, nr, size) \
	((dir) << 30 | (unsigned)(size) << 16 | (unsigned)(type) << 8 | \
	(unsigned)(nr))
#define IOC_DIR(cmd)		((cmd) >> 30 & 3u)
#define IOC_SIZE(cmd)		((cmd) >> 16 & 0x3fffu)
#define IOC_TYPE(cmd)		((cmd) >> 8 & 0xffu)
#define IOC_NR(cmd)		((cmd) & 0xffu)

/* Block devices (linux/fs.h) */
#define BLKROSET		0x125d
#define BLKROGET		0x125e
#define BLKRRPART		0x125f
#define BLKGETSIZE		0x1260
#define BLKFLSBUF		0x1261
#define BLKSSZGET		0x1268
#define BLKBSZGET		0x80081270u
#define BLKGETSIZE64		0x80081272u
#define BLKPBSZGET		0x127b

/* Inode flags */
#define FS_IOC_GETFLAGS		0x80086601u
#define FS_IOC_SETFLAGS		0x40086602u
