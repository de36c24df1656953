/*
 * A grid of characters on a frame buffer or an EGA text screen.
 */
#pragma once

#include "kernel/lib/types.h"

struct boot_fb;

/* Attribute: foreground in bits 0-3, background in 4-7, as EGA has them. */
#define ATTR(fg, bg)	((u8)((fg) | (bg) << 4))
#define ATTR_NORMAL	ATTR(7, 0)

struct cell {
	u16	code;		/* Unicode */
	u8	attr;
	u8	spare;
};

/* I set by screen_init; o by who owns the screen (console.c) */
struct screen {
	u32		cols, rows;	/* [I] */
	struct cell	*cell;		/* [o] what is to be seen, by rows */
	struct cell	*shown;		/* [o] what the hardware shows */
	u32		cursor;		/* [o] cell index, or NO_CURSOR */
	u32		low, high;	/* [o] rows [low, high) may differ */
	volatile u8	*base;		/* [I] the hardware's memory */
	u32		pitch_bytes;	/* [I] */
	u32		pixel_bytes;	/* [I] 0: EGA text */
	u32		color[16];	/* [I] pixels of the EGA colours */
};
#define NO_CURSOR	(~0u)

/* Map the screen and clear it. False if there is none we can use. Boot, while
 * the boot allocator works. */
bool	screen_init(struct screen *s, const struct boot_fb *fb);

/* Make the hardware show what cell and cursor say. */
void	screen_update(struct screen *s);

/* Put blanks of attr into n cells from index on. */
void	screen_clear(struct screen *s, u32 index, u32 n, u8 attr);
/* Move rows [from, from + n) to row to. */
void	screen_move_rows(struct screen *s, u32 to, u32 from, u32 n);
/* Row was changed in cell[]. */
static inline void
screen_touch(struct screen *s, u32 row)
{
	s->low = MIN(s->low, row);
	s->high = MAX(s->high, row + 1);
}
