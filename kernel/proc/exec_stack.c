/*
 * exec: the new program's first stack.
 *
 *	stack_top
 *	  8 zero bytes
 *	  the path
 *	  environment strings, in order upwards	<- env_at
 *	  argument strings			<- args_at
 *	  16 random bytes			<- random_at
 *	  auxiliary vector
 *	  NULL, pointers to environment
 *	  NULL, pointers to arguments
 *	  argc					<- sp, 16-byte aligned
 *
 * Strings are copied from the last to the first, downwards, through one page
 * that is written to the new address space when it is full. So the whole may be
 * as long as its limit and still takes two frames of kernel memory; the places
 * of the strings are found afterwards by walking over them once more. User
 * memory may change meanwhile: a string's length is what it was when it was
 * measured, and it always ends with a NUL.
 */
#include "kernel/abi/auxv.h"
#include "kernel/abi/elf.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/mman.h"
#include "kernel/abi/time.h"
#include "kernel/dev/random.h"
#include "kernel/file/cred.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/proc/exec_priv.h"
#include "kernel/vm/aspace.h"
#include "kernel/vm/uaccess.h"
#include "kernel/x86/features.h"

#define STACK_FIRST_BYTES	(33 * PAGE_SIZE)	/* mapped at once */
#define ARGS_LIMIT_MIN		(32 * PAGE_SIZE)
#define ARGS_LIMIT_MAX		(6ul << 20)

/* ---- downwards, through the page ---- */

/* Write what the page holds of [sp, ...). */
static int
page_flush(struct exec *e)
{
	u64 from = MAX(e->sp, e->page_at);

	return vm_poke(e->as, from, e->page + (from - e->page_at),
	    e->page_at + PAGE_SIZE - from);
}

/* Make room for up to len bytes below sp, all in the page; how many. */
static int
page_room(struct exec *e, usize len, usize *room)
{
	int error;

	if (e->sp == e->page_at) {
		error = page_flush(e);
		if (error != 0)
			return error;
		e->page_at -= PAGE_SIZE;
	}
	*room = MIN(len, e->sp - e->page_at);
	if (e->sp - *room < e->low_limit)
		return -E2BIG;
	return 0;
}

/* len bytes that end where sp is, from kernel memory. */
static int
push(struct exec *e, const void *from, usize len)
{
	usize n;
	int error;

	for (; len > 0; len -= n) {
		error = page_room(e, len, &n);
		if (error != 0)
			return error;
		e->sp -= n;
		memcpy(e->page + (e->sp - e->page_at),
		    (const u8 *)from + len - n, n);
	}
	return 0;
}

/* The same from user memory. */
static int
push_user(struct exec *e, u64 from, usize len)
{
	usize n;
	int error;

	for (; len > 0; len -= n) {
		error = page_room(e, len, &n);
		if (error != 0)
			return error;
		e->sp -= n;
		error = copy_in(e->page + (e->sp - e->page_at),
		    UPTR(from + len - n), n);
		if (error != 0)
			return error;
	}
	return 0;
}

static int
push_string(struct exec *e, const char *s)
{
	return push(e, s, strlen(s) + 1);
}

/* A user's string: short ones through tmp, long ones measured first. */
static int
push_user_string(struct exec *e, u64 from)
{
	char *tmp = (char *)e->tmp, nul = '\0';
	usize len = 0;
	isize n;
	int error;

	n = copy_in_str(tmp, UPTR(from), PAGE_SIZE);
	if (n >= 0)
		return push(e, tmp, (usize)n + 1);
	while (n == -ENAMETOOLONG) {
		len += PAGE_SIZE;
		if (len >= ARG_STRLEN_MAX)
			return -E2BIG;
		n = copy_in_str(tmp, UPTR(from + len), PAGE_SIZE);
	}
	if (n < 0)
		return (int)n;
	error = push(e, &nul, 1);
	return error != 0 ? error : push_user(e, from, len + (usize)n);
}

/* ---- the arrays of strings ---- */

static int
string_at(const struct exec *e, u64 array, u64 i, u64 *out)
{
	u64 at = array + i * sizeof(u64);

	if (e->strings->in_kernel) {
		*out = ((const u64 *)array)[i];
		return 0;
	}
	return copy_in_obj(out, UPTR(at));
}

