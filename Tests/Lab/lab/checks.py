"""The checks: fio, ftrace and dioscope have to agree. Every failure shows both numbers."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from .borders import check_borders, few_parted
from .causes import check_agreement, check_forced, check_forced_truth, check_sums
from .compare import close, equal
from .evidence import Evidence
from .expected import AS_SEEN_BY_FTRACE, check_deferrals, check_issuers, check_report, check_threads, check_truth
from .followed import check_followed
from .placement import check_cpus, check_files
from .reaps import check_reaps, parted_ns
from .scenarios import Scenario
from .summary import check_summary
from .truth import Truth

MISREAD = "contexts-misread"
NO_IOS = 4  # exit code of a report without I/Os, and of a recording whose command went well
STALL_NS = 10_000_000  # by which a busy host may once part two observers of the same moment


def check(scenario: Scenario, kernel: str, evidence: Evidence) -> list[str]:
    """All failures of one scenario; an empty list is a pass."""
    failures = list(evidence.problems)
    if scenario.blind:
        return failures + list(_blind(scenario, evidence))
    if scenario.misread:
        return failures + list(_misread(scenario, evidence))
    failures += [f"step {step} ended with exit code {code}" for step, code in evidence.status.items() if code]
    failures += _truth(scenario, evidence)
    failures += _fio(scenario, evidence)
    expectation = scenario.expectation(kernel)
    if expectation is not None:
        failures += check_truth(expectation, evidence.truth)
        if scenario.forced is not None:
            failures += check_forced_truth(scenario.forced, evidence.truth.waits)
    if scenario.summary and evidence.report is not None and not evidence.problems:
        failures += _report(scenario, evidence, evidence.report)
        failures += check_summary(scenario, evidence.truth, evidence.report)
        if expectation is not None:
            failures += check_report(scenario, expectation, evidence.report)
    elif evidence.report is not None and evidence.ios is not None and not evidence.problems:
        failures += _report(scenario, evidence, evidence.report)
        failures += _ios(scenario, evidence, evidence.ios)
        failures += _times(scenario, evidence, evidence.report, evidence.ios)
        failures += check_cpus(scenario, evidence.truth, evidence.ios)
        if not scenario.through_loop:
            failures += check_files(evidence.stat, evidence.mounts, evidence.ios)
        failures += check_issuers(scenario, evidence.report, evidence.ios)
        failures += check_deferrals(evidence.truth, evidence.report, evidence.ios)
        failures += check_threads(evidence.truth, evidence.report)
        failures += check_sums(evidence.report, evidence.ios)
        failures += check_borders(scenario, evidence)
        if scenario.blocks:
            failures += check_followed(scenario, evidence.report, evidence.ios)
        # At max_active hundreds of works are queued at any time: a stall of the host would leave them all out.
        if scenario.causes and not scenario.at_limit and (expectation is None or expectation.queue_wait):
            failures += check_agreement(evidence.truth.waits, evidence.report, evidence.ios)
        if scenario.causes and set(scenario.issuers) == {"libaio"} and evidence.truth.reaps is not None:
            parted = parted_ns([event.ns for event in evidence.truth.returns], evidence.ios)
            failures += check_reaps(evidence.truth.reaps, evidence.report, parted)
        if expectation is not None:
            failures += check_report(scenario, expectation, evidence.report)
            if scenario.forced is not None:
                failures += check_forced(scenario.forced, evidence.report)
    return failures


def _truth(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    truth = evidence.truth
    for what, count in truth.lost.items():
        yield f"the truth is void: {what} {count}"
    for line in truth.unread_lines[:3]:
        yield f"the truth has a line that could not be read: {line}"
    yield from equal("ftrace completions", truth.contexts.total(), "the scenario does", scenario.ios)
    yield from equal("ftrace begins", len(truth.begin_ns), "the scenario does", scenario.ios)
    ends = truth.end_io_contexts.total()
    if scenario.multi_bio and ends < 2 * scenario.ios:
        yield f"ftrace end_io: {ends}, but {scenario.ios} I/Os of several bios each have at least twice as many"
    elif not scenario.multi_bio and ends:  # 7.3 waits for short reads without an end_io function
        yield from equal("ftrace end_io", ends, "the scenario does", scenario.ios - truth.came_to_nothing)
    yield from equal("ftrace work queued", len(truth.queued_ns), "works started", len(truth.started_ns))
    yield from equal("ftrace kworker completions", truth.contexts["kworker"], "work function hits", truth.work_hits)


def _blind(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """No function that dioscope knows was called, and the recording said so."""
    yield from _fio(scenario, evidence)
    for step in ("filesystem", "file"):
        yield from equal(f"exit code of step {step}", evidence.status.get(step), "wanted", 0)
    yield from equal("ftrace completions", evidence.truth.contexts.total(), "of a blind file system", 0)
    if evidence.report is not None:
        yield from equal("report ios.total", (evidence.report.get("ios") or {}).get("total"), "ftrace", 0)
        yield from equal("exit code of record", evidence.status.get("record"), "without I/Os", NO_IOS)
        for step in ("report", "report-json", "list-json"):
            yield from equal(f"exit code of {step}", evidence.status.get(step), "without I/Os", NO_IOS)
        if not evidence.said.keys() & {name for name in evidence.said if name.endswith(".record.err")}:
            yield "record did not say why it has no I/Os"


def _misread(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """All I/Os are there, no context is believed: the loss says where they were misread, and nothing is concluded."""
    report = evidence.report or {}
    yield from _fio(scenario, evidence)
    yield from equal("report ios.total", (report.get("ios") or {}).get("total"), "fio did", scenario.ios)
    told = [loss for loss in report.get("loss") or [] if loss["what"] == MISREAD and loss["count"]]
    if not told or "times they read something else" not in told[0]["help"]:
        yield f"no loss {MISREAD} that says where: {told}"
    if not any(MISREAD in said for name, said in evidence.said.items() if name.endswith(".record.err")):
        yield f"record did not tell of {MISREAD}"
    verdict = report.get("verdict") or {}
    if verdict.get("sentences") or not verdict.get("refused"):
        yield f"a verdict all the same: {verdict}"


def _fio(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    jobs = evidence.fio.get("jobs", [])
    totals = {direction: sum(job[direction]["total_ios"] for job in jobs) for direction in ("read", "write")}
    yield from equal("fio reads and writes", sum(totals.values()), "the scenario does", scenario.ios)
    if not scenario.mixed:
        yield from equal("fio reads", totals["read"], "the scenario does", scenario.ios if scenario.reads else 0)
    errors = sum(job.get("total_err", job["error"]) for job in jobs)
    yield from equal("fio errors", errors, "wanted", _failing(scenario))


def _failing(scenario: Scenario) -> int:
    return scenario.ios if scenario.failing else 0


def _as_served(contexts: Counter[str], kernel: str) -> Counter[str]:
    """PREEMPT_RT serves softirqs in tasks alone: in ksoftirqd or in whichever raised one, as an interrupt's thread."""
    if "-rt-" not in kernel:
        return contexts
    served = Counter(contexts)
    served["ksoftirqd"] += served.pop("softirq", 0)
    return +served


