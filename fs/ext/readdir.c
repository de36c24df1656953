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
 *	position = 3 + (31 bits of hash, 21 of minor hash, 11 of a count)
 *
 * below 2^63. 0 and 1 are the dots, 2 comes behind them; ~2^63 is the end. The
 * count tells names apart whose hashes are the same.
 *
 * What is read next comes from the file's index, a frame: the names of one leaf
 * (and of those that it continues in) from some position on, sorted by hash. A
 * name takes one word there:
 *
 *	key = 52 bits of hash, 2 of which leaf, 10 of where in it
 *
 * so names of one hash stand in the order of their places. The index is good
 * until an entry of the directory changes; a reader with a small buffer, who
 * comes several times for one leaf, has its names hashed and sorted once. The
 * file keeps its frame until the end was read or it is closed.
 *
 * One turn, one segment (or more, each of which reads a block that is not in
 * memory): an index of the position, if the file has none, and its names.
 *
 * LIMIT: of more than KEYS_MAX names that share 52 bits of hash, some are not
 * given (the old polynomial hash has no minor hash, so it takes 31 bits there).
 */
#include "fs/ext/dir_priv.h"

#include "kernel/abi/dirent.h"
#include "kernel/abi/errno.h"
#include "kernel/mem/frame.h"

#define POS_FIRST	2		/* behind the dots */
#define POS_HASH	3		/* added to what follows */
#define POS_END		0x7fffffffffffffffl
#define COUNT_BITS	11u
#define COUNT_MAX	(BIT(COUNT_BITS) - 1)

#define KEY_PLACE_BITS	12u		/* of a key, below the hash */
#define KEY_OFF_SHIFT	2u		/* records begin at multiples of 4 */
#define KEY_LEAF_SHIFT	10u
#define KEYS_MAX	500u
#define SPREAD_BITS	7u		/* as many parts as keys, or so */
#define SPREAD		BIT(SPREAD_BITS)

/* Positions are without POS_HASH here. p who claimed the file's position */
struct dir_index {
	u64		changes;	/* [p] of the directory, when made */
	u64		from, to;	/* [p] positions that it has names for;
					 * equal: none, not made yet */
	u32		n;		/* [p] */
	u32		nleaves;	/* [p] */
	u32		leaf[EXT_DX_CHAIN];	/* [p] blocks */
	u64		key[KEYS_MAX];	/* [p] ascending; while they are being
					 * gathered and too many, a heap, the
					 * greatest first */
};

_Static_assert(sizeof(struct dir_index) <= PAGE_SIZE, "a frame");
_Static_assert(KEYS_MAX <= COUNT_MAX, "counts");
_Static_assert(EXT_DX_CHAIN <= BIT(KEY_PLACE_BITS - KEY_LEAF_SHIFT) &&
    PAGE_SIZE <= BIT(KEY_LEAF_SHIFT + KEY_OFF_SHIFT), "places");

/* What a file keeps from being freed while it has an index: file.pinned. */
static const u32 index_frames = 1;

/* A turn. */
struct turn {
	struct ext_inode *dir;
	struct ext_look	*look;
	struct dir_index *x;
	u32		version;	/* of hashes */
};

/* ---- keys ---- */

static inline u64
key_make(struct ext_hash h, u32 leaf, u32 off)
{
	u64 hash = ((u64)(h.major >> 1) << 32 | h.minor) >> COUNT_BITS;

	return hash << KEY_PLACE_BITS | leaf << KEY_LEAF_SHIFT |
	    off >> KEY_OFF_SHIFT;
}

static inline u64
key_hash(u64 key)
{
	return key >> KEY_PLACE_BITS;
}

/* Sink key from i until neither child below n is greater. */
static inline void
heap_sink(u64 *v, u32 i, u32 n, u64 key)
{
	u32 child;

	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n && v[child + 1] > v[child])
			child++;
		if (v[child] <= key)
			break;
		v[i] = v[child];
		i = child;
	}
	v[i] = key;
}

static void
heap_make(u64 *v, u32 n)
{
	for (u32 i = n / 2; i > 0; i--)
		heap_sink(v, i - 1, n, v[i - 1]);
}

/*
 * Put the keys v[0..n) in nearly the right order, in to[]: by the first bits
 * that they differ in, which are as even as hashes are.
 */
