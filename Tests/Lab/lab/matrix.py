"""Runs scenarios on kernels, scenarios that share a kernel and a device in one boot, and prints the results."""

import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from . import guest
from .checks import check
from .evidence import Evidence, read_evidence
from .kernels import BUILT, Kernel, not_built
from .scenarios import Scenario, file_name, full_name
from .table import Table, write_skipped, write_table

BOOT_SECONDS = 120
SCENARIO_SECONDS = 120
ROWS_PER_BOOT = 6  # patching kernel text is what the emulator stumbles over: each row in a boot puts the others at risk


CellOf = Callable[[Evidence], Sequence[str] | None]


@dataclass(frozen=True)
class Result:
    """One scenario on one kernel. `detail` says what was seen when it passed, `diagnosis` what is wrong if not."""

    kernel: Kernel
    scenario: Scenario
    passed: bool
    detail: str
    diagnosis: list[str]
    evidence: Evidence | None = None

    @property
    def line(self) -> str:
        return f"{self.kernel.name} {self.scenario.device} {self.scenario.name}: {self.detail}"


def boots(kernels: list[Kernel], scenarios: list[Scenario]) -> list[tuple[Kernel, list[Scenario]]]:
    """What runs in which guest. Scenarios of one guest share kernel, device and kernel arguments, or are all on layers over
    NVMe, each stack with a disk of its own; those that the kernel cannot have are left out."""
    planned: list[tuple[Kernel, list[Scenario]]] = []
    for kernel in kernels:
        groups: dict[tuple[str, tuple[str, ...], int | None], list[Scenario]] = {}
        for scenario in (row for row in rows_for(kernel, scenarios) if not skipped_because(kernel, row)):
            device = "nvme+" if scenario.device.startswith("nvme+") else scenario.device
            groups.setdefault((device, scenario.kernel_arguments, scenario.cpus), []).append(scenario)
        for group in groups.values():
            devices = list(dict.fromkeys(row.device for row in group))
            group.sort(key=lambda row: devices.index(row.device))
        planned += [(kernel, group[first:first + ROWS_PER_BOOT]) for group in groups.values()
                    for first in range(0, len(group), ROWS_PER_BOOT)]
    return planned


def rows_for(kernel: Kernel, scenarios: list[Scenario]) -> list[Scenario]:
    """A kernel that is built for some rows runs those; any others only if nothing else was asked for."""
    made_for = [row for row in scenarios if kernel.name in row.expect]
    return made_for if kernel.name in BUILT and made_for else scenarios


def skipped_because(kernel: Kernel, scenario: Scenario) -> str | None:
    if kernel.name in BUILT and not kernel.fetched:
        return not_built(kernel)
    if kernel.fetched and not kernel.has_modules and scenario.needs_modules:
        return "Debian keeps no modules of this kernel"
    return scenario.skip.get(kernel.name)


def guest_script(scenarios: list[Scenario]) -> bytes:
    """The shell script that the guest runs; what its words mean is in the guest's own files."""
    lines = [". /lab/device.sh", ". /lab/stacks.sh", ". /lab/truth.sh", ". /lab/disturb.sh", ". /lab/limits.sh",
             ". /lab/scenario.sh",
             "truth_prepare || { echo 'lab: the truth cannot be recorded'; exit 72; }"]
    for device, rows in groupby(scenarios, lambda row: row.device):
        lines += [f"if make_device {device}; then", *map(_call, rows), f"else echo 'lab: no device {device}'; fi"]
    return "\n".join(lines + ["exit 0", ""]).encode()


def _call(scenario: Scenario) -> str:
    words = ("scenario", file_name(scenario), scenario.filesystem, scenario.preparation, str(scenario.megabytes),
             scenario.disturbance, str(int(scenario.causes)), str(int(scenario.summary)),
             str(int(scenario.blocks) + bool(scenario.borders or scenario.split or scenario.apart or scenario.asleep)),
             scenario.limit, str(int(scenario.whole_system)), scenario.filter, *scenario.fio_arguments)
    return shlex.join(words)


def run_boot(kernel: Kernel, scenarios: list[Scenario], dioscope: Path | None, keep: Path | None) -> Iterator[Result]:
    """One guest, and a result for each of its scenarios. If it dies of the emulator, two guests do half of them each."""
    overlay: dict[str, bytes | Path] = {"lab/main": guest_script(scenarios)}
    if dioscope is not None:
        overlay["bin/dioscope"] = dioscope
    boot = guest.Boot(kernel, scenarios[0].device, overlay, BOOT_SECONDS + SCENARIO_SECONDS * len(scenarios),
                      kernel_arguments=scenarios[0].kernel_arguments, cpus=scenarios[0].cpus,
                      with_stacks=any(row.needs_stacks for row in scenarios), disks=len({row.device for row in scenarios}),
                      attempts=1 if len(scenarios) > 1 else guest.ATTEMPTS)
    with guest.run(boot) as outcome:
        if keep is not None:
            _keep(outcome, keep / kernel.name / "-".join((scenarios[0].device, *scenarios[0].kernel_arguments)))
        if len(scenarios) == 1 or not outcome.died_of_the_emulator:
            yield from (_result(kernel, scenario, outcome, dioscope is not None) for scenario in scenarios)
            return
    print(f"# {kernel.name}: a boot of {len(scenarios)} rows died of the emulator; two boots do half of them each", flush=True)
    half = len(scenarios) // 2
    for rows in (scenarios[:half], scenarios[half:]):
        yield from run_boot(kernel, rows, dioscope, keep)


