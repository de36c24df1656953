/*
 * Single stores to user memory, for what is written field by field (signal
 * frames): a store each, no copy of the whole in between.
 *
 *	user_put_begin();
 *	USER_PUT(at, offset, value, fault);	... any number
 *	user_put_end();
 *	return true;
 * fault:
 *	user_put_end();
 *
 * Between begin and end nothing may sleep and no function be called. The caller
 * has checked that the range is user space (user_range_ok).
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/extable.h"

/* In the list of usercopy_patch(): NOPs where there is no SMAP (smap.h). */
#define SMAP_SITE(insn) \
	"661: " insn "\n" \
	".pushsection .smap_sites, \"a\"\n" \
	".long 661b - .\n" \
	".popsection\n"

static always_inline void
user_put_begin(void)
{
	__asm__ volatile(SMAP_SITE("stac") ::: "memory", "cc");
}

static always_inline void
user_put_end(void)
{
	__asm__ volatile(SMAP_SITE("clac") ::: "memory", "cc");
}

/* The u64 value to addr + offset; goes to fault if the page is not there. */
#define USER_PUT(addr, offset, value, fault) \
	__asm__ goto("1: movq %1, %c2(%0)\n" EXTABLE_C("1b", "%l3") \
	    :: "r"((u64)(addr)), "r"((u64)(value)), "i"((u64)(offset)) \
	    : "memory" : fault)
