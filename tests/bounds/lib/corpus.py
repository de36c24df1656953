"""
The fuzzer's programs: made, compiled for the analyzer and for this machine,
run and measured once each; then compared with what an analyzer says of them.
"""
import os
from dataclasses import dataclass

from tool import (HERE, HOSTCC, OUT, TOP, Failed, analyse, bitcode, command)

import generate

FACTS = [HERE + "/mini.facts"]
POLICY = "E-SHARE"              # a large bound is no fault of a program
RUN_S = 60


@dataclass
class Sample:
    """What a run has taken at most in a segment."""
    row: str
    turn: str                   # "-": none
    turns: int
    cls: str
    peak: int


class Case:
    """The program of one seed."""

    def __init__(self, seed):
        self.seed = seed
        self.folder = f"{OUT}/fuzz/{seed}"
        self.source = f"{self.folder}/fuzz.c"
        self.modules = [f"{self.folder}/fuzz.bc", f"{OUT}/fuzz/mini.bc"]
        self.samples = []

    def build(self):
        os.makedirs(self.folder, exist_ok=True)
        with open(self.source, "w") as f:
            f.write(generate.generate(self.seed))
        bitcode(self.source, self.modules[0])
        command([HOSTCC, "-std=gnu11", "-O0", "-w", "-I.", "-o",
                 f"{self.folder}/fuzz", self.source,
                 f"{HERE}/fuzz/runtime.c"])

    def measure(self):
        for line in command([f"{self.folder}/fuzz"], RUN_S).splitlines():
            row, turn, turns, cls, peak = line.split()
            self.samples.append(Sample(row, turn, int(turns), cls, int(peak)))

    def check(self, tool=None, name="fuzz"):
        """The analyzer's answer; Failed if it is wrong."""
        answer = analyse(self.modules, FACTS, f"{name}/{self.seed}",
                         tool=tool)
        errors = [m for m in answer.messages
                  if m.code[0] == "E" and m.code != POLICY]
        if errors:
            raise Failed("a valid program is refused:\n" + answer.text)
        for s in self.samples:
            bound = self.bound(answer, s)
            if s.peak > bound:
                raise Failed(
                    f"row {s.row} ({s.turns} turns of {s.turn}): {s.peak} "
                    f"{s.cls} were live, the bound is {bound}: "
                    f"{os.path.relpath(self.source, TOP)}")
        return answer

    @staticmethod
    def bound(answer, sample):
        need = answer.rows[sample.row].get(sample.cls, 0)
        if sample.turn != "-":
            need += sample.turns * \
                answer.rows[sample.turn].get(sample.cls, 0)
        return need


def prepare():
    bitcode(HERE + "/mini.c", f"{OUT}/fuzz/mini.bc")
