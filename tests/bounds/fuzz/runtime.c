/*
 * The primitives of mini.h for real: runs the system calls of a program of
 * generate.py again and again with random choices, and measures, for each row
 * that was reserved, the most objects of each class that were live of those
 * taken since. Prints
 *
 *	ROW TURN N CLASS PEAK
 *
 * for each row, its turn row and their number (reserve_linear(); else - 0).
 * The measure is the definition of a bound that kernel/mem/charge.h keeps: an
 * object counts from when it is taken until it is given back, but not beyond
 * the segment it was taken in, and giving back an older one is no credit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef NULL
#undef true
#undef false
#undef bool
#undef noreturn
#include "tests/bounds/mini.h"

#define CLASSES		8
#define SEGMENTS	4096	/* distinct (row, turn, n) */
#define TURNS_MAX	8
#define ARENA_BYTES	(64u << 20)
#define OBJECT_BYTES	64
#define RUN_NS		150000000ull
#define ROUNDS_MIN	50
#define CHOICES_MAX	400
#define STUBBORN_MAX	16

/* What is before each object. */
struct object {
	u64	serial;			/* of its segment */
	u32	cls;
	bool	is_free;
	u8	bytes[OBJECT_BYTES] __attribute__((aligned(16)));
};

struct segment {
	const struct bound *row, *turn;
	u32	n;
	u32	peak[CLASSES];
};

extern const struct syscall syscalls[NSYSCALLS];

static struct segment segments[SEGMENTS];
static u32 nsegments;
static struct segment *now;		/* NULL: no charge */
static u64 serial;
static u32 live[CLASSES];
static const char *class_name[CLASSES] = { "frame" };
static u32 nclasses = 1;
static char *arena, *arena_end;
static jmp_buf panicked;
static u64 random_state = 88172645463325252ull;
static u64 run_seed;
static u32 run_choices, run_stubborn;	/* of STUBBORN_MAX; 0: fair */

static void
fail(const char *what)
{
	fprintf(stderr, "runtime: %s\n", what);
	exit(3);
}

/* ---- segments ---- */

static void
segment_begin(const struct bound *row, const struct bound *turn, u32 n)
{
	struct segment *s = segments;

	while (s < segments + nsegments &&
	    (s->row != row || s->turn != turn || s->n != n))
		s++;
	if (s == segments + SEGMENTS)
		fail("too many segments");
	if (s == segments + nsegments) {
		nsegments++;
		*s = (struct segment){ row, turn, n };
	}
	now = s;
	serial++;
	memset(live, 0, sizeof(live));
}

/* Killed while it waited, once in a while. */
static int
answer(void)
{
	return rnd() % 16 == 0 ? -4 : 0;
}

int
reserve_row(struct bound *row)
{
	segment_begin(row, NULL, 0);
	return answer();
}

int
reserve_linear(struct bound *row, struct bound *turn, u32 n)
{
	segment_begin(row, turn, n);
	return answer();
}

int
file_reserve(const struct file *f, enum file_op op)
{
	segment_begin(&f->ops->bound[op], NULL, 0);
	return answer();
}

int
reserve_renew(void)
{
	segment_begin(now->row, now->turn, now->n);
	return answer();
}

void
reserve_end(void)
{
	now = NULL;
}

static struct segment *dropped;

struct renewal
renewal_begin(void)
{
	dropped = now;
	now = NULL;
	return (struct renewal){ NULL };
}

int
renewal_end(struct renewal r)
{
	segment_begin(dropped->row, dropped->turn, dropped->n);
	return answer();
}

/* ---- objects ---- */

static void *
object_get(u32 cls)
{
	struct object *o = (struct object *)arena;

	if (now == NULL)
		fail("memory is taken with no charge");
	arena += sizeof(*o);
	if (arena > arena_end)
		longjmp(panicked, 2);
	*o = (struct object){ .serial = serial, .cls = cls };
	if (++live[cls] > now->peak[cls])
		now->peak[cls] = live[cls];
	return o->bytes;
}

static void
object_put(u32 cls, void *p)
{
	struct object *o = container_of(p, struct object, bytes);

	if (p == NULL || o->is_free || o->cls != cls)
		fail("what is given back is not an object that is held");
	o->is_free = true;
	if (o->serial == serial)
		live[cls]--;
}

static u32
class_of(const struct kmem_cache *cache)
{
	u32 c = 1;

	while (c < nclasses && strcmp(class_name[c], cache->name) != 0)
		c++;
	if (c == CLASSES)
		fail("too many classes");
	if (c == nclasses)
		class_name[nclasses++] = cache->name;
	return c;
}

void *
kmem_get(struct kmem_cache *cache)
{
	return object_get(class_of(cache));
}

void *
kmem_get_zero(struct kmem_cache *cache)
{
	return object_get(class_of(cache));
}

void
kmem_put(struct kmem_cache *cache, void *obj)
{
	object_put(class_of(cache), obj);
}

struct frame *
frame_get(enum frame_use use)
{
	struct frame *f = object_get(0);

	f->refs = 1;
	return f;
}

struct frame *
frame_get_zero(enum frame_use use)
{
	return frame_get(use);
}

void
frame_free(struct frame *f)
{
	object_put(0, f);
}

/* ---- the rest ---- */

static u64
uniform(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state >> 20;
}

/*
 * Fair coins seldom come to a peak: it takes the dearer way in each turn of
 * each loop. So in most runs a place of the program decides alike whenever it
 * is passed, nearly or always; how, differs from run to run. Long runs end
 * fair.
 */
u64
rnd(void)
{
	u64 place = (u64)__builtin_return_address(0);

	if (run_stubborn == 0 || ++run_choices > CHOICES_MAX ||
	    uniform() % STUBBORN_MAX >= run_stubborn)
		return uniform();
	place = (place ^ run_seed) * 0x9e3779b97f4a7c15ull;
	return (place ^ place >> 29) * 0xbf58476d1ce4e5b9ull >> 20;
}

void
use(const void *p)
{
}

void
sleep_long(void)
{
	if (now != NULL)
		fail("an endless sleep with a charge");
}

noreturn void
panic(const char *fmt, ...)
{
	longjmp(panicked, 1);
}

static u64
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

static void
call(const struct syscall *s)
{
	const struct trapframe tf = { uniform(), uniform(), uniform(), 0 };

	run_seed = uniform();
	run_choices = 0;
	run_stubborn = STUBBORN_MAX - uniform() % 3 * (STUBBORN_MAX / 8);
	if (uniform() % 4 == 0)
		run_stubborn = 0;
	if (setjmp(panicked) == 0) {
		segment_begin(s->bound, NULL, 0);
		(void)s->call(&tf);
	}
	reserve_end();
}

static void
report(const struct segment *s)
{
	for (u32 c = 0; c < nclasses; c++)
		if (s->peak[c] != 0)
			printf("%s %s %u %s %u\n", s->row->name,
			    s->turn != NULL ? s->turn->name : "-", s->n,
			    class_name[c], s->peak[c]);
}

int
main(void)
{
	u64 end = now_ns() + RUN_NS;

	arena = malloc(ARENA_BYTES);
	arena_end = arena + ARENA_BYTES - sizeof(struct object);
	for (u32 round = 0; arena < arena_end; round++) {
		for (u32 i = 0; i < NSYSCALLS && arena < arena_end; i++)
			if (syscalls[i].call != NULL)
				call(&syscalls[i]);
		if (round >= ROUNDS_MIN && now_ns() > end)
			break;
	}
	for (u32 i = 0; i < nsegments; i++)
		report(&segments[i]);
	return 0;
}
