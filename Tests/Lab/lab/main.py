"""The command line of the lab."""

import argparse
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from . import (
    account, arm64, borderrows, bordertable, build, catalog, command, experiment, heldout, how, kernels, matrix, privileges,
    program, same, stackrows, stacktable, table, whatif,
)
from .kernels import BUILT, KERNELS, TO_BUILD, Kernel, kernel_named, need_fetched, not_built
from .parser import Parser
from .places import TREE, cache
from .problem import USAGE, Problem
from .scenarios import Scenario, full_name
from .table import Table

DEVICES = ("nvme", "nvme-1q", "null_blk", "null_blk-20ms", "null_blk-pair", "null_blk-limited", "virtio-blk",
           "virtio-scsi")
SHORT_KERNELS = "6.12,7.2"  # what an ordinary test run does, on the rows that are marked short
PATHS_PAGE = TREE / "Documentation" / "CompletionPaths.md"
CAUSES_PAGE = TREE / "Documentation" / "Accuracy.md"

EXAMPLES = {
    None: "Scripts/lab fetch 6.12 7.2\n  Scripts/lab matrix\n  Scripts/lab exec 6.12 -- uname -r",
    "list": "Scripts/lab list",
    "fetch": "Scripts/lab fetch\n  Scripts/lab fetch 6.12 7.2\n  Scripts/lab fetch --update 7.3",
    "build-kernel": "Scripts/lab build-kernel caller-comp\n  Scripts/lab build-kernel 7.2-plain 7.2-defers",
    "run": "Scripts/lab run 6.12 ext4-libaio-overwrite\n"
           "  Scripts/lab run 7.2 nvme/ext4-libaio-read --keep /tmp/evidence",
    "matrix": "Scripts/lab matrix\n"
              "  Scripts/lab matrix --all\n"
              "  Scripts/lab matrix --summary\n"
              "  Scripts/lab matrix --kernels 6.12 --scenarios ext4-sync-write,xfs-libaio-overwrite",
    "how": "Scripts/lab how 6.12\n  Scripts/lab how 6.1 --tools bpftrace",
    "same": "Scripts/lab same 6.12\n  Scripts/lab same 7.3 --rw randread",
    "account": "Scripts/lab account\n  Scripts/lab account 6.12 7.2 --runs 10\n  Scripts/lab account 7.3 --locked",
    "borders": "Scripts/lab borders\n  Scripts/lab borders 6.12-rt 7.3-rt --only hog",
    "stacks": "Scripts/lab stacks 6.12 7.2\n  Scripts/lab stacks 6.12 --only dm-crypt",
    "arm64": "Scripts/lab arm64\n  Scripts/lab arm64 6.1 7.2",
    "privileges": "Scripts/lab privileges\n  Scripts/lab privileges 6.12 --keep /tmp/evidence",
    "what-if": "Scripts/lab what-if\n  Scripts/lab what-if --cases '2, fio on one' --keep /tmp/evidence",
    "exec": "Scripts/lab exec 6.12 -- dioscope check\n"
            "  Scripts/lab exec 7.2 --device null_blk --out /tmp/out -- 'dmesg >/out/dmesg; ls /mnt/t'\n"
            "  Scripts/lab exec 6.1",
}


def device(word: str) -> str:
    """A device, perhaps with layers."""
    if word.partition("+")[0] not in DEVICES:
        raise argparse.ArgumentTypeError(f"{word}: a device is one of {', '.join(DEVICES)}")
    return word


