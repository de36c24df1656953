/*
 * ext2, ext3 and ext4: mounting, and the file system as a whole.
 *
 * The three are one format with more and more features, so there is one driver
 * under three names; what the superblock says decides.
 *
 * Files on disk, and who knows what (README.md has all files):
 *
 *   superblock, descriptors	load.c; checked by check.c
 *   bit maps			balloc.c, ialloc.c
 *   tables of inodes		inode.c
 *   trees of blocks		extent.c, indirect.c; data.c writes files
 *   directories		dir.c, htree.c, namei.c
 *
 * Mounting: read the superblock; the journal, if there is one, which replays
 * itself; read all again (ext_load); say on the disk that it is mounted
 * (RECOVER with a journal; else not VALID), before anything else is written;
 * finish what orphans have begun. Unmounting runs backwards. Each step has its
 * segments; a killed mount(2) ends at the next one and undoes what it has done.
 *
 * Read-only means that nothing at all is written, but for the replay of a
 * journal and the mark that it is done. A remount in that direction shuts the
 * gate (meta.c), and takes the journal away.
 *
 * Locks, in order: VFS inode locks -> mapping.lock -> map_lock -> group_lock ->
 * spin. A change (ext_begin) comes before all of them.
 *
 * Rejected: the copies of superblock and descriptors elsewhere on the disk;
 * what has lost the first ones needs e2fsck, not a guess.
 */
#include "fs/ext/ext.h"
#include "fs/ext/ext_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/mount.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/trace/log.h"
#include "kernel/vm/reserve.h"

#define NS_PER_SEC	1000000000ul

static KMEM_CACHE(ext_fs_cache, "ext_fs", struct ext_fs);
static BOUND_ROW(ext_mount);		/* what a mount makes at once */
static BOUND_ROW(ext_flusher);		/* its thread */
static BOUND_ROW(ext_root);		/* its root directory */

/* ---- marks on the disk ---- */

/* Nothing else changes the superblock, and no journal has it. */
static int
super_write(struct ext_fs *fs)
{
	int rc;

	ext_seal_block(fs, fs->super);
	buffer_dirty(fs->super);
	rc = buffer_write(fs->super);
	return rc != 0 ? rc : block_flush(fs->dev);
}

/* Before the first change. */
static int
mark_mounted(struct ext_fs *fs)
{
	struct ext_super *s = ext_super(fs);
	u64 now = vfs_now_ns() / NS_PER_SEC;
	int rc;

	s->mtime = (u32)now;
	s->mtime_hi = (u8)(now >> 32);
	s->mnt_count++;
	fs->mount_state = s->state;
	if (fs->journal == NULL)
		s->state &= (u16)~EXT_STATE_VALID;
	else
		s->feature_incompat |= EXT_INCOMPAT_RECOVER;
	if (s->rev_level >= EXT_REV_DYNAMIC) {
		/* Files may grow beyond 2 GiB from now on. */
		s->feature_ro_compat |= EXT_RO_LARGE_FILE;
		fs->ro_compat |= EXT_RO_LARGE_FILE;
	}
	rc = super_write(fs);
	if (rc == 0)
		WRITE_ONCE(fs->is_marked, true);
	return rc;
}

/* Behind the last change; the journal is closed, and was empty if it is true
 * that all is home. */
static int
mark_clean(struct ext_fs *fs, bool is_home)
{
	struct ext_super *s = ext_super(fs);

	WRITE_ONCE(fs->is_marked, false);
	if (!is_home || (READ_ONCE(fs->error) & EXT_FS_DEAD))
		return -EIO;
	s->feature_incompat &= ~EXT_INCOMPAT_RECOVER;
	if (fs->mount_state & EXT_STATE_VALID)
		s->state |= EXT_STATE_VALID;
	if (READ_ONCE(fs->error) & EXT_FS_ERROR)
		s->state |= EXT_STATE_ERROR;
	return super_write(fs);
}

/* ---- what the VFS asks ---- */

static int
ext_sb_begin(struct superblock *sb, enum sb_change what)
{
	struct ext_fs *fs = ext_fs(sb);

	if (READ_ONCE(sb->flags) & MS_RDONLY)
		return -EROFS;
	return ext_begin(fs, ext_name_credits(fs, what));
}

static void
ext_sb_end(struct superblock *sb)
{
	ext_end(ext_fs(sb));
}

/* A journal that was not opened: its inode's copy in the superblock says how
 * large it is (3.1, s_jnl_blocks). */
