// SPDX-License-Identifier: GPL-2.0-only

/// Events that several buffers of a trace have, which were recorded in each: only the first one is read.
///
/// Each buffer writes the event by itself, one right after the other on the same CPU, so that the times differ and all
/// else is the same.
struct RepeatedEvents {
    /// How many were left out.
    private(set) var count: UInt64 = 0
    private var recent: [UInt32: [Seen]] = [:]

    private struct Seen {
        var time: UInt64
        /// Behind the flags, which may change in between.
        var bytes: [UInt8]
        /// In which buffers it was met.
        var buffers: Set<Int>
    }

    private static let kept = 8
    private static let longest: UInt64 = 1_000_000
    private static let compared = 4

    /// Whether the record at hand was read from another buffer already.
    /// - Parameter nanoseconds: its time.
    mutating func contain(_ cpu: CPURecords, event: Int, at nanoseconds: UInt64) -> Bool {
        let key = UInt32(cpu.cpu) << 16 | UInt32(truncatingIfNeeded: event)
        let bytes = Array(cpu.record.dropFirst(Self.compared))
        var seen = recent[key] ?? []
        defer { recent[key] = seen }
        let twin = seen.lastIndex {
            !$0.buffers.contains(cpu.buffer) && nanoseconds &- $0.time <= Self.longest && $0.bytes == bytes
        }
        guard let twin else {
            if seen.count >= Self.kept { seen.removeFirst() }
            seen.append(Seen(time: nanoseconds, bytes: bytes, buffers: [cpu.buffer]))
            return false
        }
        seen[twin].buffers.insert(cpu.buffer)
        count += 1
        return true
    }
}
