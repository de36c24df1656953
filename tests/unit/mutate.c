/*
 * Mutations of boot data.
 *
 *	mutate [COUNT [SEED]]		COUNT of each kind through its parser
 *	mutate --emit DIR COUNT [SEED]	write them as DIR/KIND-NNNNN.bin
 *
 * Each kind has a valid sample. A mutant is the sample with one to eight of:
 * a flipped bit, a random byte, a nasty number at a random place, a length off
 * by a little, a block copied over another, a truncation. It is put into a
 * block of exactly its size, so that the sanitizers see the first byte past
 * it, and what a parser reads by physical address is given out as blocks of
 * exactly the length asked for. The parser must answer an error or a result
 * that keeps its promises, which are checked here. A mutant depends on kind,
 * number and seed only, so that one found bad can be made again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/acpi/acpi.h"
#include "kernel/lib/cpio.h"
#include "kernel/lib/elf.h"
#include "kernel/lib/memmap.h"
#include "kernel/lib/multiboot2.h"
#include "kernel/lib/pvh.h"
#include "tests/unit/samples.h"

#define OPS_MAX			8

static u64 rng;
static u8 *blob;		/* the mutant, exactly blob_len bytes */
static u32 blob_len;
static u8 *window;		/* what was mapped last */
static unsigned long accepted, refused;

#define MUST(cond) do { \
	if (!(cond)) { \
		fprintf(stderr, "# %s:%d: %s\n", __FILE__, __LINE__, #cond); \
		abort(); \
	} \
} while (0)

static u64
rnd(u64 below)
{
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;
	return (rng * 0x2545f4914f6cdd1dul >> 11) % below;
}

static u64
nasty_number(void)
{
	static const u64 numbers[] = {
		0, 1, 2, 7, 8, 35, 36, 255, 256, 4095, 4096, 0x7fffffff,
		0x80000000, 0xfffffff8, 0xffffffff, 0x100000000,
		0x7ffffffff000, 0x800000000000, 0xfffffffffffff000,
		0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
	};
	u64 n = rnd(8);

	if (n == 0)
		return rnd(UINT64_MAX);
	if (n == 1)
		return SAMPLE_BASE + rnd(SAMPLE_MAX);
	return numbers[rnd(ARRAY_LEN(numbers))];
}

/* Replace a number of 1, 2, 4 or 8 bytes, half of the time by a neighbour. */
static void
tweak_number(struct sample *s)
{
	u32 bytes = 1u << rnd(4), at;
	u64 v = 0;

	if (s->len < bytes)
		return;
	at = (u32)rnd(s->len - bytes + 1);
	if (rnd(4))
		at &= ~(MIN(bytes, 4u) - 1);
	memcpy(&v, s->data + at, bytes);
	v = rnd(2) ? v + rnd(33) - 16 : nasty_number();
	memcpy(s->data + at, &v, bytes);
}

/* The same for text: cpio's numbers are hexadecimal digits. */
static void
tweak_digit(struct sample *s)
{
	u32 at = (u32)rnd(s->len);

	for (u32 i = 0; i < 64 && at < s->len; i++, at++) {
		if (s->data[at] >= '0' && s->data[at] <= '9') {
			s->data[at] = (u8)"0123456789abcdefF g"[rnd(19)];
			return;
		}
	}
}

static void
copy_block(struct sample *s)
{
	u32 len = (u32)rnd(64) + 1;

	if (s->len > len)
		memmove(s->data + rnd(s->len - len),
		    s->data + rnd(s->len - len), len);
}

static void
mutate_once(struct sample *s)
{
	if (s->len == 0)
		return;
	switch (rnd(12)) {
	case 0: case 1: case 2:
		s->data[rnd(s->len)] ^= (u8)(1 << rnd(8));
		break;
	case 3: case 4:
		s->data[rnd(s->len)] = (u8)rnd(256);
		break;
	case 5: case 6: case 7:
		tweak_number(s);
		break;
	case 8: case 9:
		tweak_digit(s);
		break;
	case 10:
		copy_block(s);
		break;
	default:
		s->len = (u32)rnd(s->len + 1);
		break;
	}
}

/*
 * Most bytes of a sample are padding and payload. So that the interesting ones
 * are hit often, half of the mutants only change the first few hundred.
 */
static void
make_mutant(void (*build)(struct sample *s), u64 seed, struct sample *s)
{
	u32 full;
	u64 n;

	rng = seed;
	build(s);
	n = rnd(OPS_MAX) + 1;
	full = s->len;
	if (rnd(2))
		s->len = MIN(s->len, 448u);
	for (u64 i = 0; i < n; i++)
		mutate_once(s);
	if (s->len >= 448 || (s->len && rnd(2)))
		s->len = MAX(s->len, rnd(4) ? full : s->len);
	if (rnd(4))
		sample_fix(s);
}