def _report(scenario: Scenario, evidence: Evidence, report: dict[str, Any]) -> Iterator[str]:
    truth = evidence.truth
    ios = report.get("ios") or {}
    yield from equal("report ios.total", ios.get("total"), "fio did", scenario.ios)
    for direction in ("read", "write"):
        did = sum(job[direction]["total_ios"] for job in evidence.fio.get("jobs", []))
        yield from equal(f"report ios.{direction}", ios.get(direction), "fio did", did)
    yield from equal("report ios.errors", ios.get("errors"), "fio had", _failing(scenario))
    contexts: Counter[str] = Counter()
    for context, count in (report.get("contexts") or {}).items():
        contexts[AS_SEEN_BY_FTRACE.get(context, context)] += count or 0
    completed = _as_served(truth.contexts, (report.get("source") or {}).get("kernel") or "")
    for context in sorted(set(contexts) | set(completed)):
        yield from equal(f"report completions in {context}", contexts[context], "ftrace", completed[context])
    end_io = report.get("end_io_contexts") or {}
    for context in sorted(set(end_io) | set(truth.end_io_contexts)) if not scenario.multi_bio else ():
        seen = truth.end_io_contexts[context]
        yield from equal(f"report end_io in {context}", end_io.get(context) or 0, "ftrace", seen)
    queued = (report.get("queue_wait") or {}).get("ios") or 0
    yield from equal("report queue_wait.ios", queued, "ftrace works", len(truth.queued_ns))
    yield from equal("report contexts.kworker", contexts["kworker"], "ftrace work function hits", truth.work_hits)
    for loss in report.get("loss") or []:
        if loss.get("severity") == "loss" and loss.get("count"):
            yield f"report loss {loss.get('what')}: {loss['count']}, wanted 0"


