"""`account`: every I/O of fio is recorded, or counted as lost, beside shell loops that keep all CPUs busy.

On this machine's own kernel, or in guests: there with all probes, and locked down with tracepoints alone. Where a kernel
runs no probe for a completion that I/O is lost, and only the account shows it: fio's count is the witness.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import guest
from .compare import equal
from .kernels import Kernel
from .problem import FAILED

SECONDS = 3
# Counted in I/Os; see DataLoss.isOfIOs.
LOST = ("ring-full", "slots-full", "begin-missed", "completion-missed")
TOLERABLE = 0.01


@dataclass(frozen=True)
class Case:
    engine: str
    operation: str
    jobs: int
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return " ".join((self.engine, self.operation, f"{self.jobs} jobs", *self.options))

    @property
    def recording(self) -> tuple[str, ...]:
        """How `record` is called: it chooses bursts by itself, where it is not told what to do."""
        is_told = set(self.options) & {"--sample", "--summary", "--burst", "--max-overhead"}
        return self.options if is_told else (*self.options, "--full")

    def fio(self, file: str) -> list[str]:
        depth = 1 if self.engine == "psync" else 32
        return ["fio", "--name=account", f"--filename={file}", "--size=64m", "--direct=1", "--bs=4k", "--fallocate=none",
                f"--ioengine={self.engine}", f"--iodepth={depth}", f"--numjobs={self.jobs}", f"--rw={self.operation}",
                "--group_reporting", "--time_based", f"--runtime={SECONDS}", "--output-format=json"]


# Reads are what a softirq completes, in whatever task it interrupts; so they come most often.
CASES = (
    Case("libaio", "randread", 2), Case("io_uring", "randread", 2), Case("libaio", "randrw", 2),
    Case("libaio", "randread", 2, ("--burst", "100ms/500ms")), Case("libaio", "randrw", 2, ("--max-overhead", "3%")),
    Case("libaio", "randread", 2, ("--summary",)), Case("libaio", "randread", 4, ("--no-occupants",)),
    Case("libaio", "randread", 2, ("--sample", "1/4")), Case("io_uring", "randrw", 3), Case("libaio", "randwrite", 2),
    Case("psync", "randrw", 4), Case("io_uring", "randread", 1, ("--no-occupants",)),
)


def chosen(runs: int) -> list[Case]:
    return [CASES[number % len(CASES)] for number in range(runs)]


def counts(report: dict[str, Any]) -> dict[str, int]:
    return {loss["what"]: loss["count"] for loss in report["loss"]}


def fio_count(fio: dict[str, Any]) -> int:
    return sum(job[way]["total_ios"] for job in fio["jobs"] for way in ("read", "write"))


def lost_of(report: dict[str, Any]) -> int:
    return sum(counts(report).get(what, 0) for what in LOST)


def recorded_of(report: dict[str, Any]) -> int:
    """With those that were left out of the report for all to have had the same chance."""
    return report["ios"]["total"] + report.get("sample", {}).get("thinned_out", 0)


def failures(case: Case, fio: dict[str, Any], report: dict[str, Any]) -> Iterator[str]:
    """What does not add up."""
    there, lost, total = counts(report), lost_of(report), report["ios"]["total"]
    recorded = total + there.get("sampled-out", 0)
    # Begins are counted by the kernel where their probe was skipped, whosever they were: that is a bound.
    least = recorded + lost - there.get("begin-missed", 0)
    # Where two programs take turns in counting (7.0 and later), one that begins just then may be counted by both.
    turns = report.get("sample", {}).get("bursts", {}).get("count", 0)
    if not least - turns <= fio_count(fio) <= recorded + lost:
        yield from equal("recorded and lost", recorded + lost, "fio", fio_count(fio))
    yield from equal("unaccounted", there.get("unaccounted", 0), "wanted", 0)
    yield from equal("in flight after fio's end", there.get("in-flight-at-end", 0), "wanted", 0)
    # io_uring does not wait at first, and what comes to nothing begins again.
    if case.engine != "io_uring":
        yield from equal("restarted", there.get("restarted", 0), "wanted", 0)
    share = lost / (recorded_of(report) + lost) if lost else 0.0
    if report["quality"]["complete_share"] > 1 - share + 1e-9:
        yield f"{report['quality']['complete_share']:.4%} of I/Os complete, but {share:.4%} lost"
    sentences = [sentence["kind"] for sentence in report["verdict"]["sentences"]]
    if share >= TOLERABLE and sentences:
        yield f"{share:.2%} lost, and a verdict all the same"
    if 0 < share < TOLERABLE and sentences[-1:] != ["lost-ios"] and not report["verdict"]["refused"]:
        yield f"{share:.2%} lost, and the verdict does not say so"


def verdict_on(where: str, case: Case, fio: dict[str, Any], report: dict[str, Any]) -> tuple[str, list[str]]:
    wrong = list(failures(case, fio, report))
    lost = lost_of(report)
    share = lost / (recorded_of(report) + lost) if lost else 0.0
    return (f"{'not ok' if wrong else 'ok'} - {where}, {case.name}: fio {fio_count(fio)}, recorded {report['ios']['total']}"
            f", lost {lost} ({share:.2%})"), wrong


def show(line: str, wrong: list[str]) -> bool:
    print(line, flush=True)
    for failure in wrong:
        print(f"    {failure}", flush=True)
    return bool(wrong)


# ---- on this machine ----


def here(dioscope: Path, runs: int) -> int:
    """Prints a line for each run; 0 when all add up."""
    directory = Path(tempfile.mkdtemp(prefix="dioscope-account-", dir=os.environ.get("DIOSCOPE_TEST_DIR", "/var/tmp")))
    failed = 0
    try:
        for case in chosen(runs):
            failed += show(*_run_here(dioscope, case, directory))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return FAILED if failed else 0


def _run_here(dioscope: Path, case: Case, directory: Path) -> tuple[str, list[str]]:
    capture, file = directory / "capture", str(directory / "file")
    capture.unlink(missing_ok=True)
    # Laid out before it is recorded, or the layout is recorded too.
    if not Path(file).exists():
        subprocess.run(["dd", "if=/dev/zero", f"of={file}", "bs=1M", "count=64", "conv=fsync"], check=True, capture_output=True)
    hogs = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(os.cpu_count() or 1)]
    try:
        done = subprocess.run([dioscope, "record", "-q", *case.recording, "-o", capture, "--", *case.fio(file)],
                              capture_output=True, text=True, timeout=120, check=False)
    finally:
        for hog in hogs:
            hog.send_signal(signal.SIGKILL)
            hog.wait()
    report = subprocess.run([dioscope, "report", "--json", capture], capture_output=True, text=True, timeout=120, check=False)
    try:
        return verdict_on("here", case, json.loads(done.stdout), json.loads(report.stdout))
    except json.JSONDecodeError:
        return f"not ok - here, {case.name}: no reports", (done.stderr + report.stderr).splitlines()[-8:]


# ---- in a guest ----


def script(device: str, runs: int, locked: bool) -> bytes:
    lines = [". /lab/device.sh", ". /lab/account.sh", f"make_device {device} && make_filesystem ext4 || exit 71", "cd /root"]
    lines += ["lock_down || exit 72"] if locked else []
    lines += ["lay_out"]
    lines += [shlex.join(("account_run", str(number), *case.recording, "--", *case.fio("/mnt/t/file")))
              for number, case in enumerate(chosen(runs))]
    return "\n".join([*lines, "exit 0", ""]).encode()


def run(kernel: Kernel, dioscope: Path, runs: int, locked: bool, keep: Path | None) -> int:
    """Prints a line for each run; 0 when all add up."""
    overlay: dict[str, bytes | Path] = {"lab/main": script("nvme", runs, locked), "bin/dioscope": dioscope}
    where = f"{kernel.name} {'with tracepoints alone' if locked else 'with all probes'}"
    with guest.run(guest.Boot(kernel, "nvme", overlay, 120 + 60 * runs, with_tools=True)) as outcome:
        if not outcome.finished or outcome.exit_code:
            print(f"not ok - {where}: the guest did not get through; its console ends:\n{outcome.tail()}")
            return FAILED
        if keep is not None:
            shutil.copytree(outcome.results, keep / where.replace(" ", "-"), dirs_exist_ok=True)
        return FAILED if sum(_guest_run(outcome.results, where, *one) for one in enumerate(chosen(runs))) else 0


def _guest_run(results: Path, where: str, number: int, case: Case) -> bool:
    try:
        fio, report = (json.loads((results / f"{number}.{kind}.json").read_text()) for kind in ("fio", "report"))
    except (OSError, json.JSONDecodeError) as error:
        log = results / f"{number}.log"
        said = log.read_text(errors="replace").splitlines()[-8:] if log.is_file() else []
        return show(f"not ok - {where}, {case.name}: no reports", [str(error), *said])
    return show(*verdict_on(where, case, fio, report))
