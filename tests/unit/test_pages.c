/*
 * tmpfs's page trees against a sorted array: random inserts, removals and
 * look-ups at near, far and very far indices; no node is lost.
 */
#include "tests/unit/unit.h"

#include "fs/tmpfs/tree.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"

#define PAGES_MAX	600
#define TURNS		20000

static long nodes;			/* living tree nodes */

void *
kmem_get_zero(struct kmem_cache *cache)
{
	nodes++;
	return calloc(1, cache->size);
}

void
kmem_put(struct kmem_cache *cache, void *obj)
{
	(void)cache;
	nodes--;
	free(obj);
}

void
assert_failed(const char *expr, const char *file, int line)
{
	fprintf(stderr, "# %s:%d: %s\n", file, line, expr);
	abort();
}

static struct frame pool[PAGES_MAX];
static u64 at[PAGES_MAX];		/* index of pool[i]; ~0: not in */
static struct page_tree t;

static void
insert(u64 index, struct frame *f)
{
	tree_insert(&t, index, &f, 1);
}

static u64
random_index(void)
{
	static const u32 bits[] = { 0, 3, 6, 7, 12, 13, 20, 36, 50 };
	u64 r = unit_random();

	return unit_random() & (BIT(bits[r % ARRAY_LEN(bits)]) - 1);
}

static int
find_slow(u64 index)
{
	for (int i = 0; i < PAGES_MAX; i++)
		if (at[i] == index)
			return i;
	return -1;
}

static u64
next_slow(u64 index)
{
	u64 best = ~0ul;

	for (int i = 0; i < PAGES_MAX; i++)
		if (at[i] != ~0ul && at[i] >= index && at[i] < best)
			best = at[i];
	return best;
}

static void
reset(void)
{
	t = (struct page_tree){ .root = NULL };
	memset(at, 0xff, sizeof(at));
}

static void
drop_all(void)
{
	for (u64 i = tree_next(&t, 0); i != ~0ul; i = tree_next(&t, i + 1))
		CHECK(tree_remove(&t, i) != NULL);
	CHECK_EQ(t.npages, 0);
	CHECK_EQ(nodes, 0);
	CHECK(t.root == NULL);
}

static void
test_random(void)
{
	reset();
	for (int turn = 0; turn < TURNS; turn++) {
		u64 index = random_index();
		int have = find_slow(index), i = unit_random() % PAGES_MAX;

		CHECK(tree_find(&t, index) ==
		    (have < 0 ? NULL : &pool[have]));
		CHECK_EQ(tree_next(&t, index), next_slow(index));
		if (have >= 0) {
			CHECK(tree_remove(&t, index) == &pool[have]);
			CHECK(tree_remove(&t, index) == NULL);
			at[have] = ~0ul;
		} else if (at[i] == ~0ul) {
			insert(index, &pool[i]);
			at[i] = index;
		}
	}
	drop_all();
}

/* A small file has no node; its one page stays where it is as it grows. */
static void
test_small(void)
{
	reset();
	insert(0, &pool[0]);
	CHECK_EQ(nodes, 0);
	CHECK(tree_find(&t, 1) == NULL);
	insert(1, &pool[1]);
	CHECK_EQ(nodes, 1);
	insert(4096, &pool[2]);
	CHECK(tree_find(&t, 0) == &pool[0]);
	CHECK(tree_find(&t, 1) == &pool[1]);
	CHECK(tree_find(&t, 4096) == &pool[2]);
	CHECK_EQ(tree_next(&t, 2), 4096);
	CHECK_EQ(tree_next(&t, 4097), ~0ul);
	drop_all();
}

/* A run with holes: its pages are where they belong, and nothing else is. */
static void
test_run(void)
{
	for (u32 bits = 0; bits < 52; bits++) {
		struct frame *run[16] = { NULL };
		u64 first = ROUND_DOWN(unit_random() & (BIT(bits) - 1), 16);

		reset();
		for (u32 i = 0; i < 16; i++) {
			if (unit_random() % 2 == 0 && i < 15)
				continue;
			run[i] = &pool[i];
			at[i] = first + i;
		}
		tree_insert(&t, first, run, 16);
		for (u32 i = 0; i < 16; i++)
			CHECK(tree_find(&t, first + i) == run[i]);
		CHECK_EQ(tree_next(&t, 0), next_slow(0));
		CHECK_EQ(tree_next(&t, first + 16), ~0ul);
		drop_all();
	}
}

/* What a run takes: the nodes above an old tree, and a path below them. */
static void
test_node_bound(void)
{
	for (u32 bits = 0; bits < 52; bits++) {
		struct frame *run[16];
		u64 first = ROUND_DOWN(BIT(bits), 16);
		long before;

		reset();
		insert(first == 0 ? 16 : 0, &pool[16]);
		before = nodes;
		for (u32 i = 0; i < 16; i++)
			run[i] = &pool[i];
		tree_insert(&t, first, run, 16);
		CHECK(nodes - before < 2 * (long)TREE_HEIGHT_MAX);
		drop_all();
	}
}

UNIT_MAIN("pages",
    { "random", test_random },
    { "small", test_small },
    { "run", test_run },
    { "node_bound", test_node_bound },
)
