/* The values that an integer can have. */
#pragma once

#include "tools/bounds/prog.h"

typedef __int128 wide;

/* Read as unsigned in [ulo, uhi], read as signed in [slo, shi]. */
struct range {
	unsigned	width;			/* bits, at most 64 */
	wide		ulo, uhi, slo, shi;
};

/* Of v where block b of f runs. False: not an integer of at most 64 bits. */
bool	range_at(const struct fn *f, LLVMValueRef v, int b, struct range *out);
