/*
 * Trees (fs/cache/tree.c) against a plain array.
 *
 * The model says of each object at which index it is, and its tags; what the
 * tree says of an index is compared on each turn. Indices are near, far and
 * very far, and some at the upper end, where sums may overflow. Trees of few
 * objects come and go, so that the root changes its kind often.
 *
 * Nodes are given back after a grace period only, which is over when the test
 * says so: the address sanitizer sees who reads one later. No node is lost, and
 * an insert takes no more than its bound says.
 */
#include "tests/unit/unit.h"

#include "fs/cache/tree.h"
#include "kernel/mem/slab.h"

#define OBJECTS_MAX	600
#define TURNS		40000
#define NODES_A_FRAME	7		/* slab.c; tree_insert() */

static long nodes;			/* living ones, waiting too */
static struct rcu_head *waiting;	/* for the grace period's end */

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
rcu_call(struct rcu_head *head, void (*fn)(struct rcu_head *))
{
	head->fn = fn;
	head->next = waiting;
	waiting = head;
}

static void
grace_period(void)
{
	while (waiting != NULL) {
		struct rcu_head *h = waiting;

		waiting = h->next;
		h->fn(h);
	}
}

void
assert_failed(const char *expr, const char *file, int line)
{
	fprintf(stderr, "# %s:%d: %s\n", file, line, expr);
	abort();
}

/* The model: object[i] is at at[i] (~0: not in), with tags[i]. */
struct object {
	u64	bytes[5];
};
static struct object object[OBJECTS_MAX];
static u64 at[OBJECTS_MAX];
static u32 tags[OBJECTS_MAX];
static struct tree t;

static void
insert(u64 index, u32 i)
{
	void *p = &object[i];

	tree_insert(&t, index, &p, 1);
	at[i] = index;
	tags[i] = 0;
}

static u64
random_index(void)
{
	static const u32 bits[] =
	    { 0, 1, 3, 6, 7, 12, 13, 20, 36, 50, 60, 63 };
	u64 r = unit_random(), low = BIT(bits[r % ARRAY_LEN(bits)]) - 1;

	r >>= 32;
	/* Some stand at the upper end, where sums may overflow. */
	return r % 16 == 0 ? ~0ul - 1 - (unit_random() & low & 0xfff) :
	    unit_random() & low;
}

static int
find_slow(u64 index)
{
	for (int i = 0; i < OBJECTS_MAX; i++)
		if (at[i] == index)
			return i;
	return -1;
}

/* The first index with one of these tags, or (0) with any object. */
static u64
next_slow(u64 index, u32 mask)
{
	u64 best = ~0ul;

	for (int i = 0; i < OBJECTS_MAX; i++)
		if (at[i] != ~0ul && at[i] >= index && at[i] < best &&
		    (mask == 0 || (tags[i] & mask)))
			best = at[i];
	return best;
}

static void
reset(void)
{
	t = (struct tree){ .root = NULL };
	memset(at, 0xff, sizeof(at));
	memset(tags, 0, sizeof(tags));
}

static void
drop_all(void)
{
	for (u64 i = tree_next(&t, 0); i != ~0ul; i = tree_next(&t, i + 1))
		CHECK(tree_remove(&t, i) != NULL);
	CHECK_EQ(t.nobjects, 0);
	CHECK(t.root == NULL);
	for (u32 tag = 0; tag < TREE_TAGS; tag++)
		CHECK(!tree_has_tagged(&t, tag));
	grace_period();
	CHECK_EQ(nodes, 0);
}

static void
check_at(u64 index, int have)
{
	void *want = have < 0 ? NULL : &object[have];

	CHECK(tree_find(&t, index) == want);
	CHECK(tree_find_rcu(&t, index) == want);
	CHECK_EQ(tree_next(&t, index), next_slow(index, 0));
	for (u32 tag = 0; tag < TREE_TAGS; tag++) {
		CHECK_EQ(tree_next_tagged(&t, index, tag),
		    next_slow(index, BIT(tag)));
		CHECK_EQ(tree_is_tagged(&t, index, tag),
		    have >= 0 && tags[have] & BIT(tag));
		CHECK_EQ(tree_has_tagged(&t, tag),
		    next_slow(0, BIT(tag)) != ~0ul);
	}
}

/* Something happens to object i, which is at index. */
static void
change(u64 index, int i)
{
	u64 r = unit_random() >> 20;
	enum tree_tag tag = r % TREE_TAGS;

	switch (r / TREE_TAGS % 4) {
	case 0:
		CHECK(tree_remove(&t, index) == &object[i]);
		CHECK(tree_remove(&t, index) == NULL);
		at[i] = ~0ul;
		break;
	case 1:
	case 2:
		tree_tag(&t, index, tag);
		tags[i] |= BIT(tag);
		break;
	case 3:
		tree_untag(&t, index, tag);
		tags[i] &= ~BIT(tag);
		break;
	}
}

