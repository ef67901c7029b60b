// SPDX-License-Identifier: GPL-2.0-only

import Probes
import Rendering

/// Looks once a second whether a recording loses I/Os: at the first, and when there are too many for a verdict.
struct LossWatch {
    private var hasWarned = false
    private var hasWarnedOfMany = false

    /// From this part of the I/Os on nothing is concluded; as `Verdict.tolerableLoss` says.
    private static let many = 0.01

    /// What is to be said now, if anything.
    mutating func warning(on counters: ProbeCounters) -> String? {
        let isMany = counters.lostShare >= Self.many
        guard counters.surelyLost > 0, isMany ? !hasWarnedOfMany : !hasWarned else { return nil }
        hasWarned = true
        hasWarnedOfMany = isMany
        return "\(Quantity.ios(counters.surelyLost)) lost so far, \(Quantity.percent(counters.lostShare)) of all: "
            + Self.cause(in: counters) + (isMany ? "; there will be no verdict" : "")
    }

    /// Most I/Os are lost.
    private static func cause(in counters: ProbeCounters) -> String {
        let causes = [
            (counters.completionsLost, "the kernel ran no probe for their completion"),
            (counters.ringFull, "the rings are full (--buffer)"),
            (counters.slotsFull, "more are in flight than slots (--slots)"),
            (counters.unmatched == nil ? 0 : counters.beginsMissed, "the kernel skipped the probe of their begin"),
        ]
        return causes.max { $0.0 < $1.0 }?.1 ?? ""
    }
}
