"""
What a file system must hold after a crash: operations, a model of them, and the
judgement of a state that was found.

The model is stricter than POSIX: names are one history. A state is right if

  - its names and links are those of a moment of the history, no older than the
    last sync of something that was changed before, no newer than the operation
    under way;
  - each file's bytes are those of the last sync of that file, where later
    operations did not change them, and where they did, of one of the versions
    since then (or zeros, where a version had no data).
"""
import itertools
import stat
from dataclasses import dataclass

RECORD = 32


def content(off, size, seed):
    """As tests/crash/work.c."""
    start = off // RECORD * RECORD
    text = "".join(f"{seed:08x}:{at:020d}:{seed & 255:02x}"
                   for at in range(start, off + size, RECORD))
    return text.encode()[off - start:off - start + size]


@dataclass(frozen=True)
class Moment:
    """The names after an operation: path -> ("dir",), ("file", number) or
    ("link", target)."""
    names: dict


class Model:
    def __init__(self):
        self.names = {}
        self.bytes = {}         # file number -> content now
        self.next = 0
        self.moments = [Moment({})]
        self.versions = {}      # file -> [(operation, bytes)]
        self.syncs = {}         # file -> [operation]
        self.floors = [0]       # per operation: the oldest moment allowed
        self.touched = {}       # path or file -> operation that changed it
        self.data_touched = {}  # the same for what fdatasync must keep

    # One method for each verb; n is the number of the operation.

    def file(self, path):
        return self.names[path][1]

    def set_bytes(self, n, path, data):
        f = self.file(path)
        self.bytes[f] = data
        self.versions[f].append((n, data))
        self.touched[f] = self.data_touched[f] = n

    def parent_changed(self, n, path):
        self.touched[path.rpartition("/")[0]] = n

    def do_create(self, n, path):
        f = self.next
        self.next += 1
        self.names[path] = ("file", f)
        self.bytes[f] = b""
        self.versions[f] = [(n, b"")]
        self.syncs[f] = [n]     # what it has: nothing
        self.touched[f] = self.data_touched[f] = n
        self.parent_changed(n, path)

    def do_append(self, n, path, size, seed):
        old = self.bytes[self.file(path)]
        self.set_bytes(n, path, old + content(len(old), size, seed))

    def do_write(self, n, path, off, size, seed):
        old = self.bytes[self.file(path)].ljust(off, b"\0")
        self.set_bytes(n, path, old[:off] + content(off, size, seed) +
                       old[off + size:])

    def do_truncate(self, n, path, size):
        old = self.bytes[self.file(path)]
        self.set_bytes(n, path, old[:size].ljust(size, b"\0"))

    def do_allocate(self, n, path, off, size):
        old = self.bytes[self.file(path)]
        self.set_bytes(n, path, old.ljust(off + size, b"\0"))

    def do_allocate_keep(self, n, path, off, size):
        self.set_bytes(n, path, self.bytes[self.file(path)])

    def zeroed(self, old, off, size):
        end = min(off + size, len(old))
        return old[:off] + bytes(max(0, end - off)) + old[max(off, end):]

    def do_punch(self, n, path, off, size):
        self.set_bytes(n, path,
                       self.zeroed(self.bytes[self.file(path)], off, size))

    def do_zero(self, n, path, off, size):
        old = self.bytes[self.file(path)].ljust(off + size, b"\0")
        self.set_bytes(n, path, self.zeroed(old, off, size))

    def move(self, n, old, new):
        below = [p for p in self.names if p == old or p.startswith(old + "/")]
        moved = {new + p[len(old):]: self.names.pop(p) for p in below}
        self.names.update(moved)
        for kind, *rest in moved.values():
            if kind == "file":
                self.touched[rest[0]] = n
        self.touched[new] = n

    def do_rename(self, n, old, new):
        self.names.pop(new, None)
        self.move(n, old, new)
        self.parent_changed(n, old)
        self.parent_changed(n, new)

    def do_exchange(self, n, a, b):
        self.move(n, a, "\0")
        self.move(n, b, a)
        self.move(n, "\0", b)
        self.parent_changed(n, a)
        self.parent_changed(n, b)

    def do_link(self, n, old, new):
        self.names[new] = self.names[old]
        self.touched[self.file(old)] = n
        self.parent_changed(n, new)

    def do_symlink(self, n, path, target):
        self.names[path] = ("link", target)
        self.parent_changed(n, path)

    def do_unlink(self, n, path):
        kind, *rest = self.names.pop(path)
        if kind == "file":
            self.touched[rest[0]] = n
        self.parent_changed(n, path)

    def do_mkdir(self, n, path):
        self.names[path] = ("dir",)
        self.touched[path] = n
        self.parent_changed(n, path)

    def do_rmdir(self, n, path):
        del self.names[path]
        self.parent_changed(n, path)

    def sync_one(self, n, path, touched):
        kind, *rest = self.names[path]
        key = rest[0] if kind == "file" else path
        if kind == "file":
            self.syncs[key].append(n)
        self.floors.append(max(self.floors[-1], touched.get(key, 0)))

    def do_fsync(self, n, path):
        self.sync_one(n, path, self.touched)

    def do_fdatasync(self, n, path):
        """A new name or link is not needed to find the data again."""
        self.sync_one(n, path, self.data_touched)

    def do_sync(self, n):
        for f in self.syncs:
            self.syncs[f].append(n)
        self.floors.append(n)

    def do_hold(self, n, path):
        """Open until release: it goes on using blocks, but has no name."""

    def do_release(self, n):
        pass

    def do_race(self, n):
        """Commits come at any time: no more is promised by that."""

    def run(self, line):
        """One line of a script."""
        verb, *words = line.split()
        n = len(self.moments)
        floors = len(self.floors)
        getattr(self, "do_" + verb)(
            n, *(int(w) if w.lstrip("-").isdigit() else w for w in words))
        if len(self.floors) == floors:
            self.floors.append(self.floors[-1])
        self.moments.append(Moment(dict(self.names)))

    # Judging.

    def judge(self, found, done):
        """
        Why {path: ext4.Node} cannot be after a crash when operation done had
        returned and the next may have been under way; None: it can.
        """
        last = min(done + 1, len(self.moments) - 1)
        floor = self.floors[done]
        why = (f"the names are of no moment from {floor} to {last}: "
               f"{sorted(found)}")
        for n in range(last, floor - 1, -1):
            names = self.moments[n].names
            if self.names_fit(found, names):
                why = self.judge_bytes(found, names, done, last)
                if why is None:
                    break
        return why

    @staticmethod
    def names_fit(found, names):
        if found.keys() != names.keys():
            return False
        numbers = {}
        for path, (kind, *rest) in names.items():
            node = found[path]
            wanted = {"dir": stat.S_IFDIR, "file": stat.S_IFREG,
                      "link": stat.S_IFLNK}[kind]
            if node.kind != wanted:
                return False
            if kind == "link" and node.data.decode("latin-1") != rest[0]:
                return False
            # Names of one file have one number, and others another.
            if kind == "file" and numbers.setdefault(rest[0],
                                                     node.ino) != node.ino:
                return False
        return len(set(numbers.values())) == len(numbers)

    def judge_bytes(self, found, names, done, last):
        for path, (kind, *rest) in names.items():
            if kind != "file":
                continue
            why = self.bytes_fit(found[path].data, rest[0], done, last)
            if why:
                return f"{path}: {why}"
        return None

    def bytes_fit(self, data, f, done, last):
        synced = max(n for n in self.syncs[f] if n <= max(done,
                                                           self.syncs[f][0]))
        versions = [v for n, v in self.versions[f] if synced < n <= last]
        versions.insert(0, [v for n, v in self.versions[f]
                            if n <= synced][-1])
        if data in versions:
            return None
        sizes = [len(v) for v in versions]
        if not min(sizes) <= len(data) <= max(sizes):
            return f"{len(data)} bytes, not {min(sizes)} to {max(sizes)}"
        for k, byte in enumerate(data):
            wanted = {v[k] if k < len(v) else 0 for v in versions}
            if len(versions) > 1:
                # A block that a version gave, but that was not yet written.
                wanted |= {0} if k >= sizes[0] or 0 in wanted else set()
            if byte not in wanted:
                return (f"byte {k} is {byte:#x}, of "
                        f"{sorted(map(hex, wanted))} that it could be")
        return None


