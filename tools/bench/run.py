"""Compare Hardtack with Debian's Linux, test by test: `make bench`.

    python3 tools/bench/run.py --build DIR --linux IMAGE --kernel IMAGE
        --root CPIO [--rounds N] [--reps N] [--only REGEX] [--quick]
        [--storage | --no-storage]

Four kinds of run, each on both kernels in turn, so that the noise of the
host falls on both alike:

    one CPU with the counting plugin    exact instructions
    one CPU without it                  ns for each operation
    two CPUs with it                    instructions of the scaling lines
    two CPUs without it                 their ns

The same four again with files on a disk (storage.py). Last, Hardtack alone:
what of its instructions is reservation of memory.

Instructions are the median over all repetitions, ns the best. The report
goes to the terminal and to DIR/report.md, raw samples to DIR/samples.jsonl,
the serial lines to DIR/*.log.
"""

import argparse
import json
import os
import re
import statistics
import sys
import time

import guest
import report
import reservation
import storage
import targets


def arguments():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--build", required=True)
    ap.add_argument("--linux", required=True)
    ap.add_argument("--kernel", required=True)
    ap.add_argument("--root", required=True)
    ap.add_argument("--rounds", type=int, default=1)
    ap.add_argument("--reps", type=int, default=3)
    ap.add_argument("--only", default="", help="tests that match")
    ap.add_argument("--quick", action="store_true",
                    help="only the tests that have a target")
    ap.add_argument("--storage", action="store_true",
                    help="only the tests of files on a disk")
    ap.add_argument("--no-storage", action="store_true",
                    help="all but these")
    return ap.parse_args()


def kernels(a):
    out = [guest.Kernel("Linux", a.linux, targets.LINUX_TUNED, modules=(
        os.path.join(os.path.dirname(a.linux), "modules")))]
    if os.path.exists(a.kernel) and os.path.exists(a.root):
        out.append(guest.Kernel("Hardtack", a.kernel,
                                targets.HARDTACK_TUNED, a.root))
    else:
        print("bench: no %s or no %s: Linux alone" % (a.kernel, a.root))
    return out


def passes(a):
    """(name, CPUs, plugin mode, tests)"""
    one = list(targets.TARGETS)
    if not a.quick:
        one += targets.OTHERS
    two = [t for row in targets.SCALING for t in row[1:]]
    if not a.quick:
        two += targets.TWO_CPUS
    one = [t for t in one if re.search(a.only, t)]
    two = [t for t in two if re.search(a.only, t)]
    return [p for p in (("counts-1", 1, "inline", one),
                        ("times-1", 1, None, one),
                        ("counts-2", 2, "tb", two),
                        ("times-2", 2, None, two)) if p[3]]


def dump(f, kernel, pass_name, result):
    for test, samples in result.samples.items():
        for s in samples:
            f.write(json.dumps(dict(
                kernel=kernel.name, run=pass_name, test=test, n=s.n,
                ns=s.ns, **(s.counts or {}))) + "\n")


def merge(results, name, pass_name, result):
    """Fold one run's result into the figures: per test, or why not."""
    for test, samples in result.samples.items():
        row = results.setdefault(test, {}).setdefault(name, {})
        counted = [s.counts["kinsn"] / s.n for s in samples if s.counts]
        if counted:
            row.setdefault("kinsn_all", []).extend(counted)
            row["kinsn"] = statistics.median(row["kinsn_all"])
        if "times" in pass_name:
            row["ns"] = min([s.ns for s in samples]
                            + [row.get("ns", float("inf"))])
    for test, why in result.skips.items():
        results.setdefault(test, {}).setdefault(name, {})["skip"] = why
    for test, lock in result.locks.items():
        row = results.setdefault(test, {}).setdefault(name, {})
        old = row.get("locks", (0, 0))
        row["locks"] = (old[0] + lock[0], old[1] + lock[1])
    for test, flushes in result.flushes.items():
        row = results.setdefault(test, {}).setdefault(name, {})
        row["flushes"] = flushes


def run_all(a, both, todo, raw, disk=False):
    """Make these runs on both kernels; the figures, and notes about them."""
    figures, notes = {}, []
    for name, smp, mode, tests in todo:
        for k in both:
            start = time.monotonic()
            r = guest.Result()
            guest.measure(r, k, tests, a.build, smp, mode, a.reps,
                          os.path.join(a.build, k.name.lower() + ".log"),
                          disk)
            dump(raw, k, name, r)
            merge(figures, k.name, name, r)
            notes += ["%s: %s" % (name, n) for n in r.notes]
            print("bench: %s on %s: %d of %d tests, %.0f s" % (
                name, k.name, len(r.samples), len(tests),
                time.monotonic() - start), flush=True)
    return figures, notes


def main():
    a = arguments()
    both = kernels(a)
    for k in both:
        log = os.path.join(a.build, k.name.lower() + ".log")
        open(log, "wb").close()
    figures, notes, more, cheap = {}, [], [], True
    with open(os.path.join(a.build, "samples.jsonl"), "w") as raw:
        if not a.storage:
            figures, notes = run_all(a, both, passes(a) * a.rounds, raw)
        if not a.no_storage:
            todo = storage.passes(a.only, a.quick) * a.rounds
            more = storage.write(*run_all(a, both, todo, raw, True))
    if both[-1].base and both[-1].begins and not a.storage:
        start = time.monotonic()
        costs, cheap = reservation.measure(both[-1], a.build, a.reps, a.only)
        more += costs
        print("bench: cost of reservation, %.0f s" % (
            time.monotonic() - start), flush=True)
    text, answered = report.write(figures, notes, more)
    with open(os.path.join(a.build, "report.md"), "w") as f:
        f.write(text)
    print(text)
    if not cheap:
        print("bench: reservation costs too much")
    sys.exit(0 if (answered or more) and cheap else 1)


main()
