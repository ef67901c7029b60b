"""What fio does."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """4 KiB random overwrites by libaio. Jobs have a CPU each; with several files each job has as many of its own."""

    depth: int  # of each job
    jobs: int = 1
    files: int = 1

    @property
    def name(self) -> str:
        """For labels and files: 16, 16x4 with jobs, 16f1024 with files."""
        jobs = f"x{self.jobs}" if self.jobs > 1 else ""
        files = f"f{self.files}" if self.files > 1 else ""
        return f"{self.depth}{jobs}{files}"

    @property
    def fio(self) -> str:
        """Beyond what is common to all; the number of I/Os is for all jobs together."""
        words = [f"--iodepth={self.depth}"]
        if self.jobs > 1:
            words += [f"--numjobs={self.jobs}", f"--cpus_allowed=0-{self.jobs - 1}", "--cpus_allowed_policy=split"]
        if self.files > 1:
            words += ["--directory=/mnt/t", f"--nrfiles={self.files}", "--file_service_type=random", "--overwrite=1"]
        else:
            words += ["--filename=/mnt/t/file"]
        return " ".join(words)

    def few_and_many(self) -> tuple[int, int]:
        """Long enough for a whole turn of all that are in flight."""
        flight = self.depth * self.jobs
        few = max(4096, flight)
        return few, few + max(24_576, flight)
