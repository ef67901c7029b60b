// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// All that decides how a life is cut into stages, but for when its points were passed: I/Os that have it in common differ
/// in durations alone, as long as their times are in order.
struct LifeKind: Equatable {
    private let facts: UInt64
    let seen: LifePoints

    @inline(__always)
    init(_ io: DirectIO) {
        seen = io.times.seen
        facts =
            UInt64(io.facts.rawValue & ~Self.irrelevant) | UInt64(io.issuer.index) << 40
            | Self.number(io.endContext) << 43 | Self.number(io.completeContext) << 47
            | (io.operation == .write ? 1 << 51 : 0)
    }

    /// Facts that change from one I/O to the next, and that no stage, context or reason depends on.
    private static let irrelevant = Facts([.write, .dataSync, .sync, .noWait, .preemptedSubmitter, .multiBio]).rawValue

    /// Spread over 64 bits.
    @inline(__always)
    var hash: UInt64 { (facts ^ facts >> 32 ^ UInt64(seen.rawValue) << 32) &* 0x9e37_79b9_7f4a_7c15 }

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
    /// The life of an I/O of this kind whose times are in order; durations and placement in it are not those of others. `nil` when
    /// durations alone do not set such lives apart.
    let model: AttributedLife?
    /// Numbers of the points after the submission, in the order in which they were passed.
    private let points: InlineArray<32, UInt8>

    /// - Parameter io: of that kind, its times in any order.
    init(_ kind: LifeKind, of io: DirectIO, rule: CompletionRule) {
        self.kind = kind
        var order = InlineArray<32, UInt8>(repeating: 0)
        var count = 0
        var example = io
        example.times = SeenTimes(submitted: 1)
        let context = CompletionContext(of: io)
        LifePath(seen: kind.seen, context: context, isTaskWorkFirst: context == .taskWork).forEachSeen { point in
            order[count] = point.rawValue
            count += 1
            // One nanosecond apart.
            example.times[point] = UInt64(count) + 1
        }
        points = order
        let model = AttributedLife(example, rule: rule)
        // Time without a stage is in one where it is next to more of it. A partial life is walked: there are few. So is one
        // without a bio: whether it came to a layer is not of its kind.
        self.model = !io.isPartial && !io.hadNoBio && !model.isDisordered && model.spans.count == count ? model : nil
    }

    /// Makes a life of this kind that of `io`, which is of this kind too.
    /// - Returns: `false` when its times are not in order: the walk has to find out which of them to believe.
    @inline(__always)
    func move(_ life: inout AttributedLife, to io: DirectIO) -> Bool {
        let start = io.times[.submitted]
        var time = start
        let isInOrder = io.times.withAll { times in
            withUnsafeBytes(of: points) { points in
                life.spans.withAll { durations, _, count in
                    for index in 0..<count {
                        let next = times[Int(points[index])]
                        guard next >= time else { return false }
                        durations[index] = next &- time
                        time = next
                    }
                    return true
                }
            }
        }
        guard isInOrder else { return false }
        life.latency = time &- start
        if life.completionLatency != nil { life.completionLatency = io.times[.completed] &- start }
        if life.reason != nil { life.placement = CPUPlacement(of: io, deferred: true) }
        return true
    }
}
