/*
 * Directories with a hash tree: finding a name's leaf, and splitting.
 *
 * Index blocks are read through the cache like leaves, as another kind of
 * block. Their counts and limits are checked each time they are opened; blocks
 * that entries name are held against the directory's size. A leaf is split at
 * a change of hash, so names of one hash stay in one leaf, where that is ours
 * to say; where another system left them in several ("continued"), up to
 * EXT_DX_CHAIN leaves are looked at.
 *
 * A full tree grows in whole steps (D3): first room for an entry is made in
 * the index block above the leaf (its upper half moves to a new node; a full
 * root's entries move to a node, once), then the leaf is split.
 *
 * LIMIT: a leaf full of names of one hash is not split: -ENOSPC. So is a tree
 * of two levels that is full (about 10 million names with blocks of 4 KiB).
 */
#include "fs/ext/dir_priv.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"

/* ---- the way to a leaf ---- */

static u32
hash_version(const struct ext_fs *fs, u32 version)
{
	return version + (fs->hash_unsigned ? EXT_HASH_LEGACY_U : 0);
}

static int
unsound(struct ext_inode *dir, int rc)
{
	if (rc == -EUCLEAN)
		return ext_error(dir->fs, "directory %lu: its index is not "
		    "sound", dir->i.ino);
	return rc;
}

void
ext_dx_path_put(struct ext_dx_path *p)
{
	for (u32 k = 0; k < EXT_DX_LEVELS; k++) {
		if (p->b[k] != NULL)
			buffer_put(p->b[k]);
		p->b[k] = NULL;
	}
}

int
ext_dx_path_open(struct ext_look *l, struct ext_dx_path *p)
{
	struct ext_fs *fs = l->dir->fs;
	struct ext_dx_shape shape;
	int rc;

	p->b[0] = p->b[1] = NULL;
	rc = ext_dir_index(l, 0, &p->b[0]);
	if (rc != 0)
		return rc;
	rc = ext_dx_root_open(&p->x[0], &shape, p->b[0]->data,
	    fs->block_bytes, ext_has_csum(fs));
	if (rc != 0) {
		ext_dx_path_put(p);
		return unsound(l->dir, rc);
	}
	p->levels = shape.levels;
	p->version = hash_version(fs, shape.hash_version);
	p->k[0] = 0;
	return 0;
}

/* Open the node that the root's entry leads to, in the place of another. */
static int
node_open(struct ext_look *l, struct ext_dx_path *p)
{
	struct ext_fs *fs = l->dir->fs;
	int rc;

	if (p->b[1] != NULL)
		buffer_put(p->b[1]);
	p->b[1] = NULL;
	rc = ext_dir_index(l, ext_dx_block(&p->x[0], p->k[0]), &p->b[1]);
	if (rc != 0)
		return rc;
	return unsound(l->dir, ext_dx_node_open(&p->x[1], p->b[1]->data,
	    fs->block_bytes, ext_has_csum(fs)));
}

int
ext_dx_path_seek(struct ext_look *l, struct ext_dx_path *p, u32 hash)
{
	int rc;

	p->k[0] = ext_dx_find(&p->x[0], hash);
	if (p->levels == 0)
		return 0;
	rc = node_open(l, p);
	if (rc == 0)
		p->k[1] = ext_dx_find(&p->x[1], hash);
	return rc;
}

u32
ext_dx_path_leaf(const struct ext_dx_path *p)
{
	return ext_dx_block(&p->x[p->levels], p->k[p->levels]);
}

int
ext_dx_path_next(struct ext_look *l, struct ext_dx_path *p, u32 *hash)
{
	u32 at = p->levels;
	int rc;

	if (p->k[at] + 1 < ext_dx_count(&p->x[at])) {
		p->k[at]++;
		*hash = ext_dx_hash(&p->x[at], p->k[at]);
		return 0;
	}
	if (at == 0 || p->k[0] + 1 >= ext_dx_count(&p->x[0]))
		return 1;
	p->k[0]++;
	*hash = ext_dx_hash(&p->x[0], p->k[0]);
	rc = node_open(l, p);
	p->k[1] = 0;
	return rc;
}

/* A leaf, which is no index block. */
static int
leaf_read(struct ext_look *l, u32 lblock, struct buffer **out)
{
	if (lblock == 0)
		return unsound(l->dir, -EUCLEAN);
	return ext_dir_leaf(l, lblock, out);
}

/* ---- finding ---- */

