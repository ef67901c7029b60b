"""The checks of borders: when each I/O passed a point, and how long devices and works took, against ftrace's events.

A border may be 2% or 2 us off. Both sides leave out the hundredth of I/Os that are furthest apart at either end: a busy host
may part two observers of the same moment by milliseconds.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from .blocks import BYTES_OF_SECTOR, Part, Request
from .compare import close, equal
from .evidence import Evidence
from .moments import after, before
from .scenarios import Scenario
from .truth import Truth

SHARE, SLACK_NS = 0.02, 2_000
APART_NS = 50_000  # two observers of one event, on a busy host
INTERRUPTED_NS = 500_000  # the same, where interrupts came between them: dioscope's probe is behind ftrace's
# Of 499 I/Os beside a real-time task, 46 were preempted between the entry of a function and the tracepoint in it.
MOST_PARTED = 0.25
FEWEST_ASLEEP = 5  # of an I/O each; a block of the extent tree is read for hundreds of them
CUT = 100  # one in so many at either end is left out


def middle_mean(values: list[int]) -> float | None:
    """The mean without the hundredth at either end."""
    cut = len(values) // CUT
    kept = sorted(values)[cut:len(values) - cut]
    return sum(kept) / len(kept) if kept else None


def alike(what: str, ours: list[int], theirs: list[int], evidence: Evidence, others: int = 0) -> Iterator[str]:
    """As many, and in the mean as long. What the kernel skipped of a probe is missing, and has to be counted. `others`: so
    many of ftrace's may be nobody's I/Os."""
    if not 0 <= len(theirs) - len(ours) <= evidence.probes_missed + others:
        yield from equal(f"{what}, number", len(ours), "ftrace", len(theirs))
    if theirs:
        yield from means_alike(what, middle_mean(ours), middle_mean(theirs), evidence)


def means_alike(what: str, ours: float | None, theirs: float | None, evidence: Evidence) -> Iterator[str]:
    """A mean as ftrace has it; both are kept for the table."""
    if ours is not None and theirs is not None:
        evidence.compared.append((what, ours, theirs))
    yield from close(f"list: {what}", ours, "ftrace", theirs, SHARE, SLACK_NS)


def check_borders(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    report, ios = evidence.report or {}, evidence.ios or []
    for stage, function in scenario.works.items():
        yield from alike(f"{stage} of {function}", _of_stage(stage, ios), evidence.truth.blocks.work_waits[function],
                         evidence, _further_bios(evidence, ios, scenario.reads))
    if scenario.bottom:
        yield from _check_bottom(scenario, evidence, ios)
    elif "+" in scenario.device:
        yield from _check_disks(evidence, ios)
    for point in scenario.borders:
        yield from _check_point(point, evidence, ios)
    if "issued" in scenario.borders:
        yield from _check_requests(evidence, ios)
    for stage in scenario.split:
        yield from _check_split(stage, evidence, ios)
    for cause in scenario.apart:
        yield from _check_apart(cause, evidence, ios)
    if scenario.asleep:
        yield from _check_asleep(evidence, ios)
    if scenario.throttled_below:
        yield from _check_throttled(evidence, ios)
    if scenario.handed_over:
        yield from _check_handed_over(evidence, ios)
    if scenario.at_limit:
        yield from _check_limit(evidence, ios)
    yield from _check_largest(scenario, report)


def _further_bios(evidence: Evidence, ios: list[dict[str, Any]], reads: bool) -> int:
    """What a file system gave to its device besides the I/Os: its own data have works of the layers below, too."""
    devices = {io["dev"] for io in ios}
    bios = sum(part.device in devices and part.sectors > 0 and part.kind.startswith("R" if reads else "W")
               for part in evidence.truth.blocks.parts["block_bio_queue"])
    return max(0, bios - len(ios))


def _of_stage(name: str, ios: list[dict[str, Any]]) -> list[int]:
    """Nanoseconds of a stage, or of a phase of a layer, in each I/O that has it."""
    spans = [span for io in ios for span in io.get("stages", []) if span["name"] == name]
    phases = [part for io in ios for part in io.get("layers", []) if f"layer {part['phase']}" == name]
    return [span["ns"] for span in (*spans, *phases)]


def _check_bottom(scenario: Scenario, evidence: Evidence, ios: list[dict[str, Any]]) -> Iterator[str]:
    """The device under all layers, from issue to completion, one request for each I/O. The layers' way back
    begins at the interrupt, and where a work delivers what the disk is done with, at its queueing."""
    parts = [[part for part in io.get("layers", []) if part["phase"] == "device"] for io in ios]
    lengths = {io["length"] // BYTES_OF_SECTOR for io in ios}
    sectors = lengths.pop() if len(lengths) == 1 else None
    if scenario.mirrors:
        ours = [found[-1]["ns"] for found in parts if found]
        theirs = evidence.truth.blocks.mirrored_times(not scenario.reads, sectors, to_interrupt=True)
        yield from alike("time in all mirrors", ours, theirs, evidence)
        return
    devices = {part["device"] for found in parts for part in found[-1:]}
    if not devices:
        yield f"no device below the layers in the list of {len(ios)} I/Os"
    for device in sorted(devices):
        ours = [found[-1]["ns"] for found in parts if found and found[-1]["device"] == device]
        theirs = evidence.truth.blocks.device_times(device, not scenario.reads, sectors,
                                                    to_interrupt="delivery_wait" not in scenario.works)
        yield from alike(f"time in {device}", ours, theirs, evidence)


def _check_disks(evidence: Evidence, ios: list[dict[str, Any]]) -> Iterator[str]:
    """Where one request is not one I/O's, merged by a layer or made for its own sake: I/O by I/O, the device that it waited
    for last had a request that was issued then, and took as long. The layers' way back may begin at the interrupt, or where
    the work was queued that brings it back: of several that one work completes, not each has been completed by then."""
    requests = evidence.truth.blocks.requests()
    gaps = {gap["device"] for gap in (evidence.report or {}).get("quality", {}).get("not_followed") or []}
    waits = [(io, *part) for io in ios for part in _device_parts(io)[-1:] if part[0] not in gaps]
    ours: list[int] = []
    theirs: list[int] = []
    for io, device, begin, end in waits:
        near = _nearest(requests.get(device, []), begin, end)
        if near is not None:
            ours.append(end - begin)
            ends = [near.found, near.completed, *_delivery_queued(evidence, io, near.issued)]
            theirs.append(min((ns - near.issued for ns in ends), key=lambda ns: abs(ns - (end - begin))))
    if len(waits) - len(ours) > len(waits) // CUT:
        yield f"times in a disk: {len(waits)}, but ftrace has a request for {len(ours)} of them only"
    if waits:
        yield from alike("time in the disk, I/O by I/O", ours, theirs, evidence)


def _delivery_queued(evidence: Evidence, io: dict[str, Any], issued: int) -> list[int]:
    """When the work was queued that delivers the I/O, if that was after it was issued."""
    queueings = evidence.truth.blocks.work_queueings.get(io.get("deliverer", ""), [])
    queued = before(queueings, io.get("interrupted_ns", 0))
    return [queued] if queued is not None and queued >= issued else []


def _device_parts(io: dict[str, Any]) -> list[tuple[str, int, int]]:
    """The devices below the layers: which, from when to when. The parts fill the stage `device`, without a rest."""
    at = io.get("issued_ns", 0)
    found: list[tuple[str, int, int]] = []
    for part in io.get("layers", []):
        if part["phase"] == "device":
            found.append((part["device"], at, at + part["ns"]))
        at += part["ns"]
    return found


def _nearest(requests: list[Request], begin: int, end: int) -> Request | None:
    """The one that was issued then, as far as two observers agree on that, and of several the one that ended then."""
    first = bisect_left(requests, begin - INTERRUPTED_NS, key=lambda request: request.issued)
    last = bisect_right(requests, begin + APART_NS, key=lambda request: request.issued)
    return min(requests[first:last], key=lambda one: abs(one.issued - begin) + min(abs(one.found - end), abs(one.completed - end)),
               default=None)


def few_parted(where: str, parted: int, ios: int) -> Iterator[str]:
    """I/Os whose thread lost the CPU between the two observers are left out, as long as they are few."""
    if parted > MOST_PARTED * ios:
        yield f"{where} the two observers were parted by a task switch in {parted} of {ios} I/Os: more than a few"


def _thread_at(point: str, evidence: Evidence, io: dict[str, Any]) -> int:
    """Who ran where the point was seen."""
    completed = _completed(evidence, io) if point in ("raised", "interrupted", "ended") else None
    return completed.pid if completed is not None else io["submitter"]


def _check_point(point: str, evidence: Evidence, ios: list[dict[str, Any]]) -> Iterator[str]:
    """From the submission on, I/O by I/O: each has the point if ftrace shows that it must, or a run of a probe that was
    missed is counted for it."""
    ours: list[int] = []
    theirs: list[int] = []
    missing = parted = 0
    for io in ios:
        seen = SEEN[point](evidence, io)
        told = io.get(f"{point}_ns")
        if seen is not None and told is not None and evidence.truth.moments.parted(_thread_at(point, evidence, io), seen, told):
            parted += 1
        elif seen is not None and told is not None:
            ours.append(told - io["submitted_ns"])
            theirs.append(seen - io["submitted_ns"])
        missing += seen is not None and told is None
    yield from equal(f"I/Os without {point}_ns that ftrace has", missing, "wanted", min(missing, evidence.probes_missed))
    yield from few_parted(f"at {point}", parted, len(ios))
    if not theirs:
        yield f"ftrace shows {point} of no I/O: nothing to compare"
    yield from alike(f"submitted to {point}", ours, theirs, evidence)


def _parts(event: str, evidence: Evidence, io: dict[str, Any]) -> list[Part]:
    """What an event showed of an I/O's bytes while it was under way."""
    under_way = (io["submitted_ns"] - SLACK_NS, io["submitted_ns"] + io["latency_ns"] + SLACK_NS)
    place = (evidence.on_device(io["offset"]), io["length"])
    return evidence.truth.blocks.within(event, io["dev"], place, under_way)


