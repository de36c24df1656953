/*
 * Valid boot data, built by code.
 *
 * Each sample looks like what GRUB or QEMU gives, so that the parsers take
 * every path of theirs on it, and mutants start from there. A sample grows at
 * its end (sample_put and kin); lengths that are known only later are patched;
 * pieces that must add up to zero are noted, and sample_fix sets their sums,
 * also after a mutation.
 *
 * The PVH and ACPI samples are images of physical memory at SAMPLE_BASE with
 * their parts at fixed offsets. Invariant: len <= SAMPLE_MAX; a sample takes a
 * quarter of that at most.
 */
#include "tests/unit/samples.h"

#include <stdio.h>
#include <string.h>

#include "kernel/abi/elf.h"
#include "kernel/lib/checksum.h"

void
sample_put(struct sample *s, u64 value, u32 bytes)
{
	memcpy(s->data + s->len, &value, bytes);
	s->len += bytes;
}

void
sample_bytes(struct sample *s, const void *data, u32 len)
{
	memcpy(s->data + s->len, data, len);
	s->len += len;
}

void
sample_pad(struct sample *s, u32 align)
{
	while (s->len % align)
		s->data[s->len++] = 0;
}

static void
patch(struct sample *s, u32 at, u64 value, u32 bytes)
{
	memcpy(s->data + at, &value, bytes);
}

void
sample_fix(struct sample *s)
{
	for (u32 i = 0; i < s->nsums; i++) {
		struct sample_sum *m = &s->sum[i];

		if (m->at + m->len > s->len)
			continue;
		s->data[m->sum_at] = 0;
		s->data[m->sum_at] = (u8)-byte_sum(s->data + m->at, m->len);
	}
}

static void
add_sum(struct sample *s, u32 at, u32 len, u32 sum_at)
{
	s->sum[s->nsums++] = (struct sample_sum){ at, len, sum_at };
}

/* Multiboot2: begin a tag, and close it by writing its size. */
static u32
tag_begin(struct sample *s, u32 type)
{
	u32 at;

	sample_pad(s, 8);
	at = s->len;
	sample_put(s, type, 4);
	sample_put(s, 0, 4);
	return at;
}

static void
tag_end(struct sample *s, u32 at)
{
	patch(s, at + 4, s->len - at, 4);
	sample_pad(s, 8);
}

static const struct {
	u64 base, len;
	u32 type;
} ram[] = {
	{ 0, 0x9fc00, 1 },
	{ 0x9fc00, 0x400, 2 },
	{ 0xf0000, 0x10000, 2 },
	{ 0x100000, 0x7ee0000, 1 },
	{ 0x7fe0000, 0x20000, 3 },
	{ 0xb0000000, 0x10000000, 2 },
	{ 0xfffc0000, 0x40000, 2 },
	{ 0x100000000, 0x40000000, 1 },
};

static void
put_rsdp(struct sample *s)
{
	u32 at = s->len;

	sample_bytes(s, "RSD PTR ", 8);
	sample_put(s, 0, 1);
	sample_bytes(s, "BOCHS ", 6);
	sample_put(s, 2, 1);
	sample_put(s, SAMPLE_BASE + 0x100, 4);	/* RSDT */
	sample_put(s, 36, 4);
	sample_put(s, SAMPLE_BASE + 0x180, 8);	/* XSDT */
	sample_put(s, 0, 4);
	add_sum(s, at, 20, at + 8);
	add_sum(s, at, 36, at + 32);
	sample_fix(s);
}

static void
put_ram(struct sample *s)
{
	for (u32 i = 0; i < ARRAY_LEN(ram); i++) {
		sample_put(s, ram[i].base, 8);
		sample_put(s, ram[i].len, 8);
		sample_put(s, ram[i].type, 8);
	}
}

static void
tag_text(struct sample *s, u32 type, const char *text)
{
	u32 t = tag_begin(s, type);

	sample_bytes(s, text, (u32)strlen(text) + 1);
	tag_end(s, t);
}

static void
tag_module(struct sample *s)
{
	u32 t = tag_begin(s, 3);

	sample_put(s, 0x200000, 4);
	sample_put(s, 0x312345, 4);
	sample_bytes(s, "initrd", 7);
	tag_end(s, t);
}

