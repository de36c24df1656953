/*
 * The start order, one call a line. What a line needs stands above it.
 *
 * kernel_main() runs on the boot CPU's first stack, without threads; the rest,
 * which may sleep, is the first kernel thread, boot_thread().
 */
#include "drivers/ahci/ahci.h"
#include "drivers/console/console.h"
#include "drivers/pci/pci.h"
#include "drivers/power/power.h"
#include "drivers/rtc/rtc.h"
#include "drivers/serial/serial.h"
#include "fs/cache/buffer.h"
#include "fs/cache/page.h"
#include "fs/devfs/devfs.h"
#include "fs/procfs/procfs.h"
#include "fs/tmpfs/tmpfs.h"
#include "fs/vfs/vfs.h"
#include "kernel/acpi/acpi.h"
#include "kernel/dev/block.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/memdev.h"
#include "kernel/dev/ramdisk.h"
#include "kernel/dev/random.h"
#include "kernel/dev/tty.h"
#include "kernel/lib/bootinfo.h"
#include "kernel/lib/cpio.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/parse.h"
#include "kernel/lib/string.h"
#include "kernel/mem/boot.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/proc/task.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall/syscall.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"
#include "kernel/trace/selftest.h"
#include "kernel/lib/version.h"
#include "kernel/vm/aspace.h"
#include "kernel/vm/bounds.h"
#include "kernel/vm/reserve.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/env.h"
#include "kernel/x86/intr.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/start.h"
#include "kernel/x86/trap.h"

#define RSDP_REVISION	15	/* offset, ACPI 6.5 5.2.5.3 */
#define RSDP_V1_BYTES	20
#define INIT_PATH_LEN	128
#define SELFTEST_PREFIX_LEN 32

static struct acpi_info acpi;

static void
log_for_x86(u32 level, const char *fmt, ...)
{
	char line[200];
	va_list ap;

	va_start(ap, fmt);
	(void)kvsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	klog(level, "%s", line);
}

static void
warn_acpi(const char *line)
{
	kwarn("acpi: %s", line);
}

static void
find_acpi(const struct bootinfo *bi)
{
	static const struct acpi_env env = {
		.map = paging_map_ro, .warn = warn_acpi,
	};
	u8 rsdp[BOOT_RSDP];
	int len = bi->rsdp_len;
	const void *told = NULL;

	memcpy(rsdp, bi->rsdp, sizeof(rsdp));
	if (len == 0 && bi->rsdp_paddr != 0)
		told = paging_map_ro(bi->rsdp_paddr, BOOT_RSDP);
	if (told != NULL) {
		memcpy(rsdp, told, BOOT_RSDP);
		len = rsdp[RSDP_REVISION] >= 2 ? BOOT_RSDP : RSDP_V1_BYTES;
	}
	if (len == 0)
		len = acpi_find_rsdp(&env, rsdp);
	if (len <= 0 || acpi_parse(rsdp, len, &env, &acpi) != 0)
		kwarn("acpi: no sound tables: one CPU, no power-off");
}

/* A module is a cpio archive, whose frames are free afterwards, or else the
 * bytes of a RAM disk. */
static void
unpack_modules(const struct bootinfo *bi)
{
	for (u32 i = 0; i < bi->nmodules; i++) {
		const struct boot_module *m = &bi->module[i];

		if (!cpio_is_archive(phys_to_virt(m->start),
		    m->end - m->start) && ramdisk_add_range(m->start, m->end))
			continue;
		if (vfs_unpack_cpio(phys_to_virt(m->start),
		    m->end - m->start) != 0)
			kerr("module %u (%s): not a sound cpio archive", i,
			    m->name);
		boot_mem_release(m->start, m->end);
	}
}

/* selftest runs all of them, selftest=PREFIX those whose names begin so. */
static void
run_selftests(const char *cmdline)
{
	char prefix[SELFTEST_PREFIX_LEN] = "";

	if (!cmdline_has(cmdline, "selftest"))
		return;
	(void)cmdline_get(cmdline, "selftest", prefix, sizeof(prefix));
	(void)selftest_run(prefix);
}

static void
start_init(const char *cmdline)
{
	static const char *const env[] = {
		"HOME=/", "TERM=linux", "PATH=/sbin:/bin:/usr/sbin:/usr/bin",
		NULL,
	};
	static char path[INIT_PATH_LEN] = "/sbin/init";
	const char *argv[] = { path, NULL };

	if (cmdline_get(cmdline, "init", path, sizeof(path)) < 0)
		(void)cmdline_get(cmdline, "rdinit", path, sizeof(path));
	proc_start_init(path, argv, env);
}

/* The second half of the start, in a thread. */
static void
boot_thread(void *arg)
{
	const struct bootinfo *bi = arg;

	random_init();
	memdev_init();
	tty_init();
	serial_init(bi->cmdline);
	console_tty_init(bi->cmdline);
	rtc_init(&acpi);
	block_init();
	buffer_init();
	page_cache_init();
	ahci_init(bi->cmdline);
	pci_init(&acpi);
	log_boot_step("devices");

	vfs_init();
	tmpfs_register();
	devfs_init();
	procfs_init();
	vfs_mount_root();
	unpack_modules(bi);
	ramdisk_init(bi->cmdline);
	bdev_init();
	log_boot_step("root file system");

	proc_init();
	syscall_init(bi->cmdline);
	reserve_init();
	run_selftests(bi->cmdline);
	frame_boot_end();
	start_init(bi->cmdline);
	log_boot_step("init started");
}

noreturn void
kernel_main(const struct bootinfo *bi)
{
	log_init(bi->cmdline);
	serial_init_early(bi->cmdline);
	kinfo("%s %s, %s, started by %s", KERNEL_NAME, KERNEL_RELEASE,
	    KERNEL_VERSION, bi->loader);
	kinfo("command line: %s", bi->cmdline);
	panic_init(bi->cmdline);
	x86_env = (struct x86_env){ boot_get, log_for_x86, panic };
	boot_mem_init(bi);
	paging_init(bi);
	boot_mem_mapped(~0ul);
	console_init(bi);
	find_acpi(bi);
	serial_init_spcr(&acpi, bi->cmdline);
	trap_ops.nmi = panic_nmi;
	trap_ops.fatal = panic_fatal;
	trap_ops.irq = irq_dispatch;
	intr_init(&acpi);
	smp_prepare();
	clock_init();
	power_init(&acpi);
	x86_report();
	log_boot_step("machine");

	frame_init(bi);
	kmem_init();
	bounds_init();
	sched_init();
	vm_init();
	log_boot_step("memory");

	cpu_irq_enable();
	smp_start(sched_start_cpu);
	sched_start_rcu();
	log_boot_step("CPUs");
	(void)kthread_create("boot", boot_thread, (void *)bi);
	sched_start_cpu();
}
