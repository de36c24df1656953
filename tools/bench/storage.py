"""Files on a disk: a part of `make bench`.

Both kernels mount an ext4 file system, made anew for each boot, on the same
emulated AHCI disk, and run kbench's tests of files and of the disk there. The
image is a file of the host that QEMU opens with cache=unsafe: a flush costs the
guest its instructions and no more, so what the host's own disk is doing does
not show.
"""

import re

import targets
from report import cell, ratio, skipped


def passes(only, is_quick):
    """(name, CPUs, plugin mode, tests)"""
    one, two = targets.DISK_LINES, ()
    if not is_quick:
        one, two = one + targets.DISK_OTHERS, targets.DISK_TWO_CPUS
    one = [t for t in one if re.search(only, t)]
    two = [t for t in two if re.search(only, t)]
    return [p for p in (("disk-counts-1", 1, "inline", one),
                        ("disk-times-1", 1, None, one),
                        ("disk-counts-2", 2, "tb", two),
                        ("disk-times-2", 2, None, two)) if p[3]]


def verdict(ours, theirs):
    if not ours or not theirs:
        return "no figure"
    if ours <= theirs * targets.DISK_GOAL:
        return "goal reached"
    return "below Linux" if ours <= theirs else "ABOVE LINUX"


def rate(test, ns):
    """What an operation in so many ns means, where that is more telling."""
    if ns is None or test in targets.DISK_LINES:
        return "-"
    if test.endswith("_mib"):
        return "%.0f MiB/s" % (1e9 / ns)
    return "%.0f/s" % (1e9 / ns)


def table(figures, tests):
    out = ["| test | insn/op: Linux | Hardtack | ratio | verdict "
           "| ns/op: Linux | Hardtack | ratio | Linux | Hardtack |",
           "|---|---:|---:|---:|---|---:|---:|---:|---:|---:|"]
    verdicts = []
    for t in tests:
        if t not in figures:
            continue
        lx, ht = (figures[t].get(k, {}) for k in ("Linux", "Hardtack"))
        verdicts.append(verdict(ht.get("kinsn"), lx.get("kinsn")))
        out.append("| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |" % (
            t, cell(lx, "kinsn"), cell(ht, "kinsn"),
            ratio(ht.get("kinsn"), lx.get("kinsn")), verdicts[-1],
            cell(lx, "ns"), cell(ht, "ns"),
            ratio(ht.get("ns"), lx.get("ns")),
            rate(t, lx.get("ns")), rate(t, ht.get("ns"))))
    return out, verdicts


def flush_share(row):
    flushes, fsyncs = row.get("flushes", (0, 0))
    return flushes / fsyncs if fsyncs else None


def group_commit(figures):
    """Do many who sync at once share a flush? From the untimed run."""
    one, many, limit = targets.GROUP_COMMIT
    out = ["| kernel | flushes per fsync, 1 thread | 16 threads | ratio "
           "| limit | verdict |", "|---|---:|---:|---:|---:|---|"]
    for name in ("Linux", "Hardtack"):
        alone = flush_share(figures.get(one, {}).get(name, {}))
        shared = flush_share(figures.get(many, {}).get(name, {}))
        if not alone or shared is None:
            continue
        out.append("| %s | %.2f | %.3f | %.2f | %.2f | %s |" % (
            name, alone, shared, shared / alone, limit,
            "ok" if shared <= limit * alone else "TOO MANY"))
    return out


def write(figures, notes):
    """Lines for the report."""
    if not figures:
        return ["", "## Storage: no figures", ""] + ["- " + n for n in notes]
    one, v1 = table(figures, targets.DISK_LINES + targets.DISK_OTHERS)
    two, v2 = table(figures, targets.DISK_TWO_CPUS)
    verdicts = v1 + v2
    out = ["", "## Storage: ext4 on an AHCI disk, one CPU", ""] + one
    out += ["", "## Storage, two CPUs (block counts)", ""] + two
    out += ["", "## Group commit", ""] + group_commit(figures)
    missing = skipped(figures, notes)
    if missing:
        out += ["", "### Not measured", ""] + missing
    return out + ["", "Storage: %s." % ", ".join(
        "%d %s" % (verdicts.count(v), v) for v in (
            "goal reached", "below Linux", "ABOVE LINUX", "no figure"))]
