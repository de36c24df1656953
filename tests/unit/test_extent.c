/*
 * Where an ext file's blocks are, both formats, against an array.
 *
 * Theory: fs/ext's code runs unchanged above a model of what is around it: a
 * disk of a few thousand blocks that knows what each is used for, buffers that
 * leave memory whenever nobody has them, claims that fail at first, bit maps
 * that are not in memory. After each of 100,000 random insertions, conversions
 * and cuts the tree's invariants (extent.c, X1 to X4) are checked by a walk of
 * its own; now and then each block's place is compared with an array. Nodes of
 * 128 bytes make trees deep. In the end nothing may be in use or referenced.
 *
 * Then bytes of nodes are changed at random: there may be errors, but nothing
 * out of bounds (buffers are of their very size, for the sanitizer), and an
 * end.
 */
#include "tests/unit/unit.h"

#include "fs/ext/extent.h"
#include "kernel/abi/errno.h"

#define LBLOCKS		6000u		/* of the file */
#define BLOCKS		40000u		/* of the disk */
#define GROUP		1000u
#define NODE_BYTES	128u		/* 9 entries: trees get deep */

static struct ext_fs fs;
static struct ext_inode file;

noreturn void
assert_failed(const char *expr, const char *file_name, int line)
{
	fprintf(stderr, "# %s:%d: assert(%s)\n", file_name, line, expr);
	abort();
}

/* ---- the disk, and memory of its blocks ---- */

enum use { FREE, CLAIMED, DATA, META };
static u8 use_of[BLOCKS];
static struct buffer *buffers[BLOCKS];
static bool is_in_memory[BLOCKS];
static u64 next_block = 100;
static u32 nerrors, nmeta, nreads;
static bool is_hostile;		/* blocks may be named twice */
static u32 nempty;		/* refused claims of this operation */
static bool pin_failed;		/* and bit maps not in memory */

static u32
rnd(u32 n)
{
	return (u32)(unit_random() % n);
}

static void
reset(u32 block_bytes, bool extents)
{
	for (u32 k = 0; k < BLOCKS; k++) {
		if (buffers[k] != NULL) {
			free(buffers[k]->data);
			free(buffers[k]);
		}
		buffers[k] = NULL;
		use_of[k] = FREE;
	}
	memset(&fs, 0, sizeof(fs));
	memset(&file, 0, sizeof(file));
	fs.block_bytes = block_bytes;
	fs.block_shift = 10;
	fs.nblocks = BLOCKS;
	fs.incompat = extents ? EXT_INCOMPAT_EXTENTS : 0;
	file.fs = &fs;
	file.i.mode = S_IFREG;
	file.i.ino = 12;
	file.cut_from = ~0ul;
	ext_map_init(&file);
	nmeta = nerrors = 0;
}

static struct buffer *
buffer_at(u64 block)
{
	if (block >= BLOCKS)
		return NULL;
	if (buffers[block] == NULL) {
		buffers[block] = calloc(1, sizeof(struct buffer));
		/* Of its very size, for the sanitizer. */
		buffers[block]->data = calloc(1, fs.block_bytes);
		buffers[block]->block = block;
	}
	return buffers[block];
}

struct buffer *
buffer_find(struct buffer_cache *c, u64 block)
{
	struct buffer *b = buffers[block];

	(void)c;
	if (b == NULL || (!is_in_memory[block] && b->refs == 0))
		return NULL;
	b->refs++;
	return b;
}

void
buffer_put(struct buffer *b)
{
	if (b->refs == 0)
		abort();
	if (--b->refs == 0 && rnd(8) == 0)
		is_in_memory[b->block] = false;	/* evicted */
}

struct buffer *
buffer_get_zero(struct buffer_cache *c, u64 block)
{
	struct buffer *b = buffer_at(block);

	(void)c;
	memset(b->data, 0, fs.block_bytes);
	b->state = BUF_UPTODATE;
	is_in_memory[block] = true;
	b->refs++;
	return b;
}

int
ext_read_block(struct ext_fs *f, u64 block, enum ext_kind kind,
    struct ext_inode *owner,
    bool (*check)(struct ext_inode *owner, const u8 *data),
    struct buffer **out)
{
	struct buffer *b = buffer_at(block);

