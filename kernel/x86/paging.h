/*
 * The address map and the page-table format (Intel SDM 3A chapter 4).
 *
 *	0x0000000000001000 .. USER_TOP		user space
 *	PHYSMAP_BASE				all physical memory, large pages
 *	KSTACK_BASE				kernel stacks, holes between
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
#if defined(HARDTACK_HOST)		/* tests/unit/test_vm.c */
#define PHYSMAP_BASE		0x0000200000000000ul
#else
#define PHYSMAP_BASE		0xffff800000000000ul	/* 64 TiB */
#endif
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

/* Only for addresses in the physical map, which holds the RAM of the boot
 * memory map (usable, ACPI, NVS) and nothing else. */
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
 * The first few MiB, and what is 2 MiB aligned, need no new page table; more
 * come from the boot allocator.
 */
void	*vmap_device(paddr_t pa, usize len_bytes);

/* Map device memory write-combining, for a frame buffer. Boot only. */
void	*vmap_framebuffer(paddr_t pa, usize len_bytes);

/* Make the final page tables and run on them. Boot CPU, after boot_mem_init().
 * Physical memory that only the early tables mapped is gone then. */
struct bootinfo;
void	paging_init(const struct bootinfo *bi);

/*
 * Read-only access to firmware's tables wherever they are: the physical map if
 * it has them, else a new mapping that stays. NULL for an address that no CPU
 * has. Boot only; fits acpi_env.map.
 */
const void *paging_map_ro(paddr_t pa, usize len_bytes);

/*
 * Kernel stacks. KSTACK_BASE .. KSTACK_CPU_BASE is kernel/sched's to divide;
 * from KSTACK_CPU_BASE on stand the CPUs' own stacks (smp.c). All page tables
 * but the leaves are made at boot.
 *
 * kstack_map() maps n frames at va, all in one leaf table: 2 MiB of stacks.
 * Where kstack_has_table() says no, the caller gives one first, a zeroed frame
 * that is kept for ever. kstack_unmap() clears the entries and flushes them on
 * this CPU; the caller makes the other CPUs flush before it reuses va or the
 * frames (kstack_flush() on each, by smp_call()). The caller serialises all.
 */
#define KSTACK_CPU_BASE		(KSTACK_BASE + (3ul << 29))
#define KSTACK_END		(KSTACK_BASE + (2ul << 30))
bool	kstack_has_table(u64 va);
void	kstack_add_table(u64 va, paddr_t table);
void	kstack_map(u64 va, const paddr_t *frames, u32 n);
void	kstack_unmap(u64 va, u32 n);
static inline void
kstack_flush(u64 va, u32 n)
{
	for (u32 i = 0; i < n; i++)
		__asm__ volatile("invlpg (%0)" :: "r"(va + i * PAGE_SIZE)
		    : "memory");
}

/* True if a kernel address can be read: a walk of the tables. Any context. */
bool	paging_kernel_mapped(u64 va);

/* Flush this CPU's whole TLB, global entries too. */
void	tlb_flush_all(void);
/* Flush what belongs to the user half under the current CR3 (and PCID). */
static inline void
tlb_flush_user(void)
{
	u64 cr3;

	__asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3)
	    :: "memory");
}

/* With cpu_has.pcid: or into CR3 with a PCID to keep its TLB entries. */
#define CR3_NOFLUSH		BIT(63)
#define CR3_PCID_MASK		0xffful
