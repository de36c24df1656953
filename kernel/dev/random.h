/*
 * The random pool: ChaCha20 keyed by BLAKE2s over the entropy gathered
 * (RDRAND/RDSEED, TSC jitter of interrupts, boot data).
 */
#pragma once

#include "kernel/lib/types.h"

void	random_init(void);
/* Any context but NMI. */
void	random_bytes(void *buf, usize len);
u64	random_u64(void);
void	random_stir_irq(u64 sample);	/* cheap: interrupt handlers */
void	random_add(const void *buf, usize len);	/* writes to /dev/random */
bool	random_is_seeded(void);
