// SPDX-License-Identifier: GPL-2.0-only

import CLibbpf
import CProbeRecords
import DirectIO

/// A begun I/O whose end the probes have not seen so far.
public struct OpenIO: Equatable, Sendable {
    /// Nanoseconds of CLOCK_MONOTONIC.
    public var submitted: UInt64
    /// Last `block_rq_issue`; `nil`: not seen.
    public var issued: UInt64?
    public var device: DeviceNumber
    public var submitter: UInt32
    /// Its submitter is asleep in the submission as long as it is on its way.
    public var isSynchronous: Bool

    public init(
        submitted: UInt64, issued: UInt64?, device: DeviceNumber, submitter: UInt32, isSynchronous: Bool = false
    ) {
        self.submitted = submitted
        self.issued = issued
        self.device = device
        self.submitter = submitter
        self.isSynchronous = isSynchronous
    }

    init(_ io: probe_io) {
        self.init(
            submitted: io.submitted_ns, issued: io.issued_ns == 0 ? nil : io.issued_ns,
            device: DeviceNumber(kernel: io.dev), submitter: io.submitter_tid,
            isSynchronous: UInt32(io.issuer) == PROBE_ISSUER_SYNC.rawValue)
    }
}
