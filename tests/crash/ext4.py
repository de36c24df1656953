"""
Reads an ext2, ext3 or ext4 image that e2fsck has found clean: names, types,
contents. Independent of the kernel and of e2fsprogs, and quick: no process is
started. What it cannot read it raises ValueError for.
"""
import struct
from dataclasses import dataclass

ROOT = 2
FILE, DIRECTORY, LINK = 0o100000, 0o040000, 0o120000
EXTENTS_FL, INLINE_FL = 0x80000, 0x10000000
INCOMPAT_64BIT = 0x80


@dataclass
class Node:
    ino: int
    kind: int               # S_IFMT bits
    nlink: int
    data: bytes             # contents, or the link's target


class Image:
    def __init__(self, data):
        self.data = data
        sb = data[1024:2048]
        if struct.unpack_from("<H", sb, 56)[0] != 0xef53:
            raise ValueError("no superblock")
        self.block = 1024 << struct.unpack_from("<I", sb, 24)[0]
        self.first = struct.unpack_from("<I", sb, 20)[0]
        self.per_group = struct.unpack_from("<I", sb, 40)[0]
        self.inode_size = struct.unpack_from("<H", sb, 88)[0]
        incompat = struct.unpack_from("<I", sb, 96)[0]
        self.desc = 32
        if incompat & INCOMPAT_64BIT:
            self.desc = struct.unpack_from("<H", sb, 254)[0]

    def at(self, block):
        return self.data[block * self.block:(block + 1) * self.block]

    def raw_inode(self, ino):
        group, index = divmod(ino - 1, self.per_group)
        at = (self.first + 1) * self.block + group * self.desc
        table = struct.unpack_from("<I", self.data, at + 8)[0]
        if self.desc >= 64:
            table |= struct.unpack_from("<I", self.data, at + 40)[0] << 32
        at = table * self.block + index * self.inode_size
        return self.data[at:at + self.inode_size]

    def extents(self, node, out):
        magic, count, _, depth = struct.unpack_from("<HHHH", node)
        if magic != 0xf30a:
            raise ValueError("no extent header")
        for k in range(count):
            at = 12 + 12 * k
            if depth:
                low, high = struct.unpack_from("<IH", node, at + 4)
                self.extents(self.at(low | high << 32), out)
                continue
            first, n, high, low = struct.unpack_from("<IHHI", node, at)
            if n <= 32768:          # longer: not yet written, zeros
                for b in range(n):
                    out[first + b] = (low | high << 32) + b

    def pointers(self, block, depth, first, out):
        if block == 0:
            return
        if depth == 0:
            out[first] = block
            return
        per = self.block // 4
        for k, b in enumerate(struct.unpack(f"<{per}I", self.at(block))):
            self.pointers(b, depth - 1, first + k * per ** (depth - 1), out)

    def blocks(self, raw):
        """Where the blocks of a file are, by number."""
        out = {}
        if struct.unpack_from("<I", raw, 32)[0] & EXTENTS_FL:
            self.extents(raw[40:100], out)
            return out
        per, first = self.block // 4, 12
        slots = struct.unpack_from("<15I", raw, 40)
        for k in range(12):
            self.pointers(slots[k], 0, k, out)
        for depth in (1, 2, 3):
            self.pointers(slots[11 + depth], depth, first, out)
            first += per ** depth
        return out

    def node(self, ino):
        raw = self.raw_inode(ino)
        kind = struct.unpack_from("<H", raw)[0] & 0o170000
        size = struct.unpack_from("<I", raw, 4)[0]
        size |= struct.unpack_from("<I", raw, 108)[0] << 32
        nlink = struct.unpack_from("<H", raw, 26)[0]
        if struct.unpack_from("<I", raw, 32)[0] & INLINE_FL:
            raise ValueError("inline data")
        if kind == LINK and size < 60:
            return Node(ino, kind, nlink, bytes(raw[40:40 + size]))
        if kind not in (FILE, DIRECTORY, LINK):
            return Node(ino, kind, nlink, b"")
        data = bytearray(size)
        for index, block in self.blocks(raw).items():
            at = index * self.block
            if at < size:
                piece = self.at(block)[:size - at]
                data[at:at + len(piece)] = piece
        return Node(ino, kind, nlink, bytes(data))

    def entries(self, directory):
        """(name, inode number) of a directory's blocks, read one after the
        other: an index block looks empty so."""
        data = directory.data
        for start in range(0, len(data), self.block):
            at, end = start, start + self.block
            while at < end:
                ino, length, size = struct.unpack_from("<IHB", data, at)
                if length < 8 or at + length > end:
                    raise ValueError("directory entry")
                if ino and size:
                    yield data[at + 8:at + 8 + size].decode(), ino
                at += length

    def tree(self, ino=ROOT, path="", out=None):
        """All names below a directory: {path: Node}."""
        out = {} if out is None else out
        for name, child in self.entries(self.node(ino)):
            if name in (".", ".."):
                continue
            node = self.node(child)
            out[f"{path}{name}"] = node
            if node.kind == DIRECTORY:
                self.tree(child, f"{path}{name}/", out)
        return out
