/*
 * Being in an interrupt handler: every handler of a device, timer or
 * interprocessor interrupt that does more than touch its own data calls
 * irq_enter() first and irq_exit() last.
 *
 * It tells lockdep the context, and lets a handler that interrupted an idle CPU
 * read under RCU.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sync/rcu.h"
#include "kernel/x86/percpu.h"

PERCPU_DECLARE(u32, irq_depth);		/* [o] handlers under way here */

static inline void
irq_enter(void)
{
	irq_depth++;
	if (unlikely(rcu_cpu.idle))
		rcu_idle_exit();
}

static inline void
irq_exit(void)
{
	irq_depth--;
}

static inline bool
irq_is_active(void)
{
	return irq_depth != 0;
}
