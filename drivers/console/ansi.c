/*
 * The escape sequences of a terminal: what busybox's vi, top, less and the
 * shell use of ECMA-48 and of the Linux console (console_codes(4)).
 *
 * A state machine takes bytes; UTF-8 is put together on the way. Whatever
 * comes, the cursor stays on the screen (I1: y < rows, x <= cols; at x == cols
 * the next character wraps) and the scrolled rows are a range of at least one
 * row (I2: top < bottom <= rows).
 */
#include "drivers/console/ansi.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"

#define TAB_STOP	8
#define PARAM_MAX	9999
#define BAD_CHAR	0xfffd

enum vt_state {
	VT_TEXT, VT_ESC, VT_CSI, VT_STRING, VT_STRING_ESC, VT_SKIP,
};

/* ANSI numbers colours red, green, blue; EGA blue, green, red. */
static const u8 ansi_colors[8] = { 0, 4, 2, 6, 1, 5, 3, 7 };

void
vt_init(struct vt *v, struct screen *s)
{
	*v = (struct vt){ .screen = s, .bottom = s->rows, .fg = 7,
	    .scroll_step = 1 };
}

static u8
vt_attr(const struct vt *v)
{
	u8 fg = v->bold ? v->fg | 8 : v->fg;

	return v->reverse ? ATTR(v->bg, fg) : ATTR(fg, v->bg);
}

static u32
cell_index(const struct vt *v, u32 x, u32 y)
{
	return y * v->screen->cols + x;
}

/* ---- moving ---- */

static void
go_to(struct vt *v, s64 x, s64 y)
{
	s64 cols = v->screen->cols, rows = v->screen->rows;

	v->x = (u32)MIN(MAX(x, 0l), cols - 1);
	v->y = (u32)MIN(MAX(y, 0l), rows - 1);
}

/* Rows [top, bottom) move up by n; blank ones come in below. */
static void
scroll_up(struct vt *v, u32 top, u32 bottom, u32 n)
{
	u32 height = bottom - top;

	n = MIN(n, height);
	screen_move_rows(v->screen, top, top + n, height - n);
	screen_clear(v->screen, cell_index(v, 0, bottom - n),
	    n * v->screen->cols, vt_attr(v));
}

static void
scroll_down(struct vt *v, u32 top, u32 bottom, u32 n)
{
	u32 height = bottom - top;

	n = MIN(n, height);
	screen_move_rows(v->screen, top + n, top, height - n);
	screen_clear(v->screen, cell_index(v, 0, top), n * v->screen->cols,
	    vt_attr(v));
}

static void
line_feed(struct vt *v)
{
	if (v->y + 1 == v->bottom) {
		u32 step = MIN(v->scroll_step, v->bottom - v->top);

		scroll_up(v, v->top, v->bottom, step);
		v->y -= step - 1;
	} else if (v->y + 1 < v->screen->rows) {
		v->y++;
	}
}

static void
reverse_line_feed(struct vt *v)
{
	if (v->y == v->top)
		scroll_down(v, v->top, v->bottom, 1);
	else if (v->y > 0)
		v->y--;
}

/* ---- text ---- */

static void
put_char(struct vt *v, u32 code)
{
	struct screen *s = v->screen;

	if (code > 0xffff)
		code = BAD_CHAR;
	if (v->x == s->cols) {
		if (v->no_wrap) {
			v->x = s->cols - 1;
		} else {
			v->x = 0;
			line_feed(v);
		}
	}
	s->cell[cell_index(v, v->x, v->y)] = (struct cell){
		.code = (u16)code, .attr = vt_attr(v),
	};
	screen_touch(s, v->y);
	v->x++;
}

static void
control(struct vt *v, u8 c)
{
	switch (c) {
	case '\b':
		if (v->x > 0)
			v->x--;
		break;
	case '\t':
		v->x = MIN(ROUND_UP(v->x + 1, (u32)TAB_STOP),
		    v->screen->cols - 1);
		break;
	case '\n':
	case '\v':
	case '\f':
		line_feed(v);
		break;
	case '\r':
		v->x = 0;
		break;
	case 0x1b:
		v->state = VT_ESC;
		break;
	}
}

/* One byte of text: UTF-8 (RFC 3629; what is not is shown as U+FFFD). */
static void
text_byte(struct vt *v, u8 c)
{
	if (v->utf8_left > 0 && (c & 0xc0) == 0x80) {
		v->utf8 = v->utf8 << 6 | (c & 0x3f);
		if (--v->utf8_left == 0)
			put_char(v, v->utf8);
		return;
	}
	if (v->utf8_left > 0) {
		v->utf8_left = 0;
		put_char(v, BAD_CHAR);
	}
	if (c < 0x20 || c == 0x7f) {
		control(v, c);
	} else if (c < 0x80) {
		put_char(v, c);
	} else if (c >= 0xc2 && c <= 0xf4) {
		v->utf8_left = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
		v->utf8 = c & (0x3f >> v->utf8_left);
	} else {
		put_char(v, BAD_CHAR);
	}
}

