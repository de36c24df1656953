/*
 * PCI: enumeration, BARs and capability lists, on made-up machines and on
 * hostile ones.
 */
#include "tests/unit/unit.h"

#include "drivers/pci/pci_priv.h"
#include "drivers/pci/reg.h"

noreturn void assert_failed(const char *expr, const char *file, int line);

noreturn void
assert_failed(const char *expr, const char *file, int line)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, expr);
	abort();
}

#define NFNS		6
#define TABLE		16
#define MUTANTS		10000
#define READS_MAX	200000		/* of one scan, with all its lists */

/* A function: its registers, and which of their bits can be written. */
struct fn {
	u16	bdf;
	u8	reg[CONFIG_BYTES_PCIE];
	u8	writable[CONFIG_BYTES_PCIE];
};

static struct fn fns[NFNS];
static u32 nfns;
static u64 accesses;

static struct fn *
fn_at(u16 bdf)
{
	for (u32 i = 0; i < nfns; i++)
		if (fns[i].bdf == bdf)
			return &fns[i];
	return NULL;
}

static u32
model_read(const struct pci_segment *s, u16 bdf, u32 reg, u32 width)
{
	struct fn *f = fn_at(bdf);
	u32 v = 0;

	accesses++;
	CHECK(reg + width <= s->config_bytes);
	if (f == NULL)
		return PCI_GONE >> (32 - 8 * width);
	memcpy(&v, f->reg + reg, width);
	return v;
}

static void
model_write(const struct pci_segment *s, u16 bdf, u32 reg, u32 width, u32 v)
{
	struct fn *f = fn_at(bdf);

	accesses++;
	CHECK(reg + width <= s->config_bytes);
	for (u32 i = 0; f != NULL && i < width; i++) {
		u8 *r = &f->reg[reg + i], mask = f->writable[reg + i];

		*r = (u8)((*r & ~mask) | ((v >> 8 * i) & mask));
	}
}

static const struct pci_access model = { model_read, model_write };
static struct pci_segment segment = {
	.access = &model, .config_bytes = CONFIG_BYTES_PCIE, .last_bus = 255,
};
static struct pci_dev devs[TABLE];

static void
put(u8 *bytes, u32 at, u32 width, u32 v)
{
	memcpy(bytes + at, &v, width);
}

static struct fn *
fn_add(u16 bdf, u16 vendor, u16 device, u32 class)
{
	struct fn *f = &fns[nfns++];

	memset(f, 0, sizeof(*f));
	f->bdf = bdf;
	put(f->reg, PCI_VENDOR, 2, vendor);
	put(f->reg, PCI_DEVICE, 2, device);
	put(f->reg, PCI_REVISION, 4, class << 8 | 3);
	put(f->reg, PCI_COMMAND, 2, COMMAND_IO | COMMAND_MEMORY);
	put(f->writable, PCI_COMMAND, 2, 0x0547);
	return f;
}

static void
bar_add(struct fn *f, u32 reg, u32 value, u32 mask)
{
	put(f->reg, reg, 4, value);
	put(f->writable, reg, 4, mask);
}

static void
cap_add(struct fn *f, u32 at, u8 id, u8 next)
{
	put(f->reg, PCI_STATUS, 2, STATUS_CAPS);
	if (f->reg[PCI_CAPS] == 0)
		f->reg[PCI_CAPS] = (u8)at;
	f->reg[at + CAP_ID] = id;
	f->reg[at + CAP_NEXT] = next;
}

/* A host bridge; a root port to bus 1 with a NIC on it that also answers in
 * slot 7; a device of two functions, 0 and 3. */
static void
machine_build(void)
{
	struct fn *f;

	nfns = 0;
	fn_add(0x0000, 0x8086, 0x29c0, CLASS_HOST_BRIDGE);
	f = fn_add(0x0008, 0x8086, 0x3420, 0x060400);
	f->reg[PCI_HEADER] = HEADER_BRIDGE;
	f->reg[BRIDGE_SECONDARY] = f->reg[BRIDGE_SUBORDINATE] = 1;
	cap_add(f, 0x90, CAP_PCIE, 0);
	put(f->reg, 0x90 + PCIE_FLAGS, 2, PCIE_ROOT_PORT << 4 | 2);
	f = fn_add(0x0100, 0x8086, 0x10d3, 0x020000);
	bar_add(f, 0x10, 0xfe040000, 0xfffe0000);
	bar_add(f, 0x14, 0xd001, 0xffe0);
	bar_add(f, 0x18, 0xc000000c, 0xffff0000);
	bar_add(f, 0x1c, 0x00000038, 0xffffffff);
	bar_add(f, PCI_ROM, 0xfe000000, 0xfffc0001);
	cap_add(f, 0xc8, CAP_PM, 0xd0);
	cap_add(f, 0xd0, CAP_MSI, 0xe0);
	cap_add(f, 0xe0, CAP_PCIE, 0);
	put(f->reg, 0x100, 4, 0x14010001);
	put(f->reg, 0x140, 4, 0x00010003);
	fn_add(0x0138, 0x8086, 0x10d3, 0x020000);
	f = fn_add(0x0048, 0x8086, 0x2922, 0x010601);
	f->reg[PCI_HEADER] = HEADER_MULTI;
	bar_add(f, 0x24, 0, 0xfffff000);
	fn_add(0x004b, 0x8086, 0x2930, 0x0c0500);
}

