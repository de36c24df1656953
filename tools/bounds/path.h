/*
 * A costliest path as a tree: heap.c gives it as a list of allocations, each
 * with its stack of calls; what stacks have in common is one branch here. The
 * order of the path stays where it matters: where something is given back.
 */
#pragma once

#include "tools/bounds/heap.h"

struct path {
	const char	*fn;		/* that is called here */
	struct src	at;		/* where; of the root: its definition */
	const struct call *call;	/* NULL: the root */
	const char	*slot;		/* an indirect call's, or NULL */
	bool		is_event;	/* allocates, and has no branches */
	int		cls;
	int64_t		count;		/* with all turns; negative: a free */
	int64_t		turns;
	struct path	*kid;
	int		nkids;
};

/* The root's name and place are the caller's to say: a row, a function. */
struct path *path_tree(const struct heap_event *event, int n, const char *name,
	    struct src at);
/* The most of each class that is held at any moment of the path. */
struct need path_peak(const struct path *p);
