/*
 * Dirty pages of ext files go to the disk.
 *
 * A page is dirtied on a promise of space (reserve), without a place. A batch
 * of pages finds their places in rounds:
 *
 *	1. cut it into pieces, runs of the file that are runs on the disk: where
 *	   blocks are, those; where there are none, claimed ones;
 *	2. write all pieces, and wait for all;
 *	3. name each that was new: one transaction takes its blocks in the bit
 *	   map, puts them into the inode's map, and raises the size on disk
 *	   (E2).
 *
 * So data is on the disk before anything leads there, a crash before 3 leaves
 * nothing but free blocks, and no transaction waits for data.
 *
 * Each step of 1 and 3 is a segment of its own: it reads one block of metadata
 * or claims one run, and goes on. What a round needs besides (struct round, a
 * frame of segments) is taken at the start.
 *
 * Who shortens the file meanwhile waits for the batch's pages (page_drop), and
 * has said before what is going to be cut: so a piece there is not named, and
 * its claim goes back. Who fills holes with unwritten blocks (fallocate) does
 * not wait: then naming finds that something is there, and the round is done
 * again from that piece on. If blocks are still being cut where new pages are
 * to go, this thread helps cutting first, and needs to wait for nobody.
 */
#include "fs/ext/data.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/bitmap.h"
#include "kernel/mem/slab.h"
#include "kernel/vm/reserve.h"

#define PIECES		16u		/* of a round: requests in flight */
#define SEGS		(PAGE_SIZE / sizeof(struct block_seg))
#define QUEUES		8u
#define AHEAD_MIN	(64ul << 10)	/* bytes claimed ahead of a file */
#define AHEAD_MAX	(8ul << 20)
#define POINTERS_SHARE	2u		/* blocks of pointers for a page */

static BOUND_ROW(ext_write);		/* what a batch needs all along */
static BOUND_ROW(ext_write_map);	/* a look-up: one block is read */
static BOUND_ROW(ext_write_claim);	/* a run is claimed */
static BOUND_ROW(ext_write_split);
static BOUND_ROW(ext_write_spare);
static BOUND_ROW(ext_write_name);	/* a handle that names a piece */

/* A run of blocks of the file, and its request. */
struct piece {
	struct ext_naming name;
	struct block_request rq;
};

/* o the thread that writes; a atomic */
struct round {
	struct ext_inode *e;		/* [o] */
	struct page_batch *b;		/* [o] */
	u32		page, sub;	/* [o] next: page, block in it */
	u64		eof;		/* [o] blocks from there are not */
	u64		promised;	/* [o] blocks; not yet used */
	u64		next_lblock;	/* [o] behind the last piece */
	u64		next_block;	/* [o] */
	struct ext_claim *ahead;	/* [o] for what comes next */
	struct block_seg *segs;		/* [o] a frame */
	u32		nsegs;		/* [o] */
	u32		npieces;	/* [o] */
	u32		left;		/* [a] requests under way */
	struct piece	piece[PIECES];
	BITMAP(had, BATCH_PAGES);	/* [o] pages that were PAGE_SPACE */
};

static KMEM_CACHE(round_cache, "ext-write", struct round);

/* Apart from rounds, which go while a waker is still at its queue. */
static struct waitq queues[QUEUES] = {
	WAITQ_INIT(queues[0]), WAITQ_INIT(queues[1]), WAITQ_INIT(queues[2]),
	WAITQ_INIT(queues[3]), WAITQ_INIT(queues[4]), WAITQ_INIT(queues[5]),
	WAITQ_INIT(queues[6]), WAITQ_INIT(queues[7]),
};

static inline struct waitq *
round_queue(const struct round *r)
{
	return &queues[((u64)r >> PAGE_SHIFT) % QUEUES];
}

static inline struct ext_inode *
mapping_inode(struct mapping *m)
{
	return CONTAINER_OF(m, struct ext_inode, map);
}

static inline u32
blocks_per_page(const struct ext_fs *fs)
{
	return (u32)(PAGE_SIZE >> fs->block_shift);
}

/* ---- look-ups ---- */

int
ext_map_renewed(struct ext_inode *e, u64 lblock, u32 max, struct map_run *out)
{
	int rc;

	do {
		rc = reserve_row(&bound_ext_write_map);
		if (rc == 0)
			rc = ext_map_try(e, lblock, max, out);
	} while (rc == -EAGAIN);
	return rc;
}

