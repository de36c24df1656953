/*
 * Messages.
 *
 * They are for somebody who has changed the kernel and has never read this
 * tool: where, what is wrong there, how such a thing is mended, and the path of
 * calls by which it comes about. A code is stable: people look it up, tests and
 * --allow name it.
 *
 * Messages are collected, then printed by file and line: the order in which the
 * analyses run does not show, the same sources give the same text, and a static
 * function of a header, which is analysed once for each module that uses it, is
 * complained of once.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bounds/diag.h"
#include "tools/bounds/table.h"

struct code {
	const char	*name, *meaning, *mend;
};

static const struct code codes[DIAG_COUNT] = {
	[E_RECURSION] = { "E-RECURSION",
		"a function can call itself, directly or through others",
		"walk with a loop and an explicit stack, or break the cycle "
		"with work handed to a thread" },
	[E_ICALL] = { "E-ICALL",
		"the pointer that is called may hold functions that are not "
		"seen",
		"read it from a field or variable of function-pointer type" },
	[E_ICALL_TYPE] = { "E-ICALL-TYPE",
		"a function that the pointer may hold has another type than "
		"the call",
		"give the function the type of the field that holds it" },
	[E_FPCAST] = { "E-FPCAST",
		"a function pointer is made of data, or becomes data",
		"keep it in a field or variable of function-pointer type" },
	[E_STRUCTCAST] = { "E-STRUCTCAST",
		"a pointer to one structure with function pointers is used as "
		"another",
		"embed the one in the other, and use container_of" },
	[E_FPCOPY] = { "E-FPCOPY",
		"a copy of bytes carries function pointers between types",
		"assign the structure, so that the types show" },
	[E_FPHIDE] = { "E-FPHIDE",
		"the address of a function pointer escapes from view",
		"pass the function itself, or the structure that holds it" },
	[E_EXTERN] = { "E-EXTERN",
		"a function is called that has neither source nor fact",
		"give the analyzer its source, or a fact in kernel.facts "
		"(asm, opaque)" },
	[E_FACT] = { "E-FACT",
		"a fact is malformed, or about what does not exist",
		"mend the line of kernel.facts, or remove it" },
	[E_IRREDUCIBLE] = { "E-IRREDUCIBLE",
		"a goto leads into the middle of a loop",
		"enter the loop at its head only" },
	[E_LOOP] = { "E-LOOP",
		"a loop takes memory in each turn, and its turns are not "
		"known",
		"state the most turns, for_bound(n, ...) or while_bound(n, c); "
		"or renew the reservation in each turn" },
	[E_LOOP_BOUND] = { "E-LOOP-BOUND",
		"a stated bound of a loop is not constant, is less than the "
		"turns it surely makes, or is not passed in each turn",
		"make it for_bound(n, ...) or while_bound(n, c), with a "
		"constant that holds" },
	[E_CLASS] = { "E-CLASS",
		"an allocation whose cache or size is not constant",
		"name the cache, or pass a constant size: the largest" },
	[E_ROW] = { "E-ROW",
		"a point of reservation whose row is not constant",
		"name the row where it is reserved: reserve_row(&bound_x)" },
	[E_UNRESERVED] = { "E-UNRESERVED",
		"an allocation that no reservation pays",
		"reserve a row before, holding no lock" },
	[E_SHARE] = { "E-SHARE",
		"a bound is over the share of memory that one call may "
		"promise",
		"work in chunks, each with a reservation of its own" },
	[E_RESERVE_LOCKED] = { "E-RESERVE-LOCKED",
		"a lock is held where a reservation may wait",
		"reserve before the lock is taken, or drop it" },
	[E_SLEEP_ATOMIC] = { "E-SLEEP-ATOMIC",
		"a sleep under a spinlock, in an RCU reader, or with "
		"preemption off",
		"sleep after the lock is let go, or use a mutex" },
	[E_IRQ_SLEEP] = { "E-IRQ-SLEEP",
		"a sleep in interrupt context",
		"hand the work to a thread" },
	[E_IRQ_ALLOC] = { "E-IRQ-ALLOC",
		"an allocation in interrupt context",
		"draw on a pool that a thread fills, or hand on the work" },
	[E_COPY_LOCKED] = { "E-COPY-LOCKED",
		"a user copy that may fault is made under a lock",
		"fault the pages in before the lock, then copy without "
		"faulting" },
	[E_LOCK_BALANCE] = { "E-LOCK-BALANCE",
		"ways through a function disagree on the locks held",
		"take and release on the same ways; no conditional locking" },
	[E_WAIT_CHARGED] = { "E-WAIT-CHARGED",
		"an indefinite sleep keeps its promise of memory",
		"wait by WAIT_RENEWED, which drops it and reserves anew" },
	[E_STACK] = { "E-STACK",
		"the deepest chain of calls does not fit the kernel stack",
		"move large variables off the stack, or flatten the calls" },
	[E_STACK_DYNAMIC] = { "E-STACK-DYNAMIC",
		"a function's frame has no constant size",
		"no alloca and no variable-length array" },
	[E_STACK_DATA] = { "E-STACK-DATA",
		"the compiler's stack data lacks a function",
		"build with -fcallgraph-info=su, or give assembly its stack= "
		"in kernel.facts" },
	[W_STACK_FRAME] = { "W-STACK-FRAME",
		"a frame is over 1 KiB",
		"allocate what is large" },
	[W_LOOP_USELESS] = { "W-LOOP-USELESS",
		"a loop's annotation is not needed",
		"remove it: a bound that nobody needs is a claim that nobody "
		"checks" },
	[W_TRUST] = { "W-TRUST",
		"an assumption worth a look",
		"see that it holds, and say why in the source" },
};

static struct diag_message *message;
static int nmessages, nerrors, nwarnings;
static struct diag_message *last;		/* NULL: it was a duplicate */
static struct str_table seen;

