"""The rows of the matrix: one for every path on which a direct I/O can complete."""

from typing import Any

from .expectations import (
    CALLER_COMPLETES, DSYNC_FUA, DSYNC_WITHOUT_CACHE, ERROR_READ, ERROR_WRITE, EVERY, OVERWRITE, POLLED_READ,
    POLLED_WRITE, READ, WAITED, WAITED_READ, Expected, deferred, expected, inline, overwrite,
)
from .scenarios import IOS, Forced, Scenario

# Devices. null_blk answers after 200 us by a timer, so that submit races are few: it is the steadiest.
NULL, NVME, NVME_1Q = "null_blk", "nvme", "nvme-1q"
# The same answering so late that a whole batch is submitted before its first interrupt.
NULL_20MS = "null_blk-20ms"

LIBAIO = ("--ioengine=libaio", "--iodepth=8")
IO_URING = ("--ioengine=io_uring", "--iodepth=8")  # fio 3.33 asks for DEFER_TASKRUN wherever there is such a thing
SQPOLL = (*IO_URING, "--sqthread_poll=1", "--registerfiles=1")  # 5.10 polls for registered files only
POLL = (*IO_URING, "--hipri")
PSYNC = ("--ioengine=psync",)
WRITE, READS, MIXED = "--rw=randwrite", "--rw=randread", "--rw=randrw"
OSYNC, DSYNC = "--sync=sync", "--sync=dsync"
BEYOND_CACHED = ("--invalidate=0", "--offset=8M", "--size=8M")  # its first pages stay in the page cache
AGAIN_AND_AGAIN = ("--norandommap", "--io_size=1G")  # number_ios, not the size of the file, ends it
ON_AND_ON = ("--ignore_error=EIO,EIO,EIO", "--continue_on_error=io")  # failed I/Os do not count for number_ios
POLL_QUEUES = ("nvme.poll_queues=1",)
THREADED = ("threadirqs",)
SYNCS = 499  # O_SYNC writes wait for the journal
FEW = 23

NO_CALLER_COMP = "no Debian kernel of the lab lets an issuer complete a direct I/O in task_work: the only setter of " \
                 "IOCB_DIO_CALLER_COMP is gone from 6.12's stable branch, and 6.19 removed the rest"


def row(name: str, device: str, fio: tuple[str, ...], expect: Expected, preparation: str = "prewrite",
        **more: Any) -> Scenario:
    """A row whose name begins with its file system."""
    first = name.partition("-")[0]
    filesystem = more.pop("filesystem", "none" if first == "raw" else first)
    return Scenario(name, device, filesystem, preparation, fio, expect, **more)


SHORT = (
    row("ext4-libaio-overwrite", NULL, (*LIBAIO, WRITE), OVERWRITE, short=True),
    row("ext4-libaio-read", NULL, (*LIBAIO, READS), READ, short=True),
    row("ext4-io_uring-overwrite", NULL, (*IO_URING, WRITE), OVERWRITE, short=True),
    row("ext4-sync-write", NULL, (*PSYNC, WRITE), WAITED, short=True),
    row("ext4-libaio-2jobs-overwrite", NULL, (*LIBAIO, WRITE), OVERWRITE, ios=2 * IOS, jobs=2, short=True),
    row("xfs-libaio-overwrite", NULL, (*LIBAIO, WRITE), OVERWRITE, short=True),
    row("ext4-libaio-overwrite", NVME, (*LIBAIO, WRITE), OVERWRITE, short=True),
    row("ext4-libaio-read", NVME, (*LIBAIO, READS), READ, short=True),
)

ISSUERS = (
    row("ext4-libaio-read-16k", NULL, (*LIBAIO, READS, "--bs=16k"), READ, job_megabytes=32),
    row("ext4-sync-read", NULL, (*PSYNC, READS), WAITED_READ),
    row("ext4-io_uring-read", NULL, (*IO_URING, READS), READ),
    row("ext4-io_uring-sqpoll-overwrite", NULL, (*SQPOLL, WRITE), OVERWRITE),
    row("ext4-io_uring-sqpoll-read", NULL, (*SQPOLL, READS), READ),
    row("xfs-io_uring-overwrite", NULL, (*IO_URING, WRITE), OVERWRITE),
    row("xfs-libaio-read", NULL, (*LIBAIO, READS), READ),
    row("ext4-io_uring-poll-overwrite", NVME, (*POLL, WRITE), POLLED_WRITE, kernel_arguments=POLL_QUEUES),
    row("ext4-io_uring-poll-read", NVME, (*POLL, READS), POLLED_READ, kernel_arguments=POLL_QUEUES),
    row("ext4-io_uring-caller-comp", NULL, (*IO_URING, WRITE), CALLER_COMPLETES,
        skip=dict.fromkeys(EVERY, NO_CALLER_COMP)),
    row("xfs-io_uring-caller-comp", NULL, (*IO_URING, WRITE), CALLER_COMPLETES,
        skip=dict.fromkeys(EVERY, NO_CALLER_COMP)),
)

