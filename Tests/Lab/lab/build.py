"""`build-kernel`: a kernel that no distribution ships, from Debian's source with one line put back.

`caller-comp` is 6.12 with io_uring's offer to complete direct writes itself, IOCB_DIO_CALLER_COMP, which its stable
branch withdrew. All that a guest needs is built in, so it has no modules.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from .apt import PrivateApt, machine_mirror
from .kernels import Kernel
from .places import BUILD_PACKAGES, SMALL_CONFIG, cache
from .problem import Problem, tool

SETTER_FILE = "io_uring/rw.c"
SETTER_GONE = "\tkiocb->ki_flags |= IOCB_WRITE;\n"
# As it was: not for polled writes, whose issuer completes them by polling and would never look for the offer.
SETTER = "\tkiocb->ki_flags |= kiocb->ki_flags & IOCB_HIPRI ? IOCB_WRITE : IOCB_WRITE | IOCB_DIO_CALLER_COMP;\n"


def build(kernel: Kernel) -> None:
    """Fetch, change, configure, build. The kernel's directory appears only when all of it is done."""
    _need_packages()
    work = cache() / "build" / kernel.name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    _say(f"fetching {kernel.image}")
    apt = PrivateApt(work / "apt", kernel.suite, machine_mirror())
    apt.update()
    package, version = apt.newest([kernel.image])
    deb = apt.download(package, version)
    log = work / "log"
    _say(f"unpacking {package} {version}")
    _run(log, work, tool("dpkg-deb"), "-x", str(deb), "package")
    [source] = (work / "package").glob("usr/src/linux-source-*.tar.xz")
    tree = work / "tree"
    tree.mkdir()
    _run(log, tree, tool("tar"), "-xf", str(source), "--strip-components=1")
    setter = tree / SETTER_FILE
    setter.write_text(with_setter(setter.read_text()))
    _say("configuring")
    _run(log, tree, tool("make"), "tinyconfig")
    _run(log, tree, "scripts/kconfig/merge_config.sh", "-m", ".config", str(SMALL_CONFIG))
    _run(log, tree, tool("make"), "olddefconfig")
    refused = missing_settings(SMALL_CONFIG.read_text(), (tree / ".config").read_text())
    if refused:
        raise Problem(f"{SMALL_CONFIG.name} asks for what {version} does not take: {', '.join(refused)}")
    _run(log, tree, tool("make"), f"-j{os.cpu_count() or 1}", "bzImage", doing="building")
    result = work / "kernel"
    (result / "modules").mkdir(parents=True)
    (tree / "arch/x86/boot/bzImage").rename(result / "vmlinuz")
    (result / "version").write_text(f"{version} ({kernel.suite}, built with IOCB_DIO_CALLER_COMP)\n")
    shutil.rmtree(kernel.directory, ignore_errors=True)
    kernel.directory.parent.mkdir(exist_ok=True)
    result.rename(kernel.directory)
    shutil.rmtree(work)


def with_setter(text: str) -> str:
    """The source with the setter back in io_write()."""
    found = text.count(SETTER_GONE)
    if found != 1 or "IOCB_DIO_CALLER_COMP" not in text:
        raise Problem(f"{SETTER_FILE} is not the one that is known: {found} times `{SETTER_GONE.strip()}`, wanted 1, "
                      f"and IOCB_DIO_CALLER_COMP is {'' if 'IOCB_DIO_CALLER_COMP' in text else 'not '}there")
    return text.replace(SETTER_GONE, SETTER)


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
