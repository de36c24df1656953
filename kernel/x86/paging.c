/*
 * The kernel's page tables.
 *
 * Made once at boot, in this order: the physical map (RAM only, in the largest
 * pages that fit, never executable), the image (text executable and read-only
 * in 2 MiB pages, rodata read-only, the rest writable), and empty tables for
 * kernel stacks and device memory: top-level ones, so that a new address space
 * is right for ever once it has copied the upper half, and all of the stacks'
 * but the leaves, so that a stack costs one table at most.
 *
 * The physical map is a second name of the image: text and rodata are
 * read-only there too, so that no byte that runs can be written (W^X). All
 * kernel pages are global. Device memory is mapped apart and uncached, since a
 * cached alias of it would be undefined (SDM 3A 11.12.4).
 *
 * Nothing here locks: boot runs on one CPU, and later changes are only those
 * of kernel stacks, whose caller serialises them.
 */
#include "kernel/lib/assert.h"
#include "kernel/lib/bootinfo.h"
#include "kernel/lib/string.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/desc.h"
#include "kernel/x86/env.h"
#include "kernel/x86/features.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/paging_priv.h"

#define LEVELS			4
#define PAGE_2M			(2ul << 20)
#define PAGE_1G			(1ul << 30)
#define VMAP_TABLES		4	/* made ahead; large pages need none */
#define PHYS_MAX		BIT(46)	/* 64 TiB: what PHYSMAP_BASE holds */

#define MAP_RW			(PTE_P | PTE_W | PTE_A | PTE_D | PTE_NX)
#define MAP_RO			(PTE_P | PTE_A | PTE_D | PTE_NX)
#define MAP_RX			(PTE_P | PTE_A | PTE_D)
#define MAP_UNCACHED		(PTE_PCD | PTE_PWT)	/* PAT entry 3: UC */
#define MAP_WRITE_COMBINING	PTE_PWT			/* PAT entry 1: WC */

#define CR4_PGE			BIT(7)

paddr_t kernel_cr3;
static pte_t *kernel_top;
static u64 vmap_next = VMAP_BASE;	/* boot only */

extern char text_start[], rodata_start[], rodata_end[], data_start[];
extern char boot_guard[], boot_stack[], kernel_end[];
extern pte_t early_pml4[];

static inline paddr_t
image_paddr(const char *p)
{
	return (u64)p - KERNEL_BASE;
}

static paddr_t
boot_pt_frame(void)
{
	return virt_to_phys(x86_env.boot_get(PAGE_SIZE, PAGE_SIZE));
}

static pte_t
table_entry(paddr_t table)
{
	return table | PTE_P | PTE_W | PTE_A;
}

/* The entry for va in the table of level; makes the tables above it. Boot. */
static pte_t *
pt_walk_make(u64 va, u32 level)
{
	pte_t *table = kernel_top;

	for (u32 l = LEVELS - 1; l > level; l--) {
		pte_t *e = &table[pt_index(va, l)];

		if (!(*e & PTE_P))
			*e = table_entry(boot_pt_frame());
		assert(!(*e & PTE_PS));
		table = phys_to_virt(*e & PTE_ADDR);
	}
	return &table[pt_index(va, level)];
}

/* The same where the tables are there. */
static pte_t *
pt_walk(u64 va, u32 level)
{
	pte_t *table = kernel_top;

	for (u32 l = LEVELS - 1; l > level; l--) {
		pte_t e = table[pt_index(va, l)];

		assert((e & PTE_P) && !(e & PTE_PS));
		table = phys_to_virt(e & PTE_ADDR);
	}
	return &table[pt_index(va, level)];
}

/* Map [pa, pa + len) at va with the largest pages that alignment allows. */
static void
map_range(u64 va, paddr_t pa, u64 len, pte_t flags)
{
	u64 end = va + len;

	while (va < end) {
		u64 left = end - va, both = va | pa;

		if (cpu_has.page_1g && both % PAGE_1G == 0 && left >= PAGE_1G) {
			*pt_walk_make(va, 2) = pa | flags | PTE_PS;
			va += PAGE_1G, pa += PAGE_1G;
		} else if (both % PAGE_2M == 0 && left >= PAGE_2M) {
			*pt_walk_make(va, 1) = pa | flags | PTE_PS;
			va += PAGE_2M, pa += PAGE_2M;
		} else {
			*pt_walk_make(va, 0) = pa | flags;
			va += PAGE_SIZE, pa += PAGE_SIZE;
		}
	}
}

