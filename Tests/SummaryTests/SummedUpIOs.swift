// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import Report

/// I/Os aggregated by the code that the probes run.
struct SummedUpIOs {
    final class Kind {
        let kind: probe_io_kind
        private let memory: UnsafeMutableRawPointer

        init(_ kind: probe_io_kind) {
            self.kind = kind
            let size = MemoryLayout<probe_summary>.stride + Self.numbers * 8
            memory = .allocate(byteCount: size, alignment: 8)
            memory.initializeMemory(as: UInt8.self, repeating: 0, count: size)
            memory.assumingMemoryBound(to: probe_summary.self).pointee.first_ns = .max
        }

        deinit { memory.deallocate() }

        static let numbers = Int(PROBE_SUMMARY_BUCKETS) * Int(PROBE_STEPS + PROBE_STEPS + 1)

        func add(_ record: inout probe_waited_io, _ points: UInt16, _ steps: inout probe_steps) {
            probe_sum_up(memory.assumingMemoryBound(to: probe_summary.self), &record, points, &steps)
        }

        var sums: probe_summary { memory.load(as: probe_summary.self) }

        var words: [UInt64] {
            let first = (memory + MemoryLayout<probe_summary>.stride).assumingMemoryBound(to: UInt64.self)
            return Array(UnsafeBufferPointer(start: first, count: Self.numbers))
        }
    }

    let rule: CompletionRule
    private(set) var kinds: [Kind] = []
    private(set) var records: [DirectIO] = []

    init(_ ios: [DirectIO], rule: CompletionRule) {
        self.rule = rule
        var known: [[UInt8]: Kind?] = [:]
        for io in ios {
            var record = probe_waited_io(io)
            var (kind, steps) = (probe_io_kind(), probe_steps())
            guard probe_kind_of(&record, &kind, &steps) != 0 else {
                records.append(io)
                continue
            }
            let key = withUnsafeBytes(of: kind) { Array($0) }
            if known[key] == nil {
                let isExact = IOSummary(kind: kind)?.isExact(rule: rule) == true
                known[key] = .some(isExact ? Kind(kind) : nil)
                if let new = known[key] ?? nil { kinds.append(new) }
            }
            if let sums = known[key] ?? nil { sums.add(&record, kind.points, &steps) } else { records.append(io) }
        }
    }

    var summaries: [IOSummary] {
        kinds.compactMap { IOSummary(kind: $0.kind, sums: $0.sums, numbers: $0.words) }
    }
}