static void
keys_spread(const u64 *v, u32 n, u64 *to)
{
	u16 end[SPREAD] = { 0 };
	u64 least = ~0ul, most = 0;
	u32 shift = 0, sum = 0;

	for (u32 i = 0; i < n; i++) {
		least = MIN(least, v[i]);
		most = MAX(most, v[i]);
	}
	if (most - least >= SPREAD)
		shift = 64 - (u32)__builtin_clzl(most - least) - SPREAD_BITS;
	for (u32 i = 0; i < n; i++)
		end[(v[i] - least) >> shift]++;
	for (u32 b = 0; b < SPREAD; b++) {
		u32 count = end[b];

		end[b] = (u16)sum;
		sum += count;
	}
	for (u32 i = 0; i < n; i++)
		to[end[(v[i] - least) >> shift]++] = v[i];
}

/* Shell's sort, by Ciura's gaps. Keys that were spread need the last only. */
static void
keys_sort(u64 *v, u32 n)
{
	static const u16 gaps[] = { 301, 132, 57, 23, 10, 4, 1 };
	u64 *from = v;
	u32 g = 0;

	if (n <= KEYS_MAX / 2) {
		from = v + KEYS_MAX / 2;
		keys_spread(v, n, from);
		g = ARRAY_LEN(gaps) - 1;
	}
	for (; g < ARRAY_LEN(gaps); g++) {
		u32 gap = gaps[g];

		for (u32 i = gap == 1 ? 0 : gap; i < n; i++) {
			u64 key = from[i];
			u32 at = i;

			for (; at >= gap && v[at - gap] > key; at -= gap)
				v[at] = v[at - gap];
			v[at] = key;
		}
	}
}

/* ---- making an index ---- */

/* Keep key among the KEYS_MAX least; true: one was left out. */
static inline bool
key_add(struct dir_index *x, u64 key)
{
	if (likely(x->n < KEYS_MAX)) {
		x->key[x->n++] = key;
		if (x->n == KEYS_MAX)
			heap_make(x->key, x->n);
		return false;
	}
	if (key < x->key[0])
		heap_sink(x->key, 0, x->n, key);
	return true;
}

static inline bool
is_dot_name(const struct ext_rec *r)
{
	return r->name_len <= 2 && r->name[0] == '.' &&
	    (r->name_len < 2 || r->name[1] == '.');
}

static int
leaf_gather(struct turn *t, u32 lblock, bool *cut)
{
	struct ext_fs *fs = t->dir->fs;
	struct dir_index *x = t->x;
	u32 end = ext_dir_end(fs), leaf = x->nleaves++;
	struct ext_rec r;
	struct buffer *b;
	int rc = ext_dir_leaf(t->look, lblock, &b);

	if (rc != 0)
		return rc;
	x->leaf[leaf] = lblock;
	for (u32 off = 0; ext_dirblock_rec(b->data, end, off, &r);
	    off += r.rec_len) {
		u64 key;

		if (r.ino == 0 || is_dot_name(&r))
			continue;
		key = key_make(ext_name_hash(t->version, fs->hash_seed,
		    r.name, r.name_len), leaf, off);
		if (key_hash(key) >= x->from >> COUNT_BITS)
			*cut |= key_add(x, key);
	}
	buffer_put(b);
	return 0;
}

/* The leaf where p stands and those it continues in; *next: where the leaf
 * behind these begins, or the end. */
