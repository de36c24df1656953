/*
 * Self-tests of address spaces.
 *
 * The unit tests show that the calls do what they promise, one after the other;
 * these look for what goes wrong when they meet. Several kernel threads run on
 * one address space, on as many CPUs as there are, and fault, map, protect,
 * unmap and fork against each other, through the real tables and TLBs: they
 * touch memory by the copies of uaccess.h. A page that is freed while a CPU
 * still has it shows as a number that is older than one seen before, or as
 * damage to whoever got the frame next.
 */
#include "kernel/lib/fmt.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/trace/log.h"
#include "kernel/trace/selftest.h"
#include "kernel/vm/reserve.h"
#include "kernel/vm/uaccess.h"
#include "kernel/vm/vm_priv.h"
#include "kernel/x86/trap.h"

#define CREW		4
#define WINDOW		0x40000000ul	/* where the tests map */
#define RW		(PROT_READ | PROT_WRITE)

static BOUND_FIXED(selftest_vm_crew, CREW * 8);
static BOUND_FIXED(selftest_vm_call, 24);	/* one call of aspace.h */

/* Threads of one address space. a atomic */
static struct aspace *test_as;
static void (*test_fn)(u32 i);
static u32 test_left;			/* [a] */
static u32 test_done;			/* [a] the first has ended its part */

static void
crew_main(void *arg)
{
	struct aspace *as = test_as;

	current->aspace = as;
	aspace_switch(as);
	test_fn((u32)(u64)arg);
	current->aspace = NULL;
	aspace_users_put(as);
	aspace_put(as);
	atomic_dec(&test_left);
	kthread_exit();
}

static void
begin_call(void)
{
	CHECK(reserve_row(&bound_selftest_vm_call) == 0);
}

/* Run fn(0..CREW-1) in threads of a new address space; wait for all. */
static void
crew_run(void (*fn)(u32 i))
{
	char name[16];

	CHECK(reserve_row(&bound_selftest_vm_crew) == 0);
	test_as = aspace_create();
	test_fn = fn;
	test_done = 0;
	test_left = CREW;
	for (u32 i = 0; i < CREW; i++) {
		aspace_get(test_as);
		aspace_users_get(test_as);
		(void)ksnprintf(name, sizeof(name), "vmtest/%u", i);
		(void)kthread_create_on(i % ncpus, name, crew_main,
		    (void *)(u64)i);
	}
	reserve_end();
	while (atomic_load(&test_left) != 0)
		sched_sleep_ns(1000000);
	CHECK(atomic_load(&test_as->users) == 1);
	aspace_users_put(test_as);
	CHECK(atomic_load(&test_as->rss_anon) == 0);
	CHECK(atomic_load(&test_as->rss_file) == 0);
	aspace_put(test_as);
	rcu_barrier();
}

static u64
map(u64 at, u64 npages, u32 flags)
{
	long rc;

	begin_call();
	rc = vm_map(test_as, at, npages * PAGE_SIZE, RW, flags |
	    (at != 0 ? MAP_FIXED : 0), NULL, 0, RW | PROT_EXEC);
	reserve_end();
	CHECK(rc > 0);
	return rc;
}

static void
unmap(u64 at, u64 npages)
{
	begin_call();
	CHECK(vm_unmap(test_as, at, npages * PAGE_SIZE) == 0);
	reserve_end();
}

/* Each maps pages of its own, which lie in the same tables as the others'. */
static void
own_pages(u32 i)
{
	u64 at, v;

	for (u32 turn = 0; turn < 300; turn++) {
		at = map(0, 1 + turn % 7, MAP_PRIVATE);
		for (u32 p = 0; p < 1 + turn % 7; p++) {
			uptr_t a = UPTR(at + p * PAGE_SIZE);

			v = 1;
			CHECK(copy_in_obj(&v, a) == 0 && v == 0);
			v = (u64)i << 32 | turn;
			CHECK(copy_out_obj(a, &v) == 0);
			v = 0;
			CHECK(copy_in_obj(&v, a) == 0 &&
			    v == ((u64)i << 32 | turn));
		}
		if (turn % 16 == 0)
			sched_yield();
		unmap(at, 1 + turn % 7);
	}
}

SELFTEST(vm_threads_map_and_fault)
{
	crew_run(own_pages);
}

/*
 * One maps a page anew again and again and writes a rising number; the others
 * read. Who has seen a number published never reads a smaller one again, but
 * for the zero of a page just mapped: an older page would have to come out of a
 * stale TLB. The number is a byte: a copy that faulted goes on byte by byte, so
 * of a larger one the reader could see halves.
 */
static u32 published;			/* [a] */

static void
writer(void)
{
	u8 v = 1;

	for (u8 n = 1; n < 255; n++) {
		(void)map(WINDOW, 1, MAP_PRIVATE);
		CHECK(copy_in_obj(&v, UPTR(WINDOW)) == 0 && v == 0);
		CHECK(copy_out_obj(UPTR(WINDOW), &n) == 0);
		atomic_store(&published, (u32)n);
		if (n % 4 == 0)
			unmap(WINDOW, 1);
		if (n % 64 == 0)
			sched_yield();
	}
	atomic_store(&test_done, 1);
}

