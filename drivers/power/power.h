/*
 * Switching the machine off, and starting it anew.
 */
#pragma once

#include "kernel/lib/types.h"

struct acpi_info;

/* Keep what the tables say, and enter ACPI mode. After clock_init(), while the
 * boot allocator works. */
void	power_init(const struct acpi_info *acpi);

noreturn void	power_off(void);	/* halts if the machine stays on */
noreturn void	power_reboot(void);
