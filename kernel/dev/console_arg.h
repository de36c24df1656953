/*
 * The console= words of the kernel command line: "console=ttyS0,115200n8".
 * Several may stand there; each shows the log, the last is /dev/console.
 */
#pragma once

#include "kernel/lib/types.h"

enum console_use {
	CONSOLE_UNUSED,		/* other consoles are named, this one is not */
	CONSOLE_DEFAULT,	/* none is named */
	CONSOLE_LOG,		/* named, and a later word names another */
	CONSOLE_MAIN,		/* named last */
};

/* What is asked of the terminal name ("ttyS0"). */
enum console_use console_use(const char *cmdline, const char *name);
