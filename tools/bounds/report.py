#!/usr/bin/env python3
"""Make the page of bounds: tools/bounds/report.py [options] BOUNDS.json

One HTML file with all that it needs in it. --folded writes the costliest paths
as folded stacks too ("row;function;...;class bytes"), for flame graph tools.
"""

import argparse
import json
import os
import sys

import results

HERE = os.path.dirname(os.path.abspath(__file__))


def join(data, marks, budget):
    """Add to the analyzer's results what others have measured."""
    classes = {c["name"]: c for c in data["classes"]}
    stacks = results.stacks_by_name(data)
    data.setdefault("stack", [])
    data["budget"] = budget
    for row in data["rows"]:
        if "path" in row:
            results.weigh(row, classes)
        if row["name"] in marks:
            bound, peak = marks[row["name"]]
            row["mark"] = {"bound": bound, "peak": peak}
        stack = stacks.get(row["name"])
        if stack:
            row["stack"] = {"bytes": stack["bytes"], "limit": stack["limit"]}


def part(name):
    with open(os.path.join(HERE, name)) as f:
        return f.read()


def page(data):
    """The parts put together. A "<" of the data cannot end its element."""
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    out = part("page.html")
    for mark, name in (("/*STYLE*/", "page.css"), ("/*SCRIPT*/", "page.js")):
        before, after = out.split(mark)
        out = before + part(name).rstrip() + after
    before, after = out.split("/*DATA*/")
    return before + text + after


def folded(row):
    """Folded stacks of a row; a name has neither semicolon nor newline."""
    lines = {}

    def walk(node, names):
        names = names + [node["fn"]]
        if "class" in node:
            key = ";".join(names + [node["class"]])
            lines[key] = lines.get(key, 0) + round(node["w"])
        for kid in node.get("calls", []):
            walk(kid, names)

    walk(row["path"], [])
    return [f"{key} {w}" for key, w in lines.items() if w]


def main():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("bounds", metavar="BOUNDS.json")
    p.add_argument("-o", "--output", default="bounds.html", metavar="FILE")
    p.add_argument("--peaks", metavar="FILE",
                   help="lines \"name bound peak\", see tools/bounds/peaks")
    p.add_argument("--budget", metavar="FILE", help="of tools/bounds/budget")
    p.add_argument("--folded", metavar="FILE")
    o = p.parse_args()
    data = results.load(o.bounds)
    marks, breaches, budget = {}, [], None
    if o.peaks and os.path.exists(o.peaks):
        marks, breaches = results.merge_marks([o.peaks])
    if o.budget and os.path.exists(o.budget):
        with open(o.budget) as f:
            budget = json.load(f)
    join(data, marks, budget)
    with open(o.output, "w") as f:
        f.write(page(data))
    if o.folded:
        with open(o.folded, "w") as f:
            for row in data["rows"]:
                if "path" in row:
                    f.write("".join(line + "\n" for line in folded(row)))
    for name, bound, peak, _ in breaches:
        print(f"{o.peaks}: {name} took {peak} frames, its bound was {bound}",
              file=sys.stderr)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
