/*
 * Device interrupts: a handler to each vector. The table is filled at boot and
 * then only read.
 */
#include "kernel/dev/irq.h"
#include "kernel/dev/random.h"
#include "kernel/lib/assert.h"
#include "kernel/sync/irq.h"
#include "kernel/trace/counter.h"
#include "kernel/trace/log.h"
#include "kernel/x86/intr.h"
#include "kernel/x86/trap.h"

#define NVECTORS	(VECTOR_IRQ_LAST - VECTOR_IRQ_FIRST + 1)

/* I set at boot; c counted on the CPU that it is routed to */
struct irq_line {
	const char	*name;		/* [I] */
	irq_fn		fn;		/* [I] */
	void		*arg;		/* [I] */
	u64		count;		/* [c] */
};
static struct irq_line lines[NVECTORS];
static u32 nlines;

void
irq_attach_isa(u32 irq, const char *name, irq_fn fn, void *arg)
{
	u32 n = nlines;

	assert(n < NVECTORS);
	lines[n] = (struct irq_line){ .name = name, .fn = fn, .arg = arg };
	nlines++;
	intr_route_isa(irq, VECTOR_IRQ_FIRST + n, 0);
	intr_unmask_isa(irq);
}

void
irq_dispatch(struct trapframe *tf, u32 vector)
{
	struct irq_line *l = &lines[vector - VECTOR_IRQ_FIRST];

	(void)tf;
	irq_enter();
	counter_inc(interrupts);
	random_stir_irq(vector);
	if (l->fn != NULL) {
		l->count++;
		l->fn(l->arg);
	} else {
		kwarn("interrupt on vector %#x, which nobody asked for",
		    vector);
	}
	irq_exit();
	intr_eoi();
}

bool
irq_info(u32 n, struct irq_info *out)
{
	if (n >= nlines)
		return false;
	*out = (struct irq_info){ VECTOR_IRQ_FIRST + n, lines[n].name,
	    READ_ONCE(lines[n].count) };
	return true;
}
