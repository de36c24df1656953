#!/usr/bin/python3
"""
Random programs in the dialect of mini.h: generate(seed) returns one as text.

Every program is valid: each object has one owner (a local, a slot of kept[], a
list) and is given back at most once, calls make no cycle, stated bounds hold,
and files keep H3 of tools/bounds/heap.c (between file_reserve() and the
operation only the same file's operations are called). So the analyzer must
accept it, and no run of it may take more than the analyzer says.

Functions stand in levels; each calls only levels below its own:

	wrappers	hand out and take back one object, some of them with
			a twist (an extra object, a renewal, an old object)
	poll		operations that call nothing but wrappers
	low		called directly, through a table, and as call-backs
	read, write	operations that call low ones
	high		call operations of the file that they are given
	call_x		system calls
"""
import random

CLASSES = ["frame", "vma", "pipe", "inode"]     # frame: not from a cache
SIZES = {"vma": 40, "pipe": 1000, "inode": 200}
KEPT = 4                        # slots of kept[] for each class
STEPS = 3                       # rows of steps
TYPES = ["disk", "tape"]        # file types
DEPTH = 3                       # of nested statements


class Program:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.out = []
        self.loops = self.turns = 0
        self.renews = self.rng.random() < 0.6
        # Half of the programs are small: in them the measured peaks come up
        # to the bounds, so that a bound that is one too low shows.
        self.small = self.rng.random() < 0.5
        self.depth = 2 if self.small else DEPTH
        self.low, self.high = [], []

    # Small choices.

    def chance(self, p):
        return self.rng.random() < p

    def pick(self, seq):
        return self.rng.choice(seq)

    def number(self, low, high):
        return self.rng.randint(low, high)

    def local(self):
        """A local pointer and its class: p<class><0|1>."""
        c = self.number(0, len(CLASSES) - 1)
        return f"p{c}{self.number(0, 1)}", c

    @staticmethod
    def get(c):
        if c == 0:
            return "frame_get(FRAME_KERNEL)"
        return f"kmem_get(&{CLASSES[c]}_cache)"

    @staticmethod
    def put(c, p):
        if c == 0:
            return f"frame_free({p});"
        return f"kmem_put(&{CLASSES[c]}_cache, {p});"

    # Statements. Each returns lines; what a local held is kept first, so that
    # it never loses an object that a later free would count on.

    def stash(self, p, c):
        return f"if ({p} != NULL) keep({c}, {p});"

    def s_get(self, level):
        p, c = self.local()
        how = self.get(c)
        if self.chance(0.4):
            how = f"{self.pick(['make', 'make', 'extra', 'maybe', 'old'])}" \
                f"_{c}()"
        elif self.renews and self.chance(0.15):
            how = f"{self.pick(['stale', 'renewed'])}_{c}()"
        return [self.stash(p, c), f"{p} = {how};"]

    def s_put(self, level):
        p, c = self.local()
        how = self.put(c, p)
        if self.chance(0.4):
            how = f"{self.pick(['give', 'give', 'lose'])}_{c}({p});"
        elif self.renews and self.chance(0.15):
            how = f"late_{c}({p});"
        return [f"if ({p} != NULL) {{", f"\t{how}", f"\t{p} = NULL;", "}"]

    def s_keep(self, level):
        p, c = self.local()
        return [f"if ({p} != NULL) {{", f"\tkeep({c}, {p});",
                f"\t{p} = NULL;", "}"]

    def s_unkeep(self, level):
        p, c = self.local()
        return [self.stash(p, c), f"{p} = unkeep({c});"]

    def s_move(self, level):
        c = self.number(0, len(CLASSES) - 1)
        a, b = self.pick([("0", "1"), ("1", "0")])
        return [self.stash(f"p{c}{a}", c), f"p{c}{a} = p{c}{b};",
                f"p{c}{b} = NULL;"]

    def s_swap(self, level):
        c = self.number(0, len(CLASSES) - 1)
        return [f"if (rnd() & 1) {{ void *t = p{c}0; p{c}0 = p{c}1; "
                f"p{c}1 = t; }}"]

    def s_brief(self, level):
        """Taken and given back, with something in between."""
        c = self.number(0, len(CLASSES) - 1)
        take = f"keep({c}, {self.get(c)});"
        inner = self.pick([
            ["use(t);"], [take],
            [f"void *old = unkeep({c});", "", "if (old != NULL) {",
             f"\tkeep({c}, t);", "\tt = old;", "}"],
            *[["if (rnd() & 1) {", "\t(void)reserve_renew();",
               f"\t{take}", f"\t{take}", "}"],
              [f"keep({c}, renewed_{c}());", take]] * self.renews,
            ["if (rnd() % 5 == 0) {", f"\tkeep({c}, t);", "\tgoto out;",
             "}"],
            [f"give_{c}({self.get(c)});"],
            ["if (rnd() & 1) {", f"\tkeep({c}, t);",
             f"\tt = {self.get(c)};", "}"]])
        end = self.pick([
            self.put(c, "t"), self.put(c, "t"), f"give_{c}(t);",
            f"lose_{c}(t);", *[f"late_{c}(t);"] * self.renews,
            f"if (rnd() & 1) {{ {self.put(c, 't')} }} else "
            f"{{ keep({c}, t); }}"])
        return ["{", f"\tvoid *t = {self.pick([self.get(c), f'make_{c}()'])};",
                *("\t" + line for line in inner), f"\t{end}",
                *["\t" + take] * self.number(0, 2), "}"]

    def s_list(self, level):
        c = self.number(1, len(CLASSES) - 1)
        n = self.number(1, 4)
        self.loops += 1
        i = f"i{self.loops}"
        return [f"for (int {i} = 0; {i} < {n}; {i}++)",
                f"\tpush({c}, {self.get(c)});",
                f"while (list[{c}] != NULL)", f"\t{self.put(c, f'pop({c})')}"]

    def s_count(self, level):
        """A frame by its references: somebody else may hold one."""
        return ["{", "\tstruct frame *t = frame_get(FRAME_BUFFER);",
                f"\tif ({self.pick(['rnd() & 1', '0'])}) {{",
                "\t\t__atomic_fetch_add(&t->refs, 1, __ATOMIC_RELAXED);",
                "\t\tkeep(0, t);", "\t}", "\tframe_put(t);",
                *[f"\tkeep(0, {self.get(0)});"] * self.number(0, 2), "}"]

    def s_balanced(self, level):
        c = self.number(0, len(CLASSES) - 1)
        return ["while (rnd() % 4 != 0) {", f"\tvoid *t = {self.get(c)};",
                "\tuse(t);", f"\t{self.put(c, 't')}", "}"]

    def s_if(self, level):
        return ["if (rnd() & 1) {", *self.indented(level, 1, 3), "} else {",
                *self.indented(level, 0, 3), "}"]

    def s_switch(self, level):
        out = ["switch (rnd() % 4) {"]
        for case in range(self.number(1, 3)):
            out += [f"case {case}:", *self.indented(level, 1, 2)]
            if self.chance(0.7):
                out.append("\tbreak;")
        return out + ["default:", "\tbreak;", "}"]

    def body_of_loop(self, level):
        body = self.indented(level, 1, 3)
        if self.chance(0.25):
            body.append(f"\tif (rnd() % 4 == 0) {self.pick(LEAVE)}")
        if self.chance(0.2):
            body.insert(0, f"\tif (rnd() % 4 == 0) {self.pick(LEAVE)}")
        return body

    def s_loop(self, level):
        self.loops += 1
        i, n = f"i{self.loops}", self.number(1, 4)
        step = self.number(2, 90)
        kind = self.rng.random()
        if kind < 0.3:
            head = [f"for (int {i} = 0; {i} < {n}; {i}++) {{"]
        elif kind < 0.36:
            head = [f"for (u8 {i} = 0; {i} < {min(n * step, 255 - step)}; "
                    f"{i} += {step}) {{"]
        elif kind < 0.5:
            head = [f"for (u32 {i} = 1; {i} <= {n}; {i}++) {{"]
        elif kind < 0.56:
            head = [f"for (int {i} = {n}; {i}-- > 0; ) {{"]
        elif kind < 0.65:
            head = [f"u32 {i} = (u32)rnd() % {n + 1};",
                    f"while_bound({n}, {i}-- > 0) {{"]
        elif kind < 0.8:
            head = [f"u64 n{i} = rnd() % {n + 1};",
                    f"for_bound({n}, u64 {i} = 0; {i} < n{i}; {i}++) {{"]
        else:
            head = [f"u64 n{i} = rnd() < 3 ? rnd() : {n};",
                    f"n{i} = n{i} < {n} ? n{i} : {n};",
                    f"for (u64 {i} = 0; {i} < n{i}; {i}++) {{"]
        return ["{", *("\t" + line for line in
                       [*head, *self.body_of_loop(level), "}"]), "}"]

    def s_loop_late_marker(self, level):
        """The part before the marker runs once more than what is after."""
        self.loops += 1
        i, n = f"i{self.loops}", self.number(1, 3)
        return ["{", f"\tu64 {i} = rnd() % {n + 1};", "\tfor (;;) {",
                *("\t" + line for line in self.indented(level, 1, 2)),
                f"\t\tif ({i}-- == 0)", "\t\t\tbreak;",
                f"\t\tLOOP_BOUND({n});",
                *("\t" + line for line in self.indented(level, 1, 2)),
                "\t}", "}"]

    def s_loop_paid(self, level):
        self.loops += 1
        self.turns += 1
        i, turn = f"i{self.loops}", f"turn{self.turns}"
        renews, self.renews = self.renews, False
        body = self.indented(self.depth - 1, 1, 3, calls=False)
        self.renews = renews
        return ["{", f"\tu32 n{i} = (u32)rnd() % 5;",
                f"\tif (reserve_linear(&bound_{self.step()}, &bound_{turn}, "
                f"n{i}) != 0)", "\t\tgoto out;",
                f"\tfor (u32 {i} = 0; {i} < n{i}; {i}++) {{",
                f"\t\tLOOP_PAID(&bound_{turn});",
                *("\t" + line for line in body), "\t}", "}"]

    def step(self):
        return f"step{self.number(0, STEPS - 1)}"

    def renewal(self):
        how = self.pick(["reserve_renew()", "reserve_renew()",
                         f"reserve_row(&bound_{self.step()})",
                         "file_reserve(file, FOP_READ)",
                         "file_reserve(file, FOP_WRITE)"])
        return [f"if ({how} != 0)", "\tgoto out;"]

    def s_renew(self, level):
        if self.chance(0.3):
            return ["{", "\tint result;",
                    "\tWAIT_RENEWED(rnd() % 3 != 0, result);",
                    "\tif (result != 0)", "\t\tgoto out;", "}"]
        return self.renewal()

    def s_loop_renews(self, level):
        self.loops += 1
        i = f"i{self.loops}"
        at = [] if self.chance(0.7) else self.indented(level, 1, 1)
        return ["{", f"\tu64 n{i} = rnd() % 7;",
                f"\tfor (u64 {i} = 0; {i} < n{i}; {i}++) {{",
                *("\t" + line for line in at),
                *("\t\t" + line for line in self.renewal()),
                *("\t" + line for line in self.body_of_loop(level)),
                "\t}", "}"]

    def s_call(self, level):
        if not self.callees:
            return self.s_get(level)
        return [f"{self.pick(self.callees)}(file);"]

    def s_table(self, level):
        if not self.callees or not self.low:
            return self.s_put(level)
        return [self.pick(["steps[rnd() % ARRAY_SIZE(steps)].go(file);",
                           f"each({self.pick(self.low)}, file);"])]

    def s_file(self, level):
        op = self.pick(self.ops) if self.ops else None
        if op is None:
            return self.s_keep(level)
        if op == "poll":
            return ["file->ops->poll(file);"]
        return [f"if (file->ops->{op} != NULL)",
                f"\tfile->ops->{op}(file, NULL, 0);"]

    def s_leave(self, level):
        if self.chance(0.15):
            return ["if (rnd() % 16 == 0)", "\tpanic(\"enough\");"]
        return ["if (rnd() % 6 == 0)", "\tgoto out;"]

    def statement(self, level, calls):
        choice = [(20, self.s_get), (14, self.s_put), (7, self.s_keep),
                  (4, self.s_unkeep), (4, self.s_move), (3, self.s_swap),
                  (24, self.s_brief), (2, self.s_list), (3, self.s_count),
                  (3, self.s_balanced), (4, self.s_leave)]
        if level < self.depth:
            choice += [(12, self.s_if), (4, self.s_switch),
                       (12, self.s_loop), (3, self.s_loop_late_marker)]
            if self.renews and calls:
                choice += [(5, self.s_loop_renews), (3, self.s_loop_paid)]
        if calls:
            choice += [(9, self.s_call), (4, self.s_table), (9, self.s_file)]
            if self.renews:
                choice += [(5, self.s_renew)]
        weights = [w for w, _ in choice]
        return self.rng.choices([s for _, s in choice], weights)[0](level)

    def statements(self, level, low, high, calls=True):
        out = []
        if self.small:
            high = min(high, 3)
        for _ in range(self.number(min(low, high), high)):
            out += self.statement(level, calls)
        return out

    def indented(self, level, low, high, calls=True):
        return ["\t" + line
                for line in self.statements(level + 1, low, high, calls)]

    # Functions.

    def function(self, head, callees, ops, result=None, before=(), after=()):
        self.callees, self.ops = callees, ops
        body = [*before, *self.statements(0, 2, 6)]
        names = [f"*p{c}{k} = NULL" for c in range(len(CLASSES))
                 for k in range(2)]
        tail = []
        for c in range(len(CLASSES)):
            for k in range(2):
                p = f"p{c}{k}"
                tail += self.pick([[self.stash(p, c)], [
                    f"if ({p} != NULL)", f"\t{self.put(c, p)}"]])
        self.out += ["", *head, "{", f"\tvoid {', '.join(names[:4])};",
                     f"\tvoid {', '.join(names[4:])};", "",
                     *("\t" + line for line in body),
                     "out: __attribute__((unused));",
                     *("\t" + line for line in tail)]
        self.out += ["\t" + line for line in after]
        self.out += [f"\treturn {result};", "}"] if result else ["}"]

    def wrappers(self):
        for c in range(len(CLASSES)):
            get = self.get(c)
            self.out += WRAPPERS.replace("@GET", get).replace(
                "@PUT", self.put(c, "p")).replace("@", str(c)).split("\n")

    def functions(self):
        for t in TYPES:
            self.function(["static u32", f"{t}_poll(struct file *file)"],
                          [], [], "0")
        low = []
        for i in range(1 if self.small else self.number(1, 3)):
            self.function(["static void", f"low{i}(struct file *file)"],
                          list(low), ["poll"])
            low.append(f"low{i}")
        self.low = low
        self.out += ["", "static const struct step steps[] = {",
                     *(f"\t{{ {f} }}," for f in low), "};"]
        for t in TYPES:
            for op, arg in ("read", "char *to"), ("write",
                                                  "const char *from"):
                if op == "write" and self.chance(0.3):
                    self.out += ["", f"#define {t}_write NULL"]
                    continue
                self.function(
                    ["static long", f"{t}_{op}(struct file *file, {arg}, "
                     "u64 len)"], low, ["poll"], "0",
                    ["struct file *own = file;", "",
                     "if (rnd() & 1)", "\tfile = pick_file();"],
                    # H3: the caller goes on in a segment of its own file.
                    ["if (file != own)",
                     "\t(void)file_reserve(own, FOP_READ);"]
                    if self.renews else [])
        for i in range(self.number(0, 1 if self.small else 3)):
            self.function(["static void", f"high{i}(struct file *file)"],
                          low + self.high, ["read", "write", "poll"])
            self.high.append(f"high{i}")

    def text(self):
        self.wrappers()
        self.functions()
        calls = []
        for name in "abc"[:self.number(1, 3)]:
            self.function([f"CALL({name})"], self.low + self.high,
                          ["read", "write", "poll"], "0",
                          ["struct file *file = pick_file();"])
            calls.append(name)
        body = "\n".join(self.out)
        ops = [f"const struct file_ops {t}_ops = {{\n"
               f"\t.name = \"{t}\", .bound = {t}_bounds, "
               f".read = {t}_read,\n"
               f"\t.write = {t}_write, .poll = {t}_poll,\n}};"
               for t in TYPES]
        rows = [f"BOUND_ROW(step{i});" for i in range(STEPS)]
        rows += [f"BOUND_ROW(turn{i});" for i in range(1, self.turns + 1)]
        rows += [f"FILE_BOUNDS({t});" for t in TYPES]
        caches = [f"struct {c} {{ char bytes[{SIZES[c]}]; }};\n"
                  f"static KMEM_CACHE({c}_cache, \"{c}\", struct {c});"
                  for c in CLASSES[1:]]
        table = ", ".join(f"ROW({name})" for name in calls)
        return "\n".join([PROLOGUE, *caches, *rows, HELPERS, body, "", *ops,
                          f"\nSYSCALLS = {{ {table} }};", ""])


