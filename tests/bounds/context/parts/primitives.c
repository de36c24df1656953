/* The primitives of context.h: facts say what they do. */
#include "tests/bounds/context/context.h"

void
rwlock_read_lock(struct rwlock *l)
{
}

void
rwlock_read_unlock(struct rwlock *l)
{
}

void
rcu_read_lock(void)
{
}

void
rcu_read_unlock(void)
{
}

u64
irq_save(void)
{
	return 0;
}

void
irq_restore(u64 flags)
{
}

void
cond_wait(struct cond *c, struct spinlock *l)
{
}

void
schedule(void)
{
}

void
set_state(u32 state)
{
}

bool
reserve_try(struct bound *row)
{
	return true;
}