int
ext_goal(struct ext_inode *e, u64 lblock, u64 *goal)
{
	struct map_run run;
	int rc = 0;

	*goal = READ_ONCE(e->goal);
	if (*goal == 0)
		*goal = ext_group_first_block(e->fs, e->group);
	if (lblock > 0)
		rc = ext_map_renewed(e, lblock - 1, 1, &run);
	if (lblock > 0 && rc == 0 && run.kind != MAP_HOLE)
		*goal = run.block + 1;
	return rc;
}

int
ext_spares_fill(struct ext_inode *e, struct ext_spares *sp)
{
	struct ext_search s = { .goal = READ_ONCE(e->goal) };
	int rc = 0;

	if (s.goal == 0)
		s.goal = ext_group_first_block(e->fs, e->group);
	while (sp->n < sp->want && (rc == 0 || rc == -EAGAIN)) {
		rc = reserve_row(&bound_ext_write_spare);
		if (rc == 0)
			rc = ext_spare_get(e, sp, &s);
	}
	return rc;
}

/* ---- naming ---- */

/* What lies where blocks are being cut is not named. map_lock held. */
static void
naming_trim(const struct ext_inode *e, struct ext_naming *x)
{
	if (x->lblock + x->n <= e->cut_from || x->lblock >= e->cut_end)
		return;
	x->n = x->lblock < e->cut_from ? (u32)(e->cut_from - x->lblock) : 0;
}

static int
name_locked(struct ext_inode *e, struct ext_naming *x, struct ext_spares *sp)
{
	struct ext_claim *c = x->claim;
	s64 end;
	int rc = 0;

	naming_trim(e, x);
	if (x->n == 0)
		return 0;
	if (x->kind == MAP_HOLE)
		rc = ext_map_insert(e, x->lblock, x->block, x->n,
		    x->unwritten, sp);
	else if (x->kind == MAP_UNWRITTEN)
		rc = ext_map_mark(e, x->lblock, x->n, x->unwritten, sp);
	if (rc != 0)
		return rc;
	if (c != NULL) {
		if (c->n > x->n)
			c = ext_claim_split(e->fs, c, x->n);
		else
			x->claim = NULL;
		rc = ext_claim_take(e->fs, c);
	}
	e->goal = x->block + x->n;
	end = (s64)((x->lblock + x->n) << e->fs->block_shift);
	if (!x->unwritten)
		e->disk_size = MAX(e->disk_size,
		    MIN(end, READ_ONCE(e->i.size)));
	return rc;
}

static int
name_once(struct ext_inode *e, struct ext_naming *x, struct ext_spares *sp)
{
	int rc = ext_begin(e->fs, EXT_CREDITS_MAP + EXT_CREDITS_INODE);

	if (rc != 0)
		return rc;
	rwlock_write_lock(&e->map_lock);
	rc = name_locked(e, x, sp);
	rwlock_write_unlock(&e->map_lock);
	if (rc == 0)
		rc = ext_inode_store(e);
	ext_end(e->fs);
	return rc;
}

int
ext_name(struct ext_inode *e, struct ext_naming *x)
{
	struct ext_spares sp = { .n = 0 };
	struct map_run run;
	int rc;

	for (;;) {
		rc = reserve_row(&bound_ext_write_name);
		if (rc == 0)
			rc = name_once(e, x, &sp);
		if (rc != -EAGAIN)
			break;
		rc = sp.n < sp.want ? ext_spares_fill(e, &sp) :
		    ext_map_renewed(e, x->lblock, 1, &run);
		if (rc != 0)
			break;
	}
	ext_spares_put(e->fs, &sp);
	if (rc == 0 && x->claim != NULL) {
		ext_claim_put(e->fs, x->claim);
		x->claim = NULL;
	}
	return rc;
}

/* ---- pieces ---- */

static void
batch_error(struct page_batch *b, int error)
{
	if (b->error[0] == 0)
		b->error[0] = error;
}

/* The block where the cursor stands; false: the batch is at its end. */
static bool
round_at(struct round *r, u64 *lblock)
{
	u32 per = blocks_per_page(r->e->fs);

	while (r->page < r->b->npages) {
		*lblock = r->b->page[r->page]->fc_index * per + r->sub;
		if (*lblock < r->eof)
			return true;
		r->page++;
		r->sub = 0;
	}
	return false;
}

static void
round_skip(struct round *r, u32 n)
{
	u32 per = blocks_per_page(r->e->fs);

	r->sub += n;
	r->page += r->sub / per;
	r->sub %= per;
}

/* Blocks in a row from the cursor on: pages of the batch that follow each
 * other, as many as one request and the segments have room for. */
