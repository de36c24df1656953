/*
 * The CMOS clock: read once at boot.
 *
 * It has no way to stop while it is read, so all is read twice until both
 * readings agree and no update was under way before the first.
 */
#include "drivers/rtc/reg.h"
#include "drivers/rtc/rtc.h"
#include "kernel/acpi/acpi.h"
#include "kernel/lib/string.h"
#include "kernel/sched/timer.h"
#include "kernel/trace/log.h"
#include "kernel/x86/cpu.h"

#define READ_TRIES		100
#define UPDATE_TRIES		100000	/* an update takes 2 ms */
#define SECONDS_PER_DAY		86400ull
#define NS_PER_SECOND		1000000000ull

struct rtc_time {
	u8	second, minute, hour, day, month, year, century;
};

static u8
cmos_read(u8 reg)
{
	io_out8(CMOS_INDEX, reg);
	return io_in8(CMOS_DATA);
}

static void
rtc_read_raw(struct rtc_time *t, u8 century_reg)
{
	for (u32 i = 0; i < UPDATE_TRIES; i++)
		if (!(cmos_read(RTC_A) & A_UPDATE))
			break;
	*t = (struct rtc_time){
		cmos_read(RTC_SECONDS), cmos_read(RTC_MINUTES),
		cmos_read(RTC_HOURS), cmos_read(RTC_DAY),
		cmos_read(RTC_MONTH), cmos_read(RTC_YEAR),
		century_reg ? cmos_read(century_reg) : 0,
	};
}

static u8
from_bcd(u8 v)
{
	return (u8)((v >> 4) * 10 + (v & 15));
}

static void
rtc_decode(struct rtc_time *t)
{
	u8 mode = cmos_read(RTC_B);
	bool pm = !(mode & B_24_HOURS) && t->hour & HOURS_PM;

	if (!(mode & B_24_HOURS))
		t->hour &= (u8)~HOURS_PM;
	if (!(mode & B_BINARY)) {
		u8 *field = (u8 *)t;

		for (u32 i = 0; i < sizeof(*t); i++)
			field[i] = from_bcd(field[i]);
	}
	if (!(mode & B_24_HOURS))
		t->hour = (u8)(t->hour % 12 + (pm ? 12 : 0));
}

/* Days from 1970-01-01 to a date; years that begin in March make the leap day
 * the last one. */
static u64
days_of(u64 year, u64 month, u64 day)
{
	u64 y = month <= 2 ? year - 1 : year;
	u64 m = month <= 2 ? month + 9 : month - 3;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 +
	    day - 1 - 719468;
}

/* Seconds since 1970; 0 if there is no clock or it makes no sense. */
static u64
rtc_read_seconds(const struct acpi_info *acpi)
{
	u8 century_reg = acpi->fadt.present ? acpi->fadt.century : 0;
	struct rtc_time t, again;
	u64 year;

	if (acpi->fadt.present && acpi->fadt.boot_flags & ACPI_BOOT_NO_CMOS)
		return 0;
	for (u32 i = 0;; i++) {
		rtc_read_raw(&t, century_reg);
		rtc_read_raw(&again, century_reg);
		if (memcmp(&t, &again, sizeof(t)) == 0)
			break;
		if (i == READ_TRIES)
			return 0;
	}
	rtc_decode(&t);
	year = t.year + (t.century >= 19 && t.century < 30 ?
	    t.century * 100u : 2000u);
	if (t.month < 1 || t.month > 12 || t.day < 1 || t.day > 31 ||
	    t.hour > 23 || t.minute > 59 || t.second > 60 || year < 1970)
		return 0;
	return days_of(year, t.month, t.day) * SECONDS_PER_DAY +
	    t.hour * 3600u + t.minute * 60u + t.second;
}

void
rtc_init(const struct acpi_info *acpi)
{
	u64 seconds = rtc_read_seconds(acpi);

	if (seconds == 0)
		kwarn("rtc: no clock, or it makes no sense: it is 1970");
	else
		clock_set_realtime_ns(seconds * NS_PER_SECOND);
}
