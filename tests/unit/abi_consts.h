/*
 * Names and values of ABI constants, ours and the host's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct abi_const {
	const char *name;
	long value;
	bool present;
};

extern const struct abi_const abi_ours[], abi_theirs[];
