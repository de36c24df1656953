/*
 * The analyzer's reading of gcc's .ci files, and the longest paths in them.
 */
#include "tests/unit/unit.h"

#include <unistd.h>

#include "tools/bounds/stack_graph.h"

/* What is made is never freed: the analyzer's run is short. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

#define NODE(title, frame) \
	"node: { title: \"" title "\" label: \"" title "\\na.c:1:1\\n" frame \
	"\" }\n"
#define PLAIN(title, bytes) \
	NODE(title, #bytes " bytes (static)\\n0 dynamic objects")
#define OTHER(title) \
	"node: { title: \"" title "\" label: \"" title "\\nb.h:5:6\" shape : " \
	"ellipse }\n"
#define EDGE(from, to, at) \
	"edge: { sourcename: \"" from "\" targetname: \"" to "\" label: \"" \
	at "\" }\n"
#define FILE_OF(lines)	"graph: { title: \"a.c\"\n" lines "}\n"

/* Read text as a file; what is wrong with it, without the file's name. */
static const char *
read_text(struct stack_graph *g, const char *text)
{
	char path[] = "/tmp/stack_graph.XXXXXX";
	int fd = mkstemp(path);
	const char *wrong;

	CHECK(fd >= 0);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	wrong = graph_read(g, path);
	unlink(path);
	return wrong != NULL ? wrong + strlen(path) : "";
}

static void
test_fields(void)
{
	struct stack_graph g = { 0 };
	const struct stack_node *n;

	CHECK_STR(read_text(&g, FILE_OF(
	    "node: { title: \"a.c:fix.isra.0\" label: \"fix.isra\\n./a.h:12:3"
	    "\\n48 bytes (static)\\n0 dynamic objects\" }\n"
	    OTHER("far")
	    EDGE("a.c:fix.isra.0", "far", "./a.h:14:9")
	    EDGE("a.c:fix.isra.0", "__indirect_call", "a.c:20:2")
	    "edge: { sourcename: \"a.c:fix.isra.0\" targetname: \"memcpy\" }\n"
	    )), "");
	n = graph_find(&g, "a.c:fix.isra.0");
	CHECK(n != NULL);
	if (n == NULL)
		return;
	CHECK_STR(n->name, "fix");
	CHECK_STR(n->at.file, "a.h");
	CHECK_EQ(n->at.line, 12);
	CHECK(n->has_data && !n->is_dynamic);
	CHECK_EQ(n->bytes, 48);
	CHECK_EQ(n->nedges, 2);
	CHECK_STR(n->edge[0].to->title, "far");
	CHECK_STR(n->edge[0].at.file, "a.h");
	CHECK_EQ(n->edge[0].at.line, 14);
	CHECK(!n->edge[0].to->has_data);
	CHECK_EQ(n->edge[1].at.line, 0);
	CHECK_EQ(n->nicalls, 1);
	CHECK_EQ(n->icall[0].line, 20);
	CHECK(graph_find(&g, "__indirect_call") == NULL);
}

/* A function that one file calls and a later one defines is one node. */
static void
test_files_join(void)
{
	struct stack_graph g = { 0 };

	CHECK_STR(read_text(&g, FILE_OF(PLAIN("a", 8) OTHER("b")
	    EDGE("a", "b", "a.c:2:2"))), "");
	CHECK_STR(read_text(&g, FILE_OF(PLAIN("b", 16))), "");
	CHECK_EQ(g.nnodes, 2);
	CHECK_EQ(graph_find(&g, "a")->edge[0].to->bytes, 16);
}

static void
test_dynamic(void)
{
	struct stack_graph g = { 0 };

	CHECK_STR(read_text(&g, FILE_OF(
	    NODE("pushes", "80 bytes (dynamic,bounded)\\n0 dynamic objects")
	    NODE("array", "80 bytes (dynamic)\\n1 dynamic objects\\n buf 0")
	    NODE("capped", "80 bytes (dynamic,bounded)\\n1 dynamic objects")
	    NODE("unknown", "80 bytes (dynamic)\\n0 dynamic objects"))), "");
	CHECK(!graph_find(&g, "pushes")->is_dynamic);
	CHECK(graph_find(&g, "array")->is_dynamic);
	CHECK(graph_find(&g, "capped")->is_dynamic);
	CHECK(graph_find(&g, "unknown")->is_dynamic);
}

static void
test_malformed(void)
{
	static const char *const text[][2] = {
		{ "", ": has no end" },
		{ "graph: { title: \"a.c\"\n" PLAIN("a", 8), ": has no end" },
		{ FILE_OF("what: { }\n"), ":2: a line that is not understood" },
		{ FILE_OF("") "}\n", ":3: text behind its end" },
		{ FILE_OF("node: { label: \"a\" }\n"),
		  ":2: a node without title or label" },
		{ FILE_OF("node: { title: \"a\" label: \"a\\na.c:1:1\" }\n"),
		  ":2: a function without a frame" },
		{ FILE_OF(NODE("a", "many bytes (static)\\n0 dynamic objects")),
		  ":2: a frame that is not understood" },
		{ FILE_OF(NODE("a", "8 bytes (static)")),
		  ":2: a frame that is not understood" },
		{ FILE_OF(PLAIN("a", 8) PLAIN("a", 8)),
		  ":3: a for the second time" },
		{ FILE_OF("edge: { sourcename: \"a\" }\n"),
		  ":2: an edge without its ends" },
	};

	for (usize i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct stack_graph g = { 0 };

		CHECK_STR(read_text(&g, text[i][0]), text[i][1]);
	}
}

