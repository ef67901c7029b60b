// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Which interrupts ended the I/Os, and how many I/Os each run of a handler picked up.
struct InterruptCounts: ~Copyable, Sendable {
    private struct Entry: Sendable {
        var ios: UInt64 = 0
        /// I/Os that were the first of their interrupt.
        var firsts: UInt64 = 0
        /// I/Os of more than one bio, or whose position was not seen.
        var unplaced: UInt64 = 0

        mutating func add(_ other: Entry) {
            ios += other.ios
            firsts += other.firsts
            unplaced += other.unplaced
        }
    }

    /// Three numbers, those of an entry, for each interrupt: numbers are small, a large machine with many queues has a few
    /// thousand.
    private var hard = CountTable(0)
    private static let limit: UInt32 = 4096
    /// Larger numbers, which only a corrupt capture should have.
    private var large: [UInt32: Entry] = [:]
    /// A softirq has no number.
    private var soft = Entry()

    @inline(__always)
    mutating func add(_ io: DirectIO) {
        // The place is counted in calls of end_io. Of several bios the last one's is kept, and another one may have
        // been the first of its interrupt.
        let single = io.irqBatchPosition != nil && !io.facts.contains(.multiBio)
        let first: UInt64 = io.irqBatchPosition == 1 ? 1 : 0
        switch io.endContext {
        case .hardirq:
            guard let irq = io.irq else { return }
            if irq < Self.limit {
                let place = Int(irq) &* 3
                if place >= hard.count { hard.grow(to: (Int(irq) | 63) * 3 + 3) }
                hard[place] &+= 1
                hard[place &+ 1] &+= first
                hard[place &+ 2] &+= single ? 0 : 1
            } else {
                Self.count(first, single, in: &large[irq, default: Entry()])
            }
        case .softirq, .ksoftirqd: Self.count(first, single, in: &soft)
        case .kworker, .task, .irqThread, .ioWQ, .idle, nil: return
        }
    }

    private static func count(_ first: UInt64, _ single: Bool, in entry: inout Entry) {
        entry.ios += 1
        entry.firsts += first
        entry.unplaced += single ? 0 : 1
    }

    mutating func add(_ other: borrowing InterruptCounts) {
        hard.add(other.hard)
        for (irq, entry) in other.large { large[irq, default: Entry()].add(entry) }
        soft.add(other.soft)
    }

    /// - Parameter allSeen: no record is missing; otherwise the first I/O of an interrupt may be, and interrupts
    ///   cannot be counted.
    func summaries(allSeen: Bool) -> [InterruptStatistics] {
        let small = (0..<hard.count / 3).map { irq in
            (UInt32(irq), Entry(ios: hard[irq * 3], firsts: hard[irq * 3 + 1], unplaced: hard[irq * 3 + 2]))
        }
        let numbered = small + large.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        let entries = numbered.map { (irq: Optional($0.0), entry: $0.1) } + [(irq: nil, entry: soft)]
        return entries.filter { $0.entry.ios > 0 }.map { irq, entry in
            let countable = allSeen && entry.unplaced == 0 && entry.firsts > 0
            return InterruptStatistics(irq: irq, ios: entry.ios, interrupts: countable ? entry.firsts : nil)
        }
    }
}

/// The I/Os that one interrupt ended.
public struct InterruptStatistics: Equatable, Sendable {
    /// Number in `/proc/interrupts`; `nil` for the softirq.
    public var irq: UInt32?
    public var ios: UInt64
    /// How often it came for them; `nil` when that is unknown.
    public var interrupts: UInt64?

    public init(irq: UInt32?, ios: UInt64, interrupts: UInt64?) {
        self.irq = irq
        self.ios = ios
        self.interrupts = interrupts
    }

    /// Mean number of the report's I/Os that one interrupt ended.
    public var iosPerInterrupt: Double? {
        interrupts.flatMap { $0 == 0 ? nil : Double(ios) / Double($0) }
    }
}
