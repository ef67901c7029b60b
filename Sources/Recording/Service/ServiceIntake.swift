// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import Probes

/// What comes as records while most I/Os are summed up in the kernel: kept as it came, for a bounded time in bounded
/// memory.
final class ServiceIntake: RecordSink {
    private var records = KeptBytes()
    /// By thread number; the last record is valid.
    private(set) var tasks: [UInt32: [UInt8]] = [:]
    private(set) var devices = SeenDevices()
    private var kinds: SeenKinds?
    /// I/Os for which there was no room.
    private(set) var leftOut: UInt64 = 0
    private let mostBytes: Int

    private static let mostTasks = 4096

    init(mostBytes: Int) { self.mostBytes = mostBytes }

    func begin(_ rule: CompletionRule) { kinds = SeenKinds(rule: rule) }

    override func take(_ record: UnsafeRawBufferPointer) {
        guard record.count > 0, record.count <= UInt16.max else { return }
        if record.count >= MemoryLayout<probe_io>.size {
            // I/Os whose end was not seen are in the counters.
            guard UInt32(record[0]) != PROBE_RECORD_LOST_IO.rawValue else { return }
            kinds?.note(record)
            devices.note(record.loadUnaligned(as: probe_io.self).dev)
            devices.note(layersOf: record)
        } else if record.count == MemoryLayout<probe_task>.size, UInt32(record[0]) == PROBE_RECORD_TASK.rawValue {
            let thread = record.loadUnaligned(as: probe_task.self).tid
            if tasks.count < Self.mostTasks || tasks[thread] != nil { tasks[thread] = Array(record) }
            return
        }
        guard records.bytes.count + record.count <= mostBytes else {
            leftOut += 1
            return
        }
        records.append(record)
    }

    func takeChosenKinds() -> [probe_io_kind] { kinds?.takeChosen() ?? [] }

    /// What came since the last call.
    func takeRecords() -> KeptBytes {
        defer { records = KeptBytes() }
        return records
    }
}
