/*
 * Expressions of one variable, computed for a value of it.
 */
#pragma once

#include "tools/bounds/prog.h"

/* An integer of `width` bits; a pointer is base plus bits, its width 64. */
struct value {
	LLVMValueRef	base;		/* NULL: an integer */
	unsigned	width;
	uint64_t	bits;
};

/* Of what v is computed: the variable `var`, constants, and pointers that do
 * not change in loop `l`. */
struct env {
	const struct fn	*f;
	const struct loop *l;
	LLVMValueRef	var;
	struct value	is;
};

/* False: it depends on something else. */
bool	eval(const struct env *env, LLVMValueRef v, struct value *out);
/* The phi of the loop's head that v is computed of; NULL: none, or many. */
LLVMValueRef eval_variable(const struct fn *f, const struct loop *l,
	    LLVMValueRef v);
int64_t	value_signed(const struct value *v);