/* In the leaf where p stands. */
static int
leaf_find(struct ext_look *l, const struct ext_dx_path *p,
    const struct ext_name *n, struct ext_place *out)
{
	struct ext_rec r;
	int rc = leaf_read(l, ext_dx_path_leaf(p), &out->b);

	if (rc != 0)
		return rc;
	out->off = ext_dirblock_find(out->b->data, ext_dir_end(l->dir->fs),
	    n->s, n->len, &r);
	if (out->off == EXT_DIR_NONE) {
		buffer_put(out->b);
		return -ENOENT;
	}
	out->ino = r.ino;
	out->type = r.type;
	return 0;
}

/* p is at the first leaf of the name's hash: there, and while it goes on. */
static int
chain_find(struct ext_look *l, struct ext_dx_path *p,
    const struct ext_name *n, struct ext_place *out)
{
	u32 hash;
	int rc;

	for (u32 k = 0; k < EXT_DX_CHAIN; k++) {
		rc = leaf_find(l, p, n, out);
		if (rc != -ENOENT)
			return rc;
		rc = ext_dx_path_next(l, p, &hash);
		if (rc < 0)
			return rc;
		if (rc == 1 || hash != (n->hash.major | 1))
			return -ENOENT;
	}
	return -EFBIG;
}

static int
path_to(struct ext_look *l, struct ext_name *n, struct ext_dx_path *p)
{
	int rc = ext_dx_path_open(l, p);

	if (rc != 0)
		return rc;
	n->hash = ext_name_hash(p->version, l->dir->fs->hash_seed, n->s,
	    n->len);
	rc = ext_dx_path_seek(l, p, n->hash.major);
	if (rc != 0)
		ext_dx_path_put(p);
	return rc;
}

int
ext_htree_find(struct ext_look *l, struct ext_name *n, struct ext_place *out)
{
	struct ext_dx_path p;
	int rc;

	/* "." and "..", which have no hash, are the VFS's. */
	rc = path_to(l, n, &p);
	if (rc != 0)
		return rc;
	rc = chain_find(l, &p, n, out);
	ext_dx_path_put(&p);
	return rc;
}

/* The name's leaf and the way there: a turn. */
static int
leaf_locate(struct ext_look *l, struct ext_name *n, struct ext_dx_path *p,
    struct buffer **leaf)
{
	int rc = path_to(l, n, p);

	if (rc != 0)
		return rc;
	rc = leaf_read(l, ext_dx_path_leaf(p), leaf);
	if (rc != 0)
		ext_dx_path_put(p);
	return rc;
}

/* ---- growing ---- */

static bool
is_full(const struct ext_dx *x)
{
	return ext_dx_count(x) >= x->limit;
}

/* The full root's entries go to a node: the tree gets its second level. */
static int
root_grow(struct ext_inode *dir, struct ext_dx_path *p)
{
	struct ext_fs *fs = dir->fs;
	u32 lblock;
	int rc = ext_dir_append(dir, EXT_BLOCK_HTREE, &lblock, &p->b[1]);

	if (rc != 0)
		return rc;
	ext_dir_begin(dir, p->b[0]);
	ext_dx_node_init(&p->x[1], p->b[1]->data, fs->block_bytes,
	    ext_has_csum(fs));
	ext_dx_root_grow(&p->x[0], &p->x[1], lblock);
	ext_dir_changed(dir, p->b[0]);
	ext_dir_changed(dir, p->b[1]);
	return 0;
}

/* Half of the full node goes to a new one, which the root names behind it. */
static int
node_split(struct ext_inode *dir, struct ext_dx_path *p)
{
	struct ext_fs *fs = dir->fs;
	struct buffer *b;
	struct ext_dx x;
	u32 lblock, hash;
	int rc = ext_dir_append(dir, EXT_BLOCK_HTREE, &lblock, &b);

	if (rc != 0)
		return rc;
	ext_dir_begin(dir, p->b[0]);
	ext_dir_begin(dir, p->b[1]);
	ext_dx_node_init(&x, b->data, fs->block_bytes, ext_has_csum(fs));
	hash = ext_dx_node_split(&p->x[1], &x);
	ext_dx_insert(&p->x[0], p->k[0], hash, lblock);
	ext_dir_changed(dir, p->b[0]);
	ext_dir_changed(dir, p->b[1]);
	ext_dir_changed(dir, b);
	buffer_put(b);
	return 0;
}

