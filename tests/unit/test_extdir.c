/*
 * Directories of ext: hashes of names, blocks of records, hash trees' blocks,
 * and the bytes of extended attributes.
 *
 * Hashes are held against e2fsprogs' (known answers). Blocks change at random
 * beside a model, a plain array, and must answer as it does, and stay sound by
 * their own check. Mutated blocks then go through everything that the kernel
 * may do to them, also where the check refused them, since another lock may
 * guard a block that an image shows twice: there the sanitizer is the judge.
 * Blocks are on the heap, of their exact size, so that it sees each step
 * outside.
 */
#include "tests/unit/unit.h"

#include "fs/ext/dxblock.h"
#include "fs/ext/xattrarea.h"
#include "kernel/abi/errno.h"

#define NINODES		1000000u
#define NAMES		400u

static const u32 no_seed[4];

/* ---- hashes ---- */

#define N15	"nnnnnnnnnnnnnnn"
#define N255	N15 N15 N15 N15 N15 N15 N15 N15 N15 N15 N15 N15 N15 N15 N15 \
	N15 N15

static void
test_hashes(void)
{
	static const struct {
		const char *name;
		u32 len;
		struct ext_hash hash[12];
	} known[] = {
#include "tests/unit/ext_hashes.inc"
	};
	static const u32 seed[4] = {
		0x67452301, 0xefcdab89, 0x67452301, 0xefcdab89,
	};

	for (u32 k = 0; k < ARRAY_LEN(known); k++)
		for (u32 v = 0; v < 12; v++) {
			struct ext_hash h = ext_name_hash(v % 6,
			    v < 6 ? no_seed : seed,
			    (const u8 *)known[k].name, known[k].len);

			CHECK_EQ(h.major, known[k].hash[v].major);
			CHECK_EQ(h.minor, known[k].hash[v].minor);
		}
}

/* ---- blocks of records, against a model ---- */

struct model {
	char		name[NAMES][EXT_NAME_MAX + 1];
	u32		ino[NAMES];		/* 0: not there */
};

static struct model model;

static void
name_of(u32 k, char *out)
{
	u32 len = 1 + k * 37 % EXT_NAME_MAX;

	for (u32 i = 0; i < len; i++)
		out[i] = (char)('a' + (k * 7 + i * (k % 5 + 1)) % 26);
	len = (u32)sprintf(out, "%u", k) > len ? (u32)strlen(out) : len;
	out[strlen(out)] = 'x';
	out[len] = '\0';
}

static void
model_init(void)
{
	memset(&model, 0, sizeof(model));
	for (u32 k = 0; k < NAMES; k++)
		name_of(k, model.name[k]);
}

static u32
find(const u8 *b, u32 end, const char *name, struct ext_rec *r)
{
	return ext_dirblock_find(b, end, (const u8 *)name,
	    (u32)strlen(name), r);
}

static void
compare(const u8 *b, u32 bytes, bool has_tail)
{
	u32 end = ext_dirblock_end(bytes, has_tail), n = 0, there = 0;
	struct ext_rec r;

	CHECK(ext_dirblock_check(b, bytes, has_tail, NINODES));
	for (u32 off = 0; ext_dirblock_rec(b, end, off, &r); off += r.rec_len)
		n += r.ino != 0;
	for (u32 k = 0; k < NAMES; k++) {
		u32 off = find(b, end, model.name[k], &r);

		CHECK((off != EXT_DIR_NONE) == (model.ino[k] != 0));
		if (off != EXT_DIR_NONE)
			CHECK_EQ(r.ino, model.ino[k]);
		there += model.ino[k] != 0;
	}
	CHECK_EQ(n, there);
	CHECK_EQ(ext_dirblock_has_names(b, end), there != 0);
}