def _parser() -> Parser:
    what = "Boots real Debian kernels and compares dioscope with ftrace and fio."
    parser = Parser(prog="Scripts/lab", description=what, epilog=_examples(None))
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=Parser)

    def verb(name: str, what: str) -> Parser:
        return verbs.add_parser(name, help=what, description=what, epilog=_examples(name))

    verb("list", "show kernels and scenarios")
    fetch = verb("fetch", "download kernels into the cache; what is there stays")
    fetch.add_argument("kernels", nargs="*", metavar="KERNEL", help=f"of {', '.join(KERNELS)}; all when none is named")
    fetch.add_argument("--update", action="store_true", help="fetch again, taking what is newest now")
    making = verb("build-kernel", "build kernels that Debian does not ship, in about 10 minutes a source; what is there stays")
    making.add_argument("kernels", metavar="KERNEL", nargs="+", choices=TO_BUILD, help=f"of {', '.join(TO_BUILD)}")
    making.add_argument("--update", action="store_true", help="build again, from what source is newest now")
    run = verb("run", "run one scenario on one kernel")
    run.add_argument("kernel", metavar="KERNEL")
    run.add_argument("scenario", metavar="SCENARIO", help="its name, or DEVICE/NAME")
    every = verb("matrix", "run scenarios on kernels")
    every.add_argument("--kernels", metavar="LIST", help=f"default {SHORT_KERNELS}, with --all all")
    every.add_argument("--scenarios", metavar="LIST", help="default those marked short, with --all all")
    every.add_argument("--all", action="store_true",
                       help=f"all scenarios on all kernels; --table {PATHS_PAGE.name} and --accuracy {CAUSES_PAGE.name}")
    every.add_argument("--summary", action="store_true", help="record summaries: what needs no single I/Os is compared")
    every.add_argument("--table", type=Path, metavar="FILE", help="write where I/Os completed into FILE's table")
    every.add_argument("--accuracy", type=Path, metavar="FILE", help="write what they waited for into FILE's table")
    for sub in (run, every):
        sub.add_argument("--keep", type=Path, metavar="DIR", help="keep everything the guests brought out")
    piled = verb("stacks", f"run stacks of layers and file systems, and write into {PATHS_PAGE.name} which are followed")
    piled.add_argument("kernels", nargs="*", metavar="KERNEL", help=f"default {SHORT_KERNELS}")
    piled.add_argument("--only", metavar="TEXT,...", default="", help="stacks with one of these in DEVICE/NAME")
    piled.add_argument("--table", type=Path, metavar="FILE", default=PATHS_PAGE, help="another page")
    piled.add_argument("--keep", type=Path, metavar="DIR", help="keep everything the guests brought out")
    edges = verb("borders", f"run loads whose time is one border's, and write into {CAUSES_PAGE.name} how ftrace sees them")
    edges.add_argument("kernels", nargs="*", metavar="KERNEL", help=f"default {SHORT_KERNELS}")
    edges.add_argument("--only", metavar="TEXT", default="", help="rows with this in DEVICE/NAME")
    edges.add_argument("--table", type=Path, metavar="FILE", default=CAUSES_PAGE, help="another page")
    edges.add_argument("--keep", type=Path, metavar="DIR", help="keep everything the guests brought out")
    alike = verb("same", "record one run by dioscope and by trace-cmd at once, and compare their reports")
    alike.add_argument("kernel", metavar="KERNEL")
    alike.add_argument("--rw", choices=("randwrite", "randread"), default="randwrite", help="default randwrite")
    alike.add_argument("--icount", action="store_true", help="guest time counts instructions: differences are exact")
    alike.add_argument("--keep", type=Path, metavar="DIR", help="keep everything the guest brought out")
    recipes = verb("how", "run what record --how prints for each tool: its traces have to give complete lives")
    recipes.add_argument("kernel", metavar="KERNEL")
    recipes.add_argument("--tools", metavar="LIST", default=",".join(how.TOOLS), help=f"default {','.join(how.TOOLS)}")
    recipes.add_argument("--keep", type=Path, metavar="DIR", help="keep everything the guest brought out")
    whole = verb("account", "record fio beside shell loops: recorded and lost have to be what fio counts")
    whole.add_argument("kernels", nargs="*", metavar="KERNEL", help="in guests; this machine's own when none is named")
    whole.add_argument("--runs", type=int, default=20, metavar="N", help="of each kernel, default 20")
    whole.add_argument("--locked", action="store_true", help="in guests: locked down, with tracepoints alone")
    whole.add_argument("--keep", type=Path, metavar="DIR", help="keep everything the guests brought out")
    other = verb("arm64", "compile the BPF objects for arm64, load them in an emulated guest, and compare its I/Os with the records")
    other.add_argument("kernels", nargs="*", metavar="KERNEL", help=f"of {', '.join(arm64.NAMES)}; default 6.12")
    other.add_argument("--keep", type=Path, metavar="DIR", help="keep the guests' consoles")
    rights = verb("privileges", "record as an ordinary user, with one capability less each time")
    rights.add_argument("kernels", nargs="*", metavar="KERNEL", help="default 5.10, 6.1, 6.12, 7.2")
    rights.add_argument("--keep", type=Path, metavar="DIR", help="keep everything the guests brought out")
    estimate = verb("what-if", "compare the estimate of inline completion with kernels that do it, in deterministic guests")
    estimate.add_argument("--cases", metavar="TEXT", default="", help="only those whose line has this in it")
    estimate.add_argument("--keep", type=Path, metavar="DIR", help="keep everything the guests brought out")
    estimate.add_argument("--again", action="store_true", help="boot nothing: read what --keep has")
    estimate.add_argument("--held-out", action="store_true", help="workloads drawn from a grid, half of them kept from the fit")
    estimate.add_argument("--onto", choices=heldout.BASES, default=heldout.USUAL,
                          help=f"with --held-out: the kernel that does not defer (default {heldout.USUAL})")
    estimate.add_argument("--measured", action="store_true", help="what `dioscope whatif` measures, beside a shell and two kernels")
    estimate.add_argument("--seed", type=int, default=1, metavar="S", help="draws the workloads (default 1)")
    estimate.add_argument("--pairs", type=int, default=heldout.PAIRS, metavar="N",
                          help=f"how many workloads are drawn (default {heldout.PAIRS})")
    estimate.add_argument("--page", type=Path, metavar="FILE", help="with --held-out or --measured: write the tables into FILE")
    estimate.add_argument("--accuracy", type=Path, metavar="FILE", help=f"write the table into FILE, as {CAUSES_PAGE.name}")
    execute = verb("exec", "run a command, or a shell without one, in a guest with ext4 mounted at /mnt/t")
    execute.add_argument("kernel", metavar="KERNEL")
    execute.add_argument("--device", type=device, metavar="DEVICE",
                         help=f"of {', '.join(DEVICES)}, each perhaps with layers: nvme+dm-linear+dm-crypt; default nvme, "
                         "with --icount null_blk")
    execute.add_argument("--icount", action="store_true", help="guest time counts instructions: one CPU, repeatable")
    execute.add_argument("--cpus", type=int, choices=range(1, 9), metavar="N", help="default 2, with --icount 1")
    execute.add_argument("--out", type=Path, metavar="DIR", help="bring the guest's /out here")
    execute.add_argument("--kernel-argument", action="append", default=[], metavar="WORD",
                         help="for the kernel's command line, e.g. threadirqs; may be repeated")
    execute.add_argument("--seconds", type=float, default=180, help="time limit (default 180)")
    for sub in (run, every, execute):
        sub.add_argument("--without-dioscope", action="store_true", help="do without the dioscope executable")
    return parser


