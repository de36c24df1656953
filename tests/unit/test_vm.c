/*
 * Address spaces against a model: random calls and accesses by a few processes,
 * each page's content and permission compared with what mmap(2), fork(2) and
 * their kin promise; at the end every frame must be free.
 *
 * kernel/vm runs as it is, on a small "physical memory" of this process; the
 * page walk is done here, as the CPU would. One CPU, nobody waits. The ranks
 * below (frames, slabs, charges, RCU) are stood in for.
 */
#include "tests/unit/unit.h"

#include "kernel/abi/errno.h"
#include "kernel/mem/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/trace/counter.h"
#include "kernel/vm/reserve.h"
#include "kernel/vm/vm_priv.h"
#include "kernel/x86/trap.h"

#define RAM_PAGES	16384
#define NSPACES		6
#define NPAGES		96		/* of each of the two windows */
#define TURNS		400000
#define FILE_PAGES	40

/* ---- the ranks below --------------------------------------------------- */

static struct frame ram[RAM_PAGES];
static u32 nfree, ram_next;
static struct frame *ram_free;
struct frame *frames = ram;
pfn_t nframes = RAM_PAGES;
u32 ncpus = 1;
u64 percpu_offset_of[MAX_CPUS];
paddr_t kernel_cr3;
struct sched_ops sched_ops;
PERCPU_DEFINE(u32, cpu_id);
PERCPU_DEFINE(u64, percpu_offset);
PERCPU_DEFINE(struct counters, counters);
PERCPU_DEFINE(struct x86_thread *, x86_current);
PERCPU_DEFINE(struct aspace *, loaded_aspace);
/* The host's; its header's names are those of kernel/abi. */
void	*mmap(void *addr, size_t len, int prot, int flags, int fd, long at);
static struct thread me;
static struct rcu_head *deferred;

struct frame *
frame_get(enum frame_use use)
{
	struct frame *f = ram_free;

	if (f)
		ram_free = f->next;
	else
		f = &ram[ram_next++];
	if (ram_next >= RAM_PAGES || me.charge.left-- <= 0) {
		fprintf(stderr, "out of memory or charge\n");
		abort();
	}
	nfree--;
	f->refs = 1;
	f->use = use;
	f->flags = 0;
	memset(frame_virt(f), 0xa5, PAGE_SIZE);
	return f;
}

struct frame *
frame_get_zero(enum frame_use use)
{
	struct frame *f = frame_get(use);

	memset(frame_virt(f), 0, PAGE_SIZE);
	return f;
}

void
frame_free(struct frame *f)
{
	nfree++;
	me.charge.left += me.charge.bound != 0;
	f->use = FRAME_FREE;
	f->next = ram_free;
	ram_free = f;
}

void
frame_copy(void *dst, const void *src)
{
	memcpy(dst, src, PAGE_SIZE);
}

void
frame_stats(struct frame_stats *out)
{
	memset(out, 0, sizeof(*out));
	out->total = RAM_PAGES;
}

void *
kmem_get(struct kmem_cache *c)
{
	return malloc(c->size);
}

void *
kmem_get_zero(struct kmem_cache *c)
{
	void *p = aligned_alloc(64, ROUND_UP(c->size, 64u));

	memset(p, 0, c->size);
	return p;
}

void
kmem_put(struct kmem_cache *c, void *p)
{
	(void)c;
	free(p);
}

void
rcu_call(struct rcu_head *head, void (*fn)(struct rcu_head *))
{
	head->fn = fn;
	head->next = deferred;
	deferred = head;
}

static void
grace_period(void)
{
	struct rcu_head *h;

	while ((h = deferred)) {
		deferred = h->next;
		h->fn(h);
	}
}

/*
 * Charges: the inline paths as they are, with credit without end. A segment's
 * frames are counted by frame_get(): a look of a fault has three tables and a
 * page, a piece of mremap or of fork twelve tables.
 */
#define CALL_FRAMES	12
#define FAULT_FRAMES	4
#define FORK_FRAMES	12
PERCPU_DEFINE(u64, charge_credit) = 1ul << 40;
bool charge_credit_is_off;
extern struct bound bound_fault, bound_fork_piece;
static BOUND_FIXED(test_call, CALL_FRAMES);

static void
set_row(struct bound *row, u32 n)
{
	row->frames = n;
	row->promise = CHARGE_PROMISE(n);
}

