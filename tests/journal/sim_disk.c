/*
 * Disks and buffers of the simulated machine.
 *
 * What a crash may leave is the point of it. A sector that was written is on
 * its disk's list from when the request is submitted until it is durable: by
 * FUA, or by a FLUSH that was submitted after it had ended. sim_crash() takes
 * any of the list. Reads see what has ended, in the order in which it did.
 *
 * Buffers are forgotten at random when nobody has them, so that what should be
 * at home is read from there.
 */
#include "tests/journal/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/errno.h"
#include "kernel/mem/frame.h"

/* ---- disks ---- */

#define RQ_SLOW		1u
bool sim_is_slow;

struct block_request *sim_under_way[4096];
u32 sim_nunder_way;

void
sim_disk_init(struct sim_disk *d, u64 nsectors)
{
	memset(d, 0, sizeof(*d));
	strcpy(d->dev.name, "sim");
	d->dev.nsectors = nsectors;
	d->nsectors = nsectors;
	d->durable = calloc(nsectors, SECTOR_SIZE);
	d->view = calloc(nsectors, SECTOR_SIZE);
	d->last = &d->first;
}

void
sim_disk_forget(struct sim_disk *d)
{
	struct sim_sector *s;

	while ((s = d->first) != NULL) {
		d->first = s->next;
		free(s);
	}
	d->last = &d->first;
}

void
sim_disk_fini(struct sim_disk *d)
{
	sim_disk_forget(d);
	free(d->durable);
	free(d->view);
}

void
sim_crash(const struct sim_disk *from, struct sim_disk *to)
{
	u32 keep = sim_random() % 5, n = 0;
	struct sim_sector *list[8192], *s;
	bool is_shuffled = sim_random() % 4 == 0;

	if (from != to) {
		memcpy(to->durable, from->durable, from->nsectors *
		    SECTOR_SIZE);
		sim_disk_forget(to);
	}
	for (s = from->first; s != NULL && n < ARRAY_LEN(list); s = s->next)
		list[n++] = s;
	for (u32 i = 0; i < n; i++) {
		if (is_shuffled) {
			u32 k = i + sim_random() % (n - i);

			s = list[k];
			list[k] = list[i];
		} else {
			s = list[i];
		}
		if (keep > sim_random() % 4)
			memcpy(to->durable + s->sector * SECTOR_SIZE, s->data,
			    SECTOR_SIZE);
	}
	if (from == to)
		sim_disk_forget(to);
	memcpy(to->view, to->durable, from->nsectors * SECTOR_SIZE);
}

static u8 *
rq_sector(const struct block_request *rq, u32 i)
{
	for (u32 k = 0; k < rq->nsegs; k++) {
		if (i < rq->segs[k].len_bytes / SECTOR_SIZE)
			return (u8 *)phys_to_virt(rq->segs[k].addr) +
			    i * SECTOR_SIZE;
		i -= rq->segs[k].len_bytes / SECTOR_SIZE;
	}
	return NULL;
}

static void
write_begin(struct sim_disk *d, struct block_request *rq)
{
	struct sim_sector *s;
	u8 *data;

	for (u32 i = 0; (data = rq_sector(rq, i)) != NULL; i++) {
		if (rq->lba + i >= d->nsectors)
			abort();
		s = calloc(1, sizeof(*s));
		s->rq = rq;
		s->sector = rq->lba + i;
		memcpy(s->data, data, SECTOR_SIZE);
		*d->last = s;
		d->last = &s->next;
	}
}

/* Take the sectors that are_done() off, and make them durable. */
static void
make_durable(struct sim_disk *d, const struct block_request *fua)
{
	struct sim_sector **at = &d->first, *s;

	while ((s = *at) != NULL) {
		if (fua != NULL ? s->rq == fua : s->is_flushing) {
			memcpy(d->durable + s->sector * SECTOR_SIZE, s->data,
			    SECTOR_SIZE);
			*at = s->next;
			free(s);
		} else {
			at = &s->next;
		}
	}
	d->last = at;
}