def _examples(name: str | None) -> str:
    return f"examples:\n  {EXAMPLES[name]}"


def _list() -> int:
    print(f"kernels (cache: {cache()}):")
    for kernel in KERNELS.values():
        print(f"  {kernel.name:12}{kernel.version if kernel.fetched else f'not fetched ({kernel.suite})'}")
    for kernel in TO_BUILD.values():
        print(f"  {kernel.name:12}{kernel.version if kernel.fetched else not_built(kernel)}")
    print("scenarios (* marks those that matrix runs without --all):")
    for row in catalog.SCENARIOS:
        marked = full_name(row) + (" *" if row.short else "")
        print(f"  {marked:54} {row.ios} {'reads' if row.reads else 'writes'}")
    return 0


def _fetch(names: list[str], update: bool) -> int:
    failed = 0
    for kernel in [kernel_named(name) for name in names] or list(KERNELS.values()):
        if kernel.fetched and not update:
            print(f"{kernel.name}: {kernel.version} is there")
            continue
        try:
            kernels.fetch(kernel)
            print(f"{kernel.name}: {kernel.version} fetched", flush=True)
        except Problem as problem:
            failed = problem.code
            print(f"{kernel.name}: not fetched: {problem}", file=sys.stderr)
    return failed


def _build(chosen: list[Kernel], update: bool) -> int:
    there = [kernel for kernel in chosen if kernel.fetched and not update]
    for kernel in there:
        print(f"{kernel.name}: {kernel.version} is there")
    missing = [kernel for kernel in chosen if kernel not in there]
    if missing:
        build.build(missing)
    for kernel in missing:
        print(f"{kernel.name}: {kernel.version} built")
    return 0


def _ready(names: list[str]) -> list[Kernel]:
    chosen = [kernel_named(name) for name in names]
    for kernel in chosen:
        need_fetched(kernel)
    return chosen