/* Between calls. */
static void
begin(void)
{
	set_row(&bound_fault, FAULT_FRAMES);
	set_row(&bound_fork_piece, FORK_FRAMES);
	charge_set(&me.charge, &bound_test_call, CALL_FRAMES);
}

void
charge_end_slow(struct charge *c)
{
	c->promise = 0;
}

int
reserve_slow(struct bound *row, u32 nframes)
{
	charge_set(&me.charge, row, nframes);
	return 0;
}

struct renewal
renewal_drop(void)
{
	struct renewal r = { me.charge.row, me.charge.bound };

	charge_end(&me.charge);
	return r;
}

int
reserve_renew(void)
{
	return renewal_end(renewal_begin());
}

void
mutex_init(struct mutex *m, enum lock_class cls)
{
	m->owner = 0;
	m->class = cls;
}

void
paging_copy_kernel_half(pte_t *top)
{
	(void)top;
}

void
assert_failed(const char *expr, const char *at_file, int line)
{
	fprintf(stderr, "%s:%d: assert %s\n", at_file, line, expr);
	abort();
}

#define NEVER(decl)	decl { abort(); }
NEVER(bool reserve_is_short(void))
NEVER(void charge_credit_spill(void))
NEVER(void mutex_lock_slow(struct mutex *m))
NEVER(void mutex_unlock_slow(struct mutex *m))
NEVER(void spin_wait(struct spinlock *l))
NEVER(void smp_call(const struct cpumask *m, void (*fn)(void *), void *arg))
NEVER(void sched_preempt(void))
NEVER(usize usercopy_out(uptr_t d, const void *s, usize n))
NEVER(usize usercopy_in(void *d, uptr_t s, usize n))
NEVER(usize usercopy_zero(uptr_t d, usize n))
NEVER(isize usercopy_str(char *d, uptr_t s, usize m, usize *n))

/* ---- a file ------------------------------------------------------------ */

static struct {
	struct pager	pager;
	struct frame	*page[FILE_PAGES];
	u64		refs, npages;
} file;

static u64
file_content(u64 index)
{
	return 0xf11e0000 + index;
}

static void
file_get(struct pager *p)
{
	(void)p;
	file.refs++;
}

static void
file_put(struct pager *p)
{
	(void)p;
	file.refs--;
}

static struct frame *
file_find(struct pager *p, u64 index)
{
	struct frame *f = index < file.npages ? file.page[index] : NULL;

	(void)p;
	if (f)
		frame_ref(f);
	return f;
}

static int
file_page(struct pager *p, u64 index, bool writable, struct frame **out)
{
	(void)writable;
	if (index >= file.npages)
		return -EFAULT;
	if (!file.page[index]) {
		file.page[index] = frame_get_zero(FRAME_FILE);
		*(u64 *)frame_virt(file.page[index]) = file_content(index);
	}
	*out = file_find(p, index);
	return 0;
}

static const struct pager_ops file_ops = {
	.get = file_get, .put = file_put,
	.find_page = file_find, .get_page = file_page,
};

/* ---- the model --------------------------------------------------------- */

/* A page's content, shared where the page is. */
struct cell {
	u64 value;
	u64 file_index;		/* of the file's, or ~0 */
};

struct page {
	struct cell *cell;	/* NULL: not mapped */
	u32 prot;
	bool shared;
	bool of_file;		/* private, not yet written */
};

struct space {
	struct aspace *as;
	u64 base;		/* of the window that we use */
	struct page page[NPAGES];
};

static struct space spaces[NSPACES];
static struct cell file_cells[FILE_PAGES];
static struct cell cells[1 << 20];
static u32 ncells;

static struct cell *
new_cell(u64 value)
{
	struct cell *c = &cells[ncells++ % ARRAY_LEN(cells)];

	c->value = value;
	c->file_index = ~0ul;
	return c;
}

/* What the CPU does: the frame if the access is allowed, else the fault. */
static int
touch(struct aspace *as, u64 addr, u32 error, u64 **word)
{
	struct frame *pt;
	pte_t pte;
	u64 at;
	int rc;

	for (int tries = 0; tries < 3; tries++) {
		at = addr;
		pt = pt_seek(as, &at, addr + PAGE_SIZE);
		pte = pt ? pt_entries(pt)[pt_leaf_index(addr)] : 0;
		if ((pte & PTE_P) && (!(error & PF_WRITE) || (pte & PTE_W)) &&
		    (!(error & PF_EXEC) || !(pte & PTE_NX))) {
			*word = phys_to_virt(pte & PTE_ADDR);
			return 0;
		}
		rc = vm_user_fault(NULL, addr, error | PF_USER |
		    (pte & PTE_P ? PF_PRESENT : 0));
		if (rc != 0)
			return rc;
	}
	return -ELOOP;
}

