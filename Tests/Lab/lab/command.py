"""`exec`: one command, or a shell, in a guest with a file system mounted at /mnt/t."""

import shlex
import shutil
import sys
from pathlib import Path

from . import guest
from .kernels import Kernel
from .problem import FAILED

# The command talks over the second serial port, so that kernel messages never get between its lines.
PREPARE = """\
. /lab/device.sh
. /lab/stacks.sh
make_device {device} && make_filesystem ext4 || {{ echo 'lab: no device' >/dev/ttyS1; exit 71; }}
load_modules configfs
grep -q configfs /proc/mounts || mount -t configfs none /sys/kernel/config
cd /root
"""
COMMAND = """\
stty -F /dev/ttyS1 raw -echo
{command} </dev/null >/dev/ttyS1 2>&1
"""
SHELL = """\
stty -F /dev/ttyS1 sane
setsid -c sh -c 'echo "dioscope, fio, bpftrace, trace-cmd; a file system at /mnt/t; exit ends the guest"; exec sh -i' \\
    </dev/ttyS1 >/dev/ttyS1 2>&1
"""


def script(device: str, words: list[str]) -> bytes:
    text = PREPARE.format(device=device)
    if not words:
        return (text + SHELL).encode()
    command = words if len(words) > 1 else ["sh", "-c", words[0]]
    return (text + COMMAND.format(command=shlex.join(command))).encode()


def run(kernel: Kernel, device: str, words: list[str], dioscope: Path | None, out: Path | None, icount: bool,
        cpus: int | None, seconds: float, kernel_arguments: tuple[str, ...] = ()) -> int:
    """The command's exit code; its output has gone to stdout by then."""
    overlay: dict[str, bytes | Path] = {"lab/main": script(device, words)}
    if dioscope is not None:
        overlay["bin/dioscope"] = dioscope
    boot = guest.Boot(kernel, device, overlay, seconds if words else None, with_tools=True, with_stacks=True, icount=icount, cpus=cpus,
                      terminal="output" if words else "interactive", kernel_arguments=kernel_arguments)
    with guest.run(boot) as outcome:
        for note in outcome.notes:
            print(f"lab: {note}", file=sys.stderr)
        if not outcome.finished:
            why = f"was stopped after {seconds:.0f} s" if outcome.timed_out else "ended early"
            print(f"lab: the guest {why}; its console ends:\n{outcome.tail()}", file=sys.stderr)
            return FAILED
        if out is not None:
            shutil.copytree(outcome.results, out, dirs_exist_ok=True, ignore=shutil.ignore_patterns("exit"))
        return outcome.exit_code if outcome.exit_code is not None else FAILED