static void
test_scan(void)
{
	machine_build();
	CHECK_EQ(pci_scan(&segment, devs, TABLE), 5);
	CHECK_EQ(devs[0].class, CLASS_HOST_BRIDGE);
	CHECK_EQ(devs[1].bus_below, 1);
	CHECK_EQ(devs[1].header, HEADER_BRIDGE);
	CHECK_EQ(devs[2].bdf, 0x0048);
	CHECK_EQ(devs[3].bdf, 0x004b);
	CHECK_EQ(devs[4].bdf, 0x0100);
	CHECK_EQ(devs[4].vendor, 0x8086);
	CHECK_EQ(devs[4].device, 0x10d3);
	CHECK_EQ(devs[4].revision, 3);
	CHECK_EQ(pci_scan(&segment, devs, 2), 5);
}

static void
test_bars(void)
{
	static struct fn before;
	const struct pci_bar *b = devs[4].bar;

	machine_build();
	before = fns[2];
	CHECK_EQ(pci_scan(&segment, devs, TABLE), 5);
	CHECK(memcmp(&before, &fns[2], sizeof(before)) == 0);
	CHECK_EQ(b[0].kind, PCI_BAR_MEM);
	CHECK_EQ(b[0].addr, 0xfe040000);
	CHECK_EQ(b[0].len_bytes, 0x20000);
	CHECK_EQ(b[1].kind, PCI_BAR_IO);
	CHECK_EQ(b[1].addr, 0xd000);
	CHECK_EQ(b[1].len_bytes, 32);
	CHECK_EQ(b[2].addr, 0x38c0000000);
	CHECK_EQ(b[2].len_bytes, 0x10000);
	CHECK_EQ(b[2].flags, BAR_TYPE_64 | BAR_PREFETCH);
	CHECK_EQ(b[3].kind, PCI_BAR_NONE);
	CHECK_EQ(b[PCI_BAR_ROM].addr, 0xfe000000);
	CHECK_EQ(b[PCI_BAR_ROM].len_bytes, 0x40000);
	CHECK_EQ(devs[2].bar[5].kind, PCI_BAR_MEM);	/* without address */
	CHECK_EQ(devs[2].bar[5].addr, 0);
	CHECK_EQ(devs[2].bar[5].len_bytes, 0x1000);
}

/* BARs that are not what they should be are not there. */
static void
test_bad_bars(void)
{
	static const struct { u32 value, mask; } bad[] = {
		{ 0xfe040000, 0xfff5f000 },	/* a hole in the mask */
		{ 0xfe041000, 0xfffe0000 },	/* not at its multiple */
		{ 0xfe040002, 0xfffe0000 },	/* below 1 MiB */
		{ 0xfe040006, 0xfffe0000 },	/* reserved type */
		{ 0xfe040000, 0 },		/* no bit is kept */
		{ 0xffffffff, 0xffffffff },
		{ 0x00012001, 0xfffffff0 },	/* no such ports */
	};

	for (u32 i = 0; i < ARRAY_LEN(bad); i++) {
		machine_build();
		bar_add(&fns[2], 0x10, bad[i].value, bad[i].mask);
		CHECK_EQ(pci_scan(&segment, devs, TABLE), 5);
		CHECK_EQ(devs[4].bar[0].kind, PCI_BAR_NONE);
		CHECK_EQ(devs[4].bar[1].kind, PCI_BAR_IO);
	}
	machine_build();			/* a half one at the end */
	bar_add(&fns[2], 0x24, 0xfe040004, 0xfffe0000);
	CHECK_EQ(pci_scan(&segment, devs, TABLE), 5);
	CHECK_EQ(devs[4].bar[5].kind, PCI_BAR_NONE);
	machine_build();			/* past what a CPU can reach */
	bar_add(&fns[2], 0x1c, 0x80000000, 0xffffffff);
	CHECK_EQ(pci_scan(&segment, devs, TABLE), 5);
	CHECK_EQ(devs[4].bar[2].kind, PCI_BAR_NONE);
}

