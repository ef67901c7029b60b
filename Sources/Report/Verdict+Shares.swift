// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Where the latency lies when hardly any completion is deferred: whether anything is to be won after the device.
public struct LatencyShares: Equatable, Sendable {
    /// Parts of the sum of all latencies: in the submitter's hands,
    public var submission: Double
    /// held back or in a queue before the device has the I/O,
    public var queues = 0.0
    /// in the layers above the device, on the way down and back,
    public var layers = 0.0
    /// in devices that are not followed to where their I/O goes,
    public var notFollowed = 0.0
    /// in the device,
    public var device: Double
    /// before the device or in it: where it began was not seen,
    public var undivided = 0.0
    /// and from then on.
    public var completion: Double
    /// The largest stage of the completion, with its part.
    public var largest: Stage?
    public var largestShare = 0.0
    /// What lies on both sides of the device's end, which was not seen.
    public var unseparated = 0.0

    init(_ report: Report) {
        (submission, device, completion) = (0, 0, 0)
        for stage in report.stages {
            let (first, last) = (stage.stage.first, stage.stage.last)
            if stage.stage == .unattributed || !last.isAfterDevice {
                if first == .submit, last == .submit {
                    submission += stage.share
                } else if last.isBeforeDevice {
                    queues += stage.share
                } else if first.isBeforeDevice, last == .device {
                    undivided += stage.share
                } else {
                    device += stage.share
                }
            } else if first.isAfterDevice {
                completion += stage.share
                if stage.share > largestShare { (largest, largestShare) = (stage.stage, stage.share) }
            } else {
                unseparated += stage.share
            }
        }
        divide(report.layers)
    }

    /// Of sums of parts, which may be the whole.
    private static let rounding = 1e-9

    /// Takes out of the device what is the time of layers, or of a queue below them.
    private mutating func divide(_ parts: [LayerStatistics]) {
        let waits = parts.filter { $0.part.phase == .throttled || $0.part.phase == .issue }.reduce(0) { $0 + $1.share }
        let work = parts.filter { [.work, .queueWait, .back].contains($0.part.phase) }.reduce(0) { $0 + $1.share }
        let unknown = parts.filter { $0.part.phase == .notFollowed }.reduce(0) { $0 + $1.share }
        guard waits + work + unknown <= device + Self.rounding else { return }
        queues += waits
        layers = work
        notFollowed = unknown
        device = max(0, device - waits - work - unknown)
    }
}

extension AtomicStage {
    fileprivate var isBeforeDevice: Bool { rawValue < AtomicStage.device.rawValue }
    /// The device is done with the I/O.
    fileprivate var isAfterDevice: Bool { rawValue > AtomicStage.device.rawValue && self != .unattributed }
}

extension Verdict {
    /// An issuer of asynchronous I/O, nearly all of whose I/Os its thread waited for.
    private static let nearlyAll = 0.95

    /// What follows from completions that nobody deferred.
    static func consequences(of report: Report) -> [Sentence] {
        let kworkers = Double(report.count(in: .kworker)) / Double(report.ios.total)
        guard kworkers < 0.01, report.latency != nil else { return [] }
        return [waiting(report), .shares(LatencyShares(report))].compactMap(\.self)
    }

    /// libaio and io_uring whose every submission waits for the device: as slow as a depth of 1, whatever the depth.
    private static func waiting(_ report: Report) -> Sentence? {
        guard let issuer = report.headline.issuer, issuer.value == .libaio || issuer.value == .ioUring,
            issuer.share >= nearlyAll, case let share = Double(report.count(in: .syncWait)) / Double(report.ios.total),
            share >= 0.5
        else { return nil }
        return .waitsThough(issuer: issuer.value, share: share, isWriting: report.ios.write > report.ios.read)
    }
}
