/*
 * futex(2): sleep while a user's word has a value; wake who sleeps on it.
 *
 * A waiter stands on its thread's own kernel stack, on the list of a bucket
 * that the word's key hashes to; so nothing is allocated. A private word's key
 * is its address and address space; a shared one's is the pager and offset
 * behind it (vm_futex_key), the same in all processes that map it.
 *
 * No wake-up is lost: the waiter reads the word under the bucket's lock, after
 * which its place in the list is seen by any waker that changed the word
 * before. A waker takes waiters off the list and says so by woken as the last
 * touch: from then on the waiter's stack frame may be gone. The waiter's thread
 * itself stays valid for the waker, which is an RCU reader.
 *
 * Locks: a bucket's; two of them in the order of their addresses. User memory
 * is touched under them only without faulting: if the page is not there, all is
 * dropped, the page is brought in, and the call begins again.
 *
 * LIMIT: no priority inheritance: FUTEX_LOCK_PI and kin are -ENOSYS.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/futex.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/bitmap.h"
#include "kernel/lib/hash.h"
#include "kernel/mem/frame.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/sched/sched.h"
#include "kernel/vm/aspace.h"
#include "kernel/vm/uaccess.h"

struct futex_key {
	u64	a, b;
};

/* l bucket's lock; I; a */
struct futex_bucket {
	struct spinlock	lock;
	struct list	waiters;	/* [l] */
} aligned(CACHE_LINE);

struct futex_waiter {
	struct list	node;		/* [l] */
	struct futex_key key;		/* [l] requeue changes it */
	struct futex_bucket *bucket;	/* [l] its own: requeue changes it */
	struct thread	*thread;	/* [I] */
	u32		bitset;		/* [I] */
	u32		woken;		/* [a] */
};

/* One bucket for each 128 frames of memory, in frames of 64 buckets. */
#define FRAMES_PER_BUCKET	128
#define CHUNK			(PAGE_SIZE / sizeof(struct futex_bucket))
#define CHUNKS_MAX		1024

static struct futex_bucket *chunks[CHUNKS_MAX];	/* [I] */
static u32 bucket_bits;				/* [I] */

void
futex_init(void)
{
	struct frame_stats fs;
	u64 n = 1, want;

	frame_stats(&fs);
	want = fs.total / FRAMES_PER_BUCKET / CHUNK;
	while (n < want && n < CHUNKS_MAX)
		n *= 2;
	bucket_bits = lowest_bit(n * CHUNK);
	for (u64 c = 0; c < n; c++) {
		chunks[c] = frame_virt(frame_get(FRAME_KERNEL));
		for (u64 i = 0; i < CHUNK; i++) {
			spin_init(&chunks[c][i].lock, LOCK_FUTEX);
			list_init(&chunks[c][i].waiters);
		}
	}
}

static struct futex_bucket *
bucket_of(const struct futex_key *k)
{
	u64 n = hash_bits(k->a ^ hash_u64(k->b), bucket_bits);

	return &chunks[n / CHUNK][n % CHUNK];
}

static int
futex_key(uptr_t addr, u32 op, struct futex_key *k)
{
	u64 pair[2];
	int error;

	if (addr.addr & 3)
		return -EINVAL;
	if (!user_range_ok(addr, sizeof(u32)))
		return -EFAULT;
	if (op & FUTEX_PRIVATE_FLAG) {
		*k = (struct futex_key){ (u64)current->aspace, addr.addr };
		return 0;
	}
	if (!vm_futex_key(current->aspace, addr.addr, pair)) {
		error = user_fault_in(addr, sizeof(u32), USER_READ);
		if (error != 0)
			return error;
		if (!vm_futex_key(current->aspace, addr.addr, pair))
			return -EFAULT;
	}
	*k = (struct futex_key){ pair[0], pair[1] };
	return 0;
}

static bool
key_is(const struct futex_waiter *w, const struct futex_key *k)
{
	return w->key.b == k->b && w->key.a == k->a;
}

/* w is off its list; after the store it is its owner's again. */
static void
waiter_release(struct futex_waiter *w)
{
	struct thread *t = w->thread;

	list_remove(&w->node);
	__atomic_store_n(&w->woken, 1, __ATOMIC_RELEASE);
	(void)sched_wake(t);
}

static u32
bucket_wake_locked(struct futex_bucket *b, const struct futex_key *k, u32 n,
    u32 bitset)
{
	struct futex_waiter *w, *next;
	u32 woken = 0;

	list_for_each_safe(w, next, &b->waiters, node) {
		if (woken >= n)
			break;
		if (!key_is(w, k) || !(w->bitset & bitset))
			continue;
		waiter_release(w);
		woken++;
	}
	return woken;
}

