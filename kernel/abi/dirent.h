/*
 * getdents64(2).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct lx_dirent64 {
	uint64_t d_ino;
	int64_t d_off;			/* where the next entry is read from */
	uint16_t d_reclen;		/* a multiple of 8 */
	uint8_t d_type;
	char d_name[];			/* ends with a NUL */
};

#define LX_DIRENT64_NAME	19	/* offset of d_name */

_Static_assert(offsetof(struct lx_dirent64, d_name) == LX_DIRENT64_NAME,
    "dirent64");

#define DT_UNKNOWN		0
#define DT_FIFO			1
#define DT_CHR			2
#define DT_DIR			4
#define DT_BLK			6
#define DT_REG			8
#define DT_LNK			10
#define DT_SOCK			12
#define DT_WHT			14
