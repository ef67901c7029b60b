"""Who is measured: nothing, dioscope, and its peers with what they need for the same answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .load import Load


@dataclass(frozen=True)
class Subject:
    """`command` records until it is interrupted. `programs` go into the guest, and `files` into its /lab."""

    name: str
    command: str = ""
    programs: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    tools: bool = False  # needs bpftrace or trace-cmd
    statistics: bool = False  # run times of its BPF programs
    loads: tuple[Load, ...] = ()  # instead of those that are asked for
    before: str = ""  # the guest's preparation
    after: str = ""  # what became of the recording
    times: int = 1  # as many I/Os as others: it does not do the same all the time

    def few_and_many(self, load: Load) -> tuple[int, int]:
        few, many = load.few_and_many()
        return few * self.times, many * self.times

    def script(self, loads: list[Load]) -> list[str]:
        """The guest's script for it, with the functions of guest/cost.sh."""
        name = self.name
        steps = [f"output=/dev/shm/{name}.out", *([f"{self.before} || exit 1"] if self.before else [])]
        if self.statistics:
            steps.append("echo 1 >/proc/sys/kernel/bpf_stats_enabled")
        if self.command:
            steps.append(f"start {name} {self.command} || exit 1")
        for load in self.loads or loads:
            few, many = self.few_and_many(load)
            if self.times > 1:
                steps.append(f"marked {name}.{load.name}.settling {many} {load.jobs} {load.fio} || exit 1")
            steps.append(f"pair {name}.{load.name} {few} {many} {load.jobs} {load.fio} || exit 1")
        steps.append(f"cat /proc/kallsyms >/out/{name}.kallsyms")
        if self.command:
            steps.append(f"stop {name}")
        if self.statistics:
            steps.append("echo 0 >/proc/sys/kernel/bpf_stats_enabled")
        return [*steps, *([self.after] if self.after else []), "rm -f $output"]


# Nothing but histograms of the time from a work's queueing to its start, for iomap's works.
QUEUE_WAIT = """\
tracepoint:workqueue:workqueue_queue_work /args->function == kaddr("iomap_dio_complete_work")/ {
    @queued[args->work] = nsecs;
}
tracepoint:workqueue:workqueue_execute_start /@queued[args->work]/ {
    @wait_ns = hist(nsecs - @queued[args->work]);
    delete(@queued[args->work]);
}
"""

# What a live view of block devices shows: a histogram of the time from a request's issue to its completion, printed and
# forgotten once a second.
DISK_LATENCY = """\
tracepoint:block:block_rq_issue {
    @issued[args->dev, args->sector] = nsecs;
}
tracepoint:block:block_rq_complete /@issued[args->dev, args->sector]/ {
    @disk_us = hist((nsecs - @issued[args->dev, args->sector]) / 1000);
    delete(@issued[args->dev, args->sector]);
}
interval:s:1 {
    print(@disk_us);
    clear(@disk_us);
}
"""

UNTRACED = Subject("untraced")  # always the first


def _recording(name: str, options: str = "") -> Subject:
    """dioscope with these options, and what its report says was lost."""
    return Subject(
        name, f"dioscope record -q {options} -o $output", after=f"dioscope report --json $output >/out/{name}.json")


DIOSCOPE = _recording("dioscope", "--full")
# As without any options: in bursts, where it would take more than 3% of the CPU time.
LIMITED = replace(_recording("dioscope-limited"), times=30)
UNPACKED = _recording("dioscope-unpacked", "--full --no-pack")
PROGRAMS = Subject(
    "dioscope-programs", "dioscope record -q --full -o $output", programs=("bpftool",), statistics=True,
    loads=(Load(1),))  # where no interrupt comes into their time
SAMPLED = _recording("dioscope-sampled", "--sample 1/16")
WITHOUT_OCCUPANTS = _recording("dioscope-no-occupants", "--full --no-occupants")
LEAST = _recording("dioscope-least", "--no-occupants --sample 1/16")
SUMMARY = _recording("dioscope-summary", "--summary")
BPFTRACE = Subject(
    "bpftrace", "bpftrace /lab/queue-wait.bt", tools=True, files={"queue-wait.bt": QUEUE_WAIT})
LIVE = Subject("dioscope-live", "dioscope live --json")
# As the unit runs it.
SERVE = Subject(
    "dioscope-serve", "dioscope serve --listen /dev/shm/serve.sock --captures /dev/shm/captures --trigger 'p99 > 50ms for 30s'",
    before="mkdir -p /dev/shm/captures")
BIOLATENCY = Subject(
    "biolatency", "bpftrace /lab/disk-latency.bt", tools=True, files={"disk-latency.bt": DISK_LATENCY})
TRACE_CMD = Subject(
    "trace-cmd", "sh /tmp/recipe.sh", tools=True, before="recipe trace-cmd", after="forget_recipe")
PERF = Subject(
    "perf", "sh /tmp/recipe.sh", programs=("perf",), before="recipe perf", after="forget_recipe")

SUBJECTS = {subject.name: subject for subject in (
    UNTRACED, DIOSCOPE, LIMITED, UNPACKED, PROGRAMS, WITHOUT_OCCUPANTS, SAMPLED, LEAST, SUMMARY, LIVE, SERVE,
    BPFTRACE, BIOLATENCY, TRACE_CMD, PERF)}
PEERS = (
    LIMITED, UNPACKED, WITHOUT_OCCUPANTS, SAMPLED, LEAST, SUMMARY, LIVE, SERVE, BPFTRACE, BIOLATENCY, TRACE_CMD, PERF)
