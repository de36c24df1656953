/*
 * /proc: files about the whole system. Formats as in proc(5) where Linux has
 * the file; reserve, lockstat, counters are ours.
 *
 * Each file is a row in a table at the end and a show function above that
 * prints the whole of it. Figures come from each subsystem's own statistics
 * call, so that no lock of another folder is taken here.
 */
#include "fs/cache/page.h"
#include "fs/procfs/procfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/utsname.h"
#include "kernel/dev/block.h"
#include "kernel/dev/chardev.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/random.h"
#include "kernel/lib/bootinfo.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/parse.h"
#include "kernel/lib/string.h"
#include "kernel/mem/charge.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/proc/hostname.h"
#include "kernel/proc/killer.h"
#include "kernel/proc/task.h"
#include "kernel/proc/uts.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"
#include "kernel/sync/lockdep.h"
#include "kernel/trace/counter.h"
#include "kernel/vm/bounds.h"
#include "kernel/vm/reserve.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/features.h"
#include "kernel/x86/start.h"

#define TICK_NS		10000000ul	/* USER_HZ is 100 */
#define NS		1000000000ul
#define KIB(frames)	((frames) * (PAGE_SIZE / 1024))

/* ---- memory ---- */

struct amount {
	const char	*name;
	u64		frames;
};

static void
show_amounts(struct ptext *t, const struct amount *rows, u32 nrows)
{
	for (u32 i = 0; i < nrows; i++) {
		pt_printf(t, "%s:", rows[i].name);
		for (usize n = strlen(rows[i].name); n < 15; n++)
			pt_add(t, " ", 1);
		pt_printf(t, "%8lu kB\n", KIB(rows[i].frames));
	}
}

static int
show_meminfo(struct ptext *t, struct pctx *c)
{
	struct page_cache_stats ps;
	struct reserve_stats rs;
	struct frame_stats fs;

	(void)c;
	frame_stats(&fs);
	reserve_stats(&rs);
	page_cache_stats(&ps);
	const struct amount rows[] = {
		{ "MemTotal", fs.total },
		{ "MemFree", fs.free },
		{ "MemAvailable", fs.free - MIN(fs.free, fs.promised) +
		    rs.reclaimable },
		{ "Buffers", 0 },
		{ "Cached", fs.used[FRAME_FILE] },
		{ "SwapCached", 0 },
		{ "Active", fs.used[FRAME_ANON] },
		{ "Inactive", fs.used[FRAME_FILE] },
		{ "SwapTotal", 0 },
		{ "SwapFree", 0 },
		{ "Dirty", ps.dirty },
		{ "Writeback", ps.writeback },
		{ "AnonPages", fs.used[FRAME_ANON] },
		{ "Shmem", fs.used[FRAME_FILE] -
		    MIN(fs.used[FRAME_FILE], ps.pages) },
		{ "KReclaimable", rs.reclaimable },
		{ "Slab", fs.used[FRAME_SLAB] },
		{ "SReclaimable", rs.reclaimable },
		{ "KernelStack", fs.used[FRAME_KSTACK] },
		{ "PageTables", fs.used[FRAME_PAGETABLE] },
		{ "KernelImage", fs.used[FRAME_KERNEL] },
		{ "KernelBuffers", fs.used[FRAME_BUFFER] },
	};
	show_amounts(t, rows, ARRAY_LEN(rows));
	return 0;
}

static int
show_slabinfo(struct ptext *t, struct pctx *c)
{
	struct kmem_cache *k;

	(void)c;
	pt_puts(t, "slabinfo - version: 2.1\n# name            <active_objs> "
	    "<num_objs> <objsize> <objperslab> <pagesperslab>\n");
	for (k = __kmem_caches_start; k < __kmem_caches_end; k++) {
		struct kmem_stats st;

		kmem_stats(k, &st);
		pt_printf(t, "%-17s %6lu %6lu %6u %4u 1 : tunables 0 0 0 : "
		    "slabdata %u %u 0\n", k->name, st.ninuse, st.nobjects,
		    k->stride, k->per_slab, st.nslabs, st.nslabs);
	}
	return 0;
}

