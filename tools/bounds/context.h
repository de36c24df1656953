/*
 * In which contexts the kernel does what: no lock is held where a point of
 * reservation may wait, nothing sleeps where it must not, interrupts do not
 * allocate, indefinite sleeps hold no charge. context.c has the method.
 */
#pragma once

#include <stdio.h>

#include "tools/bounds/prog.h"

/* Needs prog, facts, flow. */
void	context_analyse(void);
/* Each lock, of what kind it is and where it is taken. */
void	context_print(FILE *out);
