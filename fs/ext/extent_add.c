/*
 * Extents are added and changed: extent.c has the theory.
 *
 * A change first makes room in the leaf, for which it needs blocks: spares that
 * the caller has brought. If they do not suffice it says how many do, and
 * nothing has changed. So past ext_path_make_room() nothing fails.
 *
 * Splits go from the lowest inner node with room (or from a new root) down to
 * the leaf, one level at a time; the path follows the half that the change goes
 * to. A child that is split is named twice by the time its parent has to be
 * looked at again, never less than once.
 */
#include "fs/ext/extent.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"

/* ---- entries ---- */

static void
level_move(struct ext_level *l, u32 to, u32 from, u32 n)
{
	u8 *data = (u8 *)(l->h + 1);

	memmove(data + to * EXT_ENTRY_BYTES, data + from * EXT_ENTRY_BYTES,
	    n * EXT_ENTRY_BYTES);
}

void
ext_level_open(struct ext_path *p, u32 k, u32 at, u32 n)
{
	struct ext_level *l = &p->level[k];
	u32 count = ext_level_count(p, l), cap = ext_level_cap(p, l);

	ext_level_write(p, k);
	at = MIN(at, count);
	n = MIN(n, cap - count);	/* less only where others interfere */
	level_move(l, at + n, at, count - at);
	l->h->entries = (u16)(count + n);
	l->h->max = (u16)cap;
}

void
ext_level_close(struct ext_path *p, u32 k, u32 at, u32 n)
{
	struct ext_level *l = &p->level[k];
	u32 count = ext_level_count(p, l);

	ext_level_write(p, k);
	at = MIN(at, count);
	n = MIN(n, count - at);
	level_move(l, at, at + n, count - at - n);
	memset((u8 *)(l->h + 1) + (count - n) * EXT_ENTRY_BYTES, 0,
	    n * EXT_ENTRY_BYTES);
	l->h->entries = (u16)(count - n);
}

static void
extent_set(struct ext_extent *x, u32 lblock, u64 block, u32 n, bool unwritten)
{
	x->block = lblock;
	x->len = (u16)(unwritten ? n + EXT_EXTENT_LEN_MAX : n);
	ext_extent_set_start(x, block);
}

/* ---- room ---- */

/* A root's content moves down into a new block: one level more. */
static int
path_grow(struct ext_path *p, struct ext_spares *sp)
{
	struct ext_inode *e = p->e;
	struct ext_level *root = &p->level[0];
	struct ext_extent_header *h = root->h;
	struct buffer *b;
	int rc = ext_spare_use(e, sp, EXT_BLOCK_EXTENTS, &b);

	if (rc != 0)
		return rc;
	memcpy(b->data, e->block, sizeof(e->block));
	for (u32 k = p->depth + 1; k > 0; k--)
		p->level[k] = p->level[k - 1];
	p->depth++;
	p->level[1].b = b;
	p->level[1].h = (struct ext_extent_header *)b->data;
	p->level[1].h->max = (u16)ext_level_cap(p, &p->level[1]);
	root->pos = 0;
	memset(h + 1, 0, sizeof(e->block) - sizeof(*h));
	h->entries = 1;
	h->max = EXT_ROOT_MAX;
	h->depth = (u16)p->depth;
	ext_index_entries(root)[0].block =
	    ext_leaf_entries(&p->level[1])[0].block;
	ext_index_set_leaf(&ext_index_entries(root)[0], b->block);
	return 0;
}

/*
 * From which entry on level k moves to a new node: the middle; or, where the
 * file grows at its end, as little as can be, so that nodes are left full. An
 * extent that is itself cut in two stays with its second part.
 */
static u32
split_at(const struct ext_path *p, u32 k, u32 lblock)
{
	const struct ext_level *l = &p->level[k];
	u32 n = ext_level_count(p, l);

	if ((u32)(l->pos + 1) < n || n < 2)
		return n / 2;
	if (k < p->depth)
		return n - 1;
	return ext_extent_has(&ext_leaf_entries(l)[n - 1], lblock) ? n / 2 : n;
}

/* Level k is cut in two; its parent has room. lblock: what is to be put into
 * the new node if nothing is moved there. */
static int
path_split(struct ext_path *p, u32 k, u32 lblock, struct ext_spares *sp)
{
	struct ext_level *l = &p->level[k], *up = l - 1, right;
	u32 n = ext_level_count(p, l), at = split_at(p, k, lblock);
	struct ext_extent_index *key;
	int rc = ext_spare_use(p->e, sp, EXT_BLOCK_EXTENTS, &right.b);

	if (rc != 0)
		return rc;
	right.h = (struct ext_extent_header *)right.b->data;
	*right.h = (struct ext_extent_header){ .magic = EXT_EXTENT_MAGIC,
	    .entries = (u16)(n - at), .max = (u16)ext_level_cap(p, &right),
	    .depth = l->h->depth };
	memcpy(right.h + 1, ext_leaf_entries(l) + at,
	    (n - at) * EXT_ENTRY_BYTES);
	if (at < n)
		lblock = ext_leaf_entries(l)[at].block;
	ext_level_close(p, k, at, n - at);

	ext_level_open(p, k - 1, (u32)up->pos + 1, 1);
	key = &ext_index_entries(up)[up->pos + 1];
	*key = (struct ext_extent_index){ .block = lblock };
	ext_index_set_leaf(key, right.b->block);

	if (l->pos < (s32)at && at < n) {
		buffer_put(right.b);
		return 0;
	}
	up->pos++;
	right.pos = l->pos - (s32)at;
	buffer_put(l->b);
	*l = right;
	return 0;
}

