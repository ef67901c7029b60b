"""One workload on a kernel that defers and on one that completes inline, and what a recording on the first promises."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Gain:
    """IOPS on both kernels, and the `inline_estimate` of the recording on the first."""

    case: Any
    deferred: float
    inline: float
    estimate: dict[str, Any] | None

    @property
    def gain(self) -> float:
        return self.inline / self.deferred - 1

    @property
    def interval(self) -> tuple[float, float] | None:
        if self.estimate is None or "least_gain" not in self.estimate:
            return None
        return self.estimate["least_gain"], self.estimate["most_gain"]
