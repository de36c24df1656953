"""
A machine that boots Debian's Linux in place of our kernel, to try a test of
disks on: what it demands must hold there too. It needs what `make bench-tools`
fetches. The console has a shell, as ours has.
"""
import os
import subprocess

import machine
import newc

LINUX = machine.path("build/bench/linux/vmlinuz")
MODULES = machine.path("build/bench/linux/modules")
CMDLINE = ("console=ttyS0 quiet loglevel=4 mitigations=off tsc=reliable "
           "clocksource=tsc lsm= random.trust_cpu=on")
INIT = """#!/bin/sh
mkdir -p /proc /dev /sys /mnt /mnt2
mount -t proc proc /proc
mount -t devtmpfs dev /dev
modules /modules/*
while [ ! -b /dev/sda ]; do usleep 10000; done
exec < /dev/ttyS0 > /dev/ttyS0 2>&1
export PS1='peer:/# ' HOME=/
cd /
exec setsid cttyhack sh -i
"""


def archive():
    out = newc.Archive()
    for name in ("dev", "proc", "tmp"):
        out.dir(name)
    out.host(machine.path("build/user/busybox"), "bin/busybox")
    applets = subprocess.run([machine.path("build/user/busybox"), "--list"],
                             stdout=subprocess.PIPE, text=True, check=True)
    for name in applets.stdout.split():
        out.link(f"bin/{name}", "busybox")
    out.host(MODULES, "modules")
    out.host(machine.path("build/tests/crash/modules"), "bin/modules")
    out.file("init", INIT.encode(), 0o755)
    return out


def console(is_linux, folder, add, disks, smp=2, words="", debug=False,
            mem=256):
    """
    A machine with a shell on the console: add is {name in the guest: path
    here}, disks QEMU's words for them. The archive is made in the folder, once.
    """
    path = os.path.join(folder, "root.linux" if is_linux else "root")
    if not os.path.exists(path):
        root = archive() if is_linux else newc.Archive()
        if not is_linux:
            with open(machine.path("build/root.cpio"), "rb") as f:
                root.load(f.read())
        for name, host in add.items():
            root.host(host, name)
        with open(path, "wb") as f:
            f.write(root.bytes())
    kernel = LINUX if is_linux else machine.kernel(debug)
    cmdline = CMDLINE if is_linux else f"console=ttyS0 quiet {words}"
    return machine.Machine(
        machine.base_args(smp, mem) + ["-serial", "stdio"] + disks +
        machine.pvh_args(kernel, path, cmdline))
