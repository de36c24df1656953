/*
 * Only for kernel/x86.
 */
#pragma once

#include "kernel/lib/types.h"

struct bootinfo;

/* Choose a page below 1 MiB for the trampoline, and take it out of the map. */
void	smp_choose_trampoline(struct bootinfo *bi);
void	smp_call_irq(void);		/* VECTOR_IPI_CALL came */
