/*
 * Device registers in memory. One instruction an access, by the accumulator:
 * AMD's family 10h wants that of the PCIe configuration window (BKDG 31116,
 * 2.11), and no other device minds.
 */
#pragma once

#include "kernel/lib/types.h"

#define REG_ACCESS(bits, type, suffix) \
static inline type \
reg_read##bits(const void *regs, u32 reg) \
{ \
	type v; \
\
	__asm__ volatile("mov" suffix " %1, %0" : "=a"(v) \
	    : "m"(*(const volatile type *)((const u8 *)regs + reg)) \
	    : "memory"); \
	return v; \
} \
\
static inline void \
reg_write##bits(void *regs, u32 reg, type v) \
{ \
	__asm__ volatile("mov" suffix " %1, %0" \
	    : "=m"(*(volatile type *)((u8 *)regs + reg)) : "a"(v) \
	    : "memory"); \
}

REG_ACCESS(8, u8, "b")
REG_ACCESS(16, u16, "w")
REG_ACCESS(32, u32, "l")
REG_ACCESS(64, u64, "q")
#undef REG_ACCESS
