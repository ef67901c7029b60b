// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO

/// I/Os of a long latency, to be told while the recording goes on, and the names of those that submitted them.
struct SlowIOs {
    /// From this latency on an I/O is slow, nanoseconds.
    var from: UInt64 = .max
    /// Who is called then, with the name of its submitter.
    var listener: (DirectIO, String?) -> Void = { _, _ in }
    /// Those that came and were not told yet.
    private var ios: [DirectIO] = []
    private var names: [UInt32: String] = [:]
    private static let mostNames = 65_536
    private static let mostIOs = 4096

    @inline(__always)
    var areAskedFor: Bool { from != .max }

    /// Not inlined, as is the next: what they need would be made ready for every record.
    @inline(never)
    mutating func note(_ times: UnsafePointer<probe_io>, _ record: UnsafeRawBufferPointer) {
        let last = max(times.pointee.completed_ns, times.pointee.task_work_ns)
        guard last > times.pointee.submitted_ns, last - times.pointee.submitted_ns >= from,
            let io = DirectIO(anyRecord: record)
        else { return }
        ios.append(io)
        if ios.count >= Self.mostIOs { tell() }
    }

    @inline(never)
    mutating func noteName(_ record: UnsafeRawBufferPointer) {
        guard record.count == MemoryLayout<probe_task>.size, names.count < Self.mostNames,
            let name = ThreadName(record: record.loadUnaligned(as: probe_task.self))
        else { return }
        names[name.thread] = name.name
    }

    /// To be called when all rings were looked through: the name of a thread may be in another one than its I/O.
    mutating func tell() {
        for io in ios { listener(io, names[io.submitterThread]) }
        ios.removeAll(keepingCapacity: true)
    }
}
