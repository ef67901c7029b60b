"""The checks against what the kernel must show: contexts, reasons to defer, stages, issuers.

The contexts and the second hop are also looked for in ftrace alone, which proves the expectations themselves.
"""

from collections.abc import Iterator
from typing import Any

from .compare import equal, listed
from .scenarios import Expectation, Scenario
from .truth import Truth

# dioscope distinguishes how a task completed its own I/O; ftrace only sees that a task did.
AS_SEEN_BY_FTRACE = {
    "hardirq": "hardirq", "softirq": "softirq", "kworker": "kworker",
    "sync_wait": "task", "submit_race": "task", "poll": "task", "task_work": "task",
    "irq_thread": "irq_thread", "ksoftirqd": "ksoftirqd", "driver_worker": "driver_worker",
}


def check_truth(expectation: Expectation, truth: Truth) -> Iterator[str]:
    seen = {context for context, count in truth.contexts.items() if count}
    yield from _contexts("ftrace", seen, {AS_SEEN_BY_FTRACE[context] for context in expectation.must},
                         {AS_SEEN_BY_FTRACE[context] for context in expectation.may})
    ends = {context for context, count in truth.end_io_contexts.items() if count}
    if expectation.end_io and ends - expectation.end_io:
        yield f"end_io in {listed(ends)} seen by ftrace, but only {listed(expectation.end_io)} may be"


def check_report(scenario: Scenario, expectation: Expectation, report: dict[str, Any]) -> Iterator[str]:
    contexts = {context for context, count in (report.get("contexts") or {}).items() if count}
    yield from _contexts("the report", contexts, set(expectation.must), set(expectation.may))
    reasons = {entry["reason"] for entry in report.get("reasons") or [] if entry.get("ios")}
    if reasons - expectation.reasons:
        yield f"reasons {listed(reasons)} in the report, but only {listed(expectation.reasons)} may be"
    if expectation.queue_wait and not reasons:
        yield f"no reason in the report, expected {listed(expectation.reasons)}"
    stages = {entry["name"] for entry in report.get("stages") or [] if entry.get("ios")}
    missing = scenario.stages(expectation) - stages
    if missing:
        yield f"stages {listed(missing)} are not in the report, which has {listed(stages)}"
    waited = ((report.get("queue_wait") or {}).get("ios") or 0) > 0
    if waited != expectation.queue_wait and (expectation.queue_wait or "kworker" not in expectation.may):
        yield (f"queue wait is {'shown' if waited else 'not shown'} but "
               f"{'must' if expectation.queue_wait else 'must not'} be")


def check_issuers(scenario: Scenario, report: dict[str, Any], ios: list[dict[str, Any]]) -> Iterator[str]:
    issuers = {issuer: count for issuer, count in (report.get("issuers") or {}).items() if count}
    yield from equal("report issuers", issuers, "fio was", scenario.issuers)
    named = {io.get("issuer") for io in ios}
    yield from equal("issuers in the list", listed([str(issuer) for issuer in named]), "fio was",
                     listed(scenario.issuers))


def check_deferrals(truth: Truth, report: dict[str, Any], ios: list[dict[str, Any]]) -> Iterator[str]:
    """Every completion by a kworker has a reason, in the sum and in the list."""
    explained = sum(entry.get("ios") or 0 for entry in report.get("reasons") or [])
    yield from equal("report reasons, in all", explained, "ftrace work function hits", truth.work_hits)
    unexplained = [io for io in ios if io.get("context") == "kworker" and not io.get("reason")]
    if unexplained:
        yield f"{len(unexplained)} I/Os of the list were completed in a kworker for no reason"
    hops = sum(1 for io in ios for stage in io.get("stages", []) if stage["name"] == "task_work_wait")
    yield from equal("I/Os with task_work_wait", hops, "ftrace hits of io_req_rw_complete", truth.second_hops)


def check_threads(truth: Truth, report: dict[str, Any]) -> Iterator[str]:
    """A layer's own threads, md's or a server's of ublk, have the names by which ftrace knows them."""
    named = {entry["name"]: entry["ios"] for entry in report.get("deliverers") or []}
    for thread, count in (+truth.threads).items():
        yield from equal(f"report completions by {thread}", named.get(thread), "ftrace", count)


def _contexts(who: str, seen: set[str], must: set[str], may: set[str]) -> Iterator[str]:
    for context in sorted(must - seen):
        yield f"no completion in {context} seen by {who}, which must appear (seen: {listed(seen)})"
    also = {"ksoftirqd"} if "softirq" in must else set()  # where softirqs come in faster than they are served
    for context in sorted(seen - must - may - also):
        yield f"completions in {context} seen by {who}, which must not appear (expected: {listed(must)})"