static int
strings_count(const struct exec *e, u64 array, u64 *out)
{
	u64 n, s;
	int error;

	for (n = 0; array != 0; n++) {
		error = string_at(e, array, n, &s);
		if (error != 0)
			return error;
		if (s == 0)
			break;
		if (n >= ARGS_LIMIT_MAX / sizeof(u64))
			return -E2BIG;
	}
	*out = n;
	return 0;
}

/* Strings [from, n), the last first. */
static int
strings_push(struct exec *e, u64 array, u64 from, u64 n)
{
	u64 s;
	int error = 0;

	while (n-- > from && error == 0) {
		error = string_at(e, array, n, &s);
		if (error != 0)
			return error;
		if (s == 0)
			return -EFAULT;
		error = e->strings->in_kernel ?
		    push_string(e, (const char *)s) : push_user_string(e, s);
	}
	return error;
}

/* Instead of argv[0]: what #! lines say. */
static int
prefix_push(struct exec *e)
{
	int error = 0;

	for (u32 i = e->nprefix; i-- > 0 && error == 0;)
		error = push_string(e, e->prefix[i]);
	return error;
}

static int
strings_copy(struct exec *e)
{
	u64 argc, zero = 0;
	int error;

	error = strings_count(e, e->strings->argv, &argc);
	if (error == 0)
		error = strings_count(e, e->strings->envp, &e->envc);
	if (error == 0)
		error = push(e, &zero, sizeof(zero));
	if (error == 0)
		error = push_string(e, e->path->shown);
	e->execfn_at = e->sp;
	if (error == 0)
		error = strings_push(e, e->strings->envp, 0, e->envc);
	e->env_at = e->sp;
	if (error == 0)
		error = strings_push(e, e->strings->argv,
		    e->nprefix != 0 ? 1 : 0, argc);
	if (error != 0)
		return error;
	if (e->nprefix != 0) {
		error = prefix_push(e);
		argc = e->nprefix + (argc > 0 ? argc - 1 : 0);
	} else if (argc == 0) {		/* as Linux: an empty argv[0] */
		error = push(e, &zero, 1);
		argc = 1;
	}
	e->argc = argc;
	e->args_at = e->sp;
	return error;
}

/* ---- upwards, through tmp: the table ---- */

static int
table_flush(struct exec *e)
{
	u32 len = e->table_n * (u32)sizeof(u64);
	int error;

	error = vm_poke(e->as, e->table_at, e->tmp, len);
	e->table_at += len;
	e->table_n = 0;
	return error;
}

static int
table_put(struct exec *e, u64 value)
{
	((u64 *)e->tmp)[e->table_n++] = value;
	return e->table_n == PAGE_SIZE / sizeof(u64) ? table_flush(e) : 0;
}

/* The place after the NUL at or above at; reads other pages as it goes. */
static int
string_end(struct exec *e, u64 at, u64 *end)
{
	u8 *nul;

	for (;;) {
		if (at - e->page_at >= PAGE_SIZE) {
			e->page_at = PAGE_DOWN(at);
			if (vm_peek(e->as, e->page_at, e->page, PAGE_SIZE) !=
			    PAGE_SIZE)
				return -EINTR;
		}
		nul = memchr(e->page + (at - e->page_at), '\0',
		    PAGE_SIZE - (at - e->page_at));
		if (nul != NULL)
			break;
		at = e->page_at + PAGE_SIZE;
	}
	*end = e->page_at + (u64)(nul - e->page) + 1;
	return 0;
}

/* Pointers to n strings that stand in a row from at on, and NULL. */
static int
table_pointers(struct exec *e, u64 at, u64 n)
{
	int error;

	for (; n > 0; n--) {
		error = table_put(e, at);
		if (error == 0)
			error = string_end(e, at, &at);
		if (error != 0)
			return error;
	}
	return table_put(e, 0);
}

/* CPUID leaf 1, EDX; CPUID itself is slow in a virtual machine. */
static u32
hwcap(void)
{
	static u32 edx;

	if (edx == 0)
		WRITE_ONCE(edx, cpu_cpuid(1, 0).edx);
	return edx;
}