static void
show_standing(struct ptext *t)
{
	pt_puts(t, "\nstanding reservations\n"
	    "name                 frames  tickets   in use\n");
	for (struct standing *s = standing_first(); s != NULL; s = s->next)
		pt_printf(t, "%-20s %6u %8u %8u\n", s->row->name,
		    s->row->frames, s->count, READ_ONCE(s->in_use));
}

static void
show_kills(struct ptext *t)
{
	struct kill_record k;

	pt_puts(t, "\nkilled, newest first\n"
	    "  pid name             frames  processes  back after ms\n");
	for (u32 i = 0; killer_record(i, &k); i++) {
		pt_printf(t, "%5u %-16s %6lu %10u ", k.pid, k.comm, k.frames,
		    k.nprocs);
		if (k.back_ns != 0)
			pt_printf(t, "%14lu\n",
			    (k.back_ns - k.decided_ns) / 1000000);
		else
			pt_puts(t, "             -\n");
	}
}

static int
show_reserve(struct ptext *t, struct pctx *c)
{
	struct reserve_stats rs;
	struct frame_stats fs;

	(void)c;
	frame_stats(&fs);
	reserve_stats(&rs);
	pt_printf(t, "frames total     %lu\nfree             %lu\n"
	    "promised         %lu\ncredits          %lu\n"
	    "reclaimable      %lu\nrcu deferred     %lu\n", fs.total, fs.free,
	    fs.promised, fs.credits, rs.reclaimable, rs.rcu_pending);
	pt_printf(t, "waiting          %u\nwaits            %lu\n"
	    "longest wait us  %lu\nlast waiter      %s\n", rs.waiting,
	    rs.waits, rs.longest_ns / 1000, rs.last_waiter);
	pt_printf(t, "reclaim turns    %lu\nreclaimed        %lu\n"
	    "grace periods    %lu\nkills            %lu\n", rs.reclaim_turns,
	    rs.reclaimed_frames, rs.grace_waits, rs.kills);
	show_standing(t);
	show_kills(t);
	pt_puts(t, "\ncall                      bound   peak    waits"
	    "   waited us  longest us\n");
	for (struct bound *b = __bounds_start; b < __bounds_end; b++) {
		struct bound r;

		reserve_row_stats(b, &r);
		pt_printf(t, "%-25s %5u %6u %8u %11lu %11lu\n",
		    r.name, MAX(r.frames, r.most), r.peak, r.waits,
		    r.wait_ns / 1000, r.longest_ns / 1000);
	}
	return 0;
}

/* ---- time and load ---- */

static void
show_cpu_line(struct ptext *t, const char *name, u32 cpu)
{
	struct sched_stats s;

	sched_stats(cpu, &s);
	pt_printf(t, "%s %lu 0 %lu %lu 0 0 0 0 0 0\n", name,
	    s.user_ns / TICK_NS, s.system_ns / TICK_NS, s.idle_ns / TICK_NS);
}

static int
show_system_stat(struct ptext *t, struct pctx *c)
{
	struct sched_stats all;
	char name[16];

	(void)c;
	sched_stats(~0u, &all);
	show_cpu_line(t, "cpu ", ~0u);
	for (u32 i = 0; i < ncpus; i++) {
		(void)ksnprintf(name, sizeof(name), "cpu%u", i);
		show_cpu_line(t, name, i);
	}
	pt_printf(t, "intr %lu\nctxt %lu\nbtime %lu\nprocesses %lu\n"
	    "procs_running %u\nprocs_blocked 0\n",
	    counter_sum(COUNTER_interrupts), all.switches,
	    (clock_realtime_ns() - clock_now_ns()) / NS,
	    counter_sum(COUNTER_forks), all.nrunning);
	return 0;
}

