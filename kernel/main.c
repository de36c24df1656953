/*
 * The start order, one call a line. What a line needs stands above it.
 */
#include "kernel/abi/errno.h"
#include "kernel/acpi/acpi.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/memdev.h"
#include "kernel/dev/random.h"
#include "kernel/dev/tty.h"
#include "kernel/lib/bootinfo.h"
#include "kernel/lib/parse.h"
#include "kernel/mem/boot.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/proc/task.h"
#include "kernel/sched/sched.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"
#include "kernel/vm/aspace.h"
#include "kernel/vm/reserve.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/env.h"
#include "kernel/x86/intr.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/start.h"
#include "kernel/x86/trap.h"

noreturn void
kernel_main(const struct bootinfo *bi)
{
	(void)bi;
	cpu_halt();
}
