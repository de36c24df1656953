/*
 * Hash trees of directories, kernel.org "ext4 Data Structures", 4.4.2.
 *
 *	block 0:  "." ".." info | limit, count, block | hash, block | ... | tail
 *	node:     unused record | limit, count, block | hash, block | ... | tail
 *
 * To programs that know no trees each of these is a block with no names but
 * the dots: records of their own cover it. An entry's block has the names from
 * its hash up to the next entry's; where the next one's hash is odd, names of
 * that hash (less 1) are in both.
 *
 * Counts are read once, and held against the limit, which is what the block's
 * size makes it: another directory's lock may guard a block that a hostile
 * image shows twice.
 */
#include "fs/ext/dxblock.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/string.h"

#define INFO_BYTES	((u32)sizeof(struct ext_dx_info))
#define ROOT_AT		((u32)sizeof(struct ext_dx_root))
#define NODE_AT		((u32)sizeof(struct ext_dx_node))
#define ENTRY_BYTES	((u32)sizeof(struct ext_dx_entry))
#define DOT_BYTES	EXT_DIRENT_BYTES(1)
#define BLOCK_MASK	0x0fffffffu	/* the rest is reserved */

static inline struct ext_dx_limit *
head(const struct ext_dx *x)
{
	return (struct ext_dx_limit *)(x->b + x->at);
}

static inline struct ext_dx_entry *
entry(const struct ext_dx *x, u32 k)
{
	return (struct ext_dx_entry *)(x->b + x->at) + k;
}

static u32
limit_of(u32 bytes, u32 at, bool has_tail)
{
	return (bytes - at - (has_tail ? (u32)sizeof(struct ext_dx_tail) : 0)) /
	    ENTRY_BYTES;
}

static int
entries_open(struct ext_dx *x, u8 *b, u32 bytes, u32 at, bool has_tail)
{
	const struct ext_dx_limit *h = (const struct ext_dx_limit *)(b + at);
	u32 count = READ_ONCE(h->count);

	*x = (struct ext_dx){ b, at, limit_of(bytes, at, has_tail) };
	return READ_ONCE(h->limit) == x->limit && count >= 1 &&
	    count <= x->limit ? 0 : -EUCLEAN;
}

int
ext_dx_root_open(struct ext_dx *x, struct ext_dx_shape *shape, u8 *b,
    u32 bytes, bool has_tail)
{
	const struct ext_dx_root *r = (const struct ext_dx_root *)b;

	shape->hash_version = READ_ONCE(r->info.hash_version);
	shape->levels = READ_ONCE(r->info.indirect_levels);
	if (r->dot_rec_len != DOT_BYTES ||
	    r->dotdot_rec_len != bytes - DOT_BYTES ||
	    r->info.reserved != 0 || r->info.info_length != INFO_BYTES)
		return -EUCLEAN;
	if (shape->hash_version > EXT_HASH_TEA ||
	    shape->levels >= EXT_DX_LEVELS || (r->info.unused_flags & 1))
		return -EOPNOTSUPP;
	return entries_open(x, b, bytes, ROOT_AT, has_tail);
}

bool
ext_dx_is_node(const u8 *b, u32 bytes)
{
	const struct ext_dx_node *n = (const struct ext_dx_node *)b;

	return n->fake_inode == 0 && n->fake_rec_len == bytes;
}

int
ext_dx_node_open(struct ext_dx *x, u8 *b, u32 bytes, bool has_tail)
{
	return ext_dx_is_node(b, bytes) ?
	    entries_open(x, b, bytes, NODE_AT, has_tail) : -EUCLEAN;
}

static struct ext_dx
any_open(const u8 *b, u32 bytes)
{
	u32 at = ext_dx_is_node(b, bytes) ? NODE_AT : ROOT_AT;

	return (struct ext_dx){ (u8 *)b, at, limit_of(bytes, at, true) };
}

u32
ext_dx_used_bytes(const u8 *b, u32 bytes)
{
	struct ext_dx x = any_open(b, bytes);

	return x.at + ext_dx_count(&x) * ENTRY_BYTES;
}

u32
ext_dx_tail_at(const u8 *b, u32 bytes)
{
	struct ext_dx x = any_open(b, bytes);

	return x.at + x.limit * ENTRY_BYTES;
}

