"""One guest: QEMU by software emulation, a time limit, and the results it wrote to its second disk."""

import ctypes
import fcntl
import os
import re
import signal
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from . import initramfs
from .kernels import Kernel, need_fetched
from .places import cache
from .problem import Problem, tool

MEMORY = "1536M"
TEST_DISK_BYTES = 512 << 20
RESULT_DISK_BYTES = 512 << 20
CPU = "max"
# Emulated cmpxchg16b corrupts flags, which kills 6.12 in every third boot, so the kernel must not use it: 141 is
# X86_FEATURE_CX16. The CPU keeps it (no cx16=off), because Swift's runtime cannot do without.
WITHOUT_CMPXCHG16B = "clearcpuid=141"
CRASH = re.compile(r"Kernel panic|BUG: |Oops|double fault|general protection fault|Out of memory")


ATTEMPTS = 4  # of a boot that dies of a fault of the emulator


@dataclass(frozen=True)
class Boot:
    """What to boot, and what to run in it. `overlay` must hold /lab/main, the script that the guest runs."""

    kernel: Kernel
    device: str
    overlay: dict[str, bytes | Path]
    seconds: float | None
    with_tools: bool = False
    with_stacks: bool = False  # the modules and tools of guest/stacks.sh
    disks: int = 1  # to be tested, alike
    icount: bool = False
    terminal: str = "none"  # of the second serial port: none, output (to stdout) or interactive
    kernel_arguments: tuple[str, ...] = ()
    cpus: int | None = None  # 2, with icount 1; there they take turns
    memory: str = MEMORY
    emulator_arguments: tuple[str, ...] = ()
    attempts: int = ATTEMPTS


@dataclass
class Outcome:
    """How a guest ended. `results` is what it brought out; without it the console has to explain."""

    results: Path
    finished: bool
    timed_out: bool
    seconds: float
    console: str
    attempts: int = 1
    exit_code: int | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def died_of_the_emulator(self) -> bool:
        """Only faults of the emulator are retried: a failure of what is tested must stay one."""
        if self.finished or self.timed_out:
            return False
        return "double fault" in self.console or "Oops: int3" in self.console or "lab: init" not in self.console

    def tail(self, lines: int = 25) -> str:
        """The end of the console, from the first sign of a crash on if there is one: the cause comes first."""
        console = self.console.splitlines()
        for number, line in enumerate(console):
            if CRASH.search(line):
                return "\n".join(console[max(0, number - 3):][:3 * lines])
        return "\n".join(console[-lines:])


@contextmanager
def run(boot: Boot) -> Iterator[Outcome]:
    """Boot, wait, and yield the outcome; the files behind it go away when the block ends, however it ends."""
    need_fetched(boot.kernel)
    with _alone(boot), scratch() as directory:
        image = directory / "initramfs"
        initramfs.build(boot.kernel, boot.overlay, boot.with_tools, boot.with_stacks, image)
        outcome = _attempt(boot, directory / "1", image)
        faults: list[str] = []
        while outcome.died_of_the_emulator and len(faults) + 1 < boot.attempts:
            faults.append(_last_words(outcome.console))
            outcome = _attempt(boot, directory / str(len(faults) + 1), image)
        outcome.attempts += len(faults)
        outcome.notes += [f"a boot failed by an emulator fault: {words}" for words in faults]
        yield outcome


def bring_out(boot: Boot, what: str, directory: Path) -> bool:
    """Run a guest, print how it went, and copy what it brought out; whether it got through."""
    with run(boot) as outcome:
        passed = outcome.finished and not outcome.exit_code
        words = "through" if passed else f"not through, exit code {outcome.exit_code}; its console ends:\n{outcome.tail()}"
        print(f"# {what}: {words}, {outcome.seconds:.0f} s", flush=True)
        if outcome.finished:
            shutil.copytree(outcome.results, directory, dirs_exist_ok=True)
        return passed


@contextmanager
def scratch() -> Iterator[Path]:
    """A directory for the files of one run."""
    with tempfile.TemporaryDirectory(prefix="dioscope-lab-") as name:
        yield Path(name)


@contextmanager
def _alone(boot: Boot) -> Iterator[None]:
    """Guests that count instructions have a time of their own, which nothing disturbs: any number of them."""
    if boot.icount:
        yield
        return
    with alone():
        yield