struct allow {
	const char	*spec;
	enum diag	code;
	const char	*file, *fn;		/* NULL: any */
	int		used;
};
static struct allow *allow;
static int nallow;

const char *
diag_code(enum diag code)
{
	return codes[code].name;
}

static bool
is_error(enum diag code)
{
	return codes[code].name[0] == 'E';
}

bool
diag_allow(const char *spec)
{
	struct allow a = { .spec = spec };
	size_t len = strcspn(spec, ":"), end;
	int i;

	for (i = 0; i < DIAG_COUNT; i++)
		if (strlen(codes[i].name) == len &&
		    memcmp(codes[i].name, spec, len) == 0)
			break;
	if (i == DIAG_COUNT)
		return false;
	a.code = i;
	if (spec[len] == ':') {
		spec += len + 1;
		end = strcspn(spec, ":");
		a.file = table_intern(spec, end);
		if (spec[end] == ':')
			a.fn = spec + end + 1;
	}
	TABLE_GROW(allow, nallow);
	allow[nallow++] = a;
	return true;
}

/* The function that a line lies in: the last that begins before it. */
static const struct fn *
fn_at(struct src at)
{
	const struct fn *f, *best = NULL;
	int i;

	for (i = 0; i < prog.nfns; i++) {
		f = prog.fn[i];
		if (f->is_defined && strcmp(f->at.file, at.file) == 0 &&
		    f->at.line <= at.line &&
		    (best == NULL || f->at.line > best->at.line))
			best = f;
	}
	return best;
}

static bool
is_allowed(enum diag code, struct src at)
{
	const struct fn *f = NULL;
	int i;

	for (i = 0; i < nallow; i++) {
		if (allow[i].code != code || (allow[i].file != NULL &&
		    strcmp(allow[i].file, at.file) != 0))
			continue;
		if (allow[i].fn != NULL) {
			if (f == NULL)
				f = fn_at(at);
			if (f == NULL || strcmp(f->name, allow[i].fn) != 0)
				continue;
		}
		allow[i].used++;
		return true;
	}
	return false;
}

void
diag_at(enum diag code, struct src at, const char *fmt, ...)
{
	va_list ap;
	char *text, *key;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		exit(2);
	va_end(ap);
	last = NULL;
	key = table_printf("%d %s:%u %s", code, at.file, at.line, text);
	if (str_table_get(&seen, key) != NULL)
		return;
	str_table_put(&seen, key, text);
	if (is_allowed(code, at))
		return;
	TABLE_GROW(message, nmessages);
	last = &message[nmessages];
	*last = (struct diag_message){ code, at, text, NULL, 0, nmessages };
	nmessages++;
	if (is_error(code))
		nerrors++;
	else
		nwarnings++;
}

void
diag_path(const struct diag_step *step, int n)
{
	struct diag_step *copy;

	if (last == NULL || n == 0)
		return;
	copy = table_alloc(n, sizeof(*copy));
	memcpy(copy, step, n * sizeof(*copy));
	last->step = copy;
	last->nsteps = n;
}

int
diag_errors(void)
{
	return nerrors;
}

int
diag_warnings(void)
{
	return nwarnings;
}

static int
by_place(const void *x, const void *y)
{
	const struct diag_message *a = x, *b = y;
	int c = strcmp(a->at.file, b->at.file);

	if (c != 0)
		return c;
	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	return a->order - b->order;
}

const struct diag_message *
diag_messages(int *n)
{
	if (nmessages > 0)
		qsort(message, nmessages, sizeof(*message), by_place);
	last = NULL;
	*n = nmessages;
	return message;
}

/* Each step calls the next at its place; the last one's is the message's. */
static void
print_steps(FILE *out, const struct diag_message *m)
{
	const struct diag_step *s = m->step;
	int i;

	for (i = 0; i < m->nsteps; i++) {
		fprintf(out, "%s%s", i == 0 ? "\tpath: " : " ->\n\t\t",
		    s[i].fn->name);
		if (s[i].at.line != 0 && i + 1 < m->nsteps)
			fprintf(out, " (%s:%u)", s[i].at.file, s[i].at.line);
	}
	if (m->nsteps > 0)
		fputc('\n', out);
}

const char *
diag_mend(enum diag code)
{
	return codes[code].mend;
}

void
diag_print(FILE *out)
{
	const struct diag_message *m;
	int i, n;

	m = diag_messages(&n);
	for (i = 0; i < n; i++, m++) {
		if (m->at.line != 0)
			fprintf(out, "%s:%u: ", m->at.file, m->at.line);
		else
			fprintf(out, "%s: ", m->at.file);
		fprintf(out, "%s: %s [%s]\n\tmend: %s\n",
		    is_error(m->code) ? "error" : "warning", m->text,
		    codes[m->code].name, codes[m->code].mend);
		print_steps(out, m);
	}
	for (i = 0; i < nallow; i++)
		fprintf(out, "bounds: allowed %s: %d times\n", allow[i].spec,
		    allow[i].used);
}

void
diag_print_table(void)
{
	int i;

	printf("| code | meaning | how to mend it |\n|---|---|---|\n");
	for (i = 0; i < DIAG_COUNT; i++)
		printf("| %s | %s | %s |\n", codes[i].name, codes[i].meaning,
		    codes[i].mend);
}