def _result(kernel: Kernel, scenario: Scenario, outcome: guest.Outcome, has_dioscope: bool) -> Result:
    if not outcome.finished or outcome.exit_code:
        return Result(kernel, scenario, False, "the guest did not get through", _of_guest(outcome))
    evidence = read_evidence(outcome.results, file_name(scenario), has_dioscope, not scenario.summary, scenario.only)
    failures = evidence.failures = _check(scenario, kernel, evidence)
    detail = f"{_lives(evidence)} ({_contexts(evidence)})"
    return Result(kernel, scenario, not failures, detail, _diagnosis(failures, evidence, outcome), evidence)


def _check(scenario: Scenario, kernel: Kernel, evidence: Evidence) -> list[str]:
    """What dioscope or fio wrote may have any shape while it is being built; that is a failure, not a crash."""
    try:
        return check(scenario, kernel.name, evidence)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return [*evidence.problems, f"the JSON does not keep its contract: {type(error).__name__} {error}"]


def _lives(evidence: Evidence) -> str:
    if evidence.ios is None:
        return f"{evidence.truth.contexts.total()} I/Os in the truth"
    return f"{len(evidence.ios)} lives"


def _contexts(evidence: Evidence) -> str:
    counts = sorted(evidence.truth.contexts.items(), key=lambda item: -item[1])
    return ", ".join(f"{context} {count}" for context, count in counts) or "no completion"


def _of_guest(outcome: guest.Outcome) -> list[str]:
    why = "was stopped by the time limit" if outcome.timed_out else "ended early"
    if outcome.finished:
        why = f"gave up with exit code {outcome.exit_code}"
    return [f"the guest {why} after {outcome.seconds:.0f} s; its console ends:", *outcome.tail().splitlines()]


def _diagnosis(failures: list[str], evidence: Evidence, outcome: guest.Outcome) -> list[str]:
    if not failures:
        return []
    lines = list(failures)
    for name, said in evidence.said.items():
        lines += [f"{name}:", *(f"  {line}" for line in said.splitlines()[-8:])]
    return lines + outcome.notes


def _keep(outcome: guest.Outcome, target: Path) -> None:
    shutil.copytree(outcome.results, target, dirs_exist_ok=True)
    (target / "console").write_text(outcome.console)


def _cells(ran: list[Result], cell_of: CellOf) -> dict[tuple[str, Kernel], Sequence[str]]:
    cells = [(result, cell_of(result.evidence)) for result in ran if result.evidence is not None]
    return {(full_name(result.scenario), result.kernel): cell for result, cell in cells if cell is not None}


def print_results(kernels: list[Kernel], scenarios: list[Scenario], dioscope: Path | None, keep: Path | None,
                  tables: Mapping[CellOf, Table]) -> int:
    """The whole run as TAP-like lines and the closing count; the exit code. What was observed goes into `tables`."""
    planned = boots(kernels, scenarios)
    skipped = [(kernel, row) for kernel in kernels for row in rows_for(kernel, scenarios)
               if skipped_because(kernel, row)]
    print(f"1..{sum(len(group) for _, group in planned) + len(skipped)}", flush=True)
    passed = failed = 0
    for kernel, group in planned:
        ran: list[Result] = []
        for result in run_boot(kernel, group, dioscope, keep):
            passed += result.passed
            failed += not result.passed
            print(f"{'ok' if result.passed else 'not ok'} {passed + failed} - {result.line}", flush=True)
            for line in result.diagnosis:
                print(f"    {line}", flush=True)
            ran.append(result)
        for cell_of, table in tables.items():
            write_table(table, _cells(ran, cell_of))
    for table in tables.values():
        write_skipped(table, {(full_name(row), kernel): skipped_because(kernel, row) or "" for kernel, row in skipped})
    for number, (kernel, row) in enumerate(skipped, passed + failed + 1):
        print(f"ok {number} - {kernel.name} {row.device} {row.name} # SKIP {skipped_because(kernel, row)}")
    print(f"{passed} passed, {failed} failed" + (f", {len(skipped)} skipped" if skipped else ""))
    return 1 if failed else 0
