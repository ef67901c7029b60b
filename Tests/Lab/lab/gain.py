"""One workload on a kernel that defers and on one that completes inline, and what a recording on the first promises."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Rate:
    """IOPS of runs by fio: the mean, and the least and most that they can have been."""

    mean: float
    low: float
    high: float

    def over(self, base: "Rate") -> "Rate":
        """The gain from the base to this."""
        return Rate(self.mean / base.mean - 1, self.low / base.high - 1, self.high / base.low - 1)

    @property
    def cell(self) -> str:
        return f"{self.mean:+.1%} ({self.low:+.1%} to {self.high:+.1%})"


def rate(place: Path, name: str) -> Rate:
    """Of all runs by fio alone that a guest left of a case."""
    return rate_of(place / f"{name}.plain.json", *sorted(place.glob(f"{name}.plain-*.json")))


def rate_of(*paths: Path) -> Rate:
    """fio counts the time of a run in whole milliseconds, and no run is known better."""
    runs: list[tuple[float, float]] = []
    for path in paths:
        jobs = json.loads(path.read_text())["jobs"]
        if any(job.get("error") for job in jobs):
            raise KeyError(path.name)
        sides = [job[side] for job in jobs for side in ("read", "write")]
        iops = sum(float(side["iops"]) for side in sides)
        runs.append((iops, iops / max(side["runtime"] for side in sides)))
    mean = sum(iops for iops, _ in runs) / len(runs)
    return Rate(mean, min(iops - step for iops, step in runs), max(iops + step for iops, step in runs))


@dataclass(frozen=True)
class Gain:
    """IOPS on both kernels, and the `inline_estimate` of the recording on the first."""

    case: Any
    deferred: Rate
    inline: Rate
    estimate: dict[str, Any] | None

    @property
    def span(self) -> Rate:
        """The gain, and what it can have been."""
        return self.inline.over(self.deferred)

    @property
    def gain(self) -> float:
        return self.span.mean

    @property
    def interval(self) -> tuple[float, float] | None:
        if self.estimate is None or "least_gain" not in self.estimate:
            return None
        return self.estimate["least_gain"], self.estimate["most_gain"]
