"""
Entering the kernel as GRUB does (multiboot2 specification 3.3), but with data
of our own: the emulator puts kernel and data into memory, and a few bytes of
code set the registers.
"""
import os
import struct

import machine

MULTIBOOT2, PVH = 0x36d76289, 0x336ec578    # what eax says
INFO = 0x5000000        # where our own information goes
MODULE = 0x6000000      # the root archive
STUB = 0x7000000        # the code
MEM_MIB = 256

def kernel_entry():
    """The physical address of the kernel's 32-bit entry: its PVH note."""
    with open(machine.kernel(), "rb") as f:
        elf = f.read()
    phoff, = struct.unpack_from("<Q", elf, 32)
    count, = struct.unpack_from("<H", elf, 56)
    for i in range(count):
        kind, _, offset, _, _, size = struct.unpack_from(
            "<IIQQQQ", elf, phoff + 56 * i)
        if kind == 4:           # PT_NOTE
            found = elf.find(struct.pack("<III", 4, 4, 18) + b"Xen\0",
                             offset, offset + size)
            if found < 0:
                found = elf.find(struct.pack("<III", 4, 8, 18) + b"Xen\0",
                                 offset, offset + size)
            if found >= 0:
                return struct.unpack_from("<I", elf, found + 16)[0]
    raise ValueError("the kernel has no PVH note")


def entry_after_pvh():
    """
    Where multiboot2 enters: past "mov $PVH_MAGIC, %eax" (5 bytes), so that our
    own %eax is kept.
    """
    return kernel_entry() + 5


def stub(magic, info):
    """An ELF file for -kernel that enters the kernel as a loader does."""
    code = (b"\xb8" + struct.pack("<I", magic) +        # mov $magic, %eax
            b"\xbb" + struct.pack("<I", info) +         # mov $info, %ebx
            b"\xb9" + struct.pack("<I", entry_after_pvh()) +
            b"\xff\xe1")                                # jmp *%ecx
    note = struct.pack("<III", 4, 4, 18) + b"Xen\0" + struct.pack("<I", STUB)
    header = struct.pack(
        "<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1" + bytes(9), 2, 3, 1, STUB, 52,
        0, 0, 52, 32, 2, 40, 0, 0)
    at = 52 + 2 * 32
    load = struct.pack("<8I", 1, at, STUB, STUB, len(code), len(code), 5, 4)
    notes = struct.pack("<8I", 4, at + len(code), 0, 0, len(note), len(note),
                        4, 4)
    return header + load + notes + code + note


def tag(kind, body):
    data = struct.pack("<II", kind, 8 + len(body)) + body
    return data + bytes(-len(data) % 8)


def sound_info(more, cmdline="console=ttyS0"):
    """Multiboot2 information of this machine, with more tags."""
    ram = [(0, 0x9f000, 1), (0x100000, (MEM_MIB << 20) - 0x200000, 1)]
    ram = b"".join(struct.pack("<QQII", *r, 0) for r in ram)
    root = os.path.getsize(machine.path("build/root.cpio"))
    body = (tag(1, cmdline.encode() + b"\0") +
            tag(3, struct.pack("<II", MODULE, MODULE + root) + b"root\0") +
            tag(6, struct.pack("<II", 24, 0) + ram) + more + tag(0, b""))
    return struct.pack("<II", 8 + len(body), 0) + body


def load(path, address=None):
    """QEMU's words to put a file into memory (an ELF file: where it says)."""
    where = "" if address is None else f",addr={address:#x},force-raw=on"
    return ["-device", f"loader,file={path}{where}"]


def start_args(folder, magic, info):
    """To enter the kernel with these registers; the file goes into folder."""
    path = os.path.join(folder, "stub")
    with open(path, "wb") as f:
        f.write(stub(magic, info))
    return ["-kernel", path, *load(machine.kernel())]


def sound_args(folder, more, cmdline="console=ttyS0"):
    """To start with sound multiboot2 information and more tags."""
    path = os.path.join(folder, "info")
    with open(path, "wb") as f:
        f.write(sound_info(more, cmdline))
    return [*start_args(folder, MULTIBOOT2, INFO), *load(path, INFO),
            *load(machine.path("build/root.cpio"), MODULE)]
