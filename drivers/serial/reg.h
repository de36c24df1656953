/*
 * Registers of the 16550 UART. Source: National Semiconductor PC16550D
 * datasheet (June 1995), section 8; numbers are offsets from the base.
 */
#pragma once

#define UART_RBR	0	/* read: receiver buffer */
#define UART_THR	0	/* write: transmitter holding */
#define UART_DLL	0	/* LCR_DLAB: divisor, low byte */
#define UART_DLM	1	/* LCR_DLAB: divisor, high byte */

#define UART_IER	1	/* interrupt enable */
#define  IER_ERBFI	0x01	/* received data, and FIFO time-out */
#define  IER_ETBEI	0x02	/* transmitter holding register empty */
#define  IER_ELSI	0x04	/* line status */
#define  IER_EDSSI	0x08	/* modem status */
#define  IER_MASK	0x0f	/* the other bits read as 0 */

#define UART_IIR	2	/* read: interrupt identification */
#define  IIR_NONE	0x01	/* no interrupt is pending */
#define  IIR_ID		0x0e
#define   IIR_LINE	0x06
#define   IIR_RX	0x04
#define   IIR_RX_TIMEOUT 0x0c
#define   IIR_THRE	0x02
#define   IIR_MODEM	0x00
#define  IIR_FIFO	0xc0	/* both set: working FIFOs (16550A) */

#define UART_FCR	2	/* write: FIFO control */
#define  FCR_ENABLE	0x01
#define  FCR_RX_RESET	0x02
#define  FCR_TX_RESET	0x04
#define  FCR_TRIGGER_1	0x00	/* receive interrupt at so many bytes */
#define  FCR_TRIGGER_8	0x80

#define UART_LCR	3	/* line control */
#define  LCR_WLS_5	0x00	/* word length */
#define  LCR_WLS_6	0x01
#define  LCR_WLS_7	0x02
#define  LCR_WLS_8	0x03
#define  LCR_STB	0x04	/* two stop bits */
#define  LCR_PEN	0x08	/* parity */
#define  LCR_EPS	0x10	/* even */
#define  LCR_BREAK	0x40
#define  LCR_DLAB	0x80	/* divisor latch access */

#define UART_MCR	4	/* modem control */
#define  MCR_DTR	0x01
#define  MCR_RTS	0x02
#define  MCR_OUT2	0x08	/* lets interrupts out of a PC's port */
#define  MCR_LOOP	0x10

#define UART_LSR	5	/* line status */
#define  LSR_DR		0x01	/* data ready */
#define  LSR_OE		0x02	/* overrun */
#define  LSR_PE		0x04	/* parity */
#define  LSR_FE		0x08	/* framing */
#define  LSR_BI		0x10	/* break */
#define  LSR_THRE	0x20	/* the transmit FIFO is empty */
#define  LSR_TEMT	0x40	/* the shift register too */

#define UART_MSR	6	/* modem status */
#define  MSR_LOOP_MASK	0xf0	/* in loopback: OUT2, OUT1, RTS, DTR */
#define  MSR_LOOP_SIGNS	0x90	/* OUT2 -> DCD, RTS -> CTS */
#define UART_SCR	7	/* scratch */

#define UART_CLOCK_HZ	1843200	/* crystal; baud = clock / 16 / divisor */
#define UART_FIFO_BYTES	16
