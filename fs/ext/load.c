/*
 * The file system's own blocks: the superblock and the group descriptors, which
 * stay in memory while it is mounted; and its journal.
 *
 * The journal's place is an inode's, so superblock and descriptors are read
 * before it is replayed; what replay has changed below the cache is read again
 * after it (super.c). Nothing of that first look is used for changes.
 *
 * Each piece is a segment of its own. What is half loaded belongs to the struct
 * ext_fs: ext_unload() undoes it at any point.
 */
#include "fs/ext/ext_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/trace/log.h"
#include "kernel/vm/reserve.h"

#define PER_FRAME	((u32)(PAGE_SIZE / sizeof(struct buffer *)))

static BOUND_ROW(ext_load);		/* the superblock, a table */
static BOUND_ROW(ext_load_block);	/* a block of descriptors */
static BOUND_ROW(ext_log_runs);		/* one of the journal's runs */

/* ---- the superblock ---- */

static void
super_use(struct ext_fs *fs)
{
	const struct ext_super *s = ext_super(fs);
	const struct ext_geometry *g = &fs->geo;

	fs->csum_seed = ext_csum_seed(s);
	memcpy(fs->hash_seed, s->hash_seed, sizeof(fs->hash_seed));
	fs->hash_version = s->def_hash_version;
	fs->hash_unsigned = s->flags & EXT_SUPER_UNSIGNED_HASH;
	fs->root_blocks = s->r_blocks_count_lo |
	    (g->incompat & EXT_INCOMPAT_64BIT ?
	    (u64)s->r_blocks_count_hi << 32 : 0);
	fs->root_blocks = MIN(fs->root_blocks, g->nblocks / 2);
	fs->root_uid = s->def_resuid;
	fs->root_gid = s->def_resgid;
	fs->want_extra = 0;
	if (g->inode_bytes > EXT_INODE_BYTES_MIN)
		fs->want_extra = MIN(MAX((u32)s->want_extra_isize,
		    (u32)EXT_EXTRA_WANT) & ~3u,
		    g->inode_bytes - EXT_INODE_BYTES_MIN);
}

static int
super_load(struct ext_fs *fs)
{
	u64 at = EXT_SUPER_OFFSET >> fs->block_shift;
	struct ext_geometry g;
	const char *why;
	int rc;

	rc = buffer_read(&fs->cache, at, &fs->super);
	if (rc != 0) {
		fs->super = NULL;
		return rc;
	}
	fs->super_off = EXT_SUPER_OFFSET - (u32)(at << fs->block_shift);
	why = ext_super_check(ext_super(fs), fs->dev->nsectors << SECTOR_SHIFT,
	    &g);
	if (why == NULL && (g.block_bytes != fs->block_bytes ||
	    g.nblocks != fs->nblocks || g.ngroups != fs->ngroups ||
	    g.inode_bytes != fs->inode_bytes ||
	    g.desc_bytes != fs->desc_bytes))
		why = "changed while it was being mounted";
	if (why != NULL) {
		kerr("ext4 on %s: superblock: %s", fs->dev->name, why);
		return -EUCLEAN;
	}
	fs->super->kind = EXT_BLOCK_SUPER;
	atomic_or(&fs->super->state, BUF_CHECKED);
	super_use(fs);
	return 0;
}

/* ---- descriptors ---- */

static bool
run_is_inside(const struct ext_fs *fs, u64 block, u32 n)
{
	return ext_block_is_sound(fs, block, n);
}

static const char *
desc_check(const struct ext_fs *fs, u32 group, const struct ext_group_desc *d)
{
	u32 bytes = fs->desc_bytes;

	if (ext_has_metadata_csum(fs)) {
		if (d->checksum != ext_desc_csum(fs->csum_seed, group, d,
		    bytes))
			return "checksum";
	} else if (fs->ro_compat & EXT_RO_GDT_CSUM) {
		if (d->checksum != ext_desc_csum16(ext_super(fs)->uuid, group,
		    d, bytes))
			return "checksum";
	}
	if (!run_is_inside(fs, ext_desc_block_bitmap(d, bytes), 1) ||
	    !run_is_inside(fs, ext_desc_inode_bitmap(d, bytes), 1) ||
	    !run_is_inside(fs, ext_desc_inode_table(d, bytes),
	    fs->geo.table_blocks))
		return "its blocks lie outside";
	if (ext_desc_free_blocks(d, bytes) > fs->blocks_per_group ||
	    ext_desc_free_inodes(d, bytes) > fs->inodes_per_group ||
	    ext_desc_itable_unused(d, bytes) > fs->inodes_per_group)
		return "its counts";
	return NULL;
}

static int
descs_check(const struct ext_fs *fs, const struct buffer *b, u32 k)
{
	u32 first = k * fs->geo.descs_per_block;
	u32 n = MIN(fs->geo.descs_per_block, fs->ngroups - first);

	for (u32 i = 0; i < n; i++) {
		const char *why = desc_check(fs, first + i,
		    (const void *)(b->data + i * fs->desc_bytes));

		if (why == NULL)
			continue;
		kerr("ext4 on %s: descriptor of group %u: %s", fs->dev->name,
		    first + i, why);
		return -EUCLEAN;
	}
	return 0;
}

