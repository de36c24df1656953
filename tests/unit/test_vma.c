/*
 * The VMA tree against an array of pages: random mappings, look-ups with and
 * without the lock, and the highest hole of a size.
 */
#include "tests/unit/unit.h"

#include "kernel/vm/vm_priv.h"

#define PAGES		400		/* of a small address space */
#define BASE		(USER_MIN >> PAGE_SHIFT)
#define SLOTS		200
#define ADDR(page)	((u64)(page) << PAGE_SHIFT)

static struct aspace as;
static struct vma slots[SLOTS];
static struct vma *page_of[PAGES];	/* who holds the page */

static void
reset(void)
{
	rb_init(&as.vmas);
	memset(page_of, 0, sizeof(page_of));
	memset(slots, 0, sizeof(slots));
}

static struct vma *
free_slot(void)
{
	for (usize i = 0; i < SLOTS; i++)
		if (slots[i].end == 0)
			return &slots[i];
	return NULL;
}

static void
paint(const struct vma *v, struct vma *with)
{
	for (u64 p = v->start >> PAGE_SHIFT; p < v->end >> PAGE_SHIFT; p++)
		page_of[p] = with;
}

static bool
is_free(u64 page, u64 n)
{
	if (page < BASE || page + n > PAGES)
		return false;
	for (u64 p = page; p < page + n; p++)
		if (page_of[p])
			return false;
	return true;
}

/* The slow truth about the highest hole. */
static u64
slow_hole(u64 n, u64 low, u64 high)
{
	for (u64 p = high; p-- > low;)
		if (p + n <= high && is_free(p, n))
			return ADDR(p);
	return ~0ul;
}

static void
check_all(void)
{
	for (u64 p = 0; p < PAGES; p++) {
		CHECK(vma_find(&as, ADDR(p)) == page_of[p]);
		CHECK(vma_find_rcu(&as, ADDR(p)) == page_of[p]);
	}
	for (int i = 0; i < 20; i++) {
		u64 n = 1 + unit_random() % 12;
		u64 low = BASE + unit_random() % 200;
		u64 high = low + unit_random() % (PAGES - low);

		CHECK_EQ(vma_tree_find_hole(&as, ADDR(n), ADDR(low),
		    ADDR(high)), slow_hole(n, low, high));
	}
}

static void
turn(void)
{
	u64 page = unit_random() % PAGES, n = 1 + unit_random() % 8;
	struct vma *v = page_of[page];

	if (!v) {
		v = free_slot();
		if (!v || !is_free(page, n))
			return;
		v->start = ADDR(page);
		v->end = ADDR(page + n);
		vma_tree_insert(&as, v);
		paint(v, v);
	} else if (unit_random() % 2 || v->end - v->start == PAGE_SIZE) {
		paint(v, NULL);
		vma_tree_erase(&as, v);
		v->end = 0;
	} else {
		u64 start = v->start, end = v->end;

		paint(v, NULL);
		switch (unit_random() % 4) {
		case 0:
			start += PAGE_SIZE;
			break;
		case 1:
			end -= PAGE_SIZE;
			break;
		case 2:
			if (is_free((start >> PAGE_SHIFT) - 1, 1))
				start -= PAGE_SIZE;
			break;
		default:
			if (is_free(end >> PAGE_SHIFT, 1))
				end += PAGE_SIZE;
		}
		vma_tree_resize(v, start, end);
		paint(v, v);
	}
}

static void
test_random(void)
{
	reset();
	for (int i = 0; i < 6000; i++) {
		turn();
		if (i % 10 == 0)
			check_all();
	}
}

static void
test_order(void)
{
	struct vma *v;
	u64 last = 0;

	reset();
	for (int i = 0; i < 2000; i++)
		turn();
	for (v = vma_first(&as); v; v = vma_next(v)) {
		CHECK(last <= v->start);
		CHECK(vma_at_or_above(&as, last) == v);
		last = v->end;
	}
	CHECK(vma_at_or_above(&as, last) == NULL);
}

/* Nothing is put into the guard below a stack, nor right at the top. */
static void
test_guard(void)
{
	u64 top = ADDR(4096);

	reset();
	slots[0].start = top - ADDR(4);
	slots[0].end = top;
	slots[0].flags = MAP_GROWSDOWN;
	vma_tree_insert(&as, &slots[0]);
	CHECK_EQ(vma_tree_find_hole(&as, ADDR(1), USER_MIN, top),
	    top - ADDR(4 + STACK_GUARD_PAGES + 1));
	CHECK_EQ(vma_tree_find_hole(&as, ADDR(1), USER_MIN,
	    top - ADDR(6)), top - ADDR(4 + STACK_GUARD_PAGES + 1));
	CHECK_EQ(vma_tree_find_hole(&as, ADDR(4096), USER_MIN, top), ~0ul);
}

UNIT_MAIN("vma",
    { "random", test_random },
    { "order", test_order },
    { "guard", test_guard },
)