# Workloads: every sequence of operations, as B3 makes them (Mohan et al.,
# "Finding Crash-Consistency Bugs with Bounded Black-Box Crash Testing",
# OSDI'18), each followed by what makes it durable.

BLOCK = 4096


def vocabulary(d):
    """Operations in directory d, which has files a (three blocks and a bit) and
    b (small), and a directory s with file c."""
    a, b, s, c = f"{d}/a", f"{d}/b", f"{d}/s", f"{d}/s/c"
    return [
        ([f"create {d}/n", f"append {d}/n 5000 11"], f"{d}/n"),
        ([f"append {a} 6000 12"], a),
        ([f"write {a} 1000 3000 13"], a),
        ([f"write {a} {20 * BLOCK} 100 14"], a),
        ([f"truncate {a} 5000"], a),
        ([f"truncate {a} 40000"], a),
        ([f"allocate {a} 0 60000"], a),
        ([f"allocate_keep {a} 30000 30000"], a),
        ([f"punch {a} {BLOCK} {BLOCK}"], a),
        ([f"zero {a} 2000 9000"], a),
        ([f"rename {b} {d}/m"], f"{d}/m"),
        ([f"rename {b} {a}"], a),
        ([f"rename {c} {d}/m"], f"{d}/m"),
        ([f"exchange {a} {b}"], a),
        ([f"link {a} {d}/l"], f"{d}/l"),
        ([f"link {a} {s}/l"], a),
        ([f"unlink {b}"], d),
        ([f"unlink {a}"], d),
        ([f"mkdir {d}/k"], f"{d}/k"),
        ([f"mkdir {s}/k", f"create {s}/k/x"], f"{s}/k"),
        ([f"rename {s} {d}/r"], f"{d}/r"),
        ([f"symlink {d}/y some/where"], d),
        ([f"symlink {d}/z {'long/' * 20}end"], d),
        ([f"unlink {c}", f"rmdir {s}"], d),
        # Orphans that a crash finds.
        ([f"hold {a}", f"unlink {a}"], d),
        ([f"hold {b}", f"rename {a} {b}"], d),
        # Blocks that are free, but not durably so, and in demand.
        ([f"unlink {a}", f"create {d}/n", f"append {d}/n 12000 18"], f"{d}/n"),
        ([f"truncate {a} 100", f"append {b} 12000 19"], b),
        # What was metadata becomes data.
        ([f"mkdir {d}/k", "sync", f"rmdir {d}/k", "sync",
          f"append {b} 20000 20"], b),
        # So many extents that the tree has a node, which goes, too.
        ([f"write {a} {k * BLOCK} 10 {k}" for k in range(6, 18, 2)] +
         [f"fsync {a}", f"truncate {a} 100", "sync", f"append {b} 20000 21"],
         b),
    ]


