/*
 * The page of data that the kernel shares with the vDSO, one page below it.
 */
#pragma once

#include <stdint.h>

#define VVAR_BYTES	4096

/* Writers make seq odd while they write: readers try again. */
struct vvar {
	uint32_t seq;
	uint32_t shift;			/* ns = (tsc - base) * mult >> shift */
	uint64_t mult;
	uint64_t tsc_base;
	uint64_t wall_ns;		/* real time less monotonic */
};
