/*
 * The screen and the keyboard: a console for the log, and the terminal tty1.
 */
#pragma once

struct bootinfo;

/*
 * Map the screen that the boot loader left, and show the log on it as console=
 * asks. While the boot allocator works. No screen: does nothing.
 */
void	console_init(const struct bootinfo *bi);

/* Register tty1 and tty0 (the same) and start the keyboard. After
 * serial_init(), since /dev/console is the serial line by default. */
void	console_tty_init(const char *cmdline);
