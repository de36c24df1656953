"""Boot a kernel under the emulator with a plan of tests; collect the results.

Both kernels get the same machine, the same programs and the same kind of
root: the archive that the boot loader hands over, in memory; for the tests of
storage also a disk each, with an ext4 file system made anew. The guest
prints what tools/kbench/init.c promises. Whatever it does (a panic, a hang,
garbage on the line), the run ends: each test has a deadline in the guest,
and a longer one here; after a death the rest of the plan is tried in a new
guest, without the test that killed it.
"""

import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.append(os.path.join(os.path.dirname(__file__), ".."))

import counters
import machine
import newc
import targets

BOOT_TIMEOUT_S = 90
DRAIN_S = 3                     # after a panic, for the rest of its text
DEATHS_MAX = 6

Sample = collections.namedtuple("Sample", "test n ns counts")

PANIC = re.compile(r"panic|BUG:|Oops|double fault", re.I)


class Kernel:
    """What differs between the kernels: image, root, command line."""

    def __init__(self, name, image, append, base=None, modules=None):
        self.name, self.image, self.append = name, image, append
        self.base = base        # an archive that the programs are added to
        self.modules = modules  # a folder of drivers of its disk
        self.deadly = set()     # the tests that it died in
        self.begins = True      # it has not failed to reach a test

    def initrd(self, files, with_disk):
        archive = newc.Archive()
        if self.base:
            with open(self.base, "rb") as f:
                archive.load(f.read())
        for name in ("dev", "proc", "tmp"):
            archive.dir(name)
        for name, mode, data in files:
            archive.file(name, data, mode)
        if with_disk and self.modules:
            archive.host(self.modules, "bench-modules")
        return archive.bytes()


class Result:
    """What a kernel answered: samples, and why there are none."""

    def __init__(self):
        self.samples = collections.defaultdict(list)
        self.skips = {}
        self.locks = {}         # test: (acquisitions, contended)
        self.flushes = {}       # test: (flushes, fsyncs)
        self.notes = []


class Run:
    """One boot."""

    def __init__(self, kernel, plan, build, smp, mode=None, hot=None,
                 grain=None, debugcon=None, mem_mib=1024, disk=False):
        self.kernel, self.plan, self.build = kernel, plan, build
        self.smp, self.mode, self.hot, self.grain = smp, mode, hot, grain
        self.debugcon, self.mem_mib, self.disk = debugcon, mem_mib, disk

    def command(self, folder):
        accel = "thread=single" if self.mode == "inline" else "thread=multi"
        cmd = [machine.QEMU, "-machine", "q35", "-accel", "tcg," + accel,
               "-cpu", machine.CPU, "-smp", str(self.smp),
               "-m", str(self.mem_mib), "-display", "none",
               "-nodefaults", "-no-reboot", "-monitor", "none",
               "-chardev", "stdio,id=line,signal=off",
               "-serial", "chardev:line",
               "-kernel", self.kernel.image,
               "-initrd", os.path.join(folder, "initrd"),
               "-append", "console=ttyS0 rdinit=/bench-init "
               + self.kernel.append]
        if self.disk:
            cmd += ["-drive", "if=none,id=disk,format=raw,cache=unsafe,file="
                    + os.path.join(folder, "disk"),
                    "-device", "ide-hd,bus=ide.0,drive=disk"]
        if self.debugcon:
            cmd += ["-debugcon", "file:" + self.debugcon]
        if self.mode:
            plugin = "%s/insncount.so,out=%s/counts,mode=%s" % (
                self.build, folder, self.mode)
            if self.hot:
                plugin += ",hot=" + self.hot
            if self.grain:
                plugin += ",grain=" + self.grain
            cmd += ["-plugin", plugin]
        return cmd

    def files(self):
        plan = ["disk " + targets.DISK] * self.disk + self.plan
        out = [("bench.plan", 0o644, "\n".join(plan + [""]).encode())]
        for name, path in (("bench-init", "bench-init"),
                           ("bench-kbench", "kbench")):
            with open(os.path.join(self.build, path), "rb") as f:
                out.append((name, 0o755, f.read()))
        return out

    def go(self, log):
        """Boot; returns (lines, snapshots, how it ended)."""
        shm = "/dev/shm" if os.path.isdir("/dev/shm") else None
        folder = tempfile.mkdtemp(prefix="bench.", dir=shm)
        try:
            with open(os.path.join(folder, "initrd"), "wb") as f:
                f.write(self.kernel.initrd(self.files(), self.disk))
            if self.disk:
                make_disk(os.path.join(folder, "disk"))
            lines, end = self.talk(self.command(folder), log)
            snaps = []
            if self.mode and os.path.exists(folder + "/counts"):
                snaps = counters.snapshots(folder + "/counts")
            return lines, snaps, end
        finally:
            shutil.rmtree(folder)

    def talk(self, cmd, log):
        guest = machine.Machine(cmd)
        try:
            return self.listen(guest, log)
        finally:
            guest.kill()

    def listen(self, guest, log):
        """Read lines until the plan ends, the guest dies, or time is up."""
        lines, rest, end = [], b"", None
        deadline = time.monotonic() + BOOT_TIMEOUT_S
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return lines, end or "no answer"
            data = guest.read(min(left, 1))
            if not data:
                if guest.process.poll() is None:
                    continue
                return lines, end or "QEMU ended: " + guest.complaint()
            log.write(data)
            log.flush()
            *whole, rest = (rest + data).split(b"\n")
            for raw in whole:
                line = raw.decode(errors="replace").strip()
                lines.append(line)
                now = time.monotonic()
                if "BENCH-END" in line:
                    end, deadline = "done", now + DRAIN_S
                elif line.startswith("TEST "):
                    deadline = now + 2 * timeout_of(line.split()[1])
                elif PANIC.search(line) and not end:
                    end, deadline = "died: " + line, now + DRAIN_S