def _requested(evidence: Evidence, io: dict[str, Any]) -> int | None:
    """Its request was made by another than its submitter, or after that had slept for it."""
    parts = _parts("block_getrq", evidence, io)
    if not parts:
        return None
    first = min(parts, key=lambda part: part.ns)
    by_submitter = first.pid == io["submitter"] and first.context not in ("hardirq", "softirq")
    late = not by_submitter or evidence.truth.moments.slept(first.pid, io["submitted_ns"], first.ns)
    return first.ns if late else None


def _issued(evidence: Evidence, io: dict[str, Any]) -> int | None:
    return min((part.ns for part in _parts("block_rq_issue", evidence, io)), default=None)


def _completed(evidence: Evidence, io: dict[str, Any]) -> Part | None:
    """The last of its requests."""
    return max(_parts("block_rq_complete", evidence, io), key=lambda part: part.ns, default=None)


def _raised(evidence: Evidence, io: dict[str, Any]) -> int | None:
    """The interrupt that found the device done, where another one completes the I/O, or a thread."""
    issued, completed = _issued(evidence, io), _completed(evidence, io)
    if issued is None or completed is None:
        return None
    if completed.context == "irq_thread":
        return evidence.truth.moments.woke_thread(completed.pid, completed.cpu, issued, completed.ns)
    return evidence.truth.moments.last_interrupt(issued, completed.ns) if completed.context != "hardirq" else None