static u32
round_run(const struct round *r, u64 lblock)
{
	const struct page_batch *b = r->b;
	u32 per = blocks_per_page(r->e->fs), pages = 1;
	u32 most = (u32)MIN((u64)BLOCK_REQUEST_SEGS, SEGS - r->nsegs);

	while (pages < most && r->page + pages < b->npages &&
	    b->page[r->page + pages]->fc_index ==
	    b->page[r->page]->fc_index + pages)
		pages++;
	return (u32)MIN((u64)(pages * per - r->sub), r->eof - lblock);
}

/* How much more than n blocks to claim: as long as somebody writes at the end,
 * as much as there is already. */
static u32
ahead_blocks(const struct round *r, u64 lblock, u32 n)
{
	const struct ext_inode *e = r->e;
	u64 bytes = AHEAD_MIN, size = (u64)READ_ONCE(e->i.size);

	if (lblock + n < r->eof || READ_ONCE(e->i.writers) <= 0)
		return 0;
	while (bytes < size && bytes < AHEAD_MAX)
		bytes *= 2;
	return (u32)(bytes >> e->fs->block_shift);
}

/* A fresh claim for n blocks and some ahead. */
static int
round_claim(struct round *r, u64 lblock, u32 n, struct ext_claim **out)
{
	struct ext_fs *fs = r->e->fs;
	struct ext_search s = { .want = n + ahead_blocks(r, lblock, n),
	    .promised = (u32)MIN((u64)n, r->promised) };
	int rc = 0;

	if (lblock == r->next_lblock && lblock > 0)
		s.goal = r->next_block;
	else
		rc = ext_goal(r->e, lblock, &s.goal);
	if (rc != 0)
		return rc;
	do {
		rc = reserve_row(&bound_ext_write_claim);
		if (rc == 0)
			rc = ext_claim_get(fs, &s, EXT_USE_PROMISED, out);
	} while (rc == -EAGAIN);
	if (rc == 0)
		r->promised -= MIN(s.promised, (*out)->n);
	return rc;
}

/* At most n blocks for a hole: from what is claimed ahead, if there is. */
static int
piece_claim(struct round *r, struct ext_naming *x)
{
	struct ext_claim *c = r->ahead != NULL ? r->ahead :
	    ext_ahead_get(r->e);
	int rc = 0;

	r->ahead = NULL;
	if (c != NULL) {
		u64 spent = MIN(MIN((u64)x->n, c->n), r->promised);

		ext_space_unreserve(r->e->fs, spent);
		r->promised -= spent;
	} else {
		rc = round_claim(r, x->lblock, x->n, &c);
		if (rc != 0)
			return rc;
	}
	if (c->n > x->n) {
		r->ahead = c;
		rc = reserve_row(&bound_ext_write_split);
		if (rc != 0)
			return rc;
		c = ext_claim_split(r->e->fs, c, x->n);
	}
	x->claim = c;
	x->block = c->block;
	x->n = c->n;
	return 0;
}

/* The next piece's place. -ENOSPC and other errors are the piece's. */
static int
piece_find(struct round *r, u64 lblock, u32 max, struct ext_naming *x)
{
	struct map_run run;
	int rc = ext_map_renewed(r->e, lblock, max, &run);

	*x = (struct ext_naming){ .lblock = lblock, .n = max };
	if (rc != 0)
		return rc;
	x->kind = run.kind;
	x->block = run.block;
	x->n = run.n;
	if (run.kind != MAP_HOLE)
		return 0;
	x->n = ext_map_fits(r->e, lblock, run.n);
	return piece_claim(r, x);
}

/* In interrupt context. */
static void
piece_done(struct block_request *rq)
{
	struct round *r = rq->priv;
	struct waitq *q = round_queue(r);

	/* r may be gone when the count is 0. */
	if (atomic_dec_and_test(&r->left))
		waitq_wake(q, 0);
}

/* Segments for the piece's blocks: from the cursor's page on. */
static u32
piece_segs(struct round *r, u32 n)
{
	struct ext_fs *fs = r->e->fs;
	u32 first = r->nsegs, page = r->page, off = r->sub << fs->block_shift;
	u32 bytes = n << fs->block_shift;

	while (bytes > 0) {
		u32 len = MIN((u32)PAGE_SIZE - off, bytes);

		assert(r->nsegs < SEGS);
		r->segs[r->nsegs++] = (struct block_seg){
		    frame_paddr(r->b->page[page++]) + off, len };
		bytes -= len;
		off = 0;
	}
	return first;
}