	nreads++;
	if (check != NULL && !check(owner, b->data))
		return ext_error(f, "bad block");
	b->kind = kind;
	b->state = BUF_UPTODATE | BUF_CHECKED;
	is_in_memory[block] = true;
	b->refs++;
	*out = b;
	return 0;
}

int
ext_error(struct ext_fs *f, const char *fmt, ...)
{
	(void)f;
	(void)fmt;
	nerrors++;
	return -EUCLEAN;
}

void
buffer_ref(struct buffer *b)
{
	b->refs++;
}

void
ext_write_buffer(struct ext_fs *f, struct buffer *b)
{
	(void)f;
	(void)b;
}

void
ext_own_block(struct buffer *b, const struct ext_inode *e)
{
	(void)b;
	(void)e;
}

void
ext_forget_block(struct ext_fs *f, u64 block)
{
	(void)f;
	if (!is_hostile && (use_of[block] != META || buffers[block]->refs != 0))
		abort();
	is_in_memory[block] = false;
}

bool
ext_block_is_sound(const struct ext_fs *f, u64 block, u64 n)
{
	(void)f;
	return block >= 10 && n > 0 && n < BLOCKS && block <= BLOCKS - n;
}

u32
ext_blocks_in_last_group(const struct ext_fs *f, u64 block, u32 n)
{
	u64 first = (block + n - 1) / GROUP * GROUP;

	(void)f;
	return block >= first ? n : (u32)(block + n - first);
}

/* A run of n free blocks: sometimes right behind the last, sometimes not. */
static u64
find_free(u32 n)
{
	u64 at = rnd(3) == 0 ? 10 + rnd(BLOCKS - 20) : next_block;

	for (u32 k = 0; k < 2 * BLOCKS; k++, at++) {
		u32 j = 0;

		if (at + n > BLOCKS)
			at = 10;
		while (j < n && use_of[at + j] == FREE)
			j++;
		if (j == n) {
			next_block = at + n;
			return at;
		}
	}
	abort();
}

int
ext_claim_get(struct ext_fs *f, struct ext_search *s, enum ext_use use,
    struct ext_claim **out)
{
	struct ext_claim *c;

	(void)f;
	(void)use;
	if (nempty < 3 && rnd(4) == 0) {
		nempty++;
		return -EAGAIN;
	}
	c = calloc(1, sizeof(*c));
	c->n = s->want;
	c->block = find_free(c->n);
	memset(&use_of[c->block], CLAIMED, c->n);
	*out = c;
	return 0;
}

/* What was wanted last. */
static enum ext_want wanted;

int
ext_want(enum ext_want what, struct ext_inode *owner, u64 at)
{
	(void)owner;
	(void)at;
	wanted = what;
	return -EAGAIN;
}

int
ext_claim_peek(struct ext_fs *f, u64 goal, struct ext_claim **out)
{
	struct ext_search s = { .goal = goal, .want = 1 };

	return ext_claim_get(f, &s, EXT_USE_META, out) != 0 ?
	    ext_want(EXT_WANT_BITMAP, NULL, 0) : 0;
}

void
ext_claim_put(struct ext_fs *f, struct ext_claim *c)
{
	(void)f;
	memset(&use_of[c->block], FREE, c->n);
	free(c);
}

int
ext_claim_take(struct ext_fs *f, struct ext_claim *c)
{
	(void)f;
	memset(&use_of[c->block], META, c->n);
	nmeta += c->n;
	free(c);
	return 0;
}



int
ext_bitmap_pin(struct ext_fs *f, u64 block, struct ext_pins *pins)
{
	(void)f;
	if (!ext_block_is_sound(f, block, 1))
		return ext_error(f, "bad");
	if (!pin_failed && rnd(8) == 0) {
		pins->missing = block;
		pins->kind = EXT_BLOCK_BITMAP;
		pin_failed = true;
		return -EAGAIN;
	}
	return 0;
}

int
ext_bitmap_read(struct ext_fs *f, struct ext_pins *pins)
{
	(void)f;
	(void)pins;
	return -EAGAIN;
}