/* Part of the physical map that may overlap the image's read-only part. */
static void
map_ram(paddr_t start, paddr_t end)
{
	paddr_t ro_start = image_paddr(text_start);
	paddr_t ro_end = image_paddr(rodata_end);
	paddr_t cut[4] = { start, MIN(MAX(ro_start, start), end),
	    MIN(MAX(ro_end, start), end), end };

	for (u32 i = 0; i < 3; i++)
		if (cut[i] < cut[i + 1])
			map_range(PHYSMAP_BASE + cut[i], cut[i],
			    cut[i + 1] - cut[i],
			    (i == 1 ? MAP_RO : MAP_RW) | PTE_G);
}

static bool
range_is_ram(const struct boot_range *r)
{
	return r->kind == BOOT_RAM_USABLE || r->kind == BOOT_RAM_ACPI ||
	    r->kind == BOOT_RAM_NVS;
}

/*
 * The ranges are sorted and disjoint; neighbours are joined first, so that a
 * large page may span them.
 */
static void
map_physical_memory(const struct bootinfo *bi)
{
	paddr_t start = 0, end = 0;

	for (u32 i = 0; i < bi->nranges; i++) {
		const struct boot_range *r = &bi->range[i];
		paddr_t r_end = MIN(r->start + r->len_bytes, PHYS_MAX);

		if (!range_is_ram(r) || r->start >= PHYS_MAX)
			continue;
		if (r->start != end) {
			map_ram(start, end);
			start = r->start;
		}
		end = r_end;
	}
	map_ram(start, end);
}

static void
map_image(void)
{
	u64 text = (u64)text_start, rodata = (u64)rodata_start;
	u64 data = (u64)data_start, guard = (u64)boot_guard;
	u64 stack = (u64)boot_stack, end = (u64)kernel_end;

	map_range(text, text - KERNEL_BASE, rodata - text, MAP_RX | PTE_G);
	map_range(rodata, rodata - KERNEL_BASE, data - rodata, MAP_RO | PTE_G);
	map_range(data, data - KERNEL_BASE, guard - data, MAP_RW | PTE_G);
	map_range(stack, stack - KERNEL_BASE, end - stack, MAP_RW | PTE_G);
}

void
paging_init(const struct bootinfo *bi)
{
	kernel_top = x86_env.boot_get(PAGE_SIZE, PAGE_SIZE);
	kernel_cr3 = virt_to_phys(kernel_top);
	map_physical_memory(bi);
	map_image();
	for (u64 va = KSTACK_BASE; va < KSTACK_END; va += PAGE_1G)
		(void)pt_walk_make(va, 1);
	/* Drivers map devices when the boot allocator has ended. */
	for (u32 i = 0; i < VMAP_TABLES; i++)
		(void)pt_walk_make(VMAP_BASE + i * PAGE_2M, 0);
	cpu_write_cr3(kernel_cr3);
	tlb_flush_all();
	cpu_stacks_create(0);
	desc_load();
}

void
paging_copy_kernel_half(pte_t *top)
{
	memcpy(top + PT_ENTRIES / 2, kernel_top + PT_ENTRIES / 2,
	    PT_ENTRIES / 2 * sizeof(pte_t));
}

/* Give [pa, pa + len) a place in the device area and map it. */
static void *
vmap(paddr_t pa, usize len, pte_t flags)
{
	u64 offset = pa & PAGE_MASK;
	u64 span = PAGE_UP(len + offset), va = vmap_next;

	assert(len > 0 && pa < BIT(52) && span < PAGE_1G);
	/* Keep 2 MiB alignment in step, for frame buffers. */
	if (span >= PAGE_2M)
		va = ROUND_UP(va, PAGE_2M) + (pa - offset) % PAGE_2M;
	map_range(va, pa - offset, span, flags | PTE_G);
	vmap_next = va + span + PAGE_SIZE;	/* a hole between */
	return (void *)(va + offset);
}

void *
vmap_device(paddr_t pa, usize len_bytes)
{
	return vmap(pa, len_bytes, MAP_RW | MAP_UNCACHED);
}

void *
vmap_framebuffer(paddr_t pa, usize len_bytes)
{
	return vmap(pa, len_bytes, MAP_RW |
	    (cpu_has.pat ? MAP_WRITE_COMBINING : MAP_UNCACHED));
}