static void
piece_request(struct round *r, struct piece *p)
{
	struct ext_fs *fs = r->e->fs;
	u32 first = piece_segs(r, p->name.n);

	p->rq = (struct block_request){ .dev = fs->dev, .op = BLOCK_WRITE,
	    .lba = p->name.block << (fs->block_shift - SECTOR_SHIFT),
	    .segs = &r->segs[first], .nsegs = r->nsegs - first,
	    .done = piece_done, .priv = r };
}

/* ---- rounds ---- */

/* 1. 0, or -EINTR. */
static int
round_fill(struct round *r)
{
	u64 lblock;

	r->npieces = r->nsegs = 0;
	while (r->npieces < PIECES && r->nsegs < SEGS &&
	    round_at(r, &lblock)) {
		struct piece *p = &r->piece[r->npieces];
		int rc = piece_find(r, lblock, round_run(r, lblock), &p->name);

		if (rc == -EINTR)
			return rc;
		if (rc != 0) {
			batch_error(r->b, rc);
		} else {
			piece_request(r, p);
			r->npieces++;
			r->next_lblock = lblock + p->name.n;
			r->next_block = p->name.block + p->name.n;
		}
		round_skip(r, p->name.n);
	}
	return 0;
}

/* 2. */
static void
round_write(struct round *r)
{
	if (r->npieces == 0)
		return;
	for (u32 k = 0; k + 1 < r->npieces; k++)
		r->piece[k].rq.next = &r->piece[k + 1].rq;
	atomic_store(&r->left, r->npieces);
	block_submit(&r->piece[0].rq);
	WAIT_EVENT(round_queue(r), atomic_load(&r->left) == 0);
}

static void
piece_drop(struct round *r, struct piece *p)
{
	if (p->name.claim != NULL)
		ext_claim_put(r->e->fs, p->name.claim);
	p->name.claim = NULL;
}

/* Does the inode, or its map, change for it? */
static bool
piece_has_name(const struct round *r, const struct ext_naming *x)
{
	u64 end = (x->lblock + x->n) << r->e->fs->block_shift;

	if (x->kind != MAP_BLOCKS)
		return true;
	end = MIN(end, (u64)READ_ONCE(r->e->i.size));
	return end > (u64)READ_ONCE(r->e->disk_size);
}

/* The cursor goes back to lblock, which it has passed. */
static void
round_rewind(struct round *r, u64 lblock)
{
	u32 per = blocks_per_page(r->e->fs);

	r->page = MIN(r->page, r->b->npages - 1);
	while (r->b->page[r->page]->fc_index > lblock / per)
		r->page--;
	r->sub = lblock % per;
}

/* 3. 0, -EINTR, or -EEXIST: again from the cursor on. */
static int
round_name(struct round *r)
{
	int rc = 0;

	for (u32 k = 0; k < r->npieces; k++) {
		struct piece *p = &r->piece[k];

		if (p->rq.error != 0) {
			batch_error(r->b, p->rq.error);
		} else if (rc == 0 && piece_has_name(r, &p->name)) {
			rc = ext_name(r->e, &p->name);
			if (rc == -EEXIST)
				round_rewind(r, p->name.lblock);
			if (rc != 0 && rc != -EINTR && rc != -EEXIST) {
				batch_error(r->b, rc);
				rc = 0;
			}
		}
		piece_drop(r, p);
	}
	return rc;
}

/* ---- the mapping's operations ---- */

static int
ext_page_map(struct mapping *m, u64 lblock, u32 max, struct map_run *out)
{
	return ext_map_try(mapping_inode(m), lblock, max, out);
}

/* Blocks that are promised for a page that lacks any. */
static u64
page_cost(const struct ext_inode *e)
{
	return blocks_per_page(e->fs) +
	    (e->flags & EXT_FL_EXTENTS ? 0 : POINTERS_SHARE);
}

static int
ext_page_reserve(struct mapping *m, u64 index)
{
	struct ext_inode *e = mapping_inode(m);
	u32 per = blocks_per_page(e->fs), k = 0;
	struct map_run run;
	int rc;

	if (READ_ONCE(e->fs->error) != 0)
		return -EIO;
	while (k < per) {
		rc = ext_map_cached(e, index * per + k, per - k, &run);
		if (rc != 0 && rc != -EAGAIN)
			return rc;
		/* What is not known may be a hole: who gets -ENOSPC looks the
		 * map up, and tries again (data.c). */
		if (rc == -EAGAIN || run.kind == MAP_HOLE) {
			rc = ext_space_reserve(e->fs, page_cost(e));
			return rc != 0 ? rc : 1;
		}
		k += run.n;
	}
	return 0;
}

