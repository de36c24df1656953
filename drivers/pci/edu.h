/*
 * QEMU's test device: registers, and what edu.c keeps of it.
 */
#pragma once

#include "drivers/pci/pci.h"

#define EDU_ID			0x00
#define  EDU_ID_LOW		0xed
#define EDU_INVERT		0x04	/* reads as the inverse of a write */
#define EDU_IRQ_STATUS		0x24
#define EDU_IRQ_RAISE		0x60
#define EDU_IRQ_ACK		0x64
#define EDU_DMA_FROM		0x80
#define EDU_DMA_TO		0x88
#define EDU_DMA_BYTES		0x90
#define EDU_DMA_COMMAND		0x98
#define  EDU_DMA_START		0x1	/* clears itself at the end */
#define  EDU_DMA_TO_RAM		0x2
#define EDU_BUFFER		0x40000ul	/* its own 4 KiB */

struct edu {
	void	*regs;			/* [I] NULL: there is none */
	u32	count, cpu;		/* [a] interrupts, and the last one's */
};
extern struct edu edu;

/* An irq_fn for it. */
void	edu_irq(void *arg);