static void
log_size(struct ext_fs *fs)
{
	const struct ext_super *s = ext_super(fs);
	u64 bytes = s->jnl_blocks[16] | (u64)s->jnl_blocks[15] << 32;

	if (fs->log_blocks == 0 && s->jnl_backup_type == 1 &&
	    (fs->compat & EXT_COMPAT_HAS_JOURNAL))
		fs->log_blocks = (u32)MIN(bytes >> fs->block_shift,
		    MIN(fs->nblocks, (u64)UINT32_MAX));
}

/* What mkfs put on the disk beside the files (statfs: minixdf is not asked). */
static u64
overhead(const struct ext_fs *fs)
{
	const struct ext_geometry *g = &fs->geo;
	const struct ext_super *s = ext_super(fs);
	bool meta_bg = g->incompat & EXT_INCOMPAT_META_BG;
	u64 n = g->first_block, supers = 0;

	for (u32 group = 0; group < g->ngroups; group++)
		supers += ext_group_has_super(g, group);
	n += (u64)g->ngroups * (g->table_blocks + 2);
	n += supers * (1 + (meta_bg ? 0 :
	    (u64)g->desc_blocks + s->reserved_gdt_blocks));
	if (meta_bg)
		n += 3ul * g->desc_blocks;
	return n + fs->log_blocks;
}

static int
ext_statfs(struct superblock *sb, struct lx_statfs *st)
{
	struct ext_fs *fs = ext_fs(sb);
	u64 uuid[2], over = fs->overhead;

	memcpy(uuid, ext_super(fs)->uuid, sizeof(uuid));
	st->f_type = EXT2_SUPER_MAGIC;
	st->f_bsize = st->f_frsize = fs->block_bytes;
	st->f_blocks = fs->nblocks - MIN(over, fs->nblocks);
	st->f_bfree = ext_blocks_available(fs, true);
	st->f_bavail = ext_blocks_available(fs, false);
	st->f_files = fs->ninodes;
	st->f_ffree = READ_ONCE(ext_super(fs)->free_inodes_count);
	st->f_namelen = EXT_NAME_MAX;
	st->f_fsid[0] = (s32)(uuid[0] ^ uuid[1]);
	st->f_fsid[1] = (s32)((uuid[0] ^ uuid[1]) >> 32);
	return 0;
}

/* All that was written is durable. Renewal points inside. */
static int
ext_sync(struct superblock *sb)
{
	struct ext_fs *fs = ext_fs(sb);
	int rc;

	if (!READ_ONCE(fs->is_marked))
		return 0;
	rc = flusher_sync(fs->flusher);
	if (rc != 0)
		return rc;
	if (READ_ONCE(fs->error) & EXT_FS_DEAD)
		return -EIO;
	if (fs->journal != NULL)
		rc = journal_commit(fs->journal, journal_tid(fs->journal));
	else
		rc = ext_write_all(fs);
	if (rc == 0 && !(fs->opt & EXT_OPT_NOBARRIER))
		rc = block_flush(fs->dev);
	return rc;
}

/* The flusher's turn. */
static void
flush_inodes(void *priv)
{
	struct ext_fs *fs = priv;

	ext_inodes_store(fs);
	ext_store_errors(fs);
	if (fs->journal == NULL && READ_ONCE(fs->is_marked))
		(void)ext_write_all(fs);	/* tried again; sync tells */
}

static const struct flusher_ops flusher_ops = { .inodes = flush_inodes };

/* ---- mounting ---- */

/* Features that forbid it; *flags may become read-only by none of them. */
static int
features_check(const struct ext_fs *fs, bool readonly)
{
	u32 bad = fs->incompat & ~(u32)EXT_INCOMPAT_KNOWN;
	char names[120];

	if (bad != 0) {
		ext_feature_names(bad, names, sizeof(names));
		kerr("ext4 on %s: unsupported features:%s", fs->dev->name,
		    names);
		return -EINVAL;
	}
	bad = fs->ro_compat & ~(u32)EXT_RO_KNOWN;
	if (bad == 0 || readonly)
		return 0;
	kerr("ext4 on %s: can only be read: unsupported features %#x%s",
	    fs->dev->name, bad, bad & EXT_RO_ORPHAN_PRESENT ?
	    " (run e2fsck: it has orphans)" : "");
	return -EROFS;
}

