/*
 * Reading .ci files, and longest paths in the graph that they make.
 *
 * A .ci file is in VCG's language, of which gcc uses this:
 *
 *	graph: { title: "file.c"
 *	node: { title: "T" label: "name\nfile:line:col\n48 bytes (static)\n
 *		0 dynamic objects" }
 *	node: { title: "T" label: "name\nfile:line:col" shape : ellipse }
 *	edge: { sourcename: "T" targetname: "T" label: "file:line:col" }
 *	}
 *
 * each node on one line, "\n" being two characters. The ellipse is a function
 * that is defined elsewhere. An indirect call's target is __indirect_call. The
 * bytes count the return address and the arguments that are pushed, the latter
 * being called "dynamic,bounded"; that has a static size unless objects with
 * a size of their own are named.
 *
 * What is not understood is an error: a file that lacks its end was written by
 * a compiler that was interrupted.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bounds/stack_graph.h"

#define INDIRECT	"__indirect_call"

/* ---- the graph ---- */

/* "kernel/a.c:fix.constprop.0" is fix. */
static const char *
base_name(const char *title)
{
	const char *colon = strrchr(title, ':');
	const char *name = colon != NULL ? colon + 1 : title;

	return table_intern(name, strcspn(name, "."));
}

struct stack_node *
graph_find(const struct stack_graph *g, const char *title)
{
	return str_table_get(&g->by_title, title);
}

struct stack_node *
graph_node(struct stack_graph *g, const char *title)
{
	struct stack_node *n = graph_find(g, title);

	if (n != NULL)
		return n;
	n = table_alloc(1, sizeof(*n));
	n->title = table_intern(title, strlen(title));
	n->name = base_name(title);
	n->at.file = "?";
	n->id = g->nnodes;
	str_table_put(&g->by_title, title, n);
	TABLE_GROW(g->node, g->nnodes);
	g->node[g->nnodes++] = n;
	return n;
}

void
graph_add_edge(struct stack_node *from, struct stack_node *to, struct src at)
{
	TABLE_GROW(from->edge, from->nedges);
	from->edge[from->nedges++] = (struct stack_edge){ to, at };
}

/* ---- reading ---- */

/* The string behind `key`, as in  title: "..."; NULL: there is none. */
static const char *
quoted(const char *line, const char *key)
{
	const char *s = strstr(line, key), *end;

	if (s == NULL)
		return NULL;
	s += strlen(key);
	end = strchr(s, '"');
	return end != NULL ? table_intern(s, end - s) : NULL;
}

/* "./kernel/a.h:12:3"; false: it is something else, as "<built-in>". */
static bool
read_place(const char *s, struct src *at)
{
	size_t len;
	char *end;
	long line;

	if (strncmp(s, "./", 2) == 0)
		s += 2;
	len = strcspn(s, ":\\");
	if (s[len] != ':')
		return false;
	line = strtol(s + len + 1, &end, 10);
	if (*end != ':' || line <= 0)
		return false;
	*at = (struct src){ table_intern(s, len), (unsigned)line };
	return true;
}

/* The part of a label behind its i-th "\n", or NULL. */
static const char *
label_part(const char *label, int i)
{
	for (; i > 0 && label != NULL; i--) {
		label = strstr(label, "\\n");
		label = label != NULL ? label + 2 : NULL;
	}
	return label;
}

static const char *
read_node(struct stack_graph *g, const char *line)
{
	const char *title = quoted(line, " title: \"");
	const char *label = quoted(line, " label: \"");
	const char *place, *frame, *objects;
	char kind[32];
	unsigned bytes, nobjects;
	struct stack_node *n;

	if (title == NULL || label == NULL)
		return "a node without title or label";
	if (strcmp(title, INDIRECT) == 0)
		return NULL;
	n = graph_node(g, title);
	frame = label_part(label, 2);
	if (frame == NULL)
		return strstr(line, "shape : ellipse") != NULL ? NULL :
		    "a function without a frame";
	objects = label_part(label, 3);
	if (sscanf(frame, "%u bytes (%31[a-z,])", &bytes, kind) != 2 ||
	    objects == NULL ||
	    sscanf(objects, "%u dynamic objects", &nobjects) != 1)
		return "a frame that is not understood";
	if (n->has_data)
		return table_printf("%s for the second time", title);
	place = label_part(label, 1);
	(void)read_place(place, &n->at);
	n->has_data = true;
	n->bytes = bytes;
	n->is_dynamic = nobjects != 0 || (strcmp(kind, "static") != 0 &&
	    strcmp(kind, "dynamic,bounded") != 0);
	return NULL;
}