/* The VMAs' tables may only be what the model says. */
static void
access_page(struct space *s, u32 i, bool write)
{
	u64 addr = s->base + (u64)i * PAGE_SIZE, *word = NULL;
	struct page *p = &s->page[i];
	int rc, want = 0;

	me.aspace = s->as;
	rc = touch(s->as, addr, write ? PF_WRITE : 0, &word);
	if (!p->cell)
		want = -EFAULT;
	else if (!(p->prot & (write ? PROT_WRITE : PROT_READ | PROT_WRITE)))
		want = -EACCES;
	else if (p->cell->file_index != ~0ul &&
	    p->cell->file_index >= file.npages)
		want = -ENXIO;
	CHECK_EQ(-rc, -want);
	if (rc != 0)
		return;
	CHECK_EQ(*word, p->cell->value);
	if (!write)
		return;
	*word = unit_random();
	if (!p->shared)
		p->cell = new_cell(0);
	p->cell->value = *word;
}

static u32
pick(u32 *n)
{
	u32 first = unit_random() % NPAGES;

	*n = 1 + unit_random() % 20;
	if (*n > NPAGES - first)
		*n = NPAGES - first;
	return first;
}

static u32
random_prot(void)
{
	static const u32 prots[] = {
		PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
	};

	return prots[unit_random() % ARRAY_LEN(prots)];
}

static void
do_map(struct space *s)
{
	u32 n, first = pick(&n), prot = random_prot();
	bool shared = unit_random() % 3 == 0, of_file = unit_random() % 3 == 0;
	u64 index = unit_random() % FILE_PAGES, addr = s->base +
	    (u64)first * PAGE_SIZE;

	if (of_file && n > FILE_PAGES - index)
		n = FILE_PAGES - index;
	CHECK_EQ(vm_map(s->as, addr, n * PAGE_SIZE, prot, MAP_FIXED |
	    (shared ? MAP_SHARED : MAP_PRIVATE), of_file ? &file.pager : NULL,
	    of_file ? index : 0, PROT_READ | PROT_WRITE | PROT_EXEC), addr);
	for (u32 i = 0; i < n; i++)
		s->page[first + i] = (struct page){
			.cell = of_file ? &file_cells[index + i] : new_cell(0),
			.prot = prot, .shared = shared,
		};
}

static void
do_unmap(struct space *s)
{
	u32 n, first = pick(&n);

	CHECK_EQ(vm_unmap(s->as, s->base + (u64)first * PAGE_SIZE,
	    n * PAGE_SIZE), 0);
	memset(&s->page[first], 0, n * sizeof(s->page[0]));
}

static void
do_protect(struct space *s)
{
	u32 n, first = pick(&n), prot = random_prot();
	int want = 0;

	for (u32 i = first; i < first + n; i++)
		if (!s->page[i].cell)
			want = -ENOMEM;
	CHECK_EQ(-vm_protect(s->as, s->base + (u64)first * PAGE_SIZE,
	    n * PAGE_SIZE, prot), -want);
	for (u32 i = first; want == 0 && i < first + n; i++)
		s->page[i].prot = prot;
}

/* Drop private pages; the model knows only anonymous ones' first content. */
static void
do_dontneed(struct space *s)
{
	u32 n, first = pick(&n);

	for (u32 i = first; i < first + n; i++)
		if (s->page[i].cell && !s->page[i].shared &&
		    s->page[i].cell->file_index == ~0ul) {
			struct vma *v = vma_find(s->as, s->base +
			    (u64)i * PAGE_SIZE);

			if (v->pager)
				continue;
			CHECK_EQ(vm_advise(s->as, s->base +
			    (u64)i * PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED), 0);
			s->page[i].cell = new_cell(0);
		}
}