def make_disk(path):
    """The same file system each time, as stock mke2fs makes it."""
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-U", targets.DISK_ID,
                    "-E", "lazy_itable_init=0,lazy_journal_init=0,hash_seed="
                    + targets.DISK_ID, path, targets.DISK_SIZE], check=True,
                   stdout=subprocess.DEVNULL)


def timeout_of(test):
    return targets.SLOW_TEST_TIMEOUT_S.get(test, targets.TEST_TIMEOUT_S)


def plan_line(test, reps):
    if test in targets.ONE_REP:
        reps = 1
    return "%s 0 %d %d" % (test, reps, timeout_of(test))


def absorb(result, lines, snaps, counted):
    """Add one boot's lines to the result; returns the tests begun."""
    begun, rows, locks = [], collections.defaultdict(list), {}
    for line in lines:
        m = re.match(r"TEST (\S+)$", line)
        if m:
            begun.append(m.group(1))
            continue
        test = begun[-1] if begun else None
        m = re.search(r"(\S+) (\d+) ([\d.]+)$", line)
        if m and m.group(1) == test:
            rows[len(begun) - 1].append((int(m.group(2)),
                                         float(m.group(3))))
            continue
        m = re.search(r"(\S+) skip (.*)$", line)
        if m and m.group(1) == test:
            result.skips[test] = m.group(2)
        m = re.match(r"TIMEOUT (\S+)$", line)
        if m:
            result.skips[m.group(1)] = "timed out"
        m = re.match(r"FLUSHES (\d+) OF (\d+)$", line)
        if m and test:
            result.flushes[test] = (int(m.group(1)), int(m.group(2)))
        m = re.match(r"LOCK (before|after) (\S+) (\d+) (\d+)$", line)
        if m and test:
            sign = 1 if m.group(1) == "after" else -1
            a, c = locks.get(test, (0, 0))
            locks[test] = (a + sign * int(m.group(3)),
                           c + sign * int(m.group(4)))
    result.locks.update(locks)
    windows = counters.windows_by_test(snaps)
    for i, test in enumerate(begun):
        mine = windows[i] if i < len(windows) else []
        paired = counted and len(mine) == len(rows[i])
        for k, (n, ns) in enumerate(rows[i]):
            result.samples[test].append(
                Sample(test, n, ns, mine[k] if paired else None))
    return begun


def measure(result, kernel, tests, build, smp, mode, reps, logname,
            disk=False):
    """
    Run the tests on the kernel, in as many guests as that takes. The tests
    that killed it, and all if it never began one, are left out the next time.
    """
    todo = [t for t in tests if t not in kernel.deadly]
    for _ in range(DEATHS_MAX):
        if not todo or not kernel.begins:
            return
        run = Run(kernel, [plan_line(t, reps) for t in todo], build, smp,
                  mode, disk=disk)
        with open(logname, "ab") as log:
            lines, snaps, end = run.go(log)
        begun = absorb(result, lines, snaps, mode is not None)
        result.notes += ["%s: %s" % (kernel.name, line) for line in lines
                         if line.startswith(("DISK no", "MODULE"))]
        if end == "done":
            return
        if not begun:
            kernel.begins = False
            result.notes.append("%s: no test begun: %s" % (kernel.name, end))
            return
        killer = begun[-1]
        kernel.deadly.add(killer)
        result.skips.setdefault(killer, end)
        result.notes.append("%s in %s: %s" % (kernel.name, killer, end))
        todo = todo[todo.index(killer) + 1:]