static void
change_once(u8 *b, u32 end)
{
	u32 k = (u32)(unit_random() % NAMES), off;
	u32 len = (u32)strlen(model.name[k]);
	struct ext_rec r;

	if (model.ino[k] != 0) {
		off = find(b, end, model.name[k], &r);
		CHECK(ext_dirblock_remove(b, end, off));
		model.ino[k] = 0;
		return;
	}
	off = ext_dirblock_room(b, end, len);
	if (off == EXT_DIR_NONE)
		return;
	model.ino[k] = 1 + (u32)(unit_random() % NINODES);
	CHECK(ext_dirblock_insert(b, end, off, (u8 *)model.name[k], len,
	    model.ino[k], EXT_FT_REG));
}

static void
test_insert_delete(void)
{
	static const u32 sizes[] = { 1024, 2048, 4096 };

	for (u32 s = 0; s < 6; s++) {
		u32 bytes = sizes[s % 3];
		bool has_tail = s >= 3;
		u8 *b = malloc(bytes);

		model_init();
		ext_dirblock_init(b, bytes, has_tail);
		compare(b, bytes, has_tail);
		for (u32 i = 0; i < 4000; i++) {
			change_once(b, ext_dirblock_end(bytes, has_tail));
			if (i % 50 == 0)
				compare(b, bytes, has_tail);
		}
		free(b);
	}
}

static void
test_full_and_empty(void)
{
	u8 *b = malloc(1024);
	u32 end = ext_dirblock_end(1024, true), n = 0, off;
	struct ext_rec r;

	ext_dirblock_init(b, 1024, true);
	ext_dirblock_dots(b, end, 5, 2, EXT_FT_DIR);
	CHECK(ext_dirblock_has_dots(b, end, 5));
	CHECK(!ext_dirblock_has_dots(b, end, 6));
	CHECK(!ext_dirblock_has_names(b, end));
	while ((off = ext_dirblock_room(b, end, 4)) != EXT_DIR_NONE) {
		char name[8];

		sprintf(name, "%04u", n++);
		CHECK(ext_dirblock_insert(b, end, off, (u8 *)name, 4, 9, 1));
	}
	CHECK_EQ(n, (1024 - 12 - 24) / 12);
	CHECK(!ext_dirblock_insert(b, end, 0, (const u8 *)"x", 1, 9, 1));
	while ((off = find(b, end, "0000", &r)) != EXT_DIR_NONE)
		CHECK(ext_dirblock_remove(b, end, off));
	CHECK_EQ(ext_dirblock_room(b, end, 4), 12);	/* behind ".." */
	free(b);
}

/* ---- hostile blocks ---- */

static void
mutate(u8 *b, u32 bytes)
{
	static const u8 often[] = { 0, 1, 4, 7, 8, 11, 12, 0xff, 0xfc, 0x10 };
	u32 n = 1 + (u32)(unit_random() % 8);

	while (n-- > 0)
		b[unit_random() % bytes] = unit_random() % 2 ?
		    often[unit_random() % sizeof(often)] : (u8)unit_random();
}

/* Everything that a caller may do, sound or not: only the sanitizer judges. */
static void
use_block(u8 *b, u8 *other, u32 bytes, bool has_tail)
{
	static struct ext_dx_rec map[EXT_DX_MAP_MAX];
	u32 end = ext_dirblock_end(bytes, has_tail), n, at;
	struct ext_rec r;

	(void)find(b, end, "17xbc", &r);
	(void)ext_dirblock_has_names(b, end);
	(void)ext_dirblock_has_dots(b, end, 5);
	n = ext_dx_map(b, end, 1, no_seed, map);
	CHECK(n <= EXT_DX_MAP_MAX);
	at = ext_dx_split_point(map, n, end, (u32)unit_random(), 16);
	ext_dirblock_init(other, bytes, has_tail);
	if (at != 0)
		ext_dx_leaf_move(b, other, end, map + at, n - at);
	ext_dirblock_init(other, bytes, has_tail);
	ext_dx_leaf_take(b, other, end);
	for (u32 i = 0; i < 30; i++) {
		(void)ext_dirblock_remove(b, end,
		    (u32)(unit_random() % bytes) & ~3u);
		(void)ext_dirblock_insert(b, end, ext_dirblock_room(b, end, 5),
		    (const u8 *)"12345", 5, 7, 1);
	}
	ext_dx_root_init(b, bytes, has_tail, 1, 1);
}