/* Move a run of one VMA elsewhere in the window. */
static void
do_remap(struct space *s)
{
	u32 n, first = pick(&n), to = unit_random() % NPAGES;
	u64 old = s->base + (u64)first * PAGE_SIZE;
	struct vma *v = vma_find(s->as, old);
	struct page moved[NPAGES];

	if (!v)
		return;
	if (v->end - old < n * PAGE_SIZE)
		n = (v->end - old) >> PAGE_SHIFT;
	if (to + n > NPAGES || (to < first + n && first < to + n))
		return;
	CHECK_EQ(vm_remap(s->as, old, n * PAGE_SIZE, n * PAGE_SIZE,
	    MREMAP_MAYMOVE | MREMAP_FIXED, s->base + (u64)to * PAGE_SIZE),
	    s->base + (u64)to * PAGE_SIZE);
	memcpy(moved, &s->page[first], n * sizeof(moved[0]));
	memset(&s->page[first], 0, n * sizeof(moved[0]));
	memcpy(&s->page[to], moved, n * sizeof(moved[0]));
}

static void
do_end(struct space *s)
{
	if (!s->as)
		return;
	me.aspace = NULL;
	if (unit_random() % 4 == 0)
		aspace_tear_down(s->as);
	if (unit_random() % 4 != 0)
		aspace_users_put(s->as);
	aspace_put(s->as);
	memset(s, 0, sizeof(*s));
}

static void
do_fork(struct space *s, struct space *child)
{
	if (child == s)
		return;
	do_end(child);
	begin();
	CHECK_EQ(aspace_fork(s->as, &child->as), 0);
	child->base = s->base;
	memcpy(child->page, s->page, sizeof(s->page));
}

static void
start(struct space *s)
{
	static const u64 none[3];

	s->as = aspace_create();
	aspace_set_layout(s->as, none);
	/* Across the border of two tables. */
	s->base = (1ul << 30) - NPAGES / 2 * PAGE_SIZE;
}

static void
do_truncate(void)
{
	u64 n = unit_random() % FILE_PAGES;

	file.npages = n;
	for (u64 i = n; i < FILE_PAGES; i++) {
		if (file.page[i])
			frame_put(file.page[i]);
		file.page[i] = NULL;
		file_cells[i].value = file_content(i);
	}
	vm_unmap_pager(&file.pager, n, ~0ul);
	file.npages = FILE_PAGES;
	/* Truncation takes private copies beyond the end, too. */
	for (struct space *s = spaces; s < spaces + NSPACES; s++)
		for (u32 i = 0; s->as && i < NPAGES; i++) {
			u64 addr = s->base + (u64)i * PAGE_SIZE;
			struct vma *v = vma_find(s->as, addr);

			if (v && v->pager == &file.pager &&
			    vma_index(v, addr) >= n)
				s->page[i].cell =
				    &file_cells[vma_index(v, addr)];
		}
}

static void
turn(void)
{
	struct space *s = &spaces[unit_random() % NSPACES];
	u32 what = unit_random() % 1000;

	begin();
	if (!s->as)
		start(s);
	begin();
	if (what < 860)
		access_page(s, unit_random() % NPAGES, unit_random() % 2);
	else if (what < 900)
		do_map(s);
	else if (what < 910)
		do_unmap(s);
	else if (what < 950)
		do_protect(s);
	else if (what < 955)
		do_dontneed(s);
	else if (what < 970)
		do_remap(s);
	else if (what < 990)
		do_fork(s, &spaces[unit_random() % NSPACES]);
	else if (what < 995)
		do_truncate();
	else
		do_end(s);
	if (unit_random() % 8 == 0)
		grace_period();
}

static void
set_up(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	if (mmap((void *)PHYSMAP_BASE, RAM_PAGES * PAGE_SIZE,
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
	    MAP_NORESERVE, -1, 0) == (void *)-1)
		abort();
	x86_current = &me.x86;
	ram_next = 1;
	begin();
	vm_init();
	nfree = 0;
	pager_init(&file.pager, &file_ops);
	file.npages = FILE_PAGES;
	for (u64 i = 0; i < FILE_PAGES; i++) {
		file_cells[i].file_index = i;
		file_cells[i].value = file_content(i);
	}
}

static void
test_random(void)
{
	set_up();
	for (int i = 0; i < TURNS && unit_bad == 0; i++)
		turn();
	for (struct space *s = spaces; s < spaces + NSPACES; s++)
		do_end(s);
	grace_period();
	do_truncate();
	for (u32 i = 0; i < FILE_PAGES; i++)
		if (file.page[i])
			frame_put(file.page[i]);
	CHECK_EQ(file.refs, 0);
	CHECK_EQ(nfree, 0);		/* taken and given balance */
	CHECK_EQ(shm_frames(), 0);
}

