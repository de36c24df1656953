/*
 * Partition tables: GPT (UEFI 2.10, 5.3) and MBR with logical partitions in an
 * extended one. Nothing on the disk is believed.
 */
#pragma once

#include "kernel/lib/types.h"

#define PARTITIONS_MAX		63	/* of a disk; others are left out */
#define PARTITION_SECTOR_MAX	4096u

/* All [I]. Sectors are of 512 bytes. */
struct partition {
	u32	number;			/* 1 and up */
	u64	start, nsectors;	/* within the disk, not empty */
	u8	uuid[16];		/* GPT: as stored; else 0 */
	u32	mbr_id;			/* MBR: the disk's signature; else 0 */
};

struct partition_disk;

struct partition_ops {
	/* Read logical sector lba. 0 or -EIO. */
	int	(*read)(const struct partition_disk *d, u64 lba, void *buf);
};

struct partition_disk {
	const struct partition_ops *ops;
	void	*priv;			/* the reader's */
	u64	nsectors;		/* of 512 bytes */
	u32	sector_bytes;		/* logical: 512 to 4096, 2 to the n */
	void	*buf;			/* for a logical sector */
};

/*
 * The partitions in rising order of their place in the table; returns how many,
 * 0 if there is no table, or what read() failed with. *what: a word for the
 * log.
 */
int	partition_read(const struct partition_disk *d,
	    struct partition out[PARTITIONS_MAX], const char **what);

/* CRC-32 of IEEE 802.3, as GPT has it: start with 0. */
u32	crc32_ieee(u32 crc, const void *data, usize len);
/* Is it the PARTUUID of p: a GUID in text, or SSSSSSSS-NN? */
bool	partition_has_uuid(const struct partition *p, const char *text);
