// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO

extension CPUHold {
    /// Decodes a record of the probes. The name is what the kernel held up to the first NUL, invalid UTF-8 repaired;
    /// it may hold control characters.
    /// - Returns: `nil` when it is not a record of a hold: another kind or holder, or it ends before it begins.
    public init?(record: probe_hold) {
        guard UInt32(record.kind) == PROBE_RECORD_HOLD.rawValue, record.from_ns <= record.until_ns,
            let holder = CPUHolder(rawValue: record.holder)
        else { return nil }
        let name = withUnsafeBytes(of: record.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        self.init(
            cpu: record.cpu, holder: holder, thread: record.tid, from: Timestamp(nanoseconds: record.from_ns),
            until: Timestamp(nanoseconds: record.until_ns), name: name)
    }
}

extension probe_hold {
    /// The record of `hold`; a name of more than 31 bytes is cut.
    public init(_ hold: CPUHold) {
        self.init()
        kind = UInt8(truncatingIfNeeded: PROBE_RECORD_HOLD.rawValue)
        holder = hold.holder.rawValue
        cpu = hold.cpu
        tid = hold.thread
        from_ns = hold.from.nanoseconds
        until_ns = hold.until.nanoseconds
        withUnsafeMutableBytes(of: &name) { $0.copyBytes(from: hold.name.utf8.prefix($0.count - 1)) }
    }
}
