/*
 * eventfd(2).
 */
#pragma once

#include "kernel/lib/types.h"

struct file;

/* One reference; flags: EFD_*. Draws two frames. */
struct file *eventfd_create(u64 count, u32 flags);
