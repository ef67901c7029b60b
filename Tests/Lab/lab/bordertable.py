"""The table of borders: where each load's time went, and how far dioscope and ftrace were apart, as one run saw it."""

from collections.abc import Sequence

from .evidence import Evidence

COLUMNS = ("I/Os", "completed in", "largest stage", "dioscope / ftrace, mean", "against ftrace")
NOTHING = "-"


def cell(evidence: Evidence) -> Sequence[str] | None:
    """What one run says, or None where fio itself could not run."""
    if not evidence.fio.get("jobs") or evidence.report is None:
        return None
    report = evidence.report
    contexts = ", ".join(f"{name} {count}" for name, count in (report.get("contexts") or {}).items() if count)
    largest = max(report.get("stages") or [], key=lambda stage: stage["total_ns"], default=None)
    told = f"{largest['name']} {largest['share']:.1%}" if largest else NOTHING
    compared = ", ".join(f"{what} {_time(ours)} / {_time(theirs)}" for what, ours, theirs in evidence.compared
                         if round(ours) or round(theirs))
    wrong = f"{len(evidence.failures)} apart: {evidence.failures[0]}" if evidence.failures else "agrees"
    total = str((report.get("ios") or {}).get("total") or 0)
    return (total, contexts or NOTHING, told, compared or NOTHING, wrong.replace("|", "/"))


def _time(ns: float) -> str:
    return f"{ns / 1_000_000:.2f} ms" if ns >= 1_000_000 else f"{ns / 1000:.1f} us"
