/*
 * Reading directories.
 *
 * A position must stay good while names come and go, and a name that stays must
 * be given once, whatever others do. In a linear directory an entry never
 * moves, so the position is the byte. In a tree, a split moves entries to
 * another block; byte positions would lose or repeat names that nobody touched
 * ("rm -r" beside a program that makes files). So a tree is read in order of
 * hash, as are directories of one block that may become a tree at any time:
 *
 *	position = 3 + (31 bits of hash, 24 of minor hash, 8 of a count)
 *
 * below 2^63. 0 and 1 are the dots, 2 comes behind them; ~2^63 is the end. The
 * count tells names apart whose hashes are the same.
 *
 * One turn, one segment (or more, each of which reads a block that is not in
 * memory): the leaf of the position, and those that it continues
 * in, are read, and the KEYS_MAX least keys not below the position sorted in a
 * frame. A frame is less than some leaves have, and then the next turn reads
 * the leaf again.
 *
 * LIMIT: of more than 250 names that share 55 bits of hash, some are not given
 * (the old polynomial hash has no minor hash, so it takes 31 bits there).
 */
#include "fs/ext/dir_priv.h"

#include "kernel/abi/dirent.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/sort.h"
#include "kernel/mem/frame.h"

#define POS_FIRST	2		/* behind the dots */
#define POS_HASH	3		/* added to keys */
#define POS_END		0x7fffffffffffffffl
#define KEY_COUNT	0xfful
#define KEYS_MAX	250u

/* A name by its hash; key has the count only after sorting. */
struct dir_key {
	u64		key;
	u32		off;
	u32		leaf;		/* of keys.leaf[] */
};

/* s the turn's own */
struct keys {
	struct ext_inode *dir;
	struct ext_look	*look;
	u32		version;
	u64		from;		/* keys at or above are wanted */
	u32		n;
	bool		cut;		/* there were more */
	u32		nleaves;
	struct buffer	*leaf[EXT_DX_CHAIN];
	struct dir_key	*key;		/* a frame; a heap while gathered, the
					 * greatest first */
};

_Static_assert(KEYS_MAX * sizeof(struct dir_key) <= PAGE_SIZE, "a frame");

/* ---- by hash ---- */

static u64
key_of(const struct keys *k, const struct ext_rec *r)
{
	struct ext_hash h = ext_name_hash(k->version, k->dir->fs->hash_seed,
	    r->name, r->name_len);

	return ((u64)(h.major >> 1) << 32 | h.minor) & ~KEY_COUNT;
}

static int
by_key(const void *pa, const void *pb)
{
	const struct dir_key *a = pa, *b = pb;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->leaf != b->leaf)
		return a->leaf < b->leaf ? -1 : 1;
	return a->off < b->off ? -1 : a->off > b->off;
}

static void
swap_keys(struct dir_key *a, struct dir_key *b)
{
	struct dir_key t = *a;

	*a = *b;
	*b = t;
}

/* Keep x among the KEYS_MAX least. */
static void
heap_add(struct keys *k, struct dir_key x)
{
	u32 i;

	if (k->n < KEYS_MAX) {
		i = k->n++;
		k->key[i] = x;
		for (; i > 0 && by_key(&k->key[(i - 1) / 2], &k->key[i]) < 0;
		    i = (i - 1) / 2)
			swap_keys(&k->key[(i - 1) / 2], &k->key[i]);
		return;
	}
	k->cut = true;
	if (by_key(&x, &k->key[0]) > 0)
		return;
	k->key[0] = x;
	for (i = 0; 2 * i + 1 < k->n; ) {
		u32 child = 2 * i + 1;

		if (child + 1 < k->n &&
		    by_key(&k->key[child], &k->key[child + 1]) < 0)
			child++;
		if (by_key(&k->key[i], &k->key[child]) >= 0)
			break;
		swap_keys(&k->key[i], &k->key[child]);
		i = child;
	}
}

static bool
is_dot_name(const struct ext_rec *r)
{
	return r->name_len <= 2 && r->name[0] == '.' &&
	    (r->name_len < 2 || r->name[1] == '.');
}

