#include "fs/ext/dirblock.h"

#include "kernel/lib/string.h"

static inline struct ext_dirent *
dirent(u8 *b, u32 off)
{
	return (struct ext_dirent *)(b + off);
}

static bool
name_is_sound(const u8 *name, u32 len)
{
	for (u32 i = 0; i < len; i++)
		if (name[i] == '\0' || name[i] == '/')
			return false;
	return len > 0;
}

static bool
tail_is_sound(const u8 *b, u32 end)
{
	const struct ext_dir_tail *t = (const struct ext_dir_tail *)(b + end);

	return t->zero == 0 && t->rec_len == sizeof(*t) &&
	    t->zero_len == 0 && t->file_type == EXT_FT_CSUM;
}

bool
ext_dirblock_check(const u8 *b, u32 bytes, bool has_tail, u32 ninodes)
{
	u32 end = ext_dirblock_end(bytes, has_tail), off = 0;
	struct ext_rec r;

	while (off < end) {
		if (!ext_dirblock_rec(b, end, off, &r) || r.ino > ninodes)
			return false;
		if (r.ino != 0 && !name_is_sound(r.name, r.name_len))
			return false;
		off += r.rec_len;
	}
	return !has_tail || tail_is_sound(b, end);
}

static bool
is_dots(const struct ext_rec *r)
{
	return r->name_len >= 1 && r->name_len <= 2 && r->name[0] == '.' &&
	    (r->name_len == 1 || r->name[1] == '.');
}

bool
ext_dirblock_has_dots(const u8 *b, u32 end, u32 ino)
{
	struct ext_rec dot, dotdot;

	return ext_dirblock_rec(b, end, 0, &dot) && dot.ino == ino &&
	    dot.name_len == 1 && is_dots(&dot) &&
	    ext_dirblock_rec(b, end, dot.rec_len, &dotdot) &&
	    dotdot.ino != 0 && dotdot.name_len == 2 && is_dots(&dotdot);
}

u32
ext_dirblock_find(const u8 *b, u32 end, const u8 *name, u32 len,
    struct ext_rec *r)
{
	for (u32 off = 0; ext_dirblock_rec(b, end, off, r); off += r->rec_len)
		if (r->ino != 0 && r->name_len == len &&
		    memcmp(r->name, name, len) == 0)
			return off;
	return EXT_DIR_NONE;
}

/* Bytes of r's own, if it is in use. */
static inline u32
rec_used(const struct ext_rec *r)
{
	return r->ino == 0 ? 0 : EXT_DIRENT_BYTES(r->name_len);
}

u32
ext_dirblock_room(const u8 *b, u32 end, u32 len)
{
	struct ext_rec r;

	for (u32 off = 0; ext_dirblock_rec(b, end, off, &r); off += r.rec_len)
		if (r.rec_len - rec_used(&r) >= EXT_DIRENT_BYTES(len))
			return off;
	return EXT_DIR_NONE;
}

bool
ext_dirblock_has_names(const u8 *b, u32 end)
{
	struct ext_rec r;

	for (u32 off = 0; ext_dirblock_rec(b, end, off, &r); off += r.rec_len)
		if (r.ino != 0 && !is_dots(&r))
			return true;
	return false;
}

void
ext_dirblock_init(u8 *b, u32 bytes, bool has_tail)
{
	u32 end = ext_dirblock_end(bytes, has_tail);
	struct ext_dir_tail *t = (struct ext_dir_tail *)(b + end);

	memset(b, 0, bytes);
	dirent(b, 0)->rec_len = (u16)end;
	if (has_tail) {
		t->rec_len = sizeof(*t);
		t->file_type = EXT_FT_CSUM;
	}
}

bool
ext_dirblock_insert(u8 *b, u32 end, u32 off, const u8 *name, u32 len, u32 ino,
    u8 type)
{
	struct ext_dirent *d;
	struct ext_rec r;
	u32 used;

	if (!ext_dirblock_rec(b, end, off, &r))
		return false;
	used = rec_used(&r);
	if (r.rec_len - used < EXT_DIRENT_BYTES(len))
		return false;
	d = dirent(b, off + used);
	d->rec_len = (u16)(r.rec_len - used);
	d->name_len = (u8)len;
	d->file_type = type;
	memcpy(d->name, name, len);
	d->inode = ino;
	if (used > 0)
		dirent(b, off)->rec_len = (u16)used;
	return true;
}

bool
ext_dirblock_remove(u8 *b, u32 end, u32 off)
{
	struct ext_rec r, before = { .rec_len = 0 };
	u32 at = 0;

	while (at < off && ext_dirblock_rec(b, end, at, &before))
		at += before.rec_len;
	if (at != off || !ext_dirblock_rec(b, end, off, &r))
		return false;
	if (off > 0)
		dirent(b, before.off)->rec_len =
		    (u16)(before.rec_len + r.rec_len);
	dirent(b, off)->inode = 0;
	return true;
}

bool
ext_dirblock_set(u8 *b, u32 end, u32 off, u32 ino, u8 type)
{
	struct ext_rec r;

	if (!ext_dirblock_rec(b, end, off, &r))
		return false;
	dirent(b, off)->inode = ino;
	dirent(b, off)->file_type = type;
	return true;
}

void
ext_dirblock_dots(u8 *b, u32 end, u32 ino, u32 parent, u8 type)
{
	(void)ext_dirblock_insert(b, end, 0, (const u8 *)".", 1, ino, type);
	(void)ext_dirblock_insert(b, end, 0, (const u8 *)"..", 2, parent,
	    type);
}
