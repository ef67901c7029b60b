"""What the kernels make of an I/O, by path: the contexts in which it may complete and the reasons to defer it."""

from .scenarios import Expectation

Expected = dict[str, Expectation]

BEFORE_EVENTS = ("5.10", "6.1")  # no iomap_dio_* tracepoints; every asynchronous write goes to a kworker
CALLER = ("6.12",)  # a write stays out of a kworker only if its issuer offers to complete it, and none does
DEFERRING = BEFORE_EVENTS + CALLER
INLINE = ("6.19", "7.0", "7.1", "7.2", "7.3")  # overwrites of an uncached file are finished in the interrupt
EVERY = DEFERRING + INLINE

# An I/O whose device answers before the submitter let go of it is completed by the submitter, anywhere.
RACE = frozenset(["submit_race"])


def expected(kernels: tuple[str, ...], must: str, reasons: str = "", end_io: str = "", may: str = "",
             stages: frozenset[str] | None = None) -> Expected:
    """The same for all `kernels`; lists are words."""
    words = Expectation(frozenset(must.split()), RACE | frozenset(may.split()), frozenset(reasons.split()),
                        frozenset(end_io.split()), stages)
    return {kernel: words for kernel in kernels}


def deferred(reason: str, kernels: tuple[str, ...] = EVERY, end_io: str = "hardirq") -> Expected:
    """Needs a kworker on these kernels, whoever issued it."""
    return expected(kernels, "kworker", reason, end_io)


def overwrite(interrupt: str = "hardirq") -> Expected:
    """The write that needs nothing after it: where it completes is the kernel's choice alone."""
    return (deferred("iomap-always-defers-writes", BEFORE_EVENTS, interrupt)
            | deferred("issuer-no-caller-comp", CALLER, interrupt)
            | expected(INLINE, interrupt, end_io=interrupt))


def inline(interrupt: str = "hardirq", kernels: tuple[str, ...] = EVERY) -> Expected:
    return expected(kernels, interrupt, end_io=interrupt)


OVERWRITE = overwrite()
READ = inline()
WAITED = expected(EVERY, "sync_wait", end_io="hardirq")

# 7.3 reads up to one block without an end_io function: submit_bio_wait(), then iomap_dio_simple_complete().
WAITED_READ = WAITED | expected(("7.3",), "sync_wait", stages=frozenset())

# A device without a volatile write cache needs no flush, which 5.10 and 6.1 do not know: they look for FUA only.
DSYNC_WITHOUT_CACHE = (deferred("sync-flush", BEFORE_EVENTS) | deferred("issuer-no-caller-comp", CALLER)
                       | inline(kernels=INLINE))

# With FUA the write itself is durable.
DSYNC_FUA = (deferred("iomap-always-defers-writes", BEFORE_EVENTS) | deferred("issuer-no-caller-comp", CALLER)
             | inline(kernels=INLINE))

# Until 6.1 a failed read is finished like any other one.
ERROR_WRITE = deferred("error")
ERROR_READ = inline(kernels=BEFORE_EVENTS) | deferred("error", CALLER + INLINE)

# The submitter polls for the device's answer. Until 6.1 it then defers a write all the same; 6.12 takes the polling
# back from a write that it will have to defer, so that the interrupt ends it.
POLLED_READ = expected(EVERY, "poll", end_io="task")
POLLED_WRITE = (deferred("iomap-always-defers-writes", BEFORE_EVENTS, "task")
                | deferred("issuer-no-caller-comp", CALLER)
                | expected(INLINE, "poll", end_io="task"))

# The kernel that Scripts/lab build-kernel makes: io_uring completes its writes itself, in its task_work.
CALLER_COMPLETES = expected(("caller-comp",), "task_work", end_io="hardirq",
                            stages=frozenset(["task_work_wait", "caller_completion"]))