static void
test_mutated_blocks(void)
{
	static const u32 sizes[] = { 1024, 4096 };
	u32 sound = 0, unsound = 0;

	for (u32 round = 0; round < 4000; round++) {
		u32 bytes = sizes[round % 2], end;
		bool has_tail = round / 2 % 2;
		u8 *b = malloc(bytes), *other = malloc(bytes);

		model_init();
		end = ext_dirblock_end(bytes, has_tail);
		ext_dirblock_init(b, bytes, has_tail);
		ext_dirblock_dots(b, end, 5, 2, EXT_FT_DIR);
		for (u32 i = 0; i < 20; i++)
			change_once(b, end);
		mutate(b, bytes);
		if (ext_dirblock_check(b, bytes, has_tail, NINODES))
			sound++;
		else
			unsound++;
		use_block(b, other, bytes, has_tail);
		free(b);
		free(other);
	}
	CHECK(sound > 100 && unsound > 100);
}

static void
test_bad_names(void)
{
	u8 *b = malloc(1024);
	struct ext_rec r;

	ext_dirblock_init(b, 1024, false);
	CHECK(ext_dirblock_insert(b, 1024, 0, (const u8 *)"a/b", 3, 7, 1));
	CHECK(!ext_dirblock_check(b, 1024, false, NINODES));
	ext_dirblock_init(b, 1024, false);
	CHECK(ext_dirblock_insert(b, 1024, 0, (const u8 *)"ab", 2, 7, 1));
	CHECK(ext_dirblock_check(b, 1024, false, NINODES));
	CHECK(!ext_dirblock_check(b, 1024, false, 6));	/* inode 7 */
	CHECK(!ext_dirblock_check(b, 1024, true, NINODES));	/* no tail */
	CHECK(!ext_dirblock_rec(b, 1024, 1020, &r));
	CHECK(!ext_dirblock_rec(b, 1024, ~0u, &r));
	free(b);
}

/* ---- trees ---- */

/* Each name is in the half of its hash, and nowhere else. */
static void
halves_compare(const u8 *a, const u8 *b, u32 end, u32 cut)
{
	struct ext_rec r;

	for (u32 k = 0; k < NAMES; k++) {
		const char *name = model.name[k];
		u32 hash = ext_name_hash(1, no_seed, (const u8 *)name,
		    (u32)strlen(name)).major;
		const u8 *in = hash >= cut ? b : a, *not = in == a ? b : a;

		CHECK((find(in, end, name, &r) != EXT_DIR_NONE) ==
		    (model.ino[k] != 0));
		CHECK(find(not, end, name, &r) == EXT_DIR_NONE);
	}
}

static void
test_leaf_split(void)
{
	static struct ext_dx_rec map[EXT_DX_MAP_MAX];
	u8 *a = malloc(4096), *b = malloc(4096);
	u32 end = ext_dirblock_end(4096, true), n, at, cut;

	for (u32 round = 0; round < 200; round++) {
		model_init();
		ext_dirblock_init(a, 4096, true);
		ext_dirblock_init(b, 4096, true);
		for (u32 i = 0; i < 300; i++)
			change_once(a, end);
		n = ext_dx_map(a, end, 1, no_seed, map);
		at = ext_dx_split_point(map, n, end, map[0].hash, 264);
		CHECK(at > 0 && at < n);
		cut = map[at].hash;
		ext_dx_leaf_move(a, b, end, map + at, n - at);
		CHECK(ext_dirblock_check(a, 4096, true, NINODES));
		CHECK(ext_dirblock_check(b, 4096, true, NINODES));
		CHECK(ext_dirblock_room(a, end, 255) != EXT_DIR_NONE);
		halves_compare(a, b, end, cut);
	}
	free(a);
	free(b);
}

