/*
 * The hash of a name in an indexed directory. Pure: also for tests on the host.
 */
#pragma once

#include "kernel/lib/types.h"

struct ext_hash {
	u32	major;			/* even: bit 0 says "continued" */
	u32	minor;
};

/* version: EXT_HASH_LEGACY ... EXT_HASH_TEA_U. A seed of zeros: the usual. */
struct ext_hash ext_name_hash(u32 version, const u32 seed[4], const u8 *name,
	    u32 len);
