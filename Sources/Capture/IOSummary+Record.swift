// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO

extension probe_io_kind {
    /// A record of an I/O of this kind as `IOSummary.example` is: its steps take 1, 2, 4 ... nanoseconds.
    var example: probe_io {
        var io = probe_io()
        io.kind = UInt8(truncatingIfNeeded: PROBE_RECORD_IO.rawValue)
        io.issuer = issuer
        io.end_context = end_context
        io.complete_context = complete_context
        (io.facts, io.dev, io.length_bytes) = (facts, dev, length_bytes)
        io.irq = PROBE_NO_IRQ
        (io.submit_cpu, io.end_cpu, io.worker_cpu) = exampleCPUs
        io.complete_cpu = UInt16(truncatingIfNeeded: PROBE_NO_CPU)
        io.submitted_ns = 1 << 20
        takeSteps(&io)
        return io
    }

    /// Nobody was seen on CPU 65535.
    private var exampleCPUs: (submit: UInt16, end: UInt16, worker: UInt16) {
        let none = UInt16(truncatingIfNeeded: PROBE_NO_CPU)
        func has(_ relation: probe_cpu_relation) -> Bool { UInt32(cpus) & relation.rawValue != 0 }
        let end: UInt16 = has(PROBE_CPUS_SUBMIT_IS_END) ? 0 : 1
        let worker: UInt16 = has(PROBE_CPUS_END_IS_WORKER) ? end : 2
        return (0, has(PROBE_CPUS_END) ? end : none, has(PROBE_CPUS_WORKER) ? worker : none)
    }

    private func takeSteps(_ io: inout probe_io) {
        func has(_ point: probe_point) -> Bool { UInt32(points) & point.rawValue != 0 }
        var time = io.submitted_ns
        func take(_ step: probe_step, _ member: WritableKeyPath<probe_io, UInt64>) {
            guard UInt32(points) & 1 << step.rawValue != 0 else { return }
            time += 1 << UInt64(step.rawValue)
            io[keyPath: member] = time
        }
        take(PROBE_STEP_ISSUED, \.issued_ns)
        take(PROBE_STEP_INTERRUPTED, \.interrupted_ns)
        if has(PROBE_POINT_EARLY_INTERRUPT) { io.interrupted_ns = io.submitted_ns - 1 }
        take(PROBE_STEP_ENDED, \.ended_ns)
        take(PROBE_STEP_QUEUED, \.queued_ns)
        take(PROBE_STEP_STARTED, \.started_ns)
        if has(PROBE_POINT_TASK_WORK_FIRST) { take(PROBE_STEP_TASK_WORK, \.task_work_ns) }
        take(PROBE_STEP_COMPLETED, \.completed_ns)
        if !has(PROBE_POINT_TASK_WORK_FIRST) { take(PROBE_STEP_TASK_WORK, \.task_work_ns) }
    }
}

extension IOSummary {
    /// What the probes aggregated of a kind.
    /// - Parameter numbers: the rows and the spreads as they follow a `probe_summary`.
    /// - Returns: `nil` when it does not add up: it was read while it changed.
    public init?(kind: probe_io_kind, sums: probe_summary, numbers: [UInt64]) {
        self.init(StoredSummary(number: 0, kind: kind, sums: sums, numbers: numbers))
    }

    /// The summary of no I/Os yet.
    public init?(kind: probe_io_kind) {
        guard let example = DirectIO(record: kind.example) else { return nil }
        self.init(example: example)
    }

    /// - Returns: `nil` when it does not add up.
    init?(_ stored: StoredSummary) {
        guard stored.isSound, let example = DirectIO(record: stored.kind.example) else { return nil }
        self.init(example: example)
        (ios, bytes, errors, preempted) = (stored.ios, stored.bytes, stored.errors, stored.preempted)
        firstSubmitted = Timestamp(nanoseconds: stored.first)
        lastSeen = Timestamp(nanoseconds: stored.last)
        rows = stored.rows.compactMap { row in
            SummaryBucket(row[0]).map {
                Row(bucket: $0, ios: row[Self.steps + 1], nanoseconds: Array(row[1...Self.steps]))
            }
        }
        spreads = stored.spreads.map { spread in
            stride(from: 0, to: spread.count, by: 2).compactMap { place in
                SummaryBucket(spread[place]).map { Count(bucket: $0, ios: spread[place + 1]) }
            }
        }
        longestSteps = Array(stored.longest[..<Self.steps])
        longest = stored.longest[Self.steps]
        queueWaitOccupants = SIMD8(stored.queueWait)
        taskWorkOccupants = SIMD8(stored.taskWorkWait)
    }
}
