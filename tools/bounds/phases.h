/* The analyses that main.c runs, beside flow.h's and heap.h's. */
#pragma once

/* trip.c: how often each loop turns; E-LOOP-BOUND. Needs facts. */
void	trip_find_all(void);
/* context.c: locks, sleeps, interrupts */
void	context_analyse(void);
/* stack.c: the deepest stack of each entry */
void	stack_analyse(void);
