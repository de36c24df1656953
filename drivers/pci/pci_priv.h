/*
 * Between the files of drivers/pci. scan.c, caps.c and bar.c reach the machine
 * only by struct pci_access, so that tests/unit can be the machine.
 */
#pragma once

#include "drivers/pci/pci.h"

/* reg + width is within the segment's config_bytes, reg a multiple of width. */
struct pci_access {
	u32	(*read)(const struct pci_segment *s, u16 bdf, u32 reg,
		    u32 width);
	void	(*write)(const struct pci_segment *s, u16 bdf, u32 reg,
		    u32 width, u32 v);
};

/* A range of buses of a segment ("domain"). All [I]. */
struct pci_segment {
	const struct pci_access *access;
	void		*window;	/* ECAM: where first_bus begins */
	u32		config_bytes;	/* of each function */
	u16		number;
	u8		first_bus, last_bus;
};

#define PCI_SEGMENTS_MAX	17	/* ACPI_MAX_ECAM, and the old way */

/* ecam.c: fill in table from ACPI's; returns how many. Boot. */
u32	pci_segments_find(const struct acpi_info *acpi,
	    struct pci_segment table[PCI_SEGMENTS_MAX]);

/* scan.c: fill in at most max devices of the segment; returns how many there
 * are, which may be more. */
u32	pci_scan(const struct pci_segment *s, struct pci_dev *table, u32 max);

/* bar.c: fill in d->bar. The function does not answer meanwhile. */
void	pci_bars_read(struct pci_dev *d);

extern bool pci_msi_refused;		/* [I] the firmware forbids MSI */
