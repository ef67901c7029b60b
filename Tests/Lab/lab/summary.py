"""What a summary has to agree on with ftrace, without a list of single I/Os."""

from collections.abc import Iterator
from typing import Any

from .compare import close, equal
from .scenarios import Scenario
from .truth import Truth

STALL_NS = 10_000_000  # by which a busy host may once part two observers of the same moment
LEAST_SHARE = 0.5  # of the I/Os has to be aggregated where there are enough of them to make that worth while
ENOUGH_IOS = 1000


def check_summary(scenario: Scenario, truth: Truth, report: dict[str, Any]) -> Iterator[str]:
    summed = (report.get("summed_up") or {}).get("ios") or 0
    if scenario.ios >= ENOUGH_IOS and summed < LEAST_SHARE * scenario.ios:
        yield f"I/Os aggregated: {summed} of {scenario.ios}, wanted most of them"
    explained = sum(entry.get("ios") or 0 for entry in report.get("reasons") or [])
    yield from equal("report reasons, in all", explained, "ftrace work function hits", truth.work_hits)
    stages = {stage["name"]: stage for stage in report.get("stages") or []}
    total = sum(stage["total_ns"] for stage in stages.values())
    latency = report.get("latency") or {}
    yield from equal("nanoseconds of all stages", total, "of the latencies", latency.get("total_ns"))
    yield from close("report mean time to the completion", _completion_ns(latency, stages), "ftrace",
                     truth.mean_latency_ns, 0.05, 5000 + STALL_NS / max(1, scenario.ios))
    hops = (stages.get("task_work_wait") or {}).get("ios") or 0
    yield from equal("I/Os with task_work_wait", hops, "ftrace hits of io_req_rw_complete", truth.second_hops)
    if truth.queued_ns:
        waited = (report.get("queue_wait") or {}).get("mean_ns")
        yield from close("report queue_wait.mean_ns", waited, "ftrace", truth.mean_queue_wait_ns, 0.05,
                         5000 + STALL_NS / len(truth.queued_ns))


def _completion_ns(latency: dict[str, Any], stages: dict[str, Any]) -> float | None:
    """Mean time to the end of iomap_dio_complete, where ftrace looks too; io_uring's latency goes on from there."""
    if not latency.get("ios"):
        return None
    beyond = (stages.get("task_work_wait") or {}).get("total_ns") or 0
    return float(latency["total_ns"] - beyond) / latency["ios"]
