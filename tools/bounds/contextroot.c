/*
 * Contexts: what roots may do. A root begins with nothing held and ends so;
 * what runs as interrupts do neither sleeps nor allocates; system calls have
 * the charge of their row, if that takes any frame.
 */
#include "tools/bounds/context.h"
#include "tools/bounds/context_priv.h"
#include "tools/bounds/facts.h"
#include "tools/bounds/flow.h"
#include "tools/bounds/heap.h"
#include "tools/bounds/table.h"

static struct ptr_table calls;		/* functions of the calls' tables */

/* A root ends with nothing held, and undoes only what its fact says it began
 * with. */
static void
check_root_locks(const struct fact *fact, const struct fn *f,
    const struct outcome *o)
{
	int holds = kinds_of_fact(fact, "holds");

	for (int i = 0; i < o->delta.n; i++) {
		const struct held *h = &o->delta.h[i];

		if (h->n == -1 && (h->kind & holds))
			continue;
		msg_root(f, h);
		return;
	}
}

static void
check_root(const struct fact *fact, const struct fn *f, bool is_charged)
{
	const struct summary *sum = summary_of(f);
	bool is_irq = fact_has(fact, "kind", "irq");

	for (int i = 0; i < sum->nevents; i++) {
		if (is_irq)
			msg_irq(f, sum->event[i]);
		else if (is_charged && sum->event[i]->kind == EV_WAIT)
			msg_charged(sum->event[i]->at, sum->event[i]->target,
			    sum->event[i]->next);
	}
	for (int i = 0; i < sum->noutcomes; i++)
		check_root_locks(fact, f, &sum->outcome[i]);
}

/* Whether a system call's entry in its table names a row that takes frames. */
static bool
entry_is_charged(LLVMValueRef entry)
{
	for (int i = 0; i < LLVMGetNumOperands(entry); i++) {
		LLVMValueRef p = prog_strip(
		    LLVMGetOperand(entry, (unsigned)i));
		int row = LLVMIsAGlobalVariable(p) ? heap_row_of(p) : -1;

		if (row >= 0)
			return heap_row[row].frames != 0;
	}
	return true;
}

/* The functions of a table of system calls; entry: what v is a part of. */
static void
for_table(const struct fact *fact, LLVMValueRef v, LLVMValueRef entry,
    void (*what)(const struct fact *, const struct fn *, LLVMValueRef))
{
	LLVMValueRef p = prog_strip(v);
	const struct fn *f = LLVMIsAFunction(p) ? prog_fn(p) : NULL;

	if (f != NULL) {
		what(fact, f, entry);
		return;
	}
	if (LLVMIsAGlobalVariable(p) || !LLVMIsAConstant(p))
		return;
	for (int i = 0; i < LLVMGetNumOperands(p); i++)
		for_table(fact, LLVMGetOperand(p, (unsigned)i), p, what);
}

static void
note_entry(const struct fact *fact, const struct fn *f, LLVMValueRef entry)
{
	(void)fact;
	(void)entry;
	ptr_table_put(&calls, f, &calls);
}

static void
check_entry(const struct fact *fact, const struct fn *f, LLVMValueRef entry)
{
	check_root(fact, f, entry_is_charged(entry));
}

/* The initialiser of the table that a root names, or NULL. */
static LLVMValueRef
table_of(const struct fact *fact)
{
	const char *name = fact->role != ROLE_ROOT ? NULL :
	    fact_get(fact, "table", NULL);
	LLVMValueRef g = name == NULL ? NULL : prog_global_named(name);

	return g == NULL ? NULL : LLVMGetInitializer(g);
}

static void
check_root_fact(const struct fact *fact)
{
	const char *slot = fact_get(fact, "slot", NULL);
	LLVMValueRef table = table_of(fact);
	struct fn **in_slot;
	int n = 0;

	if (table != NULL) {
		for_table(fact, table, table, check_entry);
	} else if (slot != NULL) {
		in_slot = flow_slot(slot, &n);
		for (int i = 0; i < n; i++)
			check_root(fact, in_slot[i], false);
	} else if (prog_fn_named(fact->name) != NULL) {
		check_root(fact, prog_fn_named(fact->name), false);
	}
}

bool
roots_has_call(const struct fn *f)
{
	return ptr_table_get(&calls, f) != NULL;
}

void
roots_note_calls(void)
{
	for (int i = 0; i < facts.nfacts; i++)
		if (table_of(&facts.fact[i]) != NULL)
			for_table(&facts.fact[i], table_of(&facts.fact[i]),
			    NULL, note_entry);
}

void
roots_check(void)
{
	for (int i = 0; i < facts.nfacts; i++)
		if (facts.fact[i].role == ROLE_ROOT)
			check_root_fact(&facts.fact[i]);
}
