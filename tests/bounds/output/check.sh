#!/bin/sh
# What tools/bounds says to people: diff, peaks, budget, the page, from results
# made by hand; and bounds.json, the table and `why` of a small program, if the
# analyzer has been built. The last line counts.
#
# test: timeout 60
set -u
cd "$(dirname "$0")/../../.." || exit 1
data=tests/bounds/output
tools=tools/bounds
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0

# check WHAT COMMAND...: it must succeed.
check() {
	what=$1
	shift
	if "$@" > "$tmp/said" 2>&1; then
		passed=$((passed + 1))
		echo "ok $what"
	else
		failed=$((failed + 1))
		echo "not ok $what"
		sed 's/^/	| /' "$tmp/said"
	fi
}

# status N COMMAND...: it must exit with N; its output is in $tmp/out.
status() {
	want=$1
	shift
	"$@" > "$tmp/out" 2> "$tmp/err"
	got=$?
	[ "$got" = "$want" ] || {
		echo "exit status $got, not $want"
		cat "$tmp/out" "$tmp/err"
		false
	}
}
has() { grep -qF -e "$1" "$tmp/out" || { cat "$tmp/out"; false; }; }
lacks() { ! has "$1" > /dev/null; }

# edit NAME PYTHON: new results from the old ones, `d`, and its rows, `r`.
edit() {
	python3 - "$data/old.json" "$tmp/$1.json" "$2" <<-'END'
	import json, sys
	d = json.load(open(sys.argv[1]))
	r = {row["name"]: row for row in d["rows"]}
	exec(sys.argv[3])
	d["rows"] = list(r.values())
	json.dump(d, open(sys.argv[2], "w"))
	END
}

# ---- diff ----

edit same ''
check "diff: equal results" status 0 $tools/diff $data/old.json "$tmp/same.json"
check "diff: equal results have no table" lacks '|'

edit grown 'r["fault"].update(frames=9, need={"frame": 9})'
check "diff: growth fails" status 1 $tools/diff $data/old.json "$tmp/grown.json"
check "diff: growth is shown" has '| fault | 7 -> 9 | +2 | frame 7 -> 9 |'
check "diff: growth may be allowed" \
	status 0 $tools/diff --allow $data/old.json "$tmp/grown.json"
check "diff: the other way it is shrunk" \
	status 0 $tools/diff "$tmp/grown.json" $data/old.json
check "diff: and shown" has '| fault | 9 -> 7 | -2 | frame 9 -> 7 |'

edit rows 'del r["sys_gone"]; r["sys_new"] = dict(r["fault"], name="sys_new")'
check "diff: new rows pass" status 0 $tools/diff $data/old.json "$tmp/rows.json"
check "diff: a new row" has '| sys_new | 7 | +7 | 7 frame |'
check "diff: a row that went" has '| sys_gone | 1 | -1 | 1 frame |'

edit moved 'r["sys_mmap"]["need"] = {"frame": 1, "vma": 43}'
check "diff: other objects, the same frames" \
	status 0 $tools/diff $data/old.json "$tmp/moved.json"
check "diff: are shown" has '| sys_mmap | 3 | +0 | frame 2 -> 1, vma 2 -> 43 |'

edit more 'd["stack"][0]["bytes"] = 1500; d["annotations"] *= 3'
check "diff: the rest" status 0 $tools/diff $data/old.json "$tmp/more.json"
check "diff: stacks" has '- stack of sys_mmap: 1400 -> 1500'
check "diff: annotations" has '- annotations: 1 -> 3'

echo '{}' > "$tmp/no.json"
check "diff: what is no result" \
	status 1 $tools/diff $data/old.json "$tmp/no.json"

# ---- peaks ----

check "peaks: a log" status 0 $tools/peaks $data/reserve.log
check "peaks: the highest" has 'fault 9 7'
check "peaks: of each row" has 'sys_pipe2 6 2'
check "peaks: rows without frames" has 'pipe.read 0 0'
check "peaks: no other table, no other line" lacks exit
check "peaks: every line" test "$(wc -l < "$tmp/out")" = 3
cp "$tmp/out" "$tmp/peaks"
echo 'fault 9 8' > "$tmp/later"
check "peaks: its own output" status 0 $tools/peaks "$tmp/peaks" "$tmp/later"
check "peaks: merged" has 'fault 9 8'
echo 'fault 9 10' > "$tmp/breach"
check "peaks: a breach fails" status 1 $tools/peaks "$tmp/peaks" "$tmp/breach"
check "peaks: a breach is named" \
	grep -q 'fault took 10 frames, its bound is 9' "$tmp/err"
check "peaks: a log without the table fails" status 1 $tools/peaks /dev/null

# ---- the budget ----

mkdir "$tmp/src"
{
	echo '/* for_bound(1, x) in a comment */'
	echo '#define for_bound(n) while_bound(n)'
	echo 'const char *s = "LOOP_PAID(x)";'
	echo 'for_bound(8, int i = 0; i < n; i++)'
	yes 'x();' | head -n 397
} > "$tmp/src/a.c"
check "budget: within" status 0 $tools/budget "$tmp/src"
check "budget: comments, literals and definitions are none" \
	has 'annotations: 1 in 399 lines of code, 1 are allowed'
echo 'while_bound(4, x)' >> "$tmp/src/a.c"
check "budget: 2 in 400" status 0 $tools/budget "$tmp/src"
echo 'LOOP_PAID(&bound_x);' >> "$tmp/src/a.c"
check "budget: over" status 1 $tools/budget "$tmp/src"
check "budget: says where" has "   3 $tmp/src/a.c"

# ---- the page ----

check "page: is made" status 0 $tools/report.py --peaks "$tmp/peaks" \
	--folded "$tmp/folded" -o "$tmp/page.html" $data/old.json
