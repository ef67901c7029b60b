// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Which CPUs a deferred completion shared. The workqueue is bound, so the kworker normally runs where `end_io` ran;
/// whether the submitter is there too decides if they compete.
public enum CPUPlacement: UInt8, Sendable, CaseIterable {
    /// Submitter, `end_io` and kworker on one CPU.
    case submitIRQWorker
    /// `end_io` and kworker on one CPU, the submitter on another.
    case irqWorker
    /// The kworker ran on another CPU than `end_io`.
    case none
    /// One of the three CPUs was not seen.
    case unknown

    /// How many there are: the length of an array indexed by `rawValue`.
    public static let count = 4

    /// `nil` when the I/O was not deferred.
    init?(of io: DirectIO, deferred: Bool) {
        guard deferred else { return nil }
        guard let submit = io.submitCPU, let end = io.endCPU, let worker = io.workerCPU else {
            self = .unknown
            return
        }
        self = end != worker ? .none : submit == end ? .submitIRQWorker : .irqWorker
    }
}