/* brk and a PROT_NONE page at its start, as musl puts one there. */
static void
test_brk(void)
{
	struct space *s = &spaces[0];
	u64 brk, *word;

	set_up();
	begin();
	start(s);
	me.aspace = s->as;
	s->as->brk_start = s->as->brk = brk = 0x500000;
	CHECK_EQ(vm_brk(s->as, 0), brk);
	CHECK_EQ(vm_brk(s->as, brk + 2 * PAGE_SIZE), brk + 2 * PAGE_SIZE);
	CHECK_EQ(vm_map(s->as, brk, PAGE_SIZE, PROT_NONE, MAP_PRIVATE |
	    MAP_FIXED, NULL, 0, 7), brk);
	CHECK_EQ(vm_brk(s->as, brk + 9 * PAGE_SIZE), brk + 9 * PAGE_SIZE);
	CHECK_EQ(-touch(s->as, brk, PF_WRITE, &word), EACCES);
	for (int i = 1; i < 9; i++)
		CHECK_EQ(touch(s->as, brk + i * PAGE_SIZE, PF_WRITE, &word), 0);
	CHECK_EQ(-touch(s->as, brk + 9 * PAGE_SIZE, PF_WRITE, &word), EFAULT);
	begin();
	CHECK_EQ(vm_brk(s->as, brk + PAGE_SIZE), brk + PAGE_SIZE);
	CHECK_EQ(-touch(s->as, brk + PAGE_SIZE, PF_WRITE, &word), EFAULT);
	CHECK_EQ(s->as->total_pages, 1);
	do_end(s);
	grace_period();
	CHECK_EQ(nfree, 0);
}

/* A stack grows by faults to its limit, never into its guard. */
static void
test_stack(void)
{
	struct space *s = &spaces[0];
	u64 top, *word;

	set_up();
	begin();
	start(s);
	me.aspace = s->as;
	top = s->as->stack_top;
	s->as->limit_stack = 64 * PAGE_SIZE;
	CHECK_EQ(vm_map(s->as, top - PAGE_SIZE, PAGE_SIZE, PROT_READ |
	    PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_GROWSDOWN, NULL, 0, 7),
	    top - PAGE_SIZE);
	CHECK_EQ(touch(s->as, top - 10 * PAGE_SIZE, PF_WRITE, &word), 0);
	CHECK_EQ(touch(s->as, top - 64 * PAGE_SIZE, PF_WRITE, &word), 0);
	CHECK_EQ(-touch(s->as, top - 65 * PAGE_SIZE, PF_WRITE, &word), EFAULT);
	CHECK_EQ(s->as->stack_pages, 64);
	begin();
	s->as->mmap_base = top;
	top = vm_map(s->as, 0, PAGE_SIZE, PROT_READ, MAP_PRIVATE, NULL, 0, 7);
	CHECK_EQ(top, s->as->stack_top - (64 + 256 + 1) * PAGE_SIZE);
	do_end(s);
	grace_period();
	CHECK_EQ(nfree, 0);
}

/* One page mapped, touched and unmapped makes no new table each time. */
static void
test_one_page(void)
{
	struct space *s = &spaces[0];
	u64 *word, pt;
	long at;

	set_up();
	begin();
	start(s);
	me.aspace = s->as;
	for (int i = 0; i < 5; i++) {
		begin();
		at = vm_map(s->as, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE, NULL, 0, 7);
		CHECK_EQ(touch(s->as, at, PF_WRITE, &word), 0);
		CHECK_EQ(*word, 0);
		*word = 1;
		begin();
		CHECK_EQ(vm_unmap(s->as, at, PAGE_SIZE), 0);
		CHECK_EQ(-touch(s->as, at, 0, &word), EFAULT);
		pt = i == 0 ? s->as->rss_pt : pt;
		CHECK_EQ(s->as->rss_pt, pt);
	}
	CHECK_EQ(s->as->rss_anon, 0);
	CHECK_EQ(s->as->rss_peak, 1);
	do_end(s);
	grace_period();
	CHECK_EQ(nfree, 0);
}

UNIT_MAIN("vm",
    { "random", test_random },
    { "brk", test_brk },
    { "stack", test_stack },
    { "one_page", test_one_page },
)