check "page: asks nothing of a network" \
	sh -c "! grep -nE '(src|href)=\"?[a-z]+:|url\(|@import|fetch\(' \
	'$tmp/page.html' | grep -v 'href=\"data:,\"'"
check "page: data cannot end its element" \
	sh -c "test \$(grep -o '</script>' '$tmp/page.html' | wc -l) = 2"
check "page: nothing is left to fill in" \
	sh -c "! grep -E '/\*(DATA|STYLE|SCRIPT)\*/' '$tmp/page.html'"
check "page: fails at a breach" status 1 $tools/report.py \
	--peaks "$tmp/breach" -o "$tmp/page2.html" $data/old.json

# The widths of a row's boxes add up to its bound.
check "folded: what a row is" grep -qxF \
	'fault;pt_alloc;frame_get_zero;frame 12288' "$tmp/folded"
check "folded: other paths" \
	grep -qxF 'sys_pipe2;other paths;vma 8192' "$tmp/folded"
check "folded: sums" python3 - "$tmp/folded" <<'END'
import collections, sys
sums = collections.Counter()
for line in open(sys.argv[1]):
    stack, w = line.rsplit(" ", 1)
    sums[stack.split(";")[0]] += int(w)
want = {"fault": 7, "sys_gone": 1, "sys_mmap": 3, "sys_pipe2": 7}
got = {name: round(w / 4096, 3) for name, w in sums.items()}
sys.exit(0 if got == want else f"{got}, not {want}")
END
if command -v node > /dev/null; then
	check "page: its script" node $data/page.js "$tmp/page.html"
fi

# ---- what the analyzer itself writes ----

tool=${BOUNDS:-build/tools/bounds}
ask() { "$tool" --quiet --facts $data/small.facts "$@" "$tmp/small.bc"; }
same_twice() {
	ask --table "$tmp/table2.c" --json "$tmp/small2.json" &&
	cmp "$tmp/table.c" "$tmp/table2.c" &&
	cmp "$tmp/small.json" "$tmp/small2.json"
}
# The table compiles in the kernel, with both compilers' warnings.
compiles() {
	for cc in gcc clang; do
		$cc -std=gnu11 -ffreestanding -Wall -Wextra -Werror -I. \
			-fsyntax-only "$tmp/table.c" || return
	done
}
table_edit() { sed "$1" "$tmp/table.c" > "$tmp/edited.c"; }

if [ -x "$tool" ]; then
	check "small.c: compiles" ${CLANG:-clang} -std=gnu11 -ffreestanding \
		-fno-strict-aliasing -DHARDTACK_ANALYZE -g -O0 -Xclang \
		-disable-O0-optnone -w -emit-llvm -c -I. \
		-o "$tmp/small.bc" $data/small.c
	check "small.c: is analysed" ask --table "$tmp/table.c" \
		--json "$tmp/small.json"
	cp "$tmp/table.c" "$tmp/out"
	check "table: frames and caches" has '{ "sys_store", .frames = 6,'
	check "table: objects" has '{ { "node", 21 } } },'
	check "table: a row of nothing" has '{ "sys_nothing", .frames = 0 },'
	check "table: compiles" compiles
	check "table and JSON: the same again" same_twice
	check "table: is current" status 0 ask --check "$tmp/table.c"
	table_edit 's/"node", 21/"node", 20/'
	check "table: another count" status 1 ask --check "$tmp/edited.c"
	check "table: says which" has 'sys_store: node 20 -> 21'
	table_edit 's/frames = 6,/frames = 7,/'
	check "table: other frames" status 1 ask --check "$tmp/edited.c"
	check "table: says from what" has 'sys_store: frames 7 -> 6'
	table_edit '/sys_nothing/d'
	check "table: a row is missing" status 1 ask --check "$tmp/edited.c"
	check "table: says that it is new" has 'sys_nothing: a new row'
	table_edit 's/sys_nothing/sys_nobody/'
	check "table: a row too many" status 1 ask --check "$tmp/edited.c"
	check "table: says that it went" has 'sys_nobody: is no row any more'
	table_edit 's/Generated/Made/'
	check "table: another text" status 1 ask --check "$tmp/edited.c"
	check "table: none" status 1 ask --check "$tmp/no-such.c"

	check "why: by its short name" status 0 ask why store
	check "why: the bound" has 'at most 8 frames, 32 KiB'
	check "why: classes" has '2  21 node of 248 bytes, 16 to a frame'
	check "why: an indirect call" \
		has "fill_frames [store.fill]  $data/small.c:37"
	check "why: another path" has '21 node, where this one has 1'
	check "why: a function" status 0 ask why fill_nodes
	check "why: its sum" has '(20 turns)'
	check "why: an unknown name" status 2 ask why fill
	check "why: suggests" grep -q 'fill_frames(), fill_nodes()' "$tmp/err"

	check "JSON: reasons, needs, paths" python3 - "$tmp/small.json" <<-'END'
	import json, sys
	d = json.load(open(sys.argv[1]))
	why = [a["why"] for a in d["annotations"]]
	assert why == ["A store has at most 6 frames: its header has room for "
	               "no more.", "a leaf's keys"], why
	row = next(r for r in d["rows"] if r["name"] == "sys_store")
	assert row["need"] == {"frame": 6, "node": 21}, row
	assert row["elsewhere"] == {"node": 20}, row
	assert row["path"]["calls"][1]["slot"] == "store.fill", row
	assert d["indirect"]["targets"] == 2 and not d["errors"]
	END
	check "JSON: makes a page" status 0 $tools/report.py \
		-o "$tmp/small.html" "$tmp/small.json"
else
	echo "skip $tool is not built"
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
