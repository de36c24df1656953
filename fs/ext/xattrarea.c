/*
 * kernel.org, "ext4 Data Structures", 4.6. The entries' list ends with four
 * zero bytes; behind them is free space, up to the lowest value. In a block
 * entries are sorted, which other systems rely on.
 */
#include "fs/ext/xattrarea.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

#define TERMINATOR	4u

static inline struct ext_xattr_entry *
entry(const struct ext_xattr_area *a, u32 at)
{
	return (struct ext_xattr_entry *)(void *)(a->b + at);
}

const struct ext_xattr_entry *
ext_xattr_at(const struct ext_xattr_area *a, u32 at)
{
	return entry(a, at);
}

static bool
is_last(const struct ext_xattr_area *a, u32 at)
{
	return at + TERMINATOR > a->end ||
	    *(const u32 *)(const void *)(a->b + at) == 0;
}

u32
ext_xattr_next(const struct ext_xattr_area *a, u32 at)
{
	at = at == 0 ? a->first :
	    at + EXT_XATTR_ENTRY_BYTES(entry(a, at)->name_len);
	return is_last(a, at) ? EXT_XATTR_NONE : at;
}

#define FOR_EACH(a, at) \
	for (u32 at = ext_xattr_next(a, 0); at != EXT_XATTR_NONE; \
	    at = ext_xattr_next(a, at))

/* Where the terminator is. */
static u32
list_end(const struct ext_xattr_area *a)
{
	u32 end = a->first;

	FOR_EACH(a, at)
		end = at + EXT_XATTR_ENTRY_BYTES(entry(a, at)->name_len);
	return end;
}

static u32
values_start(const struct ext_xattr_area *a)
{
	u32 start = a->end;

	FOR_EACH(a, at)
		if (entry(a, at)->value_size != 0)
			start = MIN(start, a->base + entry(a, at)->value_offs);
	return start;
}

/* ---- what a disk says ---- */

static int
check_list(const struct ext_xattr_area *a, u32 *list)
{
	u32 at = a->first;

	while (!is_last(a, at)) {
		const struct ext_xattr_entry *e = entry(a, at);

		if (a->end - at < sizeof(*e) ||
		    a->end - at < EXT_XATTR_ENTRY_BYTES(e->name_len) +
		    TERMINATOR)
			return -EUCLEAN;
		if (e->value_inum != 0)
			return -EOPNOTSUPP;
		at += EXT_XATTR_ENTRY_BYTES(e->name_len);
	}
	*list = at + TERMINATOR;
	return *list <= a->end ? 0 : -EUCLEAN;
}

static bool
value_is_sound(const struct ext_xattr_area *a, u32 list, u32 at)
{
	const struct ext_xattr_entry *e = entry(a, at);
	u32 start = a->base + e->value_offs, bytes;

	if (e->value_size == 0)
		return true;
	if (e->value_size > a->end || (e->value_offs & 3) != 0)
		return false;
	bytes = EXT_XATTR_VALUE_BYTES(e->value_size);
	return start >= list && start <= a->end && bytes <= a->end - start;
}

static bool
values_overlap(const struct ext_xattr_entry *x, const struct ext_xattr_entry *y)
{
	return x->value_size != 0 && y->value_size != 0 &&
	    x->value_offs < y->value_offs +
	    EXT_XATTR_VALUE_BYTES(y->value_size) &&
	    y->value_offs < x->value_offs +
	    EXT_XATTR_VALUE_BYTES(x->value_size);
}

int
ext_xattr_check(const struct ext_xattr_area *a)
{
	u32 list;
	int rc;

	if (a->first > a->end)
		return -EUCLEAN;
	rc = check_list(a, &list);
	if (rc != 0)
		return rc;
	FOR_EACH(a, at) {
		if (!value_is_sound(a, list, at))
			return -EUCLEAN;
		for (u32 o = ext_xattr_next(a, 0); o != at;
		    o = ext_xattr_next(a, o))
			if (values_overlap(entry(a, o), entry(a, at)))
				return -EUCLEAN;
	}
	return 0;
}

/* ---- looking ---- */

bool
ext_xattr_is_empty(const struct ext_xattr_area *a)
{
	return is_last(a, a->first);
}

/* <0: e stands before n. */
static int
compare(const struct ext_xattr_entry *e, const struct ext_xattr_name *n)
{
	if (e->name_index != n->index)
		return (int)e->name_index - (int)n->index;
	if (e->name_len != n->len)
		return (int)e->name_len - (int)n->len;
	return memcmp(e->name, n->s, n->len);
}

