"""What the guest boots into, in three layers: base (per kernel), tools (for `exec`), and the overlay of one run.

The first two are cached: they change only with a kernel or with the machine's packages. The kernel unpacks
archives that follow each other in one file, so a boot costs one copy and no rebuild.
"""

import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from .archive import Archive
from .kernels import Kernel
from .places import GUEST_FILES, cache
from .problem import Problem, tool

MODULES = ("configfs", "null_blk", "xfs", "vfat", "nls_cp437", "nls_ascii", "nls_iso8859-1", "nls_utf8", "crc32c-intel",
           "crc32c_generic", "mq-deadline", "kyber-iosched", "bfq", "nvme", "ext4")  # the last two: of the PREEMPT_RT kernels
# What layers and the file systems on them need, in a part of the initramfs of its own.
STACK_MODULES = ("overlay", "btrfs", "f2fs", "loop", "dm-mod", "dm-crypt", "dm-delay", "dm-thin-pool", "raid0", "raid1",
                 "raid10", "raid456", "bcache", "nvmet", "nvmet-tcp", "nvme-tcp", "virtio_pci", "virtio_blk", "sd_mod",
                 "virtio_scsi", "scsi_debug", "aes_generic", "aes_ti", "aesni-intel", "xts", "ecb", "cbc", "essiv",
                 "crc32c-intel", "crc32c_generic", "xxhash_generic", "blake2b_generic", "sha256_generic", "fuse", "ublk_drv", "dm-raid",
                 "dm-mirror", "dm-snapshot", "dm-cache", "dm-cache-smq", "dm-writecache", "dm-integrity", "nfsd", "nfsv4",
                 "crc32c-cryptoapi", "crc32_generic", "crc32-cryptoapi", "dm-flakey", "dm-era", "dm-zero", "dm-multipath",
                 "dm-round-robin", "dm-log-writes", "dm-clone", "dm-verity", "nvme-loop", "brd", "zram", "lzo", "lzo-rle", "nbd")
STACK_PROGRAMS = ("cp", "dmsetup", "fuse2fs", "losetup", "mdadm", "make-bcache", "mkfs.btrfs", "mkfs.f2fs")
BASE_PROGRAMS = ("chrt", "fio", "filefrag", "mkfs.ext4", "mkfs.xfs", "mkfs.vfat")
OWN_PROGRAMS = ("sleeper", "passthrough", "ublkserver")
TOOL_PROGRAMS = ("bpftrace", "perf", "trace-cmd")


def build(kernel: Kernel, overlay: dict[str, bytes | Path], with_tools: bool, with_stacks: bool, target: Path) -> None:
    """Write the initramfs of one boot to `target`."""
    layers = [_base(kernel)] + ([_tools()] if with_tools else []) + ([_stacks(kernel)] if with_stacks else [])
    with target.open("wb") as out:
        for layer in layers:
            out.write(layer.read_bytes())
        archive = Archive(out)
        for script in sorted(GUEST_FILES.glob("*.sh")):
            archive.data(f"lab/{script.name}", script.read_bytes(), executable=True)
        for name in OWN_PROGRAMS:
            archive.file(f"bin/{name}", _compiled(name))
        archive.data("init", (GUEST_FILES / "init.sh").read_bytes(), executable=True)
        for path, content in overlay.items():
            if isinstance(content, Path):
                archive.file(path, content)
            else:
                archive.data(path, content, executable=True)
        archive.close()