@contextmanager
def alone() -> Iterator[None]:
    """One guest at a time on a machine: two emulated ones would disturb each other's timing until limits break."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "guest.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("lab: waiting until the guest of another lab has ended", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _attempt(boot: Boot, directory: Path, image: Path) -> Outcome:
    directory.mkdir()
    console, disk, results = directory / "console", directory / "results.raw", directory / "out"
    results.mkdir()
    _sparse(disk, RESULT_DISK_BYTES)
    for number in range(boot.disks):
        _sparse(directory / f"{_disk(number)}.raw", TEST_DISK_BYTES)
    command = _command(boot, directory, image)
    started = time.monotonic()
    quiet = boot.terminal == "none"
    process = subprocess.Popen(
        command, stdin=None if boot.terminal == "interactive" else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if quiet else None, stderr=subprocess.PIPE, text=True,
        preexec_fn=_die_with(os.getpid()))
    try:
        _, complaints = process.communicate(timeout=boot.seconds)
        timed_out = False
    except subprocess.TimeoutExpired:
        timed_out = True
        complaints = ""
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    seconds = time.monotonic() - started
    text = console.read_text(errors="replace") if console.is_file() else ""
    if process.returncode not in (0, -signal.SIGKILL) and not text:
        raise Problem(f"qemu-system-x86_64 does not start: {' '.join((complaints or 'no reason given').split())}")
    finished = "lab: done" in text and _unpack(disk, results)
    outcome = Outcome(results, finished, timed_out, seconds, text)
    if finished:
        outcome.exit_code = int((results / "exit").read_text())
    return outcome


def _command(boot: Boot, directory: Path, image: Path) -> list[str]:
    append = ["console=ttyS0", "panic=-1", "loglevel=4", "mitigations=off", WITHOUT_CMPXCHG16B, *boot.kernel_arguments]
    if boot.icount:
        machine = ["-accel", "tcg,thread=single", "-smp", str(boot.cpus or 1), "-icount", "shift=0,sleep=off"]
    else:
        machine = ["-accel", "tcg", "-smp", str(boot.cpus or 2)]
    terminal = {
        "none": ["-serial", "null"],
        "output": ["-chardev", "stdio,id=terminal,signal=on", "-serial", "chardev:terminal"],
        "interactive": ["-chardev", "stdio,id=terminal,signal=off", "-serial", "chardev:terminal"],
    }[boot.terminal]
    return [
        tool("qemu-system-x86_64"), *machine, "-cpu", CPU, "-m", boot.memory, *boot.emulator_arguments, "-nodefaults", "-no-reboot",
        "-display", "none", "-nic", "none", "-kernel", str(boot.kernel.vmlinuz), "-initrd", str(image),
        "-append", " ".join(append), "-serial", f"file:{directory / 'console'}", *terminal,
        *(word for number in range(boot.disks) for word in
          ("-drive", f"if=none,id={_disk(number)},file={directory / _disk(number)}.raw,format=raw,cache=unsafe",
           *_test_disk(boot.device.partition("+")[0], _disk(number)))),
        "-drive", f"if=none,id=results,file={directory / 'results.raw'},format=raw,cache=unsafe",
        "-device", "nvme,drive=results,serial=results",
    ]


def _disk(number: int) -> str:
    return f"test{number or ''}"


def _test_disk(device: str, name: str) -> list[str]:
    if device == "virtio-blk":
        return ["-device", f"virtio-blk-pci,drive={name},num-queues=2"]
    if device == "virtio-scsi":
        return ["-device", "virtio-scsi-pci,num_queues=2", "-device", f"scsi-hd,drive={name}"]
    queues = ",max_ioqpairs=1" if device == "nvme-1q" else ""
    return ["-device", f"nvme,drive={name},serial={name}{queues}"]


def _last_words(console: str) -> str:
    for line in console.splitlines():
        if "panic" in line or "double fault" in line:
            return line.strip()
    return "the guest ended before its init started"


def _sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


def _unpack(disk: Path, results: Path) -> bool:
    """Plain files only; nothing in the archive may land outside."""
    try:
        with tarfile.open(disk, "r:") as archive:
            for member in archive:
                target = results / os.path.normpath(member.name)
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None and results in target.parents:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(content.read())
    except (tarfile.TarError, EOFError):
        return False
    return (results / "exit").is_file()


def _die_with(parent: int) -> Callable[[], None]:
    """A lab that is killed outright must not leave a guest behind (PR_SET_PDEATHSIG)."""
    libc = ctypes.CDLL(None)

    def arrange() -> None:
        libc.prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    return arrange
