/*
 * The line discipline: what happens between the wire and read(2), write(2).
 *
 *	interrupt -> raw ring -> tty_receive() -> input ring -> read
 *	                              | echo
 *	write -> tty_put() -----------+--------> output ring -> driver
 *
 * Input is processed byte by byte, in the tty thread, by the flags of
 * termios(3): mapping (ISTRIP, INLCR, IGNCR, ICRNL), flow control (IXON),
 * signals (ISIG), and in canonical mode editing (VERASE, VKILL, VWERASE,
 * VREPRINT, VLNEXT) of the line being typed, which read() does not see before
 * its end.
 *
 * The input ring holds whole lines in [in_tail, in_canon) and the line being
 * typed in [in_canon, in_head). A bit of in_delim marks the last byte of a
 * line; an end of file is a zero byte with that bit, which read() takes and
 * drops. In raw mode everything counts as whole: readers look at in_head.
 *
 * L1 in_tail <= in_canon <= in_head <= in_tail + TTY_INPUT.
 * Locks: all under tty.lock.
 * Source: termios(3), POSIX.1-2017 chapter 11.
 */
#include "kernel/abi/signal.h"
#include "kernel/dev/tty_priv.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

#define CTRL(c)		((c) & 0x1f)
#define DELETE		0x7f
#define TAB_STOP	8

const struct lx_termios tty_default_termios = {
	.c_iflag = ICRNL | IXON,
	.c_oflag = OPOST | ONLCR,
	.c_cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL,
	.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE |
	    IEXTEN,
	.c_cc = {
		[VINTR] = CTRL('C'), [VQUIT] = CTRL('\\'), [VERASE] = DELETE,
		[VKILL] = CTRL('U'), [VEOF] = CTRL('D'), [VTIME] = 0,
		[VMIN] = 1, [VSTART] = CTRL('Q'), [VSTOP] = CTRL('S'),
		[VSUSP] = CTRL('Z'), [VREPRINT] = CTRL('R'),
		[VDISCARD] = CTRL('O'), [VWERASE] = CTRL('W'),
		[VLNEXT] = CTRL('V'),
	},
};

/* ---- output ---- */

static void
out_raw_locked(struct tty *t, u8 c) REQUIRES(t->lock)
{
	dassert(tty_out_room(t) > 0);
	t->out[t->out_head++ % TTY_OUTPUT] = c;
}

static void
column_advance_locked(struct tty *t, u8 c) REQUIRES(t->lock)
{
	if (c == '\r')
		t->column = 0;
	else if (c == '\b')
		t->column -= t->column > 0;
	else if (c == '\t')
		t->column = ROUND_UP(t->column + 1, TAB_STOP);
	else if (c >= ' ' && c != DELETE && (c & 0xc0) != 0x80)
		t->column++;	/* UTF-8: continuation bytes take no column */
}

bool
tty_put_locked(struct tty *t, u8 c)
{
	if (tty_out_room(t) < TAB_STOP)
		return false;
	if (!TTY_FLAG(t, oflag, OPOST)) {
		out_raw_locked(t, c);
		return true;
	}
	if (c == '\n' && TTY_FLAG(t, oflag, ONLCR)) {
		out_raw_locked(t, '\r');
		t->column = 0;
	} else if (c == '\r' && TTY_FLAG(t, oflag, OCRNL)) {
		c = '\n';
	} else if (c == '\r' && TTY_FLAG(t, oflag, ONOCR) && t->column == 0) {
		return true;
	} else if (c == '\t' && (t->termios.c_oflag & TABDLY) == XTABS) {
		do {
			out_raw_locked(t, ' ');
			t->column++;
		} while (t->column % TAB_STOP != 0);
		return true;
	}
	if (TTY_FLAG(t, oflag, OLCUC) && c >= 'a' && c <= 'z')
		c -= 'a' - 'A';
	if (c == '\n' && TTY_FLAG(t, oflag, ONLRET))
		t->column = 0;
	column_advance_locked(t, c);
	out_raw_locked(t, c);
	return true;
}

/* Give the driver what it takes. */
void
tty_push_locked(struct tty *t)
{
	while (!t->stopped && t->out_tail != t->out_head) {
		u32 at = t->out_tail % TTY_OUTPUT;
		u32 n = MIN(t->out_head - t->out_tail, TTY_OUTPUT - at);
		u32 took = t->ops->write(t, &t->out[at], n);

		t->out_tail += took;
		if (took < n)
			break;
	}
}

/* ---- echo ---- */

/* Echo is lost where the output ring is full. */
static void
echo_raw_locked(struct tty *t, u8 c) REQUIRES(t->lock)
{
	(void)tty_put_locked(t, c);
}

static bool
is_control(u8 c)
{
	return (c < ' ' && c != '\t' && c != '\n') || c == DELETE;
}