def _interrupted(evidence: Evidence, io: dict[str, Any]) -> int | None:
    completed = _completed(evidence, io)
    if completed is None:
        return None
    if completed.context == "irq_thread":
        served = before(evidence.truth.moments.served[completed.pid], completed.ns)
        raised = _raised(evidence, io)
        return max(served, raised) if served is not None and raised is not None else served
    by_cpu = evidence.truth.moments.interrupts if completed.context == "hardirq" else evidence.truth.moments.softirqs
    return before(by_cpu[completed.cpu], completed.ns)


def _ended(evidence: Evidence, io: dict[str, Any]) -> int | None:
    """end_io is the last that the block layer does for a request."""
    completed = _completed(evidence, io)
    return after(evidence.truth.ends[completed.cpu], completed.ns) if completed is not None else None


SEEN: dict[str, Callable[[Evidence, dict[str, Any]], int | None]] = {
    "requested": _requested, "issued": _issued, "raised": _raised, "interrupted": _interrupted, "ended": _ended,
}


def _check_requests(evidence: Evidence, ios: list[dict[str, Any]]) -> Iterator[str]:
    """As many requests as were issued for the I/O's bytes, and as many that went back."""
    for what, event, usual in (("requests", "block_rq_issue", 1), ("requeues", "block_rq_requeue", 0)):
        counted = [(io, len(_parts(event, evidence, io))) for io in ios]
        wrong = [(io, number) for io, number in counted if io.get(what, usual) != number]
        if wrong:
            io, number = wrong[0]
            yield (f"{what} of {len(wrong)} of {len(ios)} I/Os; the first: {io.get(what, usual)}, but ftrace {number}, "
                   f"offset {io['offset']}")