/* limit: how many may be in; few make the tree come and go. */
static void
random_turns(u64 limit)
{
	reset();
	for (int turn = 0; turn < TURNS && unit_bad == 0; turn++) {
		u64 index = random_index();
		int have, i = unit_random() % OBJECTS_MAX;

		if (turn % 3 == 0)
			index = next_slow(index, 0);
		if (index == ~0ul)
			continue;
		have = find_slow(index);
		check_at(index, have);
		if (have >= 0)
			change(index, have);
		else if (at[i] == ~0ul && t.nobjects < limit)
			insert(index, i);
		if (turn % 50 == 0)
			grace_period();
	}
	drop_all();
}

static void
test_random(void)
{
	random_turns(OBJECTS_MAX);
}

static void
test_random_few(void)
{
	random_turns(3);
}

/* One object at 0 has no node; it keeps its tags as the tree grows. */
static void
test_small(void)
{
	reset();
	insert(0, 0);
	CHECK_EQ(nodes, 0);
	CHECK(tree_find(&t, 1) == NULL);
	tree_tag(&t, 0, TREE_WRITEBACK);
	CHECK(tree_is_tagged(&t, 0, TREE_WRITEBACK));
	CHECK(!tree_is_tagged(&t, 0, TREE_DIRTY));
	insert(1, 1);
	CHECK_EQ(nodes, 1);
	insert(4096, 2);
	CHECK(tree_find(&t, 0) == &object[0]);
	CHECK(tree_find(&t, 1) == &object[1]);
	CHECK(tree_find(&t, 4096) == &object[2]);
	CHECK_EQ(tree_next(&t, 2), 4096);
	CHECK_EQ(tree_next(&t, 4097), ~0ul);
	CHECK(tree_is_tagged(&t, 0, TREE_WRITEBACK));
	CHECK_EQ(tree_next_tagged(&t, 1, TREE_WRITEBACK), ~0ul);
	drop_all();
}

/* Another object at the same place has the tags of the one before. */
static void
test_replace(void)
{
	static const u64 places[] = { 0, 5, 64, 1ul << 40, ~0ul - 1 };

	for (u32 k = 0; k < ARRAY_LEN(places); k++) {
		reset();
		insert(places[k], 0);
		tree_tag(&t, places[k], TREE_DIRTY);
		tree_replace(&t, places[k], &object[1]);
		CHECK(tree_find(&t, places[k]) == &object[1]);
		CHECK(tree_is_tagged(&t, places[k], TREE_DIRTY));
		CHECK_EQ(t.nobjects, 1);
		drop_all();
	}
}

/* A run with holes: its objects are where they belong, and nothing else is. */
static void
test_run(void)
{
	for (u32 bits = 0; bits < 64; bits++) {
		void *run[16] = { NULL };
		u64 first = ROUND_DOWN(unit_random() & (BIT(bits) - 1), 16ul);

		reset();
		for (u32 i = 0; i < 16; i++) {
			if (unit_random() % 2 == 0 && i < 15)
				continue;
			run[i] = &object[i];
			at[i] = first + i;
		}
		tree_insert(&t, first, run, 16);
		for (u32 i = 0; i < 16; i++)
			CHECK(tree_find(&t, first + i) == run[i]);
		CHECK_EQ(tree_next(&t, 0), next_slow(0, 0));
		CHECK_EQ(tree_next(&t, first + 16), ~0ul);
		drop_all();
	}
}

/* What a run takes: the nodes above an old tree, and a path below them. The
 * most is 21, three frames. */
static void
test_node_bound(void)
{
	long most = 0;

	for (u32 bits = 0; bits < 64; bits++) {
		void *run[16];
		u64 first = ROUND_DOWN(BIT(bits), 16ul);
		long before;

		reset();
		insert(first == 0 ? 16 : 0, 16);
		before = nodes;
		for (u32 i = 0; i < 16; i++)
			run[i] = &object[i];
		tree_insert(&t, first, run, 16);
		if (most < nodes - before)
			most = nodes - before;
		drop_all();
	}
	CHECK_EQ(most, 2 * TREE_HEIGHT_MAX - 1);
	CHECK(most <= 3 * NODES_A_FRAME);
}

/*
 * What a reader stands on stays until the grace period is over: the address
 * sanitizer looks on. It finds the object, or nothing.
 */
static void
test_reader(void)
{
	struct tree old;

	reset();
	insert(70000, 0);
	old = t;			/* a reader has loaded the root */
	CHECK(tree_remove(&t, 70000) == &object[0]);
	CHECK(t.root == NULL);
	CHECK(nodes > 0);
	CHECK(tree_find_rcu(&old, 70000) == NULL);
	insert(1, 1);
	CHECK(tree_find_rcu(&old, 1) == NULL);
	old = t;
	insert(5000, 2);		/* grows: the old root is below */
	CHECK(tree_find_rcu(&old, 1) == &object[1]);
	CHECK(tree_find_rcu(&old, 5000) == NULL);
	drop_all();
}

UNIT_MAIN("tree",
    { "random", test_random },
    { "random_few", test_random_few },
    { "small", test_small },
    { "replace", test_replace },
    { "run", test_run },
    { "node_bound", test_node_bound },
    { "reader", test_reader },
)
