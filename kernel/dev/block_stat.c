/*
 * Statistics of block devices, and the lines of /proc that show them.
 *
 * Each CPU counts for itself, with interrupts off; who reads adds up, and may
 * see a request's begin and not yet another's end. A request of a partition
 * counts for the whole disk too.
 *
 * How long a device was busy needs to know whether anything is under way
 * anywhere. That is asked only when a millisecond has begun since the last
 * begin or end: who moves busy_ms on counts what lies between.
 *
 * Latencies are counted by powers of two; a percentile is interpolated within
 * its bucket, so that it is right to a factor of two at worst.
 */
#include "kernel/dev/block_priv.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/bitmap.h"
#include "kernel/lib/fmt.h"
#include "kernel/mem/slab.h"
#include "kernel/x86/clock.h"

#define MS	1000000ul

struct stats_table {
	struct block_stats *cpu[MAX_CPUS];
};

static KMEM_CACHE(table_cache, "block_stats_table", struct stats_table);
static KMEM_CACHE(stats_cache, "block_stats", struct block_stats);

void
block_stats_init(struct block_dev *d)
{
	struct stats_table *t = kmem_get_zero(&table_cache);

	for (u32 c = 0; c < ncpus; c++)
		t->cpu[c] = kmem_get_zero(&stats_cache);
	d->stats = t->cpu;
}

static bool
is_busy(const struct block_dev *d)
{
	s64 n = 0;

	for (u32 c = 0; c < ncpus; c++)
		n += READ_ONCE(d->stats[c]->inflight);
	return n > 0;
}

/* Time has gone on; ends: something was under way until now, for sure. */
static void
busy_until(struct block_dev *d, u64 now_ns, bool ends)
{
	u32 now = (u32)(now_ns / MS), old = atomic_load_relaxed(&d->busy_ms);

	if (likely(now == old) || (s32)(now - old) < 0 ||
	    !atomic_try_cmpxchg(&d->busy_ms, &old, now))
		return;
	if (ends || is_busy(d))
		d->stats[cpu_id]->busy_ms += now - old;
}

static void
begin_on(struct block_dev *d, u64 now_ns)
{
	busy_until(d, now_ns, false);
	d->stats[cpu_id]->inflight++;
}

void
block_stat_begin(struct block_dev *d, u64 now_ns)
{
	begin_on(d, now_ns);
	if (d->partno != 0)
		begin_on(d->disk->dev, now_ns);
}

static u32
bucket_of(u64 ns)
{
	u64 scaled = ns >> BLOCK_HIST_SHIFT;

	return scaled == 0 ? 0 : MIN(highest_bit(scaled) + 1, BLOCK_HIST - 1u);
}

static void
end_on(struct block_dev *d, const struct block_request *rq, u64 now_ns)
{
	struct block_stats *s = d->stats[cpu_id];
	u64 ns = now_ns - MIN(rq->start_ns, now_ns);
	enum block_op op = rq->op;

	busy_until(d, now_ns, true);
	s->inflight--;
	s->meta += rq->flags & BLOCK_META ? 1 : 0;
	if (rq->error != 0) {
		s->errors[op]++;
		return;
	}
	*(rq->qstate & RQ_MERGED ? &s->merges[op] : &s->count[op]) += 1;
	s->sectors[op] += rq->nsectors;
	s->ns[op] += ns;
	s->max_ns[op] = MAX(s->max_ns[op], ns);
	s->hist[op][bucket_of(ns)]++;
}

void
block_stat_end(const struct block_request *rq, u64 now_ns)
{
	end_on(rq->dev, rq, now_ns);
	if (rq->dev->partno != 0)
		end_on(rq->dev->disk->dev, rq, now_ns);
}

/* ---- reading ---- */

static void
add_op(struct block_stats *to, const struct block_stats *s, u32 op)
{
	to->count[op] += READ_ONCE(s->count[op]);
	to->merges[op] += READ_ONCE(s->merges[op]);
	to->sectors[op] += READ_ONCE(s->sectors[op]);
	to->ns[op] += READ_ONCE(s->ns[op]);
	to->errors[op] += READ_ONCE(s->errors[op]);
	to->max_ns[op] = MAX(to->max_ns[op], READ_ONCE(s->max_ns[op]));
	for (u32 i = 0; i < BLOCK_HIST; i++)
		to->hist[op][i] += READ_ONCE(s->hist[op][i]);
}

void
block_stats_sum(const struct block_dev *d, struct block_stats *out)
{
	*out = (struct block_stats){ 0 };
	for (u32 c = 0; c < ncpus; c++) {
		const struct block_stats *s = d->stats[c];

		for (u32 op = 0; op < BLOCK_OPS; op++)
			add_op(out, s, op);
		out->meta += READ_ONCE(s->meta);
		out->busy_ms += READ_ONCE(s->busy_ms);
		out->inflight += READ_ONCE(s->inflight);
	}
	out->inflight = MAX(out->inflight, 0);
}

