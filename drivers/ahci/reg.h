/*
 * Registers and structures in memory. Sources: Serial ATA AHCI 1.3.1
 * ("AHCI"), Serial ATA Revision 3.1 ("SATA"), ATA/ATAPI Command Set 3 ("ACS").
 */
#pragma once

#include "kernel/lib/types.h"

/* ---- the controller (AHCI 3.1) ---- */

#define HBA_CAP			0x00
#define  CAP_NP(v)		((v) & 31u)	/* ports, less one */
#define  CAP_NCS(v)		((v) >> 8 & 31u)	/* slots */
#define  CAP_SCLO		BIT(24)
#define  CAP_SSS		BIT(27)	/* staggered spin-up */
#define  CAP_SNCQ		BIT(30)
#define  CAP_S64A		BIT(31)
#define HBA_GHC			0x04
#define  GHC_HR			BIT(0)	/* reset; clears itself */
#define  GHC_IE			BIT(1)
#define  GHC_AE			BIT(31)	/* AHCI mode */
#define HBA_IS			0x08	/* a bit a port; write to clear */
#define HBA_PI			0x0c	/* ports that there are */
#define HBA_VS			0x10
#define HBA_CAP2		0x24
#define  CAP2_BOH		BIT(0)	/* has HBA_BOHC */
#define HBA_BOHC		0x28	/* firmware's hand-off (10.6) */
#define  BOHC_BOS		BIT(0)	/* firmware owns it */
#define  BOHC_OOS		BIT(1)	/* we do */
#define  BOHC_BB		BIT(4)	/* firmware finishes commands */
#define HBA_PORTS		0x100
#define HBA_PORT_BYTES		0x80
#define HBA_PORTS_MAX		32
#define HBA_GONE		0xffffffffu	/* no answer */

/* ---- a port (AHCI 3.3) ---- */

#define PORT_CLB		0x00	/* command list, then its upper half */
#define PORT_CLBU		0x04
#define PORT_FB			0x08	/* received FISes */
#define PORT_FBU		0x0c
#define PORT_IS			0x10	/* write to clear */
#define PORT_IE			0x14
#define  PORT_DHRS		BIT(0)	/* a register FIS came */
#define  PORT_PSS		BIT(1)
#define  PORT_DSS		BIT(2)
#define  PORT_SDBS		BIT(3)	/* a set device bits FIS came */
#define  PORT_PCS		BIT(6)	/* a device came */
#define  PORT_PRCS		BIT(22)	/* the link went up or down */
#define  PORT_OFS		BIT(24)
#define  PORT_INFS		BIT(26)
#define  PORT_IFS		BIT(27)
#define  PORT_HBDS		BIT(28)
#define  PORT_HBFS		BIT(29)
#define  PORT_TFES		BIT(30)	/* the device reports an error */
#define PORT_CMD		0x18
#define  CMD_ST			BIT(0)
#define  CMD_SUD		BIT(1)	/* spin up */
#define  CMD_POD		BIT(2)	/* power on */
#define  CMD_FRE		BIT(4)	/* receive FISes */
#define  CMD_FR			BIT(14)
#define  CMD_CR			BIT(15)
#define  CMD_ICC		0xf0000000u
#define  CMD_ICC_ACTIVE		0x10000000u
#define PORT_TFD		0x20
#define  TFD_ERR		BIT(0)
#define  TFD_DRQ		BIT(3)
#define  TFD_DF			BIT(5)
#define  TFD_BSY		BIT(7)
#define  TFD_ERROR(v)		((v) >> 8 & 0xffu)
#define PORT_SIG		0x24
#define  SIG_ATA		0x00000101u
#define  SIG_ATAPI		0xeb140101u
#define  SIG_PORTS		0x96690101u	/* a port multiplier */
#define  SIG_BRIDGE		0xc33c0101u	/* an enclosure */
#define PORT_SSTS		0x28
#define  SSTS_DET(v)		((v) & 15u)
#define  DET_NONE		0u
#define  DET_UP			3u	/* a device, and the link is up */
#define  SSTS_SPEED(v)		((v) >> 4 & 15u)
#define PORT_SCTL		0x2c
#define  SCTL_DET		15u
#define  SCTL_RESET		1u	/* COMRESET while it stands */
#define  SCTL_NO_SLEEP		0x300u	/* neither partial nor slumber */
#define PORT_SERR		0x30	/* write to clear */
#define PORT_SACT		0x34	/* NCQ tags under way */
#define PORT_CI			0x38	/* slots given to the controller */

