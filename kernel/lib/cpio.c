/*
 * The cpio "newc" format.
 *
 * An entry is a header of 110 characters (a magic number and 13 hexadecimal
 * numbers of 8 digits), the name with its NUL, and the data; name and data are
 * padded to multiples of 4 from the start of the image. An archive ends with
 * an entry named TRAILER!!!; after it come zeros, the next archive, or the end.
 */
#include "kernel/lib/cpio.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/string.h"

#define HEADER_BYTES		110
#define TRAILER			"TRAILER!!!"

/* The numbers of a header, in their order. */
enum {
	F_INO, F_MODE, F_UID, F_GID, F_NLINK, F_MTIME, F_FILESIZE,
	F_DEVMAJOR, F_DEVMINOR, F_RDEVMAJOR, F_RDEVMINOR, F_NAMESIZE,
	F_CHECK, F_COUNT,
};

bool
cpio_is_archive(const void *data, usize len)
{
	return len >= 5 && memcmp(data, "07070", 5) == 0;
}

void
cpio_start(struct cpio_iter *it, const void *data, usize len)
{
	*it = (struct cpio_iter){ .data = data, .len = len };
}

/* Errors are sticky: nothing is left to read. */
static int
refuse(struct cpio_iter *it, const char *why)
{
	it->why = why;
	return -EINVAL;
}

/* Exactly 8 hexadecimal digits; false if there are others. */
static bool
parse_hex8(const u8 *p, u32 *out)
{
	u32 v = 0, d;

	for (int i = 0; i < 8; i++) {
		if (p[i] >= '0' && p[i] <= '9')
			d = p[i] - '0';
		else if ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'f')
			d = (p[i] | 0x20u) - 'a' + 10;
		else
			return false;
		v = v << 4 | d;
	}
	*out = v;
	return true;
}

static u32
sum_of(const u8 *data, usize len)
{
	u32 sum = 0;

	for (usize i = 0; i < len; i++)
		sum += data[i];
	return sum;
}

/*
 * Read the header at it->pos, of which left bytes remain. The magic number's
 * last digit tells whether data carries a checksum.
 */
static int
parse_header(struct cpio_iter *it, u32 f[F_COUNT], bool *has_sum)
{
	const u8 *p = it->data + it->pos;
	usize left = it->len - it->pos;

	if (left < HEADER_BYTES)
		return refuse(it, "cpio: archive ends inside a header");
	if (memcmp(p, "07070", 5) || (p[5] != '1' && p[5] != '2'))
		return refuse(it, "cpio: not a newc archive");
	*has_sum = p[5] == '2';
	for (int i = 0; i < F_COUNT; i++)
		if (!parse_hex8(p + 6 + 8 * i, &f[i]))
			return refuse(it, "cpio: bad number in a header");
	return 0;
}

/* Find name and data of the entry at it->pos, and step past it. */
static int
take_entry(struct cpio_iter *it, const u32 f[F_COUNT], struct cpio_entry *out)
{
	usize name_at = it->pos + HEADER_BYTES, data_at, end;
	const char *name = (const char *)it->data + name_at;
	u32 namesize = f[F_NAMESIZE];

	if (namesize == 0 || namesize > CPIO_NAME_MAX + 1)
		return refuse(it, "cpio: bad name length");
	if (namesize > it->len - name_at)
		return refuse(it, "cpio: archive ends inside a name");
	if (strnlen(name, namesize) != namesize - 1)
		return refuse(it, "cpio: name and its length disagree");
	/* The padding of the very last name may be missing. */
	data_at = MIN(ROUND_UP(name_at + namesize, 4), it->len);
	if (f[F_FILESIZE] > it->len - data_at)
		return refuse(it, "cpio: archive ends inside a file");
	end = ROUND_UP(data_at + f[F_FILESIZE], 4);
	out->name = name;
	out->name_len = namesize - 1;
	out->data = it->data + data_at;
	out->size_bytes = f[F_FILESIZE];
	it->pos = MIN(end, it->len);
	return 0;
}

static void
fill_numbers(const u32 f[F_COUNT], struct cpio_entry *out)
{
	out->ino = f[F_INO];
	out->mode = f[F_MODE];
	out->uid = f[F_UID];
	out->gid = f[F_GID];
	out->nlink = f[F_NLINK];
	out->mtime = f[F_MTIME];
	out->dev_major = f[F_DEVMAJOR];
	out->dev_minor = f[F_DEVMINOR];
	out->rdev_major = f[F_RDEVMAJOR];
	out->rdev_minor = f[F_RDEVMINOR];
}

/* Step over the zeros between archives; false at the end of the image. */
static bool
skip_zeros(struct cpio_iter *it)
{
	while (it->pos < it->len && it->data[it->pos] == 0)
		it->pos++;
	return it->pos < it->len;
}

int
cpio_next(struct cpio_iter *it, struct cpio_entry *out)
{
	u32 f[F_COUNT];
	bool has_sum;

	if (it->why)
		return -EINVAL;
	for (;;) {
		if (!it->in_archive) {
			if (!skip_zeros(it))
				return 0;
			if (it->pos % 4)
				return refuse(it, "cpio: misaligned archive");
			it->archive = it->pos;
			it->in_archive = true;
		}
		if (parse_header(it, f, &has_sum) || take_entry(it, f, out))
			return -EINVAL;
		if (strcmp(out->name, TRAILER) != 0)
			break;
		it->in_archive = false;
	}
	if (out->name_len == 0)
		return refuse(it, "cpio: empty name");
	if (S_ISLNK(f[F_MODE]) && (out->size_bytes == 0 ||
	    out->size_bytes > CPIO_NAME_MAX))
		return refuse(it, "cpio: bad length of a symbolic link");
	if (has_sum && sum_of(out->data, out->size_bytes) != f[F_CHECK])
		return refuse(it, "cpio: bad checksum");
	fill_numbers(f, out);
	out->archive = it->archive;
	return 1;
}