int
ext_blocks_free_pinned(struct ext_fs *f, u64 block, u32 n)
{
	if (!ext_block_is_sound(f, block, n) ||
	    block / GROUP != (block + n - 1) / GROUP)
		return ext_error(f, "bad free");
	for (u32 k = 0; k < n; k++) {
		if (use_of[block + k] != DATA && use_of[block + k] != META)
			return ext_error(f, "free twice");
		nmeta -= use_of[block + k] == META;
		use_of[block + k] = FREE;
	}
	return 0;
}

void
rwlock_write_lock(struct rwlock *l)
{
	(void)l;
}

void
rwlock_write_unlock(struct rwlock *l)
{
	(void)l;
}

void
rwlock_read_lock(struct rwlock *l)
{
	(void)l;
}

void
rwlock_read_unlock(struct rwlock *l)
{
	(void)l;
}

/* ---- the model ---- */

static struct { u32 block; bool unwritten; } model[LBLOCKS];

static u32
model_free_run(u32 at, u32 most)
{
	u32 n = 0;

	while (n < most && at + n < LBLOCKS && model[at + n].block == 0)
		n++;
	return n;
}

/* As many spares as are wanted, as a caller gets them. */
static int
spares(struct ext_spares *sp)
{
	struct ext_search s = { .goal = 100 };
	int rc = 0;

	while (sp->n < sp->want && (rc == 0 || rc == -EAGAIN))
		rc = ext_spare_get(&file, sp, &s);
	return rc;
}

static void
warm(u64 lblock)
{
	struct map_run run;

	while (ext_map_try(&file, lblock, 1, &run) == -EAGAIN)
		;
}

static int
do_insert(u32 at, u64 block, u32 n, bool unwritten)
{
	struct ext_spares sp = { .n = 0 };
	int rc, turns = 0;

	while ((rc = ext_map_insert(&file, at, block, n, unwritten, &sp)) ==
	    -EAGAIN && turns++ < 100) {
		if (sp.n < sp.want)
			(void)spares(&sp);
		else
			warm(at);
	}
	ext_spares_put(&fs, &sp);
	return rc;
}

/* As a directory grows; what is missing is read, and stays. */
static int
do_append(u32 at, u64 *block)
{
	struct buffer *pin[64];
	u32 npins = 0, turns = 0;
	int rc;

	while ((rc = ext_map_append(&file, at, block)) == -EAGAIN &&
	    turns++ < 64) {
		if (wanted != EXT_WANT_MAP)
			continue;
		(void)ext_map_fetch(&file, at, &pin[npins]);
		npins += pin[npins] != NULL;
	}
	while (npins > 0)
		buffer_put(pin[--npins]);
	return rc;
}

/* What was appended is data to the model. */
static void
op_append(u32 at)
{
	u64 block;

	nempty = 0;
	CHECK(do_append(at, &block) == 0 && use_of[block] == META);
	use_of[block] = DATA;
	nmeta--;
	model[at].block = (u32)block;
	model[at].unwritten = false;
}

static void
op_insert(void)
{
	u32 at = rnd(LBLOCKS), n = model_free_run(at, 1 + rnd(rnd(8) ? 4 : 60));
	bool unwritten = (file.flags & EXT_FL_EXTENTS) && rnd(3) == 0;
	u64 block;
	int rc;

	if (n == 0) {
		n = 1;
		rc = do_insert(at, find_free(1), 1, false);
		CHECK(rc == -EEXIST);
		return;
	}
	if (rnd(3) == 0) {
		op_append(at);
		return;
	}
	n = ext_map_fits(&file, at, n);
	nempty = 0;
	block = find_free(n);
	memset(&use_of[block], DATA, n);
	rc = do_insert(at, block, n, unwritten);
	CHECK(rc == 0);
	for (u32 k = 0; k < n; k++) {
		model[at + k].block = (u32)block + k;
		model[at + k].unwritten = unwritten;
	}
}

