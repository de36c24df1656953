"""
What tests/crash/load.c has promised about a disk, and whether a disk keeps it.

A process's operations on names, one after the other, follow from the seed. A
journal makes them durable in their order. So after a crash the names are those
of one moment, not before the last ack that was heard; a file holds at least
what was synced by then, and no byte that was not written there.

Our kernel raises a file's size on disk after its data is there. Linux may raise
it before, so that zeros show behind what was synced (ext4(5), dioread_nolock):
of it, has_zeros must be said.
"""
import stat
from dataclasses import dataclass

MASK = (1 << 64) - 1
SLOTS, LOG_STEPS, WINDOW, MOVED = 8, 40, 64, 16         # as in load.c
FOLDERS = ("x", "y", "z")
AHEAD = 3000            # operations after the last ack that is looked for


def mix(x):
    x = (x + 0x9e3779b97f4a7c15) & MASK
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9 & MASK
    x = (x ^ x >> 27) * 0x94d049bb133111eb & MASK
    return x ^ x >> 31


def contents(tag, size):
    return b"".join(b"%016x:%014d\n" % (tag, at)
                    for at in range(0, size, 32))[:size]


@dataclass
class File:
    tag: int
    written: int = 0
    synced: int = 0


class Process:
    """The state of one process's folder as its steps go by."""

    def __init__(self, seed, number):
        self.base = (mix(seed) + number) & MASK
        self.names = {}         # path: File, or the target of a link (str)
        self.renamed = True     # since the last moment that was looked at
        self.role = (self.replace, self.append, self.window,
                     self.move)[number % 4]

    def pick(self, step, which):
        return mix(mix(self.base) + step * 16 + which & MASK)

    # Operations: each yields None when it is done, an ack its step.

    def create(self, name, tag):
        self.names[name] = File(tag)
        self.renamed = True

    def unlink(self, name):
        del self.names[name]
        self.renamed = True

    def whole_file(self, name, i, limit, is_synced=True):
        self.create(name, self.pick(i, 1))
        yield
        f = self.names[name]
        f.written = self.pick(i, 0) % limit
        yield
        if is_synced:
            f.synced = f.written
            yield

    def replace(self, i):
        yield from self.whole_file(f"t{i}", i, 200000)
        self.names[f"s{i % SLOTS}"] = self.names[f"t{i}"]
        self.unlink(f"t{i}")
        yield
        yield i

    def append(self, i):
        n = i // LOG_STEPS
        if i % LOG_STEPS == 0:
            self.create(f"log{n}", self.pick(n, 1))
            yield
            if n >= 2:
                self.unlink(f"log{n - 2}")
                yield
        f = self.names[f"log{n}"]
        f.written += self.pick(i, 0) % 12000 + 1
        yield
        f.synced = f.written
        yield i

    def window(self, i):
        yield from self.whole_file(f"c{i}", i, 3000, i % 4 == 0)
        if i >= WINDOW:
            self.unlink(f"c{i - WINDOW}")
            yield
        if i % 8 == 7:
            yield i

    def move(self, i):
        yield from self.whole_file(f"x/m{i}", i, 5000)
        self.names[f"y/m{i}"] = self.names[f"x/m{i}"]
        self.renamed = True
        yield
        self.unlink(f"x/m{i}")
        yield
        self.names[f"z/m{i}"] = self.names[f"y/m{i}"]
        self.unlink(f"y/m{i}")
        yield
        self.names[f"z/l{i}"] = f"m{i}"
        self.renamed = True
        yield
        if i >= MOVED:
            self.unlink(f"z/m{i - MOVED}")
            yield
            self.unlink(f"z/l{i - MOVED}")
            yield
        yield i

    def moments(self):
        """Each moment's last ack; the state is in names."""
        last, i = -1, 0
        yield last
        while True:
            for said in self.role(i):
                last = last if said is None else said
                yield last
            i += 1


def names_fit(found, names):
    """found: {path: ext4.Node} without the folders that always are there."""
    if found.keys() != names.keys():
        return False
    inodes = {}
    for path, wanted in names.items():
        node = found[path]
        if isinstance(wanted, str):
            if not stat.S_ISLNK(node.kind) or node.data != wanted.encode():
                return False
        elif not stat.S_ISREG(node.kind) or \
                inodes.setdefault(id(wanted), node.ino) != node.ino:
            return False
    return len(set(inodes.values())) == len(inodes)


def bytes_fit(found, low, high, has_zeros):
    """Why contents cannot be, when low had been reached and high was not
    passed: {path: (tag, synced, written)} of both moments; None: they can."""
    for path, (tag, synced, _) in low.items():
        data, written = found[path].data, high[path][2]
        if not synced <= len(data) <= written:
            return (f"{path}: {len(data)} bytes; {synced} were synced, "
                    f"{written} written")
        wanted = contents(tag, len(data))
        odd = [] if data == wanted else [
            at for at, byte in enumerate(data) if byte != wanted[at] and
            not (has_zeros and byte == 0 and at >= synced)]
        if odd:
            return (f"{path}: byte {odd[0]} of {len(data)} is not what was "
                    f"written; {synced} were synced")
    return None


def sizes(names):
    return {path: (f.tag, f.synced, f.written) for path, f in names.items()
            if isinstance(f, File)}


def judge(seed, number, found, acked, has_zeros=False):
    """
    Why the folder {path: ext4.Node} of a process cannot be after its ack of
    step acked (-1: none) was heard; None: it can.
    """
    found = {p: n for p, n in found.items() if p not in FOLDERS}
    process, ahead, low, high = Process(seed, number), 0, None, None
    why = f"the names are of no moment from there: {sorted(found)}"
    for last in process.moments():
        if last < acked:
            continue
        ahead += 1
        if process.renamed or ahead == 1:
            # The moments with the names of before are over.
            if low is not None:
                why = bytes_fit(found, low, high, has_zeros)
            if why is None or ahead > AHEAD:
                break
            process.renamed = False
            fits = names_fit(found, process.names)
            low = sizes(process.names) if fits else None
        high = sizes(process.names) if low is not None else None
    return why and f"after step {acked}: {why}"
