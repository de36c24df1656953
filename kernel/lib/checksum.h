/*
 * Checksums: CRC-32C (Castagnoli, RFC 3720 B.4) for file systems, and the sum
 * of bytes that ACPI tables carry.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * Extend crc over len bytes. No inversion is done here: start from ~0u, and
 * invert the end for the standard value; ext4 keeps it uninverted.
 */
u32	crc32c(u32 crc, const void *data, usize len);
extern bool crc32c_by_cpu;	/* [I after boot] it has the instruction */

/* The sum of all bytes, modulo 256: zero over a sound ACPI table. */
u8	byte_sum(const void *data, usize len);
