/*
 * The primitives of mini.h, so that each fact of mini.facts names something.
 * Analysed with every program; the facts say what the functions do, and their
 * bodies are not looked into.
 */
#include "tests/bounds/mini.h"

struct frame *
frame_get(enum frame_use use)
{
	return NULL;
}

struct frame *
frame_get_zero(enum frame_use use)
{
	return NULL;
}

void
frame_free(struct frame *f)
{
}

void *
frame_virt(const struct frame *f)
{
	return NULL;
}

struct frame *
frame_of_virt(const void *va)
{
	return NULL;
}

void *
kmem_get(struct kmem_cache *cache)
{
	return NULL;
}

void *
kmem_get_zero(struct kmem_cache *cache)
{
	return NULL;
}

void
kmem_put(struct kmem_cache *cache, void *obj)
{
}

int
reserve_row(struct bound *row)
{
	return 0;
}

int
reserve_renew(void)
{
	return 0;
}

int
reserve_linear(struct bound *row, struct bound *turn, u32 n)
{
	return 0;
}

void
reserve_end(void)
{
}

struct renewal
renewal_begin(void)
{
	return (struct renewal){ NULL };
}

int
renewal_end(struct renewal r)
{
	return 0;
}

int
file_reserve(const struct file *f, enum file_op op)
{
	return 0;
}

void
spin_lock(struct spinlock *l)
{
}

bool
spin_trylock(struct spinlock *l)
{
	return true;
}

void
spin_unlock(struct spinlock *l)
{
}

void
mutex_lock(struct mutex *m)
{
}

void
mutex_unlock(struct mutex *m)
{
}

void
preempt_disable(void)
{
}

void
preempt_enable(void)
{
}

void
sleep_short(void)
{
}

void
sleep_long(void)
{
}

int
copy_in(void *to, u64 from, u64 len)
{
	return 0;
}

void *
memcpy(void *to, const void *from, u64 len)
{
	return to;
}

noreturn void
panic(const char *fmt, ...)
{
	for (;;)
		;
}

u64
rnd(void)
{
	return 0;
}

void
use(const void *p)
{
}

void
analyzer_loop_bound(u64 bound)
{
}

void
analyzer_loop_paid(struct bound *row)
{
}

/* An interrupt and a thread that do nothing: no root's slot is empty. */
static void
idle(void *arg)
{
}

struct irq_line mini_irq = { idle, NULL };
struct kthread mini_thread = { idle, NULL };

/* An inline function is there when it is used. */
void	mini_uses(struct frame *f);

void
mini_uses(struct frame *f)
{
	frame_put(f);
}
