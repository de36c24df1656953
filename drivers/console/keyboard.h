/*
 * The PS/2 keyboard, US layout.
 */
#pragma once

#include "kernel/lib/types.h"

#define KEY_BYTES_MAX	8

/* Find and start the keyboard controller; false if there is none. Boot. */
bool	keyboard_start(void);

/* Read what the controller has: the bytes that its next key makes (0: none, as
 * for a release), or -1 when nothing waits. Interrupts off. */
int	keyboard_read_irq(u8 out[KEY_BYTES_MAX]);