u32
ext_dx_count(const struct ext_dx *x)
{
	u32 n = READ_ONCE(head(x)->count);

	return MIN(MAX(n, 1u), x->limit);
}

u32
ext_dx_hash(const struct ext_dx *x, u32 k)
{
	return k == 0 ? 0 : READ_ONCE(entry(x, k)->hash);
}

u32
ext_dx_block(const struct ext_dx *x, u32 k)
{
	return READ_ONCE(entry(x, k)->block) & BLOCK_MASK;
}

u32
ext_dx_find(const struct ext_dx *x, u32 hash)
{
	u32 low = 0, high = ext_dx_count(x);

	/* entry low is not above hash; high is, or is past the end */
	while (high - low > 1) {
		u32 mid = low + (high - low) / 2;

		if (ext_dx_hash(x, mid) <= hash)
			low = mid;
		else
			high = mid;
	}
	return low;
}

void
ext_dx_insert(struct ext_dx *x, u32 k, u32 hash, u32 block)
{
	u32 n = ext_dx_count(x);

	if (n >= x->limit || k >= n)
		return;
	memmove(entry(x, k + 2), entry(x, k + 1), (n - k - 1) * ENTRY_BYTES);
	*entry(x, k + 1) = (struct ext_dx_entry){ hash, block };
	head(x)->count = (u16)(n + 1);
}

/* ---- making and splitting ---- */

static void
entries_init(struct ext_dx *x, u8 *b, u32 bytes, u32 at, bool has_tail)
{
	*x = (struct ext_dx){ b, at, limit_of(bytes, at, has_tail) };
	memset(b + at, 0, bytes - at);
	head(x)->limit = (u16)x->limit;
	head(x)->count = 1;
}

void
ext_dx_node_init(struct ext_dx *x, u8 *b, u32 bytes, bool has_tail)
{
	struct ext_dx_node *n = (struct ext_dx_node *)b;

	memset(b, 0, NODE_AT);
	n->fake_rec_len = (u16)bytes;
	entries_init(x, b, bytes, NODE_AT, has_tail);
}

void
ext_dx_root_init(u8 *b, u32 bytes, bool has_tail, u32 hash_version, u32 block)
{
	struct ext_dx_root *r = (struct ext_dx_root *)b;
	struct ext_rec dot, dotdot = { .ino = 0 };
	struct ext_dx x;

	/* "." may be longer than it needs to be: ".." moves up to it. */
	if (ext_dirblock_rec(b, bytes, 0, &dot))
		(void)ext_dirblock_rec(b, bytes, dot.rec_len, &dotdot);
	r->dot_rec_len = DOT_BYTES;
	memset(&r->dotdot_inode, 0, ROOT_AT - DOT_BYTES);
	r->dotdot_inode = dotdot.ino;
	r->dotdot_rec_len = (u16)(bytes - DOT_BYTES);
	r->dotdot_name_len = 2;
	r->dotdot_file_type = r->dot_file_type;
	r->dotdot_name[0] = r->dotdot_name[1] = '.';
	r->info.hash_version = (u8)hash_version;
	r->info.info_length = (u8)INFO_BYTES;
	entries_init(&x, b, bytes, ROOT_AT, has_tail);
	entry(&x, 0)->block = block;
}

/* Entries [k, count) of x become those of the empty node. */
static void
entries_move(struct ext_dx *x, u32 k, struct ext_dx *node)
{
	u32 n = MIN(ext_dx_count(x) - k, node->limit);

	memcpy(entry(node, 0), entry(x, k), n * ENTRY_BYTES);
	head(node)->limit = (u16)node->limit;	/* lay over the hash */
	head(node)->count = (u16)n;
	memset(entry(x, MAX(k, 1u)), 0, (x->limit - MAX(k, 1u)) * ENTRY_BYTES);
	head(x)->count = (u16)MAX(k, 1u);
}

void
ext_dx_root_grow(struct ext_dx *root, struct ext_dx *node, u32 block)
{
	struct ext_dx_root *r = (struct ext_dx_root *)root->b;

	entries_move(root, 0, node);
	entry(root, 0)->block = block;
	r->info.indirect_levels++;
}

