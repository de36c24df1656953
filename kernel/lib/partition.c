/*
 * Partition tables.
 *
 * GPT: a header in logical sector 1 and its copy in the last one, each with a
 * checksum of itself and of the array of entries. The first sound one counts.
 * The array is read twice, a sector at a time: what the first reading summed
 * up must be the checksum, and the second must sum up to the same, since a bad
 * disk may answer differently. GPT is looked for only where the MBR in sector 0
 * has an entry of type 0xee, so that a disk that was given an MBR later is not
 * read by an old GPT.
 *
 * MBR: four entries; the extended one among them begins a chain of sectors,
 * each with one logical partition and the place of the next sector. Numbers are
 * as elsewhere: 1 to 4 by the slot, 5 and up along the chain. The extended
 * partition is no device. A chain that turns back is cut: it has at most as
 * many links as there are numbers.
 *
 * A partition that does not lie in the disk is left out; one of an MBR that
 * begins there is cut.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/partition.h"
#include "kernel/lib/string.h"

#define MBR_DISK_ID	440
#define MBR_TABLE	446
#define MBR_ENTRIES	4
#define MBR_SIGNATURE	0xaa55
#define MBR_ACTIVE	0x80
#define TYPE_EMPTY	0x00
#define TYPE_EXTENDED	0x05		/* CHS, */
#define TYPE_EXTENDED_LBA 0x0f		/* LBA, */
#define TYPE_EXTENDED_LX 0x85		/* and Linux's name for it */
#define TYPE_GPT	0xee
#define FIRST_LOGICAL	5
#define CHAIN_MAX	64

struct packed mbr_entry {
	u8	active;
	u8	chs_first[3];
	u8	type;
	u8	chs_last[3];
	u32	start, nsectors;	/* logical sectors */
};
_Static_assert(sizeof(struct mbr_entry) == 16, "UEFI 2.10, 5.2.1");

/* What is looked at of a boot sector. */
struct mbr {
	u32	disk_id;
	struct mbr_entry e[MBR_ENTRIES];
};

#define GPT_MAGIC	0x5452415020494645ul	/* "EFI PART" */
#define GPT_HEADER_MIN	92u
#define GPT_ENTRY_MIN	128u
#define GPT_ENTRIES_MAX	1024u

struct packed gpt_header {
	u64	magic;
	u32	revision;
	u32	header_bytes;
	u32	header_crc;
	u32	reserved;
	u64	this_lba, other_lba;
	u64	first_lba, last_lba;	/* that partitions may use */
	u8	disk_guid[16];
	u64	array_lba;
	u32	nentries;
	u32	entry_bytes;
	u32	array_crc;
};
_Static_assert(sizeof(struct gpt_header) == GPT_HEADER_MIN, "UEFI 2.10, 5.3.2");

struct packed gpt_entry {
	u8	type[16];
	u8	guid[16];
	u64	first_lba, last_lba;	/* inclusive */
	u64	attributes;
};