static int
desc_load(struct ext_fs *fs, u32 k)
{
	struct buffer *b;
	int rc = reserve_row(&bound_ext_load_block);

	if (rc != 0)
		return rc;
	if (k % PER_FRAME == 0)
		fs->desc[k / PER_FRAME] =
		    frame_virt(frame_get_zero(FRAME_KERNEL));
	rc = buffer_read(&fs->cache, ext_desc_block(&fs->geo,
	    ext_super(fs)->first_meta_bg, k), &b);
	if (rc != 0)
		return rc;
	fs->desc[k / PER_FRAME][k % PER_FRAME] = b;
	fs->ndesc = k + 1;
	rc = b->kind != EXT_BLOCK_NONE ? -EUCLEAN : descs_check(fs, b, k);
	b->kind = EXT_BLOCK_GROUPS;
	b->csum_seed = k;		/* for ext_seal_block() */
	atomic_or(&b->state, BUF_CHECKED);
	return rc;
}

int
ext_load(struct ext_fs *fs)
{
	int rc = reserve_row(&bound_ext_load);

	if (rc != 0)
		return rc;
	assert(fs->geo.desc_blocks <= PER_FRAME * PER_FRAME);
	fs->desc = frame_virt(frame_get_zero(FRAME_KERNEL));
	rc = super_load(fs);
	for (u32 k = 0; k < fs->geo.desc_blocks && rc == 0; k++)
		rc = desc_load(fs, k);
	return rc;
}

void
ext_unload(struct ext_fs *fs)
{
	while (fs->ndesc > 0) {
		u32 k = --fs->ndesc;

		buffer_put(fs->desc[k / PER_FRAME][k % PER_FRAME]);
	}
	for (u32 k = 0; fs->desc != NULL && k < PER_FRAME; k++)
		if (fs->desc[k] != NULL)
			frame_put(frame_of_virt(fs->desc[k]));
	if (fs->desc != NULL)
		frame_put(frame_of_virt(fs->desc));
	fs->desc = NULL;
	if (fs->super != NULL)
		buffer_put(fs->super);
	fs->super = NULL;
}

/* ---- the journal ---- */

/* What is collected of the journal's inode: a frame of runs. */
struct log_map {
	struct journal_run *run;
	u32		nruns;
	u64		next, end;	/* blocks of the file */
};

static int
log_map_add(struct ext_fs *fs, struct log_map *l, const struct map_run *r)
{
	struct journal_run *last = l->nruns > 0 ? &l->run[l->nruns - 1] : NULL;

	if (r->kind != MAP_BLOCKS || !ext_block_is_sound(fs, r->block, r->n))
		return -EUCLEAN;
	l->next += r->n;
	if (last != NULL && last->block + last->nblocks == r->block) {
		last->nblocks += r->n;
		return 0;
	}
	if (l->nruns == JOURNAL_RUNS_MAX)
		return -EUCLEAN;
	l->run[l->nruns++] = (struct journal_run){ r->block, r->n };
	return 0;
}

/* A run, in a segment: -EAGAIN: in another. The last one of the file may be
 * beyond its end. */
static int
log_map_step(struct ext_inode *e, struct log_map *l)
{
	struct map_run r;
	int rc = reserve_row(&bound_ext_log_runs);

	if (rc != 0)
		return rc;
	rc = ext_map_try(e, l->next, (u32)(l->end - l->next), &r);
	return rc != 0 ? rc : log_map_add(e->fs, l, &r);
}

static int
log_map(struct ext_inode *e, struct log_map *l)
{
	int rc = 0;

	l->end = (u64)e->i.size >> e->fs->block_shift;
	e->fs->log_blocks = (u32)l->end;
	if (!S_ISREG(e->i.mode) || l->end > UINT32_MAX)
		return -EUCLEAN;
	while ((rc == 0 || rc == -EAGAIN) && l->next < l->end)
		rc = log_map_step(e, l);
	return rc;
}

static int
log_open(struct ext_fs *fs, const struct log_map *l, bool readonly)
{
	struct journal_config c = {
		.cache = &fs->cache, .dev = fs->dev,
		.runs = l->run, .nruns = l->nruns,
		.has_csum = ext_has_metadata_csum(fs),
		.is_64bit = fs->incompat & EXT_INCOMPAT_64BIT,
		.readonly = readonly, .commit_ms = fs->commit_s * 1000,
		.ops = &ext_journal_ops, .priv = fs,
	};

	memcpy(c.uuid, ext_super(fs)->uuid, sizeof(c.uuid));
	return journal_open(&c, &fs->journal);
}

int
ext_log_open(struct ext_fs *fs, bool readonly)
{
	struct log_map l = { .nruns = 0 };
	struct inode *i;
	int rc;

	if (ext_super(fs)->journal_inum == 0 ||
	    ext_super(fs)->journal_dev != 0) {
		kerr("ext4 on %s: its journal is on another device",
		    fs->dev->name);
		return -EOPNOTSUPP;
	}
	rc = reserve_row(&bound_ext_log_runs);
	if (rc != 0)
		return rc;
	rc = ext_inode_get_any(fs, ext_super(fs)->journal_inum, EXT_GET_OWN,
	    &i);
	if (rc != 0)
		return rc;
	l.run = frame_virt(frame_get(FRAME_BUFFER));
	rc = log_map(ext_inode(i), &l);
	inode_put(i);
	if (rc == 0)
		rc = log_open(fs, &l, readonly);
	else if (rc != -EINTR)
		kerr("ext4 on %s: the journal's inode is not sound",
		    fs->dev->name);
	frame_put(frame_of_virt(l.run));
	return rc;
}
