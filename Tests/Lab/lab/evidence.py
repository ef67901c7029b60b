"""What one scenario left behind in the guest's /out: exit codes, fio's JSON, the truth, and what dioscope says."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .restarts import drop_restarts
from .truth import Truth, read_truth


# A line of filefrag -b512 -v: number, the file's sectors, the device's, how many.
EXTENT = re.compile(r"^\s*\d+:\s+(\d+)\.\.\s*\d+:\s+(\d+)\.\.\s*\d+:\s+(\d+):")
BYTES_OF_SECTOR = 512


@dataclass
class Evidence:
    """`problems` has what could not be read; a missing file is a finding, not an accident."""

    status: dict[str, int] = field(default_factory=dict)
    truth: Truth = field(default_factory=Truth)
    restarts: int = 0
    stat: str = ""
    mounts: str = ""  # device of each file by mountinfo
    fio: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] | None = None
    ios: list[dict[str, Any]] | None = None
    failures: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    compared: list[tuple[str, float, float]] = field(default_factory=list)  # mean ns of each: what, dioscope's, ftrace's
    said: dict[str, str] = field(default_factory=dict)
    extents: list[tuple[int, int, int]] = field(default_factory=list)  # of the file, in bytes: there, on the device, length

    @property
    def probes_missed(self) -> int:
        """Runs of probes, by the report's own count: since 7.0 a task may lose its CPU in one, which others miss meanwhile."""
        return probes_missed(self.report or {})

    def on_device(self, offset: int) -> int:
        """Where a byte of the file is on its device; a device is its own file."""
        return next((on + offset - at for at, on, length in self.extents if at <= offset < at + length), offset)


def probes_missed(report: dict[str, Any]) -> int:
    return sum(loss["count"] or 0 for loss in report.get("loss") or [] if loss["what"] == "probe-missed")


def read_evidence(directory: Path, name: str, with_dioscope: bool, with_list: bool = True, only: str = "") -> Evidence:
    evidence = Evidence()

    def text(suffix: str) -> str:
        path = directory / f"{name}.{suffix}"
        if not path.is_file():
            evidence.problems.append(f"{path.name} is missing")
            return ""
        return path.read_text(errors="replace")

    def parsed(suffix: str) -> Any:
        content = text(suffix)
        try:
            return json.loads(content)
        except json.JSONDecodeError as error:
            evidence.problems.append(f"{name}.{suffix} is not JSON ({error}); it begins {content[:60]!r}")
            return {}

    for line in text("status").splitlines():
        step, _, code = line.partition(" ")
        evidence.status[step] = int(code)
    evidence.truth = read_truth(text("trace"), text("trace-stats"), only)
    evidence.restarts = drop_restarts(evidence.truth)
    evidence.stat = text("stat")
    if (directory / f"{name}.extents").is_file():
        found = map(EXTENT.match, text("extents").splitlines())
        evidence.extents = [(BYTES_OF_SECTOR * int(line[1]), BYTES_OF_SECTOR * int(line[2]), BYTES_OF_SECTOR * int(line[3]))
                            for line in found if line is not None]
    evidence.mounts = text("mounts")
    evidence.fio = parsed("fio.json")
    if with_dioscope:
        evidence.report = parsed("json")
    if with_dioscope and with_list:
        evidence.ios = []
        for number, line in enumerate(text("ios.jsonl").splitlines(), 1):
            try:
                evidence.ios.append(json.loads(line))
            except json.JSONDecodeError as error:
                evidence.problems.append(f"{name}.ios.jsonl line {number} is not JSON ({error})")
                break
    for path in sorted(directory.glob(f"{name}.*.err")):
        said = path.read_text(errors="replace").strip()
        if said:
            evidence.said[path.name] = said
    return evidence
