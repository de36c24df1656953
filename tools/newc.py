"""
Cpio archives of the "newc" kind, the form in which a boot loader hands a root
file system to the kernel.  They are written here, not by cpio(1), so that
owners, modes and times do not depend on who builds: all is root's, all is from
the same moment, and no root rights are needed.
"""
import os
import stat

TRAILER = "TRAILER!!!"
HEADER_LEN = 110


def _pad(data):
    return data + b"\0" * (-len(data) % 4)


def _field(header, index):
    """Number index of a header: 0 ino, 1 mode, ... 6 filesize, 11 namesize."""
    start = 6 + 8 * index
    return int(header[start:start + 8], 16)


class Archive:
    """An archive under construction.  Names are absolute or relative alike."""

    def __init__(self, time=0):
        self.time = time
        self.parts = []
        self.names = set()

    def _entry(self, name, mode, data):
        encoded = name.encode() + b"\0"
        fields = (len(self.parts) + 1, mode, 0, 0, 1, self.time, len(data),
                  0, 0, 0, 0, len(encoded), 0)
        header = b"070701" + b"".join(b"%08X" % f for f in fields)
        self.parts.append(_pad(header + encoded) + _pad(data))

    def _add(self, name, mode, data=b""):
        name = name.strip("/")
        self._parents(name)
        self.names.add(name)
        self._entry(name, mode, data)

    def _parents(self, name):
        parent = os.path.dirname(name)
        if parent and parent not in self.names:
            self.dir(parent)

    def dir(self, name, mode=0o755):
        if name.strip("/") not in self.names:
            self._add(name, stat.S_IFDIR | mode)

    def file(self, name, data, mode=0o644):
        self._add(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def host(self, path, name):
        """Add what path is on this machine, a folder with all it holds."""
        if os.path.islink(path):
            self.link(name, os.readlink(path))
        elif os.path.isdir(path):
            self.dir(name)
            for child in sorted(os.listdir(path)):
                self.host(os.path.join(path, child), f"{name}/{child}")
        else:
            executable = os.stat(path).st_mode & 0o111
            with open(path, "rb") as f:
                self.file(name, f.read(), 0o755 if executable else 0o644)

    def load(self, data):
        """Add the entries of another archive, as they are."""
        at = 0
        while True:
            header = data[at:at + HEADER_LEN]
            if header[:6] != b"070701":
                raise ValueError(f"no newc header at {at}")
            size, namesize = _field(header, 6), _field(header, 11)
            name_at = at + HEADER_LEN
            name = data[name_at:name_at + namesize - 1].decode()
            body_at = at + (HEADER_LEN + namesize + 3) // 4 * 4
            end = body_at + (size + 3) // 4 * 4
            if name == TRAILER:
                return
            self.names.add(name)
            self.parts.append(data[at:end])
            at = end

    def bytes(self):
        end = Archive()
        end._entry(TRAILER, 0, b"")
        data = b"".join(self.parts) + end.parts[0]
        return data + b"\0" * (-len(data) % 512)
