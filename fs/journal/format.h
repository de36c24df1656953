/*
 * The journal on disk: JBD2's format, as Linux's documentation has it
 * (Documentation/filesystems/ext4/journal.rst). All numbers are big-endian.
 *
 *	superblock | [revoke ...] [descriptor copies ...] ... commit | ...
 *
 * The log is the ring of blocks s_first .. s_maxlen - 1. A transaction lies in
 * it in one piece; its last block is the commit block, without which it does
 * not count. A descriptor has a tag for each of the copies that follow it.
 */
#pragma once

#include "kernel/lib/types.h"

/* A number as it is on the disk: be32_get() and be32() convert. */
typedef struct {
	u32 raw;
} be32_t;

static inline u32
be32_get(be32_t x)
{
	return __builtin_bswap32(x.raw);
}

static inline be32_t
be32(u32 x)
{
	return (be32_t){ __builtin_bswap32(x) };
}

/* The same at any alignment: tags and revoke records. */
static inline u32
be32_load(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static inline void
be32_store(u8 *p, u32 x)
{
	p[0] = (u8)(x >> 24);
	p[1] = (u8)(x >> 16);
	p[2] = (u8)(x >> 8);
	p[3] = (u8)x;
}

static inline u32
be16_load(const u8 *p)
{
	return (u32)p[0] << 8 | p[1];
}

#define JBD_MAGIC		0xc03b3998u

enum jbd_type {
	JBD_DESCRIPTOR = 1, JBD_COMMIT = 2, JBD_SUPER_V1 = 3, JBD_SUPER_V2 = 4,
	JBD_REVOKE = 5,
};

/* How every block of the log begins, but copies. */
struct jbd_header {
	be32_t		magic;
	be32_t		type;		/* enum jbd_type */
	be32_t		sequence;	/* the transaction's number */
};
_Static_assert(sizeof(struct jbd_header) == 12, "journal_header_s");

#define JBD_COMPAT_CHECKSUM	BIT(0)	/* of old: of all, in the commit */
#define JBD_REVOKES		BIT(0)	/* incompatible features */
#define JBD_64BIT		BIT(1)
#define JBD_ASYNC_COMMIT	BIT(2)
#define JBD_CSUM_V2		BIT(3)
#define JBD_CSUM_V3		BIT(4)
#define JBD_FAST_COMMIT		BIT(5)
#define JBD_KNOWN		(JBD_REVOKES | JBD_64BIT | JBD_ASYNC_COMMIT | \
	JBD_CSUM_V2 | JBD_CSUM_V3 | JBD_FAST_COMMIT)

#define JBD_CSUM_CRC32C		4

struct jbd_super {
	struct jbd_header header;
	be32_t		block_bytes;
	be32_t		maxlen;		/* blocks, this one too */
	be32_t		first;		/* of the log */
	be32_t		sequence;	/* the first one expected in the log */
	be32_t		start;		/* where; 0: the log is empty */
	be32_t		error;		/* the journal was aborted */
	/* From here on version 2 only. */
	be32_t		compat, incompat, ro_compat;
	u8		uuid[16];
	be32_t		nusers, dynsuper, max_transaction, max_trans_data;
	u8		csum_type;
	u8		pad[3];
	be32_t		nfast;		/* blocks at the end, fast commits' */
	be32_t		head;
	u8		pad2[40 * 4];
	be32_t		csum;		/* of this, with 0 here */
	u8		users[48][16];
};
_Static_assert(offsetof(struct jbd_super, compat) == 0x24, "s_feature_compat");
_Static_assert(offsetof(struct jbd_super, csum_type) == 0x50,
    "s_checksum_type");
_Static_assert(offsetof(struct jbd_super, csum) == 0xfc, "s_checksum");
_Static_assert(sizeof(struct jbd_super) == 1024, "journal_superblock_s");

struct jbd_commit {
	struct jbd_header header;
	u8		csum_type, csum_bytes;	/* COMPAT_CHECKSUM's */
	u8		pad[2];
	be32_t		csum[8];	/* V2, V3: csum[0], of the block */
	be32_t		sec_high, sec;
	be32_t		nsec;
};
_Static_assert(offsetof(struct jbd_commit, csum) == 0x10, "h_chksum");
_Static_assert(offsetof(struct jbd_commit, sec_high) == 0x30, "h_commit_sec");
_Static_assert(sizeof(struct jbd_commit) == 0x3c, "commit_header");

/*
 * A tag: the home of a copy. V3 has 16 bytes; older ones have a block number,
 * a checksum and flags of 16 bits each, with 64BIT the number's upper half, and
 * with V2 two bytes more, unused. The first tag of a descriptor is followed by
 * the journal's uuid.
 */
#define JBD_TAG_BLOCK		0
#define JBD_TAG3_FLAGS		4
#define JBD_TAG3_HIGH		8
#define JBD_TAG3_CSUM		12
#define JBD_TAG_CSUM		4
#define JBD_TAG_FLAGS		6
#define JBD_TAG_HIGH		8
#define JBD_UUID_BYTES		16u

#define JBD_TAG_ESCAPE		BIT(0)	/* the copy began with the magic */
#define JBD_TAG_SAME_UUID	BIT(1)	/* no uuid follows */
#define JBD_TAG_DELETED		BIT(2)	/* never written; without meaning */
#define JBD_TAG_LAST		BIT(3)	/* of this descriptor */

/* A revoke block: header, bytes in use with these 16, block numbers. */
#define JBD_REVOKE_COUNT	12u
#define JBD_REVOKE_FIRST	16u

/* V2, V3: the last bytes of descriptors and revoke blocks. */
#define JBD_TAIL_BYTES		4u
