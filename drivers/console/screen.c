/*
 * The screen: a grid of cells drawn on a linear frame buffer, or stored into
 * EGA text memory.
 *
 * The memory of the hardware is only written, never read: reads from it are
 * slow. cell[] holds what is to be seen, shown[] what is there; an update draws
 * the cells that differ, so that scrolling costs as much as the text on the
 * screen, not as its pixels.
 */
#include "drivers/console/font.h"
#include "drivers/console/screen.h"
#include "kernel/lib/bootinfo.h"
#include "kernel/lib/string.h"
#include "kernel/mem/boot.h"
#include "kernel/x86/paging.h"

#define COLS_MAX	320u		/* bounds for what the loader says */
#define ROWS_MAX	160u
#define ATTR_SWAP(a)	((u8)((a) >> 4 | (a) << 4))

/* The EGA colours: 24-bit RGB. */
static const u32 ega_rgb[16] = {
	0x000000, 0x0000aa, 0x00aa00, 0x00aaaa,
	0xaa0000, 0xaa00aa, 0xaa5500, 0xaaaaaa,
	0x555555, 0x5555ff, 0x55ff55, 0x55ffff,
	0xff5555, 0xff55ff, 0xffff55, 0xffffff,
};

static const u8 *
glyph_find(u16 code)
{
	u32 low = 0, high = font_nchars;

	while (low < high) {		/* it is in [low, high), if anywhere */
		u32 mid = (low + high) / 2;

		if (font_chars[mid].code == code)
			return font_bits[font_chars[mid].glyph];
		if (font_chars[mid].code < code)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static const u8 *
glyph_of(u16 code)
{
	const u8 *glyph = glyph_find(code);

	if (glyph == NULL)
		glyph = glyph_find('?');
	return glyph != NULL ? glyph : font_bits[0];
}

static void
draw_row_32(volatile u8 *to, u8 bits, u32 fg, u32 bg)
{
	volatile u64 *pixel = (volatile u64 *)to;

	for (u32 x = 0; x < FONT_WIDTH; x += 2, bits = (u8)(bits << 2))
		*pixel++ = (bits & 0x80 ? fg : bg) |
		    (u64)(bits & 0x40 ? fg : bg) << 32;
}

static void
draw_row_any(volatile u8 *to, u8 bits, u32 fg, u32 bg, u32 pixel_bytes)
{
	for (u32 x = 0; x < FONT_WIDTH; x++, bits = (u8)(bits << 1)) {
		u32 pixel = bits & 0x80 ? fg : bg;

		for (u32 b = 0; b < pixel_bytes; b++, pixel >>= 8)
			*to++ = (u8)pixel;
	}
}

static void
draw_pixels(struct screen *s, u32 index, struct cell c)
{
	const u8 *glyph = glyph_of(c.code);
	u32 fg = s->color[c.attr & 15], bg = s->color[c.attr >> 4];
	volatile u8 *to = s->base +
	    (u64)(index / s->cols) * FONT_HEIGHT * s->pitch_bytes +
	    index % s->cols * FONT_WIDTH * s->pixel_bytes;

	for (u32 y = 0; y < FONT_HEIGHT; y++, to += s->pitch_bytes) {
		if (s->pixel_bytes == 4)
			draw_row_32(to, glyph[y], fg, bg);
		else
			draw_row_any(to, glyph[y], fg, bg, s->pixel_bytes);
	}
}

/* EGA text has code page 437; what is past ASCII is shown as a block. */
static void
draw_text(struct screen *s, u32 index, struct cell c)
{
	volatile u16 *to = (volatile u16 *)(s->base + (u64)(index / s->cols) *
	    s->pitch_bytes + index % s->cols * 2);

	*to = (u16)((c.code < 0x7f ? c.code : 0xfe) | (c.attr & 0x7f) << 8);
}

void
screen_update(struct screen *s)
{
	u32 first = s->low * s->cols, end = s->high * s->cols;

	for (u32 i = first; i < end; i++) {
		struct cell c = s->cell[i];

		if (i == s->cursor)
			c.attr = ATTR_SWAP(c.attr);
		if (c.code == s->shown[i].code && c.attr == s->shown[i].attr)
			continue;
		s->shown[i] = c;
		if (s->pixel_bytes != 0)
			draw_pixels(s, i, c);
		else
			draw_text(s, i, c);
	}
	s->low = s->rows;
	s->high = 0;
}

void
screen_clear(struct screen *s, u32 index, u32 n, u8 attr)
{
	if (n == 0)
		return;
	for (u32 i = index; i < index + n; i++)
		s->cell[i] = (struct cell){ .code = ' ', .attr = attr };
	screen_touch(s, index / s->cols);
	screen_touch(s, (index + n - 1) / s->cols);
}

void
screen_move_rows(struct screen *s, u32 to, u32 from, u32 n)
{
	if (n == 0)
		return;
	memmove(&s->cell[to * s->cols], &s->cell[from * s->cols],
	    (usize)n * s->cols * sizeof(struct cell));
	screen_touch(s, to);
	screen_touch(s, to + n - 1);
}

/* An 8-bit colour component at its place in a pixel. */
static u32
component(u32 value, u8 pos, u8 bits)
{
	return bits == 0 || bits > 8 || pos > 31 ? 0 :
	    value >> (8 - bits) << pos;
}

static bool
fb_is_usable(const struct boot_fb *fb)
{
	if (fb->kind == BOOT_FB_TEXT)
		return fb->width >= 20 && fb->height >= 5 && fb->pitch_bytes >=
		    fb->width * 2;
	return fb->kind == BOOT_FB_RGB && fb->bpp >= 15 && fb->bpp <= 32 &&
	    fb->width >= 20 * FONT_WIDTH && fb->height >= 5 * FONT_HEIGHT &&
	    fb->pitch_bytes / DIV_UP(fb->bpp, 8u) >= fb->width;
}

bool
screen_init(struct screen *s, const struct boot_fb *fb)
{
	bool text = fb->kind == BOOT_FB_TEXT;
	u32 ncells;

	if (!fb_is_usable(fb))
		return false;
	s->cols = MIN(text ? fb->width : fb->width / FONT_WIDTH, COLS_MAX);
	s->rows = MIN(text ? fb->height : fb->height / FONT_HEIGHT, ROWS_MAX);
	s->pitch_bytes = fb->pitch_bytes;
	s->pixel_bytes = text ? 0 : DIV_UP(fb->bpp, 8u);
	for (u32 i = 0; i < 16; i++)
		s->color[i] = component(ega_rgb[i] >> 16, fb->red_pos,
		    fb->red_bits) |
		    component(ega_rgb[i] >> 8 & 0xff, fb->green_pos,
		    fb->green_bits) |
		    component(ega_rgb[i] & 0xff, fb->blue_pos, fb->blue_bits);
	s->base = vmap_framebuffer(fb->addr, (usize)fb->pitch_bytes *
	    (text ? s->rows : s->rows * FONT_HEIGHT));
	ncells = s->cols * s->rows;
	s->cell = boot_get(ncells * sizeof(struct cell), sizeof(u64));
	s->shown = boot_get(ncells * sizeof(struct cell), sizeof(u64));
	s->cursor = NO_CURSOR;
	s->low = s->rows;
	screen_clear(s, 0, ncells, ATTR_NORMAL);
	screen_update(s);
	return true;
}
