/*
 * Multiboot2 boot information.
 *
 * The structure is a list of tags, each a type and a size, at multiples of
 * eight bytes, closed by an end tag. Every tag is checked against what is left
 * of the structure, and every field against its tag, before it is read; all
 * reads go through memcpy, so that no alignment is assumed.
 *
 * A structure that is broken as such (sizes, a missing end, a reversed module)
 * is refused. A framebuffer that makes no sense is only left out: the serial
 * line can still say why there is no picture.
 */
#include "kernel/lib/multiboot2.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/memmap.h"
#include "kernel/lib/string.h"

/* Tag types, specification 3.6.x. */
#define TAG_END			0
#define TAG_CMDLINE		1
#define TAG_LOADER		2
#define TAG_MODULE		3
#define TAG_MMAP		6
#define TAG_FRAMEBUFFER		8
#define TAG_EFI64		12
#define TAG_ACPI_OLD		14
#define TAG_ACPI_NEW		15
#define TAG_EFI_MMAP		17
#define TAG_EFI_BS		18

#define FB_SIDE_MAX		16384	/* pixels; larger is a lie */

struct tag {
	u32 type;
	u32 size;
};

struct mmap_entry {
	u64 base;
	u64 len;
	u32 type;
	u32 reserved;
};

/* EFI_MEMORY_DESCRIPTOR, UEFI 2.10 section 7.2.3; entries may be longer. */
struct efi_entry {
	u32 type;
	u32 pad;
	u64 phys;
	u64 virt;
	u64 npages;
	u64 attribute;
};

struct fb_tag {
	u64 addr;
	u32 pitch, width, height;
	u8 bpp, type;
	u16 reserved;
} packed;

/* What the tags say before the whole is known. */
struct parse {
	struct bootinfo *out;
	const char *why;
	const u8 *efi_map;		/* tag body, if there is one */
	u32 efi_map_len;
	bool has_mmap;
};

static u32
load32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static int
refuse(struct parse *ps, const char *why)
{
	ps->why = why;
	return -EINVAL;
}

/* Copy a string that ends at a NUL or with its tag, cut to size - 1. */
static void
copy_string(char *to, usize size, const u8 *body, u32 len)
{
	usize n = MIN(strnlen((const char *)body, len), size - 1);

	memcpy(to, body, n);
	to[n] = '\0';
}

static int
parse_cmdline(struct parse *ps, const u8 *body, u32 len)
{
	copy_string(ps->out->cmdline, sizeof(ps->out->cmdline), body, len);
	return 0;
}

static int
parse_loader(struct parse *ps, const u8 *body, u32 len)
{
	copy_string(ps->out->loader, sizeof(ps->out->loader), body, len);
	return 0;
}

static int
parse_module(struct parse *ps, const u8 *body, u32 len)
{
	struct bootinfo *out = ps->out;
	struct boot_module *m;

	if (len < 8)
		return refuse(ps, "multiboot2: module tag too short");
	if (load32(body) >= load32(body + 4))
		return refuse(ps, "multiboot2: module empty or reversed");
	if (out->nmodules == BOOT_MODULES)
		return refuse(ps, "multiboot2: too many modules");
	m = &out->module[out->nmodules++];
	m->start = load32(body);
	m->end = load32(body + 4);
	copy_string(m->name, sizeof(m->name), body + 8, len - 8);
	return 0;
}

static enum boot_range_kind
mmap_kind(u32 type)
{
	switch (type) {
	case 1:
		return BOOT_RAM_USABLE;
	case 3:
		return BOOT_RAM_ACPI;
	case 4:
		return BOOT_RAM_NVS;
	case 5:
		return BOOT_RAM_BAD;
	default:
		return BOOT_RAM_RESERVED;
	}
}

static int
parse_mmap(struct parse *ps, const u8 *body, u32 len)
{
	struct mmap_entry e;
	u32 entry_size;

	if (len < 8)
		return refuse(ps, "multiboot2: memory map tag too short");
	entry_size = load32(body);
	if (entry_size < sizeof(e) || entry_size % 8)
		return refuse(ps, "multiboot2: bad memory map entry size");
	/* No wrap: at <= len, and entry_size is compared before it is added. */
	for (u32 at = 8; entry_size <= len - at; at += entry_size) {
		memcpy(&e, body + at, sizeof(e));
		/* A refused range is counted, and its memory not used. */
		(void)memmap_add(ps->out, e.base, e.len, mmap_kind(e.type));
	}
	ps->has_mmap = true;
	return 0;
}

