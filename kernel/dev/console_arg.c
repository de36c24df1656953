/*
 * The console= words. cmdline_get() knows only the last word of a key, so this
 * walks them itself.
 */
#include "kernel/dev/console_arg.h"
#include "kernel/lib/string.h"

#define KEY	"console="

static bool
value_names(const char *value, const char *name)
{
	usize len = strlen(name);

	return strncmp(value, name, len) == 0 && (value[len] == '\0' ||
	    value[len] == ' ' || value[len] == ',');
}

enum console_use
console_use(const char *cmdline, const char *name)
{
	enum console_use use = CONSOLE_DEFAULT;

	for (const char *s = cmdline; *s != '\0'; s++) {
		bool starts = s == cmdline || s[-1] == ' ';

		if (!starts || !str_has_prefix(s, KEY))
			continue;
		if (value_names(s + strlen(KEY), name))
			use = CONSOLE_MAIN;
		else if (use == CONSOLE_MAIN || use == CONSOLE_LOG)
			use = CONSOLE_LOG;
		else
			use = CONSOLE_UNUSED;
	}
	return use;
}
