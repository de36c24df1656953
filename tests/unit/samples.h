/*
 * Valid boot data, built by code: the start of the tests and of the mutations.
 */
#pragma once

#include "kernel/lib/types.h"

#define SAMPLE_MAX		16384
#define SAMPLE_TABLES		16
#define SAMPLE_BASE		0x7fe0000ul	/* physical, of data[0] */

/* A checksummed piece: its bytes add up to zero thanks to one of them. */
struct sample_sum {
	u32 at, len, sum_at;
};

struct sample {
	u8 data[SAMPLE_MAX];
	u32 len;
	u32 nsums;
	struct sample_sum sum[SAMPLE_TABLES];
};

void	sample_multiboot2(struct sample *s);
void	sample_pvh(struct sample *s);		/* start info at offset 0 */
void	sample_acpi(struct sample *s);		/* RSDP at offset 0 */
void	sample_cpio(struct sample *s);
void	sample_elf(struct sample *s);

/* Make all checksums right again. */
void	sample_fix(struct sample *s);

/* Append numbers (little endian) or bytes; pad to a multiple of align. */
void	sample_put(struct sample *s, u64 value, u32 bytes);
void	sample_bytes(struct sample *s, const void *data, u32 len);
void	sample_pad(struct sample *s, u32 align);

/* Append one newc entry. */
void	sample_cpio_entry(struct sample *s, const char *name, u32 mode,
	    const char *data, u32 len);