def _ios(scenario: Scenario, evidence: Evidence, ios: list[dict[str, Any]]) -> Iterator[str]:
    yield from equal("I/O lines", len(ios), "fio did", scenario.ios)
    failed = sum(1 for io in ios if io.get("error"))
    yield from equal("I/O lines with an error", failed, "fio had", _failing(scenario))
    torn = [(io, sum(stage["ns"] for stage in io.get("stages", []))) for io in ios]
    torn = [(io, total) for io, total in torn if total != io.get("latency_ns")]
    if torn:
        io, total = torn[0]
        yield (f"stages do not add up in {len(torn)} of {len(ios)} I/Os; the first: sum {total}, "
               f"latency_ns {io.get('latency_ns')}, offset {io.get('offset')}")
    got: Counter[tuple[Any, Any]] = Counter((io.get("offset"), io.get("length")) for io in ios)
    wanted: Counter[tuple[Any, Any]] = Counter(evidence.truth.ranges)
    missing, extra = wanted - got, got - wanted
    if missing or extra:
        yield (f"I/O identities differ: {missing.total()} of ftrace are not in the list (first "
               f"{next(iter(missing), None)}), {extra.total()} of the list are not in ftrace (first "
               f"{next(iter(extra), None)}), as (offset, length)")


def mean_completion_ns(ios: list[dict[str, Any]]) -> float | None:
    """Mean time to the end of iomap_dio_complete, where ftrace looks too; io_uring's latency goes on from there. What it
    handed to io-wq began before: ftrace has the begin in that worker."""
    times = [io["completed_ns"] - io.get("taken_up_ns", io["submitted_ns"]) for io in ios if "completed_ns" in io]
    return sum(times) / len(times) if times else None


def _in_turn(truth: Truth, ios: list[dict[str, Any]]) -> tuple[list[tuple[int, int]], int]:
    """Of one submitter that waits for each of its I/Os: the time to completed_ns of each and ftrace's, and how many are left
    out because it lost the CPU between the two observers."""
    ours = sorted(ios, key=lambda io: io["submitted_ns"])
    ends = truth.returns if len(truth.returns) == len(truth.completions) else truth.completions
    if not len(ours) == len(truth.begins) == len(ends):
        return [], 0
    pairs: list[tuple[int, int]] = []
    for io, begin, end in zip(ours, truth.begins, ends, strict=True):
        moments = ((io["submitted_ns"], begin.event.ns), (io.get("completed_ns", end.ns), end.ns))
        if not any(truth.moments.parted(io["submitter"], one, other) for one, other in moments):
            pairs.append((moments[1][0] - moments[0][0], end.ns - begin.event.ns))
    return pairs, len(ours) - len(pairs)


def _times(scenario: Scenario, evidence: Evidence, report: dict[str, Any], ios: list[dict[str, Any]]) -> Iterator[str]:
    truth = evidence.truth
    completion, wanted = mean_completion_ns(ios), truth.mean_latency_ns
    if set(scenario.issuers) == {"sync"} and scenario.jobs == 1 and truth.moments.left:
        pairs, parted = _in_turn(truth, ios)
        yield from few_parted("at begin or completion", parted, len(ios))
        if pairs:
            completion, wanted = (sum(times) / len(pairs) for times in zip(*pairs, strict=True))
    yield from close("list mean time to completed_ns", completion, "ftrace", wanted, 0.05,
                     5000 + STALL_NS / max(1, len(ios)))
    mean = (report.get("latency") or {}).get("mean_ns")
    latencies = [io["latency_ns"] for io in ios]
    listed = sum(latencies) / len(latencies) if latencies else None
    yield from close("report latency.mean_ns", mean, "the list has", listed, 0, 1)
    if truth.queued_ns and not truth.waits:  # else they are compared one by one, whatever stalls the host had
        waited = (report.get("queue_wait") or {}).get("mean_ns")
        yield from close("report queue_wait.mean_ns", waited, "ftrace", truth.mean_queue_wait_ns, 0.05,
                         5000 + STALL_NS / len(truth.queued_ns))
    fio = fio_mean_ns(evidence.fio)
    # What fio does to a loop device is in the page cache.
    if mean is not None and fio and mean > fio and not scenario.through_loop:
        yield f"report latency.mean_ns: {mean:.0f} ns, but fio, which measures around it, {fio:.0f} ns"


def fio_mean_ns(fio: dict[str, Any]) -> float | None:
    """fio's mean total latency over all jobs and both directions."""
    parts = [job[direction] for job in fio.get("jobs", []) for direction in ("read", "write")]
    count = sum(part["total_ios"] for part in parts)
    return sum(part["lat_ns"]["mean"] * part["total_ios"] for part in parts) / count if count else None
