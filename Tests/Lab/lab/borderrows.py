"""Loads whose time belongs to one border: a throttle, a tag, an interrupt's thread. Raw devices, so that ftrace's events
are found by the bytes of each I/O."""

from typing import Any

from .rows import LIBAIO, NVME, NVME_1Q, PSYNC, QD1, READS, THREADED, WRITE, row
from .scenarios import Scenario

QUEUES = ("requested", "issued")
DEEP = ("--ioengine=libaio", "--iodepth=32")
LARGE = ("--bs=128k", "--norandommap", "--io_size=1G")


def border(name: str, device: str, fio: tuple[str, ...], **more: Any) -> Scenario:
    return row(f"raw-{name}", device, fio, {}, blocks=True, **more)


BORDERS = (
    border("libaio-read-throttled", NVME, (*LIBAIO, READS), limit="wiops", borders=("issued",)),
    border("libaio-write-throttled", NVME, (*LIBAIO, WRITE), limit="wiops", borders=QUEUES, largest="throttle"),
    border("libaio-write-split", NVME, (*QD1, WRITE, *LARGE), limit="sectors", borders=("issued",), multi_bio=True),
    border("libaio-write-few-tags", NVME, (*DEEP, WRITE), limit="tags", borders=QUEUES, largest="throttle"),
    border("libaio-read-quota", NVME, (*LIBAIO, READS), limit="quota", borders=("issued",)),
    border("libaio-threaded-rt-hog", NVME, (*LIBAIO, READS), kernel_arguments=THREADED, disturbance="rt-hog",
           borders=("issued", "raised"), largest="delivery_wait"),
    border("sync-threaded-rt-hog", NVME, (*PSYNC, READS), kernel_arguments=THREADED, disturbance="rt-hog",
           borders=("issued", "raised"), largest="delivery_wait"),
    border("libaio-read-elsewhere", NVME_1Q, (*QD1, READS), limit="affinity", cpus=4, borders=("issued", "raised")),
)
