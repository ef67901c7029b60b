// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords

extension probe_summary {
    /// Adds other sums of the same kind: of one more CPU, or of a later interval.
    package mutating func add(_ other: probe_summary) {
        first_ns = min(first_ns, other.first_ns)
        last_ns = max(last_ns, other.last_ns)
        bytes &+= other.bytes
        errors &+= other.errors
        preempted &+= other.preempted
        SummaryWords.combine(&longest_ns, other.longest_ns, max)
        SummaryWords.combine(&queue_wait_ns, other.queue_wait_ns, &+)
        SummaryWords.combine(&task_work_wait_ns, other.task_work_wait_ns, &+)
    }
}

/// Members of `probe_summary` that are numbers of 64 bits side by side.
package enum SummaryWords {
    /// Both are as many numbers.
    package static func combine<Numbers>(
        _ numbers: inout Numbers, _ others: Numbers, _ combined: (UInt64, UInt64) -> UInt64
    ) {
        withUnsafeMutableBytes(of: &numbers) { numbers in
            withUnsafeBytes(of: others) { others in
                for place in stride(from: 0, to: numbers.count, by: 8) {
                    let value = combined(
                        numbers.load(fromByteOffset: place, as: UInt64.self),
                        others.load(fromByteOffset: place, as: UInt64.self))
                    numbers.storeBytes(of: value, toByteOffset: place, as: UInt64.self)
                }
            }
        }
    }
}