static void
tag_framebuffer(struct sample *s)
{
	u32 t = tag_begin(s, 8);

	sample_put(s, 0xfd000000, 8);
	sample_put(s, 4096, 4);
	sample_put(s, 1024, 4);
	sample_put(s, 768, 4);
	sample_put(s, 32, 1);
	sample_put(s, 1, 1);
	sample_put(s, 0, 2);
	sample_bytes(s, "\x10\x08\x08\x08\x00\x08", 6);
	tag_end(s, t);
}

/* The old form is the first 20 bytes of the new one. */
static void
tag_rsdp(struct sample *s, u32 type, u32 bytes)
{
	u32 t = tag_begin(s, type);

	put_rsdp(s);
	s->nsums = 0;
	s->len = t + 8 + bytes;
	tag_end(s, t);
}

static void
tag_efi_map(struct sample *s)
{
	u32 t = tag_begin(s, 17);

	sample_put(s, 48, 4);
	sample_put(s, 1, 4);
	for (u32 i = 0; i < 3; i++) {
		sample_put(s, i == 0 ? 7 : i == 1 ? 4 : 9, 8);
		sample_put(s, 0x100000ul + i * 0x1000000ul, 8);
		sample_put(s, 0, 8);
		sample_put(s, 0x1000, 8);
		sample_put(s, 0xf, 8);
		sample_put(s, 0, 8);
	}
	tag_end(s, t);
}

void
sample_multiboot2(struct sample *s)
{
	u32 t;

	memset(s, 0, sizeof(*s));
	sample_put(s, 0, 8);
	tag_text(s, 1, "console=ttyS0 quiet");
	tag_text(s, 2, "GRUB 2.06");
	tag_module(s);
	t = tag_begin(s, 6);
	sample_put(s, 24, 4);
	sample_put(s, 0, 4);
	put_ram(s);
	tag_end(s, t);
	tag_framebuffer(s);
	tag_rsdp(s, 14, 20);
	tag_rsdp(s, 15, 36);
	tag_efi_map(s);
	t = tag_begin(s, 0);
	tag_end(s, t);
	patch(s, 0, s->len, 4);
}

void
sample_pvh(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	sample_put(s, 0x336ec578, 4);
	sample_put(s, 1, 4);
	sample_put(s, 0, 4);
	sample_put(s, 1, 4);
	sample_put(s, SAMPLE_BASE + 0x40, 8);	/* module list */
	sample_put(s, SAMPLE_BASE + 0x80, 8);	/* command line */
	sample_put(s, SAMPLE_BASE + 0xc0, 8);	/* RSDP */
	sample_put(s, SAMPLE_BASE + 0x100, 8);	/* memory map */
	sample_put(s, ARRAY_LEN(ram), 8);
	sample_pad(s, 0x40);
	sample_put(s, 0x200000, 8);
	sample_put(s, 0x112345, 8);
	sample_put(s, SAMPLE_BASE + 0xa8, 8);
	sample_put(s, 0, 8);
	sample_pad(s, 0x80);
	sample_bytes(s, "console=ttyS0 init=/bin/sh", 27);
	s->len = 0xa8;
	sample_bytes(s, "initrd", 7);
	s->len = 0xc0;
	put_rsdp(s);
	s->len = 0x100;
	put_ram(s);
	/* Strings are read up to the end of their page. */
	sample_pad(s, PAGE_SIZE);
}

/* ACPI: begin a table, and close it by writing its length. */
static u32
table_begin(struct sample *s, const char *name, u8 revision)
{
	u32 at;

	sample_pad(s, 16);
	at = s->len;
	sample_bytes(s, name, 4);
	sample_put(s, 0, 4);
	sample_put(s, revision, 1);
	sample_put(s, 0, 1);
	sample_bytes(s, "BOCHS BXPC    ", 14);
	sample_put(s, 1, 4);
	sample_bytes(s, "BXPC", 4);
	sample_put(s, 1, 4);
	return at;
}

static void
table_end(struct sample *s, u32 at)
{
	patch(s, at + 4, s->len - at, 4);
	add_sum(s, at, s->len - at, at + 9);
}

static void
put_gas(struct sample *s, u8 space, u8 width, u64 addr)
{
	sample_put(s, space, 1);
	sample_put(s, width, 1);
	sample_put(s, 0, 2);
	sample_put(s, addr, 8);
}

