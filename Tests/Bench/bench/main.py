"""The command line of the benchmarks."""

import argparse
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from lab import program
from lab.kernels import Kernel, kernel_named, need_fetched
from lab.parser import Parser
from lab.places import TREE
from lab.problem import USAGE, Problem

from . import cost, growth, machine, packages, page, rate, reading, results, tables, thresholds
from .added import by_function
from .load import Load
from .subjects import DIOSCOPE, PEERS, SUBJECTS

PAGE = TREE / "Documentation" / "Performance.md"
RESULTS = TREE / "Tests" / "Bench" / "results.json"

WHAT = {
    "cost": "guest instructions per I/O, repeatable: dioscope and its peers",
    "machine": "IOPS kept on this machine and its disk, in interleaved turns",
    "rate": "as many I/Os as there can be: recorded, lost, and none unaccounted for",
    "growth": "cost and memory with more CPUs, I/Os in flight and files",
    "reading": "how fast captures and traces become reports, beside trace-cmd and awk",
}
EXAMPLES = """examples:
  Scripts/bench
  Scripts/bench cost --kernels 6.12 --depths 16 --functions 40
  DIOSCOPE=.build/static/dioscope Scripts/bench cost --kernels 7.2 --depths 1
  Scripts/bench machine --rounds 9 --seconds 5
  Scripts/bench check

subjects:
""" + "".join(f"  {name:10}{what}\n" for name, what in WHAT.items())


def _parser() -> Parser:
    what = "Measures what dioscope costs. Without a subject: all of them, and the page of results is written anew."
    parser = Parser(prog="Scripts/bench", description=what, epilog=EXAMPLES)
    verbs = parser.add_subparsers(dest="verb", metavar="SUBJECT", parser_class=Parser)

    def verb(name: str, what: str, kernels: str | None) -> Parser:
        made = verbs.add_parser(name, help=what, description=what)
        if kernels:
            made.add_argument("--kernels", metavar="LIST", default=kernels, help=f"default {kernels}")
        return made

    one = verb("cost", WHAT["cost"], "6.12,7.2")
    one.add_argument("--depths", metavar="LIST", default="1,4,16", help="queue depths, default 1,4,16")
    one.add_argument("--functions", type=int, metavar="N", default=0, help="also the N functions that cost most")
    one.add_argument("--peers", action="store_true",
                     help="also dioscope that samples or does not pack, bpftrace, trace-cmd and perf")
    one.add_argument("--recorders", metavar="LIST", help="these alone, besides nothing: dioscope-serve,dioscope-live")
    one.add_argument("--without-programs", action="store_true", help="without the run times of the BPF programs")
    one.add_argument("--keep", type=Path, metavar="DIR", help="keep everything the guests brought out")
    two = verb("machine", WHAT["machine"], None)
    two.add_argument("--rounds", type=int, default=9, help="default 9")
    two.add_argument("--seconds", type=int, default=5, help="of each turn, default 5")
    two.add_argument("--depth", type=int, default=16, help="queue depth, default 16")
    two.add_argument("--directory", type=Path, default=Path("/var/tmp"), help="on the disk; default /var/tmp")
    verb("rate", WHAT["rate"], "6.12,7.2")
    three = verb("growth", WHAT["growth"], "6.12")
    parts = ",".join(growth.PARTS)
    three.add_argument("--parts", metavar="LIST", default=parts, help=f"default {parts}")
    four = verb("reading", WHAT["reading"], None)
    four.add_argument("--turns", type=int, default=5, help="of each reader, odd; default 5")
    four.add_argument("--ios", type=int, default=10_000_000, help="in the captures, default 10000000")
    four.add_argument("--events", type=int, default=5_000_000, help="in the traces, default 5000000")
    four.add_argument("--directory", type=Path, default=Path("/var/tmp"), help="takes up to 2 GB; default /var/tmp")
    for name in WHAT:
        verbs.choices[name].add_argument("--json", type=Path, metavar="FILE", help="put the results into FILE")
    verb("check", "the quickest repeatable figures against those kept with the source; fails when one grew", "6.12")
    verb("thresholds", "measures the figures of `check` and keeps them", "6.12,7.2")
    verbs.add_parser("page", help=f"writes the tables of {PAGE.name} from {RESULTS.name}")
    return parser


def _kernels(options: argparse.Namespace) -> list[Kernel]:
    kernels = [kernel_named(name) for name in options.kernels.split(",")]
    for kernel in kernels:
        need_fetched(kernel)
    return kernels