LEAVE = ["break;", "continue;"]
PROLOGUE = '#include "tests/bounds/mini.h"\n'
HELPERS = f"""
extern const struct file_ops {TYPES[0]}_ops, {TYPES[1]}_ops;
static struct file files[] = {{ {{ &{TYPES[0]}_ops }}, {{ &{TYPES[1]}_ops }} }};
static void *kept[{len(CLASSES)}][{KEPT}];
static struct node {{ struct node *next; }} *list[{len(CLASSES)}];
struct step {{
	void	(*go)(struct file *file);
}};

static struct file *
pick_file(void)
{{
	return &files[rnd() % ARRAY_SIZE(files)];
}}

static void
keep(u32 cls, void *p)
{{
	kept[cls][rnd() % {KEPT}] = p;
}}

static void *
unkeep(u32 cls)
{{
	u64 i = rnd() % {KEPT};
	void *p = kept[cls][i];

	kept[cls][i] = NULL;
	return p;
}}

static void
push(u32 cls, struct node *n)
{{
	n->next = list[cls];
	list[cls] = n;
}}

static struct node *
pop(u32 cls)
{{
	struct node *n = list[cls];

	list[cls] = n->next;
	return n;
}}

static void
each(void (*fn)(struct file *file), struct file *file)
{{
	for (int i = 0; i < 2; i++)
		fn(file);
}}"""
WRAPPERS = """
static void *
make_@(void)
{
	void *p = @GET;

	use(p);
	return p;
}

static void *
extra_@(void)
{
	keep(@, @GET);
	return make_@();
}

static void *
maybe_@(void)
{
	return rnd() & 1 ? @GET : NULL;
}

static void *
old_@(void)
{
	void *p = unkeep(@);

	return p != NULL ? p : @GET;
}

static void *
stale_@(void)
{
	void *p = @GET;

	(void)reserve_renew();
	return p;
}

static void *
renewed_@(void)
{
	(void)reserve_renew();
	return @GET;
}

static void
give_@(void *p)
{
	use(p);
	@PUT
}

static void
lose_@(void *p)
{
	if (rnd() & 1)
		keep(@, p);
	else
		@PUT
}

static void
late_@(void *p)
{
	(void)reserve_renew();
	@PUT
}"""


def generate(seed):
    return Program(seed).text()


if __name__ == "__main__":
    import sys
    print(generate(int(sys.argv[1])))