static void
op_mark(void)
{
	u32 at = rnd(LBLOCKS), n = 1, turns = 0;
	struct ext_spares sp = { .n = 0 };
	bool unwritten = rnd(4) == 0;
	struct map_run run;
	int rc;

	if (model[at].block == 0)
		return;
	if (ext_map(&file, at, 1 + rnd(30), &run) != 0)
		return;
	n = run.n;
	while ((rc = ext_map_mark(&file, at, n, unwritten, &sp)) == -EAGAIN &&
	    turns++ < 100) {
		if (sp.n < sp.want)
			(void)spares(&sp);
		else
			warm(at);
	}
	ext_spares_put(&fs, &sp);
	CHECK(rc == 0);
	for (u32 k = 0; k < n; k++)
		model[at + k].unwritten = unwritten;
}

static void
op_cut(u32 first, u64 end)
{
	struct ext_spares sp = { .n = 0 };
	u32 turns = 0;
	int rc;

	do {
		pin_failed = rnd(2);
		rc = ext_map_cut(&file, first, end, &sp);
		if (rc == -EAGAIN && sp.n < sp.want)
			(void)spares(&sp);
	} while ((rc == 1 || rc == -EAGAIN) && turns++ < 100000);
	ext_spares_put(&fs, &sp);
	CHECK(rc == 0);
	for (u32 k = first; k < MIN(end, (u64)LBLOCKS); k++)
		model[k].block = 0;
}

/* ---- checks ---- */

static u32 nodes_seen;

/* X1 to X4, all below a node; recursion is fine here. */
static bool
tree_is_sound(const struct ext_extent_header *h, u32 cap, u32 depth, u64 first,
    u64 end, bool is_root)
{
	const struct ext_extent *x = (const struct ext_extent *)(h + 1);
	const struct ext_extent_index *i = (const void *)(h + 1);
	u64 leaf;

	if (h->magic != EXT_EXTENT_MAGIC || h->depth != depth ||
	    h->max != cap || h->entries > cap ||
	    (h->entries == 0 && (!is_root || depth > 0)))
		return false;
	if (h->entries > 0 && !is_root && x[0].block != first)
		return false;
	for (u32 k = 0; k < h->entries; k++) {
		u64 next = k + 1u < h->entries ? x[k + 1].block : end;

		if (depth == 0) {
			if (x[k].block + (u64)ext_extent_len(&x[k]) > next)
				return false;
			continue;
		}
		nodes_seen++;
		leaf = ext_index_leaf(&i[k]);
		if (i[k].block >= next || use_of[leaf] != META ||
		    !tree_is_sound((void *)buffers[leaf]->data,
		    (fs.block_bytes - 12) / 12, depth - 1, i[k].block, next,
		    false))
			return false;
	}
	return true;
}

static bool
all_agrees(void)
{
	struct map_run run;
	u64 data = 0;
	u32 k = 0;

	while (k < LBLOCKS) {
		if (ext_map(&file, k, LBLOCKS - k, &run) != 0 || run.n == 0)
			return false;
		for (u32 j = 0; j < run.n; j++, k++) {
			bool hole = model[k].block == 0;

			data += !hole;
			if (hole != (run.kind == MAP_HOLE))
				return false;
			if (!hole && (model[k].block != run.block + j ||
			    model[k].unwritten != (run.kind == MAP_UNWRITTEN)))
				return false;
		}
	}
	return file.i.blocks == (data + nmeta) << 1;
}

static bool
structure_is_sound(void)
{
	const struct ext_extent_header *h = (void *)file.block;

	if (!(file.flags & EXT_FL_EXTENTS))
		return true;
	nodes_seen = 0;
	return tree_is_sound(h, 4, h->depth, 0, 1ul << 32, true) &&
	    nodes_seen == nmeta;
}

