// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO

extension DirectIO {
    /// Decodes the record of an I/O of any kind; its length says which.
    /// - Returns: `nil` when it is none.
    public init?(anyRecord record: UnsafeRawBufferPointer) {
        let io: DirectIO?
        switch record.count {
        case MemoryLayout<probe_io>.size: io = DirectIO(record: record.loadUnaligned(as: probe_io.self))
        case MemoryLayout<probe_waited_io>.size: io = DirectIO(record: record.loadUnaligned(as: probe_waited_io.self))
        case MemoryLayout<probe_life>.size: io = DirectIO(record: record.loadUnaligned(as: probe_life.self))
        case MemoryLayout<probe_layered>.size: io = DirectIO(record: record.loadUnaligned(as: probe_layered.self))
        case MemoryLayout<probe_deep>.size: io = DirectIO(record: record.loadUnaligned(as: probe_deep.self))
        default: io = nil
        }
        guard let io else { return nil }
        self = io
    }
}
