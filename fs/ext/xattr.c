/*
 * Extended attributes.
 *
 * They lie behind the inode in its record, and what does not fit there in one
 * block (file_acl), which several inodes may share. Each call works on private
 * copies of both, a frame each, checked as a whole: so neither a hostile image
 * nor another inode that shares the block can change what was found sound. A
 * change is made in the copies and then written back, in a handle.
 *
 * Locks: the inode's; group_lock is not needed, since the record's own bytes
 * are ours.
 * LIMIT: values in inodes of their own (ea_inode) are -EOPNOTSUPP; ACLs are not
 * known (and not shown).
 */
#include "fs/ext/xattr.h"
#include "fs/ext/xattrarea.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/xattr.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"

/* Both places of an inode's attributes. */
struct places {
	struct ext_inode *e;
	struct frame	*frame[2];
	struct ext_xattr_area body, block;
	struct buffer	*table;		/* the inode's block; its record */
	u32		record;		/* bytes: where its attributes are */
	struct buffer	*old;		/* of the block, or NULL */
};

static const struct {
	const char	*prefix;
	u32		index;
} prefixes[] = {
	{ "user.", EXT_XATTR_USER },
	{ "trusted.", EXT_XATTR_TRUSTED },
	{ "security.", EXT_XATTR_SECURITY },
};

static int
name_split(const char *name, struct ext_xattr_name *out)
{
	for (u32 k = 0; k < ARRAY_LEN(prefixes); k++) {
		if (!str_has_prefix(name, prefixes[k].prefix))
			continue;
		out->index = prefixes[k].index;
		out->s = name + strlen(prefixes[k].prefix);
		out->len = (u32)strlen(out->s);
		return out->len == 0 ? -EINVAL : 0;
	}
	return -EOPNOTSUPP;
}

/* ---- reading ---- */

/* The inode's record, in its block. */
static int
body_load(struct places *p)
{
	struct ext_fs *fs = p->e->fs;
	u32 nth = (u32)p->e->i.ino - 1, extra = p->e->extra_bytes, bytes;
	u32 group = nth / fs->inodes_per_group;
	struct buffer *desc;
	u64 block;
	int rc;

	nth %= fs->inodes_per_group;
	block = ext_desc_inode_table(ext_desc(fs, group, &desc),
	    fs->desc_bytes) + nth / fs->inodes_per_block;
	rc = ext_read_block(fs, block, EXT_BLOCK_INODES, p->e, NULL,
	    &p->table);
	if (rc != 0)
		return rc;
	p->record = nth % fs->inodes_per_block * fs->inode_bytes;
	if (fs->inode_bytes <= EXT_INODE_BYTES_MIN || (extra & 3) != 0 ||
	    extra > fs->inode_bytes - EXT_INODE_BYTES_MIN)
		return 0;		/* no attributes there */
	p->record += EXT_INODE_BYTES_MIN + extra;
	bytes = fs->inode_bytes - EXT_INODE_BYTES_MIN - extra;
	if (bytes < 8)
		return 0;
	memcpy(p->body.b, p->table->data + p->record, bytes);
	p->body.first = p->body.base = sizeof(struct ext_xattr_ibody_header);
	p->body.end = bytes;
	if (((struct ext_xattr_ibody_header *)(void *)p->body.b)->magic !=
	    EXT_XATTR_MAGIC) {
		((struct ext_xattr_ibody_header *)(void *)p->body.b)->magic =
		    EXT_XATTR_MAGIC;
		ext_xattr_init(&p->body);
	}
	return ext_xattr_check(&p->body);
}

static u32
block_csum(const struct ext_fs *fs, u64 block, const u8 *data)
{
	u32 at = offsetof(struct ext_xattr_header, checksum), zero = 0, crc;

	crc = ext_crc32c(fs->csum_seed, &block, sizeof(block));
	crc = ext_crc32c(crc, data, at);
	crc = ext_crc32c(crc, &zero, sizeof(zero));
	return ext_crc32c(crc, data + at + 4, fs->block_bytes - at - 4);
}

static inline struct ext_xattr_header *
header(u8 *block)
{
	return (struct ext_xattr_header *)(void *)block;
}

/* The checksum; the rest is checked in our copy, at each use. */
static bool
block_is_sound(struct ext_inode *e, const u8 *data)
{
	return !ext_has_metadata_csum(e->fs) ||
	    block_csum(e->fs, e->file_acl, data) ==
	    ((const struct ext_xattr_header *)(const void *)data)->checksum;
}