def spans(io: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Each stage of an I/O: name, begin, end."""
    at = io["submitted_ns"]
    for stage in io.get("stages", []):
        yield stage["name"], at, at + stage["ns"]
        at += stage["ns"]


def _check_split(stage: str, evidence: Evidence, ios: list[dict[str, Any]]) -> Iterator[str]:
    """Who had the CPU during a wait, as ftrace's own clocks split the same time."""
    splits: list[tuple[Counter[str], Counter[str], int]] = []  # dioscope's, ftrace's, stretches
    for io in ios:
        for name, begin, end in spans(io):
            if name == stage and f"{stage}_causes" in io:
                told: Counter[str] = Counter()
                for share in io[f"{stage}_causes"]:
                    told[share["cause"]] += share["ns"]
                kinds, _, number = evidence.truth.timelines[_cpu_of(stage, io)].split(begin, end)
                splits.append((told, kinds, number))
    if not splits:
        yield f"no {stage} with causes in the list: nothing to compare"
    splits.sort(key=lambda split: sum(abs(split[0][cause] - split[1][cause]) for cause in split[0] | split[1]))
    kept = splits[:len(splits) - len(splits) // CUT]
    ours = sum((told for told, _, _ in kept), Counter[str]())
    theirs = sum((kinds for _, kinds, _ in kept), Counter[str]())
    stretches = sum(number for _, _, number in kept)
    for cause in sorted(set(ours) | set(theirs)):
        evidence.compared.append((f"{stage} by {cause}", ours[cause] / len(kept), theirs[cause] / len(kept)))
        allowed = SHARE * theirs.total() + SLACK_NS * stretches / 2
        if abs(ours[cause] - theirs[cause]) > allowed:
            yield (f"{stage}, {cause}: {ours[cause]} ns, but ftrace {theirs[cause]} ns of {theirs.total()} ns "
                   f"(allowed: {SHARE:.0%} of all, and {SLACK_NS} ns for each of {stretches} stretches)")


def _cpu_of(stage: str, io: dict[str, Any]) -> int:
    """The CPU that is waited for."""
    return io["end_cpu"] if stage == "delivery_wait" else io["submit_cpu"]


def _check_apart(cause: str, evidence: Evidence, ios: list[dict[str, Any]]) -> Iterator[str]:
    """What is no wait for a CPU: until the submitter was woken, or has the CPU, or while its cgroup had no quota."""
    ours = theirs = waits = 0
    for io in ios:
        for name, begin, end in spans(io):
            if name != "task_work_wait":
                continue
            waits += 1
            ours += sum(share["ns"] for share in io.get("task_work_wait_causes", []) if share["cause"] == cause)
            theirs += APART[cause](evidence.truth, io, begin, end)
    if not waits or not theirs:
        yield f"ftrace has {theirs} ns of {cause} in {waits} waits: nothing to compare"
        return
    yield from means_alike(f"{cause} of each task_work_wait", ours / waits, theirs / waits, evidence)


def _batching(truth: Truth, io: dict[str, Any], begin: int, end: int) -> int:
    if not _sleeps_at(truth, io["submitter"], begin):
        return 0
    woken = truth.moments.woken(io["submitter"], begin)
    return max(0, min(woken, end) - begin) if woken is not None else end - begin


def _elsewhere(truth: Truth, io: dict[str, Any], begin: int, end: int) -> int:
    if not _sleeps_at(truth, io["submitter"], begin):
        return 0
    runs = after(truth.moments.runs[io["submitter"]], begin)
    return max(0, min(runs, end) - begin) if runs is not None else end - begin


def _sleeps_at(truth: Truth, pid: int, ns: int) -> bool:
    slept, ran = before(truth.moments.sleeps[pid], ns), before(truth.moments.runs[pid], ns)
    return slept is not None and (ran is None or ran < slept)


def _quota(truth: Truth, io: dict[str, Any], begin: int, end: int) -> int:
    """A stop holds from when the submitter last had the CPU: in newer kernels it goes on until it returns to user space, and
    waits for the CPU as others do."""
    return sum(max(0, min(end, until) - max(begin, start, left))
               for start, until, left in truth.moments.stopped(io["submit_cpu"], io["submitter"]))


APART: dict[str, Callable[[Truth, dict[str, Any], int, int], int]] = {
    "batching": _batching, "elsewhere": _elsewhere, "quota": _quota,
}


def _check_throttled(evidence: Evidence, ios: list[dict[str, Any]]) -> Iterator[str]:
    """What a limit of the disk holds back below a layer is that layer's time no more."""
    held = [(part["device"], part["ns"]) for io in ios for part in io.get("layers", []) if part["phase"] == "throttled"]
    if not held:
        yield f"none of {len(ios)} I/Os was throttled below a layer"
    for device in sorted({device for device, _ in held}):
        ours = [ns for name, ns in held if name == device]
        yield from alike(f"throttled at {device}", ours, evidence.truth.blocks.held_back(device), evidence)
    work = sum(part["ns"] for io in ios for part in io.get("layers", []) if part["phase"] == "work")
    total = sum(ns for _, ns in held)
    if work > total * SHARE:
        yield f"layers' works take {work} ns of what is throttled for {total} ns"


def _check_asleep(evidence: Evidence, ios: list[dict[str, Any]]) -> Iterator[str]:
    """What a submitter slept from the begin to its bio, which no throttle and no tag is to blame for. That bio is its last one
    before it begins another I/O: those before are of metadata, which not every kernel marks."""
    bios: dict[int, list[int]] = {}
    for part in evidence.truth.blocks.parts["block_bio_queue"]:
        bios.setdefault(part.pid, []).append(part.ns)
    begins: dict[int, list[int]] = {}
    for io in ios:
        begins.setdefault(io["submitter"], []).append(io.get("taken_up_ns", io["submitted_ns"]))
    for times in begins.values():
        times.sort()
    ours: list[int] = []
    theirs: list[int] = []
    wrong = 0
    for io in ios:
        begin = io.get("taken_up_ns", io["submitted_ns"])
        following = after(begins[io["submitter"]], begin + 1)
        queued = before(bios.get(io["submitter"], []), following - 1 if following is not None else io["issued_ns"] + SLACK_NS)
        slept = evidence.truth.moments.asleep(io["submitter"], begin, queued) if queued is not None else 0
        told = sum(end - start for name, start, end in spans(io) if name == "asleep")
        wrong += (slept > 0) != (told > 0)
        if slept and told:
            ours.append(told)
            theirs.append(slept)
    if len(theirs) < FEWEST_ASLEEP:
        yield f"ftrace has a sleep in the submission of {len(theirs)} of {len(ios)} I/Os: too few to compare"
    yield from equal("I/Os of which only one observer has a sleep in the submission", wrong, "wanted", 0)
    yield from equal("I/Os with a throttle", sum(name == "throttle" for io in ios for name, _, _ in spans(io)), "wanted", 0)
    yield from alike("asleep in submission", ours, theirs, evidence)


def _check_handed_over(evidence: Evidence, ios: list[dict[str, Any]]) -> Iterator[str]:
    """From io_uring's handing over to where its worker begins: of equal counts, the mean is the difference of the sums. ftrace
    sees the begin's function behind dioscope's probe there, and so later by what that takes: the worker is seen before, too."""
    waits = [end - begin for io in ios for name, begin, end in spans(io) if name == "io_wq_wait"]
    moments, begun = evidence.truth.moments, evidence.truth.begin_ns
    handed, taken = moments.handed_over, moments.taken_up
    yield from equal("I/Os with io_wq_wait", len(waits), "ftrace io_uring_queue_async_work", len(handed))
    yield from equal("ftrace io_wq_submit_work", len(taken), "io_uring_queue_async_work", len(handed))
    if not handed or not len(handed) == len(taken) == len(begun):
        return
    ours = sum(waits) / max(1, len(waits))
    least, most = ((sum(ends) - sum(handed)) / len(handed) for ends in (taken, begun))
    yield from means_alike("io_wq_wait", ours, min(max(ours, least), most), evidence)


def _check_limit(evidence: Evidence, ios: list[dict[str, Any]]) -> Iterator[str]:
    """From the queueing to where its workqueue, which had run as many as it may, let a work be run."""
    ours = sum(share["ns"] for io in ios for share in io.get("queue_wait_causes", []) if share["cause"] == "workqueue_limit")
    late = [wait.limit_ns for wait in evidence.truth.waits if wait.limit_ns]
    if not late:
        yield "ftrace has no work that was activated later than it was queued: nothing to compare"
        return
    yield from means_alike("workqueue_limit of each queue_wait", ours / len(late), sum(late) / len(late), evidence)


def _check_largest(scenario: Scenario, report: dict[str, Any]) -> Iterator[str]:
    if scenario.largest is not None:
        totals = {stage["name"]: stage["total_ns"] for stage in report.get("stages") or []}
        yield from equal("the largest stage of the report", max(totals, key=lambda name: totals[name], default=None),
                         "the row is made for", scenario.largest)
    for wait, (cause, name) in scenario.largest_causes.items():
        causes = {found["cause"]: found for found in (report.get(wait) or {}).get("causes") or []}
        largest = max(causes, key=lambda name: causes[name]["total_ns"], default=None)
        yield from equal(f"the largest cause of {wait}", largest, "the row is made for", cause)
        if largest == cause and name:
            names = [part.get("name") for part in causes[cause].get("names") or []]
            yield from equal(f"the first name of {cause}", names[:1], "the row is made for", [name])
