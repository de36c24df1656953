/*
 * Reading facts, and tying them to functions.
 *
 * A function has one fact; roots come on top, since an entry written in
 * assembly, say, is both. What a fact names must exist, its keys must be the
 * role's own, and it must say why: the file is the trusted base of every
 * proof, so nothing in it may be misspelt or stale without an error.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bounds/diag.h"
#include "tools/bounds/facts.h"
#include "tools/bounds/flow.h"
#include "tools/bounds/prog_priv.h"
#include "tools/bounds/table.h"

struct facts facts;

/* Keys that a role needs, and others that it knows; each ends in a blank. */
static const struct role_row {
	const char	*name, *needs, *knows;
} roles[] = {
	[ROLE_ASM] = { "asm", "stack ", "calls faults sleeps irq noreturn " },
	[ROLE_OPAQUE] = { "opaque", "", "stack sleeps irq noreturn " },
	[ROLE_ALLOC] = { "alloc", "class ", "arg stack " },
	[ROLE_FREE] = { "free", "class obj ", "arg stack " },
	[ROLE_IDENTITY] = { "identity", "arg ", "stack " },
	[ROLE_LOCK] = { "lock", "kind ", "arg sleeps stack " },
	[ROLE_TRYLOCK] = { "trylock", "kind ", "arg stack " },
	[ROLE_UNLOCK] = { "unlock", "kind ", "arg stack " },
	[ROLE_SLEEP] = { "sleep", "", "drops kind state long stack " },
	[ROLE_RESERVE] = { "reserve", "kind ", "arg turn n op stack " },
	[ROLE_USERCOPY] = { "usercopy", "", "renews stack " },
	[ROLE_MARKER] = { "marker", "kind arg ", "" },
	[ROLE_ROOT] = { "root", "kind ", "table field slot stack row holds " },
};
#define NROLES	(sizeof(roles) / sizeof(roles[0]))

static struct src
fact_src(const struct fact *f)
{
	return (struct src){ f->file, f->line };
}

const char *
fact_get(const struct fact *f, const char *key, const char *def)
{
	int i;

	for (i = 0; f != NULL && i < f->nargs; i++)
		if (strcmp(f->arg[i].key, key) == 0)
			return f->arg[i].value;
	return def;
}

long
fact_num(const struct fact *f, const char *key, long def)
{
	const char *s = fact_get(f, key, NULL);

	return s != NULL ? strtol(s, NULL, 0) : def;
}

bool
fact_has(const struct fact *f, const char *key, const char *word)
{
	const char *s = fact_get(f, key, "");
	size_t len = strlen(word), n;

	for (; *s != '\0'; s += n + (s[n] == ',')) {
		n = strcspn(s, ",");
		if (n == len && memcmp(s, word, n) == 0)
			return true;
	}
	return false;
}

/* ---- reading ---- */

static enum role
role_named(const char *name)
{
	enum role r;

	for (r = ROLE_NONE + 1; r < NROLES; r++)
		if (strcmp(roles[r].name, name) == 0)
			return r;
	return ROLE_NONE;
}

const char *
fact_role_name(enum role r)
{
	return roles[r].name;
}

static bool
has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *s;

	for (s = list; (s = strstr(s, word)) != NULL; s += len)
		if ((s == list || s[-1] == ' ') && s[len] == ' ')
			return true;
	return false;
}

static void
add_arg(struct fact *f, char *word)
{
	char *eq = strchr(word, '=');

	if (eq == NULL || eq == word || eq[1] == '\0') {
		diag_at(E_FACT, fact_src(f), "\"%s\" is not key=value", word);
		return;
	}
	*eq = '\0';
	if (!has_word(roles[f->role].needs, word) &&
	    !has_word(roles[f->role].knows, word)) {
		diag_at(E_FACT, fact_src(f), "%s has no key \"%s\"",
		    roles[f->role].name, word);
		return;
	}
	if (fact_get(f, word, NULL) != NULL)
		diag_at(E_FACT, fact_src(f), "%s stands twice", word);
	f->arg = f->nargs ? f->arg : NULL;
	TABLE_GROW(f->arg, f->nargs);
	f->arg[f->nargs].key = word;
	f->arg[f->nargs++].value = eq + 1;
}

static void
check_needs(const struct fact *f)
{
	char *list = table_printf("%s", roles[f->role].needs), *key, *save;

	for (key = strtok_r(list, " ", &save); key != NULL;
	    key = strtok_r(NULL, " ", &save))
		if (fact_get(f, key, NULL) == NULL)
			diag_at(E_FACT, fact_src(f), "%s %s lacks %s=",
			    roles[f->role].name, f->name, key);
	if (f->why == NULL || f->why[0] == '\0')
		diag_at(E_FACT, fact_src(f), "%s %s does not say why",
		    roles[f->role].name, f->name);
}

/* ROLE NAME [key=value...]; the words are kept. */
static void
add_fact(struct fact f, char *words)
{
	char *role, *name, *word, *save;

	role = strtok_r(words, " \t\n", &save);
	if (role == NULL)
		return;
	name = strtok_r(NULL, " \t\n", &save);
	f.role = role_named(role);
	if (f.role == ROLE_NONE || name == NULL) {
		diag_at(E_FACT, fact_src(&f), f.role == ROLE_NONE ?
		    "no role \"%s\"" : "%s of what?", role);
		return;
	}
	f.name = name;
	while ((word = strtok_r(NULL, " \t\n", &save)) != NULL)
		add_arg(&f, word);
	check_needs(&f);
	TABLE_GROW(facts.fact, facts.nfacts);
	facts.fact[facts.nfacts++] = f;
}

/* A fact that is being read, which the next line may go on. */
struct pending {
	struct fact	fact;
	char		*words;
	const char	*why;
};