/* The superblock, from the device itself, says how large blocks are. */
static int
geometry_read(struct ext_fs *fs)
{
	struct frame *f = frame_get(FRAME_BUFFER);
	const struct ext_super *s = frame_virt(f);
	struct block_seg seg = { frame_paddr(f), EXT_SUPER_BYTES };
	const char *why;
	int rc = -EINVAL;

	if (fs->dev->nsectors >=
	    (EXT_SUPER_OFFSET + EXT_SUPER_BYTES) >> SECTOR_SHIFT)
		rc = block_io(fs->dev, BLOCK_READ, BLOCK_META,
		    EXT_SUPER_OFFSET >> SECTOR_SHIFT, &seg, 1);
	if (rc == 0) {
		why = ext_super_check(s, fs->dev->nsectors << SECTOR_SHIFT,
		    &fs->geo);
		if (why != NULL) {
			if (s->magic == EXT_MAGIC)
				kerr("ext4 on %s: superblock: %s",
				    fs->dev->name, why);
			rc = -EINVAL;
		}
		fs->opt = s->errors == EXT_ERRORS_PANIC ?
		    EXT_OPT_ERRORS_PANIC : s->errors == EXT_ERRORS_CONTINUE ?
		    EXT_OPT_ERRORS_CONTINUE : 0;
	}
	frame_put(f);
	return rc;
}

static void
geometry_use(struct ext_fs *fs)
{
	const struct ext_geometry *g = &fs->geo;

	fs->block_bytes = g->block_bytes;
	fs->block_shift = g->block_shift;
	fs->nblocks = g->nblocks;
	fs->first_block = g->first_block;
	fs->ngroups = g->ngroups;
	fs->blocks_per_group = g->blocks_per_group;
	fs->inodes_per_group = g->inodes_per_group;
	fs->inode_bytes = g->inode_bytes;
	fs->inodes_per_block = g->inodes_per_block;
	fs->desc_bytes = g->desc_bytes;
	fs->ninodes = g->ninodes;
	fs->first_ino = g->first_ino;
	fs->compat = g->compat;
	fs->incompat = g->incompat;
	fs->ro_compat = g->ro_compat;
}

static void
fs_init(struct ext_fs *fs, struct block_dev *d)
{
	fs->dev = d;
	fs->commit_s = EXT_COMMIT_SECONDS;
	mutex_init(&fs->group_lock, LOCK_GROUP);
	spin_init(&fs->spin, LOCK_LEAF);
	spin_init(&fs->inodes_lock, LOCK_PCACHE);
	list_init(&fs->freed);
	list_init(&fs->aheads);
	list_init(&fs->orphans);
	list_init(&fs->dirty_inodes);
	waitq_init(&fs->gate_wait);
}

/* All again, in a cache that knows nothing. */
static int
reload(struct ext_fs *fs)
{
	ext_unload(fs);
	rcu_barrier();			/* the journal's inode is gone */
	buffer_cache_fini(&fs->cache);
	buffer_cache_init(&fs->cache, fs->dev, fs->block_bytes, fs->nblocks);
	return ext_load(fs);
}

/* The most credits of any change. */
static u32
credits_max(struct ext_fs *fs)
{
	u32 n = MAX(EXT_CREDITS_CUT, EXT_CREDITS_MAP);

	for (u32 what = SB_CREATE; what <= SB_XATTR; what++)
		n = MAX(n, ext_name_credits(fs, what));
	return n;
}

/* The journal, for changes. */
static int
log_begin(struct ext_fs *fs)
{
	struct journal_stats stats;
	int rc = ext_log_open(fs, false);

	if (rc != 0)
		return rc;
	journal_stats(fs->journal, &stats);
	if (stats.replayed_transactions > 0)
		rc = reload(fs);
	if (rc == 0 && journal_credits_max(fs->journal) < credits_max(fs)) {
		kerr("ext4 on %s: the journal is too small", fs->dev->name);
		rc = -EINVAL;
	}
	return rc;
}

/* It is only replayed, if that must be. */
static int
log_replay(struct ext_fs *fs)
{
	int rc;

	if (!(ext_super(fs)->feature_incompat & EXT_INCOMPAT_RECOVER))
		return 0;
	rc = ext_log_open(fs, true);
	if (rc != 0)
		return rc;
	rc = journal_close(fs->journal);
	fs->journal = NULL;
	if (rc == 0)
		rc = reload(fs);
	if (rc != 0)
		return rc;
	ext_super(fs)->feature_incompat &= ~EXT_INCOMPAT_RECOVER;
	return super_write(fs);
}

static int
log_set_up(struct ext_fs *fs, bool readonly)
{
	bool has = fs->compat & EXT_COMPAT_HAS_JOURNAL;
	bool dirty = ext_super(fs)->feature_incompat & EXT_INCOMPAT_RECOVER;

	if (!has) {
		if (!dirty)
			return 0;
		kerr("ext4 on %s: to be replayed, without a journal",
		    fs->dev->name);
		return -EUCLEAN;
	}
	if (fs->opt & EXT_OPT_NOLOAD) {
		if (!dirty || readonly)
			return 0;
		kerr("ext4 on %s: its journal must be replayed",
		    fs->dev->name);
		return -EINVAL;
	}
	return readonly ? log_replay(fs) : log_begin(fs);
}

