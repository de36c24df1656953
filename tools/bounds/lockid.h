/*
 * Which lock an address is: a field of a structure ("inode.lock", all inodes
 * alike), a global, or a parameter that the caller will tell.
 */
#pragma once

#include "tools/bounds/prog.h"

/* Locks that have no address. */
enum {
	LOCK_UNKNOWN,		/* an address that cannot be told */
	LOCK_PREEMPT,		/* preemption off */
	LOCK_IRQ,		/* interrupts off */
	LOCK_RCU,		/* an RCU read section */
	LOCK_FIRST
};

/* A lock's number; below 0: the parameter that is its address. */
#define LOCK_PARAM(i)	(-1 - (i))
#define LOCK_IS_PARAM(l) ((l) < 0)
#define LOCK_PARAM_OF(l) (-1 - (l))

/* The lock whose address v is, in a function of module m. */
int	lock_of_address(const struct fn *f, LLVMValueRef v);
/* The same lock for the caller: a parameter becomes the argument's lock. */
int	lock_for_caller(const struct call *c, int lock);
const char *lock_name(int lock);
