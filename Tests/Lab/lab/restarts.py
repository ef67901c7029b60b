"""Submissions that failed at once and were tried again, taken out of the truth: they are no I/Os of their own.

io_uring first submits with NOWAIT. Where that would have blocked, the attempt begins and completes in ftrace without an
end_io, and a thread of io_uring (or the task, later) begins it once more.
"""

from .events import Event
from .truth import Begin, Truth


def drop_restarts(truth: Truth) -> int:
    """How many there were. Only when the counts bear it out: one begin too many for each completion without end_io."""
    surplus = truth.contexts.total() - truth.end_io_contexts.total()
    again = _earlier_of_the_same(truth.begins)
    if not again or surplus != len(again):
        return 0
    for begin in again:
        completion = _completion_of(begin, truth.completions)
        if completion is None:
            return 0
        truth.completions.remove(completion)
        returned = _completion_of(begin, truth.returns)
        if returned is not None:
            truth.returns.remove(returned)
        truth.contexts[completion.context] -= 1
        truth.complete_cpus[completion.cpu] -= 1
        truth.complete_ns.remove(completion.ns)
        truth.begins.remove(begin)
        truth.ranges[begin.range] -= 1
        truth.begin_cpus[begin.event.cpu] -= 1
        truth.begin_ns.remove(begin.event.ns)
    return len(again)


def _earlier_of_the_same(begins: list[Begin]) -> list[Begin]:
    """All but the last begin of each range."""
    last = {begin.range: begin for begin in begins}
    return [begin for begin in begins if last[begin.range] is not begin]


def _completion_of(begin: Begin, completions: list[Event]) -> Event | None:
    """A failed attempt completes in the task that made it, before that task does anything else."""
    for event in completions:
        if event.pid == begin.event.pid and event.context == "task" and event.ns >= begin.event.ns:
            return event
    return None