static int
block_load(struct places *p)
{
	struct ext_fs *fs = p->e->fs;
	u64 block = p->e->file_acl;
	int rc;

	p->block.first = sizeof(struct ext_xattr_header);
	p->block.end = fs->block_bytes;
	p->block.is_sorted = true;
	if (block == 0) {
		memset(p->block.b, 0, fs->block_bytes);
		*header(p->block.b) = (struct ext_xattr_header){
		    .magic = EXT_XATTR_MAGIC, .refcount = 1, .blocks = 1 };
		return 0;
	}
	rc = ext_read_block(fs, block, EXT_BLOCK_XATTR, p->e,
	    block_is_sound, &p->old);
	if (rc != 0)
		return rc;
	memcpy(p->block.b, p->old->data, fs->block_bytes);
	if (header(p->block.b)->magic != EXT_XATTR_MAGIC ||
	    header(p->block.b)->blocks != 1 ||
	    header(p->block.b)->refcount == 0)
		return -EUCLEAN;
	return ext_xattr_check(&p->block);
}

static void
places_put(struct places *p)
{
	if (p->table != NULL)
		buffer_put(p->table);
	if (p->old != NULL)
		buffer_put(p->old);
	frame_put(p->frame[0]);
	frame_put(p->frame[1]);
}

static int
places_load(struct places *p, struct ext_inode *e)
{
	int rc;

	*p = (struct places){ .e = e };
	p->frame[0] = frame_get(FRAME_BUFFER);
	p->frame[1] = frame_get(FRAME_BUFFER);
	p->body.b = frame_virt(p->frame[0]);
	p->block.b = frame_virt(p->frame[1]);
	memset(p->body.b, 0, sizeof(u32));
	rc = body_load(p);
	if (rc == 0)
		rc = block_load(p);
	if (rc != 0)
		places_put(p);
	return rc == -EUCLEAN ? ext_error(e->fs, "inode %lu: its attributes "
	    "are not sound", e->i.ino) : rc;
}

static isize
value_copy(const struct ext_xattr_area *a, u32 at, void *buf, usize len)
{
	u32 n = ext_xattr_at(a, at)->value_size;

	if (len == 0)
		return n;
	if (n > len)
		return -ERANGE;
	memcpy(buf, ext_xattr_value(a, at), n);
	return n;
}

isize
ext_getxattr(struct inode *i, const char *name, void *buf, usize len)
{
	struct ext_xattr_name n;
	struct places p;
	isize rc = name_split(name, &n);
	u32 at;

	if (rc == 0)
		rc = places_load(&p, ext_inode(i));
	if (rc != 0)
		return rc;
	at = ext_xattr_find(&p.body, &n);
	if (at != EXT_XATTR_NONE) {
		rc = value_copy(&p.body, at, buf, len);
	} else {
		at = ext_xattr_find(&p.block, &n);
		rc = at == EXT_XATTR_NONE ? -ENODATA :
		    value_copy(&p.block, at, buf, len);
	}
	places_put(&p);
	return rc;
}

/* One name with its prefix and NUL at *at, if there is room; *at is where it
 * would end. */
static void
list_one(const struct ext_xattr_entry *e, char *buf, usize len, usize *at)
{
	for (u32 k = 0; k < ARRAY_LEN(prefixes); k++) {
		usize n = strlen(prefixes[k].prefix);

		if (prefixes[k].index != e->name_index)
			continue;
		if (*at + n + e->name_len + 1 <= len) {
			memcpy(buf + *at, prefixes[k].prefix, n);
			memcpy(buf + *at + n, e->name, e->name_len);
			buf[*at + n + e->name_len] = '\0';
		}
		*at += n + e->name_len + 1;
	}
}

isize
ext_listxattr(struct inode *i, char *buf, usize len)
{
	struct places p;
	usize n = 0;
	int rc = places_load(&p, ext_inode(i));

	if (rc != 0)
		return rc;
	for (u32 at = ext_xattr_next(&p.body, 0); at != EXT_XATTR_NONE;
	    at = ext_xattr_next(&p.body, at))
		list_one(ext_xattr_at(&p.body, at), buf, len, &n);
	for (u32 at = ext_xattr_next(&p.block, 0); at != EXT_XATTR_NONE;
	    at = ext_xattr_next(&p.block, at))
		list_one(ext_xattr_at(&p.block, at), buf, len, &n);
	places_put(&p);
	return len != 0 && n > len ? -ERANGE : (isize)n;
}

/* ---- changing ---- */

static void
body_store(struct places *p)
{
	if (p->body.end == 0)
		return;
	ext_write_buffer(p->e->fs, p->table);
	memcpy(p->table->data + p->record, p->body.b, p->body.end);
}

/* The inode gives up its old block: freed with the last that shares it. */
static int
block_drop(struct places *p)
{
	struct ext_fs *fs = p->e->fs;
	struct ext_xattr_header *h = header(p->old->data);
	u64 block = p->e->file_acl;

	p->e->file_acl = 0;
	p->e->i.blocks -= MIN(p->e->i.blocks, (u64)fs->block_bytes >>
	    SECTOR_SHIFT);
	if (h->refcount > 1) {
		ext_write_buffer(fs, p->old);
		h->refcount--;
		h->checksum = block_csum(fs, block, p->old->data);
		return 0;
	}
	ext_forget_block(fs, block);
	return ext_blocks_free(fs, block, 1);
}

