/*
 * Partition tables: GPT and MBR, sound, odd and hostile.
 *
 * The disk is an array, which each test fills anew and then spoils: tables of
 * each kind in both sizes of sectors, every byte of a GPT header and entry
 * changed, values that are wrong under a right checksum, chains of logical
 * partitions that turn back, a disk that fails at the n-th read, and random
 * mutants with their sums made right. Whatever is found, look() asks that it
 * lies within the disk and that no sector beyond it was read; the sanitizers
 * watch the buffer, which is exactly a sector.
 */
#include "tests/unit/unit.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/partition.h"

#define NSECTORS	256u		/* logical, of the test's disk */
#define MUTANTS		20000

/* A disk in memory. Its buffer is exactly a sector, from malloc(), so that the
 * sanitizers see a step past it. */
struct image {
	u8	data[NSECTORS * 4096];
	u32	sector_bytes;
	u32	reads;
	u32	fail_at;		/* the read that fails; 0: none */
};

static struct image im;
static struct partition found[PARTITIONS_MAX];
static const char *what;

static int
image_read(const struct partition_disk *d, u64 lba, void *buf)
{
	struct image *m = d->priv;

	m->reads++;
	if (lba >= d->nsectors / (m->sector_bytes / 512)) {
		CHECK(!"read past the disk's end");
		return -EIO;
	}
	if (m->reads == m->fail_at)
		return -EIO;
	memcpy(buf, m->data + lba * m->sector_bytes, m->sector_bytes);
	return 0;
}

static const struct partition_ops ops = { image_read };

static int
look(void)
{
	struct partition_disk d = {
		.ops = &ops, .priv = &im,
		.nsectors = (u64)NSECTORS * (im.sector_bytes / 512),
		.sector_bytes = im.sector_bytes,
		.buf = malloc(im.sector_bytes),
	};
	int n;

	im.reads = 0;
	n = partition_read(&d, found, &what);
	free(d.buf);
	CHECK(what != NULL && n <= PARTITIONS_MAX);
	for (int i = 0; i < n; i++)
		CHECK(found[i].nsectors > 0 && found[i].number > 0 &&
		    found[i].start < d.nsectors &&
		    found[i].nsectors <= d.nsectors - found[i].start);
	return n;
}

static u8 *
sector(u64 lba)
{
	return im.data + lba * im.sector_bytes;
}

static void
put(u8 *at, u64 v, u32 bytes)
{
	memcpy(at, &v, bytes);
}

static void
blank(u32 sector_bytes)
{
	memset(&im, 0, sizeof(im));
	im.sector_bytes = sector_bytes;
}

static void
mbr_sign(u64 lba)
{
	put(sector(lba) + 510, 0xaa55, 2);
}

static void
mbr_entry(u64 lba, u32 slot, u8 type, u32 start, u32 n)
{
	u8 *e = sector(lba) + 446 + slot * 16;

	e[4] = type;
	put(e + 8, start, 4);
	put(e + 12, n, 4);
	mbr_sign(lba);
}

/* sda1, an extended one with three logicals in it, sda4 cut by the end. */
static void
mbr_sample(void)
{
	put(sector(0) + 440, 0x1234abcd, 4);
	mbr_entry(0, 0, 0x83, 8, 8);
	mbr_entry(0, 1, 0x0f, 32, 64);
	mbr_entry(0, 3, 0x82, 200, 1000);
	sector(0)[446] = 0x80;
	mbr_entry(32, 0, 0x83, 2, 4);
	mbr_entry(32, 1, 0x05, 16, 16);
	mbr_entry(48, 0, 0x83, 1, 5);
	mbr_entry(48, 1, 0x05, 32, 16);
	mbr_entry(64, 0, 0x83, 3, 6);
}

static void
check(int i, u32 number, u64 start, u64 n)
{
	u32 k = im.sector_bytes / 512;

	CHECK_EQ(found[i].number, number);
	CHECK_EQ(found[i].start, start * k);
	CHECK_EQ(found[i].nsectors, n * k);
}

static void
test_mbr(void)
{
	for (u32 bytes = 512; bytes <= 4096; bytes *= 8) {
		blank(bytes);
		mbr_sample();
		CHECK_EQ(look(), 5);
		CHECK_STR(what, "MBR");
		check(0, 1, 8, 8);
		check(1, 4, 200, NSECTORS - 200);
		check(2, 5, 34, 4);
		check(3, 6, 49, 5);
		check(4, 7, 67, 6);
		CHECK_EQ(found[4].mbr_id, 0x1234abcd);
	}
}

