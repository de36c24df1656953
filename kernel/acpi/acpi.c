/*
 * Static ACPI tables: finding and checking them.
 *
 * Firmware is as foreign as a packet: addresses point anywhere, lengths lie,
 * tables come twice or not at all. The defence is in three layers. The caller's
 * map function refuses addresses that are not memory. acpi_table_open believes
 * nothing but a table whose signature, length and checksum agree. And the
 * parsers read only through acpi_u8 and kin, which know the length.
 *
 * The walk has two passes: first every entry of the root table is checked and
 * the addresses of the kinds that we know are noted; then these are parsed in
 * a fixed order (SRAT after MADT, since it refers to its CPUs; DSDT after the
 * FADT that names it), one mapping at a time.
 *
 * Invariants: every array of struct acpi_info is filled up to its count and no
 * further; whatever does not fit is counted or warned of.
 */
#include "kernel/acpi/acpi.h"
#include "kernel/abi/errno.h"
#include "kernel/acpi/acpi_priv.h"
#include "kernel/lib/checksum.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"

#define PHYS_LIMIT		BIT(52)

#define ROOT_ENTRIES_MAX	128	/* more are not looked at */

#define RSDP_V1_BYTES		20
#define RSDP_V2_BYTES		36

/* Root System Description Pointer, ACPI 6.5 5.2.5.3. */
struct rsdp {
	char signature[8];
	u8 checksum;			/* of the first 20 bytes */
	char oem_id[6];
	u8 revision;
	u32 rsdt_addr;
	u32 length;			/* from here on: revision 2 */
	u64 xsdt_addr;
	u8 extended_checksum;
	u8 reserved[3];
} packed;

_Static_assert(sizeof(struct rsdp) == RSDP_V2_BYTES, "ACPI 6.5 table 5.3");

/* The tables that are parsed, in this order. */
enum { T_MADT, T_MCFG, T_HPET, T_FADT, T_SPCR, T_SRAT, T_COUNT };

static const struct {
	char signature[5];
	void (*parse)(const struct acpi_table *t, struct acpi_info *out);
} known[T_COUNT] = {
	[T_MADT] = { "APIC", acpi_parse_madt },
	[T_MCFG] = { "MCFG", acpi_parse_mcfg },
	[T_HPET] = { "HPET", acpi_parse_hpet },
	[T_FADT] = { "FACP", acpi_parse_fadt },
	[T_SPCR] = { "SPCR", acpi_parse_spcr },
	[T_SRAT] = { "SRAT", acpi_parse_srat },
};

/* The root table: an XSDT with 8-byte entries, or an RSDT with 4-byte ones. */
struct root {
	paddr_t addr;
	u32 entry_bytes;
	u32 nentries;
};

void
acpi_warn(const struct acpi_env *env, const char *name, const char *fmt, ...)
{
	char line[128];
	va_list ap;
	int n;

	n = kscnprintf(line, sizeof(line), "ACPI: %s: ", name);
	va_start(ap, fmt);
	kvsnprintf(line + n, sizeof(line) - (usize)n, fmt, ap);
	va_end(ap);
	env->warn(line);
}

/* The bytes of a number, or zeros. */
static u64
load(const struct acpi_table *t, u32 at, u32 bytes)
{
	u64 v = 0;

	if (at <= t->len && bytes <= t->len - at)
		memcpy(&v, t->data + at, bytes);
	return v;
}

u8
acpi_u8(const struct acpi_table *t, u32 at)
{
	return (u8)load(t, at, 1);
}

u16
acpi_u16(const struct acpi_table *t, u32 at)
{
	return (u16)load(t, at, 2);
}

u32
acpi_u32(const struct acpi_table *t, u32 at)
{
	return (u32)load(t, at, 4);
}

u64
acpi_u64(const struct acpi_table *t, u32 at)
{
	return load(t, at, 8);
}

struct acpi_gas
acpi_gas(const struct acpi_table *t, u32 at)
{
	struct acpi_gas g = {
		.space = acpi_u8(t, at), .bit_width = acpi_u8(t, at + 1),
		.bit_offset = acpi_u8(t, at + 2),
		.access_size = acpi_u8(t, at + 3),
		.addr = acpi_u64(t, at + 4),
	};

	if ((g.space == ACPI_SPACE_IO && g.addr > 0xffff) ||
	    (g.space == ACPI_SPACE_MEMORY && g.addr >= PHYS_LIMIT)) {
		acpi_warn(t->env, t->name, "address %#lx is out of range",
		    g.addr);
		g.addr = 0;
	}
	return g;
}

