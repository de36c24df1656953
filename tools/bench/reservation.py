"""What reserving memory costs a call: a part of `make bench`.

Every system call, fault and renewal of Hardtack first reserves the frames
that it can ever take (docs/reservation.md); most of that is inline code in
its callers. The plugin counts how often each kernel instruction runs between
the marks; the kernel's debug information says which of them were compiled
from the files of the reservation. So the kernel needs no hook for it.
"""

import collections
import os
import re
import subprocess
import tempfile

import counters
import guest
import targets

# An instruction is the reservation's if it, or what it was inlined into, is
# from one of these.
FILES = re.compile(r"kernel/(vm/reserve|mem/charge)\.[ch]\b")
# How a segment begins in the common case: it takes from the CPU's credit.
BEGINS = re.compile(r"\block sub\w*\s.*%gs:")

# All for one operation.
Cost = collections.namedtuple("Cost", "total reservation segments")


def own_instructions(image, addresses):
    """Those addresses that are the reservation's."""
    text = "".join("%#x\n" % a for a in addresses)
    out = subprocess.run(["addr2line", "-a", "-i", "-e", image], input=text,
                         capture_output=True, text=True, check=True).stdout
    own, address = set(), None
    for line in out.splitlines():
        if line.startswith("0x"):
            address = int(line, 16)
        elif FILES.search(line):
            own.add(address)
    return own


def beginnings(image):
    """Addresses of the instructions by which a segment begins."""
    out = subprocess.run(["objdump", "-d", "--no-show-raw-insn", image],
                         capture_output=True, text=True, check=True).stdout
    return {int(line.split(":")[0], 16) for line in out.splitlines()
            if BEGINS.search(line)}


def measure_one(kernel, test, build, reps, begins):
    """The test's Cost, or why there is none."""
    fd, hot = tempfile.mkstemp(prefix="hot.", dir="/dev/shm")
    os.close(fd)
    result = guest.Result()
    try:
        run = guest.Run(kernel, [guest.plan_line(test, reps)], build, 1,
                        "inline", hot, "insn")
        with open(os.path.join(build, "reservation.log"), "ab") as log:
            lines, snaps, end = run.go(log)
        guest.absorb(result, lines, snaps, True)
        ran = counters.profile(hot) if os.path.getsize(hot) else {}
    finally:
        os.unlink(hot)
    ops = sum(s.n for s in result.samples[test])
    if not ops or not ran:
        return result.skips.get(test, end)
    own = own_instructions(kernel.image, ran)
    return Cost(sum(ran.values()) / ops,
                sum(ran[a] for a in own) / ops,
                sum(ran[a] for a in own & begins) / ops)


def measure(kernel, build, reps, only=""):
    """Lines for the report, and whether all is within the limits."""
    tests = [t for t in targets.RESERVATION if re.search(only, t[0])]
    if not tests:
        return [], True
    open(os.path.join(build, "reservation.log"), "wb").close()
    begins = beginnings(kernel.image)
    out = ["", "## Reservation", "",
           "| test | insn/op | of these, reservation | limit | verdict "
           "| segments with a bound/op |",
           "|---|---:|---:|---:|---|---:|"]
    good = True
    for test, limit in tests:
        cost = measure_one(kernel, test, build, reps, begins)
        if isinstance(cost, str):
            out.append("| %s | - | - | - | no figure: %s | - |" % (
                test, cost))
            good = False
            continue
        fits = limit is None or cost.reservation < limit
        good &= fits
        out.append("| %s | %.1f | %.1f | %s | %s | %.2f |" % (
            test, cost.total, cost.reservation,
            "-" if limit is None else "< %d" % limit,
            "" if limit is None else "ok" if fits else "TOO MUCH",
            cost.segments))
    return out, good
