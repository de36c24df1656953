/*
 * Blocks of a directory's hash tree as bytes: the root, the nodes below it, and
 * how a full leaf is split. Pure: also for tests on the host.
 */
#pragma once

#include "fs/ext/dirblock.h"
#include "fs/ext/hash.h"

#define EXT_DX_LEVELS	2u	/* of index blocks; largedir: 3, refused */

/* An index block whose shape was found sound. */
struct ext_dx {
	u8	*b;
	u32	at;			/* where entries begin: the limit */
	u32	limit;			/* entries that fit */
};

/* What the root says; ext_dx_root_open() checks it. */
struct ext_dx_shape {
	u32	hash_version;		/* EXT_HASH_*, signed ones */
	u32	levels;			/* of nodes below the root */
};

/* -EUCLEAN: not sound. -EOPNOTSUPP: of a kind that we do not know. */
int	ext_dx_root_open(struct ext_dx *x, struct ext_dx_shape *shape, u8 *b,
	    u32 bytes, bool has_tail);
int	ext_dx_node_open(struct ext_dx *x, u8 *b, u32 bytes, bool has_tail);
/* Only to tell an index block from a leaf where blocks are read in a row. */
bool	ext_dx_is_node(const u8 *b, u32 bytes);

/* For the checksum: bytes up to the last entry in use, and where the tail is.
 * Any block: the answer is inside of it. */
u32	ext_dx_used_bytes(const u8 *b, u32 bytes);
u32	ext_dx_tail_at(const u8 *b, u32 bytes);

/* Entries in use, the first included; at most x->limit. */
u32	ext_dx_count(const struct ext_dx *x);
/* The first entry's hash is 0. */
u32	ext_dx_hash(const struct ext_dx *x, u32 k);
u32	ext_dx_block(const struct ext_dx *x, u32 k);
/* The last entry whose hash is not above hash. */
u32	ext_dx_find(const struct ext_dx *x, u32 hash);
/* Put an entry behind k; there is room. */
void	ext_dx_insert(struct ext_dx *x, u32 k, u32 hash, u32 block);

/* A new node without entries. */
void	ext_dx_node_init(struct ext_dx *x, u8 *b, u32 bytes, bool has_tail);
/* A root in the place of a linear directory's first block, whose dots stay;
 * one entry: block. */
void	ext_dx_root_init(u8 *b, u32 bytes, bool has_tail, u32 hash_version,
	    u32 block);
/* All of the root's entries go to the empty node, at block, which becomes the
 * root's one entry, and the tree one level higher. */
void	ext_dx_root_grow(struct ext_dx *root, struct ext_dx *node, u32 block);
/* The upper half of x goes to the empty node: its first hash is returned. */
u32	ext_dx_node_split(struct ext_dx *x, struct ext_dx *node);

/* A record of a leaf by its hash: ext_dx_map() fills a frame of them. */
struct ext_dx_rec {
	u32	hash;
	u16	off, bytes;
};
#define EXT_DX_MAP_MAX	342u		/* 4096 / 12, and one */

/* The names of a leaf, in order of hash. How many: at most EXT_DX_MAP_MAX. */
u32	ext_dx_map(const u8 *b, u32 end, u32 version, const u32 seed[4],
	    struct ext_dx_rec *map);
/*
 * Where to split map[0..n), so that both halves are about as full and a name
 * of hash that needs bytes fits in its half: the index of the first that
 * moves. Names of one hash stay together. 0: there is no such place.
 */
u32	ext_dx_split_point(const struct ext_dx_rec *map, u32 n, u32 end,
	    u32 hash, u32 bytes);
/* Move map[0..n) from one leaf to an empty one, and close the holes. */
void	ext_dx_leaf_move(u8 *from, u8 *to, u32 end,
	    const struct ext_dx_rec *map, u32 n);
/* All names of a linear directory's first block but the dots go to an empty
 * leaf. */
void	ext_dx_leaf_take(const u8 *from, u8 *to, u32 end);