/* ---- control sequences ---- */

/* Parameter i, or fallback where it is absent or 0. */
static u32
param(const struct vt *v, u32 i, u32 fallback)
{
	return i < v->nparams && v->param[i] != 0 ? v->param[i] : fallback;
}

static void
set_attribute(struct vt *v, u32 p)
{
	if (p == 0) {
		v->fg = 7;
		v->bg = 0;
		v->bold = v->reverse = false;
	} else if (p == 1) {
		v->bold = true;
	} else if (p == 2 || p == 22) {
		v->bold = false;
	} else if (p == 7 || p == 27) {
		v->reverse = p == 7;
	} else if (p >= 30 && p <= 37) {
		v->fg = ansi_colors[p - 30];
	} else if (p == 39) {
		v->fg = 7;
	} else if (p >= 40 && p <= 47) {
		v->bg = ansi_colors[p - 40];
	} else if (p == 49) {
		v->bg = 0;
	} else if (p >= 90 && p <= 97) {
		v->fg = ansi_colors[p - 90] | 8;
	} else if (p >= 100 && p <= 107) {
		v->bg = ansi_colors[p - 100] | 8;
	}
}

/* LIMIT: of 256 colours, only the first 16 are told apart. */
static void
csi_attributes(struct vt *v)
{
	for (u32 i = 0; i < MAX(v->nparams, 1u); i++) {
		u32 p = param(v, i, 0);

		if ((p == 38 || p == 48) && param(v, i + 1, 0) == 5) {
			u32 n = param(v, i + 2, 0) & 15;

			set_attribute(v, (p == 38 ? 30 : 40) + (n & 7) +
			    (n & 8 ? 60 : 0));
			i += 2;
		} else if (p == 38 || p == 48) {
			i += 4;		/* 2;r;g;b */
		} else {
			set_attribute(v, p);
		}
	}
}

static void
csi_erase_display(struct vt *v)
{
	struct screen *s = v->screen;
	u32 here = cell_index(v, MIN(v->x, s->cols - 1), v->y);
	u32 all = s->cols * s->rows;

	switch (param(v, 0, 0)) {
	case 0:
		screen_clear(s, here, all - here, vt_attr(v));
		break;
	case 1:
		screen_clear(s, 0, here + 1, vt_attr(v));
		break;
	default:
		screen_clear(s, 0, all, vt_attr(v));
	}
}

static void
csi_erase_line(struct vt *v)
{
	struct screen *s = v->screen;
	u32 x = MIN(v->x, s->cols - 1), row = cell_index(v, 0, v->y);

	switch (param(v, 0, 0)) {
	case 0:
		screen_clear(s, row + x, s->cols - x, vt_attr(v));
		break;
	case 1:
		screen_clear(s, row, x + 1, vt_attr(v));
		break;
	default:
		screen_clear(s, row, s->cols, vt_attr(v));
	}
}

/* Insert (n > 0) blanks at the cursor, or delete -n cells. */
static void
csi_shift(struct vt *v, s64 n)
{
	struct screen *s = v->screen;
	u32 x = MIN(v->x, s->cols - 1), right = s->cols - x;
	u32 by = (u32)MIN(n < 0 ? -n : n, (s64)right);
	struct cell *c = &s->cell[cell_index(v, x, v->y)];

	if (n > 0) {
		memmove(c + by, c, (right - by) * sizeof(*c));
		screen_clear(s, cell_index(v, x, v->y), by, vt_attr(v));
	} else {
		memmove(c, c + by, (right - by) * sizeof(*c));
		screen_clear(s, cell_index(v, s->cols - by, v->y), by,
		    vt_attr(v));
	}
	screen_touch(s, v->y);
}

static void
csi_lines(struct vt *v, bool insert)
{
	if (v->y < v->top || v->y >= v->bottom)
		return;
	if (insert)
		scroll_down(v, v->y, v->bottom, param(v, 0, 1));
	else
		scroll_up(v, v->y, v->bottom, param(v, 0, 1));
	v->x = 0;
}

static void
csi_region(struct vt *v)
{
	u32 top = param(v, 0, 1) - 1;
	u32 bottom = MIN(param(v, 1, v->screen->rows), v->screen->rows);

	if (top >= bottom)
		return;
	v->top = top;			/* I2 */
	v->bottom = bottom;
	go_to(v, 0, 0);
}

static void
csi_mode(struct vt *v, bool set)
{
	for (u32 i = 0; v->is_private && i < v->nparams; i++) {
		if (v->param[i] == 25)
			v->hide_cursor = !set;
		else if (v->param[i] == 7)
			v->no_wrap = !set;
	}
}

/* Device status report: answered where somebody may ask for the size. */
static void
csi_report(struct vt *v)
{
	if (param(v, 0, 0) == 5)
		v->reply_len = (u32)kscnprintf(v->reply, VT_REPLY, "\33[0n");
	else if (param(v, 0, 0) == 6)
		v->reply_len = (u32)kscnprintf(v->reply, VT_REPLY,
		    "\33[%u;%uR", v->y + 1, MIN(v->x + 1, v->screen->cols));
}

