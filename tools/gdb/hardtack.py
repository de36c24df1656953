"""
gdb commands for the kernel.  Load with

    gdb -x tools/gdb/hardtack.py build/debug/kernel.elf

after `make qemu-gdb` in another terminal; it attaches by itself.

    ht-threads          all threads: state, CPU, what each waits for
    ht-bt TID           the backtrace of a thread that does not run
    ht-cpus             what each CPU runs
    ht-locks            what each CPU holds (debug kernel)
    ht-mutex EXPR       who owns a mutex
    ht-log [LINES]      the end of the kernel's log

The names of structures and fields are the kernel's own: kernel/sched/thread.h,
kernel/sync/lockdep.h, kernel/trace/log.c.
"""
import gdb

# What x86_switch_stacks leaves on the stack, from ksp up.
SWITCH_FRAME = ["r15", "r14", "r13", "r12", "rbx", "rbp", "rip"]
WAITERS_BIT = 1         # of mutex.owner


def value(expression):
    return gdb.parse_and_eval(expression)


def number(v):
    return int(v.cast(gdb.lookup_type("unsigned long")))


def offset_of(struct, field):
    kind = gdb.lookup_type(f"struct {struct}")
    return next(f.bitpos // 8 for f in kind.fields() if f.name == field)


def threads():
    """Every thread, as a struct thread."""
    pointer = gdb.lookup_type("struct thread").pointer()
    head = value("&all_threads")
    node = head.dereference()["next"]
    offset = offset_of("thread", "all_node")
    while node != head:
        yield gdb.Value(number(node) - offset).cast(pointer).dereference()
        node = node.dereference()["next"]


def thread_of(tid):
    for t in threads():
        if int(t["tid"]) == tid:
            return t
    raise gdb.GdbError(f"no thread {tid}")


def percpu(symbol, type_name, cpu):
    """The copy of a per-CPU variable that belongs to a CPU."""
    base = number(value(f"percpu_offset_of[{cpu}]"))
    address = int(gdb.parse_and_eval(f"(unsigned long)&{symbol}"))
    pointer = gdb.lookup_type(type_name).pointer()
    mask = (1 << 64) - 1
    return gdb.Value((base + address) & mask).cast(pointer).dereference()


def cpus():
    return range(int(value("ncpus")))


def state_name(t):
    kind = gdb.lookup_type("enum thread_state")
    if t["on_cpu"]:
        return "running"
    return str(t["state"].cast(kind)).replace("THREAD_", "").lower()


class Command(gdb.Command):
    def __init__(self):
        super().__init__(self.name, gdb.COMMAND_USER)


class Threads(Command):
    """List all threads."""
    name = "ht-threads"

    def invoke(self, argument, from_tty):
        print(f"{'tid':>6} {'name':16} {'state':10} cpu  waits for")
        for t in threads():
            what = t["wait_what"]
            waits = what.string() if number(what) else ""
            print(f"{int(t['tid']):6} {t['name'].string():16} "
                  f"{state_name(t):10} {int(t['cpu']):3}  {waits}")


class Backtrace(Command):
    """Backtrace of a thread that does not run: ht-bt TID."""
    name = "ht-bt"

    def invoke(self, argument, from_tty):
        t = thread_of(int(argument, 0))
        if t["on_cpu"]:
            print("it runs: see ht-cpus and gdb's own threads")
            return
        word = gdb.lookup_type("unsigned long").pointer()
        at = gdb.Value(int(t["x86"]["ksp"])).cast(word)
        saved = {reg: int(at[i]) for i, reg in enumerate(SWITCH_FRAME)}
        rip, rbp = saved["rip"], saved["rbp"]
        low = int(t["x86"]["kstack_base"])
        high = int(t["x86"]["kstack_top"])
        for depth in range(64):
            where = gdb.execute(f"info symbol {rip:#x}", to_string=True)
            line = gdb.find_pc_line(rip - 1)
            place = f"{line.symtab}:{line.line}" if line.symtab else ""
            print(f"#{depth:<2} {where.split(' in section')[0]} {place}")
            if not low <= rbp < high - 8:
                break
            frame = gdb.Value(rbp).cast(word)
            rbp, rip = int(frame[0]), int(frame[1])
            if rip == 0:
                break


class Cpus(Command):
    """What each CPU runs."""
    name = "ht-cpus"

    def invoke(self, argument, from_tty):
        for cpu in cpus():
            rq = percpu("runq", "struct runq", cpu)
            running = [t for t in threads()
                       if t["on_cpu"] and int(t["cpu"]) == cpu]
            names = ", ".join(f"{int(t['tid'])} {t['name'].string()}"
                              for t in running) or "idle"
            print(f"cpu {cpu}: {names}; {int(rq['nrunning'])} runnable")


class Locks(Command):
    """Spinlocks that each CPU holds (debug kernel)."""
    name = "ht-locks"

    def invoke(self, argument, from_tty):
        for cpu in cpus():
            try:
                l = percpu("lockdep_cpu", "struct lockdep_cpu", cpu)
            except gdb.error:
                print("only the debug kernel keeps track")
                return
            held = [l["held"][i] for i in range(int(l["n"]))]
            names = [value(f"lock_class_name({int(h['class'])})").string()
                     for h in held]
            print(f"cpu {cpu}: " + (", ".join(names) or "none"))


class Mutex(Command):
    """The owner of a mutex: ht-mutex EXPRESSION."""
    name = "ht-mutex"

    def invoke(self, argument, from_tty):
        owner = int(value(argument)["owner"])
        pointer = gdb.lookup_type("struct thread").pointer()
        if owner & ~WAITERS_BIT == 0:
            print("free")
            return
        t = gdb.Value(owner & ~WAITERS_BIT).cast(pointer).dereference()
        print(f"owned by {int(t['tid'])} {t['name'].string()}" +
              (", with waiters" if owner & WAITERS_BIT else ""))


class Log(Command):
    """The last lines of the kernel's log: ht-log [LINES]."""
    name = "ht-log"

    def invoke(self, argument, from_tty):
        lines = int(argument or 40)
        slots = value("log_slots")
        count = slots.type.sizeof // slots[0].type.sizeof
        head = int(value("log_head"))
        for n in range(max(0, head - min(lines, count)), head):
            slot = slots[n % count]
            if int(slot["seq"]) != n + 1:
                continue
            text = slot["text"].string(errors="replace",
                                       length=int(slot["len"]))
            print(f"[{int(slot['time_ns']) / 1e9:10.6f}] {text}")


for command in (Threads, Backtrace, Cpus, Locks, Mutex, Log):
    command()
gdb.execute("set pagination off")
try:
    gdb.execute("target remote localhost:1234")
except gdb.error as error:
    print(f"not attached ({error}); then: target remote localhost:1234")
