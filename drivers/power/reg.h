/*
 * ACPI fixed hardware (ACPI 6.5, 4.8) and the PC's ways to reset.
 */
#pragma once

#include "kernel/lib/types.h"

#define PM1_CNT_SCI_EN		BIT(0)
#define PM1_CNT_SLP_TYP_SHIFT	10
#define PM1_CNT_SLP_EN		BIT(13)

#define RESET_PORT		0xcf9	/* Intel chipsets */
#define  RESET_SYSTEM		BIT(1)	/* hard */
#define  RESET_CPU		BIT(2)	/* do it, on the rising edge */

#define KBC_STATUS		0x64	/* 8042 */
#define  KBC_STATUS_INPUT_FULL	BIT(1)
#define KBC_COMMAND		0x64
#define  KBC_PULSE_RESET	0xfe
