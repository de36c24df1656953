/*
 * Pipes and FIFOs.
 */
#pragma once

#include "kernel/lib/types.h"

struct file;
struct spinlock;

/*
 * A pipe: out[0] reads, out[1] writes; one reference each. flags: O_NONBLOCK,
 * O_DIRECT (packets). Draws on the charge.
 */
void	pipe_create(struct file *out[2], u32 flags);

/*
 * Make f an end (or both ends) of the FIFO whose pipe hangs at *slot, guarded
 * by lock; both live as long as f does. Waits for the other end as fifo(7)
 * says: a renewal point. Draws one frame. -ENXIO, -ERESTARTSYS: f is
 * unchanged.
 */
int	fifo_open(struct file *f, void **slot, struct spinlock *lock);

extern const struct file_ops pipe_file_ops;