static int
show_uptime(struct ptext *t, struct pctx *c)
{
	u64 now = clock_now_ns();
	struct sched_stats all;

	(void)c;
	sched_stats(~0u, &all);
	pt_printf(t, "%lu.%02lu %lu.%02lu\n", now / NS, now % NS / TICK_NS,
	    all.idle_ns / NS, all.idle_ns % NS / TICK_NS);
	return 0;
}

static int
show_loadavg(struct ptext *t, struct pctx *c)
{
	struct sched_stats all;

	(void)c;
	sched_stats(~0u, &all);
	for (u32 i = 0; i < 3; i++)
		pt_printf(t, "%lu.%02lu ", all.load[i] >> 11,
		    (all.load[i] & 2047) * 100 >> 11);
	pt_printf(t, "%u/%u %u\n", all.nrunning, all.nthreads,
	    current_proc()->pid);
	return 0;
}

/* ---- the machine and the kernel ---- */

static int
show_version(struct ptext *t, struct pctx *c)
{
	struct lx_utsname u;

	(void)c;
	uts_get(&u);
	pt_printf(t, "%s version %s %s\n", u.sysname, u.release, u.version);
	return 0;
}

static int
show_cpuinfo(struct ptext *t, struct pctx *c)
{
	(void)c;
	for (u32 i = 0; i < ncpus && !pt_is_full(t); i++) {
		pt_printf(t, "processor\t: %u\nvendor_id\t: %s\n"
		    "cpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %s\n", i,
		    cpu_has.vendor, cpu_has.family, cpu_has.model,
		    cpu_has.name);
		pt_printf(t, "cpu MHz\t\t: %lu.%03lu\n\n",
		    clock_scale.tsc_khz / 1000, clock_scale.tsc_khz % 1000);
	}
	return 0;
}

static int
show_cmdline(struct ptext *t, struct pctx *c)
{
	(void)c;
	pt_puts(t, boot_info->cmdline);
	pt_puts(t, "\n");
	return 0;
}

static int
show_filesystems(struct ptext *t, struct pctx *c)
{
	int n;

	for (u32 i = 0; (n = fs_types_line(i, c->scratch, PAGE_SIZE)) > 0; i++)
		pt_add(t, c->scratch, n);
	return 0;
}

static int
show_devices(struct ptext *t, struct pctx *c)
{
	u32 last = 0;

	(void)c;
	pt_puts(t, "Character devices:\n");
	for (struct chardev *d = chardev_first(); d != NULL; d = d->next)
		pt_printf(t, "%3u %s\n", d->major, d->name);
	pt_puts(t, "\nBlock devices:\n");
	for (struct block_dev *b = block_next(NULL); b != NULL;
	    b = block_next(b)) {
		if (b->partno == 0 && b->major != last)
			pt_printf(t, "%3u %s\n", b->major, b->disk->prefix);
		last = b->partno == 0 ? b->major : last;
	}
	return 0;
}

static int
show_interrupts(struct ptext *t, struct pctx *c)
{
	struct irq_info info;

	(void)c;
	for (u32 i = 0; irq_info(i, &info); i++)
		pt_printf(t, "%3u: %10lu  %s\n", info.vector, info.count,
		    info.name);
	pt_printf(t, "IPI: %10lu  interprocessor\n",
	    counter_sum(COUNTER_ipis));
	return 0;
}

static int
show_counters(struct ptext *t, struct pctx *c)
{
	(void)c;
	for (u32 i = 0; i < NCOUNTERS; i++)
		pt_printf(t, "%-40s %lu\n", counter_name(i), counter_sum(i));
	return 0;
}

static int
show_lockstat(struct ptext *t, struct pctx *c)
{
	(void)c;
	pt_puts(t, "class acquisitions contended\n");
	pt_printf(t, "all %lu %lu\n", counter_sum(COUNTER_lock_acquired),
	    counter_sum(COUNTER_lock_contended));
	for (u32 i = 0; i < NLOCK_CLASSES; i++) {
		u64 acquired, contended;

		sync_lockstat(i, &acquired, &contended);
		if (acquired | contended)
			pt_printf(t, "%s %lu %lu\n", lock_class_name(i),
			    acquired, contended);
	}
	return 0;
}