static u32
auxv_fill(const struct exec *e, struct lx_auxv *v)
{
	const struct cred *c = current_cred();
	const struct lx_auxv all[] = {
		{ AT_SYSINFO_EHDR, e->vdso },
		{ AT_HWCAP, hwcap() },
		{ AT_PAGESZ, PAGE_SIZE },
		{ AT_CLKTCK, USER_HZ },
		{ AT_PHDR, e->elf.phdr_vaddr != 0 ?
		    e->elf.phdr_vaddr + e->bias : 0 },
		{ AT_PHENT, sizeof(struct lx_elf64_phdr) },
		{ AT_PHNUM, e->elf.phdr_count },
		{ AT_BASE, e->interp_base },
		{ AT_FLAGS, 0 },
		{ AT_ENTRY, e->entry },
		{ AT_UID, c->uid },
		{ AT_EUID, e->euid },
		{ AT_GID, c->gid },
		{ AT_EGID, e->egid },
		{ AT_SECURE, e->secure },
		{ AT_RANDOM, e->random_at },
		{ AT_EXECFN, e->execfn_at },
		{ AT_NULL, 0 },
	};
	u32 n = 0;

	for (u32 i = 0; i < ARRAY_LEN(all); i++)
		if (all[i].a_type != AT_SYSINFO_EHDR || all[i].a_val != 0)
			v[n++] = all[i];
	return n;
}

static int
stack_map(struct exec *e)
{
	u32 prot = PROT_READ | PROT_WRITE;
	u64 top = e->as->stack_top;
	long at;

	if (e->elf.stack == ELF_STACK_EXEC)
		prot |= PROT_EXEC;
	at = vm_map(e->as, top - STACK_FIRST_BYTES, STACK_FIRST_BYTES, prot,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN |
	    VMA_STACK, NULL, 0, PROT_READ | PROT_WRITE | PROT_EXEC);
	return at < 0 ? (int)at : 0;
}

static int
table_write(struct exec *e, u64 *sp)
{
	struct lx_auxv auxv[24];
	u32 naux = auxv_fill(e, auxv);
	u64 words = 1 + e->argc + 1 + e->envc + 1 + 2 * naux;
	u64 at = ROUND_DOWN(e->sp - words * sizeof(u64), 16);
	int error;

	_Static_assert(sizeof(auxv) == sizeof(e->as->auxv), "auxv");
	if (at < e->low_limit || at > e->sp)
		return -E2BIG;
	memset(e->as->auxv, 0, sizeof(e->as->auxv));
	memcpy(e->as->auxv, auxv, naux * sizeof(auxv[0]));
	*sp = at;
	e->table_at = at;
	error = table_put(e, e->argc);
	if (error == 0)
		error = table_pointers(e, e->args_at, e->argc);
	if (error == 0)
		error = table_pointers(e, e->env_at, e->envc);
	for (u32 i = 0; i < naux && error == 0; i++) {
		error = table_put(e, auxv[i].a_type);
		if (error == 0)
			error = table_put(e, auxv[i].a_val);
	}
	return error == 0 && e->table_n != 0 ? table_flush(e) : error;
}

int
exec_stack(struct exec *e, u64 *sp)
{
	u64 limit = MIN(proc_rlimit(RLIMIT_STACK) / 4, ARGS_LIMIT_MAX);
	u8 random[16];
	int error;

	error = stack_map(e);
	if (error != 0)
		return error;
	e->sp = e->as->stack_top;
	e->page_at = e->sp - PAGE_SIZE;
	e->low_limit = e->sp - MAX(limit, ARGS_LIMIT_MIN);
	memset(e->page, 0, PAGE_SIZE);
	error = strings_copy(e);
	if (error != 0)
		return error;
	e->as->arg_start = e->args_at;
	e->as->arg_end = e->env_at;
	e->as->env_start = e->env_at;
	e->as->env_end = e->execfn_at;
	random_bytes(random, sizeof(random));
	error = push(e, random, sizeof(random));
	e->random_at = e->sp;
	if (error == 0)
		error = page_flush(e);
	return error != 0 ? error : table_write(e, sp);
}