static void
test_one_hash_stays(void)
{
	struct ext_dx_rec map[4] = {
		{ 8, 0, 264 }, { 8, 264, 264 }, { 8, 528, 264 },
		{ 10, 792, 20 },
	};

	CHECK_EQ(ext_dx_split_point(map, 4, 1024, 10, 264), 3);
	CHECK_EQ(ext_dx_split_point(map, 4, 1024, 8, 264), 0);
	CHECK_EQ(ext_dx_split_point(map, 3, 1024, 8, 12), 0);
	CHECK_EQ(ext_dx_split_point(map, 0, 1024, 8, 12), 0);
}

static void
test_convert(void)
{
	u8 *a = malloc(1024), *b = malloc(1024);
	u32 end = ext_dirblock_end(1024, true);
	struct ext_dx_shape shape;
	struct ext_dx x;
	struct ext_rec r;

	model_init();
	ext_dirblock_init(a, 1024, true);
	ext_dirblock_dots(a, end, 5, 2, EXT_FT_DIR);
	for (u32 i = 0; i < 100; i++)
		change_once(a, end);
	ext_dirblock_init(b, 1024, true);
	ext_dx_leaf_take(a, b, end);
	ext_dx_root_init(a, 1024, true, EXT_HASH_TEA, 1);
	compare(b, 1024, true);
	CHECK(ext_dirblock_has_dots(a, 1024, 5));
	CHECK_EQ(find(a, 1024, "..", &r), 12);
	CHECK_EQ(r.ino, 2);
	CHECK(!ext_dirblock_has_names(a, 1024));
	CHECK_EQ(ext_dx_root_open(&x, &shape, a, 1024, true), 0);
	CHECK_EQ(shape.hash_version, EXT_HASH_TEA);
	CHECK_EQ(shape.levels, 0);
	CHECK_EQ(ext_dx_count(&x), 1);
	CHECK_EQ(ext_dx_block(&x, 0), 1);
	CHECK_EQ(x.limit, (1024 - 32 - 8) / 8);
	free(a);
	free(b);
}

static void
root_new(u8 *b, u32 bytes, bool has_tail, struct ext_dx *x)
{
	struct ext_dx_shape shape;

	ext_dirblock_init(b, bytes, has_tail);
	ext_dirblock_dots(b, bytes, 5, 2, EXT_FT_DIR);
	ext_dx_root_init(b, bytes, has_tail, 1, 1);
	CHECK_EQ(ext_dx_root_open(x, &shape, b, bytes, has_tail), 0);
	CHECK_EQ(shape.levels, 0);
}

/* Entries of any hash until it is full: each is behind those below it. */
static void
index_fill(struct ext_dx *x)
{
	for (u32 n = 1; n < x->limit; n++) {
		u32 hash = (u32)unit_random() & ~1u, k;

		k = ext_dx_find(x, hash);
		CHECK(ext_dx_hash(x, k) <= hash);
		ext_dx_insert(x, k, hash, n + 1);
		CHECK_EQ(ext_dx_hash(x, k + 1), hash);
		CHECK_EQ(ext_dx_block(x, k + 1), n + 1);
	}
	CHECK_EQ(ext_dx_count(x), x->limit);
	ext_dx_insert(x, 0, 4, 9);			/* full: nothing */
	CHECK_EQ(ext_dx_count(x), x->limit);
	for (u32 k = 2; k < x->limit; k++)
		CHECK(ext_dx_hash(x, k - 1) <= ext_dx_hash(x, k));
}