/* Physical memory holds the mutant at SAMPLE_BASE and nothing else. */
static const void *
phys_map(paddr_t addr, usize len)
{
	free(window);
	window = NULL;
	if (addr < SAMPLE_BASE || addr - SAMPLE_BASE > blob_len ||
	    len > blob_len - (addr - SAMPLE_BASE))
		return NULL;
	window = malloc(len ? len : 1);
	memcpy(window, blob + (addr - SAMPLE_BASE), len);
	return window;
}

static void
check_bootinfo(const struct bootinfo *info)
{
	const struct boot_range *r = info->range;
	const char *why = NULL;
	u64 end = 0;

	MUST(info->nranges > 0 && info->nranges <= BOOT_RANGES);
	for (u32 i = 0; i < info->nranges; i++, r++) {
		MUST(r->start % PAGE_SIZE == 0 &&
		    r->len_bytes % PAGE_SIZE == 0 && r->len_bytes > 0);
		MUST(i == 0 || r->start >= end);
		MUST(i == 0 || r->start > end || r->kind != r[-1].kind);
		MUST(r->kind >= BOOT_RAM_USABLE && r->kind <= BOOT_RAM_BAD);
		end = r->start + r->len_bytes;
		MUST(end <= MEMMAP_LIMIT && end > r->start);
	}
	MUST(memmap_total(info, BOOT_RAM_USABLE) > 0);
	MUST(info->nmodules <= BOOT_MODULES);
	for (u32 i = 0; i < info->nmodules; i++) {
		MUST(info->module[i].start < info->module[i].end);
		MUST(strnlen(info->module[i].name, BOOT_MODULE_NAME) <
		    BOOT_MODULE_NAME);
	}
	MUST(strnlen(info->cmdline, BOOT_CMDLINE) < BOOT_CMDLINE);
	MUST(strnlen(info->loader, BOOT_LOADER_NAME) < BOOT_LOADER_NAME);
	MUST(info->rsdp_len <= BOOT_RSDP);
	if (info->fb.kind != BOOT_FB_NONE)
		MUST((u64)info->fb.width * ((info->fb.bpp + 7u) / 8) <=
		    info->fb.pitch_bytes && info->fb.bpp <= 32);
	if (bootinfo_check(info, 0x400000, 0x800000, &why))
		MUST(why && *why);
}

static struct bootinfo boot;

static int
run_multiboot2(void)
{
	const char *why = NULL;
	int err = multiboot2_parse(blob, blob_len, &boot, &why);

	if (err == 0)
		check_bootinfo(&boot);
	else
		MUST(err == -EINVAL && why && *why);
	return err;
}

static int
run_pvh(void)
{
	const char *why = NULL;
	int err = pvh_parse(blob, MIN(blob_len, 56u), phys_map, &boot, &why);

	if (err == 0)
		check_bootinfo(&boot);
	else
		MUST(err == -EINVAL && why && *why);
	return err;
}

static unsigned long warnings;

static void
count_warning(const char *line)
{
	warnings++;
	MUST(strlen(line) < 128);
}

static int
run_acpi(void)
{
	static const struct acpi_env env = { phys_map, count_warning };
	static struct acpi_info info;
	u8 rsdp[36] = { 0 };
	int err;

	memcpy(rsdp, blob, MIN(blob_len, 36u));
	warnings = 0;
	err = acpi_parse(rsdp, MIN(blob_len, 36u), &env, &info);
	MUST(err == 0 || err == -ENOENT);
	MUST(warnings < 100000);
	MUST(info.ncpus <= ACPI_MAX_CPUS && info.nnmis <= ACPI_MAX_NMIS &&
	    info.nioapics <= ACPI_MAX_IOAPICS && info.necam <= ACPI_MAX_ECAM &&
	    info.noverrides <= ACPI_MAX_OVERRIDES &&
	    info.ntables <= ACPI_MAX_TABLES);
	for (u32 i = 0; i < info.necam; i++)
		MUST(info.ecam[i].first_bus <= info.ecam[i].last_bus);
	MUST(!info.s5.present || (info.s5.typ_a < 8 && info.s5.typ_b < 8));
	return err;
}

static int
run_cpio(void)
{
	struct cpio_iter it;
	struct cpio_entry e;
	u32 sum = 0, n = 0;
	int r;

	cpio_start(&it, blob, blob_len);
	while ((r = cpio_next(&it, &e)) > 0) {
		MUST(e.name_len > 0 && e.name_len <= CPIO_NAME_MAX);
		MUST(strlen(e.name) == e.name_len);
		for (u32 i = 0; i < e.size_bytes; i++)
			sum += e.data[i];
		MUST(++n <= blob_len / 110);
	}
	MUST(r == 0 || (r == -EINVAL && it.why));
	__asm__ volatile("" : : "r"(sum));
	return r;
}

