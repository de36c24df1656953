"""The report of `make bench`: Markdown, both kernels side by side."""

import targets


def number(x):
    if x is None:
        return "-"
    if x >= 99950:
        return "%.0fk" % (x / 1000)
    if x >= 9995:
        return "%.1fk" % (x / 1000)
    return "%.0f" % x if x >= 10 else "%.1f" % x


def ratio(ours, theirs):
    return "%.2f" % (ours / theirs) if ours and theirs else "-"


def cell(row, key):
    """A figure; where it is missing, that a reason follows the table."""
    if row.get(key) is not None:
        return number(row[key])
    return "skip" if "skip" in row else "-"


def verdict(ours, theirs, target):
    if ours is None:
        return "no figure"
    if target is not None and ours <= target:
        return "target reached"
    if theirs is None:
        return "Linux has no figure"
    # The timer's ticks fall differently in each run: that much is noise.
    if ours <= theirs * 1.005 + 0.5:
        return "below Linux" if target else "ok"
    return "ABOVE LINUX"


def main_table(figures, tests):
    out = ["| test | insn/op: Linux | Hardtack | ratio | target | verdict "
           "| ns/op: Linux | Hardtack | ratio |",
           "|---|---:|---:|---:|---:|---|---:|---:|---:|"]
    for t in tests:
        if t not in figures:
            continue
        lx = figures[t].get("Linux", {})
        ht = figures[t].get("Hardtack", {})
        target = targets.TARGETS.get(t)
        out.append("| %s | %s | %s | %s | %s | %s | %s | %s | %s |" % (
            t, cell(lx, "kinsn"), cell(ht, "kinsn"),
            ratio(ht.get("kinsn"), lx.get("kinsn")), number(target),
            verdict(ht.get("kinsn"), lx.get("kinsn"), target),
            cell(lx, "ns"), cell(ht, "ns"),
            ratio(ht.get("ns"), lx.get("ns"))))
    return out


def contended(row):
    if "locks" not in row or not row["locks"][0]:
        return "-"
    acquired, taken = row["locks"]
    return "%.2f%% (%d of %d)" % (100 * taken / acquired, taken, acquired)


def scaling_row(what, one, two, name):
    """One kernel's line; instructions are for each thread's operation."""
    if not one.get("kinsn") or not two.get("kinsn"):
        why = two.get("skip", one.get("skip", "no figure"))
        return "| %s | %s | - | - | - | - | - | %s |" % (what, name, why)
    each = two["kinsn"] / 2
    growth = each / one["kinsn"] - 1
    good = growth <= targets.SCALING_SLACK
    if two.get("locks", (0, 0))[0]:
        good &= two["locks"][1] / two["locks"][0] < targets.CONTENDED_MAX
    return "| %s | %s | %s | %s | %+.1f%% | %s | %s | %s |" % (
        what, name, number(one["kinsn"]), number(each), 100 * growth,
        ratio(two.get("ns"), one.get("ns")), contended(two),
        "ok" if good else "TOO MUCH")


def scaling_table(figures):
    out = ["| work | kernel | insn/op, 1 thread | each of 2 | more "
           "| time of 2 / time of 1 | contended acquisitions | verdict |",
           "|---|---|---:|---:|---:|---:|---:|---|"]
    for what, one, two in targets.SCALING:
        for name in ("Linux", "Hardtack"):
            if one in figures and (name in figures[one]
                                   or name in figures.get(two, {})):
                out.append(scaling_row(
                    what, figures[one].get(name, {}),
                    figures.get(two, {}).get(name, {}), name))
    return out


def skipped(figures, notes):
    out = []
    for t in sorted(figures):
        for name, row in sorted(figures[t].items()):
            if "skip" in row:
                out.append("- %s on %s: %s" % (t, name, row["skip"]))
    return out + ["- " + n for n in notes]


def write(figures, notes, more=()):
    """The report, and how many tests Hardtack answered."""
    aimed = [t for t in targets.TARGETS if t in figures]
    ours = {t: figures[t].get("Hardtack", {}).get("kinsn")
            for t in figures}
    verdicts = [verdict(ours[t], figures[t].get("Linux", {}).get("kinsn"),
                        targets.TARGETS[t]) for t in aimed]
    answered = sum(v is not None for v in ours.values())
    out = ["# Kernel instructions and time per operation", "",
           "One virtual CPU, QEMU TCG, the same machine, programs and kind "
           "of root for both;", "see docs/benchmarks.md.", "",
           "## With a target", ""]
    out += main_table(figures, aimed)
    out += ["", "## Others", ""]
    out += main_table(figures, [t for t in targets.OTHERS if t in figures])
    two = [t for t in targets.TWO_CPUS if t in figures]
    if two:
        out += ["", "## Between two CPUs (block counts, spinning included)",
                ""]
        out += main_table(figures, two)
    out += ["", "## Scaling on two CPUs", ""]
    out += scaling_table(figures)
    out += more
    missing = skipped(figures, notes)
    if missing:
        out += ["", "## Not measured", ""] + missing
    out += ["", "%d of %d targets reached, %d below Linux, %d above it, "
            "%d without a figure." % (
                verdicts.count("target reached"), len(aimed),
                verdicts.count("below Linux"),
                verdicts.count("ABOVE LINUX"),
                verdicts.count("no figure")
                + verdicts.count("Linux has no figure")), ""]
    return "\n".join(out), answered