/* The lowest level with room, from the leaf up; -1: none. */
static s32
path_room(const struct ext_path *p, u32 need)
{
	for (s32 k = (s32)p->depth; k >= 0; k--) {
		const struct ext_level *l = &p->level[k];

		if (ext_level_count(p, l) + need <= ext_level_cap(p, l))
			return k;
		need = 1;
	}
	return -1;
}

int
ext_path_make_room(struct ext_path *p, u32 lblock, u32 need,
    struct ext_spares *sp)
{
	s32 top = path_room(p, need);
	/* Each level below top is split; a new root, and all but the old one,
	 * which has room where it is then. */
	u32 want = top < 0 ? p->depth + 1 : p->depth - (u32)top;
	int rc = 0;

	if (want == 0)
		return 0;
	if (top < 0 && p->depth == EXT_EXTENT_DEPTH_MAX)
		return ext_error(p->e->fs, "inode %lu: extents are too deep",
		    p->e->i.ino);
	if (sp->n < want) {
		sp->want = want;
		return -EAGAIN;
	}
	if (top < 0) {
		rc = path_grow(p, sp);
		top = 1;
	}
	for_bound(EXT_EXTENT_DEPTH_MAX, u32 k = (u32)top + 1;
	    rc == 0 && k <= p->depth; k++)
		rc = path_split(p, k, lblock, sp);
	return rc;
}

/* ---- adding ---- */

static u32
len_max(bool unwritten)
{
	return unwritten ? EXT_UNWRITTEN_LEN_MAX : EXT_EXTENT_LEN_MAX;
}

/* Does b go on where a ends, so that both can be one? */
static bool
may_join(const struct ext_extent *a, const struct ext_extent *b)
{
	u32 n = ext_extent_len(a);
	bool unwritten = ext_extent_is_unwritten(a);

	return unwritten == ext_extent_is_unwritten(b) &&
	    a->block + n == b->block &&
	    ext_extent_start(a) + n == ext_extent_start(b) &&
	    n + ext_extent_len(b) <= len_max(unwritten);
}

/* Entry at and the next become one, if they may. */
static bool
leaf_join(struct ext_path *p, s32 at)
{
	struct ext_level *l = ext_leaf(p);
	struct ext_extent *x = ext_leaf_entries(l) + at;

	if (at < 0 || (u32)at + 1 >= ext_level_count(p, l) ||
	    !may_join(&x[0], &x[1]))
		return false;
	ext_level_write(p, p->depth);
	extent_set(&x[0], x[0].block, ext_extent_start(&x[0]),
	    ext_extent_len(&x[0]) + ext_extent_len(&x[1]),
	    ext_extent_is_unwritten(&x[0]));
	ext_level_close(p, p->depth, (u32)at + 1, 1);
	return true;
}

/* The new one continues a neighbour in its leaf. */
static bool
leaf_extend(struct ext_path *p, const struct ext_extent *fresh)
{
	struct ext_level *l = ext_leaf(p);
	struct ext_extent *x = ext_leaf_entries(l) + l->pos;
	bool unwritten = ext_extent_is_unwritten(fresh);
	u32 n = ext_extent_len(fresh);

	if (l->pos >= 0 && may_join(x, fresh)) {
		ext_level_write(p, p->depth);
		extent_set(x, x->block, ext_extent_start(x),
		    ext_extent_len(x) + n, unwritten);
		(void)leaf_join(p, l->pos);
		return true;
	}
	if ((u32)(l->pos + 1) < ext_level_count(p, l) &&
	    may_join(fresh, &x[1])) {
		ext_level_write(p, p->depth);
		extent_set(&x[1], fresh->block, ext_extent_start(fresh),
		    n + ext_extent_len(&x[1]), unwritten);
		if (l->pos < 0)
			ext_path_fix_keys(p, p->depth);
		return true;
	}
	return false;
}

/* Nothing of [x, +n) is named yet, as far as the leaf says. */
static bool
leaf_is_free(struct ext_path *p, u64 lblock, u32 n)
{
	struct ext_level *l = ext_leaf(p);
	u64 end = p->end;

	if (ext_extent_has(ext_path_extent(p), lblock))
		return false;
	if ((u32)(l->pos + 1) < ext_level_count(p, l))
		end = ext_leaf_entries(l)[l->pos + 1].block;
	return lblock + n <= end;
}

