/*
 * Inside the heap analysis: states, traces and summaries. heap.c has the
 * theory.
 */
#pragma once

#include "tools/bounds/facts.h"
#include "tools/bounds/heap.h"

/*
 * Whose promise an allocation is taken from. Rows of the table follow the
 * pseudo-rows that a function's summary is written in.
 */
enum {
	SEG_ENTRY,		/* the caller's segment goes on */
	SEG_RENEWED,		/* the caller's row, begun anew in here */
	SEG_NONE,		/* there is no charge */
	SEG_ROW			/* + index in heap_row */
};

/*
 * How a level came to be, newest first, for `why`: an allocation, a call with
 * the trace of what it took, a free, or the earlier turns of a loop.
 */
struct trace {
	const struct trace	*prev;
	enum { TRACE_ALLOC, TRACE_FREE, TRACE_CALL, TRACE_LOOP } kind;
	const struct call	*call;
	int			cls;		/* ALLOC, FREE */
	const struct trace	*sub, *until;	/* CALL; LOOP: one turn */
	int64_t			turns;		/* LOOP */
};

/* What one segment holds at a program point. */
struct level {
	int			seg;
	bool			suspended;	/* dropped: renewal_begin() */
	uint64_t		live;	/* sites allocated in this segment */
	const struct trace	*trace;
	struct need		v;
};

/* The segments that may be running at a program point; none: unreachable. */
struct state {
	int		n, cap;
	struct level	*level;
};

/*
 * What a function does to the segment it is called in, in one context: the
 * file type (index in heap_type) whose operations calls through file_ops
 * reach, or -1 for any.
 */
struct summary {
	bool			busy, done;
	struct need		peak;		/* while ENTRY goes on */
	struct need		renewed;	/* RENEWED's own peak */
	/* The dearest single path, and its bytes; peaks are over all. */
	const struct trace	*peak_trace, *renewed_trace;
	uint64_t		peak_best, renewed_best;
	struct state		exit;		/* at return */
	bool			fresh;		/* what it returns is new, and
						 * live in every segment */
};

/* A file type: an ops structure with rows of its own. */
struct heap_type {
	LLVMValueRef	ops;
	const char	*name;		/* "pipe_file_ops" */
	int		unrowed;	/* its one row if it declares none */
};
extern struct heap_type *heap_type;
extern int heap_ntypes;

/* One execution of a function in a context. */
struct run {
	struct fn	*fn;
	int		type;		/* the context: a file type, or -1 */
	struct summary	*sum;
	struct state	*in;		/* [block] arriving */
	bool		quiet;		/* a trial run: no messages, no peaks */
	bool		*begun;		/* [segment] begun anew since the
					 * innermost loop's run began */
	struct growth	*growth;	/* the growing loops around */
};

/* The row of a global struct bound, or element of an array of them; -1. */
int	heap_row_of(LLVMValueRef pointer);
/* By name; -1: none. */
int	heap_row_named(const char *name);
/* The row of operation op (enum file_op) on files of a type; -1: none. */
int	heap_type_row(int type, int64_t op);
/* The type a row belongs to, or -1. */
int	heap_row_type(int row);
/* The class of an allocation or free, or -1 after a message. */
int	heap_class_of(const struct call *c);

/* v is at least w, componentwise; did it grow? */
bool	need_max(struct need *v, const struct need *w);
bool	need_is_zero(const struct need *v);

/* heap_state.c */
struct level *state_find(const struct state *s, int seg, bool suspended);
struct level *state_add(struct state *s, int seg, bool suspended);
void	state_clear(struct state *s);
void	state_free(struct state *s);
void	state_copy(struct state *s, const struct state *from);
/* Componentwise maximum into s; true if it grew. */
bool	state_join_level(struct state *s, const struct level *l);
bool	state_join(struct state *s, const struct state *other);
const struct trace *trace_step(const struct trace *prev, int kind,
	    const struct call *call, int cls, const struct trace *sub);
/* A call that took sub; prev if that is nothing. */
const struct trace *trace_call(const struct trace *prev,
	    const struct call *call, const struct trace *sub);

/* heap_step.c */
/* Does c call an operation of a file, by struct file_ops? */
bool	heap_is_file_call(const struct call *c);
void	heap_step(struct run *run, struct state *s, const struct call *c);

/* heap_flow.c */
const struct summary *heap_summary(struct fn *f, int type);
bool	heap_reaches_files(const struct fn *f);
/* Is f's body to be analysed? Not a primitive's, which facts stand for. */
bool	heap_looks_into(const struct fn *f);
/* E-UNRESERVED, with the path to what is taken. */
void	heap_unreserved(const struct trace *t);
void	heap_record(int seg, const struct need *v, const struct trace *t);
/* [row] the dearest single path, and its bytes */
extern const struct trace **heap_row_trace;
extern uint64_t *heap_row_best;

/*
 * heap_credit.c: frees that the analysis can see. A site is an allocation of
 * the function (or a call that returns a new object).
 */
#define SITES_MAX	64
int	credit_site_of(const struct fn *f, const struct call *c); /* or -1 */
/* The site whose object call c frees for certain, or -1. */
int	credit_freed_site(const struct fn *f, const struct call *c);
int	credit_site_class(const struct fn *f, int site);
/* The class of the new object that f returns by site, or -1. */
int	credit_returned_site(const struct fn *f);
void	credit_prepare(struct fn *f);
