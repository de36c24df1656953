/*
 * Where function pointers go: field-based flow to a fixed point. Fills
 * call.target of indirect calls.
 */
#pragma once

#include "tools/bounds/prog.h"

void	flow_resolve(void);
/* All functions that may be in a structure's field, "kthread.fn". */
struct fn **flow_slot(const char *slot, int *n);
/* The targets of an ops structure's own initialiser: the function that global
 * `ops` holds in the field that `slot` names ("file_ops.read"); NULL: none. */
struct fn *flow_ops_field(LLVMValueRef ops, const char *slot);
/* All globals whose type is struct `name` (definitions, or elements of arrays
 * and members are not looked for), for file types. */
LLVMValueRef *flow_globals_of(const char *name, int *n);
/* Statistics for the report: indirect calls, mean targets. */
void	flow_stats(int *ncalls, int *ntargets);