/* Room for an entry in the index block above the leaf, which is full. */
static int
make_room(struct ext_inode *dir, struct ext_dx_path *p)
{
	if (p->levels == 0)
		return root_grow(dir, p);
	return is_full(&p->x[0]) ? -ENOSPC : node_split(dir, p);
}

/* Move map[at..n) from the leaf to a new one, and name it. */
static int
leaf_divide(struct ext_inode *dir, struct ext_dx_path *p, struct buffer *leaf,
    const struct ext_dx_rec *map, u32 at, u32 n)
{
	struct ext_fs *fs = dir->fs;
	struct buffer *second;
	u32 lblock;
	int rc = ext_dir_append(dir, EXT_BLOCK_DIR, &lblock, &second);

	if (rc != 0)
		return rc;
	ext_dir_begin(dir, leaf);
	ext_dir_begin(dir, p->b[p->levels]);
	ext_dirblock_init(second->data, fs->block_bytes, ext_has_csum(fs));
	ext_dx_leaf_move(leaf->data, second->data, ext_dir_end(fs), map + at,
	    n - at);
	ext_dx_insert(&p->x[p->levels], p->k[p->levels], map[at].hash, lblock);
	ext_dir_changed(dir, leaf);
	ext_dir_changed(dir, second);
	ext_dir_changed(dir, p->b[p->levels]);
	buffer_put(second);
	return 0;
}

/* A step: split the full leaf where p stands, or make room for its entry. */
static int
leaf_split(struct ext_inode *dir, struct ext_dx_path *p,
    const struct ext_name *name, struct buffer *leaf)
{
	struct ext_fs *fs = dir->fs;
	u32 end = ext_dir_end(fs), n, at;
	struct frame *f = frame_get(FRAME_BUFFER);
	struct ext_dx_rec *map = frame_virt(f);
	int rc;

	n = ext_dx_map(leaf->data, end, p->version, fs->hash_seed, map);
	at = ext_dx_split_point(map, n, end, name->hash.major,
	    EXT_DIRENT_BYTES(name->len));
	if (at == 0)
		rc = -ENOSPC;
	else if (is_full(&p->x[p->levels]))
		rc = make_room(dir, p);
	else
		rc = leaf_divide(dir, p, leaf, map, at, n);
	frame_put(f);
	return rc != 0 ? rc : ext_want(EXT_WANT_AGAIN, NULL, 0);
}

int
ext_htree_room(struct ext_inode *dir, struct ext_name *n,
    struct ext_place *out)
{
	struct ext_look l = { .dir = dir };
	struct ext_dx_path p;
	int rc = ext_look_want(&l, leaf_locate(&l, n, &p, &out->b));

	if (rc != 0)
		return rc;
	out->off = ext_dirblock_room(out->b->data, ext_dir_end(dir->fs),
	    n->len);
	if (out->off == EXT_DIR_NONE) {
		rc = leaf_split(dir, &p, n, out->b);
		buffer_put(out->b);
	}
	ext_dx_path_put(&p);
	return rc;
}

int
ext_htree_convert(struct ext_inode *dir)
{
	struct ext_fs *fs = dir->fs;
	bool has_csum = ext_has_csum(fs);
	struct ext_look l = { .dir = dir };
	struct buffer *root, *leaf, *table;
	u32 lblock;
	int rc = ext_look_want(&l, ext_dir_leaf(&l, 0, &root));

	if (rc != 0)
		return rc;
	rc = ext_table_peek(fs, (u32)dir->i.ino, &table);
	if (rc != 0) {
		buffer_put(root);
		return rc;
	}
	rc = ext_dir_append(dir, EXT_BLOCK_DIR, &lblock, &leaf);
	if (rc == 0) {
		ext_dir_begin(dir, root);
		ext_dirblock_init(leaf->data, fs->block_bytes, has_csum);
		ext_dx_leaf_take(root->data, leaf->data, ext_dir_end(fs));
		ext_dx_root_init(root->data, fs->block_bytes, has_csum,
		    fs->hash_version, lblock);
		root->kind = EXT_BLOCK_HTREE;
		dir->flags |= EXT_FL_INDEX;
		ext_dir_changed(dir, root);
		ext_dir_changed(dir, leaf);
		buffer_put(leaf);
		ext_inode_store_in(dir, table);
		rc = ext_want(EXT_WANT_AGAIN, NULL, 0);
	}
	buffer_put(table);
	buffer_put(root);
	return rc;
}
