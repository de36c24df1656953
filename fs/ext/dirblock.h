/*
 * A block of a directory as bytes: records one behind the other, from its start
 * to its end. Pure: also for tests on the host.
 *
 * A hostile image may give one block to two directories, so that another lock
 * guards its changes than ours: each function looks at a record once, checks
 * what it saw, and stops where that is unsound. After ext_dirblock_check() this
 * costs no answer; without it, nothing is read or written past the end.
 */
#pragma once

#include "fs/ext/format.h"

#define EXT_DIR_NONE	(~0u)
/* What the format allows: a name of one byte. */
#define EXT_REC_MIN	EXT_DIRENT_BYTES(1)

/* A record, looked at once. */
struct ext_rec {
	u32	ino;
	u32	off, rec_len, name_len;
	u8	type;
	const u8 *name;
};

/* Bytes of a block of bytes that records may use. */
static inline u32
ext_dirblock_end(u32 bytes, bool has_tail)
{
	return bytes - (has_tail ? (u32)sizeof(struct ext_dir_tail) : 0);
}

/* The record at off; false: there is none, or it is unsound. */
static inline bool
ext_dirblock_rec(const u8 *b, u32 end, u32 off, struct ext_rec *r)
{
	const struct ext_dirent *d = (const struct ext_dirent *)(b + off);

	if (off > end || end - off < EXT_REC_MIN)
		return false;
	r->off = off;
	r->ino = READ_ONCE(d->inode);
	r->rec_len = READ_ONCE(d->rec_len);
	r->name_len = READ_ONCE(d->name_len);
	r->type = READ_ONCE(d->file_type);
	r->name = d->name;
	return r->rec_len >= EXT_REC_MIN && (r->rec_len & EXT_DIR_ROUND) == 0 &&
	    r->rec_len <= end - off &&
	    r->rec_len >= EXT_DIRENT_BYTES(r->name_len);
}

/* All records, and the tail. Names have neither '/' nor NUL. */
bool	ext_dirblock_check(const u8 *b, u32 bytes, bool has_tail, u32 ninodes);
/* The first block has "." of ino, and ".." behind it. */
bool	ext_dirblock_has_dots(const u8 *b, u32 end, u32 ino);

/* Where name is, or EXT_DIR_NONE. */
u32	ext_dirblock_find(const u8 *b, u32 end, const u8 *name, u32 len,
	    struct ext_rec *r);
/* A record with room for a name of len, in itself or behind its own name. */
u32	ext_dirblock_room(const u8 *b, u32 end, u32 len);
/* Has it a name but the dots? */
bool	ext_dirblock_has_names(const u8 *b, u32 end);

/* Nothing in it: one unused record, and the tail. */
void	ext_dirblock_init(u8 *b, u32 bytes, bool has_tail);
/* Put a name where ext_dirblock_room() found it; false: there is no room. */
bool	ext_dirblock_insert(u8 *b, u32 end, u32 off, const u8 *name, u32 len,
	    u32 ino, u8 type);
/* Take the record at off out: the one before gets its bytes. */
bool	ext_dirblock_remove(u8 *b, u32 end, u32 off);
/* Let the record at off name another inode. */
bool	ext_dirblock_set(u8 *b, u32 end, u32 off, u32 ino, u8 type);
/* "." and ".." in an empty block. */
void	ext_dirblock_dots(u8 *b, u32 end, u32 ino, u32 parent, u8 type);
