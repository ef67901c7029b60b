"""Stacks that people run: a device, layers on it, a file system. What becomes of their I/Os is compared with ftrace alone."""

from dataclasses import replace
from typing import Any

from .expectations import EVERY
from .rows import IO_URING, LIBAIO, NVME, READS, WRITE, row
from .scenarios import Scenario

NO_OVERLAY_AIO = "until 6.7 overlayfs completes asynchronous I/O in place, without a work of its own"
NO_F2FS = "Debian's kernels for the cloud have no f2fs; those for PREEMPT_RT have"
NO_UBLK = "Debian's kernels have ublk since 6.12"
BACKING = {"hop_wait": "backing_aio_complete_work"}
BY_BOTTOM, BY_DISK, BY_FILE = "--device BOTTOM", "--device DISK", "--file FILE"
CRYPT_WRITE, CRYPT_READ = {"layer queue_wait": "kcryptd_crypt"}, {"delivery_wait": "kcryptd_crypt"}


def stack(layers: str, name: str, fio: tuple[str, ...], device: str = NVME, **more: Any) -> Scenario:
    """A row over layers, named after them bottom first and a + between."""
    more = {"bottom": bool(layers)} | more
    return row(name, f"{device}+{layers}" if layers else device, fio, {}, blocks=True, **more)


def both(layers: str, name: str, works: tuple[dict[str, str], dict[str, str]] = ({}, {}),
         filters: tuple[str, str] = ("none", "none"), **more: Any) -> list[Scenario]:
    """The same with writes and with reads."""
    return [stack(layers, f"{name}-libaio-write", (*LIBAIO, WRITE), works=works[0], filter=filters[0], **more),
            stack(layers, f"{name}-libaio-read", (*LIBAIO, READS), works=works[1], filter=filters[1], **more)]


def mirrored(layers: str) -> list[Scenario]:
    """Only writes go to all disks."""
    write, read = both(layers, "ext4-stacked")
    return [replace(write, mirrors=True), read]


FILESYSTEMS = (
    *both("", "btrfs", filters=(BY_BOTTOM, BY_FILE), bottom=False),
    stack("", "btrfs-cow-libaio-write", (*LIBAIO, WRITE), filesystem="btrfs-cow", blind=True),
    stack("", "overlay-ext4-libaio-write", (*LIBAIO, WRITE), filesystem="overlay-ext4", works=BACKING, filter=BY_FILE),
    stack("", "overlay-ext4-io_uring-write", (*IO_URING, WRITE), filesystem="overlay-ext4", works=BACKING, filter=BY_BOTTOM),
    stack("", "overlay-btrfs-libaio-write", (*LIBAIO, WRITE), filesystem="overlay-btrfs", works=BACKING, filter=BY_FILE),
    *both("", "f2fs", bottom=False, skip=dict.fromkeys(EVERY, NO_F2FS)),
    stack("", "xfs-reflink-libaio-write", (*LIBAIO, WRITE), preparation="reflinked"),
    *(stack("", f"{name}-libaio-write", (*LIBAIO, WRITE), filesystem=name, blind=True)
      for name in ("ext4-journal", "fuse")),
    stack("", "nfs-libaio-write", (*LIBAIO, WRITE), filesystem="nfs", blind=True),
    stack("", "fuse-pass-libaio-write", (*LIBAIO, WRITE), filesystem="fuse-pass", works=BACKING, filter=BY_FILE,
          skip=dict.fromkeys(("5.10", "6.1"), "FUSE passes files through since 6.9")),
    stack("", "tmpfs-libaio-write", (*LIBAIO, WRITE), filesystem="tmpfs", blind=True,
          skip=dict.fromkeys(("5.10", "6.1"), "until 6.6 tmpfs refuses O_DIRECT")),
)

