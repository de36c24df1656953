/*
 * Device interrupts: a handler to each vector. The table is filled at boot and
 * then only read.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/block.h"
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

/* A line for the handler: its vector. */
static u32
line_add(const char *name, irq_fn fn, void *arg)
{
	assert(nlines < NVECTORS);
	lines[nlines] = (struct irq_line){ .name = name, .fn = fn, .arg = arg };
	return VECTOR_IRQ_FIRST + nlines++;
}

void
irq_attach_isa(u32 irq, const char *name, irq_fn fn, void *arg)
{
	intr_route_isa(irq, line_add(name, fn, arg), 0);
	intr_unmask_isa(irq);
}

int
irq_attach_msi(const char *name, u32 cpu, irq_fn fn, void *arg,
    struct irq_message *out)
{
	if (nlines == NVECTORS)
		return -ENOSPC;
	out->addr = intr_msi_addr(cpu);
	out->data = line_add(name, fn, arg);
	return 0;
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
		block_irq_begin();
		l->fn(l->arg);
		block_irq_end();
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
