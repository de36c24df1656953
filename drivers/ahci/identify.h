/*
 * What a disk says of itself.
 */
#pragma once

#include "kernel/lib/types.h"

/* All within what the driver can use, whatever the disk said. */
struct ata_identity {
	char	model[41], serial[21];	/* printable */
	u64	nsectors;		/* of sector_bytes; not 0 */
	u32	sector_bytes;		/* 512 or 4096 */
	u32	depth;			/* 1..32 commands; 1 without NCQ */
	bool	has_ncq, has_lba48, has_cache, has_flush_ext, has_fua;
	bool	has_logs;		/* READ LOG EXT */
};

/*
 * Read IDENTIFY DEVICE's 256 words. NULL, or why the disk cannot be used.
 */
const char *ata_identity_parse(const u16 *words, struct ata_identity *out);

/* Is b, identified after a reset, the disk that a was? */
bool	ata_identity_is_same(const struct ata_identity *a,
	    const struct ata_identity *b);

/*
 * Which tag failed, by page 10h: 0..31, or -1: it does not say.
 */
int	ata_ncq_log_tag(const u8 *page);
