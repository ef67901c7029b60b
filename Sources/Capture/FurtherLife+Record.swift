// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO

extension DirectIO {
    /// Decodes the record of an I/O with more in its life.
    public init?(record: probe_life) {
        guard record.isIO else { return nil }
        self = withUnsafePointer(to: record) { DirectIO(checked: $0) }
    }

    @inline(__always)
    init(checked record: UnsafePointer<probe_life>) {
        self.init(checked: UnsafeRawPointer(record).assumingMemoryBound(to: probe_waited_io.self))
        times[.raised] = record.pointee.raised_ns
        times[.hopQueued] = record.pointee.hop_queued_ns
        times[.hopStarted] = record.pointee.hop_started_ns
        further = FurtherLife(record)
        times[.returned] = record.pointee.returned_ns
        times[.requested] = record.pointee.requested_ns
        beginWithFirstAttempt()
        guard !further.marks.contains(.topUnseen) else {
            // What a disk below did is no border of its.
            (times[.issued], times[.requested]) = (0, 0)
            return
        }
        guard record.pointee.first_issued_ns != 0 else { return }
        further.lastIssued = times[.issued]
        times[.issued] = record.pointee.first_issued_ns
    }

    /// A record is of what io-wq did; the life begins when io_uring was given it.
    @inline(__always)
    private mutating func beginWithFirstAttempt() {
        let (first, handed) = (further.firstAttempted, further.attempted)
        let taken = times[.submitted]
        guard further.marks.contains(.punted), handed != 0, first <= handed, handed <= taken else { return }
        times[.takenUp] = taken
        times[.submitted] = first == 0 ? handed : first
        if first != 0 { times[.handedOver] = handed }
    }

    /// When a record of it says that it was submitted.
    var recordedSubmission: UInt64 { times[.takenUp] == 0 ? times[.submitted] : times[.takenUp] }
}

extension FurtherLife {
    @inline(__always)
    fileprivate init(_ pointer: UnsafePointer<probe_life>) {
        self.init()
        let record = pointer.pointee
        attempted = record.attempted_ns
        firstAttempted = record.first_attempt_ns
        deliveryOccupants = OccupantTimes(record.delivery_wait)
        waiterOccupants = OccupantTimes(record.waiter_wait)
        hopOccupants = OccupantTimes(record.hop_wait)
        marks = LifeMarks(rawValue: record.marks)
        requests = record.requests
        bios = record.bios
        requeues = record.requeues
        raiseCPU = seen(cpu: record.raise_cpu)
        hopCPU = seen(cpu: record.hop_cpu)
        hopThread = record.hop_tid == 0 ? nil : record.hop_tid
        stopped = record.stopped_ns
        unwoken = record.unwoken_ns
        stolen = record.stolen_ns
    }
}

extension probe_life {
    /// Whether it is a record of an I/O: of that kind, and with a time of submission.
    @inline(__always)
    var isIO: Bool { UInt32(waited.io.kind) == PROBE_RECORD_LIFE.rawValue && waited.io.submitted_ns != 0 }

    /// The record that decodes to `io`, for captures that do not come from the probes.
    public init(_ io: DirectIO) {
        self.init()
        waited = probe_waited_io(io)
        waited.io.kind = UInt8(truncatingIfNeeded: PROBE_RECORD_LIFE.rawValue)
        waited.io.submitted_ns = io.recordedSubmission
        let further = io.further
        attempted_ns = further.attempted
        returned_ns = io.times[.returned]
        requested_ns = io.times[.requested]
        if further.lastIssued != 0 {
            first_issued_ns = io.times[.issued]
            waited.io.issued_ns = further.lastIssued
        }
        raised_ns = io.times[.raised]
        hop_queued_ns = io.times[.hopQueued]
        hop_started_ns = io.times[.hopStarted]
        first_attempt_ns = further.firstAttempted
        delivery_wait = probe_occupied(further.deliveryOccupants)
        waiter_wait = probe_occupied(further.waiterOccupants)
        hop_wait = probe_occupied(further.hopOccupants)
        marks = further.marks.rawValue
        requests = further.requests
        bios = further.bios
        requeues = further.requeues
        raise_cpu = further.raiseCPU ?? noCPU
        hop_cpu = further.hopCPU ?? noCPU
        hop_tid = further.hopThread ?? 0
        stopped_ns = further.stopped
        unwoken_ns = further.unwoken
        stolen_ns = further.stolen
    }
}