static int
leaf_gather(struct keys *k, u32 lblock)
{
	u32 end = ext_dir_end(k->dir->fs);
	struct ext_rec r;
	struct buffer *b;
	int rc = ext_dir_leaf(k->look, lblock, &b);

	if (rc != 0)
		return rc;
	k->leaf[k->nleaves++] = b;
	for (u32 off = 0; ext_dirblock_rec(b->data, end, off, &r);
	    off += r.rec_len) {
		u64 key;

		if (r.ino == 0 || is_dot_name(&r))
			continue;
		key = key_of(k, &r);
		if (key >= (k->from & ~KEY_COUNT))
			heap_add(k, (struct dir_key){ key, off,
			    k->nleaves - 1 });
	}
	return 0;
}

/* The leaf where p stands and those it continues in; *next: where the leaf
 * behind these begins, or the end. */
static int
chain_gather(struct keys *k, struct ext_dx_path *p, u64 *next)
{
	u32 hash;
	int rc;

	*next = POS_END - POS_HASH;
	for (u32 n = 0; n < EXT_DX_CHAIN; n++) {
		rc = leaf_gather(k, ext_dx_path_leaf(p));
		if (rc == 0)
			rc = ext_dx_path_next(k->look, p, &hash);
		if (rc != 0)
			return rc < 0 ? rc : 0;
		if (!(hash & 1)) {
			*next = (u64)(hash >> 1) << 32;
			return 0;
		}
	}
	return -EFBIG;
}

static int
keys_gather(struct keys *k, u64 *next)
{
	struct ext_fs *fs = k->dir->fs;
	struct ext_dx_path p;
	int rc;

	if (!ext_dir_is_indexed(k->dir)) {	/* one block */
		k->version = fs->hash_version +
		    (fs->hash_unsigned ? EXT_HASH_LEGACY_U : 0);
		*next = POS_END - POS_HASH;
		return leaf_gather(k, 0);
	}
	rc = ext_dx_path_open(k->look, &p);
	if (rc != 0)
		return rc;
	k->version = p.version;
	rc = ext_dx_path_seek(k->look, &p, (u32)(k->from >> 32) << 1);
	if (rc == 0)
		rc = chain_gather(k, &p, next);
	ext_dx_path_put(&p);
	return rc;
}

/* Names of one hash get counts, in order. */
static void
keys_sort(struct keys *k)
{
	u64 group = ~0ul, count = 0;

	sort(k->key, k->n, sizeof(k->key[0]), by_key);
	for (u32 i = 0; i < k->n; i++) {
		count = k->key[i].key == group ? count + 1 : 0;
		group = k->key[i].key;
		k->key[i].key = group | MIN(count, KEY_COUNT);
	}
}

static u8
rec_type(const struct ext_fs *fs, const struct ext_rec *r)
{
	static const u8 types[] = {
		[EXT_FT_REG] = DT_REG, [EXT_FT_DIR] = DT_DIR,
		[EXT_FT_CHR] = DT_CHR, [EXT_FT_BLK] = DT_BLK,
		[EXT_FT_FIFO] = DT_FIFO, [EXT_FT_SOCK] = DT_SOCK,
		[EXT_FT_LINK] = DT_LNK,
	};

	return (fs->incompat & EXT_INCOMPAT_FILETYPE) &&
	    r->type < ARRAY_LEN(types) ? types[r->type] : DT_UNKNOWN;
}

/* 1: the sink is full. */
static int
keys_emit(struct file *f, struct keys *k, struct dir_sink *sink)
{
	u32 end = ext_dir_end(k->dir->fs);
	struct ext_rec r;

	for (u32 i = 0; i < k->n; i++) {
		const struct dir_key *x = &k->key[i];
		s64 next = (s64)(x->key + 1) + POS_HASH;

		if (x->key < k->from)
			continue;
		if (!ext_dirblock_rec(k->leaf[x->leaf]->data, end, x->off,
		    &r) || r.name_len == 0)
			continue;
		if (sink->fill(sink, (const char *)r.name, r.name_len, r.ino,
		    rec_type(k->dir->fs, &r), next))
			return 1;
		f->pos = next;
	}
	return 0;
}

