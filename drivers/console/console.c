/*
 * The screen as a terminal.
 *
 * A grid of cells in memory is what the screen should show; drawing compares
 * nothing and is asked only for cells that change. Scrolling moves the grid and
 * then draws the cells that differ from what was there, since reading a frame
 * buffer back is very slow and writing a whole one is slow too.
 *
 * Output understands \n \r \b \t \f and the ANSI sequences that a shell and an
 * editor need: cursor moves (A B C D G H f d), erasing (J K), colours (m);
 * others are skipped. Bytes above 127 (UTF-8) show as one box each character.
 *
 * LIMIT: no keyboard: the screen shows, and the serial line is for typing.
 *
 * Locks: screen_lock, tried for by the log and in a panic taken by force, as
 * in drivers/serial.
 */
#include "drivers/console/console.h"
#include "drivers/console/font.h"
#include "kernel/dev/console_arg.h"
#include "kernel/dev/tty.h"
#include "kernel/lib/bootinfo.h"
#include "kernel/lib/string.h"
#include "kernel/sync/spinlock.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"

#define CELL_WIDTH		8
#define CELL_HEIGHT		16
#define COLUMNS_MAX		240
#define ROWS_MAX		100
#define FB_SIDE_MAX		16384
#define TAB			8
#define ESC			0x1b
#define ESC_ARGS		8
#define COLOUR_DEFAULT		0x07	/* grey on black: EGA attribute */
#define BRIGHT			0x08
#define LOCK_TRIES		1000000
#define VT_MAJOR		4
#define VT_MINOR		1

/* A cell is an EGA text cell: the character, and its colours above. */
typedef u16 cell_t;

enum esc_state { ESC_NONE, ESC_SEEN, ESC_CSI };

/* I immutable after init; l screen_lock */
struct screen {
	u32		columns, rows;		/* [I] */
	volatile u8	*fb;			/* [I] NULL: EGA text */
	volatile cell_t	*ega;			/* [I] */
	u32		pitch, bytes_pp;	/* [I] */
	u32		palette[16];		/* [I] as pixels */
	u32		x, y;			/* [l] the cursor */
	u8		colour;			/* [l] */
	enum esc_state	esc;			/* [l] */
	u32		args[ESC_ARGS], nargs;	/* [l] */
	u32		utf8_left;		/* [l] bytes of a character */
	cell_t		cells[ROWS_MAX][COLUMNS_MAX];	/* [l] */
};

static struct screen screen;
static struct spinlock screen_lock = SPINLOCK_INIT(LOCK_CONSOLE);
static struct tty screen_tty;

/* EGA colours as 0xrrggbb. */
static const u32 ega_rgb[16] = {
	0x000000, 0x0000aa, 0x00aa00, 0x00aaaa,
	0xaa0000, 0xaa00aa, 0xaa5500, 0xaaaaaa,
	0x555555, 0x5555ff, 0x55ff55, 0x55ffff,
	0xff5555, 0xff55ff, 0xffff55, 0xffffff,
};

static void
pixel_write(volatile u8 *at, u32 pixel)
{
	switch (screen.bytes_pp) {
	case 4:
		*(volatile u32 *)at = pixel;
		break;
	case 2:
		*(volatile u16 *)at = (u16)pixel;
		break;
	case 3:
		at[0] = (u8)pixel;
		at[1] = (u8)(pixel >> 8);
		at[2] = (u8)(pixel >> 16);
		break;
	}
}

/* The 5x7 glyph, its rows doubled, in a cell of 8x16. */
static void
cell_draw_fb(u32 x, u32 y, cell_t cell)
{
	u8 c = (u8)cell;
	u32 fg = screen.palette[cell >> 8 & 15];
	u32 bg = screen.palette[cell >> 12 & 15];
	const u8 *rows = font[c < FONT_FIRST || c >= FONT_FIRST + FONT_GLYPHS ?
	    FONT_GLYPHS - 1 : c - FONT_FIRST];
	volatile u8 *line = screen.fb + (u64)y * CELL_HEIGHT * screen.pitch +
	    (u64)x * CELL_WIDTH * screen.bytes_pp;

	for (u32 r = 0; r < CELL_HEIGHT; r++, line += screen.pitch) {
		u32 bits = r == 0 || r == CELL_HEIGHT - 1 ? 0 :
		    (u32)rows[(r - 1) / 2] << 2;

		for (u32 i = 0; i < CELL_WIDTH; i++)
			pixel_write(line + i * screen.bytes_pp,
			    bits >> (CELL_WIDTH - 1 - i) & 1 ? fg : bg);
	}
}

static void
cell_set_locked(u32 x, u32 y, cell_t cell)
{
	if (screen.cells[y][x] == cell)
		return;
	screen.cells[y][x] = cell;
	if (screen.fb != NULL)
		cell_draw_fb(x, y, cell);
	else
		screen.ega[y * screen.columns + x] = cell;
}

static inline cell_t
cell_of(u8 c)
{
	return (cell_t)(screen.colour << 8 | c);
}

