// SPDX-License-Identifier: GPL-2.0-only

import Capture
import DirectIO
import Host
import KernelTraces
import Report
import Synchronization
import SystemPackage

/// A capture of dioscope's own.
struct CaptureIOs: IOSource {
    private let file: OpenFile
    private let reader: CaptureReader
    private let listener: (any ReadingListener)?

    init(_ file: OpenFile, _ listener: (any ReadingListener)?) throws {
        self.file = file
        self.listener = listener
        reader = try CaptureReader(
            descriptor: FileDescriptor(rawValue: file.descriptor), name: FilePath(file.name))
        let pace = reader.pace()
        thinning = Thinning(pace.steps)
        bursts = BurstCalendar(pace.bursts, steps: pace.steps)
    }

    var rule: CompletionRule { reader.session.completionRule }
    var isSummary: Bool { reader.session.isSummary == true }
    let thinning: Thinning?
    let bursts: BurstCalendar
    var start: RecordingStart? {
        RecordingStart(monotonic: reader.session.startedMonotonic, wall: reader.session.startedWall)
    }

    func read(occupancies: (CPUOccupancy) throws -> Void, each: (DirectIO) throws -> Void) throws -> SourceSummary {
        let shares = try reader.shares(1)
        defer { listener?.readingEnded() }
        return summary(of: [try shares[0].read(occupancies: occupancies, progress: show, each)])
    }

    private func show(_ part: Double) { listener?.reading(file.name, part: part) }

    private static let fewestBytesOfAThread: UInt64 = 16 << 20
    /// Each has its own histograms and a chunk in memory.
    private static let mostThreads = 8

    /// Threads that are worth while to read it with.
    var threads: Int {
        min(HostFacts.usableCPUs, Self.mostThreads, 1 + Int(clamping: reader.size / Self.fewestBytesOfAThread))
    }

    /// Reads with several threads at once: calls `read` with each share, on a thread of its own.
    func readShared(
        _ count: Int,
        _ read: @escaping @Sendable (Int, CaptureShare, @escaping (Double) -> Void) throws -> IOPart.Contents
    ) throws -> SourceSummary {
        let shares = try reader.shares(count)
        let results = SharedResults(shares.count)
        let (listener, name) = (listener, file.name)
        ThreadTeam.perform(shares.count) { number in
            let progress: (Double) -> Void = number == 0 ? { listener?.reading(name, part: $0) } : { _ in }
            let result = Result { try read(number, shares[number], progress) }
            results.all.withLock { $0[number] = result }
        }
        listener?.readingEnded()
        let parts = try results.all.withLock { $0 }.compactMap { try $0?.get() }
        var whole = summary(of: parts.map(\.capture))
        whole.thinnedOut = parts.reduce(0) { $0 &+ $1.thinnedOut }
        for part in parts { whole.clocks.add(part.clocks) }
        return whole
    }

    private final class SharedResults: Sendable {
        let all: Mutex<[Result<IOPart.Contents, any Error>?]>

        init(_ count: Int) { all = Mutex(Array(repeating: nil, count: count)) }
    }

    private func summary(of shares: [CaptureContents]) -> SourceSummary {
        let summary = CaptureContents(joining: shares)
        let unseen = ReportSource.kinds(in: reader.session.blindTo ?? [])
        let absence =
            unseen.isEmpty
            ? nil
            : Absence(
                reason: "there was none, or only of kinds that this kernel lets no probe see: "
                    + unseen.joined(separator: "; "),
                remedy: "'dioscope check' says why they are blind")
        var source = ReportSource(
            session: reader.session, end: summary.end, devices: summary.devices,
            threads: summary.threads, cpus: summary.cpus, places: summary.places,
            fileUsers: summary.fileUsers, sampling: summary.sampling, isComplete: summary.isComplete)
        source.files = summary.files
        source.bursts = summary.bursts
        source.account = summary.account
        return SourceSummary(
            name: file.name, source: source,
            loss: summary.loss, threads: summary.threads,
            ios: summary.summaries.reduce(summary.ios) { $0 &+ $1.ios }, summaries: summary.summaries,
            damage: summary.damage.map(\.description), damageCount: summary.damageCount, absence: absence)
    }
}
