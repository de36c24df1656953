"""Write archives in the cpio "newc" format, and add files to one.

A kernel unpacks one archive; so instead of trusting it to accept two that
are strung together, the entries are put before the first one's trailer.
"""

TRAILER = "TRAILER!!!"
S_IFDIR, S_IFREG, S_IFCHR = 0o040000, 0o100000, 0o020000


def entry(name, mode, data=b"", rdev=(0, 0), ino=1):
    """One member; data of a directory or device is empty."""
    fields = (ino, mode, 0, 0, 1, 0, len(data), 0, 0, rdev[0], rdev[1],
              len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08x" % f for f in fields)
    return pad(head + name.encode() + b"\0") + pad(data)


def pad(b):
    return b + b"\0" * (-len(b) % 4)


def trailer_at(archive):
    """The offset of the trailer of a newc archive."""
    at = 0
    while archive[at:at + 6] in (b"070701", b"070702"):
        size = int(archive[at + 54:at + 62], 16)
        namesize = int(archive[at + 94:at + 102], 16)
        name = archive[at + 110:at + 110 + namesize - 1].decode()
        if name == TRAILER:
            return at
        at += 110 + namesize
        at += -at % 4 + size
        at += -at % 4
    raise ValueError("not a whole newc archive")


def archive(members, base=b""):
    """base's members, then ours: (name, mode, data, rdev)."""
    head = base[:trailer_at(base)] if base else b""
    out = [head]
    for i, (name, mode, data, rdev) in enumerate(members):
        out.append(entry(name, mode, data, rdev, 900000 + i))
    out.append(entry(TRAILER, 0))
    return b"".join(out)