static void
csi_move(struct vt *v, u8 c)
{
	s64 n = param(v, 0, 1), x = MIN(v->x, v->screen->cols - 1), y = v->y;

	switch (c) {
	case 'A': go_to(v, x, y - n); break;
	case 'B': go_to(v, x, y + n); break;
	case 'C': go_to(v, x + n, y); break;
	case 'D': go_to(v, x - n, y); break;
	case 'E': go_to(v, 0, y + n); break;
	case 'F': go_to(v, 0, y - n); break;
	case 'G':
	case '`': go_to(v, n - 1, y); break;
	case 'd': go_to(v, x, n - 1); break;
	case 'H':
	case 'f': go_to(v, (s64)param(v, 1, 1) - 1, n - 1); break;
	}
}

static void
csi_end(struct vt *v, u8 c)
{
	u32 n = param(v, 0, 1);

	switch (c) {
	case 'J': csi_erase_display(v); break;
	case 'K': csi_erase_line(v); break;
	case 'L': csi_lines(v, true); break;
	case 'M': csi_lines(v, false); break;
	case 'S': scroll_up(v, v->top, v->bottom, n); break;
	case 'T': scroll_down(v, v->top, v->bottom, n); break;
	case '@': csi_shift(v, n); break;
	case 'P': csi_shift(v, -(s64)n); break;
	case 'X':
		screen_clear(v->screen, cell_index(v, MIN(v->x,
		    v->screen->cols - 1), v->y), MIN(n, v->screen->cols -
		    MIN(v->x, v->screen->cols - 1)), vt_attr(v));
		break;
	case 'm': csi_attributes(v); break;
	case 'r': csi_region(v); break;
	case 'h': csi_mode(v, true); break;
	case 'l': csi_mode(v, false); break;
	case 'n': csi_report(v); break;
	case 's':
		v->saved_x = v->x;
		v->saved_y = v->y;
		break;
	case 'u': go_to(v, v->saved_x, v->saved_y); break;
	default: csi_move(v, c);
	}
}

static void
csi_byte(struct vt *v, u8 c)
{
	if (c >= '0' && c <= '9') {
		u32 *p;

		if (v->nparams == 0)
			v->nparams = 1;
		p = &v->param[v->nparams - 1];
		*p = MIN(*p * 10 + (c - '0'), (u32)PARAM_MAX);
	} else if (c == ';') {
		if (v->nparams == 0)
			v->nparams = 1;
		if (v->nparams < VT_PARAMS)
			v->nparams++;
	} else if (c == '?') {
		v->is_private = true;
	} else if (c < 0x20) {
		control(v, c);
	} else if (c >= 0x40 && c <= 0x7e) {
		v->state = VT_TEXT;
		csi_end(v, c);
	}
}

static void
esc_byte(struct vt *v, u8 c)
{
	v->state = VT_TEXT;
	switch (c) {
	case '[':
		v->state = VT_CSI;
		v->nparams = 0;
		v->is_private = false;
		memset(v->param, 0, sizeof(v->param));
		break;
	case ']':
	case 'P':
	case '^':
	case '_':
		v->state = VT_STRING;
		break;
	case '(':
	case ')':
	case '#':
	case '%':
		v->state = VT_SKIP;
		break;
	case 'D': line_feed(v); break;
	case 'E':
		v->x = 0;
		line_feed(v);
		break;
	case 'M': reverse_line_feed(v); break;
	case '7':
		v->saved_x = v->x;
		v->saved_y = v->y;
		break;
	case '8': go_to(v, v->saved_x, v->saved_y); break;
	case 'c':
		vt_init(v, v->screen);
		screen_clear(v->screen, 0, v->screen->cols * v->screen->rows,
		    ATTR_NORMAL);
		break;
	}
}

void
vt_write(struct vt *v, const u8 *buf, usize len)
{
	for (usize i = 0; i < len; i++) {
		u8 c = buf[i];

		switch (v->state) {
		case VT_TEXT:
			text_byte(v, c);
			break;
		case VT_ESC:
			esc_byte(v, c);
			break;
		case VT_CSI:
			csi_byte(v, c);
			break;
		case VT_STRING:		/* up to BEL or ESC \ */
			if (c == 0x07)
				v->state = VT_TEXT;
			else if (c == 0x1b)
				v->state = VT_STRING_ESC;
			break;
		default:		/* the byte is passed over */
			v->state = VT_TEXT;
		}
		dassert(v->y < v->screen->rows && v->x <= v->screen->cols);
		dassert(v->top < v->bottom && v->bottom <= v->screen->rows);
	}
}

void
vt_update(struct vt *v)
{
	struct screen *s = v->screen;

	if (s->cursor != NO_CURSOR)
		screen_touch(s, s->cursor / s->cols);
	s->cursor = v->hide_cursor ? NO_CURSOR :
	    cell_index(v, MIN(v->x, s->cols - 1), v->y);
	if (s->cursor != NO_CURSOR)
		screen_touch(s, v->y);
	screen_update(s);
}
