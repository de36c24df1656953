"""Read the files that tools/insncount keeps mapped (see insncount.h)."""

import mmap
import struct

NAMES = ("kinsn", "uinsn", "krep", "urep", "ktb", "utb")
MAX_VCPU, RING = 64, 8192
RING_AT = 16 * 8 + MAX_VCPU * 128

MARK_BEGIN, MARK_END, MARK_TEST = 1, 2, 3


def snapshots(path):
    """All snapshots, oldest first; empty if the guest never began."""
    with open(path, "rb") as f:
        m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
    if m[:8] != b"INSNCNT1":
        return []
    total = struct.unpack_from("<Q", m, 24)[0]
    out = []
    for i in range(max(0, total - RING), total):
        v = struct.unpack_from("<11Q", m, RING_AT + i % RING * 128)
        snap = dict(zip(NAMES, v[4:10]), tag=v[1], ns=v[3], idles=v[10])
        out.append(snap)
    return out


def windows_by_test(snaps):
    """One list of (begin, end) differences for each kbench process."""
    tests = []
    begin = None
    for s in snaps:
        if s["tag"] == MARK_TEST:
            tests.append([])
            begin = None
        elif s["tag"] == MARK_BEGIN:
            begin = s
        elif s["tag"] == MARK_END and begin and tests:
            tests[-1].append({k: s[k] - begin[k] for k in NAMES})
            begin = None
    return tests


def profile(path):
    """{address: instructions between the marks} of a hot=FILE."""
    with open(path, "rb") as f:
        m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
    return {v[0]: v[3] for v in struct.iter_unpack("<4Q", m[:]) if v[3]}
