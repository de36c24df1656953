/*
 * The screen's font: build/gen/font.c, made by psf2c from a Debian package.
 */
#pragma once

#include "kernel/lib/types.h"

#define FONT_WIDTH	8
#define FONT_HEIGHT	16

struct font_char {
	u16	code;		/* Unicode */
	u16	glyph;
};

extern const u8 font_bits[][FONT_HEIGHT]; /* rows, left: bit 7 */
extern const struct font_char font_chars[];	/* by rising code */
extern const u32 font_nchars;
