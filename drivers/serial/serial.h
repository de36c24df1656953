/*
 * 16550 serial ports: a console for the log, and the terminals ttyS0..ttyS2.
 */
#pragma once

struct acpi_info;

/*
 * Probe COM1 and COM2, and show the log on those that console= names (COM1
 * where it names none). Needs neither memory nor interrupts.
 */
void	serial_init_early(const char *cmdline);

/* The port of ACPI's SPCR table, if it is another. While the boot allocator
 * works, for the mapping. */
void	serial_init_spcr(const struct acpi_info *acpi, const char *cmdline);

/* Register the terminals, and take interrupts from now on. */
void	serial_init(const char *cmdline);