static int
root_load(struct ext_fs *fs)
{
	struct inode *root;
	int rc = reserve_row(&bound_ext_root);

	if (rc != 0)
		return rc;
	rc = ext_inode_get(fs, EXT_ROOT_INO, &root);
	if (rc != 0)
		return rc == -ESTALE ? -EUCLEAN : rc;
	if (!S_ISDIR(root->mode)) {
		inode_put(root);
		return ext_error(fs, "the root is no directory");
	}
	sb_set_root(fs->sb, root);
	return 0;
}

static void
warn_state(const struct ext_fs *fs)
{
	const struct ext_super *s = ext_super(fs);

	if (s->state & EXT_STATE_ERROR)
		kwarn("ext4 on %s: has errors: run e2fsck", fs->dev->name);
	else if (!(s->state & EXT_STATE_VALID))
		kwarn("ext4 on %s: was not unmounted: run e2fsck",
		    fs->dev->name);
}

static const struct super_ops ext_super_ops;

/* The steps; what was done is undone by fs_close(). */
static int
fs_open(struct ext_fs *fs, struct fs_type *t, u32 flags)
{
	bool readonly = flags & MS_RDONLY;
	int rc = features_check(fs, readonly);

	if (rc != 0)
		return rc;
	buffer_cache_init(&fs->cache, fs->dev, fs->block_bytes, fs->nblocks);
	fs->sb = sb_create(t, &ext_super_ops, flags);
	fs->sb->priv = fs;
	fs->sb->dev = LX_MAKEDEV(fs->dev->major, fs->dev->minor);
	fs->sb->block_bytes = fs->block_bytes;
	rc = ext_load(fs);
	if (rc == 0)
		rc = log_set_up(fs, readonly);
	if (rc == 0)
		rc = ext_alloc_init(fs);
	if (rc != 0)
		return rc;
	rc = reserve_row(&bound_ext_flusher);
	if (rc != 0)
		return rc;
	fs->flusher = flusher_create(fs->dev->name, &flusher_ops, fs);
	log_size(fs);
	fs->overhead = overhead(fs);
	warn_state(fs);
	if (!readonly)
		rc = mark_mounted(fs);
	if (rc == 0 && !readonly)
		rc = ext_orphan_cleanup(fs);
	return rc != 0 ? rc : root_load(fs);
}

/* Backwards, from wherever fs_open() came to. All inodes are gone. */
static void
fs_close(struct ext_fs *fs)
{
	bool is_home = true;

	if (fs->flusher != NULL)
		flusher_destroy(fs->flusher);
	fs->flusher = NULL;
	if (fs->super != NULL)
		ext_store_errors(fs);
	if (fs->journal != NULL)
		is_home = journal_close(fs->journal) == 0;
	else if (fs->is_marked)
		is_home = ext_write_all(fs) == 0;
	fs->journal = NULL;
	if (fs->is_marked && mark_clean(fs, is_home) != 0)
		kerr("ext4 on %s: could not be unmounted cleanly",
		    fs->dev->name);
	if (fs->group != NULL)
		ext_alloc_fini(fs);
	ext_unload(fs);
	buffer_cache_fini(&fs->cache);
	block_unclaim(fs->dev);
}

/* It is mounted already: the same again, if it is the same. */
static int
mount_again(struct superblock *sb, u32 flags, struct superblock **out)
{
	if ((READ_ONCE(sb->flags) ^ flags) & MS_RDONLY) {
		sb_put(sb);
		return -EBUSY;
	}
	*out = sb;
	return 0;
}

static int
mount_claimed(struct fs_type *t, struct block_dev *d, u32 flags,
    const char *opts, struct superblock **out)
{
	struct ext_fs *fs = kmem_get_zero(&ext_fs_cache);
	int rc;

	fs_init(fs, d);
	rc = geometry_read(fs);
	if (rc == 0)
		rc = ext_options_parse(fs, opts);
	if (rc != 0) {
		block_unclaim(d);
		kmem_put(&ext_fs_cache, fs);
		return rc;
	}
	geometry_use(fs);
	rc = fs_open(fs, t, flags);
	if (rc == 0) {
		*out = fs->sb;
		return 0;
	}
	if (fs->sb == NULL) {
		block_unclaim(d);
	} else {
		ext_inodes_store(fs);
		sb_settle_failed(fs->sb);
		fs_close(fs);
		sb_abandon(fs->sb);
	}
	kmem_put(&ext_fs_cache, fs);
	return rc;
}

