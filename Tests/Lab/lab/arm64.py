"""`arm64`: the BPF objects, compiled for arm64 and loaded into an emulated arm64 guest by a small loader, which does I/O and compares."""

import re
import shlex
import subprocess
import tempfile
from pathlib import Path

from . import guest, initramfs
from .apt import PrivateApt, machine_mirror
from .archive import Archive
from .kernels import KERNELS, Kernel, fetch, unpack
from .places import GUEST_FILES, TREE, cache
from .problem import FAILED, Problem, tool

NAMES = ("5.10", "6.1", "6.12", "7.2", "7.3")
# What is linked into the loader, and what runs its guest; all of this machine's own release.
LIBRARIES = ("libbpf-dev", "libelf-dev", "zlib1g-dev", "linux-libc-dev")
PROGRAMS = ("busybox-static",)
FLAVOUR = re.compile(r'Flavour\(name: "(\w+)", flags: \[(.*?)\]\)')
PASSED = re.compile(r"^lab: (\w+) (\d+)$", re.MULTILINE)
SECONDS = 420


def kernel_of(name: str) -> Kernel:
    if name not in NAMES:
        raise Problem(f"kernels of arm64 are {', '.join(NAMES)}", 64)
    here = KERNELS[name]
    return Kernel(f"{name}-arm64", here.suite, here.image.replace("amd64", "arm64"),
                  here.modules and here.modules.replace("amd64", "arm64"), "arm64")


def flavours() -> dict[str, list[str]]:
    """How each flavour is compiled, as the build says."""
    text = (TREE / "Sources" / "embed-bpf" / "EmbedBPFTool.swift").read_text()
    return {name: re.findall(r'"(.*?)"', flags) for name, flags in FLAVOUR.findall(text)}


def sysroot() -> Path:
    """Debian's packages for arm64, unpacked."""
    directory = cache() / "arm64"
    if directory.is_dir():
        return directory
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache(), prefix="fetch-") as name:
        apt = PrivateApt(Path(name) / "apt", _release(), machine_mirror(), "arm64")
        apt.update()
        for package in (*LIBRARIES, *PROGRAMS):
            unpack(apt.download(*apt.newest([package])), Path(name) / "tree")
        (Path(name) / "tree").rename(directory)
    return directory


def _release() -> str:
    found = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.MULTILINE)
    if found is None:
        raise Problem("/etc/os-release names no release")
    return found[1]


def _must(doing: str, *command: str | Path) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise Problem(f"{doing} failed: {done.stderr.strip()[:2000]}", FAILED)


def compile_objects(target: Path, root: Path) -> list[Path]:
    """One object for each flavour."""
    objects = []
    for name, flags in flavours().items():
        objects.append(target / f"{name}.o")
        _must(f"compiling {name} for arm64", tool("clang"), "-target", "bpf", "-O2", "-g", "-Wall", "-Werror", "-D__TARGET_ARCH_arm64", *flags,
              "-I", TREE / "bpf", "-I", TREE / "Sources" / "CProbeRecords" / "include",
              "-idirafter", root / "usr/include/aarch64-linux-gnu", "-c", TREE / "bpf" / "dioscope.bpf.c", "-o", objects[-1])
    return objects


def compile_loader(target: Path, root: Path) -> Path:
    _must("compiling the loader for arm64", tool("aarch64-linux-gnu-gcc"), "-static", "-O2", "-Wall", "-Wextra", "-Werror",
          "-I", TREE / "Sources" / "CProbeRecords" / "include", "-idirafter", root / "usr/include",
          "-o", target / "load_probes", GUEST_FILES / "load_probes.c",
          *(root / "usr/lib/aarch64-linux-gnu" / f"lib{name}.a" for name in ("bpf", "elf", "z")))
    return target / "load_probes"


