/*
 * What entry.S calls. Interrupts are off.
 */
#pragma once

struct trapframe;

void	trap_user(struct trapframe *tf);	/* any vector from user mode */
void	trap_kernel(struct trapframe *tf);	/* any vector in the kernel */
void	trap_nmi_irq(struct trapframe *tf);
void	trap_fatal(struct trapframe *tf);
struct trapframe *trap_fix_iret(struct trapframe *tf);
