/*
 * Self-tests, on disks that a machine was made with for them (tests/host/ahci);
 * their serial numbers say which. Where there is none they pass at once.
 *
 *	AHCI-RW...	may be written to; in the image each 8 bytes are their
 *			own offset
 *	AHCI-BAD	the same, but reads of sector 2048 always fail, and the
 *			first one of sector 4096
 *	AHCI-SLOW	reads of sector 4096 are answered too late once, those
 *			of 2048 each time
 *	AHCI-PULL	is pulled out while it is read, when the log says so
 */
#include "drivers/ahci/ahci_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/sched/sched.h"
#include "kernel/trace/log.h"
#include "kernel/trace/selftest.h"

#define NFRAMES			96
#define NREQUESTS		96	/* more than there are slots */
#define PER_FRAME		((u32)PAGE_SIZE / SECTOR_SIZE)
#define BAD_ALWAYS		2048
#define BAD_ONCE		4096
#define WRITE_LBA		8192	/* there writes go */
#define PULL_NS			20000000000ul
#define BLOCK_NS		10000000000ul

static struct frame *frame[NFRAMES];
static struct block_seg seg[NFRAMES];
static struct block_request request[NREQUESTS];
static u32 nended, nerrors;		/* [a] */

/* The n-th disk whose serial number begins so. */
static struct block_dev *
find(const char *serial, u32 n)
{
	struct block_dev *d;

	for (d = block_next(NULL); d != NULL; d = block_next(d))
		if (d->partno == 0 && strncmp(d->disk->serial, serial,
		    strlen(serial)) == 0 && n-- == 0)
			return d;
	return NULL;
}

static void
frames_get(void)
{
	for (u32 i = 0; i < NFRAMES; i++) {
		frame[i] = frame_get_zero(FRAME_BUFFER);
		seg[i] = (struct block_seg){
			.addr = frame_paddr(frame[i]), .len_bytes = PAGE_SIZE,
		};
	}
}

static void
frames_put(void)
{
	for (u32 i = 0; i < NFRAMES; i++)
		frame_put(frame[i]);
}

/* Each 8 bytes are their offset on the disk, plus salt. */
static void
pattern_fill(void *at, u64 lba, u32 len, u64 salt)
{
	u64 *v = at;

	for (u32 i = 0; i < len / 8; i++)
		v[i] = lba * SECTOR_SIZE + i * 8 + salt;
}

static bool
pattern_is(const void *at, u64 lba, u32 len, u64 salt)
{
	const u64 *v = at;

	for (u32 i = 0; i < len / 8; i++)
		if (v[i] != lba * SECTOR_SIZE + i * 8 + salt)
			return false;
	return true;
}

static bool
frames_are(u64 lba, u32 n, u64 salt)
{
	for (u32 i = 0; i < n; i++)
		if (!pattern_is(frame_virt(frame[i]), lba + i * PER_FRAME,
		    PAGE_SIZE, salt))
			return false;
	return true;
}

static void
frames_clear(void)
{
	for (u32 i = 0; i < NFRAMES; i++)
		memset(frame_virt(frame[i]), 0, PAGE_SIZE);
}

/* ---- many at once ---- */

static void
request_done(struct block_request *rq)
{
	if (rq->error != 0)
		atomic_inc(&nerrors);
	atomic_inc(&nended);
}

/* Requests of a frame each, in a chain; every 8th is a flush, if flushes. */
static void
requests_submit(struct block_dev *d, enum block_op op, u64 lba, u32 stride,
    bool flushes)
{
	atomic_store(&nended, 0);
	atomic_store(&nerrors, 0);
	for (u32 i = 0; i < NREQUESTS; i++) {
		bool is_flush = flushes && i % 8 == 7;

		request[i] = (struct block_request){
			.dev = d, .op = is_flush ? BLOCK_FLUSH : op,
			.flags = op == BLOCK_WRITE && i % 3 == 0 && !is_flush ?
			    BLOCK_FUA : 0,
			.lba = is_flush ? 0 : lba + i * stride,
			.segs = &seg[i], .nsegs = is_flush ? 0 : 1,
			.done = request_done,
		};
		request[i].next = i + 1 < NREQUESTS ? &request[i + 1] : NULL;
	}
	block_submit(&request[0]);
}

static bool
requests_wait(u64 ns)
{
	u64 deadline = clock_now_ns() + ns;

	while (atomic_load(&nended) < NREQUESTS && clock_now_ns() < deadline)
		sched_sleep_ns(1000000);
	return atomic_load(&nended) == NREQUESTS;
}

static void
check_many(struct block_dev *d, u64 salt)
{
	bool is_right = true;

	for (u32 i = 0; i < NREQUESTS; i++)
		pattern_fill(frame_virt(frame[i]), WRITE_LBA + i * 16,
		    PAGE_SIZE, salt);
	requests_submit(d, BLOCK_WRITE, WRITE_LBA, 16, true);
	CHECK(requests_wait(BLOCK_NS) && atomic_load(&nerrors) == 0);
	frames_clear();
	requests_submit(d, BLOCK_READ, WRITE_LBA, 16, true);
	CHECK(requests_wait(BLOCK_NS) && atomic_load(&nerrors) == 0);
	for (u32 i = 0; i < NREQUESTS; i++)
		if (i % 8 != 7 && !pattern_is(frame_virt(frame[i]),
		    WRITE_LBA + i * 16, PAGE_SIZE, salt))
			is_right = false;
	CHECK(is_right);
}

