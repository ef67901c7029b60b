"""One line of ftrace's text."""

import re
from dataclasses import dataclass

# A comm may hold spaces, dashes and digits, so the line is read from its right end: greedy comm, then the fixed part.
LINE = re.compile(
    r"^\s*(?P<comm>.+)-(?P<pid>\d+)\s+\[(?P<cpu>\d+)\]\s+(?P<flags>\S{4,6})\s+(?P<seconds>\d+)\.(?P<micros>\d{6}):"
    r"\s(?P<what>.*)$")
# workqueue_queue_work and workqueue_execute_* write the same two facts in two ways.
A_WORK = re.compile(r"work struct[= ](?P<work>\w+):? (?:function[= ](?P<function>\S+))?")

# A workqueue's rescuer, which steps in while a pool waits for a new worker, has the workqueue's name; that of the works
# that complete I/Os is dio/DEVICE. Since 6.9 it is kworker/R-dio/DEVICE.
KWORKERS = ("kworker/", "dio/")
SOFTIRQ_TASKS = ("ksoftirqd/", "ktimers/")
IO_WORKER = "iou-wrk-"


@dataclass(frozen=True)
class Event:
    """One line: what happened, when, where."""

    comm: str
    pid: int
    cpu: int
    flags: str
    ns: int
    what: str

    @property
    def pids_of_submitter(self) -> set[int]:
        """io_uring's worker begins what its process has submitted, and that process may poll for it."""
        asked = self.comm.removeprefix(IO_WORKER)
        return {self.pid, int(asked)} if asked != self.comm and asked.isdigit() else {self.pid}

    @property
    def context(self) -> str:
        """The third flag distinguishes hard and soft interrupts; the comm in an interrupt is only who was interrupted."""
        mark = self.flags[2]
        if mark in "hHzZ":
            return "hardirq"
        if mark == "s":
            return "ksoftirqd" if self.comm.startswith(SOFTIRQ_TASKS) else "softirq"
        if self.comm.startswith("irq/"):
            return "irq_thread"
        if self.comm.startswith(SOFTIRQ_TASKS):  # PREEMPT_RT has no flag for its softirqs
            return "ksoftirqd"
        return "kworker" if self.comm.startswith(KWORKERS) else "task"


def parse_line(line: str) -> Event | None:
    """An event, or None for headers and blank lines. Times are microseconds in the text."""
    match = LINE.match(line)
    if match is None:
        return None
    ns = (int(match["seconds"]) * 1_000_000 + int(match["micros"])) * 1000
    return Event(match["comm"].strip(), int(match["pid"]), int(match["cpu"]), match["flags"], ns, match["what"])


def work_of(text: str) -> tuple[str, str]:
    """The work and its function, of what follows the name of a workqueue event; empty when it does not say."""
    match = A_WORK.search(text)
    return ("", "") if match is None else (match["work"], match["function"] or "")
