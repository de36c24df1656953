/*
 * A terminal's output: text and ANSI escape sequences, on a screen.
 */
#pragma once

#include "drivers/console/screen.h"

#define VT_PARAMS	8
#define VT_REPLY	16

/* o who owns the screen (console.c) */
struct vt {
	struct screen	*screen;	/* [I] */
	u32		x, y;		/* [o] y < rows, x <= cols */
	u32		top, bottom;	/* [o] scrolled rows [top, bottom) */
	u8		fg, bg;		/* [o] */
	bool		bold, reverse;	/* [o] */
	bool		hide_cursor;	/* [o] */
	bool		no_wrap;	/* [o] */
	u32		saved_x, saved_y; /* [o] */
	u8		state;		/* [o] of the parser */
	bool		is_private;	/* [o] "?" after the introducer */
	u32		param[VT_PARAMS]; /* [o] */
	u32		nparams;	/* [o] */
	u32		utf8, utf8_left; /* [o] of a character to be */
	u32		scroll_step;	/* [o] rows a full screen moves by */
	char		reply[VT_REPLY]; /* [o] to the terminal's input */
	u32		reply_len;	/* [o] */
};

void	vt_init(struct vt *v, struct screen *s);
void	vt_write(struct vt *v, const u8 *buf, usize len);
/* Show it: cells and cursor. */
void	vt_update(struct vt *v);
