/*
 * bounds: proves how much memory and stack each entry of the kernel can take,
 * and that locks, sleeps and interrupts keep the rules. README.md has the
 * theory; this file is options and the order of things.
 *
 * Input is one bitcode file for each translation unit, all of the kernel's: a
 * function that is left out is a hole in every proof, so it must have a fact
 * (E-EXTERN). Each phase reads what those before it have found, and complains
 * on its own; a phase goes on after errors, so that one run tells them all. The
 * outputs are written even then, for whoever wants to see how far it came, but
 * the exit status is 1, and make does not take the table.
 */

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/bounds/context.h"
#include "tools/bounds/diag.h"
#include "tools/bounds/facts.h"
#include "tools/bounds/flow.h"
#include "tools/bounds/heap.h"
#include "tools/bounds/output.h"
#include "tools/bounds/phases.h"
#include "tools/bounds/show.h"
#include "tools/bounds/stack.h"
#include "tools/bounds/table.h"

static bool want_calls, want_loops, want_trust, want_time, want_quiet;
static bool want_context;
static bool want_all, want_codes, want_help, want_stacks;
static const char *edges_path, *json_path, *table_path, *check_path;
static const char *why_name, *why_stack_name;

struct list {
	const char	**word;
	int		n;
};
static struct list facts_files, excludes, allows, inputs, stack_kernels;

/* Self-tests run at boot only, on their own promises, and break rules on
 * purpose. */
static const char *const selftests[] = {
	"selftest*.bc", "*_selftest.bc", "*_test.bc",
};
#define NSELFTESTS	(sizeof(selftests) / sizeof(selftests[0]))

/* An option sets a flag, takes a word, or adds a word to a list. */
static const struct option {
	const char	*name, *arg, *help;
	bool		*flag;
	const char	**word;
	struct list	*list;
} options[] = {
	{ "--facts", "FILE", "facts about the kernel (may be repeated)",
	  .list = &facts_files },
	{ "--exclude", "GLOB", "leave out bitcode files of that name or path",
	  .list = &excludes },
	{ "--all", NULL, "keep the self-tests, which are left out otherwise",
	  .flag = &want_all },
	{ "--table", "FILE", "write the table that the kernel compiles in",
	  .word = &table_path },
	{ "--check", "FILE", "compare the table with what would be written",
	  .word = &check_path },
	{ "--json", "FILE", "write all results for other tools",
	  .word = &json_path },
	{ "--edges", "FILE", "write each call: caller callee kind file:line",
	  .word = &edges_path },
	{ "--stack", "NAME=DIR", "a kernel's frames (.ci), for the stacks",
	  .list = &stack_kernels },
	{ "why", "NAME", "the costliest path of a call, row or function",
	  .word = &why_name },
	{ "why-stack", "NAME", "the deepest stack of an entry",
	  .word = &why_stack_name },
	{ "--calls", NULL, "list indirect calls and their targets",
	  .flag = &want_calls },
	{ "--loops", NULL, "list loops, and how their turns are known",
	  .flag = &want_loops },
	{ "--stacks", NULL, "list the deepest stack of each entry",
	  .flag = &want_stacks },
	{ "--context", NULL, "list the locks, and where each is taken",
	  .flag = &want_context },
	{ "--trust", NULL, "list the facts: what is assumed, not proven",
	  .flag = &want_trust },
	{ "--codes", NULL, "list the messages' codes and how to mend each",
	  .flag = &want_codes },
	{ "--allow", "CODE[:FILE[:FUNCTION]]", "count such messages only",
	  .list = &allows },
	{ "--time", NULL, "print the seconds of each phase",
	  .flag = &want_time },
	{ "--quiet", NULL, "print messages only", .flag = &want_quiet },
	{ "--help", NULL, "print this", .flag = &want_help },
};
#define NOPTIONS	(sizeof(options) / sizeof(options[0]))

static void
usage(FILE *out)
{
	size_t i;

	fprintf(out, "usage: bounds [options] BITCODE...\n");
	for (i = 0; i < NOPTIONS; i++)
		fprintf(out, "\t%-9s %-6s %s\n", options[i].name,
		    options[i].arg ? options[i].arg : "", options[i].help);
	fprintf(out, "exit: 0 clean, 1 errors, 2 usage or unreadable input\n");
}

static void
list_add(struct list *l, const char *word)
{
	TABLE_GROW(l->word, l->n);
	l->word[l->n++] = word;
}