u32
ext_xattr_find(const struct ext_xattr_area *a, const struct ext_xattr_name *n)
{
	FOR_EACH(a, at)
		if (compare(entry(a, at), n) == 0)
			return at;
	return EXT_XATTR_NONE;
}

const u8 *
ext_xattr_value(const struct ext_xattr_area *a, u32 at)
{
	return a->b + a->base + entry(a, at)->value_offs;
}

bool
ext_xattr_fits(const struct ext_xattr_area *a, const struct ext_xattr_name *n,
    u32 len)
{
	u32 at = ext_xattr_find(a, n), list = list_end(a) + TERMINATOR;
	u32 start = values_start(a), room = start > list ? start - list : 0;

	if (at != EXT_XATTR_NONE)
		room += EXT_XATTR_ENTRY_BYTES(n->len) +
		    EXT_XATTR_VALUE_BYTES(entry(a, at)->value_size);
	return len <= a->end && room >= EXT_XATTR_ENTRY_BYTES(n->len) +
	    EXT_XATTR_VALUE_BYTES(len);
}

/* ---- changing ---- */

void
ext_xattr_init(const struct ext_xattr_area *a)
{
	memset(a->b + a->first, 0, a->end - a->first);
}

static void
value_remove(const struct ext_xattr_area *a, u32 at)
{
	u32 bytes = EXT_XATTR_VALUE_BYTES(entry(a, at)->value_size);
	u32 start = values_start(a), offs = entry(a, at)->value_offs;

	if (bytes == 0)
		return;
	memmove(a->b + start + bytes, a->b + start, a->base + offs - start);
	memset(a->b + start, 0, bytes);
	FOR_EACH(a, k)
		if (entry(a, k)->value_size != 0 &&
		    entry(a, k)->value_offs < offs)
			entry(a, k)->value_offs =
			    (u16)(entry(a, k)->value_offs + bytes);
}

void
ext_xattr_remove(const struct ext_xattr_area *a, u32 at)
{
	u32 bytes = EXT_XATTR_ENTRY_BYTES(entry(a, at)->name_len);
	u32 end = list_end(a);

	value_remove(a, at);
	memmove(a->b + at, a->b + at + bytes, end - at - bytes);
	memset(a->b + end - bytes, 0, bytes);
}

static u32
hash_turn(u32 hash, u32 bits, u32 in)
{
	return (hash << bits) ^ (hash >> (32 - bits)) ^ in;
}

/* Of name and value, 4.6: other systems compare it. */
static u32
entry_hash(const struct ext_xattr_area *a, u32 at)
{
	const struct ext_xattr_entry *e = entry(a, at);
	const u8 *value = ext_xattr_value(a, at);
	u32 hash = 0;

	for (u32 i = 0; i < e->name_len; i++)
		hash = hash_turn(hash, 5, e->name[i]);
	for (u32 i = 0; i < EXT_XATTR_VALUE_BYTES(e->value_size); i += 4)
		hash = hash_turn(hash, 16,
		    *(const u32 *)(const void *)(value + i));
	return hash;
}

/* Where an entry of this name goes. */
static u32
place_for(const struct ext_xattr_area *a, const struct ext_xattr_name *n)
{
	if (a->is_sorted)
		FOR_EACH(a, at)
			if (compare(entry(a, at), n) > 0)
				return at;
	return list_end(a);
}

void
ext_xattr_add(const struct ext_xattr_area *a, const struct ext_xattr_name *n,
    const u8 *value, u32 len)
{
	u32 at = place_for(a, n), end = list_end(a);
	u32 bytes = EXT_XATTR_ENTRY_BYTES(n->len);
	u32 padded = EXT_XATTR_VALUE_BYTES(len), start = values_start(a);
	struct ext_xattr_entry *e = entry(a, at);

	start -= padded;
	memmove(a->b + at + bytes, a->b + at, end - at);
	memset(e, 0, bytes);
	e->name_len = (u8)n->len;
	e->name_index = (u8)n->index;
	e->value_offs = (u16)(len == 0 ? 0 : start - a->base);
	e->value_size = len;
	memcpy(e->name, n->s, n->len);
	if (padded > 0) {
		memset(a->b + start + padded - 4, 0, 4);
		memcpy(a->b + start, value, len);
	}
	memset(a->b + end + bytes, 0, TERMINATOR);
	e->hash = entry_hash(a, at);
}

u32
ext_xattr_block_hash(const struct ext_xattr_area *a)
{
	u32 hash = 0;

	FOR_EACH(a, at) {
		if (entry(a, at)->hash == 0)
			return 0;	/* it is not to be shared */
		hash = hash_turn(hash, 16, entry(a, at)->hash);
	}
	return hash;
}