const void *
paging_map_ro(paddr_t pa, usize len_bytes)
{
	u64 last = pa + len_bytes - 1;
	bool in_map = true;

	if (len_bytes == 0 || len_bytes >= PAGE_1G / 2 || last < pa ||
	    last >= BIT(46))
		return NULL;
	for (u64 at = PAGE_DOWN(pa); at <= last; at += PAGE_SIZE)
		in_map = in_map && paging_kernel_mapped(PHYSMAP_BASE + at);
	if (in_map)
		return phys_to_virt(pa);
	return vmap(pa, len_bytes, MAP_RO);
}

bool
kstack_has_table(u64 va)
{
	return *pt_walk(va, 1) & PTE_P;
}

void
kstack_add_table(u64 va, paddr_t table)
{
	pte_t *e = pt_walk(va, 1);

	assert(!(*e & PTE_P));
	WRITE_ONCE(*e, table_entry(table));
}

void
kstack_map(u64 va, const paddr_t *frames, u32 n)
{
	pte_t *e = pt_walk(va, 0);

	assert(pt_index(va, 0) + n <= PT_ENTRIES);
	for (u32 i = 0; i < n; i++) {
		assert(!(e[i] & PTE_P));
		WRITE_ONCE(e[i], frames[i] | MAP_RW | PTE_G);
	}
}

void
kstack_unmap(u64 va, u32 n)
{
	pte_t *e = pt_walk(va, 0);

	assert(pt_index(va, 0) + n <= PT_ENTRIES);
	for (u32 i = 0; i < n; i++)
		WRITE_ONCE(e[i], 0);
	kstack_flush(va, n);
}

bool
paging_kernel_mapped(u64 va)
{
	const pte_t *table = kernel_top != NULL ? kernel_top : early_pml4;

	if (va < PHYSMAP_BASE)
		return false;
	for (u32 l = LEVELS - 1;; l--) {
		pte_t e = READ_ONCE(table[pt_index(va, l)]);

		if (!(e & PTE_P))
			return false;
		if (l == 0 || e & PTE_PS)
			return true;
		table = phys_to_virt(e & PTE_ADDR);
	}
}

void
tlb_flush_all(void)
{
	u64 cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	if (cr4 & CR4_PGE) {
		__asm__ volatile("mov %0, %%cr4" :: "r"(cr4 & ~CR4_PGE)
		    : "memory");
		__asm__ volatile("mov %0, %%cr4" :: "r"(cr4) : "memory");
	} else {
		cpu_write_cr3(cpu_read_cr3());
	}
}

/*
 * The stacks of one CPU, 16 pages of addresses: double fault, NMI and machine
 * check (2 pages each), and its idle thread's (4 pages), a hole below each.
 */
#define CPU_STACKS_PAGES	16
#define IST_PAGES		2
static const struct {
	u8	first, pages;
} cpu_stack_at[NIST + 1] = {
	{ 1, IST_PAGES }, { 4, IST_PAGES }, { 7, IST_PAGES },
	{ 11, CPU_IDLE_STACK_BYTES / PAGE_SIZE },
};
/* The sizes that the analyzer holds each path against (stack.facts). */
const u32 cpu_ist_stack_bytes = IST_PAGES * PAGE_SIZE - IST_TAIL;
const u32 cpu_idle_stack_bytes = CPU_IDLE_STACK_BYTES;

void
cpu_stacks_create(u32 cpu)
{
	u64 base = KSTACK_CPU_BASE + cpu * CPU_STACKS_PAGES * PAGE_SIZE;

	if (!kstack_has_table(base))
		kstack_add_table(base, boot_pt_frame());
	for (u32 i = 0; i < ARRAY_LEN(cpu_stack_at); i++) {
		u64 va = base + cpu_stack_at[i].first * PAGE_SIZE;
		u32 pages = cpu_stack_at[i].pages;

		if (i == NIST && cpu == 0)
			break;		/* it stays on the boot stack */
		for (u32 p = 0; p < pages; p++) {
			paddr_t frame = boot_pt_frame();

			kstack_map(va + p * PAGE_SIZE, &frame, 1);
		}
		if (i < NIST)
			desc_set_ist(cpu, i + 1,
			    (void *)(va + pages * PAGE_SIZE));
	}
}

u64
cpu_idle_stack(u32 cpu)
{
	return KSTACK_CPU_BASE + (cpu * CPU_STACKS_PAGES +
	    cpu_stack_at[NIST].first) * PAGE_SIZE;
}
