/*
 * The screen's escape sequences: what they leave in the grid, and that nothing
 * a program can print leads out of it.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/console/ansi.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/bootinfo.h"
#include "kernel/mem/boot.h"
#include "kernel/x86/paging.h"
#include "tests/unit/unit.h"

#define COLS	40u
#define ROWS	10u
#define RANDOM_BYTES	2000000

static struct screen screen;
static struct vt vt;

void *
boot_get(usize len_bytes, usize align)
{
	(void)align;
	return calloc(1, len_bytes);
}

void *
vmap_framebuffer(paddr_t pa, usize len_bytes)
{
	(void)pa;
	return calloc(1, len_bytes);
}

static void
start(const struct boot_fb *fb)
{
	free(screen.cell);
	free(screen.shown);
	free((void *)screen.base);
	memset(&screen, 0, sizeof(screen));
	CHECK(screen_init(&screen, fb));
	vt_init(&vt, &screen);
}

static void
start_text(void)
{
	static const struct boot_fb fb = {
		.kind = BOOT_FB_TEXT, .addr = 0xb8000, .width = COLS,
		.height = ROWS, .pitch_bytes = COLS * 2, .bpp = 16,
	};

	start(&fb);
}

static void
say(const char *text)
{
	vt_write(&vt, (const u8 *)text, strlen(text));
	vt_update(&vt);
}

/* Row y of the hardware's text memory, without the blanks at its end. */
static const char *
row(u32 y)
{
	static char text[COLS + 1];
	u32 n = COLS;

	for (u32 x = 0; x < COLS; x++)
		text[x] = (char)screen.base[(y * COLS + x) * 2];
	while (n > 0 && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
	return text;
}

static void
test_text(void)
{
	start_text();
	say("hello\r\nworld\tx\b\by");
	CHECK_STR(row(0), "hello");
	CHECK_STR(row(1), "world  yx");
	say("\33[2J\33[H1234567890123456789012345678901234567890wrapped");
	CHECK_STR(row(1), "wrapped");
	say("\33[2J\33[H");
	for (u32 i = 0; i < ROWS + 2; i++) {
		char line[8];

		snprintf(line, sizeof(line), "%u\r\n", i);
		say(line);
	}
	CHECK_STR(row(0), "3");
	CHECK_STR(row(ROWS - 1), "");
	vt.scroll_step = 4;
	say("\r\nend");
	CHECK_STR(row(ROWS - 4), "end");
}

static void
test_moves(void)
{
	start_text();
	say("\33[5;7Hx\33[3DAB\33[2A\33[1Gc\33[99;99Hz\33[Ho");
	CHECK_STR(row(4), "    ABx");
	CHECK_STR(row(2), "c");
	CHECK_STR(row(0), "o");
	CHECK_EQ(screen.base[(ROWS * COLS - 1) * 2], 'z');
	say("\33[5;6H\33[K\33[1;2H\33[1K");
	CHECK_STR(row(4), "    A");
	CHECK_STR(row(0), "");
	say("\33[2J\33[1;1Habcdef\33[1;3H\33[2P\33[1;2H\33[2@");
	CHECK_STR(row(0), "a  bef");
}

static void
test_regions(void)
{
	start_text();
	for (u32 i = 0; i < ROWS; i++) {
		char line[16];

		snprintf(line, sizeof(line), "\33[%u;1H%u", i + 1, i);
		say(line);
	}
	say("\33[3;6r\33[6;1H\n");
	CHECK_STR(row(1), "1");
	CHECK_STR(row(2), "3");
	CHECK_STR(row(5), "");
	CHECK_STR(row(6), "6");
	say("\33[3;1H\33M");
	CHECK_STR(row(2), "");
	CHECK_STR(row(3), "3");
	say("\33[4;1H\33[2M");
	CHECK_STR(row(3), "5");
	say("\33[r\33[1;1H\33[L");
	CHECK_STR(row(1), "0");
}

static void
test_colors(void)
{
	start_text();
	say("\33[1;31;44mr\33[0mn\33[7mi\33[27;38;5;10mg\33[38;2;1;2;3;32mG");
	CHECK_EQ(screen.cell[0].attr, ATTR(12, 1));
	CHECK_EQ(screen.cell[1].attr, ATTR_NORMAL);
	CHECK_EQ(screen.cell[2].attr, ATTR(0, 7));
	CHECK_EQ(screen.cell[3].attr, ATTR(10, 0));
	CHECK_EQ(screen.cell[4].attr, ATTR(2, 0));
}

static void
test_utf8(void)
{
	start_text();
	say("\xc3\xa9\xe2\x94\x80\xf0\x9f\x98\x80\xff\xc3x");
	CHECK_EQ(screen.cell[0].code, 0xe9);
	CHECK_EQ(screen.cell[1].code, 0x2500);
	CHECK_EQ(screen.cell[2].code, 0xfffd);
	CHECK_EQ(screen.cell[3].code, 0xfffd);
	CHECK_EQ(screen.cell[4].code, 0xfffd);
	CHECK_EQ(screen.cell[5].code, 'x');
}

static void
test_report(void)
{
	start_text();
	say("\33[999;999H\33[6n");
	vt.reply[vt.reply_len] = '\0';
	CHECK_STR(vt.reply, "\33[10;40R");
}

/* Bytes that often make sequences, for ever: the asserts and the sanitizers
 * look on. */
static void
random_bytes(void)
{
	static const char liked[] =
	    "\33\33\33[[[[0123456789;;;?ABCDEFGHJKLMPSTX@dfmrnshlucM78\n\r\t";

	for (u32 i = 0; i < RANDOM_BYTES; i++) {
		u64 r = unit_random();
		u8 c = r % 4 == 0 ? (u8)(r >> 8) :
		    (u8)liked[(r >> 8) % (sizeof(liked) - 1)];

		vt.scroll_step = 1 + (r >> 20) % 12;
		vt_write(&vt, &c, 1);
		if (r % 1024 == 1)
			vt_update(&vt);
		if (vt.y >= screen.rows || vt.x > screen.cols ||
		    vt.top >= vt.bottom || vt.bottom > screen.rows ||
		    vt.reply_len >= VT_REPLY)
			abort();
	}
}

static void
test_random(void)
{
	struct boot_fb fb = {
		.kind = BOOT_FB_RGB, .width = 203, .height = 113,
		.pitch_bytes = 203 * 3 + 5, .bpp = 24, .red_pos = 16,
		.red_bits = 8, .green_pos = 8, .green_bits = 8, .blue_bits = 8,
	};

	start_text();
	random_bytes();
	start(&fb);
	random_bytes();
	fb.bpp = 32;
	fb.pitch_bytes = 1024;
	start(&fb);
	random_bytes();
}

/* A glyph's dots are where the character is, in its colours. */
static void
test_pixels(void)
{
	static const struct boot_fb fb = {
		.kind = BOOT_FB_RGB, .width = 320, .height = 160,
		.pitch_bytes = 1280, .bpp = 32, .red_pos = 16, .red_bits = 8,
		.green_pos = 8, .green_bits = 8, .blue_bits = 8,
	};
	u32 lit = 0, other = 0;

	start(&fb);
	say("\33[?25l\33[2;3H\33[1;32mA");
	for (u32 y = 0; y < fb.height; y++) {
		for (u32 x = 0; x < fb.width; x++) {
			u32 pixel = ((volatile u32 *)screen.base)[y * 320 + x];
			bool inside = x / 8 == 2 && y / 16 == 1;

			lit += inside && pixel == 0x55ff55;
			other += pixel != 0 && !(inside && pixel == 0x55ff55);
		}
	}
	CHECK(lit > 10 && lit < 100);
	CHECK_EQ(other, 0);
}

/* What no screen can be is refused. */
static void
test_refused(void)
{
	struct boot_fb fb = { .kind = BOOT_FB_RGB, .width = 1024,
	    .height = 768, .pitch_bytes = 1024, .bpp = 32 };
	struct screen s;

	CHECK(!screen_init(&s, &fb));
	fb.pitch_bytes = 4096;
	fb.bpp = 8;
	CHECK(!screen_init(&s, &fb));
	fb.kind = BOOT_FB_TEXT;
	fb.width = 0;
	CHECK(!screen_init(&s, &fb));
}

UNIT_MAIN("ansi", { "text", test_text }, { "moves", test_moves },
    { "regions", test_regions }, { "colors", test_colors },
    { "utf8", test_utf8 }, { "report", test_report },
    { "pixels", test_pixels }, { "refused", test_refused },
    { "random", test_random })
