/*
 * Symbolic links: texts of up to 59 bytes lie in the inode itself, where the
 * walk reads them under RCU (they never change); longer ones in one block,
 * which is journaled like metadata.
 */
#include "fs/ext/dir_priv.h"
#include "fs/ext/xattr.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

#define INLINE_MAX	(EXT_LINK_INLINE - 1)	/* without the NUL */

static inline bool
is_inline(const struct inode *i)
{
	return i->size > 0 && i->size <= INLINE_MAX;
}

static const char *
ext_get_link(struct inode *i)
{
	const char *text = (const char *)ext_inode(i)->block;

	/* The length is the disk's word; so is the text. */
	return is_inline(i) && strnlen(text, EXT_LINK_INLINE) ==
	    (usize)i->size ? text : NULL;
}

/* Where the block of a long link is: by what is in memory; else -EAGAIN. */
static int
link_place(struct ext_inode *e, u64 *block)
{
	struct map_run run;
	int rc = ext_map_cached(e, 0, 1, &run);

	*block = 0;
	if (rc != 0)
		return rc;
	if (run.kind != MAP_BLOCKS)
		return ext_error(e->fs, "link %lu has no text", e->i.ino);
	*block = run.block;
	return 0;
}

/* The block of a long link; W. */
static int
link_peek(struct ext_inode *e, struct buffer **out)
{
	u64 block;
	int rc = link_place(e, &block);

	if (rc != 0)
		return rc == -EAGAIN ? ext_want(EXT_WANT_MAP, e, 0) : rc;
	*out = ext_peek_block(e->fs, block, EXT_BLOCK_LINK);
	return *out != NULL ? 0 : ext_want(EXT_WANT_LINK, e, 0);
}

int
ext_link_fetch(struct ext_inode *e, struct buffer **out)
{
	u64 block;
	int rc = link_place(e, &block);

	return rc != 0 ? rc :
	    ext_read_block(e->fs, block, EXT_BLOCK_LINK, e, NULL, out);
}

static isize
ext_readlink(struct inode *i, char *buf, usize len)
{
	struct ext_inode *e = ext_inode(i);
	usize n = (usize)i->size;
	struct buffer *b;
	int rc;

	if (i->size <= INLINE_MAX || i->size >= e->fs->block_bytes)
		return ext_error(e->fs, "link %lu: a text of %ld bytes",
		    i->ino, i->size);
	rc = link_peek(e, &b);
	if (rc != 0)
		return rc;
	if (strnlen((const char *)b->data, n) == n)
		memcpy(buf, b->data, MIN(n, len));
	else
		rc = ext_error(e->fs, "link %lu: its text is cut", i->ino);
	buffer_put(b);
	return rc != 0 ? rc : (isize)MIN(n, len);
}

static int
link_make_block(struct ext_inode *e, const char *target, usize len,
    struct ext_claim *first)
{
	struct buffer *b;
	u64 block;
	int rc = ext_map_first(e, first, &block);

	if (rc != 0)
		return rc;
	b = ext_new_block(e->fs, block, EXT_BLOCK_LINK);
	memcpy(b->data, target, len);
	buffer_put(b);
	return 0;
}

bool
ext_link_has_block(const char *target)
{
	return strlen(target) > INLINE_MAX;
}

int
ext_link_make(struct ext_inode *e, const char *target, usize len,
    struct ext_claim *first)
{
	int rc = 0;

	if (first == NULL) {
		memset(e->block, 0, sizeof(e->block));
		memcpy(e->block, target, len);
	} else {
		ext_map_init(e);
		rc = link_make_block(e, target, len, first);
	}
	if (rc == 0)
		e->i.size = e->disk_size = (s64)len;
	return rc;
}

const struct inode_ops ext_link_inode_ops = {
	.readlink = ext_readlink,
	.get_link = ext_get_link,
	.setattr = ext_setattr,
	EXT_XATTR_OPS
};
