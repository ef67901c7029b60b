// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Joiner
import KernelTraces

/// A trace as text, joined.
struct TextTrace {
    var ios: [DirectIO] = []
    var counts: JoinCounts
    var summary: TraceContents
    var threads: [UInt32: ThreadName] = [:]
    var occupancies: [CPUOccupancy] = []

    init(_ text: String, _ format: TextFormat = .ftrace, rule: CompletionRule = .unknown, isLossy: Bool = false) throws
    {
        let bytes = Array(text.utf8)
        let reader = TextReader(format, MemoryStream(bytes), prefix: bytes)
        let rule = rule == .unknown ? reader.description.completionRule : rule
        var joiner = Joiner(rule: rule, reader: reader, isLossy: isLossy)
        var ios: [DirectIO] = []
        summary = try reader.read { joiner.add($0) { ios.append($0) } }
        joiner.finish { ios.append($0) }
        (self.ios, counts, threads, self.occupancies) = (ios, joiner.counts, joiner.threads, joiner.occupancies)
    }

    /// In microseconds.
    static func at(_ seconds: Double) -> Timestamp {
        Timestamp(nanoseconds: UInt64((seconds * 1_000_000).rounded()) * 1000)
    }
}