static void
test_mbr_none(void)
{
	blank(512);
	CHECK_EQ(look(), 0);
	CHECK_STR(what, "no partition table");
	mbr_sign(0);
	CHECK_EQ(look(), 0);
	mbr_sample();
	sector(0)[446 + 32] = 0x65;	/* a boot sector's text */
	CHECK_EQ(look(), 0);
	sector(0)[446 + 32] = 0;
	sector(0)[511] = 0;
	CHECK_EQ(look(), 0);
}

/* Links to itself, back, out of the extended partition, out of the disk. */
static void
test_mbr_loops(void)
{
	static const u32 links[] = { 16, 0, 0xffffffff, 63, 64 };

	for (usize i = 0; i < ARRAY_LEN(links); i++) {
		blank(512);
		mbr_sample();
		mbr_entry(48, 1, 0x05, links[i], 16);
		CHECK_EQ(look(), 4);
		CHECK(im.reads <= 4);
	}
	/* Two that link to each other: cut, never endless. */
	blank(512);
	mbr_sample();
	mbr_entry(64, 1, 0x05, 16, 16);
	CHECK(look() <= PARTITIONS_MAX);
	CHECK(im.reads <= 66);
}

/* ---- GPT ---- */

static const u8 linux_type[16] = {
	0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47,
	0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4,
};
/* 00112233-4455-6677-8899-aabbccddeeff */
static const u8 guid[16] = {
	0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
	0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
};

#define GPT_ENTRIES	16u
#define GPT_LAST	200u		/* usable; the copy's array: 210 */

static void
gpt_entry(u64 array, u32 i, u64 first, u64 last)
{
	u8 *e = sector(array) + i * 128;

	memcpy(e, linux_type, 16);
	memcpy(e + 16, guid, 16);
	put(e + 32, first, 8);
	put(e + 40, last, 8);
}

static void
gpt_sum(u64 lba)
{
	u8 *h = sector(lba);
	u64 array;
	u32 n, bytes;

	memcpy(&array, h + 72, 8);
	memcpy(&n, h + 80, 4);
	memcpy(&bytes, h + 84, 4);
	if (array < NSECTORS && (u64)n * bytes <=
	    (NSECTORS - array) * im.sector_bytes)
		put(h + 88, crc32_ieee(0, sector(array), (usize)n * bytes), 4);
	put(h + 16, 0, 4);
	put(h + 16, crc32_ieee(0, h, 92), 4);
}

static void
gpt_header(u64 lba, u64 other, u64 array)
{
	u8 *h = sector(lba);

	memcpy(h, "EFI PART", 8);
	put(h + 8, 0x10000, 4);
	put(h + 12, 92, 4);
	put(h + 24, lba, 8);
	put(h + 32, other, 8);
	put(h + 40, 20, 8);
	put(h + 48, GPT_LAST, 8);
	put(h + 72, array, 8);
	put(h + 80, GPT_ENTRIES, 4);
	put(h + 84, 128, 4);
	gpt_entry(array, 0, 20, 29);
	gpt_entry(array, 2, 30, GPT_LAST);
	gpt_entry(array, 3, 100, GPT_LAST + 1);	/* past what is usable */
	gpt_entry(array, 4, 19, 25);		/* before it */
	gpt_entry(array, 5, 60, 50);		/* backwards */
	gpt_sum(lba);
}

static void
gpt_sample(void)
{
	mbr_entry(0, 0, 0xee, 1, NSECTORS - 1);
	gpt_header(1, NSECTORS - 1, 2);
	gpt_header(NSECTORS - 1, 1, 210);
}

static void
check_gpt(const char *name)
{
	CHECK_EQ(look(), 2);
	CHECK_STR(what, name);
	check(0, 1, 20, 10);
	check(1, 3, 30, GPT_LAST - 29);
	CHECK(memcmp(found[0].uuid, guid, 16) == 0);
}

static void
test_gpt(void)
{
	for (u32 bytes = 512; bytes <= 4096; bytes *= 8) {
		blank(bytes);
		gpt_sample();
		check_gpt("GPT");
	}
	/* Without a protective MBR there is no GPT. */
	blank(512);
	gpt_sample();
	mbr_entry(0, 0, 0x83, 8, 8);
	CHECK_EQ(look(), 1);
	CHECK_STR(what, "MBR");
}

/* Each byte of the header and of an entry counts: the copy is used. */
static void
test_gpt_copy(void)
{
	for (u32 at = 0; at < 92; at++) {
		blank(512);
		gpt_sample();
		sector(1)[at] ^= 0x40;
		check_gpt("GPT (the copy)");
	}
	for (u32 at = 0; at < 128; at++) {
		blank(512);
		gpt_sample();
		sector(2)[at] ^= 0x40;
		check_gpt("GPT (the copy)");
		sector(210)[at] ^= 0x40;
		CHECK_EQ(look(), 0);
		CHECK_STR(what, "GPT, not sound");
	}
}

