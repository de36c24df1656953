/*
 * What a disk says of itself: IDENTIFY DEVICE and the NCQ error log. Nothing of
 * it is believed further than it is checked here. Pure logic: it also runs in
 * tests/unit/test_ahci.c.
 */
#include "drivers/ahci/identify.h"
#include "drivers/ahci/reg.h"
#include "kernel/lib/string.h"

/* Words hold two characters, the first in the high byte; blanks at both ends
 * go. len is a multiple of 2, out has one more. */
static void
text_read(const u16 *words, u32 len, char *out)
{
	u32 n = 0;

	for (u32 i = 0; i < len; i++) {
		u8 c = (u8)(i % 2 == 0 ? words[i / 2] >> 8 : words[i / 2]);

		if (n == 0 && (c == ' ' || c == 0))
			continue;
		out[n++] = c >= ' ' && c < 127 ? (char)c : ' ';
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = 0;
}

static u64
number_read(const u16 *words, u32 nwords)
{
	u64 v = 0;

	for (u32 i = nwords; i-- > 0;)
		v = v << 16 | words[i];
	return v;
}

static bool
sum_is_right(const u16 *words)
{
	u8 sum = 0;

	if ((words[ID_CHECK] & 0xff) != ID_CHECK_MARK)
		return true;		/* it has none */
	for (u32 i = 0; i < ID_WORDS; i++)
		sum = (u8)(sum + words[i] + (words[i] >> 8));
	return sum == 0;
}

/* A word that says by its two high bits that it means something. */
static u16
valid_word(const u16 *words, u32 n)
{
	return (words[n] & ID_VALID_MASK) == ID_VALID ? words[n] : 0;
}

static u32
sector_bytes_read(const u16 *words)
{
	u64 nwords;

	if (!(valid_word(words, ID_SECTOR_SIZE) & ID_LARGE_SECTORS))
		return 512;
	nwords = number_read(words + ID_SECTOR_WORDS, 2);
	return nwords == 256 || nwords == 2048 ? (u32)nwords * 2 : 0;
}

static void
queue_read(const u16 *words, struct ata_identity *out)
{
	u16 sata = words[ID_SATA];

	/* ACS 7.16.7.34: 0 and ffff: it says nothing */
	out->has_ncq = out->has_lba48 && sata != 0xffff && sata & ID_NCQ;
	out->depth = out->has_ncq ? (words[ID_QUEUE_DEPTH] & 31u) + 1 : 1;
}

static void
sets_read(const u16 *words, struct ata_identity *out)
{
	u16 second = valid_word(words, ID_SETS + 1);
	u16 third = valid_word(words, ID_SETS + 2);

	/* A cache that may be on counts as on. */
	out->has_cache = valid_word(words, ID_SETS_ON + 2) != 0 ?
	    words[ID_SETS_ON] & ID_WRITE_CACHE :
	    words[ID_SETS] & ID_WRITE_CACHE;
	out->has_lba48 = second & ID_LBA48;
	out->has_flush_ext = second & ID_FLUSH_EXT;
	out->has_fua = out->has_lba48 && third & ID_FUA;
	out->has_logs = third & ID_LOGS;
}

const char *
ata_identity_parse(const u16 *words, struct ata_identity *out)
{
	u64 max;

	memset(out, 0, sizeof(*out));
	if (words[ID_CONFIG] & ID_NOT_ATA)
		return "it is no ATA disk";
	if (!sum_is_right(words))
		return "its identification has a wrong sum";
	if ((words[ID_CAPS] & (ID_DMA | ID_LBA)) != (ID_DMA | ID_LBA))
		return "it has no DMA or no LBA";
	text_read(words + ID_SERIAL, 20, out->serial);
	text_read(words + ID_MODEL, 40, out->model);
	sets_read(words, out);
	queue_read(words, out);
	out->sector_bytes = sector_bytes_read(words);
	if (out->sector_bytes == 0)
		return "its sectors are neither of 512 nor of 4096 bytes";
	max = out->has_lba48 ? LBA48_SECTORS : LBA28_SECTORS;
	out->nsectors = out->has_lba48 ? number_read(words + ID_SECTORS48, 4) :
	    number_read(words + ID_SECTORS28, 2);
	if (out->nsectors == 0 || out->nsectors > max)
		return "it has no size, or one that it cannot address";
	return NULL;
}

bool
ata_identity_is_same(const struct ata_identity *a,
    const struct ata_identity *b)
{
	return a->nsectors == b->nsectors &&
	    a->sector_bytes == b->sector_bytes &&
	    strcmp(a->serial, b->serial) == 0 &&
	    strcmp(a->model, b->model) == 0;
}

int
ata_ncq_log_tag(const u8 *page)
{
	u8 sum = 0;

	for (u32 i = 0; i < ATA_SECTOR; i++)
		sum = (u8)(sum + page[i]);
	if (sum != 0 || page[0] & NCQ_LOG_NQ)
		return -1;
	return (int)NCQ_LOG_TAG(page[0]);
}