def sequence(number, choice, rng):
    """A script: make the directory, do the chosen operations with syncs of what
    they changed, and take all away again."""
    d = f"w{number}"
    lines = [f"mkdir {d}", f"create {d}/a", f"append {d}/a 13000 1",
             f"create {d}/b", f"append {d}/b 700 2", f"mkdir {d}/s",
             f"create {d}/s/c", f"append {d}/s/c 4096 3"]
    if number % 2:
        # An orphan, as long as it is open.
        lines += [f"create {d}/o", f"append {d}/o 9000 5", f"hold {d}/o",
                  f"unlink {d}/o"]
    lines += ["sync",
             # In place: nothing is logged, and it is durable all the same.
             f"write {d}/b 100 300 4", f"fdatasync {d}/b"]
    model = Model()
    for line in lines:
        model.run(line)
    for k in choice:
        ops, target = vocabulary(d)[k]
        target = rng.choice((target, target, d))
        how = rng.choice(("fsync", "fsync", "fdatasync", "sync", "none"))
        for line in ops:
            if not possible(model, line):
                return None
            model.run(line)
            lines.append(line)
        if how == "sync":
            lines.append("sync")
        elif how != "none" and target in model.names:
            kind = model.names[target][0]
            if kind != "link":
                lines.append(f"{'fsync' if kind == 'dir' else how} {target}")
        if lines[-1].split()[0] in ("fsync", "fdatasync", "sync"):
            model.run(lines[-1])
    return lines + ["release"] + tidy(model, d)


def possible(model, line):
    verb, *words = line.split()
    if not words:
        return True
    path, *rest = words
    names, parent = model.names, path.rpartition("/")[0]
    if verb in ("create", "mkdir", "symlink"):
        return path not in names and names.get(parent) == ("dir",)
    if path not in names:
        return False
    kind = names[path][0]
    if verb in ("rename", "link", "exchange"):
        to = rest[0]
        if names.get(to.rpartition("/")[0]) != ("dir",):
            return False
        if verb == "exchange":
            return to in names
        if verb == "link":
            return kind == "file" and to not in names
        return to not in names or (kind == "file" and
                                   names[to][0] == "file" and
                                   names[to] != names[path])
    if verb == "rmdir":
        return not any(p.startswith(path + "/") for p in names)
    if verb == "unlink":
        return kind != "dir"
    return kind == "file" or (verb == "fsync" and kind == "dir")


def tidy(model, d):
    paths = sorted((p for p in model.names if p.startswith(d)), reverse=True)
    return [f"{'rmdir' if model.names[p] == ('dir',) else 'unlink'} {p}"
            for p in paths]


def choices(depth, rng, sample=None):
    """All sequences of so many operations, or a sample of them."""
    every = list(itertools.product(range(len(vocabulary(""))), repeat=depth))
    rng.shuffle(every)
    return every[:sample] if sample else every
