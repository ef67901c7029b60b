// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering

/// One I/O as slices: whole with its stages for a track of its own, and its parts on the CPUs and threads that ran
/// them.
struct IOSlices {
    /// The I/O, then its stages in order.
    private(set) var life: [TrackSlice]
    private(set) var places: [(place: Track, slice: TrackSlice)] = []

    enum Track: Hashable {
        case cpu(UInt16)
        case thread(UInt32)
    }

    /// - Parameter id: of its flow, different for each I/O.
    init(_ listed: ListedIO, id: UInt64) {
        let (io, attributed) = (listed.io, listed.life)
        let start = io.began.nanoseconds
        let name = io.knowsLength ? "\(io.operation.rawValue) \(io.length)" : "completion"
        life = [TrackSlice(start: start, end: start + attributed.latency, name: name)]
        life[0].annotations = Self.annotations(of: listed)
        var (life, places) = (life, [(place: Track, slice: TrackSlice)]())
        var time = start
        attributed.spans.forEach { span in
            let slice = TrackSlice(start: time, end: time + span.nanoseconds, name: span.stage.label)
            life.append(slice)
            if let place = Self.place(of: span, in: io) { places.append((place, slice)) }
            // A kworker is a thread, too.
            if span.stage == .completionWork, let worker = io.workerThread { places.append((.thread(worker), slice)) }
            time += span.nanoseconds
        }
        if let run = io.taskWorkRun?.nanoseconds {
            let slice = TrackSlice(start: run, end: run, name: "task_work", isInstant: true)
            places.append((.thread(io.submitterThread), slice))
        }
        (self.life, self.places) = (life, places)
        tie(id)
    }

    /// An arrow from the submission to the interrupt, the kworker and what follows, one slice each.
    private mutating func tie(_ id: UInt64) {
        guard places.count > 1 else { return }
        for index in places.indices {
            places[index].slice.flow = TrackSlice.Flow(id: id, ends: index == places.count - 1)
        }
    }

    /// The thread that ran a stage. Waits and the device have none; a composed one has one only if one place ran all of it.
    private static func place(of span: StageSpan, in io: DirectIO) -> Track? {
        let (first, last) = (span.stage.first.row, span.stage.last.row)
        guard !first.isWait, !last.isWait, span.context != .device || !span.stage.isComposed else { return nil }
        return switch last.owner {
        case .submitter, .taskWork: io.knowsSubmitter ? .thread(io.submitterThread) : nil
        case .endIO: io.endCPU.map(Track.cpu)
        case .completion: io.completionCPU.map(Track.cpu)
        case .kworker: io.workerCPU.map(Track.cpu)
        case .hop: io.further.hopCPU.map(Track.cpu)
        case .device, .unknown: nil
        }
    }

    private static func annotations(of listed: ListedIO) -> [PerfettoDebugAnnotation] {
        let io = listed.io
        var annotations: [PerfettoDebugAnnotation] = []
        if io.knowsLatency(listed.life) { annotations.append(.init("latency_ns", listed.life.latency)) }
        annotations += [
            PerfettoDebugAnnotation("context", listed.life.context.rawValue),
            PerfettoDebugAnnotation("issuer", io.issuer.rawValue),
        ]
        if io.knowsDevice { annotations.append(.init("dev", io.device.description)) }
        if io.knowsFile { annotations.append(.init("inode", io.inode)) }
        if io.knowsDevice { annotations.append(.init("offset", io.offset)) }
        if io.knowsLength { annotations.append(.init("length", io.length)) }
        if let reason = listed.life.reason { annotations.append(.init("deferred for", reason.rawValue)) }
        if io.error != 0 { annotations.append(.init("error", io.error)) }
        if let irq = io.irq { annotations.append(.init("irq", irq)) }
        for share in listed.queueWait {
            let who = share.name.map { "\(share.cause.rawValue) \($0)" } ?? share.cause.rawValue
            annotations.append(.init("queue_wait: \(who)", share.nanoseconds))
        }
        return annotations
    }
}