static void
write_end(struct sim_disk *d, struct block_request *rq)
{
	struct sim_sector *s;

	for (s = d->first; s != NULL; s = s->next) {
		if (s->rq != rq)
			continue;
		if (sim_random() % 2)
			memcpy(s->data, rq_sector(rq, (u32)(s->sector -
			    rq->lba)), SECTOR_SIZE);
		memcpy(d->view + s->sector * SECTOR_SIZE, s->data,
		    SECTOR_SIZE);
	}
	if (rq->flags & BLOCK_FUA)
		make_durable(d, rq);
	for (s = d->first; s != NULL; s = s->next)
		if (s->rq == rq)
			s->rq = NULL;
}

static void
rq_begin(struct sim_disk *d, struct block_request *rq)
{
	rq->error = 0;
	rq->qstate = sim_is_slow && rq->flags == 0 && rq->op == BLOCK_WRITE &&
	    sim_random() % 8 == 0 ? RQ_SLOW : 0;
	if (rq->op == BLOCK_WRITE) {
		d->nwrites++;
		if (d->fail_writes > 0 && --d->fail_writes == 0) {
			d->fail_writes = 1;
			rq->error = -EIO;
			return;
		}
		write_begin(d, rq);
	} else if (rq->op == BLOCK_FLUSH) {
		for (struct sim_sector *s = d->first; s != NULL; s = s->next)
			s->is_flushing |= s->rq == NULL;
	}
}

static void
rq_end(struct block_request *rq)
{
	struct sim_disk *d = (struct sim_disk *)rq->dev;
	u8 *data;

	if (rq->error == 0 && rq->op == BLOCK_WRITE)
		write_end(d, rq);
	if (rq->error == 0 && rq->op == BLOCK_FLUSH)
		make_durable(d, NULL);
	for (u32 i = 0; rq->op == BLOCK_READ &&
	    (data = rq_sector(rq, i)) != NULL; i++)
		memcpy(data, d->view + (rq->lba + i) * SECTOR_SIZE,
		    SECTOR_SIZE);
	rq->done(rq);
}

void
block_submit(struct block_request *rq)
{
	struct block_request *next;
	struct sim_disk *d;

	for (; rq != NULL; rq = next) {
		next = rq->next;
		d = (struct sim_disk *)rq->dev;
		rq_begin(d, rq);
		if (d->is_sync)
			rq_end(rq);
		else if (sim_nunder_way < ARRAY_LEN(sim_under_way))
			sim_under_way[sim_nunder_way++] = rq;
		else
			abort();
	}
}

static void
io_end(struct block_request *rq)
{
	*(bool *)rq->priv = true;
}

int
block_io(struct block_dev *dev, enum block_op op, u32 flags, u64 lba,
    const struct block_seg *segs, u32 nsegs)
{
	bool is_done = false;
	struct block_request rq = { .dev = dev, .op = op, .flags = flags,
	    .lba = lba, .segs = segs, .nsegs = nsegs, .done = io_end,
	    .priv = &is_done };

	block_submit(&rq);
	while (!is_done)
		sim_yield();
	return rq.error;
}

int
block_flush(struct block_dev *d)
{
	return block_io(d, BLOCK_FLUSH, 0, 0, NULL, 0);
}

bool
block_is_readonly(const struct block_dev *d)
{
	return d->partno == 99;
}

void
sim_io_end_one(void)
{
	u32 k = (u32)(sim_random() % sim_nunder_way);
	struct block_request *rq = sim_under_way[k];

	/* Some take much longer than others. */
	if (rq->qstate == RQ_SLOW && sim_random() % 256 != 0)
		return;
	sim_under_way[k] = sim_under_way[--sim_nunder_way];
	rq_end(rq);
}

/* ---- buffers ---- */

static struct buffer *cached[65536];
static struct buffer_cache *cache_of;

void
sim_buffers_forget(void)
{
	for (u32 i = 0; i < ARRAY_LEN(cached); i++) {
		free(cached[i]);
		cached[i] = NULL;
	}
	cache_of = NULL;
}

void
sim_cache_init(struct buffer_cache *c, struct sim_disk *d, u32 block_bytes,
    u64 nblocks)
{
	memset(c, 0, sizeof(*c));
	c->dev = &d->dev;
	c->block_bytes = block_bytes;
	c->nblocks = nblocks;
}

