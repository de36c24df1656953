/* What the programs of this folder have in common; enter.facts, fine.facts. */
#pragma once

/* Each stays a function of its own; `once` may become a clone. */
#if defined(__clang__)
#define noinline	__attribute__((__noinline__))
#else
#define noinline	__attribute__((__noinline__, noclone))
#endif
#define once		__attribute__((__noinline__))

void	enter(void);			/* the entry */
void	handler(void);			/* an interrupt's handler */
void	stop(void) __attribute__((noreturn));	/* opaque */