def _compiled(name: str) -> Path:
    """A program of the lab's own, compiled where its source has changed."""
    source = GUEST_FILES / f"{name}.c"
    target = cache() / "initramfs" / f"{name}-{hashlib.sha256(source.read_bytes()).hexdigest()[:12]}"
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = target.with_suffix(f".{os.getpid()}")
        done = subprocess.run([tool("gcc"), "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(scratch), str(source)],
                              capture_output=True, text=True)
        if done.returncode:
            raise Problem(f"gcc cannot compile {source.name}: {done.stderr.strip()}")
        scratch.rename(target)
    return target


def _base(kernel: Kernel) -> Path:
    def fill(archive: Archive) -> None:
        for path in ("proc", "sys", "dev", "tmp", "mnt/t", "out", "etc", "root"):
            archive.directory(path)
        archive.device("dev/console", 5, 1)
        archive.device("dev/null", 1, 3)
        archive.data("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
        archive.data("etc/group", b"root:x:0:\n")
        archive.symlink("etc/mtab", "/proc/mounts")
        busybox = tool("busybox")
        archive.file("bin/busybox", Path(busybox))
        for applet in subprocess.run([busybox, "--list"], capture_output=True, text=True).stdout.split():
            archive.symlink(f"bin/{applet}", "busybox")
        for name in BASE_PROGRAMS:
            _program(archive, tool(name))
        _add_modules(archive, kernel, MODULES)
    return _cached(f"base-{kernel.name}", [kernel.version, *_identities(("busybox", *BASE_PROGRAMS))], fill)


def _stacks(kernel: Kernel) -> Path:
    def fill(archive: Archive) -> None:
        for name in STACK_PROGRAMS:
            _program(archive, tool(name))
        # There is no udev to apply rules.
        archive.directory("run")
        _add_modules(archive, kernel, STACK_MODULES)
    return _cached(f"stacks-{kernel.name}", [kernel.version, *_identities(STACK_PROGRAMS)], fill)


def _add_modules(archive: Archive, kernel: Kernel, wanted: tuple[str, ...]) -> None:
    """Each with the names of all that have to be loaded for it, itself last."""
    paths = _module_paths(kernel)
    for name in in_load_order(kernel, wanted):
        archive.data(f"lab/modules/{name}.ko", _module(paths[name]))
        needs = in_load_order(kernel, (name,))
        archive.data(f"lab/modules/{name}.needs", "".join(f"{needed}\n" for needed in needs).encode())


def _tools() -> Path:
    def fill(archive: Archive) -> None:
        for name in TOOL_PROGRAMS:
            _program(archive, tool(name))
    return _cached("tools", _identities(TOOL_PROGRAMS), fill)


def _cached(name: str, identity: list[str], fill: Callable[[Archive], None]) -> Path:
    """A layer by the name of what went into it, this file included; older ones of the same name are dropped."""
    digest = hashlib.sha256("\0".join(identity).encode() + Path(__file__).read_bytes()).hexdigest()[:12]
    directory = cache() / "initramfs"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}-{digest}.cpio"
    if path.is_file():
        return path
    handle, scratch = tempfile.mkstemp(dir=directory, prefix="new-")
    try:
        with os.fdopen(handle, "wb") as out:
            archive = Archive(out)
            fill(archive)
            archive.close()
        for old in directory.glob(f"{name}-????????????.cpio"):
            old.unlink()
        os.rename(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise
    return path


def _identities(programs: tuple[str, ...]) -> list[str]:
    states = [(name, os.stat(tool(name))) for name in programs]
    return [f"{name} {state.st_size} {state.st_mtime_ns}" for name, state in states]


def _program(archive: Archive, path: str) -> None:
    for place, source in program(path).items():
        archive.file(place, source)


def program(path: str) -> dict[str, Path]:
    """A program under /bin with its shared libraries where its loader looks for them."""
    path = tool(path)
    listed = subprocess.run([tool("ldd"), path], capture_output=True, text=True).stdout
    if "not found" in listed:
        raise Problem(f"{path} lacks shared libraries: {listed.split(' =>')[0].strip()}")
    libraries = re.findall(r"(/\S+) \(0x", listed)
    return {f"bin/{Path(path).name}": Path(path), **{library: Path(library) for library in libraries}}


def _module_paths(kernel: Kernel) -> dict[str, Path]:
    """Modules by name; the kernel treats - and _ alike, so the index knows only _."""
    return {path.name.split(".ko")[0].replace("-", "_"): path for path in kernel.module_tree.rglob("*.ko*")}


def module(kernel: Kernel, name: str) -> bytes:
    """A module's plain bytes, by its name."""
    return _module(_module_paths(kernel)[name])


def _module(path: Path) -> bytes:
    """A module's plain bytes: busybox's insmod cannot unpack, and the guest would be slower at it."""
    unpack = {".xz": "xz", ".zst": "zstd"}.get(path.suffix)
    if unpack is None:
        return path.read_bytes()
    return subprocess.run([tool(unpack), "-dc", str(path)], check=True, capture_output=True).stdout


def in_load_order(kernel: Kernel, wanted: tuple[str, ...]) -> list[str]:
    """Modules with what they depend on first. Debian's packages carry no modules.dep, so the modules are asked.

    A module that the kernel does not have is built in, or not there: the scenario that needs it will say so.
    """
    paths = _module_paths(kernel)
    order: list[str] = []

    def add(name: str) -> None:
        name = name.replace("-", "_")
        if name in order or name not in paths:
            return
        found = re.search(rb"\0depends=([^\0]*)\0", _module(paths[name]))
        for needed in found.group(1).decode().split(",") if found else []:
            add(needed)
        order.append(name)

    for name in wanted:
        add(name)
    return order