LAYERS = (
    *both("dm-crypt", "ext4-stacked", (CRYPT_WRITE, CRYPT_READ)),
    stack("dm-crypt", "raw-stacked-libaio-read", (*LIBAIO, READS), works=CRYPT_READ),
    *both("dm-linear", "ext4-stacked", filters=(BY_BOTTOM, BY_DISK)),
    stack("dm-linear", "vfat-stacked-libaio-write", (*LIBAIO, WRITE)),
    *both("dm-linear+dm-crypt", "ext4-stacked", (CRYPT_WRITE, CRYPT_READ)),
    *both("dm-crypt+dm-linear", "ext4-stacked", (CRYPT_WRITE, CRYPT_READ), filters=(BY_BOTTOM, "none")),
    *both("raid0", "ext4-stacked"),
    *mirrored("raid1"),
    *mirrored("raid1+dm-linear"),
    *mirrored("raid10"),
    stack("raid5", "ext4-stacked-libaio-write", (*LIBAIO, WRITE), bottom=False, composed=frozenset(["raid5"])),
    stack("raid5", "ext4-stacked-libaio-read", (*LIBAIO, READS)),
    *both("dm-thin", "ext4-stacked"),
    *both("nvme-tcp", "ext4-stacked", bottom=False),
    # Requests that loop merges have one I/O below, whose time is a kworker's too.
    stack("loop", "raw-stacked-libaio-write", (*LIBAIO, WRITE), only="blkdev", bottom=False),
    stack("loop", "raw-stacked-libaio-read", (*LIBAIO, READS), only="blkdev"),
    # Its journal's writes are requests of the cache, too.
    *both("bcache", "ext4-stacked", bottom=False),
    # What its server reads and writes below are direct I/Os of a block device, and its own.
    *both("ublk", "ext4-stacked", only="iomap", bottom=False, composed=frozenset(["ublk"]),
          skip=dict.fromkeys(("5.10", "6.1"), NO_UBLK)),
    *both("", "ext4-stacked", device="virtio-blk"),
    *both("", "ext4-stacked", device="virtio-scsi"),
)

# Nobody lists these: they are followed, or said not to be, since the mechanism is general.
COMBINED = (
    # A volume, its pool and the pool's data are three levels, md is the fourth.
    stack("raid1+dm-thin", "xfs-stacked-libaio-write", (*LIBAIO, WRITE), bottom=False),
    stack("dm-crypt", "btrfs-stacked-libaio-write", (*LIBAIO, WRITE), bottom=False, works=CRYPT_WRITE),
    stack("dm-linear", "overlay-xfs-stacked-libaio-write", (*LIBAIO, WRITE), filesystem="overlay-xfs", works=BACKING),
    stack("dm-crypt+loop", "raw-stacked-libaio-read", (*LIBAIO, READS), only="blkdev", bottom=False),
    *both("nvme-tcp+dm-crypt", "ext4-stacked", (CRYPT_WRITE, CRYPT_READ), bottom=False),
    stack("dm-stripe", "ext4-stacked-libaio-write", (*LIBAIO, WRITE)),
    *mirrored("dm-raid1"),
    stack("dm-mirror", "ext4-stacked-libaio-write", (*LIBAIO, WRITE), bottom=False, composed=frozenset(["mirror"])),
    stack("dm-snapshot", "ext4-stacked-libaio-write", (*LIBAIO, WRITE), bottom=False),
    stack("dm-cache", "ext4-stacked-libaio-write", (*LIBAIO, WRITE), bottom=False),
    stack("dm-writecache", "ext4-stacked-libaio-write", (*LIBAIO, WRITE), bottom=False),
    *both("dm-integrity", "ext4-stacked", bottom=False, composed=frozenset(["integrity"])),
    stack("raid5+dm-crypt", "ext4-stacked-libaio-write", (*LIBAIO, WRITE), bottom=False, works=CRYPT_WRITE,
          composed=frozenset(["raid5"])),
    stack("raid5+dm-crypt", "ext4-stacked-libaio-read", (*LIBAIO, READS), bottom=False, works=CRYPT_READ),
    stack("dm-delay", "ext4-stacked-libaio-write", (*LIBAIO, WRITE), bottom=False),
    *both("dm-multipath", "ext4-stacked", filters=(BY_BOTTOM, BY_DISK), bottom=False),
    stack("dm-multipath-bio", "ext4-stacked-libaio-write", (*LIBAIO, WRITE)),
    *both("nvme-loop", "ext4-stacked", bottom=False),
    stack("loop-overlay", "raw-stacked-libaio-read", (*LIBAIO, READS), only="blkdev", bottom=False, filter=BY_BOTTOM),
    stack("dm-linear+dm-crypt", "raw-stacked-io_uring-write", (*IO_URING, WRITE), works=CRYPT_WRITE),
    stack("dm-linear+bcache", "ext4-stacked-libaio-read", (*LIBAIO, READS), bottom=False),
    stack("raid1+bcache", "ext4-stacked-libaio-read", (*LIBAIO, READS), bottom=False),
)

STACKS = (*FILESYSTEMS, *LAYERS, *COMBINED)