long
futex_wake(uptr_t addr, u32 op, u32 n, u32 bitset)
{
	struct futex_bucket *b;
	struct futex_key k;
	u32 woken;
	int error;

	if (bitset == 0)
		return -EINVAL;
	error = futex_key(addr, op, &k);
	if (error != 0)
		return error;
	b = bucket_of(&k);
	spin_lock(&b->lock);
	woken = bucket_wake_locked(b, &k, n, bitset);
	spin_unlock(&b->lock);
	return woken;
}

void
futex_wake_at(uptr_t addr, u32 n)
{
	(void)futex_wake(addr, 0, n, FUTEX_BITSET_MATCH_ANY);
}

/* Off the list, if no waker was first: true. Requeue may move it meanwhile. */
static bool
waiter_leave(struct futex_waiter *w)
{
	struct futex_bucket *b;
	bool was_there;

	for (;;) {
		if (__atomic_load_n(&w->woken, __ATOMIC_ACQUIRE))
			return false;
		b = READ_ONCE(w->bucket);
		spin_lock(&b->lock);
		if (b == w->bucket)
			break;
		spin_unlock(&b->lock);
	}
	was_there = !list_is_empty(&w->node);
	list_remove(&w->node);
	spin_unlock(&b->lock);
	return was_there;
}

/* Until woken: 0, -ETIMEDOUT, or -ERESTARTSYS. */
static long
waiter_sleep(struct futex_waiter *w, u64 deadline_ns)
{
	long result = 0;

	for (;;) {
		if (READ_ONCE(w->woken))
			break;
		if (thread_has_signal(current)) {
			result = -ERESTARTSYS;
			break;
		}
		if (!schedule_until(deadline_ns)) {
			result = -ETIMEDOUT;
			break;
		}
		sched_set_state(THREAD_SLEEPING);
	}
	sched_set_state(THREAD_RUNNABLE);
	return waiter_leave(w) ? result : 0;
}

/* Queue w if the word has val still. The lock is dropped either way. */
static int
waiter_enter(struct futex_waiter *w, uptr_t addr, u32 val)
{
	struct futex_bucket *b = bucket_of(&w->key);
	int error = 0;
	u32 now;

	spin_lock(&b->lock);
	if (unlikely(usercopy_read32(addr, &now) != 0)) {
		error = -EFAULT;
	} else if (now != val) {
		error = -EAGAIN;
	} else {
		w->bucket = b;
		list_push_back(&b->waiters, &w->node);
		sched_set_state(THREAD_SLEEPING);
	}
	spin_unlock(&b->lock);
	return error;
}

/* A renewal point: the call holds no charge here, its row takes no frame. */
long
futex_wait(uptr_t addr, u32 op, u32 val, u64 deadline_ns, u32 bitset)
{
	struct futex_waiter w;
	int error;

	if (bitset == 0)
		return -EINVAL;
	assert(current->charge.bound == 0);
	w.thread = current;
	w.bitset = bitset;
	w.woken = 0;
	for (;;) {
		error = futex_key(addr, op, &w.key);
		if (error == 0)
			error = waiter_enter(&w, addr, val);
		if (error == 0)
			return waiter_sleep(&w, deadline_ns);
		if (error != -EFAULT)
			return error;
		error = user_fault_in(addr, sizeof(u32), USER_READ);
		if (error != 0)
			return error;
	}
}

/* By rising address. */
static void
buckets_lock(struct futex_bucket *a, struct futex_bucket *b) NO_THREAD_CHECK
{
	if (a == b) {
		spin_lock(&a->lock);
	} else {
		spin_lock(a < b ? &a->lock : &b->lock);
		spin_lock(a < b ? &b->lock : &a->lock);
	}
}

static void
buckets_unlock(struct futex_bucket *a, struct futex_bucket *b) NO_THREAD_CHECK
{
	if (b != a)
		spin_unlock(&b->lock);
	spin_unlock(&a->lock);
}

static u32
bucket_move_locked(struct futex_bucket *from, const struct futex_key *k,
    struct futex_bucket *to, const struct futex_key *k_to, u32 n)
{
	struct futex_waiter *w, *next;
	u32 moved = 0;

	list_for_each_safe(w, next, &from->waiters, node) {
		if (moved >= n)
			break;
		if (!key_is(w, k))
			continue;
		w->key = *k_to;
		moved++;
		if (from == to)
			continue;
		list_remove(&w->node);
		list_push_back(&to->waiters, &w->node);
		WRITE_ONCE(w->bucket, to);
	}
	return moved;
}