bool
acpi_next_entry(const struct acpi_table *t, u32 *at, u32 *len, u32 min)
{
	if (*at >= t->len)
		return false;
	*len = acpi_u8(t, *at + 1);
	if (*len >= min && *len <= t->len - *at)
		return true;
	acpi_warn(t->env, t->name, "bad entry length %u at %u, rest ignored",
	    *len, *at);
	return false;
}

/* A signature for the log: what cannot be printed becomes a question mark. */
static void
printable(char *to, const char *from, usize n)
{
	for (usize i = 0; i < n; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[n] = '\0';
}

/* Make [addr, addr + len) readable, if it is a possible range at all. */
static const void *
map(const struct acpi_env *env, paddr_t addr, usize len)
{
	if (addr == 0 || addr >= PHYS_LIMIT || len > PHYS_LIMIT - addr)
		return NULL;
	return env->map(addr, len);
}

bool
acpi_table_open(const struct acpi_env *env, paddr_t addr, const char *want,
    struct acpi_table *out)
{
	const void *p = map(env, addr, sizeof(struct acpi_header));
	struct acpi_header h;

	if (!p) {
		acpi_warn(env, want ? want : "table",
		    "address %#lx is not memory", addr);
		return false;
	}
	memcpy(&h, p, sizeof(h));
	printable(out->name, h.signature, sizeof(h.signature));
	if (want && memcmp(h.signature, want, sizeof(h.signature)) != 0) {
		acpi_warn(env, want, "found %s at %#lx instead", out->name,
		    addr);
		return false;
	}
	if (h.length < sizeof(h) || h.length > ACPI_TABLE_MAX) {
		acpi_warn(env, out->name, "bad length %u", h.length);
		return false;
	}
	out->data = map(env, addr, h.length);
	if (!out->data) {
		acpi_warn(env, out->name, "%u bytes at %#lx are not memory",
		    h.length, addr);
		return false;
	}
	if (byte_sum(out->data, h.length) != 0) {
		acpi_warn(env, out->name, "bad checksum");
		return false;
	}
	out->len = h.length;
	out->revision = h.revision;
	out->env = env;
	return true;
}

/* Check one candidate for the root; entries start after the header. */
static bool
open_root(const struct acpi_env *env, paddr_t addr, const char *name,
    u32 entry_bytes, struct root *root)
{
	struct acpi_table t;

	if (addr == 0 || !acpi_table_open(env, addr, name, &t))
		return false;
	root->addr = addr;
	root->entry_bytes = entry_bytes;
	root->nentries = (t.len - (u32)sizeof(struct acpi_header)) /
	    entry_bytes;
	return root->nentries > 0;
}

/*
 * Check the RSDP and find the root table. The extended part is believed only
 * with its own checksum; a longer one than we know cannot be summed.
 */
static bool
find_root(const void *rsdp, usize len, const struct acpi_env *env,
    struct acpi_info *out, struct root *root)
{
	struct rsdp r = { 0 };

	if (len < RSDP_V1_BYTES)
		return false;
	memcpy(&r, rsdp, MIN(len, sizeof(r)));
	if (memcmp(r.signature, "RSD PTR ", 8) != 0 ||
	    byte_sum(&r, RSDP_V1_BYTES) != 0) {
		acpi_warn(env, "RSDP", "bad signature or checksum");
		return false;
	}
	out->revision = r.revision;
	printable(out->oem, r.oem_id, sizeof(r.oem_id));
	if (r.revision >= 2 && len >= RSDP_V2_BYTES) {
		if (r.length != RSDP_V2_BYTES ||
		    byte_sum(&r, RSDP_V2_BYTES) != 0)
			acpi_warn(env, "RSDP", "bad extended part");
		else if (open_root(env, r.xsdt_addr, "XSDT", 8, root))
			return true;
	}
	return open_root(env, r.rsdt_addr, "RSDT", 4, root);
}

/* Entry i of the root, mapped anew since other tables were mapped meanwhile. */
static paddr_t
root_entry(const struct acpi_env *env, const struct root *root, u32 i)
{
	const void *p = map(env, root->addr + sizeof(struct acpi_header) +
	    (u64)i * root->entry_bytes, root->entry_bytes);
	u64 addr = 0;

	if (p)
		memcpy(&addr, p, root->entry_bytes);
	return addr;
}

/* Note a sound table; the first of each kind counts. */
static void
note_table(const struct acpi_table *t, paddr_t addr, paddr_t where[T_COUNT],
    struct acpi_info *out)
{
	memcpy(out->table[out->ntables++], t->name, sizeof(t->name));
	if (strcmp(t->name, "DMAR") == 0)
		out->has_dmar = true;
	for (u32 k = 0; k < T_COUNT; k++) {
		if (strcmp(t->name, known[k].signature) != 0)
			continue;
		if (where[k])
			acpi_warn(t->env, t->name, "comes twice");
		else
			where[k] = addr;
	}
}

/* First pass: check every table that the root names. */
static void
survey(const struct acpi_env *env, const struct root *root,
    paddr_t where[T_COUNT], struct acpi_info *out)
{
	struct acpi_table t;
	paddr_t addr;

	for (u32 i = 0; i < root->nentries; i++) {
		if (out->ntables == ACPI_MAX_TABLES || i == ROOT_ENTRIES_MAX) {
			acpi_warn(env, "root table", "%u entries, the rest "
			    "ignored", root->nentries);
			return;
		}
		addr = root_entry(env, root, i);
		if (addr && acpi_table_open(env, addr, NULL, &t))
			note_table(&t, addr, where, out);
	}
}

int
acpi_parse(const void *rsdp, usize rsdp_len, const struct acpi_env *env,
    struct acpi_info *out)
{
	paddr_t where[T_COUNT] = { 0 }, dsdt = 0;
	struct acpi_table t;
	struct root root;

	memset(out, 0, sizeof(*out));
	if (!find_root(rsdp, rsdp_len, env, out, &root))
		return -ENOENT;
	out->present = true;
	survey(env, &root, where, out);
	for (u32 k = 0; k < T_COUNT; k++) {
		if (!where[k] ||
		    !acpi_table_open(env, where[k], known[k].signature, &t))
			continue;
		known[k].parse(&t, out);
		if (k == T_FADT)
			dsdt = acpi_fadt_dsdt(&t);
	}
	if (dsdt && acpi_table_open(env, dsdt, "DSDT", &t))
		acpi_parse_dsdt(&t, out);
	return 0;
}

/* Look at each 16-byte step of [start, end) for an RSDP; see 5.2.5.1. */
static int
scan_for_rsdp(const struct acpi_env *env, paddr_t start, paddr_t end,
    u8 rsdp[36])
{
	const u8 *p = map(env, start, end - start);
	usize len = end - start;

	if (!p)
		return -ENOENT;
	for (usize at = 0; at + RSDP_V1_BYTES <= len; at += 16) {
		if (memcmp(p + at, "RSD PTR ", 8) != 0 ||
		    byte_sum(p + at, RSDP_V1_BYTES) != 0)
			continue;
		memset(rsdp, 0, RSDP_V2_BYTES);
		if (p[at + 15] < 2 || at + RSDP_V2_BYTES > len) {
			memcpy(rsdp, p + at, RSDP_V1_BYTES);
			return RSDP_V1_BYTES;
		}
		memcpy(rsdp, p + at, RSDP_V2_BYTES);
		return RSDP_V2_BYTES;
	}
	return -ENOENT;
}

int
acpi_find_rsdp(const struct acpi_env *env, u8 rsdp[36])
{
	const void *p = map(env, 0x40e, 2);	/* BIOS data area: EBDA */
	u16 segment = 0;
	int len = -ENOENT;

	if (p)
		memcpy(&segment, p, sizeof(segment));
	if (segment >= 0x8000)
		len = scan_for_rsdp(env, (paddr_t)segment << 4,
		    ((paddr_t)segment << 4) + 1024, rsdp);
	if (len < 0)
		len = scan_for_rsdp(env, 0xe0000, 0x100000, rsdp);
	return len;
}
