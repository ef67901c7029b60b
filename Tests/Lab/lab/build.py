"""`build-kernel`: kernels that no distribution ships, from Debian's source with a line or two changed, or none.

`caller-comp` is 6.12 with io_uring's offer to complete direct writes itself, IOCB_DIO_CALLER_COMP, which its stable branch
withdrew. `6.12-inline` completes overwrites where end_io runs, as kernels from 6.19 on do: those of which the former could
make that offer. `7.2-defers` and `7.3-defers` complete every asynchronous write in a kworker, as if pages of its file were
cached. `6.12-plain`, `7.2-plain` and `7.3-plain` are the same sources as they are, in the same configuration: what a kernel
differs in from its plain one is these lines. All that a guest needs is built in, so they have no modules.
"""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .apt import PrivateApt, machine_mirror
from .kernels import Kernel
from .places import BUILD_PACKAGES, SMALL_CONFIG, cache
from .problem import Problem, tool


@dataclass(frozen=True)
class Change:
    """Lines of a source file for others; `what` is in the kernel's version, as what it was built with."""

    file: str
    lines: tuple[tuple[str, str], ...]
    near: str
    what: str

    def made(self, text: str) -> str:
        """The source with the lines changed, if it is the source that is known."""
        for gone, back in self.lines:
            found = text.count(gone)
            if found != 1 or self.near not in text:
                raise Problem(f"{self.file} is not the one that is known: {found} times `{' '.join(gone.split())}`, wanted 1, "
                              f"and {self.near} is {'' if self.near in text else 'not '}there")
            text = text.replace(gone, back)
        return text


# As it was: not for polled writes, whose issuer completes them by polling and would never look for the offer.
CALLER_COMP = Change(
    "io_uring/rw.c",
    (("\tkiocb->ki_flags |= IOCB_WRITE;\n",
      "\tkiocb->ki_flags |= kiocb->ki_flags & IOCB_HIPRI ? IOCB_WRITE : IOCB_WRITE | IOCB_DIO_CALLER_COMP;\n"),),
    "IOCB_DIO_CALLER_COMP", "IOCB_DIO_CALLER_COMP")
INLINE = Change(
    "fs/iomap/direct-io.c",
    (("\tif (dio->flags & IOMAP_DIO_INLINE_COMP) {\n",
      "\tif (dio->flags & (IOMAP_DIO_INLINE_COMP | IOMAP_DIO_CALLER_COMP)) {\n"),
     ("\t\tif (iocb->ki_flags & IOCB_DIO_CALLER_COMP)\n", "\t\tif (true)\n")),
    "IOMAP_DIO_CALLER_COMP", "overwrites completed inline")
DEFERS = Change(
    "fs/iomap/direct-io.c", (("\t\tif (dio->iocb->ki_filp->f_mapping->nrpages)\n", "\t\tif (true)\n"),),
    "IOMAP_DIO_COMP_WORK", "every write deferred")
# Settings that not all sources have. Each is preempted as Debian's own kernels of its series are.
SETTINGS = {"linux-source-6.12": "CONFIG_PREEMPT_VOLUNTARY=y\nCONFIG_PROC_SYSCTL=y\n",
            "linux-source-7.2": "CONFIG_PREEMPT_LAZY=y\nCONFIG_PROC_SYSCTL=y\n",
            "linux-source-7.3": "CONFIG_PREEMPT_LAZY=y\n"}
CHANGES = {"caller-comp": CALLER_COMP, "6.12-inline": INLINE, "7.2-defers": DEFERS, "7.3-defers": DEFERS}


def build(kernels: list[Kernel]) -> None:
    """Fetch, configure, and for each of the kernels change and build: one tree for those of one source."""
    _need_packages()
    for image in dict.fromkeys((kernel.suite, kernel.image) for kernel in kernels):
        _build_source(*image, [kernel for kernel in kernels if (kernel.suite, kernel.image) == image])


def _build_source(suite: str, image: str, kernels: list[Kernel]) -> None:
    work = cache() / "build" / image
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    log = work / "log"
    tree, version = _unpacked(suite, image, work, log)
    _configure(image, tree, version, log)
    for kernel in kernels:
        _build_one(kernel, tree, version, work, log)
    shutil.rmtree(work)


