"""Who is measured: nothing, dioscope, and its peers with what they need for the same answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Subject:
    """`command` records until it is interrupted. `programs` go into the guest, and `files` into its /lab."""

    name: str
    command: str = ""
    programs: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    tools: bool = False  # needs bpftrace or trace-cmd
    statistics: bool = False  # run times of its BPF programs
    after: str = ""  # says what became of the recording

    def script(self, depths: list[int]) -> list[str]:
        """The guest's script for it, with the functions of guest/cost.sh."""
        name = self.name
        steps = [f"start {name} {self.command} || exit 1"] if self.command else []
        if self.statistics:
            steps.insert(0, "echo 1 >/proc/sys/kernel/bpf_stats_enabled")
        for depth in depths:
            verb = "pair_with_programs" if self.statistics else "pair"
            steps.append(f"{verb} {name}.{depth} {depth} || exit 1")
        steps.append(f"cat /proc/kallsyms >/out/{name}.kallsyms")
        if self.command:
            steps.append("stop")
        if self.statistics:
            steps.append("echo 0 >/proc/sys/kernel/bpf_stats_enabled")
        return steps + ([self.after] if self.after else [])


UNTRACED = Subject("untraced")
DIOSCOPE = Subject(
    "dioscope", "dioscope record -q -o /tmp/dioscope.dioscope",
    after="dioscope report --json /tmp/dioscope.dioscope >/out/dioscope.json; rm /tmp/dioscope.dioscope")
PROGRAMS = Subject(
    "dioscope-programs", "dioscope record -q -o /tmp/programs.dioscope", programs=("bpftool",), statistics=True,
    after="rm /tmp/programs.dioscope")

SUBJECTS = {subject.name: subject for subject in (UNTRACED, DIOSCOPE, PROGRAMS)}
