/* What flow.c and the files flow_*.c share. */
#pragma once

#include "tools/bounds/types.h"

/*
 * The graph. A node is a place that a pointer can be in: a value of a
 * function, a slot of a structure, an object without a tag, a result. What is
 * in it are tokens: a function (the pointer points to it), or a structure (the
 * pointer is untyped, and points to one of those). Edges carry tokens; a call
 * through a node makes edges when a function arrives there.
 */
struct node {
	int		*token, ntokens;	/* sorted */
	int		*to, nto;
	struct call	**site;			/* calls through it */
	int		nsites;
	struct slot	at;		/* what it stands for, or none */
	/* Why it may hold what is not seen, and where; NULL: it cannot. */
	const char	*unknown;
	struct src	unknown_at;
};
extern struct node *flow_node;

struct token {
	struct fn	*fn;
	struct ctype	*type;
};
extern struct token *flow_token;

/* A function's part, fn.flow. */
struct flow_fn {
	int		token;		/* -1: nobody took its address */
	int		result;		/* node */
	bool		is_called;	/* by C that we see, nobody else */
	bool		is_root;	/* facts say that assembly calls it */
};
struct flow_fn *flow_fn(struct fn *f);

int	flow_value(LLVMValueRef v);	/* its node */
int	flow_slot_node(struct slot at);
/* An object without a tag: a variable, or an alloca. */
int	flow_object(LLVMValueRef v, uint64_t off);
int	flow_find_object(LLVMValueRef v, uint64_t off);	/* -1: none */
int	flow_find_slot(struct slot at);			/* -1: none */
void	flow_edge(int from, int to);
void	flow_add_fn(int node, struct fn *f);
void	flow_add_type(int node, struct ctype *t);
void	flow_unknown(int node, const char *why, struct src at);
/* c calls through the node. */
void	flow_add_site(int node, struct call *c);
/* To a fixed point; link() joins arguments and results of a found target. */
void	flow_solve(void (*link)(struct call *c, struct fn *f));
/* A node that gets from an unknown one is unknown. */
void	flow_spread_unknown(void);
bool	flow_holds_fn(int node);
/* The functions in it, by id. */
struct fn **flow_functions(int node, int *n);
/* What untyped pointers are stored where no place has a name. */
int	flow_wild(void);

/* ---- types and addresses: flow_addr.c ---- */

/* The opcode of an instruction or a constant expression; 0: neither. */
int	flow_opcode(LLVMValueRef v);
/* What a pointer type points to; NULL: t is no pointer. */
LLVMTypeRef flow_pointee(LLVMTypeRef t);
/* Function pointers, and {}*, as clang 14 writes one whose type is not
 * complete yet. */
bool	flow_is_fp(LLVMTypeRef t);
/* t is or holds one. */
bool	flow_has_fp(LLVMTypeRef t);
/* A pointer whose way is followed: to a function, or untyped. */
bool	flow_is_tracked(LLVMTypeRef t);
/* Types of functions, of calls: the same in C, whatever LLVM calls it. */
bool	flow_same_type(LLVMTypeRef a, LLVMTypeRef b);
/*
 * A step of a GEP: adds its constant offset to *off. False: it is variable
 * (but elements of one array are one, and add nothing).
 */
bool	flow_gep(LLVMValueRef gep, int64_t *off);

/* A place in memory. */
struct addr {
	struct slot	at;		/* at.type NULL: in the object */
	LLVMValueRef	object;		/* variable or alloca without a tag */
};
/* The places that v, an address in module m, can be: more than one where phis
 * choose. 0: some have no name, or it is NULL. */
#define FLOW_ADDRS	8
int	flow_addresses(struct module *m, LLVMValueRef v,
	    struct addr out[FLOW_ADDRS]);
/* The place off bytes behind v. False: none has a name, or several. */
bool	flow_address(struct module *m, LLVMValueRef v, int64_t off,
	    struct addr *out);
int	flow_addr_node(const struct addr *a);
/* "file_ops.read", or a variable's name. */
const char *flow_addr_name(const struct addr *a);
/* The place is one that C declares as a function pointer, or has no tag. */
bool	flow_addr_is_fp(const struct addr *a);

/* ---- constants: flow_init.c ---- */

/* What v, an operand in module m, holds goes to the node. at: the user. */
void	flow_assign(struct module *m, LLVMValueRef v, int node,
	    struct src at);
/* Each function in constant c, off bytes from its start. */
void	flow_each_fn(LLVMValueRef c, uint64_t off,
	    void (*found)(void *arg, LLVMValueRef leaf, uint64_t off),
	    void *arg);
/* Functions that are cast to data in an operand. */
void	flow_check_constant(struct module *m, LLVMValueRef v, struct src at);
void	flow_initialisers(void);

/* ---- puns: flow_pun.c ---- */

/* A cast of pointers, an instruction or a constant, used at `at`. */
void	flow_check_cast(struct module *m, LLVMValueRef cast, struct src at);
/* inst: a call of memcpy or memmove. */
void	flow_check_copy(struct module *m, LLVMValueRef inst);
/* After the solution: casts of untyped pointers against what they hold. */
void	flow_check_untyped(void);
