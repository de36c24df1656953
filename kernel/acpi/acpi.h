/*
 * Static ACPI tables, validated (ACPI 6.5, chapter 5.2).
 *
 * acpi_parse walks RSDP -> XSDT (or RSDT) -> tables, checks signature, length,
 * checksum and bounds of each before it believes a byte, and copies what the
 * kernel uses into one static structure. There is no AML interpreter; the one
 * thing taken from the DSDT is the constant package \_S5, found by a bounded
 * scan, so that the machine can be switched off.
 *
 * Physical memory is reached only through acpi_env.map, so that all of this
 * runs on a host under sanitizers too. A table that is unsound is skipped with
 * a message, and the machine comes up with what the others say.
 */
#pragma once

#include "kernel/lib/types.h"

#define ACPI_MAX_CPUS		256
#define ACPI_MAX_IOAPICS	16
#define ACPI_MAX_OVERRIDES	24
#define ACPI_MAX_NMIS		32
#define ACPI_MAX_ECAM		16
#define ACPI_MAX_TABLES		64
#define ACPI_MAX_MEM_NODES	64
#define ACPI_TABLE_MAX		(4ul << 20)	/* no sound table is larger */

/* Interrupt polarity and trigger, MPS INTI flags (ACPI 6.5 table 5.26). */
#define ACPI_INTI_POLARITY	0x3
#define  ACPI_INTI_BUS		0x0	/* as the bus has it: ISA high, edge */
#define  ACPI_INTI_HIGH		0x1
#define  ACPI_INTI_LOW		0x3
#define ACPI_INTI_TRIGGER	0xc
#define  ACPI_INTI_EDGE		0x4
#define  ACPI_INTI_LEVEL	0xc

struct acpi_cpu {
	u32 apic_id;
	u32 acpi_uid;
	bool enabled;			/* may be started now */
	bool online_capable;		/* absent now, may be hot-plugged */
	bool x2apic;			/* listed by a type 9 entry */
	u32 node;			/* proximity domain of SRAT, else 0 */
};

struct acpi_ioapic {
	u8 id;
	u32 gsi_base;
	paddr_t addr;
};

/* ISA interrupt irq is wired to gsi. */
struct acpi_override {
	u8 irq;
	u16 flags;			/* ACPI_INTI_* */
	u32 gsi;
};

/* A local NMI: pin lint of one CPU's LAPIC, or of all of them. */
struct acpi_nmi {
	u32 acpi_uid;
	bool all_cpus;
	u8 lint;
	u16 flags;
};

struct acpi_ecam {
	paddr_t base;
	u16 segment;
	u8 first_bus, last_bus;
};

struct acpi_mem_node {
	paddr_t start;
	u64 len_bytes;
	u32 node;
};

/* Generic address structure (ACPI 6.5 5.2.3.2). */
enum acpi_space {
	ACPI_SPACE_MEMORY = 0,
	ACPI_SPACE_IO = 1,
	ACPI_SPACE_PCI = 2,
};

struct acpi_gas {
	u8 space;			/* enum acpi_space */
	u8 bit_width, bit_offset;
	u8 access_size;			/* 0 any, 1 byte, 2 word, 3, 4 */
	u64 addr;			/* 0: absent */
};

struct acpi_fadt {
	bool present;
	u16 sci_irq;
	u32 smi_port;			/* 0: always in ACPI mode */
	u8 acpi_enable;			/* written to smi_port */
	struct acpi_gas pm1a_evt, pm1b_evt, pm1a_cnt, pm1b_cnt, pm_timer;
	bool pm_timer_is_32bit;
	struct acpi_gas reset;
	bool reset_supported;
	u8 reset_value;
	u8 century;			/* RTC register, 0 if none */
	u16 boot_flags;			/* ACPI_BOOT_* */
	bool hw_reduced;
};

