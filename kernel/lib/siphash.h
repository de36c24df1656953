/*
 * SipHash (Aumasson, Bernstein, 2012): a keyed hash that an attacker who does
 * not know the key cannot predict. 2-4 for what leaves the machine, 1-3 for
 * tables filled by strangers.
 */
#pragma once

#include "kernel/lib/types.h"

u64	siphash24(const void *data, usize len, const u64 key[2]);
u64	siphash13(const void *data, usize len, const u64 key[2]);
