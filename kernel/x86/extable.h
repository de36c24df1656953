/*
 * Instructions that may fault, and where to go on: section .extable. Offsets
 * are relative to the fields themselves.
 */
#pragma once

#if defined(__ASSEMBLY__)

.macro EXTABLE insn, fixup
	.pushsection .extable, "a"
	.balign	4
	.long	\insn - .
	.long	\fixup - .
	.popsection
.endm

#else

#include "kernel/lib/types.h"

struct extable_entry {
	s32	insn, fixup;
};

#define EXTABLE_C(insn, fixup) \
	".pushsection .extable, \"a\"\n" \
	".balign 4\n" \
	".long " insn " - .\n" \
	".long " fixup " - .\n" \
	".popsection\n"

#endif
