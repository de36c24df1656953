"""
What a disk was asked to do, and the states that a crash can leave it in.

QEMU's blklogwrites filter writes each write and flush that the guest issues to
a log, in the format of Linux's dm-log-writes (Documentation/admin-guide/
device-mapper/log-writes.rst). A crash state is a choice of what reached the
medium: everything that was done before the last flush, and any part of what
came after it. Where two writes meet, the later one wins.
"""
import struct
from dataclasses import dataclass

MAGIC = 0x6a736677736872
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
SECTOR = 512
END_SHARE = 4               # of the choices, at the last write before a flush


@dataclass
class Entry:
    offset: int             # bytes
    data: bytes             # b"" for a flush
    flags: int

    @property
    def is_flush(self):
        return bool(self.flags & FLUSH) and not self.data


def read_log(path):
    """The entries, in order. A log may end in the middle of one: the machine
    was killed."""
    entries = []
    with open(path, "rb") as f:
        head = f.read(28)
        magic, version, _, sector = struct.unpack("<QQQI", head)
        if magic != MAGIC or version != 1:
            raise ValueError(f"{path}: not a log of writes")
        f.seek(sector)
        while True:
            head = f.read(sector)
            if len(head) < sector:
                break
            at, count, flags, _ = struct.unpack_from("<QQQQ", head)
            if at == 0 and count == 0 and flags == 0:
                break               # preallocated, or never finished
            size = 0 if flags & (DISCARD | MARK) else count * sector
            data = f.read(size)
            if len(data) < size:
                break
            if not flags & (DISCARD | MARK):
                entries.append(Entry(at * sector, data, flags))
    return entries


def torn(entries, piece):
    """The same, in writes that a disk does as a whole or not at all: of a block
    each. A longer one may stop anywhere, or have holes."""
    for e in entries:
        flags = e.flags
        for at in range(0, max(len(e.data), 1), piece):
            yield Entry(e.offset + at, e.data[at:at + piece], flags)
            flags &= ~FLUSH         # it was before the first


class Disk:
    """An image to which entries are applied, one after the other."""

    def __init__(self, image):
        self.image = bytearray(image)

    def apply(self, entry):
        if entry.data:
            self.image[entry.offset:entry.offset + len(entry.data)] = entry.data


def epoch_starts(entries):
    """For each position, where the entries begin that no flush covers."""
    starts, start = [], 0
    for k, entry in enumerate(entries):
        if entry.flags & FLUSH:
            # A write with a flush before it: what is before is durable.
            start = k + 1 if not entry.data else k
        starts.append(start)
    return starts


def states(entries, first, rng, subsets):
    """
    Crash states from entry first on, as (name, prefix, left out): all entries
    up to prefix, but for those left out. Each prefix, and for each of them some
    choices of what no flush covers.
    """
    starts = epoch_starts(entries)
    for k in range(first, len(entries)):
        if entries[k].is_flush:
            continue
        yield f"{k}", k + 1, frozenset()
        loose = [n for n in range(starts[k], k + 1)
                 if entries[n].data and not entries[n].flags & FUA]
        # Most is loose at the end: where an order that is not kept shows.
        is_end = k + 1 == len(entries) or entries[k + 1].is_flush
        turns = subsets * (END_SHARE if is_end else 1)
        for _ in range(turns if len(loose) > 1 else 0):
            share = rng.choice((0.1, 0.5, 0.9))
            out = frozenset(n for n in loose if rng.random() < share)
            if out:
                yield f"{k}-{'.'.join(map(str, sorted(out)))}", k + 1, out