static void
test_caps(void)
{
	const struct pci_dev *d = &devs[4];

	machine_build();
	CHECK_EQ(pci_scan(&segment, devs, TABLE), 5);
	CHECK_EQ(pci_find_cap(d, CAP_PM), 0xc8);
	CHECK_EQ(pci_find_cap(d, CAP_PCIE), 0xe0);
	CHECK_EQ(pci_find_cap(d, CAP_MSIX), 0);
	CHECK_EQ(pci_find_ecap(d, ECAP_AER), 0x100);
	CHECK_EQ(pci_find_ecap(d, ECAP_SERIAL), 0x140);
	CHECK_EQ(pci_find_ecap(d, 0x7777), 0);
	cap_add(&fns[2], 0xe0, CAP_PCIE, 0xc8);		/* circles */
	put(fns[2].reg, 0x140, 4, 0x10010003);
	CHECK_EQ(pci_find_cap(d, CAP_MSIX), 0);
	CHECK_EQ(pci_find_ecap(d, 0x7777), 0);
	cap_add(&fns[2], 0xe0, CAP_PCIE, 0x10);		/* into the header */
	CHECK_EQ(pci_find_cap(d, CAP_MSIX), 0);
	put(fns[2].reg, PCI_STATUS, 2, 0);
	CHECK_EQ(pci_find_cap(d, CAP_PM), 0);
}

/* A segment that begins at another bus, by the ports' 256 bytes. */
static void
test_segment(void)
{
	struct pci_segment s = segment;

	machine_build();
	s.first_bus = 1;
	CHECK_EQ(pci_scan(&s, devs, TABLE), 2);	/* who said it is a link? */
	CHECK_EQ(devs[0].bdf, 0x0100);
	s = segment;
	s.config_bytes = CONFIG_BYTES;
	CHECK_EQ(pci_scan(&s, devs, TABLE), 5);
	CHECK_EQ(pci_find_ecap(&devs[4], ECAP_AER), 0);
	nfns = 0;
	CHECK_EQ(pci_scan(&segment, devs, TABLE), 0);
}

static void
mutate_once(void)
{
	static const u8 nasty[] = { 0, 1, 0x40, 0x7f, 0x80, 0xfc, 0xff };
	struct fn *f = &fns[unit_random() % nfns];
	u8 *bytes = unit_random() % 3 ? f->reg : f->writable;
	u32 at = (u32)unit_random();

	at %= unit_random() % 4 ? 0x40 : unit_random() % 2 ? 0x100 : 0x200;
	if (unit_random() % 2)
		bytes[at] ^= (u8)(1 << unit_random() % 8);
	else if (unit_random() % 2)
		bytes[at] = nasty[unit_random() % ARRAY_LEN(nasty)];
	else
		bytes[at] = (u8)unit_random();
	if (unit_random() % 8 == 0)
		f->bdf = (u16)(unit_random() % 0x200);
}

static void
check_bar(const struct pci_bar *b)
{
	if (b->kind == PCI_BAR_NONE) {
		CHECK_EQ(b->len_bytes, 0);
		return;
	}
	CHECK(b->len_bytes != 0 && (b->len_bytes & (b->len_bytes - 1)) == 0);
	CHECK_EQ(b->addr % b->len_bytes, 0);
	CHECK(b->addr + b->len_bytes <= BIT(52));
	CHECK(b->kind == PCI_BAR_MEM || b->addr + b->len_bytes <= 0x10000);
}

static void
check_device(const struct pci_dev *d)
{
	for (u32 i = 0; i <= PCI_BAR_ROM; i++)
		check_bar(&d->bar[i]);
	for (u32 id = 0; id < 256; id++) {
		u32 at = pci_find_cap(d, (u8)id);

		CHECK(at == 0 || (at >= CAP_FIRST && at < CONFIG_BYTES &&
		    at % 4 == 0));
	}
	for (u16 id = 0; id < 16; id++) {
		u32 at = pci_find_ecap(d, id);

		CHECK(at == 0 || (at >= ECAP_FIRST &&
		    at < CONFIG_BYTES_PCIE && at % 4 == 0));
	}
}

static void
test_hostile(void)
{
	static struct fn before[NFNS];
	u32 bars = 0;

	segment.last_bus = 1;			/* 256 take their time */
	for (u32 i = 0; i < MUTANTS; i++) {
		u32 n = 0;

		machine_build();
		for (u64 ops = unit_random() % 24 + 1; ops > 0; ops--)
			mutate_once();
		memcpy(before, fns, sizeof(fns));
		accesses = 0;
		n = MIN(pci_scan(&segment, devs, TABLE), (u32)TABLE);
		CHECK(memcmp(before, fns, sizeof(fns)) == 0);
		for (u32 j = 0; j < n; j++) {
			check_device(&devs[j]);
			bars += devs[j].bar[0].kind != PCI_BAR_NONE;
		}
		CHECK(accesses < READS_MAX);
	}
	segment.last_bus = 255;
	CHECK(bars > MUTANTS / 10 && bars < 2 * MUTANTS);
}

UNIT_MAIN("pci",
	{ "scan", test_scan },
	{ "bars", test_bars },
	{ "bad-bars", test_bad_bars },
	{ "caps", test_caps },
	{ "segment", test_segment },
	{ "hostile", test_hostile },
)
