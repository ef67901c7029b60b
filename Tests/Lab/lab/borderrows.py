"""Loads whose time belongs to one border: a throttle, a tag, an interrupt's thread. Most on raw devices, so that ftrace's
events are found by the bytes of each I/O."""

from typing import Any

from .kernels import KERNELS, REAL_TIME
from .rows import (
    IO_URING, IOS, LIBAIO, NULL, NULL_20MS, NVME, NVME_1Q, OSYNC, POLL, POLL_QUEUES, PSYNC, QD1, READS, SYNCS, THREADED, WRITE,
    row,
)
from .scenarios import Scenario

QUEUES = ("requested", "issued", "interrupted", "ended")
WAY = ("issued", "interrupted", "ended")
DELIVERY = ("issued", "raised", "interrupted", "ended")
LARGE = ("--bs=128k", "--norandommap", "--io_size=1G")
BATCH = ("--ioengine=io_uring", "--iodepth=16", "--iodepth_batch_complete_min=16")
PAIR, LIMITED = "null_blk-pair", "null_blk-limited"
HELD_BACK = {"limit": "wiops", "borders": QUEUES, "largest": "throttle"}
FEW_TAGS = {"borders": QUEUES, "largest": "throttle", "jobs": 16, "ios": 16 * 94, "job_megabytes": 2}
SLOW_FEW_TAGS = FEW_TAGS | {"borders": ("requested", "issued", "ended")}
SCATTERED = (READS, "--blockalign=8k", "--norandommap")
FORGOTTEN = {"preparation": "scattered", "disturbance": "forget", "blocks": True, "asleep": True}
HOG = {"largest_causes": {"delivery_wait": ("other_task", "hog")}, "disturbance": "rt-hog", "largest": "delivery_wait",
       "kernel_arguments": THREADED, "borders": DELIVERY, "split": ("delivery_wait",)}

NO_LAZY_WAKE = "its io_uring wakes a submitter for each completion"
NO_DEFER_TASKRUN = "the row's program asks for DEFER_TASKRUN, which it does not have, or has without a lazy wake"
NO_BH = "has no BH workqueues, which are of 6.9"
FULL_AT_256 = "the row is made for a max_active of 256, as it was up to 6.1"
FULL_AT_1024 = "the row is made for a max_active of 1024, and 7.2 is done with works faster than one thread submits"


def only(reason: str, *kernels: str) -> dict[str, str]:
    return {name: reason for name in (*KERNELS, *REAL_TIME) if name not in kernels}


def since(reason: str, first: str) -> dict[str, str]:
    names = list(KERNELS)
    return dict.fromkeys(names[:names.index(first)], reason)


def border(name: str, device: str, fio: tuple[str, ...], **more: Any) -> Scenario:
    return row(f"raw-{name}", device, fio, {}, blocks=True, **more)