static int cycles, cycle_length;
static const char *cycle_first;

static void
count_cycle(struct stack_node *const *member, int n)
{
	cycles++;
	cycle_length = n;
	cycle_first = member[0]->name;
}

/* root 10 -> a 100 -> c 5, root -> b 20 -> c, b -> d 80 */
#define DIAMOND FILE_OF( \
	PLAIN("root", 10) PLAIN("a", 100) PLAIN("b", 20) PLAIN("c", 5) \
	PLAIN("d", 80) EDGE("root", "b", "a.c:1:1") \
	EDGE("root", "a", "a.c:2:1") EDGE("a", "c", "a.c:3:1") \
	EDGE("b", "c", "a.c:4:1") EDGE("b", "d", "a.c:5:1"))

static void
test_deepest(void)
{
	struct stack_graph g = { 0 };
	struct stack_node *root;
	struct stack_way *way;

	cycles = 0;
	CHECK_STR(read_text(&g, DIAMOND), "");
	root = graph_find(&g, "root");
	graph_deepest(&g, root, count_cycle);
	CHECK_EQ(cycles, 0);
	CHECK_EQ(root->below, 115);
	CHECK_STR(root->deepest->to->name, "a");
	CHECK_STR(root->deepest->to->deepest->to->name, "c");
	CHECK_EQ(root->deepest->at.line, 2);
	CHECK_EQ(graph_find(&g, "b")->below, 100);
	way = graph_ways(&g, root);
	CHECK_EQ(way[graph_find(&g, "c")->id].bytes, 115);
	CHECK_STR(way[graph_find(&g, "c")->id].caller->name, "a");
	CHECK_EQ(way[graph_find(&g, "d")->id].bytes, 110);
	CHECK(way[root->id].caller == NULL);
	CHECK_EQ(way[root->id].bytes, 10);
}

/* From a, neither its caller nor b and d are reached. */
static void
test_ways_from_within(void)
{
	struct stack_graph g = { 0 };
	struct stack_way *way;

	CHECK_STR(read_text(&g, DIAMOND), "");
	graph_deepest(&g, graph_find(&g, "root"), count_cycle);
	way = graph_ways(&g, graph_find(&g, "a"));
	CHECK_EQ(way[graph_find(&g, "c")->id].bytes, 105);
	CHECK(!way[graph_find(&g, "root")->id].is_reached);
	CHECK(!way[graph_find(&g, "b")->id].is_reached);
	CHECK(!way[graph_find(&g, "d")->id].is_reached);
}

/* What is left out hides what only it calls. */
static void
test_cut(void)
{
	struct stack_graph g = { 0 };
	struct stack_node *root;

	CHECK_STR(read_text(&g, DIAMOND), "");
	root = graph_find(&g, "root");
	graph_find(&g, "a")->is_cut = true;
	graph_deepest(&g, root, count_cycle);
	CHECK_EQ(root->below, 110);
	CHECK(!graph_ways(&g, root)[graph_find(&g, "a")->id].is_reached);
	CHECK_EQ(graph_ways(&g, root)[graph_find(&g, "c")->id].bytes, 35);
}

static void
test_cycles(void)
{
	struct stack_graph g = { 0 };
	struct stack_node *root;

	cycles = 0;
	CHECK_STR(read_text(&g, FILE_OF(PLAIN("root", 1) PLAIN("a", 2)
	    PLAIN("b", 4) PLAIN("c", 8) EDGE("root", "a", "a.c:1:1")
	    EDGE("a", "b", "a.c:2:1") EDGE("b", "a", "a.c:3:1")
	    EDGE("b", "c", "a.c:4:1"))), "");
	root = graph_find(&g, "root");
	graph_deepest(&g, root, count_cycle);
	CHECK_EQ(cycles, 1);
	CHECK_EQ(cycle_length, 2);
	CHECK_STR(cycle_first, "a");
	CHECK_EQ(root->below, 15);		/* as if b did not call a */
	CHECK_EQ(graph_ways(&g, root)[graph_find(&g, "c")->id].bytes, 15);

	cycles = 0;
	CHECK_STR(read_text(&g, FILE_OF(PLAIN("self", 8)
	    EDGE("self", "self", "a.c:1:1"))), "");
	graph_deepest(&g, graph_find(&g, "self"), count_cycle);
	CHECK_EQ(cycles, 1);
	CHECK_EQ(cycle_length, 1);
}

UNIT_MAIN("stack_graph", { "fields", test_fields },
    { "files_join", test_files_join }, { "dynamic", test_dynamic },
    { "malformed", test_malformed }, { "deepest", test_deepest },
    { "ways_from_within", test_ways_from_within }, { "cut", test_cut },
    { "cycles", test_cycles })