REASONS = (
    row("ext4-libaio-dsync", NULL, (*LIBAIO, WRITE, DSYNC), DSYNC_WITHOUT_CACHE, ios=SYNCS),
    row("ext4-libaio-osync", NULL, (*LIBAIO, WRITE, OSYNC), deferred("sync-flush"), ios=SYNCS),
    row("ext4-sync-osync", NULL, (*PSYNC, WRITE, OSYNC), WAITED, ios=SYNCS),
    row("ext4-libaio-dsync", NVME, (*LIBAIO, WRITE, DSYNC), DSYNC_FUA, ios=SYNCS),
    row("ext4-libaio-osync", NVME, (*LIBAIO, WRITE, OSYNC), deferred("sync-flush"), ios=SYNCS),
    row("ext4-libaio-unwritten", NULL, (*LIBAIO, "--rw=write", "--fallocate=native"),
        deferred("unwritten-conversion"), preparation="none"),
    row("xfs-libaio-unwritten", NULL, (*LIBAIO, "--rw=write", "--fallocate=native"),
        deferred("unwritten-conversion"), preparation="none"),
    # ext4 makes an asynchronous write that extends the file wait; xfs lets a kworker set the size.
    row("ext4-libaio-extending", NULL, (*LIBAIO, "--rw=write"), WAITED, preparation="none"),
    row("xfs-libaio-extending", NULL, (*LIBAIO, "--rw=write"), deferred("extends-isize unwritten-conversion"),
        preparation="none"),
    row("ext4-libaio-cached", NULL, (*LIBAIO, WRITE, *BEYOND_CACHED), deferred("page-cache-present"),
        preparation="cached"),
    row("xfs-libaio-cached", NULL, (*LIBAIO, WRITE, *BEYOND_CACHED), deferred("page-cache-present"),
        preparation="cached"),
    row("ext4-libaio-error-write", NULL, (*LIBAIO, WRITE, f"--size={4 * FEW}k", *ON_AND_ON), ERROR_WRITE,
        preparation="bad", ios=FEW, failing=True),
    row("ext4-libaio-error-read", NULL, (*LIBAIO, READS, f"--size={4 * FEW}k", *ON_AND_ON), ERROR_READ,
        preparation="bad", ios=FEW, failing=True),
    row("ext4-libaio-error-read-16k", NULL, (*LIBAIO, READS, "--bs=16k", f"--size={16 * FEW}k", *ON_AND_ON), ERROR_READ,
        preparation="bad", ios=FEW, failing=True),
)

SHAPES = (
    # 1 MiB is one bio, which the block layer splits by the queue's limits; in a file of pieces it is several.
    row("ext4-libaio-overwrite-1m", NULL, (*LIBAIO, WRITE, "--bs=1M", *AGAIN_AND_AGAIN), OVERWRITE, ios=101),
    row("ext4-libaio-read-1m", NULL, (*LIBAIO, READS, "--bs=1M", *AGAIN_AND_AGAIN), READ, ios=101),
    row("pieces-libaio-overwrite-1m", NULL, (*LIBAIO, WRITE, "--bs=1M", *AGAIN_AND_AGAIN), OVERWRITE, ios=101,
        multi_bio=True),
    row("pieces-libaio-read-1m", NULL, (*LIBAIO, READS, "--bs=1M", *AGAIN_AND_AGAIN), READ, ios=101, multi_bio=True),
    row("ext4-libaio-overwrite", NVME_1Q, (*LIBAIO, WRITE), overwrite("softirq")),
    row("ext4-libaio-read", NVME_1Q, (*LIBAIO, READS), inline("softirq")),
    row("ext4-io_uring-overwrite", NVME_1Q, (*IO_URING, WRITE), overwrite("softirq")),
    row("ext4-libaio-threaded-read", NVME, (*LIBAIO, READS), expected(EVERY, "irq_thread", end_io="task",
        stages=frozenset(["delivery_wait"])), kernel_arguments=THREADED),
)

# Not iomap: fs/direct-io.c, and the block device's own.
OTHERS = (
    row("vfat-libaio-overwrite", NULL, (*LIBAIO, WRITE), inline()),
    row("vfat-libaio-read", NULL, (*LIBAIO, READS), inline()),
    row("vfat-libaio-cached", NULL, (*LIBAIO, WRITE, *BEYOND_CACHED), deferred("page-cache-present"),
        preparation="cached"),
    row("vfat-sync-write", NULL, (*PSYNC, WRITE), WAITED),
    row("raw-libaio-write", NULL, (*LIBAIO, WRITE), expected(EVERY, "hardirq", end_io="hardirq")),
    row("raw-libaio-read", NULL, (*LIBAIO, READS), expected(EVERY, "hardirq", end_io="hardirq")),
)

