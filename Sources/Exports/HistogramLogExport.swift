// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import FoundationEssentials
import Histogram
import Rendering
import Report

/// A log of HdrHistogram (version 1.3): one histogram of nanoseconds for the latency and one for each stage, named by
/// its tag, over the whole recording.
public final class HistogramLogExport: TotalsExport {
    public var output: [UInt8] = []
    public var sample: Sample?
    private var latency = HistogramLogExport.empty
    private var stages: [Stage: Histogram<UInt64>] = [:]
    private var firstSubmitted = UInt64.max
    private var lastSeen: UInt64 = 0
    private let startedWall: Double?

    /// Two significant digits, as in a report: values are within 1%.
    private static var empty: Histogram<UInt64> { Histogram(numberOfSignificantValueDigits: .two) }

    private let rule: CompletionRule

    /// - Parameters:
    ///   - startedWall: when the recording began, nanoseconds since 1970.
    ///   - rule: by which the recorded kernel decides how to complete.
    public init(startedWall: Int64?, rule: CompletionRule = .unknown) {
        self.rule = rule
        self.startedWall = startedWall.map { Double($0) / 1e9 }
    }

    public func add(_ io: ListedIO) {
        guard io.life.isFinished else { return }
        let submitted = io.io.began.nanoseconds
        firstSubmitted = min(firstSubmitted, submitted)
        lastSeen = max(lastSeen, submitted + io.life.latency)
        latency.record(Self.recordable(io.life.latency))
        var hole: UInt64?
        io.life.spans.forEach { span in
            // Several holes in one I/O are one unattributed duration.
            if span.stage == .unattributed {
                hole = (hole ?? 0) + span.nanoseconds
            } else {
                stages[span.stage, default: Self.empty].record(Self.recordable(span.nanoseconds))
            }
        }
        if let hole { stages[.unattributed, default: Self.empty].record(Self.recordable(hole)) }
    }

    public func add(_ summary: IOSummary) {
        firstSubmitted = min(firstSubmitted, summary.firstSubmitted.nanoseconds)
        lastSeen = max(lastSeen, summary.lastSeen.nanoseconds)
        summary.forEachDuration(rule: rule) { stage, nanoseconds, ios in
            let value = Self.recordable(nanoseconds)
            if let stage {
                stages[stage, default: Self.empty].record(value, count: ios)
            } else {
                latency.record(value, count: ios)
            }
        }
    }

    public func finish() {
        line("#[Histogram log format version 1.3]")
        line("#[times in nanoseconds; the column Interval_Max in milliseconds]")
        if let sample { line("#[of \(sample.ios) of \(sample.ofIOs) I/Os, recorded at random]") }
        if let startedWall { line("#[StartTime: \(Self.fixed(startedWall)) (seconds since epoch)]") }
        line("\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"")
        guard latency.totalCount > 0 else { return }
        write(latency, tag: "latency")
        for (stage, histogram) in stages.sorted(by: { $0.key < $1.key }) { write(histogram, tag: stage.name) }
    }

    private func write(_ histogram: Histogram<UInt64>, tag: String) {
        guard let payload = HistogramPayload(histogram).compressed else { return }
        let length = Double(lastSeen - firstSubmitted) / 1e9
        let largest = Double(histogram.max) / 1e6
        line(
            "Tag=\(tag),0.000,\(Self.fixed(length)),\(Self.fixed(largest)),\(Data(payload).base64EncodedString())")
    }

    private func line(_ text: String) { output.append(contentsOf: (text + "\n").utf8) }

    /// Beyond 292 years, which only a corrupt capture has, the library's arithmetic would overflow.
    private static func recordable(_ nanoseconds: UInt64) -> UInt64 { min(nanoseconds, UInt64(Int64.max)) }

    /// Three decimals.
    private static func fixed(_ number: Double) -> String {
        let thousandths = UInt64(min(max(number, 0), 1e15) * 1000 + 0.5)
        let rest = String(thousandths % 1000)
        return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }
}
