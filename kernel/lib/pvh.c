/*
 * The PVH start info.
 *
 * Everything but the start info itself is given by physical address, so each
 * piece is read through the caller's phys function, which may refuse it, and
 * copied before the next is asked for.
 */
#include "kernel/lib/pvh.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/memmap.h"
#include "kernel/lib/string.h"

struct start_info {
	u32 magic;
	u32 version;
	u32 flags;
	u32 nr_modules;
	u64 modlist_paddr;
	u64 cmdline_paddr;
	u64 rsdp_paddr;
	u64 memmap_paddr;		/* from version 1 on */
	u32 memmap_entries;
	u32 reserved;
};

_Static_assert(sizeof(struct start_info) == 56, "hvm_start_info v1");

struct modlist_entry {
	u64 paddr;
	u64 size;
	u64 cmdline_paddr;
	u64 reserved;
};

struct memmap_entry {
	u64 addr;
	u64 size;
	u32 type;
	u32 reserved;
};

/* Copy len bytes of physical memory; false if they cannot be reached. */
static bool
phys_read(pvh_phys_fn phys, paddr_t addr, void *to, usize len)
{
	const void *from;

	if (addr == 0 || len > MEMMAP_LIMIT || addr > MEMMAP_LIMIT - len)
		return false;
	from = phys(addr, len);
	if (!from)
		return false;
	memcpy(to, from, len);
	return true;
}

/*
 * Copy a string up to its NUL, cut to size - 1 bytes. It is read to the end of
 * a page at a time, so that nothing past the page of its NUL is touched.
 */
static bool
phys_read_string(pvh_phys_fn phys, paddr_t addr, char *to, usize size)
{
	usize used = 0, n, got;

	while (used < size - 1) {
		n = MIN(PAGE_SIZE - (addr & PAGE_MASK), size - 1 - used);
		if (!phys_read(phys, addr, to + used, n)) {
			to[used] = '\0';
			return false;
		}
		got = strnlen(to + used, n);
		used += got;
		addr += n;
		if (got < n)
			break;
	}
	to[used] = '\0';
	return true;
}

/* E820 types. */
static enum boot_range_kind
range_kind(u32 type)
{
	static const u8 kinds[] = {
		[1] = BOOT_RAM_USABLE, [2] = BOOT_RAM_RESERVED,
		[3] = BOOT_RAM_ACPI, [4] = BOOT_RAM_NVS, [5] = BOOT_RAM_BAD,
	};

	return type < ARRAY_LEN(kinds) && kinds[type] ?
	    (enum boot_range_kind)kinds[type] : BOOT_RAM_RESERVED;
}

static int
read_memmap(const struct start_info *si, pvh_phys_fn phys,
    struct bootinfo *out, const char **why)
{
	struct memmap_entry e;

	if (si->memmap_entries == 0 || si->memmap_entries > 4 * BOOT_RANGES) {
		*why = "PVH: bad number of memory map entries";
		return -EINVAL;
	}
	for (u32 i = 0; i < si->memmap_entries; i++) {
		if (!phys_read(phys, si->memmap_paddr + i * sizeof(e), &e,
		    sizeof(e))) {
			*why = "PVH: memory map out of bounds";
			return -EINVAL;
		}
		/* A refused range is counted, and its memory not used. */
		(void)memmap_add(out, e.addr, e.size, range_kind(e.type));
	}
	return 0;
}

static int
read_modules(const struct start_info *si, pvh_phys_fn phys,
    struct bootinfo *out, const char **why)
{
	struct modlist_entry e;
	struct boot_module *m;

	if (si->nr_modules > BOOT_MODULES) {
		*why = "PVH: too many modules";
		return -EINVAL;
	}
	for (u32 i = 0; i < si->nr_modules; i++) {
		if (!phys_read(phys, si->modlist_paddr + i * sizeof(e), &e,
		    sizeof(e))) {
			*why = "PVH: module list out of bounds";
			return -EINVAL;
		}
		if (e.size == 0 || e.paddr >= MEMMAP_LIMIT ||
		    e.size > MEMMAP_LIMIT - e.paddr) {
			*why = "PVH: module empty or out of bounds";
			return -EINVAL;
		}
		m = &out->module[out->nmodules++];
		m->start = e.paddr;
		m->end = e.paddr + e.size;
		/* The name is for people: one that cannot be read is empty. */
		if (e.cmdline_paddr)
			(void)phys_read_string(phys, e.cmdline_paddr, m->name,
			    sizeof(m->name));
	}
	return 0;
}

/* Copy the RSDP if it is there; its user checks it. */
static void
read_rsdp(const struct start_info *si, pvh_phys_fn phys, struct bootinfo *out)
{
	if (!phys_read(phys, si->rsdp_paddr, out->rsdp, 20))
		return;
	out->rsdp_paddr = si->rsdp_paddr;
	out->rsdp_len = 20;
	if (out->rsdp[15] >= 2 &&
	    phys_read(phys, si->rsdp_paddr, out->rsdp, BOOT_RSDP))
		out->rsdp_len = BOOT_RSDP;
}

int
pvh_parse(const void *start_info, usize len, pvh_phys_fn phys,
    struct bootinfo *out, const char **why)
{
	struct start_info si;

	memset(out, 0, sizeof(*out));
	*why = "";
	if (len < sizeof(si)) {
		*why = "PVH: start info too short";
		return -EINVAL;
	}
	memcpy(&si, start_info, sizeof(si));
	if (si.magic != PVH_MAGIC) {
		*why = "PVH: bad magic";
		return -EINVAL;
	}
	if (si.version < 1) {
		*why = "PVH: version 0 has no memory map";
		return -EINVAL;
	}
	strlcpy(out->loader, "PVH", sizeof(out->loader));
	if (read_memmap(&si, phys, out, why) ||
	    read_modules(&si, phys, out, why))
		return -EINVAL;
	if (si.cmdline_paddr && !phys_read_string(phys, si.cmdline_paddr,
	    out->cmdline, sizeof(out->cmdline))) {
		*why = "PVH: command line out of bounds";
		return -EINVAL;
	}
	read_rsdp(&si, phys, out);
	if (memmap_normalise(out)) {
		*why = "PVH: no usable memory";
		return -EINVAL;
	}
	return 0;
}
