"""
An AHCI controller that is pulled out of a running machine.

    args = unplug.controller(folder)        for QEMU; its id is "hba"
    unplug.pull_out(folder)

The monitor asks for the removal; that the guest agrees, as ACPI's method would,
is said by QEMU's test port. The guest knows of neither. The machine stands
still meanwhile, as QEMU 7.2 may crash if it loses a controller that moves data.
"""
import os
import socket

# The ports of ACPI PCI hot-plug (QEMU's docs/specs/acpi_pci_hotplug.txt) of q35
EJECT_SLOT, SELECT_BUS = 0xcc8, 0xcd0


def controller(folder):
    args = ["-qtest-log", "/dev/null",
            "-device", "pcie-root-port,id=rp,chassis=1,slot=1",
            "-device", "ich9-ahci,id=hba,bus=rp"]
    for name in ("monitor", "qtest"):
        args += [f"-{name}", f"unix:{os.path.join(folder, name)},server=on,"
                 "wait=off"]
    return args


class Wire:
    """A line to QEMU by a socket: its monitor, its test port."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.settimeout(10)

    def hear(self, until):
        seen = b""
        while until not in seen:
            seen += self.socket.recv(65536)

    def say(self, line, until):
        self.socket.sendall(line.encode() + b"\n")
        self.hear(until)


def pull_out(folder):
    monitor, test = (Wire(os.path.join(folder, name))
                     for name in ("monitor", "qtest"))
    monitor.hear(b"(qemu) ")
    monitor.say("stop", b"\n(qemu) ")
    monitor.say("device_del hba", b"\n(qemu) ")
    test.say(f"outl {SELECT_BUS:#x} 0", b"OK")
    test.say(f"outl {EJECT_SLOT:#x} 1", b"OK")
    monitor.say("cont", b"\n(qemu) ")
