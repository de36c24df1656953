/* More locks and sleeps than mini.h has; context.facts says what they are. */
#pragma once

#include "tests/bounds/mini.h"

struct rwlock {
	u32	word;
};
struct cond {
	u32	word;
};
enum { RUNNABLE, SLEEPING, KILLABLE, BLOCKED };

void	rwlock_read_lock(struct rwlock *l);
void	rwlock_read_unlock(struct rwlock *l);
void	rcu_read_lock(void);
void	rcu_read_unlock(void);
u64	irq_save(void);
void	irq_restore(u64 flags);
void	cond_wait(struct cond *c, struct spinlock *l);
void	schedule(void);
void	set_state(u32 state);
bool	reserve_try(struct bound *row);
