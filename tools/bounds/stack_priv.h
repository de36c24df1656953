/* What stack.c and stack_join.c share. */
#pragma once

#include "tools/bounds/facts.h"
#include "tools/bounds/prog.h"
#include "tools/bounds/stack_graph.h"

/* A kernel that was built: --stack NAME=DIR. */
struct stack_kernel {
	const char	*name, *dir;
	struct stack_graph graph;
	int		ncut;		/* calls of functions that are cut */
};

/* Look at all bitcode; once, before the rest. */
void	stack_scan(void);
/* What inline assembly pushes at most, in bytes. */
extern uint32_t stack_pushed;

/* Read gcc's files for the modules of the program. E-STACK-DATA. */
void	stack_read(struct stack_kernel *kernel);
/* Then add what facts and bitcode know: frames and calls of assembly, targets
 * of indirect calls. E-STACK-DATA. */
void	stack_complete(struct stack_kernel *kernel);

/* gcc's title of a function: the node's. */
const char *stack_title(const struct fn *f);
/* What facts say of a node, roots apart, or NULL. */
const struct fact *stack_fact(const struct stack_node *n);

static inline struct src
stack_fact_src(const struct fact *f)
{
	return (struct src){ f->file, f->line };
}
