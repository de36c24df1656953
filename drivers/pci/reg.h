/*
 * Configuration space. Sources: PCI Local Bus Specification 3.0 ("PCI"), PCI
 * Express Base Specification 3.0 ("PCIe"), PCI-to-PCI Bridge Architecture 1.2
 * ("bridge"), PCI Bus Power Management Interface 1.2 ("PM"), PCI Firmware
 * Specification 3.3 for the memory window.
 */
#pragma once

#include "kernel/lib/types.h"

/* Mechanism #1 (PCI 3.2.2.3.2) */
#define CONFIG_ADDRESS		0xcf8
#define  CONFIG_ENABLE		BIT(31)
#define CONFIG_DATA		0xcfc
#define CONFIG_BYTES		256	/* PCI 6.1 */
#define CONFIG_BYTES_PCIE	4096	/* PCIe 7.2 */
#define ECAM_BUS_SHIFT		20	/* PCIe 7.2.2 */
#define ECAM_FN_SHIFT		12

#define PCI_SLOTS		32
#define PCI_FNS			8
#define PCI_BUSES		256
#define PCI_GONE		0xffffffffu	/* no answer: all ones (6.1) */

/* Every header (PCI 6.1, 6.2) */
#define PCI_VENDOR		0x00
#define PCI_DEVICE		0x02
#define PCI_COMMAND		0x04	/* PCI 6.2.2 */
#define  COMMAND_IO		0x0001
#define  COMMAND_MEMORY		0x0002
#define  COMMAND_MASTER		0x0004
#define  COMMAND_INTX_OFF	0x0400
#define PCI_STATUS		0x06	/* PCI 6.2.3 */
#define  STATUS_CAPS		0x0010
#define PCI_REVISION		0x08	/* and the class in the upper 24 bits */
#define PCI_HEADER		0x0e
#define  HEADER_TYPE		0x7f
#define   HEADER_DEVICE		0x00
#define   HEADER_BRIDGE		0x01
#define  HEADER_MULTI		0x80	/* more functions than one */
#define PCI_BAR0		0x10	/* PCI 6.2.5.1 */
#define  BAR_IO			0x1
#define  BAR_IO_FLAGS		0x3u
#define  BAR_TYPE		0x6
#define   BAR_TYPE_32		0x0
#define   BAR_TYPE_1M		0x2	/* below 1 MiB; not since PCI 2.2 */
#define   BAR_TYPE_64		0x4
#define  BAR_PREFETCH		0x8
#define  BAR_MEM_FLAGS		0xfu
#define PCI_CAPS		0x34	/* PCI 6.7 */
#define PCI_IRQ_LINE		0x3c
#define PCI_IRQ_PIN		0x3d

/* Header type 0 */
#define PCI_SUB_VENDOR		0x2c
#define PCI_SUB_DEVICE		0x2e
#define PCI_ROM			0x30	/* PCI 6.2.5.2 */
#define  ROM_ENABLE		0x1
#define  ROM_ADDR		0xfffff800u

/* Header type 1 (bridge 3.2) */
#define BRIDGE_PRIMARY		0x18
#define BRIDGE_SECONDARY	0x19
#define BRIDGE_SUBORDINATE	0x1a
#define BRIDGE_ROM		0x38

#define CLASS_HOST_BRIDGE	0x060000
#define CLASS_ANY_INTERFACE	0xffff00	/* mask: base and sub-class */

/* Capabilities (PCI 6.7, appendix H): id, next; then their own registers */
#define CAP_FIRST		0x40
#define CAP_ID			0
#define CAP_NEXT		1
#define  CAP_NEXT_MASK		0xfc
#define CAP_PM			0x01
#define CAP_MSI			0x05
#define CAP_PCIE		0x10
#define CAP_MSIX		0x11
#define CAP_AF			0x13

/* Extended capabilities (PCIe 7.9.1) */
#define ECAP_FIRST		0x100
#define ECAP_ID(dword)		((dword) & 0xffff)
#define ECAP_NEXT(dword)	((dword) >> 20 & 0xffc)
#define ECAP_AER		0x0001
#define ECAP_SERIAL		0x0003

/* Power management (PM 3.2) */
#define PM_CONTROL		4
#define  PM_STATE		0x0003
#define  PM_PME_STATUS		0x8000	/* cleared by writing 1 */
#define PM_D3_DELAY_NS		10000000ul	/* PM 5.4: D3hot to D0 */

/* MSI (PCI 6.8.1) */
#define MSI_CONTROL		2
#define  MSI_ENABLE		0x0001
#define  MSI_MULTI_ENABLE	0x0070
#define  MSI_64			0x0080
#define  MSI_MASKS		0x0100	/* has MSI_MASK */
#define MSI_ADDR		4
#define MSI_ADDR_HIGH		8	/* with MSI_64 only */
#define MSI_DATA(control)	((control) & MSI_64 ? 12u : 8u)
#define MSI_MASK(control)	((control) & MSI_64 ? 16u : 12u)

/* MSI-X (PCI 6.8.2) */
#define MSIX_CONTROL		2
#define  MSIX_LAST		0x07ff	/* entries less one */
#define  MSIX_MASK_ALL		0x4000
#define  MSIX_ENABLE		0x8000
#define MSIX_TABLE		4
#define  MSIX_BIR		0x7u	/* the BAR that the table is in */
#define MSIX_ENTRY_BYTES	16
#define MSIX_ENTRY_ADDR		0
#define MSIX_ENTRY_ADDR_HIGH	4
#define MSIX_ENTRY_DATA		8
#define MSIX_ENTRY_CONTROL	12
#define  ENTRY_MASK		BIT(0)

/* PCI Express (PCIe 7.8) */
#define PCIE_FLAGS		2
#define  PCIE_TYPE(flags)	((flags) >> 4 & 0xf)
#define   PCIE_ROOT_PORT	4
#define   PCIE_DOWNSTREAM	6
#define PCIE_DEVCAP		4
#define  DEVCAP_FLR		BIT(28)
#define PCIE_DEVCTL		8
#define  DEVCTL_FLR		0x8000	/* reads as 0 */
#define PCIE_DEVSTA		10
#define  DEVSTA_PENDING		0x0020	/* transactions not yet answered */
#define FLR_PENDING_NS		100000000ul	/* PCIe 6.6.2 */
#define FLR_DELAY_NS		100000000ul	/* PCIe 6.6.2 */
#define FLR_READY_NS		1000000000ul	/* PCIe 6.6.1 */

/* Advanced features (ECN of 2008 to PCI 3.0): reset without PCIe */
#define AF_CAPS			3
#define  AF_HAS_TP		0x01
#define  AF_HAS_FLR		0x02
#define AF_CONTROL		4
#define  AF_FLR			0x01
#define AF_STATUS		5
#define  AF_PENDING		0x01
