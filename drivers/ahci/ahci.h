/*
 * The AHCI driver's options, on the kernel command line:
 *
 *	ahci.timeout_ms=N	a command's time, else its port is reset (10000)
 *	ahci.ncq=0		one command at a time
 *	ahci.lba48=0		the first 128 GiB only; implies ahci.ncq=0
 */
#pragma once

/* Read them. Boot, before pci_init(). */
void	ahci_init(const char *cmdline);