/* A turn. 1: it is over. */
static int
hash_turn(struct file *f, struct dir_sink *sink, struct ext_look *l)
{
	struct frame *fr = frame_get(FRAME_BUFFER);
	struct keys k = { .dir = l->dir, .look = l, .key = frame_virt(fr),
	    .from = f->pos <= POS_HASH ? 0 : (u64)(f->pos - POS_HASH) };
	u64 next;
	int rc = keys_gather(&k, &next);

	if (rc == 0) {
		keys_sort(&k);
		rc = keys_emit(f, &k, sink);
	}
	/* Forwards in any case, whatever the tree says. */
	if (rc == 0 && !k.cut)
		f->pos = MAX((s64)MAX(next, k.from + 1) + POS_HASH, f->pos);
	else if (rc == 0 && f->pos <= (s64)k.from + POS_HASH)
		f->pos = (s64)((k.from | KEY_COUNT) + 1) + POS_HASH;
	for (u32 i = 0; i < k.nleaves; i++)
		buffer_put(k.leaf[i]);
	frame_put(fr);
	return rc;
}

/* ---- by byte ---- */

/* The block of f->pos. 1: the sink is full. */
static int
linear_turn(struct file *f, struct dir_sink *sink, struct ext_look *l)
{
	struct ext_inode *dir = l->dir;
	u32 end = ext_dir_end(dir->fs), shift = dir->fs->block_shift;
	u64 start = f->pos <= POS_FIRST ? 0 : (u64)f->pos;
	u64 base = start >> shift << shift;
	struct ext_rec r;
	struct buffer *b;
	int rc = ext_dir_leaf(l, (u32)(start >> shift), &b);

	if (rc != 0)
		return rc;
	for (u32 off = 0; rc == 0 && ext_dirblock_rec(b->data, end, off, &r);
	    off += r.rec_len) {
		u64 next = base + off + r.rec_len;

		if (base + off < start || r.ino == 0 || is_dot_name(&r))
			continue;
		rc = sink->fill(sink, (const char *)r.name, r.name_len, r.ino,
		    rec_type(dir->fs, &r), (s64)next);
		if (rc == 0)
			f->pos = (s64)next;
	}
	buffer_put(b);
	if (rc == 0)
		f->pos = (s64)(base + BIT(shift));
	return rc != 0 ? 1 : 0;
}

/* ---- the calls ---- */

/* May it have a tree, or get one? */
static bool
goes_by_hash(const struct ext_inode *dir)
{
	return (dir->fs->compat & EXT_COMPAT_DIR_INDEX) &&
	    (ext_dir_is_indexed(dir) || ext_dir_nblocks(dir) == 1);
}

/* 1: no more, the sink is full or it was the end. */
static int
readdir_turn(struct file *f, struct dir_sink *sink, struct ext_look *l)
{
	struct ext_inode *dir = l->dir;

	if (dir->i.nlink == 0)
		return 1;
	if (goes_by_hash(dir))
		return f->pos == POS_END ? 1 : hash_turn(f, sink, l);
	if ((u64)f->pos >= (u64)dir->i.size)
		return 1;
	return linear_turn(f, sink, l);
}

/* The same in a segment, or fetch what it lacks: 0: go on. */
static int
readdir_segment(struct file *f, struct dir_sink *sink, struct ext_look *l)
{
	int rc;

	rwlock_read_lock(&f->inode->lock);
	rc = readdir_turn(f, sink, l);
	if (rc == -EAGAIN) {
		rc = ext_look_fetch(l);
		rc = rc == -EAGAIN ? 0 : rc;
	} else {
		ext_look_put(l);
	}
	rwlock_read_unlock(&f->inode->lock);
	return rc;
}

static int
ext_readdir(struct file *f, struct dir_sink *sink)
{
	struct ext_look l = { .dir = ext_inode(f->inode) };
	int rc = 0;

	if (f->pos < 0)
		return -EINVAL;
	if (f->pos < POS_FIRST && dir_emit_dots(f, sink))
		return 0;
	for (;;) {
		rc = reserve_renew();
		if (rc != 0)
			break;
		rc = readdir_segment(f, sink, &l);
		if (rc != 0)
			break;
	}
	ext_look_put(&l);
	file_note_read(f);
	return rc == 1 ? 0 : rc;
}

static int
ext_dir_sync(struct file *f, bool data_only)
{
	return ext_inode_sync(ext_inode(f->inode), data_only);
}

static FILE_BOUNDS(ext_dir);

const struct file_ops ext_dir_file_ops = {
	.name = "ext directory",
	.bound = ext_dir_bounds,
	.seekable = true,
	.readdir = ext_readdir,
	.seek = dir_seek,
	.sync = ext_dir_sync,
};