static void
check_elf(const struct elf_info *e)
{
	u64 end = 0;

	MUST(e->nloads > 0 && e->nloads <= ELF_MAX_LOADS);
	for (u32 i = 0; i < e->nloads; i++) {
		const struct elf_load *l = &e->load[i];

		MUST(l->mem_bytes > 0 && l->file_bytes <= l->mem_bytes);
		MUST(PAGE_DOWN(l->vaddr) >= PAGE_UP(end));
		end = l->vaddr + l->mem_bytes;
		MUST(end > l->vaddr && end <= ELF_USER_TOP);
		MUST(l->file_bytes == 0 ||
		    l->file_offset + l->file_bytes <= blob_len);
		MUST(l->file_bytes == 0 ||
		    (l->file_offset - l->vaddr) % PAGE_SIZE == 0);
	}
	MUST(e->brk_start == end && e->high == PAGE_UP(end));
	MUST(e->interp_bytes <= ELF_INTERP_MAX);
	MUST(e->interp_offset + e->interp_bytes <= blob_len);
	MUST((e->max_align & (e->max_align - 1)) == 0);
}

static int
run_elf(void)
{
	static struct elf_info info;
	int err = elf_parse(blob, MIN(blob_len, 4096u), blob_len, &info);

	if (err == -EAGAIN)
		err = elf_parse_phdrs(blob + info.phdr_offset,
		    info.phdr_count * 56u, blob_len, &info);
	if (err == 0)
		check_elf(&info);
	else
		MUST(err == -ENOEXEC || err == -EINVAL);
	return err;
}

static const struct kind {
	const char *name;
	void (*build)(struct sample *s);
	int (*run)(void);
} kinds[] = {
	{ "multiboot2", sample_multiboot2, run_multiboot2 },
	{ "pvh", sample_pvh, run_pvh },
	{ "acpi", sample_acpi, run_acpi },
	{ "cpio", sample_cpio, run_cpio },
	{ "elf", sample_elf, run_elf },
};

static u64
seed_of(usize kind, u64 i, u64 seed)
{
	return (seed * 8 + kind + 1) * 0x9e3779b97f4a7c15ul ^
	    (i + 1) * 0xd6e8feb86659fd93ul;
}

/* Returns 1 if the campaign as a whole was no good. */
static int
run_kind(usize k, u64 count, u64 seed)
{
	static struct sample s;
	bool good;

	accepted = refused = 0;
	for (u64 i = 0; i < count; i++) {
		make_mutant(kinds[k].build, seed_of(k, i, seed), &s);
		blob_len = s.len;
		blob = malloc(blob_len ? blob_len : 1);
		memcpy(blob, s.data, blob_len);
		*(kinds[k].run() == 0 ? &accepted : &refused) += 1;
		free(blob);
	}
	free(window);
	window = NULL;
	/* A campaign that all mutants pass, or none, tests nothing. */
	printf("# %lu accepted, %lu refused\n", accepted, refused);
	good = count < 100 || (accepted && refused);
	printf("%s unit.mutate.%s\n", good ? "ok" : "not ok", kinds[k].name);
	return !good;
}

static int
emit_kind(usize k, const char *dir, u64 count, u64 seed)
{
	static struct sample s;
	char path[4096];
	FILE *f;

	for (u64 i = 0; i < count; i++) {
		make_mutant(kinds[k].build, seed_of(k, i, seed), &s);
		snprintf(path, sizeof(path), "%s/%s-%05lu.bin", dir,
		    kinds[k].name, i);
		f = fopen(path, "wb");
		if (!f || fwrite(s.data, 1, s.len, f) != s.len || fclose(f)) {
			perror(path);
			return 1;
		}
	}
	return 0;
}

int
main(int argc, char **argv)
{
	bool emit = argc > 3 && strcmp(argv[1], "--emit") == 0;
	int at = emit ? 3 : 1, status = 0;
	u64 count = argc > at ? strtoul(argv[at], NULL, 0) : 10000;
	u64 seed = argc > at + 1 ? strtoul(argv[at + 1], NULL, 0) : 1;

	for (usize k = 0; k < ARRAY_LEN(kinds); k++) {
		if (emit)
			status |= emit_kind(k, argv[2], count, seed);
		else
			status += run_kind(k, count, seed);
	}
	if (!emit)
		printf("unit mutate: %d passed, %d failed\n",
		    (int)ARRAY_LEN(kinds) - status, status);
	return status != 0;
}
