/*
 * What the table parsers of this folder share.
 */
#pragma once

#include "kernel/acpi/acpi.h"

/* Every table but the RSDP and FACS starts so (ACPI 6.5 5.2.6). */
struct acpi_header {
	char signature[4];
	u32 length;
	u8 revision;
	u8 checksum;
	char oem_id[6];
	char oem_table_id[8];
	u32 oem_revision;
	u32 creator_id;
	u32 creator_revision;
};

_Static_assert(sizeof(struct acpi_header) == 36, "ACPI 6.5 table 5.4");

/* A table that has passed every check of acpi_table_open. */
struct acpi_table {
	const u8 *data;
	u32 len;			/* as its header says, all mapped */
	u8 revision;
	char name[5];
	const struct acpi_env *env;
};

/*
 * Map and check the table at addr: length, checksum, and signature unless want
 * is NULL. Warns and returns false if it is not sound.
 */
bool	acpi_table_open(const struct acpi_env *env, paddr_t addr,
	    const char *want, struct acpi_table *out);

/* Little-endian numbers at an offset; 0 if any byte lies past the table. */
u8	acpi_u8(const struct acpi_table *t, u32 at);
u16	acpi_u16(const struct acpi_table *t, u32 at);
u32	acpi_u32(const struct acpi_table *t, u32 at);
u64	acpi_u64(const struct acpi_table *t, u32 at);

/* A generic address; absent (addr 0) if past the table or not reachable. */
struct acpi_gas	acpi_gas(const struct acpi_table *t, u32 at);

/* One line to the log: "ACPI: NAME: ...". */
void	acpi_warn(const struct acpi_env *env, const char *name,
	    const char *fmt, ...) printf_like(3, 4);

/*
 * Step through a list of entries that start with a type and a length byte
 * (MADT, SRAT). Start with *at at the first; returns false at the end, or with
 * a warning at an entry that is shorter than min or longer than what is left.
 */
bool	acpi_next_entry(const struct acpi_table *t, u32 *at, u32 *len, u32 min);

void	acpi_parse_madt(const struct acpi_table *t, struct acpi_info *out);
void	acpi_parse_mcfg(const struct acpi_table *t, struct acpi_info *out);
void	acpi_parse_hpet(const struct acpi_table *t, struct acpi_info *out);
void	acpi_parse_fadt(const struct acpi_table *t, struct acpi_info *out);
void	acpi_parse_spcr(const struct acpi_table *t, struct acpi_info *out);
void	acpi_parse_srat(const struct acpi_table *t, struct acpi_info *out);
void	acpi_parse_dsdt(const struct acpi_table *t, struct acpi_info *out);

/* Where a FADT says that the DSDT is, or 0. */
paddr_t	acpi_fadt_dsdt(const struct acpi_table *t);