BORDERS = (
    border("libaio-read-throttled", NVME, (*LIBAIO, READS), limit="wiops", borders=WAY),
    border("libaio-write-throttled", NVME, (*LIBAIO, WRITE), short=True, **HELD_BACK),
    border("io_uring-write-throttled", NVME, (*IO_URING, WRITE), **HELD_BACK),
    border("libaio-write-throttled-below", f"{NVME}+dm-linear", (*LIBAIO, WRITE), limit="wiops-below", throttled_below=True,
           bottom=True, ios=499),
    border("libaio-write-split", NVME, (*QD1, WRITE, *LARGE), limit="sectors", borders=("issued", "ended"), ios=499),
    border("libaio-read-requeued", LIMITED, (*LIBAIO, READS), borders=("issued", "ended")),
    # A thread that waits for a tag submits no other I/O: more wait than are in the device only if they are of many threads.
    border("libaio-write-few-tags", NVME, ("--ioengine=libaio", "--iodepth=2", WRITE), **FEW_TAGS, limit="tags"),
    border("sync-read", NVME, (*PSYNC, READS), borders=WAY, split=("submitter_wakeup",)),
    # Its submitter sleeps for a block of the extent tree first.
    row("ext4-sync-read-scattered", NULL, (*PSYNC, *SCATTERED), {}, **FORGOTTEN),
    row("ext4-libaio-read-scattered", NULL, (*LIBAIO, *SCATTERED), {}, **FORGOTTEN),
    row("ext4-io_uring-read-scattered", NULL, (*IO_URING, *SCATTERED), {}, **FORGOTTEN),
    border("libaio-read-misread", NVME, (*LIBAIO, READS), disturbance="misread", misread=True),
    border("sync-write-quota", NVME, (*PSYNC, WRITE), limit="quota", borders=WAY),
    border("libaio-read-bps", NVME, (*LIBAIO, READS), **(HELD_BACK | {"limit": "rbps"})),
    border("libaio-write-iocost", NVME, (*LIBAIO, WRITE), limit="iocost", borders=QUEUES),
    # A device that is slow in an emulated guest, too: or 16 threads wait for a CPU on their way down, and not for a tag.
    border("libaio-write-kyber-few-tags", NULL_20MS, ("--ioengine=libaio", "--iodepth=2", WRITE), **SLOW_FEW_TAGS,
           limit="kyber-tags"),
    border("libaio-write-bfq-few-tags", NULL_20MS, ("--ioengine=libaio", "--iodepth=2", WRITE), **SLOW_FEW_TAGS,
           limit="bfq-tags"),
    border("io_uring-read-polled", NVME, (*POLL, READS), kernel_arguments=POLL_QUEUES, borders=("issued", "ended")),
    border("libaio-read-threaded", NVME_1Q, (*QD1, READS), kernel_arguments=THREADED, borders=DELIVERY),
    border("libaio-read-quota", NVME, (*LIBAIO, READS), limit="quota", borders=WAY),
    border("libaio-write-quota", NVME, (*LIBAIO, WRITE), limit="quota", borders=WAY),
    border("io_uring-read-quota", NVME, (*IO_URING, READS), limit="quota", borders=WAY, apart=("quota",),
           largest_causes={"task_work_wait": ("quota", None)}),
    row("ext4-sync-read-behind-hog", NVME, (*PSYNC, READS), {}, blocks=True, disturbance="hog", ios=SYNCS,
        split=("submitter_wakeup",), largest="submitter_wakeup",
        largest_causes={"submitter_wakeup_wait": ("other_task", "hog")}),
    border("io_uring-read-handed-over", NVME, (*IO_URING, READS, "--force_async=1"), borders=WAY, handed_over=True,
           short=True),
    border("libaio-threaded-rt-hog", NVME, (*LIBAIO, READS), **HOG),
    # Its submitter waits for the hog too, for about as long.
    row("ext4-sync-threaded-rt-hog", NVME, (*PSYNC, READS), {}, blocks=True, ios=SYNCS, **(HOG | {"largest": None})),
    border("libaio-read-elsewhere", NVME_1Q, (*QD1, READS), limit="affinity", cpus=4, borders=DELIVERY),
    border("io_uring-read-batch", PAIR, (*BATCH, READS), apart=("batching",), borders=("issued", "ended"),
           largest_causes={"task_work_wait": ("batching", None)}, skip=since(NO_LAZY_WAKE, "6.12")),
    border("io_uring-read-futex", NULL, (*IO_URING, READS), disturbance="futex", apart=("elsewhere",),
           largest_causes={"task_work_wait": ("elsewhere", None)}, skip=since(NO_DEFER_TASKRUN, "6.12")),
    row("ext4-sync-bh-read", f"{NVME}+dm-crypt-inline", (*PSYNC, READS), {}, blocks=True, split=("submitter_wakeup",),
        bottom=True, skip=since(NO_BH, "6.12")),
    # Each waits for a commit of the journal, which takes longer than the device needs for the next 256.
    row("ext4-libaio-osync-full", NULL_20MS, ("--ioengine=libaio", "--iodepth=1024", WRITE, OSYNC), {}, causes=True,
        at_limit=True, ios=IOS, largest_causes={"queue_wait": ("workqueue_limit", None)},
        skip=only(FULL_AT_256, "5.10", "6.1")),
    row("ext4-libaio-osync-full-1024", NULL_20MS, ("--ioengine=libaio", "--iodepth=2800", WRITE, OSYNC), {}, causes=True,
        at_limit=True, ios=3989, largest_causes={"queue_wait": ("workqueue_limit", None)}, skip=only(FULL_AT_1024, "6.12")),
    row("raw-sync-loop-whole", f"{NVME}+loop", (*PSYNC, WRITE), {}, blocks=True, whole_system=True, only="blkdev"),
    row("raw-sync-loop-buffered-whole", f"{NVME}+loop", (*PSYNC, WRITE, "--direct=0", "--fsync=1"), {}, blocks=True,
        whole_system=True, issuer="other", through_loop=True),
)
