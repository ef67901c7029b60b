"""The checks of what waits were spent on: exact sums everywhere, and ftrace's own split on rows that record it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .compare import equal
from .holders import CAUSES, Wait
from .scenarios import Forced

UNATTRIBUTED = "unattributed"
STAGES = {"queue_wait": "queue_wait_causes", "task_work_wait": "task_work_wait_causes"}

SHARE = 0.01  # of all queue waits, by which a cause may differ
BORDER_NS = 10_000  # by which the two may see one change of holder apart: each looks only after the other's probe ran
MOST_UNATTRIBUTED = 0.02


@dataclass(frozen=True)
class Split:
    """Queue waits by cause, over all I/Os, as both saw them."""

    works: int
    ftrace: Counter[str]
    dioscope: Counter[str]
    borders: Counter[str]

    @staticmethod
    def of(waits: list[Wait], report: dict[str, Any]) -> "Split":
        ftrace: Counter[str] = Counter()
        borders: Counter[str] = Counter()
        for wait in waits:
            ftrace.update(wait.ns)
            ftrace[UNATTRIBUTED] += wait.total_ns - wait.ns.total()
            borders.update(wait.stretches)
        causes = (report.get("queue_wait") or {}).get("causes") or []
        return Split(len(waits), ftrace, Counter({cause["cause"]: cause["total_ns"] for cause in causes}), borders)

    def apart(self, cause: str) -> float:
        """The two shares' difference, of ftrace's total."""
        return (self.dioscope[cause] - self.ftrace[cause]) / max(1, self.ftrace.total())

    def allowed_ns(self, cause: str) -> float:
        """A stretch of time begins and ends with a change of holder; each wait begins and ends inside some stretch."""
        return SHARE * self.ftrace.total() + 2 * BORDER_NS * (self.borders[cause] + 1)


def check_sums(report: dict[str, Any], ios: list[dict[str, Any]]) -> Iterator[str]:
    """Causes sum to their wait: of every I/O, and in the report; and the report is the sum of the list."""
    for stage, key in STAGES.items():
        torn = [(io, waited, causes) for io in ios if (waited := _stage(io, stage)) is not None
                if (causes := sum(share["ns"] for share in io.get(key, []))) != waited and key in io]
        if torn:
            io, waited, causes = torn[0]
            yield (f"{key} do not add up in {len(torn)} of {len(ios)} I/Os; the first: sum {causes}, {stage} {waited}, "
                   f"offset {io.get('offset')}")
        summary = report.get(stage) or {}
        told = {cause["cause"]: cause["total_ns"] for cause in summary.get("causes") or []}
        if not told:
            continue
        yield from equal(f"report {stage}.causes, in all", sum(told.values()), f"{stage}.total_ns is",
                         summary.get("total_ns"))
        yield from equal(f"report {stage}.causes", told, "the list has", _listed(ios, stage, key))
        for cause in summary["causes"]:
            names = sum(name["total_ns"] for name in cause.get("names") or [])
            if names not in (0, cause["total_ns"]):
                yield f"report {stage}.causes {cause['cause']}: {cause['total_ns']}, but its names have {names}"


def _stage(io: dict[str, Any], name: str) -> int | None:
    return next((stage["ns"] for stage in io.get("stages", []) if stage["name"] == name), None)


def _listed(ios: list[dict[str, Any]], stage: str, key: str) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for io in ios:
        shares = io.get(key, [])
        for share in shares:
            sums[share["cause"]] += share["ns"]
        sums[UNATTRIBUTED] += 0 if shares else _stage(io, stage) or 0
    return {cause: ns for cause, ns in sums.items() if ns}


def check_agreement(waits: list[Wait], report: dict[str, Any]) -> Iterator[str]:
    split = Split.of(waits, report)
    if not waits:
        yield "ftrace saw nobody hold a CPU: sched_switch is missing, or no work was queued"
        return
    if not split.dioscope:
        yield "the report has no queue_wait.causes"
        return
    for cause in CAUSES:
        got, wanted, allowed = split.dioscope[cause], split.ftrace[cause], split.allowed_ns(cause)
        if abs(got - wanted) > allowed:
            yield (f"report queue_wait {cause}: {got} ns, but ftrace {wanted} ns (apart by {split.apart(cause):+.2%} of all "
                   f"queue waits; allowed: {SHARE:.0%} + 2 * {BORDER_NS} ns for each of {split.borders[cause] + 1} stretches)")
    unattributed = split.dioscope[UNATTRIBUTED]
    if unattributed > MOST_UNATTRIBUTED * split.dioscope.total():
        yield (f"report queue_wait {UNATTRIBUTED}: {unattributed / split.dioscope.total():.1%} of it, wanted less than "
               f"{MOST_UNATTRIBUTED:.0%}")


def check_forced(forced: Forced, waits: list[Wait], report: dict[str, Any]) -> Iterator[str]:
    """What the row was made to wait for is the largest, for both."""
    split = Split.of(waits, report)
    for who, sums in (("the report", split.dioscope), ("ftrace", split.ftrace)):
        own = sum(sums[cause] for cause in forced.causes)
        if own <= max((ns for cause, ns in sums.items() if cause not in forced.causes), default=0):
            yield (f"{' + '.join(forced.causes)} should be the largest cause, but {who} has {own} ns of "
                   f"{_shown(sums)}")
    if forced.name is None:
        return
    causes = (report.get("queue_wait") or {}).get("causes") or []
    names = [name.get("name") for cause in causes if cause["cause"] == forced.causes[0] for name in cause["names"]]
    if names[:1] != [forced.name]:
        yield f"{forced.name} should be the first name of {forced.causes[0]}, but the names are {names}"


def _shown(sums: Counter[str]) -> str:
    return ", ".join(f"{cause} {ns}" for cause, ns in sums.most_common() if ns)