static const char *
read_edge(struct stack_graph *g, const char *line)
{
	const char *from = quoted(line, " sourcename: \"");
	const char *to = quoted(line, " targetname: \"");
	const char *label = quoted(line, " label: \"");
	struct src at = { "?", 0 };
	struct stack_node *n;

	if (from == NULL || to == NULL)
		return "an edge without its ends";
	if (label != NULL && !read_place(label, &at))
		at = (struct src){ "?", 0 };
	n = graph_node(g, from);
	if (strcmp(to, INDIRECT) != 0) {
		graph_add_edge(n, graph_node(g, to), at);
		return NULL;
	}
	TABLE_GROW(n->icall, n->nicalls);
	n->icall[n->nicalls++] = at;
	return NULL;
}

static const char *
read_line(struct stack_graph *g, const char *line, bool *ended)
{
	if (*ended)
		return "text behind its end";
	if (strncmp(line, "graph: {", 8) == 0)
		return NULL;
	if (strncmp(line, "node: {", 7) == 0)
		return read_node(g, line);
	if (strncmp(line, "edge: {", 7) == 0)
		return read_edge(g, line);
	*ended = strcmp(line, "}\n") == 0;
	return *ended ? NULL : "a line that is not understood";
}

const char *
graph_read(struct stack_graph *g, const char *path)
{
	FILE *in = fopen(path, "r");
	char *line = NULL;
	const char *wrong = NULL;
	unsigned number = 0;
	bool ended = false;
	size_t room = 0;

	if (in == NULL)
		return table_printf("%s: cannot be read", path);
	while (wrong == NULL && getline(&line, &room, in) >= 0) {
		number++;
		wrong = read_line(g, line, &ended);
	}
	free(line);
	fclose(in);
	if (wrong != NULL)
		return table_printf("%s:%u: %s", path, number, wrong);
	return ended ? NULL : table_printf("%s: has no end", path);
}

/* ---- paths ---- */

/* The nodes that are OPEN, outermost first. */
struct trail {
	struct stack_node **node;
	int		n;
};

static void
tell_cycle(const struct trail *t, const struct stack_node *again,
    stack_cycle_fn *cycle)
{
	int i = t->n - 1;

	while (t->node[i] != again)
		i--;
	cycle(&t->node[i], t->n - i);
}

static void
walk(struct stack_graph *g, struct stack_node *n, struct trail *t,
    stack_cycle_fn *cycle)
{
	const struct stack_edge *e;
	uint32_t most = 0;

	n->state = NODE_OPEN;
	TABLE_GROW(t->node, t->n);
	t->node[t->n++] = n;
	for (e = n->edge; e < n->edge + n->nedges; e++) {
		if (e->to->is_cut)
			continue;
		if (e->to->state == NODE_OPEN) {
			tell_cycle(t, e->to, cycle);
			continue;
		}
		if (e->to->state == NODE_NEW)
			walk(g, e->to, t, cycle);
		if (n->deepest == NULL || e->to->below > most) {
			n->deepest = e;
			most = e->to->below;
		}
	}
	t->n--;
	n->below = n->bytes + most;
	n->state = NODE_DONE;
	n->order = g->ndone;
	TABLE_GROW(g->done, g->ndone);
	g->done[g->ndone++] = n;
}

void
graph_deepest(struct stack_graph *g, struct stack_node *n,
    stack_cycle_fn *cycle)
{
	struct trail t = { NULL, 0 };

	if (n->state == NODE_NEW)
		walk(g, n, &t, cycle);
	free(t.node);
}

/* Callers first: a node's way is final when its turn comes. */
struct stack_way *
graph_ways(const struct stack_graph *g, const struct stack_node *root)
{
	struct stack_way *way = table_alloc(g->nnodes, sizeof(*way)), *w;
	const struct stack_node *n;
	const struct stack_edge *e;
	uint32_t bytes;
	int i;

	way[root->id] = (struct stack_way){ .is_reached = true,
	    .bytes = root->bytes };
	for (i = root->order; i >= 0; i--) {
		n = g->done[i];
		if (!way[n->id].is_reached)
			continue;
		for (e = n->edge; e < n->edge + n->nedges; e++) {
			/* Not lower: the edge that closed a cycle. */
			if (e->to->is_cut || e->to->order >= n->order)
				continue;
			w = &way[e->to->id];
			bytes = way[n->id].bytes + e->to->bytes;
			if (!w->is_reached || bytes > w->bytes)
				*w = (struct stack_way){ true, bytes, n,
				    e->at };
		}
	}
	return way;
}