static const struct option *
option_named(const char *name)
{
	size_t i;

	for (i = 0; i < NOPTIONS; i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

static void
bad_usage(const char *what, const char *word)
{
	fprintf(stderr, "bounds: %s %s\n", what, word);
	usage(stderr);
	exit(2);
}

static void
read_options(int argc, char **argv)
{
	const struct option *o;
	int i;

	for (i = 1; i < argc; i++) {
		o = option_named(argv[i]);
		if (o == NULL && argv[i][0] == '-')
			bad_usage("no option", argv[i]);
		else if (o == NULL)
			list_add(&inputs, argv[i]);
		else if (o->flag != NULL)
			*o->flag = true;
		else if (i + 1 == argc)
			bad_usage("what follows", argv[i]);
		else if (o->word != NULL)
			*o->word = argv[++i];
		else
			list_add(o->list, argv[++i]);
	}
	for (i = 0; i < allows.n; i++)
		if (!diag_allow(allows.word[i]))
			bad_usage("no such code:", allows.word[i]);
	for (i = 0; i < stack_kernels.n; i++)
		if (!stack_use(stack_kernels.word[i]))
			bad_usage("not NAME=DIR:", stack_kernels.word[i]);
}

/* The glob is of the whole path, or of its last parts. */
static bool
path_matches(const char *path, const char *glob)
{
	return fnmatch(glob, path, 0) == 0 ||
	    fnmatch(table_printf("*/%s", glob), path, 0) == 0;
}

static bool
is_excluded(const char *path)
{
	size_t i;
	int j;

	for (i = 0; i < NSELFTESTS && !want_all; i++)
		if (path_matches(path, selftests[i]))
			return true;
	for (j = 0; j < excludes.n; j++)
		if (path_matches(path, excludes.word[j]))
			return true;
	return false;
}

/* ---- phases ---- */

static void
load(void)
{
	char **path = table_alloc(inputs.n, sizeof(*path));
	int i, n = 0;

	for (i = 0; i < inputs.n; i++)
		if (!is_excluded(inputs.word[i]))
			path[n++] = (char *)inputs.word[i];
	if (n == 0)
		bad_usage("no", "BITCODE that is not excluded");
	prog_load(path, n);
}

static void
read_facts(void)
{
	int i;

	for (i = 0; i < facts_files.n; i++)
		facts_read(facts_files.word[i]);
	facts_bind();
}

static void
resolve(void)
{
	int n;

	flow_resolve();
	facts_check_slots();
	prog_bottom_up(&n);
}

/* In this order: each needs those before it. */
static const struct phase {
	const char	*name;
	void		(*run)(void);
} phases[] = {
	{ "load", load },
	{ "facts", read_facts },
	{ "calls", resolve },
	{ "loops", trip_find_all },
	{ "heap", heap_analyse },
	{ "context", context_analyse },
	{ "stack", stack_analyse },
};
#define NPHASES	(sizeof(phases) / sizeof(phases[0]))

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void
run_phases(void)
{
	double start, sum = 0;
	size_t i;

	for (i = 0; i < NPHASES; i++) {
		start = now();
		phases[i].run();
		start = now() - start;
		sum += start;
		if (want_time)
			printf("%-8s %6.3f s\n", phases[i].name, start);
	}
	if (want_time)
		printf("%-8s %6.3f s\n", "all", sum);
}

/* What was asked for; false: something cannot be written or does not exist. */
static bool
write_outputs(void)
{
	bool ok = true;

	if (want_trust)
		facts_print();
	if (want_calls)
		show_calls(stdout);
	if (want_loops)
		show_loops(stdout);
	if (want_context)
		context_print(stdout);
	if (want_stacks)
		stack_print(stdout);
	if (edges_path != NULL)
		ok &= show_edges(edges_path);
	if (table_path != NULL)
		ok &= needs_write(table_path) == 0;
	if (json_path != NULL)
		ok &= json_write(json_path) == 0;
	if (why_name != NULL)
		ok &= why_print(stdout, why_name) == 0;
	if (why_stack_name != NULL)
		ok &= why_stack_print(stdout, why_stack_name) == 0;
	return ok;
}

int
main(int argc, char **argv)
{
	bool ok, differs = false;

	read_options(argc, argv);
	if (want_help || want_codes) {
		if (want_help)
			usage(stdout);
		if (want_codes)
			diag_print_table();
		return 0;
	}
	if (inputs.n == 0)
		bad_usage("no", "BITCODE");
	run_phases();
	ok = write_outputs();
	if (check_path != NULL)
		differs = needs_check(check_path) != 0;
	fflush(stdout);
	diag_print(stderr);
	if (!want_quiet) {
		show_summary(stdout);
		if (!want_stacks)
			stack_print_summary(stdout);
	}
	if (!ok)
		return 2;
	return diag_errors() > 0 || differs;
}