static void
erase_locked(u32 y0, u32 x0, u32 y1, u32 x1)
{
	for (u32 y = y0; y <= y1 && y < screen.rows; y++) {
		u32 to = y == y1 ? x1 : screen.columns;

		for (u32 x = y == y0 ? x0 : 0; x < to; x++)
			cell_set_locked(x, y, cell_of(' '));
	}
}

static void
newline_locked(void)
{
	if (screen.y + 1 < screen.rows) {
		screen.y++;
		return;
	}
	for (u32 y = 0; y + 1 < screen.rows; y++)
		for (u32 x = 0; x < screen.columns; x++)
			cell_set_locked(x, y, screen.cells[y + 1][x]);
	erase_locked(screen.y, 0, screen.y, screen.columns);
}

static void
put_char_locked(u8 c)
{
	if (screen.x >= screen.columns) {
		screen.x = 0;
		newline_locked();
	}
	cell_set_locked(screen.x++, screen.y, cell_of(c));
}

/* Argument n of a sequence; absent and 0 mean fallback. */
static u32
esc_arg(u32 n, u32 fallback)
{
	return n < screen.nargs && screen.args[n] != 0 ? screen.args[n] :
	    fallback;
}

static void
esc_colour_locked(u32 code)
{
	/* ANSI counts colours red first, EGA blue first. */
	static const u8 ega_of[8] = { 0, 4, 2, 6, 1, 5, 3, 7 };
	u8 c = screen.colour;

	if (code == 0 || code == 39)
		c = COLOUR_DEFAULT;
	else if (code == 1)
		c |= BRIGHT;
	else if (code == 7)
		c = (u8)(c << 4 | c >> 4);
	else if (code >= 30 && code <= 37)
		c = (u8)((c & 0xf8) | ega_of[code - 30]);
	else if (code >= 40 && code <= 47)
		c = (u8)((c & 0x8f) | ega_of[code - 40] << 4);
	else if (code == 49)
		c &= 0x0f;
	screen.colour = c;
}

static void
esc_erase_locked(u8 final)
{
	u32 how = esc_arg(0, 0);
	u32 last = final == 'J' ? screen.rows - 1 : screen.y;
	u32 first = final == 'J' ? 0 : screen.y;
	u32 x = MIN(screen.x, screen.columns);

	if (how == 0)
		erase_locked(screen.y, x, last, screen.columns);
	else if (how == 1)
		erase_locked(first, 0, screen.y, x);
	else
		erase_locked(first, 0, last, screen.columns);
}

static void
esc_do_locked(u8 final)
{
	u32 n = esc_arg(0, 1);
	u32 right = screen.columns - 1, bottom = screen.rows - 1;

	switch (final) {
	case 'A':
		screen.y -= MIN(n, screen.y);
		break;
	case 'B':
		screen.y = MIN(screen.y + MIN(n, bottom), bottom);
		break;
	case 'C':
		screen.x = MIN(screen.x + MIN(n, right), right);
		break;
	case 'D':
		screen.x -= MIN(n, screen.x);
		break;
	case 'G':
		screen.x = MIN(n - 1, right);
		break;
	case 'd':
		screen.y = MIN(n - 1, bottom);
		break;
	case 'H':
	case 'f':
		screen.y = MIN(n - 1, bottom);
		screen.x = MIN(esc_arg(1, 1) - 1, right);
		break;
	case 'J':
	case 'K':
		esc_erase_locked(final);
		break;
	case 'm':
		for (u32 i = 0; i < MAX(screen.nargs, 1u); i++)
			esc_colour_locked(esc_arg(i, 0));
		break;
	}
}

/* One more byte of an escape sequence. */
static void
esc_byte_locked(u8 c)
{
	if (screen.esc == ESC_SEEN) {
		screen.esc = c == '[' ? ESC_CSI : ESC_NONE;
		screen.nargs = 0;
		memset(screen.args, 0, sizeof(screen.args));
		return;
	}
	if (c >= '0' && c <= '9') {
		u32 *a = &screen.args[MIN(screen.nargs, ESC_ARGS - 1u)];

		*a = MIN(*a * 10 + (c - '0'), 10000u);
	} else if (c == ';') {
		screen.nargs = MIN(screen.nargs + 1, ESC_ARGS - 1u);
	} else if (c >= 0x40) {
		screen.nargs++;
		esc_do_locked(c);
		screen.esc = ESC_NONE;
	}
}

static void
screen_byte_locked(u8 c)
{
	if (screen.esc != ESC_NONE) {
		esc_byte_locked(c);
		return;
	}
	switch (c) {
	case '\n':
		newline_locked();
		break;
	case '\r':
		screen.x = 0;
		break;
	case '\b':
		screen.x -= screen.x > 0;
		break;
	case '\t':
		screen.x = MIN(ROUND_UP(screen.x + 1, TAB),
		    screen.columns - 1);
		break;
	case '\f':
		erase_locked(0, 0, screen.rows - 1, screen.columns);
		screen.x = screen.y = 0;
		break;
	case ESC:
		screen.esc = ESC_SEEN;
		break;
	default:
		if (c >= 0xc0 || (c >= ' ' && c < 0x80))
			put_char_locked(c);
		/* Else a control, or the rest of a UTF-8 character. */
	}
}