/* Sums are right and values are not. */
static void
test_gpt_values(void)
{
	static const struct { u32 at, bytes; u64 v; } bad[] = {
		{ 12, 4, 91 }, { 12, 4, 513 }, { 12, 4, ~0u }, { 24, 8, 2 },
		{ 40, 8, GPT_LAST + 1 }, { 48, 8, NSECTORS },
		{ 48, 8, ~0ul }, { 72, 8, 1 }, { 72, 8, 0 },
		{ 72, 8, NSECTORS }, { 72, 8, ~0ul },
		{ 72, 8, NSECTORS - 1 }, { 80, 4, 1025 }, { 80, 4, ~0u },
		{ 84, 4, 0 }, { 84, 4, 64 }, { 84, 4, 192 },
		{ 84, 4, 1024 }, { 84, 4, 1u << 31 },
	};

	for (usize i = 0; i < ARRAY_LEN(bad); i++) {
		blank(512);
		gpt_sample();
		put(sector(1) + bad[i].at, bad[i].v, bad[i].bytes);
		gpt_sum(1);
		check_gpt("GPT (the copy)");
	}
}

static void
test_errors(void)
{
	int n;

	for (u32 i = 0; i < 2; i++) {
		u32 reads;

		blank(512);
		if (i == 0)
			gpt_sample();
		else
			mbr_sample();
		CHECK(look() > 0);
		reads = im.reads;
		for (u32 at = 1; at <= reads; at++) {
			im.fail_at = at;
			n = look();
			/* A GPT that cannot be read has its copy. */
			CHECK(n == -EIO || (i == 0 && n == 2));
		}
		im.fail_at = 0;
	}
}

static void
test_crc(void)
{
	CHECK_EQ(crc32_ieee(0, "123456789", 9), 0xcbf43926u);
	CHECK_EQ(crc32_ieee(crc32_ieee(0, "1234", 4), "56789", 5),
	    0xcbf43926u);
	CHECK_EQ(crc32_ieee(0, "", 0), 0);
}

static void
test_uuid(void)
{
	struct partition p = { .number = 10, .mbr_id = 0x1234abcd };
	char text[40], full[] = "00112233-4455-6677-8899-AAbbccddeeff";

	CHECK(partition_has_uuid(&p, "1234abcd-0a"));
	CHECK(partition_has_uuid(&p, "1234ABCD-0A"));
	CHECK(!partition_has_uuid(&p, "1234abcd-0b"));
	CHECK(!partition_has_uuid(&p, "1234abcd-0a0"));
	CHECK(!partition_has_uuid(&p, "1234abcd"));
	CHECK(!partition_has_uuid(&p, full));
	memcpy(p.uuid, guid, 16);
	CHECK(partition_has_uuid(&p, full));
	for (usize n = 0; n < sizeof(full) - 1; n++) {
		char *cut = malloc(n + 1);

		memcpy(cut, full, n);
		cut[n] = '\0';
		CHECK(!partition_has_uuid(&p, cut));
		free(cut);
		memcpy(text, full, sizeof(full));
		text[n] = text[n] == '-' ? '0' : 'g';
		CHECK(!partition_has_uuid(&p, text));
	}
}

/* look() checks that all that is found lies in the disk. */
static void
test_mutants(void)
{
	u32 accepted = 0, refused = 0;

	for (u32 i = 0; i < MUTANTS; i++) {
		u32 n = (u32)(unit_random() % 6) + 1;
		static const u8 places[] = { 0, 1, 2, 32, 48, 64, 210, 255 };

		blank(512);
		if (i % 2)
			gpt_sample();
		else
			mbr_sample();
		while (n-- > 0) {
			u32 at = (u32)unit_random() % 8;
			u8 *s = sector(places[at]) + (at == 1 || at == 7 ?
			    unit_random() % 92 : at == 2 || at == 6 ?
			    unit_random() % 512 :
			    446 + unit_random() % 66);

			*s = unit_random() % 2 ? (u8)unit_random() :
			    *s ^ (u8)(1 << unit_random() % 8);
		}
		if (unit_random() % 4) {
			gpt_sum(1);
			gpt_sum(NSECTORS - 1);
		}
		*(look() > 0 ? &accepted : &refused) += 1;
		CHECK(im.reads < 300);
	}
	CHECK(accepted > MUTANTS / 20 && refused > MUTANTS / 20);
}

UNIT_MAIN("partition", { "mbr", test_mbr }, { "mbr_none", test_mbr_none },
    { "mbr_loops", test_mbr_loops }, { "gpt", test_gpt },
    { "gpt_copy", test_gpt_copy }, { "gpt_values", test_gpt_values },
    { "errors", test_errors }, { "crc", test_crc }, { "uuid", test_uuid },
    { "mutants", test_mutants })