u32
crc32_ieee(u32 crc, const void *data, usize len)
{
	const u8 *p = data;

	crc = ~crc;
	while (len-- > 0) {
		crc ^= *p++;
		for (u32 bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* Of 512 bytes in a logical sector, and how many logical ones there are. */
static u32
scale(const struct partition_disk *d)
{
	return d->sector_bytes / 512;
}

static u64
disk_sectors(const struct partition_disk *d)
{
	return d->nsectors / scale(d);
}

/* What is being gathered. */
struct finder {
	const struct partition_disk *d;
	struct partition *out;
	u32		n;
};

/* In logical sectors; the caller has checked the place. */
static struct partition *
found(struct finder *f, u32 number, u64 start, u64 nsectors)
{
	struct partition *p;

	if (f->n == PARTITIONS_MAX)
		return NULL;
	p = &f->out[f->n++];
	*p = (struct partition){ .number = number,
	    .start = start * scale(f->d),
	    .nsectors = nsectors * scale(f->d) };
	return p;
}

/* ---- MBR ---- */

static bool
is_extended(u8 type)
{
	return type == TYPE_EXTENDED || type == TYPE_EXTENDED_LBA ||
	    type == TYPE_EXTENDED_LX;
}

/* -ENOENT: it has no table. */
static int
mbr_read(const struct partition_disk *d, u64 lba, struct mbr *m)
{
	const u8 *b = d->buf;
	int err = d->ops->read(d, lba, d->buf);

	if (err != 0)
		return err;
	if ((b[510] | b[511] << 8) != MBR_SIGNATURE)
		return -ENOENT;
	memcpy(&m->disk_id, b + MBR_DISK_ID, sizeof(m->disk_id));
	memcpy(m->e, b + MBR_TABLE, sizeof(m->e));
	/* A boot sector of FAT has the signature and no table. */
	for (u32 i = 0; i < MBR_ENTRIES; i++)
		if (m->e[i].active != 0 && m->e[i].active != MBR_ACTIVE)
			return -ENOENT;
	return 0;
}

/* An entry whose sectors count from base. */
static void
mbr_found(struct finder *f, u32 number, u64 base, const struct mbr_entry *e,
    u32 disk_id)
{
	u64 start = base + e->start, end = disk_sectors(f->d);
	struct partition *p;

	if (e->nsectors == 0 || e->start == 0 || start >= end)
		return;
	p = found(f, number, start, MIN((u64)e->nsectors, end - start));
	if (p != NULL)
		p->mbr_id = disk_id;
}

/* The logical partitions of the extended one at e. A sector of the chain that
 * is no good ends it. */
static int
mbr_chain(struct finder *f, const struct mbr_entry *ext, u32 disk_id)
{
	u64 at = ext->start;
	u32 number = FIRST_LOGICAL;
	struct mbr m;
	int err;

	for (u32 i = 0; i < CHAIN_MAX && at < disk_sectors(f->d); i++) {
		u64 next = 0;

		err = mbr_read(f->d, at, &m);
		if (err != 0)
			return err == -ENOENT ? 0 : err;
		for (u32 j = 0; j < MBR_ENTRIES; j++) {
			const struct mbr_entry *e = &m.e[j];

			if (e->type == TYPE_EMPTY || e->nsectors == 0)
				continue;
			if (!is_extended(e->type))
				mbr_found(f, number++, at, e, disk_id);
			else if (next == 0 && e->start != 0 &&
			    e->start < ext->nsectors)
				next = (u64)ext->start + e->start;
		}
		if (next == 0 || next == at)
			return 0;
		at = next;
	}
	return 0;
}

static int
mbr_partitions(struct finder *f, const struct mbr *m)
{
	int err = 0;

	for (u32 i = 0; i < MBR_ENTRIES; i++)
		if (m->e[i].type != TYPE_EMPTY && m->e[i].type != TYPE_GPT &&
		    !is_extended(m->e[i].type))
			mbr_found(f, i + 1, 0, &m->e[i], m->disk_id);
	for (u32 i = 0; i < MBR_ENTRIES; i++)
		if (is_extended(m->e[i].type) && m->e[i].start != 0) {
			err = mbr_chain(f, &m->e[i], m->disk_id);
			break;
		}
	return err;
}

/* ---- GPT ---- */

/* The header at lba. -ENOENT: it is not sound. */
static int
gpt_header(const struct partition_disk *d, u64 lba, struct gpt_header *h)
{
	u64 end = disk_sectors(d), array;
	u8 *b = d->buf;
	int err = d->ops->read(d, lba, d->buf);

	if (err != 0)
		return err;
	memcpy(h, b, sizeof(*h));
	if (h->magic != GPT_MAGIC || h->header_bytes < GPT_HEADER_MIN ||
	    h->header_bytes > d->sector_bytes || h->this_lba != lba)
		return -ENOENT;
	memset(b + offsetof(struct gpt_header, header_crc), 0, sizeof(u32));
	if (crc32_ieee(0, b, h->header_bytes) != h->header_crc)
		return -ENOENT;
	if (h->entry_bytes < GPT_ENTRY_MIN ||
	    h->entry_bytes > d->sector_bytes ||
	    (h->entry_bytes & (h->entry_bytes - 1)) != 0 ||
	    h->nentries > GPT_ENTRIES_MAX)
		return -ENOENT;
	array = DIV_UP((u64)h->nentries * h->entry_bytes, d->sector_bytes);
	if (h->first_lba > h->last_lba || h->last_lba >= end ||
	    h->array_lba < 2 || h->array_lba >= end ||
	    array > end - h->array_lba)
		return -ENOENT;
	return 0;
}

static void
gpt_found(struct finder *f, const struct gpt_header *h, u32 number,
    const struct gpt_entry *e)
{
	struct partition *p;

	if (mem_is_zero(e->type, sizeof(e->type)) ||
	    e->first_lba < h->first_lba || e->last_lba > h->last_lba ||
	    e->first_lba > e->last_lba)
		return;
	p = found(f, number, e->first_lba, e->last_lba - e->first_lba + 1);
	if (p != NULL)
		memcpy(p->uuid, e->guid, sizeof(p->uuid));
}

/* One reading of the array; its entries go to f if that is not NULL. */
static int
gpt_array(const struct partition_disk *d, const struct gpt_header *h,
    struct finder *f, u32 *crc)
{
	u32 per = d->sector_bytes / h->entry_bytes;
	struct gpt_entry e;

	*crc = 0;
	for (u32 i = 0; i < h->nentries; i += per) {
		u32 n = MIN(per, h->nentries - i);
		int err = d->ops->read(d, h->array_lba + i / per, d->buf);

		if (err != 0)
			return err;
		*crc = crc32_ieee(*crc, d->buf, (usize)n * h->entry_bytes);
		for (u32 j = 0; f != NULL && j < n; j++) {
			memcpy(&e, (u8 *)d->buf + (usize)j * h->entry_bytes,
			    sizeof(e));
			gpt_found(f, h, i + j + 1, &e);
		}
	}
	return 0;
}

static int
gpt_at(struct finder *f, u64 lba)
{
	struct gpt_header h;
	u32 crc;
	int err = gpt_header(f->d, lba, &h);

	if (err == 0)
		err = gpt_array(f->d, &h, NULL, &crc);
	if (err == 0 && crc != h.array_crc)
		err = -ENOENT;
	if (err == 0)
		err = gpt_array(f->d, &h, f, &crc);
	if (err == 0 && crc != h.array_crc)
		err = -ENOENT;
	if (err != 0)
		f->n = 0;
	return err;
}

static int
gpt_partitions(struct finder *f, const char **what)
{
	u64 end = disk_sectors(f->d);
	int err;

	*what = "GPT";
	err = gpt_at(f, 1);
	if (err == 0 || end < 3)
		return err == -ENOENT ? 0 : err;
	*what = "GPT (the copy)";
	err = gpt_at(f, end - 1);
	if (err == -ENOENT)
		*what = "GPT, not sound";
	return err == -ENOENT ? 0 : err;
}

int
partition_read(const struct partition_disk *d,
    struct partition out[PARTITIONS_MAX], const char **what)
{
	struct finder f = { .d = d, .out = out };
	struct mbr m;
	bool is_gpt = false;
	int err;

	*what = "no partition table";
	if (disk_sectors(d) < 2)
		return 0;
	err = mbr_read(d, 0, &m);
	if (err != 0)
		return err == -ENOENT ? 0 : err;
	for (u32 i = 0; i < MBR_ENTRIES; i++)
		is_gpt = is_gpt || m.e[i].type == TYPE_GPT;
	if (is_gpt) {
		err = gpt_partitions(&f, what);
	} else {
		*what = "MBR";
		err = mbr_partitions(&f, &m);
	}
	return err != 0 ? err : (int)f.n;
}

/* ---- names ---- */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' ^ 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A byte in two digits; -1 if it is none. */
static int
hex_byte(const char *s)
{
	int high = hex_digit(s[0]), low = high < 0 ? -1 : hex_digit(s[1]);

	return low < 0 ? -1 : high << 4 | low;
}

/* Where the bytes of a GUID in text belong: UEFI 2.10, appendix A. */
static const u8 guid_order[16] = {
	3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15,
};

static bool
guid_matches(const u8 uuid[16], const char *s)
{
	for (u32 i = 0; i < 16; i++) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && *s++ != '-')
			return false;
		if (hex_byte(s) != uuid[guid_order[i]])
			return false;
		s += 2;
	}
	return *s == '\0';
}

static bool
mbr_id_matches(const struct partition *p, const char *s)
{
	for (u32 i = 0; i < 4; i++, s += 2)
		if (hex_byte(s) != (int)(p->mbr_id >> (24 - 8 * i) & 0xff))
			return false;
	return *s++ == '-' && hex_byte(s) == (int)p->number && s[2] == '\0';
}

bool
partition_has_uuid(const struct partition *p, const char *text)
{
	if (!mem_is_zero(p->uuid, sizeof(p->uuid)))
		return guid_matches(p->uuid, text);
	return p->mbr_id != 0 && mbr_id_matches(p, text);
}
