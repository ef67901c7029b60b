"""The checks of what waits were spent on: exact sums everywhere, and ftrace's own split on rows that record it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .compare import equal
from .occupants import CAUSES, Wait
from .scenarios import Forced

UNATTRIBUTED = "unattributed"
STAGES = {"queue_wait": "queue_wait_causes", "task_work_wait": "task_work_wait_causes"}

SHARE = 0.01  # of all queue waits, by which a cause may differ
# ... and for each change of occupant: ftrace's text has microseconds, and one observer sees the change only after the
# other's probe has run, which takes about a microsecond when emulated.
BORDER_NS = 2_000
# When the host takes its time between the two probes of one event, their times part, and so does whatever waited then.
PARTED_NS = 100_000
STALL_NS = 200_000
MOST_LEFT_OUT = 0.25
MOST_UNATTRIBUTED = 0.02


@dataclass(frozen=True)
class Pair:
    """One work's wait as ftrace saw it, and the I/O of dioscope's list that it belongs to."""

    wait: Wait
    queued_ns: int
    started_ns: int
    ns: Counter[str]

    @property
    def is_known(self) -> bool:
        return self.ns.total() > self.ns[UNATTRIBUTED]

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """Times between which the two saw the same event, if they lie far apart."""
        sights = ((self.wait.queued_ns, self.queued_ns), (self.wait.started_ns, self.started_ns))
        return [(min(sight), max(sight)) for sight in sights if abs(sight[0] - sight[1]) > PARTED_NS]

    @property
    def is_stalled(self) -> bool:
        return any(abs(self.ns[cause] - self.wait.ns[cause]) > STALL_NS
                   for cause in CAUSES)


def paired(waits: list[Wait], ios: list[dict[str, Any]]) -> list[Pair] | None:
    """Works start one after the other, so those of a CPU pair by order. None when they are not equally many."""
    listed = sorted(filter(None, map(_listed_wait, ios)), key=lambda wait: (wait[0], wait[2]))
    seen = sorted(waits, key=lambda wait: (wait.started_cpu, wait.started_ns))
    if [cpu for cpu, _, _, _ in listed] != [wait.started_cpu for wait in seen]:
        return None
    return [Pair(wait, queued, started, ns) for wait, (_, queued, started, ns) in zip(seen, listed)]


def _listed_wait(io: dict[str, Any]) -> tuple[int, int, int, Counter[str]] | None:
    """CPU, begin, end and causes of an I/O's queue wait."""
    at = io["submitted_ns"]
    for stage in io.get("stages", []):
        if stage["name"] == "queue_wait":
            return io.get("worker_cpu", -1), at, at + stage["ns"], _causes(io, "queue_wait", "queue_wait_causes")
        at += stage["ns"]
    return None


def _causes(io: dict[str, Any], stage: str, key: str) -> Counter[str]:
    """An I/O's wait by cause; all of it is unattributed when the list does not say."""
    if key not in io:
        return Counter({UNATTRIBUTED: _stage(io, stage) or 0})
    sums: Counter[str] = Counter()
    for share in io[key]:
        sums[share["cause"]] += share["ns"]
    return sums


def _stage(io: dict[str, Any], name: str) -> int | None:
    return next((stage["ns"] for stage in io.get("stages", []) if stage["name"] == name), None)


@dataclass(frozen=True)
class Split:
    """The queue waits that are compared, by cause, as both saw them."""

    works: int
    left_out: int
    ftrace: Counter[str]
    dioscope: Counter[str]
    borders: Counter[str]

    @staticmethod
    def of(pairs: list[Pair]) -> "Split":
        gaps = [gap for pair in pairs for gap in pair.gaps]
        ftrace: Counter[str] = Counter()
        dioscope: Counter[str] = Counter()
        borders: Counter[str] = Counter()
        compared = [pair for pair in pairs if pair.is_known]
        kept = [pair for pair in compared if not pair.is_stalled and not _overlaps(pair.wait, gaps)]
        for pair in kept:
            ftrace.update(pair.wait.ns)
            ftrace[UNATTRIBUTED] += pair.wait.total_ns - pair.wait.ns.total()
            dioscope.update(pair.ns)
            borders.update(pair.wait.stretches)
        return Split(len(kept), len(compared) - len(kept), ftrace, dioscope, borders)

    def apart(self, cause: str) -> float:
        """The difference, as a part of ftrace's total."""
        return (self.dioscope[cause] - self.ftrace[cause]) / max(1, self.ftrace.total())

    def allowed_ns(self, cause: str) -> float:
        """Every wait begins and ends inside some stretch of an occupant's time; the others within it begin and end too."""
        return SHARE * self.ftrace.total() + BORDER_NS * (self.borders[cause] + self.works)


