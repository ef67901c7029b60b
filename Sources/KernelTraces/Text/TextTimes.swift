// SPDX-License-Identifier: GPL-2.0-only

/// What the column of times in a text is, by its first lines.
struct TextTimes {
    private(set) var kind = TraceDescription.Times.clock
    /// The clock ticks so seldom that a CPU's events have the same count: two that are alike need not be one.
    private(set) var isCoarse = false
    private var first: UInt64?
    private var last: [UInt32: UInt64] = [:]
    private var steps = 0
    private var backwards = 0
    private var short = 0

    private static let mostLines = 4096
    private static let second: UInt64 = 1_000_000_000

    init(of text: [UInt8], _ format: TextFormat) {
        text.withUnsafeBytes { bytes in
            for slice in bytes.split(separator: UInt8(ascii: "\n"), maxSplits: Self.mostLines) {
                let line = UnsafeRawBufferPointer(rebasing: slice)
                guard let start = line.bindMemory(to: UInt8.self).baseAddress else { continue }
                var scanner = Scanner(start, start + line.count)
                guard let head = format.headBehindMarks(&scanner) else { continue }
                // The clock counts events, ticks or cycles.
                if head.precision < 0 { kind = .counts }
                if kind == .counts, last[head.cpu] == head.time { isCoarse = true }
                if isCoarse || kind != .counts && format != .perf { return }
                add(head)
            }
        }
        if kind != .counts, areDifferences { kind = .differences }
    }

    private mutating func add(_ head: LineHead) {
        if first == nil { first = head.time }
        if head.time < Self.second { short += 1 }
        if let before = last[head.cpu] {
            steps += 1
            if head.time < before { backwards += 1 }
        }
        last[head.cpu] = head.time
    }

    /// `perf script --deltatime` prints the time since the line before, 0 first: they go back as often as forward, which
    /// times of a CPU do not even where a text is sorted by something else.
    private var areDifferences: Bool {
        guard steps > 0, backwards * 5 >= steps else { return false }
        return first == 0 || short * 10 >= (steps + last.count) * 9
    }
}
