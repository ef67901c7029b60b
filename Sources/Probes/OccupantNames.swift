// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import Glibc

/// Puts the names of functions into occupancy records: addresses mean nothing later or elsewhere.
final class OccupantNames {
    private var symbols: KernelSymbols
    /// The recorder's only one; a container may give it another number, and then it has the name of its program.
    private let thread = UInt32(getpid())

    init(_ symbols: KernelSymbols) {
        self.symbols = symbols
    }

    @inline(__always)
    static func isOccupancy(_ record: UnsafeRawBufferPointer) -> Bool {
        record.count == MemoryLayout<probe_occupancy>.size
            && record.load(as: UInt8.self) == UInt8(truncatingIfNeeded: PROBE_RECORD_OCCUPANCY.rawValue)
    }

    @inline(__always)
    static func isLayered(_ record: UnsafeRawBufferPointer) -> Bool {
        record.count >= MemoryLayout<probe_layered>.size
    }

    /// The record of an I/O that a driver's work may have delivered, with the name of its function; as long as it was.
    func named(io record: UnsafeRawBufferPointer) -> probe_deep {
        var io = probe_deep()
        withUnsafeMutableBytes(of: &io) {
            $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: record.prefix($0.count)))
        }
        guard io.layered.deliverer != 0 else { return io }
        withUnsafeMutableBytes(of: &io.layered.deliverer_name) { write(nameOf: io.layered.deliverer, into: $0) }
        io.layered.deliverer = 0
        return io
    }

    /// The record of an occupancy, with the name of its function instead of the address.
    func named(occupancy record: UnsafeRawBufferPointer) -> probe_occupancy {
        var occupancy = record.loadUnaligned(as: probe_occupancy.self)
        if occupancy.function == 0, occupancy.tid == thread {
            withUnsafeMutableBytes(of: &occupancy.name) { write(CPUOccupancy.recorderName, into: $0) }
        }
        guard occupancy.function != 0 else { return occupancy }
        withUnsafeMutableBytes(of: &occupancy.name) { write(nameOf: occupancy.function, into: $0) }
        occupancy.function = 0
        return occupancy
    }

    private func write(nameOf address: UInt64, into room: UnsafeMutableRawBufferPointer) {
        write(symbols.name(of: address) ?? "", into: room)
    }

    /// Padded with zeros, of which there is one at least.
    private func write(_ name: String, into room: UnsafeMutableRawBufferPointer) {
        room.initializeMemory(as: UInt8.self, repeating: 0)
        room.copyBytes(from: name.utf8.prefix(room.count - 1))
    }
}
