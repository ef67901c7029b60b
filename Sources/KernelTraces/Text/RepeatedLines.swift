// SPDX-License-Identifier: GPL-2.0-only

/// Events that a text has twice, as a mail does that quotes what it goes on to explain. An event that cannot happen
/// again within the resolution of the clock is read once.
struct RepeatedLines {
    /// How many were left out.
    private(set) var count: UInt64 = 0
    private var time: UInt64 = 0
    private var seen: [Key] = []

    private struct Key: Equatable {
        var kind: Int
        var place: UInt64
        var thread: UInt32
        var first: UInt64
        var second: UInt64
    }

    /// - Parameter event: not earlier than the one before.
    mutating func contain(_ event: borrowing KernelEvent) -> Bool {
        if event.time != time {
            time = event.time
            seen.removeAll(keepingCapacity: true)
        }
        guard let key = Self.key(event) else { return false }
        guard seen.contains(key) else {
            seen.append(key)
            return false
        }
        count += 1
        return true
    }

    /// `nil` for what can happen again at once, e.g. an `end_io` of which nothing is told.
    private static func key(_ event: borrowing KernelEvent) -> Key? {
        let kind: Int
        let values: (UInt64, UInt64)
        switch event.body {
        case .dioBegin(let begin): (kind, values) = (0, (begin.inode, begin.position))
        case .dioComplete(let complete): (kind, values) = (1, (complete.inode, complete.position))
        case .bioQueue(let block): (kind, values) = (2, (block.sector, UInt64(block.device)))
        case .requestMade(let block): (kind, values) = (3, (block.sector, UInt64(block.device)))
        case .requestIssue(let block): (kind, values) = (4, (block.sector, UInt64(block.device)))
        case .requestComplete(let block):
            (kind, values) = (5, (block.sector, UInt64(block.device) << 32 | UInt64(block.sectors)))
        case .workQueue(let work) where work.address != 0: (kind, values) = (6, (work.address, 0))
        case .workStart(let work) where work.address != 0: (kind, values) = (7, (work.address, 0))
        default: return nil
        }
        return Key(
            kind: kind, place: UInt64(event.machine) << 16 | UInt64(event.cpu), thread: event.thread, first: values.0,
            second: values.1)
    }
}
