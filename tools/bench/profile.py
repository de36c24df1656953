"""Where do the kernel instructions of one test go? `make bench-profile`.

    python3 tools/bench/profile.py --build DIR --linux IMAGE --kernel IMAGE
        --root CPIO --test NAME [--storage] [--top N]

Both kernels run the one test with the plugin's profile on; the blocks are
named by the kernels' symbols: nm of our image, and Linux's own list, which
the guest sends once (it is kept in DIR/linux.symbols).
"""

import argparse
import bisect
import collections
import os
import subprocess
import sys
import tempfile

import counters
import guest
import targets


def symbols_of(text):
    """Sorted (address, name) of the functions in an nm-like listing."""
    out = []
    for line in text.split("\n"):
        f = line.split()
        if len(f) >= 3 and f[1] in "tTwW" and int(f[0], 16) >> 63:
            out.append((int(f[0], 16), f[2]))
    return sorted(out)


def hardtack_symbols(image):
    return symbols_of(subprocess.run(
        ["nm", image], capture_output=True, text=True, check=True).stdout)


def linux_symbols(kernel, build):
    """From the guest's /proc/kallsyms, through the debug port, once."""
    kept = os.path.join(build, "linux.symbols")
    if (not os.path.exists(kept) or not os.path.getsize(kept)
            or os.path.getmtime(kept) < os.path.getmtime(kernel.image)):
        run = guest.Run(kernel, ["symbols"], build, 1,
                        debugcon=os.path.abspath(kept))
        with open(os.path.join(build, "symbols.log"), "wb") as log:
            run.go(log)
    with open(kept) as f:
        return symbols_of(f.read())


def profile(kernel, symbols, test, build, reps, top, disk):
    fd, hot = tempfile.mkstemp(prefix="hot.", dir="/dev/shm")
    os.close(fd)
    result = guest.Result()
    try:
        run = guest.Run(kernel, [guest.plan_line(test, reps)], build, 1,
                        "inline", hot, disk=disk)
        with open(os.path.join(build, "profile.log"), "wb") as log:
            lines, snaps, end = run.go(log)
        guest.absorb(result, lines, snaps, True)
        blocks = counters.profile(hot) if os.path.getsize(hot) else {}
    finally:
        os.unlink(hot)
    show(kernel, symbols, result, blocks, test, end, top)


def show(kernel, symbols, result, blocks, test, end, top):
    ops = sum(s.n for s in result.samples[test])
    print("\n## %s: %s\n" % (kernel.name, test))
    if not ops:
        print("no figure: %s" % result.skips.get(test, end))
        return
    addresses = [s[0] for s in symbols]
    by_name = collections.Counter()
    for vaddr, insns in blocks.items():
        if vaddr >> 63:
            i = bisect.bisect_right(addresses, vaddr) - 1
            by_name[symbols[i][1] if i >= 0 else "?"] += insns
    total = sum(by_name.values())
    print("%.1f kernel instructions for each operation\n" % (total / ops))
    print("| function | insn/op | share |\n|---|---:|---:|")
    for name, insns in by_name.most_common(top):
        if insns < total / 1000:
            break
        print("| %s | %.1f | %.1f%% |" % (name, insns / ops,
                                          100 * insns / total))


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("build", "linux", "kernel", "root", "test"):
        ap.add_argument("--" + name, required=True)
    ap.add_argument("--top", type=int, default=40)
    ap.add_argument("--reps", type=int, default=2)
    ap.add_argument("--storage", action="store_true",
                    help="with its files on the disk")
    a = ap.parse_args()
    if not a.test:
        sys.exit("say which: make bench-profile TEST=open_close")
    lx = guest.Kernel("Linux", a.linux, targets.LINUX_TUNED, modules=(
        os.path.join(os.path.dirname(a.linux), "modules")))
    profile(lx, linux_symbols(lx, a.build), a.test, a.build, a.reps, a.top,
            a.storage)
    if os.path.exists(a.kernel) and os.path.exists(a.root):
        ht = guest.Kernel("Hardtack", a.kernel, targets.HARDTACK_TUNED,
                          a.root)
        profile(ht, hardtack_symbols(a.kernel), a.test, a.build, a.reps,
                a.top, a.storage)


main()