static void
echo_locked(struct tty *t, u8 c) REQUIRES(t->lock)
{
	if (!TTY_FLAG(t, lflag, ECHO)) {
		if (c == '\n' && TTY_FLAG(t, lflag, ECHONL) &&
		    TTY_FLAG(t, lflag, ICANON))
			echo_raw_locked(t, c);
		return;
	}
	if (is_control(c) && TTY_FLAG(t, lflag, ECHOCTL)) {
		echo_raw_locked(t, '^');
		echo_raw_locked(t, c ^ 0x40);
	} else {
		echo_raw_locked(t, c);
	}
}

/* Columns that the line being typed takes up to ring position end. */
static u32
line_columns_locked(struct tty *t, u32 end) REQUIRES(t->lock)
{
	u32 col = t->canon_column;

	for (u32 i = t->in_canon; i != end; i++) {
		u8 c = t->in[i % TTY_INPUT];

		if (c == '\t')
			col = ROUND_UP(col + 1, TAB_STOP);
		else if (is_control(c))
			col += TTY_FLAG(t, lflag, ECHOCTL) ? 2 : 0;
		else if ((c & 0xc0) != 0x80)
			col++;
	}
	return col;
}

/* Wipe the screen from the current column back to column. */
static void
echo_back_to_locked(struct tty *t, u32 from, u32 to) REQUIRES(t->lock)
{
	for (; from > to; from--) {
		echo_raw_locked(t, '\b');
		echo_raw_locked(t, ' ');
		echo_raw_locked(t, '\b');
	}
}

/* ---- canonical editing ---- */

/* Where the character before ring position end begins. */
static u32
char_start_locked(struct tty *t, u32 end) REQUIRES(t->lock)
{
	u32 i = end - 1;

	if (TTY_FLAG(t, iflag, IUTF8))
		while (i != t->in_canon &&
		    (t->in[i % TTY_INPUT] & 0xc0) == 0x80)
			i--;
	return i;
}

static void
erase_to_locked(struct tty *t, u32 pos) REQUIRES(t->lock)
{
	u32 from = line_columns_locked(t, t->in_head);
	u32 to = line_columns_locked(t, pos);

	t->in_head = pos;
	if (!TTY_FLAG(t, lflag, ECHO))
		return;
	if (TTY_FLAG(t, lflag, ECHOE))
		echo_back_to_locked(t, from, to);
	else
		echo_locked(t, t->termios.c_cc[VERASE]);
}

static void
erase_word_locked(struct tty *t) REQUIRES(t->lock)
{
	u32 pos = t->in_head;

	while (pos != t->in_canon && t->in[(pos - 1) % TTY_INPUT] == ' ')
		pos--;
	while (pos != t->in_canon && t->in[(pos - 1) % TTY_INPUT] != ' ')
		pos--;
	erase_to_locked(t, pos);
}

static void
kill_line_locked(struct tty *t) REQUIRES(t->lock)
{
	if (TTY_FLAG(t, lflag, ECHOKE) && TTY_FLAG(t, lflag, ECHOE)) {
		erase_to_locked(t, t->in_canon);
		return;
	}
	t->in_head = t->in_canon;
	echo_locked(t, t->termios.c_cc[VKILL]);
	if (TTY_FLAG(t, lflag, ECHOK))
		echo_raw_locked(t, '\n');
}

static void
reprint_locked(struct tty *t) REQUIRES(t->lock)
{
	echo_locked(t, t->termios.c_cc[VREPRINT]);
	echo_raw_locked(t, '\n');
	for (u32 i = t->in_canon; i != t->in_head; i++)
		echo_locked(t, t->in[i % TTY_INPUT]);
}

static void
store_locked(struct tty *t, u8 c, bool delim) REQUIRES(t->lock)
{
	u32 at = t->in_head % TTY_INPUT;
	u64 bit = BIT(at % 64);

	if (delim)
		t->in_delim[at / 64] |= bit;
	else
		t->in_delim[at / 64] &= ~bit;
	t->in[at] = c;
	t->in_head++;
}

/* A byte that ends the line (delim) or extends it. One place stays for the
 * line's end. */
static void
type_locked(struct tty *t, u8 c, bool delim, bool echo) REQUIRES(t->lock)
{
	u32 fill = t->in_head - t->in_tail;

	if (fill >= TTY_INPUT - (delim ? 0 : 1)) {
		if (TTY_FLAG(t, iflag, IMAXBEL))
			echo_raw_locked(t, '\a');
		return;
	}
	if (t->in_head == t->in_canon)
		t->canon_column = t->column;
	if (echo)
		echo_locked(t, c);
	store_locked(t, c, delim);
	if (delim)
		t->in_canon = t->in_head;
}

static bool
is_cc(struct tty *t, u32 which, u8 c)
{
	return t->termios.c_cc[which] != 0 && t->termios.c_cc[which] == c;
}

