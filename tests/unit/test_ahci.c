/*
 * The AHCI driver on a controller of our own, which does as the specification
 * says (also what emulators leave out: the NCQ error log), or does badly, or
 * answers at random. Every request must end once, with the right data or an
 * error that is due; what the driver may not do to a controller is checked.
 *
 * ahci_machine.inc has the controller, and includes the driver's files with
 * registers, clock, locks and scheduler stood in for. Time is a number; there
 * is one thread.
 */

#include "tests/unit/ahci_machine.inc"

#define NREQUESTS	64
#define HOSTILE_SEEDS	300
#define RANDOM_WORDS	20000

/* ---- the block layer ---- */

static struct block_disk *disk;
static bool disk_gone;
static struct test_request {
	struct block_request rq;
	struct block_seg seg[2];
	bool is_busy, is_queued;	/* made; the driver has it */
	u32 ended;
} requests[NREQUESTS];
static u32 ends, errors;
static u8 wanted[DISK_SECTORS * 512];	/* what the disk must have */
static paddr_t buffers;

static struct block_dev disk_dev = { .name = "sdx" };

void
block_disk_add(struct block_disk *d)
{
	disk = d;
	d->dev = &disk_dev;
	disk_dev.disk = d;
}

void
block_disk_gone(struct block_disk *d)
{
	CHECK(d == disk && locked == 0);
	disk_gone = true;
}

void
block_end(struct block_disk *d, struct block_request *chain, int error)
{
	CHECK(d == disk && locked == 0);
	for (struct block_request *rq = chain; rq != NULL; rq = rq->next) {
		struct test_request *t = CONTAINER_OF(rq, struct test_request,
		    rq);

		CHECK(t->is_busy && t->ended == 0);
		t->ended++;
		rq->error = error;
		ends++;
		errors += error != 0;
	}
}

/* Where request i's data is: two pieces, which adjoin if i is odd. */
static u8 *
piece(u32 i, u32 n)
{
	return ram(requests[i].seg[n].addr);
}

static void
request_make(u32 i, enum block_op op, u64 lba, u32 nsectors)
{
	struct test_request *t = &requests[i];
	u32 first = nsectors / 2;

	*t = (struct test_request){ .is_busy = true };
	t->seg[0] = (struct block_seg){ buffers + i * 16384ul, first * 512 };
	t->seg[1] = (struct block_seg){ buffers + i * 16384ul +
	    (i % 2 ? first * 512 : 8192 + 4), (nsectors - first) * 512 };
	t->rq = (struct block_request){
		.op = op, .lba = lba, .disk_lba = lba,
		.segs = first == 0 ? &t->seg[1] : t->seg,
		.nsegs = op == BLOCK_FLUSH ? 0 : first == 0 ? 1 : 2,
		.nsectors = op == BLOCK_FLUSH ? 0 : nsectors,
	};
	if (op == BLOCK_WRITE)
		for (u32 n = 0; n < 2; n++) {
			u8 *at = piece(i, n);
			u64 off = lba * 512 + (n ? first * 512 : 0);

			for (u32 b = 0; b < t->seg[n].len_bytes; b++)
				at[b] = wanted[off + b] = (u8)unit_random();
		}
}

static bool
data_is_right(u32 i)
{
	struct block_request *rq = &requests[i].rq;
	u64 off = rq->lba * 512;
	u32 first = requests[i].seg[0].len_bytes;

	return memcmp(piece(i, 0), wanted + off, first) == 0 &&
	    memcmp(piece(i, 1), wanted + off + first,
	    requests[i].seg[1].len_bytes) == 0;
}

static void
worker_run(void)
{
	if (!worker_is_awake)
		return;
	worker_is_awake = false;
	if (setjmp(worker_sleeps) == 0)
		ahci_worker(irq_arg);
}

/* Offer what is made until all has ended; false: something hangs. */
static bool
finish(u64 limit_ns)
{
	u64 deadline = now + limit_ns;

	for (;;) {
		u32 busy = 0;

		for (u32 i = 0; i < NREQUESTS; i++) {
			struct test_request *t = &requests[i];

			if (!t->is_busy || t->ended)
				continue;
			busy++;
			if (!t->is_queued)
				t->is_queued = disk->ops->start(disk, &t->rq);
		}
		if (busy == 0)
			return true;
		if (now > deadline)
			return false;
		step();
		worker_run();
	}
}