static bool
screen_lock_try(void) ACQUIRES_TRY(true, screen_lock) NO_THREAD_CHECK
{
	for (u32 i = 0; i < LOCK_TRIES && !panic_under_way; i++) {
		if (spin_trylock(&screen_lock))
			return true;
		cpu_pause();
	}
	return false;
}

static void
screen_log(const char *text, usize len) NO_THREAD_CHECK
{
	u64 flags = cpu_irq_save();
	bool locked = screen_lock_try();

	for (usize i = 0; i < len; i++) {
		if (text[i] == '\n')
			screen_byte_locked('\r');
		screen_byte_locked((u8)text[i]);
	}
	if (locked)
		spin_unlock(&screen_lock);
	cpu_irq_restore(flags);
}

static struct log_sink screen_sink = {
	.max_level = LOG_INFO, .write = screen_log,
};

static usize
screen_tty_write(struct tty *t, const u8 *buf, usize len)
{
	u64 flags = spin_lock_irq(&screen_lock);

	(void)t;
	for (usize i = 0; i < len; i++)
		screen_byte_locked(buf[i]);
	spin_unlock_irq(&screen_lock, flags);
	return len;
}

static const struct tty_ops screen_tty_ops = { .write = screen_tty_write };

/* 8 bits of a colour, in a field of the pixel. */
static u32
pixel_field(u32 value, u32 pos, u32 bits)
{
	if (bits == 0 || bits > 8 || pos > 31)
		return 0;
	return value >> (8 - bits) << pos;
}

/* The loader's word is checked as any foreign data. */
static bool
fb_is_usable(const struct boot_fb *fb)
{
	return fb->kind == BOOT_FB_RGB && (fb->bpp == 16 || fb->bpp == 24 ||
	    fb->bpp == 32 || fb->bpp == 15) && fb->addr != 0 &&
	    fb->width >= CELL_WIDTH && fb->width <= FB_SIDE_MAX &&
	    fb->height >= CELL_HEIGHT && fb->height <= FB_SIDE_MAX &&
	    fb->pitch_bytes >= fb->width * ((fb->bpp + 7u) / 8) &&
	    fb->pitch_bytes <= FB_SIDE_MAX * 4 &&
	    fb->addr < BIT(52) - (u64)fb->pitch_bytes * fb->height;
}

static void
fb_start(const struct boot_fb *fb)
{
	screen.fb = vmap_framebuffer(fb->addr,
	    (u64)fb->pitch_bytes * fb->height);
	screen.pitch = fb->pitch_bytes;
	screen.bytes_pp = (fb->bpp + 7u) / 8;
	screen.columns = MIN(fb->width / CELL_WIDTH, (u32)COLUMNS_MAX);
	screen.rows = MIN(fb->height / CELL_HEIGHT, (u32)ROWS_MAX);
	for (u32 i = 0; i < 16; i++)
		screen.palette[i] =
		    pixel_field(ega_rgb[i] >> 16 & 0xff, fb->red_pos,
		    fb->red_bits) |
		    pixel_field(ega_rgb[i] >> 8 & 0xff, fb->green_pos,
		    fb->green_bits) |
		    pixel_field(ega_rgb[i] & 0xff, fb->blue_pos,
		    fb->blue_bits);
}

/* console=tty0 is Linux's word for it, console=tty1 its name. */
static enum console_use
screen_use(const char *cmdline)
{
	return MAX(console_use(cmdline, "tty0"), console_use(cmdline, "tty1"));
}

void
console_init(const struct bootinfo *bi)
{
	if (fb_is_usable(&bi->fb)) {
		fb_start(&bi->fb);
	} else if (bi->fb.kind == BOOT_FB_TEXT && bi->fb.width <= COLUMNS_MAX &&
	    bi->fb.height <= ROWS_MAX && bi->fb.width >= TAB &&
	    bi->fb.height > 0) {
		screen.ega = vmap_device(bi->fb.addr,
		    bi->fb.width * bi->fb.height * sizeof(cell_t));
		screen.columns = bi->fb.width;
		screen.rows = bi->fb.height;
	} else {
		return;
	}
	screen.colour = COLOUR_DEFAULT;
	erase_locked(0, 0, screen.rows - 1, screen.columns);
	if (screen_use(bi->cmdline) != CONSOLE_UNUSED)
		log_add_sink(&screen_sink);
}

void
console_register(const char *cmdline)
{
	if (screen.rows == 0)
		return;
	screen_tty.ops = &screen_tty_ops;
	screen_tty.dev.name = "tty1";
	screen_tty.dev.major = VT_MAJOR;
	screen_tty.dev.minor = VT_MINOR;
	screen_tty.dev.mode = 0620;
	screen_tty.winsize.ws_col = (u16)screen.columns;
	screen_tty.winsize.ws_row = (u16)screen.rows;
	tty_register(&screen_tty);
	if (screen_use(cmdline) == CONSOLE_MAIN)
		tty_set_console(&screen_tty);
}
