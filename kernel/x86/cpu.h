/*
 * Instructions of the CPU as functions, and its control registers' bits.
 * Source: Intel SDM volumes 2 and 3A.
 */
#pragma once

#include "kernel/lib/types.h"

#define RFLAGS_IF		BIT(9)

static inline void
cpu_irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static inline void
cpu_irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

/* Disable interrupts; returns the flags for cpu_irq_restore(). */
static inline u64
cpu_irq_save(void)
{
	u64 flags;

	__asm__ volatile("pushf; pop %0; cli" : "=rm"(flags) :: "memory");
	return flags;
}

static inline void
cpu_irq_restore(u64 flags)
{
	if (flags & RFLAGS_IF)
		cpu_irq_enable();
}

static inline bool
cpu_irq_is_enabled(void)
{
	u64 flags;

	__asm__ volatile("pushf; pop %0" : "=rm"(flags));
	return flags & RFLAGS_IF;
}

static inline void
cpu_pause(void)
{
	__asm__ volatile("pause" ::: "memory");
}

/* Enable interrupts and sleep until one comes; no wake-up is lost between. */
static inline void
cpu_idle_wait(void)
{
	__asm__ volatile("sti; hlt" ::: "memory");
}

static inline void
barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

static inline u64
cpu_rdmsr(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}

static inline void
cpu_wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" :: "c"(msr), "a"((u32)value),
	    "d"((u32)(value >> 32)) : "memory");
}

static inline u64
cpu_rdtsc(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

static inline u64
cpu_read_cr2(void)
{
	u64 v;

	__asm__ volatile("mov %%cr2, %0" : "=r"(v));
	return v;
}

static inline u64
cpu_read_cr3(void)
{
	u64 v;

	__asm__ volatile("mov %%cr3, %0" : "=r"(v));
	return v;
}

static inline void
cpu_write_cr3(u64 v)
{
	__asm__ volatile("mov %0, %%cr3" :: "r"(v) : "memory");
}

static inline void
cpu_invlpg(u64 addr)
{
	__asm__ volatile("invlpg (%0)" :: "r"(addr) : "memory");
}

static inline u8
io_in8(u16 port)
{
	u8 v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u16
io_in16(u16 port)
{
	u16 v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u32
io_in32(u16 port)
{
	u32 v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void
io_out8(u16 port, u8 v)
{
	__asm__ volatile("outb %0, %1" :: "a"(v), "Nd"(port));
}

static inline void
io_out16(u16 port, u16 v)
{
	__asm__ volatile("outw %0, %1" :: "a"(v), "Nd"(port));
}

static inline void
io_out32(u16 port, u32 v)
{
	__asm__ volatile("outl %0, %1" :: "a"(v), "Nd"(port));
}