def _overlaps(wait: Wait, gaps: list[tuple[int, int]]) -> bool:
    return any(begin < wait.started_ns + PARTED_NS and end > wait.queued_ns - PARTED_NS for begin, end in gaps)


def check_sums(report: dict[str, Any], ios: list[dict[str, Any]]) -> Iterator[str]:
    """Causes sum to their wait: of every I/O, and in the report; and the report is the sum of the list."""
    for stage, key in STAGES.items():
        listed = [(io, _stage(io, stage), _causes(io, stage, key)) for io in ios if key in io]
        torn = [(io, waited, causes) for io, waited, causes in listed if causes.total() != waited]
        if torn:
            io, waited, causes = torn[0]
            yield (f"{key} do not add up in {len(torn)} of {len(ios)} I/Os; the first: sum {causes.total()}, {stage} "
                   f"{waited}, offset {io.get('offset')}")
        summary = report.get(stage) or {}
        if summary.get("causes"):
            yield from _report_sums(stage, summary, sum((_causes(io, stage, key) for io in ios), Counter()))
        elif listed:
            yield f"the list has {key} of {len(listed)} I/Os, but the report no {stage}.causes"


def _report_sums(stage: str, summary: dict[str, Any], listed: Counter[str]) -> Iterator[str]:
    reported = Counter({cause["cause"]: cause["total_ns"] for cause in summary["causes"]})
    yield from equal(f"report {stage}.causes, in all", reported.total(), f"{stage}.total_ns is", summary.get("total_ns"))
    yield from equal(f"report {stage}.causes", dict(reported), "the list has", dict(+listed))
    for cause in summary["causes"]:
        names = sum(name["total_ns"] for name in cause.get("names") or [])
        if names not in (0, cause["total_ns"]):
            yield f"report {stage}.causes {cause['cause']}: {cause['total_ns']}, but its names have {names}"


def check_agreement(waits: list[Wait], report: dict[str, Any], ios: list[dict[str, Any]]) -> Iterator[str]:
    """Each cause as ftrace has it."""
    pairs = paired(waits, ios)
    if not waits or pairs is None:
        yield f"ftrace has the occupants of {len(waits)} waits, the list other ones: nothing to compare"
        return
    split = Split.of(pairs)
    for cause in CAUSES:
        got, wanted, allowed = split.dioscope[cause], split.ftrace[cause], split.allowed_ns(cause)
        if abs(got - wanted) > allowed:
            borders = split.borders[cause] + split.works
            yield (f"queue waits, {cause}: {got} ns, but ftrace {wanted} ns (apart by {split.apart(cause):+.2%} of them "
                   f"all; allowed: {SHARE:.0%} + {BORDER_NS} ns for each of {borders} borders)")
    if split.left_out > MOST_LEFT_OUT * len(pairs):
        yield f"the two observers part in {split.left_out} of {len(pairs)} waits: more than stalls of the host explain"
    share = unattributed_share(report)
    if share > MOST_UNATTRIBUTED:
        yield f"report queue_wait {UNATTRIBUTED}: {share:.1%} of it, wanted less than {MOST_UNATTRIBUTED:.0%}"


def unattributed_share(report: dict[str, Any]) -> float:
    """The share of all queue waits, those left out included; all of it when the report has no causes."""
    causes = {cause["cause"]: cause["share"] for cause in (report.get("queue_wait") or {}).get("causes") or []}
    return causes.get(UNATTRIBUTED, 0.0) if causes else 1.0


def check_forced(forced: Forced, report: dict[str, Any]) -> Iterator[str]:
    """What the row was made to wait for is the largest in the report, and first by its name."""
    causes = (report.get("queue_wait") or {}).get("causes") or []
    yield from _largest(forced, "the report", Counter({cause["cause"]: cause["total_ns"] for cause in causes}))
    names = [name.get("name") for cause in causes if cause["cause"] == forced.causes[0] for name in cause["names"]]
    if forced.name is not None and names[:1] != [forced.name]:
        yield f"{forced.name} should be the first name of {forced.causes[0]}, but the names are {names}"


def check_forced_truth(forced: Forced, waits: list[Wait]) -> Iterator[str]:
    """The same for ftrace alone, which proves the row."""
    yield from _largest(forced, "ftrace", sum((wait.ns for wait in waits), Counter()))


def _largest(forced: Forced, who: str, sums: Counter[str]) -> Iterator[str]:
    own = sum(sums[cause] for cause in forced.causes)
    if own <= max((ns for cause, ns in sums.items() if cause not in forced.causes), default=0):
        yield f"{' + '.join(forced.causes)} should be the largest cause, but {who} has {own} ns of {_shown(sums)}"


def _shown(sums: Counter[str]) -> str:
    return ", ".join(f"{cause} {ns}" for cause, ns in sums.most_common() if ns)