static void
remap_and_read(u32 i)
{
	u32 seen;
	u8 v;
	int rc;

	if (i == 0) {
		writer();
		return;
	}
	while (!atomic_load(&test_done)) {
		seen = atomic_load(&published);
		v = 0;
		rc = copy_in_obj(&v, UPTR(WINDOW));
		CHECK(rc == 0 || rc == -EFAULT);
		CHECK(v == 0 || v >= seen);
		sched_yield();
	}
}

SELFTEST(vm_no_stale_tlb)
{
	published = 0;
	crew_run(remap_and_read);
}

/* All on the same window, so that everything meets everything. */
static void
chaos(u32 i)
{
	u64 at, v = i, x = 0x9e3779b97f4a7c15ul * (i + 1);

	for (u32 turn = 0; turn < 1500; turn++) {
		x = x * 6364136223846793005ul + 1442695040888963407ul;
		at = WINDOW + (x >> 33) % 600 * PAGE_SIZE;
		switch ((x >> 20) % 8) {
		case 0:
			(void)map(at, 1 + (x >> 50) % 90,
			    turn % 5 == 0 ? MAP_SHARED : MAP_PRIVATE);
			break;
		case 1:
			unmap(at, 1 + (x >> 50) % 60);
			break;
		case 2:
			begin_call();
			(void)vm_protect(test_as, at, PAGE_SIZE * 4,
			    (x >> 40) % 2 ? PROT_READ : RW);
			reserve_end();
			break;
		case 3:
			begin_call();
			(void)vm_advise(test_as, at, PAGE_SIZE * 9,
			    MADV_DONTNEED);
			reserve_end();
			break;
		default:
			if (copy_out_obj(UPTR(at), &v) == 0)
				(void)copy_in_obj(&v, UPTR(at));
		}
		if (turn % 16 == 0)
			sched_yield();
	}
}

SELFTEST(vm_chaos)
{
	crew_run(chaos);
	CHECK(shm_frames() == 0);
}

/* Forks against writers: a child's page never changes after the fork. */
#define FORK_PAGES	700

static void
fork_child_check(void)
{
	struct aspace *child;
	u64 first[FORK_PAGES / 50], again;

	begin_call();
	CHECK(aspace_fork(test_as, &child) == 0);
	for (u32 i = 0; i < ARRAY_LEN(first); i++)
		CHECK(vm_peek(child, WINDOW + i * 50 * PAGE_SIZE, &first[i],
		    sizeof(u64)) == sizeof(u64));
	sched_yield();
	for (u32 i = 0; i < ARRAY_LEN(first); i++) {
		again = 0;
		CHECK(vm_peek(child, WINDOW + i * 50 * PAGE_SIZE, &again,
		    sizeof(u64)) == sizeof(u64));
		CHECK(again == first[i]);
	}
	aspace_put(child);
	reserve_end();
}

static void
fork_and_write(u32 i)
{
	u64 last[8] = { 0 }, v, at;

	if (i == 0) {
		(void)map(WINDOW, FORK_PAGES, MAP_PRIVATE);
		for (u32 n = 0; n < 60; n++)
			fork_child_check();
		atomic_store(&test_done, 1);
		return;
	}
	/* Each writer has pages of its own and must always read its last. */
	for (u64 n = 1; !atomic_load(&test_done); n++) {
		u32 k = n % 8;

		at = WINDOW + (k * 50 + i) * PAGE_SIZE;
		v = ~0ul;
		if (copy_in_obj(&v, UPTR(at)) != 0)
			continue;	/* not mapped yet */
		CHECK(v == last[k]);
		v = n << 8 | i;
		if (copy_out_obj(UPTR(at), &v) == 0)
			last[k] = v;
		v = n;
		(void)copy_out_obj(UPTR(at - i * PAGE_SIZE), &v);
		if (n % 32 == 0)
			sched_yield();
	}
}

SELFTEST(vm_fork_against_writers)
{
	crew_run(fork_and_write);
}

/* The killer's tear-down against threads that go on faulting. */
static void
torn(u32 i)
{
	u64 v = i;

	if (i == 0) {
		(void)map(WINDOW, 2000, MAP_PRIVATE);
		for (u32 p = 0; p < 1000; p++)
			(void)copy_out_obj(UPTR(WINDOW + p * PAGE_SIZE), &v);
		aspace_tear_down(test_as);
		CHECK(atomic_load(&test_as->rss_anon) == 0);
		CHECK(copy_out_obj(UPTR(WINDOW), &v) == -EINTR);
		atomic_store(&test_done, 1);
	}
	for (u32 p = 0; !atomic_load(&test_done); p = (p + i) % 2000) {
		(void)copy_out_obj(UPTR(WINDOW + p * PAGE_SIZE), &v);
		if (p % 16 == 0)
			sched_yield();
	}
}

SELFTEST(vm_tear_down_under_threads)
{
	crew_run(torn);
}