static int
ext_mount_dev(struct fs_type *t, struct block_dev *d, u32 flags,
    const char *opts, struct superblock **out)
{
	struct superblock *sb = sb_find_dev(LX_MAKEDEV(d->major, d->minor));
	int rc;

	if (sb != NULL)
		return mount_again(sb, flags, out);
	if (!(flags & MS_RDONLY) && block_is_readonly(d))
		return -EACCES;
	if (!block_claim(d))
		return -EBUSY;
	rc = reserve_row(&bound_ext_mount);
	if (rc != 0) {
		block_unclaim(d);
		return rc;
	}
	return mount_claimed(t, d, flags, opts, out);
}

/* ---- remounting ---- */

static int
become_readonly(struct ext_fs *fs)
{
	struct superblock *sb = fs->sb;
	bool is_home;
	int rc = ext_inodes_busy(fs);

	if (rc != 0)
		return rc;
	(void)atomic_fetch_or(&sb->flags, MS_RDONLY);
	rc = ext_inodes_busy(fs);	/* opened meanwhile? */
	if (rc == 0)
		rc = ext_sync(sb);
	if (rc != 0) {
		(void)atomic_fetch_and(&sb->flags, ~(u32)MS_RDONLY);
		return rc;
	}
	ext_store_errors(fs);
	ext_gate_close(fs);
	is_home = fs->journal == NULL ? buffer_write_all(&fs->cache) == 0 :
	    journal_close(fs->journal) == 0;
	fs->journal = NULL;
	rc = mark_clean(fs, is_home);
	ext_gate_open(fs);
	return rc;
}

static int
become_writable(struct ext_fs *fs)
{
	int rc = features_check(fs, false);

	if (rc != 0)
		return rc;
	if (READ_ONCE(fs->error) != 0 || block_is_readonly(fs->dev))
		return -EROFS;
	if (ext_super(fs)->feature_incompat & EXT_INCOMPAT_RECOVER)
		return -EROFS;		/* noload */
	if ((fs->compat & EXT_COMPAT_HAS_JOURNAL) &&
	    !(fs->opt & EXT_OPT_NOLOAD)) {
		rc = ext_log_open(fs, false);
		if (rc != 0)
			return rc;
	}
	rc = mark_mounted(fs);
	if (rc != 0)
		return rc;
	(void)atomic_fetch_and(&fs->sb->flags, ~(u32)MS_RDONLY);
	return ext_orphan_cleanup(fs);
}

static int
ext_remount(struct superblock *sb, u32 flags, const char *opts)
{
	struct ext_fs *fs = ext_fs(sb);
	u32 opt = fs->opt, commit_s = fs->commit_s;
	bool is_ro = !READ_ONCE(fs->is_marked), to_ro = flags & MS_RDONLY;
	int rc = ext_options_parse(fs, opts);

	if (rc == 0 && !is_ro && to_ro)
		rc = become_readonly(fs);
	else if (rc == 0 && is_ro && !to_ro)
		rc = become_writable(fs);
	else if (rc == 0 && !to_ro && READ_ONCE(fs->error) != 0)
		rc = -EROFS;
	if (rc != 0) {
		fs->opt = opt;
		fs->commit_s = commit_s;
	}
	return rc;
}

/* ---- the end ---- */

static void
ext_shut(struct superblock *sb)
{
	fs_close(ext_fs(sb));
}

static void
ext_unmount(struct superblock *sb)
{
	kmem_put(&ext_fs_cache, ext_fs(sb));
}

static const struct super_ops ext_super_ops = {
	.free_inode = ext_inode_free,
	.evict = ext_inode_evict,
	.forget = ext_inode_forget,
	.retire = ext_inode_retire,
	.begin = ext_sb_begin,
	.end = ext_sb_end,
	.warm = ext_warm,
	.cool = ext_cool,
	.dirty = ext_inode_touched,
	.statfs = ext_statfs,
	.sync = ext_sync,
	.remount = ext_remount,
	.shut = ext_shut,
	.unmount = ext_unmount,
	.show = ext_options_show,
};

static struct fs_type ext_types[] = {
	{ .name = "ext2", .mount_dev = ext_mount_dev },
	{ .name = "ext3", .mount_dev = ext_mount_dev },
	{ .name = "ext4", .mount_dev = ext_mount_dev },
};

void
ext_register(void)
{
	ext_inodes_init();
	for (u32 i = 0; i < ARRAY_LEN(ext_types); i++)
		fs_register(&ext_types[i]);
}
