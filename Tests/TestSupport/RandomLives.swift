// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Lives that no workload would give, the same ones in every run.
public enum RandomLives {
    /// Points after the submission that every record has room for.
    public static let causal = LifePoint.allCases.dropFirst().filter {
        ![
            .handedOver, .takenUp, .fellAsleep, .resumed, .returned, .requested, .raised, .hopQueued, .hopStarted,
            .iocbCompleted,
        ].contains($0)
    }

    /// A life with any of its times absent; in causal order unless `disordered`.
    public static func next(_ random: inout SeededGenerator, disordered: Bool) -> DirectIO {
        var io = Life.make(
            pick(Issuer.allCases, &random),
            pick([DirectIO.Operation.read, .write], &random),
            end: pick(ExecutionContext.allCases + [nil], &random),
            complete: pick(ExecutionContext.allCases + [nil], &random),
            facts: Facts(rawValue: UInt32.random(in: 0...UInt32.max, using: &random)))
        let spread = UInt64(1) << UInt64.random(in: 0...62, using: &random)
        var times = causal.map { _ in Life.submitted + UInt64.random(in: 0..<spread, using: &random) }
        if disordered {
            if Bool.random(using: &random) { times[Int.random(in: times.indices, using: &random)] = 1 }
        } else {
            times.sort()
        }
        for (point, time) in zip(causal, times) where UInt8.random(in: 0..<4, using: &random) > 0 {
            io[point] = Timestamp(nanoseconds: time)
        }
        return io
    }

    private static func pick<Element>(_ elements: [Element], _ random: inout SeededGenerator) -> Element {
        elements[Int.random(in: elements.indices, using: &random)]
    }
}
