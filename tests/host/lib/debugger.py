"""
A debugger that waits at a function of a running kernel and then does something
to it, so that the kernel needs no code for tests that break it.

    trap = Trap(socket, kernel, "sys_sethostname", ["set $rdi = 0"])
    guest.send(b"hostname x\n")

The machine was started with qemu_args(socket).
"""
import subprocess
import threading

ARMED_S = 30


def qemu_args(socket):
    return ["-gdb", f"unix:{socket},server=on,wait=off"]


class Trap:
    """Armed once it is made: what runs into it is no longer raced with."""

    def __init__(self, socket, kernel, function, commands):
        self.output = ""
        self._argv = ["gdb", "-nx", "-q", "-batch", kernel, "-ex",
                      f"target remote {socket}", "-ex", f"hbreak {function}",
                      "-ex", "continue"]
        for c in commands + ["delete", "detach"]:
            self._argv += ["-ex", c]
        self._armed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._armed.wait(ARMED_S)

    def _run(self):
        gdb = subprocess.Popen(self._argv, stdin=subprocess.DEVNULL,
                               text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
        for line in gdb.stdout:
            self.output += line
            if line.startswith("Hardware assisted breakpoint"):
                self._armed.set()
        self._armed.set()
        gdb.wait()

    def wait(self):
        """Until the commands are done and the kernel runs on; gdb's output."""
        self._thread.join(ARMED_S)
        return self.output