/* UEFI memory types, UEFI 2.10 table 7.6. */
static enum boot_range_kind
efi_kind(u32 type, bool services_live)
{
	switch (type) {
	case 1: case 2:			/* loader code, data */
	case 7:				/* conventional */
		return BOOT_RAM_USABLE;
	case 3: case 4:			/* boot services code, data */
		return services_live ? BOOT_RAM_RESERVED : BOOT_RAM_USABLE;
	case 8:
		return BOOT_RAM_BAD;
	case 9:
		return BOOT_RAM_ACPI;
	case 10:
		return BOOT_RAM_NVS;
	default:
		return BOOT_RAM_RESERVED;
	}
}

/* Read the EFI map, for a loader that gives no other. */
static int
read_efi_map(struct parse *ps)
{
	bool live = ps->out->efi_flags & BOOT_EFI_SERVICES;
	struct efi_entry e;
	u32 entry_size, at;
	u64 bytes;

	if (ps->efi_map_len < 8)
		return refuse(ps, "multiboot2: EFI map tag too short");
	entry_size = load32(ps->efi_map);
	if (entry_size < sizeof(e) || entry_size % 8)
		return refuse(ps, "multiboot2: bad EFI map entry size");
	for (at = 8; entry_size <= ps->efi_map_len - at; at += entry_size) {
		memcpy(&e, ps->efi_map + at, sizeof(e));
		if (__builtin_mul_overflow(e.npages, PAGE_SIZE, &bytes))
			bytes = UINT64_MAX;
		(void)memmap_add(ps->out, e.phys, bytes,
		    efi_kind(e.type, live));
	}
	ps->out->efi_flags |= BOOT_EFI_MEMMAP;
	return 0;
}

static int
parse_efi_mmap(struct parse *ps, const u8 *body, u32 len)
{
	ps->efi_map = body;
	ps->efi_map_len = len;
	return 0;
}

/* True if the colour fields lie inside a pixel. */
static bool
fb_fields_are_sound(const struct boot_fb *fb)
{
	return fb->red_pos + fb->red_bits <= fb->bpp &&
	    fb->green_pos + fb->green_bits <= fb->bpp &&
	    fb->blue_pos + fb->blue_bits <= fb->bpp &&
	    fb->red_bits && fb->green_bits && fb->blue_bits &&
	    fb->red_bits <= 16 && fb->green_bits <= 16 && fb->blue_bits <= 16;
}

/* True if the picture is of a possible size and lies in possible memory. */
static bool
fb_is_sound(const struct boot_fb *fb)
{
	u64 row_bytes = (u64)fb->width * ((fb->bpp + 7u) / 8);

	return fb->addr != 0 && fb->bpp > 0 && fb->bpp <= 32 &&
	    fb->width > 0 && fb->width <= FB_SIDE_MAX &&
	    fb->height > 0 && fb->height <= FB_SIDE_MAX &&
	    fb->pitch_bytes >= row_bytes &&
	    fb->pitch_bytes <= 16 * FB_SIDE_MAX &&
	    fb->addr <= MEMMAP_LIMIT - (u64)fb->pitch_bytes * fb->height &&
	    (fb->kind != BOOT_FB_RGB || fb_fields_are_sound(fb));
}

static int
parse_framebuffer(struct parse *ps, const u8 *body, u32 len)
{
	static const u8 kinds[] = {
		BOOT_FB_INDEXED, BOOT_FB_RGB, BOOT_FB_TEXT,
	};
	const u8 *colour = body + sizeof(struct fb_tag);
	struct boot_fb fb = { 0 };
	struct fb_tag t;

	if (len < sizeof(t))
		return refuse(ps, "multiboot2: framebuffer tag too short");
	memcpy(&t, body, sizeof(t));
	fb.kind = t.type < ARRAY_LEN(kinds) ? kinds[t.type] : BOOT_FB_NONE;
	fb.addr = t.addr;
	fb.pitch_bytes = t.pitch;
	fb.width = t.width;
	fb.height = t.height;
	fb.bpp = fb.kind == BOOT_FB_TEXT ? 16 : t.bpp;
	if (fb.kind == BOOT_FB_RGB) {
		if (len < sizeof(t) + 6)
			return refuse(ps, "multiboot2: no colour fields");
		fb.red_pos = colour[0];
		fb.red_bits = colour[1];
		fb.green_pos = colour[2];
		fb.green_bits = colour[3];
		fb.blue_pos = colour[4];
		fb.blue_bits = colour[5];
	}
	if (fb.kind != BOOT_FB_NONE && fb_is_sound(&fb))
		ps->out->fb = fb;
	return 0;
}

