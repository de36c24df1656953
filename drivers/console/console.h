/*
 * The screen: a frame buffer or EGA text, for the log and as /dev/tty1.
 */
#pragma once

struct bootinfo;

/*
 * Use the screen that the loader set up, if any, and show the log on it, unless
 * console= names something else. After paging_init().
 */
void	console_init(const struct bootinfo *bi);

/* Register the screen as the terminal tty1 (output only), and as /dev/console
 * where console=tty0 or tty1 says so. After tty_init(). */
void	console_register(const char *cmdline);
