// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords

/// Puts the names of functions into hold records: addresses mean nothing later or elsewhere.
enum HoldNames {
    /// `take`, with records of holds named.
    static func named(_ take: @escaping (UnsafeRawBufferPointer) -> Void) -> (UnsafeRawBufferPointer) -> Void {
        var symbols = KernelSymbols()
        return { record in
            guard record.count == MemoryLayout<probe_hold>.size, record.first == kind else { return take(record) }
            var hold = record.loadUnaligned(as: probe_hold.self)
            if hold.function != 0 {
                name(&hold, symbols.name(of: hold.function) ?? "")
                hold.function = 0
            }
            withUnsafeBytes(of: hold) { take($0) }
        }
    }

    private static let kind = UInt8(truncatingIfNeeded: PROBE_RECORD_HOLD.rawValue)

    private static func name(_ hold: inout probe_hold, _ text: String) {
        withUnsafeMutableBytes(of: &hold.name) {
            $0.initializeMemory(as: UInt8.self, repeating: 0)
            $0.copyBytes(from: text.utf8.prefix($0.count - 1))
        }
    }
}
