/*
 * What this rank needs from higher ones at boot, handed up by kernel/main.c
 * before paging_init(). Until then log and panic go to COM1 by start.c.
 */
#pragma once

#include "kernel/lib/types.h"

struct x86_env {
	/* Zeroed memory for ever; the result is in the physical map and, until
	 * paging_init() is done, below 4 GiB. mem/boot.h's boot_get. */
	void	*(*boot_get)(usize len_bytes, usize align);
	/* trace/log.h's klog and trace/panic.h's panic; levels as there. */
	void	(*log)(u32 level, const char *fmt, ...) printf_like(2, 3);
	void	(*panic)(const char *fmt, ...) printf_like(1, 2);
};
extern struct x86_env x86_env;

#define X86_LOG_ERR	3
#define X86_LOG_WARNING	4
#define X86_LOG_INFO	6

#define x86_info(...)	x86_env.log(X86_LOG_INFO, __VA_ARGS__)
#define x86_warn(...)	x86_env.log(X86_LOG_WARNING, __VA_ARGS__)