/* A block of our own: the one we have, or a new one. */
static int
block_own(struct places *p, struct buffer **out)
{
	struct ext_fs *fs = p->e->fs;
	u64 block;
	int rc;

	if (p->old != NULL && header(p->old->data)->refcount == 1) {
		ext_write_buffer(fs, p->old);
		*out = p->old;
		buffer_ref(p->old);
		return 0;
	}
	rc = ext_block_alloc(fs, p->e->goal, &block);
	if (rc != 0)
		return rc == -EAGAIN ? -ENOSPC : rc;
	rc = p->old != NULL ? block_drop(p) : 0;
	*out = ext_new_block(fs, block, EXT_BLOCK_XATTR);
	p->e->file_acl = block;
	p->e->i.blocks += fs->block_bytes >> SECTOR_SHIFT;
	return rc;
}

static int
block_store(struct places *p)
{
	struct ext_fs *fs = p->e->fs;
	struct buffer *b;
	int rc;

	if (ext_xattr_is_empty(&p->block))
		return p->old != NULL ? block_drop(p) : 0;
	rc = block_own(p, &b);
	if (rc != 0)
		return rc;
	header(p->block.b)->refcount = 1;
	header(p->block.b)->hash = ext_xattr_block_hash(&p->block);
	memcpy(b->data, p->block.b, fs->block_bytes);
	header(b->data)->checksum = ext_has_metadata_csum(fs) ?
	    block_csum(fs, p->e->file_acl, b->data) : 0;
	buffer_put(b);
	return 0;
}

static bool
take_out(const struct ext_xattr_area *a, const struct ext_xattr_name *n)
{
	u32 at = ext_xattr_find(a, n);

	if (at == EXT_XATTR_NONE)
		return false;
	ext_xattr_remove(a, at);
	return true;
}

/* In the copies: the value goes where there is room, behind the inode first.
 * What changed is said by *body and *block. */
static int
change(struct places *p, const struct ext_xattr_name *n, const void *value,
    usize len, bool *body, bool *block)
{
	const struct ext_xattr_area *to = NULL;

	if (value != NULL) {
		if (p->body.end != 0 && ext_xattr_fits(&p->body, n, (u32)len))
			to = &p->body;
		else if (ext_xattr_fits(&p->block, n, (u32)len))
			to = &p->block;
		else
			return -ENOSPC;
	}
	*body = take_out(&p->body, n) || to == &p->body;
	*block = take_out(&p->block, n) || to == &p->block;
	if (to != NULL)
		ext_xattr_add(to, n, value, (u32)len);
	return 0;
}

static int
set_loaded(struct places *p, const struct ext_xattr_name *n, const void *value,
    usize len, u32 flags)
{
	bool there = ext_xattr_find(&p->body, n) != EXT_XATTR_NONE ||
	    ext_xattr_find(&p->block, n) != EXT_XATTR_NONE;
	bool body, block;
	int rc;

	if (there && (flags & XATTR_CREATE))
		return -EEXIST;
	if (!there && ((flags & XATTR_REPLACE) || value == NULL))
		return -ENODATA;
	rc = change(p, n, value, len, &body, &block);
	if (rc == 0 && block)
		rc = block_store(p);
	if (rc == 0 && body)
		body_store(p);
	WRITE_ONCE(p->e->i.ctime_ns, vfs_now_ns());
	/* a new block changed the inode, even if the rest failed */
	return rc == -ENOSPC ? rc : ext_inode_store(p->e);
}

int
ext_setxattr(struct inode *i, const char *name, const void *value, usize len,
    u32 flags)
{
	struct ext_xattr_name n;
	struct places p;
	int rc = name_split(name, &n);

	if (rc == 0 && n.len > EXT_NAME_MAX)
		rc = -ERANGE;
	if (rc == 0)
		rc = places_load(&p, ext_inode(i));
	if (rc != 0)
		return rc;
	rc = set_loaded(&p, &n, value, len, flags);
	places_put(&p);
	return rc;
}

int
ext_xattr_free(struct ext_inode *e)
{
	struct places p = { .e = e };
	int rc;

	if (e->file_acl == 0)
		return 0;
	rc = ext_read_block(e->fs, e->file_acl, EXT_BLOCK_XATTR, e,
	    block_is_sound, &p.old);
	if (rc != 0)
		return rc;
	if (header(p.old->data)->magic == EXT_XATTR_MAGIC &&
	    header(p.old->data)->refcount != 0)
		rc = block_drop(&p);
	else
		rc = ext_error(e->fs, "inode %lu: its attributes are not "
		    "sound", e->i.ino);
	buffer_put(p.old);
	return rc;
}