static int
show_none(struct ptext *t, struct pctx *c)
{
	(void)t, (void)c;
	return 0;
}

static int
show_swaps(struct ptext *t, struct pctx *c)
{
	(void)c;
	pt_puts(t, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

static int
show_vmstat(struct ptext *t, struct pctx *c)
{
	struct frame_stats fs;

	(void)c;
	frame_stats(&fs);
	pt_printf(t, "nr_free_pages %lu\nnr_anon_pages %lu\nnr_file_pages %lu\n"
	    "nr_page_table_pages %lu\nnr_kernel_stack %lu\npgfault %lu\n"
	    "oom_kill %lu\n", fs.free, fs.used[FRAME_ANON],
	    fs.used[FRAME_FILE], fs.used[FRAME_PAGETABLE],
	    KIB(fs.used[FRAME_KSTACK]), counter_sum(COUNTER_faults),
	    counter_sum(COUNTER_kills));
	return 0;
}

/* ---- links ---- */

static isize
link_self(struct pctx *c, char *buf, usize len)
{
	(void)c;
	return ksnprintf(buf, len, "%u", current_proc()->pid);
}

static isize
link_thread_self(struct pctx *c, char *buf, usize len)
{
	(void)c;
	return ksnprintf(buf, len, "%u/task/%u", current_proc()->pid,
	    current->tid);
}

static isize
link_mounts(struct pctx *c, char *buf, usize len)
{
	(void)c;
	return strlcpy(buf, "self/mounts", len);
}

/* ---- /proc/sys ---- */

static int
show_ostype(struct ptext *t, struct pctx *c)
{
	struct lx_utsname u;

	(void)c;
	uts_get(&u);
	pt_printf(t, "%s\n", u.sysname);
	return 0;
}

static int
show_osrelease(struct ptext *t, struct pctx *c)
{
	struct lx_utsname u;

	(void)c;
	uts_get(&u);
	pt_printf(t, "%s\n", u.release);
	return 0;
}

static int
show_os_version(struct ptext *t, struct pctx *c)
{
	struct lx_utsname u;

	(void)c;
	uts_get(&u);
	pt_printf(t, "%s\n", u.version);
	return 0;
}

static int
show_hostname(struct ptext *t, struct pctx *c)
{
	char name[65];

	(void)c;
	hostname_read(name, sizeof(name));
	pt_printf(t, "%s\n", name);
	return 0;
}

static int
store_hostname(struct pctx *c, const char *text, usize len)
{
	(void)c;
	if (!cred_is_root(current_cred()))
		return -EPERM;
	while (len > 0 && text[len - 1] == '\n')
		len--;
	return hostname_write(text, len);
}

static int
show_pid_max(struct ptext *t, struct pctx *c)
{
	(void)c;
	pt_printf(t, "%u\n", PID_MAX_DEFAULT);
	return 0;
}

static int
show_overcommit(struct ptext *t, struct pctx *c)
{
	(void)c;
	pt_puts(t, "0\n");		/* the only mode: heuristic */
	return 0;
}

static int
store_drop_caches(struct pctx *c, const char *text, usize len)
{
	(void)c, (void)text, (void)len;
	if (!cred_is_root(current_cred()))
		return -EPERM;
	for (struct shrinker *s = shrinker_first(); s != NULL; s = s->next)
		(void)s->shrink(~0ul);
	(void)kmem_shrink();
	return 0;
}

/* Test mode: frames hidden (-1: off), frames that no count knows of; at the
 * edge, admissions and those that waited. */
static int
show_unpromised(struct ptext *t, struct pctx *c)
{
	s64 held = reserve_held(), off = reserve_imbalance();
	u64 admissions, waited;

	(void)c;
	reserve_edge_stats(&admissions, &waited);
	pt_printf(t, "%ld %ld %lu %lu\n", held, off, admissions, waited);
	return 0;
}

/* How many to leave, -1 ends it; or at the edge: "exact", "short". */
static int
store_unpromised(struct pctx *c, const char *text, usize len)
{
	s64 keep;

	(void)c;
	if (!cred_is_root(current_cred()))
		return -EPERM;
	if (len >= 5 && memcmp(text, "exact", 5) == 0) {
		reserve_hold_edge(0);
		return 0;
	}
	if (len >= 5 && memcmp(text, "short", 5) == 0) {
		reserve_hold_edge(1);
		return 0;
	}
	if (parse_s64(text, NULL, 10, &keep) != 0)
		return -EINVAL;
	reserve_hold(keep);
	return 0;
}

static int
show_uuid(struct ptext *t, struct pctx *c)
{
	u8 b[16];

	(void)c;
	random_bytes(b, sizeof(b));
	b[6] = (b[6] & 0x0f) | 0x40;		/* RFC 4122, version 4 */
	b[8] = (b[8] & 0x3f) | 0x80;
	for (u32 i = 0; i < sizeof(b); i++)
		pt_printf(t, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ?
		    "-" : "", b[i]);
	pt_puts(t, "\n");
	return 0;
}

static int
show_entropy(struct ptext *t, struct pctx *c)
{
	(void)c;
	pt_printf(t, "%d\n", random_is_seeded() ? 256 : 0);
	return 0;
}

#define FILE_(nm, sh)	{ .name = (nm), .mode = S_IFREG | 0444, .show = (sh) }
#define DIR_(nm, ch)	{ .name = (nm), .mode = S_IFDIR | 0555, \
			  .children = (ch) }
#define LINK_(nm, ln)	{ .name = (nm), .mode = S_IFLNK | 0777, .link = (ln) }
#define KNOB_(nm, sh, st) { .name = (nm), .mode = S_IFREG | 0644, \
			  .show = (sh), .store = (st) }
