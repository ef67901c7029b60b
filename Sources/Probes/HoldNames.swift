// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords

/// Puts the names of functions into hold records: addresses mean nothing later or elsewhere.
final class HoldNames {
    private var symbols: KernelSymbols

    init(_ symbols: KernelSymbols) {
        self.symbols = symbols
    }

    @inline(__always)
    static func isHold(_ record: UnsafeRawBufferPointer) -> Bool {
        record.count == MemoryLayout<probe_hold>.size
            && record.load(as: UInt8.self) == UInt8(truncatingIfNeeded: PROBE_RECORD_HOLD.rawValue)
    }

    @inline(__always)
    static func isLayered(_ record: UnsafeRawBufferPointer) -> Bool {
        record.count == MemoryLayout<probe_layered>.size
    }

    /// The record of an I/O that a driver's work may have delivered, with the name of its function.
    func named(io record: UnsafeRawBufferPointer) -> probe_layered {
        var io = record.loadUnaligned(as: probe_layered.self)
        guard io.deliverer != 0 else { return io }
        let text = symbols.name(of: io.deliverer) ?? ""
        io.deliverer = 0
        withUnsafeMutableBytes(of: &io.deliverer_name) {
            $0.initializeMemory(as: UInt8.self, repeating: 0)
            $0.copyBytes(from: text.utf8.prefix($0.count - 1))
        }
        return io
    }

    /// The record of a hold, with the name of its function instead of the address.
    func named(hold record: UnsafeRawBufferPointer) -> probe_hold {
        var hold = record.loadUnaligned(as: probe_hold.self)
        guard hold.function != 0 else { return hold }
        let text = symbols.name(of: hold.function) ?? ""
        hold.function = 0
        withUnsafeMutableBytes(of: &hold.name) {
            $0.initializeMemory(as: UInt8.self, repeating: 0)
            $0.copyBytes(from: text.utf8.prefix($0.count - 1))
        }
        return hold
    }
}
