/*
 * The address map and the page-table format (Intel SDM 3A chapter 4).
 *
 *	0x0000000000001000 .. USER_TOP		user space
 *	PHYSMAP_BASE				all physical memory, large pages
 *	KSTACK_BASE				kernel stacks, guard pages between
 *	VMAP_BASE				device memory (uncached)
 *	KERNEL_BASE				the kernel's image
 *
 * The top-level entries of the kernel half are made at boot and never change,
 * so that an address space copies them once.
 */
#pragma once

#include "kernel/lib/types.h"

typedef u64 pte_t;

#define USER_MIN		0x1000ul
#define USER_TOP		0x00007ffffffff000ul
#define PHYSMAP_BASE		0xffff800000000000ul	/* 64 TiB */
#define KSTACK_BASE		0xffffc00000000000ul
#define VMAP_BASE		0xffffd00000000000ul
#define KERNEL_BASE		0xffffffff80000000ul

#define PTE_P			BIT(0)
#define PTE_W			BIT(1)
#define PTE_U			BIT(2)
#define PTE_PWT			BIT(3)
#define PTE_PCD			BIT(4)
#define PTE_A			BIT(5)
#define PTE_D			BIT(6)
#define PTE_PS			BIT(7)		/* a large page */
#define PTE_G			BIT(8)
#define PTE_SW0			BIT(9)		/* free for software */
#define PTE_SW1			BIT(10)
#define PTE_SW2			BIT(11)
#define PTE_NX			BIT(63)
#define PTE_ADDR		0x000ffffffffff000ul
#define PT_ENTRIES		512

static inline void *
phys_to_virt(paddr_t pa)
{
	return (void *)(pa + PHYSMAP_BASE);
}

/* Only for addresses in the physical map. */
static inline paddr_t
virt_to_phys(const void *va)
{
	return (u64)va - PHYSMAP_BASE;
}

/* The index into the table of a level: 0 is the page table, 3 the top. */
static inline u32
pt_index(u64 va, u32 level)
{
	return va >> (PAGE_SHIFT + 9 * level) & (PT_ENTRIES - 1);
}

extern paddr_t kernel_cr3;	/* [I] top-level table with no user half */

/* Copy the kernel half into a new top-level table. */
void	paging_copy_kernel_half(pte_t *top);

/*
 * Map len_bytes of device memory at pa, uncached; never undone. Boot only.
 * Page tables come from the boot allocator.
 */
void	*vmap_device(paddr_t pa, usize len_bytes);

/* Map device memory write-combining, for a frame buffer. Boot only. */
void	*vmap_framebuffer(paddr_t pa, usize len_bytes);
