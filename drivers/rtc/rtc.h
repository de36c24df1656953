/*
 * The wall clock that runs while the machine is off.
 */
#pragma once

#include "kernel/lib/types.h"

struct acpi_info;

/* Seconds since 1970, taking the clock to run in UTC; 0 if there is none or it
 * makes no sense. Boot. */
u64	rtc_read_seconds(const struct acpi_info *acpi);