static u32
put_madt(struct sample *s)
{
	u32 at = table_begin(s, "APIC", 5);

	sample_put(s, 0xfee00000, 4);
	sample_put(s, 1, 4);
	for (u32 i = 0; i < 4; i++) {
		sample_put(s, 0x0800 | (u64)i << 16 | (u64)i << 24 |
		    1ul << 32, 8);
	}
	sample_put(s, 0x0800 | 9ul << 16 | 9ul << 24, 8);  /* disabled */
	sample_bytes(s, "\x01\x0c\x00\x00\x00\x00\xc0\xfe\x00\x00\x00\x00",
	    12);
	sample_bytes(s, "\x02\x0a\x00\x00\x02\x00\x00\x00\x00\x00", 10);
	sample_bytes(s, "\x02\x0a\x00\x09\x09\x00\x00\x00\x0d\x00", 10);
	sample_bytes(s, "\x04\x06\xff\x00\x00\x01", 6);
	sample_bytes(s, "\x05\x0c\x00\x00\x00\x00\xe0\xfe\x00\x00\x00\x00",
	    12);
	sample_bytes(s, "\x09\x10\x00\x00\x2c\x01\x00\x00\x01\x00\x00\x00"
	    "\x2c\x01\x00\x00", 16);
	sample_bytes(s, "\x0a\x0c\x05\x00\xff\xff\xff\xff\x01\x00\x00\x00",
	    12);
	table_end(s, at);
	return at;
}

static u32
put_dsdt(struct sample *s)
{
	u32 at = table_begin(s, "DSDT", 1);

	sample_bytes(s, "\x10\x20\\_SB_ some code _S5_ not it", 29);
	sample_bytes(s, "\x08_S5_\x12\x08\x04\x0a\x05\x0a\x06\x00\x00", 14);
	sample_bytes(s, "\x14\x10_PTS\x01\x70\x68", 9);
	table_end(s, at);
	return at;
}

static u32
put_fadt(struct sample *s, u32 dsdt)
{
	u32 at = table_begin(s, "FACP", 3);

	s->len = at + 244;
	patch(s, at + 40, SAMPLE_BASE + dsdt, 4);
	patch(s, at + 46, 9, 2);
	patch(s, at + 48, 0xb2, 4);
	patch(s, at + 52, 2, 1);
	patch(s, at + 56, 0x600, 4);
	patch(s, at + 64, 0x604, 4);
	patch(s, at + 76, 0x608, 4);
	patch(s, at + 88, 4, 1);
	patch(s, at + 89, 2, 1);
	patch(s, at + 91, 4, 1);
	patch(s, at + 108, 0x32, 1);
	patch(s, at + 109, 2, 2);
	patch(s, at + 112, 1 << 10 | 1 << 8, 4);
	s->len = at + 116;
	put_gas(s, 1, 8, 0xcf9);
	patch(s, at + 128, 0x0f, 1);
	patch(s, at + 140, SAMPLE_BASE + dsdt, 8);
	s->len = at + 148;
	put_gas(s, 1, 32, 0x600);
	s->len = at + 172;
	put_gas(s, 1, 16, 0x604);
	s->len = at + 208;
	put_gas(s, 1, 32, 0x608);
	s->len = at + 244;
	table_end(s, at);
	return at;
}

static u32
put_small_tables(struct sample *s, u32 *tables)
{
	u32 n = 0, at;

	at = tables[n++] = table_begin(s, "MCFG", 1);
	sample_put(s, 0, 8);
	sample_put(s, 0xb0000000, 8);
	sample_put(s, 0xff000000, 8);
	table_end(s, at);
	at = tables[n++] = table_begin(s, "HPET", 1);
	sample_put(s, 0x8086a201, 4);
	put_gas(s, 0, 0, 0xfed00000);
	sample_put(s, 0, 1);
	sample_put(s, 100, 2);
	sample_put(s, 0, 1);
	table_end(s, at);
	at = tables[n++] = table_begin(s, "SPCR", 2);
	sample_put(s, 0, 4);
	put_gas(s, 1, 8, 0x3f8);
	sample_bytes(s, "\x03\x04\x04\x00\x00\x00\x07\x00\x01\x02\x03\x00"
	    "\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
	    27);
	sample_put(s, 0, 1);
	table_end(s, at);
	at = tables[n++] = table_begin(s, "SRAT", 3);
	sample_put(s, 1, 4);
	sample_put(s, 0, 8);
	sample_bytes(s, "\x00\x10\x01\x02\x01\x00\x00\x00\x00\x00\x00\x00"
	    "\x00\x00\x00\x00", 16);
	sample_bytes(s, "\x01\x28\x01\x00\x00\x00\x00\x00", 8);
	sample_put(s, 0x100000, 8);
	sample_put(s, 0x7f00000, 8);
	sample_put(s, 0, 4);
	sample_put(s, 1, 4);
	sample_put(s, 0, 8);
	table_end(s, at);
	return n;
}