/* ---- tests ---- */

static void
machine_start(enum way way)
{
	struct ahci_port *p;

	if (frames == NULL) {
		frames = calloc(RAM_PAGES, sizeof(*frames));
		CHECK(mmap((void *)PHYSMAP_BASE, RAM_PAGES << PAGE_SHIFT, 3,
		    0x32, -1, 0) == (void *)PHYSMAP_BASE);
	}
	memset(&hba, 0, sizeof(hba));
	memset(timers, 0, sizeof(timers));
	memset(requests, 0, sizeof(requests));
	next_frame = 1;
	nboot_pages = 0;
	worker_is_awake = pci_gone = disk_gone = master = false;
	ends = errors = 0;
	irq = NULL;
	disk = NULL;
	hba.way = way;
	hba.ssts = 0x133;
	hba.tfd = 0x7f;
	for (u32 i = 0; i < sizeof(wanted); i++)
		hba.data[i] = wanted[i] = (u8)unit_random();
	ahci_init("ahci.timeout_ms=100");
	pci = (struct pci_dev){ .bar[5].len_bytes = sizeof(bar) };
	CHECK_EQ(ahci_probe(&pci, NULL), 0);
	CHECK(disk != NULL);
	buffers = (paddr_t)next_frame << PAGE_SHIFT;
	CHECK(next_frame + NREQUESTS * 4 <= RAM_PAGES);
	p = disk->priv;
	CHECK_EQ(p->id.has_ncq, way <= NCQ_NO_LOG);
	CHECK_EQ(p->nslots, way <= NCQ_NO_LOG ? 32 : 2);
	hba.resets = 0;
}

/* A round of random requests that do not overlap: 64 sectors for each. */
static void
requests_make(bool reads_only)
{
	ends = errors = 0;
	for (u32 i = 0; i < NREQUESTS; i++) {
		u32 n = 1 + unit_random() % 16, kind = unit_random() % 16;
		u64 lba = i * 64 + unit_random() % 48;

		request_make(i, kind == 0 ? BLOCK_FLUSH : kind < 8 &&
		    !reads_only ? BLOCK_WRITE : BLOCK_READ, lba, n);
	}
}

/* Has each request ended as it must? is_bad: whose sectors are all bad. */
static void
requests_check(void)
{
	for (u32 i = 0; i < NREQUESTS; i++) {
		struct block_request *rq = &requests[i].rq;
		bool is_bad = false;

		for (u64 s = rq->lba; s < rq->lba + rq->nsectors; s++)
			is_bad |= rq->op == BLOCK_READ && hba.bad[s] == ~0u;
		CHECK_EQ(requests[i].ended, 1);
		CHECK_EQ(rq->error, is_bad ? -EIO : 0);
		if (rq->error == 0 && rq->op == BLOCK_READ)
			CHECK(data_is_right(i));
	}
	CHECK(((struct ahci_port *)disk->priv)->unused ==
	    (disk->depth == 32 ? ~0u : 3));
}

static void
test_all_is_well(void)
{
	for (enum way way = 0; way < WAYS; way++) {
		machine_start(way);
		for (u32 round = 0; round < 20; round++) {
			requests_make(false);
			CHECK(finish(1000000000));
			requests_check();
		}
		CHECK(memcmp(hba.data, wanted, sizeof(wanted)) == 0);
		CHECK(hba.flushes > 0 && hba.resets == 0);
		CHECK(way > NCQ_NO_LOG ? hba.most == 1 : hba.most > 24);
	}
}

/* One command of 768 sectors, which 28 bits make three of. */
static void
test_long_command(void)
{
	for (enum way way = 0; way < WAYS; way++) {
		machine_start(way);
		for (u32 i = 0; i < NREQUESTS; i++) {
			request_make(i, BLOCK_READ, 100 + i * 12, 12);
			requests[i].rq.next = i + 1 < NREQUESTS ?
			    &requests[i + 1].rq : NULL;
			requests[i].is_queued = true;
		}
		CHECK(disk->ops->start(disk, &requests[0].rq));
		CHECK(finish(1000000000));
		for (u32 i = 0; i < NREQUESTS; i++)
			CHECK(requests[i].rq.error == 0 && data_is_right(i));
	}
}

