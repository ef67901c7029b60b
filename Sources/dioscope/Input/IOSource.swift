// SPDX-License-Identifier: GPL-2.0-only

import Capture
import DirectIO
import Host
import KernelTraces
import Report
import Synchronization
import SystemPackage

/// A file that I/Os can be had from, whatever its format.
protocol IOSource {
    /// By which the recorded kernel decides how to complete.
    var rule: CompletionRule { get }
    /// Most of its I/Os were summed up: they are in the summary alone.
    var isSummary: Bool { get }
    /// Makes one sample of its I/Os, which were recorded at several rates; `nil`: they were not.
    var thinning: Thinning? { get }
    /// Calls `each` with every I/O, in no particular order, and `holds` with everybody who held a CPU that I/Os waited
    /// for, before those I/Os.
    func read(holds: (CPUHold) throws -> Void, each: (DirectIO) throws -> Void) throws -> SourceSummary
}

extension IOSource {
    var isSummary: Bool { false }
    var thinning: Thinning? { nil }

    func read(_ each: (DirectIO) throws -> Void) throws -> SourceSummary {
        try read(holds: { _ in }, each: each)
    }
}

/// Why a source has no I/Os.
struct Absence {
    /// Continues "NAME has no direct I/O: ".
    var reason: String
    /// What to do, if anything helps.
    var remedy: String?
}

/// What there is to say of a source once its I/Os were read.
struct SourceSummary {
    var name: String
    var source: ReportSource
    var loss: [DataLoss]
    var threads: [UInt32: ThreadName]
    /// Read, or summed up.
    var ios: UInt64
    /// I/Os that were summed up, and have no record.
    var summaries: [IOSummary] = []
    /// Where it is cut or damaged, the first places.
    var damage: [String]
    var damageCount: Int
    /// Why there are no I/Os, and what to do, if more is known than that there are none.
    var absence: Absence?

    /// - Throws: when it is cut or damaged, or has no I/Os.
    func complain() throws(Failure) {
        guard !source.isComplete else {
            guard ios == 0 else { return }
            let reason = absence.map { ": \($0.reason)" } ?? ""
            throw Failure(.nothing, "\(name) has no direct I/O\(reason)", hint: absence?.remedy)
        }
        for finding in damage.prefix(3) { Terminal.say("\(name): \(finding)") }
        if damageCount > 3 { Terminal.say("and \(damageCount - 3) more damaged places") }
        throw Failure(.incomplete, "\(name) is incomplete: \(ios) I/Os could be read")
    }
}

/// Opens files of every kind, by what is in them.
enum IOSources {
    /// - Parameters:
    ///   - path: `-` is standard input.
    ///   - again: whether it is to be read more than once.
    ///   - wanting: what for single I/Os are needed, in words; `nil`: they are not.
    static func open(
        _ path: String, again: Bool = false, wanting purpose: String?
    ) throws(Failure) -> any IOSource {
        let source = try open(path, again: again)
        if let purpose, source.isSummary {
            throw Failure(
                .data, "\(path) holds a summary: \(purpose) needs single I/Os",
                hint: "record without --summary")
        }
        return source
    }

    private static func open(_ path: String, again: Bool) throws(Failure) -> any IOSource {
        try reading {
            var file = try OpenFile(path: path)
            // What is packed or comes by a pipe may go into a file first.
            let input = try ReadingProgress.showing([file]) {
                if again, !file.isRegular {
                    let spool = try OpenFile(spoolFor: file.name)
                    try spool.fill(from: file)
                    file = spool
                }
                return try TraceInput(file, isCapture: { CaptureReader.recognises($0) })
            }
            guard case .capture(let file) = input.content else { return try TraceIOs(file, first: input) }
            return try CaptureIOs(file)
        }
    }
}

/// A capture of dioscope's own.
struct CaptureIOs: IOSource {
    private let file: OpenFile
    private let reader: CaptureReader

    init(_ file: OpenFile) throws {
        self.file = file
        reader = try CaptureReader(
            descriptor: FileDescriptor(rawValue: file.descriptor), name: FilePath(file.name))
        thinning = Thinning(reader.sampling())
    }

    var rule: CompletionRule { reader.session.completionRule }
    var isSummary: Bool { reader.session.isSummary == true }
    let thinning: Thinning?

    func read(holds: (CPUHold) throws -> Void, each: (DirectIO) throws -> Void) throws -> SourceSummary {
        let shares = try reader.shares(1)
        let progress = ReadingProgress(of: file.name)
        return summary(of: [try shares[0].read(holds: holds, progress: progress.show, each)])
    }

    private static let fewestBytesOfAThread: UInt64 = 16 << 20
    /// Each has its own histograms and a chunk in memory.
    private static let mostThreads = 8

    /// Threads that are worth while to read it with.
    var threads: Int {
        min(Box.usableCPUs, Self.mostThreads, 1 + Int(clamping: reader.size / Self.fewestBytesOfAThread))
    }

    /// Reads with several threads at once: calls `read` with each share, on a thread of its own.
    func readShared(
        _ count: Int, _ read: @escaping @Sendable (Int, CaptureShare, (Double) -> Void) throws -> CaptureSummary
    ) throws -> SourceSummary {
        let shares = try reader.shares(count)
        let progress = ReadingProgress(of: file.name)
        let results = SharedResults(shares.count)
        ThreadTeam.perform(shares.count) { number in
            let result = Result { try read(number, shares[number], number == 0 ? progress.show : { _ in }) }
            results.all.withLock { $0[number] = result }
        }
        return try summary(of: results.all.withLock { $0 }.compactMap { try $0?.get() })
    }

    private final class SharedResults: Sendable {
        let all: Mutex<[Result<CaptureSummary, any Error>?]>

        init(_ count: Int) { all = Mutex(Array(repeating: nil, count: count)) }
    }

    private func summary(of shares: [CaptureSummary]) -> SourceSummary {
        let summary = CaptureSummary(joining: shares)
        return SourceSummary(
            name: file.name,
            source: ReportSource(
                session: reader.session, end: summary.end, devices: summary.devices,
                threads: summary.threads, cpus: summary.cpus, places: summary.places,
                fileUsers: summary.fileUsers, sampling: summary.sampling, isComplete: summary.isComplete),
            loss: summary.loss, threads: summary.threads,
            ios: summary.summaries.reduce(summary.ios) { $0 &+ $1.ios }, summaries: summary.summaries,
            damage: summary.damage.map(\.description), damageCount: summary.damageCount)
    }
}
