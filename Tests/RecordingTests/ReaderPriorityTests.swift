// SPDX-License-Identifier: GPL-2.0-only

import Glibc
import Testing

@testable import Recording

struct ReaderPriorityTests {
    private static let second: UInt64 = 1_000_000_000

    /// What the thread's policy was set to, in order.
    private final class Policies {
        var set: [Int32] = []
        var isPermitted = true
    }

    private func priority(_ policies: Policies) -> ReaderPriority {
        ReaderPriority(recordsPerRing: 800, now: 0) { policy in
            guard policies.isPermitted else { return false }
            policies.set.append(policy)
            return true
        }
    }

    @Test func yieldsAfterACalmSecond() {
        let policies = Policies()
        var priority = priority(policies)
        priority.turned(records: 99, now: Self.second - 1)
        #expect(!priority.yields)
        priority.turned(records: 99, now: Self.second)
        priority.turned(records: 99, now: 2 * Self.second)
        #expect(priority.yields)
        #expect(policies.set == [5])
    }

    @Test func isNormalWhileRingsFill() {
        let policies = Policies()
        var priority = priority(policies)
        priority.turned(records: 0, now: Self.second)
        priority.turned(records: 100, now: 2 * Self.second)
        #expect(!priority.yields)
        priority.turned(records: 0, now: 3 * Self.second - 1)
        #expect(!priority.yields)
        priority.turned(records: 0, now: 3 * Self.second)
        #expect(policies.set == [5, SCHED_OTHER, 5])
        priority.end()
        #expect(policies.set == [5, SCHED_OTHER, 5, SCHED_OTHER])
    }

    @Test func staysNormalWhereThatIsRefused() {
        let policies = Policies()
        policies.isPermitted = false
        var priority = priority(policies)
        priority.turned(records: 0, now: 2 * Self.second)
        priority.end()
        #expect(!priority.yields)
        #expect(policies.set.isEmpty)
    }
}