static int
path_insert(struct ext_path *p, const struct ext_extent *fresh,
    struct ext_spares *sp)
{
	struct ext_level *l;
	int rc;

	if (!leaf_is_free(p, fresh->block, ext_extent_len(fresh)))
		return -EEXIST;
	if (leaf_extend(p, fresh))
		return 0;
	rc = ext_path_make_room(p, fresh->block, 1, sp);
	if (rc != 0)
		return rc;
	l = ext_leaf(p);
	ext_level_open(p, p->depth, (u32)(l->pos + 1), 1);
	ext_leaf_entries(l)[l->pos + 1] = *fresh;
	if (l->pos < 0)
		ext_path_fix_keys(p, p->depth);
	return 0;
}

int
ext_extent_insert(struct ext_inode *e, u32 lblock, u64 block, u32 n,
    bool unwritten, struct ext_spares *sp)
{
	struct ext_extent fresh;
	struct ext_path p;
	int rc = ext_path_find(e, lblock, &sp->pins, &p);

	assert(n > 0 && n <= EXT_UNWRITTEN_LEN_MAX);
	if (rc != 0)
		return rc;
	extent_set(&fresh, lblock, block, n, unwritten);
	rc = path_insert(&p, &fresh, sp);
	ext_path_put(&p);
	return rc;
}

/* ---- changing ---- */

/* What becomes of an extent of which a part changes: up to 3 pieces. */
struct pieces {
	u32		n;
	struct ext_extent x[3];
};

static void
pieces_add(struct pieces *to, const struct ext_extent *x, u32 from, u32 n,
    bool unwritten)
{
	if (n > 0)
		extent_set(&to->x[to->n++], x->block + from,
		    ext_extent_start(x) + from, n, unwritten);
}

/* The extent at pos is replaced by its pieces. */
static int
leaf_replace(struct ext_path *p, const struct pieces *with,
    struct ext_spares *sp)
{
	struct ext_level *l;
	int rc;

	if (with->n > 1) {
		rc = ext_path_make_room(p, with->x[0].block, with->n - 1, sp);
		if (rc != 0)
			return rc;
		l = ext_leaf(p);
		ext_level_open(p, p->depth, (u32)l->pos + 1, with->n - 1);
	}
	l = ext_leaf(p);
	ext_level_write(p, p->depth);
	for (u32 k = 0; k < with->n; k++)
		ext_leaf_entries(l)[l->pos + (s32)k] = with->x[k];
	/* From the right, so that places to the left stay. */
	for (s32 k = l->pos + (s32)with->n - 1; k >= l->pos - 1; k--)
		(void)leaf_join(p, k);
	return 0;
}

/* The head of the extent at pos joins the one before it: no room is needed. */
static bool
leaf_shift(struct ext_path *p, u32 n, bool unwritten)
{
	struct ext_level *l = ext_leaf(p);
	struct ext_extent *x = ext_leaf_entries(l) + l->pos, head;

	if (l->pos == 0 || n >= ext_extent_len(x))
		return false;
	extent_set(&head, x->block, ext_extent_start(x), n, unwritten);
	if (!may_join(&x[-1], &head))
		return false;
	ext_level_write(p, p->depth);
	extent_set(&x[-1], x[-1].block, ext_extent_start(&x[-1]),
	    ext_extent_len(&x[-1]) + n, unwritten);
	extent_set(x, x->block + n, ext_extent_start(x) + n,
	    ext_extent_len(x) - n, ext_extent_is_unwritten(x));
	return true;
}

static int
path_mark(struct ext_path *p, u32 lblock, u32 n, bool unwritten,
    struct ext_spares *sp)
{
	struct ext_extent *x = ext_path_extent(p);
	struct pieces with = { .n = 0 };
	u32 off, len;
	bool was;

	if (!ext_extent_has(x, lblock) || n > EXT_UNWRITTEN_LEN_MAX ||
	    !ext_extent_has(x, (u64)lblock + n - 1))
		return ext_error(p->e->fs, "inode %lu: block %u is not there",
		    p->e->i.ino, lblock);
	was = ext_extent_is_unwritten(x);
	if (was == unwritten)
		return 0;
	off = lblock - x->block;
	len = ext_extent_len(x);
	if (off == 0 && leaf_shift(p, n, unwritten))
		return 0;
	pieces_add(&with, x, 0, off, was);
	pieces_add(&with, x, off, n, unwritten);
	pieces_add(&with, x, off + n, len - off - n, was);
	return leaf_replace(p, &with, sp);
}

int
ext_extent_mark(struct ext_inode *e, u32 lblock, u32 n, bool unwritten,
    struct ext_spares *sp)
{
	struct ext_path p;
	int rc = ext_path_find(e, lblock, &sp->pins, &p);

	if (rc != 0)
		return rc;
	rc = path_mark(&p, lblock, n, unwritten, sp);
	ext_path_put(&p);
	return rc;
}
