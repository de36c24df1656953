/*
 * Names for addresses in the kernel's text, from the table that the second
 * link carries (tools/ksyms).
 */
#include "kernel/lib/string.h"
#include "kernel/trace/panic.h"

extern const u32 ksyms_count, ksyms_addresses[];
extern const char ksyms_names[], text_start[], text_end[];

const char *
symbol_of(u64 addr, u64 *offset)
{
	const char *name = ksyms_names;
	u32 low = 0, high = ksyms_count, key = (u32)addr;

	*offset = 0;
	if (addr < (u64)text_start || addr >= (u64)text_end || high == 0 ||
	    key < ksyms_addresses[0])
		return "?";
	while (high - low > 1) {	/* the last one that is <= key */
		u32 mid = low + (high - low) / 2;

		if (ksyms_addresses[mid] <= key)
			low = mid;
		else
			high = mid;
	}
	*offset = key - ksyms_addresses[low];
	for (u32 i = 0; i < low; i++)
		name += strlen(name) + 1;
	return name;
}