static void
test_index(void)
{
	u8 *a = malloc(1024), *b = malloc(1024), *c = malloc(1024);
	struct ext_dx root, node, half;
	struct ext_dx_shape shape;
	u32 cut;

	root_new(a, 1024, false, &root);
	index_fill(&root);
	ext_dx_node_init(&node, b, 1024, false);
	ext_dx_root_grow(&root, &node, 77);
	CHECK_EQ(ext_dx_root_open(&root, &shape, a, 1024, false), 0);
	CHECK_EQ(shape.levels, 1);
	CHECK_EQ(ext_dx_count(&root), 1);
	CHECK_EQ(ext_dx_block(&root, 0), 77);
	CHECK_EQ(ext_dx_node_open(&node, b, 1024, false), 0);
	CHECK_EQ(ext_dx_count(&node), root.limit);
	CHECK_EQ(ext_dx_block(&node, 0), 1);
	ext_dx_node_init(&half, c, 1024, false);
	cut = ext_dx_node_split(&node, &half);
	CHECK_EQ(ext_dx_count(&node) + ext_dx_count(&half), root.limit);
	CHECK_EQ(ext_dx_node_open(&node, b, 1024, false), 0);
	CHECK_EQ(ext_dx_node_open(&half, c, 1024, false), 0);
	CHECK(ext_dx_hash(&node, ext_dx_count(&node) - 1) <= cut);
	CHECK(ext_dx_hash(&half, 1) >= cut);
	free(a);
	free(b);
	free(c);
}

static void
test_mutated_index(void)
{
	u32 good = 0, bad = 0;

	for (u32 round = 0; round < 20000; round++) {
		u8 *a = malloc(1024), *b = malloc(1024);
		bool has_tail = round % 2;
		struct ext_dx_shape shape;
		struct ext_dx x, node;

		memset(a, 0, 1024);
		ext_dirblock_init(a, 1024, has_tail);
		ext_dirblock_dots(a, 1024, 5, 2, EXT_FT_DIR);
		ext_dx_root_init(a, 1024, has_tail, 1, 1);
		mutate(a, round % 4 < 2 ? 48 : 1024);
		ext_dx_node_init(&node, b, 1024, has_tail);
		(void)ext_dx_used_bytes(a, 1024);
		CHECK(ext_dx_tail_at(a, 1024) <= 1024 - 8);
		if (ext_dx_root_open(&x, &shape, a, 1024, has_tail) == 0) {
			good++;
			mutate(a, 1024);	/* behind our back */
			for (u32 i = 0; i < 20; i++)
				ext_dx_insert(&x, ext_dx_find(&x,
				    (u32)unit_random()), 2, 3);
			(void)ext_dx_node_split(&x, &node);
			(void)ext_dx_find(&x, 5);
		} else {
			bad++;
		}
		free(a);
		free(b);
	}
	CHECK(good > 100 && bad > 100);
}

/* ---- extended attributes ---- */

#define ATTRS	12u

static struct ext_xattr_area
area_new(u32 bytes, bool sorted)
{
	struct ext_xattr_area a = { malloc(bytes), sorted ? 32 : 4,
	    sorted ? 0 : 4, bytes, sorted };

	memset(a.b, 0, bytes);
	return a;
}

static struct {
	char		name[40], value[600];
	s32		len;			/* -1: not there */
} attrs[ATTRS];

static struct ext_xattr_name
attr_name(u32 k)
{
	return (struct ext_xattr_name){ 1 + k % 3, attrs[k].name,
	    (u32)strlen(attrs[k].name) };
}

static void
attr_change(const struct ext_xattr_area *a, u32 k, u32 want, bool remove)
{
	struct ext_xattr_name n = attr_name(k);
	u32 at = ext_xattr_find(a, &n);
	bool fits = ext_xattr_fits(a, &n, want);

	if (at != EXT_XATTR_NONE && (remove || fits)) {
		ext_xattr_remove(a, at);
		attrs[k].len = -1;
	}
	if (remove || !fits)
		return;
	memset(attrs[k].value, (int)want + 1, want);
	ext_xattr_add(a, &n, (u8 *)attrs[k].value, want);
	attrs[k].len = (s32)want;
}

