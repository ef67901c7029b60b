// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// All that decides how a life is cut into stages, but for when its points were passed: I/Os that have it in common differ
/// in durations alone, as long as their times are in order.
struct LifeKind: Equatable {
    private let facts: UInt64
    let seen: UInt8

    @inline(__always)
    init(_ io: DirectIO) {
        seen = io.times.seen
        facts =
            UInt64(io.facts.rawValue & ~Self.irrelevant) | UInt64(seen) << 32 | UInt64(io.issuer.index) << 40
            | Self.number(io.endContext) << 43 | Self.number(io.completeContext) << 47
            | (io.operation == .write ? 1 << 51 : 0)
    }

    /// Facts that change from one I/O to the next, and that no stage, context or reason depends on.
    private static let irrelevant = Facts([.write, .dataSync, .sync, .noWait, .preemptedSubmitter, .multiBio]).rawValue

    /// Spread over 64 bits.
    @inline(__always)
    var hash: UInt64 { (facts ^ facts >> 32) &* 0x9e37_79b9_7f4a_7c15 }

    @inline(__always)
    private static func number(_ context: ExecutionContext?) -> UInt64 {
        switch context {
        case .hardirq: 0
        case .softirq: 1
        case .kworker: 2
        case .task: 3
        case nil: 4
        case .irqThread: 5
        case .ksoftirqd: 6
        case .ioWQ: 7
        case .idle: 8
        }
    }
}

/// What the walk made of one I/O of a kind, for all others of that kind.
struct LifeShape {
    let kind: LifeKind
    /// Of an I/O of this kind whose times are in order; durations and placement in it are not those of others. `nil` when
    /// durations alone do not tell such lives apart.
    let model: AttributedLife?
    /// Numbers of the points in `SeenTimes`, in the order in which they were passed, the first in the lowest bits.
    private let points: UInt64

    /// - Parameter io: of that kind, its times in any order.
    init(_ kind: LifeKind, of io: DirectIO, rule: CompletionRule) {
        self.kind = kind
        var order: [Int] = (0..<8).filter { kind.seen & 1 << UInt8($0) != 0 }.map { $0 + 1 }
        var isTold = true
        // Where the issuer completes the I/O, in its task_work, that comes before the completion; and what ki_complete
        // is, depends on whether it was earlier.
        if CompletionContext(of: io) == .taskWork {
            isTold = !order.contains(Self.iocbCompleted)
            if order.last == Self.taskWorkRun, let completed = order.firstIndex(of: Self.completed) {
                order.removeLast()
                order.insert(Self.taskWorkRun, at: completed)
            }
        }
        points = order.reversed().reduce(0) { $0 << 4 | UInt64($1) }
        var example = io
        example.times = Self.times(in: order)
        let model = AttributedLife(example, rule: rule)
        // Time without a stage is told in one where it is next to more of it.
        isTold = isTold && !model.isDisordered && model.spans.count == order.count
        self.model = isTold ? model : nil
    }

    private static let completed = 6
    private static let iocbCompleted = 7
    private static let taskWorkRun = 8

    /// One nanosecond apart.
    private static func times(in order: [Int]) -> SeenTimes {
        var times = SeenTimes(submitted: 1)
        let members: [WritableKeyPath<SeenTimes, UInt64>] = [
            \.submitted, \.issued, \.interrupted, \.ended, \.workQueued, \.workStarted, \.completed, \.iocbCompleted,
            \.taskWorkRun,
        ]
        for (place, point) in order.enumerated() { times[keyPath: members[point]] = UInt64(place) + 2 }
        return times
    }

    /// Makes a life of this kind that of `io`, which is of this kind too.
    /// - Returns: `false` when its times are not in order: the walk has to tell which of them to believe.
    @inline(__always)
    func move(_ life: inout AttributedLife, to io: DirectIO) -> Bool {
        let start = io.times.submitted
        var time = start
        let isInOrder = io.times.withAll { times in
            life.spans.withAll { durations, _, count in
                var left = points
                for index in 0..<count {
                    let next = times[Int(left & 0xf)]
                    guard next >= time else { return false }
                    durations[index] = next &- time
                    time = next
                    left >>= 4
                }
                return true
            }
        }
        guard isInOrder else { return false }
        life.latency = time &- start
        if life.completionLatency != nil { life.completionLatency = io.times.completed &- start }
        if life.reason != nil { life.placement = CPUPlacement(of: io, deferred: true) }
        return true
    }
}
