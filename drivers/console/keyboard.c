/*
 * The PS/2 keyboard: 8042 controller, scan code set 1, US layout.
 *
 * A key becomes the bytes that a Linux console sends for it (console_codes(4),
 * terminfo "linux"): characters, and escape sequences for the keys of motion.
 * Alt puts an escape before them. LIMIT: no lights, no key repeat of our own
 * (the keyboard repeats), one layout.
 */
#include "drivers/console/keyboard.h"
#include "drivers/console/reg.h"
#include "kernel/lib/string.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/cpu.h"

#define KBC_POLLS	1000		/* of KBC_POLL_NS each: 10 ms */
#define KBC_POLL_NS	10000
#define FLUSH_MAX	64

/* Only the interrupt handler touches these. */
static struct {
	bool	lshift, rshift, ctrl, alt, caps, num;
	bool	e0;
	u32	skip;			/* bytes of Pause still to come */
} keys = { .num = true };

/* By scan code: plain, and shifted. */
static const char plain[] =
    "\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
    "\0\033!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

/* The number pad, from scan code 0x47: with NumLock, and without. */
#define PAD_FIRST	0x47
static const char pad_digits[] = "789-456+1230.";
static const char *const pad_keys[] = {
	"\33[1~", "\33[A", "\33[5~", "-", "\33[D", "\33[G", "\33[C", "+",
	"\33[4~", "\33[B", "\33[6~", "\33[2~", "\33[3~",
};

#define F1		0x3b
#define F11		0x57
static const char *const f_keys[] = {
	"\33[[A", "\33[[B", "\33[[C", "\33[[D", "\33[[E", "\33[17~",
	"\33[18~", "\33[19~", "\33[20~", "\33[21~",
};
static const char *const f11_keys[] = { "\33[23~", "\33[24~" };

/* ---- the controller ---- */

/* Wait until (status & mask) == value. */
static bool
kbc_wait(u8 mask, u8 value)
{
	for (u32 i = 0; i < KBC_POLLS; i++) {
		if ((io_in8(KBC_STATUS) & mask) == value)
			return true;
		clock_spin_ns(KBC_POLL_NS);
	}
	return false;
}

static bool
kbc_command(u8 command)
{
	if (!kbc_wait(STATUS_IBF, 0))
		return false;
	io_out8(KBC_COMMAND, command);
	return true;
}

static bool
kbc_write(u8 byte)
{
	if (!kbc_wait(STATUS_IBF, 0))
		return false;
	io_out8(KBC_DATA, byte);
	return true;
}

static bool
kbc_read(u8 *byte)
{
	if (!kbc_wait(STATUS_OBF, STATUS_OBF))
		return false;
	*byte = io_in8(KBC_DATA);
	return true;
}

static void
kbc_flush(void)
{
	for (u32 i = 0; i < FLUSH_MAX && io_in8(KBC_STATUS) & STATUS_OBF; i++)
		(void)io_in8(KBC_DATA);
}

bool
keyboard_start(void)
{
	u8 config, answer;

	if (io_in8(KBC_STATUS) == 0xff)
		return false;		/* nothing decodes the port */
	if (!kbc_command(CMD_KBD_OFF) || !kbc_command(CMD_AUX_OFF))
		return false;
	kbc_flush();
	if (!kbc_command(CMD_READ_CONFIG) || !kbc_read(&config))
		return false;
	config |= CONFIG_KBD_IRQ | CONFIG_TRANSLATE | CONFIG_AUX_OFF;
	config &= (u8)~(CONFIG_AUX_IRQ | CONFIG_KBD_OFF);
	if (!kbc_command(CMD_WRITE_CONFIG) || !kbc_write(config) ||
	    !kbc_command(CMD_KBD_ON) || !kbc_write(KBD_ENABLE))
		return false;
	(void)kbc_read(&answer);	/* no keyboard yet: it may come */
	kbc_flush();
	return true;
}

/* ---- keys ---- */

static int
put_string(u8 *out, const char *s)
{
	int n = 0;

	while (s != NULL && s[n] != '\0' && n < KEY_BYTES_MAX - 1) {
		out[n] = (u8)s[n];
		n++;
	}
	return n;
}

static bool
set_modifier(u8 code, bool down)
{
	switch (code) {
	case SCAN_CTRL: keys.ctrl = down; return true;
	case SCAN_LSHIFT: keys.lshift = down; return true;
	case SCAN_RSHIFT: keys.rshift = down; return true;
	case SCAN_ALT: keys.alt = down; return true;
	case SCAN_CAPS: keys.caps ^= down; return true;
	case SCAN_NUM: keys.num ^= down; return true;
	}
	return false;
}

static int
key_char(u8 code, u8 *out)
{
	bool shift = keys.lshift || keys.rshift;
	char c = shift ? shifted[code] : plain[code];
	int n = 0;

	if (keys.caps && c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	else if (keys.caps && c >= 'A' && c <= 'Z')
		c = (char)(c - 'A' + 'a');
	if (c == '\0')
		return 0;
	if (keys.ctrl && c == ' ')
		c = '\0';
	else if (keys.ctrl && (c & 0x40) && c != '\177')
		c &= 0x1f;
	if (keys.alt)
		out[n++] = 0x1b;
	out[n++] = (u8)c;
	return n;
}

static int
key_pad(u8 code, bool extended, u8 *out)
{
	u32 i = code - PAD_FIRST;

	if (!extended && keys.num && !keys.lshift && !keys.rshift) {
		out[0] = (u8)pad_digits[i];
		return 1;
	}
	return put_string(out, pad_keys[i]);
}

static int
key_down(u8 code, bool extended, u8 *out)
{
	if (code >= PAD_FIRST && code < PAD_FIRST + ARRAY_LEN(pad_keys))
		return key_pad(code, extended, out);
	if (extended && code == 0x1c) {		/* Enter of the number pad */
		out[0] = '\r';
		return 1;
	}
	if (extended && code != 0x35)		/* "/" of the number pad */
		return 0;
	if (code >= F1 && code < F1 + ARRAY_LEN(f_keys))
		return put_string(out, f_keys[code - F1]);
	if (code >= F11 && code < F11 + ARRAY_LEN(f11_keys))
		return put_string(out, f11_keys[code - F11]);
	if (code < sizeof(plain) - 1)
		return key_char(code, out);
	return 0;
}

int
keyboard_read_irq(u8 out[KEY_BYTES_MAX])
{
	u8 status = io_in8(KBC_STATUS);
	bool extended = keys.e0, down;
	u8 byte, code;

	if (!(status & STATUS_OBF) || status == 0xff)
		return -1;
	byte = io_in8(KBC_DATA);
	if (status & STATUS_AUX || byte == KBD_ACK || byte == KBD_RESEND)
		return 0;
	if (keys.skip > 0) {
		keys.skip--;
		return 0;
	}
	keys.e0 = byte == SCAN_E0;
	if (byte == SCAN_E1)
		keys.skip = 5;
	if (byte == SCAN_E0 || byte == SCAN_E1)
		return 0;
	code = byte & (u8)~SCAN_RELEASE;
	down = !(byte & SCAN_RELEASE);
	if (extended && (code == SCAN_LSHIFT || code == SCAN_RSHIFT))
		return 0;	/* the keyboard's own, around keys of motion */
	if (set_modifier(code, down) || !down)
		return 0;
	return key_down(code, extended, out);
}
