/*
 * The wall clock that runs while the machine is off.
 */
#pragma once

struct acpi_info;

/* Set the wall clock by it, taking it to run in UTC. Boot. */
void	rtc_init(const struct acpi_info *acpi);
