"""`privileges`: what an ordinary user needs to record, by dropping one capability at a time, and with what is left all verbs."""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import guest
from .compare import equal
from .initramfs import program
from .kernels import Kernel
from .problem import FAILED

ENOUGH = ("bpf", "perfmon", "syslog")
NOT_PERMITTED = 77


@dataclass(frozen=True)
class Case:
    """One recording by an ordinary user, and whether it has to succeed."""

    name: str
    capabilities: tuple[str, ...]
    status: int = 0

    @property
    def word(self) -> str:
        return ",".join(self.capabilities) or "none"


def cases() -> list[Case]:
    dropped = [Case(f"without-{each}", tuple(other for other in ENOUGH if other != each),
                    status=NOT_PERMITTED) for each in ENOUGH]
    return [Case("enough", ENOUGH), *dropped, Case("nothing", (), status=NOT_PERMITTED)]


def script() -> bytes:
    lines = [". /lab/device.sh", ". /lab/privileges.sh", "make_device nvme && make_filesystem ext4 && prepare || exit 71",
             "cd /root"]
    for case in cases():
        lines.append(shlex.join(("recorded", case.name, case.word)))
    lines += [shlex.join(("checked", "nothing", "none")), shlex.join(("live_and_serve", ",".join(ENOUGH))),
              shlex.join(("little_memory", "memory", ",".join(ENOUGH)))]
    return "\n".join([*lines, "exit 0", ""]).encode()


def run(kernel: Kernel, dioscope: Path, keep: Path | None) -> int:
    """Prints a line for each case; 0 when all are as they should be."""
    # busybox' shell takes its own setpriv, which cannot do this.
    setpriv = {place.replace("bin/setpriv", "lab/setpriv"): source for place, source in program("setpriv").items()}
    overlay: dict[str, bytes | Path] = {"lab/main": script(), "bin/dioscope": dioscope, **setpriv,
                                        "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/tmp:/bin/sh\n"}
    with guest.run(guest.Boot(kernel, "nvme", overlay, 900)) as outcome:
        if keep is not None:
            shutil.copytree(outcome.results, keep / kernel.name, dirs_exist_ok=True)
        if not outcome.finished or outcome.exit_code:
            print(f"not ok - {kernel.name}: the guest did not get through; its console ends:\n{outcome.tail()}")
            return FAILED
        return FAILED if _print(kernel, outcome.results) else 0


def _print(kernel: Kernel, results: Path) -> int:
    failed = 0
    print(f"# {kernel.name}, {kernel.version}: " + ", ".join((results / "sysctls").read_text().splitlines()))
    for case in cases():
        wrong, told = _recorded(results, case)
        print(f"{'not ok' if wrong else 'ok'} - {kernel.name}, {case.word}: {told}")
        for failure in wrong:
            print(f"    {failure}")
        failed += bool(wrong)
    wrong, words = _live_and_serve(results)
    print(f"{'not ok' if wrong else 'ok'} - {kernel.name}, {','.join(ENOUGH)}, live and serve: {words}")
    for failure in wrong:
        print(f"    {failure}")
    memory = (results / "memory.status").read_text().strip()
    said = " ".join((results / "memory.log").read_text().split("\n")[:2]).strip()
    print(f"# {kernel.name}, with 8 MiB of locked memory: " + ("recorded" if memory == "0" else said))
    print("".join(f"# {line}\n" for line in (results / "nothing.check").read_text().splitlines()[:7]), end="")
    return failed + bool(wrong)


def _live_and_serve(results: Path) -> tuple[list[str], str]:
    try:
        wanted = json.loads((results / "beside.fio.json").read_text())["jobs"][0]["write"]["total_ios"]
    except (OSError, json.JSONDecodeError) as error:
        return [str(error)], "no count of fio's"
    if not (results / "serve.prom").is_file():
        return (results / "serve.log").read_text(errors="replace").splitlines()[-4:] or ["no metrics"], "nothing served"
    lines = [json.loads(line) for line in (results / "live.json").read_text().splitlines() if line.startswith("{")]
    watched = sum(line.get("ios", 0) for line in lines)
    served = re.search(r'^dioscope_ios_total\{op="write"\} (\d+)', (results / "serve.prom").read_text(), re.MULTILINE)
    counted = int(served[1]) if served else None
    return [*equal("I/Os of live", watched, "fio", wanted), *equal("I/Os of serve", counted, "fio", wanted),
            *equal("status of live", (results / "live.status").read_text().strip(), "wanted", "0")], f"{watched} and {counted} I/Os"


def _recorded(results: Path, case: Case) -> tuple[list[str], str]:
    status = int((results / f"{case.name}.status").read_text())
    log = [line for line in (results / f"{case.name}.log").read_text(errors="replace").splitlines() if line.strip()]
    wrong = [*equal("exit status", status, "wanted", case.status)]
    if status:
        return wrong, f"refused: {' '.join(log[:2])}"
    try:
        report = json.loads((results / f"{case.name}.json").read_text())
        fio = json.loads((results / f"{case.name}.fio.json").read_text())
    except (OSError, json.JSONDecodeError) as error:
        return [*wrong, str(error), *log[-4:]], "no report"
    wrong += _differences(report, fio)
    wrong += equal("mode of the capture", (results / f"{case.name}.mode").read_text().strip(), "wanted", "600")
    return wrong, told(report)


def _differences(report: dict[str, Any], fio: dict[str, Any]) -> Iterator[str]:
    yield from equal("I/Os", report["ios"]["total"], "fio", fio["jobs"][0]["write"]["total_ios"])


def told(report: dict[str, Any]) -> str:
    """What a recording has, in a line."""
    share = report["quality"]["complete_share"]
    contexts = ", ".join(f"{name} {count}" for name, count in report["contexts"].items() if count)
    causes = [cause["name"] for cause in (report["queue_wait"] or {}).get("causes", []) if cause.get("name")][:2]
    return (f"{report['ios']['total']} I/Os, {'?' if share is None else f'{share:.1%}'} complete; {contexts}"
            + (f"; waited for {', '.join(causes)}" if causes else ""))
