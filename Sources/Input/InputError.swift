// SPDX-License-Identifier: GPL-2.0-only

/// A file was read, and is not what was asked for.
public enum InputError: Error, Equatable {
    /// It has only sums.
    /// - Parameter purpose: what single I/Os are needed for, in the user's words.
    case summaryOnly(String, purpose: String)
    case savedReport(String)
    case savedSweep(String)
    case notASweep(String)
    case tooLarge(String, mostBytes: Int)
    case noWallClock(String)
    case noStart(String)
    /// The clock of a trace counts no time, or its times are those since the line before.
    /// - Parameter purpose: what times are needed for, in the user's words.
    case noTimes(String, purpose: String, areDifferences: Bool)

    /// One line.
    public var message: String {
        switch self {
        case .summaryOnly(let path, let purpose): "\(path) has only totals: \(purpose) needs single I/Os"
        case .savedReport(let path): "\(path) is a saved report, not a capture or a trace: it has no single I/Os"
        case .savedSweep(let path): "\(path) is a saved sweep, not a run"
        case .notASweep(let path): "\(path) is not a saved sweep"
        case .tooLarge(let path, let bytes): "\(path) is larger than \(bytes >> 20) MiB, which no such file is"
        case .noWallClock(let path): "\(path) does not say what the wall clock was"
        case .noStart(let path): "\(path) does not say when its recording began"
        case .noTimes(let path, let purpose, true):
            "\(path) has the time since the line before, not times (perf script --deltatime): \(purpose) needs them"
        case .noTimes(let path, let purpose, _):
            "\(path) has no times, for its clock counts none: \(purpose) needs them"
        }
    }

    /// What to do.
    public var hint: String? {
        switch self {
        case .summaryOnly: "record without --summary"
        case .savedReport: "dioscope compare takes it"
        case .savedSweep: "show it, or two of them side by side: dioscope sweep --show NEW [--base OLD]"
        case .noWallClock: "give --from and --to as time since its first I/O, e.g. 1.5s"
        case .noStart: "give times as 'list' shows them for it, in seconds of its own clock: 'submitted>12345.5s'"
        case .noTimes(_, _, areDifferences: true): "make the text with perf script --ns"
        case .noTimes: "record it by the clock mono: trace-cmd record -C mono, echo mono >trace_clock"
        case .notASweep, .tooLarge: nil
        }
    }
}
