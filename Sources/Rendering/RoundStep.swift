// SPDX-License-Identifier: GPL-2.0-only

/// Steps between the ticks of an axis.
package enum RoundStep {
    /// The smallest of 1, 2, 5, 10, 20, ... that is large enough.
    package static func atLeast(_ smallest: Double) -> Double {
        var decade = 1.0
        while true {
            for step in [decade, 2 * decade, 5 * decade] where step >= smallest { return step }
            decade *= 10
        }
    }
}