static void
finish(struct pending *p)
{
	p->fact.why = p->why + strspn(p->why, " ");
	add_fact(p->fact, p->words);
	p->words = "";
	p->why = "";
}

static void
read_line(struct pending *p, unsigned number, char *line)
{
	char *hash = strchr(line, '#');
	bool goes_on = line[0] == ' ' || line[0] == '\t';

	line[strcspn(line, "\n")] = '\0';
	if (hash != NULL) {
		*hash++ = '\0';
		hash += strspn(hash, " \t");
	}
	if (!goes_on) {
		finish(p);
		p->fact.line = number;
	}
	p->words = table_printf("%s %s", p->words, line);
	p->why = table_printf("%s %s", p->why, hash != NULL ? hash : "");
}

void
facts_read(const char *path)
{
	FILE *in = fopen(path, "r");
	struct pending p = { .words = "", .why = "" };
	char *line = NULL;
	unsigned number = 0;
	size_t room = 0;

	if (in == NULL) {
		fprintf(stderr, "bounds: cannot read %s\n", path);
		exit(2);
	}
	p.fact.file = table_intern(path, strlen(path));
	while (getline(&line, &room, in) >= 0)
		read_line(&p, ++number, line);
	finish(&p);
	free(line);
	fclose(in);
}

/* ---- binding ---- */

static void
bind_fn(struct fn *f, const struct fact *fact)
{
	if (f->fact != NULL && f->fact->role != ROLE_ROOT &&
	    fact->role != ROLE_ROOT) {
		diag_at(E_FACT, fact_src(fact), "%s has a fact already: "
		    "line %u", f->name, f->fact->line);
		return;
	}
	if (fact->role != ROLE_ROOT || f->fact == NULL)
		f->fact = fact;
	if (fact_num(fact, "noreturn", 0))
		f->is_noreturn = true;
}

/* Whether f is in that file, the first part of "kernel/a.h:name". */
static bool
is_meant(const struct fn *f, const char *file, size_t len)
{
	return strlen(f->at.file) == len &&
	    memcmp(f->at.file, file, len) == 0;
}

static void
bind_named(const struct fact *fact)
{
	const char *colon = strrchr(fact->name, ':');
	const char *file = colon != NULL ? fact->name : NULL;
	const char *name = colon != NULL ? colon + 1 : fact->name;
	struct fn *f = NULL, *first = NULL;

	while ((f = prog_next_named(name, f)) != NULL) {
		if (file != NULL && !is_meant(f, file, colon - file))
			continue;
		if (first == NULL)
			first = f;
		if (f->is_defined && first->is_defined &&
		    f->at.file != first->at.file)
			diag_at(E_FACT, fact_src(fact), "%s is ambiguous: "
			    "write %s:%s or %s:%s", name, first->at.file, name,
			    f->at.file, name);
		if (fact->role == ROLE_ASM && f->is_defined)
			diag_at(E_FACT, fact_src(fact), "%s is not assembly: "
			    "it is in %s", name, f->at.file);
		bind_fn(f, fact);
	}
	if (first != NULL)
		return;
	if (fact->role == ROLE_ASM) {
		bind_fn(prog_add_named(name), fact);
		return;
	}
	if (fact->role == ROLE_MARKER)
		return;			/* no loop needs one */
	diag_at(E_FACT, fact_src(fact), "there is no function %s",
	    fact->name);
}

static void
bind_fact(const struct fact *f)
{
	const char *table = fact_get(f, "table", NULL);

	if (table != NULL && prog_global_named(table) == NULL)
		diag_at(E_FACT, fact_src(f), "there is no table %s", table);
	if (table == NULL && fact_get(f, "slot", NULL) == NULL)
		bind_named(f);
}

/* The functions that assembly calls; "STRUCT.FIELD" is stack.c's to check. */
static void
check_asm_calls(const struct fact *f)
{
	char *list = table_printf("%s", fact_get(f, "calls", "")), *save;
	char *name;

	for (name = strtok_r(list, ",", &save); name != NULL;
	    name = strtok_r(NULL, ",", &save))
		if (strchr(name, '.') == NULL && prog_fn_named(name) == NULL)
			diag_at(E_FACT, fact_src(f), "%s calls %s, which does "
			    "not exist", f->name, name);
}

void
facts_bind(void)
{
	int i;

	/* Roots last: they may name an entry that is assembly. */
	for (i = 0; i < facts.nfacts; i++)
		if (facts.fact[i].role != ROLE_ROOT)
			bind_fact(&facts.fact[i]);
	for (i = 0; i < facts.nfacts; i++) {
		if (facts.fact[i].role == ROLE_ROOT)
			bind_fact(&facts.fact[i]);
		check_asm_calls(&facts.fact[i]);
	}
	prog_check_externs();
}

void
facts_check_slots(void)
{
	const struct fact *f;
	const char *slot;
	int i, n;

	for (i = 0; i < facts.nfacts; i++) {
		f = &facts.fact[i];
		slot = fact_get(f, "slot", NULL);
		if (slot == NULL)
			continue;
		n = 0;
		flow_slot(slot, &n);
		if (n == 0)
			diag_at(E_FACT, fact_src(f), "no function is ever in "
			    "%s", slot);
	}
}

void
facts_print(void)
{
	const struct fact *f;
	int i, a;

	for (i = 0; i < facts.nfacts; i++) {
		f = &facts.fact[i];
		printf("%-9s %s", roles[f->role].name, f->name);
		for (a = 0; a < f->nargs; a++)
			printf(" %s=%s", f->arg[a].key, f->arg[a].value);
		printf("\n          %s\n", f->why ? f->why : "?");
	}
}
