/*
 * What check.sh asks the outputs of: two calls, a table of operations, loops,
 * and one class that has its maximum on another path than the frames.
 */
#include "tests/bounds/mini.h"

struct node {
	u64	key;
	u64	value[30];
};
static KMEM_CACHE(node_cache, "node", struct node);
struct store {
	void	(*fill)(u64 n);
};

static void
fill_frames(u64 n)
{
	/* A store has at most 6 frames: its header has room
	 * for no more. */
	for_bound(6, u64 i = 0; i < n; i++)
		use(frame_get(FRAME_KERNEL));
}

static void
fill_nodes(u64 n)
{
	for_bound(20, u64 i = 0; i < n; i++)	/* a leaf's keys */
		use(kmem_get(&node_cache));
}

static const struct store stores[] = { { fill_frames }, { fill_nodes } };

CALL(store)
{
	use(kmem_get(&node_cache));
	stores[tf->rdi & 1].fill(tf->rsi);
	return 0;
}

CALL(nothing)
{
	return (long)tf->rdi;
}

SYSCALLS = { ROW(store), ROW(nothing) };
