"""What the lab says when it cannot go on: one clear line and an exit code, never a traceback."""

import shutil

USAGE = 64
UNAVAILABLE = 69
FAILED = 1

PACKAGE_OF = {
    "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu",
    "clang": "clang",
    "gcc": "gcc",
    "qemu-system-aarch64": "qemu-system-arm",
    "nm": "binutils",
    "bpftool": "bpftool",
    "perf": "linux-perf",
    "qemu-system-x86_64": "qemu-system-x86",
    "busybox": "busybox-static",
    "fio": "fio",
    "filefrag": "e2fsprogs",
    "mkfs.ext4": "e2fsprogs",
    "mkfs.xfs": "xfsprogs",
    "mkfs.vfat": "dosfstools",
    "bpftrace": "bpftrace",
    "dmsetup": "dmsetup",
    "fuse2fs": "fuse2fs",
    "losetup": "mount",
    "make-bcache": "bcache-tools",
    "mdadm": "mdadm",
    "mkfs.btrfs": "btrfs-progs",
    "mkfs.f2fs": "f2fs-tools",
    "setpriv": "util-linux",
    "trace-cmd": "trace-cmd",
    "xz": "xz-utils",
    "zstd": "zstd",
    "dpkg-deb": "dpkg",
    "apt-get": "apt",
    "apt-cache": "apt",
    "apt-config": "apt",
    "ldd": "libc-bin",
}


class Problem(Exception):
    """A reason to stop that the user can act on."""

    def __init__(self, message: str, code: int = UNAVAILABLE) -> None:
        super().__init__(message)
        self.code = code


def tool(name: str) -> str:
    """The path of a program the lab needs; administrators' directories count although a user's PATH may lack them."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin")
    if path is None:
        raise Problem(f"{name} is missing; install the Debian package {PACKAGE_OF.get(name, name)}")
    return path
