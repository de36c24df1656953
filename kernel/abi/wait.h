/*
 * wait4(2), waitid(2).
 */
#pragma once

#define WNOHANG			0x00000001
#define WUNTRACED		0x00000002
#define WSTOPPED		WUNTRACED
#define WEXITED			0x00000004
#define WCONTINUED		0x00000008
#define WNOWAIT			0x01000000
#define __WNOTHREAD		0x20000000
#define __WALL			0x40000000
#define __WCLONE		0x80000000u

#define P_ALL			0
#define P_PID			1
#define P_PGID			2
#define P_PIDFD			3

/* The status word. */
#define LX_WSTATUS_EXIT(code)	(((code) & 0xff) << 8)
#define LX_WSTATUS_SIGNAL(sig)	((sig) & 0x7f)
#define LX_WSTATUS_CORE		0x80
#define LX_WSTATUS_STOP(sig)	(((sig) & 0xff) << 8 | 0x7f)
#define LX_WSTATUS_CONTINUED	0xffff