#define END_		{ .name = NULL }

static const struct pentry bus_pci_entries[] = {
	FILE_("devices", show_pci_devices),
	END_,
};

static const struct pentry bus_entries[] = {
	DIR_("pci", bus_pci_entries),
	END_,
};

static const struct pentry random_entries[] = {
	FILE_("entropy_avail", show_entropy),
	FILE_("uuid", show_uuid),
	END_,
};

static const struct pentry kernel_entries[] = {
	KNOB_("hostname", show_hostname, store_hostname),
	FILE_("osrelease", show_osrelease),
	FILE_("ostype", show_ostype),
	FILE_("pid_max", show_pid_max),
	DIR_("random", random_entries),
	FILE_("version", show_os_version),
	END_,
};

static const struct pentry vm_entries[] = {
	KNOB_("drop_caches", show_none, store_drop_caches),
	FILE_("overcommit_memory", show_overcommit),
	KNOB_("unpromised_frames", show_unpromised, store_unpromised),
	END_,
};

static const struct pentry sys_entries[] = {
	DIR_("kernel", kernel_entries),
	DIR_("vm", vm_entries),
	END_,
};

const struct pentry proc_root_entries[] = {
	FILE_("block", show_block),
	DIR_("bus", bus_entries),
	FILE_("cmdline", show_cmdline),
	FILE_("counters", show_counters),
	FILE_("cpuinfo", show_cpuinfo),
	FILE_("devices", show_devices),
	FILE_("diskstats", show_diskstats),
	FILE_("filesystems", show_filesystems),
	FILE_("interrupts", show_interrupts),
	FILE_("loadavg", show_loadavg),
	FILE_("lockstat", show_lockstat),
	FILE_("meminfo", show_meminfo),
	LINK_("mounts", link_mounts),
	FILE_("partitions", show_partitions),
	FILE_("reserve", show_reserve),
	LINK_("self", link_self),
	FILE_("slabinfo", show_slabinfo),
	FILE_("stat", show_system_stat),
	FILE_("swaps", show_swaps),
	DIR_("sys", sys_entries),
	LINK_("thread-self", link_thread_self),
	FILE_("uptime", show_uptime),
	FILE_("version", show_version),
	FILE_("vmstat", show_vmstat),
	END_,
};