static int
parse_efi64(struct parse *ps, const u8 *body, u32 len)
{
	if (len < 8)
		return refuse(ps, "multiboot2: EFI tag too short");
	memcpy(&ps->out->efi_system_table, body, 8);
	ps->out->efi_flags |= BOOT_EFI64;
	return 0;
}

static int
parse_efi_bs(struct parse *ps, const u8 *body, u32 len)
{
	(void)body;
	(void)len;
	ps->out->efi_flags |= BOOT_EFI_SERVICES;
	return 0;
}

/* The RSDP is checked by its user; the newer of two forms is kept. */
static int
copy_rsdp(struct parse *ps, const u8 *body, u32 len, u32 want)
{
	if (len < want)
		return refuse(ps, "multiboot2: RSDP tag too short");
	if (ps->out->rsdp_len < want) {
		memcpy(ps->out->rsdp, body, want);
		ps->out->rsdp_len = want;
	}
	return 0;
}

static int
parse_acpi_old(struct parse *ps, const u8 *body, u32 len)
{
	return copy_rsdp(ps, body, len, 20);
}

static int
parse_acpi_new(struct parse *ps, const u8 *body, u32 len)
{
	return copy_rsdp(ps, body, len, 36);
}

/* body and len are what follows type and size; the order is irrelevant. */
static const struct {
	u32 type;
	int (*parse)(struct parse *ps, const u8 *body, u32 len);
} parsers[] = {
	{ TAG_CMDLINE, parse_cmdline },
	{ TAG_LOADER, parse_loader },
	{ TAG_MODULE, parse_module },
	{ TAG_MMAP, parse_mmap },
	{ TAG_FRAMEBUFFER, parse_framebuffer },
	{ TAG_EFI64, parse_efi64 },
	{ TAG_ACPI_OLD, parse_acpi_old },
	{ TAG_ACPI_NEW, parse_acpi_new },
	{ TAG_EFI_MMAP, parse_efi_mmap },
	{ TAG_EFI_BS, parse_efi_bs },
};

/* Hand a tag's body to its parser; unknown tags are skipped. */
static int
parse_tag(struct parse *ps, u32 type, const u8 *body, u32 len)
{
	for (usize i = 0; i < ARRAY_LEN(parsers); i++)
		if (parsers[i].type == type)
			return parsers[i].parse(ps, body, len);
	return 0;
}

/* Loop invariant: at <= total, and [at, total) holds the tags not yet read. */
static int
parse_tags(struct parse *ps, const u8 *info, u32 total)
{
	struct tag tag;
	u32 at = 8;
	int err;

	for (;;) {
		if (total - at < sizeof(tag))
			return refuse(ps, "multiboot2: no end tag");
		memcpy(&tag, info + at, sizeof(tag));
		if (tag.size < sizeof(tag) || tag.size > total - at)
			return refuse(ps, "multiboot2: tag size out of bounds");
		if (tag.type == TAG_END)
			return 0;
		err = parse_tag(ps, tag.type, info + at + sizeof(tag),
		    tag.size - (u32)sizeof(tag));
		if (err)
			return err;
		at += MIN(ROUND_UP(tag.size, 8u), total - at);
	}
}

int
multiboot2_parse(const void *info, usize len_bytes, struct bootinfo *out,
    const char **why)
{
	struct parse ps = { .out = out, .why = "" };
	u32 total;
	int err;

	memset(out, 0, sizeof(*out));
	if (len_bytes < 16) {
		err = refuse(&ps, "multiboot2: information too short");
	} else {
		total = load32(info);
		if (total < 16 || total > len_bytes || total > INT32_MAX)
			err = refuse(&ps, "multiboot2: bad total size");
		else
			err = parse_tags(&ps, info, total);
	}
	if (err == 0 && !ps.has_mmap)
		err = ps.efi_map ? read_efi_map(&ps) :
		    refuse(&ps, "multiboot2: no memory map");
	if (err == 0 && memmap_normalise(out))
		err = refuse(&ps, "multiboot2: no usable memory");
	*why = ps.why;
	return err;
}
