// SPDX-License-Identifier: GPL-2.0-only

/// The command lines of fio. The sweep's own file is laid out beforehand, so that every write overwrites.
public enum FioJob {
    /// The job of one run of the matrix.
    ///
    /// - Parameter file: the data file, or the block device.
    public static func run(_ run: PlannedRun, of plan: SweepPlan, file: String) -> [String] {
        let cell = run.cell
        var words = common(file: file, size: plan.size) + cell.engine.fioArguments
        words += ["--rw=\(cell.op.rawValue)", "--bs=\(cell.blockSize)", "--iodepth=\(cell.depth)"]
        words += ["--time_based=1", "--runtime=\(plan.runtime / 1_000_000)ms"]
        if plan.ramp > 0 { words.append("--ramp_time=\(plan.ramp / 1_000_000)ms") }
        // The same places for a traced run and its control, others in the next repeat.
        words.append("--randseed=\(plan.seed &+ UInt64(run.repetition))")
        if let placement = cell.placement { words.append("--cpus_allowed=\(placement.fio)") }
        // A safety net: fio itself then refuses to write.
        if !cell.op.writes, cell.target.kind == .device { words.append("--readonly") }
        return words
    }

    /// Writes every block of the data file once.
    public static func layOut(file: String, size: UInt64) -> [String] {
        let block = min(size, 1 << 20)
        return common(file: file, size: size) + ["--ioengine=psync", "--rw=write", "--bs=\(block)", "--end_fsync=1"]
    }

    private static func common(file: String, size: UInt64) -> [String] {
        [
            "fio", "--name=dioscope-sweep", "--filename=\(escaped(file))", "--size=\(size)", "--direct=1", "--thread",
            "--fallocate=none", "--group_reporting", "--output-format=json", "--eta=never",
        ]
    }

    /// In a file name, fio takes a colon for the end of it.
    private static func escaped(_ path: String) -> String {
        path.split(separator: ":", omittingEmptySubsequences: false).joined(separator: "\\:")
    }
}
