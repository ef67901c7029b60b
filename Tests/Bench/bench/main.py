"""The command line of the benchmarks."""

import argparse
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from lab import program
from lab.kernels import kernel_named, need_fetched
from lab.problem import USAGE, Problem

from . import cost, tables
from .subjects import PEERS

EXAMPLES = """examples:
  Scripts/bench cost
  Scripts/bench cost --kernels 6.12 --depths 16
  DIOSCOPE=.build/static/dioscope Scripts/bench cost --kernels 7.2 --depths 1,16 --functions 40"""


class Parser(argparse.ArgumentParser):
    """argparse with one line for an error, exit code 64, and examples in --help."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **kwargs)

    def error(self, message: str) -> NoReturn:
        raise Problem(f"{message} (see {self.prog} --help)", USAGE)


def _parser() -> Parser:
    what = "Measures what dioscope costs."
    parser = Parser(prog="Scripts/bench", description=what, epilog=EXAMPLES)
    verbs = parser.add_subparsers(dest="verb", metavar="SUBJECT", required=True, parser_class=Parser)
    costs = verbs.add_parser("cost", help="guest instructions per I/O, deterministic", epilog=EXAMPLES)
    costs.add_argument("--kernels", metavar="LIST", default="6.12,7.2", help="default 6.12,7.2")
    costs.add_argument("--depths", metavar="LIST", default="1,4,16", help="queue depths, default 1,4,16")
    costs.add_argument("--functions", type=int, metavar="N", default=0, help="also the N functions that cost most")
    costs.add_argument("--peers", action="store_true", help="also bpftrace, trace-cmd and perf")
    costs.add_argument("--without-programs", action="store_true", help="without the run times of the BPF programs")
    costs.add_argument("--keep", type=Path, metavar="DIR", help="keep everything the guests brought out")
    return parser


def _cost(options: argparse.Namespace) -> int:
    kernels = [kernel_named(name) for name in options.kernels.split(",")]
    try:
        depths = [int(word) for word in options.depths.split(",")]
    except ValueError:
        raise Problem(f"--depths is a list of numbers, not '{options.depths}'", USAGE) from None
    names = ["untraced", "dioscope"] + ([] if options.without_programs else ["dioscope-programs"])
    if options.peers:
        names += [peer.name for peer in PEERS]
    for kernel in kernels:
        need_fetched(kernel)
    for kernel in kernels:
        keep = options.keep / kernel.name if options.keep else None
        costs = cost.measure(kernel, depths, names, program.dioscope(), keep)
        print(tables.costs(costs, options.functions), flush=True)
    return 0


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return _cost(_parser().parse_args(arguments))
    except Problem as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return problem.code
    except KeyboardInterrupt:
        return 130
