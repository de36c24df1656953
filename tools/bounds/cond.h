/*
 * What a branch says of values: comparisons that hold where it leads.
 */
#pragma once

#include "tools/bounds/prog.h"

/* "l pred r" holds. */
struct atom {
	LLVMIntPredicate pred;
	LLVMValueRef	l, r;
};

#define ATOMS_MAX	48

struct atoms {
	struct atom	atom[ATOMS_MAX];
	int		n;
};

/* What holds when cond is `truth`: its conjuncts, as far as they show. */
void	cond_atoms(const struct fn *f, LLVMValueRef cond, bool truth,
	    struct atoms *out);
/* What holds wherever block b of f runs, by the branches that lead to it. */
void	cond_atoms_at(const struct fn *f, int b, struct atoms *out);
/* What the edge between two blocks says. */
void	cond_atoms_edge(const struct fn *f, int from, int to,
	    struct atoms *out);
/* Without casts between booleans and integers, and likely(). */
LLVMValueRef cond_plain(LLVMValueRef v);