static void
receive_canonical_locked(struct tty *t, u8 c) REQUIRES(t->lock)
{
	bool extended = TTY_FLAG(t, lflag, IEXTEN);

	if (is_cc(t, VERASE, c)) {
		if (t->in_head != t->in_canon)
			erase_to_locked(t, char_start_locked(t, t->in_head));
	} else if (extended && is_cc(t, VWERASE, c)) {
		erase_word_locked(t);
	} else if (is_cc(t, VKILL, c)) {
		kill_line_locked(t);
	} else if (extended && is_cc(t, VREPRINT, c)) {
		reprint_locked(t);
	} else if (extended && is_cc(t, VLNEXT, c)) {
		t->literal_next = true;
		if (TTY_FLAG(t, lflag, ECHO) && TTY_FLAG(t, lflag, ECHOCTL)) {
			echo_raw_locked(t, '^');
			echo_raw_locked(t, '\b');
		}
	} else if (is_cc(t, VEOF, c)) {
		type_locked(t, 0, true, false);
	} else if (c == '\n' || is_cc(t, VEOL, c) ||
	    (extended && is_cc(t, VEOL2, c))) {
		type_locked(t, c, true, true);
	} else {
		type_locked(t, c, false, true);
	}
}

/* ---- input ---- */

static int
signal_of(struct tty *t, u8 c)
{
	if (!TTY_FLAG(t, lflag, ISIG))
		return 0;
	if (is_cc(t, VINTR, c))
		return SIGINT;
	if (is_cc(t, VQUIT, c))
		return SIGQUIT;
	if (is_cc(t, VSUSP, c))
		return SIGTSTP;
	return 0;
}

/* VSTART and VSTOP; true if c was one of them. */
static bool
flow_control_locked(struct tty *t, u8 c) REQUIRES(t->lock)
{
	if (!TTY_FLAG(t, iflag, IXON))
		return false;
	if (is_cc(t, VSTOP, c)) {
		t->stopped = true;
		return true;
	}
	if (is_cc(t, VSTART, c)) {
		t->stopped = false;
		return true;
	}
	if (TTY_FLAG(t, iflag, IXANY))
		t->stopped = false;
	return false;
}

/* Process one byte from the wire. *sig: what the foreground group gets. */
void
tty_receive_locked(struct tty *t, u8 c, int *sig)
{
	if (TTY_FLAG(t, iflag, ISTRIP))
		c &= 0x7f;
	if (t->literal_next) {
		t->literal_next = false;
		type_locked(t, c, false, true);
		return;
	}
	if (flow_control_locked(t, c))
		return;
	*sig = signal_of(t, c);
	if (*sig != 0) {
		if (!TTY_FLAG(t, lflag, NOFLSH)) {
			tty_flush_input_locked(t);
			t->out_tail = t->out_head;
		}
		t->stopped = false;
		echo_locked(t, c);
		return;
	}
	if (c == '\r') {
		if (TTY_FLAG(t, iflag, IGNCR))
			return;
		if (TTY_FLAG(t, iflag, ICRNL))
			c = '\n';
	} else if (c == '\n' && TTY_FLAG(t, iflag, INLCR)) {
		c = '\r';
	}
	if (TTY_FLAG(t, lflag, ICANON))
		receive_canonical_locked(t, c);
	else
		type_locked(t, c, false, true);
}

/*
 * Is there room for what a byte may become? In canonical mode a line without an
 * end is received to the last place and then refused byte by byte, so that its
 * end can still come; but whole lines wait for their reader.
 */
bool
tty_may_receive_locked(struct tty *t)
{
	if (t->in_head - t->in_tail < TTY_INPUT - 1)
		return true;
	return TTY_FLAG(t, lflag, ICANON) && t->in_canon == t->in_tail;
}

void
tty_flush_input_locked(struct tty *t)
{
	t->in_tail = t->in_canon = t->in_head;
	t->literal_next = false;
}

/* Canonical mode went on or off: what is there becomes one line, or none. */
void
tty_termios_changed_locked(struct tty *t)
{
	if (TTY_FLAG(t, lflag, ICANON)) {
		if (t->in_head != t->in_tail) {
			u32 at = (t->in_head - 1) % TTY_INPUT;

			t->in_delim[at / 64] |= BIT(at % 64);
		}
		t->in_canon = t->in_head;
	}
	if (!TTY_FLAG(t, iflag, IXON))
		t->stopped = false;
}

u32
tty_input_len_locked(struct tty *t)
{
	return (TTY_FLAG(t, lflag, ICANON) ? t->in_canon : t->in_head) -
	    t->in_tail;
}

bool
tty_has_input(struct tty *t)
{
	bool has;

	spin_lock(&t->lock);
	has = tty_input_len_locked(t) != 0;
	spin_unlock(&t->lock);
	return has;
}