static struct block_dev *
device_at(u32 i)
{
	struct block_dev *d = block_next(NULL);

	while (d != NULL && i-- > 0)
		d = block_next(d);
	return d;
}

static int
stat_fields(const struct block_stats *s, enum block_op op, char *buf, usize len)
{
	return kscnprintf(buf, len, " %lu %lu %lu %lu", s->count[op],
	    s->merges[op], s->sectors[op], s->ns[op] / MS);
}

/* The kernel's documentation of iostats: 3 fields and 17 numbers; four of them
 * are of discards, which there are none. */
int
block_diskstats_line(u32 i, char *buf, usize len)
{
	struct block_dev *d = device_at(i);
	struct block_stats s;
	u64 all;
	int n;

	if (d == NULL)
		return 0;
	busy_until(d, clock_now_ns(), false);
	block_stats_sum(d, &s);
	all = s.ns[BLOCK_READ] + s.ns[BLOCK_WRITE] + s.ns[BLOCK_FLUSH];
	n = kscnprintf(buf, len, "%4u %7u %s", d->major, d->minor, d->name);
	n += stat_fields(&s, BLOCK_READ, buf + n, len - n);
	n += stat_fields(&s, BLOCK_WRITE, buf + n, len - n);
	n += kscnprintf(buf + n, len - n, " %ld %lu %lu 0 0 0 0 %lu %lu\n",
	    s.inflight, s.busy_ms, all / MS, s.count[BLOCK_FLUSH],
	    s.ns[BLOCK_FLUSH] / MS);
	return n;
}

int
block_partitions_line(u32 i, char *buf, usize len)
{
	struct block_dev *d;

	if (i == 0)
		return kscnprintf(buf, len,
		    "major minor  #blocks  name\n\n");
	d = device_at(i - 1);
	if (d == NULL)
		return 0;
	return kscnprintf(buf, len, "%4u  %7u %10lu %s\n", d->major, d->minor,
	    d->nsectors / 2, d->name);
}

/* The latency that permille of the requests do not exceed. */
static u64
percentile_ns(const struct block_stats *s, enum block_op op, u32 permille)
{
	u64 n = 0, want, low, in;

	for (u32 i = 0; i < BLOCK_HIST; i++)
		n += s->hist[op][i];
	want = DIV_UP(n * permille, 1000);
	for (u32 i = 0; i < BLOCK_HIST && n != 0; i++) {
		in = s->hist[op][i];
		if (in < want) {
			want -= in;
			continue;
		}
		low = i == 0 ? 0 : BIT(BLOCK_HIST_SHIFT + i - 1);
		/* in >= want > 0: the sum of all is at least want */
		low += (i == 0 ? BIT(BLOCK_HIST_SHIFT) : low) * want / in;
		return MIN(low, s->max_ns[op]);
	}
	return 0;
}

static int
report_disk(const struct block_dev *d, const struct block_stats *s, char *buf,
    usize len)
{
	const struct block_disk *k = d->disk;

	return kscnprintf(buf, len, "%s: %lu sectors of 512, logical %u, "
	    "%s%s%s%s, depth %u, in flight %ld, waiting %u, metadata %lu\n"
	    "%-6s %10s %10s %12s %8s %10s %10s %10s\n", d->name, d->nsectors,
	    k->sector_bytes,
	    atomic_load_relaxed(&k->is_gone) ? "gone, " : "",
	    k->flags & BLOCK_DISK_READONLY ? "read-only, " : "",
	    k->flags & BLOCK_DISK_CACHE ? "write cache" : "no write cache",
	    k->flags & BLOCK_DISK_FUA ? ", FUA" : "", k->depth, s->inflight,
	    atomic_load_relaxed(&k->queue->nwaiting), s->meta, "op",
	    "commands", "merged", "sectors", "errors", "p50 us", "p99 us",
	    "max us");
}

/* A disk's lines at once: what it is, and a row for each operation. */
int
block_report_line(u32 i, char *buf, usize len)
{
	static const char *const names[BLOCK_OPS] = {
		"read", "write", "flush",
	};
	struct block_dev *d = block_next(NULL);
	struct block_stats s;
	int n;

	while (d != NULL && (d->partno != 0 || i-- > 0))
		d = block_next(d);
	if (d == NULL)
		return 0;
	block_stats_sum(d, &s);
	n = report_disk(d, &s, buf, len);
	for (u32 op = 0; op < BLOCK_OPS; op++)
		n += kscnprintf(buf + n, len - n, "%-6s %10lu %10lu %12lu "
		    "%8lu %10lu %10lu %10lu\n", names[op], s.count[op],
		    s.merges[op], s.sectors[op], s.errors[op],
		    percentile_ns(&s, op, 500) / 1000,
		    percentile_ns(&s, op, 990) / 1000, s.max_ns[op] / 1000);
	return n;
}
