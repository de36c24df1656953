/*
 * The journal's own reads and writes, and checksums.
 *
 * Requests are the journal's, made when it was opened: blocks are added one by
 * one; neighbours on the disk become one request, and all that were added are
 * under way at once. Nothing is allocated, since a commit must go on where
 * there is no memory.
 */
#include "fs/journal/journal_priv.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/checksum.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"

void
io_init(struct journal_io *io)
{
	waitq_init(&io->done);
	io->n = 0;
}

static struct block_seg *
io_segs(struct journal_io *io, u32 i)
{
	return io->segs[i / 2] + i % 2 * BLOCK_REQUEST_SEGS;
}

/* Interrupt context. */
static void
io_done(struct block_request *rq)
{
	struct journal_io *io = rq->priv;

	if (rq->error != 0)
		WRITE_ONCE(io->error, rq->error);
	if (atomic_dec_and_test(&io->pending))
		waitq_wake(&io->done, 0);
}

int
io_run(struct journal *j)
{
	struct journal_io *io = &j->io;
	u32 n = io->n;
	int error;

	if (n != 0) {
		atomic_store(&io->pending, n);
		for (u32 i = 0; i < n; i++)
			io->rq[i].next = i + 1 < n ? &io->rq[i + 1] : NULL;
		block_submit(&io->rq[0]);
		WAIT_EVENT(&io->done, atomic_load(&io->pending) == 0);
		io->n = 0;
	}
	error = io->error;
	io->error = 0;
	return error;
}

static u32
sectors_of(const struct block_request *rq)
{
	u32 n = 0;

	for (u32 i = 0; i < rq->nsegs; i++)
		n += rq->segs[i].len_bytes >> SECTOR_SHIFT;
	return n;
}

/* The last request goes on with this block? */
static bool
io_extend(struct journal_io *io, enum block_op op, struct block_dev *dev,
    u64 lba, paddr_t addr, u32 bytes)
{
	struct block_request *rq;
	struct block_seg *seg;
	u32 sectors;

	if (io->n == 0)
		return false;
	rq = &io->rq[io->n - 1];
	if (rq->op != op || rq->dev != dev)
		return false;
	sectors = sectors_of(rq);
	if (rq->lba + sectors != lba ||
	    sectors + (bytes >> SECTOR_SHIFT) > BLOCK_REQUEST_SECTORS)
		return false;
	seg = &io_segs(io, io->n - 1)[rq->nsegs - 1];
	if (seg->addr + seg->len_bytes == addr) {
		seg->len_bytes += bytes;
		return true;
	}
	if (rq->nsegs == BLOCK_REQUEST_SEGS)
		return false;
	seg[1] = (struct block_seg){ addr, bytes };
	rq->nsegs++;
	return true;
}

void
io_add(struct journal *j, enum block_op op, struct block_dev *dev, u64 block,
    u8 *data)
{
	struct journal_io *io = &j->io;
	u32 bytes = j->block_bytes;
	u64 lba = block * (bytes >> SECTOR_SHIFT);
	paddr_t addr = virt_to_phys(data);
	struct block_request *rq;
	int error;

	if (io_extend(io, op, dev, lba, addr, bytes))
		return;
	if (io->n == IO_REQUESTS) {
		error = io_run(j);
		io->error = error;
	}
	rq = &io->rq[io->n];
	io_segs(io, io->n++)[0] = (struct block_seg){ addr, bytes };
	*rq = (struct block_request){
		.dev = dev, .op = op, .flags = BLOCK_META, .lba = lba,
		.segs = io_segs(io, io->n - 1), .nsegs = 1,
		.done = io_done, .priv = io,
	};
}

/* Where block n of the journal is on its device. */
static u64
log_block(const struct journal *j, u32 n)
{
	u32 lo = 0, hi = j->nruns - 1, mid;

	assert(n < j->map->end[hi]);
	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (n < j->map->end[mid])
			hi = mid;
		else
			lo = mid + 1;
	}
	return j->map->block[lo] + (n - (lo > 0 ? j->map->end[lo - 1] : 0));
}

void
io_add_log(struct journal *j, enum block_op op, u32 at, u8 *data)
{
	io_add(j, op, j->dev, log_block(j, at), data);
}

bool
log_has_block(const struct journal *j, u64 block)
{
	u32 first = 0;

	for (u32 i = 0; i < j->nruns; i++) {
		if (block - j->map->block[i] < j->map->end[i] - first)
			return true;
		first = j->map->end[i];
	}
	return false;
}

int
super_write(struct journal *j)
{
	struct jbd_super *s = (struct jbd_super *)j->super_block;
	struct block_seg seg = { virt_to_phys(s), j->block_bytes };
	u32 incompat = be32_get(s->incompat);

	s->csum = be32(0);
	if (incompat & (JBD_CSUM_V2 | JBD_CSUM_V3))
		s->csum = be32(crc32c(~0u, s, sizeof(*s)));
	return block_io(j->dev, BLOCK_WRITE, BLOCK_FUA | BLOCK_META,
	    log_block(j, j->super_at) * (j->block_bytes >> SECTOR_SHIFT),
	    &seg, 1);
}

/* ---- checksums ---- */

/* Of a block whose last bytes are the checksum: as if these were 0. */
static u32
csum_tail(const struct journal_format *f, const u8 *block, u32 bytes)
{
	static const u8 zero[JBD_TAIL_BYTES];
	u32 crc = crc32c(f->csum_seed, block, bytes - JBD_TAIL_BYTES);

	return crc32c(crc, zero, sizeof(zero));
}

void
csum_set_tail(const struct journal_format *f, u8 *block, u32 bytes)
{
	if (f->has_csum)
		be32_store(block + bytes - JBD_TAIL_BYTES,
		    csum_tail(f, block, bytes));
}

bool
csum_is_good_tail(const struct journal_format *f, const u8 *block, u32 bytes)
{
	return !f->has_csum || be32_load(block + bytes - JBD_TAIL_BYTES) ==
	    csum_tail(f, block, bytes);
}

u32
csum_copy(const struct journal_format *f, u32 tid, const u8 *data, u32 bytes)
{
	be32_t sequence = be32(tid);

	return crc32c(crc32c(f->csum_seed, &sequence, sizeof(sequence)), data,
	    bytes);
}

/* Of a commit block, as if its own field were 0. */
u32
commit_csum(const struct journal_format *f, const u8 *block, u32 bytes)
{
	static const u8 zero[4];
	usize at = offsetof(struct jbd_commit, csum);
	u32 crc = crc32c(f->csum_seed, block, at);

	crc = crc32c(crc, zero, sizeof(zero));
	return crc32c(crc, block + at + sizeof(zero),
	    bytes - at - sizeof(zero));
}
