"""The table of stacks: how far dioscope follows an I/O through each, as one run saw it."""

from collections.abc import Sequence
from typing import Any

from .evidence import Evidence

COLUMNS = ("I/Os", "followed", "completed in", "layers, mean", "against ftrace")
NOTHING = "-"
LEAST_COMPLETE = 0.95  # as a verdict needs


def cell(evidence: Evidence) -> Sequence[str] | None:
    """What one run of one stack says, or None where fio itself could not run."""
    if not evidence.fio.get("jobs") or evidence.report is None:
        return None
    report = evidence.report
    ios = (report.get("ios") or {}).get("total") or 0
    contexts = ", ".join(f"{name} {count}" for name, count in (report.get("contexts") or {}).items() if count)
    wrong = f"{len(evidence.failures)} apart: {evidence.failures[0]}" if evidence.failures else "agrees"
    return (str(ios), _followed(ios, report, evidence), contexts or NOTHING, _layers(report), wrong.replace("|", "/"))


def _followed(ios: int, report: dict[str, Any], evidence: Evidence) -> str:
    if not ios:
        return f"not followed: {_reason(evidence)}"
    gaps = (report.get("quality") or {}).get("not_followed") or []
    complete = (report.get("quality") or {}).get("complete_share")
    if complete is not None and complete < LEAST_COMPLETE and not gaps:
        return f"not complete: {complete:.1%}"
    names = sorted({f"{gap.get('layer') or gap.get('name')}" for gap in gaps})
    return f"composed: {', '.join(names)}" if names else "followed"


def _reason(evidence: Evidence) -> str:
    """What `record` said of it."""
    for name, said in evidence.said.items():
        _, told, reason = said.partition(" has no direct I/O: ")
        if name.endswith(".report.err") and told:
            return reason.splitlines()[0]
    for name, said in evidence.said.items():
        if name.endswith(".record.err"):
            lines = [line for line in said.splitlines() if "direct I/O" in line or "no I/Os" in line]
            if lines:
                return lines[0].removeprefix("dioscope: ")
    return "no I/Os, and no reason given"


def _layers(report: dict[str, Any]) -> str:
    """The parts of the way down and back, each its mean over the I/Os that have it."""
    parts = [f"{part.get('layer') or part.get('name') or part['device']} {part['phase'].replace('_', ' ')} "
             f"{part['total_ns'] / part['ios'] / 1000:.0f} us" for part in report.get("layers") or [] if part.get("ios")]
    return ", ".join(parts) or NOTHING
