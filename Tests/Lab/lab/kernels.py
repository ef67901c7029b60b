"""The kernels: which Debian suite has each, how it gets into the cache, and what is there."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .apt import PrivateApt, machine_mirror
from .places import cache
from .problem import USAGE, Problem, tool


@dataclass(frozen=True)
class Kernel:
    """One row of the table. `image` and `modules` are package-name patterns; 5.10 to 6.12 have both in one package, and
    of 6.19 to 7.1 Debian keeps no modules."""

    name: str
    suite: str
    image: str
    modules: str | None = None
    architecture: str = "amd64"

    @property
    def directory(self) -> Path:
        return cache() / "kernels" / self.name

    @property
    def fetched(self) -> bool:
        return (self.directory / "version").is_file()

    @property
    def version(self) -> str:
        """Package version and suite, as fetched."""
        return (self.directory / "version").read_text().strip()

    @property
    def vmlinuz(self) -> Path:
        return self.directory / "vmlinuz"

    @property
    def module_tree(self) -> Path:
        return self.directory / "modules"

    @property
    def has_modules(self) -> bool:
        return any(self.module_tree.iterdir())


def _one_package(series: str) -> str:
    return rf"linux-image-{re.escape(series)}\.[0-9][0-9a-z.+-]*-cloud-amd64-unsigned"


def _real_time(series: str) -> str:
    return rf"linux-image-{re.escape(series)}\.[0-9][0-9a-z.+-]*-rt-amd64-unsigned"


def _two_real_time(series: str, part: str) -> str:
    return rf"linux-{part}-{re.escape(series)}[0-9a-z.+~-]*-rt-amd64"


def _two_packages(series: str, part: str) -> str:
    return rf"linux-{part}-{re.escape(series)}[0-9a-z.+~-]*-cloud-amd64"


KERNELS = {
    kernel.name: kernel
    for kernel in (
        Kernel("5.10", "bullseye", _one_package("5.10")),
        Kernel("6.1", "bookworm", _one_package("6.1")),
        Kernel("6.12", "trixie", _one_package("6.12")),
        Kernel("6.19", "trixie-backports", _two_packages("6.19", "binary")),
        Kernel("7.0", "trixie-backports", _two_packages("7.0", "binary")),
        Kernel("7.1", "trixie-backports", _two_packages("7.1", "binary")),
        Kernel("7.2", "sid", _two_packages("7.2", "binary"), _two_packages("7.2", "modules")),
        Kernel("7.3", "trixie-backports", _two_packages("7.3", "binary"), _two_packages("7.3", "modules")),
    )
}

# PREEMPT_RT: nearly all interrupts have threads, softirqs run in tasks. No row expects anything of them: what dioscope
# says is compared with ftrace and fio.
REAL_TIME = {
    kernel.name: kernel
    for kernel in (
        Kernel("6.12-rt", "trixie", _real_time("6.12")),
        Kernel("7.3-rt", "trixie-backports", _two_real_time("7.3", "binary"), _two_real_time("7.3", "modules")),
    )
}

# Kernels that are built from a source package, `image`; they have no expectation but in the rows made for them.
BUILT = {"caller-comp": Kernel("caller-comp", "trixie", "linux-source-6.12")}
# Kernels to compare with one that differs in a line or two, see build.py. No row is made for them.
CONTROLS = {
    kernel.name: kernel
    for kernel in (
        Kernel("6.12-plain", "trixie", "linux-source-6.12"),
        Kernel("6.12-inline", "trixie", "linux-source-6.12"),
        Kernel("7.2-plain", "trixie-backports", "linux-source-7.2"),
        Kernel("7.2-defers", "trixie-backports", "linux-source-7.2"),
        Kernel("7.3-plain", "trixie-backports", "linux-source-7.3"),
        Kernel("7.3-defers", "trixie-backports", "linux-source-7.3"),
    )
}
TO_BUILD = BUILT | CONTROLS


def kernel_named(name: str) -> Kernel:
    known = KERNELS | REAL_TIME | TO_BUILD
    if name not in known:
        raise Problem(f"unknown kernel {name}; there are {', '.join(known)}", USAGE)
    return known[name]


def need_fetched(kernel: Kernel) -> None:
    if kernel.name in TO_BUILD and not kernel.fetched:
        raise Problem(f"kernel {kernel.name} is {not_built(kernel)}")
    if not kernel.fetched:
        raise Problem(f"kernel {kernel.name} is not fetched; run: Scripts/lab fetch {kernel.name}")


def not_built(kernel: Kernel) -> str:
    return f"not built; run: Scripts/lab build-kernel {kernel.name}"


def fetch(kernel: Kernel) -> None:
    """Download and unpack one kernel. The directory appears only when it is complete."""
    if kernel.name in TO_BUILD:
        raise Problem(f"it is built; run: Scripts/lab build-kernel {kernel.name}")
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache(), prefix="fetch-") as scratch_name:
        scratch = Path(scratch_name)
        apt = PrivateApt(scratch / "apt", kernel.suite, machine_mirror(), kernel.architecture)
        apt.update()
        tree = scratch / "tree"
        newest = ""
        for pattern in filter(None, (kernel.image, kernel.modules)):
            names = [name for name in apt.names("linux-") if re.fullmatch(pattern, name)]
            if not names:
                raise Problem(f"suite {kernel.suite} lists no package like {pattern}: no kernel {kernel.name} there")
            package, version = apt.newest(names)
            unpack(apt.download(package, version), tree)
            newest = newest or version
        _keep(tree, scratch / "kernel", f"{newest} ({kernel.suite})")
        if kernel.directory.exists():
            shutil.rmtree(kernel.directory)
        kernel.directory.parent.mkdir(exist_ok=True)
        (scratch / "kernel").rename(kernel.directory)


def unpack(deb: Path, tree: Path) -> None:
    done = subprocess.run([tool("dpkg-deb"), "-x", str(deb), str(tree)], capture_output=True, text=True)
    if done.returncode:
        raise Problem(f"unpacking {deb.name} failed: {done.stderr.strip()}")


def _keep(tree: Path, target: Path, version: str) -> None:
    """The kernel image sits in /boot or, for 7.x, beside the modules; /lib may or may not be under /usr."""
    below = [path for pattern in ("lib/modules/*", "usr/lib/modules/*") for path in tree.glob(pattern)]
    images = [*tree.glob("boot/vmlinuz-*"), *(path / "vmlinuz" for path in below if (path / "vmlinuz").is_file())]
    modules = [path / "kernel" for path in below if (path / "kernel").is_dir()]
    if len(images) != 1 or len(modules) > 1:
        raise Problem(f"unexpected package layout of {version}: {len(images)} images, {len(modules)} module trees")
    target.mkdir()
    images[0].rename(target / "vmlinuz")
    for modules_of_it in modules:
        modules_of_it.rename(target / "modules")
    (target / "modules").mkdir(exist_ok=True)
    (target / "version").write_text(version + "\n")
