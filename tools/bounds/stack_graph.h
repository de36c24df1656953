/*
 * gcc's own account of the code that it made: a frame for each function, and
 * its calls after inlining (-fcallgraph-info=su,da, a .ci file per object).
 * Functions are nodes, by title: "name", or "file.c:name" for a static one,
 * with gcc's suffix for a clone (".isra.0"). Knows nothing of LLVM.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tools/bounds/src.h"
#include "tools/bounds/table.h"

struct stack_node;

struct stack_edge {
	struct stack_node *to;
	struct src	at;		/* of the call; line 0: unknown */
};

struct stack_node {
	const char	*title;
	const char	*name;		/* the source's: no file, no suffix */
	struct src	at;		/* of the definition */
	int		id;		/* index in graph.node */
	bool		has_data;	/* bytes is known */
	bool		is_cut;		/* calls of it do not count */
	bool		is_dynamic;	/* its frame has no static size */
	uint32_t	bytes;		/* with the return address */
	struct stack_edge *edge;
	int		nedges;
	struct src	*icall;		/* indirect calls, not resolved yet */
	int		nicalls;

	/* graph_deepest() */
	enum { NODE_NEW, NODE_OPEN, NODE_DONE } state;
	int		order;		/* of DONE ones: callees are lower */
	uint32_t	below;		/* deepest, from here, bytes included */
	const struct stack_edge *deepest; /* NULL: it is a leaf */
};

struct stack_graph {
	struct stack_node **node;
	int		nnodes;
	struct str_table by_title;
	struct stack_node **done;	/* callees first */
	int		ndone;
};

/* Read a .ci file. NULL, or what is wrong with it. */
const char *graph_read(struct stack_graph *, const char *path);
/* The node of a title, made if need be. */
struct stack_node *graph_node(struct stack_graph *, const char *title);
/* The same, NULL if there is none. */
struct stack_node *graph_find(const struct stack_graph *, const char *title);
void	graph_add_edge(struct stack_node *from, struct stack_node *to,
	    struct src at);

/*
 * The deepest stack from n on, in n->below; follow n->deepest for the path.
 * Calls cycle(members, n, arg) for a cycle and goes on without its last edge;
 * the first member calls the second, and the last the first.
 */
typedef void stack_cycle_fn(struct stack_node *const *member, int n);
void	graph_deepest(struct stack_graph *, struct stack_node *n,
	    stack_cycle_fn *cycle);

/*
 * The deepest ways down from root, which is DONE: for each node, by id, the
 * bytes from root to it, both included, and the caller on that way with the
 * place of its call.
 */
struct stack_way {
	bool		is_reached;
	uint32_t	bytes;
	const struct stack_node *caller; /* NULL: it is the root */
	struct src	at;
};
struct stack_way *graph_ways(const struct stack_graph *,
	    const struct stack_node *root);
