/*
 * The program, as the analyses see it: functions, blocks, loops and calls of
 * all translation units at once, read from LLVM bitcode.
 *
 * One LLVM module stays one module (linking them would rename structure types
 * and lose call targets); symbols are resolved here, by name and linkage.
 * Everything is built once by prog_load() and flow_resolve(), then read only.
 * Nothing is ever freed: the tool runs for two seconds.
 */
#pragma once

#include <llvm-c/Core.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/bounds/src.h"

struct fact;

struct module {
	LLVMModuleRef	ll;
	const char	*path;		/* of the bitcode */
};

/*
 * A call instruction. Inline assembly and LLVM's intrinsics are none. Calls
 * stand in fn.call in the order of blocks and instructions; dead blocks have
 * none.
 */
struct call {
	LLVMValueRef	inst;
	struct fn	*caller;
	int		block;		/* index in caller->block */
	struct src	at;
	bool		indirect;
	/* One for a direct call. For an indirect one what flow.c found; empty:
	 * E-ICALL was reported. */
	struct fn	**target;
	int		ntargets;
	/* Indirect: where the pointer came from, "file_ops.read", or NULL. */
	const char	*slot;
};

struct block {
	LLVMBasicBlockRef bb;
	int		*succ, nsucc;	/* indices in fn.block, each once */
	int		*pred, npred;
	int		idom;		/* immediate dominator; entry: itself */
	int		rpo;		/* in reverse post-order; -1: dead */
	int		loop;		/* innermost loop, or -1 */
	int		call, ncalls;	/* first in fn.call, how many */
};

/* How a loop's turns are known. */
enum loop_kind {
	LOOP_UNKNOWN,
	LOOP_CONSTANT,			/* derived; turns */
	LOOP_STATED,			/* for_bound(), while_bound() */
	LOOP_PAID,			/* LOOP_PAID(row): row's promise pays */
};

/* A natural loop. */
struct loop {
	int		head;
	int		parent;		/* index in fn.loop, or -1 */
	int		depth;		/* 1: outermost */
	bool		*in;		/* [fn.nblocks] members */
	enum loop_kind	kind;
	int64_t		turns;		/* at most; CONSTANT and STATED */
	/* The block entered once in each turn, that is at most `turns` times;
	 * what is before it in the loop may run once more. -1: the latches'. */
	int		turn_block;
	struct call	*marker;	/* STATED, PAID */
	struct src	at;
};

struct fn {
	LLVMValueRef	value;		/* the definition; asm: a declaration,
					 * or NULL: no C names it */
	const char	*name;
	struct module	*module;	/* NULL: asm */
	struct src	at;
	int		id;		/* index in prog.fn */
	bool		is_defined;	/* has a body here */
	bool		is_static;
	bool		is_noreturn;
	bool		address_taken;
	const struct fact *fact;	/* what facts say of it, or NULL */

	struct block	*block;		/* [0] is the entry */
	int		nblocks;
	int		*rpo, nrpo;	/* live blocks in reverse post-order */
	struct loop	*loop;		/* outer before inner */
	int		nloops;
	struct call	*call;
	int		ncalls;

	void		*heap, *context, *stack, *flow;	/* each one's own */
};

struct prog {
	struct module	*module;
	int		nmodules;
	struct fn	**fn;		/* all, asm ones too */
	int		nfns;
};
extern struct prog prog;

/*
 * Read the modules, run mem2reg, build functions, blocks, loops and direct
 * calls. Exits with 2 when a file cannot be read.
 */
void	prog_load(char **paths, int n);

/* The function of an LLVM function value (declaration or definition), after
 * symbol resolution; casts and aliases are looked through. NULL: none. */
struct fn *prog_fn(LLVMValueRef v);
/* By name; a static one too if it is the only one of that name. NULL: none. */
struct fn *prog_fn_named(const char *name);
/* The definition of a global variable, whatever module v is from. */
LLVMValueRef prog_global(LLVMValueRef v);
LLVMValueRef prog_global_named(const char *name);
/* Looks through casts, aliases and (constant) zero GEPs. */
LLVMValueRef prog_strip(LLVMValueRef v);
struct src prog_src(LLVMValueRef inst);

/* The call of an instruction of f, or NULL (not a call, or asm). */
struct call *fn_call_of(const struct fn *f, LLVMValueRef inst);
/* Index of a basic block of f. */
int	fn_block_of(const struct fn *f, LLVMBasicBlockRef bb);
/* a dominates b (a == b too). */
bool	fn_dominates(const struct fn *f, int a, int b);
/* Argument i of a call; the constant it is, if it is one. */
LLVMValueRef call_arg(const struct call *c, unsigned i);
bool	value_const(LLVMValueRef v, int64_t *out);

/*
 * Functions bottom-up: callees before callers, by direct and resolved calls,
 * over defined functions. What is in a cycle is reported once (E-RECURSION),
 * and the cycle cut. Valid after flow_resolve().
 */
struct fn **prog_bottom_up(int *n);
