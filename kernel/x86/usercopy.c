/*
 * The boot-time part of user copies: patching, and a check of the table.
 */
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/x86/extable.h"
#include "kernel/x86/features.h"
#include "kernel/x86/usercopy.h"
#include "kernel/x86/usercopy_priv.h"

extern const s32 smap_sites_start[], smap_sites_end[];
extern const struct extable_entry extable_start[], extable_end[];

static void
extable_check(void)
{
	u64 last = 0;

	for (const struct extable_entry *e = extable_start; e < extable_end;
	    e++) {
		u64 insn = (u64)&e->insn + (u64)(s64)e->insn;

		assert(insn > last);	/* trap_fixup() bisects */
		last = insn;
	}
}

void
usercopy_patch(void)
{
	static const u8 nop3[] = { 0x0f, 0x1f, 0x00 };

	extable_check();
	if (cpu_has.smap)
		return;
	for (const s32 *s = smap_sites_start; s < smap_sites_end; s++)
		memcpy((void *)((u64)s + (u64)(s64)*s), nop3, sizeof(nop3));
}