def _unpacked(suite: str, image: str, work: Path, log: Path) -> tuple[Path, str]:
    """The source and its version."""
    _say(f"fetching {image}")
    apt = PrivateApt(work / "apt", suite, machine_mirror())
    apt.update()
    package, version = apt.newest([image])
    deb = apt.download(package, version)
    _say(f"unpacking {package} {version}")
    _run(log, work, tool("dpkg-deb"), "-x", str(deb), "package")
    [source] = (work / "package").glob("usr/src/linux-source-*.tar.xz")
    tree = work / "tree"
    tree.mkdir()
    _run(log, tree, tool("tar"), "-xf", str(source), "--strip-components=1")
    return tree, version


def _build_one(kernel: Kernel, tree: Path, version: str, work: Path, log: Path) -> None:
    """The kernel's directory appears only when it is done; the tree is left as it was unpacked, but for what is built."""
    change = CHANGES.get(kernel.name)
    if change is None:
        _make(kernel, tree, log)
    else:
        source = tree / change.file
        before = source.read_text()
        source.write_text(change.made(before))
        _make(kernel, tree, log)
        source.write_text(before)
    result = work / "kernel"
    (result / "modules").mkdir(parents=True)
    (tree / "arch/x86/boot/bzImage").rename(result / "vmlinuz")
    (result / "version").write_text(f"{version} ({kernel.suite}, built{f' with {change.what}' if change else ''})\n")
    shutil.rmtree(kernel.directory, ignore_errors=True)
    kernel.directory.parent.mkdir(exist_ok=True)
    result.rename(kernel.directory)


def _configure(image: str, tree: Path, version: str, log: Path) -> None:
    """Once for all kernels of a source: after it, what one of them changes is all that is compiled anew."""
    _say(f"configuring {image}")
    settings = SMALL_CONFIG.read_text() + SETTINGS[image]
    fragment = tree.parent / "fragment.config"
    fragment.write_text(settings)
    _run(log, tree, tool("make"), "tinyconfig")
    _run(log, tree, "scripts/kconfig/merge_config.sh", "-m", ".config", str(fragment))
    _run(log, tree, tool("make"), "olddefconfig")
    refused = missing_settings(settings, (tree / ".config").read_text())
    if refused:
        raise Problem(f"{SMALL_CONFIG.name} asks for what {version} does not take: {', '.join(refused)}")


def _make(kernel: Kernel, tree: Path, log: Path) -> None:
    _run(log, tree, tool("make"), f"-j{os.cpu_count() or 1}", f"LOCALVERSION=-{kernel.name}", "bzImage",
         doing=f"building {kernel.name}")


def missing_settings(wanted: str, config: str) -> list[str]:
    """Lines of the fragment that did not make it into the configuration."""
    have = set(config.splitlines())
    return [line for line in wanted.splitlines() if line.startswith("CONFIG_") and line not in have]


def _need_packages() -> None:
    """Root installs what is missing, as Scripts/setup does; for anybody else it prints how."""
    wanted = BUILD_PACKAGES.read_text().split()
    shown = subprocess.run([tool("dpkg-query"), "-W", "-f", "${Package} ${db:Status-Status}\n", *wanted],
                           capture_output=True, text=True).stdout
    missing = [name for name in wanted if f"{name} installed" not in shown.splitlines()]
    if not missing:
        return
    if os.geteuid():
        raise Problem(f"packages are missing; run: sudo apt-get install -y --no-install-recommends {' '.join(missing)}")
    _say(f"installing {' '.join(missing)}")
    install = ("install", "-y", "--no-install-recommends", *missing)
    for arguments in (("update",), install):
        done = subprocess.run([tool("apt-get"), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        if done.returncode:
            raise Problem(f"apt-get could not install {' '.join(missing)}: {(done.stderr.splitlines() or ['?'])[-1]}")


def _run(log: Path, directory: Path, *command: str, doing: str = "") -> None:
    """Run to the end with all that it says in the log; `doing` is said once a minute."""
    environment = {**os.environ, "LC_ALL": "C", "KBUILD_BUILD_USER": "lab", "KBUILD_BUILD_HOST": "dioscope"}
    started = time.monotonic()
    with log.open("a") as out:
        process = subprocess.Popen(command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT)
        try:
            while process.poll() is None:
                if doing:
                    _say(f"{doing}, {(time.monotonic() - started) / 60:.0f} min")
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    pass
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    if process.returncode:
        last = (log.read_text(errors="replace").splitlines() or ["it said nothing"])[-1]
        raise Problem(f"{Path(command[0]).name} {command[-1]} failed: {last} (all of it: {log})")


def _say(what: str) -> None:
    print(f"lab: {what}", file=sys.stderr, flush=True)