/* IA-PC boot architecture flags (ACPI 6.5 5.2.9.3). */
#define ACPI_BOOT_LEGACY	BIT(0)	/* has ISA devices */
#define ACPI_BOOT_8042		BIT(1)	/* has a keyboard controller */
#define ACPI_BOOT_NO_VGA	BIT(2)
#define ACPI_BOOT_NO_MSI	BIT(3)	/* MSI must not be used */
#define ACPI_BOOT_NO_ASPM	BIT(4)
#define ACPI_BOOT_NO_CMOS	BIT(5)	/* no CMOS clock */

struct acpi_hpet {
	bool present;
	paddr_t addr;
	u8 number;
	u16 min_tick;
};

struct acpi_spcr {
	bool present;
	u8 type;			/* 0 16550, 1 16450, 0x12 16550 GAS */
	struct acpi_gas base;
	u32 gsi;			/* 0: none given */
	u32 baud;			/* 0: as the firmware left it */
	u8 terminal;
	bool is_pci;
	u16 pci_vendor, pci_device;
	u8 pci_bus, pci_slot, pci_func;
	u8 pci_segment;
};

/* Values for SLP_TYP in PM1a_CNT and PM1b_CNT. */
struct acpi_s5 {
	bool present;
	u8 typ_a, typ_b;
};

/* Filled once at boot by acpi_parse; immutable afterwards. */
struct acpi_info {
	bool present;			/* a sound RSDP and root table */
	u8 revision;			/* of the RSDP: 0 ACPI 1, 2 later */
	char oem[7];
	u32 ntables;			/* sound tables, for the log */
	char table[ACPI_MAX_TABLES][5];

	bool has_madt;
	bool has_8259;			/* PCAT_COMPAT: mask the old PICs */
	paddr_t lapic_addr;
	u32 ncpus;
	struct acpi_cpu cpu[ACPI_MAX_CPUS];
	u32 cpus_dropped;		/* listed past ACPI_MAX_CPUS */
	u32 nioapics;
	struct acpi_ioapic ioapic[ACPI_MAX_IOAPICS];
	u32 noverrides;
	struct acpi_override override[ACPI_MAX_OVERRIDES];
	u32 nnmis;
	struct acpi_nmi nmi[ACPI_MAX_NMIS];

	u32 necam;
	struct acpi_ecam ecam[ACPI_MAX_ECAM];
	struct acpi_hpet hpet;
	struct acpi_fadt fadt;
	struct acpi_spcr spcr;
	struct acpi_s5 s5;
	u32 nmem_nodes;
	struct acpi_mem_node mem_node[ACPI_MAX_MEM_NODES];
	bool has_dmar;			/* there is a DMA remapper */
};

/*
 * How the parser reaches the machine. map makes len bytes at a physical
 * address readable and returns them, or NULL; what it returned last may be
 * gone at the next call, unless it is the direct map (then any number live).
 * The parser touches one mapping at a time. warn takes one line, no newline.
 */
struct acpi_env {
	const void *(*map)(paddr_t addr, usize len);
	void (*warn)(const char *line);
};

/*
 * Parse everything reachable from the RSDP copied by the boot loader (rsdp,
 * rsdp_len bytes). Fills *out from nothing. Returns 0, or -ENOENT when there
 * is no sound RSDP and root table; bad single tables are only warned of.
 */
int	acpi_parse(const void *rsdp, usize rsdp_len,
	    const struct acpi_env *env, struct acpi_info *out);

/*
 * Look for an RSDP where a BIOS leaves it, when no loader gave one: the EBDA's
 * first KiB and 0xe0000-0xfffff. Copies it to rsdp (36 bytes) and returns its
 * length, 20 or 36, or -ENOENT.
 */
int	acpi_find_rsdp(const struct acpi_env *env, u8 rsdp[36]);

/*
 * The GSI that ISA interrupt irq arrives on, and its ACPI_INTI_* flags with
 * the bus default (edge, high) resolved.
 */
u32	acpi_isa_gsi(const struct acpi_info *info, u8 irq, u16 *flags);