static void
test_bad_sectors(void)
{
	for (enum way way = 0; way < WAYS; way++) {
		machine_start(way);
		for (u32 round = 0; round < 10; round++) {
			memset(hba.bad, 0, sizeof(hba.bad));
			for (u32 i = 0; i < 40; i++)
				hba.bad[unit_random() % DISK_SECTORS] =
				    i % 2 ? ~0u : 1;
			requests_make(true);
			CHECK(finish(100000000000));
			requests_check();
		}
		hba.failures = 0;
		hba.bad[9] = ~0u;
		request_make(0, BLOCK_READ, 9, 1);
		CHECK(finish(1000000000) && requests[0].rq.error == -EIO);
		CHECK_EQ(hba.failures, TRIES_MAX);
		CHECK(!disk_gone);
		if (way == NCQ_LOG)
			CHECK(hba.logs_read > 0 && hba.resets == 0);
		else
			CHECK_EQ(hba.resets != 0, way == NCQ_NO_LOG);
	}
}

static void
test_hung_commands(void)
{
	for (enum way way = 0; way < WAYS; way++) {
		machine_start(way);
		requests_make(false);
		for (u32 i = 0; i < NREQUESTS; i += 9)
			hba.hangs[requests[i].rq.lba] = 1 + i % 3;
		CHECK(finish(100000000000));
		requests_check();
		CHECK(hba.resets > 0 && !disk_gone);
		/* For ever: an error, and the disk goes on. */
		request_make(0, BLOCK_READ, 5, 1);
		hba.hangs[5] = ~0u;
		CHECK(finish(100000000000));
		CHECK_EQ(requests[0].rq.error, -EIO);
		request_make(0, BLOCK_READ, 6, 1);
		CHECK(finish(1000000000) && requests[0].rq.error == 0);
	}
}

/* A command ended and nobody was told; another, which came later, hangs: once
 * the first is found, the second is still watched. */
static void
test_lost_interrupt(void)
{
	for (enum way way = NCQ_LOG; way <= NCQ_NO_LOG; way++) {
		u64 start;

		machine_start(way);
		start = now;
		request_make(0, BLOCK_READ, 5, 1);
		requests[0].is_queued = disk->ops->start(disk, &requests[0].rq);
		hba.ghc &= ~(u32)GHC_IE;
		while (hba.active != 0)
			step();
		hba.is = hba.hba_is = 0;
		hba.ghc |= (u32)GHC_IE;
		CHECK_EQ(requests[0].ended, 0);
		while (now < start + ahci_timeout_ns * 3 / 5)
			step();
		request_make(1, BLOCK_READ, 6, 1);
		hba.hangs[6] = 1;
		CHECK(finish(10000000000));
		CHECK(requests[0].ended == 1 && requests[1].ended == 1);
		CHECK(errors == 0 && data_is_right(0) && data_is_right(1));
		CHECK(hba.resets > 0);
	}
}

/* The cable, then the whole controller, is pulled. */
static void
test_gone(void)
{
	for (u32 what = 0; what < 3; what++) {
		machine_start(NCQ_LOG);
		requests_make(false);
		for (u32 i = 0; i < NREQUESTS; i++)
			requests[i].is_queued =
			    disk->ops->start(disk, &requests[i].rq);
		if (what == 0) {
			hba.ssts = 0;
			hba.tfd = 0x7f;
			hba.stuck = ~0u;
			hba.is |= PORT_PRCS;
		} else {
			pci_gone = true;
		}
		if (what == 2)
			hba_irq(irq_arg);	/* a last interrupt */
		CHECK(finish(20000000000));
		CHECK(disk_gone && ends == NREQUESTS && errors == NREQUESTS);
		for (u32 i = 0; i < NREQUESTS; i++)
			CHECK_EQ(requests[i].rq.error, -ENODEV);
		request_make(0, BLOCK_FLUSH, 0, 0);
		CHECK(finish(1000000000) &&
		    requests[0].rq.error == -ENODEV);
	}
}

/* The driver is taken off its controller while commands run. */
static void
test_removed(void)
{
	machine_start(NCQ_LOG);
	requests_make(false);
	for (u32 i = 0; i < NREQUESTS; i++)
		requests[i].is_queued = disk->ops->start(disk,
		    &requests[i].rq);
	pci_master_stop(&pci);
	ahci_remove(&pci);
	hba.active = 0;
	CHECK(finish(1000000000) && disk_gone && errors == ends);
}