struct buffer *
buffer_find(struct buffer_cache *c, u64 block)
{
	struct buffer *b = c == cache_of ? cached[block] : NULL;

	if (b != NULL)
		b->refs++;
	return b;
}

struct buffer *
buffer_get(struct buffer_cache *c, u64 block)
{
	struct buffer *b = buffer_find(c, block);

	if (b != NULL)
		return b;
	cache_of = c;
	b = calloc(1, sizeof(*b));
	b->block = block;
	b->cache = c;
	b->data = frame_virt(frame_get(FRAME_BUFFER));
	b->refs = 1;
	list_init(&b->j_node);
	list_init(&b->j_check);
	cached[block] = b;
	return b;
}

static void
buffer_evict(struct buffer *b)
{
	if (b->j_running != NULL || b->j_logged != NULL || b->j_flags != 0)
		abort();
	cached[b->block] = NULL;
	frame_put(frame_of_virt(b->data));
	free(b);
}

void
buffer_ref(struct buffer *b)
{
	b->refs++;
}

/* Now and then it is forgotten at once: what is wanted again is read. */
void
buffer_put(struct buffer *b)
{
	if (b->refs == 0)
		abort();
	if (--b->refs == 0 && sim_random() % 4 == 0 &&
	    (b->state & BUF_BUSY) == 0)
		buffer_evict(b);
}

void
buffer_wait(struct buffer *b)
{
	while (b->state & BUF_BUSY)
		sim_yield();
}

static void
buffer_request(struct buffer *b, enum block_op op,
    void (*done)(struct block_request *))
{
	u32 sectors = b->cache->block_bytes / SECTOR_SIZE;

	b->seg = (struct block_seg){ virt_to_phys(b->data),
	    b->cache->block_bytes };
	b->rq = (struct block_request){ .dev = b->cache->dev, .op = op,
	    .lba = b->block * sectors, .segs = &b->seg, .nsegs = 1,
	    .done = done, .priv = b };
	block_submit(&b->rq);
}

static void
read_done(struct block_request *rq)
{
	struct buffer *b = rq->priv;

	b->state &= ~(u32)BUF_BUSY;
	if (rq->error == 0)
		b->state |= BUF_UPTODATE;
	b->refs--;
}

int
buffer_read(struct buffer_cache *c, u64 block, struct buffer **out)
{
	struct buffer *b = buffer_get(c, block);

	buffer_wait(b);
	if (!(b->state & BUF_UPTODATE)) {
		b->state |= BUF_BUSY;
		b->refs++;
		buffer_request(b, BLOCK_READ, read_done);
		buffer_wait(b);
	}
	*out = b;
	return 0;
}

struct buffer *
buffer_get_zero(struct buffer_cache *c, u64 block)
{
	struct buffer *b = buffer_get(c, block);

	buffer_wait(b);
	memset(b->data, 0, c->block_bytes);
	b->state |= BUF_UPTODATE;
	return b;
}

static void
write_done(struct block_request *rq)
{
	struct buffer *b = rq->priv;
	void (*done)(struct buffer *b, int error) = (void *)b->lru.next;

	b->state &= ~(u32)BUF_BUSY;
	done(b, rq->error);
}

void
buffer_write_start(struct buffer *b, void (*done)(struct buffer *b, int error))
{
	if (b->refs == 0 || (b->state & BUF_BUSY))
		abort();
	b->state |= BUF_BUSY;
	b->lru.next = (void *)done;	/* the list is not used here */
	buffer_request(b, BLOCK_WRITE, write_done);
}

void
sim_cache_fini(struct buffer_cache *c)
{
	if (c != cache_of)
		return;
	for (u32 i = 0; i < ARRAY_LEN(cached); i++) {
		if (cached[i] == NULL)
			continue;
		if (cached[i]->refs != 0) {
			fprintf(stderr, "sim: block %u has %u references\n", i,
			    cached[i]->refs);
			abort();
		}
		buffer_evict(cached[i]);
	}
	cache_of = NULL;
}