INIT = """\
#!/bin/busybox sh
export PATH=/bin
busybox mkdir -p /proc /sys /dev /mnt/t /tmp
mount -t devtmpfs none /dev
mount -t proc none /proc
mount -t sysfs none /sys
for module in {modules}; do insmod /lab/modules/$module.ko 2>/dev/null; done
tries=0
until [ -b /dev/nvme0n1 ] || [ $tries -ge 30 ]; do tries=$((tries + 1)); sleep 1; done
echo 1 >/proc/sys/kernel/printk
mount -t ext4 /dev/nvme0n1 /mnt/t
dd if=/dev/zero of=/mnt/t/file bs=1M count=16 conv=fsync 2>/dev/null
echo 3 >/proc/sys/vm/drop_caches
echo "lab: kernel $(uname -r) $(uname -m), $(nproc) CPUs"
for object in {objects}; do
    echo "lab: object $object"
    load_probes /lab/$object.o /mnt/t/file
    echo "lab: $object $?"
done
echo "lab: done"
poweroff -f
"""


def run(kernel: Kernel, keep: Path | None) -> int:
    """Prints what the guest printed; 0 when at least one flavour loads whole and has recorded each I/O."""
    if not kernel.fetched:
        fetch(kernel)
    root = sysroot()
    with guest.scratch() as directory:
        objects = compile_objects(directory, root)
        loader = compile_loader(directory, root)
        modules = initramfs.in_load_order(kernel, ("nvme", "ext4"))
        text = INIT.format(modules=" ".join(modules) or "''", objects=" ".join(path.stem for path in objects))
        image = directory / "initramfs"
        with image.open("wb") as out:
            archive = Archive(out)
            archive.device("dev/console", 5, 1)
            archive.file("bin/busybox", root / "bin/busybox")
            for applet in ("sh", "mount", "insmod", "dd", "echo", "uname", "nproc", "poweroff", "sleep", "[", "dmesg"):
                archive.symlink(f"bin/{applet}", "busybox")
            archive.file("bin/load_probes", loader)
            for path in objects:
                archive.file(f"lab/{path.name}", path)
            for name in modules:
                archive.data(f"lab/modules/{name}.ko", initramfs.module(kernel, name))
            archive.data("init", text.encode(), executable=True)
            archive.close()
        console = _boot(kernel, directory, image)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{kernel.name}.console").write_text(console)
    lines = console.replace("\r", "").splitlines()
    begin = next((number for number, line in enumerate(lines) if line.startswith("lab: kernel")), max(0, len(lines) - 30))
    print(f"# {kernel.name}, {kernel.version}")
    print("\n".join(lines[begin:]))
    statuses = dict(PASSED.findall("\n".join(lines)))
    passed = [name for name, status in statuses.items() if status == "0"]
    told = ", ".join(f"{name} {'recorded every I/O' if name in passed else 'did not'}" for name in flavours())
    # An older kernel takes the flavour that is made for it alone.
    print(f"{'ok' if passed else 'not ok'} - {kernel.name}: {told}")
    return 0 if passed else FAILED


def _boot(kernel: Kernel, directory: Path, image: Path) -> str:
    disk, console = directory / "disk.raw", directory / "console"
    with disk.open("wb") as file:
        file.truncate(128 << 20)
    _must("making a file system", tool("mkfs.ext4"), "-q", disk)
    command = [tool("qemu-system-aarch64"), "-M", "virt,gic-version=3", "-accel", "tcg", "-cpu", "cortex-a72", "-smp", "2", "-m", "1024M", "-nodefaults",
               "-no-reboot", "-display", "none", "-nic", "none", "-kernel", str(kernel.vmlinuz), "-initrd", str(image),
               "-append", "console=ttyAMA0 panic=-1 loglevel=4 mitigations=off", "-serial", f"file:{console}",
               "-drive", f"if=none,id=test,file={disk},format=raw,cache=unsafe", "-device", "nvme,drive=test,serial=test"]
    with guest.alone():
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            done = None
    if not console.is_file():
        raise Problem(f"{shlex.join(command[:1])} does not start: {done.stderr.strip() if done else 'no reason given'}")
    return console.read_text(errors="replace")
