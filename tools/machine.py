"""
The emulated machine: QEMU's command line, and the life of one QEMU process.

Everything that starts the emulator starts it here, so that all of it agrees on
what the machine is (q35, the CPU, the two serial lines), ends it by its own
process id, and leaves nothing behind.
"""
import atexit
import ctypes
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
QEMU = "qemu-system-x86_64"
OVMF = "/usr/share/ovmf/OVMF.fd"
# QEMU runs each turn of a REP as a block of its own: ERMS misleads the kernel.
CPU = "max,-erms"
PROMPT = re.compile(rb"[\w.-]+:[^\r\n]*[$#] $")
PANIC = re.compile(rb"hardtack: panic|^\s*(\[[^]]*\] *)?PANIC\b|Kernel panic",
                   re.I | re.M)

# How the machine can start: name -> (firmware, medium).
BOOTS = {
    "pvh": (None, None),
    "bios-cd": ("bios", "cd"),
    "bios-disk": ("bios", "disk"),
    "bios-usb": ("bios", "usb"),
    "uefi-cd": ("uefi", "cd"),
    "uefi-disk": ("uefi", "disk"),
    "uefi-usb": ("uefi", "usb"),
}

MEDIA = {
    "cd": ["-drive", "if=none,id=boot,format=raw,media=cdrom,readonly=on,"
           "file={}", "-device", "ide-cd,bus=ide.0,drive=boot"],
    "disk": ["-drive", "if=none,id=boot,format=raw,snapshot=on,file={}",
             "-device", "ide-hd,bus=ide.0,drive=boot"],
    "usb": ["-drive", "if=none,id=boot,format=raw,snapshot=on,file={}",
            "-device", "qemu-xhci,id=xhci",
            "-device", "usb-storage,bus=xhci.0,drive=boot"],
}


def path(name):
    return os.path.join(TOP, name)


def kernel(debug=False):
    return path("build/debug/kernel.elf" if debug else "build/kernel.elf")


def scratch(name):
    """A temporary folder that ends with this process."""
    folder = tempfile.mkdtemp(prefix=f"hardtack-{name}.")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _kvm_probe():
    """
    Does an ordinary boot work under KVM?  /dev/kvm is opened only where the
    CPU has it: there are hosts where it opens and a 64-bit kernel hangs.
    """
    with open("/proc/cpuinfo") as f:
        if not re.search(r"^flags.*\b(vmx|svm)\b", f.read(), re.M):
            return False
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    with open("/proc/sys/kernel/random/boot_id") as f:
        boot_id = f.read().strip()
    stamp = path("build/kvm-probe")
    if os.path.exists(stamp):
        with open(stamp) as f:
            known, answer = f.read().split()
            if known == boot_id:
                return answer == "yes"
    probe = subprocess.run(
        [path("tools/guest-run"), "--timeout", "15", "--", "true"],
        env={**os.environ, "HARDTACK_ACCEL": "kvm"},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    answer = "yes" if probe.returncode == 0 else "no"
    with open(stamp, "w") as f:
        f.write(f"{boot_id} {answer}\n")
    return answer == "yes"


def accelerator():
    forced = os.environ.get("HARDTACK_ACCEL")
    if forced == "kvm" or forced is None and _kvm_probe():
        return ["-accel", "kvm"]
    return ["-accel", "tcg,thread=multi"]


def nic_args(model, forwards, number=0):
    """A NIC on QEMU's own little network; forwards: "HOSTPORT:GUESTPORT"."""
    net = f"user,id=net{number}"
    for pair in forwards:
        host, guest = pair.split(":")
        net += f",hostfwd=tcp:127.0.0.1:{host}-:{guest}"
    return ["-netdev", net, "-device", f"{model},netdev=net{number}"]


def disk_args(image, number=0):
    return ["-drive", f"if=none,id=disk{number},format=raw,file={image}",
            "-device", f"ide-hd,bus=ide.{number + 1},drive=disk{number}"]


def base_args(smp=2, mem=256, cpu=CPU):
    return [QEMU, "-nodefaults", "-no-user-config", "-machine", "q35",
            *accelerator(), "-cpu", cpu, "-smp", str(smp), "-m", str(mem),
            "-display", "none", "-no-reboot"]


def pvh_args(kernel_file, initrd, cmdline):
    return ["-kernel", kernel_file, "-initrd", initrd, "-append", cmdline]


def image_args(boot, image):
    """Boot an image of tools/mkiso in one of the ways of BOOTS."""
    firmware, medium = BOOTS[boot]
    args = ["-vga", "std"]
    if firmware == "uefi":
        args += ["-bios", OVMF]
    return args + [a.format(image) for a in MEDIA[medium]]


def _die_with_parent():
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Machine:
    """
    One QEMU process.  Its standard input and output are pipes to us; with
    "-serial stdio" (or a chardev of that kind) they are a serial line.
    """

    def __init__(self, args):
        self.process = subprocess.Popen(
            args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=_die_with_parent)
        self.started = time.monotonic()
        self.seen = b""         # what the line said
        os.set_blocking(self.process.stdout.fileno(), False)
        os.set_blocking(self.process.stdin.fileno(), False)
        atexit.register(self.kill)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def wait(self, seconds):
        """Wait for the machine to power off; did it?"""
        try:
            self.process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    def complaint(self):
        """What QEMU itself said, once it has ended."""
        return self.process.stderr.read().decode(errors="replace").strip()

    # What follows talks to a serial line that is on our pipes.

    def send(self, data):
        while data:
            try:
                data = data[os.write(self.process.stdin.fileno(), data):]
            except BlockingIOError:
                time.sleep(0.01)

    def read(self, seconds):
        """Read what the line says within that time: b"" for nothing."""
        with selectors.DefaultSelector() as s:
            s.register(self.process.stdout, selectors.EVENT_READ)
            if not s.select(seconds):
                return b""
        try:
            data = os.read(self.process.stdout.fileno(), 65536)
        except BlockingIOError:
            return b""
        self.seen += data
        return data

    def expect(self, pattern, seconds):
        """
        Read until the pattern is in what came since the last match.  Returns
        the match; None at the time limit, a panic, or the machine's end.
        """
        deadline = time.monotonic() + seconds
        unread = getattr(self, "unread", b"")
        while True:
            found = re.search(pattern, unread)
            if found:
                self.unread = unread[found.end():]
                return found
            left = deadline - time.monotonic()
            if left <= 0 or PANIC.search(unread):
                break
            data = self.read(min(left, 0.2))
            if not data and self.process.poll() is not None:
                break
            unread += data
        self.unread = unread
        return None

    def run(self, line, seconds=20):
        """Run a line in the shell on the console; its output, or None."""
        self.send(line.encode() + b"\r")
        if not self.expect(rb"\n", seconds):
            return None
        before = len(self.seen) - len(self.unread)
        found = self.expect(PROMPT, seconds)
        if not found:
            return None
        end = len(self.seen) - len(self.unread)
        text = self.seen[before:end - len(found.group())]
        return text.decode(errors="replace").replace("\r\n", "\n")


def end_quietly(signum, _frame):
    sys.exit(128 + signum)      # atexit does the rest


for _sig in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(_sig, end_quietly)