static void
test_random(u32 block_bytes, bool extents, u32 ops)
{
	u32 deepest = 0, bad = 0;

	reset(block_bytes, extents);
	memset(model, 0, sizeof(model));
	for (u32 k = 0; k < ops && bad == 0; k++) {
		u32 what = rnd(1000), at = rnd(LBLOCKS);

		if (what < 600)
			op_insert();
		else if (what < 850 && extents)
			op_mark();
		else if (what < 960 && extents)
			op_cut(at, at + 1 + rnd(20));
		else if (what >= 998)
			op_cut(at, rnd(3) ? EXT_LBLOCKS : ~0ul);
		if (extents)
			deepest = MAX(deepest, (u32)file.root.depth);
		if (!structure_is_sound() || nerrors != 0)
			bad = k + 1;
		if (k % 200 == 0 && !all_agrees())
			bad = k + 1;
	}
	CHECK(bad == 0);
	CHECK(!extents || deepest >= (block_bytes == NODE_BYTES ? 3u : 2u));
	CHECK(nreads > ops / 100);
	op_cut(0, ~0ul);
	CHECK(all_agrees() && structure_is_sound());
	CHECK(file.i.blocks == 0 && nmeta == 0);
	for (u32 k = 0; k < BLOCKS; k++)
		bad += use_of[k] != FREE ||
		    (buffers[k] != NULL && buffers[k]->refs != 0);
	CHECK(bad == 0);
}

/* Sequential files are full leaves. */
static void
test_dense(void)
{
	reset(1024, true);
	memset(model, 0, sizeof(model));
	memset(&use_of[100], DATA, 2 * LBLOCKS);
	for (u32 k = 0; k < LBLOCKS; k++) {
		u64 block = 100 + 2 * k;	/* never in a row */

		CHECK(do_insert(k, block, 1, false) == 0);
		model[k].block = (u32)block;
	}
	CHECK(all_agrees() && structure_is_sound());
	CHECK(nmeta <= DIV_UP(LBLOCKS, 84) + 2);
}

/* Change a byte of the root, or of some node. */
static void
spoil(void)
{
	u64 b = rnd(4) == 0 ? 0 : 10 + rnd(BLOCKS - 10);
	u8 *p = (u8 *)file.block;
	u32 len = sizeof(file.block);

	for (u32 t = 0; t < 2000 && b != 0 && use_of[b] != META; t++)
		b = b + 1 < BLOCKS ? b + 1 : 10;
	if (b != 0 && use_of[b] == META) {
		p = buffers[b]->data;
		len = fs.block_bytes;
		is_in_memory[b] = false;
		buffers[b]->state = 0;
	}
	p[rnd(len)] = (u8)rnd(256);
}

/* All that can be asked of a file; whatever comes of it. */
static void
use_spoilt(bool extents)
{
	struct ext_spares sp = { .want = EXT_SPARES };
	u32 at = rnd(LBLOCKS), turns = 0;
	struct map_run run;
	u64 block;

	(void)ext_map(&file, at, 100, &run);
	if (rnd(2))
		(void)do_append(at, &block);
	(void)spares(&sp);
	if (extents)
		(void)ext_map_mark(&file, at, 1 + rnd(3), rnd(2), &sp);
	while (rnd(4) && turns++ < 50)
		if (ext_map_cut(&file, at, at + rnd(100), &sp) < 0)
			break;
	ext_spares_put(&fs, &sp);
	ext_pins_put(&sp.pins);
}

static void
test_hostile(u32 rounds)
{
	u32 nbad = 0;

	is_hostile = true;
	for (u32 k = 0; k < rounds; k++) {
		bool extents = k & 1;

		reset(extents ? NODE_BYTES : 1024, extents);
		memset(model, 0, sizeof(model));
		for (u32 j = 0; j < 60; j++)
			op_insert();
		for (u32 j = 1 + rnd(6); j > 0; j--)
			spoil();
		for (u32 j = 0; j < 60; j++)
			use_spoilt(extents);
		nbad += nerrors != 0;
	}
	CHECK(nbad > rounds / 4);
}

#define OPS		100000u

static void
test_deep(void)
{
	test_random(NODE_BYTES, true, OPS);
}

static void
test_wide(void)
{
	test_random(1024, true, OPS / 4);
}

static void
test_pointers(void)
{
	test_random(1024, false, OPS / 4);
}

static void
test_bad_disks(void)
{
	test_hostile(OPS / 50);
}

UNIT_MAIN("extent",
    { "deep", test_deep },
    { "wide", test_wide },
    { "pointers", test_pointers },
    { "dense", test_dense },
    { "hostile", test_bad_disks },
)
