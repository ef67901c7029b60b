"""Stacks that people run: a device, layers on it, a file system. What becomes of their I/Os is compared with ftrace alone."""

from typing import Any

from .rows import IO_URING, LIBAIO, NVME, READS, WRITE, row
from .scenarios import Scenario

NO_OVERLAY_AIO = "until 6.7 overlayfs completes asynchronous I/O in place, without a work of its own"
BACKING = {"hop_wait": "backing_aio_complete_work"}
CRYPT_WRITE, CRYPT_READ = {"layer queue_wait": "kcryptd_crypt"}, {"delivery_wait": "kcryptd_crypt"}


def stack(layers: str, name: str, fio: tuple[str, ...], device: str = NVME, **more: Any) -> Scenario:
    """A row over layers, named after them bottom first and a + between."""
    more = {"bottom": bool(layers)} | more
    return row(name, f"{device}+{layers}" if layers else device, fio, {}, blocks=True, **more)


def both(layers: str, name: str, works: tuple[dict[str, str], dict[str, str]] = ({}, {}), **more: Any) -> list[Scenario]:
    """The same with writes and with reads."""
    return [stack(layers, f"{name}-libaio-write", (*LIBAIO, WRITE), works=works[0], **more),
            stack(layers, f"{name}-libaio-read", (*LIBAIO, READS), works=works[1], **more)]


FILESYSTEMS = (
    *both("", "btrfs", bottom=False),
    stack("", "btrfs-cow-libaio-write", (*LIBAIO, WRITE), filesystem="btrfs-cow", blind=True),
    stack("", "overlay-ext4-libaio-write", (*LIBAIO, WRITE), filesystem="overlay-ext4", works=BACKING),
    stack("", "overlay-ext4-io_uring-write", (*IO_URING, WRITE), filesystem="overlay-ext4", works=BACKING),
    stack("", "overlay-btrfs-libaio-write", (*LIBAIO, WRITE), filesystem="overlay-btrfs", works=BACKING),
    *both("", "f2fs", bottom=False),
    stack("", "xfs-reflink-libaio-write", (*LIBAIO, WRITE), preparation="reflinked"),
)

LAYERS = (
    *both("dm-crypt", "ext4-stacked", (CRYPT_WRITE, CRYPT_READ)),
    *both("dm-linear", "ext4-stacked"),
    *both("dm-linear+dm-crypt", "ext4-stacked", (CRYPT_WRITE, CRYPT_READ)),
    *both("raid1", "ext4-stacked"),
    *both("raid5", "ext4-stacked", bottom=False),
    *both("dm-thin", "ext4-stacked"),
    *both("nvme-tcp", "ext4-stacked"),
    *both("loop", "raw-stacked", only="blkdev"),
    *both("bcache", "ext4-stacked"),
    *both("", "ext4-stacked", device="virtio-blk"),
    *both("", "ext4-stacked", device="virtio-scsi"),
)

STACKS = (*FILESYSTEMS, *LAYERS)