def _cost(options: argparse.Namespace) -> Iterator[list[results.Row]]:
    try:
        loads = [Load(int(word)) for word in options.depths.split(",")]
    except ValueError:
        raise Problem(f"--depths is a list of numbers, not '{options.depths}'", USAGE) from None
    names = ["untraced", "dioscope"] + ([] if options.without_programs else ["dioscope-programs"])
    if options.peers:
        names += [peer.name for peer in PEERS]
    if options.recorders:
        names = ["untraced", *options.recorders.split(",")]
        if unknown := [name for name in names if name not in SUBJECTS]:
            raise Problem(f"--recorders: no {unknown[0]}; there are {', '.join(SUBJECTS)}", USAGE)
    for kernel in _kernels(options):
        keep = options.keep / kernel.name if options.keep else None
        found = cost.measure(cost.Machine(kernel), loads, names, program.dioscope(), keep)
        if options.functions:
            _print_functions(found, options.functions)
        yield results.cost_rows(found)


def _print_functions(found: list[cost.Cost], count: int) -> None:
    untraced = {one.load: one for one in found if one.subject == "untraced"}
    for one in found:
        if one.subject == "dioscope":
            added = sorted(by_function(one, untraced[one.load]), key=lambda entry: -abs(entry[1]))[:count]
            print(f"{one.kernel}, queue depth {one.load.name}: instructions added per I/O, by function")
            print("".join(f"  {name:60}{value:>9.1f}\n" for name, value in sorted(added, key=lambda entry: -entry[1])))


def _machine(options: argparse.Namespace) -> Iterator[list[results.Row]]:
    yield results.machine_rows(
        machine.measure(program.dioscope(), options.directory, options.rounds, options.seconds, options.depth))


def _rate(options: argparse.Namespace) -> Iterator[list[results.Row]]:
    for kernel in _kernels(options):
        yield results.rate_rows(rate.measure(kernel, program.dioscope()))


def _growth(options: argparse.Namespace) -> Iterator[list[results.Row]]:
    dioscope = program.dioscope()
    parts = options.parts.split(",")
    for part in parts:
        if part not in growth.PARTS:
            raise Problem(f"--parts is a list of {', '.join(growth.PARTS)}, not '{part}'", USAGE)
    for kernel in _kernels(options):
        for part in parts:
            yield results.growth_rows(part, growth.PARTS[part](kernel, dioscope))


def _reading(options: argparse.Namespace) -> Iterator[list[results.Row]]:
    if options.turns < 1 or options.turns % 2 == 0:
        raise Problem(f"--turns is an odd number, not {options.turns}", USAGE)
    yield results.reading_rows(reading.measure(
        program.dioscope(), options.directory, options.turns, options.ios, options.events))


MEASURES = {"cost": _cost, "machine": _machine, "rate": _rate, "growth": _growth, "reading": _reading}


def _figures(options: argparse.Namespace) -> dict[str, float]:
    figures: dict[str, float] = {}
    for kernel in _kernels(options):
        figures |= thresholds.figures(
            cost.measure(cost.Machine(kernel), [Load(1), Load(16)], ["untraced", DIOSCOPE.name], program.dioscope(), None),
            DIOSCOPE.name)
    return figures


def _measure(options: argparse.Namespace, json: Path | None) -> None:
    print(f"{options.verb}: {WHAT[options.verb]}", flush=True)
    rows: list[results.Row] = []
    for measured in MEASURES[options.verb](options):
        rows += measured
        # At once: what takes an hour is not lost with what comes after it.
        if json:
            results.add(json, options.verb, measured)
    for table in tables.SUBJECTS[options.verb](rows):
        if table.rows:
            print(f"\n{table.text()}", flush=True)


def _all(parser: Parser) -> None:
    print("subjects:\n" + "".join(f"  {name:10}{what}\n" for name, what in WHAT.items()))
    for name in WHAT:
        arguments = [name, "--peers"] if name == "cost" else [name]
        _measure(parser.parse_args(arguments), RESULTS)
    page.write(PAGE, results.read(RESULTS))


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        parser = _parser()
        options = parser.parse_args(arguments)
        if options.verb == "page":
            page.write(PAGE, results.read(RESULTS))
            return 0
        packages.install()
        if options.verb == "check":
            return thresholds.check(_figures(options))
        if options.verb == "thresholds":
            thresholds.write(_figures(options))
            return 0
        if options.verb is None:
            _all(parser)
        else:
            _measure(options, options.json)
        return 0
    except Problem as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return problem.code
    except KeyboardInterrupt:
        return 130
