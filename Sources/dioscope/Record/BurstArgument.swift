// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Recording

/// Bursts as users write them: `100ms/1s`.
struct BurstArgument: ExpressibleByArgument {
    let plan: BurstPlan

    /// Shorter ones would be mostly their begin and their end.
    private static let shortest: UInt64 = 10_000_000

    init?(argument: String) {
        let parts = argument.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let length = TimeSpan(argument: parts[0]), let period = TimeSpan(argument: parts[1])
        else {
            ValueRefusal.note(argument, "bursts are written like 100ms/1s: how long, and how often")
            return nil
        }
        guard length.nanoseconds >= Self.shortest, length.nanoseconds < period.nanoseconds else {
            ValueRefusal.note(argument, "a burst takes 10ms or more, and less than its period")
            return nil
        }
        plan = BurstPlan(length: length.nanoseconds, period: period.nanoseconds)
    }
}
