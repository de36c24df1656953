/*
 * A kernel in one page: what the programs of this folder may use.
 *
 * Names, structures and macros are the kernel's own where the analyzer reads
 * them (kernel/mem/slab.h, kernel/vm/reserve.h, kernel/file/file.h,
 * kernel/lib/annot.h), cut down to what it looks at; mini.facts says which
 * functions are primitives. The fuzzer's programs use it too, and run: then
 * fuzz/runtime.c defines the primitives and measures.
 */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef signed int s32;
typedef signed long s64;
typedef _Bool bool;
#define true		1
#define false		0
#define NULL		((void *)0)
#define noreturn	__attribute__((noreturn))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, field) \
	((type *)((char *)(p) - __builtin_offsetof(type, field)))

/* Frames and caches. */
enum frame_use { FRAME_KERNEL, FRAME_BUFFER };
struct frame {
	u32	refs;
	struct frame *next;
};
struct frame *frame_get(enum frame_use use);
struct frame *frame_get_zero(enum frame_use use);
void	frame_free(struct frame *f);
void	*frame_virt(const struct frame *f);
struct frame *frame_of_virt(const void *va);

static inline void
frame_put(struct frame *f)
{
	if (__atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL) == 0)
		frame_free(f);
}

struct kmem_cache {
	const char	*name;
	u32		size;
	u32		align;
	u32		stride;
	u32		per_slab;
	u32		mag_cap;
} __attribute__((aligned(64)));

#define KMEM_CACHE(var, text, type) \
	struct kmem_cache var __attribute__((section(".kmem_caches"), \
	    used)) = { .name = (text), .size = sizeof(type), .align = 8 }

void	*kmem_get(struct kmem_cache *cache);
void	*kmem_get_zero(struct kmem_cache *cache);
void	kmem_put(struct kmem_cache *cache, void *obj);

/* Rows and points of reservation. */
struct bound {
	const char	*name;
	u32		frames;
};
#define BOUND_ROW(row) \
	struct bound bound_##row __attribute__((section(".bounds"), used)) = \
	    { .name = #row }

int	reserve_row(struct bound *row);
int	reserve_renew(void);
int	reserve_linear(struct bound *row, struct bound *turn, u32 n);
void	reserve_end(void);
struct renewal {
	struct bound	*row;
};
struct renewal renewal_begin(void);
int	renewal_end(struct renewal r);

/* Files. */
enum file_op {
	FOP_READ, FOP_WRITE, FOP_IOCTL, FOP_MMAP, FOP_READDIR, FOP_SETATTR,
	FOP_SYNC, FOP_CLOSE, FOP_POLL, FOP_COUNT
};
struct file;
struct file_ops {
	const char	*name;
	struct bound	*bound;		/* [FOP_COUNT], or NULL: no frames */
	long	(*read)(struct file *f, char *to, u64 len);
	long	(*write)(struct file *f, const char *from, u64 len);
	long	(*ioctl)(struct file *f, u32 cmd, u64 arg);
	u32	(*poll)(struct file *f);
	void	(*release)(struct file *f);
};
struct file {
	const struct file_ops *ops;
	void		*priv;
	u32		refs;
};
#define FILE_BOUNDS(type) \
	struct bound type##_bounds[FOP_COUNT] \
	    __attribute__((section(".bounds"), used)) = { \
		[FOP_READ] = { .name = #type ".read" }, \
		[FOP_WRITE] = { .name = #type ".write" }, \
		[FOP_IOCTL] = { .name = #type ".ioctl" }, \
		[FOP_MMAP] = { .name = #type ".mmap" }, \
		[FOP_READDIR] = { .name = #type ".readdir" }, \
		[FOP_SETATTR] = { .name = #type ".setattr" }, \
		[FOP_SYNC] = { .name = #type ".sync" }, \
		[FOP_CLOSE] = { .name = #type ".close" }, \
		[FOP_POLL] = { .name = #type ".poll" }, \
	}
int	file_reserve(const struct file *f, enum file_op op);

/* Locks, sleeps, user memory. */
struct spinlock {
	u32	word;
};
struct mutex {
	u32	word;
};
void	spin_lock(struct spinlock *l);
bool	spin_trylock(struct spinlock *l);
void	spin_unlock(struct spinlock *l);
void	mutex_lock(struct mutex *m);
void	mutex_unlock(struct mutex *m);
void	preempt_disable(void);
void	preempt_enable(void);
/* Until the disk or another admitted call is done: keeps the charge. */
void	sleep_short(void);
/* Until somebody wakes it, perhaps never: must hold no charge. */
void	sleep_long(void);
int	copy_in(void *to, u64 from, u64 len);
void	*memcpy(void *to, const void *from, u64 len);
noreturn void panic(const char *fmt, ...);

/* What the analyzer cannot know. */
u64	rnd(void);
void	use(const void *p);

/* Sleep holding no charge until cond holds. */
#define WAIT_RENEWED(cond, result) do { \
	struct renewal r_ = renewal_begin(); \
	while (!(cond)) \
		sleep_long(); \
	(result) = renewal_end(r_); \
} while (0)

#if defined(HARDTACK_ANALYZE)
void	analyzer_loop_bound(u64 bound);
void	analyzer_loop_paid(struct bound *row);
#define LOOP_BOUND(n)	analyzer_loop_bound(n)
#define LOOP_PAID(row)	analyzer_loop_paid(row)
#else
#define LOOP_BOUND(n)	((void)0)
#define LOOP_PAID(row)	((void)0)
#endif
#define for_bound(n, ...)	for (__VA_ARGS__) \
	if (({ LOOP_BOUND(n); 0; })) { } else
#define while_bound(n, cond)	while (cond) \
	if (({ LOOP_BOUND(n); 0; })) { } else

/*
 * System calls:
 *	CALL(a) { ... return 0; }
 *	SYSCALLS = { ROW(a) };
 */
#define NSYSCALLS	16
struct trapframe {
	u64	rdi, rsi, rdx, orig_rax;
};
struct syscall {
	long	(*call)(const struct trapframe *tf);
	struct bound	*bound;
};
#define CALL(name) \
	BOUND_ROW(sys_##name); \
	static long call_##name(const struct trapframe *tf)
#define ROW(name)	{ call_##name, &bound_sys_##name }
#define SYSCALLS	const struct syscall syscalls[NSYSCALLS]

/* Interrupts and kernel threads. */
struct irq_line {
	void	(*handler)(void *arg);
	void	*arg;
};
struct kthread {
	void	(*fn)(void *arg);
	void	*arg;
};