static void
check_one_by_one(struct block_dev *d)
{
	struct block_seg odd[3] = {
		{ .addr = seg[0].addr + 4, .len_bytes = SECTOR_SIZE },
		{ .addr = seg[1].addr + 1024, .len_bytes = 2 * SECTOR_SIZE },
		{ .addr = seg[2].addr + 3584, .len_bytes = SECTOR_SIZE },
	};
	u8 *v = frame_virt(frame[0]);

	CHECK(block_io(d, BLOCK_READ, 0, 0, seg, NFRAMES) == 0);
	CHECK(frames_are(0, NFRAMES, 0));
	frames_clear();
	CHECK(block_io(d, BLOCK_READ, 0, 7, odd, 3) == 0);
	CHECK(pattern_is(v + 4, 7, SECTOR_SIZE, 0));
	CHECK(v[3] == 0 && v[4 + SECTOR_SIZE] == 0);
	CHECK(pattern_is((u8 *)frame_virt(frame[1]) + 1024, 8,
	    2 * SECTOR_SIZE, 0));
	CHECK(pattern_is((u8 *)frame_virt(frame[2]) + 3584, 10,
	    SECTOR_SIZE, 0));
	/* The last sector, and the one after it. */
	CHECK(block_io(d, BLOCK_READ, 0, d->nsectors - 1, odd, 1) == 0);
	CHECK(pattern_is(v + 4, d->nsectors - 1, SECTOR_SIZE, 0));
	CHECK(block_io(d, BLOCK_READ, 0, d->nsectors, odd, 1) == -EIO);
	CHECK(block_flush(d) == 0);
}

SELFTEST(ahci_reads_and_writes)
{
	struct block_dev *d;
	u32 n = 0;

	if (find("AHCI-RW", 0) == NULL)
		return;
	frames_get();
	for (; (d = find("AHCI-RW", n)) != NULL; n++) {
		struct ahci_port *p = d->disk->priv;

		check_one_by_one(d);
		for (u32 round = 0; round < 4; round++)
			check_many(d, (u64)round << 48);
		/* What the host looks at, once the machine has ended. */
		check_many(d, (u64)(n + 1) << 32);
		CHECK(p->unused == (u32)(BIT(p->nslots) - 1));
	}
	frames_put();
	kinfo("selftest: ahci: %u disks read and written", n);
}

/* ---- errors ---- */

SELFTEST(ahci_errors_end_what_they_must)
{
	struct block_dev *d = find("AHCI-BAD", 0);

	if (d == NULL)
		return;
	frames_get();
	CHECK(block_io(d, BLOCK_READ, 0, BAD_ONCE, seg, 1) == 0);
	CHECK(frames_are(BAD_ONCE, 1, 0));
	CHECK(block_io(d, BLOCK_READ, 0, BAD_ALWAYS, seg, 1) == -EIO);
	CHECK(block_io(d, BLOCK_READ, 0, BAD_ALWAYS + 8, seg, 1) == 0);
	CHECK(frames_are(BAD_ALWAYS + 8, 1, 0));
	/* Many at once: it alone fails. */
	requests_submit(d, BLOCK_READ, BAD_ALWAYS - 32 * 16, 16, false);
	CHECK(requests_wait(BLOCK_NS));
	for (u32 i = 0; i < NREQUESTS; i++)
		CHECK(request[i].error == (i == 32 ? -EIO : 0) && (i == 32 ||
		    pattern_is(frame_virt(frame[i]), request[i].lba,
		    PAGE_SIZE, 0)));
	CHECK(block_io(d, BLOCK_READ, 0, 0, seg, NFRAMES) == 0);
	CHECK(frames_are(0, NFRAMES, 0));
	frames_put();
	kinfo("selftest: ahci: errors");
}

SELFTEST(ahci_late_commands_are_retried)
{
	struct block_dev *d = find("AHCI-SLOW", 0);

	if (d == NULL)
		return;
	frames_get();
	CHECK(block_io(d, BLOCK_READ, 0, BAD_ONCE, seg, 1) == 0);
	CHECK(frames_are(BAD_ONCE, 1, 0));
	CHECK(block_io(d, BLOCK_READ, 0, BAD_ALWAYS, seg, 1) == -EIO);
	CHECK(block_io(d, BLOCK_READ, 0, 0, seg, NFRAMES) == 0);
	CHECK(frames_are(0, NFRAMES, 0));
	frames_put();
	kinfo("selftest: ahci: late commands");
}

/* Read without end until it is gone: what is under way ends, and so does what
 * comes later. */
SELFTEST(ahci_pulled_disk_ends_all)
{
	struct block_dev *d = find("AHCI-PULL", 0);
	u64 deadline = clock_now_ns() + PULL_NS;
	u32 rounds = 0;

	if (d == NULL)
		return;
	frames_get();
	kinfo("selftest: ahci: pull it out now");
	do {
		requests_submit(d, BLOCK_READ, 0, 16, false);
		CHECK(requests_wait(PULL_NS));
		rounds++;
	} while (atomic_load(&nerrors) == 0 && clock_now_ns() < deadline);
	CHECK(atomic_load(&nerrors) != 0 && block_is_gone(d));
	CHECK(block_io(d, BLOCK_READ, 0, 0, seg, 1) == -ENODEV);
	CHECK(block_flush(d) == -ENODEV);
	requests_submit(d, BLOCK_WRITE, 0, 16, true);
	CHECK(requests_wait(BLOCK_NS) && atomic_load(&nerrors) == NREQUESTS);
	frames_put();
	kinfo("selftest: ahci: pulled out in round %u", rounds);
}