def _dispatch(arguments: list[str]) -> int:
    words: list[str] = []
    if "--" in arguments:
        at = arguments.index("--")
        arguments, words = arguments[:at], arguments[at + 1:]
    options = _parser().parse_args(arguments)
    if words and options.verb != "exec":
        raise Problem(f"{options.verb} takes no command", USAGE)
    if options.verb == "list":
        return _list()
    if options.verb == "fetch":
        return _fetch(options.kernels, options.update)
    if options.verb == "build-kernel":
        return _build([kernel_named(name) for name in options.kernels], options.update)
    if options.verb == "same":
        [kernel] = _ready([options.kernel])
        return same.run(kernel, program.dioscope(), options.rw, options.keep, options.icount)
    if options.verb == "how":
        [kernel] = _ready([options.kernel])
        return how.run(kernel, program.dioscope(), tuple(options.tools.split(",")), options.keep)
    if options.verb == "account":
        return _account(options)
    if options.verb == "arm64":
        return max([arm64.run(arm64.kernel_of(name), options.keep) for name in options.kernels or ["6.12"]])
    if options.verb == "privileges":
        chosen = _ready(options.kernels or ["5.10", "6.1", "6.12", "7.2"])
        return max([privileges.run(kernel, program.dioscope(), options.keep) for kernel in chosen])
    if options.verb == "what-if" and options.measured:
        return experiment.command(options.seed, options.pairs, options.cases, options.keep, options.again, options.page)
    if options.verb == "what-if" and options.held_out:
        return heldout.command(options.seed, options.pairs, options.cases, options.keep, options.again, options.page,
                               options.onto)
    if options.verb == "what-if":
        return whatif.command(options.cases, options.keep, options.again, options.accuracy)
    if options.verb == "exec":
        [kernel] = _ready([options.kernel])
        device = options.device or ("null_blk" if options.icount else "nvme")
        executable = None if options.without_dioscope else program.dioscope()
        return command.run(kernel, device, words, executable, options.out, options.icount, options.cpus,
                           options.seconds, tuple(options.kernel_argument))
    if options.verb in ("stacks", "borders"):
        chosen = _ready(options.kernels or SHORT_KERNELS.split(","))
        rows, cells = (stackrows.STACKS, stacktable) if options.verb == "stacks" else (borderrows.BORDERS, bordertable)
        wanted = [row for row in rows if any(text in full_name(row) for text in options.only.split(","))]
        tables = {cells.cell: Table(options.table, cells.COLUMNS, options.verb, tells_skipped=options.verb == "stacks")}
        return matrix.print_results(chosen, wanted, program.dioscope(), options.keep, tables)
    program_of = (lambda: None) if options.without_dioscope else program.dioscope
    if options.verb == "run":
        chosen, wanted, tables = _ready([options.kernel]), catalog.scenarios_named([options.scenario]), {}
    else:
        chosen, wanted = _chosen(options)
        tables = {} if options.summary else _tables(options)
        wanted = [replace(row, summary=options.summary) for row in wanted]
    return matrix.print_results(chosen, wanted, program_of(), options.keep, tables)


def _account(options: argparse.Namespace) -> int:
    executable = program.dioscope()
    if not options.kernels:
        if os.geteuid():
            raise Problem("only root can record on this machine")
        return account.here(executable, options.runs)
    return max(account.run(kernel, executable, options.runs, options.locked, options.keep) for kernel in _ready(options.kernels))


def _tables(options: argparse.Namespace) -> dict[matrix.CellOf, Table]:
    """Pages that a matrix writes into."""
    paths = options.table or (PATHS_PAGE if options.all else None)
    causes = options.accuracy or (CAUSES_PAGE if options.all else None)
    asked = ((table.paths_cell, paths, table.PATHS), (table.causes_cell, causes, table.CAUSES_HEAD))
    return {cell_of: Table(page, columns) for cell_of, page, columns in asked if page is not None}


def _chosen(options: argparse.Namespace) -> tuple[list[Kernel], list[Scenario]]:
    """Kernels and rows of a matrix."""
    built = [kernel.name for kernel in BUILT.values() if kernel.fetched]
    names = options.kernels or (",".join([*KERNELS, *built]) if options.all else SHORT_KERNELS)
    if options.scenarios:
        wanted = catalog.scenarios_named(options.scenarios.split(","))
    else:
        made_for = set(BUILT) & set(names.split(","))
        wanted = [row for row in catalog.SCENARIOS if row.short or options.all or made_for & set(row.expect)]
    chosen = [kernel_named(name) for name in names.split(",")]
    _ready([kernel.name for kernel in chosen if kernel.name not in BUILT])
    return chosen, wanted


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return _dispatch(arguments)
    except Problem as problem:
        print(f"lab: {problem}", file=sys.stderr)
        return problem.code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `Scripts/lab list | head`: what is left has no reader, and Python would say so at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
