"""The checks, on a small story that agrees with itself and on what breaks it."""

import copy
import unittest
from collections import Counter
from dataclasses import replace
from typing import Any

from lab.checks import check
from lab.evidence import Evidence
from lab.placement import check_cpus, parse_stat
from lab.scenarios import Expectation, Scenario
from lab.truth import Truth

SCENARIO = Scenario("two-writes", "null_blk", "ext4", "prewrite", ("--ioengine=libaio", "--rw=randwrite"),
                    {"6.12": Expectation(frozenset({"kworker"}), frozenset({"submit_race"}),
                                         frozenset({"issuer-no-caller-comp"}), frozenset({"hardirq"}))}, ios=2)


def agreeing() -> Evidence:
    """One write finished by a kworker and one by its submitter, as all three witnesses see it."""
    io: dict[str, Any] = {"offset": 0, "length": 4096, "submitted_ns": 1_000, "completed_ns": 91_000, "latency_ns": 90_000,
                          "stages": [{"name": "device", "ns": 60_000}, {"name": "queue_wait", "ns": 30_000}],
                          "issuer": "libaio", "dev": "254:0", "inode": 12, "submit_cpu": 1, "end_cpu": 1,
                          "completion_cpu": 1}
    return Evidence(
        status={"record": 0},
        truth=Truth(Counter(kworker=1, task=1), Counter(hardirq=2), 1, ranges=Counter({(0, 4096): 1, (8192, 4096): 1}),
                    begin_cpus=Counter({1: 2}), end_cpus=Counter({1: 2}), complete_cpus=Counter({1: 2}),
                    start_cpus=Counter({1: 1}), begin_ns=[0, 100_000], complete_ns=[90_000, 190_000],
                    queued_ns=[60_000], started_ns=[90_000]),
        stat="fe00 12 0 0\n",
        fio={"jobs": [{"error": 0, "read": {"total_ios": 0, "lat_ns": {"mean": 0.0}},
                       "write": {"total_ios": 2, "lat_ns": {"mean": 120_000.0}}}]},
        report={"ios": {"total": 2, "read": 0, "write": 2, "errors": 0}, "latency": {"mean_ns": 90_000},
                "contexts": {"kworker": 1, "submit_race": 1, "hardirq": 0}, "end_io_contexts": {"hardirq": 2},
                "queue_wait": {"ios": 1, "mean_ns": 30_000}, "issuers": {"libaio": 2, "sync": 0},
                "reasons": [{"reason": "issuer-no-caller-comp", "ios": 1}],
                "stages": [{"name": "device", "ios": 2}, {"name": "queue_wait", "ios": 1}],
                "loss": [{"what": "ring", "count": 0, "severity": "loss"}]},
        ios=[io | {"context": "kworker", "reason": "issuer-no-caller-comp", "worker_cpu": 1},
             io | {"context": "submit_race", "offset": 8192}])


def summed_up() -> Evidence:
    """The same, recorded as a summary."""
    evidence = agreeing()
    evidence.ios = None
    assert evidence.report is not None
    evidence.report |= {
        "latency": {"ios": 2, "mean_ns": 90_000, "total_ns": 180_000}, "summed_up": {"ios": 2},
        "stages": [{"name": "device", "ios": 2, "total_ns": 150_000}, {"name": "queue_wait", "ios": 1, "total_ns": 30_000}]}
    return evidence


class SummaryChecks(unittest.TestCase):
    def failures(self, **report: Any) -> str:
        evidence = summed_up()
        assert evidence.report is not None
        evidence.report |= report
        return "\n".join(check(replace(SCENARIO, summary=True), "6.12", evidence))

    def test_a_summary_that_agrees_passes(self) -> None:
        self.assertEqual(self.failures(), "")

    def test_sums_must_be_those_of_ftrace(self) -> None:
        late = {"ios": 2, "mean_ns": 90_000_000, "total_ns": 180_000_000}
        self.assertIn("mean time to the completion", self.failures(latency=late))
        self.assertIn("nanoseconds of all stages", self.failures(latency=late))
        self.assertIn("queue_wait.mean_ns", self.failures(queue_wait={"ios": 1, "mean_ns": 90_000_000}))
        self.assertIn("completions in kworker", self.failures(contexts={"kworker": 2}))
        self.assertIn("reasons, in all", self.failures(reasons=[]))

    def test_most_must_be_summed_up(self) -> None:
        evidence = summed_up()
        self.assertIn("I/Os aggregated: 2", "\n".join(check(replace(SCENARIO, summary=True, ios=1499), "6.12", evidence)))


