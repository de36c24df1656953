/*
 * The keyboard controller (8042) and a PS/2 keyboard. Source: IBM PS/2 Hardware
 * Interface Technical Reference, "Keyboard and Auxiliary Device Controller".
 */
#pragma once

#define KBC_DATA	0x60
#define KBC_STATUS	0x64	/* read */
#define  STATUS_OBF	0x01	/* a byte waits in KBC_DATA */
#define  STATUS_IBF	0x02	/* the controller has not taken ours yet */
#define  STATUS_AUX	0x20	/* the waiting byte is the mouse's */
#define KBC_COMMAND	0x64	/* write */
#define  CMD_READ_CONFIG 0x20
#define  CMD_WRITE_CONFIG 0x60
#define  CMD_AUX_OFF	0xa7
#define  CMD_KBD_OFF	0xad
#define  CMD_KBD_ON	0xae

#define CONFIG_KBD_IRQ	0x01
#define CONFIG_AUX_IRQ	0x02
#define CONFIG_KBD_OFF	0x10
#define CONFIG_AUX_OFF	0x20
#define CONFIG_TRANSLATE 0x40	/* to scan code set 1 */

#define KBD_ENABLE	0xf4	/* to the keyboard: send scan codes */
#define KBD_ACK		0xfa
#define KBD_RESEND	0xfe

/* Scan code set 1 */
#define SCAN_RELEASE	0x80
#define SCAN_E0		0xe0
#define SCAN_E1		0xe1	/* Pause: five more bytes follow */
#define SCAN_CTRL	0x1d
#define SCAN_LSHIFT	0x2a
#define SCAN_RSHIFT	0x36
#define SCAN_ALT	0x38
#define SCAN_CAPS	0x3a
#define SCAN_NUM	0x45