long
futex_requeue(uptr_t addr, uptr_t to, u32 op, u32 nwake, u32 nmove,
    const u32 *expected)
{
	struct futex_key k, k_to;
	struct futex_bucket *b, *b_to;
	long result;
	int error;
	u32 now;

	for (;;) {
		error = futex_key(addr, op, &k);
		if (error == 0)
			error = futex_key(to, op, &k_to);
		if (error != 0)
			return error;
		b = bucket_of(&k);
		b_to = bucket_of(&k_to);
		buckets_lock(b, b_to);
		if (expected == NULL || usercopy_read32(addr, &now) == 0)
			break;
		buckets_unlock(b, b_to);
		error = user_fault_in(addr, sizeof(u32), USER_READ);
		if (error != 0)
			return error;
	}
	if (expected != NULL && now != *expected) {
		result = -EAGAIN;
	} else {
		result = bucket_wake_locked(b, &k, nwake,
		    FUTEX_BITSET_MATCH_ANY);
		result += bucket_move_locked(b, &k, b_to, &k_to, nmove);
	}
	buckets_unlock(b, b_to);
	return expected == NULL && result > nwake ? nwake : result;
}

/* What FUTEX_WAKE_OP does to the second word. -ENOSYS: no such operation. */
static int
wake_op_apply(u32 encoded, u32 old, u32 *new)
{
	u32 op = encoded >> 28 & 7;
	u32 arg = (u32)((s32)(encoded << 8) >> 20);

	if (encoded >> 28 & FUTEX_OP_OPARG_SHIFT)
		arg = 1u << (arg & 31);
	switch (op) {
	case FUTEX_OP_SET:
		*new = arg;
		return 0;
	case FUTEX_OP_ADD:
		*new = old + arg;
		return 0;
	case FUTEX_OP_OR:
		*new = old | arg;
		return 0;
	case FUTEX_OP_ANDN:
		*new = old & ~arg;
		return 0;
	case FUTEX_OP_XOR:
		*new = old ^ arg;
		return 0;
	default:
		return -ENOSYS;
	}
}

static int
wake_op_compare(u32 encoded, u32 old)
{
	s32 a = (s32)old, b = (s32)(encoded << 20) >> 20;

	switch (encoded >> 24 & 15) {
	case FUTEX_OP_CMP_EQ:
		return a == b;
	case FUTEX_OP_CMP_NE:
		return a != b;
	case FUTEX_OP_CMP_LT:
		return a < b;
	case FUTEX_OP_CMP_LE:
		return a <= b;
	case FUTEX_OP_CMP_GT:
		return a > b;
	case FUTEX_OP_CMP_GE:
		return a >= b;
	default:
		return -ENOSYS;
	}
}

/* Atomically change the word; *old is what it was. Never faults. */
static int
wake_op_change(uptr_t addr, u32 encoded, u32 *old)
{
	u32 new, found;
	int error;

	if (usercopy_read32(addr, old) != 0)
		return -EFAULT;
	for (;;) {
		error = wake_op_apply(encoded, *old, &new);
		if (error != 0)
			return error;
		if (usercopy_cmpxchg32(addr, *old, new, &found) != 0)
			return -EFAULT;
		if (found == *old)
			return 0;
		*old = found;
	}
}

long
futex_wake_op(uptr_t addr, uptr_t addr2, u32 op, u32 n, u32 n2, u32 encoded)
{
	struct futex_key k, k2;
	struct futex_bucket *b, *b2;
	long woken;
	int error;
	u32 old;

	for (;;) {
		error = futex_key(addr, op, &k);
		if (error == 0)
			error = futex_key(addr2, op, &k2);
		if (error != 0)
			return error;
		b = bucket_of(&k);
		b2 = bucket_of(&k2);
		buckets_lock(b, b2);
		error = wake_op_change(addr2, encoded, &old);
		if (error == 0)
			error = wake_op_compare(encoded, old);
		if (error >= 0)
			break;
		buckets_unlock(b, b2);
		if (error == -EFAULT)
			error = user_fault_in(addr2, sizeof(u32), USER_WRITE);
		if (error != 0)
			return error;
	}
	woken = bucket_wake_locked(b, &k, n, FUTEX_BITSET_MATCH_ANY);
	if (error > 0)
		woken += bucket_wake_locked(b2, &k2, n2,
		    FUTEX_BITSET_MATCH_ANY);
	buckets_unlock(b, b2);
	return woken;
}