static void
ext_page_unreserve(struct mapping *m, u32 npages)
{
	struct ext_inode *e = mapping_inode(m);

	ext_space_unreserve(e->fs, npages * page_cost(e));
}

/* The promises of the batch's pages are the round's from now on. Who dirties
 * one of them anew promises anew. */
static void
round_take_space(struct round *r)
{
	struct page_batch *b = r->b;

	for (u32 k = 0; k < b->npages; k++) {
		u8 flags = __atomic_fetch_and(&b->page[k]->flags,
		    (u8)~PAGE_SPACE, __ATOMIC_SEQ_CST);

		if (!(flags & PAGE_SPACE))
			continue;
		bitmap_set(r->had, k);
		r->promised += page_cost(r->e);
	}
}

/* All goes on being dirty: so do the promises, as far as they are left. */
static void
round_give_space(struct round *r)
{
	u64 cost = page_cost(r->e);
	usize k;

	bitmap_for_each(k, r->had, r->b->npages) {
		u8 flags;

		if (r->promised < cost)
			return;
		flags = __atomic_fetch_or(&r->b->page[k]->flags,
		    (u8)PAGE_SPACE, __ATOMIC_SEQ_CST);
		if (!(flags & PAGE_SPACE))
			r->promised -= cost;
	}
}

static struct round *
round_create(struct ext_inode *e, struct page_batch *b)
{
	struct round *r = kmem_get_zero(&round_cache);

	r->e = e;
	r->b = b;
	r->segs = frame_virt(frame_get(FRAME_BUFFER));
	r->eof = DIV_UP((u64)READ_ONCE(e->i.size), e->fs->block_bytes);
	round_take_space(r);
	return r;
}

static void
round_destroy(struct round *r)
{
	if (r->ahead != NULL)
		ext_ahead_put(r->e, r->ahead);
	ext_space_unreserve(r->e->fs, r->promised);
	frame_put(frame_of_virt(r->segs));
	kmem_put(&round_cache, r);
}

/* Pages are to go where blocks are still being freed? */
static bool
must_cut_first(const struct ext_inode *e, const struct page_batch *b)
{
	u64 end = (b->page[b->npages - 1]->fc_index + 1) *
	    blocks_per_page(e->fs);

	return end > READ_ONCE(e->cut_from);
}

static int
ext_page_write(struct mapping *m, struct page_batch *b)
{
	struct ext_inode *e = mapping_inode(m);
	struct round *r;
	bool has_failed;
	u64 lblock;
	int rc = 0;

	b->error[0] = 0;
	if (must_cut_first(e, b))
		rc = ext_cut_finish(e);
	if (rc == -EINTR)
		return rc;
	has_failed = rc != 0;
	if (has_failed)
		batch_error(b, rc);
	rc = reserve_row(&bound_ext_write);
	if (rc != 0)
		return rc;
	r = round_create(e, b);
	while (rc == 0 && READ_ONCE(e->fs->error) == 0 &&
	    !has_failed && round_at(r, &lblock)) {
		rc = round_fill(r);
		if (rc == 0)
			round_write(r);
		if (rc == 0)
			rc = round_name(r);
		else
			for (u32 k = 0; k < r->npieces; k++)
				piece_drop(r, &r->piece[k]);
		if (rc == -EEXIST)
			rc = 0;
	}
	if (rc == -EINTR)
		round_give_space(r);
	else if (round_at(r, &lblock))
		batch_error(b, -EIO);	/* the file system is dead */
	round_destroy(r);
	return rc;
}

static void
ext_page_get(struct mapping *m)
{
	inode_get(&mapping_inode(m)->i);
}

static void
ext_page_put(struct mapping *m)
{
	inode_put_later(&mapping_inode(m)->i);
}

static int
ext_page_path(struct mapping *m, char *buf, usize len)
{
	return inode_string(&mapping_inode(m)->i, buf, len);
}

static void
ext_page_identity(struct mapping *m, u64 *dev, u64 *ino)
{
	*dev = mapping_inode(m)->i.sb->dev;
	*ino = mapping_inode(m)->i.ino;
}

const struct mapping_ops ext_mapping_ops = {
	.map = ext_page_map,
	.reserve = ext_page_reserve,
	.unreserve = ext_page_unreserve,
	.write = ext_page_write,
	.get = ext_page_get,
	.put = ext_page_put,
	.path = ext_page_path,
	.identity = ext_page_identity,
};