LOADS = (
    row("ext4-libaio-4jobs-deep-overwrite", NULL, ("--ioengine=libaio", "--iodepth=256", WRITE), OVERWRITE,
        ios=4 * IOS, jobs=4),
    row("ext4-libaio-beside-io_uring", NULL,
        (*LIBAIO, WRITE, "--name=beside", *IO_URING, WRITE, "--offset=16M"), OVERWRITE, ios=2 * IOS, jobs=2),
    row("ext4-libaio-beside-xfs", NULL,
        (*LIBAIO, WRITE, "--name=beside", *LIBAIO, WRITE, "--filename=/mnt/beside/file"), OVERWRITE,
        filesystem="ext4+xfs", ios=2 * IOS, jobs=2),
)

QD1 = ("--ioengine=libaio", "--iodepth=1")
BATCHES = ("--ioengine=libaio", "--iodepth=64", "--iodepth_batch=64", "--iodepth_batch_complete_min=64")
FEW_WRITES = (MIXED, "--rwmixread=97", *AGAIN_AND_AGAIN)  # few works, each after many other completions
# So many at once that their interrupt takes longer than all that follows it.
LARGE_BATCHES = ("--ioengine=libaio", "--iodepth=256", "--iodepth_batch=256", "--iodepth_batch_complete_min=256")
FIRST = "--nice=-10"  # schedulers of before 6.6 let a kworker preempt its equals at once
SPINNING = (*LIBAIO, "--userspace_reap", "--iodepth_batch_complete_min=0", FIRST)
SQPOLL_THERE = (*SQPOLL, "--sqthread_poll_cpu=1")
FREED_ELSEWHERE = ("rcu_nocbs=0-1",)  # what a work frees is then not freed by softirqs of its CPU
ONE_INTERRUPT = ("highres=off",)  # timers fire at the tick, so that one interrupt completes all that is due
INACTIVE_SINCE_5_14 = "xfs frees the blocks of a removed file in the task that removes it, until 5.14"


def waiting(name: str, device: str, fio: tuple[str, ...], causes: str = "", by: str | None = None,
            **more: Any) -> Scenario:
    """A row whose works all wait for one thing. A few cached pages make every kernel defer its writes."""
    more = {"ios": SYNCS, "forced": Forced(tuple(causes.split()), by) if causes else None} | more
    return row(name, device, (*fio, *BEYOND_CACHED), more.pop("expect", deferred("page-cache-present")),
               preparation="cached", causes=True, **more)


TIMER_UNSEEN = "null_blk answers by the CPU's own timer, which is not probed before 6.2"

WAITS = (
    waiting("ext4-libaio-behind-nothing", NULL, (*QD1, WRITE), "idle worker_switch hardirq softirq", short=True),
    waiting("ext4-libaio-behind-submitter", NULL, (*SPINNING, WRITE), "submitter"),
    waiting("ext4-io_uring-behind-sqpoll", NULL, (*SQPOLL_THERE, WRITE)),  # whom it waits for, schedulers decide
    waiting("ext4-libaio-behind-hog", NULL, (*LIBAIO, WRITE), "other_task", "hog", disturbance="hog"),
    waiting("xfs-libaio-behind-inodegc", NULL, (*QD1, WRITE), "pool_work", "xfs_inodegc_worker",
            disturbance="inodegc", kernel_arguments=FREED_ELSEWHERE, skip={"5.10": INACTIVE_SINCE_5_14}),
    waiting("ext4-libaio-behind-interrupt", NULL_20MS, (*LARGE_BATCHES, *FEW_WRITES), "hardirq", ios=2 * IOS + 1,
            expect=expected(EVERY, "kworker hardirq", "page-cache-present", "hardirq"),
            kernel_arguments=ONE_INTERRUPT, skip={"5.10": TIMER_UNSEEN, "6.1": TIMER_UNSEEN}),
    waiting("ext4-libaio-behind-softirq", NVME_1Q, (*BATCHES, *FEW_WRITES), "softirq", ios=2 * IOS + 1,
            expect=expected(EVERY, "kworker softirq", "page-cache-present", "softirq")),
    row("ext4-libaio-behind-works", NULL_20MS, (*BATCHES, "--rw=write", "--fallocate=native"),
        deferred("unwritten-conversion"), preparation="none", ios=SYNCS, causes=True,
        forced=Forced(("completion_work",))),
)

SCENARIOS = (*SHORT, *ISSUERS, *REASONS, *SHAPES, *OTHERS, *LOADS, *WAITS)