/* ---- structures in memory (AHCI 4.2) ---- */

#define SLOTS_MAX		32

struct ahci_header {
	u16	flags;
	u16	prdtl;			/* entries of the PRDT */
	u32	prdbc;			/* bytes transferred */
	u32	ctba, ctbau;		/* the command table */
	u32	reserved[4];
};
#define HEADER_CFL		5	/* words of our register FIS */
#define HEADER_WRITE		BIT(6)
_Static_assert(sizeof(struct ahci_header) == 32, "AHCI 4.2.2");

struct ahci_prd {
	u32	dba, dbau;
	u32	reserved;
	u32	dbc;			/* bytes - 1 */
};
#define PRD_BYTES_MAX		(4u << 20)
_Static_assert(sizeof(struct ahci_prd) == 16, "AHCI 4.2.3.3");

#define PRDT_MAX		248	/* so that a table is a frame */

struct ahci_table {
	u8	fis[64];
	u8	atapi[16];
	u8	reserved[48];
	struct ahci_prd prdt[PRDT_MAX];
};
_Static_assert(sizeof(struct ahci_table) == PAGE_SIZE, "AHCI 4.2.3");

/* Register FIS, host to device (SATA 10.3.4): where things are. */
#define FIS_H2D			0x27
enum fis_byte {
	FIS_TYPE, FIS_FLAGS, FIS_COMMAND, FIS_FEATURES,
	FIS_LBA0, FIS_LBA1, FIS_LBA2, FIS_DEVICE,
	FIS_LBA3, FIS_LBA4, FIS_LBA5, FIS_FEATURES1,
	FIS_COUNT, FIS_COUNT1,
};
#define FIS_IS_COMMAND		0x80	/* of FIS_FLAGS */
#define DEVICE_LBA		0x40
#define DEVICE_FUA		0x80	/* NCQ (ACS 7.60) */

/* ---- ATA commands (ACS 7) ---- */

#define ATA_READ_DMA		0xc8
#define ATA_READ_DMA_EXT	0x25
#define ATA_WRITE_DMA		0xca
#define ATA_WRITE_DMA_EXT	0x35
#define ATA_WRITE_DMA_FUA_EXT	0x3d
#define ATA_READ_FPDMA		0x60
#define ATA_WRITE_FPDMA		0x61
#define ATA_FLUSH		0xe7
#define ATA_FLUSH_EXT		0xea
#define ATA_IDENTIFY		0xec
#define ATA_READ_LOG_EXT	0x2f

#define ATA_SECTOR		512u	/* of IDENTIFY and of a log page */
#define LOG_NCQ_ERROR		0x10	/* ACS A.14 */
#define  NCQ_LOG_TAG(b)		((b) & 31u)
#define  NCQ_LOG_NQ		0x80	/* it was not a queued command */
#define  NCQ_LOG_STATUS		2	/* bytes of the page */
#define  NCQ_LOG_ERROR		3

#define LBA28_SECTORS		(1ul << 28)
#define LBA48_SECTORS		(1ul << 48)

/* IDENTIFY DEVICE (ACS 7.16): words */
#define ID_CONFIG		0
#define  ID_NOT_ATA		BIT(15)
#define ID_SERIAL		10	/* 10 words */
#define ID_MODEL		27	/* 20 words */
#define ID_CAPS			49
#define  ID_DMA			BIT(8)
#define  ID_LBA			BIT(9)
#define ID_SECTORS28		60	/* 2 words */
#define ID_QUEUE_DEPTH		75	/* bits 4..0, less one */
#define ID_SATA			76
#define  ID_NCQ			BIT(8)
#define ID_SETS			82	/* sets of commands, 3 words */
#define ID_SETS_ON		85	/* those that are on, 3 words */
#define  ID_WRITE_CACHE		BIT(5)	/* of the first word */
#define  ID_LBA48		BIT(10)	/* of the second */
#define  ID_FLUSH_EXT		BIT(13)
#define  ID_LOGS		BIT(5)	/* of the third: READ LOG EXT */
#define  ID_FUA			BIT(6)
#define  ID_VALID_MASK		0xc000u	/* of the second and third */
#define  ID_VALID		0x4000u
#define ID_SECTORS48		100	/* 4 words */
#define ID_SECTOR_SIZE		106
#define  ID_LARGE_SECTORS	BIT(12)
#define ID_SECTOR_WORDS		117	/* 2 words */
#define ID_CHECK		255
#define  ID_CHECK_MARK		0xa5u	/* low byte: the sum of all is 0 */
#define ID_WORDS		256