/* Registers lie: all ends all the same, and nothing else breaks. */
static void
test_hostile(void)
{
	static const u32 odds[] = { 2, 5, 20, 100, 1000 };
	u32 gone = 0, failed = 0;

	for (u32 seed = 0; seed < HOSTILE_SEEDS; seed++) {
		machine_start(seed % WAYS);
		for (u32 i = 0; i < 20; i++)
			hba.bad[unit_random() % DISK_SECTORS] = 1;
		hba.random = odds[seed % ARRAY_LEN(odds)];
		requests_make(false);
		CHECK(finish(10000000000000));
		CHECK_EQ(ends, NREQUESTS);
		gone += disk_gone;
		failed += errors;
	}
	printf("# %u of %u disks gone, %u errors\n", gone, HOSTILE_SEEDS,
	    failed);
}

static void
test_identity(void)
{
	static const u16 sizes[] = { 0, ID_VALID | ID_LARGE_SECTORS };
	struct ata_identity id, other;
	u16 words[ID_WORDS];

	memset(&hba, 0, sizeof(hba));
	for (u32 i = 0; i < ID_WORDS; i++)
		words[i] = id_word(i);
	for (u32 i = 0; i < 2; i++) {
		words[ID_SECTOR_SIZE] = sizes[i];
		words[ID_SECTOR_WORDS] = 2048;
		CHECK(ata_identity_parse(words, &id) == NULL);
		CHECK_EQ(id.sector_bytes, i ? 4096 : 512);
	}
	CHECK(id.has_ncq && id.depth == 32 && id.has_logs && !id.has_fua);
	CHECK_EQ(id.nsectors, DISK_SECTORS);
	CHECK_STR(id.serial, "77");
	CHECK_STR(id.model, "dk");
	other = id;
	CHECK(ata_identity_is_same(&id, &other));
	other.nsectors--;
	CHECK(!ata_identity_is_same(&id, &other));
	words[ID_SECTOR_WORDS] = 300;
	CHECK(ata_identity_parse(words, &id) != NULL);
	words[ID_SECTOR_SIZE] = 0;
	words[ID_CHECK] = ID_CHECK_MARK;
	CHECK(ata_identity_parse(words, &id) != NULL);
	words[ID_CHECK] = 0;
	words[ID_SECTORS48 + 3] = 1;
	CHECK(ata_identity_parse(words, &id) != NULL);
	memset(words, 0, sizeof(words));
	CHECK(ata_identity_parse(words, &id) != NULL);
}

static void
test_identity_random(void)
{
	struct ata_identity id;
	u16 words[ID_WORDS];
	u32 good = 0;

	for (u32 n = 0; n < RANDOM_WORDS; n++) {
		for (u32 i = 0; i < ID_WORDS; i++)
			words[i] = (u16)unit_random();
		words[ID_CONFIG] &= 0x7fff;
		words[ID_CAPS] |= ID_DMA | ID_LBA;
		words[ID_CHECK] = 0;
		words[ID_SECTORS48 + 3] = 0;
		(void)ata_ncq_log_tag((const u8 *)words);
		if (ata_identity_parse(words, &id) != NULL)
			continue;
		good++;
		CHECK(id.nsectors != 0 && id.nsectors <= LBA48_SECTORS);
		CHECK(id.depth >= 1 && id.depth <= 32);
		CHECK(id.sector_bytes == 512 || id.sector_bytes == 4096);
		for (u32 i = 0; id.model[i] != 0; i++)
			CHECK(i < 40 && id.model[i] >= ' ' &&
			    id.model[i] < 127);
		CHECK(strlen(id.serial) <= 20);
	}
	CHECK(good > RANDOM_WORDS / 10);
}

UNIT_MAIN("ahci",
    { "identity", test_identity },
    { "identity_random", test_identity_random },
    { "all_is_well", test_all_is_well },
    { "long_command", test_long_command },
    { "bad_sectors", test_bad_sectors },
    { "hung_commands", test_hung_commands },
    { "lost_interrupt", test_lost_interrupt },
    { "gone", test_gone },
    { "removed", test_removed },
    { "hostile", test_hostile })