class Checks(unittest.TestCase):
    def failures(self, evidence: Evidence) -> str:
        return "\n".join(check(SCENARIO, "6.12", evidence))

    def broken_report(self, *keys: str, value: Any) -> str:
        evidence = agreeing()
        part: Any = copy.deepcopy(evidence.report)
        evidence.report = part
        for key in keys[:-1]:
            part = part[key]
        part[keys[-1]] = value
        return self.failures(evidence)

    def completed_at(self, time_ns: int) -> str:
        evidence = agreeing()
        assert evidence.ios is not None
        evidence.ios = [io | {"completed_ns": time_ns} for io in evidence.ios]
        return self.failures(evidence)

    def test_agreement(self) -> None:
        self.assertEqual(self.failures(agreeing()), "")

    def test_both_numbers_are_shown(self) -> None:
        self.assertIn("report ios.total: 3, but fio did 2", self.broken_report("ios", "total", value=3))
        self.assertIn("report completions in kworker: 2, but ftrace 1",
                      self.broken_report("contexts", "kworker", value=2))
        self.assertIn("report end_io in hardirq: 1, but ftrace 2",
                      self.broken_report("end_io_contexts", "hardirq", value=1))

    def test_times(self) -> None:
        self.assertEqual(self.completed_at(5_100_000), "")
        self.assertIn("list mean time to completed_ns: 5200000 ns, but ftrace 90000 ns",
                      self.completed_at(5_201_000))
        self.assertIn("report latency.mean_ns: 90002 ns, but the list has 90000 ns",
                      self.broken_report("latency", "mean_ns", value=90_002))
        self.assertIn("fio, which measures around it, 120000 ns",
                      self.broken_report("latency", "mean_ns", value=121_000))
        self.assertIn("report queue_wait.mean_ns: 10040000 ns, but ftrace 30000 ns",
                      self.broken_report("queue_wait", "mean_ns", value=10_040_000))

    def test_context_that_must_not_appear(self) -> None:
        text = self.broken_report("contexts", "hardirq", value=1)
        self.assertIn("completions in hardirq seen by the report, which must not appear", text)

    def test_stages_must_add_up(self) -> None:
        evidence = agreeing()
        assert evidence.ios is not None
        evidence.ios[1] = evidence.ios[1] | {"latency_ns": 90_001}
        self.assertIn("stages do not add up in 1 of 2 I/Os; the first: sum 90000, latency_ns 90001",
                      self.failures(evidence))

    def test_identity(self) -> None:
        evidence = agreeing()
        assert evidence.ios is not None
        evidence.ios[1] = evidence.ios[1] | {"offset": 4096}
        self.assertIn("1 of ftrace are not in the list (first (8192, 4096))", self.failures(evidence))

    def test_reasons(self) -> None:
        text = self.broken_report("reasons", value=[{"reason": "sync-flush", "ios": 2}])
        self.assertIn("reasons sync-flush in the report, but only issuer-no-caller-comp may be", text)
        self.assertIn("report reasons, in all: 2, but ftrace work function hits 1", text)

    def test_stages_and_issuers(self) -> None:
        self.assertIn("stages queue_wait are not in the report, which has device",
                      self.broken_report("stages", value=[{"name": "device", "ios": 2}]))
        self.assertIn("report issuers: {'io_uring': 2}, but fio was {'libaio': 2}",
                      self.broken_report("issuers", value={"io_uring": 2}))

    def changed(self, **values: Any) -> str:
        evidence = agreeing()
        assert evidence.ios is not None
        evidence.ios[0] = evidence.ios[0] | values
        return self.failures(evidence)

    def test_places(self) -> None:
        for key, what in (("submit_cpu", "begins"), ("end_cpu", "end_io"), ("completion_cpu", "completions")):
            self.assertIn(f"I/Os by {key}: CPU 0 1, CPU 1 1, but ftrace {what} CPU 1 2", self.changed(**{key: 0}))
        self.assertIn("I/Os by worker_cpu: CPU 0 1, but ftrace works CPU 1 1", self.changed(worker_cpu=0))

    def test_file(self) -> None:
        self.assertIn("but stat has 254:0 12", self.changed(inode=13))
        self.assertIn("but stat has 254:0 12", self.changed(dev="259:0"))
        self.assertEqual(parse_stat("6 94 fe 10"), ("254:16", None))

    def test_a_work_may_be_moved_between_the_observers(self) -> None:
        truth = Truth(Counter(driver_worker=1499), complete_cpus=Counter({0: 1000, 1: 499}))

        def failures(moved: int, lost: int = 0) -> list[str]:
            ios = [{"completion_cpu": int(number >= 1000 + moved)} for number in range(1499 - lost)]
            return list(check_cpus(replace(SCENARIO, multi_bio=True), truth, ios))

        self.assertEqual((failures(2), len(failures(3)), len(failures(2, lost=1))), ([], 1, 1))
        truth.contexts = Counter(hardirq=1499)
        self.assertEqual(len(failures(1)), 1)

    def test_errors(self) -> None:
        self.assertIn("I/O lines with an error: 1, but fio had 0", self.changed(error=-5))
        self.assertIn("report ios.errors: 1, but fio had 0", self.broken_report("ios", "errors", value=1))

    def test_loss(self) -> None:
        self.assertIn("report loss ring: 4, wanted 0",
                      self.broken_report("loss", value=[{"what": "ring", "count": 4, "severity": "loss"}]))

    def test_void_truth(self) -> None:
        evidence = agreeing()
        evidence.truth.lost["cpu1 overrun"] = 12
        self.assertIn("the truth is void: cpu1 overrun 12", self.failures(evidence))

    def test_exit_code(self) -> None:
        evidence = agreeing()
        evidence.status["record"] = 3
        self.assertIn("step record ended with exit code 3", self.failures(evidence))


if __name__ == "__main__":
    unittest.main()