u32
ext_dx_node_split(struct ext_dx *x, struct ext_dx *node)
{
	u32 k = MAX(ext_dx_count(x) / 2, 1u), hash = ext_dx_hash(x, k);

	entries_move(x, k, node);
	return hash;
}

/* ---- leaves ---- */

static int
by_hash(const void *pa, const void *pb)
{
	const struct ext_dx_rec *a = pa, *b = pb;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (int)a->off - (int)b->off;
}

u32
ext_dx_map(const u8 *b, u32 end, u32 version, const u32 seed[4],
    struct ext_dx_rec *map)
{
	struct ext_rec r;
	u32 n = 0;

	for (u32 off = 0; n < EXT_DX_MAP_MAX &&
	    ext_dirblock_rec(b, end, off, &r); off += r.rec_len)
		if (r.ino != 0 && r.name_len != 0)
			map[n++] = (struct ext_dx_rec){
			    ext_name_hash(version, seed, r.name,
			    r.name_len).major, (u16)off,
			    (u16)EXT_DIRENT_BYTES(r.name_len) };
	sort(map, n, sizeof(*map), by_hash);
	return n;
}

u32
ext_dx_split_point(const struct ext_dx_rec *map, u32 n, u32 end, u32 hash,
    u32 bytes)
{
	u32 total = 0, low = 0, best = 0, best_gap = ~0u;

	for (u32 i = 0; i < n; i++)
		total += map[i].bytes;
	for (u32 i = 1; i < n; i++) {
		u32 high, gap;

		low += map[i - 1].bytes;
		high = total - low;
		gap = low > high ? low - high : high - low;
		if (map[i].hash == map[i - 1].hash || gap >= best_gap)
			continue;
		if ((hash >= map[i].hash ? high : low) + bytes > end)
			continue;
		best = i;
		best_gap = gap;
	}
	return best;
}

/* Records move to the front, in their order; the last one has the rest. */
static void
close_holes(u8 *b, u32 end)
{
	u32 at = 0, last = 0, next;
	struct ext_rec r;

	for (u32 off = 0; ext_dirblock_rec(b, end, off, &r); off = next) {
		u32 need = EXT_DIRENT_BYTES(r.name_len);

		next = off + r.rec_len;
		if (r.ino == 0)
			continue;
		memmove(b + at, b + off, need);
		((struct ext_dirent *)(b + at))->rec_len = (u16)need;
		last = at;
		at += need;
	}
	if (at == 0)
		((struct ext_dirent *)b)->inode = 0;
	((struct ext_dirent *)(b + last))->rec_len = (u16)(end - last);
}

/* Behind the records of an empty leaf, of which *at bytes are used. */
static void
append(u8 *b, u32 end, u32 *last, u32 *at, const struct ext_rec *r)
{
	u32 need = EXT_DIRENT_BYTES(r->name_len);
	struct ext_dirent *d = (struct ext_dirent *)(b + *at);

	if (need > end - *at)
		return;
	if (*at > 0)
		((struct ext_dirent *)(b + *last))->rec_len =
		    (u16)(*at - *last);
	d->inode = r->ino;
	d->name_len = (u8)r->name_len;
	d->file_type = r->type;
	memcpy(d->name, r->name, r->name_len);
	d->rec_len = (u16)(end - *at);
	*last = *at;
	*at += need;
}

void
ext_dx_leaf_move(u8 *from, u8 *to, u32 end, const struct ext_dx_rec *map,
    u32 n)
{
	u32 last = 0, at = 0;
	struct ext_rec r;

	for (u32 i = 0; i < n; i++) {
		if (!ext_dirblock_rec(from, end, map[i].off, &r))
			continue;
		append(to, end, &last, &at, &r);
		((struct ext_dirent *)(from + map[i].off))->inode = 0;
	}
	close_holes(from, end);
}

void
ext_dx_leaf_take(const u8 *from, u8 *to, u32 end)
{
	u32 last = 0, at = 0, nth = 0;
	struct ext_rec r;

	for (u32 off = 0; ext_dirblock_rec(from, end, off, &r);
	    off += r.rec_len)
		if (nth++ >= 2 && r.ino != 0)	/* the dots are the first */
			append(to, end, &last, &at, &r);
}
