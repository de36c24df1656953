"""The kernel as make knows it, for the checks that look at it."""
import fnmatch

from tool import command

# As tools/bounds/main.c leaves them out: they break rules on purpose.
SELFTESTS = ["*/selftest*.c", "*_selftest.c", "*_test.c"]


def is_selftest(source):
    return any(fnmatch.fnmatch(source, glob) for glob in SELFTESTS)


def make_variable(name):
    return command(["make", "-s", f"print-{name}"]).split()
