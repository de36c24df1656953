"""
Running clang and the analyzer, and reading what the analyzer says.

Used by the four runners of tests/bounds. Everything is run from the
repository's root, so that messages name files as the sources do.
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.dirname(os.path.abspath(__file__)))))
HERE = "tests/bounds"
OUT = os.path.join(TOP, "build/tests/bounds")
TOOL = os.environ.get("BOUNDS", os.path.join(TOP, "build/tools/bounds"))
CLANG = os.environ.get("CLANG", "clang")
HOSTCC = os.environ.get("HOSTCC", "gcc")
JOBS = os.cpu_count() or 2
CRASHED = 3                     # 0 clean, 1 errors, 2 usage: main.c

# As the kernel's bitcode is made (Makefile), without its target's options.
BITCODE = ["-std=gnu11", "-ffreestanding", "-fno-strict-aliasing",
           "-DHARDTACK_ANALYZE", "-g", "-O0", "-Xclang",
           "-disable-O0-optnone", "-w", "-emit-llvm", "-c",
           "-I.", "-I" + HERE]

MESSAGE = re.compile(
    r"^(?P<file>[^\s:]+)(?::(?P<line>\d+))?: (?:error|warning): .*"
    r"\[(?P<code>[EW]-[A-Z-]+)\]$", re.M)


class Failed(Exception):
    """A test's own failure: its text says what was wrong."""


@dataclass(frozen=True)
class Message:
    file: str
    line: int                   # 0: none
    code: str

    def __str__(self):
        return f"{self.file}:{self.line} {self.code}"


@dataclass
class Answer:
    status: int
    messages: list
    rows: dict = field(default_factory=dict)    # name: {class: count}
    text: str = ""


def command(argv, timeout=120, cwd=TOP):
    """Run it; what it printed. Failed when it fails."""
    done = subprocess.run(argv, cwd=cwd, timeout=timeout, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise Failed(f"{' '.join(argv)}: status {done.returncode}\n"
                     f"{done.stdout}")
    return done.stdout


def bitcode(source, out, flags=()):
    os.makedirs(os.path.dirname(out), exist_ok=True)
    command([CLANG, *BITCODE, *flags, "-o", out, source])
    return out


def read_messages(text):
    return [Message(m["file"], int(m["line"] or 0), m["code"])
            for m in MESSAGE.finditer(text)]


def read_rows(path):
    with open(path) as f:
        rows = json.load(f)["rows"]
    return {row["name"]: row["need"] for row in rows}


def analyse(modules, facts, name, tool=None, args=()):
    """Run the analyzer; its Answer. name: of the temporary JSON file."""
    path = os.path.join(OUT, name + ".json")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path):
        os.unlink(path)
    argv = [tool or TOOL, "--quiet", "--json", path, *args]
    for file in facts:
        argv += ["--facts", file]
    done = subprocess.run([*argv, *modules], cwd=TOP, timeout=300, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode not in (0, 1):
        raise Failed(f"the analyzer ended with status {done.returncode}:\n"
                     f"{done.stdout}")
    return Answer(done.returncode, read_messages(done.stdout),
                  read_rows(path), done.stdout)


class Report:
    """Prints a line for each result, and the counts at the end."""

    def __init__(self, prefix, quiet=False):
        self.prefix = prefix
        self.quiet = quiet      # only failures are printed
        self.passed = self.failed = 0

    def add(self, name, why=None):
        if why is None:
            self.passed += 1
            if not self.quiet:
                print(f"ok {self.prefix}.{name}", flush=True)
            return
        self.failed += 1
        first, *rest = str(why).rstrip().split("\n")
        print(f"not ok {self.prefix}.{name}: {first}")
        print("".join(f"\t{line}\n" for line in rest), end="", flush=True)

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed or not self.passed else 0)


def each(report, test, items, name):
    """test(item) for all, side by side; it raises Failed where it fails."""
    def run(item):
        try:
            test(item)
            return name(item), None
        except Failed as why:
            return name(item), why
        except (OSError, subprocess.TimeoutExpired) as why:
            return name(item), why
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for result in pool.map(run, items):
            report.add(*result)