static int
chain_gather(struct turn *t, struct ext_dx_path *p, u64 *next, bool *cut)
{
	u32 hash;
	int rc;

	for (u32 n = 0; n < EXT_DX_CHAIN; n++) {
		rc = leaf_gather(t, ext_dx_path_leaf(p), cut);
		if (rc == 0)
			rc = ext_dx_path_next(t->look, p, &hash);
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
keys_gather(struct turn *t, u64 *next, bool *cut)
{
	struct ext_fs *fs = t->dir->fs;
	struct ext_dx_path p;
	int rc;

	*next = POS_END - POS_HASH;
	if (!ext_dir_is_indexed(t->dir)) {	/* one block */
		t->version = fs->hash_version +
		    (fs->hash_unsigned ? EXT_HASH_LEGACY_U : 0);
		return leaf_gather(t, 0, cut);
	}
	rc = ext_dx_path_open(t->look, &p);
	if (rc != 0)
		return rc;
	t->version = p.version;
	rc = ext_dx_path_seek(t->look, &p, (u32)(t->x->from >> 32) << 1);
	if (rc == 0)
		rc = chain_gather(t, &p, next, cut);
	ext_dx_path_put(&p);
	return rc;
}

/* Behind the last key; cut: there are more of the leaf. */
static u64
keys_end(const struct dir_index *x, bool cut)
{
	u32 first = x->n;
	u64 hash;

	if (x->n == 0)
		return 0;
	hash = key_hash(x->key[x->n - 1]);
	while (first > 0 && key_hash(x->key[first - 1]) == hash)
		first--;
	/* All of one hash: of that, no more are given. */
	if (cut && first == 0)
		return (hash + 1) << COUNT_BITS;
	return (hash << COUNT_BITS) + (x->n - first);
}

static int
index_make(struct turn *t, u64 from)
{
	struct dir_index *x = t->x;
	bool cut = false;
	u64 next;
	int rc;

	x->from = x->to = from;
	x->n = x->nleaves = 0;
	rc = keys_gather(t, &next, &cut);
	if (rc != 0)
		return rc;
	keys_sort(x->key, x->n);
	x->changes = t->dir->entry_changes;
	/* Forwards in any case, whatever the tree says. */
	x->to = MAX(keys_end(x, cut), from + 1);
	if (!cut)
		x->to = MAX(x->to, next);
	return 0;
}

static bool
index_is_good(const struct turn *t, u64 from)
{
	return t->x->changes == t->dir->entry_changes && from >= t->x->from &&
	    from < t->x->to;
}

/* The file's, or a new one. */
static struct dir_index *
index_of(struct file *f)
{
	struct dir_index *x = f->priv;

	if (x == NULL) {
		x = frame_virt(frame_get(FRAME_BUFFER));
		x->from = x->to = 0;
		f->priv = x;
		WRITE_ONCE(f->pinned, &index_frames);
	}
	return x;
}

static void
index_drop(struct file *f)
{
	if (f->priv == NULL)
		return;
	WRITE_ONCE(f->pinned, NULL);
	frame_put(frame_of_virt(f->priv));
	f->priv = NULL;
}

/* ---- by hash ---- */

static inline u8
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

/* The names from f->pos on; leaf: those of the index. 1: the sink is full. */
static int
keys_emit(struct file *f, const struct turn *t, struct buffer *const *leaf,
    u64 from, struct dir_sink *sink)
{
	const u32 leaf_mask = BIT(KEY_PLACE_BITS - KEY_LEAF_SHIFT) - 1;
	const u32 off_mask = BIT(KEY_LEAF_SHIFT) - 1;
	const struct dir_index *x = t->x;
	u32 end = ext_dir_end(t->dir->fs);
	u64 hash = ~0ul, pos = 0;
	struct ext_rec r;

	for (u32 i = 0; i < x->n; i++) {
		u32 place = (u32)x->key[i];
		s64 next;

		pos = key_hash(x->key[i]) == hash ? pos + 1 :
		    key_hash(x->key[i]) << COUNT_BITS;
		hash = key_hash(x->key[i]);
		if (pos < from)
			continue;
		if (!ext_dirblock_rec(leaf[place >> KEY_LEAF_SHIFT &
		    leaf_mask]->data, end, (place & off_mask) << KEY_OFF_SHIFT,
		    &r) || r.name_len == 0)
			continue;
		next = (s64)(pos + 1) + POS_HASH;
		if (sink->fill(sink, (const char *)r.name, r.name_len, r.ino,
		    rec_type(t->dir->fs, &r), next))
			return 1;
		f->pos = next;
	}
	f->pos = (s64)x->to + POS_HASH;
	return 0;
}

/* A turn. 1: it is over. */
static int
hash_turn(struct file *f, struct dir_sink *sink, struct ext_look *l)
{
	struct turn t = { .dir = l->dir, .look = l, .x = index_of(f) };
	u64 from = f->pos <= POS_HASH ? 0 : (u64)(f->pos - POS_HASH);
	struct buffer *leaf[EXT_DX_CHAIN];
	u32 n = 0;
	int rc = 0;

	if (!index_is_good(&t, from))
		rc = index_make(&t, from);
	for (; rc == 0 && n < t.x->nleaves; n++) {
		rc = ext_dir_leaf(l, t.x->leaf[n], &leaf[n]);
		if (rc != 0)
			break;
	}
	if (rc == 0)
		rc = keys_emit(f, &t, leaf, from, sink);
	while (n > 0)
		buffer_put(leaf[--n]);
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
	if (f->pos == POS_END || rc < 0)
		index_drop(f);
	file_note_read(f);
	return rc == 1 ? 0 : rc;
}

static int
ext_dir_sync(struct file *f, bool data_only)
{
	return ext_inode_sync(ext_inode(f->inode), data_only);
}

static void
ext_dir_release(struct file *f)
{
	index_drop(f);
}

static FILE_BOUNDS(ext_dir);

const struct file_ops ext_dir_file_ops = {
	.name = "ext directory",
	.bound = ext_dir_bounds,
	.seekable = true,
	.readdir = ext_readdir,
	.seek = dir_seek,
	.sync = ext_dir_sync,
	.release = ext_dir_release,
};
