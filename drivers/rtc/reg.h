/*
 * The CMOS clock (Motorola MC146818A).
 */
#pragma once

#include "kernel/lib/types.h"

#define CMOS_INDEX		0x70
#define  CMOS_NMI_OFF		BIT(7)
#define CMOS_DATA		0x71

#define RTC_SECONDS		0x00
#define RTC_MINUTES		0x02
#define RTC_HOURS		0x04
#define  HOURS_PM		BIT(7)	/* in 12-hour mode */
#define RTC_DAY			0x07
#define RTC_MONTH		0x08
#define RTC_YEAR		0x09	/* of the century */
#define RTC_A			0x0a
#define  A_UPDATE		BIT(7)	/* under way: do not read */
#define RTC_B			0x0b
#define  B_24_HOURS		BIT(1)
#define  B_BINARY		BIT(2)	/* else BCD */
