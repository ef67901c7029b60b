// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO

extension CPUOccupancy {
    /// Decodes a record of the probes. The name is what the kernel has up to the first NUL, invalid UTF-8 repaired;
    /// it may contain control characters.
    /// - Returns: `nil` when it is not a record of an occupancy: another kind or occupant, or it ends before it begins.
    public init?(record: probe_occupancy) {
        guard UInt32(record.kind) == PROBE_RECORD_OCCUPANCY.rawValue, record.from_ns <= record.until_ns,
            let occupant = CPUOccupant(rawValue: record.occupant)
        else { return nil }
        let name = withUnsafeBytes(of: record.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        self.init(
            cpu: record.cpu, occupant: occupant, thread: record.tid, from: Timestamp(nanoseconds: record.from_ns),
            until: Timestamp(nanoseconds: record.until_ns), name: name)
    }
}

extension probe_occupancy {
    /// The record of `occupancy`; a name of more than 31 bytes is cut.
    public init(_ occupancy: CPUOccupancy) {
        self.init()
        kind = UInt8(truncatingIfNeeded: PROBE_RECORD_OCCUPANCY.rawValue)
        occupant = occupancy.occupant.rawValue
        cpu = occupancy.cpu
        tid = occupancy.thread
        from_ns = occupancy.from.nanoseconds
        until_ns = occupancy.until.nanoseconds
        withUnsafeMutableBytes(of: &name) { $0.copyBytes(from: occupancy.name.utf8.prefix($0.count - 1)) }
    }
}
