/*
 * The record of an inode in its table, read into an inode in memory, and back.
 *
 * Times have 34 bits of seconds. LIMIT: those before 1970 read as 1970, since
 * the VFS counts from there.
 */
#include "fs/ext/record.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"

#define NS_PER_SEC	1000000000ul

static inline bool
has_extra(const struct ext_inode *e, u32 end)
{
	return e->extra_bytes >= end;
}

static u64
time_get(u32 low, u32 extra)
{
	s64 s = (s64)(s32)low + ((s64)(extra & EXT_TIME_EPOCH_MASK) << 32);
	u64 ns = extra >> EXT_TIME_NSEC_SHIFT;

	return s < 0 ? 0 : (u64)s * NS_PER_SEC + MIN(ns, NS_PER_SEC - 1);
}

/* The low half is taken for signed: what lies above 2^31 is in the next epoch,
 * of which the extra word has the number. */
static u32
time_low(u64 ns)
{
	return (u32)(ns / NS_PER_SEC);
}

static u32
time_extra(u64 ns)
{
	u64 s = ns / NS_PER_SEC;

	return (u32)((s - (u64)(s64)(s32)s) >> 32 & EXT_TIME_EPOCH_MASK) |
	    (u32)(ns % NS_PER_SEC) << EXT_TIME_NSEC_SHIFT;
}

static void
times_get(struct ext_inode *e, const struct ext_raw_inode *r)
{
	struct inode *i = &e->i;

	i->atime_ns = time_get(r->atime,
	    has_extra(e, EXT_EXTRA_END(atime_extra)) ? r->atime_extra : 0);
	i->mtime_ns = time_get(r->mtime,
	    has_extra(e, EXT_EXTRA_END(mtime_extra)) ? r->mtime_extra : 0);
	i->ctime_ns = time_get(r->ctime,
	    has_extra(e, EXT_EXTRA_END(ctime_extra)) ? r->ctime_extra : 0);
	if (has_extra(e, EXT_EXTRA_END(crtime_extra)))
		e->crtime_ns = time_get(r->crtime, r->crtime_extra);
}

static void
times_put(const struct ext_inode *e, struct ext_raw_inode *r)
{
	u64 a = READ_ONCE(e->i.atime_ns), m = READ_ONCE(e->i.mtime_ns),
	    c = READ_ONCE(e->i.ctime_ns);

	r->atime = time_low(a);
	r->mtime = time_low(m);
	r->ctime = time_low(c);
	if (has_extra(e, EXT_EXTRA_END(ctime_extra)))
		r->ctime_extra = time_extra(c);
	if (has_extra(e, EXT_EXTRA_END(mtime_extra)))
		r->mtime_extra = time_extra(m);
	if (has_extra(e, EXT_EXTRA_END(atime_extra)))
		r->atime_extra = time_extra(a);
	if (has_extra(e, EXT_EXTRA_END(crtime_extra)) && e->is_fresh) {
		r->crtime = time_low(e->crtime_ns);
		r->crtime_extra = time_extra(e->crtime_ns);
	}
}

/* In sectors of 512 bytes; huge_file counts more of them, or file system
 * blocks (4.1.1). */
static u64
sectors_get(const struct ext_inode *e, const struct ext_raw_inode *r)
{
	u64 n = r->blocks_lo;

	if (!(e->fs->ro_compat & EXT_RO_HUGE_FILE))
		return n;
	n |= (u64)r->blocks_high << 32;
	return r->flags & EXT_FL_HUGE_FILE ? n << (e->fs->block_shift - 9) : n;
}

static void
sectors_put(struct ext_inode *e, struct ext_raw_inode *r)
{
	u64 n = READ_ONCE(e->i.blocks);

	e->flags &= ~(u32)EXT_FL_HUGE_FILE;
	if (n >> 48 != 0) {
		n >>= e->fs->block_shift - 9;
		e->flags |= EXT_FL_HUGE_FILE;
	}
	r->blocks_lo = (u32)n;
	if (e->fs->ro_compat & EXT_RO_HUGE_FILE)
		r->blocks_high = (u16)(n >> 32);
}

bool
ext_record_csum_is_good(const struct ext_inode *e,
    const struct ext_raw_inode *r)
{
	u32 sum, stored = r->checksum_lo;

	if (!ext_has_metadata_csum(e->fs))
		return true;
	sum = ext_raw_inode_csum(e->csum_seed, r, e->fs->inode_bytes);
	if (has_extra(e, EXT_EXTRA_CSUM))
		stored |= (u32)r->checksum_hi << 16;
	return sum == stored;
}

static void
record_seal(const struct ext_inode *e, struct ext_raw_inode *r)
{
	u32 sum;

	if (!ext_has_metadata_csum(e->fs))
		return;
	sum = ext_raw_inode_csum(e->csum_seed, r, e->fs->inode_bytes);
	r->checksum_lo = (u16)sum;
	if (has_extra(e, EXT_EXTRA_CSUM))
		r->checksum_hi = (u16)(sum >> 16);
}

void
ext_record_get(struct ext_inode *e, const struct ext_raw_inode *r)
{
	struct inode *i = &e->i;

	i->uid = r->uid_lo | (u32)r->uid_high << 16;
	i->gid = r->gid_lo | (u32)r->gid_high << 16;
	i->nlink = r->links_count;
	i->size = (s64)ext_raw_size(r);
	if (!S_ISREG(i->mode) && !S_ISDIR(i->mode))
		i->size = r->size_lo;	/* the high half was other things */
	e->disk_size = e->stored_size = i->size;
	e->flags = r->flags;
	e->dtime = r->dtime;
	e->file_acl = ext_raw_file_acl(r);
	memcpy(e->block, r->block, sizeof(e->block));
	i->blocks = sectors_get(e, r);
	times_get(e, r);
}

void
ext_record_put(struct ext_inode *e, struct ext_raw_inode *r)
{
	const struct inode *i = &e->i;
	u64 size = (u64)(S_ISREG(i->mode) ? e->disk_size : i->size);

	if (e->is_fresh) {
		memset(r, 0, e->fs->inode_bytes);
		if (e->fs->inode_bytes > EXT_INODE_BYTES_MIN)
			r->extra_isize = (u16)e->extra_bytes;
		r->generation = e->generation;
	}
	r->mode = (u16)i->mode;
	r->uid_lo = (u16)i->uid;
	r->uid_high = (u16)(i->uid >> 16);
	r->gid_lo = (u16)i->gid;
	r->gid_high = (u16)(i->gid >> 16);
	r->links_count = (u16)i->nlink;
	WRITE_ONCE(e->stored_size, (s64)size);
	r->size_lo = (u32)size;
	if (S_ISREG(i->mode) || S_ISDIR(i->mode))
		r->size_high = (u32)(size >> 32);
	r->dtime = e->dtime;
	r->file_acl_lo = (u32)e->file_acl;
	r->file_acl_high = (u16)(e->file_acl >> 32);
	memcpy(r->block, e->block, sizeof(r->block));
	sectors_put(e, r);
	r->flags = e->flags;
	times_put(e, r);
	e->is_fresh = false;
	record_seal(e, r);
}