void
sample_acpi(struct sample *s)
{
	u32 tables[8], n, end, at, dsdt;

	memset(s, 0, sizeof(*s));
	put_rsdp(s);
	s->len = 0x200;
	dsdt = put_dsdt(s);
	n = put_small_tables(s, tables);
	tables[n++] = put_fadt(s, dsdt);
	tables[n++] = put_madt(s);
	end = s->len;
	s->len = 0x100;
	at = table_begin(s, "RSDT", 1);
	for (u32 i = 0; i < n; i++)
		sample_put(s, SAMPLE_BASE + tables[i], 4);
	table_end(s, at);
	s->len = 0x180;
	at = table_begin(s, "XSDT", 1);
	for (u32 i = 0; i < n; i++)
		sample_put(s, SAMPLE_BASE + tables[i], 8);
	table_end(s, at);
	s->len = end;
	sample_fix(s);
}

void
sample_cpio_entry(struct sample *s, const char *name, u32 mode,
    const char *data, u32 len)
{
	static u32 ino;
	char head[111];

	snprintf(head, sizeof(head), "070701%08x%08x%08x%08x%08x%08x%08x%08x"
	    "%08x%08x%08x%08x%08x", ++ino, mode, 0, 0, 1, 0x600dcafe, len,
	    8, 1, 5, 1, (u32)strlen(name) + 1, 0);
	sample_bytes(s, head, 110);
	sample_bytes(s, name, (u32)strlen(name) + 1);
	sample_pad(s, 4);
	sample_bytes(s, data, len);
	sample_pad(s, 4);
}

void
sample_cpio(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	sample_cpio_entry(s, ".", 040755, "", 0);
	sample_cpio_entry(s, "bin", 040755, "", 0);
	sample_cpio_entry(s, "bin/sh", 0100755, "#!/bin/true\n", 12);
	sample_cpio_entry(s, "etc/motd", 0100644, "hello", 5);
	sample_cpio_entry(s, "link", 0120777, "bin/sh", 6);
	sample_cpio_entry(s, "dev/console", 020600, "", 0);
	sample_cpio_entry(s, "TRAILER!!!", 0, "", 0);
	sample_pad(s, 512);
	sample_cpio_entry(s, "second", 0100644, "archive!", 8);
	sample_cpio_entry(s, "TRAILER!!!", 0, "", 0);
	sample_pad(s, 512);
}

void
sample_elf(struct sample *s)
{
	struct lx_elf64_ehdr eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 },
		.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = 1,
		.e_entry = 0x401000, .e_phoff = 64, .e_ehsize = 64,
		.e_phentsize = 56, .e_phnum = 6,
	};
	struct lx_elf64_phdr ph[6] = {
		{ PT_LOAD, PF_R, 0, 0x400000, 0x400000, 0x300, 0x300, 4096 },
		{ PT_LOAD, PF_R | PF_X, 0x1000, 0x401000, 0x401000, 0x800,
		    0x800, 4096 },
		{ PT_LOAD, PF_R | PF_W, 0x1f00, 0x403f00, 0x403f00, 0x180,
		    0x2000, 4096 },
		{ PT_INTERP, PF_R, 0x200, 0x400200, 0x400200, 28, 28, 1 },
		{ PT_TLS, PF_R, 0x1f00, 0x403f00, 0x403f00, 0x10, 0x20, 8 },
		{ PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16 },
	};

	memset(s, 0, sizeof(*s));
	sample_bytes(s, &eh, sizeof(eh));
	sample_bytes(s, ph, sizeof(ph));
	memcpy(s->data + 0x200, "/lib/ld-musl-x86_64.so.1\0\0\0", 28);
	s->len = 0x2080;
}
