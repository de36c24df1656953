/* What prog.c, cfg.c, trip.c and facts.c share. */
#pragma once

#include "tools/bounds/prog.h"

/* Blocks, order, dominators and loops of f; then its calls may be listed. */
void	cfg_build(struct fn *f);
/* How often each loop of f turns. Needs f.call and the facts. */
void	trip_find(struct fn *f);
/* Lists the calls of each block; f.block is built. */
void	prog_list_calls(struct fn *f);
/* A function that only a fact knows: assembly that no C code calls. */
struct fn *prog_add_named(const char *name);
/* The next function of that name after `last` (NULL: the first): static ones
 * of a header have a copy in each module. */
struct fn *prog_next_named(const char *name, const struct fn *last);
/* E-EXTERN for each callee that has neither source nor fact. */
void	prog_check_externs(void);
