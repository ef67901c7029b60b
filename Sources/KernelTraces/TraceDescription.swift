// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// What a trace says of itself.
public struct TraceDescription: Hashable, Sendable {
    /// The format, e.g. `trace.dat v7`.
    public var kind: String
    /// `uname -r`.
    public var kernel: String?
    public var machine: String?
    public var host: String?
    public var cpuCount: Int?
    /// Name of the clock, e.g. `mono`.
    public var clock: String?
    public var times = Times.clock
    /// What lies between two events can be told.
    public var hasTimes: Bool { times == .clock }
    /// Version of the recorder.
    public var recorder: String?
    public var command: [String] = []
    /// As far as the trace shows, else `unknown`.
    public var completionRule = CompletionRule.unknown
    /// Names of the files, and so of the machines, whose traces a text merges; empty of one alone.
    public var machines: [String] = []
    /// Losses that the recorder itself counted.
    public var recordedLoss: UInt64 = 0

    /// What stands where events have their time.
    public enum Times: Sendable {
        /// Of a clock.
        case clock
        /// Events, ticks or cycles.
        case counts
        /// The time since the line before, whichever lines are there: they do not add up where one is missing.
        case differences
    }

    init(kind: String) {
        self.kind = kind
    }

    /// Clocks of ftrace that are in no nanoseconds: of events, of ticks, of cycles. trace-cmd may say how long those are.
    static let timelessClocks: Set<String> = ["counter", "uptime", "x86-tsc", "ppc-tb"]
}

extension CompletionRule {
    /// By what the traced kernel has; by its version where that says nothing.
    /// - Parameters:
    ///   - hasFunction: whether the kernel has a function of this name; `nil` when its functions are not known.
    ///   - release: `uname -r`.
    static func of(hasFunction: ((String) -> Bool)?, namesCallerCompletion: Bool, release: String?) -> CompletionRule {
        if let hasFunction {
            if hasFunction("__iomap_dio_bio_end_io") || hasFunction("iomap_dio_simple_end_io") { return .flaggedWork }
            if hasFunction("iomap_dio_deferred_complete") { return .flaggedInline }
        }
        if namesCallerCompletion { return .flaggedInline }
        guard let version = release.flatMap(kernelVersion) else { return .unknown }
        if version < (6, 6) { return .defersWrites }
        return version < (6, 19) ? .flaggedInline : .flaggedWork
    }

    private static func kernelVersion(_ release: String) -> (Int, Int)? {
        let parts = release.split(separator: ".", maxSplits: 2)
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix { $0.isNumber }) else {
            return nil
        }
        return (major, minor)
    }
}