static void
attrs_compare(const struct ext_xattr_area *a)
{
	CHECK_EQ(ext_xattr_check(a), 0);
	for (u32 k = 0; k < ATTRS; k++) {
		struct ext_xattr_name n = attr_name(k);
		u32 at = ext_xattr_find(a, &n);

		CHECK((at != EXT_XATTR_NONE) == (attrs[k].len >= 0));
		if (at == EXT_XATTR_NONE)
			continue;
		CHECK_EQ(ext_xattr_at(a, at)->value_size, attrs[k].len);
		CHECK(memcmp(ext_xattr_value(a, at), attrs[k].value,
		    (usize)attrs[k].len) == 0);
	}
}

static void
test_xattr_model(void)
{
	for (u32 round = 0; round < 8; round++) {
		bool small = round % 4 < 2;
		struct ext_xattr_area a = area_new(small ? 96 : 4096,
		    round % 2);
		u32 added = 0;

		for (u32 k = 0; k < ATTRS; k++) {
			sprintf(attrs[k].name, "n%.*s%u", (int)(k * 2),
			    "abcdefghijklmnopqrstuvwxyz", k);
			attrs[k].len = -1;
		}
		for (u32 i = 0; i < 3000; i++) {
			u32 k = (u32)(unit_random() % ATTRS);

			attr_change(&a, k, (u32)(unit_random() %
			    (small ? 20 : 600)), i % 3 == 0);
			added += attrs[k].len >= 0;
			attrs_compare(&a);
		}
		CHECK(added > 100);
		free(a.b);
	}
}

/* As debugfs 1.47.0 hashes user.big of 900 times 'q'. */
static void
test_xattr_hash(void)
{
	struct ext_xattr_area a = area_new(4096, true);
	struct ext_xattr_name n = { EXT_XATTR_USER, "big", 3 };
	u8 value[900];

	memset(value, 'q', sizeof(value));
	ext_xattr_add(&a, &n, value, sizeof(value));
	CHECK_EQ(ext_xattr_at(&a, ext_xattr_find(&a, &n))->hash, 0xf4367170);
	CHECK_EQ(ext_xattr_block_hash(&a), 0xf4367170);
	free(a.b);
}

static void
test_xattr_mutated(void)
{
	u32 sound = 0, unsound = 0;

	for (u32 round = 0; round < 20000; round++) {
		struct ext_xattr_area a = area_new(128, round % 2);
		struct ext_xattr_name n = { 1, "name", 4 };

		ext_xattr_add(&a, &n, (const u8 *)"value", 5);
		n.index = 4;
		ext_xattr_add(&a, &n, (const u8 *)"another", 7);
		mutate(a.b, 128);
		if (ext_xattr_check(&a) != 0) {
			unsound++;
			free(a.b);
			continue;
		}
		sound++;
		n.index = 1;
		for (u32 at = ext_xattr_next(&a, 0); at != EXT_XATTR_NONE;
		    at = ext_xattr_next(&a, 0))
			ext_xattr_remove(&a, at);
		if (ext_xattr_fits(&a, &n, 9))
			ext_xattr_add(&a, &n, (const u8 *)"123456789", 9);
		CHECK_EQ(ext_xattr_check(&a), 0);
		free(a.b);
	}
	CHECK(sound > 100 && unsound > 100);
}

UNIT_MAIN("extdir",
	{ "hashes", test_hashes },
	{ "insert_delete", test_insert_delete },
	{ "full_and_empty", test_full_and_empty },
	{ "mutated_blocks", test_mutated_blocks },
	{ "bad_names", test_bad_names },
	{ "leaf_split", test_leaf_split },
	{ "one_hash_stays", test_one_hash_stays },
	{ "convert", test_convert },
	{ "index", test_index },
	{ "mutated_index", test_mutated_index },
	{ "xattr_model", test_xattr_model },
	{ "xattr_hash", test_xattr_hash },
	{ "xattr_mutated", test_xattr_mutated })
